//! The pictures of stage 2's working papers: the candidates of an image model, and who is seen
//! where.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use bytes::Bytes;
use chat2svg_gateway::CallLimits;
use chat2svg_imagegen::{EditRequest, Edited, FrameSize, ImageModel, ProgressSink};
use chat2svg_protocol::{BackendId, CallFailure};
use chat2svg_scripts::{
    Layout, Segmentation, mask_name,
    papers::{Segments, grid},
};
use chat2svg_vector::{Color, DecodeLimits, Raster, Resampling};
use futures_util::{FutureExt as _, future::BoxFuture};

use super::folder::{make, paper, tell};

/// Pictures in a row of the grid.
const COLUMNS: u32 = 3;
/// Most candidates that an earlier run may have left.
const MOST_CANDIDATES: usize = 64;

/// An image model whose pictures are kept.
pub(super) struct Kept {
    model: Arc<dyn ImageModel>,
    pictures: Arc<Mutex<Vec<Bytes>>>,
}

impl Kept {
    /// The model, and where its pictures are once it was asked.
    pub(super) fn new(model: Arc<dyn ImageModel>) -> (Self, Arc<Mutex<Vec<Bytes>>>) {
        let pictures = Arc::default();
        let kept = Self {
            model,
            pictures: Arc::clone(&pictures),
        };
        (kept, pictures)
    }
}

impl ImageModel for Kept {
    fn id(&self) -> BackendId {
        self.model.id()
    }

    fn what(&self) -> &str {
        self.model.what()
    }

    fn frame(&self, aspect: f64, side: u32) -> FrameSize {
        self.model.frame(aspect, side)
    }

    fn edit(
        &self,
        request: EditRequest,
        limits: CallLimits,
        progress: ProgressSink,
    ) -> BoxFuture<'static, Result<Edited, CallFailure>> {
        let (answer, kept) = (
            self.model.edit(request, limits, progress),
            Arc::clone(&self.pictures),
        );
        async move {
            let edited = answer.await?;
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone_from(&edited.pictures);
            Ok(edited)
        }
        .boxed()
    }

    fn probe(&self, limits: CallLimits) -> BoxFuture<'static, Result<String, CallFailure>> {
        self.model.probe(limits)
    }
}

/// The target with the other pictures that were made for it, the target first.
pub(super) fn candidates(target: &Raster, made: &[Bytes]) -> Vec<Raster> {
    let mut others: Vec<Raster> = made
        .iter()
        .filter_map(|bytes| Raster::decode(bytes, &DecodeLimits::default()).ok())
        .collect();
    let distance = |picture: &Raster| {
        let resized = picture.resize(target.width(), target.height(), Resampling::default());
        let distance = resized.ok()?.mse(target, Color::WHITE).ok();
        distance.filter(|distance| distance.is_finite())
    };
    let nearest = others
        .iter()
        .enumerate()
        .filter_map(|(index, picture)| Some((index, distance(picture)?)))
        .min_by(|(_, a), (_, b)| a.total_cmp(b));
    if let Some((index, _)) = nearest {
        others.remove(index);
    }
    std::iter::once(target.clone()).chain(others).collect()
}

/// Writes candidates, the first of which is the target, and the grid of all. Those of before go;
/// where somebody else made them (`are_theirs`), into the folder `before`.
pub(super) fn write_candidates(
    layout: &Layout,
    candidates: &[Raster],
    (template, blurred): (&Raster, &Raster),
    are_theirs: bool,
) -> anyhow::Result<()> {
    clear_candidates(layout, are_theirs)?;
    for (index, picture) in candidates.iter().enumerate() {
        paper(&layout.target_candidate(index + 1), &picture.encode_png()?)?;
    }
    let mut all = vec![template.clone(), blurred.clone()];
    all.extend_from_slice(candidates);
    let sheet = grid(&all, COLUMNS, template.width())?;
    paper(&layout.target_grid(), &sheet.encode_png()?)
}

fn clear_candidates(layout: &Layout, are_theirs: bool) -> anyhow::Result<()> {
    let numbered = (1..=MOST_CANDIDATES).map(|number| layout.target_candidate(number));
    for path in numbered.filter(|path| path.exists()) {
        if are_theirs {
            let folder = layout.stage(2).join("before");
            make(&folder)?;
            let name = path.file_name().unwrap_or_default();
            // A later one is of a run whose first is kept already.
            if !folder.join(name).exists() {
                fs::copy(&path, folder.join(name))
                    .with_context(|| format!("cannot keep {}", path.display()))?;
            }
        }
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// Writes who is seen where, and a mask for each shape.
pub(super) fn write_segments(
    layout: &Layout,
    what: Segmentation,
    segments: &Segments,
) -> anyhow::Result<()> {
    paper(&layout.segmented(what), &segments.picture.encode_png()?)?;
    write_masks(&layout.masks(what), &segments.masks)
}

/// Writes masks into a folder, in place of those that are there.
pub(super) fn write_masks(folder: &Path, masks: &[Raster]) -> anyhow::Result<()> {
    make(folder)?;
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("mask_") && name.ends_with(".png") {
            // One that stays is told apart by its time.
            if let Err(error) = fs::remove_file(entry.path()) {
                tell(&format!("{} is of before: {error}", entry.path().display()));
            }
        }
    }
    for (index, mask) in masks.iter().enumerate() {
        paper(&folder.join(mask_name(index)), &mask.encode_png()?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_comes_first_and_its_own_picture_not_twice() {
        let filled = |value: u8| Raster::filled(4, 4, [value, value, value, 255]).unwrap();
        let made: Vec<Bytes> = [10, 90, 200]
            .map(|value| Bytes::from(filled(value).encode_png().unwrap()))
            .to_vec();
        let values = |all: Vec<Raster>| -> Vec<u8> {
            all.iter().map(|one| one.pixel(0, 0).unwrap()[0]).collect()
        };
        assert_eq!(values(candidates(&filled(88), &made)), [88, 10, 200]);
        assert_eq!(values(candidates(&filled(1), &[])), [1]);
        let broken = [Bytes::from_static(b"no picture")];
        assert_eq!(values(candidates(&filled(1), &broken)), [1]);
    }
}
