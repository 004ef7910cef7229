//! What of a target a template's shapes can show. Where a shape agrees with the target in most of
//! what is seen of it, what disagrees there is something else: a thing that the template has not,
//! or something that could not be read. Unless another shape can come to show it, it must move
//! neither the shape's paint nor its outline, and is taken out of the target.
//!
//! The fit minimises squared error, to which one wrong pixel counts as much as many that are nearly
//! right. This is where outliers are dealt with, once and before it.

mod claims;
mod consensus;
mod in_place;
mod unread;

use chat2svg_stop::Stop;
use chat2svg_trace::neighbours::{around, beside, connected, square};
use chat2svg_vector::{Color, Document, Drawn, Raster, RenderError};

use self::unread::Unread;
pub(crate) use self::unread::shift_colors;
use crate::{
    registration::{color_of, squared_distance},
    shows::{Agreement, PixelAgreement, best_placed, is_at_edge},
};

/// Distance of two colours, components in `0.0..=1.0`, that are the same to rounding and noise.
const SAME: f32 = 0.02;
/// Distance of two colours that are equal but for a rendering's rounding.
const EQUAL: f32 = 0.012;
/// Share of a target that is shown exactly where it is a rendering of a changed document.
const MUCH: f64 = 0.4;
/// Half of the width of a thing, as a share of the longest side; what is thinner moves little.
const THIN: f64 = 0.006;
/// How much further basic shapes may grow, which are resized as such.
const BASIC_REACH: f64 = 4.0;
/// How far a corner of a thing may reach beyond what is thick of it, in half widths.
const CORNERS: usize = 4;
/// Most that a threshold derived from a target's own noise may be.
const NOISIEST: f32 = 0.2;
/// Share of what is seen of a shape that must agree with its paint exactly, by which the rest is no
/// change of the paint.
const EXACTLY: f64 = 0.25;
/// Share that must agree with a paint that is fitted to it.
const MOSTLY: f64 = 0.5;
/// Pixels that must be seen of a shape to say anything of it.
const LEAST_SEEN: usize = 24;
/// How far a region that a shape grows into may stray from the shape's own colour.
const LIKE: f32 = 0.12;
/// Distance in pixels from the border of a shape within which a thin strip is a matter of the
/// border.
const BORDER: usize = 2;
/// Pixels by which what is taken out, and what could not be read, reaches beyond itself, into its
/// soft edge.
const SOFT_EDGE: usize = 2;
/// Rounds of reweighting when a shaded paint is fitted.
const ROUNDS: usize = 6;

/// What of a target a template's shapes can show.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Explicable {
    /// The target without what no shape can show: there it shows what the shapes around show.
    /// `None` when nobody has looked.
    pub(crate) compared: Option<Raster>,
    /// Whether there was anything that no shape can show.
    pub(crate) is_part: bool,
    /// What is found of each shape.
    pub(crate) shapes: Vec<FoundAgreement>,
    /// Of each shape that stands for what could not be read by how much its colours should change.
    pub(crate) shifts: Vec<Option<[f32; 3]>>,
}

/// How a shape agrees with the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FoundAgreement {
    /// Whether it shows what remains of the target already.
    pub(crate) is_settled: bool,
    /// Whether the target shows a good part of it in its paint exactly.
    pub(crate) keeps_paint: bool,
}

