//! Path data and lists of points that break SVG's grammar: separators are put right, letters that
//! are no commands are replaced by those that fit, and what remains wrong ends the path, as in
//! browsers.

mod infer;
mod motion;
mod tokens;

use svgtypes::{PathParser, PointsParser};

use crate::sanitise::{Meter, ParseError};

use tokens::{Run, runs};

pub(crate) use infer::Surroundings;

/// Path data that has been mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathMend {
    /// The path data, which now follows the grammar.
    pub(crate) data: String,
    /// Letters that were no commands, and what they have become: `x→a, w→h`.
    pub(crate) commands: String,
    /// How many letters.
    pub(crate) guessed: usize,
    /// Whether separators were put right.
    pub(crate) separators: bool,
    /// Whether an error remained, at which the path ends.
    pub(crate) is_cut_off: bool,
}

/// Largest exponent that is a number's and no command's.
const MAX_EXPONENT: u32 = 9;

/// Mends path data; `None` when it follows the grammar.
pub(crate) fn mend_path(
    data: &str,
    surroundings: &Surroundings,
    meter: &Meter<'_>,
) -> Result<Option<PathMend>, ParseError> {
    if is_valid(data) {
        return Ok(None);
    }
    meter.add(2 * data.len())?;
    let (found, has_separators) = runs(data);
    let replaced = infer::commands(&found, surroundings, meter)?;
    let mut out = PathMend {
        data: String::with_capacity(data.len() + 8),
        commands: String::new(),
        guessed: 0,
        separators: has_separators,
        is_cut_off: false,
    };
    for (run, command) in found.iter().zip(replaced) {
        // Whatever comes before a move draws nothing.
        let is_begun = !out.data.is_empty() || matches!(command, Some(b'm' | b'M'));
        let Some(command) = command.filter(|_| !run.is_error && is_begun) else {
            out.is_cut_off = true;
            break;
        };
        if run.letter.is_none_or(|letter| letter != command) {
            out.note(run, command);
        }
        let numbers = run.numbers_of(command);
        let whole = tokens::complete(command, &numbers);
        if tokens::arity(command) > 0 && whole == 0 {
            out.is_cut_off = true;
            break;
        }
        out.data.push(char::from(command));
        for (index, number) in numbers.iter().take(whole).enumerate() {
            if index > 0 && !number.text.starts_with(['-', '+']) {
                out.data.push(' ');
            }
            out.data.push_str(number.text);
        }
        if whole < numbers.len() {
            // `z` followed by numbers, or too few of them.
            out.is_cut_off = true;
            break;
        }
    }
    out.is_cut_off |= !is_valid(&out.data) && !out.data.is_empty();
    Ok(Some(out))
}

impl PathMend {
    fn note(&mut self, run: &Run<'_>, command: u8) {
        const MAX_NOTE: usize = 40;
        self.guessed += 1;
        if self.commands.len() < MAX_NOTE {
            if !self.commands.is_empty() {
                self.commands.push_str(", ");
            }
            self.commands.extend(run.letter.map(char::from));
            self.commands.push('→');
            self.commands.push(char::from(command));
        }
    }
}

fn is_valid(data: &str) -> bool {
    PathParser::from(data).all(|segment| segment.is_ok()) && !has_letter_as_exponent(data)
}

/// Whether an `e` is too much of an exponent to be one.
fn has_letter_as_exponent(data: &str) -> bool {
    let mut rest = data;
    while let Some(at) = rest.find(['e', 'E']) {
        let digits = rest.get(at + 1..).unwrap_or("");
        let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        let exponent = digits
            .get(..end)
            .and_then(|digits| digits.parse::<u32>().ok());
        if exponent.is_none_or(|exponent| exponent > 4 * MAX_EXPONENT) {
            return true;
        }
        rest = digits;
    }
    false
}

/// Whether a text can only be path data: what stands in an attribute whose name is lost.
pub(crate) fn looks_like_path(text: &str) -> bool {
    let text = text.trim_start();
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | ' ' | ',');
    let mut characters = text.chars();
    let first = characters.next();
    let is_path =
        |c: char| is_number(c) || c.is_ascii_whitespace() || "MmLlHhVvCcSsQqTtAaZze".contains(c);
    matches!(first, Some('M' | 'm'))
        && characters.next().is_some_and(is_number)
        && text.chars().filter(char::is_ascii_digit).count() >= 2
        && text.chars().take(200).all(is_path)
}

