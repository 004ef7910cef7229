//! Real SVG with its numbers made extreme, its elements copied and moved, and markers, patterns,
//! masks, clip paths and `use` put in where they are inherited; and its text broken as models and
//! people break it. It is refused, or mended, read, written, read and shown.

#![no_main]

use chat2svg_vector::sanitise::sanitise;
use chat2svg_vector::{CostBudget, Document, ParseLimits, WriteOptions};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

/// Side in pixels of what is rendered.
const SIDE: u32 = 48;

/// What numbers become.
const NUMBERS: [&str; 20] = [
    "0",
    "-0",
    "-1",
    "1",
    "1e-30",
    "1e-8",
    "-1e-3",
    "1e3",
    "99999",
    "1e6",
    "5e8",
    "-5e8",
    "1e9",
    "1e38",
    "-3e38",
    "1e999",
    "NaN",
    "inf",
    "4294967296",
    "0.0000001",
];

/// What may be referred to; put in at the start.
const TARGETS: [&str; 6] = [
    "<marker id=\"fm\" overflow=\"visible\"><path d=\"M0 0L3 3 0 5z\"/></marker>",
    "<pattern id=\"fp\" width=\".2\" height=\".2\"><rect width=\"3\" height=\"3\"/></pattern>",
    "<mask id=\"fk\"><rect width=\"50\" height=\"50\" fill=\"#fff\"/></mask>",
    "<clipPath id=\"fc\"><circle cx=\"20\" cy=\"20\" r=\"20\"/></clipPath>",
    "<linearGradient id=\"fg\"><stop/><stop offset=\"1\" stop-color=\"red\"/></linearGradient>",
    "<style>.f{marker-mid:url(#fm);stroke:url(#fp)} g *{clip-path:url(#fc)}</style>",
];

/// What elements get.
const ATTRIBUTES: [&str; 14] = [
    "marker-start=\"url(#fm)\"",
    "marker-mid=\"url(#fm)\"",
    "marker-end=\"url(#fm)\"",
    "fill=\"url(#fp)\"",
    "stroke=\"url(#fp)\"",
    "stroke=\"url(#fg)\"",
    "mask=\"url(#fk)\"",
    "clip-path=\"url(#fc)\"",
    "class=\"f\"",
    "opacity=\".5\"",
    "stroke=\"red\" stroke-dasharray=\"1 2\"",
    "transform=\"scale(1e4) rotate(30)\"",
    "fill=\"context-fill\"",
    "style=\"marker:url(#fm);fill:url(#fg)!important\"",
];

/// What text is broken with.
const PIECES: [&str; 24] = [
    "<", ">", "/", "\"", "'", "=", "&", "&nbsp;", ";", ",,", "$", "e99", "x", "</g>", "<g", "-->",
    "<!--", "]]>", "```", "\\\"", " path d=", " fill=", "<style>", "svg ",
];

fuzz_target!(|bytes: &[u8]| {
    // Small enough that a round takes milliseconds.
    let limits = ParseLimits {
        bytes: 64 << 10,
        elements: 2_000,
        cost: CostBudget {
            elements: 3_000,
            segments: 30_000,
            surfaces: 300,
            ..CostBudget::default()
        },
        ..ParseLimits::default()
    };
    if let Ok(clean) = sanitise(bytes, &limits)
        && let Err(error) = sanitise(clean.svg.as_bytes(), &ParseLimits::for_own_output())
    {
        panic!("what was sanitised is refused: {error}\n{}", clean.svg);
    }
    let Ok(parsed) = Document::parse(bytes, &limits) else {
        return;
    };
    let _ = parsed.document.render(SIDE, SIDE, None);
    let written = parsed.document.to_svg(&WriteOptions::default());
    match Document::parse(written.as_bytes(), &ParseLimits::for_own_output()) {
        Ok(again) => drop(again.document.render(SIDE, SIDE, None)),
        Err(error) => panic!("what was written is refused: {error}\n{written}"),
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut dice = Dice(u64::from(seed) | 1);
    let edited = match dice.below(8) {
        // Now and then anything at all.
        0 => None,
        _ => std::str::from_utf8(&data[..size])
            .ok()
            .and_then(|text| edit(text, &mut dice)),
    };
    match edited {
        Some(text) if text.len() <= max_size.min(data.len()) => {
            data[..text.len()].copy_from_slice(text.as_bytes());
            text.len()
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
});

/// A small generator of numbers, so that a seed gives one edit.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound.max(1)
    }

    fn choose<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }
}

