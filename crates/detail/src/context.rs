//! What every effect looks at. Read from the document before; nothing here changes it.

use chat2svg_stop::Stop;
use chat2svg_vector::Role;
use kurbo::Rect;

use crate::{light::Light, palette::Palette, scene::Scene, visible::Visible};

/// A scene with all that effects ask about it.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) scene: &'a Scene,
    /// What is seen of it.
    pub(crate) visible: &'a Visible,
    pub(crate) light: &'a Light,
    /// The colours that its style allows.
    pub(crate) palette: &'a Palette,
    /// The canvas, in the document's coordinates.
    pub(crate) view: Rect,
    /// Says when to end.
    pub(crate) stop: &'a Stop,
}

impl Context<'_> {
    /// Where the ground begins: the highest point of all ground within the canvas.
    pub(crate) fn horizon(&self) -> f64 {
        let grounds = self.scene.items.iter();
        grounds
            .filter(|item| item.role == Role::Ground)
            .map(|item| item.bounds.y0)
            .fold(self.view.y1, f64::min)
            .max(self.view.y0)
    }

    /// The canvas's shorter side, in the document's coordinates.
    pub(crate) fn short_side(&self) -> f64 {
        self.view.width().min(self.view.height())
    }
}
