//! The only way to tiny-skia's drawing: nothing is handed over that it cannot hold.
//!
//! tiny-skia computes in single precision and in fixed-point numbers. Coordinates in pixels from
//! about a million on make it panic, from 5e8 on inside a destructor, which ends the process; its
//! stroker hangs on curves that single precision cannot tell apart. So geometry within [`NEAR`]
//! pixels goes to it as it is; other geometry is stroked and cut to the canvas in double precision
//! first. Work is divided so that `stop` is asked at bounded distances.

use chat2svg_stop::Stop;
use kurbo::{Affine, BezPath, Rect};

use crate::render::RenderError;
use crate::transform::largest_scale;
use crate::{ClipPath, Color, Fill, FillRule, LineCap, LineJoin, Paint, Stroke, clip, skia};

/// Farthest from the origin, in pixels, that tiny-skia draws by itself. Single precision still
/// tells 1/64 of a pixel apart here, and it has held for millions of random paths up to twice as
/// far.
const NEAR: f64 = 131_072.0;
/// Farthest in its own coordinates that a path may reach to be drawn by tiny-skia itself.
const NEAR_LOCAL: f64 = 1e9;
/// Scales between which tiny-skia draws by itself.
const SCALES: std::ops::RangeInclusive<f64> = 1e-5..=1e5;
/// Farthest that anything may reach in pixels. Double precision still tells 1/4096 of a pixel
/// apart.
const MAX_REACH: f64 = 1e12;
/// Pixels around the canvas that are kept when geometry is cut to it.
const MARGIN: f64 = 16.0;
/// Most that an outline of a stroke may stray, in pixels.
const STROKE_TOLERANCE: f64 = 0.02;
/// Most steps of the rasteriser (edges met by scanlines, edges sorted) between two looks at `stop`.
const STEPS_PER_LOOK: f64 = 1e8;
/// Scanlines of a row of pixels.
const SCANLINES: f64 = 4.0;

/// Pixels that can be drawn on.
pub(crate) struct Canvas {
    pixmap: tiny_skia::Pixmap,
}

impl Canvas {
    /// A transparent canvas; `None` when there is no memory for it or a side is zero.
    pub(crate) fn new(width: u32, height: u32) -> Option<Self> {
        tiny_skia::Pixmap::new(width, height).map(|pixmap| Self { pixmap })
    }

    pub(crate) fn pixmap(&self) -> &tiny_skia::Pixmap {
        &self.pixmap
    }

    pub(crate) fn extent(&self) -> Rect {
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        Rect::new(0.0, 0.0, f64::from(width), f64::from(height))
    }

    /// Paints everything.
    pub(crate) fn clear(&mut self, color: Color) {
        let [red, green, blue] = color.to_rgb8();
        self.pixmap
            .fill(tiny_skia::Color::from_rgba8(red, green, blue, 255));
    }

    /// Paints the interior of a path.
    pub(crate) fn fill(
        &mut self,
        path: &BezPath,
        fill: &Fill,
        opacity: f32,
        to_canvas: Affine,
        stop: &Stop,
    ) -> Result<(), RenderError> {
        let extent = self.extent();
        let Some(outline) = Outline::filled(path, to_canvas, extent, stop)? else {
            return Ok(());
        };
        // A line has no interior; the rasteriser would draw it as a hairline.
        let bounds = outline.path.bounds();
        let has_area = bounds.width() > 0.0 && bounds.height() > 0.0;
        if !has_area {
            return Ok(());
        }
        let source = Source {
            paint: &fill.paint,
            opacity: fill.opacity * opacity,
            to_canvas,
        };
        self.paint(&outline, source, fill.rule, stop)
    }

    /// Paints along a path.
    pub(crate) fn stroke(
        &mut self,
        path: &BezPath,
        stroke: &Stroke,
        opacity: f32,
        to_canvas: Affine,
        stop: &Stop,
    ) -> Result<(), RenderError> {
        let stroke = stroke.with_countable_dashes(path);
        if let Some((outline, geometry)) = near_stroke(path, &stroke, to_canvas) {
            let source = Source {
                paint: &stroke.paint,
                opacity: stroke.opacity * opacity,
                to_canvas,
            };
            return self.stroke_near(&outline, &geometry, source, stop);
        }
        self.stroke_far(path, &stroke, opacity, to_canvas, stop)
    }

