//! Sums over a region's pixels from which the error of painting it follows in closed form.

use crate::picture::Pixel;

/// Factors of a pixel's components by which plain squared distances are those of pixels.
const WEIGHTS: [f64; 4] = [1.0, 1.0, 1.0, 1.732_050_8];

/// Sums over pixels of positions, colours (alpha is one more) and their products.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments {
    pub(crate) count: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
    color: [f64; 4],
    x_color: [f64; 4],
    y_color: [f64; 4],
    color_squared: f64,
}

impl Moments {
    /// Adds a pixel at a position.
    pub(crate) fn add(&mut self, x: f64, y: f64, pixel: Pixel) {
        self.count += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.yy += y * y;
        for (i, component) in pixel.into_iter().enumerate() {
            let value = WEIGHTS[i] * f64::from(component);
            self.color[i] += value;
            self.x_color[i] += x * value;
            self.y_color[i] += y * value;
            self.color_squared += value * value;
        }
    }

    /// The sums over both regions.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        let add = |a: [f64; 4], b: [f64; 4]| std::array::from_fn(|i| a[i] + b[i]);
        Self {
            count: self.count + other.count,
            x: self.x + other.x,
            y: self.y + other.y,
            xx: self.xx + other.xx,
            xy: self.xy + other.xy,
            yy: self.yy + other.yy,
            color: add(self.color, other.color),
            x_color: add(self.x_color, other.x_color),
            y_color: add(self.y_color, other.y_color),
            color_squared: self.color_squared + other.color_squared,
        }
    }

    /// The mean pixel.
    pub(crate) fn mean(&self) -> [f64; 4] {
        std::array::from_fn(|i| self.color[i] / WEIGHTS[i] / self.count.max(1.0))
    }

    /// Squared error when painted with the mean colour.
    pub(crate) fn flat_error(&self) -> f64 {
        let explained: f64 = self.color.iter().map(|sum| sum * sum).sum();
        (self.color_squared - explained / self.count).max(0.0)
    }

    /// What the best gradient along one direction takes off [`Moments::flat_error`]: the largest
    /// eigenvalue of the colours' products with the whitened positions.
    pub(crate) fn gradient_gain(&self) -> f64 {
        let Some(scatter) = self.scatter() else {
            return 0.0;
        };
        let (mut a, mut b, mut c) = (0.0, 0.0, 0.0);
        for i in 0..4 {
            let [u, v] = scatter.whitened_color(i);
            a += u * u;
            b += u * v;
            c += v * v;
        }
        (a + c) * 0.5 + ((a - c) * 0.5).hypot(b)
    }

    fn scatter(&self) -> Option<Scatter> {
        let n = self.count;
        let xx = self.xx - self.x * self.x / n;
        let xy = self.xy - self.x * self.y / n;
        let yy = self.yy - self.y * self.y / n;
        // A region that is one pixel wide has no second direction worth the name.
        let l11 = xx.max(0.05 * n).sqrt();
        let l21 = xy / l11;
        let l22_squared = yy - l21 * l21;
        if n < 4.0 {
            return None;
        }
        let l22 = l22_squared.max(0.05 * n).sqrt();
        Some(Scatter {
            factor: [l11, l21, l22],
            x_color: std::array::from_fn(|i| self.x_color[i] - self.x * self.color[i] / n),
            y_color: std::array::from_fn(|i| self.y_color[i] - self.y * self.color[i] / n),
        })
    }
}

/// Centred second moments: the Cholesky factor of positions, and their products with colours.
struct Scatter {
    /// `l11, l21, l22`.
    factor: [f64; 3],
    x_color: [f64; 4],
    y_color: [f64; 4],
}

impl Scatter {
    /// `L⁻¹ (Σ p c)` for one component.
    fn whitened_color(&self, component: usize) -> [f64; 2] {
        let [l11, l21, l22] = self.factor;
        let u = self.x_color[component] / l11;
        [u, (self.y_color[component] - l21 * u) / l22]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_gradient_is_explained_in_full() {
        let mut moments = Moments::default();
        let truth = |x: f64, y: f64| {
            let t = 0.6 * x + 0.8 * y;
            [0.2 + 0.01 * t, 0.5 - 0.02 * t, 0.3 + 0.005 * t, 1.0].map(|v| v as f32)
        };
        for y in 0..12 {
            for x in 0..9 {
                let (x, y) = (f64::from(x), f64::from(y));
                moments.add(x, y, truth(x, y));
            }
        }
        assert!(moments.flat_error() > 0.1);
        assert!((moments.flat_error() - moments.gradient_gain()).abs() < 1e-4);
    }

    #[test]
    fn sums_add() {
        let (mut a, mut b, mut both) = (Moments::default(), Moments::default(), Moments::default());
        for i in 0..10 {
            let (x, color) = (f64::from(i), [i as f32 * 0.1, 0.4, 0.2, 1.0]);
            if i < 4 { &mut a } else { &mut b }.add(x, x * 0.5, color);
            both.add(x, x * 0.5, color);
        }
        assert!((a.plus(&b).flat_error() - both.flat_error()).abs() < 1e-12);
    }
}
