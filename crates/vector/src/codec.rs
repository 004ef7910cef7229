//! Picture files: decoding PNG, JPEG and WebP within limits, encoding PNG, resizing.

use std::io::Cursor;

use image::{ImageDecoder as _, ImageEncoder as _, ImageFormat, ImageReader, RgbaImage, imageops};
use thiserror::Error;

use crate::{Raster, RasterError};

/// What a picture may cost before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Most bytes of the file.
    pub bytes: usize,
    /// Most pixels on a side.
    pub side: u32,
    /// Most pixels in all.
    pub pixels: u64,
}

impl Default for DecodeLimits {
    /// 32 MiB, 8,192 pixels on a side, 32 Mi pixels in all.
    fn default() -> Self {
        Self {
            bytes: 32 << 20,
            side: 8_192,
            pixels: 32 << 20,
        }
    }
}

/// Why a picture could not be decoded.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The file is larger than allowed.
    #[error("the picture file has {found} bytes, at most {limit} are accepted")]
    TooManyBytes {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The picture is larger than allowed.
    #[error(
        "the picture is {width} × {height} pixels, at most {side} on a side and {pixels} in all are accepted; send a smaller one"
    )]
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Pixels allowed on a side.
        side: u32,
        /// Pixels allowed in all.
        pixels: u64,
    },
    /// The file starts like no format that is read.
    #[error("the file is not a PNG, JPEG or WebP picture")]
    UnknownFormat,
    /// The file starts right but cannot be decoded.
    #[error("the {format} picture is damaged or cut short: {reason}")]
    Damaged {
        /// Name of the format.
        format: &'static str,
        /// What the decoder found.
        reason: String,
    },
}

/// What the head of a picture file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureHead {
    /// Width in pixels, before the orientation that a camera noted.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bytes of a decoded pixel.
    pub bytes_per_pixel: u8,
}

impl PictureHead {
    /// Pixels in all.
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// A decoder that has read the head of a file within limits, and the name of the format.
fn opened<'a>(
    bytes: &'a [u8],
    limits: &DecodeLimits,
) -> Result<(impl image::ImageDecoder + 'a, &'static str), DecodeError> {
    if bytes.len() > limits.bytes {
        return Err(DecodeError::TooManyBytes {
            found: bytes.len(),
            limit: limits.bytes,
        });
    }
    let format = image::guess_format(bytes).map_err(|_| DecodeError::UnknownFormat)?;
    let name = match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::WebP => "WebP",
        _ => return Err(DecodeError::UnknownFormat),
    };
    // The decoder would fill the missing part with grey.
    if format == ImageFormat::Jpeg && !is_whole_jpeg(bytes) {
        return Err(DecodeError::Damaged {
            format: name,
            reason: "its end is missing".to_owned(),
        });
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // Sixteen-bit RGBA is the largest pixel that a decoder makes; doubled for its own buffers.
    let mut allocation = image::Limits::default();
    allocation.max_alloc = Some(limits.pixels.saturating_mul(16).saturating_add(1 << 20));
    reader.limits(allocation);
    let decoder = reader
        .into_decoder()
        .map_err(|error| DecodeError::Damaged {
            format: name,
            reason: error.to_string(),
        })?;
    let (width, height) = decoder.dimensions();
    let is_too_large = width > limits.side || height > limits.side;
    if is_too_large || u64::from(width) * u64::from(height) > limits.pixels {
        return Err(DecodeError::TooManyPixels {
            width,
            height,
            side: limits.side,
            pixels: limits.pixels,
        });
    }
    Ok((decoder, name))
}

/// Why a picture could not be encoded.
#[derive(Debug, Error)]
#[error("the picture could not be encoded: {0}")]
pub struct EncodeError(#[from] image::ImageError);

/// A format that pictures are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// PNG, lossless.
    Png,
    /// WebP, lossless.
    Webp,
    /// JPEG on white, with its quality in percent; at least 1.
    Jpeg(u8),
}

/// How pixels are made when a picture changes its size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resampling {
    /// Triangle filter widened by the reduction: smooth, without ringing.
    #[default]
    Smooth,
    /// Lanczos with three lobes: sharper, may ring at hard edges.
    Sharp,
}

impl Raster {
    /// Looks at the head of a PNG, JPEG or WebP file, without decoding a pixel.
    ///
    /// # Errors
    /// When the file exceeds the limits, is of another format, or its head is damaged.
    pub fn inspect(bytes: &[u8], limits: &DecodeLimits) -> Result<PictureHead, DecodeError> {
        let (decoder, _) = opened(bytes, limits)?;
        let (width, height) = decoder.dimensions();
        Ok(PictureHead {
            width,
            height,
            bytes_per_pixel: decoder.color_type().bytes_per_pixel(),
        })
    }