    /// Strokes in double precision, in a space where the largest scale is that of pixels.
    fn stroke_far(
        &mut self,
        path: &BezPath,
        stroke: &Stroke,
        opacity: f32,
        to_canvas: Affine,
        stop: &Stop,
    ) -> Result<(), RenderError> {
        let scale = largest_scale(to_canvas);
        let width = stroke.width * scale;
        let from_pixels = to_canvas * Affine::scale(1.0 / scale);
        let (Some(spine), true) = (finite(path), width > 0.0 && from_pixels.is_finite()) else {
            return Ok(());
        };
        // What is thinner than a pixel is a pixel wide and as much paler.
        let coverage = width.min(1.0) as f32;
        let source = Source {
            paint: &stroke.paint,
            opacity: stroke.opacity * opacity * coverage,
            to_canvas,
        };
        let width = width.max(1.0);
        let around = width * 0.5 * stroke.miter_limit.max(std::f64::consts::SQRT_2);
        let mut spine = Affine::scale(scale) * spine;
        check_reach(spine.control_box().inflate(around, around))?;
        let extent = self.extent().inflate(MARGIN, MARGIN);
        let back = from_pixels.inverse();
        // A map that flattens everything has no inverse: nothing can be left out.
        let window = back.transform_rect_bbox(extent).inflate(around, around);
        let window = if window.is_finite() {
            window
        } else {
            spine.control_box()
        };
        if !stroke.dashes.is_empty() {
            let scaled = Stroke {
                dashes: stroke.dashes.iter().map(|dash| dash * scale).collect(),
                dash_offset: stroke.dash_offset * scale,
                ..stroke.clone()
            };
            spine = scaled.dashed(&spine);
        }
        let most = NEAR.max(around);
        let spine = clip::simplified(&spine, window, most, stop)?;
        // Double precision cannot do better on curves as large.
        let tolerance = STROKE_TOLERANCE.max(most * 1e-9);
        let style = stroke_style(stroke, width);
        let solid = kurbo::stroke(&spine, &style, &Default::default(), tolerance);
        stop.check()?;
        match cut(&solid, from_pixels, self.extent(), stop)? {
            Some(outline) => self.paint(&outline, source, FillRule::NonZero, stop),
            None => Ok(()),
        }
    }

    /// Keeps what is inside a clip path.
    pub(crate) fn clip(
        &mut self,
        clip: &ClipPath,
        to_canvas: Affine,
        stop: &Stop,
    ) -> Result<(), RenderError> {
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        if let Some(mask) = coverage(clip, width, height, to_canvas, stop)? {
            self.pixmap.apply_mask(&mask);
        }
        Ok(())
    }

    /// Composites another canvas at a place.
    pub(crate) fn draw(&mut self, layer: &Self, left: i32, top: i32, opacity: f32) {
        let paint = tiny_skia::PixmapPaint {
            opacity: opacity.clamp(0.0, 1.0),
            ..tiny_skia::PixmapPaint::default()
        };
        let identity = tiny_skia::Transform::identity();
        let layer = layer.pixmap.as_ref();
        self.pixmap
            .draw_pixmap(left, top, layer, &paint, identity, None);
    }

    /// Fills an outline.
    fn paint(
        &mut self,
        outline: &Outline,
        source: Source<'_>,
        rule: FillRule,
        stop: &Stop,
    ) -> Result<(), RenderError> {
        let Some(shader) = source.shader(outline.is_cut) else {
            return Ok(());
        };
        let (paint, rule) = (paint_of(shader), skia::fill_rule(rule));
        self.in_bands(outline, stop, |band, transform| {
            band.fill_path(&outline.path, &paint, rule, transform, None);
        })
    }

    fn stroke_near(
        &mut self,
        outline: &Outline,
        stroke: &tiny_skia::Stroke,
        source: Source<'_>,
        stop: &Stop,
    ) -> Result<(), RenderError> {
        let Some(shader) = source.shader(outline.is_cut) else {
            return Ok(());
        };
        let rows = f64::from(self.pixmap.height());
        if !outline.may_take_long(rows) {
            let (paint, transform) = (paint_of(shader), outline.transform);
            self.pixmap
                .stroke_path(&outline.path, &paint, stroke, transform, None);
            return Ok(());
        }
        // Dashes and outline are made once, not for each band.
        let scale = tiny_skia::PathStroker::compute_resolution_scale(&outline.transform);
        let path = match &stroke.dash {
            Some(dash) => outline.path.dash(dash, scale),
            None => Some(outline.path.clone()),
        };
        let Some(path) = path else {
            return Ok(());
        };
        let stroke = tiny_skia::Stroke {
            dash: None,
            ..stroke.clone()
        };
        let is_hairline = f64::from(stroke.width) * largest_scale(source.to_canvas) <= 1.0;
        if is_hairline {
            let outline = Outline { path, ..*outline };
            let paint = paint_of(shader);
            return self.in_bands(&outline, stop, |band, transform| {
                band.stroke_path(&outline.path, &paint, &stroke, transform, None);
            });
        }
        stop.check()?;
        match path.stroke(&stroke, scale) {
            Some(path) => {
                let outline = Outline { path, ..*outline };
                self.paint(&outline, source, FillRule::NonZero, stop)
            }
            None => Ok(()),
        }
    }

