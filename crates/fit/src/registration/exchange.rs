//! Shapes that changed places with each other: neither move alone takes enough of the error away,
//! as each covers the other where it went.

use chat2svg_vector::RenderError;

use super::{
    Search,
    form::Similarity,
    guesses::Guess,
    moves::{LIKE, State},
    pose::Trial,
    tie_break::Appearance,
    units::Unit,
};

/// Most shapes that are looked at.
const MOST: usize = 24;
/// Share of a shape that the target may show as it is where it is.
const MOST_AGREEING: f64 = 0.5;
/// Intersection over union with the region that lies in a shape's place.
const IN_PLACE: f64 = 0.5;
/// Oklab distance up to which a region has a shape's colour.
const SAME_COLOR: f32 = 0.05;

impl Search<'_> {
    /// Lets pairs of shapes change places where the target shows each in the other's.
    pub(super) fn exchange(
        &self,
        units: &[Unit],
        state: &mut State,
        placed: &mut Vec<(Unit, Similarity, bool)>,
        work: &mut usize,
    ) -> Result<(), RenderError> {
        let is_single = |unit: &&Unit| !unit.is_group && !unit.is_text;
        let displaced = units.iter().filter(is_single).filter_map(|unit| {
            let is_open = placed.iter().all(|(other, ..)| other != unit);
            let is_off = is_open && self.agreeing(state, unit).share() <= MOST_AGREEING;
            let body = is_off.then(|| state.bodies.get(unit.shapes.start))??;
            let (ratio, area) = *self.areas.overlaps(body).first()?;
            (ratio >= IN_PLACE && body.len() >= self.least_pixels()).then_some((unit, area))
        });
        let mut open: Vec<(&Unit, usize)> = displaced.take(MOST).collect();
        while let Some((one, here)) = open.pop() {
            if placed.len() + 2 > self.registration.moves as usize {
                break;
            }
            for (index, (other, there)) in open.iter().enumerate() {
                self.stop.check()?;
                let guesses = self.shown_as(one, *there, state);
                let Some(guesses) = guesses.zip(self.shown_as(other, here, state)) else {
                    continue;
                };
                let first = Trial::new(&state.document, one, &self.fine, work)?;
                let to_user = first.to_view.inverse();
                let moved = first.moved(&guesses.0);
                let both = Trial::new(&moved, other, &self.fine, work)?.moved(&guesses.1);
                let old = self.rough.shown(&state.document)?;
                let new = self.rough.shown(&both)?;
                if self.is_worth(state, &[(one, None), (other, None)], [&old, &new])? {
                    *state = self.state(both)?;
                    for (unit, guess) in [(one, guesses.0), (*other, guesses.1)] {
                        placed.push((unit.clone(), guess.similarity.mapped(to_user), true));
                    }
                    open.remove(index);
                    break;
                }
            }
        }
        Ok(())
    }

    /// How a shape lies where a region shows it in its colour.
    fn shown_as(&self, unit: &Unit, area: usize, state: &State) -> Option<Guess> {
        let shape = unit.shapes.start;
        let Appearance { form, color } = state.appearances.get(shape)?.as_ref()?;
        if color.distance(self.areas.all.get(area)?.color) > SAME_COLOR {
            return None;
        }
        let (likeness, similarity) = self.laid_onto(area, form, state.bodies.get(shape)?)?;
        let is_like = likeness >= LIKE && unit.sizes().contains(&similarity.scale.powi(2));
        is_like.then_some(Guess {
            similarity,
            likeness,
            color: None,
        })
    }
}
