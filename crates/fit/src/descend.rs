//! Gradient descent of a scene's parameters at one resolution.
//!
//! Colours are stepped by a majorised Newton rule: the squared error is quadratic in them, and the
//! sum of what all paints contribute to a pixel is at most one, so the sum of a colour's weights
//! over the picture bounds its row of the normal equations. A step by gradient over that sum never
//! overshoots and needs no rate. Points and everything else geometric go by the step rule of the
//! options.

use std::sync::Arc;

use chat2svg_diffraster::{Image, Layout, Renderer, Scene, View};
use chat2svg_trace::picture::{ALPHA_WEIGHT, Picture, Pixel};
use chat2svg_vector::Document;

use crate::{
    FitError,
    clock::Clock,
    deform::Deformation,
    loss::squared_loss,
    parameters::{CubicSlots, Kind, Parameters, straighten},
    regularise::{Weights, penalise},
    scene::{SceneMap, shown},
    step::Stepper,
    tracker::Tracker,
};

/// Steps between measurements of the colours' weights.
const WEIGHTS_EVERY: u32 = 12;
/// Weight in pixels below which a colour is left alone.
const LEAST_WEIGHT: f32 = 0.05;
/// Gradient of a geometric parameter, in squared error per pixel, below which it is left in peace.
const FLOOR: f32 = 2e-3;
/// Share of a descent's steps over which the rate rises from zero.
const WARM_UP: f32 = 0.05;
/// Share of the rate that is left at the end.
const LAST_RATE: f32 = 0.05;
/// Change of an opacity at full rate, per step.
const OPACITY_RATE: f32 = 0.02;

/// What holds a deformation's coefficients where the picture says nothing: squared error per
/// squared pixel.
const STIFFNESS: f32 = 1e-3;

/// One phase of descent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DescentPhase {
    /// Steps.
    pub(crate) steps: u32,
    /// Pixels of this resolution per pixel of the fitting resolution, at most 1.
    pub(crate) scale: f64,
    /// Largest step of a point in pixels of this resolution.
    pub(crate) rate: f32,
}

impl DescentPhase {
    /// The rate of a step: it rises, and falls by a cosine.
    fn rate_at(self, taken: u32) -> f32 {
        let share = taken as f32 / self.steps.max(1) as f32;
        let rise = if share < WARM_UP {
            (share + 0.02) / (WARM_UP + 0.02)
        } else {
            1.0
        };
        let fall = 0.5 + 0.5 * (share * std::f32::consts::PI).cos();
        self.rate * rise * (LAST_RATE + (1.0 - LAST_RATE) * fall)
    }
}

/// One phase of descent over a deformation, at a resolution and under a filter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeformedPhase {
    /// Steps, scale and rate; the rate in pixels of the fitting resolution.
    pub(crate) phase: DescentPhase,
    /// How far the filter reaches to each side, in pixels of the phase's resolution.
    pub(crate) filter: usize,
    /// Share of the picture that a paint must make up to be stepped along. A small shape that is
    /// not yet in its place would take the colour of what it lies on.
    pub(crate) least_painted: f32,
}

/// What a descent needs and keeps: the rasteriser and the target at the resolutions used so far.
pub(crate) struct Descender<'a> {
    clock: &'a Clock,
    renderer: Renderer,
    pub(crate) target: &'a Picture,
    levels: Vec<Arc<Image>>,
}

impl<'a> Descender<'a> {
    pub(crate) fn new(clock: &'a Clock, threads: usize, target: &'a Picture) -> Self {
        Self {
            clock,
            renderer: Renderer::new(threads),
            target,
            levels: Vec::new(),
        }
    }

