//! Reads a document as a scene: which shapes are sky, ground, light or thing, by the meaning that
//! it states (see `guess` for documents that state none). What is seen where is in `visible`.

use chat2svg_vector::{
    Color, Document, Emission, Habitat, Material, Meaning, Node, Paint, Place, Role, Setting, Shape,
};
use kurbo::{Affine, Rect, Shape as _};

/// A painted shape of the document.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Child indices from the document's layers down to the shape.
    pub(crate) path: Vec<usize>,
    /// Which thing it belongs to: items with the same number form one silhouette.
    pub(crate) object: usize,
    /// What it is in the scene; marks and highlights are what the surface that they lie on is.
    pub(crate) role: Role,
    /// All that is stated of it, by itself and the groups around it.
    pub(crate) meaning: Meaning,
    /// The light that the thing gives that it belongs to.
    pub(crate) source: Option<Emission>,
    /// Lower-case names from the layer down to the shape, joined by " / ".
    pub(crate) name: String,
    /// Maps the shape's coordinates to the document's.
    pub(crate) transform: Affine,
    /// Bounding box in the document's coordinates.
    pub(crate) bounds: Rect,
    /// Colour of the fill, or of the line where there is none, seen from afar; a middle grey
    /// without either.
    pub(crate) color: Color,
    /// Product of the opacities from the layer down to the fill.
    pub(crate) opacity: f32,
}

/// The colour that stands for a shape without paint.
const UNPAINTED: Color = Color::new(0.39, 0.39, 0.39);

impl Item {
    /// Oklab lightness of its colour, `0.0..=1.0`.
    pub(crate) fn lightness(&self) -> f32 {
        self.color.to_oklab().lightness
    }

    /// The name of the layer that it lies in.
    pub(crate) fn layer(&self) -> &str {
        self.name.split(" / ").next().unwrap_or(&self.name)
    }

    /// Whether it is water that is part of a thing, as the pool of a waterfall: it lies, and throws
    /// no shadow.
    pub(crate) fn is_wet(&self) -> bool {
        self.role == Role::Thing && self.meaning.material == Some(Material::Water)
    }

    /// Whether it gives light itself: a flame is not lit by the sun.
    pub(crate) fn is_burning(&self) -> bool {
        self.meaning.emits == Some(Emission::Fire)
    }

    /// Whether it is land that rises from the ground: it throws no shadow, for the two are one.
    pub(crate) fn is_land(&self) -> bool {
        self.role == Role::Thing && self.meaning.habitat == Some(Habitat::Terrain)
    }

    /// Whether it is the surface of open water.
    pub(crate) fn is_water(&self) -> bool {
        self.role == Role::Ground && self.meaning.material == Some(Material::Water)
    }

    /// Whether it is cloud, which is soft and throws no shadow.
    pub(crate) fn is_cloud(&self) -> bool {
        self.meaning.material == Some(Material::Cloud)
    }
}

/// Whether a thing touches no ground: it is in the air, or hangs on the wall of a room, and the
/// template has not put a shadow under it.
pub(crate) fn is_off_ground(scene: &Scene, object: usize) -> bool {
    let indoors = scene.setting.place.is_some_and(Place::is_indoors);
    let items = || scene.items.iter().filter(|item| item.object == object);
    let hovers = items().any(|item| match item.meaning.habitat {
        Some(Habitat::Sky) => true,
        Some(Habitat::Wall) => indoors,
        _ => false,
    });
    hovers && !items().any(|item| item.role.is_shadow())
}

/// All painted shapes, back to front.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    pub(crate) items: Vec<Item>,
    /// Number of things; every [`Item::object`] is less.
    pub(crate) objects: usize,
    /// For each thing, the child indices down to its group or shape.
    pub(crate) roots: Vec<Vec<usize>>,
    /// Where and when it plays.
    pub(crate) setting: Setting,
}

/// The list that holds the node at the end of a path, and the map from that list's coordinates to
/// the document's.
pub(crate) fn parent_of<'a>(
    document: &'a mut Document,
    path: &[usize],
) -> Option<(&'a mut Vec<Node>, Affine)> {
    let mut nodes = &mut document.layers;
    let mut transform = Affine::IDENTITY;
    let (_, parents) = path.split_last()?;
    for &index in parents {
        match nodes.get_mut(index)? {
            Node::Group(group) => {
                transform *= group.transform;
                nodes = &mut group.children;
            }
            Node::Shape(_) => return None,
        }
    }
    Some((nodes, transform))
}

impl Scene {
    /// Reads a document.
    pub(crate) fn read(document: &Document) -> Self {
        let mut scene = Self {
            setting: document.metadata.setting,
            ..Self::default()
        };
        let mut walk = Walk {
            scene: &mut scene,
            view: document.view_box,
            path: Vec::new(),
        };
        let inherited = Inherited {
            transform: Affine::IDENTITY,
            opacity: 1.0,
            name: String::new(),
            meaning: Meaning::NONE,
            source: None,
            object: None,
        };
        walk.nodes(&document.layers, &inherited);
        scene
    }
}

struct Walk<'a> {
    scene: &'a mut Scene,
    view: Rect,
    path: Vec<usize>,
}

#[derive(Clone)]
struct Inherited {
    transform: Affine,
    opacity: f32,
    name: String,
    meaning: Meaning,
    /// The light that the thing around gives.
    source: Option<Emission>,
    object: Option<usize>,
}

