//! A running fit: its document and descent. `shape_set` changes the set of shapes; `schedule`
//! orders the actions; `acceptance` decides what is kept.

mod acceptance;

use chat2svg_trace::{
    Price,
    lines::Lines,
    picture::{Picture, squared_error},
    reading::Reading,
    regions::{RegionFinder, ShapeCost},
};
use chat2svg_vector::{Document, Drawn, Raster, WriteOptions};
use kurbo::{Affine, BezPath, PathSeg};

use acceptance::Best;

use crate::{
    Action, ActionRecord, FitError, FitOptions, Movement, Observer,
    clock::Clock,
    descend::{Descender, DescentPhase},
    freedom::{Freedom, Motion},
    measure::{Score, price},
    quantise::{decimals_of, quantise_colors, quantise_outlines},
    scene::{SceneMap, scene_of, write_back},
    tracker::Tracker,
};

/// How far an outline may be from the contour, in pixels; and in an icon of few pixels, where each
/// is much.
const TOLERANCE: f64 = 0.4;
const ICON_TOLERANCE: f64 = 0.2;

/// Share of what is added to a template that must be wrong as it is.
const LEAST_WRONG: f64 = 0.2;

/// The problem that a fit solves: target, template and limits.
#[derive(Clone, Copy)]
pub(crate) struct Problem<'a> {
    pub(crate) options: &'a FitOptions,
    pub(crate) clock: &'a Clock,
    pub(crate) pool: &'a rayon::ThreadPool,
    pub(crate) template: &'a Document,
    /// Whether all of the document is to be drawn: the template is empty.
    pub(crate) is_new: bool,
    /// Quality of what the fit was given: the template, before it was registered.
    pub(crate) given: Score,
    /// What was moved then.
    pub(crate) moved: &'a [Movement],
    pub(crate) target: &'a Picture,
    /// What was read of it.
    pub(crate) reading: &'a Reading,
    /// Those of its lines that are drawn as such.
    pub(crate) lines: Option<&'a Lines>,
    /// Whether it is an icon that may as well be pixel art.
    pub(crate) is_icon: bool,
    /// Maps the document's user space to pixels.
    pub(crate) to_canvas: Affine,
    /// The target at the size at which shapes are compared with it, without what they cannot show;
    /// `None` where they are not.
    pub(crate) compared: Option<&'a Raster>,
}

/// What a shape of a running fit is, however many come and go around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShapeId {
    /// The template's, by its index there in painting order.
    Template(usize),
    /// One that the fit has added.
    Added,
}

impl ShapeId {
    pub(crate) fn is_added(self) -> bool {
        self == Self::Added
    }

    /// Which of the template's shapes it is.
    pub(crate) fn origin(self) -> Option<usize> {
        match self {
            Self::Template(index) => Some(index),
            Self::Added => None,
        }
    }
}

/// A running fit.
pub(crate) struct Fit<'a> {
    pub(crate) problem: Problem<'a>,
    pub(crate) document: Document,
    /// What each shape in painting order is.
    pub(crate) ids: Vec<ShapeId>,
    /// Of each of the template's shapes how much of it may change.
    pub(crate) freedoms: Vec<Freedom>,
    before: Score,
    /// Of the document after the last action.
    score: Score,
    best: Best,
    /// What came nearest to the byte budget while that does not count yet; `None` without one and
    /// once it counts.
    nearest: Option<Best>,
    /// Whether bytes are saved already.
    pub(crate) is_saving: bool,
    /// Squared error above which nothing is kept.
    pub(crate) most_error: f64,
    pub(crate) descender: Descender<'a>,
    pub(crate) tracker: Tracker<'a>,
    actions: Vec<ActionRecord>,
    /// Whether a descent ends with looking for the best way of rounding: the last one does.
    pub(crate) chooses_rounding: bool,
}

