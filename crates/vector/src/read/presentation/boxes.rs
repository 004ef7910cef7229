//! Boxes around elements before the document is normalised: what `fill-box` and its like refer to.

use std::collections::HashMap;

use kurbo::{Affine, BezPath, Point, Rect, Shape as _};

use super::placement::Placement;
use super::sizes::{Sizes, view_box};
use crate::sanitise::{Element, Tree};

/// Boxes as they are asked for, each computed once.
pub(super) struct Boxes<'a> {
    tree: &'a Tree,
    sizes: &'a Sizes,
    ids: HashMap<&'a str, usize>,
    known: Vec<Known>,
}

#[derive(Clone, Copy)]
enum Known {
    Unseen,
    /// It is being computed; should a use lead back to it, it is empty.
    Open,
    Is(Extent),
}

/// The extent of an element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Extent {
    Empty,
    Is(Rect),
    /// It has text inside or another viewport, whose box is not known here.
    Unknown,
}

impl Extent {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Empty, other) | (other, Self::Empty) => other,
            (Self::Is(a), Self::Is(b)) => Self::Is(a.union(b)),
        }
    }

    fn through(self, affine: Affine) -> Self {
        match self {
            Self::Is(rect) => Self::Is(affine.transform_rect_bbox(rect)),
            other => other,
        }
    }
}

impl<'a> Boxes<'a> {
    pub(super) fn new(tree: &'a Tree, sizes: &'a Sizes) -> Self {
        let mut ids = HashMap::new();
        for (index, element) in tree.elements.iter().enumerate() {
            if let Some(id) = element.attribute("id") {
                ids.entry(id).or_insert(index);
            }
        }
        Self {
            tree,
            sizes,
            ids,
            known: vec![Known::Unseen; tree.elements.len()],
        }
    }

    /// The box around what an element fills, in its own coordinates.
    pub(super) fn fill(&mut self, index: usize, placement: &Placement<'_>) -> Extent {
        match self.known.get(index) {
            Some(Known::Is(extent)) => return *extent,
            Some(Known::Unseen) => {}
            Some(Known::Open) | None => return Extent::Empty,
        }
        if let Some(slot) = self.known.get_mut(index) {
            *slot = Known::Open;
        }
        let found = self.compute(index, placement);
        if let Some(slot) = self.known.get_mut(index) {
            *slot = Known::Is(found);
        }
        found
    }

    fn compute(&mut self, index: usize, placement: &Placement<'_>) -> Extent {
        let Some(element) = self.tree.elements.get(index) else {
            return Extent::Empty;
        };
        let length = |name| self.sizes.length(element, index, name);
        let around = |x: f64, y: f64, rx: f64, ry: f64| {
            if rx > 0.0 && ry > 0.0 {
                Extent::Is(Rect::new(x - rx, y - ry, x + rx, y + ry))
            } else {
                Extent::Empty
            }
        };
        match element.name {
            "rect" => {
                let (width, height) = (length("width"), length("height"));
                if width <= 0.0 || height <= 0.0 {
                    return Extent::Empty;
                }
                Extent::Is(Rect::from_origin_size(
                    (length("x"), length("y")),
                    (width, height),
                ))
            }
            "circle" => {
                let radius = length("r");
                around(length("cx"), length("cy"), radius, radius)
            }
            "ellipse" => {
                let (rx, ry) = (length("rx"), length("ry"));
                let or_other = |side: &str, other: f64, own: f64| {
                    if element.attribute(side).is_some() {
                        own
                    } else {
                        other
                    }
                };
                let (rx, ry) = (or_other("rx", ry, rx), or_other("ry", rx, ry));
                around(length("cx"), length("cy"), rx, ry)
            }
            "line" => {
                let ends =
                    [("x1", "y1"), ("x2", "y2")].map(|(x, y)| Point::new(length(x), length(y)));
                let [start, end] = ends;
                Extent::Is(Rect::from_points(start, end))
            }
            "polyline" | "polygon" => {
                let points = element.attribute("points").unwrap_or("");
                let points = svgtypes::PointsParser::from(points);
                let boxes = points.map(|(x, y)| Extent::Is(Rect::new(x, y, x, y)));
                boxes.fold(Extent::Empty, Extent::and)
            }
            "path" => {
                let data = element.attribute("d").unwrap_or("");
                match BezPath::from_svg(data) {
                    Ok(path) if path.is_empty() => Extent::Empty,
                    Ok(path) => Extent::Is(path.bounding_box()),
                    Err(_) => Extent::Unknown,
                }
            }
            "text" => Extent::Unknown,
            // What it is moved by belongs to its transform.
            "use" => {
                let target = element.attribute("href").unwrap_or("");
                let target = self.ids.get(target.trim().trim_start_matches('#')).copied();
                target.map_or(Extent::Empty, |target| self.placed(target, placement))
            }
            "svg" | "symbol" if index > 0 && view_box(element).is_some() => Extent::Unknown,
            "svg" | "symbol" | "g" | "switch" => {
                let children: Vec<usize> = element.child_elements().collect();
                let boxes = children
                    .into_iter()
                    .map(|child| self.child(child, placement));
                boxes.fold(Extent::Empty, Extent::and)
            }
            _ => Extent::Empty,
        }
    }

    fn child(&mut self, index: usize, placement: &Placement<'_>) -> Extent {
        let element = self.tree.elements.get(index);
        let is_shown = |element: &Element| {
            element.name != "symbol" && element.attribute("display") != Some("none")
        };
        if element.is_some_and(is_shown) {
            self.placed(index, placement)
        } else {
            Extent::Empty
        }
    }

    /// The box of an element in the coordinates of what it stands in.
    fn placed(&mut self, index: usize, placement: &Placement<'_>) -> Extent {
        let mut affine = placement.affine(index, self);
        if let Some(element) = self.tree.elements.get(index)
            && index > 0
            && matches!(element.name, "use" | "svg")
        {
            let length = |name| self.sizes.length(element, index, name);
            affine *= Affine::translate((length("x"), length("y")));
        }
        self.fill(index, placement).through(affine)
    }
}
