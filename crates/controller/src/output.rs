//! The output step: a document becomes SVG text, a PNG, and the result document. Pure.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chat2svg_palette::{Palette, keep_to, recolor};
use chat2svg_protocol::{
    ByteBudget, CanvasSize, FitLimits, JobId, JobKind, JobMetadata, JobSpec, JobState, JobView,
    LayerForm, OutputOptions, PathBudget, ShapeForm, StrokeForm,
};
use chat2svg_stop::Stop;
use chat2svg_vector::{
    Document, EncodeError, Mergeable, ParseError, ParseLimits, Parsed, RenderError, ShapeElements,
    WriteOptions,
    sanitise::{Sanitised, sanitise_prefixed},
};
use serde::Serialize;
use thiserror::Error;

/// Longest side of a result's PNG in pixels.
pub const LONGEST_PNG_SIDE: u32 = CanvasSize::MAX;

/// Bytes up to which the names of layers are told in a description.
const LONGEST_DESCRIPTION: usize = 300;

/// Time after which what shows least is not judged anew.
const LONGEST_THINNING: Duration = Duration::from_millis(800);

/// Most bytes that writing for screen readers adds to a document that has its description.
pub const ACCESSIBLE_BYTES: u32 = 96;

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

/// A text that is delivered, and what its reader should know of how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The SVG.
    pub svg: String,
    /// Which wishes could not be fulfilled.
    pub warnings: Vec<String>,
}

/// A document as the SVG text of a job's result: nothing that was drawn here hangs over the canvas,
/// and paths drawn here that are painted alike and lie apart are one. In a picture made from words
/// that goes also for those that the stages called alike. What is only to be cleaned keeps its
/// shapes. Then it is written as the job's options say.
pub fn result(document: &Document, spec: &JobSpec, accessible: bool) -> Written {
    if spec.kind == JobKind::Clean {
        let mut document = document.clone();
        if let Some(palette) = &spec.options.palette {
            recolor(&mut document, palette);
        }
        return rewritten(document, &spec.options.output, accessible);
    }
    let (mergeable, limits) = match &spec.kind {
        JobKind::Generate { wishes, .. } => (Mergeable::Alike, wishes.limits),
        JobKind::Vectorize { limits, .. } | JobKind::Refine { limits, .. } => {
            (Mergeable::Unnamed, *limits)
        }
        JobKind::Clean => (Mergeable::Unnamed, FitLimits::default()),
    };
    let budget = limits.bytes;
    let mut whole = document.clone();
    if let Some(palette) = spec.options.palette.as_ref()
        && palette.is_strict()
    {
        // Whatever the stages did, and whichever was the last.
        keep_to(&mut whole, palette);
    }
    if accessible && whole.metadata.prompt.is_some() && whole.description.is_none() {
        whole.description = description(&whole);
    }
    let mut cut = whole.clone();
    cut.cut_overhang();
    for document in [&mut whole, &mut cut] {
        document.merge_paths(mergeable);
    }
    let options = &spec.options.output;
    let mut left_out = None;
    if matches!(spec.kind, JobKind::Generate { .. }) && !limits.is_none() {
        left_out = thinned(&mut cut, limits, options, accessible);
        whole = cut.clone();
    }
    let mut written = rewritten(cut, options, accessible);
    written.warnings.extend(left_out);
    if let Some(most) = limits.paths {
        let found = whole.counts().shapes;
        if found > most.get() as usize {
            written.warnings.push(format!(
                "the SVG has {found} paths, more than the {most} that were asked for: no more could be \
                 left out",
                most = most.get()
            ));
        }
    }
    if let Some(budget) = budget.map(ByteBudget::get)
        && exceeds(&written.svg, budget)
    {
        // A cut can add points, which the fit did not count.
        let uncut = rewritten(whole, options, accessible);
        if uncut.svg.len() < written.svg.len() {
            written = uncut;
        }
        if exceeds(&written.svg, budget) {
            let reason = if options.is_default() {
                "what it is made of cannot be written shorter"
            } else {
                "because of how it is written: choose fewer output options or allow more bytes"
            };
            written.warnings.push(format!(
                "the SVG has {} bytes, more than the {budget} that were asked for: {reason}",
                written.svg.len()
            ));
        }
    }
    written
}

/// An SVG from outside, mended and made safe, as a text of its own: what was changed, and notes on
/// how it is written. A palette, and what is said of how it is written but for a prefix of ids,
/// need a drawing to be read.
///
/// # Errors
/// When it cannot be read.
pub fn cleaned(
    bytes: &[u8],
    limits: &ParseLimits,
    options: &OutputOptions,
    palette: Option<&Palette>,
) -> Result<(Sanitised, Vec<String>), ParseError> {
    let stays_text = OutputOptions {
        id_prefix: options.id_prefix.clone(),
        ..OutputOptions::default()
    };
    if palette.is_none() && *options == stays_text {
        let text = sanitise_prefixed(bytes, limits, options.id_prefix.as_ref())?;
        return Ok((text, Vec::new()));
    }
    let Parsed {
        mut document,
        warnings,
    } = Document::parse(bytes, limits)?;
    if let Some(palette) = palette {
        recolor(&mut document, palette);
    }
    let written = rewritten(document, options, false);
    let svg = written.svg;
    Ok((Sanitised { svg, warnings }, written.warnings))
}

