//! Stage 2 for a target from outside: moves the template's shapes to where the target shows them,
//! gives them its paints, and makes shapes of what is new in it. The exact fit is stage 3's.
//!
//! The target is cut into flat and smoothly shaded regions with a hierarchy
//! (`chat2svg_fit::Regions`). Regions and what is seen of the template's shapes are laid over each
//! other (`region_overlap`): a shape that a region shows stays; one that does not is looked for
//! elsewhere (`guesses`, `moves`); then all are fitted, but not spread over what is new
//! (`capture`); a region that no shape shows is new (`residual`, `lines`, `names`) and put where it
//! belongs, if it is worth it (`insert`).

mod capture;
mod form;
mod guesses;
mod insert;
mod lines;
mod moves;
mod names;
mod parameters;
mod region_overlap;
mod repaint;
mod residual;
mod tie_break;
mod trial;
mod units;
mod view;

use std::time::Instant;

use chat2svg_fit::{FitEnd, FitError, FitOptions, GradientThreshold, RegionPrice, Regions};
use chat2svg_protocol::Movement;
use chat2svg_stop::{Stop, Stopped};
use chat2svg_vector::{Document, Raster, RasterError, RenderError};
use thiserror::Error;

pub use parameters::{AdoptParameters, NewShapes};

use self::{
    capture::Unfitted,
    insert::{Judge, insert},
    moves::Search,
    region_overlap::{Areas, IdBuffer},
    repaint::Painter,
    residual::Finder,
    view::View,
};

/// Squared error, in full-scale pixels of a target whose longest side is 512, that each written
/// byte of a new shape must save.
const GAIN_PER_BYTE: f64 = 0.022;
/// How far outlines may be from the borders of regions, in pixels of the regions' picture.
const TOLERANCE: f64 = 0.4;
/// Longest side in pixels at which guesses about moves are tried.
const TRIAL_SIDE: u32 = 160;
/// Share of the time that is left which those fits may take, so that there is some to look for new
/// shapes.
const FIT_TIME: f64 = 0.6;
/// Most times that they are fitted.
const MOST_FITS: usize = 3;
/// Fewer steps are not worth the start of a fit.
const LEAST_STEPS: u32 = 20;

/// What came of a target from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Adopted {
    /// The document that approaches the target.
    pub document: Document,
    /// Names of the shapes and gradients added.
    pub added: Vec<String>,
    /// Shapes and groups that were moved, and how.
    pub moved: Vec<Movement>,
    /// Whether time was up before all was looked for.
    pub is_cut_short: bool,
}

/// Why nothing came of it.
#[derive(Debug, Error)]
pub enum AdoptError {
    /// The document cannot be rendered.
    #[error("the template cannot be drawn: {0}")]
    Render(RenderError),
    /// The target cannot be resampled.
    #[error("the target cannot be resampled: {0}")]
    Raster(#[from] RasterError),
    /// The template's visible part is empty or not finite.
    #[error("the template's viewBox is empty or not finite; give it one that has an area")]
    Frame,
    /// Its shapes cannot be fitted.
    #[error("the template's shapes cannot be fitted: {0}")]
    Fit(#[from] FitError),
    /// The caller asked to stop.
    #[error("stopped before there was a result")]
    Stopped,
}

impl From<RenderError> for AdoptError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Stopped => Self::Stopped,
            error => Self::Render(error),
        }
    }
}

