//! A unit tried at other places: rendered there, and led by small steps to where the error is
//! least. Whether that is good enough is decided elsewhere.

use chat2svg_vector::{Color, Document, Node, Paint, Raster, RenderError};
use kurbo::Affine;

use super::{
    form::Similarity,
    guesses::Guess,
    units::{Unit, move_node, to_user},
    view::View,
};

/// Number of ways in which a unit moves: across, down, turn, scale.
pub(super) const AXES: usize = 4;
/// Those that leave its form alone.
pub(super) const SHIFTS: [bool; AXES] = [true, true, false, false];

/// A unit being tried at other places, in pixels of a view.
pub(super) struct Trial<'a, 'w> {
    pub(super) document: &'a Document,
    pub(super) unit: &'a Unit,
    pub(super) view: &'a View<'a>,
    pub(super) to_view: Affine,
    pub(super) shapes: usize,
    pub(super) work: &'w mut usize,
}

impl<'a, 'w> Trial<'a, 'w> {
    pub(super) fn new(
        document: &'a Document,
        unit: &'a Unit,
        view: &'a View<'a>,
        work: &'w mut usize,
    ) -> Result<Self, RenderError> {
        Ok(Self {
            document,
            unit,
            view,
            to_view: document.canvas_transform(view.width, view.height)?,
            shapes: document.counts().shapes.max(1),
            work,
        })
    }

    pub(super) fn moved(&self, guess: &Guess) -> Document {
        let mut document = self.document.clone();
        let map = self.to_view.inverse() * guess.similarity.map() * self.to_view;
        move_node(&mut document, &self.unit.place, map);
        if let Some(color) = guess.color {
            paint(&mut document, &self.unit.place, color);
        }
        document
    }

    /// What a guess shows; `None` when there is no work left to be spent.
    pub(super) fn shown(&mut self, guess: &Guess) -> Result<Option<Raster>, RenderError> {
        self.view.stop.check()?;
        let Some(left) = self.work.checked_sub(self.shapes) else {
            return Ok(None);
        };
        *self.work = left;
        self.view.shown(&self.moved(guess)).map(Some)
    }

    /// The error of a guess; `None` when there is no work left to be spent.
    pub(super) fn error(&mut self, guess: &Guess) -> Result<Option<f64>, RenderError> {
        let shown = self.shown(guess)?;
        Ok(shown.map(|shown| self.view.error_of(&shown)))
    }

    /// The best that small steps lead to along some axes: across, down, turn, scale.
    pub(super) fn descended(
        &mut self,
        mut error: f64,
        mut guess: Guess,
        axes: [bool; AXES],
    ) -> Result<(f64, Guess), RenderError> {
        let mut steps = [2.0, 2.0, 0.12, 0.1];
        while steps[0] > 0.04 {
            let mut is_better = false;
            for (axis, size) in steps.into_iter().enumerate().filter(|(at, _)| axes[*at]) {
                for sign in [1.0, -1.0] {
                    let next = along(guess, axis, sign * size, 1.0);
                    let Some(found) = self.error(&next)? else {
                        return Ok((error, guess));
                    };
                    if found < error {
                        (error, guess, is_better) = (found, next, true);
                        break;
                    }
                }
            }
            if !is_better {
                steps = steps.map(|step| step * 0.5);
            }
        }
        Ok((error, guess))
    }

    /// About how far in pixels of the view a guess moves the unit's outline.
    pub(super) fn reach_of(&self, guess: &Guess) -> f64 {
        let Similarity {
            by, turn, scale, ..
        } = guess.similarity;
        by.hypot() + self.radius() * (turn.abs() + (scale - 1.0).abs())
    }

    /// About how far in pixels of the view the unit's outline is from its middle.
    pub(super) fn radius(&self) -> f64 {
        let to_view = self.to_view * to_user(self.document, &self.unit.place);
        let node = self.document.node(&self.unit.place);
        let bounds = node.and_then(|node| node.paint_bounds(to_view));
        bounds.map_or(0.0, |bounds| 0.25 * (bounds.width() + bounds.height()))
    }
}

/// A guess moved along an axis: by so many pixels, or so that what is `radius` from the middle goes
/// so far.
pub(super) fn along(mut guess: Guess, axis: usize, step: f64, radius: f64) -> Guess {
    let similarity = &mut guess.similarity;
    match axis {
        0 => similarity.by.x += step,
        1 => similarity.by.y += step,
        2 => similarity.turn += step / radius,
        _ => similarity.scale *= (step / radius).exp(),
    }
    guess
}

/// Gives the flat fill or stroke of the shape at a place a colour.
pub(super) fn paint(document: &mut Document, place: &[usize], color: Color) {
    if let Some(Node::Shape(shape)) = document.node_mut(place) {
        let fill = shape.fill.as_mut().map(|fill| &mut fill.paint);
        let stroke = shape.stroke.as_mut().map(|stroke| &mut stroke.paint);
        if let Some(paint) = fill.or(stroke)
            && matches!(paint, Paint::Solid(_))
        {
            *paint = Paint::Solid(color);
        }
    }
}