    /// Whether the fit has to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        self.clock.is_due()
    }

    /// The picture of a scene at the fitting resolution.
    pub(crate) fn picture(&mut self, scene: &mut Scene) -> Result<Vec<Pixel>, FitError> {
        set_view(scene, self.target.width, self.target.height, 1.0);
        let image = self.renderer.forward(scene)?;
        let (pixels, _) = image.data.as_chunks::<4>();
        Ok(pixels.to_vec())
    }

    /// Descends over points and paints and leaves the scene at the best that was seen. It was made
    /// of `document`.
    pub(crate) fn run(
        &mut self,
        map: &mut SceneMap,
        phase: DescentPhase,
        tracker: &mut Tracker<'_>,
        document: &Document,
    ) -> Result<(), FitError> {
        let target = self.seen_at(phase.scale, &mut map.scene);
        let (scale, components) = (map.scene.view.scale, self.components() as f32);
        let parameters = Parameters::of(map, &Layout::of(&map.scene));
        let count = parameters.kinds.len();
        let (mut directions, mut stepper) = (vec![0.0_f32; count], Stepper::new(count));
        let step = |values: &mut [f32], gradient: &mut [f32], rate: f32| {
            for (slope, kind) in gradient.iter_mut().zip(&parameters.kinds) {
                let is_geometric = !matches!(kind, Kind::Color | Kind::Fixed);
                *slope = if is_geometric {
                    *slope * components
                } else {
                    0.0
                };
            }
            // What the picture does not show keeps its place.
            let is_shown = |cubic: &&CubicSlots| {
                let mut coordinates = cubic
                    .iter()
                    .flat_map(|at| [gradient[*at], gradient[at + 1]]);
                coordinates.any(|slope| slope != 0.0)
            };
            let shown: Vec<CubicSlots> =
                parameters.cubics.iter().filter(is_shown).copied().collect();
            penalise(&shown, Weights::USUAL, values, gradient);
            for [a, b] in &parameters.ties {
                for axis in 0..2 {
                    let sum = gradient[a + axis] + gradient[b + axis];
                    gradient[a + axis] = sum;
                    gradient[b + axis] = sum;
                }
            }
            stepper.directions(gradient, FLOOR, &mut directions);
            move_along(&parameters, values, &directions, rate / scale);
        };
        let seen = (&*target, None);
        let colors = (&parameters, LEAST_WEIGHT);
        self.descend(map, phase, seen, colors, (tracker, document), step)
    }

    /// Descends over the coefficients of a deformation, and paints, and leaves the scene at the
    /// best that was seen.
    pub(crate) fn run_deformed(
        &mut self,
        map: &mut SceneMap,
        deformation: &Deformation,
        deformed: DeformedPhase,
        tracker: &mut Tracker<'_>,
        document: &Document,
    ) -> Result<(), FitError> {
        let DeformedPhase {
            phase,
            filter,
            least_painted,
        } = deformed;
        let target = self.seen_at(phase.scale, &mut map.scene);
        let components = self.components() as f32;
        let parameters = Parameters::of(map, &Layout::of(&map.scene));
        let count = deformation.len();
        let (mut coefficients, mut slopes) = (vec![0.0_f32; count], vec![0.0_f32; count]);
        let (mut directions, mut stepper) = (vec![0.0_f32; count], Stepper::new(count));
        let step = |values: &mut [f32], gradient: &mut [f32], rate: f32| {
            deformation.backward(gradient, &mut slopes);
            for (slope, coefficient) in slopes.iter_mut().zip(&coefficients) {
                *slope = *slope * components + STIFFNESS * coefficient;
            }
            stepper.directions(&slopes, FLOOR, &mut directions);
            for (coefficient, direction) in coefficients.iter_mut().zip(&directions) {
                *coefficient -= rate * direction.clamp(-2.0, 2.0);
            }
            deformation.apply(&coefficients, values);
        };
        let seen = (&*target, Some(filter));
        let colors = (&parameters, least_painted * pixels_of(&target));
        self.descend(map, phase, seen, colors, (tracker, document), step)
    }

    /// Descends at the resolution of a target, and leaves the scene at the best that was seen, in
    /// the fitting resolution. Colours are stepped along that make up more than a weight in pixels;
    /// `step` moves the rest, given the parameters, the gradient and a rate.
    fn descend(
        &mut self,
        map: &mut SceneMap,
        phase: DescentPhase,
        (target, filter): (&Image, Option<usize>),
        (parameters, least_weight): (&Parameters, f32),
        (tracker, document): (&mut Tracker<'_>, &Document),
        mut step: impl FnMut(&mut [f32], &mut [f32], f32),
    ) -> Result<(), FitError> {
        let mut values = Vec::new();
        map.scene.read_parameters(&mut values);
        let mut gradient = vec![0.0_f32; values.len()];
        let mut weights: Vec<f32> = Vec::new();
        let mut best = (f64::INFINITY, values.clone());
        for taken in 0.. {
            // The last round only looks where the last step has led.
            let is_last = taken >= phase.steps || tracker.is_spent();
            if !is_last && taken.is_multiple_of(WEIGHTS_EVERY) && !self.clock.is_due() {
                self.weigh(&map.scene, &mut weights)?;
            }
            if self.clock.is_due() {
                break;
            }
            let loss = if is_last {
                let image = self.renderer.forward(&map.scene)?;
                squared_loss(image, target, filter.unwrap_or(0)).0
            } else {
                let (loss, found) = self.mean_gradient(&map.scene, target, filter)?;
                gradient.copy_from_slice(found);
                loss
            };
            if loss < best.0 {
                best.0 = loss;
                best.1.copy_from_slice(&values);
            }
            if is_last {
                break;
            }
            tracker.step(loss, map.slots.len(), self.clock);
            tracker.preview(|| shown(document, map));
            let weighed = (weights.as_slice(), least_weight, pixels_of(target));
            step_colors(parameters, &mut values, &gradient, weighed);
            step(&mut values, &mut gradient, phase.rate_at(taken));
            map.scene.write_parameters(&values);
        }
        map.scene.write_parameters(&best.1);
        set_view(&mut map.scene, self.target.width, self.target.height, 1.0);
        Ok(())
    }

    /// Components of the colours of the picture at the fitting resolution.
    fn components(&self) -> f64 {
        3.0 * (self.target.width * self.target.height) as f64
    }

    /// The mean squared error of a scene's picture, perhaps under a filter, and its gradient.
    fn mean_gradient(
        &mut self,
        scene: &Scene,
        target: &Image,
        filter: Option<usize>,
    ) -> Result<(f64, &[f32]), FitError> {
        if self.target.is_opaque && filter.is_none() {
            return Ok(self.renderer.forward_backward_mse(scene, target)?);
        }
        let image = self.renderer.forward(scene)?;
        let (loss, slope) = squared_loss(image, target, filter.unwrap_or(0));
        Ok((loss, self.renderer.backward(scene, &slope)?))
    }

    /// How much each colour contributes to the picture: its weights' sum over the pixels.
    fn weigh(&mut self, scene: &Scene, weights: &mut Vec<f32>) -> Result<(), FitError> {
        let ones = Image {
            width: scene.width,
            height: scene.height,
            data: [1.0, 1.0, 1.0, 0.0].repeat((scene.width * scene.height) as usize),
        };
        weights.clear();
        weights.extend_from_slice(self.renderer.backward(scene, &ones)?);
        Ok(())
    }

    /// By how much the squared error of a scene's picture at the fitting resolution grows without
    /// each of its nodes; fill and stroke of one are left out one at a time.
    pub(crate) fn removals(&mut self, map: &mut SceneMap) -> Result<Vec<f64>, FitError> {
        let target = self.seen_at(1.0, &mut map.scene);
        let found = (self.renderer).inspect(&map.scene, Some(&*target), ALPHA_WEIGHT)?;
        Ok(found.nodes.iter().map(|node| node.removal).collect())
    }

    /// Sum of squared errors of a scene at the fitting resolution, and its gradient.
    pub(crate) fn squared_gradient(
        &mut self,
        scene: &mut Scene,
    ) -> Result<(f64, Vec<f32>), FitError> {
        let (target, components) = (self.seen_at(1.0, scene), self.components());
        let (loss, found) = self.mean_gradient(scene, &target, None)?;
        let slopes = found.iter().map(|slope| slope * components as f32);
        Ok((loss * components, slopes.collect()))
    }

    /// The gradient with respect to a scene's parameters, given that of its image.
    pub(crate) fn parameter_gradient(
        &mut self,
        map: &SceneMap,
        gradient: &Image,
    ) -> Result<&[f32], FitError> {
        Ok(self.renderer.backward(&map.scene, gradient)?)
    }

    /// The target at a resolution, made when it is first asked for, at which a scene is seen from
    /// now on.
    fn seen_at(&mut self, scale: f64, scene: &mut Scene) -> Arc<Image> {
        let side = |length: usize| ((length as f64 * scale).round() as usize).clamp(1, length);
        let (width, height) = (side(self.target.width), side(self.target.height));
        set_view(
            scene,
            width,
            height,
            width as f64 / self.target.width as f64,
        );
        let is_known =
            |level: &&Arc<Image>| (level.width as usize, level.height as usize) == (width, height);
        if let Some(known) = self.levels.iter().find(is_known) {
            return Arc::clone(known);
        }
        let level = Arc::new(Image {
            width: width as u32,
            height: height as u32,
            data: self.target.reduced(width, height).pixels.into_flattened(),
        });
        self.levels.push(Arc::clone(&level));
        level
    }
}

