//! How changes of shapes are decided. Each is proposed with the pixels that it may touch; changes
//! that lie apart are tried in one rendering; the cheapest are taken as far as they go together.
//! What they came to as a whole, `Fit` measures before it keeps the document.

use std::collections::BTreeSet;

use chat2svg_diffraster::{Node, Path, Scene};
use chat2svg_trace::picture::{Picture, Pixel, squared_distance};

use crate::{FitError, descend::Descender, extent::Extent, fit::Fit, scene::SceneMap};

/// Trials of changes, which have numbers, against the picture as it is without any.
pub(crate) struct Trials<'t> {
    target: &'t Picture,
    shown: Vec<Pixel>,
    /// Of each change where it may show; nowhere when it is off the canvas.
    extents: Vec<Vec<Extent>>,
}

impl<'t> Trials<'t> {
    /// Of changes of a scene that show within some extents each.
    pub(crate) fn new(
        descender: &mut Descender<'t>,
        scene: &mut Scene,
        extents: Vec<Vec<Extent>>,
    ) -> Result<Self, FitError> {
        Ok(Self {
            target: descender.target,
            shown: descender.picture(scene)?,
            extents,
        })
    }

    /// The changes in groups whose members are apart, and go together by what else is asked, so
    /// that one rendering tries a whole group. What finds no place in `most` groups is not tried.
    pub(crate) fn groups(
        &self,
        most: usize,
        go_together: impl Fn(usize, usize) -> bool,
    ) -> Vec<Vec<usize>> {
        let are_apart = |a: usize, b: usize| {
            let mut ours = self.extents[a].iter();
            ours.all(|extent| self.extents[b].iter().all(|other| !extent.overlaps(other)))
        };
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for change in 0..self.extents.len() {
            let fits = |other: &usize| are_apart(change, *other) && go_together(change, *other);
            match groups.iter().position(|group| group.iter().all(fits)) {
                Some(free) => groups[free].push(change),
                None if groups.len() < most => groups.push(vec![change]),
                None => {}
            }
        }
        groups
    }

    /// By how much the squared error grows with a change, by a picture with its group.
    pub(crate) fn growth(&self, change: usize, after: &[Pixel]) -> f64 {
        let width = self.target.width;
        let grown = |pixel: usize| {
            let error = |shown: &[Pixel]| squared_distance(shown[pixel], self.target.pixels[pixel]);
            f64::from(error(after)) - f64::from(error(&self.shown))
        };
        match self.extents[change].as_slice() {
            [extent] => extent.pixels(width).map(grown).sum(),
            several => {
                // They may overlap: each pixel counts once.
                let all = several.iter().flat_map(|extent| extent.pixels(width));
                let pixels: BTreeSet<usize> = all.collect();
                pixels.into_iter().map(grown).sum()
            }
        }
    }

    /// Of each change for which there is room in `most` renderings, and time, by how much the
    /// squared error grows with it. `changed` is the scene with a group of changes.
    pub(crate) fn growths(
        &self,
        descender: &mut Descender<'_>,
        most: usize,
        go_together: impl Fn(usize, usize) -> bool,
        changed: impl Fn(&[usize]) -> Scene,
    ) -> Result<Vec<(usize, f64)>, FitError> {
        let mut found = Vec::with_capacity(self.extents.len());
        for group in self.groups(most, go_together) {
            if descender.is_stopped() {
                break;
            }
            let after = descender.picture(&mut changed(&group))?;
            let grown = group.into_iter();
            found.extend(grown.map(|change| (change, self.growth(change, &after))));
        }
        Ok(found)
    }
}

