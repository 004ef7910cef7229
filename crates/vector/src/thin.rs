//! Leaving out what shows least, until a drawing is as small as somebody wants it.

use chat2svg_stop::Stop;

use crate::{Color, Document, GradientStop, Paint, Raster, RenderError, Shape};

/// Longest side in pixels at which it is judged what shows.
const JUDGED_AT: f64 = 96.0;
/// How much more the last shape of a layer counts: what the picture shows is worth more than how.
const LAST_OF_LAYER: f64 = 200.0;
/// Changes that are left from which on what shows is not judged anew.
const FEW: usize = 4;
/// Rounds of judging at the most.
const ROUNDS: usize = 8;

/// What was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thinned {
    /// Shapes.
    pub shapes: usize,
    /// Gradients that became one colour.
    pub gradients: usize,
    /// Whether it was enough.
    pub is_enough: bool,
}

/// Something that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Remove(usize),
    Plain(usize),
}

impl Document {
    /// Leaves out shapes, and where `gradients` says so turns gradients into colours, those first
    /// that show least, until `is_enough` or nothing is left to leave out. Each layer keeps its
    /// last shape as long as others can go. Without time for more, what was judged before decides.
    ///
    /// # Errors
    /// When the document cannot be rendered.
    pub fn thin(
        &mut self,
        gradients: bool,
        is_enough: &dyn Fn(&Self) -> bool,
        stop: &Stop,
    ) -> Result<Thinned, RenderError> {
        let mut thinned = Thinned::default();
        let scale = JUDGED_AT / self.width.max(self.height);
        let side = |length: f64| (length * scale).round().max(1.0) as u32;
        let size = (side(self.width), side(self.height));
        let wanted = self.render(size.0, size.1, None)?;
        for round in 0..ROUNDS {
            if is_enough(self) {
                thinned.is_enough = true;
                return Ok(thinned);
            }
            let changes = self.by_what_shows(&wanted, size, gradients)?;
            let needed = self.needed(&changes, is_enough);
            let is_last = needed <= FEW || round + 1 == ROUNDS || stop.is_due();
            // What lies on one another hides one another: half is judged anew.
            let count = if is_last { needed } else { needed.div_ceil(2) };
            let taken = changes.get(..count).unwrap_or_default();
            for change in taken {
                match change {
                    Change::Remove(_) => thinned.shapes += 1,
                    Change::Plain(_) => thinned.gradients += 1,
                }
            }
            *self = self.changed(taken);
            if is_last {
                break;
            }
        }
        thinned.is_enough = is_enough(self);
        Ok(thinned)
    }

    /// What can be left out, what shows least first.
    fn by_what_shows(
        &self,
        wanted: &Raster,
        size: (u32, u32),
        gradients: bool,
    ) -> Result<Vec<Change>, RenderError> {
        let shapes = self.shapes();
        let mut of_layer: Vec<usize> = vec![0; self.layers.len()];
        for visit in &shapes {
            if let Some(count) = visit.place.first().and_then(|at| of_layer.get_mut(*at)) {
                *count += 1;
            }
        }
        let mut judged: Vec<(f64, Change)> = Vec::new();
        for visit in &shapes {
            let mut changes = vec![Change::Remove(visit.index)];
            if gradients && has_gradient(visit.shape) {
                changes.push(Change::Plain(visit.index));
            }
            for change in changes {
                let shown = self.changed(&[change]).render(size.0, size.1, None)?;
                let mut cost = difference(wanted, &shown);
                let count = visit.place.first().and_then(|at| of_layer.get(*at));
                if matches!(change, Change::Remove(_)) && count == Some(&1) {
                    cost = (cost + 1.0) * LAST_OF_LAYER;
                }
                judged.push((cost, change));
            }
        }
        judged.sort_by(|a, b| a.0.total_cmp(&b.0));
        // A shape that goes needs no other paint.
        let mut gone = vec![false; shapes.len()];
        judged.retain(|(_, change)| match change {
            Change::Remove(index) => {
                if let Some(gone) = gone.get_mut(*index) {
                    *gone = true;
                }
                true
            }
            Change::Plain(index) => !gone.get(*index).copied().unwrap_or(false),
        });
        Ok(judged.into_iter().map(|(_, change)| change).collect())
    }

    /// How many of the changes it takes.
    fn needed(&self, changes: &[Change], is_enough: &dyn Fn(&Self) -> bool) -> usize {
        let (mut too_few, mut enough) = (0, changes.len());
        while too_few + 1 < enough {
            let middle = too_few.midpoint(enough);
            if is_enough(&self.changed(changes.get(..middle).unwrap_or_default())) {
                enough = middle;
            } else {
                too_few = middle;
            }
        }
        enough
    }

    fn changed(&self, changes: &[Change]) -> Self {
        let mut changed = self.clone();
        let plain = |index: usize| changes.contains(&Change::Plain(index));
        if changes
            .iter()
            .any(|change| matches!(change, Change::Plain(_)))
        {
            changed.edit_shapes(|index, shape, _, _| {
                if plain(index) {
                    flatten(shape);
                }
            });
        }
        changed.retain_shapes(|index, _| !changes.contains(&Change::Remove(index)));
        changed
    }
}

