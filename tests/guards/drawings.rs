//! Pictures of the kinds that people bring to be vectorised, drawn here: no fonts, no files.

use std::fmt::Write as _;

use chat2svg_vector::{Document, ParseLimits, Raster};
use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};

/// The picture of some SVG, transparent where nothing is painted.
pub(crate) fn drawn(width: u32, height: u32, content: &str) -> Raster {
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' \
         viewBox='0 0 {width} {height}'>{content}</svg>"
    );
    let parsed = Document::parse(svg.as_bytes(), &ParseLimits::default()).expect("it is SVG");
    let picture = parsed.document.render(width, height, None);
    picture.expect("it can be rendered")
}

/// A rectangle as large as the canvas.
fn paper(width: u32, height: u32, color: &str) -> String {
    format!("<rect width='{width}' height='{height}' fill='{color}'/>")
}

/// A diagram of lines of a pixel, and six dots.
pub(crate) fn thin_lines() -> Raster {
    let mut wave = "M20 196".to_owned();
    for step in 1..=90 {
        let x = 4.0 * f64::from(step);
        let y = 150.0 - 60.0 * (x / 25.0 - 0.9).sin();
        write!(wave, "L{} {y:.2}", 20.0 + x).expect("fits");
    }
    let dots = (0..6).fold(String::new(), |dots, dot| {
        dots + &format!("<circle cx='{}' cy='241' r='1.6'/>", 41 + 14 * dot)
    });
    drawn(
        400,
        300,
        &format!(
            "{}<g fill='none' stroke='#000'><circle cx='90' cy='70' r='40'/>\
             <path d='M200 20L360 90M240.5 200.5h100v70h-100z'/><path d='{wave}'/></g><g>{dots}</g>",
            paper(400, 300, "#fff")
        ),
    )
}

/// The strokes of a sign in a box of nine units' height, and how far the next one is.
fn strokes(sign: char) -> (&'static str, f64) {
    match sign {
        'i' => ("M1 3.6V9M1 .9V2.2", 2.0),
        'l' => ("M1 .6V9", 2.0),
        'o' => ("M2.7 3.7C.2 3.7.2 8.9 2.7 8.9S5.2 3.7 2.7 3.7z", 5.4),
        'n' => ("M.9 3.4V9M.9 5C1.5 3.3 4.4 3 4.4 5.4V9", 5.4),
        'u' => ("M.9 3.4V7C.9 9.4 3.7 9.2 4.4 7.4M4.4 3.4V9", 5.4),
        'ü' => (
            "M.9 3.4V7C.9 9.4 3.7 9.2 4.4 7.4M4.4 3.4V9M1.5.9V2.2M3.8.9V2.2",
            5.4,
        ),
        'e' => ("M.8 6.1H4.7C4.7 2.8.8 2.8.8 6.2S4 9.4 4.6 7.8", 5.4),
        't' => ("M1.8 1.4V7.6C1.8 8.8 2.5 9 3.5 8.8M.4 3.7H3.3", 3.8),
        'a' => (
            "M1 4.2C2 3 4.3 3.2 4.3 5V9M4.3 6C1.9 5.8.7 6.6.9 7.8S3.7 9.2 4.3 7.2",
            5.4,
        ),
        'r' => ("M1 3.4V9M1 5.4C1.4 3.8 2.5 3.4 3.5 3.7", 3.8),
        'd' => ("M4.4.6V9M4.4 5C3.5 2.8.8 3.2.8 6.2S3.5 9.4 4.4 7.4", 5.4),
        ':' => ("M1 4.2V5.5M1 7.6V8.9", 2.2),
        '.' => ("M1 7.7V9", 2.2),
        '1' => ("M.8 2.4L2.7 1V9", 4.6),
        '4' => ("M3.7 9V1L.6 6.5H5", 5.4),
        '7' => ("M.6 1.2H4.6L2 9", 5.2),
        '0' => ("M2.7 1C.2 1 .2 8.9 2.7 8.9S5.2 1 2.7 1z", 5.4),
        _ => ("", 3.0),
    }
}

