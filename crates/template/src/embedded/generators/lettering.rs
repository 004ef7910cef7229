//! Letters of our own, drawn as strokes of even width, and what carries them: badges, logos, signs,
//! banners. Letters are capitals, digits and a few marks; others are left out.

use chat2svg_vector::Node;
use kurbo::{Affine, BezPath, ParamCurve as _, Point, Rect, Shape as _, Size, Vec2};

use super::Params;
use crate::embedded::art::Drawing;
use crate::embedded::art::pen::{Pen, path_data, regular, rounded_polygon, star_points};
use crate::embedded::art::recolor::dominant;
use crate::embedded::art::tone::{Tones, hex};
use crate::embedded::dice::Dice;

/// Advance width and strokes of a letter on a grid with capitals of height 20 (y 0 to 20).
fn glyph(letter: char) -> Option<(f64, &'static str)> {
    Some(match letter.to_ascii_uppercase() {
        'A' => (16.0, "M0 20 L8 0 L16 20 M3 13 L13 13"),
        'B' => (
            13.0,
            "M0 0 L0 20 L7 20 A5.5 5.5 0 0 0 7 9.5 L0 9.5 M0 0 L6.5 0 A4.75 4.75 0 0 1 6.5 9.5",
        ),
        'C' => (15.0, "M15 4.5 A9 10 0 1 0 15 15.5"),
        'D' => (14.0, "M0 0 L0 20 L5 20 A9 10 0 0 0 5 0 Z"),
        'E' => (11.0, "M11 0 L0 0 L0 20 L11 20 M0 10 L9 10"),
        'F' => (11.0, "M11 0 L0 0 L0 20 M0 10 L9 10"),
        'G' => (16.0, "M15 4.5 A9 10 0 1 0 16 14 L16 11 L10 11"),
        'H' => (14.0, "M0 0 L0 20 M14 0 L14 20 M0 10 L14 10"),
        'I' => (0.0, "M0 0 L0 20"),
        'J' => (10.0, "M10 0 L10 14 A5 6 0 0 1 0 15"),
        'K' => (13.0, "M0 0 L0 20 M13 0 L0 12 M5 8 L13 20"),
        'L' => (10.0, "M0 0 L0 20 L10 20"),
        'M' => (18.0, "M0 20 L0 0 L9 13 L18 0 L18 20"),
        'N' => (14.0, "M0 20 L0 0 L14 20 L14 0"),
        'O' => (18.0, "M9 0 A9 10 0 1 0 9 20 A9 10 0 1 0 9 0Z"),
        'P' => (12.0, "M0 20 L0 0 L6.5 0 A5.5 5.5 0 0 1 6.5 11 L0 11"),
        'Q' => (18.0, "M9 0 A9 10 0 1 0 9 20 A9 10 0 1 0 9 0Z M11 14 L18 21"),
        'R' => (
            13.0,
            "M0 20 L0 0 L6.5 0 A5.25 5.25 0 0 1 6.5 10.5 L0 10.5 M6 10.5 L13 20",
        ),
        'S' => (
            12.0,
            "M12 3.5 C10 -1 1 -1.5 1 5 C1 12 12 8.5 12 15 C12 21.5 2 21 0 16.5",
        ),
        'T' => (14.0, "M0 0 L14 0 M7 0 L7 20"),
        'U' => (14.0, "M0 0 L0 13 A7 7 0 0 0 14 13 L14 0"),
        'V' => (16.0, "M0 0 L8 20 L16 0"),
        'W' => (22.0, "M0 0 L5.5 20 L11 4 L16.5 20 L22 0"),
        'X' => (14.0, "M0 0 L14 20 M14 0 L0 20"),
        'Y' => (14.0, "M0 0 L7 10 L14 0 M7 10 L7 20"),
        'Z' => (13.0, "M0 0 L13 0 L0 20 L13 20"),
        '0' => (13.0, "M6.5 0 A6.5 10 0 1 0 6.5 20 A6.5 10 0 1 0 6.5 0Z"),
        '1' => (5.0, "M0 4 L5 0 L5 20"),
        '2' => (12.0, "M0 5 A6 5.4 0 0 1 12 5.5 C12 10 4 14 0 20 L12 20"),
        '3' => (12.0, "M0 3 A6 5 0 1 1 5 9.5 A6 5.4 0 1 1 0 17"),
        '4' => (13.0, "M10 20 L10 0 L0 14 L13 14"),
        '5' => (12.0, "M11 0 L2 0 L1 9 A6 6 0 1 1 0 17"),
        '6' => (12.0, "M10 1 C4 3 0 8 0 14 A6 6 0 1 0 6 8 C3 8 0.5 10 0 14"),
        '7' => (12.0, "M0 0 L12 0 L4 20"),
        '8' => (
            12.0,
            "M6 9.4 A4.8 4.7 0 1 1 6 0 A4.8 4.7 0 1 1 6 9.4 A6 5.3 0 1 0 6 20 A6 5.3 0 1 0 6 9.4",
        ),
        '9' => (
            12.0,
            "M2 19 C8 17 12 12 12 6 A6 6 0 1 0 6 12 C9 12 11.5 10 12 6",
        ),
        '!' => (0.0, "M0 0 L0 13 M0 19.6 L0 20"),
        '?' => (
            11.0,
            "M0 4.5 A5.5 5 0 1 1 7 9.6 Q5.5 10.4 5.5 14 M5.5 19.6 L5.5 20",
        ),
        '.' => (0.0, "M0 19.6 L0 20"),
        '-' => (8.0, "M0 11 L8 11"),
        '+' => (12.0, "M6 4 L6 16 M0 10 L12 10"),
        '&' => (
            15.0,
            "M15 20 L3 5 C2 1 9 -1.5 9.5 3 C9.5 8 0 9 0 15 C0 21.5 11 22 14 12",
        ),
        ' ' => (7.0, ""),
        _ => return None,
    })
}

