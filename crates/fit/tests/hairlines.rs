//! Lines of a pixel in a picture larger than what is fitted stay as dark as they are.

use chat2svg_fit::{FitOptions, vectorize};
use chat2svg_vector::Raster;

const WIDTH: u32 = 300;
const HEIGHT: u32 = 210;

/// Whether a pixel is one of a line's: a grid.
fn is_line(x: u32, y: u32) -> bool {
    x % 60 == 29 || y % 50 == 24
}

#[test]
fn hairlines_do_not_fade_in_pictures_larger_than_the_fitting_size() {
    let pixels = (0..WIDTH * HEIGHT).map(|index| match is_line(index % WIDTH, index / WIDTH) {
        true => [90, 90, 90, 255],
        false => [255; 4],
    });
    let target = Raster::new(WIDTH, HEIGHT, pixels.collect()).expect("size fits");
    let options = FitOptions {
        max_side: 192,
        iterations: 60,
        threads: 1,
        ..FitOptions::default()
    };
    let outcome = vectorize(&target, &options, &mut ()).expect("fits");
    let shown = outcome
        .document
        .render(WIDTH, HEIGHT, None)
        .expect("renders");
    let faded = (0..WIDTH * HEIGHT).filter(|index| {
        let (x, y) = (index % WIDTH, index / WIDTH);
        is_line(x, y) && shown.pixel(x, y).is_none_or(|pixel| pixel[0] > 150)
    });
    let (faded, all) = (faded.count(), (5 * HEIGHT + 4 * WIDTH) as usize);
    assert!(faded * 20 < all, "{faded} of {all} pixels faded");
    assert!(outcome.document.counts().shapes <= 12);
}
