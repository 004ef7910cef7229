//! About how many bytes things take when they are written, for those who weigh a picture's error
//! against them before anything is written.

use kurbo::PathEl;

use crate::{Paint, Shape};

/// About how many bytes parts of a drawing take in a file.
#[derive(Clone, Copy, Debug)]
pub enum ByteCost {}

impl ByteCost {
    /// A path without its points: its tag, its colour, what is around both.
    pub const ELEMENT: f64 = 40.0;
    /// What a path takes less when it becomes a part of another of its colour.
    pub const JOINED: f64 = 30.0;
    /// A point of an outline.
    pub const POINT: f64 = 6.8;
    /// A number of a point or of a basic shape.
    pub const NUMBER: f64 = 0.5 * Self::POINT;
    /// The last digit of a number: a tenth of them are zeros, which are not written.
    pub const DIGIT: f64 = 0.9;
    /// A pixel of border between two regions of a picture, which is in the outline of one of them.
    pub const BORDER: f64 = 0.5;
    /// What a pixel by which an outline may be off its contour saves of that.
    pub const TOLERANCE: f64 = 4.0;
    /// A stroke, without a gradient.
    pub const STROKE: f64 = 34.0;
    /// A gradient without its stops.
    pub const GRADIENT: f64 = 90.0;
    /// A stop of a gradient.
    pub const STOP: f64 = 40.0;
    /// A gradient before its stops are known.
    pub const USUAL_GRADIENT: f64 = Self::GRADIENT + 2.0 * Self::STOP;
    /// A shape before its outline is known.
    pub const USUAL_SHAPE: f64 = Self::ELEMENT + 16.0 * Self::POINT;

    /// A shape.
    pub fn of(shape: &Shape) -> f64 {
        let points: usize = shape.path.elements().iter().map(points_of).sum();
        let fill = shape.fill.as_ref().map_or(0.0, |fill| paint(&fill.paint));
        let stroke = shape.stroke.as_ref();
        let stroke = stroke.map_or(0.0, |stroke| Self::STROKE + paint(&stroke.paint));
        Self::ELEMENT + Self::POINT * points as f64 + fill + stroke
    }
}

/// Points that an element of a path has of its own.
pub fn points_of(element: &PathEl) -> usize {
    match element {
        PathEl::MoveTo(_) | PathEl::LineTo(_) => 1,
        PathEl::QuadTo(..) => 2,
        PathEl::CurveTo(..) => 3,
        PathEl::ClosePath => 0,
    }
}

fn paint(paint: &Paint) -> f64 {
    let stops = match paint {
        Paint::Solid(_) => return 0.0,
        Paint::Linear(gradient) => gradient.stops.len(),
        Paint::Radial(gradient) => gradient.stops.len(),
    };
    ByteCost::GRADIENT + ByteCost::STOP * stops as f64
}

#[cfg(test)]
mod tests {
    use kurbo::{Circle, Rect, Shape as _};

    use super::*;
    use crate::{
        Color, Document, GradientStop, LineCap, LineJoin, LinearGradient, Node, Spread, Stroke,
        WriteOptions,
    };

    #[test]
    fn shapes_take_about_what_is_said() {
        let blob = kurbo::BezPath::from_svg(
            "M103.4 87.2C141.7 60.3 230.9 71.8 244.1 122.5S201.3 260.7 149.8 251.2 61.4 201.9 66.3 \
             149.6 80.2 103.5 103.4 87.2Z",
        );
        let color = Paint::Solid(Color::new(0.2, 0.5, 0.7));
        let stop = |offset, value| GradientStop {
            offset,
            color: Color::new(value, 0.5, 0.4),
            opacity: 1.0,
        };
        let gradient = Paint::Linear(LinearGradient {
            start: kurbo::Point::new(10.0, 20.0),
            end: kurbo::Point::new(200.0, 210.0),
            transform: kurbo::Affine::IDENTITY,
            stops: vec![stop(0.0, 0.1), stop(1.0, 0.9)],
            spread: Spread::Pad,
        });
        let outline = blob.expect("a path");
        let mut lined = Shape::filled("", outline.clone(), color.clone());
        lined.stroke = Some(Stroke {
            paint: Paint::Solid(Color::new(0.9, 0.1, 0.1)),
            opacity: 1.0,
            width: 2.5,
            cap: LineCap::Butt,
            join: LineJoin::Miter,
            miter_limit: 4.0,
            dashes: Vec::new(),
            dash_offset: 0.0,
        });
        let polygon = Rect::new(10.3, 20.4, 57.8, 80.9)
            .to_path(0.1)
            .into_iter()
            .chain(Circle::new((300.2, 300.7), 60.3).to_path(0.01));
        let shapes = [
            Shape::filled("", outline.clone(), color.clone()),
            Shape::filled("", outline, gradient),
            Shape::filled("", polygon.collect(), color),
            lined,
        ];
        let mut document = Document::empty(512.0, 512.0);
        let bytes = |document: &Document| document.to_svg(&WriteOptions::default()).len() as f64;
        let (mut said, mut taken) = (0.0, 0.0);
        for shape in shapes {
            let before = bytes(&document);
            let cost = ByteCost::of(&shape);
            document.layers.push(Node::Shape(shape));
            let own = bytes(&document) - before;
            assert!((0.6..1.6).contains(&(cost / own)), "{cost} of {own}");
            (said, taken) = (said + cost, taken + own);
        }
        assert!((0.8..1.25).contains(&(said / taken)), "{said} of {taken}");
    }

    #[test]
    fn a_digit_less_saves_about_what_is_said() {
        let path = |digits: u8| {
            let at = |angle: f64| (120.0 + 87.3 * angle.sin(), 130.0 + 91.7 * angle.cos());
            let points = (0..200).map(|index| at(f64::from(index)));
            let mut path = kurbo::BezPath::new();
            path.move_to(at(0.5));
            points.for_each(|point| path.line_to(point));
            crate::snapped_outline(&path, digits)
        };
        let bytes = |digits: u8| {
            let mut document = Document::empty(256.0, 256.0);
            let shape = Shape::filled("", path(digits), Paint::Solid(Color::BLACK));
            document.layers.push(Node::Shape(shape));
            document.to_svg(&WriteOptions::default()).len() as f64
        };
        let saved = (bytes(2) - bytes(1)) / 400.0;
        assert!((0.8..1.25).contains(&(ByteCost::DIGIT / saved)), "{saved}");
    }
}
