//! The document tree: what every stage reads and edits. No SVG syntax and no rendering here.

use kurbo::{Affine, BezPath, Rect};
use serde::{Deserialize, Serialize};

use crate::{Meaning, Paint, Setting};

/// A whole picture: a canvas and the tree painted on it, back to front.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Nominal width in CSS pixels, positive and finite.
    pub width: f64,
    /// Nominal height in CSS pixels, positive and finite.
    pub height: f64,
    /// The part of user space shown on the canvas.
    pub view_box: Rect,
    /// Short accessible name (`<title>`).
    pub title: Option<String>,
    /// Longer accessible description (`<desc>`).
    pub description: Option<String>,
    /// What is known about the document's origin.
    pub metadata: Metadata,
    /// Top-level nodes, back to front. By convention each is a named layer.
    pub layers: Vec<Node>,
}

impl Document {
    /// A canvas of a size in pixels with nothing on it.
    pub fn empty(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            view_box: Rect::new(0.0, 0.0, width, height),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: Vec::new(),
        }
    }
}

/// Where a document came from; written into `<metadata>`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// The prompt, when there was one.
    pub prompt: Option<String>,
    /// The style, by its name.
    pub style: Option<String>,
    /// The seed that varied the arrangement.
    pub seed: Option<u64>,
    /// Art used, with its licence; one entry per piece or collection.
    pub credits: Vec<Credit>,
    /// Words of the prompt that could not be drawn.
    pub undrawn: Vec<String>,
    /// Where and when the scene plays; written on the root element.
    #[serde(default)]
    pub setting: Setting,
    /// The unit in which the file says its width and height, and in which they are written.
    #[serde(default)]
    pub unit: LengthUnit,
}

/// A unit of the document's width and height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthUnit {
    /// CSS pixels, written without a unit.
    #[default]
    Pixel,
    /// `pt`, 72 to the inch.
    Point,
    /// `pc`, 6 to the inch.
    Pica,
    /// `mm`.
    Millimetre,
    /// `cm`.
    Centimetre,
    /// `in`, 96 pixels.
    Inch,
}

impl LengthUnit {
    /// How many CSS pixels one of it is.
    pub fn pixels(self) -> f64 {
        match self {
            Self::Pixel => 1.0,
            Self::Point => 96.0 / 72.0,
            Self::Pica => 16.0,
            Self::Millimetre => 96.0 / 25.4,
            Self::Centimetre => 96.0 / 2.54,
            Self::Inch => 96.0,
        }
    }

    /// What is written behind the number.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Pixel => "",
            Self::Point => "pt",
            Self::Pica => "pc",
            Self::Millimetre => "mm",
            Self::Centimetre => "cm",
            Self::Inch => "in",
        }
    }
}

/// Attribution for a piece of art.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// What was used.
    pub title: String,
    /// Who made it.
    pub author: String,
    /// SPDX identifier of its licence.
    pub license: String,
    /// Where it comes from.
    pub source: String,
}

/// A node of the tree.
#[expect(
    clippy::large_enum_variant,
    reason = "most nodes are shapes, which a box would only put further away"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Nodes that belong together.
    Group(Group),
    /// A painted path.
    Shape(Shape),
}

/// Nodes that belong together: a layer, an object, a part of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// XML id; empty when it has none. Unique within the document.
    pub id: String,
    /// Human-readable name; empty when it has none.
    pub label: String,
    /// What it is.
    pub meaning: Meaning,
    /// Maps the children's coordinates to the parent's.
    pub transform: Affine,
    /// Opacity of the composited group, `0.0..=1.0`.
    pub opacity: f32,
    /// Restricts painting, in the children's coordinates.
    pub clip: Option<ClipPath>,
    /// Back to front.
    pub children: Vec<Node>,
}

impl Group {
    /// An empty group with a label, no transform, fully opaque.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            id: String::new(),
            label: label.into(),
            meaning: Meaning::NONE,
            transform: Affine::IDENTITY,
            opacity: 1.0,
            clip: None,
            children: Vec::new(),
        }
    }
}