impl Walk<'_> {
    fn nodes(&mut self, nodes: &[Node], inherited: &Inherited) {
        for (index, node) in nodes.iter().enumerate() {
            self.path.push(index);
            match node {
                Node::Group(group) => {
                    let name = joined(&inherited.name, name_of(&group.label, &group.id));
                    // A group that only gathers things is not a thing itself.
                    let gathers = group.meaning.role == Some(Role::Layer);
                    let object = match inherited.object {
                        Some(object) => Some(object),
                        None if gathers => None,
                        None => Some(self.next_object()),
                    };
                    let inner = Inherited {
                        transform: inherited.transform * group.transform,
                        opacity: inherited.opacity * group.opacity,
                        name: if gathers {
                            inherited.name.clone()
                        } else {
                            name
                        },
                        meaning: group.meaning.within(inherited.meaning),
                        source: match inherited.object {
                            Some(_) => inherited.source,
                            None => group.meaning.emits,
                        },
                        object,
                    };
                    self.nodes(&group.children, &inner);
                }
                Node::Shape(shape) => self.shape(shape, inherited),
            }
            self.path.pop();
        }
    }

    fn next_object(&mut self) -> usize {
        self.scene.objects += 1;
        self.scene.roots.push(self.path.clone());
        self.scene.objects - 1
    }

    fn shape(&mut self, shape: &Shape, inherited: &Inherited) {
        let name = joined(&inherited.name, name_of(&shape.label, &shape.id));
        let bounds = inherited
            .transform
            .transform_rect_bbox(shape.path.bounding_box());
        let object = match inherited.object {
            Some(object) => object,
            None => self.next_object(),
        };
        let meaning = shape.meaning.within(inherited.meaning);
        let source = match inherited.object {
            Some(_) => inherited.source,
            None => shape.meaning.emits,
        };
        let surface = match meaning.role {
            // What has no form of its own is lit as what it lies on.
            Some(Role::Highlight | Role::Mark) => inherited.meaning.role.or(Some(Role::Thing)),
            role => role,
        };
        let role = surface
            .filter(|role| *role != Role::Layer)
            .unwrap_or_else(|| {
                let visible = bounds.intersect(self.view);
                let covers = visible.area() >= 0.9 * self.view.area();
                if covers && self.scene.items.is_empty() {
                    Role::Background
                } else {
                    Role::Thing
                }
            });
        let fill = shape.fill.as_ref();
        self.scene.items.push(Item {
            path: self.path.clone(),
            object,
            role,
            meaning,
            source,
            name,
            transform: inherited.transform,
            bounds,
            color: shape.main_paint().map_or(UNPAINTED, Paint::mean_color),
            opacity: inherited.opacity * shape.opacity * fill.map_or(1.0, |fill| fill.opacity),
        });
    }
}

fn name_of<'a>(label: &'a str, id: &'a str) -> &'a str {
    if label.is_empty() { id } else { label }
}

fn joined(parent: &str, name: &str) -> String {
    let name = name.to_lowercase();
    match (parent.is_empty(), name.is_empty()) {
        (true, _) => name,
        (_, true) => parent.to_owned(),
        _ => format!("{parent} / {name}"),
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Group, Metadata};
    use kurbo::Shape as _;

    use super::*;

    fn square(label: &str, side: f64) -> Node {
        let path = Rect::new(0.0, 0.0, side, side).to_path(0.1);
        Node::Shape(Shape::filled(label, path, Paint::Solid(Color::WHITE)))
    }

    fn group(label: &str, children: Vec<Node>) -> Node {
        Node::Group(Group {
            children,
            ..Group::new(label)
        })
    }

    fn roles(layers: Vec<Node>) -> Vec<(String, Role, usize)> {
        let mut document = Document {
            width: 100.0,
            height: 100.0,
            view_box: Rect::new(0.0, 0.0, 100.0, 100.0),
            title: None,
            description: None,
            metadata: Metadata::default(),
            layers,
        };
        crate::guess::guess_meaning(&mut document);
        let scene = Scene::read(&document);
        scene
            .items
            .into_iter()
            .map(|item| (item.name, item.role, item.object))
            .collect()
    }

    #[test]
    fn layers_are_known_by_whole_names_only() {
        let found = roles(vec![
            group("Sky", vec![square("", 100.0)]),
            group("distant hills", vec![square("hill", 20.0)]),
            group(
                "snow leopard",
                vec![square("head", 10.0), square("body", 10.0)],
            ),
        ]);
        let expected = [
            ("sky", Role::Sky, 0),
            ("distant hills / hill", Role::Scenery, 1),
            ("snow leopard / head", Role::Thing, 2),
            ("snow leopard / body", Role::Thing, 2),
        ];
        for (found, (name, role, object)) in found.iter().zip(expected) {
            assert_eq!((found.0.as_str(), found.1, found.2), (name, role, object));
        }
    }

    #[test]
    fn a_first_shape_over_the_whole_canvas_is_background() {
        let found = roles(vec![
            square("a", 100.0),
            square("b", 100.0),
            square("c", 10.0),
        ]);
        assert_eq!(
            found.iter().map(|item| item.1).collect::<Vec<_>>(),
            [Role::Background, Role::Thing, Role::Thing]
        );
    }

    #[test]
    fn the_border_of_a_sticker_is_not_part_of_the_thing() {
        let rim = group("sticker rim", vec![square("rim", 12.0)]);
        let found = roles(vec![group("fox", vec![rim, square("head", 10.0)])]);
        assert_eq!(
            found.iter().map(|item| item.1).collect::<Vec<_>>(),
            [Role::Border, Role::Thing]
        );
    }

    #[test]
    fn a_gathering_group_is_not_one_thing() {
        let found = roles(vec![group(
            "objects",
            vec![
                group("fox", vec![square("", 10.0)]),
                group("tree", vec![square("", 10.0)]),
            ],
        )]);
        assert_eq!(found.iter().map(|item| item.2).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(found[0].0, "fox");
    }
}
