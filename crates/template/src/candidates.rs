//! Several compositions of one prompt, the best of which goes on. Pure: no clock of its own.

use chat2svg_stop::Stop;

use crate::embedded::{ComposeOptions, Composition, Vocabulary, compose_prompt};

/// The best of the candidates that were made.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The composition.
    pub composition: Composition,
    /// How many were made; fewer than asked when `stop` was due.
    pub made: u32,
}

/// Composes the prompt with `count` seeds, starting from the options' own, and returns the one
/// whose layout does best what the scene asks; the earlier one of equals. At least one is made;
/// before every further one `stop` is asked, and the best so far is shown to `show` whenever there
/// is a better one and more are to come.
pub fn best_of(
    count: u32,
    prompt: &str,
    vocabulary: &Vocabulary,
    options: &ComposeOptions,
    stop: &Stop,
    show: &dyn Fn(&Composition, u32),
) -> Choice {
    let mut best = compose_prompt(prompt, vocabulary, options);
    let mut made = 1;
    let mut is_shown = false;
    while made < count.max(1) && !stop.is_due() {
        if !std::mem::replace(&mut is_shown, true) {
            show(&best, made);
        }
        let varied = ComposeOptions {
            seed: options.seed.wrapping_add(u64::from(made)),
            ..options.clone()
        };
        let next = compose_prompt(prompt, vocabulary, &varied);
        made += 1;
        if rank(&next) < rank(&best) {
            best = next;
            is_shown = false;
        }
    }
    // The seed that was asked for leads to this picture again.
    best.document.metadata.seed = Some(options.seed);
    Choice {
        composition: best,
        made,
    }
}

/// By what compositions of one prompt are compared, lower is better; whole thousandths, so that
/// comparison is exact.
pub fn rank(composition: &Composition) -> (usize, u64) {
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
        let one = best_of(1, prompt, &vocabulary, &options, &Stop::never(), &|_, _| {});
        let many = best_of(6, prompt, &vocabulary, &options, &Stop::never(), &|_, _| {});
        assert_eq!((one.made, many.made), (1, 6));
        assert!(rank(&many.composition) <= rank(&one.composition));
    }

    #[test]
    fn stopping_leaves_what_was_made() {
        let vocabulary = Vocabulary::builtin();
        let options = ComposeOptions::default();
        let choice = best_of(
            9,
            "a fox",
            &vocabulary,
            &options,
            &Stop::when(|| true),
            &|_, _| {},
        );
        assert_eq!(choice.made, 1);
    }

    #[test]
    fn the_first_is_shown_while_others_are_made_and_each_further_one_is_better() {
        let vocabulary = Vocabulary::builtin();
        let options = ComposeOptions::default();
        let prompt = "a cat behind a fence beside a tree under a cloud";
        let shown = std::cell::RefCell::new(Vec::new());
        let show = |best: &Composition, made: u32| shown.borrow_mut().push((made, rank(best)));
        best_of(6, prompt, &vocabulary, &options, &Stop::never(), &show);
        let shown = shown.into_inner();
        assert_eq!(shown.first().map(|(made, _)| *made), Some(1));
        assert!(
            shown.is_sorted_by(|a, b| a.0 < b.0 && a.1 > b.1),
            "{shown:?}"
        );

        let show = |_: &Composition, _: u32| panic!("the result itself follows at once");
        best_of(1, prompt, &vocabulary, &options, &Stop::never(), &show);
    }
}
