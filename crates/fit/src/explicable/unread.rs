//! What stands for something that could not be read: the pixels that depend on it, and the colours
//! in which it comes nearest to what the target shows there.

use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Document, Paint, Raster, RenderError};

use super::{EQUAL, MOSTLY, colors, distance};
use crate::{
    freedom::unread_place,
    quantise::{edit_colors, edit_paints},
};

/// Share of a pixel's colour from which it depends on a shape.
const LEAST_SHARE: f32 = 0.01;

/// Where a document stands for what could not be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Unread {
    /// Of each pixel whether it depends on that; empty where nothing does.
    pub(super) pixels: Vec<bool>,
    /// By how much the colours of each shape should change; empty where none should.
    pub(super) shifts: Vec<Option<[f32; 3]>>,
}

impl Unread {
    /// What of a document, as it is shown and owned by its shapes, depends on what could not be
    /// read, and how that is to be painted.
    pub(super) fn of(
        document: &Document,
        owners: &[u32],
        [shown, wanted]: [&Raster; 2],
        stop: &Stop,
    ) -> Result<Self, RenderError> {
        let is_unread: Vec<bool> = document
            .shapes()
            .iter()
            .map(|visit| unread_place(visit).is_some())
            .collect();
        if !is_unread.contains(&true) {
            return Ok(Self::default());
        }
        let painted = |color: Color| -> Result<_, RenderError> {
            let mut document = document.clone();
            document.edit_shapes(|index, shape, _, _| {
                if is_unread.get(index) == Some(&true) {
                    edit_paints(shape, |paint, _| *paint = Paint::Solid(color));
                }
            });
            let ground = Some(Color::WHITE);
            let shown = document.render_until(shown.width(), shown.height(), ground, stop)?;
            Ok(colors(&shown))
        };
        let (dark, light): (_, Vec<_>) = (painted(Color::BLACK)?, painted(Color::WHITE)?);
        let pairs = light.iter().zip(&dark);
        let shares: Vec<f32> = pairs
            .map(|(light, dark)| (light[1] - dark[1]).max(0.0))
            .collect();
        let (shown, wanted) = (colors(shown), colors(wanted));
        let mut sums = vec![Sum::default(); is_unread.len()];
        for (pixel, share) in shares.iter().enumerate() {
            let owner = (owners[pixel] as usize).checked_sub(1);
            if let Some(sum) = owner.and_then(|owner| sums.get_mut(owner)) {
                sum.add(*share, shown[pixel], wanted[pixel]);
            }
        }
        let pairs = sums.iter().zip(is_unread);
        let shifts = pairs.map(|(sum, is_unread)| is_unread.then(|| sum.shift()).flatten());
        Ok(Self {
            pixels: shares.iter().map(|share| *share > LEAST_SHARE).collect(),
            shifts: shifts.collect(),
        })
    }
}

/// What is seen of a shape, and wanted there.
#[derive(Clone, Debug, Default)]
struct Sum {
    pixels: usize,
    same: usize,
    squares: f32,
    errors: [f32; 3],
}

impl Sum {
    fn add(&mut self, share: f32, shown: [f32; 3], wanted: [f32; 3]) {
        self.pixels += 1;
        self.same += usize::from(distance(shown, wanted) <= EQUAL);
        self.squares += share * share;
        for (error, (shown, wanted)) in self.errors.iter_mut().zip(shown.into_iter().zip(wanted)) {
            *error += share * (wanted - shown);
        }
    }

    /// By how much the colour should change: not where most of it is right.
    fn shift(&self) -> Option<[f32; 3]> {
        let is_right = self.same as f64 >= MOSTLY * self.pixels as f64;
        let is_seen = self.squares > LEAST_SHARE;
        (is_seen && !is_right).then(|| self.errors.map(|error| error / self.squares))
    }
}

/// Changes the colours of a document's shapes.
pub(crate) fn shift_colors(document: &mut Document, shifts: &[Option<[f32; 3]>]) {
    document.edit_shapes(|index, shape, _, _| {
        let Some([red, green, blue]) = shifts.get(index).copied().flatten() else {
            return;
        };
        edit_paints(shape, |paint, _| {
            edit_colors(paint, |color| {
                Color::new(color.red + red, color.green + green, color.blue + blue)
            });
        });
    });
}
