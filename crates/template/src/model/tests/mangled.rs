//! No reply, whatever it is, panics, hangs, or becomes an unsafe or unreadable document.

use chat2svg_protocol::{CanvasSize, Style};
use chat2svg_stop::Stop;
use chat2svg_vector::{Document, ParseLimits, WriteOptions};
use proptest::prelude::*;

use crate::critique::Brief;
use crate::model::draft::{self, Draft, Frame};
use crate::model::reader::ReplyReader;
use crate::model::wishes::Wishes;

const REPLIES: [&str; 3] = [
    include_str!("fenced.md"),
    include_str!("bare.md"),
    include_str!("talkative.md"),
];

fn frame() -> Frame {
    Frame {
        canvas: CanvasSize::new(320, 240).unwrap(),
        prompt: "something".to_owned(),
        style: Style::Flat,
        seed: 1,
        wishes: Wishes::default(),
    }
}

fn read(reply: &str) -> Result<Draft, String> {
    let mut reader = ReplyReader::default();
    reader.push(reply);
    draft::read(reader, &frame(), &Brief::default(), &Stop::never())
}

/// The text without names for people, which may say anything and do nothing.
fn without_labels(svg: &str) -> String {
    let mut parts = svg.split("inkscape:label=\"");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str(part.split_once('"').map_or("", |(_, after)| after));
    }
    kept
}

/// What is made of a reply can be written, is safe, and can be read again.
fn check(reply: &str) -> Result<(), TestCaseError> {
    let Ok(draft) = read(reply) else {
        return Ok(());
    };
    prop_assert!((0.0..=1.0).contains(&draft.score()));
    check_document(&draft.document)
}

/// It can be written, is safe, and can be read again.
pub(super) fn check_document(document: &Document) -> Result<(), TestCaseError> {
    let written = document.to_svg(&WriteOptions::default());
    let effective = without_labels(&written);
    for unsafe_text in [
        "<script",
        "onload",
        "javascript:",
        "<foreignObject",
        "<!ENTITY",
        "evil.example.org",
    ] {
        prop_assert!(
            !effective.contains(unsafe_text),
            "{unsafe_text} in {written}"
        );
    }
    let again = Document::parse(written.as_bytes(), &ParseLimits::for_own_output());
    prop_assert!(again.is_ok(), "{:?}: {written}", again.err());
    Ok(())
}

#[test]
fn sound_replies_give_sound_drawings() {
    for reply in REPLIES {
        let draft = read(reply).unwrap();
        assert!(
            draft.score() > 0.4,
            "{}: {:?}",
            draft.score(),
            draft.findings()
        );
        assert!(draft.document.counts().shapes >= 8);
    }
    let cat = read(REPLIES[2]).unwrap();
    assert!(
        cat.document.find_id("tail").is_some(),
        "the finished one of two drawings"
    );
}

#[test]
fn wherever_a_reply_is_cut_off_what_was_complete_is_used() {
    for reply in REPLIES {
        let begins = reply.rfind("<svg").unwrap();
        let ends = reply.rfind("</svg>").unwrap();
        let (mut cuts, mut used) = (0, 0);
        for cut in (begins..ends)
            .step_by(23)
            .filter(|cut| reply.is_char_boundary(*cut))
        {
            cuts += 1;
            used += usize::from(read(&reply[..cut]).is_ok());
        }
        // Until the first shape is complete there is nothing to use.
        assert!(used * 5 >= cuts * 3, "{used} of {cuts} in {}", &reply[..20]);
    }
}

/// A way to mangle a reply.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    CutAfter(prop::sample::Index),
    CutBefore(prop::sample::Index),
    Drop(prop::sample::Index, usize),
    Insert(prop::sample::Index, &'static str),
    Replace(&'static str, &'static str),
    Repeat(prop::sample::Index, usize),
    Wrap(&'static str, &'static str),
}

