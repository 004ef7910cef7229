//! Writing a document as SVG that is small, and that people and editors can work with.
//!
//! Groups and shapes keep their names: the id, and the label as `inkscape:label`, which Inkscape
//! shows in its layers and objects panels. Equal gradients, their equal stops and equal clip paths
//! are defined once; what all shapes of a group say of their painting, the group says. Only what
//! readers of SVG 1.1 know is written. Ids that are referred to are those of this document alone,
//! so that several documents can stand in one page.

mod basic;
mod cost;
pub(crate) mod fingerprint;
mod marked;
mod metadata;
mod number;
mod paint;
mod path;
mod primitive;
mod rounded;
mod snap;
mod style;
mod turned;
pub(crate) mod xml;

use kurbo::{Affine, BezPath, Rect, Shape as _};

use crate::names::{IdPrefix, assign_ids};
use crate::transform::largest_scale;
use crate::{ClipPath, Document, Drawn, FillRule, Group, LengthUnit, Meaning, Node, Shape};

use basic::Basic;
use fingerprint::Marking;
use number::{decimals_for, number};
use paint::{Definitions, opacity_attribute, transform};
use path::path_data;
use primitive::{Ellipse, round_parts, written_ellipse};
use style::{Attributes, Styles};
use turned::Turned;
use xml::XmlWriter;

pub use cost::{ByteCost, points_of};
pub use snap::snapped_outline;

pub(crate) use metadata::{CHAT2SVG, CREATIVE_COMMONS, DUBLIN_CORE, RDF};
pub(crate) use paint::XLINK;
pub(crate) use primitive::{ellipse_of, is_drawn_round};

/// Inkscape's extension attributes.
pub(crate) const INKSCAPE: &str = "http://www.inkscape.org/namespaces/inkscape";

/// Which elements shapes are written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShapeElements {
    /// Those of the file that they came in, as long as they fit; else circles, ellipses and paths,
    /// whichever is shorter.
    #[default]
    Keep,
    /// Rects, circles, ellipses, lines, polylines and polygons wherever an outline is one.
    Primitives,
    /// Paths only.
    Paths,
}

/// How a document is written.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteOptions {
    /// The most that rounding may move a coordinate, in pixels of a rendering whose longest side is
    /// [`WriteOptions::reference_side`]. Each shape gets as few decimals as that allows, its
    /// groups' transforms taken into account. Default 1/16.
    pub tolerance: f64,
    /// Longest side in pixels of the rendering that `tolerance` refers to; the document's own
    /// nominal size when that is larger. Default 512.
    pub reference_side: f64,
    /// Whether every element starts a new line, indented by its depth. Default true.
    pub indent: bool,
    /// Whether `<metadata>` is written. Default true.
    pub metadata: bool,
    /// Whether screen readers are told that this is one picture, called by its title and described
    /// by its description; says nothing without a title. Default false.
    pub accessible: bool,
    /// Whether labels are written, and top-level groups as layers of Inkscape. Default true.
    pub labels: bool,
    /// Which elements shapes are written as. Default [`ShapeElements::Keep`].
    pub shapes: ShapeElements,
    /// What all ids begin with; without it only ids that are referred to are marked, by a hash of
    /// the document at their end, and ids of nodes stay as they are. Default none.
    pub id_prefix: Option<IdPrefix>,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            tolerance: 1.0 / 16.0,
            reference_side: 512.0,
            indent: true,
            metadata: true,
            accessible: false,
            labels: true,
            shapes: ShapeElements::Keep,
            id_prefix: None,
        }
    }
}

impl WriteOptions {
    /// The tolerance, or next to none when it is not above zero.
    fn least_tolerance(&self) -> f64 {
        if self.tolerance > 0.0 {
            self.tolerance
        } else {
            f64::MIN_POSITIVE
        }
    }
}

