//! The whole embedded composer in one call: words in, document out.

use chat2svg_protocol::Style;
use chat2svg_vector::Document;

use super::compose::{ComposeOptions, compose_with_library};
use super::language::{Reading, read};
use super::layout::Violation;
use super::lookup::Vocabulary;
use super::scene::{SceneDescription, Substitute};

/// What is said of a picture whose prompt was not understood.
pub const NOT_UNDERSTOOD: &str = "no word of the prompt was understood, and the picture is only an \
     emblem of it: prompts are read in English when no model is attached, and simple ones in German, \
     French, Spanish, Portuguese, Italian, Dutch, Polish, Russian, Turkish, Chinese, Japanese, \
     Korean, Arabic and Hindi; use one of these, or set up a model in [llm]";

/// What the composer made of a prompt.
#[derive(Clone, Debug)]
pub struct Composition {
    /// The picture; its metadata holds prompt, style, seed, credits and undrawn words.
    pub document: Document,
    /// The look that was drawn.
    pub style: Style,
    /// What the words were taken to mean.
    pub scene: SceneDescription,
    /// No word of the prompt was understood: the picture is an emblem of it, as
    /// [`NOT_UNDERSTOOD`] says.
    pub is_lost: bool,
    /// Words that carry meaning and were not drawn, or were drawn as something near.
    pub undrawn: Vec<String>,
    /// Things drawn as something near them.
    pub substitutes: Vec<Substitute>,
    /// What the layout does not fulfil.
    pub violations: Vec<Violation>,
    /// How much the layout leaves to be desired, lower is better; comparable between seeds of one
    /// prompt.
    pub cost: f64,
}

/// Draws a prompt. Every text gives a picture; what could not be drawn is listed.
pub fn compose_prompt(
    prompt: &str,
    vocabulary: &Vocabulary,
    options: &ComposeOptions,
) -> Composition {
    let Reading { scene, is_lost, .. } = read(prompt, vocabulary);
    let composed = compose_with_library(&scene, options, vocabulary.library());
    let mut document = composed.document;
    document.title = Some(prompt.trim().chars().take(200).collect());
    for substitute in &scene.substitutes {
        let note = format!("{} (drawn as {})", substitute.asked, substitute.drawn);
        document.metadata.undrawn.push(note);
    }
    document.metadata.prompt = Some(prompt.to_owned());
    if is_lost {
        document.description = Some(NOT_UNDERSTOOD.to_owned());
    }
    Composition {
        is_lost,
        undrawn: document.metadata.undrawn.clone(),
        substitutes: scene.substitutes.clone(),
        document,
        style: composed.style,
        scene,
        violations: composed.violations,
        cost: composed.cost,
    }
}