/// A region outside which nothing is painted.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipPath {
    /// Closed outlines.
    pub path: BezPath,
    /// Which points are inside.
    pub rule: FillRule,
}

/// A painted path.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// XML id; empty when it has none. Unique within the document.
    pub id: String,
    /// Human-readable name; empty when it has none.
    pub label: String,
    /// What it is.
    pub meaning: Meaning,
    /// How it came into the document.
    pub drawn: Drawn,
    /// Outline in the parent's coordinates.
    pub path: BezPath,
    /// Interior paint.
    pub fill: Option<Fill>,
    /// Outline paint, above the fill.
    pub stroke: Option<Stroke>,
    /// Opacity of fill and stroke composited together, `0.0..=1.0`.
    pub opacity: f32,
}

impl Shape {
    /// A shape with a label and a fill, fully opaque.
    pub fn filled(label: impl Into<String>, path: BezPath, paint: Paint) -> Self {
        Self {
            id: String::new(),
            label: label.into(),
            meaning: Meaning::NONE,
            drawn: Drawn::Here,
            path,
            fill: Some(Fill {
                paint,
                opacity: 1.0,
                rule: FillRule::NonZero,
            }),
            stroke: None,
            opacity: 1.0,
        }
    }

    /// The paint of its fill, or where it has none, of its stroke.
    pub fn main_paint(&self) -> Option<&Paint> {
        let fill = self.fill.as_ref().map(|fill| &fill.paint);
        fill.or(self.stroke.as_ref().map(|stroke| &stroke.paint))
    }
}

/// How a shape came into its document, which decides how freely it may be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drawn {
    /// Made by a program of ours: written in its shortest form, and joined with others like it.
    #[default]
    Here,
    /// A path of a file: it stays a shape of its own.
    AsPath,
    /// A rect, circle, ellipse, line, polyline or polygon of a file: it stays one for as long as
    /// its outline is one.
    AsBasicShape,
}

/// How the interior of a path is painted.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    /// The paint.
    pub paint: Paint,
    /// Opacity of the fill alone, `0.0..=1.0`.
    pub opacity: f32,
    /// Which points are inside.
    pub rule: FillRule,
}

/// Which points are inside a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FillRule {
    /// Winding number other than zero.
    #[default]
    NonZero,
    /// Odd number of crossings.
    EvenOdd,
}

/// How the outline of a path is painted.
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke {
    /// The paint.
    pub paint: Paint,
    /// Opacity of the stroke alone, `0.0..=1.0`.
    pub opacity: f32,
    /// Width in the path's coordinates, not negative.
    pub width: f64,
    /// Shape of open ends.
    pub cap: LineCap,
    /// Shape of corners.
    pub join: LineJoin,
    /// Longest miter as a multiple of the width, at least 1.
    pub miter_limit: f64,
    /// Dash lengths, on and off in turn; empty for a solid line.
    pub dashes: Vec<f64>,
    /// Where in the dash pattern the line starts.
    pub dash_offset: f64,
}

impl Stroke {
    /// A solid line with the ends, corners and miters that SVG has unless it says otherwise.
    pub fn solid(paint: Paint, width: f64) -> Self {
        Self {
            paint,
            opacity: 1.0,
            width,
            cap: LineCap::default(),
            join: LineJoin::default(),
            miter_limit: 4.0,
            dashes: Vec::new(),
            dash_offset: 0.0,
        }
    }
}

/// Shape of a stroke's open ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineCap {
    /// Cut at the end point.
    #[default]
    Butt,
    /// A half disc.
    Round,
    /// Half a square.
    Square,
}

/// Shape of a stroke's corners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineJoin {
    /// A point, up to the miter limit.
    #[default]
    Miter,
    /// A disc.
    Round,
    /// Cut off.
    Bevel,
}
