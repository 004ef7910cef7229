//! The canvas of an SVG: its size, the part of user space that it shows, and how one fits the
//! other.

use std::str::FromStr as _;

use kurbo::{Affine, Rect};
use svgtypes::{Align, AspectRatio, Length};

use crate::sanitise::{Element, ParseError};
use crate::{Document, LengthUnit};

/// Largest side that is taken; beyond it single precision has no pixels left.
const MAX_SIDE: f64 = 1e6;
/// Smallest side that is taken; below it written coordinates have no decimals left.
const MIN_SIDE: f64 = 1e-3;
/// Most that one side may be longer than the other.
const MAX_RATIO: u32 = 10_000;

/// Size and view as the root element gives them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    /// Width in pixels, when given in absolute units.
    width: Option<f64>,
    /// Height in pixels, when given in absolute units.
    height: Option<f64>,
    view_box: Option<Rect>,
    aspect: AspectRatio,
    /// The unit of the sides.
    unit: LengthUnit,
}

/// What a document gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Canvas {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) view_box: Rect,
    /// Maps the content's coordinates to user space.
    pub(crate) content: Affine,
}

impl Frame {
    /// The frame of a root element. A side that is missing, a percentage or not positive counts as
    /// not given.
    ///
    /// # Errors
    /// When a side is positive but beyond what can be drawn.
    pub(crate) fn of(root: &Element) -> Result<Self, ParseError> {
        let length = |name| {
            let found = root.attribute(name).and_then(parsed).map(pixels);
            let given = found.filter(|length| *length > 0.0);
            given.map(|length| side(name, length)).transpose()
        };
        let view_box = root.attribute("viewBox").and_then(|text| {
            let view_box = svgtypes::ViewBox::from_str(text).ok()?;
            let origin = (view_box.x, view_box.y);
            let rect = Rect::from_origin_size(origin, (view_box.w, view_box.h));
            (rect.is_finite() && view_box.w > 0.0 && view_box.h > 0.0).then_some(rect)
        });
        if let Some(view_box) = view_box {
            sides("viewBox", view_box.width(), view_box.height())?;
        }
        let aspect = root
            .attribute("preserveAspectRatio")
            .and_then(|text| AspectRatio::from_str(text).ok());
        Ok(Self {
            width: length("width")?,
            height: length("height")?,
            view_box,
            aspect: aspect.unwrap_or_default(),
            unit: unit(root),
        })
    }

    /// Pixels per unit of the content, the larger of both directions.
    pub(crate) fn pixels(&self) -> f64 {
        let (width, height) = self.viewport();
        let across = self.width.map(|pixels| pixels / width);
        let down = self.height.map(|pixels| pixels / height);
        across
            .into_iter()
            .chain(down)
            .reduce(f64::max)
            .unwrap_or(1.0)
    }

    /// The unit in which the sides are said: the width's where they differ.
    pub(crate) fn unit(&self) -> LengthUnit {
        self.unit
    }

    /// Width and height that percentages refer to.
    pub(crate) fn viewport(&self) -> (f64, f64) {
        match self.view_box {
            Some(rect) => (rect.width(), rect.height()),
            None => (self.width.unwrap_or(100.0), self.height.unwrap_or(100.0)),
        }
    }

    /// The part of user space that is to be seen, as far as the root says.
    pub(crate) fn view(&self) -> Rect {
        self.view_box.unwrap_or_else(|| {
            let (width, height) = self.viewport();
            Rect::new(0.0, 0.0, width, height)
        })
    }

