//! The passes over a scene's tiles, and the memory that they work in.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fearless_simd::{Level, dispatch};
use rayon::prelude::*;

use super::DEFAULT_TOLERANCE;
use crate::error::SceneError;
use crate::fingerprint::Fingerprint;
use crate::flatten::Weights;
use crate::growth::Room;
use crate::image::Image;
use crate::inspect::{Inspection, NO_NODE, collect, inside, store_ids};
use crate::layers::{Quad, Tile, TileScratch};
use crate::parameters::Layout;
use crate::plan::Plan;
use crate::reduce::reduce;
use crate::scene::Scene;
use crate::tiling::TILE;

/// All memory, and what is known of the scene that was looked at last.
#[derive(Debug)]
pub(super) struct State {
    pub(super) tolerance: f32,
    level: Level,
    parallel: bool,
    weights: Weights,
    plan: Plan,
    /// What `plan` was made of.
    planned: Option<Fingerprint>,
    pub(super) layout: Layout,
    /// One per worker.
    scratch: Vec<Mutex<TileScratch>>,
    /// Loss of each tile.
    losses: Vec<f64>,
    pub(super) image: Image,
    pub(super) gradient: Vec<f32>,
    pub(super) inspection: Inspection,
}

/// The memory of the thread that asks.
fn worker(scratch: &[Mutex<TileScratch>]) -> MutexGuard<'_, TileScratch> {
    let index = rayon::current_thread_index().unwrap_or(0) % scratch.len();
    scratch[index]
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Gives every worker the room that the one with the most has.
fn share_room(scratch: &mut [Mutex<TileScratch>]) {
    let own = |scratch: &mut Mutex<TileScratch>, with: &mut Mutex<TileScratch>| {
        let scratch = scratch.get_mut().unwrap_or_else(PoisonError::into_inner);
        scratch.match_room(with.get_mut().unwrap_or_else(PoisonError::into_inner));
    };
    if let [first, others @ ..] = scratch {
        others.iter_mut().for_each(|other| own(first, other));
        others.iter_mut().for_each(|other| own(other, first));
    }
}

fn check_size(scene: &Scene, image: &Image) -> Result<(), SceneError> {
    let wanted = 4 * scene.width as usize * scene.height as usize;
    if (image.width, image.height) != (scene.width, scene.height) || image.data.len() != wanted {
        return Err(SceneError::SizeMismatch {
            width: scene.width,
            height: scene.height,
            got_width: image.width,
            got_height: image.height,
        });
    }
    Ok(())
}

impl State {
    /// For `workers` threads; all memory is empty yet.
    pub(super) fn new(workers: usize, parallel: bool) -> Self {
        Self {
            tolerance: DEFAULT_TOLERANCE,
            level: Level::new(),
            parallel,
            weights: Weights::new(),
            plan: Plan::default(),
            planned: None,
            layout: Layout::default(),
            scratch: (0..workers).map(|_| Mutex::default()).collect(),
            losses: Vec::new(),
            image: Image::default(),
            gradient: Vec::new(),
            inspection: Inspection::default(),
        }
    }

    /// Takes the scene apart, unless it is the one that was taken apart last:
    /// forward, loss, backward is the usual order.
    fn plan(&mut self, scene: &Scene) -> Result<(), SceneError> {
        let fingerprint = Fingerprint::of(scene, self.tolerance);
        if self.planned == Some(fingerprint) {
            return Ok(());
        }
        self.planned = None;
        scene.validate()?;
        self.plan
            .build(scene, self.tolerance, &self.weights, self.parallel)?;
        self.planned = Some(fingerprint);
        Ok(())
    }

