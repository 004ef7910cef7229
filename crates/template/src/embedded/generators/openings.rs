//! Doors and windows as parts of buildings.

use crate::embedded::art::pen::{Pen, path_data};
use crate::embedded::art::tone::{Tones, hex};

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