impl Document {
    /// The document as SVG text.
    ///
    /// Ids are unique in the result: a repeated one is numbered, and a node with a label only gets
    /// an id made from it. Ids of gradients and clip paths end in a short hash of the text, or all
    /// ids begin with [`WriteOptions::id_prefix`]. Shapes whose geometry is not finite cannot be
    /// written and are left out.
    pub fn to_svg(&self, options: &WriteOptions) -> String {
        let (ids, taken) = assign_ids(self, options.id_prefix.as_ref());
        let mut ids = ids.into_iter();
        let scale = reference_scale(self, options);
        let tolerance = options.least_tolerance();
        let mut definitions = Definitions::new(taken, Marking::of(options.id_prefix.as_ref()));
        let styles = Styles::of(&self.layers, &mut definitions, scale, tolerance);
        let mut body = TreeWriter {
            definitions,
            tolerance,
            shapes: options.shapes,
            writes_labels: options.labels,
            has_labels: false,
            ids: &mut ids,
        };
        let mut tree = XmlWriter::nested(options.indent, 1);
        for (node, style) in self.layers.iter().zip(&styles) {
            let place = Place {
                scale,
                group: Meaning::NONE,
                is_layer: true,
            };
            body.node(&mut tree, node, style, place);
        }
        let has_labels = body.has_labels;
        let mut claim = |id| options.accessible.then(|| body.definitions.claim(id));
        let title_id = self.title.as_ref().and_then(|_| claim("title"));
        let description_id = match (&title_id, &self.description) {
            (Some(_), Some(_)) => claim("desc"),
            _ => None,
        };
        let definitions = body.definitions.into_written();
        let tree = tree.finish();

        let mut xml = XmlWriter::new(options.indent);
        xml.start("svg");
        xml.attribute("xmlns", "http://www.w3.org/2000/svg");
        if has_labels {
            xml.attribute("xmlns:inkscape", INKSCAPE);
        }
        if definitions.has_links {
            xml.attribute("xmlns:xlink", XLINK);
        }
        let unit = self.metadata.unit;
        let size = |pixels| {
            let decimals = match unit {
                LengthUnit::Pixel => SIDE_DECIMALS,
                _ => PHYSICAL_DECIMALS,
            };
            let length = number(writable_side(pixels) / unit.pixels(), decimals);
            format!("{length}{}", unit.suffix())
        };
        xml.attribute("width", &size(self.width));
        xml.attribute("height", &size(self.height));
        xml.attribute("viewBox", &view_box_text(self.view_box));
        for (name, value) in self.metadata.setting.attributes() {
            xml.attribute(name, value);
        }
        let names: Vec<&str> = [&title_id, &description_id]
            .into_iter()
            .filter_map(Option::as_deref)
            .collect();
        if !names.is_empty() {
            xml.attribute("role", "img");
            xml.plain_attribute("aria-labelledby", &names.join(" "));
        }
        if let Some(title) = &self.title {
            xml.text_element("title", title_id.as_deref(), title);
        }
        if let Some(description) = &self.description {
            xml.text_element("desc", description_id.as_deref(), description);
        }
        if options.metadata {
            metadata::write_metadata(&mut xml, self);
        }
        if !definitions.elements.is_empty() {
            xml.start("defs");
            for element in &definitions.elements {
                xml.raw(element);
            }
            xml.end();
        }
        xml.raw_nested(&tree);
        xml.end();
        fingerprint::fill_in(xml.finish(), &definitions.ids)
    }
}

/// Decimals of the document's sides.
const SIDE_DECIMALS: u8 = 3;
/// The same in units that may be as long as an inch.
const PHYSICAL_DECIMALS: u8 = 6;
/// Shortest side that is written.
const MIN_SIDE: f64 = 1e-3;
/// Longest side, and largest coordinate of the view box, that is written.
const MAX_SIDE: f64 = 1e9;

/// A side as it can be written: never zero, infinite or not a number, whatever the document says.
fn writable_side(length: f64) -> f64 {
    if length.is_nan() {
        return 1.0;
    }
    length.clamp(MIN_SIDE, MAX_SIDE)
}

fn view_box_text(frame: Rect) -> String {
    let (numbers, decimals) = view_box_numbers(frame);
    numbers.map(|value| number(value, decimals)).join(" ")
}

/// Left, top, width and height as they can be written, and with how many decimals they are.
fn view_box_numbers(frame: Rect) -> ([f64; 4], u8) {
    let [width, height] = [frame.width(), frame.height()].map(writable_side);
    // A millionth of the shorter side is less than any pixel.
    let decimals = if width.min(height) < 1.0 { 9 } else { 6 };
    let place = |value: f64| {
        if value.is_finite() {
            value.clamp(-MAX_SIDE, MAX_SIDE)
        } else {
            0.0
        }
    };
    ([place(frame.x0), place(frame.y0), width, height], decimals)
}

