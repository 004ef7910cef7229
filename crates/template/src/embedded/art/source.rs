//! From a noun phrase to an item that can be placed: fetches the picture wherever it comes from,
//! gives it the colour asked for, and knows how large it usually is.

use chat2svg_vector::{Color, Gloss, Habitat, Meaning};

use crate::embedded::art::substance::{is_shiny, state_material};
use crate::embedded::art::{Drawing, body_synthesis, composite, recolor, twemoji};
use crate::embedded::dice::Dice;
use crate::embedded::generators::{self, Params};
use crate::embedded::layout::{Item, arrange, group_extent, shape_of, sizes};
use crate::embedded::lookup::ArtLibrary;
use crate::embedded::scene::{ArtReference, Composite, Material, SceneObject, SizeClass, Stance};
use crate::embedded::things::{self, Thing, Trait, Whole, has_trait};

/// How many versions of a piece are drawn where many fill a shape.
const VARIED_PIECES: u32 = 4;

/// Whether the object is a pattern, which fills the canvas when it is alone.
pub(crate) fn is_pattern(object: &SceneObject) -> bool {
    things::picture_has(&object.art, Trait::Pattern)
}

/// Whether the object is a wall of no particular kind.
pub(crate) fn is_plain_wall(object: &SceneObject) -> bool {
    matches!(&object.art, ArtReference::Generated { generator } if generator == "wall")
        && object.color.is_none()
        && object.material.is_none()
}

/// The item for an object; `None` when there is no picture for it.
pub(crate) fn item(
    object: &SceneObject,
    library: Option<&ArtLibrary>,
    dice: &mut Dice<'_>,
) -> Option<Item> {
    let count = object.count.clamp(1, 24);
    let mut drawings = Vec::new();
    let mut is_of_material = true;
    for _ in 0..count {
        let (mut drawing, is_whole) = draw(object, library, dice)?;
        if let Some(composite) = &object.composite {
            compose(&mut drawing, composite, library, dice);
        }
        if let Some(text) = object.text.as_deref()
            && !things::picture_has(&object.art, Trait::Lettered)
        {
            generators::letter(&mut drawing, text);
        }
        is_of_material &= is_whole;
        drawings.push(drawing);
    }
    let art_name = object.art.name();
    let name = things::full_name(&object.label, art_name);
    let group = things::emoji_group(&object.art);
    let animate = things::is_animate(&object.art);
    let known = [things::named(&object.label), things::named(art_name)];
    let habitat = habitat(object, known);
    if has_trait(&name, Trait::Burns) && matches!(object.art, ArtReference::Twemoji { .. }) {
        for drawing in &mut drawings {
            twemoji::mark_flames(&mut drawing.nodes);
        }
    }
    let metres = things::metres(&object.label)
        .or_else(|| things::metres(art_name))
        .unwrap_or(match group {
            Some(emojis::Group::FoodAndDrink) => 0.2,
            Some(emojis::Group::AnimalsAndNature) => 0.7,
            Some(emojis::Group::PeopleAndBody) => 1.7,
            Some(emojis::Group::TravelAndPlaces) => 5.0,
            Some(emojis::Group::Activities) => 0.5,
            _ => 0.5,
        });
    let size = sizes::compressed(metres)
        * match object.size {
            SizeClass::Tiny => 0.5,
            SizeClass::Small => 0.72,
            SizeClass::Usual => 1.0,
            SizeClass::Large => 1.35,
            SizeClass::Huge => 1.8,
        };
    let shapes: Vec<(f64, f64)> = drawings.iter().map(shape_of).collect();
    let members = arrange(&shapes, habitat, animate && object.text.is_none(), dice);
    let extent = group_extent(&members, &shapes);
    Some(Item {
        label: object.label.clone(),
        name,
        drawings,
        members,
        extent,
        size,
        metres,
        habitat,
        animate,
        meaning: Meaning {
            habitat: (habitat != Habitat::Ground).then_some(habitat),
            ..meaning(known, object.material.map(|asked| (asked, is_of_material)))
        },
    })
}

