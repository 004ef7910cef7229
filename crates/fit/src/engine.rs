//! The two entry points: what they take is checked and set up here, the procedure is the
//! schedule's.

use chat2svg_trace::{
    clean::{Colors, colors_of, is_flat},
    exact::{ExactLayers, exact_layers, placed, rough_shapes},
    ground::without_ground,
    lines::{Lines, has_writing, lines_of, with_rings},
    picture::Picture,
    shadow::shadows_of,
};
use chat2svg_vector::{Color, Document, Raster, WriteOptions};
use kurbo::Affine;

use crate::{
    FitEnd, FitError, FitOptions, FitOutcome, Movement, Observer, Registered, Registration,
    align::REACH,
    clock::Clock,
    explicable::{Explicable, explicable, shift_colors},
    fit::{Fit, Problem},
    freedom::{Motion, freedoms},
    measure::{Score, fitting_size, psnr},
    registration::register,
    schedule,
    shows::shows,
};

/// Side in pixels at which a template is asked whether its ground is seen.
const GROUND_SIDE: u32 = 64;
/// Longest side in pixels at which a template is compared with its target, pixel by pixel.
const LARGEST_COMPARED: u32 = 1024;
/// How many times [`FitOptions::max_side`] the longest side may be at which a picture with small
/// writing or hairlines is fitted, and the width in pixels below which a line is one once reduced.
const WRITTEN: u32 = 2;
const HAIRLINE: f64 = 1.0;
/// Quality in dB from which smooth shapes are taken for what may as well be pixel art.
const SMOOTH_ENOUGH: f32 = 38.0;

/// Share of a fit's time in which a template's shapes are looked for in all of the target, so that
/// there is some to fit them.
const REGISTRATION_TIME: f64 = 0.4;
/// Share of the time in which its soft shadows are looked for.
const SHADOW_TIME: f64 = 0.3;

