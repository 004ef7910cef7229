//! What is drawn: paths, paints, groups and clips, as plain data.
//!
//! A scene is a list of nodes in painting order. It knows nothing of pixels
//! beyond its canvas; rendering and differentiation are the
//! [`Renderer`](crate::Renderer)'s.

mod validate;

/// Largest magnitude of a coordinate, in pixels after the view is applied.
pub const MAX_COORDINATE: f32 = 1e9;

/// Largest canvas side in pixels.
pub const MAX_SIDE: u32 = 32_768;

/// A picture made of vector shapes.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Canvas width in pixels; zero renders an empty image.
    pub width: u32,
    /// Canvas height in pixels; zero renders an empty image.
    pub height: u32,
    /// Maps scene units to pixels.
    pub view: View,
    /// Straight (not premultiplied) RGBA behind everything, each in 0..=1.
    pub background: [f32; 4],
    /// Paths and groups, bottom first.
    pub nodes: Vec<Node>,
    /// Clip paths that groups refer to by index.
    pub clips: Vec<Clip>,
}

impl Scene {
    /// An empty scene whose units are pixels.
    #[must_use]
    pub fn new(width: u32, height: u32, background: [f32; 4]) -> Self {
        Self {
            width,
            height,
            view: View::default(),
            background,
            nodes: Vec::new(),
            clips: Vec::new(),
        }
    }
}

/// Uniform scale and offset from scene units to pixels: `pixel = scale * unit + offset`.
///
/// Rendering one scene at several resolutions needs only another view and
/// canvas; gradients always come back in scene units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Pixels per scene unit; positive.
    pub scale: f32,
    /// Pixel position of the scene's origin.
    pub offset: [f32; 2],
}

impl Default for View {
    fn default() -> Self {
        Self {
            scale: 1.0,
            offset: [0.0, 0.0],
        }
    }
}

/// One step of the painting order.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all nodes are paths; a box would cost a pointer chase for each"
)]
pub enum Node {
    /// Paints a path.
    Path(Path),
    /// Begins a group: what follows, up to the matching [`Node::Pop`], is
    /// painted on a transparent layer of its own.
    Push(Group),
    /// Ends the innermost group and paints its layer.
    Pop,
}

/// A layer that is painted as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// Opacity of the whole layer in 0..=1.
    pub opacity: f32,
    /// Index into [`Scene::clips`].
    pub clip: Option<usize>,
}

/// The union of shapes outside of which a group is invisible.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clip {
    /// Shapes of the union.
    pub shapes: Vec<ClipShape>,
}

/// One shape of a clip path.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipShape {
    /// The outline; open subpaths count as closed.
    pub outline: Outline,
    /// What counts as inside.
    pub rule: FillRule,
}

/// An outline with a fill, a stroke, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The geometry in scene units.
    pub outline: Outline,
    /// Paints the inside; open subpaths count as closed.
    pub fill: Option<Fill>,
    /// Paints along the outline.
    pub stroke: Option<Stroke>,
    /// Paints the stroke below the fill (SVG's `paint-order="stroke"`).
    pub stroke_first: bool,
}

impl Path {
    /// A filled path with an opaque or translucent solid colour, non-zero rule.
    #[must_use]
    pub fn filled(outline: Outline, color: [f32; 3], opacity: f32) -> Self {
        Self {
            outline,
            fill: Some(Fill {
                paint: Paint::Solid(color),
                opacity,
                rule: FillRule::NonZero,
            }),
            stroke: None,
            stroke_first: false,
        }
    }
}

/// Subpaths as verbs and the points that they take.
///
/// The same convention as most path crates: `Move` and `Line` take one point,
/// `Quad` two, `Cubic` three, `Close` none. Every subpath starts with `Move`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outline {
    /// The steps.
    pub verbs: Vec<Verb>,
    /// The points that the verbs take, in order, in scene units.
    pub points: Vec<[f32; 2]>,
}

impl Outline {
    /// An outline without points.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a subpath at `p`.
    pub fn move_to(&mut self, p: [f32; 2]) {
        self.verbs.push(Verb::Move);
        self.points.push(p);
    }

    /// A line to `p`.
    pub fn line_to(&mut self, p: [f32; 2]) {
        self.verbs.push(Verb::Line);
        self.points.push(p);
    }

    /// A quadratic Bézier curve to `p` with control point `c`.
    pub fn quad_to(&mut self, c: [f32; 2], p: [f32; 2]) {
        self.verbs.push(Verb::Quad);
        self.points.extend([c, p]);
    }

    /// A cubic Bézier curve to `p` with control points `c1` and `c2`.
    pub fn cubic_to(&mut self, c1: [f32; 2], c2: [f32; 2], p: [f32; 2]) {
        self.verbs.push(Verb::Cubic);
        self.points.extend([c1, c2, p]);
    }

