//! Chains of skeleton pixels: branches between ends and junctions, joined across junctions where
//! one goes on as the other came.

use kurbo::{Point, Vec2};

use super::{
    Chain,
    skeleton::{OFFSETS, entries, neighbours},
};

/// Pixels over which a walk's direction is taken.
const STEP_REACH: usize = 6;
/// Shortest branch in pixels that is looked at.
const LEAST_BRANCH: usize = 4;
/// Furthest that two ends may be apart to be joined, in pixels.
const JOIN_REACH: f64 = 10.0;
/// Cosine of the largest turn where two ends are joined.
const LEAST_ALIGNED: f64 = 0.86;
/// Furthest where no junction lies between.
const GAP_REACH: f64 = 4.5;
/// Points over which an end's direction is taken, after those that a junction bends.
const END_REACH: usize = 9;
const BENT: usize = 3;

/// The chains of a skeleton.
pub(super) fn chains(mask: &[bool], width: usize, height: usize) -> Vec<Chain> {
    let is_junction =
        |index: &usize| mask[*index] && joins(neighbours(mask, width, height, *index));
    let place =
        |index: usize| Point::new((index % width) as f64 + 0.5, (index / width) as f64 + 0.5);
    let junctions: Vec<Point> = (0..mask.len()).filter(is_junction).map(place).collect();
    joined(branches(mask, width, height), &junctions)
}

/// Whether more than two ways lead from a pixel with these neighbours.
fn joins(around: [bool; 8]) -> bool {
    entries(around) > 2
}

/// Runs of pixels without junctions.
fn branches(mask: &[bool], width: usize, height: usize) -> Vec<Chain> {
    // Without junctions every pixel has at most two neighbours.
    let mut open: Vec<bool> = mask.to_vec();
    for index in (0..mask.len()).filter(|index| mask[*index]) {
        if joins(neighbours(mask, width, height, index)) {
            open[index] = false;
        }
    }
    // The pixel that goes on straightest.
    let step = |pixels: &[usize], open: &[bool]| {
        let from = *pixels.last()?;
        let before = pixels[pixels.len().saturating_sub(STEP_REACH)];
        let place = |index: usize| Vec2::new((index % width) as f64, (index / width) as f64);
        let way = place(from) - place(before);
        let around = neighbours(open, width, height, from);
        let (x, y) = ((from % width) as isize, (from / width) as isize);
        let mut best: Option<(f64, usize)> = None;
        for (dx, dy) in (0..8).filter(|way| around[*way]).map(|way| OFFSETS[way]) {
            let next = Vec2::new(dx as f64, dy as f64);
            // Sides before corners where nothing else tells, so that stairs are walked in full.
            let score = way.dot(next) / next.hypot() - 0.01 * next.hypot();
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, ((y + dy) * width as isize + x + dx) as usize));
            }
        }
        best.map(|(_, index)| index)
    };
    let is_end = |index: usize, open: &[bool]| entries(neighbours(open, width, height, index)) < 2;
    let mut order: Vec<usize> = (0..mask.len()).filter(|index| open[*index]).collect();
    // Ends first; what is left then are loops.
    order.sort_by_key(|index| !is_end(*index, &open));
    let mut found = Vec::new();
    for first in order {
        if !open[first] {
            continue;
        }
        let mut pixels = vec![first];
        open[first] = false;
        while let Some(next) = step(&pixels, &open) {
            open[next] = false;
            pixels.push(next);
        }
        if pixels.len() < LEAST_BRANCH {
            continue;
        }
        let point =
            |index: &usize| Point::new((index % width) as f64 + 0.5, (index / width) as f64 + 0.5);
        let points: Vec<Point> = pixels.iter().map(point).collect();
        let is_closed = points.len() > 12 && points[0].distance(points[points.len() - 1]) < 1.6;
        found.push(Chain { points, is_closed });
    }
    found
}

/// An end's place, and the direction in which its chain leaves.
fn end(chain: &Chain, is_last: bool) -> (Point, Vec2) {
    let last = chain.points.len() - 1;
    let back = |reach: usize| {
        let reach = reach.min(last);
        chain.points[if is_last { last - reach } else { reach }]
    };
    let way = if last > 2 * BENT {
        back(BENT) - back(BENT + END_REACH)
    } else {
        back(0) - back(last)
    };
    (back(0), way / way.hypot().max(1e-9))
}

/// Joins chains end to end where they go on straightest, the best pair first.
fn joined(mut chains: Vec<Chain>, junctions: &[Point]) -> Vec<Chain> {
    loop {
        let mut best: Option<(f64, [(usize, bool); 2])> = None;
        let open: Vec<usize> = (0..chains.len())
            .filter(|i| !chains[*i].is_closed)
            .collect();
        for (place, first) in open.iter().enumerate() {
            for second in &open[place..] {
                for (a, b) in [(true, false), (true, true), (false, false), (false, true)] {
                    if first == second && (a == b || chains[*first].points.len() < 12) {
                        continue;
                    }
                    let (p, u) = end(&chains[*first], a);
                    let (q, v) = end(&chains[*second], b);
                    let gap = q - p;
                    let apart = gap.hypot();
                    let meets = |point: Point| {
                        junctions
                            .iter()
                            .any(|junction| junction.distance(point) < GAP_REACH)
                    };
                    if apart > JOIN_REACH || (apart > GAP_REACH && !(meets(p) && meets(q))) {
                        continue;
                    }
                    let ahead = if apart > 2.5 { u.dot(gap) / apart } else { 1.0 };
                    let aligned = (-u.dot(v)).min(ahead);
                    let score = aligned - 0.01 * apart;
                    if aligned >= LEAST_ALIGNED && best.is_none_or(|(least, _)| score > least) {
                        best = Some((score, [(*first, a), (*second, b)]));
                    }
                }
            }
        }
        let Some((_, [(first, a), (second, b)])) = best else {
            return chains;
        };
        if first == second {
            chains[first].is_closed = true;
            continue;
        }
        let mut rest = chains.swap_remove(first.max(second));
        let (ends, rest_ends) = if first < second { (a, b) } else { (b, a) };
        let kept = &mut chains[first.min(second)];
        if !ends {
            kept.points.reverse();
        }
        if rest_ends {
            rest.points.reverse();
        }
        kept.points.append(&mut rest.points);
    }
}
