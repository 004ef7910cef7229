//! What stands for something that could not be read: the pixels that depend on it, and the colours
//! in which it comes nearest to what the target shows there.

use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Document, Paint, Raster, RenderError, Visibility};

use super::{EQUAL, MOSTLY, colors, distance};
use crate::{
    freedom::unread_place,
    quantise::{edit_colors, edit_paints},
};

/// Share of a pixel's colour from which it depends on a shape.
const LEAST_SHARE: f32 = 0.01;

/// By how much the colours of each shape of a document should change; empty where none should.
pub(super) type Shifts = Vec<Option<[f32; 3]>>;

/// Of each pixel of a document, as it is shown and seen, whether it depends on what could not be
/// read, and how that is to be painted; both empty where nothing could not.
pub(super) fn unread(
    document: &Document,
    seen: &Visibility,
    [shown, wanted]: [&Raster; 2],
    stop: &Stop,
) -> Result<(Vec<bool>, Shifts), RenderError> {
    let is_unread: Vec<bool> = document
        .shapes()
        .iter()
        .map(|visit| unread_place(visit).is_some())
        .collect();
    if !is_unread.contains(&true) {
        return Ok(Default::default());
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
    // By how much the colours of a shape should change: not where most of it is right.
    let shift = |pixels: &[u32]| {
        let own = || pixels.iter().map(|pixel| *pixel as usize);
        let same = own().filter(|at| distance(shown[*at], wanted[*at]) <= EQUAL);
        let is_right = same.count() as f64 >= MOSTLY * pixels.len() as f64;
        let squares: f32 = own().map(|at| shares[at] * shares[at]).sum();
        let off = |at: usize, i: usize| shares[at] * (wanted[at][i] - shown[at][i]);
        let shift = [0, 1, 2].map(|i| own().map(|at| off(at, i)).sum::<f32>() / squares);
        (squares > LEAST_SHARE && !is_right).then_some(shift)
    };
    let pairs = seen.pixels().iter().zip(is_unread);
    let shifts = pairs.map(|(pixels, is_unread)| is_unread.then(|| shift(pixels)).flatten());
    let depends = shares.iter().map(|share| *share > LEAST_SHARE);
    Ok((depends.collect(), shifts.collect()))
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