/// A line of writing in strokes, its upper left corner at a place.
fn written(text: &str, [x, y]: [f64; 2], scale: f64, color: &str) -> String {
    let mut at = 0.0;
    let mut content = format!(
        "<g fill='none' stroke='{color}' stroke-width='1.25' transform='translate({x} {y}) scale({scale})'>"
    );
    for sign in text.chars() {
        let (strokes, advance) = strokes(sign);
        if !strokes.is_empty() {
            write!(
                content,
                "<path d='{strokes}' transform='translate({at:.2})'/>"
            )
            .expect("fits");
        }
        at += advance + 0.9;
    }
    content + "</g>"
}

/// Two lines of a scan in black and white, without anything between.
pub(crate) fn scan() -> Raster {
    let lines = written("in a tidal inlet 1704.", [12.0, 14.0], 2.2, "#000")
        + &written("l ten rulü: 41.70 didi", [12.0, 62.0], 2.2, "#000");
    let mut picture = drawn(330, 100, &(paper(330, 100, "#fff") + &lines));
    for pixel in picture.pixels_mut() {
        *pixel = if pixel[0] < 128 {
            [0, 0, 0, 255]
        } else {
            [255; 4]
        };
    }
    picture
}

/// A page of settings: a dark bar, seven rows of small writing with a switch, hairlines between.
pub(crate) fn screenshot() -> Raster {
    const OPTIONS: [&str; 7] = [
        "total 1: auto inline editor 0",
        "total 4: detail outline on 41",
        "loader: tune an undo rate 74",
        "lower tier: label and title 10",
        "install a total route 1: 47",
        "relate: idle editor until 0.1",
        "due date 7: tile until 40",
    ];
    let mut content = paper(480, 320, "#f6f8fa")
        + "<rect width='480' height='45' fill='#24292f'/>"
        + &written("editor outline", [14.0, 14.0], 1.7, "#fff");
    for (index, option) in OPTIONS.into_iter().enumerate() {
        let y = 54.0 + 34.0 * index as f64;
        content += &written(option, [20.0, y + 12.0], 1.1, "#24292f");
        let color = ["#d0d7de", "#2ea043"][index % 2];
        write!(
            content,
            "<rect x='380' y='{}' width='41' height='19' rx='9.5' fill='{color}'/>\
             <rect x='16' y='{}' width='449' height='1' fill='#d8dee4'/>",
            y + 8.0,
            y + 34.0
        )
        .expect("fits");
    }
    drawn(480, 320, &content)
}

/// The normal distribution (Abramowitz and Stegun 26.2.17).
fn below(deviations: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * deviations.abs());
    let terms = [
        0.319_381_53,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let sum = terms.iter().rev().fold(0.0, |sum, term| t * (sum + term));
    let tail = (-0.5 * deviations * deviations).exp() * 0.398_942_28 * sum;
    if deviations < 0.0 { tail } else { 1.0 - tail }
}

/// A picture laid over a shadow, given as the opacity of black at the middle of each pixel.
fn over_shadow(picture: &Raster, opacity: impl Fn(f64, f64) -> f64) -> Raster {
    let width = picture.width();
    let pixels = picture.pixels().iter().zip(0_u32..).map(|(pixel, index)| {
        let shade = opacity(
            f64::from(index % width) + 0.5,
            f64::from(index / width) + 0.5,
        );
        let own = f64::from(pixel[3]) / 255.0;
        let whole = own + (1.0 - own) * shade;
        let [red, green, blue] = [pixel[0], pixel[1], pixel[2]]
            .map(|value| (f64::from(value) * own / whole.max(1e-9)).round() as u8);
        [red, green, blue, (255.0 * whole).round() as u8]
    });
    Raster::new(width, picture.height(), pixels.collect()).expect("the size fits")
}

