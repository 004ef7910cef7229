//! Reading SVG as people have it: sanitised, normalised to curves, names kept.

mod convert;
mod fonts;
mod frame;
mod metadata;
mod names;
mod paint;
mod range;
mod reach;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kurbo::Affine;

use crate::sanitise::{
    ParseError, ParseLimits, Profile, Tree, Warning, WarningKind, Warnings, sanitised_tree,
};
use crate::{Document, Group, Node};

use convert::Converter;
use frame::Frame;

/// A document that has been read, and what was left out of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The document.
    pub document: Document,
    /// What was removed or simplified, for people to see.
    pub warnings: Vec<Warning>,
}

impl Document {
    /// Reads an SVG file: sanitises it (see [`crate::sanitise`]), turns shapes, strokes, gradients,
    /// transforms, `use`, CSS, text and clip paths into this crate's model, and keeps ids and labels
    /// (`inkscape:label`, `data-name`, `aria-label` or a title inside the element; else the id when a
    /// person chose it; else the comment
    /// above; several elements below one comment become a group of that name). Text is set in Noto Sans. Patterns become their mean colour; masks, filters,
    /// blend modes and raster images are left out; all with a warning.
    ///
    /// # Errors
    /// When the file is no SVG, is damaged, or exceeds the limits.
    pub fn parse(svg: &[u8], limits: &ParseLimits) -> Result<Parsed, ParseError> {
        let mut warnings = Warnings::default();
        let mut tree = sanitised_tree(svg, limits, Profile::Document, &mut warnings)?;
        let root = tree.elements.first().ok_or(ParseError::Empty)?;
        let title = names::title(&tree, root, "title");
        let description = names::title(&tree, root, "desc");
        let metadata = metadata::read(&tree);
        let frame = Frame::of(root)?;
        reach::check(&tree, frame.viewport())?;
        let names = names::collect(&mut tree);
        let normalised = normalise(&mut tree, &frame)?;
        let mut converter = Converter {
            names: &names,
            warnings: &mut warnings,
            taken: HashSet::new(),
        };
        let layers = converter.children(normalised.root());
        let mut document = Document {
            width: 1.0,
            height: 1.0,
            view_box: kurbo::Rect::new(0.0, 0.0, 1.0, 1.0),
            title,
            description,
            metadata,
            layers,
        };
        let canvas = frame.canvas(document.paint_bounds())?;
        document.width = canvas.width;
        document.height = canvas.height;
        document.view_box = canvas.view_box;
        if canvas.content != Affine::IDENTITY {
            let content = Group {
                transform: canvas.content,
                children: std::mem::take(&mut document.layers),
                ..Group::new("")
            };
            document.layers.push(Node::Group(content));
        }
        range::check(&document)?;
        for _ in 0..document.bound_dashes() {
            warnings.add(WarningKind::Dashes, "stroke-dasharray");
        }
        Ok(Parsed {
            document,
            warnings: warnings.into_list(),
        })
    }
}

/// Everything as absolute curves, in the coordinates of the view box.
fn normalise(tree: &mut Tree, frame: &Frame) -> Result<usvg::Tree, ParseError> {
    // A canvas that equals the view box leaves coordinates as they are; where the view box begins does
    // not matter to the content.
    let (width, height) = frame.viewport();
    if let Some(root) = tree.elements.first_mut() {
        root.set("width", width.to_string());
        root.set("height", height.to_string());
        root.set("viewBox", format!("0 0 {width} {height}"));
        root.remove("preserveAspectRatio");
        root.remove("x");
        root.remove("y");
    }
    let text = tree.to_text();
    let options = usvg::Options {
        font_family: fonts::FAMILY.to_owned(),
        fontdb: fonts::database(),
        image_href_resolver: usvg::ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..usvg::Options::default()
    };
    let not_understood = |reason: String| ParseError::NotUnderstood { reason };
    // Strange numbers can break assumptions of the library; that must not break the caller.
    catch_unwind(AssertUnwindSafe(|| usvg::Tree::from_str(&text, &options)))
        .map_err(|_| not_understood("its numbers are out of range".to_owned()))?
        .map_err(|error| not_understood(error.to_string()))
}
