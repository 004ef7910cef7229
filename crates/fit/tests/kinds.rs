//! Kinds of pictures that people bring, each with what it must become: drawn here, vectorised, and
//! compared on several grounds.

#![allow(
    clippy::expect_used,
    reason = "a helper of a test may panic as the test may"
)]

mod support;

use chat2svg_fit::{FitOptions, vectorize};
use chat2svg_vector::{Color, Paint, Raster, ShapeVisit};

use support::*;

fn opacity_at(visits: &[ShapeVisit<'_>], color: impl Fn(Color) -> bool) -> Vec<f32> {
    visits
        .iter()
        .filter_map(|visit| {
            let fill = visit.shape.fill.as_ref()?;
            match fill.paint {
                Paint::Solid(own) if color(own) => Some(fill.opacity),
                _ => None,
            }
        })
        .collect()
}

#[test]
fn white_on_transparent_is_white_shapes() {
    let target = drawn(
        120,
        90,
        "<path fill='#fff' fill-rule='evenodd' d='M50 10a35 35 0 1 0 .1 0zM50 30a15 15 0 1 1-.1 0z'/>\
         <rect x='95' y='8' width='14' height='70' fill='#fff'/>",
    );
    let outcome = fitted(&target);
    let found = quality(&outcome, &target, &GROUNDS);
    assert!(found >= 40.0, "{found} dB: {}", svg(&outcome));
}

#[test]
fn even_translucency_is_an_opacity() {
    let target = drawn(
        120,
        100,
        "<circle cx='48' cy='50' r='34' fill='#d03020' fill-opacity='.6'/>\
         <rect x='90' y='20' width='20' height='60' fill='#1060c0' fill-opacity='.3'/>",
    );
    let outcome = fitted(&target);
    let found = quality(&outcome, &target, &GROUNDS);
    assert!(found >= 40.0, "{found} dB: {}", svg(&outcome));
    let visits = outcome.document.shapes();
    for (is_red, wanted) in [(true, 0.6), (false, 0.3)] {
        let found = opacity_at(&visits, |color| (color.red > color.blue) == is_red);
        assert!(
            !found.is_empty() && found.iter().all(|found| (found - wanted).abs() <= 0.03),
            "{found:?}: {}",
            svg(&outcome)
        );
    }
}

#[test]
fn a_ramp_of_alpha_is_a_gradient_of_opacity() {
    let target = drawn(
        150,
        70,
        "<linearGradient id='g'><stop stop-color='#20a060' stop-opacity='0'/>\
         <stop offset='1' stop-color='#20a060'/></linearGradient>\
         <rect width='150' height='70' fill='url(#g)'/>",
    );
    let outcome = fitted(&target);
    let found = quality(&outcome, &target, &GROUNDS);
    assert!(found >= 40.0, "{found} dB: {}", svg(&outcome));
    assert!(outcome.document.counts().shapes <= 2, "{}", svg(&outcome));
}

#[test]
fn an_opaque_picture_gives_an_opaque_document_with_its_white_parts() {
    // White around and in the ring; once the largest part is white, once it is not.
    for ground in ["#fff", "#234"] {
        let target = drawn(
            120,
            90,
            &format!(
                "<rect width='120' height='90' fill='{ground}'/>\
                 <circle cx='60' cy='45' r='36' fill='#c22'/>\
                 <circle cx='60' cy='45' r='18' fill='#fff'/>"
            ),
        );
        let outcome = fitted(&target);
        assert!(shown(&outcome, &target).is_opaque(), "{}", svg(&outcome));
        let found = quality(&outcome, &target, &GROUNDS);
        assert!(found >= 40.0, "{found} dB: {}", svg(&outcome));
    }
}

#[test]
fn whatever_is_visible_leaves_shapes() {
    for (alpha, size) in [(255, 1), (255, 2), (3, 8), (1, 40), (120, 1)] {
        for ground in [0, 255] {
            let mut target = Raster::filled(40, 40, [ground, ground, ground, 0]).expect("fits");
            for y in 0..size {
                for x in 0..size {
                    target.pixels_mut()[y * 40 + x] = [ground, 255, 255, alpha];
                }
            }
            let outcome = fitted(&target);
            assert!(
                outcome.document.counts().shapes > 0,
                "{size} px of alpha {alpha}: {}",
                svg(&outcome)
            );
        }
    }
    let nothing = Raster::filled(40, 40, [9, 9, 9, 0]).expect("fits");
    assert_eq!(fitted(&nothing).document.counts().shapes, 0);
}

#[test]
fn one_gradient_is_one_path() {
    let linear = |ends: &str, stops: &str| {
        format!(
            "<linearGradient id='g' gradientUnits='userSpaceOnUse' {ends}>{stops}</linearGradient>"
        )
    };
    let radial =
        |ends: &str, stops: &str| format!("<radialGradient id='g' {ends}>{stops}</radialGradient>");
    let two = "<stop stop-color='#1a2b6c'/><stop offset='1' stop-color='#f2c14e'/>";
    let three = "<stop stop-color='#fff'/><stop offset='.3' stop-color='#e63946'/>\
                 <stop offset='1' stop-color='#1d3557'/>";
    for gradient in [
        linear("x1='0' y1='0' x2='160' y2='0'", two),
        linear("x1='20' y1='10' x2='130' y2='95'", three),
        linear("x1='150' y1='0' x2='0' y2='20'", two),
        radial("", two),
        radial(
            "gradientUnits='userSpaceOnUse' cx='40' cy='70' r='130'",
            three,
        ),
        radial(
            "gradientUnits='userSpaceOnUse' cx='-50' cy='40' r='240'",
            two,
        ),
    ] {
        let target = drawn(
            160,
            110,
            &format!("{gradient}<rect width='160' height='110' fill='url(#g)'/>"),
        );
        let outcome = fitted(&target);
        let counts = outcome.document.counts();
        assert_eq!(
            (counts.shapes, counts.gradients),
            (1, 1),
            "{gradient}: {}",
            svg(&outcome)
        );
        let off = largest_difference(&outcome, &target);
        assert!(off <= 2, "{off} levels: {gradient}: {}", svg(&outcome));
    }
}

#[test]
fn a_gradient_that_lets_the_ground_through_is_one_path() {
    for gradient in [
        "<linearGradient id='g' x2='.7' y2='1'><stop stop-color='#34c08a'/>\
         <stop offset='1' stop-color='#7a5060' stop-opacity='.15'/></linearGradient>",
        "<radialGradient id='g' cx='.3' cy='.6' r='.8'><stop stop-color='#102070'/>\
         <stop offset='1' stop-color='#90a0a0' stop-opacity='.2'/></radialGradient>",
    ] {
        let target = drawn(
            170,
            80,
            &format!("{gradient}<rect width='170' height='80' fill='url(#g)'/>"),
        );
        let outcome = fitted(&target);
        assert_eq!(outcome.document.counts().shapes, 1, "{}", svg(&outcome));
        let found = quality(&outcome, &target, &GROUNDS);
        assert!(found >= 46.0, "{found} dB: {}", svg(&outcome));
    }
}

#[test]
fn what_has_an_outline_and_one_gradient_is_one_path() {
    let round = "<radialGradient id='r' r='.6'><stop offset='.3' stop-color='#111'/>\
                 <stop offset='1' stop-color='#111' stop-opacity='.2'/></radialGradient>";
    let to_nothing = "<linearGradient id='l'><stop stop-color='#204'/>\
                      <stop offset='1' stop-color='#204' stop-opacity='0'/></linearGradient>";
    for (content, shapes) in [
        (
            "<path d='M70 6L88 48L134 48L98 74L112 116L70 90L28 116L42 74L6 48L52 48z' \
             fill='url(#r)'/>",
            1,
        ),
        (
            "<rect x='14' y='20' width='110' height='80' rx='12' fill='url(#l)'/>",
            1,
        ),
        (
            "<ellipse cx='70' cy='60' rx='60' ry='40' fill='url(#r)'/>\
             <circle cx='104' cy='30' r='14' fill='#e07020'/>",
            2,
        ),
    ] {
        let target = drawn(140, 120, &format!("{round}{to_nothing}{content}"));
        let outcome = fitted(&target);
        let found = outcome.document.counts().shapes;
        assert!(found <= shapes + 1, "{found}: {}", svg(&outcome));
        let found = quality(&outcome, &target, &GROUNDS);
        assert!(found >= 38.0, "{found} dB: {}", svg(&outcome));
    }
}

#[test]
fn what_is_in_a_long_banner_stays_where_it_is() {
    // Reduced, few whole numbers of pixels have their aspect.
    for (width, height) in [(2000, 200), (800, 60), (1500, 100), (60, 800)] {
        let (x, y) = (f64::from(width), f64::from(height));
        let disc = |share: f64, color: &str| {
            let place = |length: f64| {
                if length < x.max(y) {
                    0.5 * length
                } else {
                    share * length
                }
            };
            let (x, y, radius) = (place(x), place(y), 0.3 * x.min(y));
            format!("<circle cx='{x}' cy='{y}' r='{radius}' fill='{color}'/>")
        };
        let content = [
            format!("<rect width='{x}' height='{y}' fill='#1c3d5a'/>"),
            disc(0.1, "#ffd43b"),
            disc(0.8, "#fff"),
        ];
        let target = drawn(width, height, &content.concat());
        let outcome = fitted(&target);
        let found = quality(&outcome, &target, &[Color::WHITE]);
        assert!(
            found >= 40.0,
            "{width} x {height}: {found} dB: {}",
            svg(&outcome)
        );
    }
}

#[test]
fn a_border_in_noise_is_no_third_color() {
    // Some borders run through a colour that another shape has.
    let clean = drawn(
        90,
        70,
        "<rect width='90' height='70' fill='#1e10c8'/>\
         <path d='M4 40L18 8L32 40z' fill='#aeecbc'/>\
         <path d='M36 30L44 38L56 16' fill='none' stroke='#d850b8' stroke-width='5'/>\
         <path d='M58 40L72 8L86 40z' fill='#88ff48'/><circle cx='24' cy='56' r='9' fill='#4f86a8'/>",
    );
    let mut random = random();
    let noisy = clean.pixels().iter().map(|[red, green, blue, alpha]| {
        let off = random(5) as i32 - 2;
        let [red, green, blue] = [red, green, blue].map(|v| (i32::from(*v) + off).clamp(0, 255));
        [red as u8, green as u8, blue as u8, *alpha]
    });
    let target = Raster::new(90, 70, noisy.collect()).expect("size fits");
    let outcome = fitted(&target);
    assert!(outcome.document.counts().shapes <= 6, "{}", svg(&outcome));
    let found = quality(&outcome, &clean, &[Color::WHITE]);
    assert!(found >= 38.0, "{found} dB: {}", svg(&outcome));
}

/// A logo of three flat shapes on paper, anti-aliased.
fn logo() -> Raster {
    drawn(
        220,
        170,
        "<rect width='220' height='170' fill='#fafaf5'/>\
         <circle cx='62' cy='70' r='44' fill='#dc3c28'/>\
         <path d='M120 114L165 26L210 114z' fill='#288246'/>\
         <rect x='24' y='130' width='170' height='22' fill='#1e285a'/>",
    )
}

/// What compression makes of a picture: blocks whose fine detail is rounded, chroma coarser.
fn compressed(picture: &Raster, step: f64) -> Raster {
    const BLOCK: usize = 8;
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut planes: [Vec<f64>; 3] = std::array::from_fn(|plane| {
        let value = |[red, green, blue, _]: &[u8; 4]| {
            let [red, green, blue] = [*red, *green, *blue].map(f64::from);
            let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
            [luma, blue - luma, red - luma][plane]
        };
        picture.pixels().iter().map(value).collect()
    });
    for (plane, values) in planes.iter_mut().enumerate() {
        for top in (0..height).step_by(BLOCK) {
            for left in (0..width).step_by(BLOCK) {
                let at = |x: usize, y: usize| {
                    (top + y).min(height - 1) * width + (left + x).min(width - 1)
                };
                let wave = |place: usize, frequency: usize| {
                    let angle = std::f64::consts::PI * (place as f64 + 0.5) * frequency as f64;
                    let norm = if frequency == 0 { 0.125_f64 } else { 0.25 };
                    norm.sqrt() * (angle / BLOCK as f64).cos()
                };
                let mut block = [[0.0; BLOCK]; BLOCK];
                for (v, row) in block.iter_mut().enumerate() {
                    for (u, coefficient) in row.iter_mut().enumerate() {
                        for y in 0..BLOCK {
                            for x in 0..BLOCK {
                                *coefficient += values[at(x, y)] * wave(x, u) * wave(y, v);
                            }
                        }
                        let coarse = step * (1.0 + (u + v) as f64) * [1.0, 1.6, 1.6][plane];
                        *coefficient = (*coefficient / coarse).round() * coarse;
                    }
                }
                for y in 0..BLOCK.min(height - top) {
                    for x in 0..BLOCK.min(width - left) {
                        let mut sum = 0.0;
                        for (v, row) in block.iter().enumerate() {
                            for (u, coefficient) in row.iter().enumerate() {
                                sum += coefficient * wave(x, u) * wave(y, v);
                            }
                        }
                        values[at(x, y)] = sum;
                    }
                }
            }
        }
    }
    let [luma, blue, red] = planes;
    let pixels = (0..width * height).map(|index| {
        let (blue, red) = (luma[index] + blue[index], luma[index] + red[index]);
        let green = (luma[index] - 0.299 * red - 0.114 * blue) / 0.587;
        let [red, green, blue] =
            [red, green, blue].map(|value| value.round().clamp(0.0, 255.0) as u8);
        [red, green, blue, 255]
    });
    Raster::new(picture.width(), picture.height(), pixels.collect()).expect("size fits")
}

#[test]
fn a_compressed_logo_is_the_clean_one() {
    let clean = logo();
    let of_clean = fitted(&clean);
    let paths = of_clean.document.counts().shapes;
    for step in [6.0, 10.0] {
        let target = compressed(&clean, step);
        let damage = target.psnr(&clean, Color::WHITE).expect("same size");
        assert!(damage < 40.0, "{damage} dB: too little to clean");
        let outcome = fitted(&target);
        let found = outcome.document.counts().shapes;
        assert!(
            found <= paths + 2,
            "{found}, not {paths} paths: {}",
            svg(&outcome)
        );
        let found = quality(&outcome, &clean, &[Color::WHITE]);
        assert!(found >= 38.0, "{found} dB at {step}: {}", svg(&outcome));
    }
}

#[test]
fn a_compressed_flag_is_the_clean_one() {
    let clean = drawn(
        270,
        180,
        "<rect width='270' height='180' fill='#006aa7'/>\
         <path d='M80 0H114V73H270V107H114V180H80V107H0V73H80z' fill='#fecc00'/>",
    );
    let paths = fitted(&clean).document.counts().shapes;
    for step in [1.5, 5.0, 9.0] {
        let outcome = fitted(&compressed(&clean, step));
        let found = outcome.document.counts().shapes;
        assert_eq!(found, paths, "at {step}: {}", svg(&outcome));
        let found = quality(&outcome, &clean, &[Color::WHITE]);
        assert!(found >= 40.0, "{found} dB at {step}: {}", svg(&outcome));
    }
}

#[test]
fn stairs_become_the_smooth_shape_that_they_stand_for() {
    let smooth = drawn(
        180,
        150,
        "<rect width='180' height='150' fill='#f0f0e6'/><circle cx='70' cy='75' r='52' fill='#0064b4'/>\
         <path d='M128 14L172 120L158 126L114 20z' fill='#a02020'/>",
    );
    // Each pixel the one of the colours that it shows most of, one of them with a little noise.
    for noise in [0, 1] {
        let colors: [[u8; 3]; 3] = [[240, 240, 230], [0, 100, 180], [160, 32, 32]];
        let pixels = smooth.pixels().iter().enumerate().map(|(index, pixel)| {
            let off = |color: &[u8; 3]| -> u32 {
                (0..3)
                    .map(|i| u32::from(color[i].abs_diff(pixel[i])).pow(2))
                    .sum()
            };
            let [red, green, blue] = *colors.iter().min_by_key(|color| off(color)).expect("some");
            let shade = if noise > 0 { (index * 7 % 3) as u8 } else { 0 };
            [red.saturating_add(shade), green, blue, 255]
        });
        let target = Raster::new(180, 150, pixels.collect()).expect("size fits");
        let outcome = fitted(&target);
        let counts = outcome.document.counts();
        let numbers = 2 * counts.lines + 4 * counts.quadratics + 6 * counts.cubics;
        assert!(
            counts.shapes <= 4 && numbers <= 90,
            "{numbers} numbers: {}",
            svg(&outcome)
        );
        let found = quality(&outcome, &smooth, &[Color::WHITE]);
        assert!(
            found >= 34.0,
            "{found} dB to the smooth shape: {}",
            svg(&outcome)
        );
    }
}

#[test]
fn a_ground_is_left_out_when_asked() {
    let target = logo();
    let options = FitOptions {
        iterations: 120,
        threads: 1,
        keeps_ground: false,
        ..FitOptions::default()
    };
    let outcome = vectorize(&target, &options, &mut ()).expect("fits");
    let picture = shown(&outcome, &target);
    assert_eq!(picture.pixel(2, 2).map(|pixel| pixel[3]), Some(0));
    assert_eq!(picture.pixel(62, 70).map(|pixel| pixel[3]), Some(255));
    let found = quality(&outcome, &target, &[Color::new(0.98, 0.98, 0.96)]);
    assert!(found >= 36.0, "{found} dB: {}", svg(&outcome));
    assert!(!outcome.report.has_uneven_ground);
}

#[test]
fn thin_lines_are_one_stroke_each_and_dots_stay() {
    let target = drawn(
        240,
        180,
        "<rect width='240' height='180' fill='#fff'/>\
         <g fill='none' stroke='#111'><circle cx='60' cy='60' r='40'/><path d='M110 20L225 66'/>\
         <path d='M10 130C60 70 100 190 150 130S230 110 232 112'/>\
         <path d='M150.5 80.5h70v30h-70z'/></g>\
         <g fill='#111'><circle cx='30' cy='165' r='1.5'/><circle cx='50' cy='165' r='1.5'/></g>\
         <path d='M8 172.5H232' stroke='#e1e4e8'/>",
    );
    let outcome = fitted(&target);
    let shapes = outcome.document.shapes();
    let strokes = shapes.iter().filter(|visit| visit.shape.stroke.is_some());
    let strokes = strokes.count();
    assert!(shapes.len() <= 9 && strokes >= 5, "{}", svg(&outcome));
    // Wherever the target is dark, so is the result, within a pixel.
    let shown = shown(&outcome, &target);
    let is_dark = |picture: &Raster, x: u32, y: u32, most: u8| {
        picture.pixel(x, y).is_some_and(|pixel| pixel[1] <= most)
    };
    for y in 1..179 {
        for x in 1..239 {
            let near = (0..9).map(|i| (x + i % 3 - 1, y + i / 3 - 1));
            assert!(
                !is_dark(&target, x, y, 110)
                    || near.clone().any(|(x, y)| is_dark(&shown, x, y, 170)),
                "nothing at {x}, {y}: {}",
                svg(&outcome)
            );
        }
    }
}

#[test]
fn writing_is_few_paths_and_keeps_its_dots() {
    // Words of narrow letters with dots, as bars and squares of a pixel and a half.
    // Half of them on a panel that is hardly darker than the page.
    let mut content = "<rect width='260' height='90' fill='#fff'/>\
                       <rect y='40' width='260' height='50' fill='#f4f5f7'/>"
        .to_owned();
    let mut dots = 0;
    for line in 0..5 {
        for letter in 0..40 {
            let (x, y) = (8 + 6 * letter, 10 + 16 * line);
            content += &format!("<rect x='{x}' y='{y}' width='1.6' height='7' fill='#222'/>");
            if letter % 3 == 0 {
                dots += 1;
                let y = f64::from(y) - 3.2;
                content += &format!("<rect x='{x}' y='{y}' width='1.6' height='1.6' fill='#222'/>");
            }
        }
    }
    let target = drawn(260, 90, &content);
    let outcome = fitted(&target);
    assert!(outcome.document.counts().shapes <= 20, "{}", svg(&outcome));
    let shown = shown(&outcome, &target);
    let kept = (0..5).flat_map(|line| (0..40).step_by(3).map(move |letter| (line, letter)));
    let kept = kept.filter(|(line, letter)| {
        let darkest =
            (0..12).filter_map(|i| shown.pixel(8 + 6 * letter + i % 3, 6 + 16 * line + i / 3));
        darkest
            .map(|pixel| pixel[0])
            .min()
            .is_some_and(|dark| dark < 170)
    });
    let kept = kept.count();
    assert!(kept >= dots - 1, "{kept} of {dots} dots: {}", svg(&outcome));
}

#[test]
fn lines_on_transparency_are_strokes() {
    // On a dark page white, on a light one dark, and in two colours.
    let pictures = [
        "<g fill='none' stroke='#fff' stroke-width='1.5'><circle cx='70' cy='60' r='40'/>\
         <circle cx='70' cy='60' r='24'/><path d='M8 106L134 114'/></g>",
        "<g fill='none' stroke='#123' stroke-width='1.4'><path d='M10 60C40 0 100 120 132 40'/>\
         <path d='M12 100L126 108'/></g>",
        "<g fill='none' stroke-width='2'><path stroke='#c22' d='M10 20L130 34'/>\
         <path stroke='#16a' d='M14 100C50 60 90 60 126 104'/></g>",
    ];
    for content in pictures {
        let target = drawn(140, 120, content);
        let outcome = fitted(&target);
        let found = quality(&outcome, &target, &GROUNDS);
        let visits = outcome.document.shapes();
        let strokes = visits.iter().filter(|visit| visit.shape.stroke.is_some());
        assert!(found >= 34.0, "{found} dB: {}", svg(&outcome));
        assert!(
            strokes.count() >= 2 && visits.len() <= 6,
            "{}",
            svg(&outcome)
        );
    }
}

#[test]
fn a_bound_that_a_picture_keeps_to_changes_nothing() {
    // Letters with counters, and quarters of one colour: more parts than paths.
    let pictures = [
        "<g fill='#204080' fill-rule='evenodd'>\
         <path d='M30 20a20 24 0 1 0 .1 0zM30 32a9 12 0 1 1-.1 0z'/>\
         <path d='M80 20a20 24 0 1 0 .1 0zM80 32a9 12 0 1 1-.1 0z'/>\
         <path d='M130 20a20 24 0 1 0 .1 0zM130 32a9 12 0 1 1-.1 0z'/></g>",
        "<rect width='160' height='90' fill='#1f7a6d'/>\
         <path fill='#f2c14e' d='M0 0H80V45H0zM80 45H160V90H80z'/>",
    ];
    for content in pictures {
        let target = drawn(160, 90, content);
        let free = fitted(&target);
        let bounded = |paths: usize| {
            let options = FitOptions {
                paths: Some(paths as u32),
                iterations: 120,
                threads: 1,
                ..FitOptions::default()
            };
            vectorize(&target, &options, &mut ()).expect("fits")
        };
        let own = free.document.counts().shapes;
        for paths in [own, own + 1] {
            assert_eq!(svg(&bounded(paths)), svg(&free), "{paths} of {own}");
        }
    }
}

#[test]
fn circles_on_transparency_are_circles_when_faint_and_without_anti_aliasing() {
    let faint = drawn(
        200,
        200,
        "<circle cx='98' cy='100' r='79' fill='#2563eb' opacity='.4'/>",
    );
    let mut hard = Raster::filled(200, 200, [0; 4]).expect("fits");
    for (index, pixel) in hard.pixels_mut().iter_mut().enumerate() {
        let [x, y] = [index % 200, index / 200].map(|at| at as f64 + 0.5);
        if (x - 100.0).hypot(y - 100.0) < 80.0 {
            *pixel = [0, 0, 0, 255];
        }
    }
    for target in [faint, hard] {
        let outcome = fitted(&target);
        let svg = svg(&outcome);
        assert!(svg.contains("<circle ") && !svg.contains("<path"), "{svg}");
    }
}
