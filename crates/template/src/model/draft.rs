//! From a reply to a document like any other: read, framed, named, measured.

use std::sync::Arc;

use chat2svg_protocol::{CallFailure, CanvasSize, Fault, Style};
use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Document, Group, Metadata, Node, ParseError, ParseLimits};

use super::{reader::ReplyReader, wishes::Wishes};
use crate::critique::{Brief, Critique, critique};

/// Most bytes of a drawing.
const MAX_BYTES: usize = 2 << 20;
/// Most shapes of a drawing.
const MAX_SHAPES: usize = 5_000;

/// What every drawing of a run has in common.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) canvas: CanvasSize,
    pub(super) prompt: String,
    pub(super) style: Style,
    pub(super) seed: u64,
    pub(super) wishes: Wishes,
}

/// A drawing, measured.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// As the model wrote it.
    pub(super) svg: String,
    pub(super) document: Arc<Document>,
    critique: Critique,
}

impl Draft {
    pub(super) fn score(&self) -> f32 {
        self.critique.score
    }

    pub(super) fn findings(&self) -> Vec<String> {
        self.critique
            .findings
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

/// The drawing in a reply that has ended.
///
/// # Errors
/// Why there is none, for people.
pub(super) fn read(
    reader: ReplyReader,
    frame: &Frame,
    brief: &Brief,
    stop: &Stop,
) -> Result<Draft, String> {
    let svg = reader.finish().ok_or("its answer holds no drawing")?;
    let document = document(&svg, frame, stop)?;
    let critique = critique(&document, brief, stop).map_err(|error| error.to_string())?;
    Ok(Draft {
        svg,
        document: Arc::new(document),
        critique,
    })
}

/// A drawing as a document of the canvas' size, all of whose shapes are in named layers.
///
/// # Errors
/// Why it is none, for people.
pub(super) fn document(svg: &str, frame: &Frame, stop: &Stop) -> Result<Document, String> {
    let limits = ParseLimits {
        bytes: MAX_BYTES,
        ..ParseLimits::default()
    };
    let parse = |svg: &str| Document::parse_until(svg.as_bytes(), &limits, stop);
    let parsed = match parse(&with_namespace(svg)) {
        Err(ParseError::NotSvg { .. } | ParseError::NoSize) => parse(&with_root(svg, frame.canvas)),
        parsed => parsed,
    };
    let parsed = parsed.map_err(|error| format!("its drawing cannot be read: {error}"))?;
    let mut document = parsed.document;
    document.mark_drawn_here();
    let shapes = document.counts().shapes;
    if shapes == 0 || shapes > MAX_SHAPES {
        return Err(format!("its drawing has {shapes} shapes"));
    }
    let (width, height) = (
        f64::from(frame.canvas.width()),
        f64::from(frame.canvas.height()),
    );
    document
        .set_size(width, height)
        .map_err(|error| format!("its drawing does not fit the canvas: {error}"))?;
    let setting = document.metadata.setting;
    document.metadata = Metadata {
        prompt: Some(frame.prompt.clone()),
        style: Some(frame.style.name().to_owned()),
        seed: Some(frame.seed),
        setting,
        ..Metadata::default()
    };
    document.title = Some(frame.prompt.chars().take(200).collect());
    document.description = None;
    frame.wishes.enforce(&mut document);
    name_layers(&mut document);
    document.ensure_ids();
    Ok(document)
}

/// How a drawing looks, as PNG on white.
pub(super) fn picture(document: &Document, side: u32) -> Result<Arc<[u8]>, CallFailure> {
    let scale = f64::from(side) / document.width.max(document.height);
    let pixels = |length: f64| ((length * scale).round() as u32).max(1);
    let failed = |reason: String| CallFailure::new(Fault::Request, reason);
    let raster = document
        .render(
            pixels(document.width),
            pixels(document.height),
            Some(Color::WHITE),
        )
        .map_err(|error| failed(error.to_string()))?;
    let png = raster
        .encode_png()
        .map_err(|error| failed(error.to_string()))?;
    Ok(png.into())
}

/// The text with SVG's namespace, which models forget.
fn with_namespace(svg: &str) -> String {
    let head = svg.find('>').and_then(|end| svg.get(..end)).unwrap_or(svg);
    if head.contains("xmlns=") || head.contains("xmlns:svg") {
        return svg.to_owned();
    }
    match svg.get(4..) {
        Some(rest) => format!("<svg xmlns=\"http://www.w3.org/2000/svg\"{rest}"),
        None => svg.to_owned(),
    }
}

/// The drawing under a root as it was asked for, in place of one that says nothing of use.
fn with_root(svg: &str, canvas: CanvasSize) -> String {
    let (width, height) = (canvas.width(), canvas.height());
    let content = svg.split_once('>').map_or("", |(_, content)| content);
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\">{content}")
}

/// Puts shapes that stand alone into groups of their name, and names groups that have none.
fn name_layers(document: &mut Document) {
    let layers = std::mem::take(&mut document.layers);
    document.layers = layers
        .into_iter()
        .enumerate()
        .map(|(index, node)| match node {
            Node::Group(mut group) => {
                group.label = label_of(&group.label, &group.id, index);
                Node::Group(group)
            }
            Node::Shape(shape) => {
                let mut group = Group::new(label_of(&shape.label, &shape.id, index));
                group.meaning = shape.meaning;
                group.children.push(Node::Shape(shape));
                Node::Group(group)
            }
        })
        .collect();
}

/// A name for people: the label, unless it only repeats the id.
fn label_of(label: &str, id: &str, index: usize) -> String {
    if !label.is_empty() && label != id {
        return label.to_owned();
    }
    let words = id.replace(['-', '_'], " ");
    let words = words.trim();
    if words.is_empty() {
        return format!("Part {}", index + 1);
    }
    let mut characters = words.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Material, Place, WriteOptions};
    use kurbo::Rect;

