//! Files inside JSON: in base64, or as `data:` addresses.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use data_url::{DataUrl, forgiving_base64};

/// Base64 in the alphabet of addresses, with or without padding.
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes of a file that a text holds.
///
/// # Errors
/// What is wrong with the text, and what to send instead.
pub(crate) fn decoded_file(text: &str) -> Result<Vec<u8>, &'static str> {
    let text = text.trim();
    let bytes = if starts_with_ignoring_case(text, "data:") {
        let url = DataUrl::process(text).map_err(|_| "the data: address has no comma")?;
        let decoded = url.decode_to_vec();
        decoded
            .map_err(|_| "the data: address is not valid base64")?
            .0
    } else if text.contains(":/") {
        return Err(
            "addresses elsewhere are not fetched: send the file as a data: address, or in a form",
        );
    } else {
        forgiving_base64::decode_to_vec(text.as_bytes())
            .ok()
            .or_else(|| URL_SAFE.decode(text).ok())
            .ok_or("give the file in base64, or as a data: address")?
    };
    if bytes.is_empty() {
        return Err("the file is empty");
    }
    Ok(bytes)
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|found| found.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_every_way_that_people_write_them() {
        for text in [
            "Zm94Pz4+",
            " Zm94\nPz4+ ",
            "Zm94Pz4-",
            "data:image/png;base64,Zm94Pz4+",
            "DATA:;base64,Zm94 Pz4+",
            "data:text/plain,fox%3F%3E%3E",
        ] {
            assert_eq!(decoded_file(text).as_deref(), Ok(&b"fox?>>"[..]), "{text}");
        }
        assert_eq!(decoded_file("Zm8").as_deref(), Ok(&b"fo"[..]));
        for (text, told) in [
            ("", "empty"),
            ("data:,", "empty"),
            ("data:image/png;base64", "comma"),
            ("data:;base64,§", "base64"),
            ("a fox.png", "base64"),
            ("file:///etc/passwd", "not fetched"),
        ] {
            let error = decoded_file(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
