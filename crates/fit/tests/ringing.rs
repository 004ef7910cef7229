//! Pictures that were sharpened, or reduced by a filter with negative lobes: the bands along their
//! borders are no shapes. Nor are those that chroma leaves which was stored at half the resolution.

#![allow(
    clippy::expect_used,
    reason = "a helper of a test may panic as the test may"
)]

use std::f64::consts::PI;

use chat2svg_fit::{FitOptions, vectorize};
use chat2svg_vector::{Color, Document, ParseLimits, Raster};

const SIDE: u32 = 128;
/// Pixels of a drawing per pixel of the picture that Lanczos' filter makes of it.
const SCALE: usize = 4;

const STAR: &str = "<path d='M64 8 78 48 121 49 87 75 99 116 64 92 29 116 41 75 7 49 50 48z'";

fn drawn(side: u32, content: &str) -> Raster {
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {SIDE} {SIDE}'>{content}</svg>"
    );
    let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("is read");
    parsed.document.render(side, side, None).expect("renders")
}

/// A drawing on some ground.
fn on(ground: &str, content: &str) -> String {
    format!("<rect width='128' height='128' fill='{ground}'/>{content}")
}

/// Every row and column of a picture through some weights, each of a place and how much it counts.
fn filtered(
    picture: &Raster,
    side: usize,
    weights: impl Fn(usize) -> Vec<(usize, f64)>,
) -> Vec<[f64; 3]> {
    let from = picture.width() as usize;
    let at = |x: usize, y: usize, axis: usize| f64::from(picture.pixels()[y * from + x][axis]);
    let mut rows: Vec<[f64; 3]> = Vec::new();
    for y in 0..from {
        for x in 0..side {
            let all = weights(x);
            rows.push([0, 1, 2].map(|axis| all.iter().map(|(i, w)| w * at(*i, y, axis)).sum()));
        }
    }
    let mut found: Vec<[f64; 3]> = Vec::new();
    for y in 0..side {
        let all = weights(y);
        for x in 0..side {
            let sum = |axis: usize| all.iter().map(|(i, w)| w * rows[i * side + x][axis]).sum();
            found.push([sum(0), sum(1), sum(2)]);
        }
    }
    found
}

fn raster(pixels: impl Iterator<Item = [f64; 3]>) -> Raster {
    let pixels = pixels.map(|pixel| {
        let [red, green, blue] = pixel.map(|value| value.round().clamp(0.0, 255.0) as u8);
        [red, green, blue, 255]
    });
    Raster::new(SIDE, SIDE, pixels.collect()).expect("the size fits")
}

/// What an unsharp mask makes of a picture.
fn sharpened(picture: &Raster, radius: f64, amount: f64) -> Raster {
    let side = SIDE as usize;
    let soft = filtered(picture, side, |place| {
        let near = place.saturating_sub(6)..(place + 7).min(side);
        let weight = |other: usize| (-0.5 * (other.abs_diff(place) as f64 / radius).powi(2)).exp();
        let sum: f64 = near.clone().map(weight).sum();
        near.map(|other| (other, weight(other) / sum)).collect()
    });
    let pairs = picture.pixels().iter().zip(soft);
    raster(pairs.map(|(pixel, soft)| {
        let own = [pixel[0], pixel[1], pixel[2]].map(f64::from);
        [0, 1, 2].map(|axis| own[axis] + amount * (own[axis] - soft[axis]))
    }))
}

/// What Lanczos' filter of three lobes makes of a larger picture.
fn reduced(picture: &Raster) -> Raster {
    let sinc = |x: f64| {
        if x == 0.0 {
            1.0
        } else {
            (PI * x).sin() / (PI * x)
        }
    };
    let from = picture.width() as usize;
    let found = filtered(picture, SIDE as usize, |place| {
        let middle = (place as f64 + 0.5) * SCALE as f64;
        let reach = 3.0 * SCALE as f64;
        let first = (middle - reach).max(0.0) as usize;
        let near = first..((middle + reach) as usize + 1).min(from);
        let weight = |other: usize| {
            let off = (other as f64 + 0.5 - middle) / SCALE as f64;
            if off.abs() < 3.0 {
                sinc(off) * sinc(off / 3.0)
            } else {
                0.0
            }
        };
        let sum: f64 = near.clone().map(weight).sum();
        near.map(|other| (other, weight(other) / sum)).collect()
    });
    raster(found.into_iter())
}

