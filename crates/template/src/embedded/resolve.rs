//! Resolves a scene's objects to drawings, and maps the scene's indices to the drawn items'.

use super::art::source;
use super::dice::Dice;
use super::layout::{Item, Violation};
use super::lookup::ArtLibrary;
use super::scene::{ObjectIndex, Relation, SceneDescription, SceneObject, SizeClass};

/// The objects of a scene, with their pictures.
pub(crate) struct ResolvedScene {
    /// Items, in the order of the scene.
    pub(crate) items: Vec<Item>,
    /// The index of the item that draws an object of the scene.
    pub(crate) drawn: Vec<Option<usize>>,
    /// The scene's relations between items.
    pub(crate) relations: Vec<Relation>,
    /// Labels of objects that have no picture.
    pub(crate) missing: Vec<String>,
}

impl ResolvedScene {
    /// Fetches the pictures of a scene's objects.
    pub(crate) fn resolve(
        scene: &SceneDescription,
        library: Option<&ArtLibrary>,
        dice: &mut Dice<'_>,
    ) -> Self {
        let mut resolved = Self {
            items: Vec::new(),
            drawn: Vec::new(),
            relations: Vec::new(),
            missing: Vec::new(),
        };
        for object in &scene.objects {
            match source::item(object, library, dice) {
                Some(item) => {
                    resolved.drawn.push(Some(resolved.items.len()));
                    resolved.items.push(item);
                }
                None => {
                    resolved.drawn.push(None);
                    resolved.missing.push(object.label.clone());
                }
            }
        }
        resolved.relations = remap(scene, &resolved.drawn);
        resolved
    }

    /// Drops the items of objects that the surroundings already show; says whether there were any.
    pub(crate) fn leave_out(
        &mut self,
        scene: &SceneDescription,
        shown: impl Fn(&SceneObject) -> bool,
    ) -> bool {
        let before = self.items.len();
        for (index, object) in scene.objects.iter().enumerate() {
            if !shown(object) {
                continue;
            }
            if let Some(item) = self.drawn.get_mut(index).and_then(Option::take) {
                self.items.remove(item);
                for other in self.drawn.iter_mut().flatten() {
                    if *other > item {
                        *other -= 1;
                    }
                }
            }
        }
        self.relations = remap(scene, &self.drawn);
        self.items.len() < before
    }
}

/// The first object is what the picture is about: it is drawn at least this large against the
/// largest.
const LEAST_PROMINENCE: f64 = 0.56;

/// Lifts a main subject that would be small beside the others, unless it was asked to be small.
pub(crate) fn make_prominent(items: &mut [Item], scene: &SceneDescription) {
    let largest = items.iter().map(|item| item.size).fold(0.0, f64::max);
    let asked_small = scene
        .objects
        .first()
        .is_some_and(|object| object.size < SizeClass::Usual);
    if let (Some(main), false) = (items.first_mut(), asked_small) {
        main.size = main.size.max(largest * LEAST_PROMINENCE);
    }
}

/// The scene's relations with indices of items; relations of undrawn objects fall away.
fn remap(scene: &SceneDescription, drawn: &[Option<usize>]) -> Vec<Relation> {
    let item = |index: ObjectIndex| drawn.get(index.0).copied().flatten().map(ObjectIndex);
    scene
        .relations
        .iter()
        .filter_map(|relation| {
            Some(Relation {
                subject: item(relation.subject)?,
                reference: item(relation.reference)?,
                kind: relation.kind,
                second_reference: relation.second_reference.and_then(item),
            })
        })
        .collect()
}

/// Violations with the scene's indices.
pub(crate) fn to_scene(violations: Vec<Violation>, drawn: &[Option<usize>]) -> Vec<Violation> {
    let object = |item: usize| {
        drawn
            .iter()
            .position(|known| *known == Some(item))
            .unwrap_or(item)
    };
    let index = |item: ObjectIndex| ObjectIndex(object(item.0));
    violations
        .into_iter()
        .map(|violation| match violation {
            Violation::Relation(relation) => Violation::Relation(Relation {
                subject: index(relation.subject),
                reference: index(relation.reference),
                kind: relation.kind,
                second_reference: relation.second_reference.map(index),
            }),
            Violation::OffCanvas {
                object: item,
                share,
            } => Violation::OffCanvas {
                object: object(item),
                share,
            },
            Violation::Covered {
                object: item,
                share,
            } => Violation::Covered {
                object: object(item),
                share,
            },
        })
        .collect()
}
