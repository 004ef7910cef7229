//! Clip paths of the normalised tree: outlines, and where one outline is not enough, the content of
//! a mask that shows the same.

use kurbo::{Affine, BezPath, Rect, Shape as _};

use crate::sanitise::WarningKind;
use crate::{ClipPath, Color, FillRule, Node, Paint, Shape};

use super::convert::Converter;
use super::nodes::{clipped_group, join};
use super::paint;

/// What restricts the painting of a group.
#[derive(Default)]
pub(super) struct Clips {
    /// Clip paths that apply together, outermost first.
    pub(super) paths: Vec<ClipPath>,
    /// Contents of masks that apply as well: outlines that are clipped each for itself.
    pub(super) masks: Vec<Vec<Node>>,
}

/// One outline of a clip path.
struct Outline {
    outline: ClipPath,
    /// What clips it alone.
    clips: Vec<ClipPath>,
}

impl Converter<'_> {
    /// The clip paths of a group; `None` when nothing is inside of them.
    pub(super) fn clips(&mut self, clip: &usvg::ClipPath) -> Option<Clips> {
        let mut clips = match clip.clip_path() {
            Some(outer) => self.clips(outer)?,
            None => Clips::default(),
        };
        let mut outlines = Vec::new();
        let transform = paint::affine(clip.transform());
        self.outlines(clip.root(), transform, &[], &mut outlines);
        if outlines.iter().all(|one| one.clips.is_empty()) {
            let mut outlines: Vec<ClipPath> = outlines.into_iter().map(|one| one.outline).collect();
            let joined = match outlines.len() {
                0 => return None,
                1 => outlines.pop()?,
                _ => {
                    let plain = outlines.into_iter().map(|outline| self.non_zero(outline));
                    join(plain.collect())
                }
            };
            clips.paths.push(joined);
            return Some(clips);
        }
        // Below those that are clipped nothing has to be cut out.
        let (clipped, plain): (Vec<_>, Vec<_>) =
            outlines.into_iter().partition(|one| !one.clips.is_empty());
        let content = clipped.into_iter().chain(plain).map(|one| {
            let mut shape = Shape::filled("", one.outline.path, Paint::Solid(Color::WHITE));
            if let Some(fill) = &mut shape.fill {
                fill.rule = one.outline.rule;
            }
            let inner = Node::Shape(shape);
            one.clips.into_iter().rev().fold(inner, |inner, clip| {
                Node::Group(clipped_group(clip, vec![inner]))
            })
        });
        clips.masks.push(content.collect());
        Some(clips)
    }

    fn outlines(
        &mut self,
        group: &usvg::Group,
        transform: Affine,
        around: &[ClipPath],
        out: &mut Vec<Outline>,
    ) {
        for node in group.children() {
            match node {
                usvg::Node::Path(path) if path.is_visible() => {
                    let rule = path.fill().map(|fill| paint::fill_rule(fill.rule()));
                    out.push(Outline {
                        outline: ClipPath {
                            path: transform * paint::path(path.data()),
                            rule: rule.unwrap_or_default(),
                        },
                        clips: around.to_vec(),
                    });
                }
                usvg::Node::Group(inner) => {
                    let transform = transform * paint::affine(inner.transform());
                    let mut around = around.to_vec();
                    if let Some(clip) = inner.clip_path() {
                        let Some(own) = self.clips(clip) else {
                            continue;
                        };
                        if !own.masks.is_empty() {
                            self.warnings.add(WarningKind::ClipPath, "clipPath");
                        }
                        around.extend(own.paths.into_iter().map(|clip| ClipPath {
                            path: transform * clip.path,
                            rule: clip.rule,
                        }));
                    }
                    self.outlines(inner, transform, &around, out);
                }
                usvg::Node::Text(text) => self.outlines(text.flattened(), transform, around, out),
                usvg::Node::Path(_) | usvg::Node::Image(_) => {}
            }
        }
    }

    /// The same region with the rule that lets outlines be joined. Outlines inside one another are
    /// turned by turns; where they cross, what they have in common is filled, with a warning.
    fn non_zero(&mut self, clip: ClipPath) -> ClipPath {
        /// Most outlines that are compared in pairs.
        const MAX_COMPARED: usize = 100;
        if clip.rule == FillRule::NonZero {
            return clip;
        }
        let outlines = subpaths(&clip.path);
        let bounds: Vec<Rect> = outlines.iter().map(BezPath::bounding_box).collect();
        let mut path = BezPath::new();
        let mut crosses = outlines.len() > MAX_COMPARED;
        for (index, outline) in outlines.iter().enumerate() {
            let Some(own) = bounds.get(index) else {
                continue;
            };
            let others = bounds.iter().zip(&outlines).take(MAX_COMPARED).enumerate();
            let mut depth = 0;
            for (_, (around, other)) in others.filter(|(at, _)| *at != index) {
                let is_around = around.union(*own) == *around;
                let is_inside = own.union(*around) == *own;
                if is_around {
                    let start = outline
                        .elements()
                        .first()
                        .and_then(|start| start.end_point());
                    let is_in = start.is_some_and(|start| other.winding(start) != 0);
                    depth += i32::from(is_in);
                } else if !is_inside && around.overlaps(*own) {
                    crosses = true;
                }
            }
            let is_turned = (outline.area() < 0.0) == (depth % 2 == 0);
            path.extend(if is_turned {
                outline.reverse_subpaths()
            } else {
                outline.clone()
            });
        }
        if crosses {
            self.warnings.add(WarningKind::ClipPath, "clipPath");
        }
        ClipPath {
            path,
            rule: FillRule::NonZero,
        }
    }
}

/// The outlines of a path, each for itself.
fn subpaths(path: &BezPath) -> Vec<BezPath> {
    let mut out: Vec<BezPath> = Vec::new();
    for element in path.elements() {
        match (element, out.last_mut()) {
            (kurbo::PathEl::MoveTo(_), _) | (_, None) => {
                let mut next = BezPath::new();
                if !matches!(element, kurbo::PathEl::MoveTo(_)) {
                    next.move_to((0.0, 0.0));
                }
                next.push(*element);
                out.push(next);
            }
            (_, Some(open)) => open.push(*element),
        }
    }
    out
}