    /// The canvas, whose sides and view box can be drawn and written.
    ///
    /// # Errors
    /// When there is neither a size nor content to take it from, or a side or the ratio of the
    /// sides is beyond what can be drawn.
    pub(crate) fn canvas(&self, content: Option<Rect>) -> Result<Canvas, ParseError> {
        let Some(view) = self.view_box else {
            let width = self.width.or(content.map(|bounds| bounds.x1));
            let height = self.height.or(content.map(|bounds| bounds.y1));
            let (Some(width), Some(height)) = (width, height) else {
                return Err(ParseError::NoSize);
            };
            if !(width > 0.0 && height > 0.0) {
                return Err(ParseError::NoSize);
            }
            sides("size", width, height)?;
            return Ok(Canvas {
                width,
                height,
                view_box: Rect::new(0.0, 0.0, width, height),
                content: Affine::IDENTITY,
            });
        };
        let ratio = view.width() / view.height();
        let (width, height) = match (self.width, self.height) {
            (Some(width), Some(height)) => (width, height),
            (Some(width), None) => (width, width / ratio),
            (None, Some(height)) => (height * ratio, height),
            (None, None) => (view.width(), view.height()),
        };
        sides("size", width, height)?;
        let (across, down) = (width / view.width(), height / view.height());
        let is_even = (across - down).abs() <= 1e-9 * across;
        let (view_box, content) = if is_even || is_default(self.aspect) {
            (view, Affine::IDENTITY)
        } else if self.aspect.align == Align::None {
            let fit = Affine::scale_non_uniform(across, down);
            let content = fit * Affine::translate((-view.x0, -view.y0));
            (Rect::new(0.0, 0.0, width, height), content)
        } else {
            let view = visible(view, self.aspect, width, height);
            sides("viewBox", view.width(), view.height())?;
            (view, Affine::IDENTITY)
        };
        Ok(Canvas {
            width,
            height,
            view_box,
            content,
        })
    }
}

/// What a canvas shows of user space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shown {
    /// Pixels.
    pub(crate) width: f64,
    /// Pixels.
    pub(crate) height: f64,
    /// The part of user space that fills the canvas.
    pub(crate) view: Rect,
}

impl Frame {
    /// What the canvas shows; `None` when its size depends on the content.
    pub(crate) fn shown(&self) -> Option<Shown> {
        let canvas = self.canvas(None).ok()?;
        let (width, height) = (canvas.width, canvas.height);
        let view = match self.view_box {
            Some(view) if self.aspect.align == Align::None => view,
            _ => visible(canvas.view_box, AspectRatio::default(), width, height),
        };
        Some(Shown {
            width,
            height,
            view,
        })
    }
}

impl Document {
    /// Gives the document a size in pixels. The view box is made wider or higher around its middle
    /// until it has the size's proportions, so that all that it showed stays in sight, undistorted.
    ///
    /// # Errors
    /// When the size or the view box it leads to is beyond what can be drawn and read again. The
    /// document stays as it was.
    pub fn set_size(&mut self, width: f64, height: f64) -> Result<(), ParseError> {
        sides("size", width, height)?;
        let view = visible(self.view_box, AspectRatio::default(), width, height);
        sides("viewBox", view.width(), view.height())?;
        (self.width, self.height, self.view_box) = (width, height, view);
        self.metadata.unit = LengthUnit::Pixel;
        Ok(())
    }
}

/// The part of user space on the canvas, which has the canvas's proportions.
fn visible(view: Rect, aspect: AspectRatio, width: f64, height: f64) -> Rect {
    let (across, down) = (width / view.width(), height / view.height());
    let scale = if aspect.slice {
        across.max(down)
    } else {
        across.min(down)
    };
    let (horizontal, vertical) = match aspect.align {
        Align::XMinYMin => (0.0, 0.0),
        Align::XMidYMin => (0.5, 0.0),
        Align::XMaxYMin => (1.0, 0.0),
        Align::XMinYMid => (0.0, 0.5),
        Align::XMaxYMid => (1.0, 0.5),
        Align::XMinYMax => (0.0, 1.0),
        Align::XMidYMax => (0.5, 1.0),
        Align::XMaxYMax => (1.0, 1.0),
        Align::XMidYMid | Align::None => (0.5, 0.5),
    };
    let (shown_width, shown_height) = (width / scale, height / scale);
    let x = view.x0 - (shown_width - view.width()) * horizontal;
    let y = view.y0 - (shown_height - view.height()) * vertical;
    Rect::new(x, y, x + shown_width, y + shown_height)
}

fn is_default(aspect: AspectRatio) -> bool {
    aspect.align == Align::XMidYMid && !aspect.slice
}

/// A side that can be drawn and written.
fn side(attribute: &'static str, length: f64) -> Result<f64, ParseError> {
    if (MIN_SIDE..=MAX_SIDE).contains(&length) {
        return Ok(length);
    }
    Err(ParseError::SideOutOfRange {
        attribute,
        found: format!("{length:e}"),
        least: MIN_SIDE.to_string(),
        most: MAX_SIDE.to_string(),
    })
}