impl<'a> Fit<'a> {
    pub(crate) fn new(
        problem: Problem<'a>,
        freedoms: Vec<Freedom>,
        before: Score,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let Problem {
            options,
            clock,
            pool,
            template,
            target,
            ..
        } = problem;
        let ids: Vec<ShapeId> = (0..template.counts().shapes)
            .map(ShapeId::Template)
            .collect();
        let best = Best {
            score: before,
            document: template.clone(),
            ids: ids.clone(),
        };
        Self {
            problem,
            document: template.clone(),
            ids,
            freedoms,
            before,
            score: before,
            nearest: options.byte_budget.map(|budget| Best {
                score: before.within(budget),
                ..best.clone()
            }),
            best,
            is_saving: false,
            most_error: before.error,
            descender: Descender::new(clock, pool.current_num_threads(), target),
            tracker: Tracker::new(observer, options.iterations),
            actions: Vec::new(),
            chooses_rounding: false,
        }
    }

    /// Shapes at present.
    pub(crate) fn shapes(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.problem.clock.is_due()
    }

    /// What a byte is worth.
    pub(crate) fn price(&self) -> Price {
        price(self.problem.target, self.problem.options)
    }

    /// What a shape may cost.
    pub(crate) fn cost(&self) -> ShapeCost {
        ShapeCost {
            per_byte: self.price().byte(),
            gradients: self.problem.options.allow_gradients,
            is_flat: self.problem.reading.is_flat,
            has_writing: self.problem.reading.has_writing,
            tolerance: match &self.problem.reading.clean {
                Some(clean) => clean.tolerance,
                None if self.problem.is_icon => ICON_TOLERANCE,
                None => TOLERANCE,
            },
            least_wrong: if self.problem.is_new
                && (!self.problem.reading.is_flat || self.problem.reading.has_writing)
            {
                0.0
            } else {
                LEAST_WRONG
            },
        }
    }

    /// Looks for the picture's regions at a longest side; `None` when they are not wanted or time
    /// is up.
    pub(crate) fn finder(&self, side: usize) -> Option<RegionFinder> {
        let Problem {
            options,
            pool,
            reading,
            ..
        } = self.problem;
        let target = reading.without(self.problem.lines);
        let longest = target.width.max(target.height);
        let side = if reading.has_writing {
            side
        } else {
            side.min(longest)
        };
        let stop = self.problem.clock.as_stop();
        options
            .allow_topology
            .then(|| pool.install(|| RegionFinder::new(target, side, &stop)))?
    }

    /// Descends for a share of all steps.
    pub(crate) fn descend(&mut self, share: f64, scale: f64, rate: f32) -> Result<(), FitError> {
        let steps = (f64::from(self.tracker.budget) * share).round() as u32;
        self.descend_steps(steps, scale, rate)
    }

    /// Descends for some steps.
    pub(crate) fn descend_steps(
        &mut self,
        steps: u32,
        scale: f64,
        rate: f32,
    ) -> Result<(), FitError> {
        if steps == 0 || self.shapes() == 0 || self.is_stopped() || self.tracker.is_spent() {
            return Ok(());
        }
        let mut map = self.scene();
        let phase = DescentPhase { steps, scale, rate };
        self.descender
            .run(&mut map, phase, &mut self.tracker, &self.document)?;
        if self.problem.clock.is_cancelled() {
            return Ok(());
        }
        self.take_over(&map)?;
        self.note(Action::Descend)
    }

    /// Takes a descended scene into the document, its outlines and colours as they will be written.
    /// The parts of an outline that have come to cross go back.
    pub(crate) fn take_over(&mut self, map: &SceneMap) -> Result<(), FitError> {
        let before = self.paths();
        write_back(map, &mut self.document);
        let decimals = self.grids(&before);
        quantise_outlines(&mut self.document, &decimals);
        if self.chooses_rounding {
            self.choose_rounding(&decimals)?;
        }
        quantise_colors(&mut self.document);
        if !self.problem.clock.is_cancelled() {
            self.repair_crossings(&before, &decimals);
        }
        Ok(())
    }

