//! Floors of what becomes of the pictures that people bring: each as near to what it shows as it
//! was, in as few shapes and bytes, with nothing lost that one sees.

use std::sync::LazyLock;

use chat2svg_fit::{FitOptions, vectorize};
use chat2svg_vector::{Color, Document, ParseLimits, Raster, WriteOptions};

use crate::drawings;

/// Grounds on which a result is compared; it is as good as on the worst.
const GROUNDS: [Color; 3] = [Color::BLACK, Color::WHITE, Color::new(0.5, 0.5, 0.5)];
/// Loss in dB that fails.
const LOSS: f64 = 0.3;
/// Growth of the file that fails, as a share.
const GROWTH: f64 = 0.05;

/// A picture, and the figures of its result when they were last written down.
struct Case {
    name: &'static str,
    picture: fn() -> Raster,
    /// What it should show.
    truth: fn() -> Raster,
    /// Peak signal-to-noise ratio in dB, on the worst ground.
    psnr: f64,
    shapes: usize,
    bytes: usize,
}

const CASES: [Case; 9] = [
    Case {
        name: "thin lines",
        picture: drawings::thin_lines,
        truth: drawings::thin_lines,
        psnr: 38.19,
        shapes: 6,
        bytes: 1603,
    },
    Case {
        name: "scan",
        picture: drawings::scan,
        truth: drawings::scan,
        psnr: 35.04,
        shapes: 43,
        bytes: 14_490,
    },
    Case {
        name: "screenshot",
        picture: drawings::screenshot,
        truth: drawings::screenshot,
        psnr: 41.85,
        shapes: 16,
        bytes: 21_776,
    },
    Case {
        name: "card in shadow",
        picture: drawings::card_in_shadow,
        truth: drawings::card_in_shadow,
        psnr: 47.71,
        shapes: 8,
        bytes: 2575,
    },
    Case {
        name: "disc in shadow",
        picture: drawings::disc_in_shadow,
        truth: drawings::disc_in_shadow,
        psnr: 50.06,
        shapes: 4,
        bytes: 1040,
    },
    Case {
        name: "logo",
        picture: drawings::logo,
        truth: drawings::logo,
        psnr: 49.13,
        shapes: 7,
        bytes: 1140,
    },
    Case {
        name: "compressed logo",
        picture: drawings::compressed_logo,
        truth: drawings::logo,
        psnr: 50.82,
        shapes: 5,
        bytes: 529,
    },
    Case {
        name: "hard disc",
        picture: drawings::hard_disc,
        truth: drawings::soft_disc,
        psnr: 49.99,
        shapes: 2,
        bytes: 453,
    },
    Case {
        name: "badge",
        picture: drawings::badge,
        truth: drawings::badge,
        psnr: 45.65,
        shapes: 8,
        bytes: 1757,
    },
];

/// What became of a picture.
struct Vectorized {
    bytes: usize,
    shapes: usize,
    /// What the written file shows, transparent where it paints nothing.
    shown: Raster,
    psnr: f64,
}

impl Case {
    fn vectorized(&self) -> Vectorized {
        let picture = (self.picture)();
        let options = FitOptions {
            iterations: 120,
            threads: 2,
            ..FitOptions::default()
        };
        let outcome = vectorize(&picture, &options, &mut ()).expect("it can be fitted");
        let svg = outcome.document.to_svg(&WriteOptions::default());
        let read = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("it is SVG");
        let shown = read
            .document
            .render(picture.width(), picture.height(), None)
            .expect("it can be rendered");
        let truth = (self.truth)();
        let on = |ground| shown.psnr(&truth, ground).expect("the same size");
        Vectorized {
            bytes: svg.len(),
            shapes: read.document.counts().shapes,
            psnr: GROUNDS.map(on).into_iter().fold(f64::INFINITY, f64::min),
            shown,
        }
    }

    /// What is worse than it was.
    fn fault(&self, psnr: f64, shapes: usize, bytes: usize) -> Option<String> {
        let is_worse = psnr < self.psnr - LOSS
            || shapes > self.shapes + 1 + self.shapes / 20
            || bytes as f64 > self.bytes as f64 * (1.0 + GROWTH);
        is_worse.then(|| {
            format!(
                "{}: {psnr:.2} dB, {shapes} shapes, {bytes} bytes; it was {:.2} dB, {} shapes, {} bytes",
                self.name, self.psnr, self.shapes, self.bytes
            )
        })
    }
}

