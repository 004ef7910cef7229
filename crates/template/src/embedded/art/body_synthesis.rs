//! Synthesises bodies for emoji that are only a face: a fox in a meadow is more than its head.
//! Where the collection has the whole animal, that is taken; else the face gets a sitting body in
//! its own colours; people cut at the chest get the rest of their clothes.

use chat2svg_vector::{Color, Node};
use kurbo::Rect;

use super::pen::{Pen, bounds_of, rounded_rect};
use super::recolor;
use super::tone::{Tones, hex};
use super::{Drawing, twemoji};
use crate::embedded::things::{self, Tail, Whole};

/// The picture of an emoji, whole where that can be had. A label that asks for a face or head gets
/// it.
pub(crate) fn draw(emoji: &str, name: &str, label: &str) -> Option<Drawing> {
    let asks_face = ["face", "head", "emoji", "icon"]
        .iter()
        .any(|word| label.to_lowercase().contains(word));
    let whole = if asks_face { None } else { whole(emoji) };
    let part = || twemoji::draw(emoji, name);
    let completed = match whole {
        Some(Whole::Emoji(whole)) => twemoji::draw(whole, name),
        Some(Whole::Sitting(tail)) => sitting(part()?, tail, false),
        Some(Whole::Panda) => sitting(part()?, Tail::None, true),
        Some(Whole::Unicorn) => unicorn(name),
        Some(Whole::Robot) => robot(part()?),
        Some(Whole::Standing) => standing(part()?),
        Some(Whole::Drawing(_)) | None => None,
    };
    completed.or_else(part)
}

/// What completes the picture of an emoji: what is known of it, or of the one that it varies, such
/// as a woman's of a person's.
fn whole(emoji: &str) -> Option<Whole> {
    let varied: String = emoji.chars().take(1).collect();
    let own = things::of_emoji(emoji).and_then(|thing| thing.whole);
    own.or_else(|| {
        let varied = things::of_emoji(&varied)?.whole?;
        (varied == Whole::Standing).then_some(varied)
    })
    .or_else(|| is_of_a_trade(emoji).then_some(Whole::Standing))
}

/// The light colour of a face: its muzzle or cheeks.
fn muzzle(face: &Drawing, body: Color) -> Color {
    let lightness = body.to_oklab().lightness;
    recolor::color_areas(&face.nodes)
        .into_iter()
        .filter(|(color, _)| {
            color.to_oklab().lightness > lightness + 0.06 && color.to_oklch().chroma < 0.16
        })
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map_or_else(|| body.lighten(0.1), |(color, _)| color)
}

fn sitting(face: Drawing, tail: Tail, panda: bool) -> Option<Drawing> {
    let body = recolor::dominant(&face.nodes)?;
    let light = muzzle(&face, body);
    let fur = Tones::of(if panda { hex(0x31373D) } else { body });
    let belly = if panda { hex(0xF3F5F7) } else { light };
    let mut pen = Pen::new();
    match tail {
        Tail::Bushy => {
            pen.path("tail", "M24 59 C34 62 46 58 47 46 C48 38 42 34 40 30 C36 38 38 46 33 50 C30 52.4 26 53 24 59Z", fur.base);
            pen.path(
                "tail tip",
                "M40 30 C42 34 48 38 47 46 C44 43 40 42 38.4 40 C39 36 38.4 33.6 40 30Z",
                light.mix(Color::WHITE, 0.5),
            );
        }
        Tail::Ringed => {
            pen.path("tail", "M24 59 C34 62 45 58 46 46 C47 38 42 34 39 32 C36 38 38 46 33 50 C30 52.4 26 53 24 59Z", fur.base);
            pen.path(
                "tail ring",
                "M46 44 C43 43 39.4 42 37.4 42.4 L37.2 38.6 C40 38.6 43.6 39.4 45.4 40.6Z",
                hex(0x31373D),
            );
            pen.path(
                "tail ring",
                "M44.4 52 C41 50.4 38 49 35.6 47.4 L33 50 C35.4 53 38.6 55 42 55.6Z",
                hex(0x31373D),
            );
        }
        Tail::Tuft => {
            pen.line_data("tail", "M26 57 C36 60 42 54 41 45", 2.6, fur.base);
            pen.ellipse("tail tuft", (41.0, 42.0), (3.4, 4.6), fur.deep);
        }
        Tail::Curl => {
            pen.line_data(
                "tail",
                "M26 56 C34 60 40 56 39 49 C38 46 42 44 43 47",
                3.2,
                light,
            );
        }
        Tail::Short => pen.circle("tail", (30.5, 56.0), 3.6, fur.dark),
        Tail::None => {}
    }
    pen.ellipse("left haunch", (9.4, 54.6), (7.2, 7.6), fur.dark);
    pen.ellipse("right haunch", (26.6, 54.6), (7.2, 7.6), fur.dark);
    let torso = if panda { hex(0xF3F5F7) } else { fur.base };
    pen.path(
        "torso",
        "M10.5 25 C7.4 36 6.6 48 8 57 Q9 62 13 62 L23 62 Q27 62 28 57 C29.4 48 28.6 36 25.5 25Z",
        torso,
    );
    if panda {
        pen.path(
            "shoulders",
            "M10.5 25 L25.5 25 Q27.6 32 28.2 39 Q18 45 7.8 39 Q8.4 32 10.5 25Z",
            fur.base,
        );
    } else {
        pen.path(
            "belly",
            "M13 30 C11.6 40 11.8 50 13.6 56 Q18 59 22.4 56 C24.2 50 24.4 40 23 30Z",
            belly,
        );
    }
    for (x, label) in [(11.4, "left foreleg"), (19.4, "right foreleg")] {
        pen.group(label, |pen| {
            pen.rect("leg", (x, 41.0, 5.2, 20.0), 2.5, fur.base);
            pen.ellipse(
                "paw",
                (x + 2.6, 60.4),
                (3.5, 2.3),
                if panda { fur.base } else { fur.dark },
            );
        });
    }
    pen.ellipse("left foot", (7.6, 60.6), (5.0, 2.5), fur.dark);
    pen.ellipse("right foot", (28.4, 60.6), (5.0, 2.5), fur.dark);
    let mut nodes = vec![group("body", pen.finish())];
    let head = bounds_of(&face.nodes);
    nodes.push(group("head", face.nodes));
    let mut drawing = Drawing::of(nodes)
        .with_head(
            head.x0 + head.width() * 0.2,
            head.x1 - head.width() * 0.2,
            head.y0 + head.height() * 0.1,
        )
        .with_hand(31.0, 48.0);
    drawing.credit = face.credit.map(adapted);
    Some(drawing)
}

