//! An opaque picture gives a document that is opaque on its whole canvas.

mod support;

use chat2svg_vector::Raster;

use support::*;

/// A striped table with lines, and something round in it; little is seen of the page below.
fn table([width, height]: [u32; 2], [columns, rows]: [u32; 2], line: &str) -> Raster {
    let (across, down) = (width / columns, height / rows);
    let mut content = format!("<rect width='{width}' height='{height}' fill='#fff'/>");
    for row in 0..rows {
        let fill = match row {
            0 => "#34495e",
            odd if odd % 2 == 1 => "#fff",
            _ => "#f0f3f7",
        };
        let top = row * down;
        content += &format!("<rect y='{top}' width='{width}' height='{height}' fill='{fill}'/>");
    }
    for column in 1..columns {
        let x = f64::from(column * across) + 0.5;
        content += &format!("<path d='M{x} 0V{height}' stroke='{line}'/>");
    }
    for row in 1..rows {
        let y = f64::from(row * down) + 0.5;
        content += &format!("<path d='M0 {y}H{width}' stroke='{line}'/>");
    }
    let (x, y) = (across / 2, down / 2);
    content += &format!(
        "<circle cx='{x}' cy='{y}' r='{}' fill='#e0a020'/>",
        down / 3
    );
    drawn(width, height, &content)
}

/// Bars between two pixels.
fn bars(width: u32, height: u32, [bar, step]: [f64; 2]) -> Raster {
    let mut content = format!("<rect width='{width}' height='{height}' fill='#fff'/>");
    let mut x = 5.3;
    for index in 0.. {
        if x + step > f64::from(width) {
            break;
        }
        let half = 3.2 + f64::from(index * index * 37 % (height / 2 - 8));
        let (top, tall) = (f64::from(height) / 2.0 - half, 2.0 * half);
        content +=
            &format!("<rect x='{x}' y='{top}' width='{bar}' height='{tall}' fill='#5a0590'/>");
        x += step;
    }
    drawn(width, height, &content)
}

/// Boxes of random size and colour, not on whole pixels, many of them at the rim.
fn boxes(random: &mut impl FnMut(u32) -> u32, page: &str) -> Raster {
    let mut content = format!("<rect width='96' height='64' fill='{page}'/>");
    for _ in 0..14 {
        let [x, y, width, height] =
            [110, 80, 50, 40].map(|bound| f64::from(random(10 * bound)) / 10.0);
        let color = random(1 << 24);
        content += &format!(
            "<rect x='{}' y='{}' width='{width}' height='{height}' fill='#{color:06x}'/>",
            x - 14.0,
            y - 12.0
        );
    }
    drawn(96, 64, &content)
}

fn assert_opaque(name: &str, target: &Raster) {
    assert!(target.is_opaque(), "{name}");
    let outcome = fitted(target);
    // At other sizes as well, at which sides fall between pixels.
    for percent in [100, 150, 250] {
        let size = [target.width(), target.height()].map(|side| side * percent / 100);
        let shown = shown_at(&outcome, size);
        let clear = shown.pixels().iter().filter(|pixel| pixel[3] < 255).count();
        assert_eq!(clear, 0, "{name} at {percent} %: {}", svg(&outcome));
    }
}

#[test]
fn tables_are_opaque() {
    for (size, parts, line) in [
        ([200, 130], [3, 5], "#000"),
        ([320, 200], [5, 8], "#c8ccd2"),
        ([120, 80], [3, 4], "#000"),
    ] {
        assert_opaque("table", &table(size, parts, line));
    }
}

#[test]
fn bars_are_opaque() {
    for widths in [[1.0, 4.0], [2.0, 4.0], [1.4, 3.1]] {
        assert_opaque("bars", &bars(150, 60, widths));
    }
    // On whole pixels, on a white ground and standing on the edge.
    for (bar, gap) in [(1, 3), (2, 2), (3, 1)] {
        let pixels = (0..160 * 70).map(|index| {
            let (x, y) = (index % 160, index / 160);
            let height = 4 + x / (bar + gap) * (x / (bar + gap)) * 31 % 63;
            match x % (bar + gap) < bar && y + height >= 70 {
                true => [90, 5, 144, 255],
                false => [255; 4],
            }
        });
        let target = Raster::new(160, 70, pixels.collect()).expect("size fits");
        assert_opaque("upright bars", &target);
        assert_eq!(largest_difference(&fitted(&target), &target), 0);
    }
}

#[test]
fn boxes_at_the_rim_are_opaque() {
    let mut random = random();
    for page in ["#fff", "#fdfcf8", "#101820"] {
        for _ in 0..3 {
            assert_opaque("boxes", &boxes(&mut random, page));
        }
    }
}