    /// Decodes a PNG, JPEG or WebP file (the first frame of an animation). Size and dimensions are
    /// checked before any pixel is decoded; the orientation that a camera noted is applied.
    ///
    /// # Errors
    /// When the file exceeds the limits, is of another format, or is damaged.
    pub fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Self, DecodeError> {
        let (mut decoder, format) = opened(bytes, limits)?;
        let damaged = |error: image::ImageError| DecodeError::Damaged {
            format,
            reason: error.to_string(),
        };
        let orientation = decoder
            .orientation()
            .unwrap_or(image::metadata::Orientation::NoTransforms);
        let mut picture = image::DynamicImage::from_decoder(decoder).map_err(damaged)?;
        picture.apply_orientation(orientation);
        Self::from_image(&picture.into_rgba8()).map_err(|error| DecodeError::Damaged {
            format,
            reason: error.to_string(),
        })
    }

    /// The picture as a PNG file, eight bits of RGBA; RGB when every pixel is opaque.
    ///
    /// # Errors
    /// When the encoder refuses, which the checks on a raster's size leave to lack of memory.
    pub fn encode_png(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new(&mut out);
        if self.is_opaque() {
            let bytes: Vec<u8> = self
                .pixels()
                .iter()
                .flat_map(|p| [p[0], p[1], p[2]])
                .collect();
            encoder.write_image(
                &bytes,
                self.width(),
                self.height(),
                image::ExtendedColorType::Rgb8,
            )?;
        } else {
            let bytes = self.pixels().as_flattened();
            encoder.write_image(
                bytes,
                self.width(),
                self.height(),
                image::ExtendedColorType::Rgba8,
            )?;
        }
        Ok(out)
    }

    /// The picture as a file.
    ///
    /// # Errors
    /// As [`Raster::encode_png`].
    pub fn encode(&self, format: PictureFormat) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        let (width, height) = (self.width(), self.height());
        match format {
            PictureFormat::Png => return self.encode_png(),
            PictureFormat::Webp => {
                let encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut out);
                let bytes = self.pixels().as_flattened();
                encoder.write_image(bytes, width, height, image::ExtendedColorType::Rgba8)?;
            }
            PictureFormat::Jpeg(quality) => {
                let on_white = |pixel: &[u8; 4]| {
                    let [red, green, blue, alpha] = pixel.map(u32::from);
                    [red, green, blue].map(|value| {
                        let mixed = (value * alpha + 255 * (255 - alpha) + 127) / 255;
                        u8::try_from(mixed).unwrap_or(u8::MAX)
                    })
                };
                let bytes: Vec<u8> = self.pixels().iter().flat_map(on_white).collect();
                let quality = quality.clamp(1, 100);
                image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality).write_image(
                    &bytes,
                    width,
                    height,
                    image::ExtendedColorType::Rgb8,
                )?;
            }
        }
        Ok(out)
    }

    /// The picture as it is on white, blurred with a Gaussian of a standard deviation in pixels.
    #[must_use]
    pub fn blurred(&self, deviation: f32) -> Self {
        let opaque = self.over(crate::Color::WHITE);
        if !(deviation.is_finite() && deviation > 0.0) {
            return opaque;
        }
        let bytes = opaque.pixels().as_flattened().to_vec();
        let Some(picture) = RgbaImage::from_raw(self.width(), self.height(), bytes) else {
            return opaque;
        };
        let mut blurred = opaque;
        let pixels = imageops::blur(&picture, deviation);
        for (own, pixel) in blurred.pixels_mut().iter_mut().zip(pixels.pixels()) {
            *own = pixel.0;
        }
        blurred
    }

    /// The picture at another size. Colours are weighted by their alpha, so that transparent pixels
    /// leave no fringe.
    ///
    /// # Errors
    /// When a side is zero.
    pub fn resize(
        &self,
        width: u32,
        height: u32,
        resampling: Resampling,
    ) -> Result<Self, RasterError> {
        if width == 0 || height == 0 {
            return Err(RasterError::Empty { width, height });
        }
        if (width, height) == (self.width(), self.height()) {
            return Ok(self.clone());
        }
        let filter = match resampling {
            Resampling::Smooth => imageops::FilterType::Triangle,
            Resampling::Sharp => imageops::FilterType::Lanczos3,
        };
        // In floating point, premultiplied: no rounding between the two passes.
        let mut premultiplied = image::Rgba32FImage::new(self.width(), self.height());
        for (out, pixel) in premultiplied.pixels_mut().zip(self.pixels()) {
            let alpha = f32::from(pixel[3]) / 255.0;
            let component = |value: u8| f32::from(value) / 255.0 * alpha;
            out.0 = [
                component(pixel[0]),
                component(pixel[1]),
                component(pixel[2]),
                alpha,
            ];
        }
        let resized = imageops::resize(&premultiplied, width, height, filter);
        let pixels = resized
            .pixels()
            .map(|pixel| {
                let [red, green, blue, alpha] = pixel.0;
                if alpha <= 0.0 {
                    return [0; 4];
                }
                let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
                [
                    byte(red / alpha),
                    byte(green / alpha),
                    byte(blue / alpha),
                    byte(alpha),
                ]
            })
            .collect();
        Self::new(width, height, pixels)
    }

    fn from_image(image: &RgbaImage) -> Result<Self, RasterError> {
        let (width, height) = image.dimensions();
        let (pixels, _) = image.as_raw().as_chunks::<4>();
        Self::new(width, height, pixels.to_vec())
    }
}

