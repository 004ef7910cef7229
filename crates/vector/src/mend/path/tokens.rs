//! Path data cut into letters and what stands behind each.

use super::MAX_EXPONENT;

/// Letters in a row that are looked at.
const MAX_LETTERS: usize = 8;
/// Letters in a row that are a word, and no commands.
const WORD: usize = 3;

/// A number with its text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number<'a> {
    pub(super) text: &'a str,
    pub(super) value: f64,
}

/// A letter and the numbers behind it.
#[derive(Clone, Debug)]
pub(super) struct Run<'a> {
    /// The letter; none when the data begins with numbers.
    pub(super) letter: Option<u8>,
    /// What follows up to the next letter.
    text: &'a str,
    /// Its numbers, unless it is known to be an arc.
    pub(super) plain: Vec<Number<'a>>,
    /// Whether a space stands before the letter.
    pub(super) is_spaced: bool,
    /// Whether what begins here is no data at all: a word, or dots.
    pub(super) is_error: bool,
}

impl<'a> Run<'a> {
    const ERROR: Self = Self {
        letter: Some(b'?'),
        text: "",
        plain: Vec::new(),
        is_spaced: false,
        is_error: true,
    };

    /// Whether the letter is a command.
    pub(super) fn is_known(&self) -> bool {
        self.letter
            .is_some_and(|letter| b"MmLlHhVvCcSsQqTtAaZz".contains(&letter))
    }

    /// The numbers as a command takes them: flags of arcs may stand without separators.
    pub(super) fn numbers_of(&self, command: u8) -> Vec<Number<'a>> {
        if !matches!(command, b'a' | b'A') {
            return self.plain.clone();
        }
        arc_numbers(self.text).unwrap_or_else(|| self.plain.clone())
    }
}

/// How many numbers a command takes at a time.
pub(super) fn arity(command: u8) -> usize {
    match command.to_ascii_lowercase() {
        b'm' | b'l' | b't' => 2,
        b'h' | b'v' => 1,
        b'c' => 6,
        b's' | b'q' => 4,
        b'a' => 7,
        _ => 0,
    }
}

/// How many of its numbers a command takes: whole segments, up to an arc whose flags are neither 0
/// nor 1.
pub(super) fn complete(command: u8, numbers: &[Number<'_>]) -> usize {
    let arity = arity(command);
    if arity == 0 {
        return 0;
    }
    let is_arc = matches!(command, b'a' | b'A');
    let segments = numbers
        .chunks_exact(arity)
        .take_while(|segment| !is_arc || has_flags(segment));
    arity * segments.count()
}

/// Whether an arc's flags are flags.
pub(super) fn has_flags(arc: &[Number<'_>]) -> bool {
    let flags = arc.get(3..5).unwrap_or(&[]);
    flags.len() == 2 && flags.iter().all(|flag| matches!(flag.text, "0" | "1"))
}

/// Path data as runs, and whether something other than spaces and single commas separates numbers.
pub(super) fn runs(data: &str) -> (Vec<Run<'_>>, bool) {
    let mut out: Vec<Run<'_>> = Vec::new();
    let mut has_separators = false;
    let bytes = data.as_bytes();
    let mut at = 0;
    let mut letter = None;
    let mut is_spaced = false;
    loop {
        let start = at;
        // Up to the next letter; an `e` inside a number is part of it.
        while let Some(byte) = bytes.get(at) {
            let number = number_length(data, at);
            if number > 0 {
                at += number;
            } else if byte.is_ascii_alphabetic() {
                break;
            } else {
                at += 1;
            }
        }
        let text = data.get(start..at).unwrap_or("");
        // Dots in a row stand for what somebody left out.
        let (text, is_left_out) = match text.split_once("..") {
            Some((text, _)) => (text, true),
            None => (text, false),
        };
        let (plain, is_plain) = plain_numbers(text);
        has_separators |= !is_plain;
        if letter.is_some() || !plain.is_empty() {
            out.push(Run {
                letter,
                text,
                plain,
                is_spaced,
                is_error: false,
            });
        }
        if is_left_out {
            out.push(Run::ERROR);
            return (out, has_separators);
        }
        let Some(next) = bytes.get(at) else {
            return (out, has_separators);
        };
        is_spaced = text.ends_with(|c: char| c.is_ascii_whitespace());
        let letters = bytes.get(at..).unwrap_or(&[]).iter().take(MAX_LETTERS);
        let letters = letters.take_while(|b| b.is_ascii_alphabetic());
        // Closing again and again is no word.
        if letters.filter(|b| !b"Zz".contains(b)).count() >= WORD {
            out.push(Run::ERROR);
            return (out, has_separators);
        }
        letter = Some(*next);
        at += 1;
    }
}

/// The numbers of a text, and whether only what may separate them stands between.
pub(super) fn plain_numbers(text: &str) -> (Vec<Number<'_>>, bool) {
    let mut out = Vec::new();
    let (mut at, mut is_plain, mut commas) = (0, true, 0);
    while let Some(byte) = text.as_bytes().get(at) {
        let length = number_length(text, at);
        if length == 0 {
            is_plain &= byte.is_ascii_whitespace() || *byte == b',';
            commas += usize::from(*byte == b',');
            at += 1;
            continue;
        }
        is_plain &= commas == 0 || commas == 1 && !out.is_empty();
        commas = 0;
        let number = text.get(at..at + length).unwrap_or("");
        out.push(Number {
            text: number,
            value: number.parse().unwrap_or(0.0),
        });
        at += length;
    }
    (out, is_plain && commas == 0)
}

/// The numbers of arcs; `None` when there is something else.
fn arc_numbers(text: &str) -> Option<Vec<Number<'_>>> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        let is_flag = matches!(out.len() % 7, 3 | 4);
        let length = if is_flag && matches!(byte, b'0' | b'1') {
            1
        } else {
            number_length(text, at)
        };
        if length == 0 {
            at += 1;
            continue;
        }
        if is_flag && length != 1 {
            return None;
        }
        let number = text.get(at..at + length)?;
        out.push(Number {
            text: number,
            value: number.parse().ok()?,
        });
        at += length;
    }
    Some(out)
}

