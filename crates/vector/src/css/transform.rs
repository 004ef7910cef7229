//! Transforms of CSS: the property `transform`, those beside it, and the point that they turn
//! around.

use cssparser::{Parser, Token};
use kurbo::{Affine, Point, Rect, Vec2};

use super::number::{self, Basis, NotThis, Number, wrong};

/// What lengths of a transform refer to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// What percentages of a translation and the origin refer to.
    pub(crate) reference: Rect,
    pub(crate) basis: Basis,
}

impl Frame {
    fn across(&self) -> Basis {
        Basis {
            percent: Some(self.reference.width()),
            ..self.basis
        }
    }

    fn down(&self) -> Basis {
        Basis {
            percent: Some(self.reference.height()),
            ..self.basis
        }
    }
}

/// A transform, and whether it leaves the plane, which is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) affine: Affine,
    pub(crate) leaves_plane: bool,
}

impl Found {
    const NONE: Self = Self {
        affine: Affine::IDENTITY,
        leaves_plane: false,
    };
}

impl From<Affine> for Found {
    fn from(affine: Affine) -> Self {
        Self {
            affine,
            leaves_plane: false,
        }
    }
}

/// The property `transform`.
pub(crate) fn transform(text: &str, frame: &Frame) -> Option<Found> {
    let mut input = Parser::new(text);
    let list = |input: &mut Parser<'_>| {
        if number::takes_none(input) {
            return Ok(Found::NONE);
        }
        let mut out = Found::NONE;
        loop {
            let name = input.expect_function()?.to_ascii_lowercase();
            let next = input.parse_nested_block(|input| function(input, &name, frame))?;
            out.affine *= next.affine;
            out.leaves_plane |= next.leaves_plane;
            if input.is_exhausted() {
                return Ok(out);
            }
        }
    };
    input.parse_entirely(list).ok()
}

fn function(input: &mut Parser<'_>, name: &str, frame: &Frame) -> Result<Found, NotThis> {
    let (across, down) = (frame.across(), frame.down());
    let more = |input: &mut Parser<'_>| -> Result<bool, NotThis> {
        if input.is_exhausted() {
            return Ok(false);
        }
        input.expect_comma()?;
        Ok(true)
    };
    let turned = |degrees: f64| Affine::rotate(degrees.to_radians());
    let flat = match name {
        "translate" => {
            let x = number::length(input, &across)?;
            let y = if more(input)? {
                number::length(input, &down)?
            } else {
                0.0
            };
            Affine::translate((x, y))
        }
        "translatex" => Affine::translate((number::length(input, &across)?, 0.0)),
        "translatey" => Affine::translate((0.0, number::length(input, &down)?)),
        "translate3d" => {
            let x = number::length(input, &across)?;
            input.expect_comma()?;
            let y = number::length(input, &down)?;
            input.expect_comma()?;
            number::length(input, &frame.basis)?;
            Affine::translate((x, y))
        }
        // Without perspective nothing changes when it comes nearer.
        "translatez" => {
            number::length(input, &frame.basis)?;
            Affine::IDENTITY
        }
        "scale" => {
            let x = number::share(input)?;
            let y = if more(input)? {
                number::share(input)?
            } else {
                x
            };
            Affine::scale_non_uniform(x, y)
        }
        "scalex" => Affine::scale_non_uniform(number::share(input)?, 1.0),
        "scaley" => Affine::scale_non_uniform(1.0, number::share(input)?),
        "scale3d" => {
            let x = number::share(input)?;
            input.expect_comma()?;
            let y = number::share(input)?;
            input.expect_comma()?;
            number::share(input)?;
            Affine::scale_non_uniform(x, y)
        }
        "scalez" => {
            number::share(input)?;
            Affine::IDENTITY
        }
        "rotate" | "rotatez" => turned(number::angle(input)?),
        "skew" => {
            let x = number::angle(input)?;
            let y = if more(input)? {
                number::angle(input)?
            } else {
                0.0
            };
            skew(x, y)
        }
        "skewx" => skew(number::angle(input)?, 0.0),
        "skewy" => skew(0.0, number::angle(input)?),
        "matrix" => {
            let numbers = input.parse_comma_separated(number::plain)?;
            Affine::new(numbers.try_into().map_err(|_| wrong())?)
        }
        "matrix3d" => {
            let m: [f64; 16] = input
                .parse_comma_separated(number::plain)?
                .try_into()
                .map_err(|_| wrong())?;
            let flat = [2, 3, 6, 7, 8, 9, 11, 14].iter().all(|at| m[*at] == 0.0);
            let affine = Affine::new([m[0], m[1], m[4], m[5], m[12], m[13]]);
            return Ok(Found {
                affine,
                leaves_plane: !(flat && m[10] == 1.0 && m[15] == 1.0),
            });
        }
        "rotatex" | "rotatey" => {
            let degrees = number::angle(input)?;
            // Seen from afar, what turns out of the plane becomes narrower.
            let narrowed = degrees.to_radians().cos();
            if name == "rotatex" {
                Affine::scale_non_uniform(1.0, narrowed)
            } else {
                Affine::scale_non_uniform(narrowed, 1.0)
            }
        }
        "rotate3d" => {
            let axis = [(); 3].map(|()| {
                let part = number::plain(input);
                part.and_then(|part| input.expect_comma().map(|()| part).map_err(Into::into))
            });
            let [x, y, z] = axis;
            let degrees = number::angle(input)?;
            return Ok(around(x?, y?, z?, degrees));
        }
        "perspective" => {
            if !number::takes_none(input) {
                number::length(input, &frame.basis)?;
            }
            return Ok(Found {
                affine: Affine::IDENTITY,
                leaves_plane: true,
            });
        }
        _ => return Err(wrong()),
    };
    Ok(flat.into())
}

