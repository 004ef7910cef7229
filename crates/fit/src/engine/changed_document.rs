//! Changing a template so that it shows a target: its shapes are looked for first, and what none
//! can show is left out of account.

use chat2svg_trace::{picture::Picture, reading::Reading};
use chat2svg_vector::{Color, Document, Raster};

use super::{Run, show_something};
use crate::{
    FitEnd, FitError, FitOptions, FitOutcome, Movement, Observer, Registered, Registration,
    align::REACH,
    explicable::{Absent, Explicable, FoundAgreement, explicable, shift_colors},
    fit::{Fit, Problem},
    freedom::{Freedom, Motion, freedoms},
    measure::{Score, fitting_size, psnr},
    registration::register,
    schedule,
    shows::shows,
};

/// Side in pixels at which a template is asked whether its ground is seen.
const GROUND_SIDE: u32 = 64;
/// Longest side in pixels at which a template is compared with its target, pixel by pixel.
const LARGEST_COMPARED: u32 = 1024;
/// Share of a fit's time in which a template's shapes are looked for in all of the target, so that
/// there is some to fit them.
const REGISTRATION_TIME: f64 = 0.4;

/// A template changed so that it shows a target.
pub(super) fn changed(
    given: &Document,
    target: &Raster,
    run: Run<'_>,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, FitError> {
    let Run {
        options,
        clock,
        pool,
    } = run;
    let has_shapes = given.counts().shapes > 0;
    let mut is_shown = has_shapes && shows(given, target, &options.stop);
    let registered = match options.registration {
        Some(registration) if has_shapes && !is_shown => {
            Some(registered(given, target, registration, options)?)
        }
        _ => None,
    };
    let (placed, moved) = match &registered {
        Some((document, found)) => (document, found.moved.as_slice()),
        None => (given, [].as_slice()),
    };
    is_shown |= registered.is_some() && shows(placed, target, &options.stop);
    // A target that is shown as it is has nothing strange, and nothing lost.
    let is_compared = options.robust && !is_shown;
    let (absent, explicable) = if is_compared {
        let absent = Absent::of(placed, target, &options.stop);
        let explicable = explicable_part(placed, target, &absent, options);
        (absent, explicable)
    } else {
        Default::default()
    };
    let Explicable {
        compared,
        is_part,
        shapes,
        shifts,
    } = explicable;
    let repainted = (!shifts.is_empty()).then(|| {
        let mut repainted = placed.clone();
        shift_colors(&mut repainted, &shifts);
        repainted
    });
    let template = repainted.as_ref().unwrap_or(placed);
    let freedoms = freedoms_as_found(template, options.robust, &shapes, &absent);
    let (width, height) = fitting_size(template, target, options.max_side)?;
    let seen = |target: &Raster| -> Result<Picture, FitError> {
        let over_white = over_white_where_hidden(template, target)?;
        let target = over_white.as_ref().unwrap_or(target);
        Ok(Picture::from_raster(target, width, height))
    };
    let reading = Reading::plain(seen(compared.as_ref().unwrap_or(target))?);
    let picture = &reading.stored;
    let before = Score::of(template, picture, options)?;
    let before_moves = match &registered {
        Some(_) => Score::of(given, picture, options)?,
        None => before,
    };
    is_shown |= compared
        .as_ref()
        .is_some_and(|compared| shows(template, compared, &options.stop));
    let problem = Problem {
        options,
        clock,
        pool,
        template,
        is_new: false,
        given: before_moves,
        moved,
        target: picture,
        reading: &reading,
        lines: None,
        is_icon: false,
        to_canvas: template.canvas_transform(width as u32, height as u32)?,
        compared: compared.as_ref(),
    };
    let mut fit = Fit::new(problem, freedoms, before, observer);
    if !is_shown {
        schedule::run(&mut fit)?;
        if options.allow_topology {
            show_something(&mut fit, target)?;
            schedule::save(&mut fit)?;
        }
        fit.roll_back_template()?;
        schedule::meet_budget(&mut fit)?;
    }
    let mut outcome = fit.finish();
    if is_shown && outcome.report.ended_by == FitEnd::Schedule {
        outcome.report.ended_by = FitEnd::Converged;
    }
    if is_part || registered.is_some() {
        let picture = seen(target)?;
        measure_on_all(&mut outcome, (template, moved), &picture, options)?;
        if registered.is_some() {
            measure_on_all(&mut outcome, (given, &[]), &picture, options)?;
        }
    }
    if is_compared {
        let absent = Absent::of(&outcome.document, target, &options.stop);
        outcome.report.lost = absent.lost_names(&outcome.document);
        outcome.report.unshown = absent.unshown as f32;
    }
    Ok(outcome)
}

