//! Conditions of at-rules: `@media` as a browser on a bright screen answers, `@supports`.

use cssparser::{Parser, Token};

use super::number::{Basis, NotThis, Number, wrong};

/// Most brackets inside one another.
const MAX_DEPTH: usize = 16;

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    /// It asks for something that is not known here.
    Unknown,
}

impl Truth {
    fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

/// The screen that `@media` asks about: as large as the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Screen {
    /// Pixels.
    pub(crate) width: f64,
    /// Pixels.
    pub(crate) height: f64,
}

/// The query list of `@media`, up to the end of the input.
pub(crate) fn media(input: &mut Parser<'_>, screen: Screen) -> Truth {
    if input.is_exhausted() {
        return Truth::True;
    }
    let queries = input.parse_comma_separated(|input| {
        // A query that is no query does not apply; the others stand.
        Ok::<_, NotThis>(
            input
                .parse_entirely(|input| query(input, screen))
                .unwrap_or_else(|_: NotThis| {
                    while input.next().is_ok() {}
                    Truth::Unknown
                }),
        )
    });
    match queries {
        Ok(queries) => queries.into_iter().fold(Truth::False, Truth::or),
        Err(_) => Truth::Unknown,
    }
}

fn query(input: &mut Parser<'_>, screen: Screen) -> Result<Truth, NotThis> {
    let mut feature = |input: &mut Parser<'_>| Ok(feature(input, screen));
    let typed = input.try_parse(|input| {
        let mut word = input.expect_ident()?.to_ascii_lowercase();
        let is_negated = word == "not";
        if is_negated || word == "only" {
            word = input.expect_ident()?.to_ascii_lowercase();
        }
        if matches!(word.as_str(), "and" | "or" | "not") {
            return Err(wrong());
        }
        let mut out = Truth::of(matches!(word.as_str(), "all" | "screen"));
        while !input.is_exhausted() {
            input.expect_ident_matching("and")?;
            out = out.and(operand(input, &mut feature, 0)?);
        }
        Ok::<_, NotThis>(if is_negated { out.not() } else { out })
    });
    match typed {
        Ok(truth) => Ok(truth),
        Err(_) => condition(input, &mut feature, 0),
    }
}

/// A condition of `@supports`, up to the end of the input; `supports` judges a declaration or a
/// function.
pub(crate) fn supports(
    input: &mut Parser<'_>,
    supports: &mut dyn FnMut(&mut Parser<'_>) -> Result<Truth, NotThis>,
) -> Truth {
    let found = input.parse_entirely(|input| condition(input, supports, 0));
    found.unwrap_or(Truth::Unknown)
}

type Leaf<'a> = dyn FnMut(&mut Parser<'_>) -> Result<Truth, NotThis> + 'a;

fn condition(input: &mut Parser<'_>, leaf: &mut Leaf<'_>, depth: usize) -> Result<Truth, NotThis> {
    if depth > MAX_DEPTH {
        return Err(wrong());
    }
    if input
        .try_parse(|input| input.expect_ident_matching("not"))
        .is_ok()
    {
        return operand(input, leaf, depth).map(Truth::not);
    }
    let mut out = operand(input, leaf, depth)?;
    let word = |input: &mut Parser<'_>, word: &str| {
        input
            .try_parse(|input| input.expect_ident_matching(word))
            .is_ok()
    };
    if word(input, "and") {
        out = out.and(operand(input, leaf, depth)?);
        while word(input, "and") {
            out = out.and(operand(input, leaf, depth)?);
        }
    } else {
        while word(input, "or") {
            out = out.or(operand(input, leaf, depth)?);
        }
    }
    Ok(out)
}

fn operand(input: &mut Parser<'_>, leaf: &mut Leaf<'_>, depth: usize) -> Result<Truth, NotThis> {
    let before = input.state();
    match input.next()?.clone() {
        Token::ParenthesisBlock => input.parse_nested_block(|input| {
            let inner = input.try_parse(|input| {
                let found = condition(input, leaf, depth + 1)?;
                input.expect_exhausted()?;
                Ok::<_, NotThis>(found)
            });
            match inner {
                Ok(found) => Ok(found),
                Err(_) => {
                    let found = leaf(input).unwrap_or(Truth::Unknown);
                    while input.next().is_ok() {}
                    Ok(found)
                }
            }
        }),
        Token::Function(_) => {
            input.reset(&before);
            leaf(input)
        }
        _ => Err(wrong()),
    }
}

/// A value that is compared.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Word(String),
    Number(f64),
    /// Pixels.
    Length(f64),
    Ratio(f64),
    /// Dots for each pixel.
    Resolution(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less { or_equal: bool },
    More { or_equal: bool },
}