fn skew(x: f64, y: f64) -> Affine {
    let (x, y) = (x.to_radians().tan(), y.to_radians().tan());
    Affine::new([1.0, y, x, 1.0, 0.0, 0.0])
}

/// A turn around an axis in space.
fn around(x: f64, y: f64, z: f64, degrees: f64) -> Found {
    if x == 0.0 && y == 0.0 {
        let turn = if z < 0.0 { -degrees } else { degrees };
        let turn = if z == 0.0 { 0.0 } else { turn };
        return Affine::rotate(turn.to_radians()).into();
    }
    Found {
        affine: Affine::IDENTITY,
        leaves_plane: true,
    }
}

/// The property `translate`.
pub(crate) fn translate(text: &str, frame: &Frame) -> Option<Found> {
    let (across, down) = (frame.across(), frame.down());
    let mut input = Parser::new(text);
    let value = |input: &mut Parser<'_>| {
        if number::takes_none(input) {
            return Ok(Found::NONE);
        }
        let x = number::length(input, &across)?;
        let y = input
            .try_parse(|input| number::length(input, &down))
            .unwrap_or(0.0);
        let _ = input.try_parse(|input| number::length(input, &frame.basis));
        Ok(Affine::translate((x, y)).into())
    };
    input.parse_entirely(value).ok()
}

/// The property `rotate`.
pub(crate) fn rotate(text: &str) -> Option<Found> {
    let mut input = Parser::new(text);
    let value = |input: &mut Parser<'_>| {
        if number::takes_none(input) {
            return Ok(Found::NONE);
        }
        let before = axis(input);
        let angle = number::angle(input)?;
        let [x, y, z] = before.or_else(|| axis(input)).unwrap_or([0.0, 0.0, 1.0]);
        Ok(around(x, y, z, angle))
    };
    input.parse_entirely(value).ok()
}

