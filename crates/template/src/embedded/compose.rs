//! From a scene description to a document: draws the objects, paints the surroundings, lays out,
//! lights, and puts everything into named layers.

use chat2svg_protocol::Style;
use chat2svg_vector::{ClipPath, Credit, Document, FillRule, Group, Metadata, Node, Paint, Shape};
use kurbo::{Affine, Rect, Size};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::art::pen::{ellipse, rounded_rect};
use super::art::recolor::map_colors;
use super::art::tone::hex;
use super::art::{apply, source};
use super::backdrop::{self, Medium, Stage};
use super::dice::Dice;
use super::layout::sizes::Habitat;
use super::layout::{self, Item, Link, Pose, Solution, Violation};
use super::light::Light;
use super::lookup::ArtLibrary;
use super::scene::{Place, RelationKind, SceneDescription, SceneObject, SizeClass, TimeOfDay};
use super::{setting, style};

/// How a scene is drawn.
#[derive(Clone, Debug)]
pub struct ComposeOptions {
    /// Canvas width in pixels, at least 1.
    pub width: u32,
    /// Canvas height in pixels, at least 1.
    pub height: u32,
    /// The look; `None` takes the scene's, else flat.
    pub style: Option<Style>,
    /// Varies arrangement and details; the same seed gives the same document.
    pub seed: u64,
}

impl Default for ComposeOptions {
    fn default() -> Self {
        Self {
            width: 512,
            height: 512,
            style: None,
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
    let size = Size::new(
        f64::from(options.width.max(1)),
        f64::from(options.height.max(1)),
    );
    let style = options.style.or(scene.style).unwrap_or_default();

    let mut cast = Cast::gather(scene, library, &mut dice);
    let mut links = layout::links(&cast.items, &cast.relations);
    let setting = setting::resolve(&scene.setting, &cast.items, &links, style);
    if setting.place == Some(Place::Room) && cast.leave_out(scene, source::is_plain_wall) {
        // The room has walls of its own.
        links = layout::links(&cast.items, &cast.relations);
    }
    let Cast {
        mut items,
        drawn,
        relations,
        missing,
    } = cast;
    make_prominent(&mut items, scene);

    let single = items.len() == 1 && setting.place == Some(Place::Plain);
    let pattern = single && scene.objects.iter().any(source::is_pattern);
    let icon = single && items.first().is_some_and(|item| item.members.len() == 1);
    let own_sun = !items.iter().any(|item| {
        ["sun", "moon", "planet"]
            .iter()
            .any(|word| item.name.split(' ').any(|known| known == *word))
    });
    let backdrop = backdrop::paint(
        &setting,
        size,
        own_sun,
        icon || items.iter().all(Item::is_symbol),
        &mut dice,
    );
    let light = Light::of(setting.time, setting.weather);

    let solution = if icon {
        icon_layout(&items, size)
    } else {
        layout::solve(&mut items, &links, &relations, &backdrop.stage, &mut dice)
    };

    let objects_from = if pattern { 0 } else { backdrop.behind.len() };
    let mut layers = if pattern { Vec::new() } else { backdrop.behind };
    let mut credits: Vec<Credit> = Vec::new();
    for item in &items {
        for credit in item
            .drawings
            .iter()
            .filter_map(|drawing| drawing.credit.as_ref())
        {
            if !credits.contains(credit) {
                credits.push(credit.clone());
            }
        }
    }
    if pattern {
        layers.extend(pattern_layers(&items, size));
    } else {
        layers.extend(object_layers(
            &items,
            &links,
            &solution,
            &backdrop.stage,
            light,
            icon,
        ));
    }
    let objects = objects_from..layers.len();
    if !pattern {
        layers.extend(backdrop.front);
    }

    let mut document = Document {
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
            undrawn: scene.undrawn.iter().chain(&missing).cloned().collect(),
        },
        layers,
    };
    style::apply(&mut document, style, objects);
    Composed {
        document,
        style,
        cost: solution.cost,
        violations: to_scene(solution.violations, &drawn),
        missing,
    }
}

/// The objects of a scene, with their pictures.
struct Cast {
    items: Vec<Item>,
    /// The index of the item that draws an object of the scene.
    drawn: Vec<Option<usize>>,
    /// The scene's relations between items.
    relations: Vec<super::scene::Relation>,
    /// Labels of objects that have no picture.
    missing: Vec<String>,
}

impl Cast {
    fn gather(scene: &SceneDescription, library: Option<&ArtLibrary>, dice: &mut Dice<'_>) -> Self {
        let mut cast = Self {
            items: Vec::new(),
            drawn: Vec::new(),
            relations: Vec::new(),
            missing: Vec::new(),
        };
        for object in &scene.objects {
            match source::item(object, library, dice) {
                Some(item) => {
                    cast.drawn.push(Some(cast.items.len()));
                    cast.items.push(item);
                }
                None => {
                    cast.drawn.push(None);
                    cast.missing.push(object.label.clone());
                }
            }
        }
        cast.relations = remap(scene, &cast.drawn);
        cast
    }