/// What stands in the brackets of a media query.
fn feature(input: &mut Parser<'_>, screen: Screen) -> Truth {
    let name =
        |input: &mut Parser<'_>| Ok::<_, NotThis>(input.expect_ident()?.to_ascii_lowercase());
    let plain = input.try_parse(|input| {
        let name = name(input)?;
        if input.is_exhausted() {
            return Ok(is_set(&name, screen));
        }
        input.expect_colon()?;
        let wanted = value(input)?;
        input.expect_exhausted()?;
        let (name, comparison) = match (name.strip_prefix("min-"), name.strip_prefix("max-")) {
            (Some(rest), _) => (rest, Comparison::More { or_equal: true }),
            (_, Some(rest)) => (rest, Comparison::Less { or_equal: true }),
            _ => match name.as_str() {
                "-webkit-min-device-pixel-ratio" => (
                    "-webkit-device-pixel-ratio",
                    Comparison::More { or_equal: true },
                ),
                "-webkit-max-device-pixel-ratio" => (
                    "-webkit-device-pixel-ratio",
                    Comparison::Less { or_equal: true },
                ),
                name => (name, Comparison::Equal),
            },
        };
        Ok::<_, NotThis>(compare(actual(name, screen), comparison, &wanted))
    });
    if let Ok(truth) = plain {
        return truth;
    }
    let range = input.try_parse(|input| {
        let forwards = input.try_parse(|input| {
            let name = name(input)?;
            let comparison = comparison(input)?;
            let wanted = value(input)?;
            input.expect_exhausted()?;
            Ok::<_, NotThis>(compare(actual(&name, screen), comparison, &wanted))
        });
        if let Ok(truth) = forwards {
            return Ok(truth);
        }
        let first = value(input)?;
        let turned = match comparison(input)? {
            Comparison::Equal => Comparison::Equal,
            Comparison::Less { or_equal } => Comparison::More { or_equal },
            Comparison::More { or_equal } => Comparison::Less { or_equal },
        };
        let name = name(input)?;
        let mut out = compare(actual(&name, screen), turned, &first);
        if !input.is_exhausted() {
            let next = comparison(input)?;
            out = out.and(compare(actual(&name, screen), next, &value(input)?));
        }
        input.expect_exhausted()?;
        Ok::<_, NotThis>(out)
    });
    range.unwrap_or(Truth::Unknown)
}

fn comparison(input: &mut Parser<'_>) -> Result<Comparison, NotThis> {
    let sign = match input.next()? {
        Token::Delim(sign) => *sign,
        _ => return Err(wrong()),
    };
    let or_equal = input
        .try_parse(|input| match input.next_including_whitespace()? {
            Token::Delim('=') => Ok::<_, NotThis>(()),
            _ => Err(wrong()),
        })
        .is_ok();
    match sign {
        '<' => Ok(Comparison::Less { or_equal }),
        '>' => Ok(Comparison::More { or_equal }),
        '=' if !or_equal => Ok(Comparison::Equal),
        _ => Err(wrong()),
    }
}

fn value(input: &mut Parser<'_>) -> Result<Value, NotThis> {
    let before = input.state();
    match input.next()?.clone() {
        Token::Ident(word) => return Ok(Value::Word(word.to_ascii_lowercase())),
        Token::Dimension { value, unit, .. } => {
            let per_pixel = match unit.to_ascii_lowercase().as_str() {
                "dppx" | "x" => Some(1.0),
                "dpi" => Some(1.0 / 96.0),
                "dpcm" => Some(2.54 / 96.0),
                _ => None,
            };
            if let Some(per_pixel) = per_pixel {
                return Ok(Value::Resolution(f64::from(value) * per_pixel));
            }
        }
        _ => {}
    }
    input.reset(&before);
    match Number::parse(input, &Basis::default())? {
        Number::Length(pixels) => Ok(Value::Length(pixels)),
        Number::Plain(number) => {
            let is_ratio = input.try_parse(|input| input.expect_delim('/')).is_ok();
            if !is_ratio {
                return Ok(Value::Number(number));
            }
            match Number::parse(input, &Basis::default())? {
                Number::Plain(other) => Ok(Value::Ratio(number / other)),
                _ => Err(wrong()),
            }
        }
        _ => Err(wrong()),
    }
}

