//! Thins a mask to lines of one pixel (Zhang and Suen 1984).

use chat2svg_stop::{Stop, Stopped};

/// The skeleton of a mask `width` pixels wide, of the same size: lines of one pixel.
///
/// # Errors
/// When `stop` says so.
pub(crate) fn thinned(
    mut mask: Vec<bool>,
    width: usize,
    height: usize,
    stop: &Stop,
) -> Result<Vec<bool>, Stopped> {
    loop {
        let mut changed = false;
        for is_second in [false, true] {
            stop.check()?;
            let gone: Vec<usize> = (0..mask.len())
                .filter(|index| {
                    mask[*index] && is_removable(&mask, width, height, *index, is_second)
                })
                .collect();
            for index in &gone {
                mask[*index] = false;
            }
            changed |= !gone.is_empty();
        }
        if !changed {
            return Ok(mask);
        }
    }
}

/// The neighbours of a pixel from the one above clockwise.
pub(super) const OFFSETS: [(isize, isize); 8] = [
    (0, -1),
    (1, -1),
    (1, 0),
    (1, 1),
    (0, 1),
    (-1, 1),
    (-1, 0),
    (-1, -1),
];

/// Which of the neighbours of a pixel are set, from the one above clockwise; outside is empty.
pub(super) fn neighbours(mask: &[bool], width: usize, height: usize, index: usize) -> [bool; 8] {
    let (x, y) = ((index % width) as isize, (index / width) as isize);
    OFFSETS.map(|(dx, dy)| {
        let (x, y) = (x + dx, y + dy);
        (0..width as isize).contains(&x)
            && (0..height as isize).contains(&y)
            && mask[y as usize * width + x as usize]
    })
}

/// How often a walk around a pixel enters the mask.
pub(super) fn entries(around: [bool; 8]) -> usize {
    (0..8)
        .filter(|i| !around[*i] && around[(i + 1) % 8])
        .count()
}

fn is_removable(mask: &[bool], width: usize, height: usize, index: usize, is_second: bool) -> bool {
    let around = neighbours(mask, width, height, index);
    let count = around.iter().filter(|is_set| **is_set).count();
    let [up, _, right, _, down, _, left, _] = around;
    let is_side = if is_second {
        !(up && left && (right || down))
    } else {
        !(right && down && (up || left))
    };
    (2..=6).contains(&count) && entries(around) == 1 && is_side
}
