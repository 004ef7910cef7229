//! The target at one size, or a part of it, and how far a document is from it. Measures; changes
//! nothing.

use std::ops::Range;

use chat2svg_stop::Stop;
use chat2svg_trace::picture::{Picture, over_white};
use chat2svg_vector::{Color, Document, Raster, RenderError};
use kurbo::Rect;

/// Longest side in pixels of a part of the target that is looked at closely.
const LARGEST_PART: f64 = 320.0;
/// Pixels around a shape that such a part shows as well, and the same as a share of its size.
const MARGIN: f64 = 6.0;
const MARGIN_SHARE: f64 = 0.1;

/// A picture over white, components in `0.0..=1.0`, row by row.
pub(crate) struct View<'a> {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pixels: Vec<[f32; 3]>,
    /// Says when to end a measurement.
    pub(super) stop: &'a Stop,
}

impl<'a> View<'a> {
    /// The target over white.
    pub(crate) fn of(target: &Picture, stop: &'a Stop) -> Self {
        Self {
            width: target.width as u32,
            height: target.height as u32,
            pixels: target.pixels.iter().copied().map(over_white).collect(),
            stop,
        }
    }

    /// The part of this view of a document around a box of user space, and the view box that shows
    /// it; `None` where that is off the canvas or too large to be looked at closely.
    pub(super) fn around(
        &self,
        bounds: Rect,
        document: &Document,
    ) -> Result<Option<(Self, Rect)>, RenderError> {
        let to_view = document.canvas_transform(self.width, self.height)?;
        let shown = to_view.transform_rect_bbox(bounds);
        let margin = MARGIN + MARGIN_SHARE * shown.width().max(shown.height());
        let canvas = Rect::new(0.0, 0.0, f64::from(self.width), f64::from(self.height));
        let part = shown.inflate(margin, margin).expand().intersect(canvas);
        let longest = part.width().max(part.height());
        if part.width() < 1.0 || part.height() < 1.0 || longest > LARGEST_PART {
            return Ok(None);
        }
        let (left, width) = (part.x0 as usize, part.width() as usize);
        let rows = self.pixels.chunks(self.width as usize);
        let rows = rows.skip(part.y0 as usize).take(part.height() as usize);
        let view = Self {
            width: part.width() as u32,
            height: part.height() as u32,
            pixels: rows
                .flat_map(|row| row.iter().skip(left).take(width).copied())
                .collect(),
            stop: self.stop,
        };
        Ok(Some((view, to_view.inverse().transform_rect_bbox(part))))
    }

    /// What a document shows here.
    pub(super) fn shown(&self, document: &Document) -> Result<Raster, RenderError> {
        document.render_until(self.width, self.height, Some(Color::WHITE), self.stop)
    }

    /// Squared error of each pixel of a picture of this size, over its three components.
    pub(super) fn errors_of(&self, shown: &Raster) -> impl Iterator<Item = f64> {
        let pairs = shown.pixels().iter().zip(&self.pixels);
        pairs.map(|(pixel, wanted)| f64::from(squared_distance(color_of(pixel), *wanted)))
    }

    /// The sum of these.
    pub(super) fn error_of(&self, shown: &Raster) -> f64 {
        self.errors_of(shown).sum()
    }

    /// How much of what some shapes paint the target shows: 1 where it shows just that, 0 where it
    /// is as far from it as from the document without them, and less where it is further.
    pub(crate) fn shown_share(
        &self,
        document: &Document,
        shapes: &Range<usize>,
    ) -> Result<f64, RenderError> {
        let rest = self.without(document, shapes)?;
        Ok(self.share_of(&self.shown(document)?, &rest))
    }

    /// What a document shows here without some shapes.
    pub(super) fn without(
        &self,
        document: &Document,
        shapes: &Range<usize>,
    ) -> Result<Raster, RenderError> {
        let mut rest = document.clone();
        rest.retain_shapes(|index, _| !shapes.contains(&index));
        self.shown(&rest)
    }

    /// How much of what one picture shows and another does not is shown by the target.
    pub(super) fn share_of(&self, with: &Raster, without: &Raster) -> f64 {
        let pairs = with.pixels().iter().zip(without.pixels());
        let (mut painted, mut off) = (0.0_f64, 0.0);
        for ((with, without), wanted) in pairs.zip(&self.pixels) {
            let change = squared_distance(color_of(with), color_of(without));
            if change > 0.0 {
                painted += f64::from(change);
                off += f64::from(squared_distance(color_of(with), *wanted));
            }
        }
        if painted > 0.0 {
            1.0 - off / painted
        } else {
            0.0
        }
    }
}

/// A raster over white in so many pixels.
pub(super) fn averaged(
    raster: &Raster,
    (width, height): (usize, usize),
    stop: &Stop,
) -> Result<Picture, RenderError> {
    let reduced = raster.averaged(width as u32, height as u32, stop)?;
    Ok(Picture::from_raster(
        &reduced.over(Color::WHITE),
        width,
        height,
    ))
}

/// The colour of an opaque pixel.
pub(crate) fn color_of(pixel: &[u8; 4]) -> [f32; 3] {
    [pixel[0], pixel[1], pixel[2]].map(|value| f32::from(value) / 255.0)
}

pub(crate) fn squared_distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|i| (a[i] - b[i]) * (a[i] - b[i])).sum()
}
