//! How much of a template's structure a picture keeps, as a number from 0 to 1. Pure.
//!
//! Two things are looked at. *Edges*: where shapes of different colours meet in the template, the
//! picture should have an edge, and more likely so than elsewhere, so that noise, which has edges
//! everywhere, keeps nothing. Every shape counts for the root of its outline, so that an eye is not
//! lost beside a sky. *Masks*: what a shape covers should have colours of its own, that is, the
//! shapes should explain how the picture's colours vary, about as well as they explain the
//! template's. What colours they are, and what is added inside, does not matter. The score is the
//! geometric mean of the two.

use chat2svg_stop::Stop;
use chat2svg_vector::{Color, Document, Oklab, Raster, RasterError, RenderError, Resampling};

/// Longest side in pixels at which pictures are compared.
const SIDE: u32 = 192;
/// Pixels by which an edge may be off.
const TOLERANCE: usize = 2;
/// Difference in colour (Oklab) that makes an edge of a template's border, across it.
const BORDER: f32 = 0.05;
/// Difference in colour between neighbours' means that makes an edge of a picture.
const EDGE: f32 = 0.04;
/// Variance of colours (Oklab) below which a picture is of one colour.
const PLAIN: f64 = 2e-5;

/// The structure of a template.
#[derive(Clone, Debug)]
pub(super) struct Structure {
    width: usize,
    height: usize,
    /// Whose each pixel is; 0 is the background.
    owners: Vec<u32>,
    /// Number of owners.
    count: usize,
    /// Pixels at borders, by owner.
    borders: Vec<Vec<usize>>,
    /// Pixels far from all borders.
    inner: Vec<usize>,
    /// How well the owners explain the template's own colours.
    explained: f64,
    /// Whether the template is of one colour, so that there is nothing to keep.
    is_plain: bool,
}

/// What a picture keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Kept {
    /// Of the edges, `0.0..=1.0`.
    pub(super) edges: f32,
    /// Of the masks, `0.0..=1.0`.
    pub(super) masks: f32,
}

impl Kept {
    /// Of the structure, `0.0..=1.0`.
    pub(super) fn score(self) -> f32 {
        (self.edges * self.masks).sqrt()
    }
}

impl Structure {
    /// The structure of a document.
    pub(super) fn of(document: &Document, stop: &Stop) -> Result<Self, RenderError> {
        let (width, height) = small(document);
        let shown = document.render_until(width, height, Some(Color::WHITE), stop)?;
        let seen = document.visibility_until(width, height, stop)?;
        let (width, height) = (width as usize, height as usize);
        let owners = seen.owners().to_vec();
        let count = seen.len() + 1;
        let colors = colors_of(&shown);
        let mut borders = vec![Vec::new(); count];
        let mut is_border = vec![false; owners.len()];
        let at = |x: usize, y: usize| y * width + x;
        for y in 0..height {
            for x in 0..width {
                let here = at(x, y);
                for (dx, dy) in [(1, 0), (0, 1)] {
                    let (nx, ny) = (x + dx, y + dy);
                    if nx >= width || ny >= height {
                        continue;
                    }
                    let next = at(nx, ny);
                    let (Some(one), Some(other)) = (owners.get(here), owners.get(next)) else {
                        continue;
                    };
                    if one == other {
                        continue;
                    }
                    // Beyond the pixels that both share.
                    let before = at(x.saturating_sub(dx), y.saturating_sub(dy));
                    let beyond = at((nx + dx).min(width - 1), (ny + dy).min(height - 1));
                    let differs = match (colors.get(before), colors.get(beyond)) {
                        (Some(one), Some(other)) => one.distance(*other) > BORDER,
                        _ => false,
                    };
                    if differs {
                        for owner in [*one, *other] {
                            if let Some(border) = borders.get_mut(owner as usize) {
                                border.push(here);
                            }
                        }
                        if let Some(mark) = is_border.get_mut(here) {
                            *mark = true;
                        }
                    }
                }
            }
        }
        let near = dilated(&is_border, width, height, 2 * TOLERANCE + 2);
        let inner = (0..owners.len())
            .filter(|index| near.get(*index) == Some(&false))
            .collect();
        let mut structure = Self {
            width,
            height,
            owners,
            count,
            borders,
            inner,
            explained: 1.0,
            is_plain: false,
        };
        let (within, total) = structure.variances(&colors);
        structure.is_plain = total < PLAIN || structure.borders.iter().all(Vec::is_empty);
        structure.explained = (1.0 - within / total.max(PLAIN)).clamp(0.05, 1.0);
        Ok(structure)
    }

    /// What a picture that covers the template's view box keeps. Nothing is lost of a template that
    /// has no structure.
    pub(super) fn kept_by(&self, picture: &Raster) -> Result<Kept, RasterError> {
        if self.is_plain {
            return Ok(Kept {
                edges: 1.0,
                masks: 1.0,
            });
        }
        let picture = picture.over(Color::WHITE).resize(
            self.width as u32,
            self.height as u32,
            Resampling::Smooth,
        )?;
        let colors = colors_of(&picture);
        Ok(Kept {
            edges: self.edges_kept(&colors),
            masks: self.masks_kept(&colors),
        })
    }

