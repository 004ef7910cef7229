//! Whether a picture is shown already, to what renderers differ by: then there is nothing to fit.
//! Asked at the target's own size, before anything is reduced.

use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Document, Raster};
use kurbo::Rect;

/// Steps of eight bits that do not show.
const SAME: u8 = 2;
/// Share of an edge's contrast by which renderers differ in its pixels: they sample coverage by
/// quarters of a pixel, or compute it.
const EDGE: f32 = 0.13;

/// Whether a document shows a picture: rendered at the picture's own size, no pixel is off by more
/// than two steps of eight bits in any component, at edges by what renderers differ by. Opaque
/// pictures are compared over white, others over black as well. A document that cannot be rendered,
/// or not before `stop` says so, does not show it.
pub fn shows(document: &Document, target: &Raster, stop: &Stop) -> bool {
    let grounds: &[Color] = if target.is_opaque() {
        &[Color::WHITE]
    } else {
        &[Color::WHITE, Color::BLACK]
    };
    let as_it_is = |document: &Document, rows: usize, columns: usize| {
        grounds.iter().all(|ground| {
            let rendered =
                document.render_until(target.width(), target.height(), Some(*ground), stop);
            rendered.is_ok_and(|shown| {
                is_same(&shown, &target.over(*ground), rows, columns) && stop.check().is_ok()
            })
        })
    };
    let (width, height) = (target.width() as usize, target.height() as usize);
    as_it_is(document, height, width)
        || corner_aligned(document, target)
            .is_some_and(|(document, rows, columns)| as_it_is(&document, rows, columns))
}

/// A document whose view box has the aspect of a picture of nearly its aspect, the left upper
/// corner the same, and the rows and columns of pixels that it fills. Sides are whole pixels:
/// renderers that do not centre the view box leave part of the last row or column over.
fn corner_aligned(document: &Document, target: &Raster) -> Option<(Document, usize, usize)> {
    let frame = document.view_box;
    let (width, height) = (f64::from(target.width()), f64::from(target.height()));
    let (across, down) = (width / frame.width(), height / frame.height());
    if !(across.is_finite() && down.is_finite() && across > 0.0 && down > 0.0) || across == down {
        return None;
    }
    // By less than a pixel either of the sides was rounded.
    let by_width = (across * frame.height() - height).abs() < 1.0;
    let by_height = (down * frame.width() - width).abs() < 1.0;
    let scale = if by_width {
        across
    } else if by_height {
        down
    } else {
        return None;
    };
    let size = (width / scale, height / scale);
    let aligned = Document {
        view_box: Rect::from_origin_size(frame.origin(), size),
        ..document.clone()
    };
    let whole = |length: f64, side: u32| ((length * scale).floor() as usize).min(side as usize);
    Some((
        aligned,
        whole(frame.height(), target.height()),
        whole(frame.width(), target.width()),
    ))
}

/// Whether two opaque pictures of one size show the same in their first rows and columns.
fn is_same(shown: &Raster, wanted: &Raster, rows: usize, columns: usize) -> bool {
    let width = wanted.width() as usize;
    let lines = shown.pixels().chunks(width.max(1));
    let mut lines = lines.zip(wanted.pixels().chunks(width.max(1))).enumerate();
    lines.all(|(y, (shown_line, wanted_line))| {
        let mut pairs = shown_line.iter().zip(wanted_line).enumerate();
        y >= rows
            || pairs.all(|(x, (a, b))| {
                let apart = largest_difference(*a, *b);
                x >= columns
                    || apart <= SAME
                    || f32::from(apart - SAME) <= EDGE * f32::from(contrast(shown, x, y))
            })
    })
}

/// Largest difference of the components of two opaque pixels.
fn largest_difference(a: [u8; 4], b: [u8; 4]) -> u8 {
    (0..3).map(|i| a[i].abs_diff(b[i])).max().unwrap_or(0)
}

/// Largest range of a component in the pixels around one.
fn contrast(picture: &Raster, x: usize, y: usize) -> u8 {
    let (mut low, mut high) = ([255_u8; 3], [0_u8; 3]);
    for row in y.saturating_sub(1)..=y + 1 {
        for column in x.saturating_sub(1)..=x + 1 {
            if let Some(pixel) = picture.pixel(column as u32, row as u32) {
                for i in 0..3 {
                    low[i] = low[i].min(pixel[i]);
                    high[i] = high[i].max(pixel[i]);
                }
            }
        }
    }
    (0..3)
        .map(|i| high[i].saturating_sub(low[i]))
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::ParseLimits;

    use super::*;

    fn parse(text: &str) -> Document {
        Document::parse(text.as_bytes(), &ParseLimits::default())
            .expect("an SVG")
            .document
    }

    fn scene(x: f64, more: &str) -> Document {
        parse(&format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 70"><rect width="90" height="70" fill="#f3ead8"/>
<circle cx="{x}" cy="30" r="17" fill="#305f9c"/><path d="M8 66 50 41 82 66Z" fill="#86b04a"/>{more}</svg>"##
        ))
    }

    fn picture(document: &Document, width: u32, height: u32) -> Raster {
        document
            .render(width, height, Some(Color::WHITE))
            .expect("renders")
    }

    fn is_shown(document: &Document, target: &Raster) -> bool {
        shows(document, target, &Stop::never())
    }

    #[test]
    fn a_picture_of_the_document_is_shown_at_every_size() {
        let document = scene(40.0, "");
        for (width, height) in [(90, 70), (45, 35), (360, 280), (700, 544), (701, 545)] {
            let target = picture(&document, width, height);
            assert!(is_shown(&document, &target), "{width} x {height}");
        }
    }

    #[test]
    fn sides_may_be_rounded_at_the_corner() {
        // 200 pixels across are 155.6 down.
        let mut wide = scene(40.0, "");
        wide.view_box = Rect::new(0.0, 0.0, 90.0, 90.0 * 156.0 / 200.0);
        let target = picture(&wide, 200, 156);
        assert!(is_shown(&scene(40.0, ""), &target));
    }

    #[test]
    fn what_moved_or_is_new_is_not_shown() {
        let target = picture(&scene(40.0, ""), 180, 140);
        assert!(!is_shown(&scene(40.4, ""), &target));
        let dot = r##"<circle cx="70" cy="12" r="1" fill="#802020"/>"##;
        assert!(!is_shown(&scene(40.0, dot), &target));
        let faint = r##"<rect x="5" y="5" width="20" height="3" fill="#efe6d4"/>"##;
        assert!(!is_shown(&scene(40.0, faint), &target));
    }

    #[test]
    fn transparency_counts_where_the_picture_has_some() {
        let ring = parse(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="12" fill="none" stroke="#fff" stroke-width="5"/></svg>"##,
        );
        let nothing = Document {
            layers: Vec::new(),
            ..ring.clone()
        };
        let target = ring.render(80, 80, None).expect("renders");
        assert!(is_shown(&ring, &target));
        assert!(!is_shown(&nothing, &target));
    }

    #[test]
    fn who_has_no_time_sees_nothing() {
        let document = scene(40.0, "");
        let target = picture(&document, 90, 70);
        assert!(!shows(&document, &target, &Stop::when(|| true)));
    }
}