/// Width of the strokes, in units of the letters' grid.
const WEIGHT: f64 = 4.2;
/// Distance of the centre lines of two letters where they come closest.
const GAP: f64 = 7.0;
/// Largest share of a letter's width by which the next one may move in.
const MOST_KERNING: f64 = 0.36;

/// How far each letter's centre lines reach, left and right, at heights from above the capitals to
/// below.
struct Profile {
    sides: [Option<(f64, f64)>; Self::ROWS],
}

impl Profile {
    const ROWS: usize = 24;
    /// The topmost row's height; rows are one unit apart.
    const TOP: f64 = -1.5;

    fn of(data: &str) -> Self {
        let mut sides = [None; Self::ROWS];
        let mut mark = |point: Point| {
            let row = (point.y - Self::TOP).round().max(0.0) as usize;
            if let Some(row) = sides.get_mut(row) {
                let (left, right) = row.unwrap_or((point.x, point.x));
                *row = Some((left.min(point.x), right.max(point.x)));
            }
        };
        for segment in path_data(data).segments() {
            const STEPS: u32 = 64;
            for step in 0..=STEPS {
                mark(segment.eval(f64::from(step) / f64::from(STEPS)));
            }
        }
        Self { sides }
    }

    /// The least distance to a letter whose origin is at the same place, wherever the two come
    /// closest.
    fn clearance(&self, next: &Self) -> Option<f64> {
        let mut least: Option<f64> = None;
        for (row, side) in self.sides.iter().enumerate() {
            let Some((_, right)) = side else { continue };
            for (other_row, other) in next.sides.iter().enumerate() {
                let Some((left, _)) = other else { continue };
                // Strokes come close across rows too: as a disc around each point does.
                let apart = row.abs_diff(other_row) as f64;
                let across = (GAP * GAP - apart * apart).max(0.0).sqrt();
                if across > 0.0 {
                    let room = left - right - across;
                    least = Some(least.map_or(room, |least| least.min(room)));
                }
            }
        }
        least
    }
}

/// Distance from the end of one letter to the start of the next. The letters are not a font with a
/// table of pairs, so their shapes tell how close two may come: "AV" moves together until it is as
/// tight as "HH".
fn gap(width: f64, data: &str, next_width: f64, next_data: &str) -> f64 {
    // Spaces stay as wide as they are.
    if data.is_empty() || next_data.is_empty() {
        return GAP;
    }
    let most = MOST_KERNING * width.max(6.0).min(next_width.max(6.0));
    let room = Profile::of(data).clearance(&Profile::of(next_data));
    // Where nothing of the two is at one height, the limit alone holds.
    let room = room.map_or(most, |room| room + width + GAP);
    GAP - room.clamp(0.0, most)
}

