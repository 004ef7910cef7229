//! Whether a picture is shown already, to what renderers differ by: then there is nothing to fit.
//! Asked at the target's own size, before anything is reduced.

use chat2svg_stop::Stop;
use chat2svg_trace::neighbours::square;
use chat2svg_vector::{Color, Document, Group, Node, Raster, RenderError};
use kurbo::{Affine, Rect};

/// Steps of eight bits that do not show.
const SAME: u8 = 2;
/// Share of an edge's contrast by which renderers differ in nearly all of its pixels, and at most:
/// they sample coverage by quarters of a pixel, each in its own places, or compute it.
const EDGE: f32 = 0.16;
const WORST_EDGE: f32 = 0.36;
/// Share of the pixels at edges that may be off by more than nearly all are.
const SELDOM: f64 = 0.06;
/// Side in pixels of the parts of a picture that are judged each by itself, and how many pixels
/// more may be off in each.
const PART: usize = 32;
const FEW: usize = 3;
/// Range of a component, in steps, in the pixels around one that lies at an edge.
const LEAST_CONTRAST: u8 = 12;

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
    let is_shown = |(document, seen): (Document, [usize; 2])| {
        grounds.iter().all(|ground| {
            let rendered =
                document.render_until(target.width(), target.height(), Some(*ground), stop);
            rendered.is_ok_and(|shown| {
                is_same(&shown, &target.over(*ground), seen) && stop.check().is_ok()
            })
        })
    };
    placements(document, target).into_iter().any(is_shown)
}

/// The document placed on a canvas of the target's size, and also, where the aspects differ, if
/// only because sides are whole pixels, in the other ways that renderers have: stretched to both
/// sides, and in the left upper corner as large as fits, or larger by what a side was rounded down
/// by; each with the columns and rows of pixels that it fills.
fn placements(document: &Document, target: &Raster) -> Vec<(Document, [usize; 2])> {
    let frame = document.view_box;
    let sides = [target.width(), target.height()];
    let [width, height] = sides.map(f64::from);
    let mut found = vec![(document.clone(), sides.map(|side| side as usize))];
    let (across, down) = (width / frame.width(), height / frame.height());
    if !(across.is_finite() && down.is_finite() && across > 0.0 && down > 0.0) || across == down {
        return found;
    }
    let placed = |across: f64, down: f64| {
        let group = Group {
            transform: Affine::scale_non_uniform(across, down)
                * Affine::translate(-frame.origin().to_vec2()),
            children: document.layers.clone(),
            ..Group::new("")
        };
        let placed = Document {
            view_box: Rect::new(0.0, 0.0, width, height),
            layers: vec![Node::Group(group)],
            ..document.clone()
        };
        let columns = (frame.width() * across).min(width) as usize;
        let rows = (frame.height() * down).min(height) as usize;
        (placed, [columns, rows])
    };
    let (larger, smaller) = (across.max(down), across.min(down));
    let cut = [
        frame.width() * larger - width,
        frame.height() * larger - height,
    ];
    found.extend([placed(across, down), placed(smaller, smaller)]);
    if cut.into_iter().all(|cut| cut < 1.0) {
        found.push(placed(larger, larger));
    }
    found
}

/// A document as it agrees best with a target of its size in pixels: of the ways in which renderers
/// place a view box on a canvas, the one with the fewest pixels that differ.
///
/// # Errors
/// When the document cannot be rendered at the target's size, or `stop` says so.
pub(crate) fn best_placed(
    document: &Document,
    target: &Raster,
    stop: &Stop,
) -> Result<Document, RenderError> {
    let all = placements(document, target);
    let (mut least, mut best) = (usize::MAX, document.clone());
    if all.len() == 1 {
        return Ok(best);
    }
    let (width, height) = (target.width(), target.height());
    let wanted = target.over(Color::WHITE);
    for (placed, _) in all {
        let shown = placed.render_until(width, height, Some(Color::WHITE), stop)?;
        let pairs = shown.pixels().iter().zip(wanted.pixels());
        let wrong = pairs
            .filter(|(a, b)| largest_difference(**a, **b) > SAME)
            .count();
        if wrong < least {
            (least, best) = (wrong, placed);
        }
    }
    Ok(best)
}