impl From<Stopped> for AdoptError {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// Changes a document towards a target: shapes that moved are moved, shapes of another colour
/// repainted, and, when `may_add`, new shapes put in. A document without shapes stays as it is, and
/// so does one that shows the target ([`chat2svg_fit::shows`]).
///
/// The target is taken to cover the document's view box; one of another size or aspect is
/// resampled. At the deadline of `stop`, what was moved and fitted by then comes back, with no half
/// of what was to be added.
///
/// # Errors
/// When the document cannot be rendered, its view box has no area, or it was cancelled
/// ([`AdoptError::Stopped`]).
pub fn adopt(
    document: &Document,
    target: &Raster,
    parameters: &AdoptParameters,
    gradients: GradientThreshold,
    may_add: bool,
    stop: &Stop,
) -> Result<Adopted, AdoptError> {
    let mut adopted = Adopted {
        document: document.clone(),
        added: Vec::new(),
        moved: Vec::new(),
        is_cut_short: false,
    };
    let job = Job {
        target,
        parameters,
        gradients,
        may_add,
    };
    match job.run(&mut adopted, stop) {
        Err(AdoptError::Stopped) if !stop.is_cancelled() => {
            adopted.is_cut_short = true;
            Ok(adopted)
        }
        ended => ended.map(|()| adopted),
    }
}

/// What is asked for.
struct Job<'a> {
    target: &'a Raster,
    parameters: &'a AdoptParameters,
    gradients: GradientThreshold,
    may_add: bool,
}

impl Job<'_> {
    /// Does one thing after the other. `adopted` is a result wherever this ends.
    fn run(&self, adopted: &mut Adopted, stop: &Stop) -> Result<(), AdoptError> {
        let Self {
            target, parameters, ..
        } = *self;
        let is_empty = adopted.document.counts().shapes == 0;
        if is_empty || chat2svg_fit::shows(&adopted.document, target, stop) {
            return Ok(());
        }
        let longest = target.width().max(target.height());
        let (width, height) = size(&adopted.document, longest.min(parameters.region_side))?;
        let target = target.averaged(width, height, stop)?;
        let regions = Regions::find(&target, width, height, parameters.region_side, stop)
            .ok_or(AdoptError::Stopped)?;
        let side = f64::from(width.max(height)) / 512.0;
        let price = RegionPrice {
            per_byte: per_byte(width.max(height)),
            gradients: true,
            tolerance: TOLERANCE,
        };
        let areas = Areas::of(&regions, price, stop)?;
        let fine = View::of(&target, stop);
        stop.check()?;
        if parameters.most_moves > 0 {
            let most = TRIAL_SIDE.min(width.max(height));
            let (width, height) = size(&adopted.document, most)?;
            let rough = target.averaged(width, height, stop)?;
            let search = Search {
                areas: &areas,
                fine: &fine,
                rough: &View::of(&rough, stop),
                parameters,
                stop,
            };
            search.run(&mut adopted.document, &mut adopted.moved)?;
        }
        let to_canvas = adopted.document.canvas_transform(width, height)?;
        let mut seen = IdBuffer::of(&adopted.document, areas.width, areas.height, stop)?;
        let painter = Painter {
            regions: &regions,
            areas: &areas,
            seen: &seen,
            to_canvas,
            threshold: self.gradients,
            least_area: (parameters.least_area() * side * side).ceil() as usize,
            is_final: !(self.may_add && parameters.most_added > 0),
            stop,
        };
        adopted.added = painter.repaint(&mut adopted.document)?;
        let finder = Finder {
            regions: &regions,
            areas: &areas,
            fine: &fine,
            parameters,
            price,
            scale: f64::from(width) / areas.width as f64,
            stop,
        };
        let may_add = self.may_add && parameters.most_added > 0;
        let steps = affordable_steps(parameters, adopted.document.counts().shapes);
        if steps > 0 {
            let fitting = Fitting {
                target: &target,
                parameters,
                steps,
                is_final: !may_add,
                stop: &part_of(stop, FIT_TIME),
            };
            if may_add {
                seen = fit_own(&mut adopted.document, &finder, &seen, fitting)?;
            } else {
                fitting.run(&mut adopted.document, self.target)?;
            }
            stop.check()?;
        }
        if !may_add {
            return Ok(stop.check()?);
        }
        let judge = Judge {
            view: &fine,
            target: &target,
            per_byte: price.per_byte,
            stop,
        };
        let errors = fine.errors(&adopted.document)?;
        let found = finder.regions(&seen, &errors)?;
        let found = finder.shapes(&found, &seen, &adopted.document)?;
        let mut document = adopted.document.clone();
        let mut inserted = insert(&mut document, &found, to_canvas);
        judge.choose_strokes(&mut document, &mut inserted, &found, to_canvas)?;
        judge.drop_worthless(&mut document, &mut inserted)?;
        inserted.sort_by_key(|each| each.index);
        adopted.document = document;
        let names = inserted.into_iter().map(|each| each.name);
        adopted.added.extend(names);
        Ok(stop.check()?)
    }
}

