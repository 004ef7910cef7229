//! How shapes are painted, as attributes, and which of them a group can say for all its shapes.
//! Only attributes that SVG hands down to children; an opacity is not.

use crate::transform::largest_scale;
use crate::{FillRule, Group, LineCap, LineJoin, Node, Shape, Stroke};

use super::number::{decimals_for, number};
use super::paint::{Definitions, opacity_text};

/// Decimals of a miter limit.
pub(super) const MITER_DECIMALS: u8 = 3;

/// Attributes in the order in which they are written.
pub(crate) type Attributes = Vec<(&'static str, String)>;

/// What a node says of its painting that no group around it has said.
pub(crate) enum Styles {
    /// A shape's own attributes.
    Shape(Attributes),
    /// What all shapes in a group say alike, and what remains to each child.
    Group(Attributes, Vec<Styles>),
    /// A shape that is not written.
    Nothing,
}

impl Styles {
    /// The styles of nodes; `scale` is in pixels per unit of their coordinates.
    pub(crate) fn of(
        nodes: &[Node],
        definitions: &mut Definitions<'_>,
        scale: f64,
        tolerance: f64,
    ) -> Vec<Self> {
        let style = |node: &Node| match node {
            Node::Shape(shape) if !shape.path.is_finite() => Self::Nothing,
            Node::Shape(shape) => Self::Shape(attributes(shape, definitions, scale, tolerance)),
            Node::Group(group) => Self::of_group(group, definitions, scale, tolerance),
        };
        nodes.iter().map(style).collect()
    }

    fn of_group(
        group: &Group,
        definitions: &mut Definitions<'_>,
        scale: f64,
        tolerance: f64,
    ) -> Self {
        let inner = scale * largest_scale(group.transform);
        let mut children = Self::of(&group.children, definitions, inner, tolerance);
        let mut said = children.iter().filter_map(Self::said);
        let mut shared = said.next().cloned().unwrap_or_default();
        let mut others = 0;
        for attributes in said {
            shared.retain(|attribute| attributes.contains(attribute));
            others += 1;
        }
        // What only one child says is said there, or further in.
        if others == 0 {
            shared.clear();
        }
        for child in &mut children {
            child.leave_out(&shared);
        }
        Self::Group(shared, children)
    }

    /// What is said of all shapes of a node; `None` where there are none.
    fn said(&self) -> Option<&Attributes> {
        match self {
            Self::Shape(attributes) => Some(attributes),
            Self::Group(shared, children) => children
                .iter()
                .any(|child| child.said().is_some())
                .then_some(shared),
            Self::Nothing => None,
        }
    }

    fn leave_out(&mut self, said: &Attributes) {
        if let Self::Shape(own) | Self::Group(own, _) = self {
            own.retain(|attribute| !said.contains(attribute));
        }
    }
}

fn attributes(
    shape: &Shape,
    definitions: &mut Definitions<'_>,
    scale: f64,
    tolerance: f64,
) -> Attributes {
    let mut found = Attributes::new();
    match &shape.fill {
        None => found.push(("fill", "none".to_owned())),
        Some(fill) => {
            let (paint, extra) = definitions.paint(&fill.paint, scale, tolerance);
            if paint != "#000" {
                found.push(("fill", paint));
            }
            found.extend(opacity_text(fill.opacity * extra).map(|text| ("fill-opacity", text)));
            if fill.rule == FillRule::EvenOdd {
                found.push(("fill-rule", "evenodd".to_owned()));
            }
        }
    }
    if let Some(stroke) = &shape.stroke {
        line(&mut found, stroke, definitions, scale, tolerance);
    }
    found
}

/// Decimals of a stroke's lengths. A thin line shows an error of its width sooner than one of its
/// place.
pub(super) fn stroke_decimals(scale: f64, tolerance: f64) -> u8 {
    decimals_for(scale, tolerance * 0.2)
}

fn line(
    found: &mut Attributes,
    stroke: &Stroke,
    definitions: &mut Definitions<'_>,
    scale: f64,
    tolerance: f64,
) {
    let (paint, extra) = definitions.paint(&stroke.paint, scale, tolerance);
    found.push(("stroke", paint));
    found.extend(opacity_text(stroke.opacity * extra).map(|text| ("stroke-opacity", text)));
    let decimals = stroke_decimals(scale, tolerance);
    let length = |value: f64| number(value, decimals);
    let width = length(stroke.width);
    if width != "1" {
        found.push(("stroke-width", width));
    }
    match stroke.cap {
        LineCap::Butt => {}
        LineCap::Round => found.push(("stroke-linecap", "round".to_owned())),
        LineCap::Square => found.push(("stroke-linecap", "square".to_owned())),
    }
    match stroke.join {
        LineJoin::Miter => {}
        LineJoin::Round => found.push(("stroke-linejoin", "round".to_owned())),
        LineJoin::Bevel => found.push(("stroke-linejoin", "bevel".to_owned())),
    }
    let miter = number(stroke.miter_limit, MITER_DECIMALS);
    if stroke.join == LineJoin::Miter && miter != "4" {
        found.push(("stroke-miterlimit", miter));
    }
    if !stroke.dashes.is_empty() {
        let dashes: Vec<_> = stroke.dashes.iter().map(|dash| length(*dash)).collect();
        found.push(("stroke-dasharray", dashes.join(" ")));
        let offset = length(stroke.dash_offset);
        if offset != "0" {
            found.push(("stroke-dashoffset", offset));
        }
    }
}
