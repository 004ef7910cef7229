//! Chains of skeleton pixels: branches between ends and junctions, joined across junctions where
//! one goes on as the other came.

use std::{cmp::Ordering, collections::BinaryHeap};

use chat2svg_stop::{Stop, Stopped};
use kurbo::{Point, Vec2};

use super::{
    Chain,
    ridge::Ridges,
    skeleton::{OFFSETS, entries, neighbours},
    straight::through_crossings,
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
/// Distance of two ends that are one place.
const TOUCH: f64 = 1.6;
/// Points over which an end's direction is taken, after those that a junction bends.
const END_REACH: usize = 9;
const BENT: usize = 3;

/// The chains of a skeleton of ridges.
///
/// # Errors
/// When `stop` says so.
pub(super) fn chains(
    mask: &[bool],
    ridges: &Ridges<'_>,
    stop: &Stop,
) -> Result<Vec<Chain>, Stopped> {
    let [width, height] = ridges.size();
    let is_junction =
        |index: &usize| mask[*index] && joins(neighbours(mask, width, height, *index));
    let place =
        |index: usize| Point::new((index % width) as f64 + 0.5, (index / width) as f64 + 0.5);
    let junctions: Vec<Point> = (0..mask.len()).filter(is_junction).map(place).collect();
    let branches = through_crossings(branches(mask, width, height), ridges, stop)?;
    joined(branches, &junctions, ridges, stop)
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
        let is_closed = points.len() > 12 && points[0].distance(points[points.len() - 1]) < TOUCH;
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

/// The points at an end by which its colour is told.
fn near_end(chain: &Chain, is_last: bool) -> &[Point] {
    let count = chain.points.len();
    let reach = (2 * BENT + END_REACH).min(count);
    &chain.points[if is_last {
        count - reach..count
    } else {
        0..reach
    }]
}

/// Two ends that may be joined, as chains and which of their ends.
#[derive(Clone, Copy, PartialEq)]
struct Joint {
    score: f64,
    ends: [(usize, bool); 2],
    /// How often each of the two chains had grown when this was worked out.
    grown: [u32; 2],
}

impl Eq for Joint {}

impl PartialOrd for Joint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Joint {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = self.score.total_cmp(&other.score);
        by_score.then_with(|| other.ends.cmp(&self.ends))
    }
}

/// How well one end goes on in another; `None` where they are not to be joined.
fn continuation((p, u): (Point, Vec2), (q, v): (Point, Vec2), junctions: &[Point]) -> Option<f64> {
    let gap = q - p;
    let apart = gap.hypot();
    if apart > JOIN_REACH {
        return None;
    }
    let ahead = if apart > 2.5 { u.dot(gap) / apart } else { 1.0 };
    let aligned = (-u.dot(v)).min(ahead);
    if aligned < LEAST_ALIGNED {
        // Runs of one branch, where no other goes on straighter.
        return (apart < TOUCH).then_some(-1.0 - apart);
    }
    let meets = |point: Point| {
        let mut near = junctions.iter();
        near.any(|junction| junction.distance(point) < GAP_REACH)
    };
    (apart <= GAP_REACH || (meets(p) && meets(q))).then_some(aligned - 0.01 * apart)
}

/// Joins chains end to end where they go on straightest, the best pair first.
fn joined(
    chains: Vec<Chain>,
    junctions: &[Point],
    ridges: &Ridges<'_>,
    stop: &Stop,
) -> Result<Vec<Chain>, Stopped> {
    let mut chains: Vec<Option<Chain>> = chains.into_iter().map(Some).collect();
    let ends_of = |chain: &Chain| [end(chain, false), end(chain, true)];
    let mut ends: Vec<[(Point, Vec2); 2]> = chains.iter().flatten().map(ends_of).collect();
    let mut grown = vec![0_u32; chains.len()];
    let mut joints = BinaryHeap::new();
    let look = |first: usize,
                others: std::ops::Range<usize>,
                chains: &[Option<Chain>],
                ends: &[[(Point, Vec2); 2]],
                grown: &[u32],
                joints: &mut BinaryHeap<Joint>| {
        let is_open = |index: usize| chains[index].as_ref().is_some_and(|c| !c.is_closed);
        if !is_open(first) {
            return;
        }
        let is_long = chains[first].as_ref().is_some_and(|c| c.points.len() >= 12);
        for second in others.filter(|index| is_open(*index)) {
            for (a, b) in [(true, false), (true, true), (false, false), (false, true)] {
                if first == second && (a == b || !is_long) {
                    continue;
                }
                let pair = [ends[first][usize::from(a)], ends[second][usize::from(b)]];
                if let Some(score) = continuation(pair[0], pair[1], junctions)
                    && let [Some(near), Some(other)] = [(first, a), (second, b)]
                        .map(|(of, is_last)| Some(near_end(chains[of].as_ref()?, is_last)))
                    && ridges.is_one_color(near, other)
                {
                    joints.push(Joint {
                        score,
                        ends: [(first, a), (second, b)],
                        grown: [grown[first], grown[second]],
                    });
                }
            }
        }
    };
    for first in 0..chains.len() {
        stop.check()?;
        look(
            first,
            first..chains.len(),
            &chains,
            &ends,
            &grown,
            &mut joints,
        );
    }
    while let Some(Joint {
        ends: [(first, a), (second, b)],
        grown: known,
        ..
    }) = joints.pop()
    {
        stop.check()?;
        if known != [grown[first], grown[second]] {
            continue;
        }
        if first == second {
            if let Some(chain) = &mut chains[first] {
                chain.is_closed = true;
            }
            grown[first] += 1;
            continue;
        }
        let Some(mut rest) = chains[second].take() else {
            continue;
        };
        grown[first] += 1;
        grown[second] += 1;
        if let Some(kept) = &mut chains[first] {
            if !a {
                kept.points.reverse();
            }
            if b {
                rest.points.reverse();
            }
            kept.points.append(&mut rest.points);
            ends[first] = ends_of(kept);
        }
        look(first, 0..chains.len(), &chains, &ends, &grown, &mut joints);
    }
    Ok(chains.into_iter().flatten().collect())
}
