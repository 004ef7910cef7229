//! The renderer: what callers see of it, and the threads that it works on.

mod passes;

use crate::error::SceneError;
use crate::image::Image;
use crate::inspect::Inspection;
use crate::parameters::Layout;
use crate::scene::Scene;
use passes::State;

/// Renders scenes and differentiates the pictures.
///
/// Keep one and use it again: it owns all memory that the passes need, so that
/// rendering similar scenes again allocates nothing.
///
/// The same scene gives the same bits with any number of threads.
#[derive(Debug)]
pub struct Renderer {
    pool: Option<rayon::ThreadPool>,
    state: State,
}

/// Default of [`Renderer::set_tolerance`].
pub const DEFAULT_TOLERANCE: f32 = 0.05;

impl Renderer {
    /// A renderer that works on `threads` threads; 0 and 1 mean the caller's only.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let pool = (threads > 1)
            .then(|| {
                rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .thread_name(|i| format!("diffraster-{i}"))
                    .build()
                    .ok()
            })
            .flatten();
        let workers = pool
            .as_ref()
            .map_or(1, rayon::ThreadPool::current_num_threads);
        Self {
            state: State::new(workers, pool.is_some()),
            pool,
        }
    }

    /// Sets the largest distance in pixels between a curve and the segments
    /// that stand for it (0.001 to 1).
    pub fn set_tolerance(&mut self, pixels: f32) {
        self.state.tolerance = if pixels.is_finite() {
            pixels.clamp(0.001, 1.0)
        } else {
            DEFAULT_TOLERANCE
        };
    }

    /// Renders `scene`.
    ///
    /// # Errors
    /// When the scene is not valid; see [`SceneError`].
    pub fn forward(&mut self, scene: &Scene) -> Result<&Image, SceneError> {
        self.run(|state| state.forward(scene))?;
        Ok(&self.state.image)
    }

    /// The gradient of a loss with respect to every parameter of `scene`, laid
    /// out as in [`Layout`], given the loss's gradient with respect to the
    /// picture (premultiplied RGBA, as [`Renderer::forward`] returns it).
    ///
    /// After a `forward` of the same scene this does not take the scene apart
    /// again. For plain squared error [`Renderer::forward_backward_mse`] is
    /// faster than the two.
    ///
    /// # Errors
    /// When the scene is not valid or `dl_dimage` has another size.
    pub fn backward(&mut self, scene: &Scene, dl_dimage: &Image) -> Result<&[f32], SceneError> {
        self.run(|state| state.backward(scene, dl_dimage))?;
        Ok(&self.state.gradient)
    }

    /// Mean squared error against `target` and its gradient, in one pass.
    ///
    /// The loss is the sum of squared differences over all channels of
    /// premultiplied RGBA, divided by `3 * width * height`; on an opaque
    /// background with an opaque target that is the usual mean over RGB.
    ///
    /// # Errors
    /// When the scene is not valid or `target` has another size.
    pub fn forward_backward_mse(
        &mut self,
        scene: &Scene,
        target: &Image,
    ) -> Result<(f64, &[f32]), SceneError> {
        let loss = self.run(|state| state.mse(scene, target))?;
        Ok((loss, &self.state.gradient))
    }

    /// Who is seen where, and, given a target, what each path is worth.
    ///
    /// Without a target the reports' `error` and `removal` are those against
    /// the picture itself: zero, and what the path changes. An error of alpha counts
    /// `alpha_weight` times as much as one of a colour; 0 where only colours matter.
    ///
    /// # Errors
    /// When the scene is not valid or `target` has another size.
    pub fn inspect(
        &mut self,
        scene: &Scene,
        target: Option<&Image>,
        alpha_weight: f32,
    ) -> Result<&Inspection, SceneError> {
        self.run(|state| state.inspect(scene, target, alpha_weight))?;
        Ok(&self.state.inspection)
    }

    /// Where the parameters of the scene that was differentiated last are.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.state.layout
    }

    fn run<T: Send>(&mut self, work: impl FnOnce(&mut State) -> T + Send) -> T {
        match &self.pool {
            Some(pool) => pool.install(|| work(&mut self.state)),
            None => work(&mut self.state),
        }
    }
}
