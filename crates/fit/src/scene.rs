//! A document as a scene of the rasteriser, in pixels of the fitting resolution, and back.
//!
//! The document stays the truth: a scene is made for one descent and its parameters are then put
//! back.

use chat2svg_diffraster as raster;
use chat2svg_trace::picture::Picture;
use chat2svg_vector::{
    Color, Document, FillRule, GradientStop, Group, LineCap, LineJoin, Node, Paint, Shape, Spread,
    Stroke, similarity_scale,
};
use kurbo::{Affine, BezPath, PathEl, Point};
use raster::{Outline, Scene, Verb};

use crate::{
    extent::Extent,
    freedom::{Freedom, Motion},
};

/// Opacity from which a paint counts as opaque.
const OPAQUE: f32 = 0.999;

/// A scene and where its paths come from.
#[derive(Clone, Debug)]
pub(crate) struct SceneMap {
    pub(crate) scene: Scene,
    pub(crate) slots: Vec<Slot>,
}

/// A path of the scene and the shape that it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// Index into the scene's nodes.
    pub(crate) node: usize,
    /// Index of the shape in painting order.
    pub(crate) shape: usize,
    /// Maps the shape's coordinates to the scene's.
    pub(crate) to_scene: Affine,
    /// Whether the outline in the scene stands for the shape's own (it does not when it is dashed).
    pub(crate) has_own_outline: bool,
    /// Opacity of the shape that was multiplied into its only paint.
    folded_opacity: f32,
    /// How much of the shape may change.
    pub(crate) freedom: Freedom,
}

impl SceneMap {
    /// Where the path of a slot may show on the canvas of a picture.
    pub(crate) fn extent(&self, slot: usize, target: &Picture) -> Option<Extent> {
        match self.scene.nodes.get(self.slots.get(slot)?.node) {
            Some(raster::Node::Path(path)) => Extent::of(path, target.size()),
            _ => None,
        }
    }

    /// Blocks of slots that move as one: of some slots each alone, but all of a text together.
    pub(crate) fn blocks(&self, slots: &[usize]) -> Vec<Vec<usize>> {
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        let motion = |slot: usize| self.slots.get(slot).map(|slot| slot.freedom.outline);
        for slot in slots {
            let of_same_text = |block: &&mut Vec<usize>| {
                matches!(motion(*slot), Some(Motion::AsOne(_)))
                    && block.first().map(|first| motion(*first)) == Some(motion(*slot))
            };
            match blocks.iter_mut().find(of_same_text) {
                Some(block) => block.push(*slot),
                None => blocks.push(vec![*slot]),
            }
        }
        blocks
    }
}

impl Slot {
    /// Distance in the scene between neighbouring values of a coordinate written with so many
    /// decimals; `None` where the shape's axes are not the scene's or the outline is not its own.
    pub(crate) fn grid(&self, decimals: u8) -> Option<f32> {
        let [a, b, c, d, ..] = self.to_scene.as_coeffs();
        let is_upright = b == 0.0 && c == 0.0 && a == d && a > 0.0;
        (self.has_own_outline && is_upright).then(|| (a * 0.1_f64.powi(i32::from(decimals))) as f32)
    }
}

/// The scene of a document on the canvas of a picture; `to_canvas` maps user space to its pixels.
pub(crate) fn scene_of(document: &Document, target: &Picture, to_canvas: Affine) -> SceneMap {
    let mut map = SceneMap {
        scene: Scene::new(target.width as u32, target.height as u32, target.canvas()),
        slots: Vec::new(),
    };
    let mut shapes = 0;
    for node in &document.layers {
        add_node(&mut map, node, to_canvas, &mut shapes);
    }
    map
}

fn add_node(map: &mut SceneMap, node: &Node, to_scene: Affine, shapes: &mut usize) {
    match node {
        Node::Shape(shape) => {
            add_shape(map, shape, to_scene, *shapes);
            *shapes += 1;
        }
        Node::Group(group) => add_group(map, group, to_scene, shapes),
    }
}