/// Squared error, in full-scale pixels, that a byte must save in a picture whose longest side has
/// so many pixels. Error grows with the picture's area, bytes of outlines with its side: between
/// the two.
fn per_byte(side: u32) -> f64 {
    GAIN_PER_BYTE * (f64::from(side) / 512.0).powf(1.5)
}

/// Steps that a template of so many shapes is fitted by; none when so few could be afforded that
/// they change little.
fn affordable_steps(parameters: &AdoptParameters, shapes: usize) -> u32 {
    let most = u32::try_from(parameters.fit_work() / shapes.max(1)).unwrap_or(u32::MAX);
    if most < LEAST_STEPS {
        0
    } else {
        parameters.fit_steps.min(most)
    }
}

/// Fits the shapes that there are, so that only what they cannot show is new, but does not let them
/// show what is new: then they are fitted once more, without it. Returns what is seen of them.
fn fit_own(
    document: &mut Document,
    finder: &Finder<'_>,
    seen: &IdBuffer,
    fitting: Fitting<'_>,
) -> Result<IdBuffer, AdoptError> {
    let (areas, fine, stop) = (finder.areas, finder.fine, finder.stop);
    let shown = fine.shown(document)?;
    let residual = finder.regions(seen, &fine.errors_of(&shown))?;
    let mut unfitted = Unfitted::of(shown, seen, residual);
    let start = document.clone();
    let mut fits = 0;
    loop {
        fits += 1;
        document.clone_from(&start);
        let target = unfitted.target(fitting.target)?;
        fitting.run(document, &target)?;
        stop.check()?;
        let fitted = IdBuffer::of(document, areas.width, areas.height, stop)?;
        if fits == MOST_FITS || !unfitted.hide_captured(&fitted, fine) {
            return Ok(fitted);
        }
    }
}

/// How the shapes that there are are fitted.
#[derive(Clone, Copy)]
struct Fitting<'a> {
    target: &'a Raster,
    parameters: &'a AdoptParameters,
    steps: u32,
    /// Whether nothing will be added: what shapes cannot show must not move them.
    is_final: bool,
    stop: &'a Stop,
}

impl Fitting<'_> {
    /// Fits a document's shapes, as far as it comes in the time there is.
    fn run(&self, document: &mut Document, target: &Raster) -> Result<(), AdoptError> {
        let options = FitOptions {
            iterations: self.steps,
            max_side: self.parameters.region_side.max(16),
            allow_topology: false,
            allow_points: false,
            robust: self.is_final,
            threads: 1,
            stop: self.stop.clone(),
            ..FitOptions::default()
        };
        let fitted = chat2svg_fit::refine(document, target, &options, &mut ())?;
        *document = fitted.document;
        if fitted.report.ended_by == FitEnd::Cancelled {
            return Err(AdoptError::Stopped);
        }
        Ok(())
    }
}

/// Stops after a share of the time that is left, too.
fn part_of(stop: &Stop, share: f64) -> Stop {
    let now = Instant::now();
    match stop.deadline() {
        Some(deadline) => {
            let left = deadline.saturating_duration_since(now);
            stop.clone().by(now + left.mul_f64(share))
        }
        None => stop.clone(),
    }
}

/// Width and height in pixels with the aspect of the view box and a longest side.
fn size(document: &Document, side: u32) -> Result<(u32, u32), AdoptError> {
    let frame = document.view_box;
    if !(frame.is_finite() && frame.width() > 0.0 && frame.height() > 0.0) {
        return Err(AdoptError::Frame);
    }
    let scale = f64::from(side.max(1)) / frame.width().max(frame.height());
    let pixels = |length: f64| ((length * scale).round() as u32).max(1);
    Ok((pixels(frame.width()), pixels(frame.height())))
}
