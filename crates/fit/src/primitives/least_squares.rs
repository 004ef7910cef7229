//! The outline of a family that is nearest to points: least squares of distances (Levenberg and
//! Marquardt), in which single points that lie far off count little.

use chat2svg_trace::linear::solve;
use kurbo::Point;

/// Rounds of the search.
const ROUNDS: usize = 24;
/// Distance in pixels from which a point counts less than half.
const SCALE: f64 = 0.5;
/// Share of the largest sum of squared slopes that each has at least.
const RIDGE: f64 = 1e-9;
/// Step by which derivatives are taken, in pixels.
const STEP: f64 = 1e-4;

/// The parameters, from `start` on, for which the points' `distance` is least; `None` where there
/// are no such. What the points leave open stays as it is.
pub(super) fn nearest<const N: usize>(
    start: [f64; N],
    points: &[Point],
    distance: impl Fn(&[f64; N], Point) -> f64,
) -> Option<[f64; N]> {
    let weight = |off: f64| 1.0 / (1.0 + (off / SCALE).powi(2));
    // What the weights stand for: the sum falls as the points come nearer.
    let cost = |at: &[f64; N]| {
        let offs = points.iter().map(|point| distance(at, *point) / SCALE);
        offs.map(|off| off.powi(2).ln_1p()).sum::<f64>()
    };
    let mut best = start;
    let mut least = cost(&best);
    let mut damping = 1e-3;
    for _ in 0..ROUNDS {
        let mut normal = [[0.0; N]; N];
        let mut right = [0.0; N];
        for point in points {
            let off = distance(&best, *point);
            let slopes: [f64; N] = std::array::from_fn(|i| {
                let mut moved = best;
                moved[i] += STEP;
                (distance(&moved, *point) - off) / STEP
            });
            let weight = weight(off);
            for (row, slope) in slopes.iter().enumerate() {
                right[row] -= weight * slope * off;
                for (column, other) in slopes.iter().enumerate() {
                    normal[row][column] += weight * slope * other;
                }
            }
        }
        let diagonal = normal.iter().enumerate().map(|(row, values)| values[row]);
        // What no point tells stays.
        let ridge = RIDGE * diagonal.fold(0.0, f64::max);
        for (row, values) in normal.iter_mut().enumerate() {
            values[row] = (values[row] + ridge) * (1.0 + damping);
        }
        let step = solve(normal, right.map(|value| [value]))?;
        let moved: [f64; N] = std::array::from_fn(|i| best[i] + step[i][0]);
        let found = cost(&moved);
        if found < least {
            let is_settled = least - found < 1e-9 * least;
            (best, least) = (moved, found);
            damping = (damping * 0.3_f64).max(1e-9);
            if is_settled {
                break;
            }
        } else {
            damping *= 8.0;
        }
    }
    best.iter().all(|value| value.is_finite()).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_found_among_points_of_others() {
        let mut points: Vec<Point> = (0..90)
            .map(|i| {
                let angle = f64::from(i) * 0.05;
                Point::new(40.0 + 21.0 * angle.cos(), 33.0 + 21.0 * angle.sin())
            })
            .collect();
        points.extend((0..9).map(|i| Point::new(38.0 + f64::from(i), 46.0)));
        let found = nearest([38.0, 36.0, 18.0], &points, |[x, y, r], point| {
            point.distance(Point::new(*x, *y)) - r
        });
        let found = found.expect("is determined");
        for (found, wanted) in found.into_iter().zip([40.0, 33.0, 21.0]) {
            assert!((found - wanted).abs() < 0.02, "{found} for {wanted}");
        }
    }

    #[test]
    fn what_no_point_tells_stays() {
        let found = nearest([1.0, 2.0], &[Point::ZERO], |[x, _], _| x - 4.0);
        let [told, open] = found.expect("is finite");
        assert!((told - 4.0).abs() < 1e-6 && open == 2.0, "{told} {open}");
    }
}
