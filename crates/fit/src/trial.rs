//! Trials of changes: by how much the squared error grows with each. Changes that lie apart share a
//! rendering.

use chat2svg_diffraster::{Node, Path};
use chat2svg_trace::picture::{Picture, Pixel, squared_distance};
use kurbo::Rect;

use crate::{FitError, descend::Descender, scene::SceneMap};

/// Pixels that a path may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    left: i64,
    top: i64,
    right: i64,
    bottom: i64,
}

impl Extent {
    /// Of a path on a canvas of the given size; `None` when it lies off it.
    pub(crate) fn of(path: &Path, width: usize, height: usize) -> Option<Self> {
        let reach = path.stroke.as_ref().map_or(0.0, |stroke| {
            stroke.width * stroke.miter_limit.max(1.5) * 0.5
        });
        let mut low = [f32::INFINITY; 2];
        let mut high = [f32::NEG_INFINITY; 2];
        for point in &path.outline.points {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis] - reach);
                high[axis] = high[axis].max(point[axis] + reach);
            }
        }
        let [x0, y0] = low.map(f64::from);
        let [x1, y1] = high.map(f64::from);
        Self::around(Rect { x0, y0, x1, y1 }, width, height)
    }

    /// Of what lies in a box of pixels; `None` when that is off the canvas.
    pub(crate) fn around(bounds: Rect, width: usize, height: usize) -> Option<Self> {
        let extent = Self {
            left: (bounds.x0.floor() as i64 - 1).max(0),
            top: (bounds.y0.floor() as i64 - 1).max(0),
            right: (bounds.x1.ceil() as i64 + 1).min(width as i64),
            bottom: (bounds.y1.ceil() as i64 + 1).min(height as i64),
        };
        (extent.left < extent.right && extent.top < extent.bottom).then_some(extent)
    }

    /// The pixels that two have in common.
    pub(crate) fn intersection(&self, other: &Self) -> Option<Self> {
        self.overlaps(other).then(|| Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        })
    }

    /// The smallest that holds two.
    pub(crate) fn union(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Whether two have pixels in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// Whether it is the whole canvas.
    pub(crate) fn is_whole(&self, width: usize, height: usize) -> bool {
        self.left == 0
            && self.top == 0
            && self.right >= width as i64
            && self.bottom >= height as i64
    }

    /// Indices of its pixels on a canvas of the given width.
    pub(crate) fn pixels(self, width: usize) -> impl Iterator<Item = usize> {
        (self.top..self.bottom).flat_map(move |y| {
            (self.left..self.right).map(move |x| y as usize * width + x as usize)
        })
    }
}

/// Changes by number, in groups whose members are apart from each other, so that one rendering
/// tries a whole group. What finds no place in `most` groups is not tried.
pub(crate) fn groups(
    changes: usize,
    most: usize,
    are_apart: impl Fn(usize, usize) -> bool,
) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for change in 0..changes {
        let is_free = |group: &Vec<usize>| group.iter().all(|other| are_apart(change, *other));
        match groups.iter().position(is_free) {
            Some(free) => groups[free].push(change),
            None if groups.len() < most => groups.push(vec![change]),
            None => {}
        }
    }
    groups
}

/// By how much the squared error grows from one picture to another where a change may show.
pub(crate) fn growth(
    target: &Picture,
    before: &[Pixel],
    after: &[Pixel],
    extents: &[Extent],
) -> f64 {
    let all = extents
        .iter()
        .flat_map(|extent| extent.pixels(target.width));
    let mut pixels: Vec<usize> = all.collect();
    // Extents of one change may overlap: each pixel counts once.
    if extents.len() > 1 {
        pixels.sort_unstable();
        pixels.dedup();
    }
    let grown = pixels.into_iter().map(|pixel| {
        let error = |shown: &[Pixel]| squared_distance(shown[pixel], target.pixels[pixel]);
        f64::from(error(after)) - f64::from(error(before))
    });
    grown.sum()
}

/// Of each of the scene's slots asked about by how much the squared error grows when its path is
/// changed. What lies off the canvas changes nothing.
pub(crate) fn growths(
    descender: &mut Descender<'_>,
    map: &mut SceneMap,
    target: &Picture,
    slots: &[usize],
    change: impl Fn(usize, &mut Path),
) -> Result<Vec<(usize, f64)>, FitError> {
    let shown = descender.picture(&mut map.scene)?;
    let extents: Vec<Option<Extent>> = slots
        .iter()
        .map(|slot| match map.scene.nodes.get(map.slots[*slot].node) {
            Some(Node::Path(path)) => Extent::of(path, target.width, target.height),
            _ => None,
        })
        .collect();
    let are_apart = |a: usize, b: usize| {
        let both = extents[a].zip(extents[b]);
        both.is_none_or(|(a, b)| !a.overlaps(&b))
    };
    let mut found = Vec::with_capacity(slots.len());
    for group in groups(slots.len(), usize::MAX, are_apart) {
        if descender.is_stopped() {
            break;
        }
        let kept: Vec<Node> = group
            .iter()
            .map(|at| {
                let node = &mut map.scene.nodes[map.slots[slots[*at]].node];
                let kept = node.clone();
                if let Node::Path(path) = node {
                    change(slots[*at], path);
                }
                kept
            })
            .collect();
        let changed = descender.picture(&mut map.scene)?;
        for (at, node) in group.into_iter().zip(kept) {
            map.scene.nodes[map.slots[slots[at]].node] = node;
            let grown = growth(target, &shown, &changed, extents[at].as_slice());
            found.push((slots[at], grown));
        }
    }
    Ok(found)
}
