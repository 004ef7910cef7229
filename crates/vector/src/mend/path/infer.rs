//! Which command a letter stands for that is none: the one whose count of numbers fits, and with
//! which the outline goes on as outlines do. Lines run along axes or meet at right angles, curves
//! continue smoothly, arcs reach their ends, outlines stay on the canvas and end where they began.
//! All readings are followed side by side, the likeliest few at a time.

use std::str::FromStr as _;

use kurbo::{Point, Rect, Vec2};
use svgtypes::ViewBox;

use crate::sanitise::{Meter, ParseError};

use super::motion::{Pen, Step};
use super::tokens::{Number, Run, arity, has_flags};

/// Letters of a file from which on only the likeliest reading is followed.
const MANY_GUESSES: usize = 1_024;
/// Letters that are looked for a command; more are no slips.
const MAX_UNKNOWN: usize = 256;
/// Readings that are followed side by side.
const MAX_READINGS: usize = 64;
/// Readings of long data, so that it takes no longer than reading it.
const FEW_READINGS: usize = 8;
/// Numbers from which data is long.
const LONG: usize = 4_000;

/// What is known of where a path is drawn.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surroundings {
    /// The view box.
    pub(crate) view: Option<Rect>,
    /// Letters of this file that were taken for commands before. Beyond a number the likeliest
    /// reading alone is followed, so that a file takes no longer than reading it.
    pub(crate) guessed: usize,
}

impl Surroundings {
    /// What the root's attributes say.
    pub(crate) fn of<'a>(attribute: impl Fn(&str) -> Option<&'a str>, guessed: usize) -> Self {
        let side = |name| attribute(name).and_then(|text| text.trim_end_matches("px").parse().ok());
        let view = attribute("viewBox").and_then(|text| ViewBox::from_str(text).ok());
        let view = match view {
            Some(view) => Some(Rect::from_origin_size((view.x, view.y), (view.w, view.h))),
            None => side("width")
                .zip(side("height"))
                .map(|(width, height)| Rect::new(0.0, 0.0, width, height)),
        };
        Self {
            view: view.filter(|view| view.is_finite() && view.area() > 0.0),
            guessed,
        }
    }
}

/// A reading of the data so far.
#[derive(Clone)]
struct Reading {
    pen: Pen,
    cost: f64,
    /// The commands taken for the unknown letters.
    chosen: Vec<u8>,
}

