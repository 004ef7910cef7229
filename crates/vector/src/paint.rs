//! Colours and paints. All colour values are gamma-encoded sRGB, as SVG composites them.

use kurbo::{Affine, Point};
use serde::{Deserialize, Serialize};

/// An opaque colour: gamma-encoded sRGB, each component in `0.0..=1.0`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Color {
    /// Red.
    pub red: f32,
    /// Green.
    pub green: f32,
    /// Blue.
    pub blue: f32,
}

impl Color {
    /// Black.
    pub const BLACK: Self = Self::new(0.0, 0.0, 0.0);
    /// White.
    pub const WHITE: Self = Self::new(1.0, 1.0, 1.0);

    /// A colour from its components in `0.0..=1.0`.
    pub const fn new(red: f32, green: f32, blue: f32) -> Self {
        Self { red, green, blue }
    }

    /// A colour from eight-bit components.
    pub fn from_rgb8(red: u8, green: u8, blue: u8) -> Self {
        Self::new(
            f32::from(red) / 255.0,
            f32::from(green) / 255.0,
            f32::from(blue) / 255.0,
        )
    }

    /// The nearest eight-bit components.
    pub fn to_rgb8(self) -> [u8; 3] {
        [self.red, self.green, self.blue].map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
    }
}

/// What a fill or stroke is painted with.
#[derive(Clone, Debug, PartialEq)]
pub enum Paint {
    /// One colour.
    Solid(Color),
    /// A gradient along a line.
    Linear(LinearGradient),
    /// A gradient between two circles.
    Radial(RadialGradient),
}

impl Paint {
    /// The stops of a gradient; a solid paint has none.
    pub fn stops(&self) -> &[GradientStop] {
        match self {
            Self::Solid(_) => &[],
            Self::Linear(gradient) => &gradient.stops,
            Self::Radial(gradient) => &gradient.stops,
        }
    }

    /// Its colour seen from afar: the mean of the stops of a gradient.
    pub fn mean_color(&self) -> Color {
        if let Self::Solid(color) = self {
            return *color;
        }
        let stops = self.stops();
        let mean = |part: fn(Color) -> f32| {
            let sum: f32 = stops.iter().map(|stop| part(stop.color)).sum();
            sum / stops.len().max(1) as f32
        };
        Color::new(mean(|c| c.red), mean(|c| c.green), mean(|c| c.blue))
    }

    /// The stops of a gradient, to be changed; `None` for a solid paint.
    pub fn stops_mut(&mut self) -> Option<&mut Vec<GradientStop>> {
        match self {
            Self::Solid(_) => None,
            Self::Linear(gradient) => Some(&mut gradient.stops),
            Self::Radial(gradient) => Some(&mut gradient.stops),
        }
    }
}

/// One colour of a gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientStop {
    /// Position along the gradient, `0.0..=1.0`, not decreasing from stop to stop.
    pub offset: f32,
    /// Colour at the position.
    pub color: Color,
    /// Opacity at the position, `0.0..=1.0`.
    pub opacity: f32,
}

/// How a gradient goes on beyond its ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// The end colours continue.
    #[default]
    Pad,
    /// The gradient runs back and forth.
    Reflect,
    /// The gradient starts again.
    Repeat,
}

/// A linear gradient, in the coordinates of the shape that it paints (`userSpaceOnUse`).
#[derive(Clone, Debug, PartialEq)]
pub struct LinearGradient {
    /// Where offset 0 lies.
    pub start: Point,
    /// Where offset 1 lies.
    pub end: Point,
    /// Maps gradient coordinates to the shape's coordinates.
    pub transform: Affine,
    /// At least one stop, offsets not decreasing.
    pub stops: Vec<GradientStop>,
    /// What lies beyond the ends.
    pub spread: Spread,
}

/// A radial gradient, in the coordinates of the shape that it paints (`userSpaceOnUse`).
#[derive(Clone, Debug, PartialEq)]
pub struct RadialGradient {
    /// Centre of the end circle, where offset 1 lies.
    pub center: Point,
    /// Radius of the end circle.
    pub radius: f64,
    /// Focal point, where offset 0 lies.
    pub focus: Point,
    /// Radius of the start circle around the focal point.
    pub focal_radius: f64,
    /// Maps gradient coordinates to the shape's coordinates (an ellipse is a scaled circle).
    pub transform: Affine,
    /// At least one stop, offsets not decreasing.
    pub stops: Vec<GradientStop>,
    /// What lies beyond the end circle.
    pub spread: Spread,
}
