//! Which pixels lie beside one, around it, and hang together, in a picture stored row by row.

/// The pixels on the four sides of one, in a picture of a width and a height.
pub fn beside([width, height]: [usize; 2], index: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (index % width, index / width);
    [
        (x > 0).then(|| index - 1),
        (x + 1 < width).then(|| index + 1),
        (y > 0).then(|| index - width),
        (y + 1 < height).then(|| index + width),
    ]
    .into_iter()
    .flatten()
}

/// The pixels of the square that reaches so far around one, itself among them, row by row.
pub fn square(
    [width, height]: [usize; 2],
    index: usize,
    reach: usize,
) -> impl Iterator<Item = usize> {
    let (x, y) = (index % width, index / width);
    let columns = x.saturating_sub(reach)..(x + reach + 1).min(width);
    let rows = y.saturating_sub(reach)..(y + reach + 1).min(height);
    rows.flat_map(move |row| columns.clone().map(move |column| row * width + column))
}

/// The eight pixels around one, as far as there are so many.
pub fn around(size: [usize; 2], index: usize) -> impl Iterator<Item = usize> {
    square(size, index, 1).filter(move |near| *near != index)
}

/// Whether a pixel lies at the rim.
pub fn is_at_rim([width, height]: [usize; 2], index: usize) -> bool {
    let (x, y) = (index % width, index / width);
    x == 0 || y == 0 || x + 1 == width || y + 1 == height
}

/// Of each of `count` pixels whether it is one of some.
pub fn mask(count: usize, pixels: &[usize]) -> Vec<bool> {
    let mut is_in = vec![false; count];
    for index in pixels {
        is_in[*index] = true;
    }
    is_in
}

/// The open pixels in parts that hang together: those that `near` reaches from one another.
pub fn connected<N: Iterator<Item = usize>>(
    mut open: Vec<bool>,
    near: impl Fn(usize) -> N,
) -> Vec<Vec<usize>> {
    let mut parts = Vec::new();
    for start in 0..open.len() {
        if !std::mem::take(&mut open[start]) {
            continue;
        }
        let mut part = vec![start];
        let mut next = 0;
        while let Some(index) = part.get(next).copied() {
            next += 1;
            part.extend(near(index).filter(|near| std::mem::take(&mut open[*near])));
        }
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [usize; 2] = [4, 3];

    #[test]
    fn neighbours_end_at_the_rim() {
        let found = |index| beside(SIZE, index).collect::<Vec<_>>();
        assert_eq!(found(0), [1, 4]);
        assert_eq!(found(5), [4, 6, 1, 9]);
        assert_eq!(found(11), [10, 7]);
        assert_eq!(around(SIZE, 0).collect::<Vec<_>>(), [1, 4, 5]);
        assert_eq!(around(SIZE, 6).count(), 8);
        assert_eq!(square(SIZE, 7, 1).collect::<Vec<_>>(), [2, 3, 6, 7, 10, 11]);
        assert_eq!(square(SIZE, 5, 9).count(), 12);
    }

    #[test]
    fn the_rim_is_what_has_no_pixel_beyond() {
        let rim: Vec<usize> = (0..12).filter(|index| is_at_rim(SIZE, *index)).collect();
        assert_eq!(rim, [0, 1, 2, 3, 4, 7, 8, 9, 10, 11]);
        assert_eq!(mask(4, &[3, 1]), [false, true, false, true]);
    }

    #[test]
    fn parts_are_what_is_reached() {
        let open = [1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1].map(|is_open| is_open == 1);
        let by_sides = connected(open.to_vec(), |index| beside(SIZE, index));
        assert_eq!(by_sides, [vec![0, 1], vec![3], vec![6], vec![11]]);
        let by_corners = connected(open.to_vec(), |index| around(SIZE, index));
        assert_eq!(by_corners, [vec![0, 1, 6, 3, 11]]);
    }
}