/// A white card over the shadow that a blur makes of it, on nothing.
pub(crate) fn card_in_shadow() -> Raster {
    let card = drawn(
        220,
        170,
        "<rect x='56' y='38' width='110' height='76' fill='#fff'/>\
         <path d='M86 96L111 52 136 96z' fill='#2060d0'/>",
    );
    over_shadow(&card, |x, y| {
        let side =
            |at: f64, low: f64, high: f64| below((at - low) / 8.5) - below((at - high) / 8.5);
        0.45 * side(x, 60.0, 170.0) * side(y, 45.0, 121.0)
    })
}

/// A disc over the shadow that a blur makes of it, on nothing.
pub(crate) fn disc_in_shadow() -> Raster {
    let disc = drawn(
        180,
        180,
        "<circle cx='88' cy='80' r='46' fill='#f0b020'/><circle cx='88' cy='80' r='20' fill='#fff'/>",
    );
    over_shadow(&disc, |x, y| {
        0.5 * below((46.0 - (x - 92.0).hypot(y - 90.0)) / 9.0)
    })
}

/// A logo of flat colours on paper.
pub(crate) fn logo() -> Raster {
    drawn(
        260,
        190,
        &(paper(260, 190, "#fcfaf4")
            + "<circle cx='76' cy='84' r='54' fill='#d8382c'/><circle cx='76' cy='84' r='24' fill='#fcfaf4'/>\
               <path d='M150 130L196 36 242 130z' fill='#1f7a4d'/>\
               <rect x='30' y='150' width='206' height='20' rx='10' fill='#1b2a5c'/>"),
    )
}

/// The logo as a camera's or a web page's JPEG shows it.
pub(crate) fn compressed_logo() -> Raster {
    let logo = logo();
    let colors: Vec<u8> = logo
        .pixels()
        .iter()
        .flat_map(|[red, green, blue, _]| [*red, *green, *blue])
        .collect();
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, 78)
        .encode(
            &colors,
            logo.width(),
            logo.height(),
            ExtendedColorType::Rgb8,
        )
        .expect("it is encoded");
    let decoded = image::load_from_memory(&file)
        .expect("it is a JPEG")
        .to_rgba8();
    let pixels = decoded.pixels().map(|pixel| pixel.0).collect();
    Raster::new(logo.width(), logo.height(), pixels).expect("the size fits")
}

/// A disc and a bar, slanted.
pub(crate) fn soft_disc() -> Raster {
    drawn(
        200,
        150,
        &(paper(200, 150, "#fff")
            + "<g fill='#1e28a0'><circle cx='66' cy='74' r='51'/>\
               <path d='M136 16L148 12 190 128 178 133z'/></g>"),
    )
}

/// The same as a program without anti-aliasing draws it.
pub(crate) fn hard_disc() -> Raster {
    let mut picture = soft_disc();
    for pixel in picture.pixels_mut() {
        *pixel = if pixel[0] < 143 {
            [30, 40, 160, 255]
        } else {
            [255; 4]
        };
    }
    picture
}

/// A drawing of basic shapes, some over others.
pub(crate) fn badge() -> Raster {
    let mut star = String::new();
    for corner in 0..10_u32 {
        let (sin, cos) = (0.2 + std::f64::consts::PI * f64::from(corner) / 5.0).sin_cos();
        let radius = if corner.is_multiple_of(2) { 34.0 } else { 14.0 };
        write!(
            star,
            "{:.2},{:.2} ",
            68.0 + radius * cos,
            66.0 + radius * sin
        )
        .expect("fits");
    }
    drawn(
        230,
        140,
        &(paper(230, 140, "#fff8ec")
            + &format!(
                "<circle cx='68' cy='66' r='52' fill='#16386b'/><polygon points='{star}' fill='#f6c945'/>\
                 <rect x='134' y='22' width='80' height='46' rx='11' fill='#c8402c'/>\
                 <ellipse cx='174' cy='102' rx='38' ry='20' fill='#2f8f6b'/>"
            )),
    )
}