/// Makes one picture of a drawing and what it is drawn with.
fn compose(
    drawing: &mut Drawing,
    composite: &Composite,
    library: Option<&ArtLibrary>,
    dice: &mut Dice<'_>,
) {
    let mut pieces = |label: &str, art: &ArtReference, color: Option<Color>, count: u32| {
        let single = SceneObject {
            label: label.to_owned(),
            art: art.clone(),
            count: 1,
            color,
            material: None,
            size: SizeClass::Usual,
            text: None,
            stance: Stance::Usual,
            composite: None,
        };
        (0..count)
            .filter_map(|_| Some(draw(&single, library, dice)?.0))
            .collect::<Vec<Drawing>>()
    };
    match composite {
        Composite::MadeOf { label, art, color } => {
            // Without a colour of their own they have that of the whole.
            let color = color.or_else(|| recolor::dominant(&drawing.nodes));
            let pieces = pieces(label, art, color, VARIED_PIECES);
            *drawing = composite::filled(drawing, &pieces, label);
        }
        Composite::Strewn {
            label,
            art,
            color,
            count,
        } => composite::strewn(drawing, &pieces(label, art, *color, *count), label),
        Composite::Showing(color) => {
            composite::show(&mut drawing.nodes, *color);
        }
    }
}

/// A drawing of an object, and whether all of it is of the material that was asked for.
fn draw(
    object: &SceneObject,
    library: Option<&ArtLibrary>,
    dice: &mut Dice<'_>,
) -> Option<(Drawing, bool)> {
    let params = Params {
        color: object.color,
        material: object.material,
        text: object.text.clone(),
    };
    let Some(material) = object.material else {
        return Some((painted(object, &params, library, dice)?, false));
    };
    let usual = Params {
        text: object.text.clone(),
        ..Params::default()
    };
    let usual = dice.ahead(|dice| painted(object, &usual, library, dice))?;
    let mut drawing = painted(object, &params, library, dice)?;
    let is_whole = state_material(&mut drawing.nodes, &usual.nodes, material);
    Some((drawing, is_whole))
}

fn painted(
    object: &SceneObject,
    params: &Params,
    library: Option<&ArtLibrary>,
    dice: &mut Dice<'_>,
) -> Option<Drawing> {
    match &object.art {
        ArtReference::Generated { generator } => generators::draw_with(generator, params, dice),
        ArtReference::Twemoji { emoji, name } => {
            let whole = things::of_emoji(emoji).and_then(|thing| thing.whole);
            if let Some(Whole::Drawing(drawing)) = whole {
                return generators::draw_with(drawing, params, dice);
            }
            let mut drawing = body_synthesis::draw(emoji, name, &object.label)?;
            if let Some(color) = params.body_color() {
                recolor::recolor(&mut drawing.nodes, color);
            }
            Some(drawing)
        }
        ArtReference::Library { entry, .. } => super::library::draw(library?, *entry, params),
    }
}

/// Where the thing is, by what is known of its label and of its art.
fn habitat(object: &SceneObject, known: [Option<&Thing>; 2]) -> Habitat {
    match object.stance {
        Stance::Airborne => Habitat::Sky,
        Stance::Afloat => Habitat::Afloat,
        Stance::Submerged => Habitat::Water,
        Stance::Usual => things::habitat(known),
    }
}

/// What is stated of a thing: what is known of its label, or of its picture where the label's words
/// are not known. A material that was asked for goes before the usual one, and decides the gloss;
/// beside it is whether all of the thing is of it.
fn meaning(known: [Option<&Thing>; 2], asked: Option<(Material, bool)>) -> Meaning {
    let thing = known.into_iter().flatten().next();
    let usual = Meaning {
        role: thing.and_then(|thing| thing.role),
        material: thing.and_then(|thing| thing.material),
        gloss: thing.and_then(|thing| thing.gloss),
        emits: thing.and_then(|thing| thing.emits),
        ..Meaning::NONE
    };
    match asked {
        None => usual,
        Some((material, is_whole)) => Meaning {
            material: is_whole.then_some(material),
            gloss: is_shiny(material).then_some(Gloss::Glossy),
            ..usual
        },
    }
}
