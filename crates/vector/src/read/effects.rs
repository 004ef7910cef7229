//! Effects of the normalised tree, drawn as shapes where shapes can show them: filters, masks,
//! patterns, pictures. What cannot be drawn is said with its place.

use std::collections::{HashMap, HashSet};

use kurbo::{Affine, Rect};

use crate::sanitise::WarningKind;
use crate::{ClipPath, Color, Document, Group, Meaning, Metadata, Node, Shape};

use super::convert::Converter;
use super::filter;
use super::mask;
use super::names::Name;
use super::nodes::{self, clip_rect, clipped_group};
use super::paint;
use super::picture::{self, Drawn};
use super::tile::Tile;
use super::unread;

/// Side of the rendering from which a pattern's mean colour is taken.
const PATTERN_SAMPLES: u32 = 32;

impl Converter<'_> {
    /// Applies a filter to what a group holds, or says what of it is lost. `scale` maps lengths of
    /// the group to units.
    pub(super) fn filter(
        &mut self,
        filter: &usvg::filter::Filter,
        place: &str,
        scale: f64,
        group: &mut Group,
    ) {
        let took = take_names(group);
        let filtered = filter::apply(filter, &group.children, scale * self.pixels, self.spare);
        let is_lost = filtered.is_err();
        match filtered {
            Ok(filtered) => {
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
        if took {
            give_names(group);
        }
        if is_lost {
            unread::mark_group(group);
        }
    }

    /// Applies a mask to a group, within its transform and below its opacity.
    pub(super) fn mask(&mut self, mask: &usvg::Mask, place: &str, group: Group) -> Group {
        let content = self.unnamed_children(mask.root());
        let region = mask.rect();
        let [x0, y0, x1, y1] =
            [region.left(), region.top(), region.right(), region.bottom()].map(f64::from);
        let region = Rect::new(x0, y0, x1, y1);
        let is_luminance = mask.kind() == usvg::MaskType::Luminance;
        let lost = (WarningKind::Mask, "mask");
        self.masked(&content, region, is_luminance, group, place, lost)
    }

    /// Clips a group by outlines that are clipped each for itself.
    pub(super) fn clip_by_parts(&mut self, content: &[Node], place: &str, group: Group) -> Group {
        let everywhere = Rect::new(-1e9, -1e9, 1e9, 1e9);
        let lost = (WarningKind::ClipPath, "clipPath");
        self.masked(content, everywhere, false, group, place, lost)
    }

    fn masked(
        &mut self,
        content: &[Node],
        region: Rect,
        is_luminance: bool,
        mut group: Group,
        place: &str,
        (lost, what): (WarningKind, &str),
    ) -> Group {
        let masked = match group.clip.take() {
            None => std::mem::take(&mut group.children),
            Some(clip) => {
                let children = std::mem::take(&mut group.children);
                vec![Node::Group(clipped_group(clip, children))]
            }
        };
        let subject = format!("{what} of {place}");
        let done = mask::apply(content, region, is_luminance, masked.clone(), self.spare);
        let Some(done) = done else {
            self.warnings.add(lost, &subject);
            group.children = masked;
            unread::mark_group(&mut group);
            return group;
        };
        if done.is_near {
            self.warnings.add(WarningKind::Approximated, &subject);
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
        if unread::is_among(content) {
            unread::mark_group(&mut group);
        }
        group
    }

    /// What a group shows, as nodes without names.
    fn unnamed_children(&mut self, group: &usvg::Group) -> Vec<Node> {
        let mut inner = Converter {
            names: &HashMap::new(),
            kinds: self.kinds,
            warnings: &mut *self.warnings,
            taken: HashSet::new(),
            meter: self.meter,
            spare: &mut *self.spare,
            pixels: self.pixels,
        };
        inner.children(group)
    }

    /// A picture inside the document: another document, or pixels.
    pub(super) fn image(&mut self, image: &usvg::Image) -> Vec<Node> {
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
            Drawn::Pixels(mut nodes) => {
                let is_smooth = matches!(
                    image.rendering_mode(),
                    usvg::ImageRendering::OptimizeQuality | usvg::ImageRendering::Smooth
                );
                if is_smooth {
                    self.warnings.add(WarningKind::Approximated, &subject);
                    unread::mark(&mut nodes);
                }
                nodes
            }
            Drawn::Mean(mut nodes) => {
                self.warnings.add(WarningKind::Image, &subject);
                unread::mark(&mut nodes);
                nodes
            }
            Drawn::Not => {
                self.warnings.add(WarningKind::Image, &subject);
                Vec::new()
            }
        }
    }

    /// What a pattern's tile shows, converted once: patterns may be inside one another.
    fn tile(&mut self, pattern: &usvg::Pattern) -> Tile {
        let rect = pattern.rect();
        let [x, y, width, height] =
            [rect.x(), rect.y(), rect.width(), rect.height()].map(f64::from);
        Tile {
            content: self.unnamed_children(pattern.root()),
            rect: Rect::from_origin_size((x, y), (width, height)),
            transform: paint::affine(pattern.transform()),
        }
    }

    /// An outline filled with copies of a pattern's tile; when it takes too many, the tile's mean
    /// colour and opacity instead, if there is any.
    pub(super) fn tiled(
        &mut self,
        pattern: &usvg::Pattern,
        outline: ClipPath,
        is_stroke: bool,
        opacity: f32,
    ) -> Result<Group, Option<(Color, f32)>> {
        let tile = self.tile(pattern);
        let is_rough = tile.is_rough(&outline, is_stroke);
        match tile.fill(outline, self.spare) {
            Some(mut group) => {
                if unread::is_among(&tile.content) {
                    unread::mark_group(&mut group);
                }
                if is_rough {
                    self.warnings.add(WarningKind::Approximated, "pattern");
                }
                group.opacity = opacity;
                Ok(group)
            }
            None => {
                self.warnings.add(WarningKind::Pattern, "pattern");
                Err(mean_color(tile))
            }
        }
    }
}

/// The mean colour and opacity of a tile.
fn mean_color(tile: Tile) -> Option<(Color, f32)> {
    let (width, height) = (tile.rect.width(), tile.rect.height());
    let document = Document {
        width,
        height,
        view_box: Rect::new(0.0, 0.0, width, height),
        title: None,
        description: None,
        metadata: Metadata::default(),
        layers: tile.content,
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

/// What a group or the one thing in it is called, for people.
pub(super) fn place(name: &Name, children: &[Node]) -> String {
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

/// Gives a group without a name that of the only node in it, which may become several; whether it
/// did.
fn take_names(group: &mut Group) -> bool {
    let is_named = !group.id.is_empty() || !group.label.is_empty() || !group.meaning.is_empty();
    let [only] = group.children.as_mut_slice() else {
        return false;
    };
    if is_named {
        return false;
    }
    let (id, label, meaning) = names_of(only);
    std::mem::swap(&mut group.id, id);
    std::mem::swap(&mut group.label, label);
    std::mem::swap(&mut group.meaning, meaning);
    true
}

/// Gives the names of a group back to the only node in it, if it is still one alone.
fn give_names(group: &mut Group) {
    let [only] = group.children.as_mut_slice() else {
        return;
    };
    let (id, label, meaning) = names_of(only);
    if id.is_empty() && label.is_empty() && meaning.is_empty() {
        std::mem::swap(&mut group.id, id);
        std::mem::swap(&mut group.label, label);
        std::mem::swap(&mut group.meaning, meaning);
    }
}

fn names_of(node: &mut Node) -> (&mut String, &mut String, &mut Meaning) {
    match node {
        Node::Shape(shape) => (&mut shape.id, &mut shape.label, &mut shape.meaning),
        Node::Group(group) => (&mut group.id, &mut group.label, &mut group.meaning),
    }
}

/// A shape of which the fill, the stroke or both are painted with tiles.
pub(super) fn with_tiles(
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
