//! Which colours a style allows for what is new: any, or only those between the tones that it has.

use chat2svg_protocol::Style;
use chat2svg_vector::{Color, Oklab};

use crate::scene::Scene;

/// The colours of a style.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Palette {
    /// The document's own colours by rising lightness, where the style is a ramp of tones.
    ramp: Option<Vec<Oklab>>,
}

impl Palette {
    /// What a style allows in a document.
    pub(crate) fn of(scene: &Scene, style: Style) -> Self {
        if !style.traits().has_ramp {
            return Self { ramp: None };
        }
        let mut ramp: Vec<Oklab> = scene
            .items
            .iter()
            .filter(|item| item.opacity > 0.0)
            .map(|item| item.color.to_oklab())
            .collect();
        ramp.sort_by(|a, b| a.lightness.total_cmp(&b.lightness));
        ramp.dedup_by(|a, b| (a.lightness - b.lightness).abs() < 0.004);
        Self {
            ramp: (!ramp.is_empty()).then_some(ramp),
        }
    }

    /// The colour itself, or the ramp's of the same lightness.
    pub(crate) fn at(&self, wanted: Oklab) -> Color {
        let Some(ramp) = &self.ramp else {
            return Color::from_oklab(wanted);
        };
        let above = ramp.partition_point(|tone| tone.lightness < wanted.lightness);
        let tone = match (
            above.checked_sub(1).and_then(|i| ramp.get(i)),
            ramp.get(above),
        ) {
            (Some(low), Some(high)) => {
                let span = (high.lightness - low.lightness).max(1e-6);
                low.lerp(*high, (wanted.lightness - low.lightness) / span)
            }
            (Some(end), None) | (None, Some(end)) => *end,
            (None, None) => wanted,
        };
        Color::from_oklab(tone)
    }

    /// A colour lighter or darker by `lift` of lightness. Darker ones keep their chroma, so that
    /// shade does not look dusty.
    pub(crate) fn lifted(&self, color: Color, lift: f32) -> Color {
        let from = color.to_oklab();
        self.at(Oklab {
            lightness: (from.lightness + lift).clamp(0.0, 1.0),
            ..from
        })
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Document, Metadata, Node, Paint, Shape};
    use kurbo::{Rect, Shape as _};

    use super::*;

    fn two_tones(style: Style) -> Palette {
        let box_of = |color| {
            let path = Rect::new(0.0, 0.0, 9.0, 9.0).to_path(0.1);
            Node::Shape(Shape::filled("", path, Paint::Solid(color)))
        };
        let document = Document {
            width: 9.0,
            height: 9.0,
            view_box: Rect::new(0.0, 0.0, 9.0, 9.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers: vec![
                box_of(Color::from_rgb8(40, 0, 60)),
                box_of(Color::from_rgb8(255, 240, 200)),
            ],
        };
        Palette::of(&Scene::read(&document), style)
    }

    #[test]
    fn a_duotone_gives_only_what_lies_between_its_tones() {
        let palette = two_tones(Style::Duotone);
        let dark = Color::from_rgb8(40, 0, 60);
        let light = Color::from_rgb8(255, 240, 200);
        let green = Color::from_rgb8(0, 200, 0).to_oklab();
        let found = palette.at(green);
        let share = (green.lightness - dark.to_oklab().lightness)
            / (light.to_oklab().lightness - dark.to_oklab().lightness);
        let between = dark.to_oklab().lerp(light.to_oklab(), share);
        assert!(found.to_oklab().distance(between) < 0.01, "{found:?}");
        assert!(palette.lifted(light, 0.5).difference(light) < 0.01);
    }

    #[test]
    fn other_styles_give_what_is_asked() {
        let green = Color::from_rgb8(0, 200, 0);
        let found = two_tones(Style::Flat).at(green.to_oklab());
        assert!(found.difference(green) < 0.01);
    }
}