/// Whether a JPEG file's picture data is followed by its end marker. Segments before the data are
/// skipped by their lengths, for they may hold a thumbnail with an end marker of its own.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xda;
    const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let [0xff, marker, after @ ..] = rest {
        rest = match (marker, after) {
            // Fill bytes may precede a marker.
            (0xff, _) => rest.get(1..).unwrap_or_default(),
            (&START_OF_SCAN, _) => return after.windows(2).any(|pair| pair == END_OF_IMAGE),
            (_, [high, low, ..]) => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                after.get(length..).unwrap_or_default()
            }
            _ => return false,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(opaque: bool) -> Raster {
        let pixel = |i: u8| [i, 255 - i, i / 2, if opaque { 255 } else { i }];
        Raster::new(16, 16, (0..=255).map(pixel).collect()).expect("size fits")
    }

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let data = picture(true)
            .pixels()
            .iter()
            .flat_map(|p| [p[0], p[1], p[2]])
            .collect();
        image::RgbImage::from_raw(16, 16, data)
            .expect("size fits")
            .write_to(&mut bytes, format)
            .expect("encodes");
        bytes.into_inner()
    }

    #[test]
    fn png_keeps_every_pixel() {
        for opaque in [true, false] {
            let png = picture(opaque).encode_png().expect("encodes");
            let read = Raster::decode(&png, &DecodeLimits::default()).expect("decodes");
            assert_eq!(read, picture(opaque));
        }
    }

    #[test]
    fn jpeg_and_webp_are_read() {
        for format in [ImageFormat::Jpeg, ImageFormat::WebP] {
            let read = Raster::decode(&encoded(format), &DecodeLimits::default()).expect("decodes");
            let psnr = read
                .psnr(&picture(true), crate::Color::WHITE)
                .expect("same size");
            assert!(psnr > 25.0, "{format:?}: {psnr}");
        }
    }

    #[test]
    fn damaged_files_are_told_from_others() {
        let limits = DecodeLimits::default();
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let mut file = encoded(format);
            // The header still stands; what follows does not.
            file.truncate(64.min(file.len() / 2));
            let error = Raster::decode(&file, &limits).expect_err("cut short");
            assert!(
                matches!(error, DecodeError::Damaged { .. }),
                "{format:?}: {error}"
            );
        }
        for other in [&b""[..], b"<svg/>", b"GIF89a\x01\0\x01\0", &[0; 100]] {
            let error = Raster::decode(other, &limits).expect_err("no picture");
            assert!(matches!(error, DecodeError::UnknownFormat), "{error}");
        }
    }

    #[test]
    fn a_file_cut_short_in_its_pixels_is_damaged() {
        let side = 96u32;
        let noise = (0..side * side * 3).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8);
        let image = image::RgbImage::from_raw(side, side, noise.collect()).expect("size fits");
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let mut file = Cursor::new(Vec::new());
            image.write_to(&mut file, format).expect("encodes");
            let mut file = file.into_inner();
            file.truncate(file.len() * 3 / 4);
            let error = Raster::decode(&file, &DecodeLimits::default());
            assert!(
                matches!(error, Err(DecodeError::Damaged { .. })),
                "{format:?}"
            );
        }
    }

    #[test]
    fn limits_hold_before_pixels_are_decoded() {
        let png = picture(true).encode_png().expect("encodes");
        let bytes = DecodeLimits {
            bytes: 10,
            ..DecodeLimits::default()
        };
        assert!(matches!(
            Raster::decode(&png, &bytes),
            Err(DecodeError::TooManyBytes { .. })
        ));
        let side = DecodeLimits {
            side: 15,
            ..DecodeLimits::default()
        };
        assert!(matches!(
            Raster::decode(&png, &side),
            Err(DecodeError::TooManyPixels { .. })
        ));
        // A header that claims 60,000 × 60,000 pixels, with a correct checksum.
        let mut bomb = png;
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let checksum = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
        let error = Raster::decode(&bomb, &DecodeLimits::default()).expect_err("a bomb");
        assert!(
            matches!(error, DecodeError::TooManyPixels { width: 60_000, .. }),
            "{error}"
        );
    }

    fn crc32(bytes: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
            }
        }
        !crc
    }

    #[test]
    fn resizing_keeps_plain_colours_and_weighs_by_alpha() {
        let plain = Raster::filled(7, 5, [200, 100, 50, 128]).expect("size fits");
        for filter in [Resampling::Smooth, Resampling::Sharp] {
            let other = plain.resize(13, 3, filter).expect("size fits");
            assert!(
                other
                    .pixels()
                    .iter()
                    .all(|pixel| *pixel == [200, 100, 50, 128])
            );
        }
        // Red beside transparent green: no green may bleed in.
        let half = Raster::new(2, 1, vec![[255, 0, 0, 255], [0, 255, 0, 0]]).expect("size fits");
        let one = half.resize(1, 1, Resampling::Smooth).expect("size fits");
        assert_eq!(one.pixel(0, 0), Some([255, 0, 0, 128]));
        assert!(plain.resize(0, 3, Resampling::Smooth).is_err());
    }
}
