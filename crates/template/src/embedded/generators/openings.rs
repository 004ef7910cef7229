//! Doors and windows, alone and as parts of buildings.

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::{Pen, path_data};
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;

/// A window with four panes.
pub(super) fn panes(
    pen: &mut Pen,
    (x, y, width, height): (f64, f64, f64, f64),
    frame: chat2svg_vector::Color,
) {
    let bar = width.min(height) * 0.09;
    pen.group("window", |pen| {
        pen.rect(
            "window frame",
            (x - bar, y - bar, width + 2.0 * bar, height + 2.0 * bar),
            bar,
            frame,
        );
        pen.rect("window glass", (x, y, width, height), 0.6, hex(0xA9D8F0));
        pen.path(
            "window light",
            &format!(
                "M{x} {y} L{:.1} {y} L{x} {:.1}Z",
                x + width * 0.8,
                y + height * 0.8
            ),
            hex(0xCDEAF8),
        );
        pen.rect(
            "glazing bar",
            (x + width / 2.0 - bar / 2.0, y, bar, height),
            0.0,
            frame,
        );
        pen.rect(
            "glazing bar",
            (x, y + height / 2.0 - bar / 2.0, width, bar),
            0.0,
            frame,
        );
    });
}

/// An arched or square door with a knob.
pub(super) fn doorway(
    pen: &mut Pen,
    (x, y, width, height): (f64, f64, f64, f64),
    tones: Tones,
    arched: bool,
) {
    let bulge = if arched { width / 2.0 } else { 1.5 };
    pen.group("door", |pen| {
        let shape = |inset: f64| {
            let (l, r, t, b) = (x + inset, x + width - inset, y + inset, y + height);
            let k = (bulge - inset).max(0.5);
            path_data(&format!("M{l} {b} L{l} {:.2} A{k} {k} 0 0 1 {:.2} {t} L{:.2} {t} A{k} {k} 0 0 1 {r} {:.2} L{r} {b}Z", t + k, l + k, r - k, t + k))
        };
        pen.fill("door frame", shape(0.0), tones.deep);
        pen.fill("door leaf", shape(width * 0.09), tones.base);
        pen.circle("knob", (x + width * 0.76, y + height * 0.58), width * 0.065, hex(0xFFD983));
    });
}

/// A panelled door in its frame.
pub(super) fn door(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let leaf = params.tones(0xA5683C);
    let mut pen = Pen::new();
    pen.rect("door frame", (0.0, 0.0, 74.0, 150.0), 2.0, hex(0xEDE6DA));
    pen.rect("door leaf", (7.0, 7.0, 60.0, 143.0), 0.0, leaf.base);
    for (y, height) in [(16.0, 54.0), (80.0, 58.0)] {
        for x in [14.0, 40.0] {
            pen.rect("panel", (x, y, 20.0, height), 2.0, leaf.dark);
            pen.rect(
                "panel face",
                (x + 2.5, y + 2.5, 17.5, height - 2.5),
                1.5,
                leaf.light,
            );
        }
    }
    pen.circle("knob", (61.5, 78.0), 3.4, hex(0xFFD983));
    Drawing::of(pen.finish())
}

/// A window with a sill, sky in its panes.
pub(super) fn window(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let frame = params.tones(0xFFFFFF);
    let mut pen = Pen::new();
    pen.rect("frame", (4.0, 0.0, 92.0, 110.0), 3.0, frame.base);
    pen.rect("frame shade", (11.0, 7.0, 78.0, 96.0), 1.0, frame.dark);
    for (x, y) in [(13.0, 9.0), (52.0, 9.0), (13.0, 57.0), (52.0, 57.0)] {
        pen.rect("pane", (x, y, 35.0, 44.0), 1.0, hex(0xA9DBF5));
        pen.path(
            "pane light",
            &format!(
                "M{x} {} L{} {y} L{} {y} L{x} {}Z",
                y + 30.0,
                x + 26.0,
                x + 12.0,
                y + 14.0
            ),
            hex(0xD4EEFB),
        );
    }
    pen.rect("sill", (0.0, 106.0, 100.0, 9.0), 3.0, frame.base);
    pen.rect("sill shade", (3.0, 113.0, 94.0, 4.0), 2.0, frame.dark);
    Drawing::of(pen.finish())
        .with_support(2.0, 98.0, 106.0)
        .with_container(kurbo::Rect::new(13.0, 9.0, 87.0, 101.0), 3, false)
}