/// Pixels per user unit in the rendering that the tolerance refers to.
fn reference_scale(document: &Document, options: &WriteOptions) -> f64 {
    let frame = document.view_box;
    let longest = document.width.max(document.height);
    let fit = (document.width / frame.width()).min(document.height / frame.height());
    let scale = fit * (options.reference_side.max(longest) / longest);
    if scale.is_finite() && scale > 0.0 {
        scale
    } else {
        1.0
    }
}

struct TreeWriter<'a> {
    definitions: Definitions<'a>,
    tolerance: f64,
    shapes: ShapeElements,
    writes_labels: bool,
    has_labels: bool,
    ids: &'a mut dyn Iterator<Item = String>,
}

/// Where a node is written.
#[derive(Clone, Copy)]
struct Place {
    /// Pixels per unit of its coordinates.
    scale: f64,
    /// What holds for the group that it is in.
    group: Meaning,
    /// Whether it is at the top.
    is_layer: bool,
}

impl TreeWriter<'_> {
    fn node(&mut self, xml: &mut XmlWriter, node: &Node, style: &Styles, place: Place) {
        let id = self.ids.next().unwrap_or_default();
        match (node, style) {
            (Node::Group(group), Styles::Group(said, children)) => {
                xml.start("g");
                self.names(xml, &id, &group.label);
                if self.writes_labels && place.is_layer && !group.label.is_empty() {
                    xml.attribute("inkscape:groupmode", "layer");
                    self.has_labels = true;
                }
                write_all(xml, &group.meaning.attributes(place.group));
                write_all(xml, said);
                self.group(xml, group, children, place);
                xml.end();
            }
            (Node::Shape(shape), Styles::Shape(said)) => self.shape(xml, shape, said, &id, place),
            _ => {}
        }
    }

    /// What is in a group's element.
    fn group(&mut self, xml: &mut XmlWriter, group: &Group, styles: &[Styles], place: Place) {
        let scale = place.scale;
        let inner = scale * largest_scale(group.transform);
        let extent = if group.transform == Affine::IDENTITY {
            0.0
        } else {
            extent(group)
        };
        if let Some(text) = transform(group.transform, extent, scale, self.tolerance) {
            xml.attribute("transform", &text);
        }
        opacity_attribute(xml, "opacity", group.opacity);
        if let Some(clip) = group.clip_that_hides() {
            let id = self.clip(clip, inner);
            xml.plain_attribute("clip-path", &format!("url(#{id})"));
        }
        for (child, style) in group.children.iter().zip(styles) {
            let place = Place {
                scale: inner,
                group: group.meaning.within(place.group),
                is_layer: false,
            };
            self.node(xml, child, style, place);
        }
    }

    fn clip(&mut self, clip: &ClipPath, scale: f64) -> String {
        let decimals = decimals_for(scale, self.tolerance);
        let mut xml = XmlWriter::new(false);
        let is_even_odd = clip.rule == FillRule::EvenOdd;
        let parts = round_parts(clip, self.shapes, self.tolerance / scale);
        for (path, ellipse) in parts.unwrap_or_else(|| vec![(clip.path.clone(), None)]) {
            match ellipse {
                Some(ellipse) => {
                    let radii = [ellipse.across, ellipse.down].map(|r| number(r, decimals));
                    xml.start(ellipse_element(&radii));
                    ellipse_attributes(&mut xml, &ellipse, &radii, decimals);
                }
                None => {
                    xml.start("path");
                    xml.attribute("d", &path_data(&path, decimals, false));
                    if is_even_odd {
                        xml.attribute("clip-rule", "evenodd");
                    }
                }
            }
            xml.end();
        }
        self.definitions.clip(xml.finish())
    }

    fn shape(
        &mut self,
        xml: &mut XmlWriter,
        shape: &Shape,
        said: &Attributes,
        id: &str,
        place: Place,
    ) {
        let scale = place.scale;
        let decimals = decimals_for(scale, self.tolerance);
        let ellipse = written_ellipse(shape, self.shapes, self.tolerance / scale);
        if ellipse.is_none()
            && let Some(basic) = self.basic_shape(shape, self.tolerance / scale)
        {
            xml.start(basic.element());
            self.attributes_of(xml, shape, said, id, place.group);
            write_all(xml, &basic.attributes(decimals));
            xml.end();
            return;
        }
        if ellipse.is_none()
            && let Some(turned) = written_turned(shape, self.shapes, self.tolerance / scale)
        {
            xml.start(turned.element());
            self.attributes_of(xml, shape, said, id, place.group);
            write_all(xml, &turned.attributes(decimals));
            xml.end();
            return;
        }
        let radii =
            ellipse.map(|ellipse| [ellipse.across, ellipse.down].map(|r| number(r, decimals)));
        xml.start(radii.as_ref().map_or("path", ellipse_element));
        self.attributes_of(xml, shape, said, id, place.group);
        match (ellipse, &radii) {
            (Some(ellipse), Some(radii)) => ellipse_attributes(xml, &ellipse, radii, decimals),
            _ => {
                let data = path_data(&shape.path, decimals, shape.stroke.is_some());
                xml.attribute("d", &data);
            }
        }
        xml.end();
    }

    /// The rectangle, line or polygon that a shape is written as.
    fn basic_shape(&self, shape: &Shape, tolerance: f64) -> Option<Basic> {
        let is_basic = is_basic(shape, self.shapes);
        is_basic.then(|| Basic::of(shape, tolerance)).flatten()
    }

    /// What every element of a shape says.
    fn attributes_of(
        &mut self,
        xml: &mut XmlWriter,
        shape: &Shape,
        said: &Attributes,
        id: &str,
        group: Meaning,
    ) {
        self.names(xml, id, &shape.label);
        write_all(xml, &shape.meaning.attributes(group));
        write_all(xml, said);
        opacity_attribute(xml, "opacity", shape.opacity);
    }

    fn names(&mut self, xml: &mut XmlWriter, id: &str, label: &str) {
        if !id.is_empty() {
            xml.attribute("id", id);
        }
        // A label that only repeats the id says nothing new.
        if self.writes_labels && !label.is_empty() && label != id {
            xml.attribute("inkscape:label", label);
            self.has_labels = true;
        }
    }
}

