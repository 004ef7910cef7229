//! From the normalised tree to a document: names put back, wrappers taken away, what a document
//! cannot hold simplified and reported.

use std::collections::{HashMap, HashSet};

use kurbo::Affine;

use crate::sanitise::{Heading, Meter, WarningKind, Warnings};
use crate::transform::largest_scale;
use crate::write::is_drawn_round;
use crate::{ClipPath, Color, Drawn, Fill, FillRule, Group, Meaning, Node, Origin, Paint, Shape};

use super::clips::Clips;
use super::effects::{place, with_tiles};
use super::fonts;
use super::names::Name;
use super::nodes;
use super::paint;
use super::spare::Spare;

/// What a node counts as: about a microsecond.
const STEPS_PER_NODE: usize = 256;

/// Converts nodes of the normalised tree.
pub(crate) struct Converter<'a> {
    pub(crate) names: &'a HashMap<String, Name>,
    /// Of what is not called anything, which kinds of elements shapes were.
    pub(crate) kinds: &'a HashMap<String, Name>,
    pub(crate) warnings: &'a mut Warnings,
    /// Ids given out: an element that is used twice keeps its id once.
    pub(crate) taken: HashSet<String>,
    /// Once it says stop, nothing more is converted.
    pub(crate) meter: &'a Meter<'a>,
    /// What effects may still cost.
    pub(crate) spare: &'a mut Spare,
    /// Pixels per unit.
    pub(crate) pixels: f64,
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
        let unnamed = || Name {
            drawn: self.kinds.get(id).map_or(Drawn::Here, |name| name.drawn),
            ..Name::default()
        };
        let mut name = self.names.get(id).cloned().unwrap_or_else(unnamed);
        if !name.id.is_empty() && !self.taken.insert(name.id.clone()) {
            name.id.clear();
        }
        name
    }

    fn group(&mut self, group: &usvg::Group) -> Vec<Node> {
        let name = self.name(group.id());
        let clips = match group.clip_path() {
            None => Clips::default(),
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
        let scale = largest_scale(paint::affine(group.abs_transform()));
        for filter in group.filters() {
            self.filter(filter, &place, scale, &mut converted);
        }
        let mut converted = clipped(converted, clips.paths);
        if converted.clip_that_hides().is_none() {
            // It would stay behind where what is in it moves: a symbol's viewport, for one.
            converted.clip = None;
        }
        for content in clips.masks {
            converted = self.clip_by_parts(&content, &place, converted);
        }
        // Browsers take no notice of a mask on a mask.
        if let Some(mask) = group.mask() {
            converted = self.mask(mask, &place, converted);
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

    fn path(&mut self, path: &usvg::Path) -> Vec<Node> {
        if !path.is_visible() {
            return Vec::new();
        }
        let name = self.name(path.id());
        let outline = paint::path(path.data());
        let (mut tiled_fill, mut mean_fill) = (None, None);
        let fill = path.fill().and_then(|fill| {
            let rule = paint::fill_rule(fill.rule());
            if let usvg::Paint::Pattern(pattern) = fill.paint() {
                let outline = ClipPath {
                    path: outline.clone(),
                    rule,
                };
                match self.tiled(pattern, outline, false, fill.opacity().get()) {
                    Ok(tiles) => {
                        tiled_fill = Some(tiles);
                        return None;
                    }
                    Err(mean) => mean_fill = mean,
                }
            }
            let (paint, opacity) = painted(fill.paint(), mean_fill)?;
            Some(Fill {
                paint,
                opacity: fill.opacity().get() * opacity,
                rule,
            })
        });
        let (mut tiled_stroke, mut mean_stroke) = (None, None);
        let stroke = path.stroke().and_then(|stroke| {
            if let usvg::Paint::Pattern(pattern) = stroke.paint() {
                let line = paint::stroke(stroke, Paint::Solid(Color::BLACK), 1.0);
                let outline = ClipPath {
                    path: nodes::stroke_outline(&outline, &line),
                    rule: FillRule::NonZero,
                };
                match self.tiled(pattern, outline, true, stroke.opacity().get()) {
                    Ok(tiles) => {
                        tiled_stroke = Some(tiles);
                        return None;
                    }
                    Err(mean) => mean_stroke = mean,
                }
            }
            let (paint, opacity) = painted(stroke.paint(), mean_stroke)?;
            Some(paint::stroke(
                stroke,
                paint,
                stroke.opacity().get() * opacity,
            ))
        });
        let is_reversed = path.paint_order() == usvg::PaintOrder::StrokeAndFill;
        let has_shape = fill.is_some() || stroke.is_some();
        let is_mean = mean_fill.is_some() || mean_stroke.is_some();
        let shape = Shape {
            id: name.id,
            label: name.label,
            meaning: Meaning {
                origin: is_mean.then_some(Origin::Unread).or(name.meaning.origin),
                ..name.meaning
            },
            drawn: match name.drawn {
                // What is no element of its own, such as a glyph, or was copied.
                Drawn::Here if is_drawn_round(&outline) => Drawn::AsBasicShape,
                Drawn::Here => Drawn::AsPath,
                known => known,
            },
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

    fn text(&mut self, text: &usvg::Text) -> Vec<Node> {
        for span in text.chunks().iter().flat_map(usvg::TextChunk::spans) {
            let family = match span.font().families().first() {
                Some(usvg::FontFamily::Named(family)) => family.as_str(),
                Some(usvg::FontFamily::Serif) => "serif",
                Some(usvg::FontFamily::SansSerif) => "sans-serif",
                Some(usvg::FontFamily::Cursive) => "cursive",
                Some(usvg::FontFamily::Fantasy) => "fantasy",
                Some(usvg::FontFamily::Monospace) => "monospace",
                None => fonts::UNNAMED,
            };
            if family != fonts::FAMILY {
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
            meaning: Meaning {
                origin: Some(Origin::Text),
                ..name.meaning
            },
            children,
            ..Group::new(name.label)
        })]
    }
}

/// A paint, and an opacity that comes with it, with a colour in place of a pattern; `None` when it
/// paints nothing.
fn painted(paint: &usvg::Paint, mean: Option<(Color, f32)>) -> Option<(Paint, f32)> {
    Some(match paint {
        usvg::Paint::Color(color) => (Paint::Solid(paint::color(*color)), 1.0),
        usvg::Paint::LinearGradient(gradient) => (paint::linear(gradient), 1.0),
        usvg::Paint::RadialGradient(gradient) => (paint::radial(gradient), 1.0),
        usvg::Paint::Pattern(_) => {
            let (color, opacity) = mean?;
            (Paint::Solid(color), opacity)
        }
    })
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
