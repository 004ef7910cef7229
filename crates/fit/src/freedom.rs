//! How much of a template's shape a fit may change.

use chat2svg_vector::{Document, Meaning, Origin, ShapeVisit};
use kurbo::Shape as _;

/// Share of the longest side by which a ground may end before the canvas does.
const LEAST_OVERHANG: f64 = 1e-4;
/// Share of its box that a rectangle fills.
const FULL: f64 = 0.9999;

/// How an outline may move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Motion {
    /// As a whole, and point by point.
    #[default]
    Free,
    /// Only as a whole with all outlines of the same number: letters of one text.
    AsOne(usize),
    /// Not at all.
    Fixed,
}

/// What may change of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Freedom {
    /// How its outline may move.
    pub(crate) outline: Motion,
    /// Whether its paints may change.
    pub(crate) has_free_paint: bool,
    /// Whether the target shows it as the template has it, or so it stays all the same.
    pub(crate) is_settled: bool,
    /// Whether the target shows it in another place or form that is not found yet.
    pub(crate) is_lost: bool,
}

impl Default for Freedom {
    fn default() -> Self {
        Self {
            outline: Motion::Free,
            has_free_paint: true,
            is_settled: false,
            is_lost: false,
        }
    }
}

/// Of each of a document's shapes what may change, as far as the document tells. What stands for
/// what could not be read keeps its outline. Rectangles that fill the view box are grounds: nothing
/// is beyond them. A robust fit leaves their outlines alone, and what stands for something
/// altogether.
pub(crate) fn freedoms(document: &Document, is_robust: bool) -> Vec<Freedom> {
    let frame = document.view_box;
    let slack = LEAST_OVERHANG * frame.width().max(frame.height());
    let visits = document.shapes();
    let is_ground = |visit: &ShapeVisit<'_>| {
        let outline = visit.transform * &visit.shape.path;
        let bounds = outline.bounding_box();
        visit.shape.stroke.is_none()
            && bounds.inflate(slack, slack).contains_rect(frame)
            && outline.area().abs() > FULL * bounds.area()
    };
    let mut texts: Vec<Vec<usize>> = Vec::new();
    visits
        .iter()
        .map(|visit| {
            let outline = if let Some(place) = text_place(visit) {
                let known = texts.iter().position(|text| text == place);
                Motion::AsOne(known.unwrap_or_else(|| {
                    texts.push(place.to_vec());
                    texts.len() - 1
                }))
            } else if unread_place(visit).is_some() || is_robust && is_ground(visit) {
                Motion::Fixed
            } else {
                Motion::Free
            };
            Freedom {
                outline,
                // Thin strokes a little off their places show the colours of what they lie on.
                has_free_paint: !(matches!(outline, Motion::AsOne(_))
                    || is_robust && unread_place(visit).is_some()),
                is_settled: false,
                is_lost: false,
            }
        })
        .collect()
}

/// The place of the text that a shape belongs to.
pub(crate) fn text_place<'a>(visit: &'a ShapeVisit<'_>) -> Option<&'a [usize]> {
    place_from(visit, Origin::Text)
}

/// The place of what a shape belongs to that stands for something that could not be read.
pub(crate) fn unread_place<'a>(visit: &'a ShapeVisit<'_>) -> Option<&'a [usize]> {
    place_from(visit, Origin::Unread)
}

/// The place of the outermost node around a shape, or of itself, that has an origin.
fn place_from<'a>(visit: &'a ShapeVisit<'_>, origin: Origin) -> Option<&'a [usize]> {
    let own = visit.shape.meaning;
    let groups = visit.groups.iter().map(|group| group.meaning);
    let mut said = Meaning::NONE;
    for (meaning, depth) in groups.chain([own]).zip(1..) {
        said = meaning.within(said);
        if said.origin == Some(origin) {
            return visit.place.get(..depth);
        }
    }
    None
}