/// What may change of a template's shapes; those that the target shows already stay as they are.
fn freedoms_as_found(
    template: &Document,
    is_robust: bool,
    shapes: &[FoundAgreement],
    absent: &Absent,
) -> Vec<Freedom> {
    let mut freedoms = freedoms(template, is_robust);
    for (shape, (freedom, found)) in freedoms.iter_mut().zip(shapes).enumerate() {
        freedom.is_settled = found.is_settled;
        // Painted as what lies beneath it, it would be hidden.
        freedom.is_lost = absent.has_lost(shape) && freedom.has_free_paint;
        freedom.has_free_paint &= !found.keeps_paint && !freedom.is_lost;
        if found.is_settled {
            freedom.outline = Motion::Fixed;
        }
    }
    freedoms
}

/// A template whose shapes were looked for in all of the target, and what was found; as far as that
/// came in its share of the time.
fn registered(
    template: &Document,
    target: &Raster,
    registration: Registration,
    options: &FitOptions,
) -> Result<(Document, Registered), FitError> {
    let registration = Registration {
        gradients: registration.gradients.filter(|_| options.allow_gradients),
        ..registration
    };
    let mut document = template.clone();
    let stop = options.stop.part(REGISTRATION_TIME);
    let found = register(&mut document, target, registration, &stop)?;
    Ok((document, found))
}

/// A transparent target over white, where the template lets no ground through: what the target
/// leaves transparent is white for it.
fn over_white_where_hidden(
    template: &Document,
    target: &Raster,
) -> Result<Option<Raster>, FitError> {
    if target.is_opaque() || template.layers.is_empty() {
        return Ok(None);
    }
    let picture = template.render(GROUND_SIDE, GROUND_SIDE, None)?;
    Ok(picture.is_opaque().then(|| target.over(Color::WHITE)))
}

/// What of the target the template's shapes can show; all of it when there is no time to look.
fn explicable_part(
    template: &Document,
    target: &Raster,
    absent: &Absent,
    options: &FitOptions,
) -> Explicable {
    let (stop, reach) = (&options.stop, f64::from(REACH));
    let longest = target.width().max(target.height());
    let part = if longest <= LARGEST_COMPARED {
        explicable(template, target, absent, reach, stop)
    } else {
        let scale = f64::from(LARGEST_COMPARED) / f64::from(longest);
        let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
        let reduced = target.averaged(side(target.width()), side(target.height()), stop);
        reduced.and_then(|reduced| explicable(template, &reduced, absent, reach, stop))
    };
    part.unwrap_or_default()
}

/// Measures a fit on all of the target, where it was to a part of it, and against a document that
/// it came from, with what was moved in that. It may be worse there, as by what a shape has
/// uncovered: then that document is the result.
fn measure_on_all(
    outcome: &mut FitOutcome,
    (source, moved): (&Document, &[Movement]),
    target: &Picture,
    options: &FitOptions,
) -> Result<(), FitError> {
    let before = Score::of(source, target, options)?;
    let mut after = Score::of(&outcome.document, target, options)?;
    if after.error > before.error {
        outcome.document = source.clone();
        outcome.report.moved = moved.to_vec();
        after = before;
    }
    let pixels = target.width * target.height;
    outcome.report.psnr_before = psnr(before.error, pixels);
    outcome.report.psnr_after = psnr(after.error, pixels);
    outcome.report.bytes = after.bytes;
    Ok(())
}