impl Fit<'_> {
    /// Of each change of the path of one of a scene's slots by how much the squared error grows
    /// with it. What lies off the canvas before and after changes nothing.
    pub(crate) fn growths_of_slots<C: Clone>(
        &mut self,
        map: &SceneMap,
        changes: impl IntoIterator<Item = (usize, C)>,
        change: impl Fn(&C, &mut Path),
    ) -> Result<Vec<(usize, C, f64)>, FitError> {
        let target = self.problem.target;
        let (mut paths, mut extents) = (Vec::new(), Vec::new());
        for (slot, wanted) in changes {
            let node = map.slots[slot].node;
            let Some(Node::Path(path)) = map.scene.nodes.get(node) else {
                continue;
            };
            let mut path = path.clone();
            change(&wanted, &mut path);
            let after = Extent::of(&path, target.size());
            let both = map.extent(slot, target).into_iter().chain(after);
            extents.push(both.reduce(|a, b| a.union(&b)).into_iter().collect());
            paths.push((slot, wanted, node, path));
        }
        let mut scene = map.scene.clone();
        let trials = Trials::new(&mut self.descender, &mut scene, extents)?;
        let changed = |group: &[usize]| {
            let mut scene = map.scene.clone();
            for (_, _, node, path) in group.iter().map(|at| &paths[*at]) {
                scene.nodes[*node] = Node::Path(path.clone());
            }
            scene
        };
        let found = trials.growths(&mut self.descender, usize::MAX, |_, _| true, changed)?;
        let found = found.into_iter().map(|(at, growth)| {
            let (slot, wanted, ..) = &paths[at];
            (*slot, wanted.clone(), growth)
        });
        Ok(found.collect())
    }
}

/// Of changes with what each costs those to make: from the cheapest on, each that may be made with
/// those taken before it.
pub(crate) fn taken<C>(
    mut tried: Vec<(f64, C)>,
    mut may_join: impl FnMut(&[C], &C) -> bool,
) -> Vec<C> {
    tried.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut taken: Vec<C> = Vec::with_capacity(tried.len());
    for (_, change) in tried {
        if may_join(&taken, &change) {
            taken.push(change);
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use kurbo::Rect;

    use super::*;

    fn square(x: f64, y: f64) -> Extent {
        // Extents reach a pixel beyond.
        Extent::around(Rect::new(x, y, x + 2.0, y + 2.0), [16, 16]).expect("lies on the canvas")
    }

    #[test]
    fn a_rendering_is_shared_by_changes_that_touch_no_common_pixel() {
        let target = Picture::opaque(16, 16, std::iter::repeat_n([1.0; 3], 256));
        let trials = Trials {
            target: &target,
            shown: vec![[0.5, 0.5, 0.5, 1.0]; 256],
            extents: vec![
                vec![square(1.0, 1.0)],
                vec![square(2.0, 2.0)],
                vec![square(10.0, 1.0)],
                Vec::new(),
            ],
        };
        let all = |_: usize, _: usize| true;
        assert_eq!(trials.groups(usize::MAX, all), [vec![0, 2, 3], vec![1]]);
        assert_eq!(trials.groups(1, all), [vec![0, 2, 3]]);
        let not_with_last = |a: usize, b: usize| a.max(b) < 3;
        let apart = [vec![0, 2], vec![1], vec![3]];
        assert_eq!(trials.groups(usize::MAX, not_with_last), apart);
        assert_eq!(trials.growth(3, &[[0.0; 4]; 256]), 0.0);
    }

    #[test]
    fn pixels_of_two_extents_of_one_change_count_once() {
        let target = Picture::opaque(16, 16, std::iter::repeat_n([1.0; 3], 256));
        let growth = |extents: Vec<Extent>| {
            let trials = Trials {
                target: &target,
                shown: target.pixels.clone(),
                extents: vec![extents],
            };
            trials.growth(0, &[[0.0, 1.0, 1.0, 1.0]; 256])
        };
        // 4 by 4 pixels each, of which 3 by 3 are in both.
        assert!((growth(vec![square(1.0, 1.0)]) - 16.0).abs() < 1e-6);
        assert!((growth(vec![square(1.0, 1.0), square(2.0, 2.0)]) - 23.0).abs() < 1e-6);
    }

    #[test]
    fn the_cheapest_changes_that_go_together_are_taken() {
        let tried = vec![(3.0, 'c'), (-1.0, 'a'), (0.5, 'b'), (0.5, 'd')];
        let all = taken(tried.clone(), |_, _| true);
        assert_eq!(all, ['a', 'b', 'd', 'c']);
        let without = taken(tried, |taken, change| {
            !(taken.contains(&'a') && *change == 'b')
        });
        assert_eq!(without, ['a', 'd', 'c']);
    }
}