/// Two sides that can be drawn and written together.
fn sides(attribute: &'static str, width: f64, height: f64) -> Result<(), ParseError> {
    side(attribute, width)?;
    side(attribute, height)?;
    if width.max(height) / width.min(height) > f64::from(MAX_RATIO) {
        return Err(ParseError::TooNarrow {
            attribute,
            limit: MAX_RATIO,
        });
    }
    Ok(())
}

/// A length that is no percentage.
fn parsed(text: &str) -> Option<Length> {
    let length = Length::from_str(text.trim()).ok()?;
    (length.unit != svgtypes::LengthUnit::Percent).then_some(length)
}

/// A length in CSS pixels (96 to the inch, 16 to the em).
fn pixels(length: Length) -> f64 {
    let factor = match length.unit {
        svgtypes::LengthUnit::Em => 16.0,
        svgtypes::LengthUnit::Ex => 8.0,
        _ => physical(length.unit).pixels(),
    };
    length.number * factor
}

/// The unit in which a document can be written again.
fn physical(unit: svgtypes::LengthUnit) -> LengthUnit {
    match unit {
        svgtypes::LengthUnit::In => LengthUnit::Inch,
        svgtypes::LengthUnit::Cm => LengthUnit::Centimetre,
        svgtypes::LengthUnit::Mm => LengthUnit::Millimetre,
        svgtypes::LengthUnit::Pt => LengthUnit::Point,
        svgtypes::LengthUnit::Pc => LengthUnit::Pica,
        _ => LengthUnit::Pixel,
    }
}