/// A command for each run; `None` from where on none fits.
pub(super) fn commands(
    runs: &[Run<'_>],
    surroundings: &Surroundings,
    meter: &Meter<'_>,
) -> Result<Vec<Option<u8>>, ParseError> {
    let unknown = runs.iter().filter(|run| !run.is_known()).count();
    if unknown == 0 {
        let known = runs.iter().map(|run| run.letter);
        return Ok(known.collect());
    }
    let numbers: usize = runs.iter().map(|run| run.plain.len()).sum();
    let most = match numbers {
        _ if surroundings.guessed + unknown > MANY_GUESSES => 1,
        LONG.. => FEW_READINGS,
        _ => MAX_READINGS,
    };
    let canvas = Canvas::new(runs, surroundings);
    let habits = Habits::of(runs);
    let mut readings = vec![Reading {
        pen: Pen::default(),
        cost: 0.0,
        chosen: Vec::new(),
    }];
    let mut end = runs.len();
    for (index, run) in runs.iter().enumerate() {
        let candidates = match run.letter.filter(|_| run.is_known()) {
            Some(letter) => vec![(letter, run.numbers_of(letter), 0.0)],
            None => candidates(run, index, runs, &habits),
        };
        let is_full = readings
            .first()
            .is_some_and(|best| best.chosen.len() >= MAX_UNKNOWN);
        if candidates.is_empty() || run.is_error || is_full && !run.is_known() {
            end = index;
            break;
        }
        meter.add(readings.len() * candidates.len() * (1 + run.plain.len()))?;
        let is_choice = !run.is_known();
        let mut next = Vec::with_capacity(readings.len() * candidates.len());
        for reading in &readings {
            for (command, numbers, cost) in &candidates {
                let mut reading = reading.clone();
                reading.cost += cost + canvas.follow(&mut reading.pen, *command, numbers);
                if is_choice {
                    reading.chosen.push(*command);
                }
                next.push(reading);
            }
        }
        next.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        next.truncate(most);
        readings = next;
    }
    let chosen = readings.first().map_or(&[][..], |best| &best.chosen);
    let mut chosen = chosen.iter();
    let mut out = Vec::with_capacity(runs.len());
    for (index, run) in runs.iter().enumerate() {
        out.push(match run.letter.filter(|_| run.is_known()) {
            _ if index >= end => None,
            Some(letter) => Some(letter),
            None => chosen.next().copied(),
        });
    }
    Ok(out)
}

/// How the rest of the data is written.
struct Habits {
    /// Whether it has quadratic curves.
    quadratic: bool,
    /// How often a space stands before relative and absolute moves inside the data.
    spaced_moves: [i32; 2],
}

impl Habits {
    fn of(runs: &[Run<'_>]) -> Self {
        let has = |letters: &[u8]| {
            let known = runs.iter().filter_map(|run| run.letter);
            known.into_iter().any(|letter| letters.contains(&letter))
        };
        let spaced = |letter: u8| {
            let moves = runs.iter().skip(1).filter(|run| run.letter == Some(letter));
            moves.map(|run| if run.is_spaced { 1 } else { -1 }).sum()
        };
        Self {
            quadratic: has(b"QqTt"),
            spaced_moves: [spaced(b'm'), spaced(b'M')],
        }
    }
}

type Candidate<'a> = (u8, Vec<Number<'a>>, f64);

/// The commands that could take a run's numbers, with how unlikely each is by itself.
fn candidates<'a>(
    run: &Run<'a>,
    index: usize,
    runs: &[Run<'a>],
    habits: &Habits,
) -> Vec<Candidate<'a>> {
    let count = run.plain.len();
    if index == 0 {
        let is_move = count >= 2 && count.is_multiple_of(2);
        return if is_move {
            vec![(b'M', run.plain.clone(), 0.0)]
        } else {
            Vec::new()
        };
    }
    if count == 0 {
        return vec![(b'z', Vec::new(), 0.0)];
    }
    let before = index.checked_sub(1).and_then(|before| runs.get(before));
    let follows_close = before.is_some_and(|before| before.plain.is_empty());
    let mut out = Vec::new();
    let mut offer = |commands: &[u8; 2], numbers: &Vec<Number<'a>>, cost: f64| {
        for command in commands {
            out.push((*command, numbers.clone(), cost));
        }
    };
    // Only a few numbers at a time are likely; many of one command are written without letters.
    let times = |arity: usize| (count / arity) as f64;
    let arcs = run.numbers_of(b'a');
    if arcs.len().is_multiple_of(7) && !arcs.is_empty() && are_arcs(&arcs) {
        offer(b"aA", &arcs, if follows_close { 4.0 } else { 0.0 });
        if arcs.len() == count {
            return out;
        }
    }
    let after_close = if follows_close { 4.0 } else { 0.0 };
    if count.is_multiple_of(6) {
        offer(b"cC", &run.plain, after_close);
    }
    if count.is_multiple_of(4) {
        // They continue a curve; elsewhere they are rare.
        let is_out_of_place = before
            .and_then(|before| before.letter.filter(|_| before.is_known()))
            .is_some_and(|letter| !b"cCsSmM".contains(&letter));
        let rare = if is_out_of_place { 1.0 } else { 0.0 };
        offer(b"sS", &run.plain, after_close + rare + 0.6 * times(4));
        let rare = if habits.quadratic { 0.4 } else { 3.0 };
        offer(b"qQ", &run.plain, after_close + rare);
    }
    if count.is_multiple_of(2) {
        offer(b"lL", &run.plain, after_close + 1.2 * (times(2) - 1.0));
        let is_first_move = if follows_close { 0.0 } else { 3.0 };
        let cost = is_first_move + 1.2 * (times(2) - 1.0);
        for (command, spaced) in [
            (b'm', habits.spaced_moves[0]),
            (b'M', habits.spaced_moves[1]),
        ] {
            let fits = spaced.signum() * if run.is_spaced { 1 } else { -1 };
            out.push((command, run.plain.clone(), cost - 0.8 * f64::from(fits)));
        }
        if habits.quadratic && count == 2 {
            out.push((b't', run.plain.clone(), after_close + 2.0));
            out.push((b'T', run.plain.clone(), after_close + 2.0));
        }
    }
    if count == 1 {
        for command in b"hHvV" {
            out.push((*command, run.plain.clone(), after_close));
        }
    }
    out
}

