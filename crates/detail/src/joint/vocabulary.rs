//! Words that can be stated: each changes what the detailer makes of a scene, or is listed as one
//! that does not. Here nothing is called by a name that says anything.

use chat2svg_protocol::{ResourceLevel, Style};
use chat2svg_stop::Stop;
use chat2svg_vector::{
    Color, Distance, Document, Emission, Gloss, Group, Habitat, Material, Meaning, Metadata, Node,
    Paint, Part, Place, Role, Setting, Shape, TimeOfDay, Weather,
};
use kurbo::{BezPath, Circle, Rect, Shape as _};

use super::{assert_lost, exceptions};
use crate::{DetailConfig, enhance};

const BACKDROP: usize = 0;
const GROUND: usize = 2;
const THING: usize = 4;

fn shape(path: BezPath, color: [u8; 3], role: Role) -> Node {
    let [red, green, blue] = color;
    let paint = Paint::Solid(Color::from_rgb8(red, green, blue));
    Node::Shape(Shape {
        meaning: Meaning::of_role(role),
        ..Shape::filled("a", path, paint)
    })
}

fn rectangle(bounds: [f64; 4], color: [u8; 3], role: Role) -> Node {
    let [x0, y0, x1, y1] = bounds;
    shape(Rect::new(x0, y0, x1, y1).to_path(0.1), color, role)
}

fn disc(x: f64, y: f64, radius: f64) -> Node {
    let path = Circle::new((x, y), radius).to_path(0.1);
    shape(path, [200, 60, 50], Role::Thing)
}

/// Sky, something far, ground, falling streaks, and a thing of two parts.
fn scene(backdrop: [u8; 3], setting: Setting) -> Document {
    let thing = Group {
        children: vec![disc(34.0, 58.0, 20.0), disc(76.0, 64.0, 13.0)],
        ..Group::new("b")
    };
    Document {
        width: 100.0,
        height: 100.0,
        view_box: Rect::new(0.0, 0.0, 100.0, 100.0),
        title: None,
        description: None,
        metadata: Metadata {
            setting,
            ..Metadata::default()
        },
        layers: vec![
            rectangle([0.0, 0.0, 100.0, 100.0], backdrop, Role::Sky),
            rectangle([10.0, 30.0, 90.0, 60.0], [90, 120, 140], Role::Scenery),
            rectangle([0.0, 55.0, 100.0, 100.0], [110, 150, 80], Role::Ground),
            rectangle([4.0, 5.0, 5.0, 15.0], [220, 225, 235], Role::Weather),
            Node::Group(thing),
        ],
    }
}

/// By day, at night and in a room.
fn scenes() -> [Document; 3] {
    let setting = |place, time| Setting {
        place: Some(place),
        time: Some(time),
        weather: None,
    };
    [
        scene([150, 195, 235], setting(Place::Meadow, TimeOfDay::Day)),
        scene([20, 26, 60], setting(Place::Meadow, TimeOfDay::Night)),
        scene([225, 205, 175], setting(Place::Room, TimeOfDay::Day)),
    ]
}

fn at(document: &mut Document, layer: usize) -> &mut Meaning {
    document.layers[layer].meaning_mut()
}

/// Whether what is said makes a difference to a scene of which `before` is said.
fn changes_the_picture(before: &dyn Fn(&mut Document), said: &dyn Fn(&mut Document)) -> bool {
    let mut config = DetailConfig::default();
    config.levels.high.target_side = 96;
    let parameters = config.levels.get(ResourceLevel::High);
    let made = |document: &Document| {
        let made = enhance(document, Style::Flat, parameters, &Stop::never());
        made.map(|made| (made.target, made.added))
            .map_err(|error| error.to_string())
    };
    scenes().into_iter().any(|mut scene| {
        before(&mut scene);
        let silent = made(&scene);
        assert!(silent.is_ok(), "{silent:?}");
        said(&mut scene);
        made(&scene) != silent
    })
}