/// The unit of a root element's sides.
fn unit(root: &Element) -> LengthUnit {
    let sides = ["width", "height"].into_iter();
    let mut lengths = sides.filter_map(|name| parsed(root.attribute(name)?));
    lengths
        .find(|length| length.number > 0.0)
        .map_or(LengthUnit::Pixel, |length| physical(length.unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas(attributes: &[(&'static str, &str)]) -> Result<Canvas, ParseError> {
        let attributes = attributes
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        let root = Element {
            name: "svg",
            attributes: attributes.collect(),
            ..Element::default()
        };
        Frame::of(&root)?.canvas(Some(Rect::new(5.0, 5.0, 30.0, 40.0)))
    }

    fn shown(attributes: &[(&'static str, &str)]) -> (f64, f64, Rect) {
        let canvas = canvas(attributes).expect("has a size");
        (canvas.width, canvas.height, canvas.view_box)
    }

    #[test]
    fn sizes_come_from_where_they_can() {
        let view = Rect::new(1.0, 2.0, 21.0, 12.0);
        assert_eq!(shown(&[("viewBox", "1 2 20 10")]), (20.0, 10.0, view));
        assert_eq!(
            shown(&[("viewBox", "1 2 20 10"), ("width", "1in")]),
            (96.0, 48.0, view)
        );
        assert_eq!(
            shown(&[("viewBox", "1 2 20 10"), ("height", "100%")]),
            (20.0, 10.0, view)
        );
        assert_eq!(
            shown(&[("width", "8"), ("height", "6")]),
            (8.0, 6.0, Rect::new(0.0, 0.0, 8.0, 6.0))
        );
        assert_eq!(shown(&[]), (30.0, 40.0, Rect::new(0.0, 0.0, 30.0, 40.0)));
        assert_eq!(shown(&[("width", "100%"), ("height", "0")]).0, 30.0);
    }

    #[test]
    fn number_and_unit_are_written_as_they_were() {
        for (width, height, written, side) in [
            ("100mm", "80mm", ["100mm", "80mm"], 377.953),
            ("8.5in", "11in", ["8.5in", "11in"], 816.0),
            ("21cm", "297mm", ["21cm", "29.7cm"], 793.701),
            ("595.276pt", "841.89pt", ["595.276pt", "841.89pt"], 793.701),
            ("12pc", "6pc", ["12pc", "6pc"], 192.0),
            ("640px", "480", ["640", "480"], 640.0),
            ("100%", "50mm", ["100mm", "50mm"], 377.953),
            ("2em", "16", ["32", "16"], 32.0),
        ] {
            let svg = format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' \
                 viewBox='0 0 20 10' preserveAspectRatio='none'><path d='M0 0h9v9z'/></svg>"
            );
            let parsed = Document::parse(svg.as_bytes(), &crate::ParseLimits::default());
            let document = parsed.expect("is sound").document;
            assert!((document.width - side).abs() < 1e-3, "{}", document.width);
            let text = document.to_svg(&crate::WriteOptions::default());
            let [width, height] = written;
            let expected = format!("width=\"{width}\" height=\"{height}\"");
            assert!(text.contains(&expected), "{expected}: {text}");
        }
    }

    #[test]
    fn sizes_that_cannot_be_drawn_are_refused() {
        let side_of = |attributes: &[(&'static str, &str)]| match canvas(attributes) {
            Err(ParseError::SideOutOfRange { attribute, .. }) => attribute,
            other => panic!("{other:?}"),
        };
        assert_eq!(side_of(&[("width", "1e30"), ("height", "5")]), "width");
        assert_eq!(side_of(&[("width", "5"), ("height", "1e-9")]), "height");
        assert_eq!(side_of(&[("viewBox", "0 0 1e-30 1e-30")]), "viewBox");
        assert_eq!(
            side_of(&[("viewBox", "0 0 1 1e8"), ("width", "5")]),
            "viewBox"
        );
        // What follows from the other side and the view box.
        assert_eq!(
            side_of(&[("viewBox", "0 0 9000 1"), ("height", "900000")]),
            "size"
        );
        for attributes in [
            &[("viewBox", "0 0 1 10001")][..],
            &[("width", "20000"), ("height", "1")],
            &[("viewBox", "0 0 1 1"), ("width", "1"), ("height", "20000")],
        ] {
            let found = canvas(attributes);
            assert!(
                matches!(found, Err(ParseError::TooNarrow { .. })),
                "{found:?}"
            );
        }
        assert!(canvas(&[("viewBox", "0 0 1 10000")]).is_ok());
    }

    #[test]
    fn a_new_size_widens_the_view_or_is_refused() {
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 10 10'/>";
        let parsed = Document::parse(svg, &crate::ParseLimits::default());
        let mut document = parsed.expect("is sound").document;
        document.metadata.unit = LengthUnit::Millimetre;
        document.set_size(320.0, 240.0).expect("can be drawn");
        assert_eq!(document.metadata.unit, LengthUnit::Pixel);
        assert_eq!((document.width, document.height), (320.0, 240.0));
        let view = document.view_box;
        assert!((view.width() - 40.0 / 3.0).abs() < 1e-9 && view.height() == 10.0);
        assert_eq!(view.center(), Rect::new(0.0, 0.0, 10.0, 10.0).center());

        // Each side of the view is in range; the widened one is not.
        document.view_box = Rect::new(0.0, 0.0, 10.0, 808_254.0);
        let before = document.clone();
        let refused = document.set_size(320.0, 240.0);
        assert!(
            matches!(refused, Err(ParseError::SideOutOfRange { .. })),
            "{refused:?}"
        );
        assert_eq!(document, before);
    }

    #[test]
    fn other_fits_become_the_part_that_shows() {
        let square = [("viewBox", "0 0 10 10"), ("width", "20"), ("height", "10")];
        let with = |aspect: &'static str| {
            let mut attributes = square.to_vec();
            attributes.push(("preserveAspectRatio", aspect));
            canvas(&attributes).expect("has a size")
        };
        assert_eq!(with("xMidYMid").view_box, Rect::new(0.0, 0.0, 10.0, 10.0));
        assert_eq!(with("xMinYMid").view_box, Rect::new(0.0, 0.0, 20.0, 10.0));
        assert_eq!(with("xMaxYMid").view_box, Rect::new(-10.0, 0.0, 10.0, 10.0));
        assert_eq!(
            with("xMidYMax slice").view_box,
            Rect::new(0.0, 5.0, 10.0, 10.0)
        );
        let stretched = with("none");
        assert_eq!(stretched.view_box, Rect::new(0.0, 0.0, 20.0, 10.0));
        assert_eq!(stretched.content, Affine::scale_non_uniform(2.0, 1.0));
    }
}