/// Whether a shape is written as the basic one that it is, though a path would be shorter.
fn is_basic(shape: &Shape, elements: ShapeElements) -> bool {
    match elements {
        ShapeElements::Keep => shape.drawn == Drawn::AsBasicShape,
        ShapeElements::Primitives => true,
        ShapeElements::Paths => false,
    }
}

/// The turned basic shape that one which is no upright one is written as.
fn written_turned(shape: &Shape, elements: ShapeElements, tolerance: f64) -> Option<Turned> {
    let is_basic = is_basic(shape, elements);
    is_basic.then(|| Turned::of(shape, tolerance)).flatten()
}

/// The element of an ellipse with these radii, as they are written.
fn ellipse_element([across, down]: &[String; 2]) -> &'static str {
    if across == down { "circle" } else { "ellipse" }
}

fn ellipse_attributes(
    xml: &mut XmlWriter,
    ellipse: &Ellipse,
    [across, down]: &[String; 2],
    decimals: u8,
) {
    xml.attribute("cx", &number(ellipse.center.x, decimals));
    xml.attribute("cy", &number(ellipse.center.y, decimals));
    if across == down {
        xml.attribute("r", across);
    } else {
        xml.attribute("rx", across);
        xml.attribute("ry", down);
    }
}

fn write_all(xml: &mut XmlWriter, attributes: &Attributes) {
    for (name, value) in attributes {
        xml.plain_attribute(name, value);
    }
}

/// The largest coordinate below a group, in its children's coordinates.
fn extent(group: &Group) -> f64 {
    fn of_path(path: &BezPath) -> f64 {
        let bounds = path.bounding_box();
        let most = bounds
            .x0
            .abs()
            .max(bounds.y0.abs())
            .max(bounds.x1.abs())
            .max(bounds.y1.abs());
        if most.is_finite() { most } else { 0.0 }
    }
    let children = group.children.iter().map(|child| match child {
        Node::Shape(shape) => of_path(&shape.path),
        Node::Group(inner) => {
            let [_, _, _, _, x, y] = inner.transform.as_coeffs();
            extent(inner) * largest_scale(inner.transform) + x.hypot(y)
        }
    });
    let clip = group.clip.as_ref().map(|clip| of_path(&clip.path));
    children.chain(clip).fold(0.0, f64::max)
}
