//! Gives flat shapes the paint of the region that shows them. Moves nothing.

use chat2svg_trace::{found_shape::paint_in, neighbours::beside, picture::mean_color};
use chat2svg_vector::{
    Color, Document, Paint, RenderError, Shape, ShapeVisit, Visibility, similarity_scale,
};
use kurbo::Affine;

use super::{Search, units::told_name, view::squared_distance};
use crate::{
    explicable::Absent,
    freedom::{text_place, unread_place},
};

/// Oklab distance below which a colour is left as it is.
const SAME_COLOR: f32 = 0.012;
/// Least share of a shape that one region must show for that region alone to give its paint.
const MAIN_SHARE: f64 = 0.4;
/// Distance of two colours, components in `0.0..=1.0`, that are the same to rounding and noise.
const EXACT: f32 = 0.02;
/// Share of what is seen of a shape that has its colour exactly, by which it keeps it against
/// another colour, and against a gradient too.
const EXACTLY: f64 = 0.25;
const MOSTLY: f64 = 0.5;
/// Intersection over union with the region that shows it from which a shape may get a gradient.
const SHOWN: f64 = 0.5;
/// Share of its contrast with what is beside it that a text must keep in another colour.
const LEGIBLE: f32 = 0.5;
/// Pixels to each side of a text that are beside it.
const BESIDE: usize = 3;

/// What shapes are repainted from.
struct Painter<'a> {
    search: &'a Search<'a>,
    seen: Visibility,
    /// Maps user space to the regions' picture.
    to_canvas: Affine,
}

impl Search<'_> {
    /// Repaints every flat, opaque shape that is seen well enough, but where the fit is robust none
    /// that stands for what could not be read, which no region shows, or that is lost; returns the
    /// names of those that got gradients.
    pub(super) fn repaint(&self, document: &mut Document) -> Result<Vec<String>, RenderError> {
        let (width, height) = self.finder.size();
        let painter = Painter {
            search: self,
            seen: self.visibility(document)?,
            to_canvas: document.canvas_transform(width as u32, height as u32)?,
        };
        let is_robust = self.registration.robust;
        let absent = is_robust.then(|| Absent::of(document, self.target, self.stop));
        let facts = |visit: &ShapeVisit<'_>| {
            let is_lost = |absent: &Absent| absent.has_lost(visit.index);
            let is_held =
                is_robust && unread_place(visit).is_some() || absent.as_ref().is_some_and(is_lost);
            let is_text = text_place(visit).is_some();
            (told_name(visit, visit.place.len()), is_text, is_held)
        };
        let facts: Vec<(String, bool, bool)> = document.shapes().iter().map(facts).collect();
        let mut shaded = Vec::new();
        document.edit_shapes(|index, shape, transform, opacity| {
            let pixels = painter.seen.pixels_of(index);
            if let Some((name, is_text, false)) = facts.get(index)
                && !self.stop.is_due()
                && painter.repaint_shape(shape, pixels, *is_text, transform, opacity)
            {
                shaded.push(name.clone());
            }
        });
        Ok(shaded)
    }
}

