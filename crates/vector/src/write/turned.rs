//! Ellipses and rectangles with round corners that are turned: elements with a rotation about their
//! middle. Rectangles with sharp corners are shorter as polygons.

use kurbo::{Affine, BezPath, PathEl, PathSeg, Point, Rect, Shape as _, flatten};

use crate::{Paint, Shape};

use super::basic::{Basic, rounded_rect};
use super::number::{number, rounded};
use super::primitive::{Ellipse, as_ellipse};

/// Most decimals of an angle in degrees.
const ANGLE_DECIMALS: u8 = 2;

/// A basic shape that is turned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Turned {
    upright: Upright,
    /// By how many degrees, clockwise, about its middle.
    degrees: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Upright {
    Ellipse(Ellipse),
    /// A rectangle, and the radii of its corners.
    Rect(Rect, [f64; 2]),
}

impl Upright {
    fn of(path: &BezPath, tolerance: f64, is_filled_only: bool) -> Option<Self> {
        match as_ellipse(path, tolerance, is_filled_only) {
            Some(ellipse) => Some(Self::Ellipse(ellipse)),
            None => match rounded_rect(path, tolerance, is_filled_only)? {
                Basic::Rect(rect, radii) => Some(Self::Rect(rect, radii)),
                _ => None,
            },
        }
    }
}

impl Turned {
    /// The turned basic shape that a shape is; no point of it moves by more than about
    /// `tolerance`. Gradients and dashes would turn with the element.
    pub(crate) fn of(shape: &Shape, tolerance: f64) -> Option<Self> {
        let fill = shape.fill.as_ref().map(|fill| &fill.paint);
        let stroke = shape.stroke.as_ref();
        let mut paints = fill.into_iter().chain(stroke.map(|stroke| &stroke.paint));
        let is_plain = paints.all(|paint| matches!(paint, Paint::Solid(_)))
            && stroke.is_none_or(|stroke| stroke.dashes.is_empty());
        let curves = shape.path.elements().iter();
        let has_curves = curves.clone().any(|el| matches!(el, PathEl::CurveTo(..)));
        if !is_plain || !has_curves || !shape.path.is_finite() {
            return None;
        }
        let is_filled_only = stroke.is_none();
        let upright = |path: &BezPath| Upright::of(path, tolerance, is_filled_only);
        if upright(&shape.path).is_some() {
            return None;
        }
        let angle = angle_of(&shape.path, tolerance);
        let middle = shape.path.bounding_box().center();
        (0..=ANGLE_DECIMALS).find_map(|decimals| {
            let degrees = rounded(angle, decimals);
            let back = Affine::rotate_about(-degrees.to_radians(), middle) * &shape.path;
            let upright = upright(&back)?;
            Some(Self { upright, degrees })
        })
    }

    /// The element's name.
    pub(crate) fn element(&self) -> &'static str {
        match self.upright {
            Upright::Ellipse(_) => "ellipse",
            Upright::Rect(..) => "rect",
        }
    }

    /// Its geometry as attributes.
    pub(crate) fn attributes(&self, decimals: u8) -> Vec<(&'static str, String)> {
        let text = |value: f64| number(value, decimals);
        let mut found = match self.upright {
            Upright::Ellipse(ellipse) => vec![
                ("cx", text(ellipse.center.x)),
                ("cy", text(ellipse.center.y)),
                ("rx", text(ellipse.across)),
                ("ry", text(ellipse.down)),
            ],
            Upright::Rect(rect, radii) => Basic::Rect(rect, radii).attributes(decimals),
        };
        let [angle, x, y] = [
            number(self.degrees, ANGLE_DECIMALS),
            text(self.middle().x),
            text(self.middle().y),
        ];
        found.push(("transform", format!("rotate({angle} {x} {y})")));
        found
    }

    /// The outline that it has as it is written; `ellipse` and `rect` draw those of upright ones.
    pub(crate) fn outline(
        &self,
        decimals: u8,
        ellipse: impl Fn(&Ellipse) -> BezPath,
        rect: impl Fn(Rect, [f64; 2]) -> BezPath,
    ) -> BezPath {
        let middle = self.middle();
        let middle = Point::new(rounded(middle.x, decimals), rounded(middle.y, decimals));
        let upright = match &self.upright {
            Upright::Ellipse(own) => ellipse(own),
            Upright::Rect(own, radii) => rect(*own, *radii),
        };
        Affine::rotate_about(self.degrees.to_radians(), middle) * upright
    }

    fn middle(&self) -> Point {
        match self.upright {
            Upright::Ellipse(ellipse) => ellipse.center,
            Upright::Rect(rect, _) => rect.center(),
        }
    }
}