    /// Moves settled outlines to other values of their grid where the picture gains by it.
    fn choose_rounding(&mut self, decimals: &[u8]) -> Result<(), FitError> {
        let mut map = self.scene();
        let grid: Vec<Option<f32>> = map
            .slots
            .iter()
            .map(|slot| slot.grid(*decimals.get(slot.shape)?))
            .collect();
        if self.descender.choose_rounding(&mut map, &grid)? {
            write_back(&map, &mut self.document);
            quantise_outlines(&mut self.document, decimals);
        }
        Ok(())
    }

    /// Decimals of outlines that were these before they changed: those that the file needs, or
    /// fewer where bytes were saved by that.
    pub(crate) fn grids(&self, before: &[BezPath]) -> Vec<u8> {
        let mut decimals = self.document.outline_decimals(&WriteOptions::default());
        if self.is_saving {
            for (decimals, before) in decimals.iter_mut().zip(before) {
                *decimals = decimals_of(before, *decimals);
            }
        }
        decimals
    }

    /// The outlines of the document's shapes.
    pub(crate) fn paths(&self) -> Vec<BezPath> {
        let shapes = self.document.shapes();
        shapes
            .iter()
            .map(|visit| visit.shape.path.clone())
            .collect()
    }

    /// How much may change of each shape at present.
    pub(crate) fn present_freedoms(&self) -> Vec<Freedom> {
        let of_template = |shape: usize| self.freedoms.get(shape).copied();
        let ids = self.ids.iter();
        let mut freedoms: Vec<Freedom> = ids
            .map(|id| id.origin().and_then(of_template).unwrap_or_default())
            .collect();
        if self.is_saving {
            // Basic shapes are written in few numbers as long as they are such; polygons stay that.
            for (freedom, visit) in freedoms.iter_mut().zip(self.document.shapes()) {
                let is_line = |segment: PathSeg| matches!(segment, PathSeg::Line(_));
                let mut segments = visit.shape.path.segments();
                let is_polygon = segments.clone().nth(4).is_some() && segments.all(is_line);
                if visit.shape.drawn == Drawn::AsBasicShape && !is_polygon {
                    freedom.outline = Motion::Fixed;
                }
            }
        }
        if let Some(shadows) = &self.problem.reading.shadows {
            // Their parts fit together as they are.
            let visits = self.document.shapes();
            for (freedom, visit) in freedoms.iter_mut().zip(&visits) {
                let transform = self.problem.to_canvas * visit.transform;
                if shadows.have(visit.shape.outline_bounds(transform)) {
                    freedom.outline = Motion::Fixed;
                    freedom.has_free_paint = false;
                }
            }
        }
        freedoms
    }

    pub(crate) fn squared_error(&mut self, map: &mut SceneMap) -> Result<f64, FitError> {
        let shown = self.descender.picture(&mut map.scene)?;
        Ok(squared_error(&shown, self.problem.target))
    }

    pub(crate) fn scene(&self) -> SceneMap {
        self.scene_of(&self.document)
    }

    /// The scene of a document that has the shapes of the present one.
    pub(crate) fn scene_of(&self, document: &Document) -> SceneMap {
        let Problem {
            target, to_canvas, ..
        } = self.problem;
        let mut map = scene_of(document, target, to_canvas);
        let freedoms = self.present_freedoms();
        for slot in &mut map.slots {
            slot.freedom = freedoms.get(slot.shape).copied().unwrap_or_default();
        }
        map
    }

    /// Bytes of the document above the budget.
    pub(crate) fn excess_bytes(&self) -> usize {
        self.problem.options.byte_budget.map_or(0, |budget| {
            let bytes = self.document.to_svg(&WriteOptions::default()).len();
            bytes.saturating_sub(budget)
        })
    }
}