/// What of a target a document's shapes can show, placed on the target as it agrees best.
/// `reach_share` is how far a fit may move an outline, as a share of the longest side.
///
/// # Errors
/// When the document cannot be rendered at the target's size, or `stop` says so.
pub(crate) fn explicable(
    document: &Document,
    target: &Raster,
    reach_share: f64,
    stop: &Stop,
) -> Result<Explicable, RenderError> {
    let (width, height) = (target.width(), target.height());
    let document = &mut best_placed(document, target, stop)?;
    let reach = |share: f64| (share * f64::from(width.max(height))).ceil() as usize + BORDER;
    let (reach, reach_of_basic) = (reach(reach_share), reach(BASIC_REACH * reach_share));
    let visits = document.shapes();
    let of_shapes = visits.iter().map(|visit| match visit.shape.drawn {
        Drawn::AsBasicShape => reach_of_basic,
        Drawn::AsPath | Drawn::Here => reach,
    });
    let reaches: Vec<usize> = std::iter::once(reach).chain(of_shapes).collect();
    let mut shown = document.render_until(width, height, Some(Color::WHITE), stop)?;
    let visibility = document.visibility_until(width, height, stop)?;
    let wanted = target.over(Color::WHITE);
    let unread = Unread::of(document, visibility.owners(), [&shown, &wanted], stop)?;
    if !unread.shifts.is_empty() {
        shift_colors(document, &unread.shifts);
        shown = document.render_until(width, height, Some(Color::WHITE), stop)?;
    }
    let mut scene = Scene {
        width: width as usize,
        height: height as usize,
        owners: visibility.owners(),
        shown: colors(&shown),
        wanted: colors(&wanted),
        unread: Vec::new(),
    };
    if !unread.pixels.is_empty() {
        scene.unread = scene.spread(&unread.pixels, SOFT_EDGE);
    }
    let shifts = unread.shifts;
    if !scene.is_much_the_same() {
        return Ok(Explicable {
            shifts,
            ..Explicable::default()
        });
    }
    let paints = scene.paints(visibility.len());
    stop.check()?;
    let mut strange = scene.disagreeing(&paints);
    let borders = scene.borders(&shown, &wanted, &paints);
    let claims = scene.let_shapes_grow(&paints, &borders, &mut strange, &reaches);
    let staying = scene.staying(&borders, &claims);
    stop.check()?;
    scene.drop_borders(&claims, &mut strange);
    scene.drop_thin(&mut strange);
    scene.take_unread(&claims, &mut strange);
    let reduced = strange
        .contains(&true)
        .then(|| scene.without(&paints, &claims, &mut strange, target))
        .flatten();
    stop.check()?;
    let is_part = reduced.is_some();
    let compared = reduced.unwrap_or_else(|| target.clone());
    let wanted = compared.over(Color::WHITE);
    let is_edge = |x, y| is_at_edge(&shown, x, y);
    let agreements = scene.agreements(&shown, &wanted, visibility.len(), is_edge);
    let settled = agreements
        .iter()
        .zip(staying.iter().skip(1))
        .map(|(agreement, stays)| *stays || agreement.is_same());
    let found = settled.zip(paints.iter().skip(1));
    let shapes = found
        .map(|(is_settled, paint)| FoundAgreement {
            is_settled,
            keeps_paint: is_settled || paint.is_some_and(|agreed| agreed.is_exact),
        })
        .collect();
    Ok(Explicable {
        compared: Some(compared),
        is_part,
        shapes,
        shifts,
    })
}

/// Of each shape of a document, stretched to a target's size, whether it shows the target already.
///
/// # Errors
/// When the document cannot be rendered at the target's size, or `stop` says so.
pub(crate) fn settled(
    document: &Document,
    target: &Raster,
    stop: &Stop,
) -> Result<Vec<bool>, RenderError> {
    let (width, height) = (target.width(), target.height());
    let document = &best_placed(document, target, stop)?;
    let shown = document.render_until(width, height, Some(Color::WHITE), stop)?;
    let visibility = document.visibility_until(width, height, stop)?;
    let scene = Scene {
        width: width as usize,
        height: height as usize,
        owners: visibility.owners(),
        shown: Vec::new(),
        wanted: Vec::new(),
        unread: Vec::new(),
    };
    // What has moved can still come nearer: edges that agree excuse nothing.
    let wanted = target.over(Color::WHITE);
    let agreements = scene.agreements(&shown, &wanted, visibility.len(), |_, _| false);
    Ok(agreements.iter().map(Agreement::is_exact).collect())
}

/// What is shown, what is wanted, and by which shape each pixel is shown.
struct Scene<'a> {
    width: usize,
    height: usize,
    /// Index plus one of the shape that is seen, 0 for the ground.
    owners: &'a [u32],
    shown: Vec<[f32; 3]>,
    wanted: Vec<[f32; 3]>,
    /// Whether each pixel depends on what could not be read; empty where none does.
    unread: Vec<bool>,
}

/// A shaded colour: at the left upper corner, and by how much it grows across and down.
type Plane = [[f32; 3]; 3];

/// What most of an owner's pixels agree on.
#[derive(Clone, Copy, Debug)]
struct Agreed {
    /// What they are painted with in the target; `None` for what the owner shows.
    shading: Option<Plane>,
    /// The distance from it that noise explains.
    noise: f32,
    /// Whether a good part agrees exactly with what the owner shows.
    is_exact: bool,
}

/// What most of an owner's pixels agree on; `None` when that is nothing.
type Paint = Option<Agreed>;

