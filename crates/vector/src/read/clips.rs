//! Clip paths of the normalised tree: outlines, and where one outline is not enough, the content of
//! a mask that shows the same.

use kurbo::Affine;

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
    /// Contents of masks that apply as well: outlines that are clipped each for itself, or that are
    /// not all filled by the same rule.
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
        let is_plain = |one: &Outline| one.outline.rule == FillRule::NonZero;
        if outlines.iter().all(|one| one.clips.is_empty())
            && (outlines.len() < 2 || outlines.iter().all(is_plain))
        {
            let mut outlines: Vec<ClipPath> = outlines.into_iter().map(|one| one.outline).collect();
            let joined = match outlines.len() {
                0 => return None,
                1 => outlines.pop()?,
                _ => join(outlines),
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
}
