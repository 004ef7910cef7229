//! A drawing in an SVG file, one of ours or one of the user's: read once, then given the colour
//! that was asked for. `docs/art.md` tells how such a file is made.

mod arcs;
pub(crate) mod marks;

use std::collections::HashMap;

use chat2svg_vector::{Color, Document, Node, Paint, ParseError, ParseLimits, Shape};
use kurbo::{Affine, Rect, Shape as _};
use thiserror::Error;

use super::tone::{Tone, Tones};
use super::{Container, Drawing, Span, pen};
use marks::{Anchor, Mark, Marked};

/// Why a file is no drawing.
#[derive(Debug, Error)]
pub(crate) enum AssetError {
    /// It cannot be read.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It paints nothing.
    #[error("it paints nothing")]
    Empty,
}

/// A drawing, and the shapes of it that take the colour asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    drawing: Drawing,
    /// The tone of each shape, back to front; `None` for a shape that keeps its colour.
    tones: Vec<Option<Tone>>,
    /// Anchors that paint nothing, which are left out when a file is read.
    lost_anchors: usize,
}

impl Asset {
    /// Reads a file: sanitised, in coordinates without transforms.
    ///
    /// # Errors
    /// When it cannot be read, or paints nothing.
    pub(crate) fn parse(svg: &str) -> Result<Self, AssetError> {
        let Marked { svg, by_id, .. } = marks::read(svg);
        let mut sorter = Sorter {
            marks: &by_id,
            found: Found::default(),
            anchors: 0,
            tones: Vec::new(),
        };
        let mut nodes = Vec::new();
        for node in flattened(&svg)? {
            let had_contents = sorter.found.contents.is_some();
            let kept = sorter.sort(node, Affine::IDENTITY, None);
            if sorter.found.contents.is_some() && !had_contents {
                sorter.found.front_from = nodes.len();
            }
            nodes.extend(kept);
        }
        let bounds = pen::bounds_of(&nodes);
        if !bounds.is_finite() || bounds.area() <= 0.0 {
            return Err(AssetError::Empty);
        }
        Ok(Self {
            drawing: sorter.found.attach(Drawing::of(nodes)),
            tones: sorter.tones,
            lost_anchors: by_id
                .values()
                .filter(|mark| matches!(mark, Mark::Anchor(_)))
                .count()
                .saturating_sub(sorter.anchors),
        })
    }

    /// How many anchors have no effect because they are hidden or have no paint.
    pub(crate) fn lost_anchors(&self) -> usize {
        self.lost_anchors
    }

    /// Whether any shape takes the colour asked for.
    pub(crate) fn has_tones(&self) -> bool {
        self.tones.iter().any(Option::is_some)
    }

    /// The drawing, its marked shapes in tones of a colour; as the file shows it without one.
    pub(crate) fn draw(&self, color: Option<Color>) -> Drawing {
        let mut drawing = self.drawing.clone();
        if let Some(color) = color {
            let tones = Tones::of(color);
            let mut steps = self.tones.iter().copied();
            paint(&mut drawing.nodes, &mut steps, &tones);
        }
        drawing
    }
}

/// The nodes of an SVG file, sanitised, in coordinates without transforms.
///
/// # Errors
/// When it cannot be read, or paints nothing.
pub(crate) fn flattened(svg: &str) -> Result<Vec<Node>, AssetError> {
    let mut document = Document::parse(svg.as_bytes(), &ParseLimits::default())?.document;
    document.flatten_transforms();
    document.mark_drawn_here();
    if document.layers.is_empty() {
        return Err(AssetError::Empty);
    }
    Ok(document.layers)
}

/// Takes the anchors out of a tree and notes the tones of the shapes that remain.
struct Sorter<'a> {
    marks: &'a HashMap<String, Mark>,
    found: Found,
    /// How many anchors were met.
    anchors: usize,
    tones: Vec<Option<Tone>>,
}

impl Sorter<'_> {
    /// The node without anchors; `None` when nothing of it is to be painted. `transform` maps its
    /// coordinates to the drawing's; `tone` is that of the groups around it.
    fn sort(&mut self, mut node: Node, transform: Affine, tone: Option<Tone>) -> Option<Node> {
        let (id, label) = match &mut node {
            Node::Group(group) => (&mut group.id, &group.label),
            Node::Shape(shape) => (&mut shape.id, &shape.label),
        };
        let mark = self.marks.get(id).copied();
        // Ids are made from labels when the picture is written; those of editors say less.
        if !label.is_empty() || marks::is_given(id) {
            id.clear();
        }
        let tone = match mark {
            Some(Mark::Anchor(anchor)) => {
                self.found.note(anchor, &node, transform);
                self.anchors += 1;
                return None;
            }
            Some(Mark::Tone(own)) => Some(own),
            None => tone,
        };
        match &mut node {
            Node::Shape(shape) => {
                arcs::join(&mut shape.path);
                self.tones.push(tone);
            }
            Node::Group(group) => {
                let inner = transform * group.transform;
                let children = std::mem::take(&mut group.children);
                let sorted = children
                    .into_iter()
                    .filter_map(|child| self.sort(child, inner, tone));
                group.children = sorted.collect();
                if group.children.is_empty() {
                    return None;
                }
            }
        }
        Some(node)
    }
}

