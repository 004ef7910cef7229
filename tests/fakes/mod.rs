//! Servers of image models in this process that speak the real wire formats, and fail in all the
//! ways in which real ones do. For tests of the clients and of the whole program.

#![allow(dead_code, reason = "each test binary needs some of it")]

pub(crate) mod automatic1111;
pub(crate) mod comfyui;
pub(crate) mod http;
pub(crate) mod openai;

use chat2svg_vector::{DecodeLimits, Raster, Resampling};

/// What a model makes of a picture.
pub(crate) type Change = fn(&Raster) -> Raster;

/// Another look of the same picture: softer, and of a warmer tint.
pub(crate) fn soft(picture: &Raster) -> Raster {
    let (width, height) = (picture.width(), picture.height());
    let small = picture
        .resize(width / 2, height / 2, Resampling::Smooth)
        .unwrap();
    let mut soft = small.resize(width, height, Resampling::Smooth).unwrap();
    for [red, _, blue, _] in soft.pixels_mut() {
        *red = red.saturating_add(12);
        *blue = blue.saturating_sub(10);
    }
    soft
}

/// A picture of nothing.
pub(crate) fn noisy(picture: &Raster) -> Raster {
    let mut noise = picture.clone();
    let mut state = 7_u32;
    for pixel in noise.pixels_mut() {
        let mut byte = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 24) as u8
        };
        *pixel = [byte(), byte(), byte(), 255];
    }
    noise
}

/// The picture that a change makes of a PNG, as PNG.
pub(crate) fn changed(png: &[u8], change: Change) -> Vec<u8> {
    let picture = Raster::decode(png, &DecodeLimits::default()).expect("a picture was sent");
    change(&picture).encode_png().unwrap()
}
