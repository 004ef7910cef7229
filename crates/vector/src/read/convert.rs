//! From the normalised tree to a document: names put back, wrappers taken away, what a document
//! cannot hold simplified and reported.

use std::collections::{HashMap, HashSet};

use kurbo::{Affine, BezPath, Rect, Shape as _};

use crate::sanitise::{Heading, Meter, WarningKind, Warnings};
use crate::{
    ClipPath, Color, Document, Fill, FillRule, Group, Meaning, Metadata, Node, Paint, Shape,
};

use super::fonts;
use super::names::Name;
use super::paint;

/// Side of the rendering from which a pattern's mean colour is taken.
const PATTERN_SAMPLES: u32 = 32;

/// What a node counts as: about a microsecond.
const STEPS_PER_NODE: usize = 256;

/// Converts nodes of the normalised tree.
pub(crate) struct Converter<'a> {
    pub(crate) names: &'a HashMap<String, Name>,
    pub(crate) warnings: &'a mut Warnings,
    /// Ids given out: an element that is used twice keeps its id once.
    pub(crate) taken: HashSet<String>,
    /// Once it says stop, nothing more is converted.
    pub(crate) meter: &'a Meter<'a>,
}

impl Converter<'_> {
    pub(crate) fn children(&mut self, group: &usvg::Group) -> Vec<Node> {
        let mut out = Vec::new();
        let names = self.names;
        for run in group.children().chunk_by(|a, b| {
            let above = heading(names, a);
            above.is_some() && above == heading(names, b)
        }) {
            let heading = run.first().and_then(|node| heading(names, node)).cloned();
            let mut converted = Vec::new();
            for node in run {
                if self.meter.add(STEPS_PER_NODE).is_err() {
                    return Vec::new();
                }
                match node {
                    usvg::Node::Group(group) => converted.extend(self.group(group)),
                    usvg::Node::Path(path) => converted.extend(self.path(path)),
                    usvg::Node::Text(text) => converted.extend(self.text(text)),
                    // The sanitiser lets no image pass.
                    usvg::Node::Image(_) => {}
                }
            }
            match (heading, converted.as_mut_slice()) {
                (Some(heading), [Node::Group(group)]) => group.label = heading.text,
                (Some(heading), [Node::Shape(shape)]) => shape.label = heading.text,
                (Some(heading), [_, ..]) => {
                    let named = Group {
                        children: std::mem::take(&mut converted),
                        ..Group::new(heading.text)
                    };
                    converted.push(Node::Group(named));
                }
                _ => {}
            }
            out.append(&mut converted);
        }
        out
    }

    fn name(&mut self, id: &str) -> Name {
        let mut name = self.names.get(id).cloned().unwrap_or_default();
        if !name.id.is_empty() && !self.taken.insert(name.id.clone()) {
            name.id.clear();
        }
        name
    }

    fn group(&mut self, group: &usvg::Group) -> Vec<Node> {
        let name = self.name(group.id());
        let clips = match group.clip_path() {
            None => Vec::new(),
            Some(clip) => match self.clips(clip) {
                Some(clips) => clips,
                // Nothing is inside: nothing shows.
                None => return Vec::new(),
            },
        };
        let children = self.children(group);
        let is_named = !name.id.is_empty() || !name.label.is_empty() || !name.meaning.is_empty();
        let converted = Group {
            id: name.id,
            label: name.label,
            meaning: name.meaning,
            transform: paint::affine(group.transform()),
            opacity: group.opacity().get(),
            clip: None,
            children,
        };
        if converted.children.is_empty() {
            return Vec::new();
        }
        if clips.is_empty() && !is_named {
            // An element of the source that has no name is a group only if it groups something.
            let is_element = self.names.contains_key(group.id());
            return unwrap(converted, is_element);
        }
        vec![Node::Group(clipped(converted, clips))]
    }

    fn path(&mut self, path: &usvg::Path) -> Vec<Node> {
        if !path.is_visible() {
            return Vec::new();
        }
        let name = self.name(path.id());
        let fill = path.fill().and_then(|fill| {
            let (paint, opacity) = self.paint(fill.paint())?;
            Some(Fill {
                paint,
                opacity: fill.opacity().get() * opacity,
                rule: paint::fill_rule(fill.rule()),
            })
        });
        let stroke = path.stroke().and_then(|stroke| {
            let (paint, opacity) = self.paint(stroke.paint())?;
            Some(paint::stroke(
                stroke,
                paint,
                stroke.opacity().get() * opacity,
            ))
        });
        if fill.is_none() && stroke.is_none() {
            return Vec::new();
        }
        let shape = Shape {
            id: name.id,
            label: name.label,
            meaning: name.meaning,
            path: paint::path(path.data()),
            fill,
            stroke,
            opacity: 1.0,
        };
        let is_reversed = path.paint_order() == usvg::PaintOrder::StrokeAndFill;
        if is_reversed && shape.fill.is_some() && shape.stroke.is_some() {
            return vec![Node::Group(stroke_below_fill(shape))];
        }
        vec![Node::Shape(shape)]
    }

    fn text(&mut self, text: &usvg::Text) -> Vec<Node> {
        for span in text.chunks().iter().flat_map(usvg::TextChunk::spans) {
            if let Some(usvg::FontFamily::Named(family)) = span.font().families().first()
                && family != fonts::FAMILY
            {
                self.warnings.add(WarningKind::Font, family);
            }
        }
        let name = self.name(text.id());
        let children = self.children(text.flattened());
        if children.is_empty() {
            return Vec::new();
        }
        vec![Node::Group(Group {
            id: name.id,
            meaning: name.meaning,
            children,
            ..Group::new(name.label)
        })]
    }

    /// A paint, and an opacity that comes with it; `None` when it paints nothing.
    fn paint(&mut self, paint: &usvg::Paint) -> Option<(Paint, f32)> {
        Some(match paint {
            usvg::Paint::Color(color) => (Paint::Solid(paint::color(*color)), 1.0),
            usvg::Paint::LinearGradient(gradient) => (paint::linear(gradient), 1.0),
            usvg::Paint::RadialGradient(gradient) => (paint::radial(gradient), 1.0),
            usvg::Paint::Pattern(pattern) => {
                self.warnings.add(WarningKind::Pattern, "pattern");
                let (color, opacity) = self.mean_color(pattern)?;
                (Paint::Solid(color), opacity)
            }
        })
    }

    fn mean_color(&mut self, pattern: &usvg::Pattern) -> Option<(Color, f32)> {
        // Names inside a pattern name nothing that remains.
        let mut inner = Converter {
            names: &HashMap::new(),
            warnings: &mut *self.warnings,
            taken: HashSet::new(),
            meter: self.meter,
        };
        let tile = pattern.rect();
        let (width, height) = (f64::from(tile.width()), f64::from(tile.height()));
        let document = Document {
            width,
            height,
            view_box: Rect::new(0.0, 0.0, width, height),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: inner.children(pattern.root()),
        };
        // The tile fills the square, so that every part weighs the same.
        let square = document.rendered_to_fill(PATTERN_SAMPLES)?;
        let mut sums = [0.0f64; 4];
        for pixel in square.pixels() {
            let alpha = f64::from(pixel[3]);
            for (sum, component) in sums.iter_mut().zip(&pixel[..3]) {
                *sum += f64::from(*component) * alpha;
            }
            sums[3] += alpha;
        }
        if sums[3] <= 0.0 {
            return None;
        }
        let component = |index: usize| (sums[index] / sums[3] / 255.0) as f32;
        let opacity = sums[3] / (255.0 * square.pixels().len() as f64);
        Some((
            Color::new(component(0), component(1), component(2)),
            opacity as f32,
        ))
    }

    /// The clip paths that apply together, outermost first; `None` when nothing is inside of them.
    fn clips(&mut self, clip: &usvg::ClipPath) -> Option<Vec<ClipPath>> {
        let mut clips = match clip.clip_path() {
            Some(outer) => self.clips(outer)?,
            None => Vec::new(),
        };
        let mut shapes = Vec::new();
        self.outlines(clip.root(), paint::affine(clip.transform()), &mut shapes);
        let joined = match shapes.len() {
            0 => return None,
            1 => shapes.pop()?,
            _ => {
                let is_plain = shapes.iter().all(|shape| shape.rule == FillRule::NonZero);
                if !is_plain {
                    self.warnings.add(WarningKind::ClipPath, "clipPath");
                }
                join(shapes)
            }
        };
        clips.push(joined);
        Some(clips)
    }

    fn outlines(&mut self, group: &usvg::Group, transform: Affine, out: &mut Vec<ClipPath>) {
        for node in group.children() {
            match node {
                usvg::Node::Path(path) if path.is_visible() => {
                    let rule = path.fill().map(|fill| paint::fill_rule(fill.rule()));
                    out.push(ClipPath {
                        path: transform * paint::path(path.data()),
                        rule: rule.unwrap_or_default(),
                    });
                }
                usvg::Node::Group(inner) => {
                    if inner.clip_path().is_some() {
                        self.warnings.add(WarningKind::ClipPath, "clipPath");
                    }
                    self.outlines(inner, transform * paint::affine(inner.transform()), out);
                }
                usvg::Node::Text(text) => self.outlines(text.flattened(), transform, out),
                usvg::Node::Path(_) | usvg::Node::Image(_) => {}
            }
        }
    }
}

