//! The target at one size, or a part of it, and how far a document is from it. Measures; changes
//! nothing.

use std::{cell::OnceCell, ops::Range};

use chat2svg_stop::Stop;
use chat2svg_trace::picture::{Picture, over_white};
use chat2svg_vector::{Color, Document, Raster, RenderError};
use kurbo::{Affine, Rect};

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
    /// What of user space it shows; `None` for a document's view box.
    frame: Option<Rect>,
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
            frame: None,
            stop,
        }
    }

    /// The part of this view around a box of user space; `None` where that is off the canvas or too
    /// large to be looked at closely.
    fn around(&self, bounds: Rect, document: &Document) -> Result<Option<Self>, RenderError> {
        let to_view = self.to_view(document)?;
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
        Ok(Some(Self {
            width: part.width() as u32,
            height: part.height() as u32,
            pixels: rows
                .flat_map(|row| row.iter().skip(left).take(width).copied())
                .collect(),
            frame: Some(to_view.inverse().transform_rect_bbox(part)),
            stop: self.stop,
        }))
    }

    /// Maps user space to its pixels.
    pub(super) fn to_view(&self, document: &Document) -> Result<Affine, RenderError> {
        let empty = Document {
            view_box: self.frame.unwrap_or(document.view_box),
            ..Document::empty(1.0, 1.0)
        };
        empty.canvas_transform(self.width, self.height)
    }

    /// What a document shows here.
    pub(super) fn shown(&self, document: &Document) -> Result<Raster, RenderError> {
        self.shown_on(document, Some(Color::WHITE))
    }

    /// What a document shows here on a background.
    pub(super) fn shown_on(
        &self,
        document: &Document,
        background: Option<Color>,
    ) -> Result<Raster, RenderError> {
        let (width, height, stop) = (self.width, self.height, self.stop);
        let Some(frame) = self.frame else {
            return document.render_until(width, height, background, stop);
        };
        let mut part = document.clone();
        part.view_box = frame;
        part.render_until(width, height, background, stop)
    }

    /// Squared error of each pixel of a document, over its three components.
    pub(super) fn errors(&self, document: &Document) -> Result<Vec<f32>, RenderError> {
        Ok(self.errors_of(&self.shown(document)?))
    }

    /// Squared error of each pixel of a picture of this size.
    pub(super) fn errors_of(&self, shown: &Raster) -> Vec<f32> {
        shown
            .pixels()
            .iter()
            .zip(&self.pixels)
            .map(|(pixel, wanted)| squared_distance(color_of(pixel), *wanted))
            .collect()
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

/// The target at sizes up to its own, each made when it is first looked at.
pub(super) struct Closer<'a> {
    target: &'a Raster,
    sizes: Vec<(usize, usize)>,
    made: Vec<OnceCell<View<'a>>>,
    stop: &'a Stop,
}

impl<'a> Closer<'a> {
    /// Of a target at some sizes, from small to large.
    pub(super) fn of(target: &'a Raster, sizes: Vec<(usize, usize)>, stop: &'a Stop) -> Self {
        let made = sizes.iter().map(|_| OnceCell::new()).collect();
        Self {
            target,
            sizes,
            made,
            stop,
        }
    }

    /// The parts around a box of user space, from few pixels to many.
    pub(super) fn around(
        &self,
        bounds: Rect,
        document: &Document,
    ) -> Result<Vec<View<'a>>, RenderError> {
        let mut found = Vec::new();
        for (size, made) in self.sizes.iter().zip(&self.made) {
            let view = match made.get() {
                Some(view) => view,
                None => {
                    let view = View::of(&averaged(self.target, *size, self.stop)?, self.stop);
                    made.get_or_init(|| view)
                }
            };
            let Some(part) = view.around(bounds, document)? else {
                break;
            };
            found.push(part);
        }
        Ok(found)
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

/// The sum in double precision, in order.
pub(super) fn sum(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value)).sum()
}
