//! What the colours of a gradient change along, and a first guess of it from the slopes of colours.

use kurbo::Vec2;

use crate::{linear::solve, translucent::reach};

/// How far a focus may lie beside the centre, in radii.
const MOST_LEAN: f64 = 0.97;
/// Largest form: the axes of ellipses are as the square of its exponential.
const MOST_FORM: f64 = 2.0;
/// Most equations: of the form, the focus and the lean of a guess.
const MOST_EQUATIONS: usize = 7;
/// Rounds in which a guess of an ellipse is improved.
const GUESSES: usize = 12;

/// What the colours change along, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parameter {
    /// Along a direction of some angle.
    Linear { angle: f64 },
    /// From a focus outward, over ellipses of one form.
    Radial {
        focus: Vec2,
        /// By how much the centres of the ellipses run away from the focus, in their radii.
        lean: Vec2,
        /// The logarithm of the symmetric map that makes the ellipses circles: its entries are
        /// these, `xx` and `xy`, and `yy = -xx`.
        form: Vec2,
    },
}

/// Which numbers of a radial parameter are not zero.
#[derive(Clone, Copy)]
pub(super) struct Free {
    lean: bool,
    form: bool,
}

impl Free {
    pub(super) const ALL: Self = Self::of(true, true);
    /// Fewer, the fewest first.
    pub(super) const FEWER: [Self; 3] = [
        Self::of(false, false),
        Self::of(true, false),
        Self::of(false, true),
    ];

    const fn of(lean: bool, form: bool) -> Self {
        Self { lean, form }
    }
}

/// The solution of at most [`MOST_EQUATIONS`] equations, each followed by its right side.
pub(super) fn solved(rows: &[Vec<f64>]) -> Option<Vec<f64>> {
    let coefficients = rows.iter().flat_map(|row| row.iter().take(rows.len()));
    let largest = coefficients.fold(0.0_f64, |most, value| most.max(value.abs()));
    let mut square = [[0.0; MOST_EQUATIONS]; MOST_EQUATIONS];
    let mut right = [[0.0]; MOST_EQUATIONS];
    for (index, line) in square.iter_mut().enumerate() {
        match rows.get(index).and_then(|row| row.split_last()) {
            Some((side, own)) => {
                line.iter_mut().zip(own).for_each(|(to, from)| *to = *from);
                right[index] = [*side];
            }
            // An unknown that there is not is zero.
            None => line[index] = largest,
        }
    }
    let found = solve(square, right)?;
    Some(
        found
            .iter()
            .take(rows.len())
            .map(|[value]| *value)
            .collect(),
    )
}

/// The symmetric map `xx, xy, yy` of a form.
pub(super) fn map_of(form: Vec2) -> [f64; 3] {
    let size = form.hypot();
    let (even, odd) = (size.cosh(), size.sinh() / size.max(1e-12));
    [even + odd * form.x, odd * form.y, even - odd * form.x]
}

pub(super) fn mapped([xx, xy, yy]: [f64; 3], v: Vec2) -> Vec2 {
    Vec2::new(xx * v.x + xy * v.y, xy * v.x + yy * v.y)
}

impl Parameter {
    /// The parameter at some places; `None` where the numbers stand for no gradient.
    pub(super) fn at(self, places: impl Iterator<Item = Vec2>) -> Option<Vec<f64>> {
        match self {
            Self::Linear { angle } => {
                let ahead = Vec2::from_angle(angle);
                Some(places.map(|place| place.dot(ahead)).collect())
            }
            Self::Radial { focus, lean, form } => {
                let map = map_of(form);
                let is_gradient = lean.hypot() < MOST_LEAN && form.hypot() < MOST_FORM;
                let reach = |place: Vec2| reach(mapped(map, place - focus), lean);
                is_gradient.then(|| places.map(reach).collect())
            }
        }
    }

    /// The numbers that may change, as far as can be in pixels of a picture of some size.
    pub(super) fn numbers(self, size: f64, free: Free) -> Vec<f64> {
        match self {
            Self::Linear { angle } => vec![angle * size],
            Self::Radial { focus, lean, form } => {
                let mut numbers = vec![focus.x, focus.y];
                if free.lean {
                    numbers.extend([lean.x * size, lean.y * size]);
                }
                if free.form {
                    numbers.extend([form.x * size, form.y * size]);
                }
                numbers
            }
        }
    }

    /// The parameter of other numbers; those that are not free are zero.
    pub(super) fn with(self, numbers: &[f64], size: f64, free: Free) -> Self {
        let mut pairs = numbers
            .chunks_exact(2)
            .map(|pair| Vec2::new(pair[0], pair[1]));
        match self {
            Self::Linear { .. } => Self::Linear {
                angle: numbers.first().map_or(0.0, |angle| angle / size),
            },
            Self::Radial { .. } => {
                let focus = pairs.next().unwrap_or_default();
                let mut next = |is_free: bool| {
                    let pair = is_free.then(|| pairs.next()).flatten();
                    pair.unwrap_or_default() / size
                };
                Self::Radial {
                    focus,
                    lean: next(free.lean),
                    form: next(free.form),
                }
            }
        }
    }

