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