    /// Draws at once what is drawn quickly, and the rest in bands of rows, between which it asks to
    /// stop.
    fn in_bands(
        &mut self,
        outline: &Outline,
        stop: &Stop,
        draw: impl Fn(&mut tiny_skia::PixmapMut<'_>, tiny_skia::Transform),
    ) -> Result<(), RenderError> {
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        let rows = outline.rows_per_look(height);
        if rows >= height {
            draw(&mut self.pixmap.as_mut(), outline.transform);
            return Ok(());
        }
        let row_bytes = width as usize * tiny_skia::BYTES_PER_PIXEL;
        let bands = self.pixmap.data_mut().chunks_mut(rows as usize * row_bytes);
        for (index, band) in bands.enumerate() {
            stop.check()?;
            let band_rows = (band.len() / row_bytes) as u32;
            let up = -(index as f32) * rows as f32;
            if let Some(mut band) = tiny_skia::PixmapMut::from_bytes(band, width, band_rows) {
                draw(&mut band, outline.transform.post_translate(0.0, up));
            }
        }
        Ok(())
    }
}

/// How much of each pixel a clip path leaves; `None` where no mask can be made.
pub(crate) fn coverage(
    clip: &ClipPath,
    width: u32,
    height: u32,
    to_canvas: Affine,
    stop: &Stop,
) -> Result<Option<tiny_skia::Mask>, RenderError> {
    let Some(mut mask) = tiny_skia::Mask::new(width, height) else {
        return Ok(None);
    };
    let extent = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let Some(outline) = Outline::filled(&clip.path, to_canvas, extent, stop)? else {
        return Ok(Some(mask));
    };
    let rule = skia::fill_rule(clip.rule);
    let rows = outline.rows_per_look(height);
    if rows >= height {
        mask.fill_path(&outline.path, rule, true, outline.transform);
        return Ok(Some(mask));
    }
    let bands = mask.data_mut().chunks_mut(rows as usize * width as usize);
    for (index, band) in bands.enumerate() {
        stop.check()?;
        let band_rows = band.len() as u32 / width.max(1);
        let up = -(index as f32) * rows as f32;
        if let Some(mut part) = tiny_skia::Mask::new(width, band_rows) {
            let transform = outline.transform.post_translate(0.0, up);
            part.fill_path(&outline.path, rule, true, transform);
            band.copy_from_slice(part.data());
        }
    }
    Ok(Some(mask))
}

/// What to paint with, in the coordinates of the shape.
#[derive(Clone, Copy)]
struct Source<'a> {
    paint: &'a Paint,
    opacity: f32,
    to_canvas: Affine,
}

impl Source<'_> {
    /// The shader in the coordinates of an outline: those of the shape, or pixels.
    fn shader(self, is_in_pixels: bool) -> Option<tiny_skia::Shader<'static>> {
        if !is_in_pixels {
            return skia::shader(self.paint, self.opacity);
        }
        let mut moved = self.paint.clone();
        moved.apply_affine(self.to_canvas);
        if let Paint::Radial(gradient) = &mut moved {
            // An ellipse stays a circle with a transform; the circle takes the size.
            let scale = largest_scale(gradient.transform);
            if scale > 0.0 && scale.is_finite() {
                gradient.transform *= Affine::scale(1.0 / scale);
                gradient.center = (gradient.center.to_vec2() * scale).to_point();
                gradient.focus = (gradient.focus.to_vec2() * scale).to_point();
                gradient.radius *= scale;
                gradient.focal_radius *= scale;
            }
        }
        skia::shader(&moved, self.opacity)
    }
}

/// A path that tiny-skia can hold, and where it goes.
struct Outline {
    path: tiny_skia::Path,
    transform: tiny_skia::Transform,
    /// Whether the path is already in pixels, cut to the canvas.
    is_cut: bool,
}

impl Outline {
    /// What is to be filled; `None` when it covers nothing.
    fn filled(
        path: &BezPath,
        to_canvas: Affine,
        extent: Rect,
        stop: &Stop,
    ) -> Result<Option<Self>, RenderError> {
        if let Some(near) = Self::near(path, to_canvas, 0.0) {
            return Ok(Some(near));
        }
        match finite(path) {
            Some(path) => cut(path, to_canvas, extent, stop),
            None => Ok(None),
        }
    }

    /// The path as it is, when that and `reach` (in its coordinates) around it are near enough.
    fn near(path: &BezPath, to_canvas: Affine, reach: f64) -> Option<Self> {
        let path = skia::path(path)?;
        let bounds = path.bounds();
        let [left, top, right, bottom] =
            [bounds.left(), bounds.top(), bounds.right(), bounds.bottom()].map(f64::from);
        let local = Rect::new(left, top, right, bottom).inflate(reach, reach);
        let device = to_canvas.transform_rect_bbox(local);
        let transform = skia::transform(to_canvas);
        let is_near = SCALES.contains(&largest_scale(to_canvas))
            && largest(local) <= NEAR_LOCAL
            && largest(device) <= NEAR
            && transform.is_finite();
        is_near.then_some(Self {
            path,
            transform,
            is_cut: false,
        })
    }

