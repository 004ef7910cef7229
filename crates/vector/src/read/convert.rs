//! From the normalised tree to a document: names put back, wrappers taken away, what a document
//! cannot hold simplified and reported.

use std::collections::{HashMap, HashSet};

use kurbo::{Affine, Rect};

use crate::sanitise::{Heading, Meter, WarningKind, Warnings};
use crate::{
    ClipPath, Color, Document, Fill, FillRule, Group, Meaning, Metadata, Node, Paint, Shape,
};

use super::filter;
use super::fonts;
use super::mask;
use super::names::Name;
use super::nodes::{self, clip_rect, clipped_group, join};
use super::paint;
use super::picture::{self, Drawn};
use super::spare::Spare;
use super::tile::Tile;

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
    /// What effects may still cost.
    pub(crate) spare: &'a mut Spare,
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
                let is_stopped = self.meter.add(STEPS_PER_NODE).is_err();
                if is_stopped || self.spare.settle(self.meter).is_err() {
                    return Vec::new();
                }
                match node {
                    usvg::Node::Group(group) => converted.extend(self.group(group)),
                    usvg::Node::Path(path) => converted.extend(self.path(path)),
                    usvg::Node::Text(text) => converted.extend(self.text(text)),
                    usvg::Node::Image(image) => converted.extend(self.image(image)),
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
        let place = place(&name, &children);
        let mut converted = Group {
            id: name.id,
            label: name.label,
            meaning: name.meaning,
            transform: paint::affine(group.transform()),
            opacity: group.opacity().get(),
            clip: None,
            children,
        };
        for filter in group.filters() {
            self.filter(filter, &place, &mut converted);
        }
        let mut converted = clipped(converted, clips);
        let mut next = group.mask();
        while let Some(mask) = next {
            converted = self.mask(mask, &place, converted);
            next = mask.mask();
        }
        if converted.children.is_empty() {
            return Vec::new();
        }
        let is_named = !converted.id.is_empty()
            || !converted.label.is_empty()
            || !converted.meaning.is_empty();
        if converted.clip.is_none() && !is_named {
            // An element of the source that has no name is a group only if it groups something.
            let is_element = self.names.contains_key(group.id());
            return unwrap(converted, is_element);
        }
        vec![Node::Group(converted)]
    }

    /// Applies a filter to what a group holds, or says what of it is lost.
    fn filter(&mut self, filter: &usvg::filter::Filter, place: &str, group: &mut Group) {
        if group.children.is_empty() {
            return;
        }
        match filter::apply(filter, &group.children, self.spare) {
            Ok(filtered) => {
                if !filtered.keeps_names {
                    take_names(group);
                }
                group.children = filtered.nodes;
                if filtered.is_near {
                    let subject = format!("filter of {place}");
                    self.warnings.add(WarningKind::Approximated, &subject);
                }
            }
            Err(primitive) => {
                let subject = format!("{primitive} of {place}");
                self.warnings.add(WarningKind::Filter, &subject);
            }
        }
    }

    /// Applies a mask to a group, within its transform and below its opacity.
    fn mask(&mut self, mask: &usvg::Mask, place: &str, mut group: Group) -> Group {
        let content = self.unnamed_children(mask.root());
        let region = mask.rect();
        let [x0, y0, x1, y1] =
            [region.left(), region.top(), region.right(), region.bottom()].map(f64::from);
        let is_luminance = mask.kind() == usvg::MaskType::Luminance;
        let masked = match group.clip.take() {
            None => std::mem::take(&mut group.children),
            Some(clip) => {
                let children = std::mem::take(&mut group.children);
                vec![Node::Group(clipped_group(clip, children))]
            }
        };
        let region = Rect::new(x0, y0, x1, y1);
        let done = mask::apply(&content, region, is_luminance, masked.clone(), self.spare);
        let Some(done) = done else {
            self.warnings
                .add(WarningKind::Mask, &format!("mask of {place}"));
            group.children = masked;
            return group;
        };
        if done.is_near {
            self.warnings
                .add(WarningKind::Approximated, &format!("mask of {place}"));
        }
        group.children = done.nodes;
        // A wrapper that only clips and fades is the group itself.
        if let [Node::Group(inner)] = group.children.as_mut_slice()
            && inner.transform == Affine::IDENTITY
            && inner.id.is_empty()
            && inner.label.is_empty()
            && inner.meaning.is_empty()
        {
            group.clip = inner.clip.take();
            group.opacity *= inner.opacity;
            group.children = std::mem::take(&mut inner.children);
        }
        group
    }

    /// What a group shows, as nodes without names.
    fn unnamed_children(&mut self, group: &usvg::Group) -> Vec<Node> {
        let mut inner = Converter {
            names: &HashMap::new(),
            warnings: &mut *self.warnings,
            taken: HashSet::new(),
            meter: self.meter,
            spare: &mut *self.spare,
        };
        inner.children(group)
    }

    /// A picture inside the document: another document, or pixels.
    fn image(&mut self, image: &usvg::Image) -> Vec<Node> {
        let data = match image.kind() {
            _ if !image.is_visible() => return Vec::new(),
            usvg::ImageKind::SVG(tree) => {
                let nodes = self.unnamed_children(tree.root());
                let size = tree.size();
                let window = Rect::new(0.0, 0.0, f64::from(size.width()), f64::from(size.height()));
                let painted = nodes::bounds(&nodes);
                if painted.is_none_or(|painted| painted.union(window) == window) {
                    return nodes;
                }
                return vec![Node::Group(clipped_group(clip_rect(window), nodes))];
            }
            usvg::ImageKind::PNG(data) | usvg::ImageKind::JPEG(data) => data,
            usvg::ImageKind::WEBP(data) | usvg::ImageKind::GIF(data) => data,
        };
        let size = image.size();
        let (width, height) = (f64::from(size.width()), f64::from(size.height()));
        let subject = format!("image of {width} × {height} pixels");
        match picture::draw(data, width, height, self.spare) {
            Drawn::Exactly(nodes) => nodes,
            Drawn::Pixels(nodes) => {
                if image.rendering_mode() != usvg::ImageRendering::OptimizeSpeed {
                    self.warnings.add(WarningKind::Approximated, &subject);
                }
                nodes
            }
            Drawn::Mean(nodes) => {
                self.warnings.add(WarningKind::Image, &subject);
                nodes
            }
            Drawn::Not => {
                self.warnings.add(WarningKind::Image, &subject);
                Vec::new()
            }
        }
    }

    fn path(&mut self, path: &usvg::Path) -> Vec<Node> {
        if !path.is_visible() {
            return Vec::new();
        }
        let name = self.name(path.id());
        let outline = paint::path(path.data());
        let mut tiled_fill = None;
        let fill = path.fill().and_then(|fill| {
            let rule = paint::fill_rule(fill.rule());
            if let usvg::Paint::Pattern(pattern) = fill.paint() {
                let outline = ClipPath {
                    path: outline.clone(),
                    rule,
                };
                tiled_fill = self.tiled(pattern, outline, fill.opacity().get());
                if tiled_fill.is_some() {
                    return None;
                }
            }
            let (paint, opacity) = self.paint(fill.paint())?;
            Some(Fill {
                paint,
                opacity: fill.opacity().get() * opacity,
                rule,
            })
        });
        let mut tiled_stroke = None;
        let stroke = path.stroke().and_then(|stroke| {
            if let usvg::Paint::Pattern(pattern) = stroke.paint() {
                let line = paint::stroke(stroke, Paint::Solid(Color::BLACK), 1.0);
                let outline = ClipPath {
                    path: nodes::stroke_outline(&outline, &line),
                    rule: FillRule::NonZero,
                };
                tiled_stroke = self.tiled(pattern, outline, stroke.opacity().get());
                if tiled_stroke.is_some() {
                    return None;
                }
            }
            let (paint, opacity) = self.paint(stroke.paint())?;
            Some(paint::stroke(
                stroke,
                paint,
                stroke.opacity().get() * opacity,
            ))
        });
        let is_reversed = path.paint_order() == usvg::PaintOrder::StrokeAndFill;
        let has_shape = fill.is_some() || stroke.is_some();
        let shape = Shape {
            id: name.id,
            label: name.label,
            meaning: name.meaning,
            path: outline,
            fill,
            stroke,
            opacity: 1.0,
        };
        if tiled_fill.is_some() || tiled_stroke.is_some() {
            return vec![Node::Group(with_tiles(
                shape.clone(),
                tiled_fill,
                tiled_stroke,
                is_reversed,
            ))];
        }
        if !has_shape {
            return Vec::new();
        }
        if is_reversed && shape.fill.is_some() && shape.stroke.is_some() {
            return vec![Node::Group(stroke_below_fill(shape))];
        }
        vec![Node::Shape(shape)]
    }

    /// An outline filled with copies of a pattern's tile; `None` when it takes too many.
    fn tiled(&mut self, pattern: &usvg::Pattern, outline: ClipPath, opacity: f32) -> Option<Group> {
        let rect = pattern.rect();
        let [x, y, width, height] =
            [rect.x(), rect.y(), rect.width(), rect.height()].map(f64::from);
        let tile = Tile {
            content: self.unnamed_children(pattern.root()),
            rect: Rect::from_origin_size((x, y), (width, height)),
            transform: paint::affine(pattern.transform()),
        };
        let mut group = tile.fill(outline, self.spare)?;
        group.opacity = opacity;
        Some(group)
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
        let layers = self.unnamed_children(pattern.root());
        let tile = pattern.rect();
        let (width, height) = (f64::from(tile.width()), f64::from(tile.height()));
        let document = Document {
            width,
            height,
            view_box: Rect::new(0.0, 0.0, width, height),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers,
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

/// What a group or the one thing in it is called, for people.
fn place(name: &Name, children: &[Node]) -> String {
    let only = match children {
        [only] => Some(only),
        _ => None,
    };
    let names = [&*name.label, &*name.id]
        .into_iter()
        .chain(only.map(Node::label))
        .chain(only.map(Node::id));
    let found = names.into_iter().find(|name| !name.is_empty());
    found.map_or_else(
        || "an element without a name".to_owned(),
        |name| format!("“{name}”"),
    )
}

/// Gives a group without a name that of the only node in it, which is about to be replaced.
fn take_names(group: &mut Group) {
    let is_named = !group.id.is_empty() || !group.label.is_empty();
    let [only] = group.children.as_mut_slice() else {
        return;
    };
    if is_named {
        return;
    }
    let (id, label, meaning) = match only {
        Node::Shape(shape) => (&mut shape.id, &mut shape.label, shape.meaning),
        Node::Group(inner) => (&mut inner.id, &mut inner.label, inner.meaning),
    };
    (group.id, group.label) = (std::mem::take(id), std::mem::take(label));
    if group.meaning.is_empty() {
        group.meaning = meaning;
    }
}

/// A shape of which the fill, the stroke or both are painted with tiles.
fn with_tiles(
    mut shape: Shape,
    fill: Option<Group>,
    stroke: Option<Group>,
    is_reversed: bool,
) -> Group {
    let mut out = Group {
        id: std::mem::take(&mut shape.id),
        meaning: std::mem::replace(&mut shape.meaning, Meaning::NONE),
        ..Group::new(std::mem::take(&mut shape.label))
    };
    let has_rest = shape.fill.is_some() || shape.stroke.is_some();
    let rest = has_rest.then_some(Node::Shape(shape));
    let (fill, stroke) = match (fill, stroke) {
        (Some(fill), None) => (Some(Node::Group(fill)), rest),
        (None, Some(stroke)) => (rest, Some(Node::Group(stroke))),
        (fill, stroke) => (fill.map(Node::Group), stroke.map(Node::Group)),
    };
    out.children.extend(fill);
    out.children.extend(stroke);
    if is_reversed {
        out.children.reverse();
    }
    // One of them alone is the group itself.
    if let [Node::Group(only)] = out.children.as_mut_slice() {
        out.clip = only.clip.take();
        out.opacity = only.opacity;
        out.children = std::mem::take(&mut only.children);
    }
    out
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
