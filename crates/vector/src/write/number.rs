//! Numbers as SVG text: how many digits are needed, and the shortest way to write them.

use std::fmt::Write as _;

/// Most decimals ever written.
pub(crate) const MAX_DECIMALS: u8 = 8;

/// Decimals so that rounding moves a coordinate by at most `tolerance` pixels, when one unit is
/// `scale` pixels.
pub(crate) fn decimals_for(scale: f64, tolerance: f64) -> u8 {
    let mut error = 0.5 * scale.abs();
    let mut decimals = 0;
    while decimals < MAX_DECIMALS && (error > tolerance || error.is_nan()) {
        error *= 0.1;
        decimals += 1;
    }
    decimals
}

/// The nearest multiple of `10^-decimals`, in such units; zero for a value that is not a number.
pub(crate) fn to_grid(value: f64, decimals: u8) -> i64 {
    // The cast saturates, and maps NaN to zero.
    (value * 10f64.powi(i32::from(decimals))).round() as i64
}

/// Appends `units × 10^-decimals` without leading or trailing zeros.
pub(crate) fn push_grid(out: &mut String, units: i64, decimals: u8) {
    if units < 0 {
        out.push('-');
    }
    let magnitude = units.unsigned_abs();
    let base = 10u64.pow(u32::from(decimals));
    let (whole, fraction) = (magnitude / base, magnitude % base);
    if whole != 0 || fraction == 0 {
        let _ = write!(out, "{whole}");
    }
    if fraction != 0 {
        let digits = format!("{fraction:0width$}", width = usize::from(decimals));
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
}

/// A number rounded to the given decimals, as short as it can be written.
pub(crate) fn number(value: f64, decimals: u8) -> String {
    let mut out = String::new();
    push_grid(&mut out, to_grid(value, decimals), decimals);
    out
}

/// A number as [`number`] writes it.
pub(crate) fn rounded(value: f64, decimals: u8) -> f64 {
    to_grid(value, decimals) as f64 / 10f64.powi(i32::from(decimals))
}

/// Appends a number to a list of numbers, with a separator only where one is needed.
pub(crate) fn push_separated(out: &mut String, number: &str) {
    let needs_space = match (out.chars().next_back(), number.chars().next()) {
        (Some(last), Some(first)) if last.is_ascii_digit() || last == '.' => match first {
            '-' => false,
            // A second point ends the number before it, when that has one of its own.
            '.' => !ends_with_fraction(out),
            _ => true,
        },
        _ => false,
    };
    if needs_space {
        out.push(' ');
    }
    out.push_str(number);
}

fn ends_with_fraction(text: &str) -> bool {
    text.bytes()
        .rev()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
        .any(|byte| byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, decimals, expected) in [
            (0.0, 2, "0"),
            (-0.004, 2, "0"),
            (0.5, 2, ".5"),
            (-0.5, 2, "-.5"),
            (12.0, 3, "12"),
            (12.34567, 3, "12.346"),
            (-1.05, 2, "-1.05"),
            (1e300, 0, "9223372036854775807"),
            (f64::NAN, 2, "0"),
        ] {
            assert_eq!(number(value, decimals), expected, "{value}");
        }
    }

    #[test]
    fn separators_only_where_needed() {
        let mut out = String::from("M");
        for part in ["1", "2", "-3", ".5", ".25", "7.5", ".5"] {
            push_separated(&mut out, part);
        }
        assert_eq!(out, "M1 2-3 .5.25 7.5.5");
    }

    #[test]
    fn decimals_keep_the_tolerance() {
        for scale in [0.01, 0.5, 1.0, 2.0, 21.3, 512.0] {
            let decimals = decimals_for(scale, 1.0 / 16.0);
            let error = 0.5 * 10f64.powi(-i32::from(decimals)) * scale;
            assert!(error <= 1.0 / 16.0);
            assert!(decimals == 0 || error * 10.0 > 1.0 / 16.0);
        }
    }
}
