//! Scalar fields over a pixel grid: distance, blur, gradient. No colours and no shapes here.

use chat2svg_stop::{Stop, Stopped};
use kurbo::Point;

/// Rows or columns between two looks at whether to stop.
const LINES_PER_LOOK: usize = 32;

/// A scalar for each pixel of a grid, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
}

impl Field {
    /// A field that is zero everywhere.
    pub(crate) fn zeros(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            values: vec![0.0; width * height],
        }
    }

    /// The value at a pixel; the border's value beyond the border.
    pub(crate) fn at(&self, x: isize, y: isize) -> f32 {
        let column = x.clamp(0, self.width as isize - 1) as usize;
        let row = y.clamp(0, self.height as isize - 1) as usize;
        self.values[row * self.width + column]
    }

    /// Adds a value at a place, shared by the four pixels around it; what falls beyond the border
    /// is lost.
    pub(crate) fn add(&mut self, place: Point, value: f32) {
        let (left, top) = ((place.x - 0.5).floor(), (place.y - 0.5).floor());
        let (across, down) = ((place.x - 0.5 - left) as f32, (place.y - 0.5 - top) as f32);
        let shares = [
            (0.0, 0.0, (1.0 - across) * (1.0 - down)),
            (1.0, 0.0, across * (1.0 - down)),
            (0.0, 1.0, (1.0 - across) * down),
            (1.0, 1.0, across * down),
        ];
        for (right, below, share) in shares {
            let (x, y) = (left + right, top + below);
            if x >= 0.0 && y >= 0.0 && x < self.width as f64 && y < self.height as f64 {
                self.values[y as usize * self.width + x as usize] += share * value;
            }
        }
    }

    /// Derivatives along x and y at a pixel, by central differences.
    pub(crate) fn gradient(&self, x: usize, y: usize) -> [f32; 2] {
        let (x, y) = (x as isize, y as isize);
        [
            (self.at(x + 1, y) - self.at(x - 1, y)) * 0.5,
            (self.at(x, y + 1) - self.at(x, y - 1)) * 0.5,
        ]
    }

    /// Largest value; 0 for an empty field.
    pub(crate) fn max(&self) -> f32 {
        self.values.iter().copied().fold(0.0, f32::max)
    }

    /// Blurs in place by three box filters of the given radius, close to a Gaussian of
    /// `sigma ≈ radius + 0.5` (P. Kovesi, "Fast almost-Gaussian filtering", 2010).
    pub(crate) fn blur(&mut self, radius: usize, stop: &Stop) -> Result<(), Stopped> {
        if radius == 0 || self.values.is_empty() {
            return Ok(());
        }
        let mut line = vec![0.0; self.width.max(self.height)];
        for _ in 0..3 {
            for y in 0..self.height {
                look_at(y, stop)?;
                let start = y * self.width;
                box_filter(&mut self.values, start, 1, self.width, radius, &mut line);
            }
            for x in 0..self.width {
                look_at(x, stop)?;
                box_filter(
                    &mut self.values,
                    x,
                    self.width,
                    self.height,
                    radius,
                    &mut line,
                );
            }
        }
        Ok(())
    }
}

/// Looks whether to stop at every so many-th line.
fn look_at(line: usize, stop: &Stop) -> Result<(), Stopped> {
    if line.is_multiple_of(LINES_PER_LOOK) {
        stop.check()?;
    }
    Ok(())
}

/// Running mean over `2 radius + 1` samples of one row or column, ends repeated.
fn box_filter(
    values: &mut [f32],
    start: usize,
    stride: usize,
    count: usize,
    radius: usize,
    line: &mut [f32],
) {
    for (index, value) in line.iter_mut().enumerate().take(count) {
        *value = values[start + index * stride];
    }
    let last = count - 1;
    let weight = 1.0 / (2 * radius + 1) as f32;
    let mut sum = line[0] * (radius + 1) as f32;
    for offset in 1..=radius {
        sum += line[offset.min(last)];
    }
    for index in 0..count {
        values[start + index * stride] = sum * weight;
        sum += line[(index + radius + 1).min(last)] - line[index.saturating_sub(radius)];
    }
}