/// How many shapes a picture becomes, and how near they come to another.
fn vectorized(picture: &Raster, truth: &Raster) -> (usize, f64) {
    let options = FitOptions {
        iterations: 120,
        threads: 1,
        ..FitOptions::default()
    };
    let document = vectorize(picture, &options, &mut ())
        .expect("fits")
        .document;
    let shown = document.render(SIDE, SIDE, None).expect("renders");
    let psnr = shown.psnr(truth, Color::WHITE).expect("the same size");
    (document.counts().shapes, psnr)
}

#[test]
fn over_and_undershoot_are_no_shapes() {
    let discs = "<circle cx='64' cy='64' r='52' fill='#1e78b4'/>\
                 <circle cx='64' cy='64' r='36' fill='#f0f0e8'/><circle cx='64' cy='64' r='18' fill='#dc3c28'/>";
    let drawings = [
        on("#fff", "<circle cx='64' cy='64' r='44' fill='#c82832'/>"),
        on("#3c3e42", "<circle cx='64' cy='64' r='44' fill='#f0b43c'/>"),
        on("#fff", &format!("{STAR} fill='#c82832'/>")),
        on("#3c3e42", &format!("{STAR} fill='#f0b43c'/>")),
        on("#8a8d92", discs),
    ];
    for drawing in drawings {
        let truth = drawn(SIDE, &drawing);
        let (wanted, _) = vectorized(&truth, &truth);
        let pictures = [
            sharpened(&truth, 1.5, 1.2),
            sharpened(&truth, 2.0, 0.8),
            reduced(&drawn(SIDE * SCALE as u32, &drawing)),
        ];
        for (index, picture) in pictures.iter().enumerate() {
            let (found, psnr) = vectorized(picture, &truth);
            assert!(
                found <= wanted + 1,
                "{found} shapes, not {wanted}, of {index}: {drawing}"
            );
            assert!(psnr >= 40.0, "{psnr} dB of {index}: {drawing}");
        }
    }
}

#[test]
fn a_line_around_a_shape_is_not_taken_for_undershoot() {
    let drawing = on(
        "#fff",
        "<circle cx='64' cy='64' r='44' fill='#8c8c8c'/>\
         <circle cx='64' cy='64' r='43' fill='none' stroke='#5e5e5e' stroke-width='2'/>",
    );
    let truth = drawn(SIDE, &drawing);
    let (found, psnr) = vectorized(&truth, &truth);
    assert!(found >= 3 && psnr >= 38.0, "{found} shapes, {psnr} dB");
}

/// What is left of a picture whose chroma was stored at half the resolution, a little noisy.
fn with_half_the_chroma(picture: &Raster) -> Raster {
    let side = SIDE as usize;
    let soft = filtered(picture, side, |place| {
        let pair = place - place % 2;
        let other = if place % 2 == 0 {
            place.max(2) - 2
        } else {
            place + 1
        };
        let other = other.min(side - 2);
        let own = [(pair, 0.375), (pair + 1, 0.375)];
        own.into_iter()
            .chain([(other, 0.125), (other + 1, 0.125)])
            .collect()
    });
    let luma = |[red, green, blue]: [f64; 3]| 0.299 * red + 0.587 * green + 0.114 * blue;
    let mut state = 1_u32;
    let pixels = picture.pixels().iter().zip(soft);
    raster(pixels.map(|([red, green, blue, _], soft)| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = f64::from(state >> 24) / 51.0 - 2.5;
        let off = luma([*red, *green, *blue].map(f64::from)) - luma(soft) + noise;
        soft.map(|value| value + off)
    }))
}

#[test]
fn chroma_at_half_the_resolution_leaves_no_bands() {
    // Two dark colours of nearly one luma, and a ring.
    let badge = "<rect x='16' y='24' width='96' height='80' rx='20' fill='#0012b0'/>\
                 <path d='M30 92 54 40 78 92z' fill='#fafafa'/>\
                 <circle cx='90' cy='56' r='11' fill='none' stroke='#a478b0' stroke-width='6'/>";
    let clean = drawn(SIDE, &on("#361802", badge));
    let target = with_half_the_chroma(&clean);
    let outcome = vectorize(&target, &FitOptions::default(), &mut ()).expect("fits");
    let shapes = outcome.document.counts().shapes;
    assert!(shapes <= 6, "{shapes} shapes");
    let shown = outcome.document.render(SIDE, SIDE, None).expect("renders");
    let quality = |picture: &Raster| picture.psnr(&clean, Color::WHITE).expect("same size");
    let (found, stored) = (quality(&shown), quality(&target));
    assert!(found >= stored + 9.0, "{found} dB, {stored} dB");
}
