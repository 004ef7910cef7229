//! From a scene description to a document: draws the objects, paints the surroundings, lays out,
//! lights, and puts everything into named layers.

use chat2svg_protocol::Style;
use chat2svg_vector::{Credit, Document, Metadata, Node};
use kurbo::{Rect, Size};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::art::source;
use super::dice::Dice;
use super::layers::{object_layers, pattern_layers};
use super::layout::{self, Item, Pose, Solution, Violation};
use super::light::Light;
use super::lookup::ArtLibrary;
use super::resolve::{ResolvedScene, make_prominent, to_scene};
use super::scene::{Arrangement, Background, Place, SceneDescription, Setting};
use super::things::Trait;
use super::{backdrop, graphic, setting, style, without};

/// How a scene is drawn.
#[derive(Clone, Debug)]
pub struct ComposeOptions {
    /// Canvas width in pixels, at least 1.
    pub width: u32,
    /// Canvas height in pixels, at least 1.
    pub height: u32,
    /// The look; `None` takes the scene's, else flat.
    pub style: Option<Style>,
    /// What is behind everything; `None` takes the scene's.
    pub background: Option<Background>,
    /// Varies arrangement and details; the same seed gives the same document.
    pub seed: u64,
}

impl Default for ComposeOptions {
    fn default() -> Self {
        Self {
            width: 512,
            height: 512,
            style: None,
            background: None,
            seed: 0,
        }
    }
}

/// A document and how well its layout does what the scene asks.
#[derive(Clone, Debug)]
pub struct Composed {
    /// The picture.
    pub document: Document,
    /// The look that was drawn.
    pub style: Style,
    /// What the layout does not fulfil; object indices are those of the scene.
    pub violations: Vec<Violation>,
    /// How much the layout leaves to be desired, lower is better.
    pub cost: f64,
    /// Labels of objects for which there was no picture after all.
    pub missing: Vec<String>,
}

/// Draws a scene.
pub fn compose(scene: &SceneDescription, options: &ComposeOptions) -> Document {
    compose_with_report(scene, options).document
}

/// Draws a scene and says how well the layout does what the scene asks.
pub fn compose_with_report(scene: &SceneDescription, options: &ComposeOptions) -> Composed {
    compose_with_library(scene, options, None)
}

/// As [`compose_with_report`], with the user's library, which the scene's art may refer to.
pub fn compose_with_library(
    scene: &SceneDescription,
    options: &ComposeOptions,
    library: Option<&ArtLibrary>,
) -> Composed {
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let mut dice = Dice::new(&mut rng);
    let size = canvas(options);
    let style = options.style.or(scene.style).unwrap_or_default();

    let mut resolved = ResolvedScene::resolve(scene, library, &mut dice);
    if scene.arrangement != Arrangement::Scene && !resolved.items.is_empty() {
        return compose_graphic(scene, options, style, resolved, &mut dice);
    }
    let mut links = layout::links(&resolved.items, &resolved.relations);
    let asked = Setting {
        background: options.background.or(scene.setting.background),
        ..scene.setting.clone()
    };
    let without_snow = scene.without.iter().any(|without| without.noun == "snow");
    let setting = setting::resolve(&asked, &resolved.items, &links, style, without_snow);
    let is_transparent = setting.background == Some(Background::Transparent);
    if setting.place == Some(Place::Room) && resolved.leave_out(scene, source::is_plain_wall) {
        // The room has walls of its own.
        links = layout::links(&resolved.items, &resolved.relations);
    }
    let ResolvedScene {
        mut items,
        drawn,
        relations,
        missing,
    } = resolved;
    make_prominent(&mut items, scene);

    let single = items.len() == 1 && setting.place == Some(Place::Plain);
    let pattern = single && !is_transparent && scene.objects.iter().any(source::is_pattern);
    let icon = single && items.first().is_some_and(|item| item.members.len() == 1);
    let own_sun = !items.iter().any(|item| item.has(Trait::Orb));
    let backdrop = backdrop::paint(
        &setting,
        size,
        own_sun,
        icon || items.iter().all(|item| item.has(Trait::Symbol)),
        &mut dice,
    );
    let light = Light::of(setting.time, setting.weather);

    let solution = if icon {
        icon_layout(&items, size)
    } else {
        layout::solve(&mut items, &links, &relations, &backdrop.stage, &mut dice)
    };

    let mut layers = if pattern { Vec::new() } else { backdrop.behind };
    let mut cut_out = vec![false; layers.len()];
    let first_object = layers.len();
    let credits = credits(&items);
    if pattern {
        layers.extend(pattern_layers(&items, size));
    } else {
        let (objects, things) =
            object_layers(&items, &links, &solution, &backdrop.stage, light, icon);
        let objects = if is_transparent {
            without::ground(objects)
        } else {
            objects
        };
        layers.extend(objects);
        cut_out.extend(things);
    }
    let objects_at = first_object..layers.len();
    if !pattern {
        layers.extend(backdrop.front);
    }

    let kept = without::strip(&mut layers, &mut cut_out, objects_at, scene);
    let mut document = document(scene, options, style, credits, &missing, layers);
    document.metadata.undrawn.extend(kept);
    document.metadata.setting = chat2svg_vector::Setting {
        place: setting.place,
        time: setting.time,
        weather: setting.weather,
    };
    style::apply(&mut document, style, &cut_out);
    Composed {
        document,
        style,
        cost: solution.cost,
        violations: to_scene(solution.violations, &drawn),
        missing,
    }
}

