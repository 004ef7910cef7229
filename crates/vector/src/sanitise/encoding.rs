//! From bytes to text: UTF-8, UTF-16, and what the XML declaration names.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::ParseError;
use super::printable::printable;
use super::warning::{WarningKind, Warnings};

/// Bytes in which an XML declaration is looked for.
const MAX_DECLARATION: usize = 256;
/// Of a text in one of the encodings at hand at most one byte in so many is none of it; more of
/// them are another kind of file.
const LEAST_TEXT: usize = 8;

/// The text of a file, without its byte order mark. What the encoding does not have becomes U+FFFD,
/// with a warning that counts it.
///
/// # Errors
/// When it is no text, or longer than `limit` as UTF-8.
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    limit: usize,
    warnings: &mut Warnings,
) -> Result<Cow<'a, str>, ParseError> {
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (Some(encoding), bytes.get(length..).unwrap_or_default()),
        None => (without_mark(bytes, warnings), bytes),
    };
    let text = match encoding {
        Some(encoding) if encoding != UTF_8 => decoded(encoding, bytes, warnings)?,
        declared => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) if bytes.contains(&0) => return Err(ParseError::NotUtf8),
            Err(_) if declared.is_none() && is_western(bytes) => {
                warnings.add(WarningKind::Encoding, "windows-1252");
                decoded(WINDOWS_1252, bytes, warnings)?
            }
            Err(_) => decoded(UTF_8, bytes, warnings)?,
        },
    };
    if text.len() > limit {
        return Err(ParseError::TooManyBytes {
            found: text.len(),
            limit,
        });
    }
    Ok(text)
}

/// The encoding of a file without a byte order mark, when it shows or says so.
fn without_mark(bytes: &[u8], warnings: &mut Warnings) -> Option<&'static Encoding> {
    match bytes {
        [b'<', 0, _, 0, ..] => return Some(UTF_16LE),
        [0, b'<', 0, _, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let label = declared(bytes)?;
    let encoding = Encoding::for_label(label.as_bytes());
    match encoding {
        None => {
            warnings.add(WarningKind::Encoding, &label);
            None
        }
        // Two bytes a character are seen above: the declaration stayed when the file was converted.
        Some(wide) if wide == UTF_16LE || wide == UTF_16BE => Some(UTF_8),
        known => known,
    }
}

/// The encoding that the XML declaration names.
fn declared(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..MAX_DECLARATION.min(bytes.len()))?;
    let start = start.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = start.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(start.get(..end)?).ok()?;
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = rest.get(1..)?.split(quote).next()?;
    Some(printable(label, 40))
}

/// Whether bytes that are no UTF-8 look like the single-byte text of an old Western program: no
/// character of several bytes among them.
fn is_western(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().all(|chunk| chunk.valid().is_ascii())
}

fn decoded<'a>(
    encoding: &'static Encoding,
    bytes: &'a [u8],
    warnings: &mut Warnings,
) -> Result<Cow<'a, str>, ParseError> {
    let (text, has_lost) = encoding.decode_without_bom_handling(bytes);
    if has_lost {
        let lost = text.matches(char::REPLACEMENT_CHARACTER).count();
        if lost > bytes.len() / LEAST_TEXT {
            return Err(ParseError::NotUtf8);
        }
        let subject = format!("bytes that are no {}", encoding.name());
        warnings.add_times(WarningKind::Encoding, &subject, lost.max(1));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1 << 20;

    fn read(bytes: &[u8]) -> (String, usize) {
        let mut warnings = Warnings::default();
        let text = decode(bytes, LIMIT, &mut warnings).expect("is text");
        (text.into_owned(), warnings.into_list().len())
    }

    fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn texts_are_read_in_their_encoding() {
        let svg = "<svg id='Größe €'/>";
        let plain = |bytes: &[u8]| {
            let (text, warnings) = read(bytes);
            assert_eq!(warnings, 0);
            text
        };
        assert_eq!(plain(svg.as_bytes()), svg);
        assert_eq!(plain(&[b"\xef\xbb\xbf", svg.as_bytes()].concat()), svg);
        for (mark, bytes) in [
            (&[0xff, 0xfe], u16::to_le_bytes as fn(u16) -> [u8; 2]),
            (&[0xfe, 0xff], u16::to_be_bytes),
        ] {
            let without = wide(svg, bytes);
            assert_eq!(plain(&[&mark[..], &without].concat()), svg);
            assert_eq!(plain(&without), svg);
        }
        for (label, letters, expected) in [
            ("ISO-8859-1", &b"\xe4\xdf"[..], "äß"),
            ("latin1", b"\xe9", "é"),
            ("windows-1251", b"\xcf\xf0", "Пр"),
            ("windows-1252", b"\x80", "€"),
            ("ISO-8859-2", b"\xb3", "ł"),
            ("Shift_JIS", b"\x93\xfa", "日"),
            ("koi8-r", b"\xf0", "П"),
        ] {
            let head = format!("<?xml version='1.0' encoding = \"{label}\" ?><a>");
            let text = plain(&[head.as_bytes(), letters].concat());
            assert_eq!(text, format!("{head}{expected}"));
        }
        // Converted, with the declaration left as it was.
        let converted = "<?xml version='1.0' encoding='UTF-16'?><a>ä";
        assert_eq!(plain(converted.as_bytes()), converted);
    }

    #[test]
    fn what_is_lost_or_guessed_is_said() {
        assert_eq!(
            read(b"<svg id='caf\xe9'/>"),
            ("<svg id='café'/>".to_owned(), 1)
        );
        let mixed = "<svg id='ä….'/> <!-- a longer text, of which little is wrong -->";
        let broken = [mixed.as_bytes(), b"\xff"].concat();
        assert_eq!(read(&broken), (format!("{mixed}\u{fffd}"), 1));
        let declared = b"<?xml version='1.0' encoding='utf-8'?><svg id='caf\xe9'/>";
        assert!(read(declared).0.ends_with("id='caf\u{fffd}'/>"));
        let unknown = "<?xml version='1.0' encoding='rot13'?><svg/>";
        assert_eq!(read(unknown.as_bytes()), (unknown.to_owned(), 1));
    }

    #[test]
    fn other_files_are_no_text() {
        let mut warnings = Warnings::default();
        for bytes in [
            &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..],
            b"\xff\xd8\xff\xe0\0\x10JFIF\0",
            b"<svg>\xc3\0",
        ] {
            let found = decode(bytes, LIMIT, &mut warnings);
            assert_eq!(found, Err(ParseError::NotUtf8), "{bytes:?}");
        }
        let found = decode(&[0xff; 64], LIMIT, &mut warnings);
        assert_eq!(found.map(|text| text.len()), Ok(128));
        let long = decode(
            &[b"\xff\xfe", &[b'a', 0x4e].repeat(600)[..]].concat(),
            1_000,
            &mut warnings,
        )
        .map(|text| text.len());
        assert!(
            matches!(long, Err(ParseError::TooManyBytes { .. })),
            "{long:?}"
        );
    }
}