/// Leaves out of a composed picture what shows least, until it is as small as asked for; says what
/// that was.
fn thinned(
    document: &mut Document,
    limits: FitLimits,
    options: &OutputOptions,
    accessible: bool,
) -> Option<String> {
    let fits = |document: &Document| {
        let paths = limits.paths.map(PathBudget::get);
        let bytes = limits.bytes.map(ByteBudget::get);
        paths.is_none_or(|most| document.counts().shapes <= most as usize)
            && bytes.is_none_or(|most| {
                !exceeds(&rewritten(document.clone(), options, accessible).svg, most)
            })
    };
    let stop = Stop::never().by(Instant::now() + LONGEST_THINNING);
    let thinned = document.thin(limits.bytes.is_some(), &fits, &stop).ok()?;
    let count = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    };
    let what = match (thinned.shapes, thinned.gradients) {
        (0, 0) => return None,
        (0, gradients) => format!("{} became one colour", count(gradients, "gradient")),
        (shapes, 0) => format!("{} left out", count(shapes, "shape")),
        (shapes, gradients) => format!(
            "{} left out, {} became one colour",
            count(shapes, "shape"),
            count(gradients, "gradient")
        ),
    };
    Some(format!(
        "for the size asked for, what shows least went: {what}"
    ))
}

fn exceeds(svg: &str, budget: u32) -> bool {
    u32::try_from(svg.len()).map_or(true, |bytes| bytes > budget)
}

