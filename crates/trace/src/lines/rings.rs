//! Rings: closed lines of even width and one colour that are too wide for ridges. Nothing lies over
//! a whole ring, so it is taken out and what is around it goes on beneath; rings that it crossed
//! may be whole then.

use std::cmp::Ordering;

use chat2svg_stop::Stop;
use chat2svg_vector::Color;
use kurbo::{Point, Vec2};

use super::{Line, region::Mask, stroke_along};
use crate::{
    OPAQUE,
    neighbours::{around, beside, square},
    picture::{Picture, Pixel},
};

/// Most rounds of taking rings out.
const ROUNDS: usize = 8;
/// How far a component of a ring's colour may be off, and a ring's opacity.
const SAME: f32 = 0.02;
/// Smallest side of the box around a ring, in pixels: smaller ones are letters.
const LEAST_SIDE: f64 = 16.0;
/// Widest line, as a share of half that side: wider ones are discs in discs.
const WIDEST: f64 = 0.5;
/// Share of its box that a ring covers at most.
const LARGEST_SHARE: f64 = 0.8;
/// Deviation of a ring's width over the mean, at most, and in pixels what pixels leave open.
const EVEN: f64 = 0.12;
const UNSURE: f64 = 0.4;
/// By how much a line is wider than its pixels of one colour.
const SOFT_EDGES: f64 = 1.0;
/// Pixels around those of a ring that are mixed with its colour.
const MIXED: usize = 2;
/// Points of a course over which its direction is taken.
const BESIDE: usize = 3;
/// One in so many of them is most.
const MOST: f64 = 1.25;

/// Takes the rings out of a picture; those that lie lowest come first.
pub(super) fn take_rings(picture: &mut Picture, stop: &Stop) -> Vec<Line> {
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        let Some(rings) = rings(picture, stop) else {
            return found;
        };
        // Which ring each pixel is of.
        let mut owners = vec![None; picture.pixels.len()];
        for (index, ring) in rings.iter().enumerate() {
            ring.pixels
                .iter()
                .for_each(|pixel| owners[*pixel] = Some(index));
        }
        let mut is_taken = vec![false; picture.pixels.len()];
        let mut lines = Vec::new();
        for (index, ring) in rings.into_iter().enumerate() {
            let is_beside = ring.pixels.iter().any(|pixel| is_taken[*pixel]);
            let other = |pixel: usize| owners[pixel].map(|other: usize| other.cmp(&index));
            if is_beside || !ring.lies_on_something(picture, other) {
                continue;
            }
            for pixel in ring.pixels {
                square(picture.size(), pixel, MIXED).for_each(|near| is_taken[near] = true);
            }
            lines.push(ring.line);
        }
        if lines.is_empty() {
            break;
        }
        go_on_beneath(picture, &is_taken);
        found.splice(0..0, lines);
    }
    found
}

/// A ring in a picture.
struct Ring {
    line: Line,
    /// Points along its middle.
    course: Vec<Point>,
    pixels: Vec<usize>,
}

impl Ring {
    /// Whether what lies on both sides is one thing that goes on beneath it, or on one side a thing
    /// of which it is the border. What shows of a disc beneath another is no ring. `other` compares
    /// the ring that a pixel is of with this: smaller ones come later.
    fn lies_on_something(
        &self,
        picture: &Picture,
        other: impl Fn(usize) -> Option<Ordering>,
    ) -> bool {
        let (mut alike, mut in_larger, mut around_smaller) = (0, 0, 0);
        let next = self.course.iter().cycle().skip(BESIDE);
        for (point, next) in self.course.iter().zip(next) {
            let way = *next - *point;
            let across = Vec2::new(-way.y, way.x) / way.hypot().max(1e-9);
            let reach = 0.5 * self.line.width + MIXED as f64 + 0.5;
            let sides = [*point + across * reach, *point - across * reach];
            let sides = sides.map(|side| picture.pixel_at(side));
            let [left, right] = sides.map(|pixel| picture.pixels[pixel]);
            alike += usize::from(is_same(left, right));
            let others = sides.map(&other);
            in_larger += usize::from(others.contains(&Some(Ordering::Less)));
            around_smaller += usize::from(others.contains(&Some(Ordering::Greater)));
        }
        let most = |count: usize| MOST * count as f64 >= self.course.len() as f64;
        !most(in_larger) && (most(alike) || !most(around_smaller))
    }
}

