//! PNG files as small as the encoder makes them: references stay in the history for ever.

use chat2svg_vector::Raster;
use image::{
    ExtendedColorType, ImageEncoder as _, ImageResult,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};

/// An opaque picture as the smallest PNG of all filters' at the highest compression; alpha is left
/// out.
pub(crate) fn smallest(picture: &Raster) -> ImageResult<Vec<u8>> {
    const FILTERS: [FilterType; 6] = [
        FilterType::Adaptive,
        FilterType::NoFilter,
        FilterType::Sub,
        FilterType::Up,
        FilterType::Avg,
        FilterType::Paeth,
    ];
    let bytes: Vec<u8> = picture
        .pixels()
        .iter()
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    let mut best = Vec::new();
    for filter in FILTERS {
        let mut file = Vec::new();
        PngEncoder::new_with_quality(&mut file, CompressionType::Best, filter).write_image(
            &bytes,
            picture.width(),
            picture.height(),
            ExtendedColorType::Rgb8,
        )?;
        if best.is_empty() || file.len() < best.len() {
            best = file;
        }
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::DecodeLimits;

    use super::*;

    #[test]
    fn a_file_gives_the_picture_back() {
        let pixels = (0..24u8).map(|x| [x * 10, 255 - x, x / 2, 255]).collect();
        let picture = Raster::new(6, 4, pixels).expect("24 pixels");
        let file = smallest(&picture).expect("it can be written");
        let read = Raster::decode(&file, &DecodeLimits::default()).expect("it can be read");
        assert_eq!(read, picture);
    }
}