/// What a feature is here; `None` when it is not known.
fn actual(name: &str, screen: Screen) -> Option<Value> {
    let word = |word: &str| Some(Value::Word(word.to_owned()));
    match name {
        "width" | "device-width" => Some(Value::Length(screen.width)),
        "height" | "device-height" => Some(Value::Length(screen.height)),
        "aspect-ratio" | "device-aspect-ratio" => Some(Value::Ratio(screen.width / screen.height)),
        "orientation" if screen.width > screen.height => word("landscape"),
        "orientation" => word("portrait"),
        "resolution" => Some(Value::Resolution(1.0)),
        "-webkit-device-pixel-ratio" => Some(Value::Number(1.0)),
        "color" => Some(Value::Number(8.0)),
        "color-index" | "monochrome" | "grid" => Some(Value::Number(0.0)),
        "color-gamut" => word("srgb"),
        "dynamic-range" | "video-dynamic-range" => word("standard"),
        "prefers-color-scheme" => word("light"),
        "prefers-reduced-motion"
        | "prefers-reduced-data"
        | "prefers-reduced-transparency"
        | "prefers-contrast" => word("no-preference"),
        "forced-colors" | "inverted-colors" => word("none"),
        "hover" | "any-hover" => word("hover"),
        "pointer" | "any-pointer" => word("fine"),
        "update" => word("fast"),
        "scripting" => word("none"),
        "scan" => word("progressive"),
        "display-mode" => word("browser"),
        _ => None,
    }
}

/// A feature without a value.
fn is_set(name: &str, screen: Screen) -> Truth {
    match actual(name, screen) {
        Some(Value::Word(word)) => Truth::of(word != "none" && word != "no-preference"),
        Some(Value::Number(n) | Value::Length(n) | Value::Ratio(n) | Value::Resolution(n)) => {
            Truth::of(n != 0.0)
        }
        None => Truth::Unknown,
    }
}

fn compare(actual: Option<Value>, comparison: Comparison, wanted: &Value) -> Truth {
    let Some(actual) = actual else {
        return Truth::Unknown;
    };
    let (actual, wanted) = match (&actual, wanted) {
        (Value::Word(actual), Value::Word(wanted)) => {
            return match comparison {
                Comparison::Equal => Truth::of(actual == wanted),
                _ => Truth::Unknown,
            };
        }
        (Value::Number(a), Value::Number(b))
        | (Value::Length(a), Value::Length(b))
        | (Value::Ratio(a), Value::Ratio(b) | Value::Number(b))
        | (Value::Resolution(a), Value::Resolution(b)) => (*a, *b),
        (Value::Length(a), Value::Number(b)) if *b == 0.0 => (*a, *b),
        _ => return Truth::Unknown,
    };
    Truth::of(match comparison {
        Comparison::Equal => actual == wanted,
        Comparison::Less { or_equal } => actual < wanted || or_equal && actual == wanted,
        Comparison::More { or_equal } => actual > wanted || or_equal && actual == wanted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_queries_are_answered_as_on_a_bright_screen() {
        let screen = Screen {
            width: 200.0,
            height: 160.0,
        };
        for (text, expected) in [
            ("", Truth::True),
            ("all", Truth::True),
            ("screen", Truth::True),
            ("ONLY screen and (color)", Truth::True),
            ("print", Truth::False),
            ("not print", Truth::True),
            ("print, screen", Truth::True),
            ("(prefers-color-scheme: light)", Truth::True),
            ("(prefers-color-scheme:dark)", Truth::False),
            ("not (prefers-color-scheme: dark)", Truth::True),
            ("screen and (prefers-color-scheme: dark)", Truth::False),
            ("(prefers-reduced-motion)", Truth::False),
            ("(prefers-reduced-motion: no-preference)", Truth::True),
            ("(min-width: 100px) and (max-width: 300px)", Truth::True),
            ("(min-width: 20em)", Truth::False),
            ("(width >= 100px)", Truth::True),
            ("(100px < width <= 200px)", Truth::True),
            ("(200px < width)", Truth::False),
            (
                "((orientation: portrait) or (min-aspect-ratio: 5/4))",
                Truth::True,
            ),
            ("(orientation: portrait) or (print)", Truth::Unknown),
            ("(min-resolution: 2dppx)", Truth::False),
            ("(-webkit-min-device-pixel-ratio: 2)", Truth::False),
            ("(hover: hover) and (pointer: fine)", Truth::True),
            ("(shape: round)", Truth::Unknown),
            ("(((", Truth::Unknown),
            ("screen and", Truth::Unknown),
            ("?, screen", Truth::True),
        ] {
            assert_eq!(media(&mut Parser::new(text), screen), expected, "{text}");
        }
        let deep = "(".repeat(10_000);
        assert_eq!(media(&mut Parser::new(&deep), screen), Truth::Unknown);
    }

    #[test]
    fn conditions_of_support_ask_about_each() {
        let mut asked = |input: &mut Parser<'_>| {
            let name = input.expect_ident()?.to_string();
            Ok(Truth::of(name == "fill"))
        };
        for (text, expected) in [
            ("(fill: red)", Truth::True),
            ("(grid: red)", Truth::False),
            ("not (grid: red)", Truth::True),
            ("(fill: red) and (grid: x)", Truth::False),
            ("(fill: red) or ((grid: x) and (fill: y))", Truth::True),
            ("fill: red", Truth::Unknown),
        ] {
            assert_eq!(
                supports(&mut Parser::new(text), &mut asked),
                expected,
                "{text}"
            );
        }
    }
}
