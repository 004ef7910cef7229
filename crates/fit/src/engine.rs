//! The procedure: a first set of shapes, descent from coarse to fine, shapes added where the picture is
//! still wrong and taken out where they are worth nothing, the best kept throughout.

use chat2svg_vector::{Document, Metadata, Raster, WriteOptions};
use kurbo::{Affine, Rect};

use crate::{
    Action, ActionRecord, FitEnd, FitError, FitOptions, FitOutcome, FitReport, Observer,
    clock::Stop,
    descend::{Descender, Stretch},
    journal::Journal,
    measure::{document_error, psnr},
    picture::{Picture, squared_distance},
    regions::{RegionFinder, ShapeCost},
    scene::{SceneMap, scene_of, write_back},
    topology::{first_layers, insert},
};

/// Squared error that a byte must save in a picture of 256 × 256 pixels, when the options do not say.
const GAIN_PER_BYTE: f64 = 0.002;
/// Paths when neither the options nor the gain sets a limit.
const USUAL_PATHS: usize = 256;

/// Makes a document that shows a picture: a canvas of the picture's size, every path new.
///
/// Transparent parts of the picture stay unpainted.
///
/// # Errors
/// When an option is out of its range, or the threads cannot be started.
pub fn vectorize(
    target: &Raster,
    options: &FitOptions,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, FitError> {
    let empty = empty_document(target.width(), target.height());
    refine(&empty, target, options, observer)
}

/// Changes a document so that it shows a picture. Names, groups and their order are kept; paints,
/// outlines and, where the options allow it, the set of paths change.
///
/// The picture is taken to cover the document's view box: one of another size or aspect is resampled to
/// the view box's aspect.
///
/// # Errors
/// When an option is out of its range, the template's view box is empty or its groups nest too deeply, or
/// the threads cannot be started.
pub fn refine(
    template: &Document,
    target: &Raster,
    options: &FitOptions,
    observer: &mut dyn Observer,
) -> Result<FitOutcome, FitError> {
    options.validate()?;
    let stop = Stop::new(options);
    let (width, height) = fitting_size(template, target, options.max_side)?;
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| FitError::Threads(error.to_string()))?;
    let picture = Picture::from_raster(target, width, height);
    let to_canvas = template
        .canvas_transform(width as u32, height as u32)
        .map_err(|error| FitError::Template(error.to_string()))?;
    let before = document_error(template, &picture)?;
    let fit = Fit {
        options,
        stop: &stop,
        pool: &pool,
        target: &picture,
        to_canvas,
        best: (before, template.clone()),
        document: template.clone(),
        is_added: vec![false; template.counts().shapes],
        best_added: vec![false; template.counts().shapes],
        descender: Descender::new(options, &stop, threads, &picture),
        journal: Journal::new(observer, &stop, options.iterations),
        actions: Vec::new(),
    };
    fit.run(before, template.counts().shapes)
}

/// A running fit.
struct Fit<'a> {
    options: &'a FitOptions,
    stop: &'a Stop,
    pool: &'a rayon::ThreadPool,
    target: &'a Picture,
    to_canvas: Affine,
    /// The best so far and its error.
    best: (f64, Document),
    document: Document,
    /// Of each shape in painting order, whether it was added.
    is_added: Vec<bool>,
    /// The same of the best document.
    best_added: Vec<bool>,
    descender: Descender<'a>,
    journal: Journal<'a>,
    actions: Vec<ActionRecord>,
}

