//! What a picture is read for before its regions are looked for: whether it consists of few flat
//! colours, and then the marks of its storage, writing and lines; and its soft shadows.

use chat2svg_stop::Stop;
use chat2svg_vector::Raster;

use crate::{
    clean::{CleanPicture, Colors, colors_of, is_flat},
    lines::{Lines, has_writing, lines_of, with_rings},
    picture::Picture,
    shadow::{Shadows, shadows_of},
};

/// Share of the time in which soft shadows are looked for.
const SHADOW_TIME: f64 = 0.3;
/// Width in pixels below which a line is a hairline once the picture is reduced.
const HAIRLINE: f64 = 1.0;

/// What is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Width and height in pixels at which the picture is read.
    pub size: (usize, usize),
    /// The same for pictures with small writing or hairlines, which reduced cannot be read.
    pub largest: (usize, usize),
    /// Whether soft shadows are: they take gradients.
    pub shadows: bool,
    /// Whether lines and rings are: they take strokes.
    pub lines: bool,
    /// Most shapes that all of the picture may take.
    pub most_shapes: Option<u32>,
    /// When to stop looking.
    pub stop: &'a Stop,
}

/// A picture with what was read of it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The picture as it came.
    pub stored: Picture,
    /// The picture without the marks of its storage, if it has such.
    pub clean: Option<CleanPicture>,
    /// Whether it consists of few flat colours, but for shadows.
    pub is_flat: bool,
    /// Whether it is also full of small signs.
    pub has_writing: bool,
    /// Its soft shadows.
    pub shadows: Option<Shadows>,
    /// Its thin lines.
    pub lines: Option<Lines>,
    /// Its rings of any width and its thin lines, if it has rings.
    pub ringed: Option<Lines>,
}

impl Reading {
    /// A picture of which nothing is to be read.
    pub fn plain(picture: Picture) -> Self {
        Self {
            stored: picture,
            clean: None,
            is_flat: false,
            has_writing: false,
            shadows: None,
            lines: None,
            ringed: None,
        }
    }

    /// Reads a picture, as far as there is time.
    pub fn of(raster: &Raster, wanted: &Wanted<'_>) -> Self {
        let stop = wanted.stop;
        // Where few shapes are allowed, areas come first.
        let allowed = wanted.most_shapes.map_or(usize::MAX, |most| most as usize);
        let stored = readable(raster, wanted);
        let shadows = wanted
            .shadows
            .then(|| shadows_of(&stored, &stop.part(SHADOW_TIME)))
            .flatten()
            .filter(|found| 2 * found.shapes.len() <= allowed);
        let mut reading = Self::plain(stored);
        match &shadows {
            // What is soft by intent is no noise.
            Some(shadows) => reading.is_flat = is_flat(&shadows.rest),
            None => match colors_of(&reading.stored) {
                Colors::Many => reading.is_flat = is_flat(&reading.stored),
                Colors::Flat => reading.is_flat = true,
                Colors::Stored(clean) => {
                    reading.is_flat = is_flat(&clean.picture);
                    reading.clean = Some(clean);
                }
            },
        }
        if reading.is_flat {
            let rest = shadows.as_ref().map_or(reading.picture(), |of| &of.rest);
            let is_within = |found: &Lines| 2 * found.lines.len() <= allowed;
            let lines = wanted.lines.then(|| lines_of(rest, stop)).flatten();
            let ringed = wanted
                .lines
                .then(|| with_rings(rest, lines.as_ref(), stop))
                .flatten();
            reading.has_writing = has_writing(rest);
            reading.lines = lines.filter(is_within);
            reading.ringed = ringed.filter(is_within);
        }
        Self { shadows, ..reading }
    }

    /// What there is to show: the picture without the marks of its storage.
    pub fn picture(&self) -> &Picture {
        self.clean
            .as_ref()
            .map_or(&self.stored, |clean| &clean.picture)
    }

    /// The picture without its shadows and without the lines that are drawn as such.
    pub fn without<'a>(&'a self, lines: Option<&'a Lines>) -> &'a Picture {
        let without_shadows = self.shadows.as_ref().map(|shadows| &shadows.rest);
        lines
            .map(|lines| &lines.rest)
            .or(without_shadows)
            .unwrap_or(self.picture())
    }
}

/// A picture at the size at which it is to be read: the larger one where hairlines would fade, or
/// small writing could not be read.
fn readable(raster: &Raster, wanted: &Wanted<'_>) -> Picture {
    let at = |(width, height): (usize, usize)| Picture::from_raster(raster, width, height);
    let reduced = at(wanted.size);
    if wanted.largest == wanted.size || !is_flat(&reduced) {
        return reduced;
    }
    let whole = at(wanted.largest);
    let longest = |(width, height): (usize, usize)| width.max(height) as f64;
    let ratio = longest(wanted.size) / longest(wanted.largest);
    let has_hairlines = || {
        let lines = lines_of(&whole, wanted.stop);
        let mut all = lines.iter().flat_map(|found| &found.lines);
        all.any(|line| ratio * line.width < HAIRLINE)
    };
    if has_writing(&whole) || has_hairlines() {
        whole
    } else {
        reduced
    }
}