fn add_group(map: &mut SceneMap, group: &Group, to_scene: Affine, shapes: &mut usize) {
    let inner = to_scene * group.transform;
    let is_layer = group.opacity < OPAQUE || group.clip.is_some();
    if is_layer {
        let clip = group.clip.as_ref().map(|clip| {
            map.scene.clips.push(raster::Clip {
                shapes: vec![raster::ClipShape {
                    outline: outline_of(&(inner * &clip.path)),
                    rule: rule_of(clip.rule),
                }],
            });
            map.scene.clips.len() - 1
        });
        map.scene.nodes.push(raster::Node::Push(raster::Group {
            opacity: group.opacity.clamp(0.0, 1.0),
            clip,
        }));
    }
    for child in &group.children {
        add_node(map, child, inner, shapes);
    }
    if is_layer {
        map.scene.nodes.push(raster::Node::Pop);
    }
}

fn add_shape(map: &mut SceneMap, shape: &Shape, to_scene: Affine, index: usize) {
    if !shape.path.is_finite() || !to_scene.is_finite() {
        return;
    }
    let is_both = shape.fill.is_some() && shape.stroke.is_some();
    let is_layer = is_both && shape.opacity < OPAQUE;
    let folded_opacity = if is_layer { 1.0 } else { shape.opacity };
    let own_stroke = shape
        .stroke
        .as_ref()
        .map(|stroke| stroke.with_countable_dashes(&shape.path));
    let dashed = own_stroke
        .as_ref()
        .filter(|stroke| stroke.dashes.iter().sum::<f64>() > 1e-6)
        .map(|stroke| stroke.dashed(&shape.path));
    let stroke = own_stroke
        .as_ref()
        .map(|stroke| stroke_of(stroke, to_scene, folded_opacity));
    let fill = shape.fill.as_ref().map(|fill| raster::Fill {
        paint: paint_of(&fill.paint, to_scene),
        opacity: (fill.opacity * folded_opacity).clamp(0.0, 1.0),
        rule: rule_of(fill.rule),
    });
    if is_layer {
        map.scene.nodes.push(raster::Node::Push(raster::Group {
            opacity: shape.opacity.clamp(0.0, 1.0),
            clip: None,
        }));
    }
    let path = |path: &BezPath, fill: Option<raster::Fill>, stroke: Option<raster::Stroke>| {
        raster::Node::Path(raster::Path {
            outline: outline_of(&(to_scene * path)),
            fill,
            stroke,
            stroke_first: false,
        })
    };
    // Dashes are drawn as they look, but that outline is not to be changed: it is not the shape's.
    let (drawn, fill) = match &dashed {
        None => (&shape.path, fill),
        Some(dashed) => {
            let below = fill.map(|fill| path(&shape.path, Some(fill), None));
            map.scene.nodes.extend(below);
            (dashed, None)
        }
    };
    map.slots.push(Slot {
        node: map.scene.nodes.len(),
        shape: index,
        to_scene,
        has_own_outline: dashed.is_none(),
        folded_opacity,
        freedom: Freedom::default(),
    });
    map.scene.nodes.push(path(drawn, fill, stroke));
    if is_layer {
        map.scene.nodes.push(raster::Node::Pop);
    }
}

/// The document as the scene that was made of it is at present.
pub(crate) fn shown(document: &Document, map: &SceneMap) -> Document {
    let mut shown = document.clone();
    write_back(map, &mut shown);
    shown
}

/// Puts the scene's outlines and paints back into the document that it was made of.
pub(crate) fn write_back(map: &SceneMap, document: &mut Document) {
    let mut slots = map.slots.iter().peekable();
    document.edit_shapes(|index, shape, _, _| {
        if let Some(slot) = slots.next_if(|slot| slot.shape == index)
            && let Some(raster::Node::Path(path)) = map.scene.nodes.get(slot.node)
        {
            write_shape(slot, path, shape);
        }
    });
}

fn write_shape(slot: &Slot, path: &raster::Path, shape: &mut Shape) {
    let back = slot.to_scene.inverse();
    if !back.is_finite() {
        return;
    }
    if slot.has_own_outline {
        shape.path = back * &path_of(&path.outline);
    }
    let unfolded = |old: f32, fitted: f32| match slot.folded_opacity {
        folded if folded > 1e-3 => (fitted / folded).clamp(0.0, 1.0),
        _ => old,
    };
    if let (Some(fill), Some(fitted)) = (&mut shape.fill, &path.fill) {
        write_paint(&mut fill.paint, &fitted.paint, back);
        fill.opacity = unfolded(fill.opacity, fitted.opacity);
    }
    if let (Some(stroke), Some(fitted)) = (&mut shape.stroke, &path.stroke) {
        write_paint(&mut stroke.paint, &fitted.paint, back);
        stroke.opacity = unfolded(stroke.opacity, fitted.opacity);
        let scale = scale_of(slot.to_scene);
        if slot.has_own_outline && scale > 0.0 {
            stroke.width = f64::from(fitted.width) / scale;
        }
    }
}