/// The length of the number at a place; 0 when there is none. An `e` counts as an exponent's only
/// where it makes sense as one: `256E21.33` is 256, a letter, and 21.33.
fn number_length(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes().get(at..).unwrap_or(&[]);
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or(&[]);
        rest.iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let sign = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    let whole = digits(sign);
    let mut length = sign + whole;
    let mut fraction = 0;
    if bytes.get(length) == Some(&b'.') {
        fraction = digits(length + 1);
        length += usize::from(whole + fraction > 0) + fraction;
    }
    if whole + fraction == 0 {
        return 0;
    }
    if !matches!(bytes.get(length), Some(b'e' | b'E')) {
        return length;
    }
    let exponent_sign = usize::from(matches!(bytes.get(length + 1), Some(b'-' | b'+')));
    let exponent = digits(length + 1 + exponent_sign);
    let end = length + 1 + exponent_sign + exponent;
    let value: Option<u32> = text
        .get(at + length + 1 + exponent_sign..at + end)
        .and_then(|digits| digits.parse().ok());
    // As programs print them: a sign and two digits.
    let is_printed = exponent_sign == 1 && exponent == 2;
    let is_exponent = value.is_some_and(|value| value <= MAX_EXPONENT)
        && (is_printed || bytes.get(end) != Some(&b'.'));
    if is_exponent { end } else { length }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        let numbers = plain_numbers(text).0;
        numbers.iter().map(|number| number.text).collect()
    }

    #[test]
    fn numbers_are_told_from_letters() {
        assert_eq!(texts("1-2.5.5e3,+7"), ["1", "-2.5", ".5e3", "+7"]);
        assert_eq!(texts("-2.73e+02-55.6"), ["-2.73e+02", "-55.6"]);
        assert_eq!(texts("9.33e-01.5"), ["9.33e-01", ".5"]);
        assert_eq!(texts("1. 2"), ["1.", "2"]);
        assert_eq!(texts("- . 3"), ["3"]);
        let (found, _) = runs("M0 256E21.33e-85.5 2");
        let letters: Vec<_> = found.iter().map(|run| run.letter).collect();
        assert_eq!(letters, [Some(b'M'), Some(b'E'), Some(b'e')]);
    }

    #[test]
    fn flags_may_stand_together() {
        let (found, _) = runs("a1 1 0 01.5.5");
        let numbers = found.first().map(|run| run.numbers_of(b'a'));
        assert_eq!(numbers.map(|numbers| numbers.len()), Some(7));
    }
}
