//! Whether a value of a property is one that browsers read, and what it is where nothing is set.

use std::borrow::Cow;

use cssparser::{Parser, Token};
use kurbo::Rect;

use super::rules::{Unsafe, check_value};
use crate::css::color::{plain_color, plain_paint};
use crate::css::number::{self, Basis, NotThis, Number, wrong};
use crate::css::transform;
use crate::mend::{Mend, mend_value};

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// In an attribute, where lengths need no unit.
    Attribute,
    /// In a style attribute, where those need none that HTML once had.
    Inline,
    /// In a style sheet.
    Sheet,
}

/// Why a value does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Unsafe(Unsafe),
    /// It is not what the property takes, so that browsers ignore it.
    Unreadable,
}

/// Keywords that every property takes.
const WIDE: [&str; 5] = ["inherit", "initial", "unset", "revert", "revert-layer"];

/// Properties that take one of a few words.
const WORDS: &[(&str, &[&str])] = &[
    ("clip-rule", &["nonzero", "evenodd"]),
    ("fill-rule", &["nonzero", "evenodd"]),
    ("stroke-linecap", &["butt", "round", "square"]),
    (
        "stroke-linejoin",
        &["miter", "round", "bevel", "miter-clip", "arcs"],
    ),
    ("text-anchor", &["start", "middle", "end"]),
    ("visibility", &["visible", "hidden", "collapse"]),
    (
        "transform-box",
        &[
            "content-box",
            "border-box",
            "fill-box",
            "stroke-box",
            "view-box",
        ],
    ),
    (
        "vector-effect",
        &[
            "none",
            "non-scaling-stroke",
            "non-scaling-size",
            "non-rotation",
            "fixed-position",
        ],
    ),
];

/// Words for sizes of fonts, with what they are in pixels.
pub(crate) const FONT_SIZES: [(&str, f64); 8] = [
    ("xx-small", 9.0),
    ("x-small", 10.0),
    ("small", 13.0),
    ("medium", 16.0),
    ("large", 18.0),
    ("x-large", 24.0),
    ("xx-large", 32.0),
    ("xxx-large", 48.0),
];

/// Properties that children do not inherit.
const NOT_INHERITED: &[&str] = &[
    "alignment-baseline",
    "baseline-shift",
    "clip-path",
    "display",
    "dominant-baseline",
    "enable-background",
    "filter",
    "flood-color",
    "flood-opacity",
    "isolation",
    "lighting-color",
    "mask",
    "mask-type",
    "mix-blend-mode",
    "opacity",
    "overflow",
    "stop-color",
    "stop-opacity",
    "text-decoration",
    "unicode-bidi",
];

/// What inherited properties are where nothing is set.
const INITIAL: &[(&str, &str)] = &[
    ("clip-rule", "nonzero"),
    ("color", "#000000"),
    ("direction", "ltr"),
    ("fill", "#000000"),
    ("fill-opacity", "1"),
    ("fill-rule", "nonzero"),
    ("font-size", "medium"),
    ("font-stretch", "normal"),
    ("font-style", "normal"),
    ("font-variant", "normal"),
    ("font-weight", "normal"),
    ("letter-spacing", "normal"),
    ("marker-end", "none"),
    ("marker-mid", "none"),
    ("marker-start", "none"),
    ("paint-order", "normal"),
    ("stroke", "none"),
    ("stroke-dasharray", "none"),
    ("stroke-dashoffset", "0"),
    ("stroke-linecap", "butt"),
    ("stroke-linejoin", "miter"),
    ("stroke-miterlimit", "4"),
    ("stroke-opacity", "1"),
    ("stroke-width", "1"),
    ("text-anchor", "start"),
    ("visibility", "visible"),
    ("word-spacing", "normal"),
];

/// What a keyword that every property takes means for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wide {
    /// As if nothing were set.
    Unset,
    /// As the parent, though it is not inherited.
    Inherit,
    /// A value of its own.
    Is(&'static str),
}

/// What a value means that every property takes.
pub(super) fn wide(name: &str, value: &str) -> Option<Wide> {
    let value = value.trim();
    let word = WIDE.iter().find(|word| value.eq_ignore_ascii_case(word))?;
    let is_inherited = !NOT_INHERITED.contains(&name);
    Some(match *word {
        "inherit" if !is_inherited => Wide::Inherit,
        "initial" => match INITIAL.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => Wide::Is(value),
            None => Wide::Unset,
        },
        _ => Wide::Unset,
    })
}

/// Whether a value has a variable in it, so that it is not known before it is applied.
pub(crate) fn has_variable(value: &str) -> bool {
    value.to_ascii_lowercase().contains("var(")
}

/// A value as it is read; mended where it was not, with what was mended.
pub(super) fn read_or_mended<'v>(
    name: &'static str,
    value: &'v str,
    syntax: Syntax,
) -> (Cow<'v, str>, Option<(Mend, String)>) {
    // Units that CSS asks for are no faults.
    let is_css = syntax != Syntax::Attribute && matches!(name, "transform" | "rotate" | "scale");
    let is_length = matches!(
        name,
        "x" | "y"
            | "cx"
            | "cy"
            | "r"
            | "rx"
            | "ry"
            | "x1"
            | "y1"
            | "x2"
            | "y2"
            | "width"
            | "height"
    );
    if syntax == Syntax::Attribute && is_length && is_size(value) {
        return (value.into(), None);
    }
    let is_judged = syntax != Syntax::Attribute || is_judged(name);
    let is_closed = value.matches('(').count() == value.matches(')').count();
    let is_read = || is_closed && is_judged && is_read(name, value, syntax);
    if is_css || has_variable(value) || is_read() {
        return (value.into(), None);
    }
    match mend_value(name, value) {
        Some((mended, mend)) => {
            let how = format!("{value} → {mended}");
            (mended.into(), Some((mend, how)))
        }
        None => (value.into(), None),
    }
}

