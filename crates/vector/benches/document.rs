//! Reading, writing, rendering and measuring a document like those that the pipeline makes: layers
//! of named objects, a third of the shapes with gradients, some translucent, some stroked.

use std::f64::consts::TAU;
use std::hint::black_box;

use chat2svg_vector::{
    Color, Document, GradientStop, Group, LineCap, LineJoin, LinearGradient, Metadata, Node, Paint,
    ParseLimits, Shape, Spread, Stroke, WriteOptions,
};
use criterion::{Criterion, criterion_group, criterion_main};
use kurbo::{Affine, BezPath, Point, Rect};

const LAYERS: usize = 8;
const SHAPES_PER_LAYER: usize = 32;

/// A closed outline of eight cubics around a point.
fn blob(center: Point, radius: f64, turn: f64) -> BezPath {
    let point = |step: f64, scale: f64| {
        let angle = turn + step / 8.0 * TAU;
        let reach = radius * scale * (1.0 + 0.2 * (3.0 * angle).sin());
        center + kurbo::Vec2::new(reach * angle.cos(), reach * angle.sin())
    };
    let mut path = BezPath::new();
    path.move_to(point(0.0, 1.0));
    for step in 0..8 {
        let step = f64::from(step);
        path.curve_to(
            point(step + 0.33, 1.04),
            point(step + 0.66, 1.04),
            point(step + 1.0, 1.0),
        );
    }
    path.close_path();
    path
}

fn shape(layer: usize, index: usize) -> Shape {
    // Golden-ratio steps spread places and colours evenly, the same each time.
    let spread = |factor: f64| ((layer * SHAPES_PER_LAYER + index) as f64 * factor).fract();
    let center = Point::new(512.0 * spread(0.618_034), 512.0 * spread(0.754_878));
    let color = Color::new(
        spread(0.31) as f32,
        spread(0.47) as f32,
        spread(0.73) as f32,
    );
    let radius = 20.0 + 60.0 * spread(0.569_84);
    let paint = if index.is_multiple_of(3) {
        Paint::Linear(LinearGradient {
            start: center,
            end: center + kurbo::Vec2::new(0.0, radius),
            transform: Affine::IDENTITY,
            stops: [(0.0, color.lighten(0.1)), (1.0, color)]
                .map(|(offset, color)| GradientStop {
                    offset,
                    color,
                    opacity: 1.0,
                })
                .to_vec(),
            spread: Spread::Pad,
        })
    } else {
        Paint::Solid(color)
    };
    let mut shape = Shape::filled(
        format!("part {index}"),
        blob(center, radius, spread(0.2)),
        paint,
    );
    if index.is_multiple_of(5) {
        shape.opacity = 0.6;
    }
    if index.is_multiple_of(7) {
        shape.stroke = Some(Stroke {
            paint: Paint::Solid(color.lighten(-0.2)),
            opacity: 1.0,
            width: 2.0,
            cap: LineCap::Round,
            join: LineJoin::Round,
            miter_limit: 4.0,
            dashes: Vec::new(),
            dash_offset: 0.0,
        });
    }
    shape
}

fn picture() -> Document {
    let layers = (0..LAYERS).map(|layer| {
        let mut group = Group::new(format!("Layer {layer}"));
        group.children = (0..SHAPES_PER_LAYER)
            .map(|index| Node::Shape(shape(layer, index)))
            .collect();
        Node::Group(group)
    });
    Document {
        width: 512.0,
        height: 512.0,
        view_box: Rect::new(0.0, 0.0, 512.0, 512.0),
        title: Some("Benchmark".to_owned()),
        description: None,
        metadata: Metadata::default(),
        layers: layers.collect(),
    }
}

fn benchmarks(criterion: &mut Criterion) {
    let document = picture();
    let svg = document.to_svg(&WriteOptions::default());
    println!("{} shapes, {} bytes", document.counts().shapes, svg.len());
    let limits = ParseLimits::default();
    criterion.bench_function("write", |bencher| {
        bencher.iter(|| black_box(&document).to_svg(&WriteOptions::default()));
    });
    criterion.bench_function("parse", |bencher| {
        bencher.iter(|| Document::parse(black_box(svg.as_bytes()), &limits));
    });
    criterion.bench_function("sanitise", |bencher| {
        bencher.iter(|| chat2svg_vector::sanitise::sanitise(black_box(svg.as_bytes()), &limits));
    });
    criterion.bench_function("render_512", |bencher| {
        bencher.iter(|| black_box(&document).render(512, 512, Some(Color::WHITE)));
    });
    criterion.bench_function("visibility_512", |bencher| {
        bencher.iter(|| black_box(&document).visibility(512, 512));
    });
}

criterion_group!(benches, benchmarks);
criterion_main!(benches);
