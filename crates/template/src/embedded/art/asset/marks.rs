//! Marks in an SVG file: classes that say which shapes take the colour asked for, and which are no
//! part of the picture but say where other things attach.

use std::borrow::Cow;
use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, Writer};

use crate::embedded::art::tone::Tone;

/// What a marked element is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Its shapes are painted in a tone of the colour asked for.
    Tone(Tone),
    /// It is an anchor, and not painted.
    Anchor(Anchor),
}

/// Kinds of anchors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// A surface that carries things.
    Support,
    /// An underside that things can be below.
    Shelter,
    /// The region that contents fill, at their place in the painting order.
    Contents,
    /// The front edge of an opening, which hides what is below it.
    Rim,
    /// The top of a head.
    Head,
    /// A hand.
    Hand,
}

impl Anchor {
    const ALL: [Self; 6] = [
        Self::Support,
        Self::Shelter,
        Self::Contents,
        Self::Rim,
        Self::Head,
        Self::Hand,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Support => "support",
            Self::Shelter => "shelter",
            Self::Contents => "contents",
            Self::Rim => "rim",
            Self::Head => "head",
            Self::Hand => "hand",
        }
    }
}

const TONE: &str = "tone-";
const ANCHOR: &str = "anchor-";

impl Mark {
    /// All classes that mark something.
    pub(crate) fn classes() -> impl Iterator<Item = String> {
        let tones = Tone::ALL.map(|tone| format!("{TONE}{}", tone.name()));
        let anchors = Anchor::ALL.map(|anchor| format!("{ANCHOR}{}", anchor.name()));
        tones.into_iter().chain(anchors)
    }

    /// What a class marks; `None` for a class that is none of ours.
    ///
    /// # Errors
    /// When the class is one of ours, but no tone or anchor has its name.
    fn of_class(class: &str) -> Result<Option<Self>, String> {
        let known = if let Some(name) = class.strip_prefix(TONE) {
            let tone = Tone::ALL.into_iter().find(|tone| tone.name() == name);
            tone.map(Self::Tone)
        } else if let Some(name) = class.strip_prefix(ANCHOR) {
            let anchor = Anchor::ALL.into_iter().find(|anchor| anchor.name() == name);
            anchor.map(Self::Anchor)
        } else {
            return Ok(None);
        };
        known.map(Some).ok_or_else(|| {
            let classes: Vec<String> = Self::classes().collect();
            format!(
                "the class `{class}` marks nothing; there are {}",
                classes.join(", ")
            )
        })
    }
}

/// A file in which every marked element has an id, and the marks by these ids.
#[derive(Debug)]
pub(crate) struct Marked<'a> {
    pub(crate) svg: Cow<'a, str>,
    pub(crate) by_id: HashMap<String, Mark>,
    /// Marks that have no effect, and why.
    pub(crate) problems: Vec<String>,
}

/// Ids given to marked elements that have none begin so.
const GIVEN: &str = "chat2svg-mark-";

/// Whether the id is one that [`read`] gave.
pub(crate) fn is_given(id: &str) -> bool {
    id.starts_with(GIVEN)
}

/// Reads the marks of a file. One that is not well-formed has none: whoever parses it says why.
pub(crate) fn read(svg: &str) -> Marked<'_> {
    let unmarked = |svg| Marked {
        svg: Cow::Borrowed(svg),
        by_id: HashMap::new(),
        problems: Vec::new(),
    };
    if !svg.contains(TONE) && !svg.contains(ANCHOR) {
        return unmarked(svg);
    }
    read_all(svg).unwrap_or_else(|_| unmarked(svg))
}