    fn edges_kept(&self, colors: &[Oklab]) -> f32 {
        let edges = edges_of(colors, self.width, self.height);
        let edges = dilated(&edges, self.width, self.height, TOLERANCE);
        let share = |pixels: &[usize]| {
            let found = pixels
                .iter()
                .filter(|index| edges.get(**index) == Some(&true));
            found.count() as f64 / pixels.len().max(1) as f64
        };
        let (mut found, mut weights) = (0.0, 0.0);
        for border in self.borders.iter().filter(|border| !border.is_empty()) {
            let weight = (border.len() as f64).sqrt();
            found += weight * share(border);
            weights += weight;
        }
        let at_borders = found / weights.max(f64::MIN_POSITIVE);
        let elsewhere = if self.inner.len() * 50 > self.owners.len() {
            share(&self.inner)
        } else {
            let all = edges.iter().filter(|is_edge| **is_edge).count();
            all as f64 / edges.len().max(1) as f64
        };
        if elsewhere >= 1.0 {
            return 0.0;
        }
        ((at_borders - elsewhere) / (1.0 - elsewhere)).clamp(0.0, 1.0) as f32
    }

    fn masks_kept(&self, colors: &[Oklab]) -> f32 {
        let (within, total) = self.variances(colors);
        if total < PLAIN {
            return 0.0;
        }
        let explained = 1.0 - within / total;
        (explained / self.explained).clamp(0.0, 1.0) as f32
    }

    /// The variance of colours within what each owner covers, and over all; each owner counts for
    /// the root of its area.
    fn variances(&self, colors: &[Oklab]) -> (f64, f64) {
        #[derive(Clone, Copy, Default)]
        struct Sums {
            count: f64,
            sum: [f64; 3],
            squares: f64,
        }
        let mut owners = vec![Sums::default(); self.count];
        for (owner, color) in self.owners.iter().zip(colors) {
            let Some(sums) = owners.get_mut(*owner as usize) else {
                continue;
            };
            let color = [color.lightness, color.a, color.b].map(f64::from);
            sums.count += 1.0;
            for (sum, value) in sums.sum.iter_mut().zip(color) {
                *sum += value;
                sums.squares += value * value;
            }
        }
        let (mut weights, mut within, mut mean, mut squares) = (0.0, 0.0, [0.0; 3], 0.0);
        for Sums {
            count,
            sum,
            squares: own,
        } in owners.into_iter().filter(|sums| sums.count > 0.0)
        {
            let weight = count.sqrt();
            let center = sum.map(|value| value / count);
            let norm: f64 = center.iter().map(|value| value * value).sum();
            weights += weight;
            within += weight * (own / count - norm);
            squares += weight * own / count;
            for (mean, value) in mean.iter_mut().zip(center) {
                *mean += weight * value;
            }
        }
        let weights = weights.max(f64::MIN_POSITIVE);
        let norm: f64 = mean.iter().map(|value| (value / weights).powi(2)).sum();
        (
            (within / weights).max(0.0),
            (squares / weights - norm).max(0.0),
        )
    }
}

/// Width and height at which a document is compared.
fn small(document: &Document) -> (u32, u32) {
    let frame = document.view_box;
    let longest = frame.width().max(frame.height());
    let pixels = |length: f64| {
        let share = if longest > 0.0 { length / longest } else { 1.0 };
        ((share * f64::from(SIDE)).round() as u32).clamp(8, SIDE)
    };
    (pixels(frame.width()), pixels(frame.height()))
}

fn colors_of(picture: &Raster) -> Vec<Oklab> {
    let color = |[red, green, blue, _]: &[u8; 4]| Color::from_rgb8(*red, *green, *blue).to_oklab();
    picture.pixels().iter().map(color).collect()
}

/// Where a picture has edges: where the means of the three pixels on either side differ.
fn edges_of(colors: &[Oklab], width: usize, height: usize) -> Vec<bool> {
    let color = |x: usize, y: usize| {
        let index = y.min(height - 1) * width + x.min(width - 1);
        colors.get(index).copied().unwrap_or(Oklab {
            lightness: 0.0,
            a: 0.0,
            b: 0.0,
        })
    };
    let mean = |pixels: [Oklab; 3]| {
        let sum = |of: fn(&Oklab) -> f32| pixels.iter().map(of).sum::<f32>() / 3.0;
        Oklab {
            lightness: sum(|color| color.lightness),
            a: sum(|color| color.a),
            b: sum(|color| color.b),
        }
    };
    let mut edges = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let (left, up) = (x.saturating_sub(1), y.saturating_sub(1));
            let column = |x: usize| mean([color(x, up), color(x, y), color(x, y + 1)]);
            let row = |y: usize| mean([color(left, y), color(x, y), color(x + 1, y)]);
            let across = column(left).distance(column(x + 1));
            let down = row(up).distance(row(y + 1));
            edges.push(across.max(down) > EDGE);
        }
    }
    edges
}