fn adapted(mut credit: chat2svg_vector::Credit) -> chat2svg_vector::Credit {
    credit.title.push_str(", with a body added");
    credit
}

fn group(label: &str, children: Vec<Node>) -> Node {
    let mut group = chat2svg_vector::Group::new(label);
    group.children = children;
    Node::Group(group)
}

/// The collection's horse in white, with a horn.
fn unicorn(name: &str) -> Option<Drawing> {
    let mut horse = twemoji::draw("🐎", name)?;
    recolor::recolor(&mut horse.nodes, hex(0xF4EEF8));
    let mut pen = Pen::new();
    pen.path("horn", "M5.2 9.6 L1.2 0.6 L8 7.6Z", hex(0xFFC83D));
    pen.path("horn shade", "M5.2 9.6 L1.2 0.6 L6.4 8.6Z", hex(0xF2A93B));
    let mut nodes = vec![group("horse", horse.nodes)];
    nodes.extend(pen.finish());
    let mut drawing = Drawing::of(nodes);
    drawing.credit = horse.credit.map(|mut credit| {
        credit.title.push_str(", with a horn added");
        credit
    });
    Some(drawing)
}

/// A robot's head on a body of its own metal.
fn robot(face: Drawing) -> Option<Drawing> {
    let metal = Tones::of(recolor::dominant(&face.nodes)?);
    let joint = hex(0x66757F);
    let mut pen = Pen::new();
    for (side, label) in [(-1.0, "left arm"), (1.0, "right arm")] {
        pen.group(label, |pen| {
            let x = 18.0 + side * 13.2;
            pen.rect("arm", (x - 2.6, 38.0, 5.2, 16.0), 2.4, metal.dark);
            pen.circle("hand", (x, 55.0), 3.4, joint);
        });
    }
    for (side, label) in [(-1.0, "left leg"), (1.0, "right leg")] {
        pen.group(label, |pen| {
            let x = 18.0 + side * 5.0;
            pen.rect("leg", (x - 2.8, 56.0, 5.6, 9.0), 1.4, joint);
            pen.rect("foot", (x - 4.4, 63.0, 8.8, 4.6), 2.0, metal.dark);
        });
    }
    pen.rect("neck", (14.0, 33.0, 8.0, 6.0), 1.0, joint);
    pen.rect("torso", (8.0, 37.0, 20.0, 21.0), 4.0, metal.base);
    pen.rect("panel", (12.0, 41.0, 12.0, 8.0), 2.0, hex(0xE1E8ED));
    for (x, rgb) in [(14.6, 0xDD2E44), (18.0, 0xFFCC4D), (21.4, 0x77B255)] {
        pen.circle("light", (x, 45.0), 1.2, hex(rgb));
    }
    pen.rect("belt", (8.0, 52.4, 20.0, 2.4), 0.0, metal.dark);
    let head = bounds_of(&face.nodes);
    let nodes = vec![group("body", pen.finish()), group("head", face.nodes)];
    let mut drawing = Drawing::of(nodes)
        .with_head(
            head.x0 + head.width() * 0.2,
            head.x1 - head.width() * 0.2,
            head.y0 + 2.0,
        )
        .with_hand(31.2, 55.0);
    drawing.credit = face.credit.map(adapted);
    Some(drawing)
}