impl Painter<'_> {
    /// Repaints a shape of which some pixels are seen if it can be; whether it got a gradient.
    fn repaint_shape(
        &self,
        shape: &mut Shape,
        pixels: &[u32],
        is_text: bool,
        transform: Affine,
        opacity: f32,
    ) -> bool {
        let inner: Vec<u32> = pixels
            .iter()
            .copied()
            .filter(|pixel| self.is_inner(*pixel as usize))
            .collect();
        let (paint, own_opacity, is_fill) = match (&mut shape.fill, &mut shape.stroke) {
            (Some(fill), _) => (&mut fill.paint, fill.opacity, true),
            (None, Some(stroke)) => (&mut stroke.paint, stroke.opacity, false),
            (None, None) => return false,
        };
        // A line has hardly an inside.
        let chosen = if is_fill || inner.len() > self.search.least_pixels() {
            inner
        } else {
            pixels.to_vec()
        };
        let Paint::Solid(before) = *paint else {
            return false;
        };
        if chosen.len() < self.search.least_pixels() || opacity * shape.opacity * own_opacity < 0.98
        {
            return false;
        }
        let agreeing = if self.search.registration.robust {
            self.agreeing_share(&chosen, before)
        } else {
            0.0
        };
        if agreeing >= MOSTLY {
            return false;
        }
        let main = self.search.areas.main_part(&chosen);
        let main = main.filter(|(_, share)| *share >= MAIN_SHARE);
        // What a region shows beside a shape says nothing of how the shape is shaded.
        let is_shown = main.is_some_and(|(area, _)| {
            let mut overlaps = self.search.areas.overlaps(pixels).into_iter();
            overlaps.any(|(ratio, shown)| shown == area && ratio >= SHOWN)
        });
        let own: Vec<u32> = match main {
            Some((area, _)) => chosen
                .into_iter()
                .filter(|pixel| self.search.areas.holds(area, *pixel as usize))
                .collect(),
            None => chosen,
        };
        let to_pixels = self.to_canvas * transform;
        let may_shade = is_shown && is_fill && similarity_scale(to_pixels).is_some();
        let gradients = self.search.registration.gradients.filter(|_| may_shade);
        let Some(found) = self.search.finder.paint(&own, gradients) else {
            return false;
        };
        match found.paint {
            _ if !found.is_opaque() => false,
            Paint::Solid(color) => {
                let is_other = before.to_oklab().distance(color.to_oklab()) >= SAME_COLOR;
                if agreeing < EXACTLY
                    && is_other
                    && (!is_text || self.is_legible(pixels, before, color))
                {
                    *paint = Paint::Solid(color);
                }
                false
            }
            gradient => {
                *paint = paint_in(&gradient, to_pixels.inverse());
                true
            }
        }
    }

    /// Whether a text stands out in another colour as it did: where the target shows the ground in
    /// its place, the text is elsewhere, or is not in the picture, and has no new colour.
    fn is_legible(&self, pixels: &[u32], before: Color, after: Color) -> bool {
        let width = self.search.areas.width;
        let beside = pixels.iter().flat_map(|pixel| {
            let at = *pixel as usize;
            let sides = [
                (at % width >= BESIDE).then(|| at - BESIDE),
                (at % width + BESIDE < width).then_some(at + BESIDE),
                at.checked_sub(BESIDE * width),
                Some(at + BESIDE * width),
            ];
            let owners = self.seen.owners();
            let is_other = move |other: &usize| {
                owners
                    .get(*other)
                    .is_some_and(|other| Some(other) != owners.get(at))
            };
            sides.into_iter().flatten().filter(is_other)
        });
        let beside: Vec<u32> = beside.map(|pixel| pixel as u32).collect();
        let ground = mean_color(&self.search.sharp, &beside).to_oklab();
        let contrast = |color: Color| color.to_oklab().distance(ground);
        contrast(after) >= LEGIBLE * contrast(before)
    }

    /// The share of some pixels that show a colour exactly: no coincidence where it is a good part
    /// of them, whatever the rest shows.
    fn agreeing_share(&self, pixels: &[u32], color: Color) -> f64 {
        let wanted = [color.red, color.green, color.blue];
        let is_same = |pixel: &&u32| {
            let found = self.search.sharp.get(**pixel as usize);
            found.is_some_and(|found| squared_distance(*found, wanted).sqrt() <= EXACT)
        };
        pixels.iter().filter(is_same).count() as f64 / pixels.len().max(1) as f64
    }

    /// Whether the pixels on all four sides show the same shape.
    fn is_inner(&self, pixel: usize) -> bool {
        let owners = self.seen.owners();
        beside([self.search.areas.width, self.search.areas.height], pixel)
            .all(|other| owners.get(other) == owners.get(pixel))
    }
}
