//! The output step: a document becomes SVG text, a PNG, and the result document. Pure.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use chat2svg_protocol::{CanvasSize, JobId, JobMetadata, JobState, JobView};
use chat2svg_stop::Stop;
use chat2svg_vector::{
    Document, EncodeError, Mergeable, ParseError, ParseLimits, RenderError, WriteOptions,
};
use serde::Serialize;
use thiserror::Error;

/// Longest side of a result's PNG in pixels.
pub const LONGEST_PNG_SIDE: u32 = CanvasSize::MAX;

/// Bytes up to which the names of layers are told in a description.
const LONGEST_DESCRIPTION: usize = 300;

/// Most bytes that writing for screen readers adds to a document that has its description.
pub const ACCESSIBLE_BYTES: u32 = 64;

/// Why a result could not be made into a PNG.
#[derive(Debug, Error)]
pub enum OutputError {
    /// The kept text is no document any more.
    #[error("the result cannot be read back: {0}")]
    Parse(#[from] ParseError),
    /// The document cannot be rendered.
    #[error("the result could not be rendered: {0}")]
    Render(#[from] RenderError),
    /// The pixels cannot be encoded.
    #[error("the result could not be written as PNG: {0}")]
    Encode(#[from] EncodeError),
}

/// The result of a job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Result))]
pub struct ResultDocument {
    /// Id of the job.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub id: JobId,
    /// succeeded, or degraded when less was served than was asked for.
    pub state: JobState,
    /// The picture as SVG.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub svg_content: Arc<str>,
    /// The picture as PNG at its nominal size, in base64.
    pub base64_image: String,
    /// What was done, and what could not be.
    pub metadata: Option<JobMetadata>,
}

impl ResultDocument {
    /// A result document from its parts.
    pub fn new(view: JobView, svg: Arc<str>, png: &[u8]) -> Self {
        Self {
            id: view.id,
            state: view.state,
            svg_content: svg,
            base64_image: STANDARD.encode(png),
            metadata: view.metadata,
        }
    }
}

/// A document as the SVG text that is kept between stages and shown on the way.
pub fn svg(document: &Document) -> String {
    document.to_svg(&WriteOptions::default())
}

/// A document as the SVG text of a result: paths that are painted alike and lie apart are one. Of a
/// picture that was made from words, also those that the stages called alike; names that people
/// gave stay.
pub fn result(document: &Document, accessible: bool) -> String {
    let mut document = document.clone();
    let is_ours = document.metadata.prompt.is_some();
    document.merge_paths(if is_ours {
        Mergeable::Alike
    } else {
        Mergeable::Unnamed
    });
    if accessible && is_ours && document.description.is_none() {
        document.description = description(&document);
    }
    document.to_svg(&WriteOptions {
        accessible,
        ..WriteOptions::default()
    })
}

/// What a document shows, by the names of its layers, for those who cannot see it; none without
/// names.
pub fn description(document: &Document) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    let mut length = 0;
    for layer in &document.layers {
        let name = match layer.label() {
            "" => layer.id(),
            label => label,
        };
        length += name.len() + 2;
        if !name.is_empty() && !names.contains(&name) && length <= LONGEST_DESCRIPTION {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| format!("From back to front: {}.", names.join(", ")))
}

/// A kept result as PNG, on a transparent ground: `width` pixels wide, or at its nominal size;
/// scaled down where a side would be longer than `longest` pixels.
///
/// # Errors
/// When the text cannot be read, rendered or encoded.
pub fn png(svg: &str, width: Option<u32>, longest: u32) -> Result<Vec<u8>, OutputError> {
    png_until(svg, width, longest, &Stop::never())
}

/// As [`png`], but given up once `stop` says so, which is asked before each shape and before the
/// pixels are encoded.
///
/// # Errors
/// As [`png`], and [`RenderError::Stopped`] when `stop` says so.
pub fn png_until(
    svg: &str,
    width: Option<u32>,
    longest: u32,
    stop: &Stop,
) -> Result<Vec<u8>, OutputError> {
    stop.check().map_err(RenderError::from)?;
    let document = Document::parse(svg.as_bytes(), &ParseLimits::for_own_output())?.document;
    let (width, height) = png_size(document.width, document.height, width, longest);
    let raster = document.render_until(width, height, None, stop)?;
    stop.check().map_err(RenderError::from)?;
    Ok(raster.encode_png()?)
}

/// The size in pixels that keeps the proportions, each side `1..=longest`.
fn png_size(width: f64, height: f64, wanted: Option<u32>, longest: u32) -> (u32, u32) {
    let longest = f64::from(longest.max(1));
    let scale = wanted.map_or(1.0, |wanted| f64::from(wanted) / width);
    let scale = scale.min(longest / width).min(longest / height);
    let side = |length: f64| (length * scale).round().clamp(1.0, longest) as u32;
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Group, Metadata, Node, Shape};
    use kurbo::Shape as _;

    use super::*;

    fn drawing(prompt: Option<&str>, title: &str) -> Document {
        let square = |x: f64| {
            let path = kurbo::Rect::new(x, 0.0, x + 5.0, 5.0).to_path(0.1);
            let paint = chat2svg_vector::Paint::Solid(chat2svg_vector::Color::BLACK);
            Node::Shape(Shape::filled("star", path, paint))
        };
        Document {
            width: 50.0,
            height: 50.0,
            view_box: kurbo::Rect::new(0.0, 0.0, 50.0, 50.0),
            title: Some(title.to_owned()),
            description: None,
            metadata: Metadata {
                prompt: prompt.map(str::to_owned),
                ..Metadata::default()
            },
            layers: vec![Node::Group(Group {
                children: vec![square(0.0), square(20.0)],
                ..Group::new("night & stars")
            })],
        }
    }

    #[test]
    fn only_names_of_our_own_are_merged() {
        let paths = |document: &Document| result(document, false).matches("<path").count();
        assert_eq!(paths(&drawing(Some("stars"), "stars")), 1);
        assert_eq!(paths(&drawing(None, "stars")), 2);
    }

    #[test]
    fn screen_readers_are_told_what_is_shown() {
        let plain = result(&drawing(Some("stars"), "<stars>"), false);
        assert!(
            !plain.contains("role=") && !plain.contains("<desc"),
            "{plain}"
        );
        let svg = result(&drawing(Some("stars"), "<stars>"), true);
        assert!(
            svg.contains(r#"role="img" aria-labelledby="title desc""#),
            "{svg}"
        );
        assert!(
            svg.contains(r#"<title id="title">&lt;stars&gt;</title>"#),
            "{svg}"
        );
        let told = r#"<desc id="desc">From back to front: night &amp; stars.</desc>"#;
        assert!(svg.contains(told), "{svg}");
        let read = Document::parse(svg.as_bytes(), &ParseLimits::default()).unwrap();
        assert!(read.warnings.is_empty(), "{:?}", read.warnings);
        assert_eq!(read.document.title.as_deref(), Some("<stars>"));
    }

    #[test]
    fn the_bytes_that_screen_readers_cost_are_known() {
        let mut document = drawing(None, "stars");
        document.description = description(&document);
        let more = result(&document, true).len() - result(&document, false).len();
        assert!(more <= ACCESSIBLE_BYTES as usize, "{more}");
    }

    #[test]
    fn proportions_are_kept_and_no_side_is_too_long() {
        assert_eq!(png_size(512.0, 256.0, None, 4096), (512, 256));
        assert_eq!(png_size(512.0, 256.0, Some(1024), 4096), (1024, 512));
        assert_eq!(png_size(100.0, 400.0, Some(2000), 4096), (1024, 4096));
        assert_eq!(png_size(1e6, 10.0, None, 4096), (4096, 1));
        assert_eq!(png_size(0.2, 0.2, None, 4096), (1, 1));
    }
}