fn write_paint(paint: &mut Paint, fitted: &raster::Paint, back: Affine) {
    let color = |[red, green, blue, _]: [f32; 4]| {
        let unit = |value: f32| value.clamp(0.0, 1.0);
        Color::new(unit(red), unit(green), unit(blue))
    };
    let write_stops = |stops: &mut [GradientStop], fitted: &[raster::Stop]| {
        let mut least = 0.0_f32;
        for (stop, fitted) in stops.iter_mut().zip(fitted) {
            least = fitted.offset.clamp(least, 1.0);
            stop.offset = least;
            stop.color = color(fitted.color);
            stop.opacity = fitted.color[3].clamp(0.0, 1.0);
        }
    };
    match (paint, fitted) {
        (Paint::Solid(old), raster::Paint::Solid([red, green, blue])) => {
            *old = color([*red, *green, *blue, 1.0]);
        }
        (Paint::Linear(old), raster::Paint::Linear(new)) => {
            write_stops(&mut old.stops, &new.stops);
            if new.transform == raster::Transform::default() {
                old.transform = Affine::IDENTITY;
                old.start = back * point_of(new.start);
                old.end = back * point_of(new.end);
            }
        }
        (Paint::Radial(old), raster::Paint::Radial(new)) => {
            write_stops(&mut old.stops, &new.stops);
            if new.transform == raster::Transform::default() {
                old.transform = Affine::IDENTITY;
                old.center = back * point_of(new.center);
                old.focus = back * point_of(new.focus);
                old.radius = f64::from(new.radius) * scale_of(back);
            }
        }
        _ => {}
    }
}

/// Factor by which a map makes lengths grow, on average.
pub(crate) fn scale_of(map: Affine) -> f64 {
    map.determinant().abs().sqrt()
}

/// A stroke of a shape that is painted with some opacity.
pub(crate) fn stroke_of(stroke: &Stroke, to_scene: Affine, opacity: f32) -> raster::Stroke {
    raster::Stroke {
        paint: paint_of(&stroke.paint, to_scene),
        opacity: (stroke.opacity * opacity).clamp(0.0, 1.0),
        width: (stroke.width * scale_of(to_scene)) as f32,
        cap: match stroke.cap {
            LineCap::Butt => raster::Cap::Butt,
            LineCap::Round => raster::Cap::Round,
            LineCap::Square => raster::Cap::Square,
        },
        join: match stroke.join {
            LineJoin::Miter => raster::Join::Miter,
            LineJoin::Round => raster::Join::Round,
            LineJoin::Bevel => raster::Join::Bevel,
        },
        miter_limit: stroke.miter_limit.max(1.0) as f32,
    }
}

pub(crate) fn paint_of(paint: &Paint, to_scene: Affine) -> raster::Paint {
    let stops_of = |stops: &[GradientStop]| -> Vec<raster::Stop> {
        let stops = stops.iter();
        let stops = stops.map(
            |GradientStop {
                 offset,
                 color,
                 opacity,
             }| raster::Stop {
                offset: *offset,
                color: [color.red, color.green, color.blue, *opacity],
            },
        );
        stops.collect()
    };
    let spread_of = |spread: Spread| match spread {
        Spread::Pad => raster::Spread::Pad,
        Spread::Reflect => raster::Spread::Reflect,
        Spread::Repeat => raster::Spread::Repeat,
    };
    // Where lengths scale alike the geometry itself moves, so that it can be fitted in pixels.
    let place = |inner: Affine| {
        let whole = to_scene * inner;
        if similarity_scale(whole).is_some() {
            (whole, raster::Transform::default())
        } else {
            let transform = raster::Transform(whole.as_coeffs().map(|v| v as f32));
            (Affine::IDENTITY, transform)
        }
    };
    match paint {
        Paint::Solid(color) => raster::Paint::Solid([color.red, color.green, color.blue]),
        Paint::Linear(gradient) => {
            let (direct, transform) = place(gradient.transform);
            raster::Paint::Linear(raster::LinearGradient {
                start: pair_of(direct * gradient.start),
                end: pair_of(direct * gradient.end),
                transform,
                spread: spread_of(gradient.spread),
                stops: stops_of(&gradient.stops),
            })
        }
        Paint::Radial(gradient) => {
            let (direct, transform) = place(gradient.transform);
            raster::Paint::Radial(raster::RadialGradient {
                center: pair_of(direct * gradient.center),
                radius: (gradient.radius * scale_of(direct)) as f32,
                focus: pair_of(direct * gradient.focus),
                transform,
                spread: spread_of(gradient.spread),
                stops: stops_of(&gradient.stops),
            })
        }
    }
}