    /// Closes the subpath with a line to its start.
    pub fn close(&mut self) {
        self.verbs.push(Verb::Close);
    }
}

/// One step of an [`Outline`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Starts a subpath; one point.
    Move,
    /// Straight line; one point.
    Line,
    /// Quadratic Bézier curve; control point and end point.
    Quad,
    /// Cubic Bézier curve; two control points and end point.
    Cubic,
    /// Straight line to the subpath's start; no point.
    Close,
}

impl Verb {
    /// How many points the verb takes.
    #[must_use]
    pub const fn point_count(self) -> usize {
        match self {
            Self::Move | Self::Line => 1,
            Self::Quad => 2,
            Self::Cubic => 3,
            Self::Close => 0,
        }
    }
}

/// What counts as inside an outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FillRule {
    /// Winding number other than zero.
    #[default]
    NonZero,
    /// Odd winding number.
    EvenOdd,
}

/// How the inside is painted.
#[derive(Debug, Clone, PartialEq)]
pub struct Fill {
    /// Colour or gradient.
    pub paint: Paint,
    /// Multiplies the paint's alpha; 0..=1.
    pub opacity: f32,
    /// What counts as inside.
    pub rule: FillRule,
}

/// How the outline is painted.
#[derive(Debug, Clone, PartialEq)]
pub struct Stroke {
    /// Colour or gradient.
    pub paint: Paint,
    /// Multiplies the paint's alpha; 0..=1.
    pub opacity: f32,
    /// Width in scene units; zero or less paints nothing.
    pub width: f32,
    /// Ends of open subpaths.
    pub cap: Cap,
    /// Corners.
    pub join: Join,
    /// Longest miter as a multiple of the width, as in SVG; at least 1.
    pub miter_limit: f32,
}

/// Shape of the ends of an open stroke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Cap {
    /// Ends at the end point.
    #[default]
    Butt,
    /// A half disc.
    Round,
    /// Half a square.
    Square,
}

/// Shape of a stroke's corners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Join {
    /// Sharp, up to the miter limit; beyond it a bevel.
    #[default]
    Miter,
    /// A disc sector.
    Round,
    /// Cut straight.
    Bevel,
}

/// Colour of a fill or stroke. All colours are sRGB-encoded, 0..=1, and are
/// mixed in that encoding, as SVG renderers do.
#[derive(Debug, Clone, PartialEq)]
pub enum Paint {
    /// One colour.
    Solid([f32; 3]),
    /// Colours along a line.
    Linear(LinearGradient),
    /// Colours around a point.
    Radial(RadialGradient),
}

/// Colours along the line from `start` to `end`, padded beyond both.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearGradient {
    /// Where offset 0 is, in gradient space.
    pub start: [f32; 2],
    /// Where offset 1 is, in gradient space.
    pub end: [f32; 2],
    /// Gradient space to scene units; not differentiated.
    pub transform: Transform,
    /// What the gradient does beyond its ends.
    pub spread: Spread,
    /// Colours, in ascending order of offset; a later offset below an earlier
    /// one counts as equal to it.
    pub stops: Vec<Stop>,
}

/// Colours from a focus to the circle around `center`.
#[derive(Debug, Clone, PartialEq)]
pub struct RadialGradient {
    /// Centre of the circle where offset 1 is, in gradient space.
    pub center: [f32; 2],
    /// Its radius; zero or less paints the last stop's colour everywhere.
    pub radius: f32,
    /// Where offset 0 is; kept inside the circle when rendering.
    pub focus: [f32; 2],
    /// Gradient space to scene units; not differentiated.
    pub transform: Transform,
    /// What the gradient does beyond its circle.
    pub spread: Spread,
    /// Colours, in ascending order of offset.
    pub stops: Vec<Stop>,
}

/// What a gradient does beyond its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Spread {
    /// Continues with the end colours.
    #[default]
    Pad,
    /// Runs back and forth.
    Reflect,
    /// Starts again.
    Repeat,
}

/// A colour at a place of a gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// Place in 0..=1.
    pub offset: f32,
    /// Straight RGBA, each in 0..=1.
    pub color: [f32; 4],
}

/// `x' = a x + c y + e`, `y' = b x + d y + f`, as SVG's `matrix(a b c d e f)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transform(pub [f32; 6]);

impl Default for Transform {
    fn default() -> Self {
        Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    }
}

impl Transform {
    /// The inverse in double precision, or `None` when there is none.
    pub(crate) fn inverse(self) -> Option<[f64; 6]> {
        let [a, b, c, d, e, f] = self.0.map(f64::from);
        let determinant = a * d - b * c;
        if !determinant.is_normal() {
            return None;
        }
        let k = 1.0 / determinant;
        Some([
            d * k,
            -b * k,
            -c * k,
            a * k,
            (c * f - d * e) * k,
            (b * e - a * f) * k,
        ])
    }
}