    /// Drops the items of objects that the surroundings already show; says whether there were any.
    fn leave_out(
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

/// The first object is what the picture is about: it is drawn at least this large against the largest.
const LEAST_PROMINENCE: f64 = 0.42;

/// Lifts a main subject that would be small beside the others, unless it was asked to be small.
fn make_prominent(items: &mut [Item], scene: &SceneDescription) {
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
fn remap(scene: &SceneDescription, drawn: &[Option<usize>]) -> Vec<super::scene::Relation> {
    let item = |index: super::scene::ObjectIndex| {
        drawn
            .get(index.0)
            .copied()
            .flatten()
            .map(super::scene::ObjectIndex)
    };
    scene
        .relations
        .iter()
        .filter_map(|relation| {
            Some(super::scene::Relation {
                subject: item(relation.subject)?,
                reference: item(relation.reference)?,
                kind: relation.kind,
                second_reference: relation.second_reference.and_then(item),
            })
        })
        .collect()
}

/// Violations with the scene's indices.
fn to_scene(violations: Vec<Violation>, drawn: &[Option<usize>]) -> Vec<Violation> {
    let object = |item: usize| {
        drawn
            .iter()
            .position(|known| *known == Some(item))
            .unwrap_or(item)
    };
    let index = |item: super::scene::ObjectIndex| super::scene::ObjectIndex(object(item.0));
    violations
        .into_iter()
        .map(|violation| match violation {
            Violation::Relation(relation) => Violation::Relation(super::scene::Relation {
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

/// A pattern fills the canvas.
fn pattern_layers(items: &[Item], size: Size) -> Vec<Node> {
    items
        .iter()
        .filter_map(|item| {
            let drawing = item.drawings.first()?;
            let scale =
                (size.width / drawing.bounds.width()).max(size.height / drawing.bounds.height());
            let map = Affine::translate((size.width / 2.0, size.height / 2.0))
                * Affine::scale(scale)
                * Affine::translate((-drawing.bounds.center().x, -drawing.bounds.center().y));
            let mut group = Group::new(item.label.clone());
            group.children = drawing.nodes.clone();
            for node in &mut group.children {
                apply(node, map);
            }
            group.clip = Some(ClipPath {
                path: rounded_rect((0.0, 0.0, size.width, size.height), 0.0),
                rule: FillRule::NonZero,
            });
            Some(Node::Group(group))
        })
        .collect()
}

/// A layer with its place in the painting order.
struct Layer {
    order: f64,
    node: Node,
}

fn object_layers(
    items: &[Item],
    links: &[Option<Link>],
    solution: &Solution,
    stage: &Stage,
    light: Light,
    icon: bool,
) -> Vec<Node> {
    let mut layers: Vec<Layer> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let pose = &solution.poses[index];
        let holds_contents = links.iter().any(|link| {
            link.is_some_and(|link| {
                link.parent == index
                    && matches!(link.kind, RelationKind::Inside | RelationKind::With)
            })
        });
        let front_from = item
            .anchors()
            .and_then(|anchors| anchors.container)
            .filter(|_| holds_contents)
            .map(|container| container.front_from);
        let mut group = Group::new(item.label.clone());
        let mut front = Group::new(format!("{} (front)", item.label));
        if let Some(shadow) = contact_shadow(index, item, links, pose, stage, light, icon) {
            group.children.push(shadow);
        }
        let mut back = Group::new(format!("{} (behind)", item.label));
        for (member, drawing) in item.drawings.iter().enumerate() {
            let map = item.member_transform(member, pose);
            let mut nodes: Vec<Node> = drawing.nodes.clone();
            for node in &mut nodes {
                apply(node, map);
                if !item.shines() {
                    map_colors(node, &|color| light.on_object(color));
                }
            }
            let target = if member < solution.behind[index] {
                &mut back.children
            } else {
                &mut group.children
            };
            if item.drawings.len() == 1 {
                let split = front_from.unwrap_or(nodes.len()).min(nodes.len());
                front.children = nodes.split_off(split);
                target.extend(nodes);
            } else {
                let mut one = Group::new(format!("{} {}", item.label, member + 1));
                one.children = nodes;
                target.push(Node::Group(one));
            }
        }
        if !back.children.is_empty() {
            let around = links[index].map_or(pose.order, |link| solution.poses[link.parent].order);
            layers.push(Layer {
                order: around - 0.0015,
                node: Node::Group(back),
            });
        }
        if !group.children.is_empty() {
            layers.push(Layer {
                order: pose.order,
                node: Node::Group(group),
            });
        }
        if !front.children.is_empty() {
            layers.push(Layer {
                order: pose.order + 0.0015,
                node: Node::Group(front),
            });
        }
    }
    layers.sort_by(|a, b| a.order.total_cmp(&b.order));
    layers.into_iter().map(|layer| layer.node).collect()
}

/// A soft ellipse where a thing touches the ground.
fn contact_shadow(
    index: usize,
    item: &Item,
    links: &[Option<Link>],
    pose: &Pose,
    stage: &Stage,
    light: Light,
    icon: bool,
) -> Option<Node> {
    let lifted = links[index].is_some_and(|link| {
        matches!(
            link.kind,
            RelationKind::Above | RelationKind::Inside | RelationKind::With
        )
    });
    let weightless = stage.medium == Medium::Weightless || stage.medium == Medium::Water;
    if lifted
        || weightless
        || !matches!(item.habitat, Habitat::Ground)
        || item.is_symbol()
        || item.extent.y1 * pose.scale < -1.0
    {
        return None;
    }
    let mut shadows = Group::new("contact shadow");
    for (member, drawing) in item.members.iter().zip(&item.drawings) {
        let (width, height) = layout::shape_of(drawing);
        let half =
            width * member.scale * pose.scale * if height > width * 1.2 { 0.4 } else { 0.44 };
        let center = (
            pose.foot.x + member.x * pose.scale,
            pose.foot.y + member.y * pose.scale - half * 0.03,
        );
        let flat = if icon { 0.13 } else { 0.16 };
        let color = if light.time == TimeOfDay::Night {
            hex(0x070B22)
        } else {
            hex(0x1F2A3A)
        };
        let mut shape = Shape::filled(
            "shadow",
            ellipse(center, (half, half * flat)),
            Paint::Solid(color),
        );
        shape.opacity = 0.2;
        shadows.children.push(Node::Shape(shape));
    }
    match shadows.children.len() {
        0 => None,
        1 => {
            let only = shadows.children.pop()?;
            Some(match only {
                Node::Shape(mut shape) => {
                    shape.label = "contact shadow".to_owned();
                    Node::Shape(shape)
                }
                group => group,
            })
        }
        _ => Some(Node::Group(shadows)),
    }
}
