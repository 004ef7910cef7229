//! How soon stage 2 ends when it is told to: the longest time between two looks at whether to stop,
//! which is the longest that a cancellation can take. `stage2_stops PROMPTS.txt [--first N] [--side
//! PIXELS] [--regions PIXELS]`.
//!
//! For each prompt the embedded detailer at that size, and the template taken to its detailed
//! picture as if it came from outside.

use std::cell::Cell;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chat2svg_detail::{AdoptLimits, DetailConfig, adopt, enhance};
use chat2svg_fit::{Cancellation, GradientThreshold};
use chat2svg_template::embedded::{ComposeOptions, Vocabulary, compose_prompt};

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
        let (last, longest, looks) = (
            Cell::new(begun),
            Cell::new(Duration::ZERO),
            Cell::new(0usize),
        );
        let look = || {
            longest.set(longest.get().max(last.get().elapsed()));
            last.set(Instant::now());
            looks.set(looks.get() + 1);
            false
        };
        let made = enhance(&composition.document, composition.style, &parameters, &look)?;
        look();
        print!(
            "enhance {:.0} ms, {} looks, {:.0} ms between two; ",
            begun.elapsed().as_secs_f64() * 1e3,
            looks.get(),
            longest.get().as_secs_f64() * 1e3
        );
        longest_enhance = longest_enhance.max(longest.get());

        let begun = Instant::now();
        let state = Arc::new(Mutex::new((begun, Duration::ZERO, 0usize)));
        let seen = Arc::clone(&state);
        let note = move || {
            if let Ok(mut state) = seen.lock() {
                state.1 = state.1.max(state.0.elapsed());
                state.0 = Instant::now();
                state.2 += 1;
            }
            false
        };
        let cancel = Cancellation::when(note);
        adopt(
            &composition.document,
            &made.target,
            &parameters.adopt,
            GradientThreshold::default(),
            true,
            &AdoptLimits {
                cancel: cancel.clone(),
                deadline: None,
            },
        )?;
        cancel.is_cancelled();
        let (_, longest, looks) = *state.lock().map_err(|error| error.to_string())?;
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