/// Writes text, centred and as large as fits, into a box. Letters that have no glyph are left out.
pub(crate) fn letters(pen: &mut Pen, text: &str, into: Rect, color: chat2svg_vector::Color) {
    let glyphs: Vec<(char, f64, &str)> = text
        .chars()
        .take(24)
        .filter_map(|letter| glyph(letter).map(|(width, data)| (letter, width, data)))
        .collect();
    if glyphs.is_empty() {
        return;
    }
    let gaps: Vec<f64> = glyphs
        .windows(2)
        .filter_map(|pair| match pair {
            [(_, width, data), (_, next_width, next)] => Some(gap(*width, data, *next_width, next)),
            _ => None,
        })
        .collect();
    let total: f64 = glyphs.iter().map(|glyph| glyph.1).sum::<f64>() + gaps.iter().sum::<f64>();
    let scale = (into.width() / (total + WEIGHT)).min(into.height() / (20.0 + WEIGHT));
    let origin = (
        into.center().x - total * scale / 2.0,
        into.center().y - 10.0 * scale,
    );
    let mut x = 0.0;
    let gaps = gaps.into_iter().chain([0.0]);
    for ((letter, width, data), gap) in glyphs.into_iter().zip(gaps) {
        if !data.is_empty() {
            let mut path = path_data(data);
            path.apply_affine(
                Affine::translate((origin.0 + x * scale, origin.1)) * Affine::scale(scale),
            );
            pen.line(
                &format!("letter {}", letter.to_ascii_uppercase()),
                path,
                WEIGHT * scale,
                color,
            );
        }
        x += width + gap;
    }
}

/// Writes text on a drawing of one plain shape, where it has most room.
pub(crate) fn letter(drawing: &mut Drawing, text: &str) {
    /// The letters' box against that of the shape.
    const SHARE: (f64, f64) = (0.56, 0.34);
    /// From this lightness on a ground takes dark letters.
    const LIGHT: f32 = 0.72;
    let ground = dominant(&drawing.nodes);
    let is_light = ground.is_none_or(|ground| ground.to_oklch().lightness > LIGHT);
    let color = hex(if is_light { 0x2B2F3A } else { 0xFFFFFF });
    let bounds = drawing.bounds;
    // The middle of the area: a triangle has it below the middle of its box.
    let center = drawing.nodes.iter().find_map(|node| match node {
        Node::Shape(shape) if shape.fill.is_some() => middle(&shape.path),
        _ => None,
    });
    let size = Size::new(bounds.width() * SHARE.0, bounds.height() * SHARE.1);
    let into = Rect::from_center_size(center.unwrap_or_else(|| bounds.center()), size);
    let mut pen = Pen::new();
    letters(&mut pen, text, into, color);
    drawing.nodes.extend(pen.finish());
}

/// The centre of an outline's area; `None` when it has none.
fn middle(path: &BezPath) -> Option<Point> {
    const TRIED: u32 = 24;
    let bounds = path.bounding_box();
    let at = |step: u32| f64::from(2 * step + 1) / f64::from(2 * TRIED);
    let points = (0..TRIED).flat_map(|row| (0..TRIED).map(move |column| (column, row)));
    let inside = points
        .map(|(column, row)| {
            let offset = Vec2::new(bounds.width() * at(column), bounds.height() * at(row));
            bounds.origin() + offset
        })
        .filter(|point| path.contains(*point));
    let (sum, count) = inside.fold((Vec2::ZERO, 0u32), |(sum, count), point| {
        (sum + point.to_vec2(), count + 1)
    });
    (count > 0).then(|| (sum / f64::from(count)).to_point())
}

/// A colour that goes with the base: its hue moved on, light.
fn partner(base: chat2svg_vector::Color) -> chat2svg_vector::Color {
    let mut value = base.to_oklch();
    value.hue += 137.0;
    value.lightness = 0.84;
    value.chroma = value.chroma.clamp(0.08, 0.15);
    chat2svg_vector::Color::from_oklch(value)
}