pub(super) fn fault() -> impl Strategy<Value = Fault> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        index().prop_map(Fault::CutAfter),
        index().prop_map(Fault::CutBefore),
        (index(), 1usize..40).prop_map(|(at, length)| Fault::Drop(at, length)),
        (
            index(),
            prop::sample::select(vec![
                "<",
                ">",
                "\"",
                "'",
                "&",
                "&nbsp;",
                "&#x0;",
                "</g>",
                "<g>",
                "</svg>",
                "<svg>",
                "<!--",
                "-->",
                "<![CDATA[",
                "\u{0}",
                "NaN",
                "1e999",
                "<script>alert(1)</script>",
                " onload=\"x()\" ",
                "<image href=\"http://evil.example.org/a.png\"/>",
                "<foreignObject><p>hi</p></foreignObject>",
                "<!DOCTYPE svg [<!ENTITY a \"b\">]>",
                "```",
                "url(http://evil.example.org)",
                "😀",
                "\u{202e}",
                "<use href=\"#sky\"/>",
                "<a href=\"javascript:x()\">",
                "M0 0Q",
                ",,,",
                "</",
            ])
        )
            .prop_map(|(at, what)| Fault::Insert(at, what)),
        prop::sample::select(vec![
            ("\"", "'"),
            ("\"", ""),
            ("\"", "”"),
            ("xmlns=\"http://www.w3.org/2000/svg\"", ""),
            (
                "xmlns=\"http://www.w3.org/2000/svg\"",
                "xmlns=\"http://www.w3.org/2000/svgs\""
            ),
            ("fill", "Fill"),
            ("path", "Path"),
            ("<rect", "<rectangle"),
            ("/>", ">"),
            ("</g>", ""),
            ("#", "0x"),
            ("viewBox", "viewbox"),
            ("512", "51 2"),
            ("512", "512pt"),
            (" ", "\u{a0}"),
            ("<", "&lt;"),
            ("\n", "\\n"),
            ("0", "9999999999999999999"),
            (".", ",,"),
            ("id=\"", "id=\"x\" id2=\""),
        ])
        .prop_map(|(from, to)| Fault::Replace(from, to)),
        (index(), 1usize..60).prop_map(|(at, length)| Fault::Repeat(at, length)),
        prop::sample::select(vec![
            ("```xml\n```svg\n", "\n```\n```"),
            (
                "Sure! I'd use an <svg> with a <path> & more:\n",
                "\nEnjoy <3"
            ),
            ("<think>maybe <svg>? no: <rect/> first</think>\n", ""),
            (
                "<?xml version=\"1.0\"?>\n<!DOCTYPE html><html><body>",
                "</body></html>"
            ),
            ("{\"svg\": \"", "\"}"),
        ])
        .prop_map(|(before, after)| Fault::Wrap(before, after)),
    ]
}

pub(super) fn mangle(reply: &str, fault: &Fault) -> String {
    let characters: Vec<char> = reply.chars().collect();
    let text = |part: &[char]| part.iter().collect::<String>();
    let at = |index: &prop::sample::Index| index.index(characters.len() + 1);
    match fault {
        Fault::CutAfter(index) => text(&characters[..at(index)]),
        Fault::CutBefore(index) => text(&characters[at(index)..]),
        Fault::Drop(index, length) => {
            let from = at(index);
            let to = (from + length).min(characters.len());
            text(&characters[..from]) + &text(&characters[to..])
        }
        Fault::Insert(index, what) => {
            let (before, after) = characters.split_at(at(index));
            text(before) + what + &text(after)
        }
        Fault::Wrap(before, after) => format!("{before}{reply}{after}"),
        Fault::Replace(from, to) => reply.replace(from, to),
        Fault::Repeat(index, length) => {
            let from = at(index);
            let to = (from + length).min(characters.len());
            text(&characters[..to]) + &text(&characters[from..])
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn mangled_replies_become_a_valid_drawing_or_none(
        which in 0usize..REPLIES.len(),
        faults in prop::collection::vec(fault(), 1..4),
    ) {
        let mut reply = REPLIES[which].to_owned();
        for fault in &faults {
            reply = mangle(&reply, fault);
        }
        check(&reply)?;
    }

    #[test]
    fn so_does_any_text(reply in "\\PC{0,200}") {
        check(&reply)?;
        check(&format!("<svg xmlns='http://www.w3.org/2000/svg'><path d='{reply}'/></svg>"))?;
    }
}