fn has_gradient(shape: &Shape) -> bool {
    let is_gradient = |paint: &Paint| !matches!(paint, Paint::Solid(_));
    shape
        .fill
        .as_ref()
        .is_some_and(|fill| is_gradient(&fill.paint))
        || shape
            .stroke
            .as_ref()
            .is_some_and(|stroke| is_gradient(&stroke.paint))
}

/// Gives each gradient its mean colour.
fn flatten(shape: &mut Shape) {
    let fill = shape.fill.as_mut();
    let fill = fill.map(|fill| (&mut fill.paint, &mut fill.opacity));
    let stroke = shape.stroke.as_mut();
    let stroke = stroke.map(|stroke| (&mut stroke.paint, &mut stroke.opacity));
    for (paint, opacity) in fill.into_iter().chain(stroke) {
        let stops = match paint {
            Paint::Solid(_) => continue,
            Paint::Linear(gradient) => &gradient.stops,
            Paint::Radial(gradient) => &gradient.stops,
        };
        let (color, mean) = mean_of(stops);
        *opacity *= mean;
        *paint = Paint::Solid(color);
    }
}

/// The mean colour of stops, as far as each reaches and shows, and the mean opacity.
fn mean_of(stops: &[GradientStop]) -> (Color, f32) {
    let mut sum = [0.0_f32; 4];
    let mut reach_of_all = 0.0;
    for (index, stop) in stops.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| stops.get(before));
        let from = before.map_or(0.0, |before| 0.5 * (before.offset + stop.offset));
        let after = stops.get(index + 1);
        let to = after.map_or(1.0, |after| 0.5 * (after.offset + stop.offset));
        let reach = (to - from).max(1e-3);
        let shown = reach * stop.opacity;
        reach_of_all += reach;
        let parts = [stop.color.red, stop.color.green, stop.color.blue, 1.0];
        for (sum, part) in sum.iter_mut().zip(parts) {
            *sum += shown * part;
        }
    }
    let shown = sum[3].max(1e-6);
    let color = Color::new(sum[0] / shown, sum[1] / shown, sum[2] / shown);
    (color, (sum[3] / reach_of_all.max(1e-6)).clamp(0.0, 1.0))
}

/// The squared difference of two pictures in levels, alpha included.
fn difference(one: &Raster, other: &Raster) -> f64 {
    let pixels = one.pixels().iter().zip(other.pixels());
    let squares = pixels.map(|(a, b)| {
        let premultiplied =
            |pixel: &[u8; 4], part: usize| f64::from(pixel[part]) * f64::from(pixel[3]) / 255.0;
        let alpha = f64::from(a[3]) - f64::from(b[3]);
        let colors = (0..3).map(|part| (premultiplied(a, part) - premultiplied(b, part)).powi(2));
        colors.sum::<f64>() + alpha * alpha
    });
    squares.sum()
}

#[cfg(test)]
mod tests {
    use crate::{ParseLimits, WriteOptions};

    use super::*;

    const DRAWING: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="100" height="100">
        <linearGradient id="s" x2="0" y2="1"><stop stop-color="#88ccff"/><stop offset="1" stop-color="#8accfe"/></linearGradient>
        <g id="sky"><rect width="100" height="100" fill="url(#s)"/></g>
        <g id="tree"><rect x="40" y="40" width="20" height="50" fill="#742"/><circle cx="50" cy="30" r="25" fill="#272"/>
          <circle cx="50" cy="30" r="25" fill="#272"/><circle cx="45" cy="25" r="4" fill="#282"/></g>
        <g id="dot"><circle cx="90" cy="90" r="1" fill="#000"/></g></svg>"##;

    fn drawing() -> Document {
        let parsed = Document::parse(DRAWING.as_bytes(), &ParseLimits::default());
        parsed.unwrap().document
    }

    fn paths(most: usize) -> impl Fn(&Document) -> bool {
        move |document| document.counts().shapes <= most
    }

    #[test]
    fn what_shows_least_goes_and_layers_stay() {
        let mut document = drawing();
        let thinned = document.thin(true, &paths(4), &Stop::never()).unwrap();
        assert_eq!((thinned.shapes, thinned.is_enough), (2, true));
        for name in ["sky", "tree", "dot"] {
            assert!(document.find_id(name).is_some(), "{name}");
        }
        // One of two alike is enough, and not both are gone.
        let (before, after) = (drawing(), document);
        let shown = |document: &Document| document.render(100, 100, None).unwrap();
        let psnr = shown(&before).psnr(&shown(&after), Color::WHITE).unwrap();
        assert!(psnr > 35.0, "{psnr}");
    }

    #[test]
    fn gradients_that_do_not_show_go_before_shapes_do() {
        let mut document = drawing();
        let bytes = |document: &Document| document.to_svg(&WriteOptions::default()).len();
        let most = bytes(&document) - 60;
        let thinned = document
            .thin(true, &|document| bytes(document) <= most, &Stop::never())
            .unwrap();
        assert!(thinned.is_enough && thinned.gradients == 1, "{thinned:?}");
        assert_eq!(document.counts().gradients, 0);
    }

    #[test]
    fn without_time_it_is_as_small_all_the_same() {
        let mut document = drawing();
        let thinned = document
            .thin(false, &paths(2), &Stop::when(|| true))
            .unwrap();
        assert!(thinned.is_enough);
        assert_eq!(document.counts().shapes, 2);
        let never = document.thin(false, &|_| false, &Stop::never()).unwrap();
        assert!(!never.is_enough);
    }
}