/// Why a value does not pass, if it does not.
pub(super) fn refusal(name: &str, value: &str, syntax: Syntax) -> Option<Refusal> {
    if let Err(reason) = check_value(name, value) {
        return Some(Refusal::Unsafe(reason));
    }
    let passes = has_variable(value) || is_read(name, value, syntax);
    (!passes).then_some(Refusal::Unreadable)
}

/// Whether [`is_read`] knows what a property takes, in an attribute.
fn is_judged(name: &str) -> bool {
    matches!(
        name,
        "fill"
            | "stroke"
            | "color"
            | "stop-color"
            | "flood-color"
            | "lighting-color"
            | "opacity"
            | "fill-opacity"
            | "stroke-opacity"
            | "stop-opacity"
            | "flood-opacity"
            | "stroke-width"
            | "stroke-dashoffset"
            | "stroke-miterlimit"
            | "font-size"
    )
}

/// Whether browsers read a value of a property. Of properties whose values are not known here it
/// is taken for granted.
pub(super) fn is_read(name: &str, value: &str, syntax: Syntax) -> bool {
    let value = value.trim();
    if WIDE.iter().any(|word| value.eq_ignore_ascii_case(word)) {
        return true;
    }
    if let Some((_, words)) = WORDS.iter().find(|(known, _)| *known == name) {
        return words.iter().any(|word| value.eq_ignore_ascii_case(word));
    }
    let basis = Basis::default();
    let all = |read: &dyn Fn(&mut Parser<'_>) -> Result<(), NotThis>| {
        Parser::new(value)
            .parse_entirely(|input| read(input))
            .is_ok()
    };
    let frame = || transform::Frame {
        reference: Rect::new(0.0, 0.0, 1.0, 1.0),
        basis,
    };
    match name {
        "fill" | "stroke" => plain_paint(value).is_some(),
        "color" | "stop-color" | "flood-color" | "lighting-color" | "background-color" => {
            plain_color(value).is_some()
        }
        "opacity" | "fill-opacity" | "stroke-opacity" | "stop-opacity" | "flood-opacity" => {
            all(&|input| number::share(input).map(|_| ()))
        }
        "stroke-miterlimit" => all(&|input| number::plain(input).map(|_| ())),
        "stroke-width" | "stroke-dashoffset" => all(&|input| size(input, true)),
        "stroke-dasharray" => all(&|input| {
            if number::takes_none(input) {
                return Ok(());
            }
            while !input.is_exhausted() {
                size(input, true)?;
                let _ = input.try_parse(Parser::expect_comma);
            }
            Ok(())
        }),
        "font-size" => all(&|input| {
            let word = input.try_parse(|input| {
                let word = input.expect_ident()?.to_ascii_lowercase();
                let is_size = FONT_SIZES.iter().any(|(known, _)| *known == word);
                if is_size || word == "larger" || word == "smaller" {
                    return Ok::<_, NotThis>(());
                }
                Err(wrong())
            });
            word.or_else(|_| size(input, syntax != Syntax::Sheet))
        }),
        "letter-spacing" | "word-spacing" => all(&|input| {
            let normal = input.try_parse(|input| input.expect_ident_matching("normal"));
            match normal {
                Ok(()) => Ok(()),
                Err(_) => size(input, syntax != Syntax::Sheet),
            }
        }),
        // As attributes these are judged where their mends are.
        _ if syntax == Syntax::Attribute => match name {
            "transform-origin" => transform::origin(value, &frame(), true).is_some(),
            _ => true,
        },
        "x" | "y" | "cx" | "cy" | "r" | "rx" | "ry" | "width" | "height" => all(&|input| {
            let auto = input.try_parse(|input| input.expect_ident_matching("auto"));
            match auto {
                Ok(()) => Ok(()),
                Err(_) => {
                    let is_side = matches!(name, "width" | "height");
                    size(input, !is_side || syntax != Syntax::Sheet)
                }
            }
        }),
        "d" => all(&|input| path(input).map(|_| ())),
        "font" => svgtypes::FontShorthand::from_str(value).is_ok(),
        "transform" => transform::transform(value, &frame()).is_some(),
        "transform-origin" => transform::origin(value, &frame(), false).is_some(),
        "translate" => transform::translate(value, &frame()).is_some(),
        "rotate" => transform::rotate(value).is_some(),
        "scale" => transform::scale(value).is_some(),
        _ => true,
    }
}

/// Whether a value is one length or percentage.
fn is_size(value: &str) -> bool {
    let mut input = Parser::new(value);
    input.parse_entirely(|input| size(input, true)).is_ok()
}

/// A length or percentage.
fn size(input: &mut Parser<'_>, takes_numbers: bool) -> Result<(), NotThis> {
    // Percentages are lengths here, so that both may stand in one sum.
    let basis = Basis {
        percent: Some(1.0),
        ..Basis::default()
    };
    match Number::parse(input, &basis)? {
        Number::Plain(number) if number == 0.0 || takes_numbers => Ok(()),
        Number::Length(_) => Ok(()),
        _ => Err(wrong()),
    }
}

/// The path data of the property `d`; empty for `none`.
pub(super) fn path(input: &mut Parser<'_>) -> Result<String, NotThis> {
    match input.next()?.clone() {
        Token::Ident(word) if word.eq_ignore_ascii_case("none") => Ok(String::new()),
        Token::Function(name) if name.eq_ignore_ascii_case("path") => {
            input.parse_nested_block(|input| Ok(input.expect_string()?.to_string()))
        }
        _ => Err(wrong()),
    }
}
