//! Scalar fields over a pixel grid: distance, blur, gradient. No colours and no shapes here.

use chat2svg_stop::{Stop, Stopped};
use kurbo::Point;

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
                stop.check_line(y)?;
                let start = y * self.width;
                box_filter(&mut self.values, start, 1, self.width, radius, &mut line);
            }
            for x in 0..self.width {
                stop.check_line(x)?;
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

/// [`chat2svg_trace::distance_inside`] as a field.
pub(crate) fn distance_inside(
    mask: &[bool],
    width: usize,
    height: usize,
    open_border: bool,
    stop: &Stop,
) -> Result<Field, Stopped> {
    let values = chat2svg_trace::distance_inside(mask, width, height, open_border, stop)?;
    Ok(Field {
        width,
        height,
        values,
    })
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
        assert!(all as usize > 8 * side / Stop::LINES_PER_LOOK, "{all}");
        for last in 0..all {
            assert_eq!(until(last), (Err(Stopped), last + 1));
        }
    }

    proptest! {
        #[test]
        fn blur_keeps_a_constant_field(value in -5.0f32..5.0, radius in 0usize..9) {
            let mut field = Field { width: 7, height: 5, values: vec![value; 35] };
            field.blur(radius, &Stop::never()).expect("not stopped");
            prop_assert!(field.values.iter().all(|found| (found - value).abs() < 1e-4));
        }
    }
}
