//! Stage 2 for a target from outside: has the template's shapes moved to where the target shows
//! them and fitted (`chat2svg_fit`), and makes shapes of what is new in it. The exact fit is stage
//! 3's.
//!
//! A region of the target that no shape shows is new (`residual`), named and put where it
//! belongs, if it is worth it (`insert`). What a fit spread over something new is undone: it
//! knows no names, and would bend a petal to be the leaf beside it.

mod insert;
mod parameters;
mod residual;

use std::borrow::Cow;

use chat2svg_fit::{FitEnd, FitError, FitOptions, Registered, Registration, refine, register};
use chat2svg_protocol::{Movement, Placement};
use chat2svg_stop::{Stop, Stopped};
use chat2svg_trace::{GradientThreshold, Price};
use chat2svg_vector::{Color, Document, Raster, RenderError};
use thiserror::Error;

pub use parameters::{AdoptParameters, NewShapes};

use self::residual::Finder;

/// By how many times its price a new shape must gain: it gets a name, and is one more thing to
/// edit.
const NEW_SHAPE: f64 = 1.74;
/// Share of the time that is left which that fit may take, so that there is some to look for new
/// shapes.
const FIT_TIME: f64 = 0.6;
/// Most times that shapes are fitted.
const MOST_FITS: u32 = 3;

/// What came of a target from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Adopted {
    /// The document that approaches the target.
    pub document: Document,
    /// Names of the shapes and gradients added.
    pub added: Vec<String>,
    /// Shapes and groups that were moved, and how.
    pub moved: Vec<Movement>,
    /// Whether all of its shapes were looked for before time was up.
    pub placement: Placement,
    /// Whether time was up before all was looked for.
    pub is_cut_short: bool,
}

/// Why nothing came of it.
#[derive(Debug, Error)]
pub enum AdoptError {
    /// The document cannot be rendered.
    #[error("the template cannot be drawn: {0}")]
    Render(RenderError),
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
            RenderError::InvalidViewBox => Self::Frame,
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
        placement: Placement::Unregistered,
        is_cut_short: false,
    };
    let job = Job {
        target,
        parameters,
        gradients,
        may_add: may_add && parameters.most_added > 0,
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
            adopted.placement = Placement::Registered;
            return Ok(());
        }
        let whole = [target.width(), target.height()];
        let (width, height) = adopted
            .document
            .canvas_size(whole, parameters.region_side)?;
        let reduced = target.averaged(width, height, stop)?.over(Color::WHITE);
        let registration = Registration {
            side: parameters.region_side,
            moves: parameters.most_moves,
            gradients: Some(self.gradients),
            robust: !self.may_add,
        };
        let Registered { moved, shaded } =
            register(&mut adopted.document, target, registration, stop)?;
        adopted.moved = moved.into_iter().map(movement).collect();
        let gradients = shaded.iter().map(|name| format!("{name} / gradient"));
        adopted.added = gradients.collect();
        stop.check()?;
        adopted.placement = Placement::Registered;
        if !self.may_add {
            self.fit(&mut adopted.document, target, stop)?;
            return Ok(stop.check()?);
        }
        let price = Price::of_size(width as usize, height as usize).times(NEW_SHAPE);
        let finder = Finder::of(&reduced, parameters, price, stop)?;
        let seen = adopted.document.visibility_until(width, height, stop)?;
        let new = finder.regions(&adopted.document, &seen)?;
        let (start, part) = (adopted.document.clone(), stop.part(FIT_TIME));
        let mut is_captured = vec![false; new.len()];
        let mut fitted = Cow::Borrowed(target);
        let mut fits = 0;
        let seen = loop {
            fits += 1;
            adopted.document.clone_from(&start);
            self.fit(&mut adopted.document, &fitted, &part)?;
            stop.check()?;
            let shown = adopted.document.visibility_until(width, height, stop)?;
            let is_more = finder.mark_captured(&new, [&seen, &shown], &mut is_captured);
            if fits == MOST_FITS || !is_more {
                break shown;
            }
            fitted = Cow::Owned(finder.without(&new, &is_captured, &start)?);
        };
        let found = finder.regions(&adopted.document, &seen)?;
        let found = finder.shapes(&found, &seen, &adopted.document)?;
        let (document, names) = finder.insert(&adopted.document, &found)?;
        adopted.document = document;
        adopted.added.extend(names);
        Ok(())
    }

    /// Fits the shapes that there are, so that only what they cannot show is new, as far as it
    /// comes in the time there is.
    fn fit(&self, document: &mut Document, target: &Raster, stop: &Stop) -> Result<(), AdoptError> {
        let parameters = self.parameters;
        let steps = parameters.affordable_steps(document.counts().shapes);
        if steps == 0 {
            return Ok(());
        }
        let options = FitOptions {
            iterations: steps,
            max_side: parameters.region_side.max(16),
            allow_topology: false,
            allow_points: false,
            robust: !self.may_add,
            threads: 1,
            stop: stop.clone(),
            ..FitOptions::default()
        };
        let fitted = refine(document, target, &options, &mut ())?;
        *document = fitted.document;
        if fitted.report.ended_by == FitEnd::Cancelled {
            return Err(AdoptError::Stopped);
        }
        Ok(())
    }
}

fn movement(moved: chat2svg_fit::Movement) -> Movement {
    let chat2svg_fit::Movement {
        name,
        by,
        turned,
        scaled,
    } = moved;
    Movement {
        name,
        by,
        turned,
        scaled,
    }
}
