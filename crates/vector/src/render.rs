//! Rendering a document to pixels with tiny-skia, without the way through SVG text.
//!
//! Colours and opacities are rounded to eight bits as SVG text would, so that the picture is the
//! one that other renderers show of the written document.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chat2svg_stop::{Stop, Stopped};
use kurbo::{Affine, Rect};
use thiserror::Error;

use crate::canvas::Canvas;
use crate::{Color, Document, Group, Node, Raster, Shape};

/// Most pixels on a side of a rendering.
pub const MAX_SIDE: u32 = 16_384;
/// Most pixels in a rendering.
pub const MAX_PIXELS: u64 = 64 << 20;
/// What a pixel less on the longest side costs beside one by which aspects differ.
const SMALLER: f64 = 0.002;
/// Most groups inside one another in a rendering.
pub const MAX_DEPTH: usize = 256;

/// Why a document cannot be rendered.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum RenderError {
    /// No pixels were asked for.
    #[error("cannot render to {width} × {height} pixels: each side must be at least 1")]
    Empty {
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
    },
    /// More pixels than the limits allow.
    #[error(
        "cannot render to {width} × {height} pixels: the limit is {MAX_SIDE} on a side and {MAX_PIXELS} in all"
    )]
    TooLarge {
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
    },
    /// The visible part of user space is empty or not finite.
    #[error("cannot render: the document's viewBox is empty or not finite")]
    InvalidViewBox,
    /// Something reaches more than 1e12 pixels far. No document that has been read does.
    #[error("cannot render: the document's coordinates are out of range")]
    OutOfRange,
    /// The rasteriser panicked, which no document should be able to cause.
    #[error(
        "cannot render: the rasteriser failed, which is a fault in it; please report the picture"
    )]
    RasteriserFailed,
    /// Groups are nested too deeply.
    #[error("cannot render: groups are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// The caller asked to stop.
    #[error("stopped before the picture was drawn")]
    Stopped,
}

impl From<Stopped> for RenderError {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl Document {
    /// The document as pixels. The view box is fitted into the canvas and centred
    /// (`preserveAspectRatio="xMidYMid meet"`); what remains, and what is not painted, shows the
    /// background, or is transparent without one.
    ///
    /// # Errors
    /// When the size is zero or above [`MAX_SIDE`] and [`MAX_PIXELS`], the view box is empty, or
    /// groups nest deeper than [`MAX_DEPTH`].
    pub fn render(
        &self,
        width: u32,
        height: u32,
        background: Option<Color>,
    ) -> Result<Raster, RenderError> {
        self.render_until(width, height, background, &Stop::never())
    }

    /// As [`Document::render`], but given up once `stop` says so, which is asked before each shape.
    ///
    /// # Errors
    /// As [`Document::render`], and [`RenderError::Stopped`] when `stop` says so.
    pub fn render_until(
        &self,
        width: u32,
        height: u32,
        background: Option<Color>,
        stop: &Stop,
    ) -> Result<Raster, RenderError> {
        check_size(width, height)?;
        let to_canvas = self.canvas_transform(width, height)?;
        let mut canvas =
            Canvas::new(width, height).ok_or(RenderError::TooLarge { width, height })?;
        if let Some(color) = background {
            canvas.clear(color);
        }
        let drawing = Drawing { stop };
        guarded(|| drawing.nodes(&self.layers, to_canvas, &mut canvas, 0))?;
        Ok(Raster::from_premultiplied(canvas.pixmap()))
    }