/// Makes a document that shows a picture: a canvas of the picture's size, every path new.
///
/// What is transparent in the picture is so in the document, as far as it is; an opaque picture
/// gives an opaque document, whose first path is a ground as large as the canvas.
///
/// # Errors
/// When an option is out of its range, or the threads cannot be started.
pub fn vectorize(
    target: &Raster,
    options: &FitOptions,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, FitError> {
    let [width, height] = [target.width(), target.height()].map(f64::from);
    let empty = Document::empty(width, height);
    refine(&empty, target, options, observer)
}

/// Changes a document so that it shows a picture. Names, groups and their order are kept; paints,
/// outlines and, where the options allow it, the set of paths change. Where the options ask for it,
/// what the picture shows elsewhere is moved there first ([`register`]). A document that shows the
/// picture already ([`shows`](crate::shows())) comes back as it is.
///
/// A transparent target of a template that hides its ground is taken over white.
/// The picture is taken to cover the document's view box: one of another size or aspect is
/// resampled to the view box's aspect.
///
/// # Errors
/// When an option is out of its range, the template's view box is empty or its groups nest too
/// deeply, or the threads cannot be started.
pub fn refine(
    template: &Document,
    target: &Raster,
    options: &FitOptions,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, FitError> {
    let found = fitted(template, target, options, Rings::Taken, observer)?;
    if !found.has_rings || options.stop.is_due() {
        return Ok(found.outcome);
    }
    // Discs in discs may show the same for less.
    let other = fitted(template, target, options, Rings::Left, &mut ())?;
    let is_other = if found.score.is_clearly_better_than(&other.score) {
        false
    } else {
        other.score.is_clearly_better_than(&found.score) || other.score.bytes < found.score.bytes
    };
    if is_other {
        observer.improved(other.outcome.clone());
        return Ok(other.outcome);
    }
    Ok(found.outcome)
}

/// What becomes of the rings of a picture of flat colours before its regions are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rings {
    /// They are taken out as strokes.
    Taken,
    /// They are regions.
    Left,
}

/// What came of a fit.
struct Fitted {
    outcome: FitOutcome,
    score: Score,
    /// Whether rings were taken out.
    has_rings: bool,
}

fn fitted(
    template: &Document,
    target: &Raster,
    options: &FitOptions,
    rings: Rings,
    observer: &mut dyn Observer,
) -> Result<Fitted, FitError> {
    options.validate()?;
    let clock = Clock::start(&options.stop);
    let is_new = template.layers.is_empty() && options.allow_topology;
    let clear = (is_new && !options.keeps_ground)
        .then(|| without_ground(target))
        .flatten();
    let keeps_ground = is_new && clear.is_none() && target.is_opaque() && !options.keeps_ground;
    let target = clear.as_ref().unwrap_or(target);
    let given = template;
    let has_shapes = template.counts().shapes > 0;
    let is_shown = has_shapes && shows(template, target, &options.stop);
    let registered = match options.registration {
        Some(registration) if has_shapes && !is_shown => {
            Some(registered(template, target, registration, options)?)
        }
        _ => None,
    };
    let (template, moved) = match &registered {
        Some((document, found)) => (document, found.moved.as_slice()),
        None => (template, [].as_slice()),
    };
    let is_shown = is_shown || (registered.is_some() && shows(template, target, &options.stop));
    let size = fitting_size(template, target, options.max_side)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build()
        .map_err(|error| FitError::Threads(error.to_string()))?;
    let Explicable {
        compared,
        is_part,
        shapes,
        shifts,
    } = if options.robust && !is_shown {
        explicable_part(template, target, options)
    } else {
        Explicable::default()
    };
    let repainted = (!shifts.is_empty()).then(|| {
        let mut repainted = template.clone();
        shift_colors(&mut repainted, &shifts);
        repainted
    });
    let template = repainted.as_ref().unwrap_or(template);
    let mut freedoms = freedoms(template, options.robust);
    for (freedom, found) in freedoms.iter_mut().zip(shapes) {
        freedom.is_settled = found.is_settled;
        freedom.has_free_paint &= !found.keeps_paint;
        if found.is_settled {
            freedom.outline = Motion::Fixed;
        }
    }
    let shown = compared.as_ref().unwrap_or(target);
    let flattened = over_white_where_hidden(template, shown)?;
    let shown = flattened.as_ref().unwrap_or(shown);
    let mut stored = Picture::from_raster(shown, size.0, size.1);
    let largest = fitting_size(template, target, WRITTEN * options.max_side)?;
    if is_new && largest != size && is_flat(&stored) {
        let whole = Picture::from_raster(shown, largest.0, largest.1);
        // Reduced, hairlines fade and small writing cannot be read.
        let ratio = size.0.max(size.1) as f64 / largest.0.max(largest.1) as f64;
        let has_hairlines = || {
            let lines = lines_of(&whole, &options.stop);
            let all = lines.iter().flat_map(|found| &found.lines);
            all.into_iter().any(|line| ratio * line.width < HAIRLINE)
        };
        if has_writing(&whole) || has_hairlines() {
            stored = whole;
        }
    }
    let (width, height) = (stored.width, stored.height);
    // Where few paths are allowed, areas come first.
    let allowed = options.paths.map_or(usize::MAX, |paths| paths as usize);
    let shadows = (is_new && options.allow_gradients)
        .then(|| shadows_of(&stored, &options.stop.part(SHADOW_TIME)))
        .flatten()
        .filter(|found| 2 * found.shapes.len() <= allowed);
    // What is soft by intent is no noise.
    let colors = (is_new && shadows.is_none()).then(|| colors_of(&stored));
    let clean = match &colors {
        Some(Colors::Stored(clean)) => Some(clean),
        _ => None,
    };
    let picture = clean.map_or(&stored, |clean| &clean.picture);
    let without_shadows = shadows.as_ref().map_or(picture, |shadows| &shadows.rest);
    let is_flat = match colors {
        Some(Colors::Many) => false,
        Some(Colors::Flat) => true,
        _ => is_new && is_flat(without_shadows),
    };
    let has_lines = is_flat && options.allow_strokes;
    let lines = has_lines
        .then(|| lines_of(picture, &options.stop))
        .flatten();
    let ringed = (has_lines && is_new && rings == Rings::Taken)
        .then(|| with_rings(without_shadows, lines.as_ref(), &options.stop))
        .flatten();
    let is_within = |found: &Lines| 2 * found.lines.len() <= allowed;
    let ringed = ringed.filter(is_within);
    let has_rings = ringed.is_some();
    let lines = ringed.or(lines.filter(is_within));
    let to_canvas = template.canvas_transform(width as u32, height as u32)?;
    let before = Score::of(template, picture, options)?;
    let before_moves = match &registered {
        Some(_) => Score::of(given, picture, options)?,
        None => before,
    };
    let is_shown = is_shown
        || compared
            .as_ref()
            .is_some_and(|compared| shows(template, compared, &options.stop));
    let exact = (!is_shown).then(|| exact(template, target, options, to_canvas));
    let (exact, in_need) = match exact.flatten() {
        Some(found) if found.may_be_smooth => (None, Some(found.layers)),
        found => (found.map(|found| found.layers), None),
    };
    let mut fit = Fit::new(
        Problem {
            options,
            clock: &clock,
            pool: &pool,
            template,
            given: before_moves,
            moved,
            target: picture,
            clean,
            lines: lines.as_ref(),
            shadows: shadows.as_ref(),
            is_flat,
            has_writing: is_flat && has_writing(without_shadows),
            is_icon: in_need.is_some(),
            to_canvas,
            compared: compared.as_ref(),
        },
        freedoms,
        before,
        observer,
    );
    if !is_shown {
        match exact.clone() {
            Some(layers) => fit.take_layers(layers)?,
            None => schedule::run(&mut fit)?,
        }
        let is_wanted = options.allow_topology && !clock.is_cancelled();
        if is_wanted && fit.is_empty() && target.pixels().iter().any(|pixel| pixel[3] > 0) {
            // Too little for any price; but what is seen is not left out altogether.
            let pixels = target_transform(template, target);
            fit.take_layers(placed(rough_shapes(target), pixels))?;
        }
        let mut is_exact = exact.is_some();
        if is_new && !clock.is_cancelled() {
            let points = |fit: &Fit<'_>| {
                let counts = fit.document.counts();
                counts.lines + counts.cubics
            };
            let before = points(&fit);
            schedule::finish_new(&mut fit)?;
            // Stairs that stand for a smooth shape become far simpler; what is exact else stays so.
            is_exact &= 2 * points(&fit) > before;
            let in_need = in_need.filter(|_| fit.best_psnr() < SMOOTH_ENOUGH);
            is_exact |= in_need.is_some();
            if let Some(layers) = in_need.or(exact.filter(|_| is_exact)) {
                fit.take_layers(layers)?;
                fit.mark_primitives()?;
            }
        }
        let is_understood = clean.as_ref().is_some_and(|clean| clean.is_understood);
        if !is_exact && !is_understood && options.allow_topology {
            schedule::save(&mut fit)?;
        }
        fit.roll_back_template()?;
        schedule::meet_budget(&mut fit)?;
    }
    let score = fit.best_score();
    let mut outcome = fit.finish();
    outcome.report.has_uneven_ground = keeps_ground;
    if is_shown && outcome.report.ended_by == FitEnd::Schedule {
        outcome.report.ended_by = FitEnd::Converged;
    }
    if is_part || registered.is_some() {
        let whole = over_white_where_hidden(template, target)?;
        let picture = Picture::from_raster(whole.as_ref().unwrap_or(target), width, height);
        measure_on_all(&mut outcome, (template, moved), &picture, options)?;
        if registered.is_some() {
            measure_on_all(&mut outcome, (given, &[]), &picture, options)?;
        }
    } else if clean.is_some() && !clock.is_cancelled() {
        // The quality is that of the picture as it came.
        let error = Score::of(&outcome.document, &stored, options)?.error;
        outcome.report.psnr_after = psnr(error, width * height);
    }
    Ok(Fitted {
        outcome,
        score,
        has_rings,
    })
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

/// Layers that show a target exactly in place of an empty template, if there are such and they keep
/// to the options' limits.
fn exact(
    template: &Document,
    target: &Raster,
    options: &FitOptions,
    to_canvas: Affine,
) -> Option<ExactLayers> {
    let is_upright = {
        let [a, b, c, d, ..] = to_canvas.as_coeffs();
        b == 0.0 && c == 0.0 && (a - d).abs() < 1e-9 * a.abs()
    };
    let is_same_aspect = {
        let frame = template.view_box;
        let [width, height] = [target.width(), target.height()].map(f64::from);
        (frame.width() * height - frame.height() * width).abs() < 1e-6 * frame.width() * height
    };
    if !(template.layers.is_empty() && options.allow_topology && is_upright && is_same_aspect) {
        return None;
    }
    let found = exact_layers(target, options.allow_gradients)?;
    let document = Document {
        layers: placed(found.layers, target_transform(template, target)),
        ..template.clone()
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

/// Maps a target's pixels to a template's user space.
fn target_transform(template: &Document, target: &Raster) -> Affine {
    let frame = template.view_box;
    Affine::translate(frame.origin().to_vec2())
        * Affine::scale_non_uniform(
            frame.width() / f64::from(target.width()),
            frame.height() / f64::from(target.height()),
        )
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
fn explicable_part(template: &Document, target: &Raster, options: &FitOptions) -> Explicable {
    let (stop, reach) = (&options.stop, f64::from(REACH));
    let longest = target.width().max(target.height());
    let part = if longest <= LARGEST_COMPARED {
        explicable(template, target, reach, stop)
    } else {
        let scale = f64::from(LARGEST_COMPARED) / f64::from(longest);
        let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
        let reduced = target.averaged(side(target.width()), side(target.height()), stop);
        reduced.and_then(|reduced| explicable(template, &reduced, reach, stop))
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
