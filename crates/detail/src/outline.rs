//! Line weight: in line art the outer contour of each thing is drawn heavier than the lines within
//! it, so that things stand out from one another. One path for each thing, below its own lines.

use chat2svg_stop::{Stop, Stopped};
use chat2svg_vector::{Color, Distance, Document, Meaning, Node, Paint, Role, Shape};
use kurbo::BezPath;

use crate::{
    additions::{Addition, stroked},
    scene::{Item, Scene},
    silhouette::{Edge, pieces},
};

/// Most things that get a contour.
const MOST: usize = 12;
/// Width of a contour in widths of the lines within, at full strength.
const WEIGHT: f64 = 2.3;
/// Pixels of the silhouette's grid by which a contour may be off.
const TOLERANCE: f64 = 0.3;
/// Least height of a thing that gets one, as a share of the canvas's shorter side.
const LEAST_HEIGHT: f64 = 0.08;

/// Contours for the largest things of a line drawing, each below the thing.
pub(crate) fn contours(
    document: &Document,
    scene: &Scene,
    strength: f32,
    stop: &Stop,
) -> Result<Vec<Addition>, Stopped> {
    if strength <= 0.0 {
        return Ok(Vec::new());
    }
    let view = document.view_box;
    let least = view.width().min(view.height()) * LEAST_HEIGHT;
    let shapes = document.shapes();
    let mut found: Vec<(f64, Addition)> = Vec::new();
    for object in 0..scene.objects {
        stop.check()?;
        let parts = || {
            let items = scene.items.iter().zip(&shapes);
            items.filter(|(item, _)| item.object == object && item.role == Role::Thing)
        };
        let Some((item, _)) = parts().next() else {
            continue;
        };
        // The finest line: a stem or a mast may be drawn as one thick stroke.
        let line = parts()
            .filter_map(|(item, placed)| line_of(placed.shape, item))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let (Some((color, width)), Some(root)) = (line, scene.roots.get(object)) else {
            continue;
        };
        if item.meaning.distance == Some(Distance::Middle) {
            continue;
        }
        let mut path = BezPath::new();
        let mut area = 0.0f64;
        for piece in pieces(document, scene, object, Edge::Thing, stop)? {
            if piece.bounds.height() >= least {
                path.extend(piece.outline(TOLERANCE));
                area = area.max(piece.bounds.area());
            }
        }
        if area > 0.0 {
            let weight = 1.0 + (WEIGHT - 1.0) * f64::from(strength);
            let label = format!("{} / contour", item.layer());
            let addition = Addition {
                path: root.clone(),
                above: false,
                node: Node::Shape(Shape {
                    meaning: Meaning::of_role(Role::Contour),
                    ..stroked(label, path, color, width * weight, 1.0)
                }),
            };
            found.push((area, addition));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(MOST);
    Ok(found.into_iter().map(|(_, addition)| addition).collect())
}

/// Colour and width of a shape's line, in the document's coordinates.
fn line_of(shape: &Shape, item: &Item) -> Option<(Color, f64)> {
    let stroke = shape.stroke.as_ref()?;
    let scale = item.transform.determinant().abs().sqrt();
    match stroke.paint {
        Paint::Solid(color) => Some((color, stroke.width * scale)),
        Paint::Linear(_) | Paint::Radial(_) => None,
    }
}