/// A list of points with separators put right; `None` when it follows the grammar.
pub(crate) fn mend_points(points: &str) -> Option<String> {
    let numbers = points.trim();
    let plain =
        |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E' | ',' | ' ');
    let is_plain = numbers.chars().all(|c| plain(c) || c.is_ascii_whitespace());
    let commas = numbers.matches(',').count();
    let pairs = PointsParser::from(numbers).count();
    if is_plain && (pairs > 0 && commas <= 2 * pairs || numbers.is_empty()) {
        // An odd number is left over at times, which readers take.
        let parsed = tokens::plain_numbers(numbers).0.len();
        if parsed / 2 == pairs {
            return None;
        }
    }
    let found = tokens::plain_numbers(numbers).0;
    let texts: Vec<&str> = found.iter().map(|number| number.text).collect();
    Some(texts.join(" "))
}

#[cfg(test)]
mod tests {
    use chat2svg_stop::Stop;

    use super::*;

    fn mended(data: &str) -> Option<PathMend> {
        let surroundings = Surroundings::default();
        mend_path(data, &surroundings, &Meter::new(&Stop::never())).expect("not stopped")
    }

    #[test]
    fn what_follows_the_grammar_stays() {
        for data in [
            "M0 0h9v9z",
            "M.5.5-1-2e1,3 4",
            "m0 0a1 1 0 01.5.5",
            "",
            "M1e3.5",
        ] {
            assert_eq!(mended(data), None, "{data}");
        }
    }

    #[test]
    fn separators_are_put_right() {
        for (data, expected) in [
            ("M0;0 L9,;9", "M0 0L9 9"),
            ("M0 0 L9,,9", "M0 0L9 9"),
            ("M0 0 z; m3;3h1", "M0 0zm3 3h1"),
            ("M 0|0 L 9:9", "M0 0L9 9"),
        ] {
            let found = mended(data).expect("mended");
            assert_eq!(found.data, expected, "{data}");
            assert!(found.separators && !found.is_cut_off, "{data}");
        }
    }

    #[test]
    fn letters_become_what_their_numbers_ask_for() {
        for (data, expected) in [
            ("D5 5h10v10h-10z", "M5 5h10v10h-10z"),
            ("M5 5h10v10h-10w", "M5 5h10v10h-10z"),
            ("M5 5x10v10h-10z", "M5 5h10v10h-10z"),
            ("M5 5f1 1 0 0 1 2 0z", "M5 5a1 1 0 0 1 2 0z"),
            ("M50 50u-1 1-2 3-4 5z", "M50 50c-1 1-2 3-4 5z"),
            ("M5 5h10v10zrp3 3h1v1z", "M5 5h10v10zzM3 3h1v1z"),
            ("M0 5e33.5v9z", "M0 5h33.5v9z"),
        ] {
            let found = mended(data).expect("mended");
            let found = found.data.replace("zz", "z");
            assert_eq!(found, expected.replace("zz", "z"), "{data}");
        }
    }

    #[test]
    fn what_cannot_be_mended_ends_the_path() {
        for (data, expected) in [
            ("M0 0L9 9 8", "M0 0L9 9"),
            ("M0 0L9 9 NaN 3 h4", "M0 0L9 9"),
            ("M0 0L9 9 c1 2 3", "M0 0L9 9"),
            ("M0 0 L 3 3 ... ", "M0 0L3 3"),
            ("M0 0 L 3 3 undefined,3", "M0 0L3 3"),
            // Flags are 0 or 1 and nothing else.
            ("M0 0a4 4 0 0e9 1-4 4H8z", "M0 0"),
            ("M0 0a4 4 0 1 1 4 4 4 4 0 2 1 4 4z", "M0 0a4 4 0 1 1 4 4"),
            ("M0 0a4 4 0 1.0 1 4 4;z", "M0 0"),
        ] {
            let found = mended(data).expect("mended");
            assert_eq!(found.data, expected, "{data}");
            assert!(found.is_cut_off, "{data}");
        }
    }

    #[test]
    fn points_are_put_right() {
        assert_eq!(mend_points("1,2 3,4"), None);
        assert_eq!(mend_points("1 2 3"), None);
        assert_eq!(mend_points("").as_deref(), None);
        assert_eq!(mend_points("1,2;3,4").as_deref(), Some("1 2 3 4"));
        assert_eq!(mend_points("(1,2) (3,4)").as_deref(), Some("1 2 3 4"));
        assert_eq!(mend_points("1,,2 3 4").as_deref(), Some("1 2 3 4"));
    }

    #[test]
    fn path_data_is_known_by_its_looks() {
        for text in ["M774.6 1h3", "m 1,2 3 4z", "M-1-2"] {
            assert!(looks_like_path(text), "{text}");
        }
        for text in ["Mountain 12", "M", "m1", "main", "M1 path", ""] {
            assert!(!looks_like_path(text), "{text}");
        }
    }
}
