//! Numbers, lengths and angles of CSS, with `calc()` and its relatives, resolved to pixels and
//! degrees.

use cssparser::{ParseError, Parser, Token};

/// Most brackets inside one another.
const MAX_DEPTH: usize = 16;

/// What relative lengths refer to, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Basis {
    /// The element's font size; for the font size itself that of its parent.
    pub(crate) font: f64,
    /// The root's font size.
    pub(crate) root_font: f64,
    /// What a viewport's width and height are.
    pub(crate) screen: (f64, f64),
    /// What 100% are; `None` where percentages stay percentages.
    pub(crate) percent: Option<f64>,
}

impl Default for Basis {
    /// Fonts of 16 pixels, a screen of 100 by 100, percentages that stay.
    fn default() -> Self {
        Self {
            font: 16.0,
            root_font: 16.0,
            screen: (100.0, 100.0),
            percent: None,
        }
    }
}

/// A value with its kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Plain(f64),
    /// In pixels.
    Length(f64),
    /// Of a hundred.
    Percent(f64),
    /// In degrees.
    Angle(f64),
}

/// That a value is not what it should be.
pub(crate) type NotThis = ParseError<()>;

impl Number {
    /// The next value of the input.
    pub(crate) fn parse(input: &mut Parser<'_>, basis: &Basis) -> Result<Self, NotThis> {
        let number = term(input, basis, 0)?;
        let (Self::Plain(n) | Self::Length(n) | Self::Percent(n) | Self::Angle(n)) = number;
        if n.is_finite() {
            Ok(number)
        } else {
            Err(wrong())
        }
    }

    fn map(self, change: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::Plain(n) => Self::Plain(change(n)),
            Self::Length(n) => Self::Length(change(n)),
            Self::Percent(n) => Self::Percent(change(n)),
            Self::Angle(n) => Self::Angle(change(n)),
        }
    }

    /// Joins two values of one kind.
    fn join(self, other: Self, join: impl Fn(f64, f64) -> f64) -> Result<Self, NotThis> {
        Ok(match (self, other) {
            (Self::Plain(a), Self::Plain(b)) => Self::Plain(join(a, b)),
            (Self::Length(a), Self::Length(b)) => Self::Length(join(a, b)),
            (Self::Percent(a), Self::Percent(b)) => Self::Percent(join(a, b)),
            (Self::Angle(a), Self::Angle(b)) => Self::Angle(join(a, b)),
            _ => return Err(wrong()),
        })
    }
}

/// A length in pixels, where a number without a unit must be zero.
pub(crate) fn length(input: &mut Parser<'_>, basis: &Basis) -> Result<f64, NotThis> {
    match Number::parse(input, basis)? {
        Number::Length(pixels) => Ok(pixels),
        Number::Plain(0.0) => Ok(0.0),
        _ => Err(wrong()),
    }
}

/// A length in pixels, where a number without a unit is one.
pub(crate) fn length_or_number(input: &mut Parser<'_>, basis: &Basis) -> Result<f64, NotThis> {
    match Number::parse(input, basis)? {
        Number::Length(pixels) | Number::Plain(pixels) => Ok(pixels),
        _ => Err(wrong()),
    }
}

/// A number without a unit.
pub(crate) fn plain(input: &mut Parser<'_>) -> Result<f64, NotThis> {
    match Number::parse(input, &Basis::default())? {
        Number::Plain(number) => Ok(number),
        _ => Err(wrong()),
    }
}

/// A number, or a percentage as a share of 1.
pub(crate) fn share(input: &mut Parser<'_>) -> Result<f64, NotThis> {
    match Number::parse(input, &Basis::default())? {
        Number::Plain(number) => Ok(number),
        Number::Percent(percent) => Ok(percent / 100.0),
        _ => Err(wrong()),
    }
}

/// Takes the word `none` off, if it comes next; whether it did.
pub(crate) fn takes_none(input: &mut Parser<'_>) -> bool {
    let none = input.try_parse(|input| input.expect_ident_matching("none"));
    none.is_ok()
}

/// An angle in degrees.
pub(crate) fn angle(input: &mut Parser<'_>) -> Result<f64, NotThis> {
    match Number::parse(input, &Basis::default())? {
        Number::Angle(degrees) => Ok(degrees),
        Number::Plain(0.0) => Ok(0.0),
        _ => Err(wrong()),
    }
}

