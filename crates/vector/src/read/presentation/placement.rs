//! Transforms as CSS has them, with their origins and boxes, become the attribute `transform`.

use std::str::FromStr as _;

use kurbo::{Affine, Point, Rect, Vec2};

use super::super::frame::Frame;
use super::boxes::{Boxes, Extent};
use super::sizes::{Direction, Sizes};
use super::{remove_style, style};
use crate::css::number::Basis;
use crate::css::transform;
use crate::sanitise::{Element, Meter, ParseError, Tree, WarningKind, Warnings};

/// Properties that place an element, in styles and, some of them, as attributes.
const PROPERTIES: [&str; 6] = [
    "transform",
    "transform-box",
    "transform-origin",
    "translate",
    "rotate",
    "scale",
];

/// Transforms of elements.
pub(super) struct Placement<'a> {
    tree: &'a Tree,
    sizes: &'a Sizes,
    frame: &'a Frame,
}

/// A transform, and what of it could not be honoured.
#[derive(Clone, Copy, Debug, Default)]
struct Placed {
    affine: Affine,
    loss: Option<&'static str>,
}

/// Makes all transforms attributes.
///
/// # Errors
/// When the caller wants to stop.
pub(super) fn resolve(
    tree: &mut Tree,
    frame: &Frame,
    sizes: &Sizes,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<(), ParseError> {
    let placement = Placement { tree, sizes, frame };
    let mut boxes = Boxes::new(tree, sizes);
    let mut found = Vec::new();
    for (index, element) in tree.elements.iter().enumerate() {
        meter.add(1)?;
        let is_root = index == 0 && element.attribute("transform").is_some();
        if is_root || is_css(element) {
            let placed = placement.placed(index, &mut boxes);
            if let Some(loss) = placed.loss {
                let what = format!("{loss} of {}", tree.place(index));
                warnings.add(WarningKind::Presentation, &what);
            }
            found.push((index, placed.affine));
        }
    }
    for (index, affine) in found {
        let Some(element) = tree.elements.get_mut(index) else {
            continue;
        };
        remove_style(element, &PROPERTIES);
        for name in ["transform-box", "transform-origin"] {
            element.remove(name);
        }
        let attribute = attribute(element);
        if affine == Affine::IDENTITY || !affine.is_finite() {
            element.remove(attribute);
        } else {
            let numbers = affine.as_coeffs().map(|number| number.to_string());
            element.set(attribute, format!("matrix({})", numbers.join(" ")));
            if index == 0 {
                // The normaliser has browsers' origin, which the numbers hold already.
                element.set("transform-origin", "0 0".to_owned());
            }
        }
    }
    Ok(())
}

/// Whether an element is placed by what only CSS knows.
fn is_css(element: &Element) -> bool {
    let in_style = PROPERTIES.iter().any(|name| style(element, name).is_some());
    in_style || element.attribute("transform-origin").is_some()
}

/// The attribute that transforms an element.
fn attribute(element: &Element) -> &'static str {
    match element.name {
        "linearGradient" | "radialGradient" => "gradientTransform",
        "pattern" => "patternTransform",
        _ => "transform",
    }
}

/// The transform that an attribute says.
pub(super) fn of_attribute(element: &Element) -> Affine {
    let text = element.attribute(attribute(element)).unwrap_or("");
    match svgtypes::Transform::from_str(text) {
        Ok(found) => {
            let svgtypes::Transform { a, b, c, d, e, f } = found;
            Affine::new([a, b, c, d, e, f])
        }
        Err(_) => Affine::IDENTITY,
    }
}

