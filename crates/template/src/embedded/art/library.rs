//! Pictures of the user's own library: read like our own, with the credit that the file itself
//! states.

use chat2svg_vector::Credit;

use super::asset::Asset;
use super::{Drawing, recolor};
use crate::embedded::generators::Params;
use crate::embedded::lookup::ArtLibrary;

/// The picture of an entry in the colour asked for; `None` when its file is gone, unreadable or
/// empty by now.
pub(crate) fn draw(library: &ArtLibrary, entry: usize, params: &Params) -> Option<Drawing> {
    let about = library.entry(entry)?;
    let path = about.path.display();
    let svg = library
        .svg(entry)
        .inspect_err(|error| tracing::warn!(%path, %error, "cannot read a picture of the library"))
        .ok()?;
    let asset = Asset::parse(&svg)
        .inspect_err(|error| tracing::warn!(%path, %error, "cannot draw a picture of the library"))
        .ok()?;
    if asset.lost_anchors() > 0 {
        let anchors = asset.lost_anchors();
        tracing::warn!(%path, anchors, "anchors that are hidden or have no paint are left out: use opacity=\"0\"");
    }
    let mut drawing = asset.draw(params.body_color());
    // A file that does not say what takes the colour keeps its own look in any material.
    if let Some(color) = params.color.filter(|_| !asset.has_tones()) {
        recolor::recolor(&mut drawing.nodes, color);
    }
    drawing.credit = Some(Credit {
        title: about.name.clone(),
        author: about.author.clone().unwrap_or_else(|| "unknown".to_owned()),
        license: about
            .license
            .clone()
            .unwrap_or_else(|| "LicenseRef-unknown".to_owned()),
        source: about
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
    });
    Some(drawing)
}
