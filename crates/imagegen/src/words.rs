//! What a model is told: the words of the job, and how the picture should look.

use chat2svg_protocol::Style;
use serde::{Deserialize, Serialize};

/// Words for the model. `{prompt}` in them stands for what the picture shows, `{style}` for how it
/// looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Words {
    /// What the model is told.
    pub prompt: String,
    /// What the picture shows when the job has no prompt.
    pub unnamed: String,
    /// What the picture must not show.
    pub negative: String,
    /// How the picture looks, by style.
    pub styles: StyleWords,
}

/// One text for each style.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StyleWords {
    /// For style flat.
    pub flat: String,
    /// For style pastel.
    pub pastel: String,
    /// For style line-art.
    pub line_art: String,
    /// For style monochrome.
    pub monochrome: String,
    /// For style duotone.
    pub duotone: String,
    /// For style night.
    pub night: String,
    /// For style sticker.
    pub sticker: String,
}

impl StyleWords {
    /// The text for a style.
    pub fn get(&self, style: Style) -> &str {
        match style {
            Style::Flat => &self.flat,
            Style::Pastel => &self.pastel,
            Style::LineArt => &self.line_art,
            Style::Monochrome => &self.monochrome,
            Style::Duotone => &self.duotone,
            Style::Night => &self.night,
            Style::Sticker => &self.sticker,
        }
    }
}

impl Words {
    /// What the model is told of a picture.
    pub fn prompt(&self, shows: Option<&str>, style: Style) -> String {
        // In one pass: what stands in a prompt is never taken for a place to fill in.
        let mut out = String::new();
        let mut rest = self.prompt.as_str();
        while let Some(start) = rest.find('{') {
            let (before, from) = rest.split_at(start);
            out.push_str(before);
            let (word, after) = if let Some(after) = from.strip_prefix("{prompt}") {
                (shows.unwrap_or(&self.unnamed), after)
            } else if let Some(after) = from.strip_prefix("{style}") {
                (self.styles.get(style), after)
            } else {
                ("{", from.strip_prefix('{').unwrap_or_default())
            };
            out.push_str(word);
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

impl Default for Words {
    fn default() -> Self {
        Self {
            prompt:
                "Redraw this picture of {prompt} with more detail and better shapes. Keep every \
                     object, its place, its size, its colour and the composition exactly as they \
                     are. Style: {style}."
                    .to_owned(),
            unnamed: "the same scene".to_owned(),
            negative: "outlines, text, letters, signature, watermark, frame, photo, film grain, \
                       noise, blur, clutter, cropped"
                .to_owned(),
            styles: StyleWords::default(),
        }
    }
}

impl Default for StyleWords {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            flat: text(
                "clean flat vector illustration, solid colours with soft shading, crisp edges, no outlines",
            ),
            pastel: text(
                "soft flat vector illustration in light pastel colours, crisp edges, no outlines",
            ),
            line_art: text(
                "clean line art, dark outlines of even width on a light ground, no shading",
            ),
            monochrome: text(
                "flat vector illustration in tints of a single hue, crisp edges, no outlines",
            ),
            duotone: text(
                "flat vector illustration in the two hues of the picture only, crisp edges, no outlines",
            ),
            night: text(
                "flat vector illustration at night, dark colours, few bright lights, crisp edges, no outlines",
            ),
            sticker: text(
                "flat vector sticker, solid colours, crisp edges, a white outline around each object",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_in_once() {
        let words = Words {
            prompt: "{prompt}, {style} {other} {".to_owned(),
            ..Words::default()
        };
        let told = words.prompt(Some("a {style} fox"), Style::LineArt);
        let style = &words.styles.line_art;
        assert_eq!(told, format!("a {{style}} fox, {style} {{other}} {{"));
        assert!(
            words
                .prompt(None, Style::Flat)
                .starts_with("the same scene, clean flat")
        );
    }
}
