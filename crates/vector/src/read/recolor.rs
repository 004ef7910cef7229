//! Changes of colours that filters make, applied to the colours of paints.

use crate::Color;

/// The space in which a filter primitive reckons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    Srgb,
    Linear,
}

impl Space {
    fn components(self, color: Color) -> [f32; 3] {
        let components = [color.red, color.green, color.blue];
        match self {
            Self::Srgb => components,
            Self::Linear => components.map(|value| {
                if value <= 0.040_45 {
                    value / 12.92
                } else {
                    ((value + 0.055) / 1.055).powf(2.4)
                }
            }),
        }
    }

    fn color(self, components: [f32; 3]) -> Color {
        let [red, green, blue] = components.map(|value| {
            let value = value.clamp(0.0, 1.0);
            match self {
                Self::Srgb => value,
                Self::Linear if value <= 0.003_130_8 => value * 12.92,
                Self::Linear => 1.055 * value.powf(1.0 / 2.4) - 0.055,
            }
        });
        Color::new(red, green, blue)
    }
}

/// One change of colours.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recolor {
    space: Space,
    change: Change,
}

#[derive(Clone, Debug, PartialEq)]
enum Change {
    Matrix(Matrix),
    Transfer([Transfer; 3]),
}

impl Recolor {
    pub(super) fn matrix(space: Space, matrix: Matrix) -> Self {
        Self {
            space,
            change: Change::Matrix(matrix),
        }
    }

    pub(super) fn transfer(space: Space, functions: [Transfer; 3]) -> Self {
        Self {
            space,
            change: Change::Transfer(functions),
        }
    }

    /// Whether colours on a straight line stay on one.
    pub(super) fn is_straight(&self) -> bool {
        self.space == Space::Srgb && matches!(self.change, Change::Matrix(_))
    }

    /// The colour that an opaque one becomes.
    pub(super) fn apply(&self, color: Color) -> Color {
        let before = self.space.components(color);
        let after = match &self.change {
            Change::Matrix(matrix) => matrix.apply(before),
            Change::Transfer([red, green, blue]) => {
                let [r, g, b] = before;
                [red.apply(r), green.apply(g), blue.apply(b)]
            }
        };
        self.space.color(after)
    }
}

/// A colour matrix: rows for red, green, blue and opacity; columns for these and a constant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matrix {
    rows: [[f32; 5]; 4],
}

impl Matrix {
    /// The matrix of twenty numbers.
    pub(super) fn of(numbers: &[f32]) -> Option<Self> {
        let (rows, rest) = numbers.as_chunks::<5>();
        let rows = <[[f32; 5]; 4]>::try_from(rows).ok()?;
        rest.is_empty().then_some(Self { rows })
    }

    fn of_colors(colors: [[f32; 3]; 3]) -> Self {
        let [red, green, blue] = colors.map(|[r, g, b]| [r, g, b, 0.0, 0.0]);
        Self {
            rows: [red, green, blue, [0.0, 0.0, 0.0, 1.0, 0.0]],
        }
    }

    /// `saturate`.
    pub(super) fn saturate(amount: f32) -> Self {
        let rest = 1.0 - amount;
        let [r, g, b] = [0.213 * rest, 0.715 * rest, 0.072 * rest];
        Self::of_colors([[r + amount, g, b], [r, g + amount, b], [r, g, b + amount]])
    }

    /// `hueRotate`, by degrees.
    pub(super) fn hue_rotate(degrees: f32) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let mix = |base: f32, c: f32, s: f32| base + cos * c + sin * s;
        Self::of_colors([
            [
                mix(0.213, 0.787, -0.213),
                mix(0.715, -0.715, -0.715),
                mix(0.072, -0.072, 0.928),
            ],
            [
                mix(0.213, -0.213, 0.143),
                mix(0.715, 0.285, 0.140),
                mix(0.072, -0.072, -0.283),
            ],
            [
                mix(0.213, -0.213, -0.787),
                mix(0.715, -0.715, 0.715),
                mix(0.072, 0.928, 0.072),
            ],
        ])
    }

    /// The factor of the opacity; `None` when it depends on colours, or on nothing.
    pub(super) fn opacity(&self) -> Option<f32> {
        let [_, _, _, [r, g, b, factor, constant]] = self.rows;
        ([r, g, b, constant] == [0.0; 4] && factor >= 0.0).then_some(factor)
    }

    fn apply(&self, [red, green, blue]: [f32; 3]) -> [f32; 3] {
        let [first, second, third, _] = self.rows;
        [first, second, third]
            .map(|[r, g, b, a, constant]| r * red + g * green + b * blue + a + constant)
    }
}

