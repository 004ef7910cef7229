//! Checks of all that rendering relies on: numbers are finite and in range,
//! outlines well formed, groups balanced, references there.
//!
//! Nothing is mended here; the first fault is the error.

use super::{MAX_COORDINATE, MAX_SIDE, Node, Outline, Paint, Path, Scene, Verb, View};
use crate::error::SceneError;

impl Scene {
    /// Checks everything that rendering relies on.
    ///
    /// # Errors
    /// The first thing that cannot be rendered, with the node or clip it is in.
    pub fn validate(&self) -> Result<(), SceneError> {
        if self.width > MAX_SIDE || self.height > MAX_SIDE {
            return Err(SceneError::CanvasTooLarge {
                width: self.width,
                height: self.height,
            });
        }
        let view = [self.view.scale, self.view.offset[0], self.view.offset[1]];
        if !view.iter().all(|v| v.is_finite()) || self.view.scale <= 0.0 {
            return Err(SceneError::BadView);
        }
        if !self.background.iter().all(|v| v.is_finite()) {
            return Err(SceneError::NotFinite {
                place: "background",
                index: 0,
            });
        }
        let mut depth = 0usize;
        for (index, node) in self.nodes.iter().enumerate() {
            match node {
                Node::Path(path) => self.validate_path(index, path)?,
                Node::Push(group) => {
                    depth += 1;
                    if !group.opacity.is_finite() {
                        return Err(SceneError::NotFinite {
                            place: "group opacity of node",
                            index,
                        });
                    }
                    if let Some(clip) = group.clip
                        && clip >= self.clips.len()
                    {
                        return Err(SceneError::UnknownClip { node: index, clip });
                    }
                }
                Node::Pop => {
                    depth = depth.checked_sub(1).ok_or(SceneError::UnbalancedGroups)?;
                }
            }
        }
        if depth != 0 {
            return Err(SceneError::UnbalancedGroups);
        }
        for (index, clip) in self.clips.iter().enumerate() {
            for shape in &clip.shapes {
                self.validate_outline("clip", index, &shape.outline)?;
            }
        }
        Ok(())
    }

    fn validate_path(&self, index: usize, path: &Path) -> Result<(), SceneError> {
        self.validate_outline("node", index, &path.outline)?;
        if let Some(fill) = &path.fill {
            validate_paint(index, &fill.paint, fill.opacity)?;
        }
        if let Some(stroke) = &path.stroke {
            validate_paint(index, &stroke.paint, stroke.opacity)?;
            let reach = stroke.width * self.view.scale * stroke.miter_limit.max(1.0);
            if !reach.is_finite() || !stroke.width.is_finite() || reach > MAX_COORDINATE {
                return Err(SceneError::BadStroke { node: index });
            }
        }
        Ok(())
    }

    fn validate_outline(
        &self,
        place: &'static str,
        index: usize,
        outline: &Outline,
    ) -> Result<(), SceneError> {
        let wanted: usize = outline.verbs.iter().map(|v| v.point_count()).sum();
        let starts_well = outline.verbs.first().is_none_or(|v| *v == Verb::Move);
        let restarts_well = outline
            .verbs
            .windows(2)
            .all(|pair| pair[0] != Verb::Close || pair[1] == Verb::Move);
        if wanted != outline.points.len() || !starts_well || !restarts_well {
            return Err(SceneError::BadOutline { place, index });
        }
        let View { scale, offset } = self.view;
        let mut largest = 0.0f32;
        for p in &outline.points {
            for axis in 0..2 {
                let pixel = (p[axis] * scale + offset[axis]).abs();
                if !pixel.is_finite() {
                    return Err(SceneError::NotFinite { place, index });
                }
                largest = largest.max(pixel);
            }
        }
        if largest > MAX_COORDINATE {
            return Err(SceneError::CoordinateTooLarge { place, index });
        }
        Ok(())
    }
}

fn validate_paint(index: usize, paint: &Paint, opacity: f32) -> Result<(), SceneError> {
    let (finite, stops) = match paint {
        Paint::Solid(color) => (color.iter().all(|v| v.is_finite()), None),
        Paint::Linear(g) => (
            g.start
                .iter()
                .chain(&g.end)
                .chain(&g.transform.0)
                .all(|v| v.is_finite()),
            Some(&g.stops),
        ),
        Paint::Radial(g) => (
            g.center
                .iter()
                .chain(&g.focus)
                .chain(&g.transform.0)
                .chain([&g.radius])
                .all(|v| v.is_finite()),
            Some(&g.stops),
        ),
    };
    let stops_finite = stops.is_none_or(|stops| {
        stops
            .iter()
            .all(|s| s.offset.is_finite() && s.color.iter().all(|v| v.is_finite()))
    });
    if !finite || !stops_finite || !opacity.is_finite() {
        return Err(SceneError::NotFinite {
            place: "paint of node",
            index,
        });
    }
    if stops.is_some_and(Vec::is_empty) {
        return Err(SceneError::NoStops { node: index });
    }
    Ok(())
}
