//! What a browser shows is the truth: results in one page look as each does alone, and what is read
//! looks as what was given, or a warning says that it does not. One start of Chromium for all;
//! without one the tests are left out, and fail where `CI` is set.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;
mod program;
mod screen;

use std::sync::{Arc, OnceLock};

use chat2svg_vector::{Color, Document, ParseLimits, Raster, WriteOptions, sanitise};
use libtest_mimic::{Arguments, Failed, Trial};

use cases::{Case, Expected};
use program::browser;
use screen::{Shown, TILE, screenshot};

/// Two files that call different things alike.
const ALIKE: [&str; 2] = [
    "<linearGradient id='a'><stop stop-color='#e4572e'/><stop offset='1' stop-color='#ffc914'/></linearGradient>\
     <clipPath id='b'><circle cx='100' cy='80' r='70'/></clipPath>\
     <g id='c'><rect width='60' height='60' fill='#17bebb'/></g>\
     <rect width='200' height='160' fill='url(#a)' clip-path='url(#b)'/><use href='#c' x='70' y='50'/>",
    "<linearGradient id='a'><stop stop-color='#2e5e4e'/><stop offset='1' stop-color='#a8d8b9'/></linearGradient>\
     <clipPath id='b'><path d='M100 5L190 155H10Z'/></clipPath>\
     <g id='c'><circle r='25' fill='#76b041'/></g>\
     <rect width='200' height='160' fill='url(#a)' clip-path='url(#b)'/><use href='#c' x='100' y='110'/>",
];

/// Decibels at which two pictures by the same browser are one. Edges may be smoothed otherwise, and
/// gradients are drawn a little unlike in a page and in a file.
const SAME: f64 = 45.0;

/// How a file is made fit for a page with others.
type Preparation = fn(&str) -> String;

/// The ways to prepare a file, and whether they should do.
const PREPARATIONS: [(&str, Preparation, bool); 4] = [
    ("as they are", str::to_owned, false),
    (
        "read and written",
        |svg| written(svg.as_bytes()).expect("is SVG"),
        true,
    ),
    ("read and written with prefixes", with_prefix, true),
    ("cleaned", cleaned, true),
];

fn main() {
    let arguments = Arguments::from_args();
    let browser = browser();
    if browser.is_none() {
        eprintln!("no chromium is installed: the tests that compare with a browser are left out");
    }
    let may_be_left_out = browser.is_none() && std::env::var_os("CI").is_none();
    let cases: Arc<[Case]> = cases::all().into();
    let screens = Arc::new(OnceLock::new());
    let shown = Arc::clone(&cases);
    let look = move || -> Result<Arc<Vec<Raster>>, Failed> {
        let take = || {
            let browser = browser
                .as_deref()
                .ok_or("install chromium to run this test")?;
            screenshot(browser, &tiles(&shown)).map(Arc::new)
        };
        screens.get_or_init(take).clone().map_err(Failed::from)
    };
    let mut trials = Vec::new();
    for (index, case) in cases.iter().cloned().enumerate() {
        let look = look.clone();
        let trial = Trial::test(case.name.clone(), move || {
            let screens = look()?;
            check(&case, &screens[2 * index], &screens[2 * index + 1])
        });
        trials.push(trial.with_ignored_flag(may_be_left_out));
    }
    for (index, (name, _, should_hold)) in PREPARATIONS.into_iter().enumerate() {
        let look = look.clone();
        let first = 2 * cases.len() + 4 * index;
        let trial = Trial::test(format!("in one page: {name}"), move || {
            let screens = look()?;
            let found = [0, 2].map(|file| {
                let [alone, inline] = [first + file, first + file + 1].map(|at| &screens[at]);
                decibels(alone, inline)
            });
            let holds = found.into_iter().all(|found| found >= SAME);
            if holds == should_hold {
                Ok(())
            } else {
                Err(format!("alike with {found:.1?} dB").into())
            }
        });
        trials.push(trial.with_ignored_flag(may_be_left_out));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// For each case the file as given and as we write it; for each preparation and file the file alone
/// and in the page.
fn tiles(cases: &[Case]) -> Vec<Shown> {
    let mut tiles = Vec::new();
    for case in cases {
        let given = case.bytes();
        // What cannot be read shows nothing; the check says why.
        let ours = written(&given).unwrap_or_default();
        tiles.push(if case.is_encoded() {
            Shown::Frame(given)
        } else {
            Shown::File(given)
        });
        tiles.push(Shown::File(ours.into_bytes()));
    }
    for (_, prepare, _) in PREPARATIONS {
        for content in ALIKE {
            let svg = prepare(&cases::wrapped(content));
            tiles.push(Shown::File(svg.clone().into_bytes()));
            tiles.push(Shown::Inline(svg));
        }
    }
    tiles
}

fn written(svg: &[u8]) -> Result<String, String> {
    let parsed = Document::parse(svg, &ParseLimits::default()).map_err(|e| e.to_string())?;
    Ok(parsed.document.to_svg(&WriteOptions::default()))
}

fn with_prefix(svg: &str) -> String {
    let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("is SVG");
    let is_first = svg.contains("e4572e");
    parsed.document.to_svg(&WriteOptions {
        id_prefix: if is_first { "one-" } else { "two-" }.parse().ok(),
        ..WriteOptions::default()
    })
}

fn cleaned(svg: &str) -> String {
    let text = sanitise::sanitise(svg.as_bytes(), &ParseLimits::default());
    text.expect("is SVG").svg
}

fn decibels(one: &Raster, other: &Raster) -> f64 {
    one.psnr(other, Color::WHITE).expect("of one size")
}

/// Compares the browser's picture of a file with that of what we made of it, and with our own.
fn check(case: &Case, given: &Raster, ours: &Raster) -> Result<(), Failed> {
    let parsed = Document::parse(&case.bytes(), &ParseLimits::default())?;
    let warnings: Vec<String> = parsed
        .warnings
        .iter()
        .filter(|warning| warning.kind.changes_picture())
        .map(ToString::to_string)
        .collect();
    let shown = decibels(given, ours);
    let drawn = decibels(given, &tile(&parsed.document)?);
    let summary = format!("{shown:.1} dB shown, {drawn:.1} dB drawn, warnings: {warnings:?}");
    let is_alike = shown >= SAME && drawn >= DRAWN_FLOOR;
    let is_told = !warnings.is_empty();
    let holds = match case.expected {
        Expected::Alike => is_alike,
        Expected::Told => is_told,
        Expected::AlikeOrTold => is_alike || is_told,
    };
    if holds { Ok(()) } else { Err(summary.into()) }
}

/// Decibels between the browser's picture and that of our own renderer, whose edges differ.
const DRAWN_FLOOR: f64 = 35.0;

/// Our own picture of a document in the corner of a tile.
fn tile(document: &Document) -> Result<Raster, Failed> {
    let side = |length: f64| length.round().clamp(1.0, f64::from(TILE)) as u32;
    let (width, height) = (side(document.width), side(document.height));
    let picture = document.render(width, height, Some(Color::WHITE))?;
    let mut pixels = vec![[255; 4]; (TILE * TILE) as usize];
    for (index, pixel) in picture.pixels().iter().enumerate() {
        let (x, y) = (index % width as usize, index / width as usize);
        pixels[y * TILE as usize + x] = *pixel;
    }
    Ok(Raster::new(TILE, TILE, pixels)?)
}