/// A majorised Newton step of each colour that makes up more than `least` of the `pixels`.
fn step_colors(
    parameters: &Parameters,
    values: &mut [f32],
    gradient: &[f32],
    (weights, least, pixels): (&[f32], f32, f32),
) {
    for (index, kind) in parameters.kinds.iter().enumerate() {
        if *kind == Kind::Color && weights[index] > least {
            let slope = pixels * gradient[index];
            let step = 1.5 * slope / weights[index];
            values[index] = (values[index] - step.clamp(-0.5, 0.5)).clamp(0.0, 1.0);
        }
    }
}

/// Moves what is geometric; `rate` is in pixels of the fitting resolution.
fn move_along(parameters: &Parameters, values: &mut [f32], directions: &[f32], rate: f32) {
    for (index, kind) in parameters.kinds.iter().enumerate() {
        let step = rate * directions[index].clamp(-2.0, 2.0);
        let value = &mut values[index];
        match kind {
            Kind::Point => *value -= step,
            Kind::Gradient => *value -= 2.0 * step,
            Kind::Width => *value = (*value - 0.5 * step).max(0.0),
            Kind::Opacity => {
                *value = (*value - OPACITY_RATE * directions[index]).clamp(0.0, 1.0);
            }
            Kind::Color | Kind::Fixed => {}
        }
    }
    for joint in &parameters.joints {
        straighten(joint, values);
    }
}

/// How many pixels a picture has.
fn pixels_of(image: &Image) -> f32 {
    (image.width * image.height) as f32
}

fn set_view(scene: &mut Scene, width: usize, height: usize, scale: f64) {
    scene.width = width as u32;
    scene.height = height as u32;
    scene.view = View {
        scale: scale as f32,
        offset: [0.0, 0.0],
    };
}
