//! The least value of a function of few numbers, without derivatives (Nelder and Mead 1965).

/// The place, from `start` on, at which a function is least: `steps` away at first along each axis,
/// in so many rounds.
pub(super) fn minimised<const N: usize>(
    start: [f64; N],
    steps: [f64; N],
    rounds: usize,
    mut value: impl FnMut(&[f64; N]) -> f64,
) -> [f64; N] {
    let mut corners: Vec<([f64; N], f64)> = vec![(start, value(&start))];
    for axis in 0..N {
        let mut corner = start;
        corner[axis] += steps[axis];
        corners.push((corner, value(&corner)));
    }
    for _ in 0..rounds {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (worst, largest) = corners[N];
        let center: [f64; N] = std::array::from_fn(|axis| {
            corners[..N]
                .iter()
                .map(|(corner, _)| corner[axis])
                .sum::<f64>()
                / N as f64
        });
        let along = |share: f64| -> [f64; N] {
            std::array::from_fn(|axis| center[axis] + share * (worst[axis] - center[axis]))
        };
        let mirrored = along(-1.0);
        let found = value(&mirrored);
        if found < corners[0].1 {
            let far = along(-2.0);
            let further = value(&far);
            corners[N] = if further < found {
                (far, further)
            } else {
                (mirrored, found)
            };
        } else if found < corners[N - 1].1 {
            corners[N] = (mirrored, found);
        } else {
            let near = along(0.5);
            let nearer = value(&near);
            if nearer < largest {
                corners[N] = (near, nearer);
                continue;
            }
            let best = corners[0].0;
            for corner in &mut corners[1..] {
                corner.0 = std::array::from_fn(|axis| 0.5 * (best[axis] + corner.0[axis]));
                corner.1 = value(&corner.0);
            }
        }
    }
    corners.sort_by(|a, b| a.1.total_cmp(&b.1));
    corners[0].0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valley_is_followed_to_its_end() {
        let banana =
            |at: &[f64; 2]| (1.0 - at[0]).powi(2) + 100.0 * (at[1] - at[0] * at[0]).powi(2);
        let [x, y] = minimised([-1.2, 1.0], [0.5, 0.5], 300, banana);
        assert!((x - 1.0).abs() < 1e-3 && (y - 1.0).abs() < 1e-3, "{x} {y}");
    }
}
