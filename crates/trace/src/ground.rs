//! Leaves the ground out of an opaque picture: what has the colour of the picture's rim and is
//! connected with it becomes transparent, and borders with it become partly so.

use std::collections::BTreeMap;

use chat2svg_vector::Raster;

use crate::neighbours::{beside, is_at_rim, square};

/// Levels in any component up to which a pixel is the ground's colour.
const NEAR: u8 = 12;
/// Share of the rim's pixels that must be of the ground's colour.
const LEAST_RIM: f64 = 0.5;
/// Pixels from the ground within which a pixel may be partly ground.
const SOFT: usize = 2;
/// Squared distance of a mixture from the line between both colours, as a share of theirs.
const STRAIGHTNESS: f64 = 0.03;
/// Alpha below which a pixel is ground, and above which it is not.
const BOUNDS: [f64; 2] = [0.06, 0.94];

/// The picture without its ground; `None` when it is not opaque, or its rim is of many colours.
pub fn without_ground(picture: &Raster) -> Option<Raster> {
    if !picture.is_opaque() {
        return None;
    }
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels = picture.pixels();
    let rim: Vec<usize> = (0..pixels.len())
        .filter(|index| is_at_rim([width, height], *index))
        .collect();
    let mut counts: BTreeMap<[u8; 4], usize> = BTreeMap::new();
    for index in &rim {
        *counts.entry(pixels[*index]).or_default() += 1;
    }
    let near = |a: [u8; 4], b: [u8; 4]| (0..3).all(|i| a[i].abs_diff(b[i]) <= NEAR);
    let (color, _) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let of_ground = rim.iter().filter(|index| near(pixels[**index], color));
    let mut open: Vec<usize> = of_ground.copied().collect();
    if (open.len() as f64) < LEAST_RIM * rim.len() as f64 {
        return None;
    }
    let mut is_ground = vec![false; pixels.len()];
    for index in &open {
        is_ground[*index] = true;
    }
    while let Some(index) = open.pop() {
        for next in beside([width, height], index) {
            if !is_ground[next] && near(pixels[next], color) {
                is_ground[next] = true;
                open.push(next);
            }
        }
    }
    let clear = pixels.iter().enumerate().map(|(index, pixel)| {
        if is_ground[index] {
            return [0; 4];
        }
        let mut is_beside = false;
        let mut body = *pixel;
        for at in square([width, height], index, SOFT) {
            if is_ground[at] {
                is_beside = true;
            } else if squared_distance(pixels[at], color) > squared_distance(body, color) {
                body = pixels[at];
            }
        }
        if is_beside {
            unmixed(*pixel, body, color)
        } else {
            *pixel
        }
    });
    Raster::new(picture.width(), picture.height(), clear.collect()).ok()
}

fn squared_distance(a: [u8; 4], b: [u8; 4]) -> u32 {
    (0..3).map(|i| u32::from(a[i].abs_diff(b[i])).pow(2)).sum()
}

/// What a pixel shows beside the ground's colour when it mixes that with a body's.
fn unmixed(pixel: [u8; 4], body: [u8; 4], ground: [u8; 4]) -> [u8; 4] {
    let off = |color: [u8; 4]| -> [f64; 3] {
        std::array::from_fn(|i| f64::from(color[i]) - f64::from(ground[i]))
    };
    let (seen, whole) = (off(pixel), off(body));
    let dot = |a: [f64; 3], b: [f64; 3]| (0..3).map(|i| a[i] * b[i]).sum::<f64>();
    let length = dot(whole, whole);
    let share = dot(seen, whole) / length.max(1.0);
    let rest: [f64; 3] = std::array::from_fn(|i| seen[i] - share * whole[i]);
    if share > BOUNDS[1] || dot(rest, rest) > STRAIGHTNESS * length {
        return pixel;
    }
    if share < BOUNDS[0] {
        return [0; 4];
    }
    let [red, green, blue, _] = body;
    [red, green, blue, (255.0 * share).round() as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_connected_with_the_rim_goes_and_what_is_enclosed_stays() {
        // Paper with a ring, whose hole is paper too.
        let ring = |paper: [u8; 4]| {
            let pixels = (0..40 * 40).map(|index| {
                let (x, y) = (f64::from(index % 40) + 0.5, f64::from(index / 40) + 0.5);
                let radius = (x - 20.0).hypot(y - 20.0);
                let share = (14.5 - radius).min(radius - 5.5).clamp(0.0, 1.0);
                std::array::from_fn(|i| {
                    let color = [200.0, 30.0, 40.0, 255.0][i];
                    (share * color + (1.0 - share) * f64::from(paper[i])).round() as u8
                })
            });
            Raster::new(40, 40, pixels.collect()).expect("size fits")
        };
        let clear = without_ground(&ring([250, 250, 240, 255])).expect("has a ground");
        assert_eq!(clear.pixel(1, 1), Some([0; 4]));
        assert_eq!(clear.pixel(20, 20), Some([250, 250, 240, 255]));
        assert_eq!(clear.pixel(20, 10), Some([200, 30, 40, 255]));
        let is_soft = |pixel: &[u8; 4]| (1..255).contains(&pixel[3]);
        assert!(clear.pixels().iter().any(is_soft));
        assert_eq!(without_ground(&clear), None);
    }

    #[test]
    fn a_rim_of_many_colors_is_no_ground() {
        let pixels =
            (0..30 * 30).map(|index| [(index * 8 % 256) as u8, (index / 4) as u8, 90, 255]);
        let picture = Raster::new(30, 30, pixels.collect()).expect("size fits");
        assert_eq!(without_ground(&picture), None);
    }
}