/// The rings of a picture, the largest first; `None` when there is no time to look.
fn rings(picture: &Picture, stop: &Stop) -> Option<Vec<Ring>> {
    let mut rings = Vec::new();
    for (mask, pixels) in masks(picture) {
        if stop.is_due() {
            return None;
        }
        rings.extend(ring(picture, &mask, pixels, stop));
    }
    Some(rings)
}

/// The parts of one colour that may be rings, the largest first.
fn masks(picture: &Picture) -> Vec<(Mask, Vec<usize>)> {
    let size = picture.size();
    let mut is_free: Vec<bool> = vec![true; picture.pixels.len()];
    let mut found = Vec::new();
    for start in 0..is_free.len() {
        if !std::mem::take(&mut is_free[start]) {
            continue;
        }
        let own = picture.pixels[start];
        let mut part = vec![start];
        let mut next = 0;
        while let Some(index) = part.get(next).copied() {
            next += 1;
            let alike = beside(size, index)
                .filter(|near| is_free[*near] && is_same(picture.pixels[*near], own));
            let alike: Vec<usize> = alike.collect();
            alike.iter().for_each(|near| is_free[*near] = false);
            part.extend(alike);
        }
        if (part.len() as f64) < LEAST_SIDE || own[3] < OPAQUE {
            continue;
        }
        let pixels: Vec<u32> = part.iter().map(|pixel| *pixel as u32).collect();
        let Some(mask) = Mask::of(&pixels, picture.width) else {
            continue;
        };
        let [x, y] = [mask.extent().x, mask.extent().y];
        let is_whole = part.iter().all(|pixel| beside(size, *pixel).count() == 4);
        if is_whole && x.min(y) >= LEAST_SIDE && (part.len() as f64) < LARGEST_SHARE * x * y {
            found.push((mask, part));
        }
    }
    found.sort_by(|(a, _), (b, _)| {
        let area = |mask: &Mask| mask.extent().x * mask.extent().y;
        area(b).total_cmp(&area(a))
    });
    found
}

fn is_same(a: Pixel, b: Pixel) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= SAME)
}

/// The ring that a part of a picture is.
fn ring(picture: &Picture, mask: &Mask, pixels: Vec<usize>, stop: &Stop) -> Option<Ring> {
    if mask.filled_area() <= pixels.len() {
        return None;
    }
    let about = pixels.len() as f64 / (1.5 * (mask.extent().x + mask.extent().y));
    let line = mask.line(EVEN + UNSURE / about, stop).ok()??;
    let width = line.width + SOFT_EDGES;
    let half = 0.5 * mask.extent().x.min(mask.extent().y);
    if !line.is_closed || width > WIDEST * half {
        return None;
    }
    let mean = |component: usize| {
        let of = |pixel: &usize| f64::from(picture.pixels[*pixel][component]);
        (pixels.iter().map(of).sum::<f64>() / pixels.len() as f64) as f32
    };
    let path = stroke_along(&line.points, true);
    let color = Color::new(mean(0), mean(1), mean(2));
    (path.elements().len() > 2).then_some(Ring {
        line: Line { path, width, color },
        course: line.points,
        pixels,
    })
}

/// Paints each taken pixel as the nearest one that is not.
fn go_on_beneath(picture: &mut Picture, is_taken: &[bool]) {
    let size = picture.size();
    let place = |index: usize| [(index % size[0]) as f64, (index / size[0]) as f64];
    let apart = |a: usize, b: usize| {
        let ([ax, ay], [bx, by]) = (place(a), place(b));
        (ax - bx).powi(2) + (ay - by).powi(2)
    };
    let mut nearest: Vec<Option<usize>> = (0..is_taken.len())
        .map(|index| (!is_taken[index]).then_some(index))
        .collect();
    let mut look = |index: usize| {
        let known = around(size, index).filter_map(|near| nearest[near]);
        let known = known.chain(nearest[index]);
        let best = known.min_by(|a, b| apart(*a, index).total_cmp(&apart(*b, index)));
        nearest[index] = best;
    };
    let taken: Vec<usize> = (0..is_taken.len())
        .filter(|index| is_taken[*index])
        .collect();
    // What is nearest to a pixel is nearest to one beside it, too: down and up again finds it.
    for _ in 0..2 {
        taken.iter().for_each(|index| look(*index));
        taken.iter().rev().for_each(|index| look(*index));
    }
    for index in taken {
        if let Some(nearest) = nearest[index] {
            picture.pixels[index] = picture.pixels[nearest];
        }
    }
}