/// The marks and all that is within so many pixels of one, along both axes.
fn dilated(marks: &[bool], width: usize, height: usize, by: usize) -> Vec<bool> {
    let mut wide = vec![false; marks.len()];
    for (index, _) in marks.iter().enumerate().filter(|(_, mark)| **mark) {
        let (x, y) = (index % width, index / width);
        let from = y * width + x.saturating_sub(by);
        let to = y * width + (x + by).min(width - 1);
        if let Some(run) = wide.get_mut(from..=to) {
            run.fill(true);
        }
    }
    let mut high = vec![false; marks.len()];
    for (index, _) in wide.iter().enumerate().filter(|(_, mark)| **mark) {
        let (x, y) = (index % width, index / width);
        for y in y.saturating_sub(by)..=(y + by).min(height - 1) {
            if let Some(mark) = high.get_mut(y * width + x) {
                *mark = true;
            }
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use chat2svg_template::embedded::{ComposeOptions, Vocabulary, compose_prompt};

    use super::*;

    fn composed(prompt: &str) -> Document {
        let options = ComposeOptions {
            width: 512,
            height: 512,
            style: None,
            background: None,
            seed: 3,
        };
        compose_prompt(prompt, &Vocabulary::builtin(), &options).document
    }

    fn shown(document: &Document) -> Raster {
        document.render(512, 512, Some(Color::WHITE)).unwrap()
    }

    fn score(document: &Document, picture: &Raster) -> f32 {
        let structure = Structure::of(document, &Stop::never()).unwrap();
        structure.kept_by(picture).unwrap().score()
    }

    fn changed(picture: &Raster, change: impl Fn(usize, [u8; 4]) -> [u8; 4]) -> Raster {
        let pixels = picture.pixels().iter().enumerate();
        let pixels = pixels.map(|(index, pixel)| change(index, *pixel)).collect();
        Raster::new(picture.width(), picture.height(), pixels).unwrap()
    }

    fn hash(index: usize) -> u8 {
        (index as u32)
            .wrapping_mul(2_654_435_761)
            .rotate_left(13)
            .wrapping_mul(40_503) as u8
    }

    fn noise() -> Raster {
        let plain = Raster::filled(512, 512, [0, 0, 0, 255]).unwrap();
        changed(&plain, |index, _| {
            [hash(index), hash(index * 7 + 1), hash(index * 13 + 5), 255]
        })
    }

    const PROMPTS: [&str; 4] = [
        "a red fox under a green tree at sunset",
        "a house by a lake",
        "three balloons",
        "an owl on a branch under a full moon",
    ];

    #[test]
    fn a_template_keeps_its_own_structure() {
        for prompt in PROMPTS {
            let document = composed(prompt);
            let kept = score(&document, &shown(&document));
            assert!(kept > 0.9, "{prompt}: {kept}");
        }
    }

    #[test]
    fn other_colours_soft_edges_and_grain_keep_it() {
        for prompt in PROMPTS {
            let document = composed(prompt);
            let picture = shown(&document);
            let tinted = changed(&picture, |_, [red, green, blue, alpha]| {
                [green / 2 + 90, blue / 2 + 60, red / 2 + 40, alpha]
            });
            let soft = picture.resize(170, 170, Resampling::Smooth).unwrap();
            let grainy = changed(&picture, |index, pixel| {
                let grain = hash(index) / 16;
                pixel.map(|value| value.saturating_sub(grain))
            });
            for (what, target) in [("tinted", tinted), ("soft", soft), ("grainy", grainy)] {
                let kept = score(&document, &target);
                assert!(kept > 0.75, "{prompt}, {what}: {kept}");
            }
        }
    }

    #[test]
    fn noise_one_colour_and_another_picture_do_not() {
        for (index, prompt) in PROMPTS.iter().enumerate() {
            let document = composed(prompt);
            let plain = Raster::filled(512, 512, [90, 120, 200, 255]).unwrap();
            let other = shown(&composed(PROMPTS[(index + 1) % PROMPTS.len()]));
            for (what, target, most) in [
                ("noise", noise(), 0.2),
                ("plain", plain, 0.2),
                // Whatever is drawn, it is in the middle, and the sky is above the ground.
                ("other", other, 0.65),
            ] {
                let kept = score(&document, &target);
                assert!(kept < most, "{prompt}, {what}: {kept}");
            }
        }
    }

    #[test]
    fn a_picture_that_is_off_keeps_less_the_more_it_is() {
        let document = composed(PROMPTS[0]);
        let picture = shown(&document);
        let off = |by: u32| {
            let pixels = (0..512 * 512).map(|index| {
                let (x, y) = (index % 512, index / 512);
                picture.pixel((x + by).min(511), y).unwrap()
            });
            score(&document, &Raster::new(512, 512, pixels.collect()).unwrap())
        };
        let scores = [off(0), off(3), off(24), off(96)];
        assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
        assert!(scores[3] < scores[0] - 0.3, "{scores:?}");
    }

    #[test]
    fn nothing_can_be_lost_of_a_template_without_shapes() {
        let mut document = composed(PROMPTS[0]);
        document.layers.clear();
        assert_eq!(score(&document, &noise()), 1.0);
    }
}
