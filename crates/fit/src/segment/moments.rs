//! Sums over a region's pixels from which the error of painting it follows in closed form.

/// Sums over pixels of positions, colours and their products.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments {
    pub(crate) count: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
    color: [f64; 3],
    x_color: [f64; 3],
    y_color: [f64; 3],
    color_squared: f64,
}

/// A colour that changes along one direction: `mean + slope * (direction · (position − center))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LinearModel {
    pub(crate) center: [f64; 2],
    /// Unit vector.
    pub(crate) direction: [f64; 2],
    pub(crate) mean: [f64; 3],
    /// Change of colour per pixel along the direction.
    pub(crate) slope: [f64; 3],
}

impl Moments {
    /// Adds a pixel at a position.
    pub(crate) fn add(&mut self, x: f64, y: f64, color: [f32; 3]) {
        self.count += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.yy += y * y;
        for (i, component) in color.into_iter().enumerate() {
            let value = f64::from(component);
            self.color[i] += value;
            self.x_color[i] += x * value;
            self.y_color[i] += y * value;
            self.color_squared += value * value;
        }
    }

    /// The sums over both regions.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        let add = |a: [f64; 3], b: [f64; 3]| std::array::from_fn(|i| a[i] + b[i]);
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

    /// The mean colour.
    pub(crate) fn mean(&self) -> [f64; 3] {
        self.color.map(|sum| sum / self.count)
    }

    /// Squared error when painted with the mean colour.
    pub(crate) fn flat_error(&self) -> f64 {
        let explained: f64 = self.color.iter().map(|sum| sum * sum).sum();
        (self.color_squared - explained / self.count).max(0.0)
    }

    /// What the best linear gradient takes off [`Moments::flat_error`].
    pub(crate) fn gradient_gain(&self) -> f64 {
        self.best_direction().map_or(0.0, |(gain, ..)| gain)
    }

    /// The best linear gradient; `None` when the region has no extent.
    pub(crate) fn linear_model(&self) -> Option<LinearModel> {
        let (_, whitened, scatter) = self.best_direction()?;
        // Back from whitened coordinates: the regressor is `whitened · L⁻¹ (p − center)`.
        let [l11, l21, l22] = scatter.factor;
        let b = [
            (whitened[0] - l21 / l22 * whitened[1]) / l11,
            whitened[1] / l22,
        ];
        let length = b[0].hypot(b[1]);
        if !length.is_normal() {
            return None;
        }
        let slope = std::array::from_fn(|i| {
            let [u, v] = scatter.whitened_color(i);
            (u * whitened[0] + v * whitened[1]) * length
        });
        Some(LinearModel {
            center: [self.x / self.count, self.y / self.count],
            direction: [b[0] / length, b[1] / length],
            mean: self.mean(),
            slope,
        })
    }

    /// Error explained by the best direction, the direction in whitened coordinates, the scatter.
    fn best_direction(&self) -> Option<(f64, [f64; 2], Scatter)> {
        let scatter = self.scatter()?;
        let (mut a, mut b, mut c) = (0.0, 0.0, 0.0);
        for i in 0..3 {
            let [u, v] = scatter.whitened_color(i);
            a += u * u;
            b += u * v;
            c += v * v;
        }
        let half = (a - c) * 0.5;
        let root = half.hypot(b);
        let largest = (a + c) * 0.5 + root;
        let angle = 0.5 * (2.0 * b).atan2(a - c);
        Some((largest, [angle.cos(), angle.sin()], scatter))
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
    x_color: [f64; 3],
    y_color: [f64; 3],
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
            [0.2 + 0.01 * t, 0.5 - 0.02 * t, 0.3 + 0.005 * t].map(|v| v as f32)
        };
        for y in 0..12 {
            for x in 0..9 {
                let (x, y) = (f64::from(x), f64::from(y));
                moments.add(x, y, truth(x, y));
            }
        }
        assert!(moments.flat_error() > 0.1);
        assert!((moments.flat_error() - moments.gradient_gain()).abs() < 1e-4);
        let model = moments.linear_model().expect("has extent");
        let turn = model.direction[0] * 0.6 + model.direction[1] * 0.8;
        assert!((turn.abs() - 1.0).abs() < 1e-6, "{model:?}");
        assert!((model.slope[1] * turn + 0.02).abs() < 1e-6, "{model:?}");
    }

    #[test]
    fn sums_add() {
        let (mut a, mut b, mut both) = (Moments::default(), Moments::default(), Moments::default());
        for i in 0..10 {
            let (x, color) = (f64::from(i), [i as f32 * 0.1, 0.4, 0.2]);
            if i < 4 { &mut a } else { &mut b }.add(x, x * 0.5, color);
            both.add(x, x * 0.5, color);
        }
        assert!((a.plus(&b).flat_error() - both.flat_error()).abs() < 1e-12);
    }
}
