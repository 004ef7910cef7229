//! What is and what is no shadow, on nothing and on an even ground.

use super::*;

const WIDTH: usize = 160;
const HEIGHT: usize = 120;

fn picture(pixel: impl Fn(f64, f64) -> Pixel) -> Picture {
    Picture {
        width: WIDTH,
        height: HEIGHT,
        pixels: (0..WIDTH * HEIGHT)
            .map(|i| pixel((i % WIDTH) as f64 + 0.5, (i / WIDTH) as f64 + 0.5))
            .collect(),
        is_opaque: false,
    }
}

/// About the strength of a blurred edge.
fn edge(off: f64) -> f64 {
    1.0 / (1.0 + (1.7 * off / 6.0).exp())
}

fn ink(alpha: f64) -> Pixel {
    [0.0, 0.0, 0.1 * alpha as f32, alpha as f32]
}

#[test]
fn a_round_shadow_is_one_shape_and_what_lies_over_it_stays() {
    let round = |x: f64, y: f64| 0.5 * edge((x - 80.0).hypot(y - 64.0) - 32.0);
    let found = picture(|x, y| {
        let card = (30.5 - (x - 80.0).hypot(y - 58.0)).clamp(0.0, 1.0);
        let below = ink(round(x, y) * (1.0 - card));
        std::array::from_fn(|i| below[i] + (card as f32) * [0.9, 0.5, 0.1, 1.0][i])
    });
    let shadows = shadows_of(&found, &Stop::never()).expect("has one");
    assert_eq!(shadows.shapes.len(), 1);
    let at = |x: usize, y: usize| shadows.rest.pixels[y * WIDTH + x];
    assert_eq!(at(80, 100), [0.0; 4]);
    assert!((at(80, 58)[0] - 0.9).abs() < 0.01 && at(80, 58)[3] > 0.99);
}

/// A picture over a ground.
fn on(ground: [f32; 3], picture: &Picture) -> Picture {
    let pixels = picture.pixels.iter().map(|pixel| {
        let shown = |i: usize| pixel[i] + (1.0 - pixel[3]) * ground[i];
        [0, 1, 2].map(|i| (255.0 * shown(i)).round() / 255.0)
    });
    Picture::opaque(WIDTH, HEIGHT, pixels)
}

#[test]
fn a_shadow_on_an_even_ground_is_found_as_on_none() {
    let round = |x: f64, y: f64| 0.5 * edge((x - 80.0).hypot(y - 64.0) - 32.0);
    let card = |x: f64, y: f64| (30.5 - (x - 80.0).hypot(y - 58.0)).clamp(0.0, 1.0);
    let over = |color: [f32; 3]| {
        picture(|x, y| {
            let card = card(x, y) as f32;
            let below = ink(round(x, y) * f64::from(1.0 - card));
            let own = |i: usize| if i < 3 { color[i] } else { 1.0 };
            std::array::from_fn(|i| below[i] + card * own(i))
        })
    };
    for (ground, color, plates) in [
        ([0.9, 0.95, 1.0], [0.9, 0.5, 0.1], 0),
        ([1.0; 3], [1.0; 3], 1),
    ] {
        let seen = on(ground, &over(color));
        let shadows = shadows_of(&seen, &Stop::never()).expect("has one");
        assert_eq!(shadows.shapes.len(), 1);
        assert_eq!(shadows.plates.len(), plates);
        assert!(shadows.rest.is_opaque);
        let is_near = |index: usize| {
            let (x, y) = ((index % WIDTH) as f64 + 0.5, (index / WIDTH) as f64 + 0.5);
            let card = card(x, y) as f32;
            let pixel = shadows.rest.pixels[index];
            let mixed = |i: usize| card * color[i] + (1.0 - card) * ground[i];
            (0..3).all(|i| (pixel[i] - mixed(i)).abs() < 0.04)
        };
        let off = (0..WIDTH * HEIGHT).filter(|index| !is_near(*index));
        assert_eq!(off.count(), 0, "on {ground:?}");
    }
}

#[test]
fn what_is_even_within_a_border_on_an_even_ground_is_no_shadow() {
    let disc = picture(|x, y| {
        let alpha = (30.5 - (x - 80.0).hypot(y - 58.0)).clamp(0.0, 1.0) as f32;
        [0.5, 0.6, 0.7, 1.0].map(|value| value * alpha)
    });
    assert!(shadows_of(&on([0.9; 3], &disc), &Stop::never()).is_none());
}

