//! How much of a template's shape a fit may change.

use chat2svg_vector::{Document, Meaning, Origin, ShapeVisit};
use kurbo::Shape as _;

use crate::{
    explicable::settled,
    fit::{Fit, Problem},
};

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
    /// Whether the target shows it as the template has it.
    pub(crate) is_settled: bool,
}

impl Default for Freedom {
    fn default() -> Self {
        Self {
            outline: Motion::Free,
            has_free_paint: true,
            is_settled: false,
        }
    }
}

/// Of each of a document's shapes what may change, as far as the document tells. Rectangles that
/// fill the view box are grounds; they may keep their outlines, since nothing is beyond them.
pub(crate) fn freedoms(document: &Document, keeps_grounds: bool) -> Vec<Freedom> {
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
            } else if keeps_grounds && is_ground(visit) {
                Motion::Fixed
            } else {
                Motion::Free
            };
            Freedom {
                outline,
                // Thin strokes a little off their places show the colours of what they lie on.
                has_free_paint: !matches!(outline, Motion::AsOne(_)),
                is_settled: false,
            }
        })
        .collect()
}

/// The place of the text that a shape belongs to.
fn text_place<'a>(visit: &'a ShapeVisit<'_>) -> Option<&'a [usize]> {
    let own = visit.shape.meaning;
    let groups = visit.groups.iter().map(|group| group.meaning);
    let mut said = Meaning::NONE;
    for (meaning, depth) in groups.chain([own]).zip(1..) {
        said = meaning.within(said);
        if said.origin == Some(Origin::Text) {
            return visit.place.get(..depth);
        }
    }
    None
}

impl Fit<'_> {
    /// How much may change of each shape at present.
    pub(crate) fn present_freedoms(&self) -> Vec<Freedom> {
        let of_template = |shape: usize| self.freedoms.get(shape).copied();
        let origins = self.origins().into_iter();
        origins
            .map(|origin| origin.and_then(of_template).unwrap_or_default())
            .collect()
    }

    /// Leaves the shapes alone that show the target where they are now; whether all do.
    pub(crate) fn leave_placed(&mut self) -> bool {
        let Problem {
            compared, options, ..
        } = self.problem;
        let Some(compared) = compared else {
            return false;
        };
        let Ok(settled) = settled(&self.document, compared, &options.stop) else {
            return false;
        };
        let origins = self.origins();
        for (origin, _) in origins
            .iter()
            .zip(&settled)
            .filter(|(_, settled)| **settled)
        {
            if let Some(freedom) = origin.and_then(|origin| self.freedoms.get_mut(origin)) {
                freedom.outline = Motion::Fixed;
                freedom.has_free_paint = false;
            }
        }
        !settled.contains(&false)
    }

    /// Puts the shapes back that the target shows as the template has them; whether any differed.
    pub(crate) fn restore_settled(&mut self) -> bool {
        let old = self.problem.template.shapes();
        let (origins, freedoms) = (self.origins(), &self.freedoms);
        let mut is_changed = false;
        self.document.edit_shapes(|index, shape, _, _| {
            if let Some(origin) = origins.get(index).copied().flatten()
                && freedoms
                    .get(origin)
                    .is_some_and(|freedom| freedom.is_settled)
                && let Some(visit) = old.get(origin)
                && visit.shape != shape
            {
                shape.clone_from(visit.shape);
                is_changed = true;
            }
        });
        is_changed
    }
}