impl Scene<'_> {
    /// Whether a good part of the target is shown to the last step, as in a rendering of a changed
    /// document. Where it is not, as in a painting of the same scene, all disagrees a little, and
    /// what disagrees says nothing.
    fn is_much_the_same(&self) -> bool {
        let read = (0..self.owners.len()).filter(|pixel| !self.is_unread(*pixel));
        let (mut same, mut all) = (0_u32, 0_u32);
        for pixel in read {
            all += 1;
            same += u32::from(distance(self.shown[pixel], self.wanted[pixel]) <= EQUAL);
        }
        f64::from(same) >= MUCH * f64::from(all)
    }

    /// What a pixel would show if it agreed with the rest of its owner's; `None` when they agree on
    /// nothing.
    fn expected(&self, paints: &[Paint], pixel: usize) -> Option<[f32; 3]> {
        if self.is_unread(pixel) {
            return Some(self.shown[pixel]);
        }
        let agreed = paints.get(self.owner(pixel)).copied().flatten()?;
        let shaded = agreed.shading.map(|plane| self.shade(&plane, pixel));
        Some(shaded.unwrap_or(self.shown[pixel]))
    }

    /// By how much a pixel is off what its owner's others agree on; nothing where they agree on
    /// nothing.
    fn disagreement(&self, paints: &[Paint], pixel: usize) -> f32 {
        self.expected(paints, pixel)
            .map_or(0.0, |expected| distance(expected, self.wanted[pixel]))
    }

    /// Whether each pixel is further off than noise, or depends on what could not be read.
    fn disagreeing(&self, paints: &[Paint]) -> Vec<bool> {
        (0..self.owners.len())
            .map(|pixel| {
                let paint = paints.get(self.owner(pixel)).copied().flatten();
                let is_off = |agreed: Agreed| self.disagreement(paints, pixel) > agreed.noise;
                self.is_unread(pixel) || paint.is_some_and(is_off)
            })
            .collect()
    }

    /// Strips too thin to be a thing, along the border of a shape, are a matter of that border.
    fn drop_borders(&self, claims: &[Option<usize>], strange: &mut [bool]) {
        let size = [self.width, self.height];
        for part in connected(strange.to_vec(), |pixel| around(size, pixel)) {
            let is_thick = part.iter().any(|pixel| {
                self.around(*pixel, 1).all(|other| strange[other]) && self.is_within(*pixel, 1)
            });
            let at_border = part
                .iter()
                .filter(|pixel| self.is_at_border(claims, **pixel))
                .count();
            if !is_thick && 2 * at_border > part.len() {
                for pixel in part {
                    strange[pixel] = false;
                }
            }
        }
    }

    /// Leaves of what is strange what is thick: an opening by a square.
    fn drop_thin(&self, strange: &mut [bool]) {
        let radius = (THIN * self.width.max(self.height) as f64).ceil().max(1.0) as usize;
        let core = self.spread(&strange.iter().map(|s| !s).collect::<Vec<_>>(), radius);
        let thick = self.spread(&core.iter().map(|c| !c).collect::<Vec<_>>(), radius);
        // Corners are thin, too: what goes on a little from what is thick stays.
        let mut kept: Vec<bool> = strange.iter().zip(thick).map(|(s, t)| *s && t).collect();
        for _ in 0..CORNERS * radius {
            let around = self.spread(&kept, 1);
            for ((kept, is_near), is_strange) in kept.iter_mut().zip(around).zip(strange.iter()) {
                *kept |= is_near && *is_strange;
            }
        }
        strange.copy_from_slice(&kept);
    }

    /// What depends on what could not be read is strange, whatever its form, but where a shape can
    /// come to cover it.
    fn take_unread(&self, claims: &[Option<usize>], strange: &mut [bool]) {
        for (pixel, is_strange) in strange.iter_mut().enumerate() {
            *is_strange |= self.is_unread(pixel) && claims[pixel].is_none();
        }
    }

    /// Whether anything is marked in the square around each pixel; beyond the canvas nothing is.
    fn spread(&self, marked: &[bool], radius: usize) -> Vec<bool> {
        let along = |marked: &[bool], step: usize, length: usize| -> Vec<bool> {
            (0..marked.len())
                .map(|pixel| {
                    let at = pixel / step % length;
                    let first = pixel - at.min(radius) * step;
                    let last = pixel + (length - 1 - at).min(radius) * step;
                    (first..=last).step_by(step).any(|other| marked[other])
                })
                .collect()
        };
        along(&along(marked, 1, self.width), self.width, self.height)
    }

    /// The target with what is expected in place of what is strange.
    fn without(
        &self,
        paints: &[Paint],
        claims: &[Option<usize>],
        strange: &mut [bool],
        target: &Raster,
    ) -> Option<Raster> {
        self.take_soft_edges(paints, claims, strange);
        let has_clear = !target.is_opaque();
        let pixels = target.pixels().iter().zip(strange.iter()).enumerate();
        let pixels = pixels
            .map(|(pixel, (wanted, is_strange))| {
                let expected = is_strange.then(|| self.expected(paints, pixel)).flatten();
                expected.map_or(*wanted, |[red, green, blue]| {
                    if has_clear && self.owner(pixel) == 0 {
                        return [0; 4];
                    }
                    let [red, green, blue] = Color::new(red, green, blue).to_rgb8();
                    [red, green, blue, 255]
                })
            })
            .collect();
        Raster::new(target.width(), target.height(), pixels).ok()
    }

    /// Of each shape how it, and what shows just beside it, agrees with what is wanted. `is_edge`
    /// says which of the pixels that agree are counted, by column and row.
    fn agreements(
        &self,
        shown: &Raster,
        wanted: &Raster,
        shapes: usize,
        is_edge: impl Fn(usize, usize) -> bool,
    ) -> Vec<Agreement> {
        let mut agreements = vec![Agreement::default(); shapes + 1];
        let mut beside = Vec::new();
        for pixel in 0..self.owners.len() {
            let (x, y) = (pixel % self.width, pixel / self.width);
            let agreed = PixelAgreement::of(shown, wanted, x, y);
            if agreed == PixelAgreement::Same && !is_edge(x, y) {
                continue;
            }
            beside.clear();
            beside.extend(self.around(pixel, BORDER).map(|other| self.owner(other)));
            beside.sort_unstable();
            beside.dedup();
            for owner in &beside {
                if let Some(agreement) = agreements.get_mut(*owner) {
                    agreement.count(agreed);
                }
            }
        }
        agreements.split_off(1)
    }

    /// Adds the pixels around what is strange that are somewhat off, too.
    fn take_soft_edges(&self, paints: &[Paint], claims: &[Option<usize>], strange: &mut [bool]) {
        for _ in 0..SOFT_EDGE {
            let before = strange.to_vec();
            for pixel in 0..strange.len() {
                let is_own = claims[pixel].is_none_or(|claim| claim == self.owner(pixel));
                strange[pixel] |= is_own
                    && self.around(pixel, 1).any(|other| before[other])
                    && self.disagreement(paints, pixel) > 0.5 * SAME;
            }
        }
    }

    fn owner(&self, pixel: usize) -> usize {
        self.owners[pixel] as usize
    }

    /// Whether a pixel depends on what could not be read.
    fn is_unread(&self, pixel: usize) -> bool {
        self.unread.get(pixel) == Some(&true)
    }

    /// Whether a pixel is within what is seen of its owner: those at borders show something of both
    /// sides.
    fn is_inner(&self, pixel: usize) -> bool {
        self.beside(pixel).all(|other| self.is_of_one(pixel, other))
    }

    fn is_of_one(&self, pixel: usize, other: usize) -> bool {
        self.owners[pixel] == self.owners[other]
    }

    /// Whether a square around a pixel lies on the canvas.
    fn is_within(&self, pixel: usize, distance: usize) -> bool {
        let (x, y) = (pixel % self.width, pixel / self.width);
        x >= distance && y >= distance && x + distance < self.width && y + distance < self.height
    }

    /// Whether a pixel is at the border of what a shape shows, or of what it can come to show.
    fn is_at_border(&self, claims: &[Option<usize>], pixel: usize) -> bool {
        let mut claimed = self.around(pixel, BORDER).filter_map(|other| claims[other]);
        let first = claimed.next();
        if claimed.any(|claim| Some(claim) != first) {
            return true;
        }
        self.around(pixel, BORDER)
            .any(|other| !self.is_of_one(pixel, other))
    }

    /// The pixels on the four sides of one.
    fn beside(&self, pixel: usize) -> impl Iterator<Item = usize> {
        beside([self.width, self.height], pixel)
    }

    /// The pixels of the square around one, itself among them.
    fn around(&self, pixel: usize, distance: usize) -> impl Iterator<Item = usize> {
        square([self.width, self.height], pixel, distance)
    }
}

fn colors(picture: &Raster) -> Vec<[f32; 3]> {
    picture.pixels().iter().map(color_of).collect()
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    squared_distance(a, b).sqrt()
}
