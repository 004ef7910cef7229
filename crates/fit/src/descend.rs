//! Gradient descent of a scene's parameters at one resolution.
//!
//! Colours are stepped by a majorised Newton rule: the squared error is quadratic in them, and the
//! sum of what all paints contribute to a pixel is at most one, so the sum of a colour's weights
//! over the picture bounds its row of the normal equations. A step by gradient over that sum never
//! overshoots and needs no rate. Points and everything else geometric go by the step rule of the
//! options.

use chat2svg_diffraster::{Image, Renderer, Scene, View};
use chat2svg_trace::picture::{ALPHA_WEIGHT, Picture, Pixel};

use crate::{
    FitError, FitOptions,
    box_loss::box_filtered_loss,
    clock::Clock,
    deform::Deformation,
    loss::squared_loss,
    parameters::{CubicSlots, Kind, Parameters},
    regularise::penalise,
    scene::SceneMap,
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
    options: &'a FitOptions,
    clock: &'a Clock,
    renderer: Renderer,
    pub(crate) target: &'a Picture,
    levels: Vec<Image>,
}

impl<'a> Descender<'a> {
    pub(crate) fn new(
        options: &'a FitOptions,
        clock: &'a Clock,
        threads: usize,
        target: &'a Picture,
    ) -> Self {
        Self {
            options,
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

    /// Descends and leaves the scene at the best that was seen. Returns its squared error in pixels
    /// of the fitting resolution. `preview` shows a scene.
    pub(crate) fn run(
        &mut self,
        map: &mut SceneMap,
        phase: DescentPhase,
        tracker: &mut Tracker<'_>,
        mut preview: impl FnMut(&SceneMap, &mut Tracker<'_>),
    ) -> Result<f64, FitError> {
        let level = self.level(phase.scale);
        let target = self.levels.swap_remove(level);
        let result = self.descend(map, phase, &target, tracker, &mut preview);
        self.levels.push(target);
        result
    }

    fn descend(
        &mut self,
        map: &mut SceneMap,
        phase: DescentPhase,
        target: &Image,
        tracker: &mut Tracker<'_>,
        preview: &mut dyn FnMut(&SceneMap, &mut Tracker<'_>),
    ) -> Result<f64, FitError> {
        let (width, height) = (target.width as usize, target.height as usize);
        let components = 3.0 * (self.target.width * self.target.height) as f64;
        let true_scale = width as f64 / self.target.width as f64;
        set_view(&mut map.scene, width, height, true_scale);
        let mut values = Vec::new();
        map.scene.read_parameters(&mut values);
        let layout = chat2svg_diffraster::Layout::of(&map.scene);
        let parameters = Parameters::of(map, &layout);
        let mut stepper = Stepper::new(values.len());
        let mut directions = vec![0.0_f32; values.len()];
        let mut gradient = vec![0.0_f32; values.len()];
        let mut weights: Vec<f32> = Vec::new();
        let mut best = (f64::INFINITY, values.clone());
        let mut taken = 0;
        while taken < phase.steps && !tracker.is_spent() && !self.clock.is_due() {
            if taken.is_multiple_of(WEIGHTS_EVERY) {
                self.weigh(&map.scene, width, height, &mut weights)?;
                if self.clock.is_due() {
                    break;
                }
            }
            let loss = self.gradient(&map.scene, target, &mut gradient)?;
            if loss < best.0 {
                best.0 = loss;
                best.1.copy_from_slice(&values);
            }
            tracker.step(loss, map.slots.len(), self.clock);
            preview(map, tracker);
            let rate = self.rate(phase, taken) / true_scale as f32;
            self.step(
                &parameters,
                &weights,
                &mut gradient,
                &mut Motion {
                    values: &mut values,
                    directions: &mut directions,
                    stepper: &mut stepper,
                    rate,
                    components: components as f32,
                    pixels: (width * height) as f32,
                },
            );
            map.scene.write_parameters(&values);
            taken += 1;
        }
        if !self.clock.is_due() {
            let loss = self.loss(&map.scene, target)?;
            if loss < best.0 {
                best = (loss, values);
            }
        }
        map.scene.write_parameters(&best.1);
        set_view(&mut map.scene, self.target.width, self.target.height, 1.0);
        Ok(best.0 * components)
    }

    /// Descends over the coefficients of a deformation and leaves the scene at the best that was
    /// seen.
    pub(crate) fn run_deformed(
        &mut self,
        map: &mut SceneMap,
        deformation: &Deformation,
        deformed: DeformedPhase,
        tracker: &mut Tracker<'_>,
        mut preview: impl FnMut(&SceneMap, &mut Tracker<'_>),
    ) -> Result<(), FitError> {
        let phase = deformed.phase;
        let level = self.level(phase.scale);
        let target = self.levels.swap_remove(level);
        let result =
            self.descend_deformed(map, deformation, deformed, &target, tracker, &mut preview);
        self.levels.push(target);
        set_view(&mut map.scene, self.target.width, self.target.height, 1.0);
        result
    }

    fn descend_deformed(
        &mut self,
        map: &mut SceneMap,
        deformation: &Deformation,
        deformed: DeformedPhase,
        target: &Image,
        tracker: &mut Tracker<'_>,
        preview: &mut dyn FnMut(&SceneMap, &mut Tracker<'_>),
    ) -> Result<(), FitError> {
        let DeformedPhase {
            phase,
            filter,
            least_painted,
        } = deformed;
        let (width, height) = (target.width as usize, target.height as usize);
        let pixels = (width * height) as f32;
        let components = 3.0 * (self.target.width * self.target.height) as f32;
        set_view(
            &mut map.scene,
            width,
            height,
            width as f64 / self.target.width as f64,
        );
        let mut values = Vec::new();
        map.scene.read_parameters(&mut values);
        let layout = chat2svg_diffraster::Layout::of(&map.scene);
        let parameters = Parameters::of(map, &layout);
        let mut coefficients = vec![0.0_f32; deformation.len()];
        let mut coefficient_gradient = vec![0.0_f32; deformation.len()];
        let mut directions = vec![0.0_f32; deformation.len()];
        let mut stepper = Stepper::new(deformation.len());
        let mut weights = Vec::new();
        let mut image_gradient = Image::default();
        let mut best = (f64::INFINITY, values.clone());
        for taken in 0..=phase.steps {
            if tracker.is_spent() || self.clock.is_due() {
                break;
            }
            if taken.is_multiple_of(WEIGHTS_EVERY) {
                self.weigh(&map.scene, width, height, &mut weights)?;
                if self.clock.is_due() {
                    break;
                }
            }
            let picture = self.renderer.forward(&map.scene)?;
            let loss = box_filtered_loss(picture, target, filter, &mut image_gradient);
            if loss < best.0 {
                best.0 = loss;
                best.1.copy_from_slice(&values);
            }
            // The last round only looks where the last step has led.
            if taken == phase.steps {
                break;
            }
            tracker.step(loss, map.slots.len(), self.clock);
            preview(map, tracker);
            let gradient = self.renderer.backward(&map.scene, &image_gradient)?;
            for (index, kind) in parameters.kinds.iter().enumerate() {
                if *kind == Kind::Color && weights[index] > least_painted * pixels {
                    step_color(&mut values[index], pixels * gradient[index], weights[index]);
                }
            }
            deformation.backward(gradient, &mut coefficient_gradient);
            for (slope, coefficient) in coefficient_gradient.iter_mut().zip(&coefficients) {
                *slope = *slope * components + STIFFNESS * coefficient;
            }
            stepper.directions(&coefficient_gradient, FLOOR, &mut directions);
            let rate = self.rate(phase, taken);
            for (coefficient, direction) in coefficients.iter_mut().zip(&directions) {
                *coefficient -= rate * direction.clamp(-2.0, 2.0);
            }
            deformation.apply(&coefficients, &mut values);
            map.scene.write_parameters(&values);
        }
        map.scene.write_parameters(&best.1);
        Ok(())
    }

    fn rate(&self, phase: DescentPhase, taken: u32) -> f32 {
        let share = taken as f32 / phase.steps.max(1) as f32;
        let rise = if share < WARM_UP {
            (share + 0.02) / (WARM_UP + 0.02)
        } else {
            1.0
        };
        let fall = 0.5 + 0.5 * (share * std::f32::consts::PI).cos();
        phase.rate * rise * (LAST_RATE + (1.0 - LAST_RATE) * fall)
    }

    fn loss(&mut self, scene: &Scene, target: &Image) -> Result<f64, FitError> {
        let image = self.renderer.forward(scene)?;
        Ok(squared_loss(image, target, &mut Image::default()))
    }

    fn gradient(
        &mut self,
        scene: &Scene,
        target: &Image,
        gradient: &mut [f32],
    ) -> Result<f64, FitError> {
        let (loss, found) = self.mean_gradient(scene, target)?;
        gradient.copy_from_slice(found);
        Ok(loss)
    }

    /// The mean squared error of a scene's picture, and its gradient.
    fn mean_gradient(&mut self, scene: &Scene, target: &Image) -> Result<(f64, &[f32]), FitError> {
        if self.target.is_opaque {
            return Ok(self.renderer.forward_backward_mse(scene, target)?);
        }
        let image = self.renderer.forward(scene)?;
        let mut slope = Image::default();
        let loss = squared_loss(image, target, &mut slope);
        Ok((loss, self.renderer.backward(scene, &slope)?))
    }

    /// How much each colour contributes to the picture: its weights' sum over the pixels.
    fn weigh(
        &mut self,
        scene: &Scene,
        width: usize,
        height: usize,
        weights: &mut Vec<f32>,
    ) -> Result<(), FitError> {
        let ones = Image {
            width: width as u32,
            height: height as u32,
            data: [1.0, 1.0, 1.0, 0.0].repeat(width * height),
        };
        let found = self.renderer.backward(scene, &ones)?;
        weights.clear();
        weights.extend_from_slice(found);
        Ok(())
    }

    fn step(
        &self,
        parameters: &Parameters,
        weights: &[f32],
        gradient: &mut [f32],
        motion: &mut Motion<'_>,
    ) {
        for (index, kind) in parameters.kinds.iter().enumerate() {
            match kind {
                Kind::Color => {
                    if weights[index] > LEAST_WEIGHT {
                        let slope = motion.pixels * gradient[index];
                        step_color(&mut motion.values[index], slope, weights[index]);
                    }
                    gradient[index] = 0.0;
                }
                Kind::Fixed => gradient[index] = 0.0,
                _ => gradient[index] *= motion.components,
            }
        }
        // What the picture does not show keeps its place.
        let is_shown = |cubic: &&CubicSlots| {
            let mut coordinates = cubic
                .iter()
                .flat_map(|at| [gradient[*at], gradient[at + 1]]);
            coordinates.any(|slope| slope != 0.0)
        };
        let shown: Vec<CubicSlots> = parameters.cubics.iter().filter(is_shown).copied().collect();
        penalise(&shown, self.options.regularisers, motion.values, gradient);
        for [a, b] in &parameters.ties {
            for axis in 0..2 {
                let sum = gradient[a + axis] + gradient[b + axis];
                gradient[a + axis] = sum;
                gradient[b + axis] = sum;
            }
        }
        motion
            .stepper
            .directions(gradient, FLOOR, motion.directions);
        for (index, kind) in parameters.kinds.iter().enumerate() {
            let step = motion.rate * motion.directions[index].clamp(-2.0, 2.0);
            let value = &mut motion.values[index];
            match kind {
                Kind::Point => *value -= step,
                Kind::Gradient => *value -= 2.0 * step,
                Kind::Width => *value = (*value - 0.5 * step).max(0.0),
                Kind::Opacity => {
                    *value = (*value - OPACITY_RATE * motion.directions[index]).clamp(0.0, 1.0);
                }
                Kind::Color | Kind::Fixed => {}
            }
        }
        for joint in &parameters.joints {
            joint.straighten(motion.values);
        }
    }

    /// The target at the fitting resolution.
    pub(crate) fn full_target(&mut self) -> Image {
        let level = self.level(1.0);
        self.levels[level].clone()
    }

    /// By how much the squared error of a scene's picture at the fitting resolution grows without
    /// each of its nodes; fill and stroke of one are left out one at a time.
    pub(crate) fn removals(&mut self, map: &mut SceneMap) -> Result<Vec<f64>, FitError> {
        let level = self.level(1.0);
        set_view(&mut map.scene, self.target.width, self.target.height, 1.0);
        let target = self.levels.get(level);
        let found = self.renderer.inspect(&map.scene, target, ALPHA_WEIGHT)?;
        Ok(found.nodes.iter().map(|node| node.removal).collect())
    }

    /// Sum of squared errors of a scene at the fitting resolution, and its gradient.
    pub(crate) fn squared_gradient(
        &mut self,
        map: &SceneMap,
        target: &Image,
        gradient: &mut [f32],
    ) -> Result<f64, FitError> {
        let components = 3.0 * (self.target.width * self.target.height) as f64;
        let (loss, found) = self.mean_gradient(&map.scene, target)?;
        for (slope, found) in gradient.iter_mut().zip(found) {
            *slope = found * components as f32;
        }
        Ok(loss * components)
    }

    /// The gradient with respect to a scene's parameters, given that of its image.
    pub(crate) fn parameter_gradient(
        &mut self,
        map: &SceneMap,
        gradient: &Image,
    ) -> Result<&[f32], FitError> {
        Ok(self.renderer.backward(&map.scene, gradient)?)
    }

    /// Index of the target at a resolution, made when it is first asked for.
    fn level(&mut self, scale: f64) -> usize {
        let side = |length: usize| ((length as f64 * scale).round() as usize).clamp(1, length);
        let (width, height) = (side(self.target.width), side(self.target.height));
        let known = self
            .levels
            .iter()
            .position(|level| (level.width as usize, level.height as usize) == (width, height));
        known.unwrap_or_else(|| {
            let picture = self.target.reduced(width, height);
            self.levels.push(Image {
                width: width as u32,
                height: height as u32,
                data: picture.pixels.into_flattened(),
            });
            self.levels.len() - 1
        })
    }
}

/// A majorised Newton step of a colour's component, given the slope of the summed squared error.
fn step_color(value: &mut f32, slope: f32, weight: f32) {
    let step = 1.5 * slope / weight;
    *value = (*value - step.clamp(-0.5, 0.5)).clamp(0.0, 1.0);
}

/// What moves in a step.
struct Motion<'m> {
    values: &'m mut [f32],
    directions: &'m mut [f32],
    stepper: &'m mut Stepper,
    /// In pixels of the fitting resolution.
    rate: f32,
    /// Components of the fitting resolution's picture.
    components: f32,
    /// Pixels of the present resolution.
    pixels: f32,
}

fn set_view(scene: &mut Scene, width: usize, height: usize, scale: f64) {
    scene.width = width as u32;
    scene.height = height as u32;
    scene.view = View {
        scale: scale as f32,
        offset: [0.0, 0.0],
    };
}
