//! The optional structural term: structural similarity (Wang et al. 2004) of luma at several
//! scales, with its exact gradient. Where it is weighed against the squared error is decided
//! elsewhere.

use chat2svg_diffraster::Image;

/// Luma of gamma-encoded sRGB (BT.709 weights).
const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];
/// Scales, each half the size of the one before; fewer when the picture is small.
const SCALES: usize = 3;
/// Smallest side in pixels at which structure is compared.
const LEAST_SIDE: usize = 8;
/// Half the width of the Gaussian window in pixels, and its standard deviation.
const REACH: usize = 5;
const DEVIATION: f32 = 1.5;
/// What keeps flat areas from counting, for components in `0.0..=1.0`.
const MEAN_FLOOR: f32 = 0.01 * 0.01;
const SPREAD_FLOOR: f32 = 0.03 * 0.03;

/// One minus the mean structural similarity over all scales, times `weight`, is added to the loss,
/// and its gradient with respect to the picture's components to `out`, which is of the picture's
/// size. Alpha does not count.
pub(crate) fn add_structure_loss(
    picture: &Image,
    target: &Image,
    weight: f32,
    out: &mut Image,
) -> f64 {
    let mut found = Plane::luma(picture);
    let mut wanted = Plane::luma(target);
    let mut sizes = vec![(found, wanted)];
    while sizes.len() < SCALES {
        let Some((a, b)) = sizes.last() else { break };
        if a.width.min(a.height) < 2 * LEAST_SIDE {
            break;
        }
        (found, wanted) = (a.halved(), b.halved());
        sizes.push((found, wanted));
    }
    let share = weight / sizes.len() as f32;
    let mut loss = 0.0;
    let mut below: Option<Plane> = None;
    for (found, wanted) in sizes.iter().rev() {
        let (similarity, mut slope) = similarity(found, wanted);
        loss += f64::from(share) * (1.0 - similarity);
        for value in &mut slope.values {
            *value *= -share;
        }
        if let Some(below) = below {
            slope.add_halved(&below);
        }
        below = Some(slope);
    }
    if let Some(slope) = below {
        for (pixel, slope) in out.data.chunks_exact_mut(4).zip(&slope.values) {
            for (component, luma) in pixel.iter_mut().zip(LUMA) {
                *component += luma * slope;
            }
        }
    }
    loss
}

/// Values on a grid, row by row.
#[derive(Clone)]
struct Plane {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Plane {
    fn luma(image: &Image) -> Self {
        let luma = |pixel: &[f32]| pixel.iter().zip(LUMA).map(|(a, b)| a * b).sum();
        Self {
            width: image.width as usize,
            height: image.height as usize,
            values: image.data.chunks_exact(4).map(luma).collect(),
        }
    }

    fn mapped(&self, other: &Self, value: impl Fn(f32, f32) -> f32) -> Self {
        let pairs = self.values.iter().zip(&other.values);
        Self {
            values: pairs.map(|(a, b)| value(*a, *b)).collect(),
            ..*self
        }
    }

    /// Means of two by two; an odd last row or column is left out.
    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let at = 2 * y * self.width + 2 * x;
                let below = at + self.width;
                let four = [at, at + 1, below, below + 1].map(|index| self.values[index]);
                values.push(0.25 * four.iter().sum::<f32>());
            }
        }
        Self {
            width,
            height,
            values,
        }
    }

    /// Adds what a gradient with respect to the halved plane is with respect to this one.
    fn add_halved(&mut self, half: &Self) {
        for y in 0..half.height {
            for x in 0..half.width {
                let slope = 0.25 * half.values[y * half.width + x];
                let at = 2 * y * self.width + 2 * x;
                for index in [at, at + 1, at + self.width, at + self.width + 1] {
                    self.values[index] += slope;
                }
            }
        }
    }

    /// Sums over the Gaussian window, with nothing beyond the edge: a symmetric map, its own
    /// adjoint.
    fn windowed(&self) -> Self {
        let across = self.along(1, self.width);
        across.along(self.width, self.height)
    }

    fn along(&self, step: usize, length: usize) -> Self {
        let kernel = kernel();
        let mut values = vec![0.0_f32; self.values.len()];
        for (index, value) in values.iter_mut().enumerate() {
            let place = index / step % length;
            let low = place.saturating_sub(REACH);
            let high = (place + REACH).min(length - 1);
            let first = index - (place - low) * step;
            *value = (low..=high)
                .map(|at| kernel[at.abs_diff(place)] * self.values[first + (at - low) * step])
                .sum();
        }
        Self { values, ..*self }
    }
}

