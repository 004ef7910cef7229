//! Rim light: a thin crescent along the edge of a thing that faces a low sun or the moon, one shape
//! for each thing. Edges that another thing covers get none.

use chat2svg_stop::Stopped;
use chat2svg_trace::outlines;
use chat2svg_vector::{Meaning, Node, Oklab, Paint, Role, Shape};
use kurbo::{BezPath, Rect};

use crate::{
    additions::{Addition, filled},
    context::Context,
    field::Field,
    light::Source,
    visible::Visible,
};

/// Most things that get a rim.
const MOST: usize = 6;
/// Least share of the canvas that a thing must cover.
const LEAST_SHARE: f64 = 0.006;
/// Width of the rim as a share of the canvas's shorter side.
const WIDTH: f64 = 0.0065;
/// Least part of the rim that is drawn, in squares of its width.
const LEAST_PART: f64 = 4.0;

/// Rims for the largest things of a scene.
pub(crate) fn rims(context: &Context<'_>, strength: f32) -> Result<Vec<Addition>, Stopped> {
    let (scene, visible) = (context.scene, context.visible);
    if strength <= 0.0 || !matches!(context.light.source, Source::LowSun | Source::Moon) {
        return Ok(Vec::new());
    }
    let mut areas = vec![0usize; scene.objects];
    for (item, area) in scene.items.iter().zip(visible.areas(scene.items.len())) {
        if item.role == Role::Thing && !item.is_cloud() {
            areas[item.object] += area;
        }
    }
    let least = (visible.items.len() as f64 * LEAST_SHARE) as usize;
    let mut objects: Vec<usize> = (0..scene.objects)
        .filter(|&object| areas[object] > least)
        .collect();
    objects.sort_by_key(|&object| (std::cmp::Reverse(areas[object]), object));
    objects.truncate(MOST);
    let mut found = Vec::new();
    for object in objects {
        context.stop.check()?;
        found.extend(rim(context, strength, object)?);
    }
    Ok(found)
}

fn rim(context: &Context<'_>, strength: f32, object: usize) -> Result<Option<Addition>, Stopped> {
    let (scene, visible, light) = (context.scene, context.visible, context.light);
    let own: Vec<bool> = scene
        .items
        .iter()
        .map(|item| item.object == object && item.role == Role::Thing && !item.is_burning())
        .collect();
    let belongs = |item: &u32| own.get(*item as usize) == Some(&true);
    let ends = (
        scene.items.iter().position(|item| item.object == object),
        scene.items.iter().rposition(|item| item.object == object),
    );
    let (Some(first), Some(last)) = ends else {
        return Ok(None);
    };
    let first = first as u32;
    let width = (visible.width.min(visible.height) as f64 * WIDTH).max(1.0);
    let [x, y, _] = light.direction;
    let length = f64::from(x.hypot(y)).max(1e-6);
    let toward = (f64::from(x) / length * width, f64::from(y) / length * width);
    let Some(window) = window_of(visible, |item| belongs(&item)) else {
        return Ok(None);
    };
    let mut field = Field::zeros(window.width() as usize, window.height() as usize);
    let (left, top) = (window.x0 as usize, window.y0 as usize);
    let seen = |x: f64, y: f64| {
        let (column, row) = (x.round(), y.round());
        let inside = column >= 0.0
            && row >= 0.0
            && column < visible.width as f64
            && row < visible.height as f64;
        inside.then(|| visible.items[row as usize * visible.width + column as usize])
    };
    for y in 0..field.height {
        for x in 0..field.width {
            let (column, row) = ((left + x) as f64, (top + y) as f64);
            if !seen(column, row)
                .flatten()
                .is_some_and(|item| belongs(&item))
            {
                continue;
            }
            // Beyond the canvas nothing is known; what covers the thing ends it without a rim.
            let beyond = seen(column + toward.0, row + toward.1);
            let open =
                beyond.is_some_and(|item| item.is_none_or(|item| !belongs(&item) && item < first));
            field.values[y * field.width + x] = f32::from(u8::from(open));
        }
    }
    field.blur(1, context.stop)?;
    let least = LEAST_PART * width * width;
    let mut path = BezPath::new();
    for (outline, area) in outlines(&field.values, field.width, 0.7) {
        if area >= least {
            path.extend(outline);
        }
    }
    if path.elements().is_empty() {
        return Ok(None);
    }
    path.apply_affine(visible.to_document * kurbo::Affine::translate((window.x0, window.y0)));
    let color = context.palette.at(Oklab {
        lightness: if light.source == Source::Moon {
            0.84
        } else {
            0.91
        },
        a: light.warmth[0] * 3.0,
        b: light.warmth[1] * 3.5,
    });
    let item = &scene.items[last];
    Ok(Some(Addition {
        path: item.path.clone(),
        above: true,
        node: Node::Shape(Shape {
            meaning: Meaning::of_role(Role::Mark),
            ..filled(
                format!("{} / rim light", item.layer()),
                path,
                Paint::Solid(color),
                0.62 * light.rim * strength,
            )
        }),
    }))
}

/// The box, in pixels, of where something is seen, with one pixel around it.
fn window_of(visible: &Visible, belongs: impl Fn(u32) -> bool) -> Option<Rect> {
    let mut found: Option<Rect> = None;
    for (pixel, item) in visible.items.iter().enumerate() {
        if item.is_some_and(&belongs) {
            let (x, y) = (
                (pixel % visible.width) as f64,
                (pixel / visible.width) as f64,
            );
            let own = Rect::new(x, y, x + 1.0, y + 1.0);
            found = Some(found.map_or(own, |found| found.union(own)));
        }
    }
    let whole = Rect::new(0.0, 0.0, visible.width as f64, visible.height as f64);
    found.map(|found| found.inset(1.0).intersect(whole))
}