    use super::*;

    fn frame() -> Frame {
        Frame {
            canvas: CanvasSize::new(400, 200).unwrap(),
            prompt: "a fox".to_owned(),
            style: Style::Flat,
            seed: 3,
            wishes: Wishes::default(),
        }
    }

    const SVG: &str = r##"<svg viewBox="0 0 100 100" data-place="meadow"><rect id="sky_blue" width="100" height="100" fill="#9cf"/>
        <g><path data-material="fur" d="M20 20H80V80H20Z" fill="#d62"/></g></svg>"##;

    #[test]
    fn a_drawing_becomes_a_document_of_the_canvas_in_named_layers() {
        let document = document(SVG, &frame(), &Stop::never()).unwrap();
        assert_eq!((document.width, document.height), (400.0, 200.0));
        assert_eq!(document.view_box, Rect::new(-50.0, 0.0, 150.0, 100.0));
        let names: Vec<&str> = document.layers.iter().map(Node::label).collect();
        assert_eq!(names, ["Sky blue", "Part 2"]);
        assert_eq!(document.metadata.setting.place, Some(Place::Meadow));
        assert_eq!(
            document.shapes()[1].shape.meaning.material,
            Some(Material::Fur)
        );
        assert_eq!(document.metadata.prompt.as_deref(), Some("a fox"));
    }

    #[test]
    fn what_is_written_of_it_can_be_read_again() {
        let written = document(SVG, &frame(), &Stop::never())
            .unwrap()
            .to_svg(&WriteOptions::default());
        let again = Document::parse(written.as_bytes(), &ParseLimits::default()).unwrap();
        assert_eq!(again.document.counts().shapes, 2);
    }

    #[test]
    fn a_root_that_says_nothing_of_use_is_replaced() {
        let shapes = "<g id=\"fox\"><rect width=\"20%\" height=\"40\" fill=\"#d62\"/></g></svg>";
        for root in [
            "<svg xmlns=\"http://www.w3.org/svgs\" viewBox=\"0 0 9 9\">",
            "<svg viewBox=\"0 0 none 512\" width=\"\" height=\"-3\">",
            "<svg xmlns=\"htt>",
        ] {
            let document = document(&format!("{root}{shapes}"), &frame(), &Stop::never()).unwrap();
            assert_eq!(document.counts().shapes, 1, "{root}");
        }
    }

    #[test]
    fn foreign_claims_and_content_do_not_pass() {
        let hostile = r##"<svg onload="alert(1)"><metadata>x</metadata><script>alert(1)</script>
            <image href="http://evil.example.org/x.png"/><rect width="9" height="9" fill="red"/></svg>"##;
        let document = document(hostile, &frame(), &Stop::never()).unwrap();
        let written = document.to_svg(&WriteOptions::default());
        assert!(
            !written.contains("alert") && !written.contains("evil"),
            "{written}"
        );
        assert_eq!(document.metadata.undrawn, Vec::<String>::new());
    }

    #[test]
    fn a_picture_has_the_side_that_was_asked_for() {
        let png = picture(&document(SVG, &frame(), &Stop::never()).unwrap(), 64).unwrap();
        let head = chat2svg_vector::Raster::inspect(&png, &Default::default()).unwrap();
        assert_eq!((head.width, head.height), (64, 32));
    }
}