    /// Size of the canvas on which the document is compared with a picture of a width and a height
    /// that covers its view box: with the view box's aspect and a longest side of the picture's, at
    /// most `longest`.
    ///
    /// Where the picture is reduced, the longest side is that from half of `longest` on at which
    /// whole pixels have the aspect best: on a canvas of 512 x 38 pixels a strip of 800 x 60 would
    /// end two pixels before both of its ends.
    ///
    /// # Errors
    /// When the view box is empty or not finite.
    pub fn canvas_size(
        &self,
        [width, height]: [u32; 2],
        longest: u32,
    ) -> Result<(u32, u32), RenderError> {
        self.canvas_transform(1, 1)?;
        let (across, down) = (self.view_box.width(), self.view_box.height());
        let per_pixel = across.min(down) / across.max(down);
        let shortest = |side: u32| ((f64::from(side) * per_pixel).round() as u32).max(1);
        let misfit = |side: u32| (f64::from(side) - f64::from(shortest(side)) / per_pixel).abs();
        let whole = width.max(height).max(1);
        let side = if whole <= longest {
            whole
        } else {
            let cost = |side: u32| misfit(side) + SMALLER * f64::from(longest - side);
            let sides = (longest / 2).max(1)..=longest.max(1);
            let best = sides.min_by(|a, b| cost(*a).total_cmp(&cost(*b)));
            best.unwrap_or(longest)
        };
        Ok(if across >= down {
            (side, shortest(side))
        } else {
            (shortest(side), side)
        })
    }

    /// Maps user space to a canvas of the given size, as [`Document::render`] does.
    ///
    /// # Errors
    /// When the view box is empty or not finite.
    pub fn canvas_transform(&self, width: u32, height: u32) -> Result<Affine, RenderError> {
        let frame = self.view_box;
        let valid = frame.is_finite() && frame.width() > 0.0 && frame.height() > 0.0;
        if !valid {
            return Err(RenderError::InvalidViewBox);
        }
        let (width, height) = (f64::from(width), f64::from(height));
        let scale = (width / frame.width()).min(height / frame.height());
        if !scale.is_finite() {
            return Err(RenderError::InvalidViewBox);
        }
        Ok(Affine::translate((width * 0.5, height * 0.5))
            * Affine::scale(scale)
            * Affine::translate((-frame.center().x, -frame.center().y)))
    }
}

impl Document {
    /// The view box stretched to fill a square, without a background; `None` when it cannot be
    /// rendered.
    pub(crate) fn rendered_to_fill(&self, side: u32) -> Option<Raster> {
        let frame = self.view_box;
        let length = f64::from(side);
        let fit = Affine::scale_non_uniform(length / frame.width(), length / frame.height());
        let to_canvas = fit * Affine::translate((-frame.x0, -frame.y0));
        let mut canvas = Canvas::new(side, side)?;
        let drawing = Drawing {
            stop: &Stop::never(),
        };
        guarded(|| drawing.nodes(&self.layers, to_canvas, &mut canvas, 0)).ok()?;
        Some(Raster::from_premultiplied(canvas.pixmap()))
    }
}

/// Runs the rasteriser, whose faults must not break the caller.
pub(crate) fn guarded<T>(draw: impl FnOnce() -> Result<T, RenderError>) -> Result<T, RenderError> {
    catch_unwind(AssertUnwindSafe(draw)).unwrap_or(Err(RenderError::RasteriserFailed))
}

/// Whether a canvas of a size may be made.
pub(crate) fn check_size(width: u32, height: u32) -> Result<(), RenderError> {
    if width == 0 || height == 0 {
        return Err(RenderError::Empty { width, height });
    }
    let pixels = u64::from(width) * u64::from(height);
    if width > MAX_SIDE || height > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(RenderError::TooLarge { width, height });
    }
    Ok(())
}

/// A shape alone on a transparent layer, and the layer's left and top on the canvas; `None` when
/// nothing of it can be on the canvas.
pub(crate) fn shape_layer(
    shape: &Shape,
    to_canvas: Affine,
    canvas: Rect,
    stop: &Stop,
) -> Result<Option<(Canvas, u32, u32)>, RenderError> {
    let Some(mut layer) = Layer::new(shape.paint_bounds(to_canvas), canvas) else {
        return Ok(None);
    };
    let to_layer = layer.to_layer * to_canvas;
    Drawing { stop }.shape(shape, to_layer, &mut layer.canvas)?;
    Ok(Some((layer.canvas, layer.left as u32, layer.top as u32)))
}

/// A drawing under way.
struct Drawing<'a> {
    stop: &'a Stop,
}

