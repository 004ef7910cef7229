//! Several compositions of one prompt, the best of which goes on. Pure: no clock of its own.

use crate::embedded::{ComposeOptions, Composition, Vocabulary, compose_prompt};

/// The best of the candidates that were made.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The composition.
    pub composition: Composition,
    /// How many were made; fewer than asked when `stop` said so.
    pub made: u32,
}

/// Composes the prompt with `count` seeds, starting from the options' own, and returns the one
/// whose layout does best what the scene asks; the earlier one of equals. At least one is made;
/// before every further one `stop` is asked.
pub fn best_of(
    count: u32,
    prompt: &str,
    vocabulary: &Vocabulary,
    options: &ComposeOptions,
    stop: &dyn Fn() -> bool,
) -> Choice {
    let mut best = compose_prompt(prompt, vocabulary, options);
    let mut made = 1;
    while made < count.max(1) && !stop() {
        let varied = ComposeOptions {
            seed: options.seed.wrapping_add(u64::from(made)),
            ..options.clone()
        };
        let next = compose_prompt(prompt, vocabulary, &varied);
        made += 1;
        if rank(&next) < rank(&best) {
            best = next;
        }
    }
    // The seed that was asked for leads to this picture again.
    best.document.metadata.seed = Some(options.seed);
    Choice {
        composition: best,
        made,
    }
}

/// Lower is better; whole thousandths, so that comparison is exact.
fn rank(composition: &Composition) -> (usize, u64) {
    (
        composition.violations.len(),
        (composition.cost.max(0.0) * 1000.0) as u64,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_never_worse_than_the_first_candidate() {
        let vocabulary = Vocabulary::builtin();
        let options = ComposeOptions::default();
        let prompt = "a cat behind a fence beside a tree under a cloud";
        let one = best_of(1, prompt, &vocabulary, &options, &|| false);
        let many = best_of(6, prompt, &vocabulary, &options, &|| false);
        assert_eq!((one.made, many.made), (1, 6));
        assert!(rank(&many.composition) <= rank(&one.composition));
    }

    #[test]
    fn stopping_leaves_what_was_made() {
        let vocabulary = Vocabulary::builtin();
        let choice = best_of(9, "a fox", &vocabulary, &ComposeOptions::default(), &|| {
            true
        });
        assert_eq!(choice.made, 1);
    }
}
