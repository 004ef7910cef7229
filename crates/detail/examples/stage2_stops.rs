//! How soon stage 2 ends when it is told to: the longest time between two looks at whether to stop,
//! which is the longest that a cancellation can take. `stage2_stops PROMPTS.txt [--first N] [--side
//! PIXELS] [--regions PIXELS]`.
//!
//! For each prompt the embedded detailer at that size, and the template taken to its detailed
//! picture as if it came from outside.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chat2svg_detail::{DetailConfig, adopt, enhance};
use chat2svg_stop::Stop;
use chat2svg_template::embedded::{ComposeOptions, Vocabulary, compose_prompt};
use chat2svg_trace::GradientThreshold;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut file, mut first, mut side, mut regions) = (None, usize::MAX, 1024, None);
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--first" => first = value()?.parse()?,
            "--side" => side = value()?.parse::<u32>()?,
            "--regions" => regions = Some(value()?.parse::<u32>()?),
            _ => file = Some(argument),
        }
    }
    let file = file
        .ok_or("usage: stage2_stops PROMPTS.txt [--first N] [--side PIXELS] [--regions PIXELS]")?;
    let text = std::fs::read_to_string(file)?;
    let vocabulary = Vocabulary::builtin();
    let mut parameters = DetailConfig::default().levels.high;
    parameters.target_side = side;
    if let Some(side) = regions {
        parameters.adopt.region_side = side;
    }
    let (mut longest_enhance, mut longest_adopt) = (Duration::ZERO, Duration::ZERO);
    for prompt in text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(first)
    {
        let composition = compose_prompt(prompt, &vocabulary, &ComposeOptions::default());
        let begun = Instant::now();
        let watch = Watch::new(begun);
        let stop = watch.stop();
        let made = enhance(&composition.document, composition.style, &parameters, &stop)?;
        stop.is_due();
        let (longest, looks) = watch.seen();
        print!(
            "enhance {:.0} ms, {looks} looks, {:.0} ms between two; ",
            begun.elapsed().as_secs_f64() * 1e3,
            longest.as_secs_f64() * 1e3
        );
        longest_enhance = longest_enhance.max(longest);

        let begun = Instant::now();
        let watch = Watch::new(begun);
        let stop = watch.stop();
        adopt(
            &composition.document,
            &made.target,
            &parameters.adopt,
            GradientThreshold::default(),
            true,
            &stop,
        )?;
        stop.is_due();
        let (longest, looks) = watch.seen();
        println!(
            "adopt {:.0} ms, {looks} looks, {:.0} ms between two: {prompt}",
            begun.elapsed().as_secs_f64() * 1e3,
            longest.as_secs_f64() * 1e3
        );
        longest_adopt = longest_adopt.max(longest);
    }
    println!("longest: enhance {longest_enhance:?}, adopt {longest_adopt:?}");
    Ok(())
}

/// Watches how long work takes from one look at whether to stop to the next.
#[derive(Clone)]
struct Watch(Arc<Mutex<(Instant, Duration, usize)>>);

impl Watch {
    fn new(begun: Instant) -> Self {
        Self(Arc::new(Mutex::new((begun, Duration::ZERO, 0))))
    }

    /// Never due, but every look is noted.
    fn stop(&self) -> Stop {
        let state = Arc::clone(&self.0);
        Stop::when(move || {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let (last, longest, looks) = *state;
            *state = (Instant::now(), longest.max(last.elapsed()), looks + 1);
            false
        })
    }

    /// The longest time between two looks, and how many there were.
    fn seen(&self) -> (Duration, usize) {
        let (_, longest, looks) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (longest, looks)
    }
}