fn edit(text: &str, dice: &mut Dice) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..=dice.below(3) {
        text = match dice.below(12) {
            0 | 1 => replace_number(&text, dice)?,
            2 => copy_element(&text, dice, true)?,
            3 => copy_element(&text, dice, false)?,
            4 => add_attribute(&text, dice)?,
            5 => add_target(&text, dice)?,
            6 => add_use(&text, dice)?,
            _ => break_text(&text, dice)?,
        };
    }
    Some(text)
}

/// Leaves characters out, puts a piece in, or breaks the text off.
fn break_text(text: &str, dice: &mut Dice) -> Option<String> {
    let at = dice.below(text.len() + 1);
    let end = at + dice.below(4);
    if !text.is_char_boundary(at) || !text.is_char_boundary(end) {
        return Some(text.to_owned());
    }
    let (before, after) = (text.get(..at)?, text.get(end..)?);
    Some(match dice.below(8) {
        0 => before.to_owned(),
        1..=3 => format!("{before}{after}"),
        4 => format!("Here it is:\n```svg\n{text}\n```"),
        _ => format!("{before}{}{after}", dice.choose(&PIECES)?),
    })
}

fn replace_number(text: &str, dice: &mut Dice) -> Option<String> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let starts: Vec<usize> = text
        .match_indices(is_part)
        .map(|(at, _)| at)
        .filter(|at| !text[..*at].ends_with(is_part))
        .collect();
    let at = *dice.choose(&starts)?;
    let length = text[at..].find(|c| !is_part(c)).unwrap_or(text.len() - at);
    let number = dice.choose(&NUMBERS)?;
    Some(format!("{}{number}{}", &text[..at], &text[at + length..]))
}

/// Where start tags begin, after the root's.
fn tags(text: &str) -> Vec<usize> {
    let found = text.match_indices('<').map(|(at, _)| at);
    found
        .filter(|at| text[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()))
        .skip(1)
        .collect()
}

/// The end of an element that starts at a place.
fn end_of(text: &str, start: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = start;
    loop {
        let open = at + text[at..].find('<')?;
        let close = open + text[open..].find('>')?;
        let tag = &text[open..close];
        if tag.starts_with("</") {
            depth = depth.checked_sub(1)?;
        } else if !tag.ends_with('/') && !tag.starts_with("<!") && !tag.starts_with("<?") {
            depth += 1;
        }
        at = close + 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Copies or moves an element to before another.
fn copy_element(text: &str, dice: &mut Dice, keep: bool) -> Option<String> {
    let tags = tags(text);
    let start = *dice.choose(&tags)?;
    let end = end_of(text, start)?;
    let to = *dice.choose(&tags)?;
    let element = text[start..end].repeat(if keep { 1 + dice.below(20) } else { 1 });
    if to > start && to < end {
        // Inside itself.
        return keep.then(|| format!("{}{element}{}", &text[..to], &text[to..]));
    }
    let mut out = text.to_owned();
    if keep {
        out.insert_str(to, &element);
    } else if to <= start {
        out.replace_range(start..end, "");
        out.insert_str(to, &element);
    } else {
        out.insert_str(to, &element);
        out.replace_range(start..end, "");
    }
    Some(out)
}

fn add_attribute(text: &str, dice: &mut Dice) -> Option<String> {
    let start = *dice.choose(&tags(text))?;
    let name = text[start + 1..].find(|c: char| !c.is_ascii_alphanumeric())?;
    let at = start + 1 + name;
    let attribute = dice.choose(&ATTRIBUTES)?;
    // Twice the same attribute would not be well-formed.
    let key = attribute.split('=').next()?;
    let end = at + text[at..].find('>')?;
    if text[at..end].contains(&format!(" {key}=")) {
        return Some(text.to_owned());
    }
    Some(format!("{} {attribute}{}", &text[..at], &text[at..]))
}

fn add_target(text: &str, dice: &mut Dice) -> Option<String> {
    let at = *tags(text).first()?;
    let target = dice.choose(&TARGETS)?;
    Some(format!("{}{target}{}", &text[..at], &text[at..]))
}

/// A reference to an element that has an id, anywhere.
fn add_use(text: &str, dice: &mut Dice) -> Option<String> {
    let ids: Vec<&str> = text
        .match_indices("id=\"")
        .filter_map(|(at, _)| text[at + 4..].split('"').next())
        .collect();
    let id = *dice.choose(&ids)?;
    let at = *dice.choose(&tags(text))?;
    let copies = format!("<use href=\"#{id}\" x=\"2\"/>").repeat(1 + dice.below(4));
    Some(format!("{}{copies}{}", &text[..at], &text[at..]))
}