/// The one colour that a matrix makes of all others; `None` when there are several.
pub(super) fn flat_matrix(matrix: &Matrix, space: Space) -> Option<Color> {
    let [first, second, third, _] = matrix.rows;
    let is_flat = [first, second, third]
        .iter()
        .all(|[r, g, b, ..]| [*r, *g, *b] == [0.0; 3]);
    is_flat.then(|| space.color(matrix.apply([0.0; 3])))
}

/// A function of one component.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Transfer {
    Identity,
    Table(Vec<f32>),
    Steps(Vec<f32>),
    /// Slope and intercept.
    Linear(f32, f32),
    /// Amplitude, exponent and offset.
    Gamma(f32, f32, f32),
}

impl Transfer {
    pub(super) fn apply(&self, value: f32) -> f32 {
        let value = value.clamp(0.0, 1.0);
        let out = match self {
            Self::Identity => value,
            Self::Linear(slope, intercept) => slope * value + intercept,
            Self::Gamma(amplitude, exponent, offset) => amplitude * value.powf(*exponent) + offset,
            Self::Table(values) if values.len() > 1 => {
                let place = value * (values.len() - 1) as f32;
                let at = |index: f32| values.get(index as usize).or(values.last()).copied();
                let (low, high) = (at(place.floor()), at(place.ceil()));
                let (low, high) = (low.unwrap_or(value), high.unwrap_or(value));
                low + (high - low) * place.fract()
            }
            Self::Steps(values) if !values.is_empty() => {
                let index = (value * values.len() as f32) as usize;
                values
                    .get(index)
                    .or(values.last())
                    .copied()
                    .unwrap_or(value)
            }
            Self::Table(values) => values.first().copied().unwrap_or(value),
            Self::Steps(_) => value,
        };
        out.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_change_as_in_browsers() {
        let orange = Color::from_rgb8(255, 128, 0);
        let changed =
            |space, matrix: Matrix| Recolor::matrix(space, matrix).apply(orange).to_rgb8();
        assert_eq!(changed(Space::Srgb, Matrix::saturate(1.0)), [255, 128, 0]);
        assert_eq!(changed(Space::Srgb, Matrix::saturate(0.0)), [146, 146, 146]);
        assert_eq!(changed(Space::Srgb, Matrix::hue_rotate(0.0)), [255, 128, 0]);
        assert_eq!(
            changed(Space::Linear, Matrix::hue_rotate(360.0)),
            [255, 128, 0]
        );
        let invert = Transfer::Table(vec![1.0, 0.0]);
        let functions = [invert.clone(), invert, Transfer::Identity];
        let inverted = Recolor::transfer(Space::Srgb, functions).apply(orange);
        assert_eq!(inverted.to_rgb8(), [0, 127, 0]);
    }

    #[test]
    fn matrices_of_shadows_are_one_color() {
        let mut numbers = [0.0; 20];
        (numbers[4], numbers[18]) = (0.5, 0.25);
        let matrix = Matrix::of(&numbers).expect("has twenty numbers");
        assert_eq!(matrix.opacity(), Some(0.25));
        let color = flat_matrix(&matrix, Space::Linear).expect("is one colour");
        assert_eq!(color.to_rgb8(), [188, 0, 0]);
        assert_eq!(flat_matrix(&Matrix::saturate(0.5), Space::Srgb), None);
        assert_eq!(Matrix::of(&numbers[1..]), None);
    }

    #[test]
    fn functions_of_components() {
        for (function, at, expected) in [
            (Transfer::Table(vec![0.0, 0.5, 0.6]), 0.75, 0.55),
            (Transfer::Steps(vec![0.1, 0.9]), 0.6, 0.9),
            (Transfer::Steps(vec![0.1, 0.9]), 1.0, 0.9),
            (Transfer::Linear(2.0, -0.5), 0.5, 0.5),
            (Transfer::Gamma(1.0, 2.0, 0.1), 0.5, 0.35),
            (Transfer::Table(Vec::new()), 0.3, 0.3),
        ] {
            assert!((function.apply(at) - expected).abs() < 1e-6, "{function:?}");
        }
    }
}
