//! Distances from the border of a mask.

use chat2svg_stop::{Stop, Stopped};

/// Euclidean distance, in pixels, from the centre of each pixel inside the mask to the mask's
/// boundary; 0 outside. Beyond the grid counts as inside when `open_border` is set, so that a shape
/// cut by the canvas does not round off there.
///
/// Exact, in linear time (P. Felzenszwalb and D. Huttenlocher, "Distance transforms of sampled
/// functions", 2012).
///
/// # Errors
/// When `stop` says so.
pub fn distance_inside(
    mask: &[bool],
    width: usize,
    height: usize,
    open_border: bool,
    stop: &Stop,
) -> Result<Vec<f32>, Stopped> {
    // One ring of pixels around the grid carries the border's meaning.
    let (ringed_width, ringed_height) = (width + 2, height + 2);
    let far = ((ringed_width + ringed_height) as f32).powi(2);
    let outside = if open_border { far } else { 0.0 };
    let mut squared = vec![outside; ringed_width * ringed_height];
    for y in 0..height {
        for x in 0..width {
            squared[(y + 1) * ringed_width + x + 1] = if mask[y * width + x] { far } else { 0.0 };
        }
    }
    let longest = ringed_width.max(ringed_height);
    let mut scratch = Envelope::new(longest);
    for x in 0..ringed_width {
        stop.check_line(x)?;
        scratch.transform(&mut squared, x, ringed_width, ringed_height);
    }
    for y in 0..ringed_height {
        stop.check_line(y)?;
        scratch.transform(&mut squared, y * ringed_width, 1, ringed_width);
    }
    let mut distances = vec![0.0; width * height];
    for y in 0..height {
        for x in 0..width {
            let distance = squared[(y + 1) * ringed_width + x + 1].sqrt();
            distances[y * width + x] = (distance - 0.5).max(0.0);
        }
    }
    Ok(distances)
}

/// Scratch memory of the one-dimensional distance transform: the lower envelope of parabolas.
struct Envelope {
    samples: Vec<f32>,
    apexes: Vec<usize>,
    starts: Vec<f32>,
}

impl Envelope {
    fn new(longest: usize) -> Self {
        Self {
            samples: vec![0.0; longest],
            apexes: vec![0; longest],
            starts: vec![0.0; longest + 1],
        }
    }

    fn transform(&mut self, values: &mut [f32], start: usize, stride: usize, count: usize) {
        for index in 0..count {
            self.samples[index] = values[start + index * stride];
        }
        let crossing = |samples: &[f32], left: usize, right: usize| {
            let (l, r) = (left as f32, right as f32);
            ((samples[right] + r * r) - (samples[left] + l * l)) / (2.0 * (r - l))
        };
        let mut top = 0;
        self.apexes[0] = 0;
        self.starts[0] = f32::NEG_INFINITY;
        self.starts[1] = f32::INFINITY;
        for index in 1..count {
            let mut cut = crossing(&self.samples, self.apexes[top], index);
            while top > 0 && cut <= self.starts[top] {
                top -= 1;
                cut = crossing(&self.samples, self.apexes[top], index);
            }
            top += 1;
            self.apexes[top] = index;
            self.starts[top] = cut;
            self.starts[top + 1] = f32::INFINITY;
        }
        let mut parabola = 0;
        for index in 0..count {
            while self.starts[parabola + 1] < index as f32 {
                parabola += 1;
            }
            let apex = self.apexes[parabola];
            let offset = index as f32 - apex as f32;
            values[start + index * stride] = offset * offset + self.samples[apex];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn distance_in_a_square_grows_to_its_middle() {
        let side = 9;
        let mask: Vec<bool> = (0..side * side)
            .map(|index| (1..8).contains(&(index % side)) && (1..8).contains(&(index / side)))
            .collect();
        let distance =
            distance_inside(&mask, side, side, false, &Stop::never()).expect("not stopped");
        assert_eq!(distance[4 * side + 4], 3.5);
        assert_eq!(distance[4 * side + 1], 0.5);
        assert_eq!(distance[4 * side], 0.0);
    }

    #[test]
    fn an_open_border_does_not_bound_the_shape() {
        let mask = vec![true; 25];
        let open = distance_inside(&mask, 5, 5, true, &Stop::never()).expect("not stopped");
        let closed = distance_inside(&mask, 5, 5, false, &Stop::never()).expect("not stopped");
        assert!(open[0] > 5.0);
        assert_eq!(closed[0], 0.5);
    }

    proptest! {
        #[test]
        fn distance_equals_brute_force(mask in proptest::collection::vec(any::<bool>(), 63)) {
            let (width, height) = (9, 7);
            let distance = distance_inside(&mask, width, height, false, &Stop::never()).expect("not stopped");
            for y in 0..height as isize {
                for x in 0..width as isize {
                    let mut nearest = f32::INFINITY;
                    for v in -1..=height as isize {
                        for u in -1..=width as isize {
                            let inside = u >= 0 && v >= 0 && u < width as isize && v < height as isize
                                && mask[v as usize * width + u as usize];
                            if !inside {
                                nearest = nearest.min((((u - x).pow(2) + (v - y).pow(2)) as f32).sqrt());
                            }
                        }
                    }
                    let expected = (nearest - 0.5).max(0.0);
                    prop_assert!((distance[y as usize * width + x as usize] - expected).abs() < 1e-4);
                }
            }
        }
    }
}