/// Whether an emoji is composed of a person, a joiner, and a thing of the trade: such people are
/// cut at the chest. How emoji are composed is Unicode's grammar, which no table need repeat;
/// families, and people who go or sit, are composed of other things.
fn is_of_a_trade(emoji: &str) -> bool {
    let mut letters = emoji.chars().filter(|&letter| letter != '\u{FE0F}');
    let Some('👨' | '👩' | '🧑') = letters.next() else {
        return false;
    };
    let rest: Vec<char> = letters.collect();
    let other = [
        '🦯', '🦼', '🦽', '🤝', '❤', '👦', '👧', '👶', '👨', '👩', '🧑', '🐰',
    ];
    rest.contains(&'\u{200D}') && !rest.iter().any(|letter| other.contains(letter))
}

/// Continues a bust down to the feet, in the colour of its clothes.
fn standing(bust: Drawing) -> Option<Drawing> {
    let frame = bust.bounds;
    let clothes = clothes_color(&bust.nodes, frame).or_else(|| recolor::dominant(&bust.nodes))?;
    let cloth = Tones::of(clothes);
    let legs = Tones::of(if cloth.base.to_oklab().lightness > 0.5 {
        hex(0x3D4A5C)
    } else {
        hex(0x5A6472)
    });
    let (cx, y) = (frame.center().x, frame.y1);
    let half = frame.width() * 0.36;
    let mut pen = Pen::new();
    for (side, color) in [(-1.0, legs.base), (1.0, legs.dark)] {
        let width = half * 0.62;
        let x = cx + side * half * 0.42 - width / 2.0;
        pen.rect("leg", (x, y + 6.0, width, 13.0), 1.6, color);
        pen.fill(
            "shoe",
            rounded_rect((x - 0.8, y + 16.6, width + 1.6, 3.8), 1.8),
            hex(0x31373D),
        );
    }
    pen.path(
        "coat",
        &format!(
            "M{:.2} {:.2} L{:.2} {:.2} Q{:.2} {:.2} {:.2} {:.2} Q{cx:.2} {:.2} {:.2} {:.2} Q{:.2} {:.2} {:.2} {:.2}Z",
            frame.x0 + frame.width() * 0.1, y - 2.0, frame.x1 - frame.width() * 0.1, y - 2.0,
            cx + half * 1.06, y + 5.0, cx + half * 0.98, y + 9.0, y + 11.6, cx - half * 0.98, y + 9.0,
            cx - half * 1.06, y + 5.0, frame.x0 + frame.width() * 0.1, y - 2.0
        ),
        cloth.dark,
    );
    let nodes = vec![group("legs", pen.finish()), group("figure", bust.nodes)];
    let mut drawing = Drawing::of(nodes)
        .with_head(
            frame.x0 + frame.width() * 0.22,
            frame.x1 - frame.width() * 0.22,
            frame.y0 + 1.0,
        )
        .with_hand(frame.x1 - frame.width() * 0.08, y + 1.0);
    drawing.credit = bust.credit.map(adapted);
    Some(drawing)
}

/// The colour that covers most of the lower edge.
fn clothes_color(nodes: &[Node], frame: Rect) -> Option<Color> {
    fn visit(nodes: &[Node], edge: f64, found: &mut Option<(Color, f64)>) {
        for node in nodes {
            match node {
                Node::Group(group) => visit(&group.children, edge, found),
                Node::Shape(shape) => {
                    let bounds = kurbo::Shape::bounding_box(&shape.path);
                    let color = match shape.fill.as_ref().map(|fill| &fill.paint) {
                        Some(chat2svg_vector::Paint::Solid(color)) => *color,
                        _ => continue,
                    };
                    if bounds.y1 >= edge && found.is_none_or(|(_, width)| bounds.width() >= width) {
                        *found = Some((color, bounds.width()));
                    }
                }
            }
        }
    }
    let mut found = None;
    visit(nodes, frame.y1 - 1.0, &mut found);
    found.map(|(color, _)| color)
}