/// The comment above the element that a node was made of.
fn heading<'a>(names: &'a HashMap<String, Name>, node: &usvg::Node) -> Option<&'a Heading> {
    if let Some(name) = names.get(node.id()) {
        return name.heading.as_ref();
    }
    // A wrapper that carries an element's opacity or transform.
    match node {
        usvg::Node::Group(group) => match group.children() {
            [only] => heading(names, only),
            _ => None,
        },
        _ => None,
    }
}

/// One outline of several, all turned the same way so that overlaps add up.
fn join(shapes: Vec<ClipPath>) -> ClipPath {
    let mut path = BezPath::new();
    for shape in shapes {
        let outline = if shape.path.area() < 0.0 {
            shape.path.reverse_subpaths()
        } else {
            shape.path
        };
        path.extend(outline);
    }
    ClipPath {
        path,
        rule: FillRule::NonZero,
    }
}

/// A group with its clip paths: the first on itself, the others on groups inside it.
fn clipped(mut group: Group, clips: Vec<ClipPath>) -> Group {
    let mut clips = clips.into_iter();
    group.clip = clips.next();
    for clip in clips.rev() {
        let inner = Group {
            clip: Some(clip),
            children: std::mem::take(&mut group.children),
            ..Group::new("")
        };
        group.children.push(Node::Group(inner));
    }
    group
}