/// Anchors found in a file. The first of a kind counts.
#[derive(Debug, Default)]
struct Found {
    support: Option<Span>,
    shelter: Option<Span>,
    head: Option<Span>,
    hand: Option<kurbo::Point>,
    contents: Option<Rect>,
    /// How many nodes are painted before the contents.
    front_from: usize,
    rim: Option<f64>,
}

impl Found {
    fn note(&mut self, anchor: Anchor, node: &Node, transform: Affine) {
        let Some(bounds) = geometry(node, transform).filter(Rect::is_finite) else {
            return;
        };
        let center = bounds.center();
        let span = Span {
            left: bounds.x0,
            right: bounds.x1,
            y: center.y,
        };
        match anchor {
            Anchor::Support => _ = self.support.get_or_insert(span),
            Anchor::Shelter => _ = self.shelter.get_or_insert(span),
            Anchor::Head => _ = self.head.get_or_insert(span),
            Anchor::Hand => _ = self.hand.get_or_insert(center),
            Anchor::Contents => _ = self.contents.get_or_insert(bounds),
            Anchor::Rim => _ = self.rim.get_or_insert(center.y),
        }
    }

    fn attach(self, mut drawing: Drawing) -> Drawing {
        let anchors = &mut drawing.anchors;
        anchors.support = self.support;
        anchors.shelter = self.shelter;
        anchors.head = self.head;
        anchors.hand = self.hand;
        anchors.container = self.contents.map(|inside| Container {
            inside,
            rim: self.rim.unwrap_or(inside.y0),
            front_from: self.front_from,
            open: self.rim.is_some(),
        });
        drawing
    }
}

/// The smallest rectangle around the outlines of a node, whatever they are painted with.
fn geometry(node: &Node, transform: Affine) -> Option<Rect> {
    match node {
        Node::Shape(shape) => Some((transform * &shape.path).bounding_box()),
        Node::Group(group) => group
            .children
            .iter()
            .filter_map(|child| geometry(child, transform * group.transform))
            .reduce(|all, next| all.union(next)),
    }
}

fn paint(nodes: &mut [Node], steps: &mut impl Iterator<Item = Option<Tone>>, tones: &Tones) {
    for node in nodes {
        match node {
            Node::Group(group) => paint(&mut group.children, steps, tones),
            Node::Shape(shape) => {
                if let Some(tone) = steps.next().flatten() {
                    paint_shape(shape, tones.step(tone));
                }
            }
        }
    }
}

