//! Characters that no font here has: taken out of the text before it is set, so that no box ever
//! becomes an outline. A space of about their width keeps the rest of the line where it was.

use std::sync::LazyLock;

use skrifa::{FontRef, MetadataProvider as _, charmap::Charmap};
use unicode_width::UnicodeWidthChar as _;

use crate::sanitise::{Child, Meter, ParseError, Tree, WarningKind, Warnings};

use super::fonts;

/// Most different characters that the warning shows.
const MAX_SHOWN: usize = 16;
/// Stand in for a character as wide as the line is high, and for a narrower one.
const WIDE: char = '\u{2003}';
const NARROW: char = '\u{2002}';

/// Replaces all characters to set that no font has, with one warning that counts them.
pub(super) fn leave_out(
    tree: &mut Tree,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<(), ParseError> {
    let (mut count, mut shown) = (0usize, String::new());
    for element in &mut tree.elements {
        if !matches!(element.name, "text" | "tspan" | "textPath") {
            continue;
        }
        for child in &mut element.children {
            let Child::Text(text) = child else { continue };
            meter.add(1 + text.len() / 4)?;
            if text.chars().all(is_there) {
                continue;
            }
            let mut out = String::with_capacity(text.len());
            for character in text.chars() {
                if is_there(character) {
                    out.push(character);
                    continue;
                }
                match character.width() {
                    // What only joins or marks others.
                    None | Some(0) => continue,
                    Some(1) => out.push(NARROW),
                    Some(_) => out.push(WIDE),
                }
                count += 1;
                if !shown.contains(character) && shown.chars().count() < MAX_SHOWN {
                    shown.push(character);
                }
            }
            *text = out;
        }
    }
    if count > 0 {
        warnings.add_times(WarningKind::Character, &shown, count);
    }
    Ok(())
}

/// Whether some font has a character, or none needs it.
fn is_there(character: char) -> bool {
    static MAPS: LazyLock<Vec<Charmap<'static>>> = LazyLock::new(|| {
        let fonts = fonts::FACES.iter();
        let fonts = fonts.filter_map(|face| FontRef::new(face).ok());
        fonts.map(|font| font.charmap()).collect()
    });
    character.is_ascii()
        || character.is_whitespace()
        || MAPS
            .iter()
            .any(|map| map.map(character).is_some_and(|glyph| glyph.to_u32() != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_is_asked() {
        for character in ['a', 'ß', 'Ж', 'Ω', '€', '\n', WIDE, NARROW] {
            assert!(is_there(character), "{character:?}");
        }
        for character in ['漢', 'ש', 'ع', '🦊', 'あ', 'ก'] {
            assert!(!is_there(character), "{character:?}");
        }
    }
}
