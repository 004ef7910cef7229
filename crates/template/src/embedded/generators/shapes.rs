//! Geometric shapes and simple solids.

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::{Pen, ellipse, path_data, regular, rounded_polygon};
use crate::embedded::dice::Dice;

const DEFAULTS: [u32; 6] = [0xDD2E44, 0x3B88C3, 0xF4900C, 0x5FA845, 0x9266CC, 0xFFC83D];

fn tones(params: &Params, dice: &mut Dice<'_>) -> crate::embedded::art::tone::Tones {
    let default = dice.pick(DEFAULTS[0], &DEFAULTS[1..]);
    params.tones(default)
}

fn flat(label: &str, params: &Params, dice: &mut Dice<'_>, points: &[(f64, f64)]) -> Drawing {
    let tones = tones(params, dice);
    let mut pen = Pen::new();
    pen.fill(label, rounded_polygon(points, 3.0), tones.base);
    let top = points
        .iter()
        .map(|point| point.1)
        .fold(f64::INFINITY, f64::min);
    let (left, right) = points
        .iter()
        .filter(|point| point.1 < top + 2.0)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, r), point| {
            (l.min(point.0), r.max(point.0))
        });
    let inside = inner_box(points);
    Drawing::of(pen.finish())
        .with_support(
            left.min(40.0).max(left - 4.0),
            right.max(60.0).min(right + 4.0),
            top,
        )
        .with_container(inside, 1, false)
}

/// A box well inside the outline: where "a star inside a circle" puts the star.
fn inner_box(points: &[(f64, f64)]) -> kurbo::Rect {
    let count = points.len().max(1) as f64;
    let center = points.iter().fold((0.0, 0.0), |sum, point| {
        (sum.0 + point.0 / count, sum.1 + point.1 / count)
    });
    let reach = points
        .iter()
        .map(|point| (point.0 - center.0).hypot(point.1 - center.1))
        .fold(f64::INFINITY, f64::min)
        * 0.62;
    kurbo::Rect::new(
        center.0 - reach,
        center.1 - reach,
        center.0 + reach,
        center.1 + reach,
    )
}

/// A disc.
pub(super) fn circle(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = tones(params, dice);
    let mut pen = Pen::new();
    pen.circle("circle", (50.0, 50.0), 46.0, tones.base);
    Drawing::of(pen.finish())
        .with_support(38.0, 62.0, 4.5)
        .with_container(kurbo::Rect::new(20.0, 20.0, 80.0, 80.0), 1, false)
}

/// An ellipse.
pub(super) fn oval(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = tones(params, dice);
    let mut pen = Pen::new();
    pen.ellipse("oval", (60.0, 40.0), (58.0, 38.0), tones.base);
    Drawing::of(pen.finish())
        .with_support(40.0, 80.0, 3.0)
        .with_container(kurbo::Rect::new(25.0, 15.0, 95.0, 65.0), 1, false)
}

/// A square.
pub(super) fn square(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    flat(
        "square",
        params,
        dice,
        &[(4.0, 4.0), (96.0, 4.0), (96.0, 96.0), (4.0, 96.0)],
    )
}

/// A rectangle, wider than high.
pub(super) fn rectangle(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    flat(
        "rectangle",
        params,
        dice,
        &[(0.0, 4.0), (140.0, 4.0), (140.0, 84.0), (0.0, 84.0)],
    )
}

/// An equilateral triangle.
pub(super) fn triangle(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    flat(
        "triangle",
        params,
        dice,
        &[(50.0, 6.0), (98.0, 90.0), (2.0, 90.0)],
    )
}

/// A rhombus on its corner.
pub(super) fn diamond(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    flat(
        "diamond",
        params,
        dice,
        &[(50.0, 2.0), (88.0, 52.0), (50.0, 102.0), (12.0, 52.0)],
    )
}

/// A regular pentagon.
pub(super) fn pentagon(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    flat("pentagon", params, dice, &regular(5, (50.0, 52.0), 50.0))
}

/// A regular hexagon.
pub(super) fn hexagon(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    flat("hexagon", params, dice, &regular(6, (50.0, 50.0), 50.0))
}

/// A regular octagon, flat at the top.
pub(super) fn octagon(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let points: Vec<(f64, f64)> = (0..8)
        .map(|index| {
            let angle = std::f64::consts::TAU * (f64::from(index) + 0.5) / 8.0;
            (50.0 + 50.0 * angle.sin(), 50.0 - 50.0 * angle.cos())
        })
        .collect();
    flat("octagon", params, dice, &points)
}

/// A ring.
pub(super) fn ring(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = tones(params, dice);
    let mut path = ellipse((50.0, 50.0), (46.0, 46.0));
    path.extend(ellipse((50.0, 50.0), (28.0, 28.0)));
    let mut pen = Pen::new();
    pen.pierced("ring", path, tones.base);
    Drawing::of(pen.finish()).with_container(kurbo::Rect::new(31.0, 31.0, 69.0, 69.0), 1, false)
}