pub(crate) fn wrong() -> NotThis {
    ParseError::unexpected_token()
}

fn term(input: &mut Parser<'_>, basis: &Basis, depth: usize) -> Result<Number, NotThis> {
    match input.next()?.clone() {
        Token::Number { value, .. } => Ok(Number::Plain(shortest(value))),
        Token::Percentage { unit_value, .. } => {
            let percent = shortest(unit_value * 100.0);
            Ok(match basis.percent {
                Some(whole) => Number::Length(percent / 100.0 * whole),
                None => Number::Percent(percent),
            })
        }
        Token::Dimension { value, unit, .. } => dimension(shortest(value), &unit, basis),
        Token::Function(name) if depth < MAX_DEPTH => {
            let name = name.to_ascii_lowercase();
            input.parse_nested_block(|input| function(input, &name, basis, depth + 1))
        }
        Token::ParenthesisBlock if 0 < depth && depth < MAX_DEPTH => {
            input.parse_nested_block(|input| sum(input, basis, depth + 1))
        }
        Token::Ident(name) if depth > 0 => match name.to_ascii_lowercase().as_str() {
            "pi" => Ok(Number::Plain(std::f64::consts::PI)),
            "e" => Ok(Number::Plain(std::f64::consts::E)),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// The number that was written: the nearest in double precision of what single precision kept.
fn shortest(value: f32) -> f64 {
    let text = value.to_string();
    text.parse().unwrap_or(f64::from(value))
}

fn dimension(value: f64, unit: &str, basis: &Basis) -> Result<Number, NotThis> {
    let (width, height) = basis.screen;
    let pixels = match unit.to_ascii_lowercase().as_str() {
        "px" => 1.0,
        "in" => 96.0,
        "cm" => 96.0 / 2.54,
        "mm" => 96.0 / 25.4,
        "q" => 96.0 / 101.6,
        "pt" => 96.0 / 72.0,
        "pc" => 16.0,
        "em" => basis.font,
        "ex" | "ch" => basis.font / 2.0,
        "rem" => basis.root_font,
        "vw" | "svw" | "lvw" | "dvw" => width / 100.0,
        "vh" | "svh" | "lvh" | "dvh" => height / 100.0,
        "vmin" => width.min(height) / 100.0,
        "vmax" => width.max(height) / 100.0,
        "deg" => return Ok(Number::Angle(value)),
        "rad" => return Ok(Number::Angle(value.to_degrees())),
        "grad" => return Ok(Number::Angle(0.9 * value)),
        "turn" => return Ok(Number::Angle(360.0 * value)),
        _ => return Err(wrong()),
    };
    Ok(Number::Length(value * pixels))
}

fn function(
    input: &mut Parser<'_>,
    name: &str,
    basis: &Basis,
    depth: usize,
) -> Result<Number, NotThis> {
    match name {
        "calc" | "-webkit-calc" => return sum(input, basis, depth),
        "min" | "max" | "clamp" | "hypot" | "abs" | "sign" | "sin" | "cos" | "tan" | "sqrt" => {}
        _ => return Err(wrong()),
    }
    let values = input.parse_comma_separated(|input| sum(input, basis, depth))?;
    let joined = |join: fn(f64, f64) -> f64| {
        let mut values = values.iter().copied();
        let first = values.next().ok_or(wrong())?;
        values.try_fold(first, |sum, value| sum.join(value, join))
    };
    match (name, values.as_slice()) {
        ("min", _) => joined(f64::min),
        ("max", _) => joined(f64::max),
        ("hypot", _) => joined(f64::hypot),
        ("clamp", [least, value, most]) => value.join(*most, f64::min)?.join(*least, f64::max),
        ("abs", [value]) => Ok(value.map(f64::abs)),
        ("sign", [Number::Plain(n)]) if *n == 0.0 => Ok(Number::Plain(0.0)),
        ("sign", [Number::Plain(n) | Number::Length(n)]) => Ok(Number::Plain(n.signum())),
        ("sqrt", [Number::Plain(n)]) => Ok(Number::Plain(n.sqrt())),
        ("sin", [angle]) => radians(*angle).map(|angle| Number::Plain(angle.sin())),
        ("cos", [angle]) => radians(*angle).map(|angle| Number::Plain(angle.cos())),
        ("tan", [angle]) => radians(*angle).map(|angle| Number::Plain(angle.tan())),
        _ => Err(wrong()),
    }
}

fn radians(angle: Number) -> Result<f64, NotThis> {
    match angle {
        Number::Plain(radians) => Ok(radians),
        Number::Angle(degrees) => Ok(degrees.to_radians()),
        _ => Err(wrong()),
    }
}

fn sum(input: &mut Parser<'_>, basis: &Basis, depth: usize) -> Result<Number, NotThis> {
    let mut total = product(input, basis, depth)?;
    loop {
        let before = input.state();
        // `+` and `-` stand between spaces.
        let is_apart = matches!(input.next_including_whitespace(), Ok(Token::WhiteSpace(_)));
        let sign = match input.next() {
            Ok(Token::Delim('+')) if is_apart => 1.0,
            Ok(Token::Delim('-')) if is_apart => -1.0,
            _ => {
                input.reset(&before);
                return Ok(total);
            }
        };
        let next = product(input, basis, depth)?;
        total = total.join(next, |a, b| a + sign * b)?;
    }
}

fn product(input: &mut Parser<'_>, basis: &Basis, depth: usize) -> Result<Number, NotThis> {
    let mut total = term(input, basis, depth)?;
    loop {
        let before = input.state();
        match input.next() {
            Ok(Token::Delim('*')) => {
                total = match (total, term(input, basis, depth)?) {
                    (Number::Plain(factor), value) | (value, Number::Plain(factor)) => {
                        value.map(|n| n * factor)
                    }
                    _ => return Err(wrong()),
                };
            }
            Ok(Token::Delim('/')) => {
                let Number::Plain(divisor) = term(input, basis, depth)? else {
                    return Err(wrong());
                };
                total = total.map(|n| n / divisor);
            }
            _ => {
                input.reset(&before);
                return Ok(total);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, percent: Option<f64>) -> Option<Number> {
        let basis = Basis {
            font: 10.0,
            screen: (200.0, 100.0),
            percent,
            ..Basis::default()
        };
        let mut input = Parser::new(text);
        input
            .parse_entirely(|input| Number::parse(input, &basis))
            .ok()
    }

    #[test]
    fn values_become_pixels_and_degrees() {
        for (text, expected) in [
            ("2", Number::Plain(2.0)),
            ("1.1px", Number::Length(1.1)),
            ("2em", Number::Length(20.0)),
            ("2rem", Number::Length(32.0)),
            ("1in", Number::Length(96.0)),
            ("5vw", Number::Length(10.0)),
            ("5VMIN", Number::Length(5.0)),
            ("0.25turn", Number::Angle(90.0)),
            ("100grad", Number::Angle(90.0)),
            ("20%", Number::Length(16.0)),
            ("calc(20% - 2px * 3)", Number::Length(10.0)),
            ("calc((1px + 2px) / 2)", Number::Length(1.5)),
            ("min(3px, 2em, 5px)", Number::Length(3.0)),
            ("clamp(1px, 9px, 4px)", Number::Length(4.0)),
            ("calc(360deg / 3)", Number::Angle(120.0)),
            ("max(1, calc(2*3))", Number::Plain(6.0)),
            ("sin(90deg)", Number::Plain(1.0)),
        ] {
            assert_eq!(value(text, Some(80.0)), Some(expected), "{text}");
        }
        assert_eq!(value("20%", None), Some(Number::Percent(20.0)));
        for text in [
            "",
            "px",
            "1zz",
            "calc(1px + 2)",
            "calc(1px+2px)",
            "calc(1px * 2px)",
            "(1px)",
            "calc(1px / 0)",
            "clamp(1px)",
            "1px 2px",
            "calc(pi",
            "min()",
        ] {
            let found = value(text, Some(80.0));
            assert!(found.is_none() || text == "calc(pi", "{text}: {found:?}");
        }
        let deep = "(".repeat(5_000);
        assert_eq!(
            value(&format!("calc{deep}1{}", ")".repeat(5_000)), None),
            None
        );
    }
}