fn read_all(svg: &str) -> Result<Marked<'_>, quick_xml::Error> {
    let mut reader = Reader::from_str(svg);
    let mut writer = Writer::new(Vec::new());
    let mut marks = Marks::default();
    loop {
        let event = reader.read_event()?;
        let event = match event {
            Event::Start(start) => {
                let start = marks.element(start)?;
                if marks.repeated > 0 || may_repeat(&start) {
                    marks.repeated += 1;
                }
                Event::Start(start)
            }
            Event::Empty(start) => Event::Empty(marks.element(start)?),
            Event::End(end) => {
                marks.repeated = marks.repeated.saturating_sub(1);
                Event::End(end)
            }
            Event::Eof => break,
            other => other,
        };
        writer.write_event(event)?;
    }
    let svg = match String::from_utf8(writer.into_inner()) {
        Ok(svg) => Cow::Owned(svg),
        Err(_) => Cow::Borrowed(svg),
    };
    Ok(Marked {
        svg,
        by_id: marks.by_id,
        problems: marks.problems,
    })
}

#[derive(Default)]
struct Marks {
    by_id: HashMap<String, Mark>,
    problems: Vec<String>,
    /// Depth inside of what references repeat.
    repeated: usize,
}

impl Marks {
    /// The element, with an id if it is marked.
    fn element<'a>(
        &mut self,
        mut start: BytesStart<'a>,
    ) -> Result<BytesStart<'a>, quick_xml::Error> {
        let Some(classes) = start.try_get_attribute("class")? else {
            return Ok(start);
        };
        let classes = classes.value.into_owned();
        let Some(mark) = self.mark(&classes) else {
            return Ok(start);
        };
        if self.repeated > 0 {
            self.problems.push(format!(
                "`{classes}` inside <defs> or <symbol> counts for the first copy only; mark copies, not originals"
            ));
        }
        let own = start.try_get_attribute("id")?;
        let own = own.map(|id| id.value.trim().to_owned());
        let id = match own.filter(|id| !id.is_empty()) {
            Some(id) => id,
            None => {
                let given = format!("{GIVEN}{}", self.by_id.len());
                start.push_attribute(("id", given.as_str()));
                given
            }
        };
        self.by_id.insert(id, mark);
        Ok(start)
    }

    /// The first mark among an element's classes.
    fn mark(&mut self, classes: &str) -> Option<Mark> {
        let mut found = None;
        for class in classes.split_whitespace() {
            match Mark::of_class(class) {
                Ok(mark) => found = found.or(mark),
                Err(problem) => self.problems.push(problem),
            }
        }
        found
    }
}

/// Whether what is in the element is painted only where something refers to it.
fn may_repeat(start: &BytesStart<'_>) -> bool {
    matches!(start.local_name().as_ref(), "defs" | "symbol")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_elements_get_ids_and_keep_their_own() {
        let marked = read(
            r#"<svg><path class="x tone-dark"/><g id="a" class="anchor-hand"><path/></g></svg>"#,
        );
        assert_eq!(
            marked.svg,
            r#"<svg><path class="x tone-dark" id="chat2svg-mark-0"/><g id="a" class="anchor-hand"><path/></g></svg>"#
        );
        assert_eq!(
            marked.by_id.get("chat2svg-mark-0"),
            Some(&Mark::Tone(Tone::Dark))
        );
        assert_eq!(marked.by_id.get("a"), Some(&Mark::Anchor(Anchor::Hand)));
        assert!(marked.problems.is_empty());
    }

    #[test]
    fn marks_without_effect_are_told() {
        for (svg, word) in [
            (r#"<svg><path class="tone-drak"/></svg>"#, "tone-drak"),
            (r#"<svg><path class="anchor-foot"/></svg>"#, "anchor-foot"),
            (
                r#"<svg><defs><path class="tone-dark"/></defs></svg>"#,
                "first copy",
            ),
        ] {
            let problems = read(svg).problems;
            assert!(
                problems.iter().any(|problem| problem.contains(word)),
                "{problems:?}"
            );
        }
        let fine =
            r#"<svg><defs><g/></defs><path class="dark anchor"/><path class="tone-dark"/></svg>"#;
        assert!(read(fine).problems.is_empty());
    }

    #[test]
    fn damaged_files_have_no_marks() {
        assert!(
            read(r#"<svg><path class="tone-dark"></svg>"#)
                .by_id
                .is_empty()
        );
    }
}