impl Fit<'_> {
    fn run(mut self, before: f64, template_shapes: usize) -> Result<FitOutcome, FitError> {
        self.rounds(template_shapes == 0)?;
        let pixels = self.target.width * self.target.height;
        let kept = self.best_added.iter().filter(|added| !**added).count();
        let ended_by = self.stop.reason().unwrap_or(FitEnd::Schedule);
        let (error, document) = self.best;
        let (curve, budget_changes, iterations) = self.journal.into_curve();
        Ok(FitOutcome {
            report: FitReport {
                iterations,
                curve,
                psnr_before: psnr(before, pixels),
                psnr_after: psnr(error, pixels),
                paths_added: (self.best_added.len() - kept) as u32,
                paths_removed: template_shapes.saturating_sub(kept) as u32,
                bytes: document.to_svg(&WriteOptions::default()).len(),
                ended_by,
                budget_changes,
                actions: self.actions,
            },
            document,
        })
    }

    fn rounds(&mut self, is_empty: bool) -> Result<(), FitError> {
        let finder = if self.options.allow_topology {
            self.pool
                .install(|| RegionFinder::new(self.target, self.stop))
        } else {
            None
        };
        let cost = self.cost();
        let limit = self
            .options
            .paths
            .map_or(USUAL_PATHS, |paths| paths as usize);
        if is_empty && let Some(finder) = &finder {
            let first = self.pool.install(|| finder.cover(cost, limit));
            self.is_added = vec![true; first.len()];
            self.document.layers = first_layers(first, self.to_canvas.inverse());
            self.note(Action::Cover)?;
        } else {
            self.descend(0.1, 0.25, 1.0, true)?;
            self.descend(0.1, 0.5, 0.7, true)?;
            self.note(Action::Descend)?;
        }
        let rounds = 3;
        for round in 0..rounds {
            self.descend(
                0.8 / f64::from(rounds),
                1.0,
                self.options.optimiser.point_rate,
                true,
            )?;
            self.note(Action::Descend)?;
            let paths = self.document.counts().shapes;
            if let Some(finder) = &finder
                && round + 1 < rounds
                && paths < limit
                && !self.stop.is_due()
            {
                self.add(finder, cost, limit - paths)?;
                self.note(Action::Add)?;
            }
        }
        Ok(())
    }

    fn cost(&self) -> ShapeCost {
        let area = (self.target.width * self.target.height) as f64;
        let usual = GAIN_PER_BYTE * area / 65_536.0;
        ShapeCost {
            per_byte: self.options.gain_per_byte.map_or(usual, f64::from),
            gradients: self.options.allow_gradients,
            tolerance: 0.4,
        }
    }

    /// Descends for a share of all steps.
    fn descend(
        &mut self,
        share: f64,
        scale: f64,
        rate: f32,
        move_points: bool,
    ) -> Result<(), FitError> {
        let steps = (f64::from(self.journal.budget) * share).round() as u32;
        if steps == 0 || self.stop.is_due() {
            return Ok(());
        }
        let mut map = self.scene();
        let stretch = Stretch {
            steps,
            scale,
            rate,
            move_points,
        };
        let document = &self.document;
        self.descender
            .run(&mut map, stretch, &mut self.journal, |map, journal| {
                journal.preview(|| {
                    let mut shown = document.clone();
                    write_back(map, &mut shown);
                    shown
                });
            })?;
        write_back(&map, &mut self.document);
        Ok(())
    }

    fn scene(&self) -> SceneMap {
        scene_of(
            &self.document,
            self.target.width,
            self.target.height,
            self.to_canvas,
        )
    }

    /// Adds shapes where they gain most.
    fn add(
        &mut self,
        finder: &RegionFinder,
        cost: ShapeCost,
        limit: usize,
    ) -> Result<(), FitError> {
        let (width, height) = finder.size();
        let mut map = self.scene();
        let shown = self.descender.picture(&mut map.scene)?;
        let full = Picture {
            width: self.target.width,
            height: self.target.height,
            pixels: shown
                .iter()
                .zip(&self.target.pixels)
                .map(|(a, b)| [squared_distance(*a, *b); 3])
                .collect(),
            alpha: None,
        };
        let present: Vec<f32> = full
            .reduced(width, height)
            .pixels
            .iter()
            .map(|p| p[0])
            .collect();
        let visibility = self
            .document
            .visibility(width as u32, height as u32)
            .map_err(|error| FitError::Template(error.to_string()))?;
        let found = self
            .pool
            .install(|| finder.extras(&present, visibility.owners(), cost, limit));
        let is_added = &mut self.is_added;
        insert(&mut self.document, &found, self.to_canvas, |index| {
            is_added.insert(index.min(is_added.len()), true);
        });
        Ok(())
    }

    /// Measures the document and keeps it when it is the best.
    fn note(&mut self, action: Action) -> Result<(), FitError> {
        let error = document_error(&self.document, self.target)?;
        self.actions.push(ActionRecord {
            seconds: self.stop.elapsed().as_secs_f32(),
            action,
            paths: self.is_added.len() as u32,
            psnr: psnr(error, self.target.width * self.target.height),
        });
        if error < self.best.0 {
            self.best = (error, self.document.clone());
            self.best_added.clone_from(&self.is_added);
        }
        Ok(())
    }
}

/// A document of the given size in pixels with nothing on it.
fn empty_document(width: u32, height: u32) -> Document {
    let (width, height) = (f64::from(width), f64::from(height));
    Document {
        width,
        height,
        view_box: Rect::new(0.0, 0.0, width, height),
        title: None,
        description: None,
        metadata: Metadata::default(),
        layers: Vec::new(),
    }
}

/// Size in pixels at which the picture is fitted: the view box's aspect, the target's longest side, at
/// most `max_side`.
fn fitting_size(
    template: &Document,
    target: &Raster,
    max_side: u32,
) -> Result<(usize, usize), FitError> {
    let frame = template.view_box;
    if !(frame.is_finite() && frame.width() > 0.0 && frame.height() > 0.0) {
        return Err(FitError::Template(
            "its viewBox is empty or not finite; give it one that has an area".to_owned(),
        ));
    }
    let longest = f64::from(target.width().max(target.height()).min(max_side));
    let scale = longest / frame.width().max(frame.height());
    let side = |length: f64| ((length * scale).round() as usize).max(1);
    Ok((side(frame.width()), side(frame.height())))
}
