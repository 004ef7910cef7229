//! What a prompt or an option wants of a drawing beyond its things: what is behind them, and what
//! is ruled out. The model is told, and its drawing is made to comply: the composer keeps the same
//! promises.

use std::fmt::Write as _;

use chat2svg_palette::Palette;
use chat2svg_protocol::Background;
use chat2svg_vector::{Color, Document, Group, Meaning, Node, Paint, Role, Shape};
use kurbo::{Affine, Rect, Shape as _};

use crate::embedded::{SceneDescription, leave_out};

/// Share of the canvas from which a thing at the very back counts as what is behind everything.
const COVERS: f64 = 0.9;

/// What the drawing must comply with.
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes {
    background: Option<Background>,
    palette: Option<Palette>,
    scene: SceneDescription,
}

impl Wishes {
    /// The wishes of a prompt; `asked` is the option, which goes before the prompt's words.
    pub(super) fn of(
        scene: &SceneDescription,
        asked: Option<Background>,
        palette: Option<Palette>,
    ) -> Self {
        Self {
            palette,
            background: asked.or(scene.setting.background),
            scene: scene.clone(),
        }
    }

    /// The wishes as lines for a model; empty when there are none.
    pub(super) fn words(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = match self.background {
            None => Ok(()),
            Some(Background::Transparent) => writeln!(
                text,
                "Nothing is behind the things: draw no sky, no ground and no background."
            ),
            Some(even) => writeln!(
                text,
                "Behind the things is one even colour, {even}: draw no sky and no ground."
            ),
        };
        if let Some(palette) = &self.palette {
            let _ = if palette.is_strict() {
                writeln!(
                    text,
                    "Paint everything in these colours and no others, flat and opaque: {palette}. \
                     Let what touches differ in colour."
                )
            } else {
                writeln!(text, "Build the picture's colours on these: {palette}.")
            };
        }
        let ruled_out: Vec<&str> = self
            .scene
            .without
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        if !ruled_out.is_empty() {
            let _ = writeln!(
                text,
                "Ruled out, so leave it out: {}.",
                ruled_out.join("; ")
            );
        }
        text
    }

    /// Makes a drawing comply, as far as its names tell what it shows.
    pub(super) fn enforce(&self, document: &mut Document) {
        leave_out(&mut document.layers, &self.scene);
        if let Some(background) = self.background {
            let canvas = document.view_box;
            take_away_ground(&mut document.layers, canvas);
            if let Background::Even([red, green, blue]) = background {
                let color = Color::from_rgb8(red, green, blue);
                document.layers.insert(0, sheet(canvas, color));
            }
        }
    }
}

/// Removes what is behind everything: what says so, and what covers the canvas at the very back.
fn take_away_ground(layers: &mut Vec<Node>, canvas: Rect) {
    let is_surroundings = |node: &Node| {
        let meaning = match node {
            Node::Group(group) => group.meaning,
            Node::Shape(shape) => shape.meaning,
        };
        let role = meaning.role;
        role.is_some_and(|role| role.is_backdrop() || matches!(role, Role::Ground | Role::Scenery))
    };
    // A drawing that is nothing but surroundings is what was asked for.
    if layers.iter().all(is_surroundings) {
        return;
    }
    layers.retain(|node| !is_surroundings(node));
    let covering = layers
        .iter()
        .take_while(|node| covers(node, canvas))
        .count();
    if covering < layers.len() {
        layers.drain(..covering);
    }
}

fn covers(node: &Node, canvas: Rect) -> bool {
    let is_sheet = match node {
        Node::Shape(shape) => shape.fill.is_some(),
        Node::Group(group) => matches!(group.children.as_slice(), [Node::Shape(_)]),
    };
    let bounds = node.paint_bounds(Affine::IDENTITY);
    is_sheet
        && bounds.is_some_and(|bounds| bounds.intersect(canvas).area() > COVERS * canvas.area())
}

fn sheet(canvas: Rect, color: Color) -> Node {
    let mut group = Group::new("Background");
    group.meaning = Meaning {
        role: Some(Role::Background),
        ..Meaning::NONE
    };
    let path = canvas.to_path(0.1);
    let shape = Shape::filled("sheet", path, Paint::Solid(color));
    group.children.push(Node::Shape(shape));
    Node::Group(group)
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::ParseLimits;

    use crate::embedded::{Vocabulary, understand};

    use super::*;

    const DRAWING: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">
        <g id="sheet"><rect width="100" height="100" fill="#9cf"/></g>
        <g id="lawn" data-role="ground"><rect y="70" width="100" height="30" fill="#7b5"/></g>
        <g id="cloud"><circle cx="20" cy="20" r="9" fill="#fff"/></g>
        <g id="fox"><circle cx="50" cy="60" r="20" fill="#d62"/>
          <path id="hat" d="M40 40H60V30H40Z"/></g></svg>"##;

    fn drawn(prompt: &str, asked: Option<Background>) -> (Vec<String>, usize) {
        let scene = understand(prompt, &Vocabulary::builtin());
        let parsed = Document::parse(DRAWING.as_bytes(), &ParseLimits::default());
        let mut document = parsed.unwrap().document;
        Wishes::of(&scene, asked, None).enforce(&mut document);
        let names = document.layers.iter().map(|node| node.label().to_owned());
        (names.collect(), document.counts().shapes)
    }

    #[test]
    fn what_is_behind_everything_goes_or_becomes_one_colour() {
        let transparent = Some(Background::Transparent);
        assert_eq!(drawn("a fox", transparent).0, ["cloud", "fox"]);
        assert_eq!(drawn("a fox with no background", None).0, ["cloud", "fox"]);
        let even = Some(Background::Even([255, 0, 0]));
        assert_eq!(drawn("a fox", even).0, ["Background", "cloud", "fox"]);
        assert_eq!(drawn("a fox", None).0, ["sheet", "lawn", "cloud", "fox"]);
    }

    #[test]
    fn what_is_ruled_out_is_in_no_layer_and_no_part() {
        let (layers, shapes) = drawn("a fox without a hat, no clouds", None);
        assert_eq!(layers, ["sheet", "lawn", "fox"]);
        assert_eq!(shapes, 3);
        let words = Wishes::of(
            &understand("a fox, no clouds", &Vocabulary::builtin()),
            None,
            None,
        )
        .words();
        assert!(words.contains("no clouds"), "{words}");
    }

    #[test]
    fn a_model_is_told_of_the_colours() {
        let scene = understand("a fox", &Vocabulary::builtin());
        let palette: Palette = "#f60, navy".parse().expect("colours");
        let words = |is_strict| {
            let palette = palette.clone().strict(is_strict);
            Wishes::of(&scene, None, Some(palette)).words()
        };
        assert!(words(true).contains("no others, flat and opaque: #ff6600, #000080"));
        assert!(words(false).contains("on these: #ff6600, #000080"));
    }

    #[test]
    fn what_is_asked_for_stays() {
        let (layers, _) = drawn("a fox, no other foxes", None);
        assert!(layers.contains(&"fox".to_owned()), "{layers:?}");
    }

    #[test]
    fn a_drawing_of_surroundings_alone_stays() {
        let mut layers = vec![sheet(Rect::new(0.0, 0.0, 9.0, 9.0), Color::WHITE)];
        take_away_ground(&mut layers, Rect::new(0.0, 0.0, 9.0, 9.0));
        assert_eq!(layers.len(), 1);
    }
}