/// Euclidean distance, in pixels, from the centre of each pixel inside the mask to the mask's
/// boundary; 0 outside. Beyond the grid counts as inside when `open_border` is set, so that a shape
/// cut by the canvas does not round off there.
///
/// Exact, in linear time (P. Felzenszwalb and D. Huttenlocher, "Distance transforms of sampled
/// functions", 2012).
pub(crate) fn distance_inside(
    mask: &[bool],
    width: usize,
    height: usize,
    open_border: bool,
    stop: &Stop,
) -> Result<Field, Stopped> {
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
        look_at(x, stop)?;
        scratch.transform(&mut squared, x, ringed_width, ringed_height);
    }
    for y in 0..ringed_height {
        look_at(y, stop)?;
        scratch.transform(&mut squared, y * ringed_width, 1, ringed_width);
    }
    let mut field = Field::zeros(width, height);
    for y in 0..height {
        for x in 0..width {
            let distance = squared[(y + 1) * ringed_width + x + 1].sqrt();
            field.values[y * width + x] = (distance - 0.5).max(0.0);
        }
    }
    Ok(field)
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

/// Inflates a mask to a rounded surface: a quarter circle of radius `bevel` pixels from the
/// boundary inward, flat beyond, softened a little. Heights are in pixels.
pub(crate) fn inflate(distance: &Field, bevel: f32, stop: &Stop) -> Result<Field, Stopped> {
    let bevel = bevel.max(1.0);
    let mut surface = distance.clone();
    for value in &mut surface.values {
        let depth = bevel - value.min(bevel);
        *value = (bevel * bevel - depth * depth).max(0.0).sqrt();
    }
    surface.blur((bevel * 0.12).round() as usize, stop)?;
    Ok(surface)
}

#[cfg(test)]
mod tests {
    use chat2svg_stop::Looks;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_large_field_is_given_up_on_the_way() {
        let side = 200;
        let until = |last: u32| {
            let looks = Looks::default();
            let stop = looks.stop_after(last);
            let mask = vec![true; side * side];
            let inflated = distance_inside(&mask, side, side, false, &stop)
                .and_then(|distance| inflate(&distance, 30.0, &stop));
            (inflated, looks.count())
        };
        let (inflated, all) = until(u32::MAX);
        assert!(inflated.is_ok());
        assert!(all as usize > 8 * side / LINES_PER_LOOK, "{all}");
        for last in 0..all {
            assert_eq!(until(last), (Err(Stopped), last + 1));
        }
    }

    #[test]
    fn distance_in_a_square_grows_to_its_middle() {
        let side = 9;
        let mask: Vec<bool> = (0..side * side)
            .map(|index| (1..8).contains(&(index % side)) && (1..8).contains(&(index / side)))
            .collect();
        let field = distance_inside(&mask, side, side, false, &Stop::never()).expect("not stopped");
        assert_eq!(field.at(4, 4), 3.5);
        assert_eq!(field.at(1, 4), 0.5);
        assert_eq!(field.at(0, 4), 0.0);
    }

    #[test]
    fn an_open_border_does_not_bound_the_shape() {
        let mask = vec![true; 25];
        let open = distance_inside(&mask, 5, 5, true, &Stop::never()).expect("not stopped");
        let closed = distance_inside(&mask, 5, 5, false, &Stop::never()).expect("not stopped");
        assert!(open.at(0, 0) > 5.0);
        assert_eq!(closed.at(0, 0), 0.5);
    }

    proptest! {
        #[test]
        fn distance_equals_brute_force(mask in proptest::collection::vec(any::<bool>(), 63)) {
            let (width, height) = (9, 7);
            let field = distance_inside(&mask, width, height, false, &Stop::never()).expect("not stopped");
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
                    prop_assert!((field.at(x, y) - expected).abs() < 1e-4);
                }
            }
        }

        #[test]
        fn blur_keeps_a_constant_field(value in -5.0f32..5.0, radius in 0usize..9) {
            let mut field = Field { width: 7, height: 5, values: vec![value; 35] };
            field.blur(radius, &Stop::never()).expect("not stopped");
            prop_assert!(field.values.iter().all(|found| (found - value).abs() < 1e-4));
        }
    }
}