/// A document as the options say; its picture stays the same.
pub fn rewritten(mut document: Document, options: &OutputOptions, accessible: bool) -> Written {
    let mut warnings = Vec::new();
    if options.strokes == StrokeForm::Outline {
        document.outline_strokes();
    }
    if options.flatten_transforms {
        let kept = document.flatten_transforms();
        if kept > 0 {
            warnings.push(format!(
                "the transforms of {kept} groups stay, since they stretch strokes unevenly: write \
                 strokes as outlines to have them flattened, too"
            ));
        }
    }
    let default = WriteOptions::default();
    let tolerance = match options.strokes {
        StrokeForm::Keep => default.tolerance,
        // Both edges of a line are points now, whose errors would show as those of its width.
        StrokeForm::Outline => default.tolerance * 0.2,
    };
    let svg = document.to_svg(&WriteOptions {
        tolerance,
        indent: !options.minify,
        metadata: !options.minify,
        labels: options.layers == LayerForm::Inkscape && !options.minify,
        shapes: match options.shapes {
            ShapeForm::Keep => ShapeElements::Keep,
            ShapeForm::Primitives => ShapeElements::Primitives,
            ShapeForm::Paths => ShapeElements::Paths,
        },
        id_prefix: options.id_prefix.clone(),
        accessible,
        ..default
    });
    Written { svg, warnings }
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
    use chat2svg_protocol::{FitLimits, Ground, JobOptions, Prompt};
    use chat2svg_vector::{Group, Metadata, Node, Shape, Stroke};
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

    fn spec(kind: JobKind, output: OutputOptions) -> JobSpec {
        let options = JobOptions {
            seed: 0,
            deadline_ms: 1000,
            level: Default::default(),
            priority: Default::default(),
            webhook: None,
            palette: None,
            output,
        };
        JobSpec { kind, options }
    }

    fn generated(output: OutputOptions) -> JobSpec {
        let kind = JobKind::Generate {
            prompt: Prompt::parse("stars", 100).unwrap(),
            style: None,
            background: None,
            canvas: CanvasSize::default(),
            candidates: 1,
            wishes: Default::default(),
        };
        spec(kind, output)
    }

    fn vectorized(bytes: Option<u32>, output: OutputOptions) -> JobSpec {
        let limits = FitLimits {
            paths: None,
            bytes: bytes.map(|bytes| ByteBudget::new(bytes).unwrap()),
        };
        spec(
            JobKind::Vectorize {
                limits,
                ground: Ground::Keep,
                look: Default::default(),
            },
            output,
        )
    }

    #[test]
    fn only_names_of_our_own_are_merged() {
        let paths = |spec: &JobSpec| {
            let svg = result(&drawing(Some("stars"), "stars"), spec, false).svg;
            svg.matches("<path").count()
        };
        assert_eq!(paths(&generated(OutputOptions::default())), 1);
        assert_eq!(paths(&vectorized(None, OutputOptions::default())), 2);
    }

    #[test]
    fn options_decide_how_it_is_written() {
        let document = drawing(Some("stars"), "stars");
        let written = |options: OutputOptions| result(&document, &vectorized(None, options), false);
        let plain = written(OutputOptions::default());
        assert!(plain.svg.contains("inkscape:label") && plain.svg.contains("<metadata>"));
        let small = written(OutputOptions {
            minify: true,
            id_prefix: "n-".parse().ok(),
            shapes: ShapeForm::Primitives,
            ..OutputOptions::default()
        });
        assert!(
            !small.svg.contains('\n') && !small.svg.contains("inkscape"),
            "{}",
            small.svg
        );
        assert!(!small.svg.contains("<metadata>"), "{}", small.svg);
        assert_eq!(small.svg.matches("<rect").count(), 2, "{}", small.svg);
        assert_eq!(small.svg.matches(" id=\"n-").count(), 3, "{}", small.svg);
        let plain = written(OutputOptions {
            layers: LayerForm::Plain,
            ..OutputOptions::default()
        });
        assert!(!plain.svg.contains("inkscape") && plain.svg.contains("<metadata>"));
    }

    #[test]
    fn what_an_option_costs_beyond_the_bytes_asked_for_is_told() {
        let document = drawing(Some("stars"), "stars");
        let long = OutputOptions {
            id_prefix: "a-very-long-prefix-that-costs-a-few-bytes-on-each-id-there-is-"
                .parse()
                .ok(),
            ..OutputOptions::default()
        };
        let plain = result(
            &document,
            &vectorized(None, OutputOptions::default()),
            false,
        );
        let budget = Some(u32::try_from(plain.svg.len()).unwrap());
        let told = result(&document, &vectorized(budget, long.clone()), false).warnings;
        assert!(
            matches!(told.as_slice(), [only] if only.contains("more than the")),
            "{told:?}"
        );
        assert_eq!(
            result(&document, &vectorized(None, long), false).warnings,
            [""; 0]
        );
    }

    #[test]
    fn transforms_that_stay_are_told() {
        let mut document = drawing(None, "stars");
        if let Some(Node::Group(group)) = document.layers.first_mut() {
            group.transform = kurbo::Affine::scale_non_uniform(2.0, 1.0);
            if let Some(Node::Shape(shape)) = group.children.first_mut() {
                shape.stroke = Some(Stroke {
                    paint: chat2svg_vector::Paint::Solid(chat2svg_vector::Color::BLACK),
                    opacity: 1.0,
                    width: 2.0,
                    cap: Default::default(),
                    join: Default::default(),
                    miter_limit: 4.0,
                    dashes: Vec::new(),
                    dash_offset: 0.0,
                });
            }
        }
        let flat = OutputOptions {
            flatten_transforms: true,
            ..OutputOptions::default()
        };
        let told = rewritten(document.clone(), &flat, false);
        assert_eq!(told.warnings.len(), 1);
        assert!(told.svg.contains("transform="), "{}", told.svg);
        let outlined = OutputOptions {
            strokes: StrokeForm::Outline,
            ..flat
        };
        let told = rewritten(document, &outlined, false);
        assert_eq!(told.warnings, [""; 0]);
        assert!(
            !told.svg.contains("transform=") && !told.svg.contains("stroke"),
            "{}",
            told.svg
        );
    }

    #[test]
    fn screen_readers_are_told_what_is_shown() {
        let written = |document: &Document, accessible| {
            result(document, &generated(OutputOptions::default()), accessible).svg
        };
        let plain = written(&drawing(Some("stars"), "<stars>"), false);
        assert!(
            !plain.contains("role=") && !plain.contains("<desc"),
            "{plain}"
        );
        let svg = written(&drawing(Some("stars"), "<stars>"), true);
        let (_, after) = svg
            .split_once(r#"role="img" aria-labelledby="title-"#)
            .unwrap();
        let hash: String = after.chars().take(6).collect();
        for part in [
            format!(r#"aria-labelledby="title-{hash} desc-{hash}""#),
            format!(r#"<title id="title-{hash}">&lt;stars&gt;</title>"#),
            format!(r#"<desc id="desc-{hash}">From back to front: night &amp; stars.</desc>"#),
        ] {
            assert!(svg.contains(&part), "{part} in {svg}");
        }
        let read = Document::parse(svg.as_bytes(), &ParseLimits::default()).unwrap();
        assert!(read.warnings.is_empty(), "{:?}", read.warnings);
        assert_eq!(read.document.title.as_deref(), Some("<stars>"));
    }

    #[test]
    fn the_bytes_that_screen_readers_cost_are_known() {
        let mut document = drawing(None, "stars");
        document.description = description(&document);
        let bytes = |accessible| {
            let spec = vectorized(None, OutputOptions::default());
            result(&document, &spec, accessible).svg.len()
        };
        let more = bytes(true) - bytes(false);
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