/// All results, made once for all tests.
static RESULTS: LazyLock<Vec<Vectorized>> =
    LazyLock::new(|| CASES.iter().map(Case::vectorized).collect());

fn result_of(name: &str) -> (Raster, &'static Vectorized) {
    let index = CASES.iter().position(|case| case.name == name);
    let index = index.expect("there is such a case");
    ((CASES[index].truth)(), &RESULTS[index])
}

#[test]
fn pictures_of_people_are_as_close_and_as_small_as_they_were() {
    let pairs = CASES.iter().zip(RESULTS.iter());
    let faults: Vec<String> = pairs
        .filter_map(|(case, found)| case.fault(found.psnr, found.shapes, found.bytes))
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn half_a_decibel_or_some_shapes_or_a_tenth_of_the_bytes_are_a_fault() {
    for case in &CASES {
        let Case {
            psnr,
            shapes,
            bytes,
            ..
        } = *case;
        assert_eq!(case.fault(psnr, shapes, bytes), None);
        assert!(case.fault(psnr - 0.5, shapes, bytes).is_some());
        assert!(case.fault(psnr, shapes + 2 + shapes / 20, bytes).is_some());
        assert!(case.fault(psnr, shapes, bytes + bytes / 10).is_some());
    }
}

fn darkness(picture: &Raster, x: u32, y: u32) -> u8 {
    let [red, green, blue, alpha] = picture.pixel(x, y).expect("on the canvas");
    if alpha == 0 {
        return 0;
    }
    255 - ((u16::from(red) + u16::from(green) + u16::from(blue)) / 3) as u8
}

/// Dark marks that are connected, by sides and corners.
fn marks(picture: &Raster) -> usize {
    let (width, height) = (picture.width(), picture.height());
    let mut open: Vec<bool> = (0..width * height)
        .map(|index| darkness(picture, index % width, index / width) >= 128)
        .collect();
    let mut count = 0;
    for start in 0..width * height {
        if !std::mem::take(&mut open[start as usize]) {
            continue;
        }
        count += 1;
        let mut reached = vec![start];
        while let Some(index) = reached.pop() {
            let (x, y) = (index % width, index / width);
            for near_y in y.saturating_sub(1)..(y + 2).min(height) {
                for near_x in x.saturating_sub(1)..(x + 2).min(width) {
                    let near = near_y * width + near_x;
                    if std::mem::take(&mut open[near as usize]) {
                        reached.push(near);
                    }
                }
            }
        }
    }
    count
}

#[test]
fn marks_beside_writing_stay() {
    let (truth, found) = result_of("scan");
    let (wanted, found) = (marks(&truth), marks(&found.shown));
    assert!(
        found.abs_diff(wanted) <= 1,
        "{found} dark marks, not {wanted}"
    );
    let (_, found) = result_of("thin lines");
    for dot in 0..6 {
        let dark = darkness(&found.shown, 40 + 14 * dot, 240);
        assert!(dark >= 200, "dot {dot} is {dark} dark");
    }
}

#[test]
fn lines_of_a_pixel_stay_where_they_are() {
    let (truth, found) = result_of("thin lines");
    for y in 1..truth.height() - 1 {
        for x in 1..truth.width() - 1 {
            let mut near = (0..9).map(|i| darkness(&found.shown, x + i % 3 - 1, y + i / 3 - 1));
            assert!(
                darkness(&truth, x, y) < 150 || near.any(|dark| dark >= 90),
                "nothing at {x}, {y}"
            );
        }
    }
    // Hairlines between rows, a little darker than their ground.
    let (truth, found) = result_of("screenshot");
    for row in 0..7 {
        let y = 88 + 34 * row;
        for x in 20..460 {
            let wanted = darkness(&truth, x, y);
            let found = darkness(&found.shown, x, y);
            assert!(
                found.abs_diff(wanted) <= 14,
                "{found}, not {wanted} at {x}, {y}"
            );
        }
    }
}
