//! Pixel art comes back pixel by pixel, and what only looks like it does not.

mod support;

use chat2svg_vector::Raster;

use support::*;

#[test]
fn pixel_art_keeps_single_pixels_of_many_colors() {
    let mut random = random();
    let colors: Vec<[u8; 4]> = (0..32)
        .map(|_| [random(256) as u8, random(256) as u8, random(256) as u8, 255])
        .collect();
    let (width, height) = (48_usize, 40_usize);
    let mut pixels = vec![[0; 4]; width * height];
    for _ in 0..300 {
        let (x, y) = (1 + random(42) as usize, 1 + random(34) as usize);
        let (right, bottom) = (x + 1 + random(4) as usize, y + 1 + random(4) as usize);
        let color = colors[random(32) as usize];
        for row in y..bottom {
            pixels[row * width + x..row * width + right].fill(color);
        }
    }
    let target = Raster::new(width as u32, height as u32, pixels).expect("size fits");
    let outcome = fitted(&target);
    assert_eq!(
        largest_difference(&outcome, &target),
        0,
        "{}",
        svg(&outcome)
    );
}

#[test]
fn pixel_art_comes_back_pixel_by_pixel() {
    // A face of 12 pixels a side: on transparency, on a ground, and enlarged nine times.
    const ROWS: [&str; 12] = [
        "...######...",
        "..#oooooo#..",
        ".#oooooooo#.",
        "#oooooooooo#",
        "#oxxoooxxoo#",
        "#oxwoooxwoo#",
        "#oooooooooo#",
        "#ooxooooxoo#",
        ".#ooxxxxoo#.",
        "..#oooooo#..",
        "...##oo##...",
        ".....##.....",
    ];
    let color = |symbol: u8, ground: u8| match symbol {
        b'#' => [30, 20, 40, 255],
        b'o' => [220, 90, 90, 255],
        b'x' => [250, 230, 60, 255],
        b'w' => [90, 150, 250, 128],
        _ => [200, 210, 220, ground],
    };
    for (block, ground) in [(1, 0), (1, 255), (9, 0)] {
        let side = 12 * block;
        let pixels = (0..side * side).map(|index| {
            let (x, y) = (index % side / block, index / side / block);
            color(ROWS[y].as_bytes()[x], ground)
        });
        let target = Raster::new(side as u32, side as u32, pixels.collect()).expect("size fits");
        let outcome = fitted(&target);
        let found = quality(&outcome, &target, &GROUNDS);
        assert!(found >= 60.0, "{found} dB: {}", svg(&outcome));
        for visit in outcome.document.shapes() {
            for element in visit.shape.path.elements() {
                let end = element.end_point().unwrap_or_default();
                assert_eq!((end.x.fract(), end.y.fract()), (0.0, 0.0));
            }
        }
    }
}

#[test]
fn a_small_anti_aliased_icon_is_no_pixel_art() {
    let target = drawn(
        32,
        32,
        "<circle cx='16' cy='15.5' r='12' fill='#1e78dc'/><circle cx='16' cy='15.5' r='5' fill='#fff'/>",
    );
    let outcome = fitted(&target);
    let counts = outcome.document.counts();
    assert!(counts.cubics > 0 && counts.lines < 30, "{}", svg(&outcome));
}

#[test]
fn an_icon_whose_sides_mostly_follow_the_pixels_is_no_pixel_art() {
    // Drawn on a grid of 24 units, as most icons are.
    let house = "M4 11L12 4L20 11V20H14V14H10V20H4Z";
    for (side, ground) in [
        (24, ""),
        (48, ""),
        (48, "<rect width='96' height='96' fill='#fff'/>"),
    ] {
        let scale = f64::from(side) / 24.0;
        let target = drawn(
            side,
            side,
            &format!("{ground}<path transform='scale({scale})' d='{house}' fill='#263238'/>"),
        );
        let outcome = fitted(&target);
        let shapes = outcome.document.counts().shapes;
        assert!(shapes <= 2, "{side}: {}", svg(&outcome));
        let found = quality(&outcome, &target, &GROUNDS);
        assert!(found >= 40.0, "{side}: {found} dB: {}", svg(&outcome));
    }
}