fn rule_of(rule: FillRule) -> raster::FillRule {
    match rule {
        FillRule::NonZero => raster::FillRule::NonZero,
        FillRule::EvenOdd => raster::FillRule::EvenOdd,
    }
}

fn pair_of(point: Point) -> [f32; 2] {
    [point.x as f32, point.y as f32]
}

fn point_of([x, y]: [f32; 2]) -> Point {
    Point::new(f64::from(x), f64::from(y))
}

pub(crate) fn outline_of(path: &BezPath) -> Outline {
    let mut outline = Outline::new();
    let mut start = None;
    let mut is_closed = true;
    for element in path.elements() {
        if is_closed
            && !matches!(element, PathEl::MoveTo(_) | PathEl::ClosePath)
            && let Some(start) = start
        {
            outline.move_to(start);
        }
        match *element {
            PathEl::MoveTo(p) => {
                start = Some(pair_of(p));
                outline.move_to(pair_of(p));
            }
            PathEl::LineTo(p) => outline.line_to(pair_of(p)),
            PathEl::QuadTo(c, p) => outline.quad_to(pair_of(c), pair_of(p)),
            PathEl::CurveTo(c, d, p) => outline.cubic_to(pair_of(c), pair_of(d), pair_of(p)),
            PathEl::ClosePath if is_closed => continue,
            PathEl::ClosePath => outline.close(),
        }
        is_closed = matches!(element, PathEl::ClosePath);
    }
    outline
}

fn path_of(outline: &Outline) -> BezPath {
    let mut points = outline.points.iter().map(|p| point_of(*p));
    let mut path = BezPath::new();
    for verb in &outline.verbs {
        let mut next = || points.next().unwrap_or_default();
        path.push(match verb {
            Verb::Move => PathEl::MoveTo(next()),
            Verb::Line => PathEl::LineTo(next()),
            Verb::Quad => PathEl::QuadTo(next(), next()),
            Verb::Cubic => PathEl::CurveTo(next(), next(), next()),
            Verb::Close => PathEl::ClosePath,
        });
    }
    path
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::ParseLimits;

    use super::*;

    fn scene(stroke: &str, path: &str) -> Scene {
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64'><path {stroke} fill='none' stroke='#000' d='{path}'/></svg>"
        );
        let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("is read");
        let mut document = parsed.document;
        // As in a document that no reader has looked at.
        document.edit_shapes(|_, shape, _, _| {
            if let Some(stroke) = &mut shape.stroke {
                stroke.dashes = vec![5.0, 2.0];
            }
        });
        let target = Picture::opaque(64, 64, vec![[1.0; 3]; 64 * 64]);
        scene_of(&document, &target, Affine::IDENTITY).scene
    }

    #[test]
    fn dashes_are_bounded_however_long_the_line_is() {
        for (path, most) in [
            ("M2 9L60 9", 40),
            ("M2 9L100000 9", 40_000),
            ("M2 4e8L9 9", 2),
            ("M2 2C4e5 9 9 4e5 3 3", 80_000),
        ] {
            let scene = scene("", path);
            let points: usize = scene
                .nodes
                .iter()
                .map(|node| match node {
                    raster::Node::Path(path) => path.outline.points.len(),
                    _ => 0,
                })
                .sum();
            assert!(points > 1 && points <= most, "{points} points of {path}");
        }
    }

    #[test]
    fn huge_outlines_are_flattened_within_the_limit() {
        for size in ["1e6", "1e7", "4e8"] {
            let scene = scene("stroke-width='9'", &format!("M0 0L{size} {size}L9 {size}z"));
            let mut renderer = raster::Renderer::new(1);
            let drawn = renderer.forward(&scene);
            assert!(drawn.is_ok(), "{size}: {:?}", drawn.err());
        }
    }
}