fn kernel() -> [f32; REACH + 1] {
    std::array::from_fn(|offset| {
        let distance = offset as f32 / DEVIATION;
        (-0.5 * distance * distance).exp()
    })
}

/// Mean structural similarity of two planes, and its gradient with respect to the first.
fn similarity(found: &Plane, wanted: &Plane) -> (f64, Plane) {
    let whole = found.mapped(found, |_, _| 1.0).windowed();
    let mean = |plane: Plane| plane.windowed().mapped(&whole, |sum, all| sum / all);
    let [mean_found, mean_wanted] = [found, wanted].map(|plane| mean(plane.clone()));
    let square_found = mean(found.mapped(found, |a, b| a * b));
    let square_wanted = mean(wanted.mapped(wanted, |a, b| a * b));
    let product = mean(found.mapped(wanted, |a, b| a * b));
    let count = found.values.len();
    let scale = 1.0 / count as f32;
    let mut of_mean = Plane {
        values: vec![0.0; count],
        ..*found
    };
    let mut of_square = of_mean.clone();
    let mut of_product = of_mean.clone();
    let mut sum = 0.0_f64;
    for index in 0..count {
        let (a, b) = (mean_found.values[index], mean_wanted.values[index]);
        let spread_a = square_found.values[index] - a * a;
        let spread_b = square_wanted.values[index] - b * b;
        let common = product.values[index] - a * b;
        let (upper_mean, upper_spread) = (2.0 * a * b + MEAN_FLOOR, 2.0 * common + SPREAD_FLOOR);
        let lower_mean = a * a + b * b + MEAN_FLOOR;
        let lower_spread = spread_a + spread_b + SPREAD_FLOOR;
        let lower = lower_mean * lower_spread;
        let value = upper_mean * upper_spread / lower;
        sum += f64::from(value);
        // Means count directly and inside the spreads.
        let direct = 2.0 * b * upper_spread / lower - value * 2.0 * a / lower_mean;
        let inside = -2.0 * b * upper_mean / lower + 2.0 * a * value / lower_spread;
        let share = scale / whole.values[index];
        of_mean.values[index] = share * (direct + inside);
        of_square.values[index] = -share * value / lower_spread;
        of_product.values[index] = share * 2.0 * upper_mean / lower;
    }
    let [of_mean, of_square, of_product] =
        [of_mean, of_square, of_product].map(|plane| plane.windowed());
    let values = (0..count)
        .map(|index| {
            of_mean.values[index]
                + 2.0 * found.values[index] * of_square.values[index]
                + wanted.values[index] * of_product.values[index]
        })
        .collect();
    (sum / count as f64, Plane { values, ..*found })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: u32, height: u32, seed: u32) -> Image {
        let count = 4 * width * height;
        Image {
            width,
            height,
            data: (0..count)
                .map(|i| ((i * 37 + seed * 11 + i * i % 17) % 23) as f32 / 23.0)
                .collect(),
        }
    }

    fn loss(picture: &Image, target: &Image) -> (f64, Image) {
        let mut slope = Image {
            data: vec![0.0; picture.data.len()],
            ..*picture
        };
        let loss = add_structure_loss(picture, target, 0.7, &mut slope);
        (loss, slope)
    }

    #[test]
    fn the_gradient_is_that_of_central_differences() {
        // Odd sides, and small enough for two scales only.
        let (mut picture, target) = (image(21, 17, 1), image(21, 17, 2));
        let (_, slope) = loss(&picture, &target);
        let largest = slope.data.iter().fold(0.0_f32, |most, s| most.max(s.abs()));
        assert!(largest > 1e-4);
        for index in (0..picture.data.len()).step_by(7) {
            let kept = picture.data[index];
            let mut at = |value: f32| {
                picture.data[index] = value;
                loss(&picture, &target).0
            };
            let expected = (at(kept + 0.02) - at(kept - 0.02)) / 0.04;
            picture.data[index] = kept;
            let error = (expected - f64::from(slope.data[index])).abs();
            assert!(
                error < 0.02 * f64::from(largest),
                "{index}: {expected} {}",
                slope.data[index]
            );
        }
    }

    #[test]
    fn a_picture_is_like_itself() {
        let picture = image(40, 33, 3);
        let (loss, slope) = loss(&picture, &picture);
        assert!(loss.abs() < 1e-5, "{loss}");
        assert!(slope.data.iter().all(|s| s.abs() < 1e-5));
    }
}
