//! Pictures of the user's own library: sanitised and named like all others, with the credit that
//! the file itself states.

use chat2svg_vector::Credit;

use super::{Drawing, pen, twemoji};
use crate::embedded::lookup::ArtLibrary;

/// The picture of an entry; `None` when its file is gone, unreadable or empty by now.
pub(crate) fn draw(library: &ArtLibrary, entry: usize) -> Option<Drawing> {
    let about = library.entry(entry)?;
    let svg = library
        .svg(entry)
        .inspect_err(|error| tracing::warn!(path = %about.path.display(), %error, "cannot read a picture of the library"))
        .ok()?;
    let nodes = twemoji::flattened(&svg)?;
    let bounds = pen::bounds_of(&nodes);
    if !bounds.is_finite() || bounds.area() <= 0.0 {
        return None;
    }
    let mut drawing = Drawing::of(nodes);
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