impl Drawing<'_> {
    fn nodes(
        &self,
        nodes: &[Node],
        to_canvas: Affine,
        canvas: &mut Canvas,
        depth: usize,
    ) -> Result<(), RenderError> {
        if depth > MAX_DEPTH {
            return Err(RenderError::TooDeep);
        }
        for node in nodes {
            match node {
                Node::Group(group) => self.group(group, to_canvas, canvas, depth)?,
                Node::Shape(shape) => {
                    self.stop.check()?;
                    self.shape(shape, to_canvas, canvas)?;
                }
            }
        }
        Ok(())
    }

    fn group(
        &self,
        group: &Group,
        to_canvas: Affine,
        canvas: &mut Canvas,
        depth: usize,
    ) -> Result<(), RenderError> {
        let outer = to_canvas;
        let to_canvas = outer * group.transform;
        if group.opacity >= 1.0 && group.clip.is_none() {
            return self.nodes(&group.children, to_canvas, canvas, depth + 1);
        }
        let Some(mut layer) = Layer::new(group.paint_bounds(outer), canvas.extent()) else {
            return Ok(());
        };
        let to_layer = layer.to_layer * to_canvas;
        self.nodes(&group.children, to_layer, &mut layer.canvas, depth + 1)?;
        if let Some(clip) = &group.clip {
            layer.canvas.clip(clip, to_layer, self.stop)?;
        }
        layer.draw_on(canvas, group.opacity);
        Ok(())
    }

    fn shape(
        &self,
        shape: &Shape,
        to_canvas: Affine,
        canvas: &mut Canvas,
    ) -> Result<(), RenderError> {
        let is_both = shape.fill.is_some() && shape.stroke.is_some();
        if shape.opacity >= 1.0 || !is_both {
            return self.paints(shape, shape.opacity, to_canvas, canvas);
        }
        let Some(mut layer) = Layer::new(shape.paint_bounds(to_canvas), canvas.extent()) else {
            return Ok(());
        };
        let to_layer = layer.to_layer * to_canvas;
        self.paints(shape, 1.0, to_layer, &mut layer.canvas)?;
        layer.draw_on(canvas, shape.opacity);
        Ok(())
    }

    fn paints(
        &self,
        shape: &Shape,
        opacity: f32,
        to_canvas: Affine,
        canvas: &mut Canvas,
    ) -> Result<(), RenderError> {
        if let Some(fill) = &shape.fill {
            canvas.fill(&shape.path, fill, opacity, to_canvas, self.stop)?;
        }
        if let Some(stroke) = &shape.stroke {
            canvas.stroke(&shape.path, stroke, opacity, to_canvas, self.stop)?;
        }
        Ok(())
    }
}

/// A part of the canvas that is composited as a whole.
struct Layer {
    canvas: Canvas,
    left: i32,
    top: i32,
    /// Maps canvas coordinates to the layer's.
    to_layer: Affine,
}

impl Layer {
    /// A transparent layer over the part of the canvas that lies within bounds; `None` when there
    /// is none.
    fn new(bounds: Option<Rect>, canvas: Rect) -> Option<Self> {
        // Anti-aliasing and hairlines reach a little beyond the geometry.
        let part = bounds?.inflate(2.0, 2.0).expand().intersect(canvas);
        if part.width() < 1.0 || part.height() < 1.0 {
            return None;
        }
        Some(Self {
            canvas: Canvas::new(part.width() as u32, part.height() as u32)?,
            left: part.x0 as i32,
            top: part.y0 as i32,
            to_layer: Affine::translate((-part.x0, -part.y0)),
        })
    }

    fn draw_on(&self, canvas: &mut Canvas, opacity: f32) {
        canvas.draw(&self.canvas, self.left, self.top, opacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reduced_canvas_has_the_aspect_of_the_view_box() {
        let size = |width: u32, height: u32, longest: u32| {
            let document = Document::empty(f64::from(width), f64::from(height));
            document.canvas_size([width, height], longest)
        };
        assert_eq!(size(640, 480, 512), Ok((512, 384)));
        assert_eq!(size(300, 200, 512), Ok((300, 200)));
        assert_eq!(size(800, 60, 512), Ok((480, 36)));
        assert_eq!(size(60, 800, 512), Ok((36, 480)));
        assert_eq!(size(900, 600, 512), Ok((510, 340)));
        assert_eq!(size(4000, 1, 512), Ok((512, 1)));
    }
}
