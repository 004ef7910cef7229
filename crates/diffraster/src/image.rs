//! Pictures of 32-bit floats.

/// Premultiplied RGBA, four `f32` per pixel, rows from the top.
///
/// Colours are sRGB-encoded (that is how they were mixed), 0..=1. On an opaque
/// background alpha is 1 and the colours are the plain sRGB values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Image {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `4 * width * height` values.
    pub data: Vec<f32>,
}

impl Image {
    /// A transparent image.
    #[must_use]
    pub fn new(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            data: vec![0.0; 4 * width as usize * height as usize],
        }
    }

    /// From straight 8-bit RGBA (as PNG holds it). `None` if the length is not
    /// `4 * width * height`.
    #[must_use]
    pub fn from_rgba8(width: u32, height: u32, rgba: &[u8]) -> Option<Self> {
        if rgba.len() != 4 * width as usize * height as usize {
            return None;
        }
        let data = rgba
            .as_chunks::<4>()
            .0
            .iter()
            .flat_map(|&[r, g, b, a]| {
                let alpha = f32::from(a) / 255.0;
                [r, g, b]
                    .map(|c| f32::from(c) / 255.0 * alpha)
                    .into_iter()
                    .chain([alpha])
            })
            .collect();
        Some(Self {
            width,
            height,
            data,
        })
    }

    /// As straight 8-bit RGBA, rounded to nearest.
    #[must_use]
    pub fn to_rgba8(&self) -> Vec<u8> {
        let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        self.data
            .as_chunks::<4>()
            .0
            .iter()
            .flat_map(|&[r, g, b, a]| {
                let k = if a > 0.0 { 1.0 / a } else { 0.0 };
                [byte(r * k), byte(g * k), byte(b * k), byte(a)]
            })
            .collect()
    }

    /// Sets the size, keeping the allocation where it is large enough.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        self.width = width;
        self.height = height;
        self.data.resize(4 * width as usize * height as usize, 0.0);
    }
}
