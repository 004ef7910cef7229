//! The template as a picture of the size that a model takes, and what it makes as a picture of the
//! template's aspect. Pure.

use chat2svg_imagegen::FrameSize;
use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Document, Raster, RasterError, RenderError, Resampling};

/// A picture around the template: the template as large as it fits, in the middle, its outermost
/// pixels repeated up to the borders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    size: FrameSize,
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Frame {
    /// The frame of a size around what has an aspect (width through height).
    pub(super) fn around(aspect: f64, size: FrameSize) -> Self {
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        let aspect = if aspect.is_finite() && aspect > 0.0 {
            aspect
        } else {
            width / height
        };
        let pixels = |length: f64, most: u32| (length.round() as u32).clamp(1, most.max(1));
        let (width, height) = if width / height > aspect {
            (pixels(height * aspect, size.width), size.height)
        } else {
            (size.width, pixels(width / aspect, size.height))
        };
        Self {
            size,
            left: (size.width - width) / 2,
            top: (size.height - height) / 2,
            width,
            height,
        }
    }

    /// The picture of a document.
    pub(super) fn picture(&self, document: &Document, stop: &Stop) -> Result<Raster, RenderError> {
        let shown = document.render_until(self.width, self.height, Some(Color::WHITE), stop)?;
        let FrameSize { width, height } = self.size;
        if (width, height) == (self.width, self.height) {
            return Ok(shown);
        }
        let inner = |outer: u32, start: u32, length: u32| {
            outer.saturating_sub(start).min(length.saturating_sub(1))
        };
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            for x in 0..width {
                let x = inner(x, self.left, self.width);
                let y = inner(y, self.top, self.height);
                pixels.push(shown.pixel(x, y).unwrap_or([255; 4]));
            }
        }
        Raster::new(width, height, pixels).map_err(|_| RenderError::TooLarge { width, height })
    }

    /// What such a picture, or one made of it, shows of the template: opaque, with a longest side
    /// of at most `side` pixels. A picture of another size is taken for the same, resampled.
    pub(super) fn content(&self, picture: &Raster, side: u32) -> Result<Raster, RasterError> {
        let FrameSize { width, height } = self.size;
        let picture = picture
            .over(Color::WHITE)
            .resize(width, height, Resampling::Sharp)?;
        let pixels = (self.top..self.top + self.height)
            .flat_map(|y| (self.left..self.left + self.width).map(move |x| (x, y)))
            .map(|(x, y)| picture.pixel(x, y).unwrap_or([255; 4]))
            .collect();
        let content = Raster::new(self.width, self.height, pixels)?;
        let longest = self.width.max(self.height);
        if longest <= side {
            return Ok(content);
        }
        let scale = f64::from(side.max(1)) / f64::from(longest);
        let scaled = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
        content.resize(scaled(self.width), scaled(self.height), Resampling::Smooth)
    }
}

#[cfg(test)]
mod tests {
    use kurbo::{Rect, Shape as _};

    use super::*;
    use chat2svg_vector::{Node, Paint, Shape};

    fn size(width: u32, height: u32) -> FrameSize {
        FrameSize { width, height }
    }

    fn wide() -> Document {
        let left = Rect::new(0.0, 0.0, 100.0, 50.0).to_path(0.1);
        let red = Paint::Solid(Color::from_rgb8(255, 0, 0));
        let blue = Paint::Solid(Color::from_rgb8(0, 0, 255));
        let all = Rect::new(0.0, 0.0, 200.0, 50.0).to_path(0.1);
        Document {
            width: 200.0,
            height: 50.0,
            view_box: Rect::new(0.0, 0.0, 200.0, 50.0),
            title: None,
            description: None,
            metadata: Default::default(),
            layers: vec![
                Node::Shape(Shape::filled("all", all, blue)),
                Node::Shape(Shape::filled("left", left, red)),
            ],
        }
    }

    #[test]
    fn the_template_is_as_large_as_it_fits_with_its_borders_repeated() {
        let frame = Frame::around(4.0, size(120, 40));
        assert_eq!((frame.width, frame.height, frame.top), (120, 30, 5));
        let picture = frame.picture(&wide(), &Stop::never()).unwrap();
        assert_eq!((picture.width(), picture.height()), (120, 40));
        for y in [0, 20, 39] {
            assert_eq!(picture.pixel(2, y), Some([255, 0, 0, 255]));
            assert_eq!(picture.pixel(118, y), Some([0, 0, 255, 255]));
        }
    }

    #[test]
    fn what_comes_back_has_the_templates_aspect_whatever_its_size() {
        let frame = Frame::around(4.0, size(120, 40));
        let picture = frame.picture(&wide(), &Stop::never()).unwrap();
        let same = frame.content(&picture, 1024).unwrap();
        assert_eq!((same.width(), same.height()), (120, 30));
        assert_eq!(same.pixel(2, 0), Some([255, 0, 0, 255]));
        let double = picture.resize(240, 80, Resampling::Smooth).unwrap();
        let content = frame.content(&double, 60).unwrap();
        assert_eq!((content.width(), content.height()), (60, 15));
        assert_eq!(content.pixel(50, 7), Some([0, 0, 255, 255]));
    }

    #[test]
    fn a_frame_of_the_same_aspect_has_no_borders() {
        let frame = Frame::around(1.5, size(96, 64));
        assert_eq!(
            (frame.left, frame.top, frame.width, frame.height),
            (0, 0, 96, 64)
        );
        let odd = Frame::around(f64::NAN, size(96, 64));
        assert_eq!((odd.width, odd.height), (96, 64));
        let thin = Frame::around(1e9, size(96, 64));
        assert_eq!((thin.width, thin.height), (96, 1));
    }
}