#[test]
fn a_card_has_a_shadow_of_few_shapes_whatever_its_size() {
    for [x0, y0, x1, y1] in [[40.0, 40.0, 110.0, 85.0], [20.0, 22.0, 140.0, 96.0]] {
        let side = |at: f64, low: f64, high: f64| edge(low - at) * edge(at - high);
        let shade = |x: f64, y: f64| 0.4 * side(x, x0, x1) * side(y, y0, y1);
        let is_card = |x: f64, y: f64| (x0..x1).contains(&x) && (y0 - 5.0..y1 - 5.0).contains(&y);
        let found = picture(|x, y| match is_card(x, y) {
            true => [1.0; 4],
            false => ink(shade(x, y)),
        });
        let shadows = shadows_of(&found, &Stop::never()).expect("has one");
        assert!(shadows.shapes.len() <= 6, "{}", shadows.shapes.len());
        assert!(
            shadows
                .rest
                .pixels
                .iter()
                .all(|p| p[3] < LEAST || p[3] > 0.9)
        );
    }
}

/// How far a picture of a shadow is from what the shapes found for it would show, and how many
/// these are.
fn drawn(alpha: impl Fn(f64, f64) -> f64) -> (f64, usize) {
    let found = picture(|x, y| ink(alpha(x, y)));
    let part = soft_parts(&found).swap_remove(0);
    let (model, color) =
        model_of(&found, &part, (MOST_SAMPLES, SEEN), &Stop::never()).expect("is a shadow");
    let offs = (0..found.pixels.len()).map(|index| {
        let off = model.alpha(found.center_of(index)) - f64::from(found.pixels[index][3]);
        off * off
    });
    let error = (offs.sum::<f64>() / found.pixels.len() as f64).sqrt();
    (error, model.shapes(color).len())
}

#[test]
fn a_soft_star_is_few_gradients() {
    let (error, count) = drawn(|x, y| {
        let (x, y) = (x - 80.0, y - 60.0);
        let wave = 1.0 + 0.22 * (5.0 * y.atan2(x)).cos();
        0.5 * edge(1.2 * (x.hypot(y) - 32.0 * wave))
    });
    assert!(error < 0.016 && count <= 6, "{error}, {count}");
}

#[test]
fn a_slanted_card_with_a_narrow_edge_keeps_its_form() {
    let (error, count) = drawn(|x, y| {
        let (x, y) = (x - 80.0, y - 60.0);
        let (along, across) = (0.9 * x + 0.44 * y, 0.9 * y - 0.44 * x);
        let sides = [along.abs() - 45.0, across.abs() - 26.0];
        0.6 * edge(3.0 * sides[0]) * edge(3.0 * sides[1])
    });
    assert!(error < 0.012 && count <= 12, "{error}, {count}");
}

#[test]
fn what_a_ring_leaves_of_its_shadow_is_one_shadow() {
    let off = |x: f64, y: f64, low: f64| ((x - 80.0).hypot(y - low) - 30.0).abs() - 7.0;
    let found = picture(|x, y| match off(x, y, 56.0) < 0.0 {
        true => [0.8, 0.8, 0.2, 1.0],
        false => ink(0.5 * edge(off(x, y, 60.0))),
    });
    let shadows = shadows_of(&found, &Stop::never()).expect("has one");
    assert_eq!(shadows.shapes.len(), 1);
}

#[test]
fn a_faint_edge_is_no_shadow() {
    let card =
        |at: f64, side: f64| (side - 12.3 - at).clamp(0.0, 1.0) * (at - 11.8).clamp(0.0, 1.0);
    let found = picture(|x, y| {
        let cover = card(x, WIDTH as f64) * card(y, HEIGHT as f64);
        let round = 1.0 - ((x - 80.0).hypot(y - 60.0) / 58.0).min(0.88);
        ink(round * cover)
    });
    assert!(shadows_of(&found, &Stop::never()).is_none());
}

#[test]
fn what_is_even_or_ends_in_an_edge_is_no_shadow() {
    let even = picture(|x, y| {
        ink(if (x - 80.0).hypot(y - 60.0) < 40.0 {
            0.4
        } else {
            0.0
        })
    });
    assert!(shadows_of(&even, &Stop::never()).is_none());
    let ramp = picture(|x, y| match (20.0..100.0).contains(&y) {
        true => ink(0.8 * x / WIDTH as f64),
        false => ink(0.0),
    });
    assert!(shadows_of(&ramp, &Stop::never()).is_none());
    let opaque = picture(|_, _| [0.5, 0.5, 0.5, 1.0]);
    assert!(shadows_of(&opaque, &Stop::never()).is_none());
}
