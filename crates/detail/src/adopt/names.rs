//! What a new shape is called: a word for what it is on its ground, by lightness, place and form.

use chat2svg_vector::{Meaning, Role};

/// What is known of a new shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ShapeTraits {
    /// Its Oklab lightness less that of the ground beneath.
    pub(super) lighter: f32,
    /// Its Oklab distance from the ground.
    pub(super) contrast: f32,
    /// Its area over the ground's.
    pub(super) share: f64,
    /// Longer axis over the shorter.
    pub(super) elongation: f64,
    /// Area over that of the disc with its longest extent: small for thin and for winding forms.
    pub(super) fullness: f64,
    /// How far up it lies in the ground's bounding box, 0 at the bottom and 1 at the top.
    pub(super) height: f64,
    /// Share of its border beyond which lies neither it nor its ground.
    pub(super) edge: f64,
    /// Whether it is drawn as a stroke.
    pub(super) is_stroke: bool,
    /// Whether its ground fills the canvas: sky, wall, paper.
    pub(super) on_background: bool,
}

/// One word for it.
pub(super) fn word(traits: &ShapeTraits) -> &'static str {
    let is_thin = traits.is_stroke || traits.fullness < 0.12 || traits.elongation > 5.0;
    if traits.edge > 0.3 && is_thin && !traits.on_background {
        return "rim";
    }
    if traits.is_stroke {
        return "line";
    }
    if is_thin {
        return "stripe";
    }
    if traits.on_background {
        return if traits.share < 0.004 {
            "spot"
        } else {
            "detail"
        };
    }
    if traits.lighter > 0.08 {
        return match traits.share {
            share if share < 0.2 && traits.height > 0.4 => "highlight",
            share if share < 0.2 => "spot",
            _ => "light",
        };
    }
    if traits.lighter < -0.04
        && traits.contrast < 0.35
        && (traits.share > 0.08 || traits.height < 0.35)
    {
        return "shadow";
    }
    if traits.share < 0.06 {
        return "spot";
    }
    "detail"
}

/// What a shape of such a word is: a highlight, or else a part of what it lies on.
pub(super) fn meaning_of(word: &str) -> Meaning {
    match word {
        "highlight" => Meaning::of_role(Role::Highlight),
        _ => Meaning::NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: ShapeTraits = ShapeTraits {
        lighter: 0.0,
        contrast: 0.2,
        share: 0.1,
        elongation: 1.2,
        fullness: 0.6,
        height: 0.5,
        edge: 0.0,
        is_stroke: false,
        on_background: false,
    };

    #[test]
    fn words_say_what_is_seen() {
        let cases = [
            (
                "highlight",
                ShapeTraits {
                    lighter: 0.4,
                    share: 0.02,
                    height: 0.8,
                    ..PLAIN
                },
            ),
            (
                "light",
                ShapeTraits {
                    lighter: 0.2,
                    share: 0.5,
                    ..PLAIN
                },
            ),
            (
                "shadow",
                ShapeTraits {
                    lighter: -0.15,
                    share: 0.3,
                    ..PLAIN
                },
            ),
            (
                "spot",
                ShapeTraits {
                    lighter: -0.5,
                    contrast: 0.6,
                    share: 0.01,
                    ..PLAIN
                },
            ),
            (
                "stripe",
                ShapeTraits {
                    elongation: 9.0,
                    fullness: 0.1,
                    ..PLAIN
                },
            ),
            (
                "line",
                ShapeTraits {
                    is_stroke: true,
                    ..PLAIN
                },
            ),
            (
                "rim",
                ShapeTraits {
                    edge: 0.5,
                    fullness: 0.05,
                    ..PLAIN
                },
            ),
            (
                "spot",
                ShapeTraits {
                    on_background: true,
                    share: 0.001,
                    ..PLAIN
                },
            ),
            ("detail", PLAIN),
        ];
        for (expected, traits) in cases {
            assert_eq!(word(&traits), expected, "{traits:?}");
        }
    }
}