    /// Whether it is worth to count how long drawing takes.
    fn may_take_long(&self, rows: f64) -> bool {
        self.path.len() as f64 * rows * SCANLINES > STEPS_PER_LOOK * 0.1
    }

    /// Rows of pixels that are drawn within [`STEPS_PER_LOOK`], at least one.
    fn rows_per_look(&self, height: u32) -> u32 {
        let rows = f64::from(height);
        if !self.may_take_long(rows) {
            return height;
        }
        // Each edge is met by the scanlines that it crosses; edges that cross one another are
        // exchanged.
        let (slope_x, slope_y) = (f64::from(self.transform.ky), f64::from(self.transform.sy));
        let offset = f64::from(self.transform.ty);
        let place = |point: &tiny_skia::Point| {
            let y = f64::from(point.x) * slope_x + f64::from(point.y) * slope_y + offset;
            y.clamp(0.0, rows)
        };
        let points = self.path.points();
        let heights: f64 = points
            .iter()
            .zip(points.iter().skip(1))
            .map(|(from, to)| (place(to) - place(from)).abs())
            .sum();
        let at_once = heights / rows;
        let steps = heights * SCANLINES + at_once * at_once * 0.5;
        let share = (STEPS_PER_LOOK / steps).min(1.0);
        ((rows * share) as u32).clamp(1, height)
    }
}

/// A stroke that tiny-skia makes by itself; `None` when it cannot.
fn near_stroke(
    path: &BezPath,
    stroke: &Stroke,
    to_canvas: Affine,
) -> Option<(Outline, tiny_skia::Stroke)> {
    let geometry = skia::stroke(stroke)?;
    let outline = Outline::near(path, to_canvas, stroke.reach())?;
    Some((outline, geometry))
}

/// The part of a filled path near the canvas, in pixels; `None` when there is none.
fn cut(
    path: &BezPath,
    to_canvas: Affine,
    extent: Rect,
    stop: &Stop,
) -> Result<Option<Outline>, RenderError> {
    let path = to_canvas * path;
    check_reach(path.control_box())?;
    let polygons = clip::polygons(&path, extent.inflate(MARGIN, MARGIN), stop)?;
    let mut builder = tiny_skia::PathBuilder::new();
    for polygon in polygons {
        for (index, point) in polygon.iter().enumerate() {
            let (x, y) = (point.x as f32, point.y as f32);
            if index == 0 {
                builder.move_to(x, y);
            } else {
                builder.line_to(x, y);
            }
        }
        builder.close();
    }
    Ok(builder.finish().map(|path| Outline {
        path,
        transform: tiny_skia::Transform::identity(),
        is_cut: true,
    }))
}

/// The path, unless it is empty or not finite, which is not drawn.
fn finite(path: &BezPath) -> Option<&BezPath> {
    (!path.elements().is_empty() && path.is_finite()).then_some(path)
}

fn check_reach(bounds: Rect) -> Result<(), RenderError> {
    // Also false for what is not a number.
    if largest(bounds) <= MAX_REACH {
        Ok(())
    } else {
        Err(RenderError::OutOfRange)
    }
}

/// The largest coordinate of a rectangle; infinite when one is not a number.
fn largest(rect: Rect) -> f64 {
    let sides = [rect.x0, rect.y0, rect.x1, rect.y1];
    if sides.iter().any(|side| side.is_nan()) {
        return f64::INFINITY;
    }
    sides.iter().fold(0.0, |most, side| side.abs().max(most))
}

fn stroke_style(stroke: &Stroke, width: f64) -> kurbo::Stroke {
    let cap = match stroke.cap {
        LineCap::Butt => kurbo::Cap::Butt,
        LineCap::Round => kurbo::Cap::Round,
        LineCap::Square => kurbo::Cap::Square,
    };
    let join = match stroke.join {
        LineJoin::Miter => kurbo::Join::Miter,
        LineJoin::Round => kurbo::Join::Round,
        LineJoin::Bevel => kurbo::Join::Bevel,
    };
    kurbo::Stroke::new(width)
        .with_caps(cap)
        .with_join(join)
        .with_miter_limit(stroke.miter_limit.max(1.0))
}

fn paint_of(shader: tiny_skia::Shader<'_>) -> tiny_skia::Paint<'_> {
    tiny_skia::Paint {
        shader,
        anti_alias: true,
        ..tiny_skia::Paint::default()
    }
}