    /// The same with the numbers that are not free zero, around the middle of what it was at a
    /// value of the parameter.
    pub(super) fn with_only(self, free: Free, at: f64) -> Self {
        match self {
            Self::Linear { .. } => self,
            Self::Radial { focus, lean, form } => Self::Radial {
                focus: if free.lean { focus } else { self.center_at(at) },
                lean: if free.lean { lean } else { Vec2::ZERO },
                form: if free.form { form } else { Vec2::ZERO },
            },
        }
    }

    /// The centre of the ellipse at a value of the parameter.
    pub(super) fn center_at(self, at: f64) -> Vec2 {
        match self {
            Self::Linear { .. } => Vec2::ZERO,
            Self::Radial { focus, lean, form } => focus + mapped(map_of(-form), lean) * at,
        }
    }
}

/// Angle of the direction in which colours change most.
pub(super) fn main_direction(slopes: &[(Vec2, Vec2)]) -> Option<f64> {
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (_, slope) in slopes {
        xx += slope.x * slope.x;
        xy += slope.x * slope.y;
        yy += slope.y * slope.y;
    }
    (xx + yy > 0.0).then(|| 0.5 * (2.0 * xy).atan2(xx - yy))
}

/// The radial parameter to whose ellipses slopes are nearest to being perpendicular.
///
/// At a value t of the parameter they are along `N (p - f) - t m`, where N is the square of the
/// map. This is linear in N, N f and m, so the least mean square of the sine between is an
/// eigenvalue. Without a form N is one; without a parameter to start from m is zero.
pub(super) fn radial(
    slopes: &[(Vec2, Vec2)],
    size: f64,
    with_form: bool,
    start: Option<Parameter>,
) -> Option<Parameter> {
    let places = slopes.iter().map(|(place, _)| *place);
    let middle = places.clone().fold(Vec2::ZERO, |sum, place| sum + place) / slopes.len() as f64;
    let ats = start.map_or_else(|| Some(vec![0.0; slopes.len()]), |start| start.at(places))?;
    let (form, count) = if with_form { (3, 7) } else { (1, 5) };
    let count = if start.is_some() { count } else { count - 2 };
    let mut across = vec![vec![0.0; count]; count];
    let mut whole = across.clone();
    for ((place, slope), at) in slopes.iter().zip(ats) {
        let (place, at) = ((*place - middle) / size, at / size);
        let own = if with_form {
            [
                Vec2::new(place.x, 0.0),
                Vec2::new(place.y, place.x),
                Vec2::new(0.0, place.y),
            ]
        } else {
            [place; 3]
        };
        let pair = |by: f64| [Vec2::new(-by, 0.0), Vec2::new(0.0, -by)];
        let terms = own.into_iter().take(form).chain(pair(1.0)).chain(pair(at));
        let terms: Vec<Vec2> = terms.take(count).collect();
        for (i, a) in terms.iter().enumerate() {
            for (j, b) in terms.iter().enumerate() {
                across[i][j] += slope.cross(*a) * slope.cross(*b);
                whole[i][j] += slope.hypot2() * a.dot(*b);
            }
        }
    }
    let mut found = vec![0.0; count];
    found[0] = 1.0;
    found[form - 1] = 1.0;
    for _ in 0..GUESSES {
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for (a, b) in across.iter().zip(&whole) {
            let mut row: Vec<f64> = a.iter().zip(b).map(|(a, b)| a + 1e-6 * b).collect();
            row.push(b.iter().zip(&found).map(|(b, x)| b * x).sum());
            rows.push(row);
        }
        found = solved(&rows)?;
        let norm = found.iter().map(|x| x * x).sum::<f64>().sqrt();
        found.iter_mut().for_each(|x| *x /= norm);
    }
    let square = match found[..form] {
        [xx, xy, yy] => [xx, xy, yy],
        _ => [found[0], 0.0, found[0]],
    };
    let [xx, xy, yy] = square;
    let determinant = xx * yy - xy * xy;
    if determinant <= 1e-4 * (xx + yy).powi(2) {
        return None;
    }
    let unit = determinant.sqrt().copysign(xx);
    let [xx, xy, yy] = square.map(|entry| entry / unit);
    let pair = |from: usize| match found.get(from..from + 2) {
        Some(pair) => Vec2::new(pair[0], pair[1]) / unit,
        None => Vec2::ZERO,
    };
    // The logarithm of a symmetric map of determinant one, and half of it.
    let odd = Vec2::new(0.5 * (xx - yy), xy);
    let half = odd * (0.5 * odd.hypot().asinh() / odd.hypot().max(1e-12));
    let lean = mapped(map_of(-half), pair(form + 2));
    Some(Parameter::Radial {
        focus: middle + mapped([yy, -xy, xx], pair(form)) * size,
        lean: lean * (0.9 * MOST_LEAN / lean.hypot().max(0.9 * MOST_LEAN)),
        form: half,
    })
}
