//! The background of the root, which browsers paint behind the drawing.

use super::super::frame::Frame;
use super::{remove_style, style};
use crate::css::color::plain_color;
use crate::sanitise::{Child, Element, Tree, WarningKind, Warnings};

/// Makes the root's background a rectangle behind all else.
pub(super) fn resolve(tree: &mut Tree, frame: &Frame, warnings: &mut Warnings) {
    let Some(root) = tree.elements.first_mut() else {
        return;
    };
    let names = ["background-color", "background"];
    // The later of both has been put last.
    let declarations = root.style.declarations.iter().rev();
    let said = declarations
        .map(|declaration| declaration.name)
        .find(|name| names.contains(name));
    let Some(value) = said.and_then(|name| style(root, name)).map(str::to_owned) else {
        return;
    };
    let color = root.attribute("color").unwrap_or("#000").to_owned();
    remove_style(root, &names);
    let value = value.trim();
    if value.eq_ignore_ascii_case("none") || value.eq_ignore_ascii_case("transparent") {
        return;
    }
    let Some(mut fill) = plain_color(value) else {
        warnings.add(WarningKind::Presentation, &format!("background: {value}"));
        return;
    };
    if fill == "currentColor" {
        fill = color;
    }
    let Some(shown) = frame.shown() else {
        warnings.add(WarningKind::Presentation, &format!("background: {value}"));
        return;
    };
    let view = shown.view;
    let mut ground = Element {
        name: "rect",
        ..Element::default()
    };
    for (name, number) in [
        ("x", view.x0),
        ("y", view.y0),
        ("width", view.width()),
        ("height", view.height()),
    ] {
        ground.set(name, number.to_string());
    }
    ground.set("fill", fill);
    // What the root says of its content is not said of its ground.
    for (name, value) in [
        ("stroke", "none"),
        ("fill-opacity", "1"),
        ("visibility", "visible"),
    ] {
        ground.set(name, value.to_owned());
    }
    let index = tree.elements.len();
    tree.elements.push(ground);
    if let Some(root) = tree.elements.first_mut() {
        root.children.insert(0, Child::Element(index));
    }
}