/// The axis of a turn.
fn axis(input: &mut Parser<'_>) -> Option<[f64; 3]> {
    let found = input.try_parse(|input| {
        Ok::<_, NotThis>(match input.next()?.clone() {
            Token::Ident(name) => match name.to_ascii_lowercase().as_str() {
                "x" => [1.0, 0.0, 0.0],
                "y" => [0.0, 1.0, 0.0],
                "z" => [0.0, 0.0, 1.0],
                _ => return Err(wrong()),
            },
            Token::Number { value, .. } => [
                f64::from(value),
                number::plain(input)?,
                number::plain(input)?,
            ],
            _ => return Err(wrong()),
        })
    });
    found.ok()
}

/// The property `scale`.
pub(crate) fn scale(text: &str) -> Option<Found> {
    let mut input = Parser::new(text);
    let value = |input: &mut Parser<'_>| {
        if number::takes_none(input) {
            return Ok(Found::NONE);
        }
        let x = number::share(input)?;
        let y = input.try_parse(number::share).unwrap_or(x);
        let _ = input.try_parse(number::share);
        Ok(Affine::scale_non_uniform(x, y).into())
    };
    input.parse_entirely(value).ok()
}

/// The property `transform-origin`, in the coordinates that the reference box is in; as an
/// attribute it needs no units.
pub(crate) fn origin(text: &str, frame: &Frame, takes_numbers: bool) -> Option<Point> {
    #[derive(Clone, Copy)]
    enum Part {
        Across(f64),
        Down(f64),
        Middle,
        Number(Number),
    }
    let value = |input: &mut Parser<'_>| -> Result<Part, NotThis> {
        let word = input.try_parse(|input| {
            Ok::<_, NotThis>(match input.expect_ident()?.to_ascii_lowercase().as_str() {
                "left" => Part::Across(0.0),
                "right" => Part::Across(1.0),
                "top" => Part::Down(0.0),
                "bottom" => Part::Down(1.0),
                "center" => Part::Middle,
                _ => return Err(wrong()),
            })
        });
        match word {
            Ok(word) => Ok(word),
            Err(_) => Number::parse(input, &frame.basis).map(Part::Number),
        }
    };
    let (width, height) = (frame.reference.width(), frame.reference.height());
    let resolve = |part: Part, whole: f64| {
        Ok(match part {
            Part::Across(share) | Part::Down(share) => share * whole,
            Part::Middle => 0.5 * whole,
            Part::Number(Number::Length(pixels)) => pixels,
            Part::Number(Number::Plain(pixels)) if takes_numbers || pixels == 0.0 => pixels,
            Part::Number(Number::Percent(percent)) => percent / 100.0 * whole,
            Part::Number(Number::Angle(_) | Number::Plain(_)) => return Err(wrong()),
        })
    };
    let mut input = Parser::new(text);
    let point = |input: &mut Parser<'_>| {
        let first = value(input)?;
        let Ok(second) = input.try_parse(value) else {
            return match first {
                Part::Down(_) => Ok(Vec2::new(0.5 * width, resolve(first, height)?)),
                _ => Ok(Vec2::new(resolve(first, width)?, 0.5 * height)),
            };
        };
        // A third is the depth.
        let _ = input.try_parse(|input| number::length(input, &frame.basis));
        match (first, second) {
            (Part::Down(_), Part::Across(_) | Part::Middle) | (Part::Middle, Part::Across(_)) => {
                Ok(Vec2::new(resolve(second, width)?, resolve(first, height)?))
            }
            (Part::Down(_), _) | (_, Part::Across(_)) => Err(wrong()),
            _ => Ok(Vec2::new(resolve(first, width)?, resolve(second, height)?)),
        }
    };
    let offset = input.parse_entirely(point).ok()?;
    Some(frame.reference.origin() + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame {
            reference: Rect::new(10.0, 20.0, 110.0, 70.0),
            basis: Basis::default(),
        }
    }

    fn coefficients(found: Option<Found>) -> Option<[f64; 6]> {
        let found = found.filter(|found| !found.leaves_plane)?;
        Some(
            found
                .affine
                .as_coeffs()
                .map(|value| (value * 1e6).round() / 1e6 + 0.0),
        )
    }

    #[test]
    fn functions_are_those_of_css() {
        for (text, expected) in [
            ("none", [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
            ("translate(60px, 50px)", [1.0, 0.0, 0.0, 1.0, 60.0, 50.0]),
            ("translate(10%,10%)", [1.0, 0.0, 0.0, 1.0, 10.0, 5.0]),
            ("translateX(1em) scale(2)", [2.0, 0.0, 0.0, 2.0, 16.0, 0.0]),
            ("ROTATE(0.25turn)", [0.0, 1.0, -1.0, 0.0, 0.0, 0.0]),
            ("rotate(100grad)", [0.0, 1.0, -1.0, 0.0, 0.0, 0.0]),
            ("scale(50%, 3)", [0.5, 0.0, 0.0, 3.0, 0.0, 0.0]),
            ("skewX(45deg)", [1.0, 0.0, 1.0, 1.0, 0.0, 0.0]),
            ("matrix(1, 2, 3, 4, 5, 6)", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            (
                "translate3d(1px, 2px, 3px) translateZ(0)",
                [1.0, 0.0, 0.0, 1.0, 1.0, 2.0],
            ),
            ("rotate3d(0, 0, 1, 90deg)", [0.0, 1.0, -1.0, 0.0, 0.0, 0.0]),
            ("rotateY(60deg)", [0.5, 0.0, 0.0, 1.0, 0.0, 0.0]),
            (
                "scale(calc(1 + 1)) translate(calc(1px + 2%))",
                [2.0, 0.0, 0.0, 2.0, 6.0, 0.0],
            ),
        ] {
            assert_eq!(
                coefficients(transform(text, &frame())),
                Some(expected),
                "{text}"
            );
        }
        for text in [
            "",
            "translate(60, 50)",
            "translate(60px 50px)",
            "rotate(45)",
            "rotate(45deg, 1px, 2px)",
            "matrix(1 0 0 1 5 6)",
            "translate(1px),scale(2)",
            "spin(1deg)",
            "rotate(1deg",
            "none none",
        ] {
            let found = transform(text, &frame());
            assert!(
                found.is_none() || text == "rotate(1deg",
                "{text}: {found:?}"
            );
        }
        assert!(transform("rotate3d(1, 1, 0, 45deg)", &frame()).is_some_and(|f| f.leaves_plane));
    }

    #[test]
    fn single_properties_and_origins() {
        let frame = frame();
        let moved = |text| coefficients(translate(text, &frame));
        assert_eq!(moved("10px"), Some([1.0, 0.0, 0.0, 1.0, 10.0, 0.0]));
        assert_eq!(moved("10% 10%"), Some([1.0, 0.0, 0.0, 1.0, 10.0, 5.0]));
        assert_eq!(moved("10"), None);
        let turned = Some([0.0, 1.0, -1.0, 0.0, 0.0, 0.0]);
        assert_eq!(coefficients(rotate("90deg")), turned);
        assert_eq!(coefficients(rotate("z 90deg")), turned);
        assert_eq!(coefficients(rotate("0 0 1 90deg")), turned);
        assert_eq!(
            coefficients(scale("2 50%")),
            Some([2.0, 0.0, 0.0, 0.5, 0.0, 0.0])
        );
        for (text, expected) in [
            ("center", Some((60.0, 45.0))),
            ("100px 70px", Some((110.0, 90.0))),
            ("top left", Some((10.0, 20.0))),
            ("bottom", Some((60.0, 70.0))),
            ("right 10%", Some((110.0, 25.0))),
            ("50% 50% 3px", Some((60.0, 45.0))),
            ("1 2", Some((11.0, 22.0))),
            ("10% left", None),
            ("everywhere", None),
        ] {
            assert_eq!(
                origin(text, &frame, true),
                expected.map(Point::from),
                "{text}"
            );
        }
        assert_eq!(origin("1 2", &frame, false), None);
    }
}
