//! Drawing a picture on an empty canvas: it is read first, and fitted by what was read.

use chat2svg_trace::{
    clean::is_flat,
    exact::{ExactLayers, exact_layers, placed},
    ground::without_ground,
    lines::Lines,
    picture::Picture,
    reading::{Reading, Wanted},
};
use chat2svg_vector::{Document, Node, Raster, WriteOptions};
use kurbo::Affine;

use super::{Run, show_something, target_transform};
use crate::{
    FitError, FitOptions, FitOutcome, Observer,
    clock::Clock,
    fit::{Fit, Problem},
    measure::{Score, fitting_size, psnr},
    schedule,
};

/// How many times [`FitOptions::max_side`] the longest side may be at which a picture with small
/// writing or hairlines is fitted.
const WRITTEN: u32 = 2;
/// Quality in dB from which smooth shapes are taken for what may as well be pixel art.
const SMOOTH_ENOUGH: f32 = 38.0;

/// Largest bound on paths that a picture of few flat colours may keep to by itself.
const FEW_PATHS: u32 = 32;
/// Share of the time in which it is drawn without the bound.
const UNBOUNDED_TIME: f64 = 0.4;

/// A new document that shows a target, of an empty one's size.
pub(super) fn drawn(
    empty: &Document,
    target: &Raster,
    run: Run<'_>,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, FitError> {
    let options = run.options;
    let (width, height) = fitting_size(empty, target, options.max_side)?;
    // A bound counts parts that become one path in the end.
    if let Some(paths) = options.paths.filter(|paths| *paths <= FEW_PATHS)
        && is_flat(&Picture::from_raster(target, width, height))
    {
        let options = &FitOptions {
            paths: None,
            stop: options.stop.part(UNBOUNDED_TIME),
            ..options.clone()
        };
        let clock = &Clock::start(&options.stop);
        let unbounded = Run {
            options,
            clock,
            ..run
        };
        let outcome = drawn_within(empty, target, unbounded, &mut ())?;
        let count = outcome.document.counts().shapes;
        if count <= paths as usize && !options.stop.is_due() {
            observer.improved(outcome.clone());
            return Ok(outcome);
        }
    }
    drawn_within(empty, target, run, observer)
}

/// The same, with no more paths than the options allow.
fn drawn_within(
    empty: &Document,
    target: &Raster,
    run: Run<'_>,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, FitError> {
    let options = run.options;
    let clear = (!options.keeps_ground)
        .then(|| without_ground(target))
        .flatten();
    let has_uneven_ground = clear.is_none() && target.is_opaque() && !options.keeps_ground;
    let target = clear.as_ref().unwrap_or(target);
    let reading = Reading::of(
        target,
        &Wanted {
            size: fitting_size(empty, target, options.max_side)?,
            largest: fitting_size(empty, target, WRITTEN * options.max_side)?,
            shadows: options.allow_gradients,
            lines: options.allow_strokes,
            most_shapes: options.paths,
            stop: &options.stop,
        },
    );
    let picture = reading.picture();
    let to_canvas = empty.canvas_transform(picture.width as u32, picture.height as u32)?;
    let drawing = Drawing {
        run,
        empty,
        target,
        reading: &reading,
        to_canvas,
        before: Score::of(empty, picture, options)?,
        exact: whole_pixels(&reading, empty, target, options, to_canvas)
            .or_else(|| exact(empty, target, options, to_canvas)),
        has_uneven_ground,
    };
    let Some(ringed) = &reading.ringed else {
        return Ok(drawing.with(reading.lines.as_ref(), observer)?.0);
    };
    let (outcome, score) = drawing.with(Some(ringed), observer)?;
    if options.stop.is_due() {
        return Ok(outcome);
    }
    // Discs in discs may show the same for less.
    let (other, without_rings) = drawing.with(reading.lines.as_ref(), &mut ())?;
    let is_better = !score.is_clearly_better_than(&without_rings)
        && (without_rings.is_clearly_better_than(&score) || without_rings.bytes < score.bytes);
    if is_better {
        observer.improved(other.clone());
        return Ok(other);
    }
    Ok(outcome)
}

/// A picture that is drawn on an empty canvas.
struct Drawing<'a> {
    run: Run<'a>,
    empty: &'a Document,
    target: &'a Raster,
    reading: &'a Reading,
    to_canvas: Affine,
    before: Score,
    exact: Option<ExactLayers>,
    has_uneven_ground: bool,
}

