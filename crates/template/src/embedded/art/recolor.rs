//! Recolouring a picture so that it keeps its shading: the dominant family of body colours moves to
//! the colour asked for; eyes, noses and other details stay.

use chat2svg_vector::{Color, Node, Oklch, Paint};
use kurbo::Shape as _;

/// Chroma below which a colour counts as neutral (white, grey, black).
const NEUTRAL: f32 = 0.045;
/// How far a hue may lie from the dominant one and belong to its family, in degrees.
const FAMILY: f32 = 38.0;
/// Most chroma that a recoloured body gets: full-strength primaries look like warning lamps.
const VIVID: f32 = 0.195;

/// Replaces every colour below a node.
pub(crate) fn map_colors(node: &mut Node, map: &dyn Fn(Color) -> Color) {
    let on_paint = |paint: &mut Paint| match paint {
        Paint::Solid(color) => *color = map(*color),
        Paint::Linear(gradient) => gradient
            .stops
            .iter_mut()
            .for_each(|stop| stop.color = map(stop.color)),
        Paint::Radial(gradient) => gradient
            .stops
            .iter_mut()
            .for_each(|stop| stop.color = map(stop.color)),
    };
    match node {
        Node::Group(group) => group
            .children
            .iter_mut()
            .for_each(|child| map_colors(child, map)),
        Node::Shape(shape) => {
            if let Some(fill) = &mut shape.fill {
                on_paint(&mut fill.paint);
            }
            if let Some(stroke) = &mut shape.stroke {
                on_paint(&mut stroke.paint);
            }
        }
    }
}

/// Areas of the solid colours below the nodes, in order of first appearance.
pub(crate) fn color_areas(nodes: &[Node]) -> Vec<(Color, f64)> {
    fn visit(node: &Node, areas: &mut Vec<(Color, f64)>) {
        match node {
            Node::Group(group) => group.children.iter().for_each(|child| visit(child, areas)),
            Node::Shape(shape) => {
                let mut add = |paint: &Paint, area: f64| {
                    if let Paint::Solid(color) = paint {
                        match areas.iter_mut().find(|(known, _)| known == color) {
                            Some((_, sum)) => *sum += area,
                            None => areas.push((*color, area)),
                        }
                    }
                };
                if let Some(fill) = &shape.fill {
                    add(&fill.paint, shape.path.area().abs());
                }
                if let Some(stroke) = &shape.stroke {
                    add(&stroke.paint, shape.path.perimeter(0.1) * stroke.width);
                }
            }
        }
    }
    let mut areas = Vec::new();
    for node in nodes {
        visit(node, &mut areas);
    }
    areas
}

/// The colour of the family that covers most; `None` when nothing is filled.
pub(crate) fn dominant(nodes: &[Node]) -> Option<Color> {
    let areas = color_areas(nodes);
    let weight = |color: Color| -> f64 {
        areas
            .iter()
            .filter(|(other, _)| same_family(color.to_oklch(), other.to_oklch()))
            .map(|(_, area)| area)
            .sum()
    };
    // A little preference for chroma: a red car with large windows is red.
    let score = |color: Color| {
        weight(color)
            * if color.to_oklch().chroma < NEUTRAL {
                0.8
            } else {
                1.0
            }
    };
    let leader = areas
        .iter()
        .map(|(color, _)| *color)
        .reduce(|best, color| {
            if score(color) > score(best) {
                color
            } else {
                best
            }
        })?;
    let family = leader.to_oklch();
    areas
        .iter()
        .filter(|(color, _)| same_family(family, color.to_oklch()))
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map(|(color, _)| *color)
}

fn same_family(body: Oklch, other: Oklch) -> bool {
    if body.chroma < NEUTRAL {
        return other.chroma < NEUTRAL + 0.015 && (other.lightness - body.lightness).abs() < 0.3;
    }
    other.chroma >= NEUTRAL * 0.8 && hue_distance(body.hue, other.hue) <= FAMILY
}

fn hue_distance(a: f32, b: f32) -> f32 {
    let turn = (a - b).rem_euclid(360.0);
    turn.min(360.0 - turn)
}

/// Gives the picture's body the wanted colour.
pub(crate) fn recolor(nodes: &mut [Node], wanted: Color) {
    let Some(body) = dominant(nodes).map(Color::to_oklch) else {
        return;
    };
    let target = wanted.to_oklch();
    let target = Oklch {
        // Room for the lights and shades of the body on both sides.
        lightness: target.lightness.clamp(0.24, 0.94),
        chroma: if target.chroma < NEUTRAL {
            target.chroma * 0.5
        } else {
            target.chroma.min(VIVID)
        },
        hue: target.hue,
    };
    for node in nodes {
        map_colors(node, &|color| {
            let value = color.to_oklch();
            if !same_family(body, value) {
                return color;
            }
            let strength = if body.chroma < NEUTRAL {
                1.0
            } else {
                (value.chroma / body.chroma).clamp(0.35, 1.25)
            };
            let turn = (value.hue - body.hue + 180.0).rem_euclid(360.0) - 180.0;
            Color::from_oklch(Oklch {
                lightness: (target.lightness + (value.lightness - body.lightness) * 0.9)
                    .clamp(0.08, 0.985),
                chroma: (target.chroma * strength).min(VIVID * 1.1),
                hue: if body.chroma < NEUTRAL {
                    target.hue
                } else {
                    target.hue + turn * 0.4
                },
            })
        });
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::Shape;

    use super::*;
    use crate::embedded::art::pen::{ellipse, rounded_rect};
    use crate::embedded::art::tone::hex;

    fn beast() -> Vec<Node> {
        vec![
            Node::Shape(Shape::filled(
                "body",
                rounded_rect((0.0, 0.0, 30.0, 20.0), 2.0),
                Paint::Solid(hex(0xF4900C)),
            )),
            Node::Shape(Shape::filled(
                "shade",
                rounded_rect((0.0, 12.0, 30.0, 8.0), 2.0),
                Paint::Solid(hex(0xC76F08)),
            )),
            Node::Shape(Shape::filled(
                "eye",
                ellipse((5.0, 5.0), (1.5, 1.5)),
                Paint::Solid(hex(0x292F33)),
            )),
        ]
    }

    fn color_of(node: &Node) -> Color {
        color_areas(std::slice::from_ref(node))[0].0
    }

    #[test]
    fn the_body_takes_the_hue_and_keeps_its_shading_while_the_eye_stays() {
        for wanted in [0x2255CC, 0xDD2E44, 0x228833, 0xFFFFFF, 0x202020, 0x888888] {
            let mut nodes = beast();
            recolor(&mut nodes, hex(wanted));
            let (body, shade) = (
                color_of(&nodes[0]).to_oklch(),
                color_of(&nodes[1]).to_oklch(),
            );
            assert!(
                body.lightness > shade.lightness + 0.05,
                "{wanted:06x} lost its shading"
            );
            let target = hex(wanted).to_oklch();
            if target.chroma > NEUTRAL {
                assert!(
                    hue_distance(body.hue, target.hue) < 8.0,
                    "{wanted:06x}: hue {}",
                    body.hue
                );
            } else {
                assert!(body.chroma < 0.02, "{wanted:06x} is not neutral");
                assert!(
                    (body.lightness - target.lightness).abs() < 0.1,
                    "{wanted:06x}: {}",
                    body.lightness
                );
            }
            assert_eq!(color_of(&nodes[2]), hex(0x292F33));
        }
    }
}