/// Takes away a group that has no name, where nothing is lost.
fn unwrap(mut group: Group, is_element: bool) -> Vec<Node> {
    let is_plain = group.transform == Affine::IDENTITY && group.opacity >= 1.0;
    if is_plain && (!is_element || group.children.len() == 1) {
        return group.children;
    }
    if group.children.len() == 1 {
        match group.children.first_mut() {
            Some(Node::Group(inner)) => {
                inner.transform = group.transform * inner.transform;
                inner.opacity *= group.opacity;
                return group.children;
            }
            Some(Node::Shape(shape)) if shape.can_apply(group.transform) => {
                shape.apply_affine(group.transform);
                shape.opacity *= group.opacity;
                return group.children;
            }
            _ => {}
        }
    }
    vec![Node::Group(group)]
}

/// The same picture with the stroke as a shape of its own, below the fill.
fn stroke_below_fill(shape: Shape) -> Group {
    let line = Shape {
        id: String::new(),
        label: String::new(),
        meaning: Meaning::NONE,
        fill: None,
        ..shape.clone()
    };
    let interior = Shape {
        id: String::new(),
        label: String::new(),
        meaning: Meaning::NONE,
        stroke: None,
        ..shape.clone()
    };
    Group {
        id: shape.id,
        meaning: shape.meaning,
        children: vec![Node::Shape(line), Node::Shape(interior)],
        ..Group::new(shape.label)
    }
}