impl Placement<'_> {
    /// The transform of an element.
    pub(super) fn affine(&self, index: usize, boxes: &mut Boxes<'_>) -> Affine {
        self.placed(index, boxes).affine
    }

    fn placed(&self, index: usize, boxes: &mut Boxes<'_>) -> Placed {
        let Some(element) = self.tree.elements.get(index) else {
            return Placed::default();
        };
        if index == 0 {
            return self.root(element);
        }
        if !is_css(element) {
            return Placed {
                affine: of_attribute(element),
                loss: None,
            };
        }
        let is_paint = attribute(element) != "transform";
        let (width, height) = self.sizes.viewport(index);
        let mut reference = Rect::new(0.0, 0.0, width, height);
        let mut loss = None;
        let whole = style(element, "transform-box").unwrap_or("view-box").trim();
        if !is_paint && !whole.eq_ignore_ascii_case("view-box") {
            match boxes.fill(index, self) {
                Extent::Is(rect) => {
                    let has_stroke = ["stroke-box", "border-box"]
                        .iter()
                        .any(|word| whole.eq_ignore_ascii_case(word));
                    let stroke = if has_stroke { self.stroke(index) } else { 0.0 };
                    reference = rect.inflate(stroke / 2.0, stroke / 2.0);
                }
                Extent::Empty => reference = Rect::ZERO,
                Extent::Unknown => loss = Some("transform-box"),
            }
        }
        let frame = transform::Frame {
            reference,
            basis: Basis {
                percent: None,
                ..self.sizes.basis(index, Direction::Other)
            },
        };
        let origin = origin(element, &frame).unwrap_or(if whole.eq_ignore_ascii_case("view-box") {
            Point::ORIGIN
        } else {
            reference.origin()
        });
        let (affine, leaves_plane) = self.functions(element, &frame);
        Placed {
            affine: around(origin, affine),
            loss: if leaves_plane {
                Some("turning out of the plane")
            } else {
                loss
            },
        }
    }

    /// The root is placed as a box on the page: around its middle, in pixels of the canvas.
    fn root(&self, element: &Element) -> Placed {
        let Some(shown) = self.frame.shown() else {
            return Placed {
                affine: of_attribute(element),
                loss: None,
            };
        };
        let (width, height) = (shown.width, shown.height);
        let frame = transform::Frame {
            reference: Rect::new(0.0, 0.0, width, height),
            basis: Basis {
                percent: None,
                ..self.sizes.basis(0, Direction::Other)
            },
        };
        let origin = origin(element, &frame).unwrap_or_else(|| frame.reference.center());
        let (affine, leaves_plane) = self.functions(element, &frame);
        let on_canvas = around(origin, affine);
        let view = shown.view;
        let to_canvas = Affine::scale_non_uniform(width / view.width(), height / view.height())
            * Affine::translate(-view.origin().to_vec2());
        Placed {
            affine: if on_canvas == Affine::IDENTITY {
                on_canvas
            } else {
                to_canvas.inverse() * on_canvas * to_canvas
            },
            loss: leaves_plane.then_some("turning out of the plane"),
        }
    }

    /// All transforms of an element in their order, and whether one of them leaves the plane.
    fn functions(&self, element: &Element, frame: &transform::Frame) -> (Affine, bool) {
        let single = [
            style(element, "translate").and_then(|text| transform::translate(text, frame)),
            style(element, "rotate").and_then(transform::rotate),
            style(element, "scale").and_then(transform::scale),
            match style(element, "transform") {
                Some(text) => transform::transform(text, frame),
                None => Some(of_attribute(element).into()),
            },
        ];
        let found = single.into_iter().flatten();
        found.fold((Affine::IDENTITY, false), |(affine, leaves), next| {
            (affine * next.affine, leaves || next.leaves_plane)
        })
    }

    /// The width of an element's stroke; zero when it has none.
    fn stroke(&self, index: usize) -> f64 {
        let inherited = |name: &str| {
            let mut at = Some(index);
            while let Some(here) = at {
                let element = self.tree.elements.get(here)?;
                if element.attribute(name).is_some() {
                    return Some((element, here));
                }
                at = self.sizes.parent(here);
            }
            None
        };
        let is_stroked = inherited("stroke")
            .and_then(|(element, _)| element.attribute("stroke"))
            .is_some_and(|paint| paint.trim() != "none");
        let width = inherited("stroke-width").map_or(1.0, |(element, at)| {
            self.sizes.length(element, at, "stroke-width")
        });
        if is_stroked { width } else { 0.0 }
    }
}

/// The origin that an element says.
fn origin(element: &Element, frame: &transform::Frame) -> Option<Point> {
    match style(element, "transform-origin") {
        Some(text) => transform::origin(text, frame, false),
        None => transform::origin(element.attribute("transform-origin")?, frame, true),
    }
}

fn around(origin: Point, affine: Affine) -> Affine {
    let origin: Vec2 = origin.to_vec2();
    if affine == Affine::IDENTITY {
        return affine;
    }
    Affine::translate(origin) * affine * Affine::translate(-origin)
}