    /// Calls `work` with every tile; returns the sum of what it returns.
    fn for_each_tile(
        &mut self,
        scene: &Scene,
        work: impl Fn(&mut TileScratch, Tile<'_>, bool) -> f64 + Sync,
    ) -> f64 {
        let (plan, scratch) = (&self.plan, &self.scratch);
        let one = |(index, loss): (usize, &mut f64)| {
            let tile = plan.tile(index, scene);
            *loss = work(&mut worker(scratch), tile, tile.is_flat());
        };
        self.losses.resize(plan.grid.len(), 0.0);
        if self.parallel {
            self.losses.par_iter_mut().enumerate().for_each(one);
        } else {
            self.losses.iter_mut().enumerate().for_each(one);
        }
        share_room(&mut self.scratch);
        self.losses.iter().sum()
    }

    pub(super) fn forward(&mut self, scene: &Scene) -> Result<(), SceneError> {
        self.plan(scene)?;
        self.image.resize(scene.width, scene.height);
        let (plan, scratch, level) = (&self.plan, &self.scratch, self.level);
        let columns = plan.grid.columns as usize;
        let width = scene.width as usize;
        let band_of_tiles = |(row, band): (usize, &mut [f32])| {
            let mut scratch = worker(scratch);
            for column in 0..columns {
                let tile = plan.tile(row * columns + column, scene);
                if tile.is_flat() {
                    let TileScratch {
                        flat, cover, steps, ..
                    } = &mut *scratch;
                    dispatch!(level, simd => {
                        flat.forward(simd, tile, cover, steps);
                        flat.store(simd, column * TILE, width, band);
                    });
                } else {
                    dispatch!(level, _ => scratch.forward(tile));
                    store(scratch.picture(), column * TILE, width, band);
                }
            }
        };
        let bands = (4 * width * TILE).max(1);
        if self.parallel {
            let bands = self.image.data.par_chunks_mut(bands);
            bands.enumerate().for_each(band_of_tiles);
        } else {
            let bands = self.image.data.chunks_mut(bands);
            bands.enumerate().for_each(band_of_tiles);
        }
        share_room(&mut self.scratch);
        Ok(())
    }

    pub(super) fn backward(&mut self, scene: &Scene, dl_dimage: &Image) -> Result<(), SceneError> {
        check_size(scene, dl_dimage)?;
        self.plan(scene)?;
        let level = self.level;
        self.for_each_tile(scene, |scratch, tile, is_flat| {
            if is_flat {
                let TileScratch {
                    flat, cover, steps, ..
                } = scratch;
                dispatch!(level, simd => {
                    flat.forward(simd, tile, cover, steps);
                    flat.load_gradient(simd, tile, dl_dimage);
                    flat.backward(simd, tile, steps);
                });
            } else {
                dispatch!(level, _ => {
                    scratch.forward(tile);
                    load(dl_dimage, tile, scratch.gradient());
                    scratch.backward(tile);
                });
            }
            0.0
        });
        self.reduce(scene);
        Ok(())
    }

    pub(super) fn mse(&mut self, scene: &Scene, target: &Image) -> Result<f64, SceneError> {
        check_size(scene, target)?;
        self.plan(scene)?;
        let count = 3.0 * f64::from(scene.width) * f64::from(scene.height);
        let scale = if count > 0.0 {
            (2.0 / count) as f32
        } else {
            0.0
        };
        let level = self.level;
        let sum = self.for_each_tile(scene, |scratch, tile, is_flat| {
            if is_flat {
                let TileScratch {
                    flat, cover, steps, ..
                } = scratch;
                return dispatch!(level, simd => {
                    flat.forward(simd, tile, cover, steps);
                    let loss = flat.squared_error(simd, tile, target, scale);
                    flat.backward(simd, tile, steps);
                    loss
                });
            }
            dispatch!(level, _ => {
                scratch.forward(tile);
                load(target, tile, scratch.gradient());
                let loss = scratch.squared_error(tile, target, scale);
                scratch.backward(tile);
                loss
            })
        });
        self.reduce(scene);
        Ok(if count > 0.0 { sum / count } else { 0.0 })
    }

    pub(super) fn inspect(
        &mut self,
        scene: &Scene,
        target: Option<&Image>,
        alpha_weight: f32,
    ) -> Result<(), SceneError> {
        if let Some(target) = target {
            check_size(scene, target)?;
        }
        self.plan(scene)?;
        let width = scene.width as usize;
        let (plan, scratch, level) = (&self.plan, &self.scratch, self.level);
        let columns = plan.grid.columns as usize;
        let top = &mut self.inspection.top;
        top.resize(width * scene.height as usize, NO_NODE);
        let band_of_tiles = |(row, band): (usize, &mut [u32])| {
            let mut scratch = worker(scratch);
            let mut ids = [NO_NODE; TILE * TILE];
            let mut wanted = [[0.0; TILE * TILE]; 4];
            for column in 0..columns {
                let tile = plan.tile(row * columns + column, scene);
                dispatch!(level, _ => scratch.forward(tile));
                let wanted = target.map(|target| {
                    load(target, tile, &mut wanted);
                    &wanted
                });
                let inside = inside(scene, tile);
                dispatch!(level, _ => scratch.inspect(tile, wanted, alpha_weight, &inside, &mut ids));
                store_ids(&ids, column * TILE, width, band);
            }
        };
        let bands = (width * TILE).max(1);
        if self.parallel {
            top.par_chunks_mut(bands)
                .enumerate()
                .for_each(band_of_tiles);
        } else {
            top.chunks_mut(bands).enumerate().for_each(band_of_tiles);
        }
        share_room(&mut self.scratch);
        collect(scene, &self.plan, &mut self.inspection.nodes);
        Ok(())
    }

    fn reduce(&mut self, scene: &Scene) {
        self.layout.update(scene);
        reduce(
            scene,
            &mut self.plan,
            &self.layout,
            &self.weights,
            &mut self.gradient,
            self.parallel,
        );
    }
}

/// Copies a tile out of an image, zero beyond its borders.
#[inline(always)]
fn load(image: &Image, tile: Tile<'_>, out: &mut Quad) {
    let (left, top) = (tile.left as usize, tile.top as usize);
    let width = image.width as usize;
    let columns = (width - left).min(TILE);
    let rows = (image.height as usize - top).min(TILE);
    if columns < TILE || rows < TILE {
        out.as_flattened_mut().fill(0.0);
    }
    for y in 0..rows {
        let start = 4 * ((top + y) * width + left);
        let line = &image.data[start..start + 4 * columns];
        for (x, pixel) in line.as_chunks::<4>().0.iter().enumerate() {
            for k in 0..4 {
                out[k][y * TILE + x] = pixel[k];
            }
        }
    }
}

/// Writes a tile into a band of an image's rows.
fn store(tile: &Quad, left: usize, width: usize, band: &mut [f32]) {
    let columns = (width - left).min(TILE);
    for (y, line) in band.chunks_exact_mut(4 * width).enumerate() {
        let pixels = line[4 * left..][..4 * columns].as_chunks_mut::<4>().0;
        for (x, pixel) in pixels.iter_mut().enumerate() {
            *pixel = [0, 1, 2, 3].map(|k| tile[k][y * TILE + x]);
        }
    }
}
