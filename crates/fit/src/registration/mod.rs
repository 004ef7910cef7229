//! The first phase of a fit from a template: shapes and groups that the target shows elsewhere on
//! the canvas are moved there, and flat shapes get the paints that it shows. Gradients lead a few
//! pixels far; where a shape went beyond that is guessed (`guesses`), tried by rendering (`pose`),
//! and taken only when the error falls by enough (`moves`). `align` makes it exact. Nothing is
//! added or bent here.

mod areas;
mod exact;
mod exchange;
mod form;
mod guesses;
mod lines;
mod moves;
mod pose;
mod repaint;
mod shifts;
mod tie_break;
mod units;
mod view;

use chat2svg_stop::Stop;
use chat2svg_trace::{
    GradientThreshold,
    picture::over_white,
    regions::{FINE_SIDE, RegionFinder},
};
use chat2svg_vector::{Document, Raster, RenderError};
use serde::{Deserialize, Serialize};

use self::{areas::Areas, form::Similarity, units::Unit, view::averaged};
pub(crate) use self::{
    form::Form,
    moves::TEXT_SHOWN,
    units::told_name,
    view::{View, color_of, squared_distance},
};
use crate::{FitError, measure::fitting_size};

/// Longest side in pixels at which guesses are tried.
const TRIAL_SIDE: u32 = 160;

/// How a template is brought to its target before it is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Registration {
    /// Longest side in pixels at which the target's regions are looked for, at most 320 count.
    pub side: u32,
    /// Most moves of shapes and groups.
    pub moves: u32,
    /// When shapes are painted with gradients; `None` for never.
    pub gradients: Option<GradientThreshold>,
    /// Whether shapes of which the target shows a good part exactly keep their paint: what hides
    /// the rest is something else.
    pub robust: bool,
}

/// What became of a template before it was fitted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registered {
    /// Shapes and groups that were moved, and how.
    pub moved: Vec<Movement>,
    /// Names of the shapes that were given gradients.
    pub shaded: Vec<String>,
}

/// A shape or group that was moved, turned or scaled around its middle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Movement {
    /// Its name.
    pub name: String,
    /// How far its middle went to the right and down, in units of the view box.
    pub by: [f64; 2],
    /// Degrees, clockwise.
    pub turned: f64,
    /// Factor of its size.
    pub scaled: f64,
}

/// Moves what moved between a document and a target that covers its view box, and paints shapes as
/// the target shows them. When `stop` says so, what was done by then stays.
///
/// # Errors
/// When the document cannot be rendered or its view box is empty.
pub fn register(
    document: &mut Document,
    target: &Raster,
    registration: Registration,
    stop: &Stop,
) -> Result<Registered, FitError> {
    let mut placed = Vec::new();
    let shaded = match search(document, &mut placed, target, registration, stop) {
        Err(RenderError::Stopped) => Vec::new(),
        shaded => shaded?,
    };
    let moved = placed.iter();
    let moved = moved.map(|(unit, similarity, _)| similarity.movement_of(&unit.name));
    Ok(Registered {
        moved: moved.collect(),
        shaded,
    })
}

/// What shapes are moved and painted by.
struct Search<'a> {
    finder: RegionFinder,
    areas: Areas,
    /// The regions' picture, its soft edges made steps.
    sharp: Vec<[f32; 3]>,
    /// The target at the size of that picture.
    fine: View<'a>,
    /// The target at the size at which guesses are tried.
    rough: View<'a>,
    target: &'a Raster,
    registration: Registration,
    stop: &'a Stop,
}

/// Moves, with what, and paints; returns the names of the shapes that were given gradients.
fn search(
    document: &mut Document,
    placed: &mut Vec<(Unit, Similarity, bool)>,
    target: &Raster,
    registration: Registration,
    stop: &Stop,
) -> Result<Vec<String>, RenderError> {
    let size = |side: u32| fitting_size(document, target, side);
    let (width, height) = size(registration.side.min(FINE_SIDE as u32))?;
    let rough = averaged(target, size(TRIAL_SIDE)?, stop)?;
    let picture = averaged(target, (width, height), stop)?;
    let finder = RegionFinder::new(&picture, width.max(height), stop);
    let finder = finder.ok_or(RenderError::Stopped)?;
    let sharp: Vec<[f32; 3]> = finder.sharp().iter().copied().map(over_white).collect();
    let search = Search {
        areas: Areas::of(&finder, &sharp, stop)?,
        fine: View::of(&picture, stop),
        rough: View::of(&rough, stop),
        finder,
        sharp,
        target,
        registration,
        stop,
    };
    search.run(document, placed)?;
    if registration.robust {
        search.follow_lines(document)?;
    }
    search.repaint(document)
}