/// The text asked for, or nothing but a star when there is none.
fn emblem(pen: &mut Pen, params: &Params, into: Rect, color: chat2svg_vector::Color) {
    match params.text.as_deref().filter(|text| {
        text.chars()
            .any(|letter| glyph(letter).is_some() && letter != ' ')
    }) {
        Some(text) => letters(pen, text, into, color),
        None => {
            let center = into.center();
            let reach = into.width().min(into.height()) * 0.55;
            pen.fill(
                "star",
                rounded_polygon(
                    &star_points(5, (center.x, center.y + reach * 0.06), reach, reach * 0.46),
                    reach * 0.1,
                ),
                color,
            );
        }
    }
}

/// A round badge with a scalloped rim and ribbons.
pub(super) fn badge(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0x2F6DB5, &[0xC8403C, 0x2E8F6F, 0x7A4FB0]);
    let main = params.tones(default);
    let trim = hex(0xFFD36B);
    let mut pen = Pen::new();
    pen.path(
        "left ribbon",
        "M34 84 L22 132 L38 126 L48 138 L58 92Z",
        main.deep,
    );
    pen.path(
        "right ribbon",
        "M86 84 L98 132 L82 126 L72 138 L62 92Z",
        main.deep,
    );
    pen.fill(
        "rim",
        rounded_polygon(&star_points(18, (60.0, 60.0), 58.0, 51.0), 4.0),
        trim,
    );
    pen.circle("face", (60.0, 60.0), 46.0, main.base);
    pen.circle("ring", (60.0, 60.0), 41.0, main.light);
    pen.circle("field", (60.0, 60.0), 38.0, main.dark);
    emblem(
        &mut pen,
        params,
        Rect::new(34.0, 42.0, 86.0, 78.0),
        hex(0xFFFFFF),
    );
    Drawing::of(pen.finish())
}

/// A modern logo: a simple tile with initials.
pub(super) fn logo(params: &Params, dice: &mut Dice<'_>) -> Drawing {
    let default = dice.pick(0x2F6DB5, &[0xE0503C, 0x1F9E8A, 0x6B4FC0, 0x22303C]);
    let main = params.tones(default);
    let accent = partner(main.base);
    let mut pen = Pen::new();
    match dice.below(3) {
        0 => {
            pen.rect("tile", (4.0, 4.0, 112.0, 112.0), 26.0, main.base);
            pen.path(
                "tile light",
                "M4 30 A26 26 0 0 1 30 4 L90 4 A26 26 0 0 1 116 30 L116 40 Q60 60 4 84Z",
                main.light,
            );
        }
        1 => {
            pen.circle("disc", (60.0, 60.0), 57.0, main.base);
            pen.path(
                "crescent",
                "M60 3 A57 57 0 0 1 60 117 A72 72 0 0 0 60 3Z",
                main.dark,
            );
        }
        _ => {
            pen.fill(
                "hexagon",
                rounded_polygon(&regular(6, (60.0, 60.0), 59.0), 10.0),
                main.base,
            );
            pen.fill(
                "hexagon facet",
                path_data("M60 60 L60 3 Q62 2 64 3 L107 28 Q111 30 111 34 L111 88 Q110 90 108 91Z"),
                main.dark,
            );
        }
    }
    pen.rect("accent", (42.0, 88.0, 36.0, 5.0), 2.5, accent);
    emblem(
        &mut pen,
        params,
        Rect::new(26.0, 36.0, 94.0, 80.0),
        hex(0xFFFFFF),
    );
    Drawing::of(pen.finish())
}

/// A wooden signpost.
pub(super) fn sign(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let wood = params.tones(0xC08A4E);
    let post = Tones::of(hex(0x8A5A3A));
    let mut pen = Pen::new();
    pen.rect("post", (64.0, 10.0, 12.0, 120.0), 3.0, post.base);
    pen.rect("post shade", (71.0, 10.0, 5.0, 120.0), 2.0, post.dark);
    pen.rect("board", (4.0, 14.0, 132.0, 54.0), 6.0, wood.base);
    pen.rect("board shade", (4.0, 58.0, 132.0, 10.0), 5.0, wood.dark);
    for x in [14.0, 126.0] {
        pen.circle("nail", (x, 24.0), 2.4, wood.deep);
    }
    match &params.text {
        Some(text) => letters(
            &mut pen,
            text,
            Rect::new(20.0, 24.0, 120.0, 56.0),
            hex(0x4A2E1A),
        ),
        None => pen.polygon(
            "arrow",
            &[
                (34.0, 36.0),
                (82.0, 36.0),
                (82.0, 27.0),
                (106.0, 41.0),
                (82.0, 55.0),
                (82.0, 46.0),
                (34.0, 46.0),
            ],
            2.0,
            hex(0x4A2E1A),
        ),
    }
    Drawing::of(pen.finish()).with_support(10.0, 130.0, 15.0)
}

