//! Moving geometry: affine maps applied to shapes, paints and whole groups.

use kurbo::{Affine, Vec2};

use crate::{Document, Group, LinearGradient, Node, Paint, RadialGradient, Shape};

/// Relative deviation below which an affine map counts as a similarity.
const SIMILARITY_TOLERANCE: f64 = 1e-6;
/// Farthest that a curve and the width of its stroke may reach in a file, in units.
pub(crate) const MAX_REACH: f64 = 5e5;

/// The factor by which a map scales all lengths; `None` when it does not scale them alike (it is
/// not a rotation, reflection, uniform scale and translation), or is singular.
pub fn similarity_scale(affine: Affine) -> Option<f64> {
    let [a, b, c, d, _, _] = affine.as_coeffs();
    let (first, second) = (Vec2::new(a, b), Vec2::new(c, d));
    let scale = first.hypot();
    let skew = first.dot(second).abs();
    let uneven = (second.hypot() - scale).abs();
    let is_similarity = scale.is_finite()
        && scale > 0.0
        && uneven <= SIMILARITY_TOLERANCE * scale
        && skew <= SIMILARITY_TOLERANCE * scale * scale;
    is_similarity.then_some(scale)
}

/// The most that a map stretches any direction: its largest singular value.
pub(crate) fn largest_scale(affine: Affine) -> f64 {
    let [a, b, c, d, _, _] = affine.as_coeffs();
    // A map is a similarity that keeps turning sense plus one that reverses it; stretches add up
    // where they agree.
    ((a + d).hypot(b - c) + (a - d).hypot(b + c)) * 0.5
}

impl Paint {
    /// Moves a gradient along with the shape that it paints.
    pub fn apply_affine(&mut self, affine: Affine) {
        match self {
            Self::Solid(_) => {}
            Self::Linear(gradient) => {
                gradient.transform = affine * gradient.transform;
                gradient.fold_transform();
            }
            Self::Radial(gradient) => {
                gradient.transform = affine * gradient.transform;
                gradient.fold_transform();
            }
        }
    }
}

impl LinearGradient {
    /// Moves the transform into the end points, which is exact for every invertible map. A singular
    /// transform stays.
    pub fn fold_transform(&mut self) {
        if self.transform == Affine::IDENTITY {
            return;
        }
        let axis = self.end - self.start;
        let determinant = self.transform.determinant();
        if !(axis.hypot2() > 0.0 && determinant.is_finite() && determinant != 0.0) {
            return;
        }
        // The offset is a linear functional of the point; functionals map by the inverse transpose.
        let [a, b, c, d, _, _] = self.transform.inverse().as_coeffs();
        let slope = axis / axis.hypot2();
        let slope = Vec2::new(a * slope.x + b * slope.y, c * slope.x + d * slope.y);
        let start = self.transform * self.start;
        let end = start + slope / slope.hypot2();
        if start.is_finite() && end.is_finite() {
            self.start = start;
            self.end = end;
            self.transform = Affine::IDENTITY;
        }
    }
}

impl RadialGradient {
    /// Moves the transform into centre, focus and radii when it is a similarity; else it stays, for
    /// an ellipse is a transformed circle.
    pub fn fold_transform(&mut self) {
        if let Some(scale) = similarity_scale(self.transform) {
            self.center = self.transform * self.center;
            self.focus = self.transform * self.focus;
            self.radius *= scale;
            self.focal_radius *= scale;
            self.transform = Affine::IDENTITY;
        }
    }
}

impl Shape {
    /// Whether [`Shape::apply_affine`] can be exact: without a stroke always, with one for
    /// similarities that leave its curves where they can be written and read again.
    pub fn can_apply(&self, affine: Affine) -> bool {
        affine.is_finite()
            && self.stroke.as_ref().is_none_or(|stroke| {
                similarity_scale(affine).is_some_and(|scale| {
                    let bounds = (affine * &self.path).control_box();
                    let sides = [bounds.x0, bounds.y0, bounds.x1, bounds.y1];
                    let farthest = sides
                        .iter()
                        .fold(0.0, |most: f64, side| most.max(side.abs()));
                    farthest + stroke.width * scale < MAX_REACH * 0.5
                })
            })
    }

    /// Moves outline, paints and stroke. Where [`Shape::can_apply`] is false the stroke's width is
    /// scaled by the map's mean scale, which is an approximation.
    pub fn apply_affine(&mut self, affine: Affine) {
        self.path.apply_affine(affine);
        if let Some(fill) = &mut self.fill {
            fill.paint.apply_affine(affine);
        }
        if let Some(stroke) = &mut self.stroke {
            let scale =
                similarity_scale(affine).unwrap_or_else(|| affine.determinant().abs().sqrt());
            stroke.paint.apply_affine(affine);
            stroke.width *= scale;
            stroke.dash_offset *= scale;
            for dash in &mut stroke.dashes {
                *dash *= scale;
            }
        }
    }
}

impl Node {
    /// Moves the node within its parent: a shape's geometry, a group's transform.
    pub fn apply_affine(&mut self, affine: Affine) {
        match self {
            Self::Group(group) => group.transform = affine * group.transform,
            Self::Shape(shape) => shape.apply_affine(affine),
        }
    }
}

impl Group {
    /// Bakes transforms into the geometry below, so that children are in the parent's coordinates.
    /// Structure, names and looks stay. Returns how many groups had to keep a transform because it
    /// would distort a stroke below them.
    pub fn flatten_transforms(&mut self) -> usize {
        let mut kept = 0;
        for child in &mut self.children {
            if let Node::Group(inner) = child {
                kept += inner.flatten_transforms();
            }
        }
        if self.transform == Affine::IDENTITY {
            return kept;
        }
        if !self
            .children
            .iter()
            .all(|child| can_bake(child, self.transform))
        {
            return kept + 1;
        }
        for child in &mut self.children {
            bake(child, self.transform);
        }
        if let Some(clip) = &mut self.clip {
            clip.path.apply_affine(self.transform);
        }
        self.transform = Affine::IDENTITY;
        kept
    }
}

impl Document {
    /// Bakes all groups' transforms into the geometry: see [`Group::flatten_transforms`].
    pub fn flatten_transforms(&mut self) -> usize {
        let groups = self.layers.iter_mut().filter_map(|node| match node {
            Node::Group(group) => Some(group.flatten_transforms()),
            Node::Shape(_) => None,
        });
        groups.sum()
    }
}

fn can_bake(node: &Node, affine: Affine) -> bool {
    match node {
        Node::Shape(shape) => shape.can_apply(affine),
        // A group that kept its transform takes any other on top.
        Node::Group(group) if group.transform != Affine::IDENTITY => true,
        Node::Group(group) => group.children.iter().all(|child| can_bake(child, affine)),
    }
}

fn bake(node: &mut Node, affine: Affine) {
    match node {
        Node::Shape(shape) => shape.apply_affine(affine),
        Node::Group(group) if group.transform != Affine::IDENTITY => {
            group.transform = affine * group.transform;
        }
        Node::Group(group) => {
            if let Some(clip) = &mut group.clip {
                clip.path.apply_affine(affine);
            }
            for child in &mut group.children {
                bake(child, affine);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_scale_is_the_largest_singular_value() {
        for size in [1e-200, 1.0, 1e200] {
            let affine =
                Affine::rotate(0.7) * Affine::scale_non_uniform(3.0, 0.5) * Affine::rotate(0.2);
            let scale = largest_scale(Affine::scale(size) * affine);
            assert!((scale / size - 3.0).abs() < 1e-9, "{size}");
        }
    }
}