#[cfg(test)]
mod tests {
    use kurbo::{Rect, Shape as _};

    use super::*;

    const SIDE: usize = 128;
    const GROUND: [f32; 3] = [0.9, 0.9, 0.8];
    const RED: [f32; 3] = [0.8, 0.1, 0.1];
    const BLUE: [f32; 3] = [0.1, 0.2, 0.8];
    const MIDDLE: Point = Point::new(64.0, 62.0);

    /// A picture by the colour of each point, sixteen to a pixel.
    fn picture(color: impl Fn(Point) -> [f32; 3]) -> Picture {
        let pixels = (0..SIDE * SIDE).map(|index| {
            let mut mean = [0.0; 3];
            for step in 0..16 {
                let [x, y] = [step % 4, step / 4].map(|step| (f64::from(step) + 0.5) / 4.0);
                let place = Point::new((index % SIDE) as f64 + x, (index / SIDE) as f64 + y);
                let color = color(place);
                (0..3).for_each(|i| mean[i] += color[i] / 16.0);
            }
            mean
        });
        Picture::opaque(SIDE, SIDE, pixels)
    }

    fn found(color: impl Fn(Point) -> [f32; 3]) -> (Vec<Line>, Picture) {
        let mut picture = picture(color);
        let lines = take_rings(&mut picture, &Stop::never());
        (lines, picture)
    }

    fn pixel(picture: &Picture, x: usize, y: usize) -> [f32; 3] {
        let [red, green, blue, _] = picture.pixels[y * SIDE + x];
        [red, green, blue]
    }

    #[test]
    fn the_ground_goes_on_beneath_a_ring() {
        let ground = |p: Point| if p.x < 64.0 { GROUND } else { BLUE };
        let (lines, rest) = found(|p| {
            let is_ring = (p.distance(MIDDLE) - 40.0).abs() < 5.0;
            if is_ring { RED } else { ground(p) }
        });
        let [line] = lines.as_slice() else {
            panic!("{lines:?}");
        };
        assert!((line.width - 10.0).abs() < 0.5, "{}", line.width);
        let bounds = line.path.bounding_box();
        assert!((bounds.width() - 80.0).abs() < 1.0, "{bounds:?}");
        for (x, y) in [(24, 62), (60, 22), (68, 22), (104, 62)] {
            let wanted = ground(Point::new(x as f64, y as f64));
            let off = |i: usize| (pixel(&rest, x, y)[i] - wanted[i]).abs();
            assert!((0..3).all(|i| off(i) < 1e-3), "at {x}, {y}");
        }
    }

    #[test]
    fn a_box_is_a_ring_too() {
        let frame = Rect::new(20.0, 24.0, 108.0, 100.0);
        let (lines, _) = found(|p| {
            let is_frame = frame.contains(p) && !frame.inset(-6.0).contains(p);
            if is_frame { BLUE } else { GROUND }
        });
        let boxes: Vec<Rect> = lines.iter().map(|line| line.path.bounding_box()).collect();
        let [found] = boxes.as_slice() else {
            panic!("{boxes:?}");
        };
        assert!((found.width() - 82.0).abs() < 1.0, "{found:?}");
    }

    #[test]
    fn a_border_is_a_ring_and_a_disc_in_a_disc_is_none() {
        let rings = |colors: [[f32; 3]; 4]| {
            found(|p| match p.distance(MIDDLE) {
                r if r < 20.0 => colors[0],
                r if r < 32.0 => colors[1],
                r if r < 44.0 => colors[2],
                _ => colors[3],
            })
            .0
            .len()
        };
        assert_eq!(rings([RED, RED, BLUE, GROUND]), 1);
        // Discs, the smaller ones on larger ones.
        assert_eq!(rings([RED, GROUND, RED, BLUE]), 0);
        // On the ground, which is seen through both.
        assert_eq!(rings([RED, GROUND, RED, GROUND]), 1);
        assert_eq!(rings([GROUND, RED, GROUND, GROUND]), 1);
        assert_eq!(rings([RED, RED, RED, GROUND]), 0);
    }
}