/// The values of a vocabulary that make no difference where they are said.
fn idle<T: Copy + std::fmt::Display>(
    attribute: &str,
    values: &[T],
    before: &dyn Fn(&mut Document),
    say: &dyn Fn(&mut Document, T),
) -> Vec<String> {
    values
        .iter()
        .filter(|value| !changes_the_picture(before, &|document| say(document, **value)))
        .map(|value| format!("{attribute} {value}"))
        .collect()
}

fn nothing(_: &mut Document) {}

#[test]
fn every_word_that_can_be_stated_changes_the_picture() {
    let mut lost = Vec::new();
    lost.extend(idle(
        Role::ATTRIBUTE,
        Role::ALL,
        &nothing,
        &|document, role| {
            at(document, THING).role = Some(role);
            if let Node::Group(group) = &mut document.layers[THING] {
                for part in &mut group.children {
                    *part.meaning_mut() = Meaning::NONE;
                }
            }
        },
    ));
    let unlike = |document: &mut Document, material: Material| {
        at(document, GROUND).material = Some(material);
        at(document, THING).material = Some(material);
    };
    lost.extend(idle(Material::ATTRIBUTE, Material::ALL, &nothing, &unlike));
    let glossy = |document: &mut Document| at(document, THING).gloss = Some(Gloss::Glossy);
    let shines: &[Gloss] = &[Gloss::Glossy];
    lost.extend(idle(
        Gloss::ATTRIBUTE,
        shines,
        &nothing,
        &|document, gloss| {
            at(document, THING).gloss = Some(gloss);
        },
    ));
    lost.extend(idle(
        Gloss::ATTRIBUTE,
        &[Gloss::Matt],
        &glossy,
        &|document, gloss| {
            at(document, THING).gloss = Some(gloss);
        },
    ));
    lost.extend(idle(
        Part::ATTRIBUTE,
        Part::ALL,
        &glossy,
        &|document, part| {
            at(document, THING).part = Some(part);
        },
    ));
    lost.extend(idle(
        "data-member",
        &[1_u16],
        &glossy,
        &|document, member| {
            if let Node::Group(group) = &mut document.layers[THING] {
                for (part, number) in group.children.iter_mut().zip(member..) {
                    part.meaning_mut().member = Some(number);
                }
            }
        },
    ));
    let light = |document: &mut Document| {
        at(document, THING).role = Some(Role::Light);
        if let Node::Group(group) = &mut document.layers[THING] {
            for part in &mut group.children {
                *part.meaning_mut() = Meaning::NONE;
            }
        }
    };
    lost.extend(idle(
        Emission::ATTRIBUTE,
        Emission::ALL,
        &light,
        &|document, emits| {
            at(document, THING).emits = Some(emits);
        },
    ));
    lost.extend(idle(
        Habitat::ATTRIBUTE,
        Habitat::ALL,
        &nothing,
        &|document, habitat| {
            at(document, THING).habitat = Some(habitat);
        },
    ));
    lost.extend(idle(
        Distance::ATTRIBUTE,
        Distance::ALL,
        &nothing,
        &|document, distance| {
            at(document, GROUND - 1).distance = Some(distance);
        },
    ));
    lost.extend(idle(
        Place::ATTRIBUTE,
        Place::ALL,
        &|document| {
            // Air shows before what is far.
            at(document, GROUND - 1).distance = Some(Distance::Far);
            document.metadata.setting.place = None;
        },
        &|document, place| document.metadata.setting.place = Some(place),
    ));
    lost.extend(idle(
        TimeOfDay::ATTRIBUTE,
        TimeOfDay::ALL,
        &|document| {
            document.metadata.setting.time = None;
        },
        &|document, time| document.metadata.setting.time = Some(time),
    ));
    lost.extend(idle(
        Weather::ATTRIBUTE,
        Weather::ALL,
        &nothing,
        &|document, weather| {
            document.metadata.setting.weather = Some(weather);
        },
    ));
    let known = exceptions::IDLE.into_iter().chain(exceptions::UNMARKED);
    assert_lost("words without effect", lost, known);
}

#[test]
fn a_material_counts_by_what_is_made_of_it() {
    // A wall behind everything has no marks of its own: what is said of it says nothing here.
    assert!(!changes_the_picture(&nothing, &|document| {
        at(document, BACKDROP).material = Some(Material::Wood);
    }));
}
