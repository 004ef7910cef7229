//! From items and poses to named layers in painting order, with contact shadows.

use chat2svg_vector::{
    ClipPath, FillRule, Group, Habitat, Meaning, Node, Paint, Part, Role, Shape,
};
use kurbo::{Affine, Size};

use super::art::apply;
use super::art::pen::{ellipse, rounded_rect};
use super::art::recolor::map_colors;
use super::art::tone::hex;
use super::backdrop::{Medium, Stage};
use super::layout::{self, Item, Link, Pose, Solution};
use super::light::Light;
use super::scene::{RelationKind, TimeOfDay};
use super::things::Trait;

/// A pattern fills the canvas.
pub(crate) fn pattern_layers(items: &[Item], size: Size) -> Vec<Node> {
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
            group.meaning = item.meaning;
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
    cut_out: bool,
}

/// A layer for each object, back to front, and whether it is a thing that can be cut out (not
/// ground or sky); what holds others is split into back and front.
pub(crate) fn object_layers(
    items: &[Item],
    links: &[Option<Link>],
    solution: &Solution,
    stage: &Stage,
    light: Light,
    icon: bool,
) -> (Vec<Node>, Vec<bool>) {
    let mut layers: Vec<Layer> = Vec::new();
    let is_ground =
        |item: &Item| matches!(item.habitat, Habitat::Terrain) || item.has(Trait::Backdrop);
    let all_ground = items.iter().all(is_ground);
    for (index, item) in items.iter().enumerate() {
        let pose = &solution.poses[index];
        let cut_out = all_ground || !is_ground(item);
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
        group.meaning = item.meaning;
        let mut front = Group::new(format!("{} (front)", item.label));
        front.meaning = Meaning {
            part: Some(Part::Front),
            ..item.meaning
        };
        if let Some(shadow) = contact_shadow(index, item, links, pose, stage, light, icon) {
            group.children.push(shadow);
        }
        let mut back = Group::new(format!("{} (behind)", item.label));
        back.meaning = Meaning {
            part: Some(Part::Behind),
            ..item.meaning
        };
        for (member, drawing) in item.drawings.iter().enumerate() {
            let map = item.member_transform(member, pose);
            let mut nodes: Vec<Node> = drawing.nodes.clone();
            for node in &mut nodes {
                apply(node, map);
                if !item.has(Trait::Shines) {
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
                one.meaning.member = u16::try_from(member + 1).ok();
                one.children = nodes;
                target.push(Node::Group(one));
            }
        }
        if !front.children.is_empty() {
            group.meaning.part = Some(Part::Inside);
        }
        if !back.children.is_empty() {
            let around = links[index].map_or(pose.order, |link| solution.poses[link.parent].order);
            layers.push(Layer {
                order: around - 0.0015,
                node: Node::Group(back),
                cut_out,
            });
        }
        if !group.children.is_empty() {
            layers.push(Layer {
                order: pose.order,
                node: Node::Group(group),
                cut_out,
            });
        }
        if !front.children.is_empty() {
            layers.push(Layer {
                order: pose.order + 0.0015,
                node: Node::Group(front),
                cut_out,
            });
        }
    }
    layers.sort_by(|a, b| a.order.total_cmp(&b.order));
    layers
        .into_iter()
        .map(|layer| (layer.node, layer.cut_out))
        .unzip()
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
        || item.has(Trait::Symbol)
        || item.extent.y1 * pose.scale < -1.0
    {
        return None;
    }
    let mut shadows = Group::new("contact shadow");
    shadows.meaning = Meaning::of_role(Role::ContactShadow);
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
                    shape.meaning = Meaning::of_role(Role::ContactShadow);
                    Node::Shape(shape)
                }
                group => group,
            })
        }
        _ => Some(Node::Group(shadows)),
    }
}
