//! The file formats in which a result is delivered.

use std::{fmt, path::Path, str::FromStr};

use chat2svg_controller::output;
use chat2svg_vector::{DecodeLimits, PictureFormat, Raster};

use crate::Usage;

/// Quality of a JPEG in percent.
const JPEG_QUALITY: u8 = 90;

/// The format of a delivered picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// The drawing itself.
    Svg,
    /// Pixels, with transparency.
    Png,
    /// Pixels, with transparency, without loss.
    Webp,
    /// Pixels on white.
    Jpeg,
}

impl Format {
    /// Every name, the usual one of each format first.
    const NAMES: [(&'static str, Self); 5] = [
        ("svg", Self::Svg),
        ("png", Self::Png),
        ("webp", Self::Webp),
        ("jpeg", Self::Jpeg),
        ("jpg", Self::Jpeg),
    ];

    /// The format of a file by its name: that of its ending, and SVG without one.
    ///
    /// # Errors
    /// When the ending stands for another format.
    pub(crate) fn of(path: &Path) -> Result<Self, Usage> {
        let Some(ending) = path.extension() else {
            return Ok(Self::Svg);
        };
        ending.to_string_lossy().parse().map_err(|_| {
            Usage(format!(
                "{} does not end in a format that can be written: use .svg, .png, .webp or .jpg, or \
                 say which one is meant with --format",
                path.display()
            ))
        })
    }

    /// A picture in this format.
    ///
    /// # Errors
    /// When the text cannot be read, rendered or encoded.
    pub(crate) fn encode(self, svg: &str) -> anyhow::Result<Vec<u8>> {
        let format = match self {
            Self::Svg => return Ok(format!("{}\n", svg.trim_end()).into_bytes()),
            Self::Png => PictureFormat::Png,
            Self::Webp => PictureFormat::Webp,
            Self::Jpeg => PictureFormat::Jpeg(JPEG_QUALITY),
        };
        let png = output::png(svg, None, output::LONGEST_PNG_SIDE)?;
        if self == Self::Png {
            return Ok(png);
        }
        Ok(Raster::decode(&png, &DecodeLimits::default())?.encode(format)?)
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::NAMES
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, format)| format)
            .ok_or_else(|| "use svg, png, webp or jpeg".to_owned())
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Self::NAMES.into_iter();
        let name = names.find(|(_, format)| format == self);
        formatter.write_str(name.map_or("svg", |(name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_tells_the_format() {
        for (name, format) in [
            ("fox.svg", Format::Svg),
            ("a.b/fox.PNG", Format::Png),
            ("fox.webp", Format::Webp),
            ("fox.tar.jpg", Format::Jpeg),
            ("fox.JPEG", Format::Jpeg),
            ("/dev/null", Format::Svg),
        ] {
            assert_eq!(Format::of(Path::new(name)).unwrap(), format, "{name}");
        }
        for name in ["fox.gif", "fox.pdf", "fox.svgz", "fox."] {
            let message = Format::of(Path::new(name)).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains("--format"));
        }
    }
}