/// A ribbon banner.
pub(super) fn banner(params: &Params, _: &mut Dice<'_>) -> Drawing {
    let cloth = params.tones(0xD8433B);
    let mut pen = Pen::new();
    pen.path("left tail", "M44 26 L4 26 L18 46 L4 66 L44 66Z", cloth.dark);
    pen.path(
        "right tail",
        "M156 26 L196 26 L182 46 L196 66 L156 66Z",
        cloth.dark,
    );
    pen.path("left fold", "M30 56 L44 66 L44 56Z", cloth.deep);
    pen.path("right fold", "M170 56 L156 66 L156 56Z", cloth.deep);
    pen.rect("ribbon", (30.0, 10.0, 140.0, 46.0), 2.0, cloth.base);
    emblem(
        &mut pen,
        params,
        Rect::new(44.0, 18.0, 156.0, 48.0),
        hex(0xFFFFFF),
    );
    Drawing::of(pen.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capital_and_digit_has_strokes() {
        for letter in ('A'..='Z').chain('0'..='9') {
            let (width, data) = glyph(letter).expect("a glyph");
            let bounds = kurbo::Shape::bounding_box(&path_data(data));
            assert!(bounds.height() > 15.0, "{letter} is low");
            assert!(
                bounds.x1 <= width + 2.5 && bounds.x0 >= -2.5,
                "{letter} exceeds its width: {bounds:?}"
            );
        }
    }

    #[test]
    fn text_stays_in_its_box_and_skips_what_it_cannot_write() {
        let mut pen = Pen::new();
        letters(&mut pen, "Hé7☃LO", Rect::new(0.0, 0.0, 50.0, 20.0), hex(0));
        let nodes = pen.finish();
        assert_eq!(nodes.len(), 4);
        let bounds = crate::embedded::art::pen::bounds_of(&nodes);
        assert!(
            bounds.x0 >= -1.0 && bounds.x1 <= 51.0 && bounds.y0 >= -1.0 && bounds.y1 <= 21.0,
            "{bounds:?}"
        );
    }

    /// Distance between two letters.
    fn between(pair: &str) -> f64 {
        let mut letters = pair.chars().map(|letter| glyph(letter).expect("a glyph"));
        let (first, next) = (letters.next().expect("two"), letters.next().expect("two"));
        gap(first.0, first.1, next.0, next.1)
    }

    #[test]
    fn letters_that_lean_away_from_each_other_move_together() {
        for pair in [
            "AV", "VA", "AT", "TA", "WA", "YA", "LT", "LY", "TO", "P.", "T.", "AY",
        ] {
            assert!(between(pair) < GAP - 1.0, "{pair}: {}", between(pair));
        }
        for pair in ["HH", "IN", "NI", "EM", "H ", " A", "A A"] {
            assert_eq!(between(pair), GAP, "{pair}");
        }
    }

    #[test]
    fn no_two_letters_touch() {
        let all: Vec<char> = ('A'..='Z')
            .chain('0'..='9')
            .chain("!?.-+&".chars())
            .collect();
        for first in &all {
            for next in &all {
                let (one, other) = (
                    glyph(*first).expect("a glyph"),
                    glyph(*next).expect("a glyph"),
                );
                let place = one.0 + gap(one.0, one.1, other.0, other.1);
                let least = path_data(one.1)
                    .segments()
                    .flat_map(|segment| {
                        (0..=16).map(move |step| segment.eval(f64::from(step) / 16.0))
                    })
                    .flat_map(|point| {
                        let there = Point::new(point.x - place, point.y);
                        let nearest = move |segment: kurbo::PathSeg| {
                            kurbo::ParamCurveNearest::nearest(&segment, there, 1e-3).distance_sq
                        };
                        path_data(other.1)
                            .segments()
                            .map(nearest)
                            .collect::<Vec<_>>()
                    })
                    .fold(f64::INFINITY, f64::min)
                    .sqrt();
                assert!(least > WEIGHT, "{first}{next}: {least}");
            }
        }
    }
}