/// Whether two opaque pictures of one size show the same in their first columns and rows.
fn is_same(shown: &Raster, wanted: &Raster, [columns, rows]: [usize; 2]) -> bool {
    let width = shown.width() as usize;
    let is_same_part = |top: usize, left: usize| {
        let rows = top..(top + PART).min(rows);
        let columns = left..(left + PART).min(columns);
        let pixels = rows.flat_map(|y| columns.clone().map(move |x| y * width + x));
        let mut agreement = Agreement::default();
        for pixel in pixels.clone() {
            match PixelAgreement::of(shown, wanted, pixel) {
                PixelAgreement::Same => {}
                PixelAgreement::Wrong => return false,
                doubtful => agreement.count(doubtful),
            }
        }
        if agreement.is_same() {
            return true;
        }
        // How many are seldom depends on the edges, which take longer to count than all else.
        for pixel in pixels {
            let agreed = PixelAgreement::of(shown, wanted, pixel);
            if agreed == PixelAgreement::Same && is_at_edge(shown, pixel) {
                agreement.count(agreed);
            }
        }
        agreement.is_same()
    };
    (0..rows).step_by(PART).all(|top| {
        (0..columns)
            .step_by(PART)
            .all(|left| is_same_part(top, left))
    })
}

/// How a pixel agrees between two pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PixelAgreement {
    /// To rounding, or at an edge to what nearly all pixels differ by there.
    Same,
    /// At an edge, to what renderers differ by there now and then.
    Doubtful,
    /// Not at all.
    Wrong,
}

impl PixelAgreement {
    /// How a pixel of two opaque pictures of one size agrees.
    pub(crate) fn of(shown: &Raster, wanted: &Raster, pixel: usize) -> Self {
        let apart = largest_difference(shown.pixels()[pixel], wanted.pixels()[pixel]);
        if apart <= SAME {
            return Self::Same;
        }
        let beyond = f32::from(apart - SAME);
        let contrast = f32::from(contrast(shown, pixel));
        if beyond > WORST_EDGE * contrast {
            Self::Wrong
        } else if beyond > EDGE * contrast {
            Self::Doubtful
        } else {
            Self::Same
        }
    }
}

/// Whether a pixel of a picture lies at an edge.
pub(crate) fn is_at_edge(shown: &Raster, pixel: usize) -> bool {
    contrast(shown, pixel) > LEAST_CONTRAST
}

/// How pictures, or the parts of them that show a shape, agree: by how many of their pixels that
/// are off or lie at an edge. One renderer's edge may be a quarter of a pixel off another's here
/// and there; where it is so everywhere, something has moved.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Agreement {
    same: usize,
    doubtful: usize,
    wrong: usize,
}

impl Agreement {
    /// Counts a pixel that is off or lies at an edge.
    pub(crate) fn count(&mut self, pixel: PixelAgreement) {
        match pixel {
            PixelAgreement::Same => self.same += 1,
            PixelAgreement::Doubtful => self.doubtful += 1,
            PixelAgreement::Wrong => self.wrong += 1,
        }
    }

    /// Whether both show the same, but for a few pixels.
    pub(crate) fn is_same(&self) -> bool {
        self.wrong <= FEW && self.is_seldom_doubtful()
    }

    /// Whether no more is doubtful than renderers differ by, where both show the same.
    pub(crate) fn is_seldom_doubtful(&self) -> bool {
        let seldom = SELDOM * (self.same + self.doubtful) as f64;
        self.doubtful as f64 <= seldom + FEW as f64
    }

    /// Whether both show the same in at least half of what is counted.
    pub(crate) fn is_mostly_same(&self) -> bool {
        self.same > 0 && self.same >= self.doubtful + self.wrong
    }

    /// Whether both show the same to what nearly all edges differ by, but for a few pixels.
    pub(crate) fn is_exact(&self) -> bool {
        self.wrong + self.doubtful <= FEW
    }
}

/// Largest difference of the components of two opaque pixels.
fn largest_difference(a: [u8; 4], b: [u8; 4]) -> u8 {
    (0..3).map(|i| a[i].abs_diff(b[i])).max().unwrap_or(0)
}

/// Largest range of a component in the pixels around one.
fn contrast(picture: &Raster, pixel: usize) -> u8 {
    let size = [picture.width() as usize, picture.height() as usize];
    let (mut low, mut high) = ([255; 4], [0; 4]);
    for color in square(size, pixel, 1).map(|other| picture.pixels()[other]) {
        low = std::array::from_fn(|i| low[i].min(color[i]));
        high = std::array::from_fn(|i| high[i].max(color[i]));
    }
    largest_difference(low, high)
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
    fn sides_may_be_rounded_and_the_picture_stretched() {
        let mut stretched = scene(40.0, "");
        for layer in &mut stretched.layers {
            layer.apply_affine(Affine::scale_non_uniform(2.0, 156.0 / 70.0));
        }
        stretched.view_box = Rect::new(0.0, 0.0, 180.0, 156.0);
        let target = picture(&stretched, 180, 156);
        assert!(is_shown(&scene(40.0, ""), &target));
        assert!(!is_shown(&scene(41.0, ""), &target));
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