fn are_arcs(numbers: &[Number<'_>]) -> bool {
    numbers.chunks(7).all(|arc| {
        let radius = |index: usize| arc.get(index).is_some_and(|number| number.value >= 0.0);
        has_flags(arc) && radius(0) && radius(1)
    })
}

/// Where outlines may be.
struct Canvas {
    bounds: Rect,
    size: f64,
}

impl Canvas {
    fn new(runs: &[Run<'_>], surroundings: &Surroundings) -> Self {
        let bounds = surroundings.view.unwrap_or_else(|| {
            let numbers = runs.iter().flat_map(|run| &run.plain);
            let largest = numbers.fold(1e-3, |most: f64, number| most.max(number.value.abs()));
            Rect::new(-largest, -largest, 2.0 * largest, 2.0 * largest)
        });
        let size = bounds.width().max(bounds.height()).max(1e-6);
        Self {
            bounds: bounds.inset(0.02 * size),
            size,
        }
    }

    /// Moves the pen through a command; how unlikely that is.
    fn follow(&self, pen: &mut Pen, command: u8, numbers: &[Number<'_>]) -> f64 {
        let count = arity(command);
        if count == 0 {
            return self.close(pen);
        }
        let mut cost = 0.0;
        let mut command = command;
        for group in numbers.chunks_exact(count) {
            let before = *pen;
            let step = pen.step(command, group);
            cost += self.step_cost(&before, &step, command);
            // Further pairs of a move are lines.
            command = match command {
                b'm' => b'l',
                b'M' => b'L',
                other => other,
            };
        }
        cost
    }

    fn close(&self, pen: &mut Pen) -> f64 {
        let before = *pen;
        let step = pen.step(b'z', &[]);
        let gap = (before.at - before.start).hypot() / self.size;
        let seam = |line: Option<(Vec2, bool)>, first: Option<Vec2>| match (line, first) {
            (Some((arrived, is_line)), Some(first)) => turn_cost(arrived, is_line, first, false),
            _ => 0.0,
        };
        if gap < 2e-3 {
            return seam(before.arrived, before.first) - 3.0;
        }
        // A line closes it.
        let mut cost = 1.0 + gap;
        if let (Some((leave, arrive)), Some(arrived)) = (step.directions, before.arrived) {
            cost += turn_cost(arrived.0, arrived.1, leave, true);
            cost += seam(Some((arrive, true)), before.first);
            cost += off_axis(leave);
        }
        cost
    }

    fn step_cost(&self, before: &Pen, step: &Step, command: u8) -> f64 {
        let mut cost = self.outside(step.to, 4.0);
        for control in step.controls.iter().flatten() {
            cost += self.outside(*control, 1.0);
        }
        let length = (step.to - step.from).hypot() / self.size;
        cost += if matches!(command, b'm' | b'M') {
            0.3 * length
        } else {
            length
        };
        if step.stretch > 1.01 {
            cost += 4.0;
        }
        if let Some((leave, _)) = step.directions {
            if let Some((arrived, was_line)) = before.arrived {
                cost += turn_cost(arrived, was_line, leave, step.is_line);
            }
        } else if !matches!(command, b'm' | b'M') {
            // It goes nowhere.
            cost += 2.0;
        }
        cost
    }

    /// What it costs to be off the canvas.
    fn outside(&self, point: Point, weight: f64) -> f64 {
        let bounds = &self.bounds;
        let across = (bounds.x0 - point.x).max(point.x - bounds.x1).max(0.0);
        let down = (bounds.y0 - point.y).max(point.y - bounds.y1).max(0.0);
        let excess = (across + down) / self.size;
        if excess > 0.0 {
            weight * (1.0 + 5.0 * excess.min(10.0))
        } else {
            0.0
        }
    }
}

/// How unlikely a turn between two directions is.
fn turn_cost(arrived: Vec2, was_line: bool, leave: Vec2, is_line: bool) -> f64 {
    let (cosine, sine) = (arrived.dot(leave), arrived.cross(leave).abs());
    let is_straight = sine < 0.03;
    if is_straight && cosine < 0.0 {
        // Back the way it came.
        4.0
    } else if is_straight && was_line && is_line {
        // Two lines that are one.
        2.5
    } else if is_straight {
        0.0
    } else if cosine.abs() < 0.02 {
        0.6
    } else if sine < 0.1 {
        1.0
    } else {
        1.5
    }
}

fn off_axis(way: Vec2) -> f64 {
    if way.x.abs() < 0.01 || way.y.abs() < 0.01 {
        -0.5
    } else {
        0.5
    }
}
