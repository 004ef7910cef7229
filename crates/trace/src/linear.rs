//! Small systems of linear equations.

/// Share of the largest coefficient below which a pivot is none.
const LEAST_PIVOT: f64 = 1e-11;

/// The solutions of a system of `N` equations for `R` right sides at once, row by row, by
/// elimination with partial pivoting; `None` where the equations are not independent.
pub fn solve<const N: usize, const R: usize>(
    mut rows: [[f64; N]; N],
    mut right: [[f64; R]; N],
) -> Option<[[f64; R]; N]> {
    let largest = rows
        .iter()
        .flatten()
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    for column in 0..N {
        let size = |row: &usize| rows[*row][column].abs();
        let pivot = (column..N).max_by(|a, b| size(a).total_cmp(&size(b)))?;
        rows.swap(column, pivot);
        right.swap(column, pivot);
        if rows[column][column].abs() <= LEAST_PIVOT * largest {
            return None;
        }
        for row in column + 1..N {
            let factor = rows[row][column] / rows[column][column];
            for other in column..N {
                rows[row][other] -= factor * rows[column][other];
            }
            for side in 0..R {
                right[row][side] -= factor * right[column][side];
            }
        }
    }
    for row in (0..N).rev() {
        for side in 0..R {
            let known = (row + 1..N).map(|column| rows[row][column] * right[column][side]);
            right[row][side] = (right[row][side] - known.sum::<f64>()) / rows[row][row];
        }
    }
    Some(right)
}

/// Pivots of a tridiagonal system up to which there are none.
const LEAST_DIAGONAL: f64 = 1e-12;

/// The solutions of a symmetric tridiagonal system for `R` right sides at once. `beside` has, of
/// each row, the coefficient of the next; `None` where the equations are not independent.
pub(crate) fn solve_tridiagonal<const R: usize>(
    mut diagonal: Vec<f64>,
    beside: &[f64],
    mut right: Vec<[f64; R]>,
) -> Option<Vec<[f64; R]>> {
    let count = diagonal.len();
    for row in 1..count {
        let factor = beside[row - 1] / diagonal[row - 1];
        diagonal[row] -= factor * beside[row - 1];
        if diagonal[row] <= LEAST_DIAGONAL {
            return None;
        }
        for side in 0..R {
            right[row][side] -= factor * right[row - 1][side];
        }
    }
    for row in (0..count).rev() {
        for side in 0..R {
            let above = right.get(row + 1).map_or(0.0, |next| next[side]);
            right[row][side] = (right[row][side] - beside[row] * above) / diagonal[row];
        }
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn solutions_fulfil_their_equations(
            rows in prop::array::uniform4(prop::array::uniform4(-9.0..9.0)),
            right in prop::array::uniform4(prop::array::uniform2(-9.0..9.0)),
        ) {
            if let Some(found) = solve::<4, 2>(rows, right) {
                let size = found.iter().flatten().fold(1.0_f64, |most, value| most.max(value.abs()));
                for (row, right) in rows.iter().zip(right) {
                    for side in 0..2 {
                        let sum: f64 = row.iter().zip(found).map(|(a, x)| a * x[side]).sum();
                        prop_assert!((sum - right[side]).abs() < 1e-6 * size);
                    }
                }
            }
        }
    }

    #[test]
    fn a_tridiagonal_system_is_solved_as_any_other() {
        let rows = [[4.0, 1.0, 0.0], [1.0, 3.0, -2.0], [0.0, -2.0, 5.0]];
        let right = [[1.0, 2.0], [0.0, -3.0], [7.0, 1.0]];
        let found = solve_tridiagonal(vec![4.0, 3.0, 5.0], &[1.0, -2.0, 0.0], right.to_vec());
        let pairs = found
            .into_iter()
            .flatten()
            .zip(solve(rows, right).into_iter().flatten());
        for (found, wanted) in pairs.clone() {
            for side in 0..2 {
                assert!((found[side] - wanted[side]).abs() < 1e-12);
            }
        }
        assert_eq!(pairs.count(), 3);
        let singular = solve_tridiagonal(vec![1.0, 1.0], &[1.0, 0.0], vec![[1.0], [2.0]]);
        assert_eq!(singular, None);
    }

    #[test]
    fn dependent_equations_have_no_solution() {
        let rows = [[1.0, 2.0, 0.5], [2.0, 4.0, 1.0], [0.0, 1.0, 3.0]];
        assert_eq!(solve(rows, [[1.0], [2.0], [3.0]]), None);
        assert_eq!(solve([[0.0]], [[1.0]]), None);
        assert_eq!(
            solve([[0.0, 2.0], [4.0, 0.0]], [[2.0], [4.0]]),
            Some([[1.0], [1.0]])
        );
    }
}