impl Drawing<'_> {
    /// What comes of the fit with some of the lines drawn as such, and how good it is.
    fn with(
        &self,
        lines: Option<&Lines>,
        observer: &mut dyn Observer,
    ) -> Result<(FitOutcome, Score), FitError> {
        let Run {
            options,
            clock,
            pool,
        } = self.run;
        let Self { reading, .. } = self;
        let picture = reading.picture();
        let (exact, in_need) = match &self.exact {
            Some(found) if found.may_be_smooth => (None, Some(&found.layers)),
            found => (found.as_ref().map(|found| &found.layers), None),
        };
        let problem = Problem {
            options,
            clock,
            pool,
            template: self.empty,
            is_new: true,
            given: self.before,
            moved: &[],
            target: picture,
            reading,
            lines,
            is_icon: in_need.is_some(),
            to_canvas: self.to_canvas,
            compared: None,
        };
        let mut fit = Fit::new(problem, Vec::new(), self.before, observer);
        match exact {
            Some(layers) => fit.take_layers(layers.clone())?,
            None => schedule::run(&mut fit)?,
        }
        show_something(&mut fit, self.target)?;
        let is_upright = self.exact.as_ref().is_some_and(|found| found.is_upright);
        let is_exact = if is_upright {
            fit.mark_primitives()?;
            true
        } else {
            !clock.is_cancelled() && finish(&mut fit, exact, in_need)?
        };
        fit.close_ground()?;
        let is_understood = reading.clean.as_ref().is_some_and(|of| of.is_understood);
        if !is_exact && !is_understood {
            schedule::save(&mut fit)?;
        }
        schedule::meet_budget(&mut fit)?;
        let score = fit.best_score();
        let mut outcome = fit.finish();
        outcome.report.has_uneven_ground = self.has_uneven_ground;
        if reading.clean.is_some() && !clock.is_cancelled() {
            // The quality is that of the picture as it came.
            let error = Score::of(&outcome.document, &reading.stored, options)?.error;
            outcome.report.psnr_after = psnr(error, reading.stored.pixels.len());
        }
        Ok((outcome, score))
    }
}

/// Draws basic shapes as such, and takes the exact layers where shapes that are as simple do not
/// show the same; whether it did.
fn finish(
    fit: &mut Fit<'_>,
    exact: Option<&Vec<Node>>,
    in_need: Option<&Vec<Node>>,
) -> Result<bool, FitError> {
    let points = |fit: &Fit<'_>| {
        let counts = fit.document.counts();
        counts.lines + counts.cubics
    };
    let before = points(fit);
    schedule::finish_new(fit)?;
    // Stairs that stand for a smooth shape become far simpler; what is exact else stays so.
    let exact = exact.filter(|_| 2 * points(fit) > before);
    let in_need = in_need.filter(|_| fit.best_psnr() < SMOOTH_ENOUGH);
    let Some(layers) = in_need.or(exact) else {
        return Ok(false);
    };
    fit.take_layers(layers.clone())?;
    fit.mark_primitives()?;
    Ok(true)
}

/// The layers of a picture whose borders follow the pixels, without the noise of its storage.
fn whole_pixels(
    reading: &Reading,
    empty: &Document,
    target: &Raster,
    options: &FitOptions,
    to_canvas: Affine,
) -> Option<ExactLayers> {
    let clean = reading.clean.as_ref().filter(|clean| clean.is_understood)?;
    let sharp = clean.sharp.as_ref()?.to_raster()?;
    let is_whole = [sharp.width(), sharp.height()] == [target.width(), target.height()];
    let found = is_whole.then(|| exact(empty, &sharp, options, to_canvas))??;
    (found.is_upright || !found.may_be_smooth).then_some(found)
}

/// Layers that show a target exactly, if there are such and they keep to the options' limits.
fn exact(
    empty: &Document,
    target: &Raster,
    options: &FitOptions,
    to_canvas: Affine,
) -> Option<ExactLayers> {
    let is_upright = {
        let [a, b, c, d, ..] = to_canvas.as_coeffs();
        b == 0.0 && c == 0.0 && (a - d).abs() < 1e-9 * a.abs()
    };
    let is_same_aspect = {
        let frame = empty.view_box;
        let [width, height] = [target.width(), target.height()].map(f64::from);
        (frame.width() * height - frame.height() * width).abs() < 1e-6 * frame.width() * height
    };
    if !(is_upright && is_same_aspect) {
        return None;
    }
    let found = exact_layers(target, options.allow_gradients)?;
    let document = Document {
        layers: placed(found.layers, target_transform(empty, target)),
        ..empty.clone()
    };
    let is_within = options
        .paths
        .is_none_or(|paths| document.counts().shapes <= paths as usize)
        && options
            .byte_budget
            .is_none_or(|budget| document.to_svg(&WriteOptions::default()).len() <= budget);
    is_within.then_some(ExactLayers {
        layers: document.layers,
        ..found
    })
}
