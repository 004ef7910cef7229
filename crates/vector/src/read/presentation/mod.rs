//! What the normaliser does not know of CSS becomes attributes that it knows: sizes of fonts,
//! computed lengths, transforms with their origins, strokes that do not scale, how colours are
//! mixed, the background.

mod background;
mod boxes;
mod placement;
mod sizes;
mod stops;
mod strokes;

use super::frame::Frame;
use crate::sanitise::{Element, Meter, ParseError, Tree, Warnings};

use sizes::Sizes;

/// Resolves what styles say in a tree whose style sheets are resolved to attributes.
///
/// # Errors
/// When a length is beyond what can be drawn, or the caller wants to stop.
pub(super) fn resolve(
    tree: &mut Tree,
    frame: &Frame,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<(), ParseError> {
    let sizes = Sizes::resolve(tree, frame, meter)?;
    placement::resolve(tree, frame, &sizes, warnings, meter)?;
    strokes::resolve(tree, frame, &sizes, warnings, meter)?;
    stops::resolve(tree, warnings);
    background::resolve(tree, frame, warnings);
    Ok(())
}

/// What the style of an element says, where only a style can say it.
fn style<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    let mut declarations = element.style.declarations.iter();
    let found = declarations.find(|declaration| declaration.name == name);
    found.map(|declaration| &*declaration.value)
}

fn remove_style(element: &mut Element, names: &[&str]) {
    let declarations = &mut element.style.declarations;
    declarations.retain(|declaration| !names.contains(&declaration.name));
}
