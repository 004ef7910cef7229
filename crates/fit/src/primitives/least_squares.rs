//! The outline of a family that is nearest to points: least squares of distances (Levenberg and
//! Marquardt), in which single points that lie far off count little.

use chat2svg_trace::linear::solve;
use kurbo::Point;

/// Most parameters.
const MOST: usize = 6;
/// Rounds of the search.
const ROUNDS: usize = 24;
/// Distance in pixels from which a point counts less than half.
const SCALE: f64 = 0.5;
/// Share of the largest sum of squared slopes that each has at least.
const RIDGE: f64 = 1e-9;
/// Step by which derivatives are taken, in pixels.
const STEP: f64 = 1e-4;

/// The parameters, from `start` on, for which the points' distance is least, which `distance` tells
/// by parameters; `None` where there are no such. What the points leave open stays as it is.
pub(super) fn nearest<D: Fn(Point) -> f64>(
    start: &[f64],
    points: &[Point],
    distance: impl Fn(&[f64]) -> D,
) -> Option<Vec<f64>> {
    let weight = |off: f64| 1.0 / (1.0 + (off / SCALE).powi(2));
    // What the weights stand for: the sum falls as the points come nearer.
    let cost = |at: &[f64]| {
        let distance = distance(at);
        let offs = points.iter().map(|point| distance(*point) / SCALE);
        offs.map(|off| off.powi(2).ln_1p()).sum::<f64>()
    };
    let mut best = start.to_vec();
    let mut least = cost(&best);
    let mut damping = 1e-3;
    for _ in 0..ROUNDS {
        let mut normal = [[0.0; MOST]; MOST];
        let mut right = [0.0; MOST];
        let here = distance(&best);
        let moved = (0..best.len()).map(|index| {
            let mut moved = best.clone();
            moved[index] += STEP;
            distance(&moved)
        });
        let moved: Vec<D> = moved.collect();
        for point in points {
            let off = here(*point);
            let mut slopes = [0.0; MOST];
            for (slope, moved) in slopes.iter_mut().zip(&moved) {
                *slope = (moved(*point) - off) / STEP;
            }
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
        let moved = best.iter().zip(step).map(|(value, [step])| value + step);
        let moved: Vec<f64> = moved.collect();
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
        let found = nearest(&[38.0, 36.0, 18.0], &points, |at| {
            let (center, radius) = (Point::new(at[0], at[1]), at[2]);
            move |point: Point| point.distance(center) - radius
        });
        let found = found.expect("is determined");
        for (found, wanted) in found.into_iter().zip([40.0, 33.0, 21.0]) {
            assert!((found - wanted).abs() < 0.02, "{found} for {wanted}");
        }
    }

    #[test]
    fn what_no_point_tells_stays() {
        let found = nearest(&[1.0, 2.0], &[Point::ZERO], |at| {
            let off = at[0] - 4.0;
            move |_| off
        });
        let found = found.expect("is finite");
        assert!(
            (found[0] - 4.0).abs() < 1e-6 && found[1] == 2.0,
            "{found:?}"
        );
    }
}