/// An Archimedean spiral.
pub(super) fn spiral(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = tones(params, dice);
    let points: Vec<(f64, f64)> = (0..=26)
        .map(|index| {
            let angle = f64::from(index) * std::f64::consts::FRAC_PI_4;
            let radius = 2.0 + 44.0 * f64::from(index) / 26.0;
            (50.0 + radius * angle.cos(), 50.0 + radius * angle.sin())
        })
        .collect();
    let mut pen = Pen::new();
    pen.line(
        "spiral",
        crate::embedded::art::pen::smooth_open(&points),
        7.0,
        tones.base,
    );
    Drawing::of(pen.finish())
}

/// An upright cross of equal arms.
pub(super) fn cross(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = tones(params, dice);
    let mut pen = Pen::new();
    pen.polygon(
        "cross",
        &[
            (36.0, 6.0),
            (64.0, 6.0),
            (64.0, 36.0),
            (94.0, 36.0),
            (94.0, 64.0),
            (64.0, 64.0),
            (64.0, 94.0),
            (36.0, 94.0),
            (36.0, 64.0),
            (6.0, 64.0),
            (6.0, 36.0),
            (36.0, 36.0),
        ],
        3.0,
        tones.base,
    );
    Drawing::of(pen.finish())
}

/// An arrow to the right.
pub(super) fn arrow(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = tones(params, dice);
    let mut pen = Pen::new();
    pen.polygon(
        "arrow",
        &[
            (2.0, 36.0),
            (56.0, 36.0),
            (56.0, 12.0),
            (98.0, 50.0),
            (56.0, 88.0),
            (56.0, 64.0),
            (2.0, 64.0),
        ],
        4.0,
        tones.base,
    );
    Drawing::of(pen.finish())
}

/// A cube seen from above one corner.
pub(super) fn cube(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = tones(params, dice);
    let mut pen = Pen::new();
    pen.polygon(
        "top face",
        &[(50.0, 4.0), (94.0, 26.0), (50.0, 48.0), (6.0, 26.0)],
        1.5,
        tones.light,
    );
    pen.polygon(
        "left face",
        &[(6.0, 26.0), (50.0, 48.0), (50.0, 100.0), (6.0, 77.0)],
        1.5,
        tones.base,
    );
    pen.polygon(
        "right face",
        &[(94.0, 26.0), (50.0, 48.0), (50.0, 100.0), (94.0, 77.0)],
        1.5,
        tones.dark,
    );
    Drawing::of(pen.finish()).with_support(24.0, 76.0, 27.0)
}

/// An upright cylinder.
pub(super) fn cylinder(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = tones(params, dice);
    let mut pen = Pen::new();
    pen.path(
        "side",
        "M10 20 L10 92 C10 102 28 108 50 108 C72 108 90 102 90 92 L90 20Z",
        tones.base,
    );
    pen.path(
        "side shade",
        "M62 24 L62 107.5 C78 106 90 100 90 92 L90 20Z",
        tones.dark,
    );
    pen.ellipse("top", (50.0, 20.0), (40.0, 14.0), tones.light);
    Drawing::of(pen.finish()).with_support(20.0, 80.0, 20.0)
}

/// A cone.
pub(super) fn cone(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = tones(params, dice);
    let mut pen = Pen::new();
    pen.path(
        "cone",
        "M50 4 Q52 4 53 7 L92 92 C92 102 74 108 50 108 C26 108 8 102 8 92 L47 7 Q48 4 50 4Z",
        tones.base,
    );
    pen.path(
        "cone shade",
        "M51 4 Q52.4 4.6 53 7 L92 92 C92 100 80 106 64 107.4Z",
        tones.dark,
    );
    Drawing::of(pen.finish())
}

/// A ball with light from the upper left.
pub(super) fn sphere(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = tones(params, dice);
    let mut pen = Pen::new();
    pen.circle("sphere", (50.0, 50.0), 46.0, tones.base);
    pen.path(
        "sphere shade",
        "M74 11 A46 46 0 1 1 11 74 A50 50 0 0 0 74 11Z",
        tones.dark,
    );
    pen.ellipse("glint", (33.0, 30.0), (10.0, 7.0), tones.light);
    Drawing::of(pen.finish()).with_support(40.0, 60.0, 4.5)
}

/// A pyramid with a lit and a shaded face.
pub(super) fn pyramid(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let tones = match params.color {
        Some(_) => tones(params, dice),
        None => params.tones(0xE5B768),
    };
    let mut pen = Pen::new();
    pen.fill("lit face", path_data("M56 4 L84 92 L2 84Z"), tones.base);
    pen.fill(
        "shaded face",
        path_data("M56 4 L84 92 L112 82Z"),
        tones.dark,
    );
    pen.line_data("course", "M29 45.5 L71 50", 1.2, tones.dark);
    pen.line_data("course", "M16 65 L77.5 71", 1.2, tones.dark);
    Drawing::of(pen.finish())
}