/// By how many degrees an outline is turned, within an eighth of a turn: by its longest straight
/// side, else by the axes of its area.
fn angle_of(path: &BezPath, tolerance: f64) -> f64 {
    let lines = path.segments().filter_map(|segment| match segment {
        PathSeg::Line(line) => Some(line.p1 - line.p0),
        _ => None,
    });
    let longest = lines.max_by(|a, b| a.hypot2().total_cmp(&b.hypot2()));
    let angle = match longest.filter(|side| side.hypot() > 2.0 * tolerance) {
        Some(side) => side.atan2(),
        None => axis_of(path, tolerance),
    };
    let quarters = (angle / std::f64::consts::FRAC_PI_2).round();
    (angle - quarters * std::f64::consts::FRAC_PI_2).to_degrees()
}

/// The direction of the longer axis of an outline's area, in radians.
fn axis_of(path: &BezPath, tolerance: f64) -> f64 {
    let middle = path.bounding_box().center();
    let mut points: Vec<Point> = Vec::new();
    flatten(path, 0.1 * tolerance, |element| {
        if let PathEl::MoveTo(point) | PathEl::LineTo(point) = element {
            points.push((point - middle).to_point());
        }
    });
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (a, b) in points.iter().zip(points.iter().cycle().skip(1)) {
        let cross = a.to_vec2().cross(b.to_vec2());
        xx += cross * (a.x * a.x + a.x * b.x + b.x * b.x);
        yy += cross * (a.y * a.y + a.y * b.y + b.y * b.y);
        xy += cross * (a.x * b.y + 2.0 * a.x * a.y + 2.0 * b.x * b.y + b.x * a.y) * 0.5;
    }
    let sign = (xx + yy).signum();
    0.5 * (2.0 * sign * xy).atan2(sign * (xx - yy))
}

#[cfg(test)]
mod tests {
    use kurbo::{Circle, RoundedRect};

    use super::*;
    use crate::{Color, Stroke};

    fn shape(path: BezPath) -> Shape {
        Shape::filled("", path, Paint::Solid(Color::BLACK))
    }

    fn written(shape: &Shape) -> Option<String> {
        let turned = Turned::of(shape, 0.05)?;
        let attributes = turned.attributes(1).into_iter();
        let text: Vec<String> = attributes
            .map(|(name, text)| format!("{name}={text}"))
            .collect();
        Some(format!("{} {}", turned.element(), text.join(" ")))
    }

    #[test]
    fn turned_ellipses_and_round_rectangles_are_known() {
        let mut leaf =
            kurbo::Ellipse::new((90.0, 120.0), (66.0, 26.0), 35_f64.to_radians()).to_path(0.01);
        leaf.close_path();
        let expected = "ellipse cx=90 cy=120 rx=66 ry=26 transform=rotate(35 90 120)";
        assert_eq!(written(&shape(leaf.clone())).as_deref(), Some(expected));
        // Its shorter axis is nearer to the horizontal.
        let steep = Affine::rotate_about(50_f64.to_radians(), (90.0, 120.0)) * leaf;
        let expected = "ellipse cx=90 cy=120 rx=26 ry=66 transform=rotate(-5 90 120)";
        assert_eq!(written(&shape(steep)).as_deref(), Some(expected));
        let card = RoundedRect::new(70.0, 60.0, 180.0, 210.0, 12.0).to_path(0.01);
        let card = Affine::rotate_about(-12.5_f64.to_radians(), (125.0, 135.0)) * card;
        let expected = "rect x=70 y=60 width=110 height=150 rx=12 transform=rotate(-12.5 125 135)";
        let mut card = shape(card);
        assert_eq!(written(&card).as_deref(), Some(expected));
        card.stroke = Some(Stroke::solid(Paint::Solid(Color::WHITE), 3.0));
        assert_eq!(written(&card).as_deref(), Some(expected));
    }

    #[test]
    fn what_is_upright_or_sharp_or_no_such_shape_is_not() {
        let upright = RoundedRect::new(0.0, 0.0, 40.0, 30.0, 6.0).to_path(0.01);
        let sharp = Affine::rotate(0.3) * Rect::new(0.0, 0.0, 40.0, 30.0).to_path(0.1);
        let drop = BezPath::from_svg("M0 0C0 9 5 10 10 10S20 5 20 0z").expect("a path");
        for path in [
            upright,
            sharp,
            drop,
            Circle::new((9.0, 9.0), 5.0).to_path(0.01),
        ] {
            assert_eq!(written(&shape(path)), None);
        }
    }

    #[test]
    fn it_is_drawn_as_it_is_written() {
        let outline = kurbo::Ellipse::new((50.04, 40.0), (30.0, 12.0), 0.5).to_path(1e-3);
        let turned = Turned::of(&shape(outline), 0.05).expect("is turned");
        let drawn = turned.outline(
            1,
            |ellipse| {
                let radii = (ellipse.across, ellipse.down);
                kurbo::Ellipse::new(ellipse.center, radii, 0.0).to_path(1e-3)
            },
            |rect, _| rect.to_path(0.1),
        );
        let bounds = drawn.bounding_box();
        assert!((bounds.center().x - 50.0).abs() < 0.06, "{bounds:?}");
        assert!((bounds.width() - 53.9).abs() < 0.3, "{bounds:?}");
    }
}
