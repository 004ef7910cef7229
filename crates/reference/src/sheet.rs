//! The sheet that shows a difference: the reference, our picture, and how far apart they are.

use chat2svg_vector::Raster;

use crate::compare::steps_between;

/// Pixels between two pictures of a sheet.
const GAP: u32 = 4;
const GAP_COLOR: [u8; 4] = [255, 0, 255, 255];
/// By how much differences are enlarged, so that a few steps can be seen.
const GAIN: u8 = 16;

/// The reference, ours, and their difference side by side: black where they are the same, white
/// where they are [`GAIN`]th of the full scale or more apart or one of them ends.
pub(crate) fn sheet(reference: &Raster, ours: &Raster) -> Raster {
    let (width, height) = (
        reference.width().max(ours.width()),
        reference.height().max(ours.height()),
    );
    let step = width + GAP;
    let full = width * 3 + GAP * 2;
    let pixels = (0..height)
        .flat_map(|y| (0..full).map(move |x| (x, y)))
        .map(|(x, y)| {
            let (panel, x) = (x / step, x % step);
            if x >= width {
                return GAP_COLOR;
            }
            let pair = (reference.pixel(x, y), ours.pixel(x, y));
            match (panel, pair) {
                (0, (Some(pixel), _)) | (1, (_, Some(pixel))) => pixel,
                (2, (Some(one), Some(other))) => {
                    let grey = steps_between(one, other).saturating_mul(GAIN);
                    [grey, grey, grey, 255]
                }
                (2, _) => [255; 4],
                _ => GAP_COLOR,
            }
        })
        .collect();
    // The pixels above are as many as the size says.
    Raster::new(full, height, pixels).unwrap_or_else(|_| ours.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_shows_both_and_where_they_differ() {
        let reference = Raster::filled(3, 2, [10, 20, 30, 255]).expect("it has a size");
        let mut ours = reference.clone();
        ours.pixels_mut()[1] = [15, 20, 30, 255];
        let sheet = sheet(&reference, &ours);
        assert_eq!((sheet.width(), sheet.height()), (17, 2));
        assert_eq!(sheet.pixel(1, 0), Some([10, 20, 30, 255]));
        assert_eq!(sheet.pixel(8, 0), Some([15, 20, 30, 255]));
        assert_eq!(sheet.pixel(15, 0), Some([80, 80, 80, 255]));
        assert_eq!(sheet.pixel(16, 0), Some([0, 0, 0, 255]));
        assert_eq!(sheet.pixel(4, 0), Some(GAP_COLOR));
    }
}