/// The fill takes the colour; the stroke of a shape that encloses nothing, whatever its fill.
fn paint_shape(shape: &mut Shape, color: Color) {
    let encloses = shape.path.area() != 0.0;
    match (&mut shape.fill, &mut shape.stroke) {
        (Some(fill), None) => fill.paint = Paint::Solid(color),
        (Some(fill), Some(_)) if encloses => fill.paint = Paint::Solid(color),
        (_, Some(stroke)) => stroke.paint = Paint::Solid(color),
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::art::tone::hex;

    fn parse(body: &str) -> Asset {
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" viewBox="0 0 100 100">{body}</svg>"#
        );
        Asset::parse(&svg).expect("a drawing")
    }

    fn color(node: &Node) -> Color {
        let Node::Shape(shape) = node else {
            panic!("a group");
        };
        let fill = shape.fill.as_ref().map(|fill| &fill.paint);
        match fill.or(shape.stroke.as_ref().map(|stroke| &stroke.paint)) {
            Some(Paint::Solid(color)) => *color,
            _ => panic!("not one colour"),
        }
    }

    #[test]
    fn marked_shapes_take_tones_of_the_colour_and_others_stay() {
        let asset = parse(
            r##"<rect class="tone-base" width="9" height="9" fill="#112233"/>
            <path class="tone-deep" d="M0 0 C9 0 20 9 50 50" fill="none" stroke="#445566"/>
            <g class="tone-dark"><circle r="4" fill="#778899"/><circle class="tone-light" cx="9" r="4"/></g>
            <rect width="5" height="5" fill="#abcdef"/>"##,
        );
        assert!(asset.has_tones());
        let plain = asset.draw(None);
        assert_eq!(color(&plain.nodes[0]), hex(0x112233));
        assert_eq!(color(&plain.nodes[1]), hex(0x445566));
        let blue = hex(0x2255CC);
        let tones = Tones::of(blue);
        let drawing = asset.draw(Some(blue));
        let Node::Group(group) = &drawing.nodes[2] else {
            panic!("no group");
        };
        let painted = [
            &drawing.nodes[0],
            &drawing.nodes[1],
            &group.children[0],
            &group.children[1],
            &drawing.nodes[3],
        ]
        .map(color);
        assert_eq!(
            painted,
            [
                tones.base,
                tones.deep,
                tones.dark,
                tones.light,
                hex(0xABCDEF)
            ]
        );
    }

    #[test]
    fn lines_take_the_colour_though_they_could_be_filled() {
        let asset =
            parse(r#"<line class="tone-base" x2="9" y2="9" stroke="red" stroke-width="2"/>"#);
        let drawing = asset.draw(Some(hex(0x2255CC)));
        let Node::Shape(shape) = &drawing.nodes[0] else {
            panic!("a group");
        };
        let stroke = shape.stroke.as_ref().map(|stroke| &stroke.paint);
        assert_eq!(stroke, Some(&Paint::Solid(hex(0x2255CC))));
    }

    #[test]
    fn anchors_are_read_wherever_they_stand_and_never_painted() {
        let asset = parse(
            r##"<rect width="40" height="40"/>
            <g opacity="0" stroke="#f0f" transform="translate(10 20)">
              <line class="anchor-support" x1="1" y1="2" x2="21" y2="2" stroke-width="8"/>
              <circle class="anchor-hand" cx="5" cy="6" r="3"/>
            </g>
            <g transform="translate(1 1)"><rect class="anchor-contents" x="4" y="5" width="10" height="20" opacity="0"/></g>
            <rect y="10" width="40" height="30"/>
            <path class="anchor-rim" d="M0 12 H40" stroke="#f0f" opacity="0"/>"##,
        );
        let drawing = asset.draw(None);
        assert_eq!(drawing.nodes.len(), 2);
        assert_eq!(drawing.bounds, Rect::new(0.0, 0.0, 40.0, 40.0));
        let anchors = drawing.anchors;
        let span = |left, right, y| Some(Span { left, right, y });
        assert_eq!(anchors.support, span(11.0, 31.0, 22.0));
        assert_eq!(anchors.hand, Some(kurbo::Point::new(15.0, 26.0)));
        assert_eq!((anchors.head, anchors.shelter), (None, None));
        assert_eq!(
            anchors.container,
            Some(Container {
                inside: Rect::new(5.0, 6.0, 15.0, 26.0),
                rim: 12.0,
                front_from: 1,
                open: true,
            })
        );
    }

    #[test]
    fn hidden_anchors_are_counted() {
        let asset = parse(
            r##"<rect width="9" height="9"/><g display="none"><circle class="anchor-hand" r="1"/></g>
            <line class="anchor-head" x2="9" fill="none"/><line class="anchor-support" x2="9" stroke="red" opacity="0"/>"##,
        );
        assert_eq!(asset.lost_anchors(), 2);
        let anchors = asset.draw(None).anchors;
        assert!(anchors.support.is_some() && anchors.head.is_none());
    }

    #[test]
    fn labels_go_before_the_ids_of_editors() {
        let asset = parse(
            r#"<path id="path1234" inkscape:label="roof" d="M0 0h9v9z"/><path id="x9" class="tone-base" d="M0 0h9v9z"/>"#,
        );
        let names: Vec<(&str, &str)> = asset
            .drawing
            .nodes
            .iter()
            .map(|node| match node {
                Node::Shape(shape) => (shape.id.as_str(), shape.label.as_str()),
                Node::Group(group) => (group.id.as_str(), group.label.as_str()),
            })
            .collect();
        assert_eq!(names, [("", "roof"), ("", "x9")]);
    }

    #[test]
    fn files_that_paint_nothing_or_are_damaged_say_so() {
        let empty = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>"#;
        assert!(matches!(Asset::parse(empty), Err(AssetError::Empty)));
        let anchor = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect class="anchor-contents" width="9" height="9"/></svg>"#;
        assert!(matches!(Asset::parse(anchor), Err(AssetError::Empty)));
        assert!(matches!(Asset::parse("<svg"), Err(AssetError::Parse(_))));
    }
}
