//! A fit in the middle of its way, for tests of single actions.

use chat2svg_trace::{picture::Picture, reading::Reading};
use chat2svg_vector::{Color, Document, Group, Node, Paint, Shape};
use kurbo::{Affine, BezPath, Rect, Shape as _};

use crate::{
    FitOptions,
    clock::Clock,
    fit::{Fit, Problem},
    measure::Score,
};

/// Side of the canvas in pixels.
const SIDE: u32 = 64;

/// A ground, and shapes with a label and a colour above it, in one group.
pub(crate) fn document(shapes: &[(&str, BezPath, [f32; 3])]) -> Document {
    let side = f64::from(SIDE);
    let frame = Rect::new(0.0, 0.0, side, side);
    let mut group = Group::new("things");
    let ground = ("ground", frame.to_path(0.1), [0.9, 0.9, 0.8]);
    for (label, path, [red, green, blue]) in std::iter::once(&ground).chain(shapes) {
        let paint = Paint::Solid(Color::new(*red, *green, *blue));
        let shape = Shape::filled(*label, path.clone(), paint);
        group.children.push(Node::Shape(shape));
    }
    let mut document = Document::empty(side, side);
    document.layers.push(Node::Group(group));
    document
}

/// What `act` makes of a fit that has just begun, from one document toward the picture of another.
pub(crate) fn with_fit<T>(
    from: &Document,
    to: &Document,
    options: &FitOptions,
    act: impl FnOnce(Fit<'_>) -> T,
) -> T {
    let side = SIDE as usize;
    let picture = to.render(SIDE, SIDE, Some(Color::WHITE)).expect("renders");
    let reading = Reading::plain(Picture::from_raster(&picture, side, side));
    let clock = Clock::start(&options.stop);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.expect("a thread");
    let before = Score::of(from, &reading.stored, options).expect("renders");
    act(Fit::new(
        Problem {
            options,
            clock: &clock,
            pool: &pool,
            template: from,
            is_new: false,
            given: before,
            moved: &[],
            target: &reading.stored,
            reading: &reading,
            lines: None,
            is_icon: false,
            to_canvas: Affine::IDENTITY,
            compared: None,
        },
        Vec::new(),
        before,
        &mut (),
    ))
}