/// A pattern or a logo of the scene's drawings.
fn compose_graphic(
    scene: &SceneDescription,
    options: &ComposeOptions,
    style: Style,
    resolved: ResolvedScene,
    dice: &mut Dice<'_>,
) -> Composed {
    let ResolvedScene { items, missing, .. } = resolved;
    let size = canvas(options);
    let ground = options.background.or(scene.setting.background);
    let mut layers = match &scene.arrangement {
        Arrangement::Logo { text } => graphic::logo(&items, text.as_deref(), size, ground, dice),
        _ => graphic::pattern(&items, size, ground, dice),
    };
    let ground_layers = usize::from(ground != Some(Background::Transparent));
    let mut cut_out: Vec<bool> = (0..layers.len())
        .map(|layer| layer >= ground_layers)
        .collect();
    let kept = without::strip(&mut layers, &mut cut_out, ground_layers..usize::MAX, scene);
    let mut document = document(scene, options, style, credits(&items), &missing, layers);
    document.metadata.undrawn.extend(kept);
    document.metadata.setting.place = Some(Place::Plain);
    style::apply(&mut document, style, &cut_out);
    Composed {
        document,
        style,
        violations: Vec::new(),
        cost: 0.0,
        missing,
    }
}

fn canvas(options: &ComposeOptions) -> Size {
    Size::new(
        f64::from(options.width.max(1)),
        f64::from(options.height.max(1)),
    )
}

/// The attributions of all drawings, each once.
fn credits(items: &[Item]) -> Vec<Credit> {
    let mut credits: Vec<Credit> = Vec::new();
    for credit in items
        .iter()
        .flat_map(|item| &item.drawings)
        .filter_map(|drawing| drawing.credit.as_ref())
    {
        if !credits.contains(credit) {
            credits.push(credit.clone());
        }
    }
    credits
}

fn document(
    scene: &SceneDescription,
    options: &ComposeOptions,
    style: Style,
    credits: Vec<Credit>,
    missing: &[String],
    layers: Vec<Node>,
) -> Document {
    let size = canvas(options);
    Document {
        width: size.width,
        height: size.height,
        view_box: Rect::new(0.0, 0.0, size.width, size.height),
        title: None,
        description: None,
        metadata: Metadata {
            prompt: None,
            style: Some(style.name().to_owned()),
            seed: Some(options.seed),
            credits,
            setting: chat2svg_vector::Setting::default(),
            undrawn: scene.undrawn.iter().chain(missing).cloned().collect(),
            unit: chat2svg_vector::LengthUnit::default(),
        },
        layers,
    }
}

/// A single object, large and in the middle.
fn icon_layout(items: &[Item], size: Size) -> Solution {
    let poses = items
        .iter()
        .map(|item| {
            let side = size.width.min(size.height) * 0.6;
            let (width, height) = (
                item.extent.width().max(1e-6),
                item.extent.height().max(1e-6),
            );
            // Long things may be longer than round ones, so that they weigh alike.
            let scale = (side / width.max(height))
                * (1.0 + 0.14 * (1.0 - width.min(height) / width.max(height)));
            let foot = kurbo::Point::new(
                size.width / 2.0 - (item.extent.x0 + item.extent.x1) / 2.0 * scale,
                size.height / 2.0 + height * scale / 2.0 - item.extent.y1 * scale,
            );
            Pose {
                foot,
                scale,
                order: 1.0,
            }
        })
        .collect();
    Solution {
        poses,
        cost: 0.0,
        violations: Vec::new(),
        behind: vec![0; items.len()],
    }
}
