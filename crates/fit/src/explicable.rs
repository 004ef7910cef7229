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
mod lost;
mod unread;

use chat2svg_stop::Stop;
use chat2svg_trace::neighbours::{around, beside, connected, square};
use chat2svg_vector::{Color, Document, Drawn, Raster, RenderError, Visibility};

use self::unread::unread;
pub(crate) use self::{lost::Absent, unread::shift_colors};
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
/// `reach_share` is how far a fit may move an outline, as a share of the longest side; a shape that
/// is `absent` agrees on nothing where it is.
///
/// # Errors
/// When the document cannot be rendered at the target's size, or `stop` says so.
pub(crate) fn explicable(
    document: &Document,
    target: &Raster,
    absent: &Absent,
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
    let (unread, shifts) = unread(document, &visibility, [&shown, &wanted], stop)?;
    if !shifts.is_empty() {
        shift_colors(document, &shifts);
        shown = document.render_until(width, height, Some(Color::WHITE), stop)?;
    }
    let mut scene = Scene {
        size: [width, height].map(|side| side as usize),
        owners: visibility.owners(),
        shown: colors(&shown),
        wanted: colors(&wanted),
        unread: Vec::new(),
        paints: Vec::new(),
        borders: Vec::new(),
    };
    scene.unread = scene.spread(&unread, SOFT_EDGE);
    if !scene.is_much_the_same() {
        return Ok(Explicable {
            shifts,
            ..Explicable::default()
        });
    }
    scene.paints = scene.paints(visibility.len());
    for (shape, paint) in scene.paints.iter_mut().skip(1).enumerate() {
        *paint = paint.filter(|_| !absent.has_lost(shape));
    }
    stop.check()?;
    scene.borders = scene.borders(&shown, &wanted);
    let claims = scene.claims(&reaches);
    let staying = scene.staying(&claims);
    stop.check()?;
    let mut strange: Vec<bool> = claims.iter().map(Option::is_none).collect();
    scene.drop_borders(&claims, &mut strange);
    scene.drop_thin(&mut strange);
    scene.take_unread(&claims, &mut strange);
    let is_part = strange.contains(&true);
    let mut compared = target.clone();
    if is_part {
        scene.take_soft_edges(&claims, &mut strange);
        scene.take_out(&strange, &mut compared);
    }
    stop.check()?;
    let is_edge = |pixel| is_at_edge(&shown, pixel);
    let agreements = agreements(&visibility, &shown, &compared.over(Color::WHITE), is_edge);
    let found = agreements
        .iter()
        .zip(staying.iter().zip(&scene.paints).skip(1));
    let shapes = found.map(|(agreement, (stays, paint))| {
        let is_settled = *stays || agreement.is_same();
        FoundAgreement {
            is_settled,
            keeps_paint: is_settled || paint.is_some_and(|agreed| agreed.is_exact),
        }
    });
    Ok(Explicable {
        shapes: shapes.collect(),
        compared: Some(compared),
        is_part,
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
    // What has moved can still come nearer: edges that agree excuse nothing.
    let agreements = agreements(&visibility, &shown, &target.over(Color::WHITE), |_| false);
    Ok(agreements.iter().map(Agreement::is_exact).collect())
}

/// What is shown, what is wanted, and by which shape each pixel is shown.
struct Scene<'a> {
    size: [usize; 2],
    /// Index plus one of the shape that is seen, 0 for the ground.
    owners: &'a [u32],
    shown: Vec<[f32; 3]>,
    wanted: Vec<[f32; 3]>,
    /// Whether each pixel depends on what could not be read; empty where none does.
    unread: Vec<bool>,
    /// Of each owner, the ground first, what most of its pixels agree on.
    paints: Vec<Paint>,
    /// Of each owner how what is on both sides of its border agrees.
    borders: Vec<Agreement>,
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
    fn expected(&self, pixel: usize) -> Option<[f32; 3]> {
        if self.is_unread(pixel) {
            return Some(self.shown[pixel]);
        }
        let shading = self.paint(pixel)?.shading;
        let shaded = shading.map(|plane| self.shade(&plane, pixel));
        Some(shaded.unwrap_or(self.shown[pixel]))
    }

    /// By how much a pixel is off what its owner's others agree on; nothing where they agree on
    /// nothing.
    fn disagreement(&self, pixel: usize) -> f32 {
        self.expected(pixel)
            .map_or(0.0, |expected| distance(expected, self.wanted[pixel]))
    }

    /// Whether a pixel is further off than noise, or depends on what could not be read.
    fn is_off(&self, pixel: usize) -> bool {
        let noise = self
            .paint(pixel)
            .map_or(f32::INFINITY, |agreed| agreed.noise);
        self.is_unread(pixel) || self.disagreement(pixel) > noise
    }

    /// Strips too thin to be a thing, along the border of a shape, are a matter of that border.
    fn drop_borders(&self, claims: &[Option<usize>], strange: &mut [bool]) {
        for part in connected(strange.to_vec(), |pixel| around(self.size, pixel)) {
            let is_thick = part.iter().any(|pixel| {
                let around = self.around(*pixel, 1);
                around.filter(|other| strange[*other]).count() == 9
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
        let radius = (THIN * self.size[0].max(self.size[1]) as f64)
            .ceil()
            .max(1.0) as usize;
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
        let [width, height] = self.size;
        along(&along(marked, 1, width), width, height)
    }

    /// Puts what is expected in place of what is strange in the target.
    fn take_out(&self, strange: &[bool], target: &mut Raster) {
        let has_clear = !target.is_opaque();
        let pixels = target.pixels_mut().iter_mut().enumerate();
        for (at, pixel) in pixels.filter(|(at, _)| strange[*at]) {
            let Some([red, green, blue]) = self.expected(at) else {
                continue;
            };
            let [red, green, blue] = Color::new(red, green, blue).to_rgb8();
            let is_clear = has_clear && self.owner(at) == 0;
            *pixel = if is_clear {
                [0; 4]
            } else {
                [red, green, blue, 255]
            };
        }
    }

    /// Adds the pixels around what is strange that are somewhat off, too.
    fn take_soft_edges(&self, claims: &[Option<usize>], strange: &mut [bool]) {
        for _ in 0..SOFT_EDGE {
            let before = strange.to_vec();
            for pixel in 0..strange.len() {
                let is_own = claims[pixel].is_none_or(|claim| claim == self.owner(pixel));
                strange[pixel] |= is_own
                    && self.around(pixel, 1).any(|other| before[other])
                    && self.disagreement(pixel) > 0.5 * SAME;
            }
        }
    }

    fn owner(&self, pixel: usize) -> usize {
        self.owners[pixel] as usize
    }

    fn paint(&self, pixel: usize) -> Paint {
        *self.paints.get(self.owner(pixel))?
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
        beside(self.size, pixel)
    }

    /// The pixels of the square around one, itself among them.
    fn around(&self, pixel: usize, distance: usize) -> impl Iterator<Item = usize> {
        square(self.size, pixel, distance)
    }
}

/// Of each shape how it, and what shows just beside it, agrees with what is wanted. `is_edge` says
/// which of the pixels that agree are counted.
fn agreements(
    visibility: &Visibility,
    shown: &Raster,
    wanted: &Raster,
    is_edge: impl Fn(usize) -> bool,
) -> Vec<Agreement> {
    let size = [shown.width() as usize, shown.height() as usize];
    let owners = visibility.owners();
    let mut agreements = vec![Agreement::default(); visibility.len() + 1];
    let mut beside = Vec::new();
    for pixel in 0..owners.len() {
        let agreed = PixelAgreement::of(shown, wanted, pixel);
        if agreed == PixelAgreement::Same && !is_edge(pixel) {
            continue;
        }
        beside.clear();
        beside.extend(square(size, pixel, BORDER).map(|other| owners[other] as usize));
        beside.sort_unstable();
        beside.dedup();
        for owner in &beside {
            agreements[*owner].count(agreed);
        }
    }
    agreements.split_off(1)
}

fn colors(picture: &Raster) -> Vec<[f32; 3]> {
    picture.pixels().iter().map(color_of).collect()
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    squared_distance(a, b).sqrt()
}
