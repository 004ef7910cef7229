//! What a shape added to a template is called: the name of what it lies on, and a word for what it
//! is there by lightness, place and form.

use std::collections::BTreeSet;

use chat2svg_trace::{
    found_shape::{BACKGROUND, SHAPES},
    lines::Mask,
    neighbours::beside,
    picture::mean_color,
};
use chat2svg_vector::{Document, Group, Meaning, Role, Shape, ShapeVisit, Visibility};

use crate::{registration::Form, topology::LINES};

/// Share of the canvas that a shape was painted over, and share that it shows, from which it is a
/// background.
const PAINTED: f64 = 0.45;
const SHOWN: f64 = 0.2;
/// Stands between the name of a ground and the word for what lies on it.
const ON: &str = " / ";
/// All words.
const WORDS: [&str; 8] = [
    "rim",
    "line",
    "stripe",
    "spot",
    "detail",
    "highlight",
    "light",
    "shadow",
];

/// A name and what it says to later stages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Name {
    /// For people.
    pub label: String,
    /// For what follows.
    pub meaning: Meaning,
}

impl Name {
    /// Of a shape with such traits on a ground of a name, perhaps an empty one; `None` at the
    /// bottom.
    pub fn on(ground: Option<&str>, traits: &ShapeTraits) -> Self {
        let word = word(traits);
        let (ground, meaning) = match ground {
            Some(ground) => (ground_of(ground), meaning_of(word)),
            None => (BACKGROUND, Meaning::of_role(Role::Background)),
        };
        let label = match ground {
            "" => word.to_owned(),
            ground => format!("{ground}{ON}{word}"),
        };
        Self { label, meaning }
    }

    /// Gives it to a shape.
    pub fn give_to(self, shape: &mut Shape) {
        shape.label = self.label;
        shape.meaning = self.meaning;
    }
}

/// The name of what a shape with a label was put on, without the words for what lies on what; the
/// label of one that was not.
pub(crate) fn ground_of(label: &str) -> &str {
    match label.rsplit_once(ON) {
        Some((ground, word)) if WORDS.contains(&word) => ground_of(ground),
        _ => label,
    }
}

/// The name of what is at a depth of a shape's place, the shape or a group around it: its own,
/// label or id, or that of the nearest group that has one; empty where there is none.
pub(crate) fn name_at<'a>(visit: &ShapeVisit<'a>, depth: usize) -> &'a str {
    let own = (depth == visit.place.len()).then_some([&visit.shape.label, &visit.shape.id]);
    let groups = visit.groups.iter().take(depth).rev();
    let names = own
        .into_iter()
        .chain(groups.map(|group| [&group.label, &group.id]));
    let name = names.flatten().find(|name| !name.is_empty());
    name.map_or("", String::as_str)
}

/// Whether a group has a name.
pub(crate) fn is_named(group: &Group) -> bool {
    !group.label.is_empty() || !group.id.is_empty()
}

/// The name of a shape as a ground. The layers of a new document are nobody's names.
pub(crate) fn ground_name(visit: &ShapeVisit<'_>) -> String {
    match name_at(visit, visit.place.len()) {
        SHAPES | BACKGROUND | LINES => String::new(),
        name => name.to_owned(),
    }
}

/// What names are made from: the picture of a target and what a document shows in it.
pub struct Namer<'a, const COMPONENTS: usize> {
    picture: &'a [[f32; COMPONENTS]],
    width: usize,
    seen: &'a Visibility,
    backgrounds: BTreeSet<usize>,
}

impl<'a, const COMPONENTS: usize> Namer<'a, COMPONENTS> {
    /// Of a document, in a picture of the given width whose pixels begin with gamma-encoded sRGB;
    /// `seen` is what is seen of the document at that size.
    pub fn of(
        document: &Document,
        (picture, width): (&'a [[f32; COMPONENTS]], usize),
        seen: &'a Visibility,
    ) -> Self {
        let frame = document.view_box;
        let is_background = |visit: &ShapeVisit<'_>| {
            let bounds = visit.shape.paint_bounds(visit.transform);
            let covered = bounds.map_or(0.0, |bounds| bounds.intersect(frame).area());
            let shown = seen.pixels_of(visit.index).len() as f64;
            covered >= PAINTED * frame.area() && shown >= SHOWN * seen.owners().len() as f64
        };
        let shapes = document.shapes();
        let backgrounds = shapes.iter().filter(|visit| is_background(visit));
        Self {
            backgrounds: backgrounds.map(|visit| visit.index).collect(),
            picture,
            width,
            seen,
        }
    }

    /// What is known of some pixels, ascending, as a shape right above another, `None` at the
    /// bottom.
    pub fn traits(&self, own: &[u32], above: Option<usize>) -> ShapeTraits {
        let ground = above.map_or(&[][..], |shape| self.seen.pixels_of(shape));
        let rest: Vec<u32> = ground
            .iter()
            .copied()
            .filter(|pixel| own.binary_search(pixel).is_err())
            .collect();
        let color = mean_color(self.picture, own).to_oklab();
        let beneath = mean_color(self.picture, &rest).to_oklab();
        let form = Form::of(own.iter().copied(), self.width);
        let rows = ground.iter().map(|pixel| *pixel as usize / self.width);
        let height = match (rows.clone().min().zip(rows.max()), form) {
            (Some((top, bottom)), Some(form)) if bottom > top => {
                ((bottom as f64 + 0.5 - form.center.y) / (bottom - top) as f64).clamp(0.0, 1.0)
            }
            _ => 0.5,
        };
        let extent = Mask::of(own, self.width).map_or(0.0, |mask| mask.extent().hypot());
        let disc = std::f64::consts::FRAC_PI_4 * extent.max(1.0).powi(2);
        let owner = above.map_or(0, |shape| shape as u32 + 1);
        ShapeTraits {
            lighter: color.lightness - beneath.lightness,
            contrast: color.distance(beneath),
            share: own.len() as f64 / (rest.len() + own.len()).max(1) as f64,
            elongation: form.map_or(1.0, |form| form.ratio),
            fullness: own.len() as f64 / disc,
            height,
            edge: self.edge_share(own, owner),
            is_stroke: false,
            on_background: above.is_none_or(|shape| self.backgrounds.contains(&shape)),
        }
    }

    /// Share of a region's border beyond which lies neither it nor its ground.
    fn edge_share(&self, own: &[u32], owner: u32) -> f64 {
        let (mut border, mut edge) = (0_u32, 0_u32);
        let owners = self.seen.owners();
        let size = [self.width, owners.len() / self.width.max(1)];
        let others = own.iter().flat_map(|pixel| beside(size, *pixel as usize));
        for other in others.filter(|other| own.binary_search(&(*other as u32)).is_err()) {
            border += 1;
            edge += u32::from(owners.get(other) != Some(&owner));
        }
        f64::from(edge) / f64::from(border.max(1))
    }
}

/// What is known of a new shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShapeTraits {
    /// Its Oklab lightness less that of the ground beneath.
    pub(crate) lighter: f32,
    /// Its Oklab distance from the ground.
    pub(crate) contrast: f32,
    /// Its area over the ground's.
    pub(crate) share: f64,
    /// Longer axis over the shorter.
    pub(crate) elongation: f64,
    /// Area over that of the disc with its longest extent: small for thin and for winding forms.
    pub(crate) fullness: f64,
    /// How far up it lies in the ground's bounding box, 0 at the bottom and 1 at the top.
    pub(crate) height: f64,
    /// Share of its border beyond which lies neither it nor its ground.
    pub(crate) edge: f64,
    /// Whether it is drawn as a stroke.
    pub(crate) is_stroke: bool,
    /// Whether its ground fills the canvas: sky, wall, paper.
    pub(crate) on_background: bool,
}

impl ShapeTraits {
    /// The same of a shape that is drawn as a stroke.
    pub fn as_stroke(self) -> Self {
        Self {
            is_stroke: true,
            ..self
        }
    }
}

/// One word for it.
fn word(traits: &ShapeTraits) -> &'static str {
    let is_thin = traits.is_stroke || traits.fullness < 0.12 || traits.elongation > 5.0;
    if traits.edge > 0.3 && is_thin && !traits.on_background {
        return "rim";
    }
    if traits.is_stroke {
        return "line";
    }
    if is_thin {
        return "stripe";
    }
    if traits.on_background {
        return if traits.share < 0.004 {
            "spot"
        } else {
            "detail"
        };
    }
    if traits.lighter > 0.08 {
        return match traits.share {
            share if share < 0.2 && traits.height > 0.4 => "highlight",
            share if share < 0.2 => "spot",
            _ => "light",
        };
    }
    if traits.lighter < -0.04
        && traits.contrast < 0.35
        && (traits.share > 0.08 || traits.height < 0.35)
    {
        return "shadow";
    }
    if traits.share < 0.06 {
        return "spot";
    }
    "detail"
}

/// What a shape of such a word is: a highlight, or else a part of what it lies on.
fn meaning_of(word: &str) -> Meaning {
    match word {
        "highlight" => Meaning::of_role(Role::Highlight),
        _ => Meaning::NONE,
    }
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Color, Group, Node, Paint};
    use kurbo::BezPath;

    use super::*;

    const PLAIN: ShapeTraits = ShapeTraits {
        lighter: 0.0,
        contrast: 0.2,
        share: 0.1,
        elongation: 1.2,
        fullness: 0.6,
        height: 0.5,
        edge: 0.0,
        is_stroke: false,
        on_background: false,
    };

    #[test]
    fn words_say_what_is_seen() {
        let cases = [
            (
                "highlight",
                ShapeTraits {
                    lighter: 0.4,
                    share: 0.02,
                    height: 0.8,
                    ..PLAIN
                },
            ),
            (
                "light",
                ShapeTraits {
                    lighter: 0.2,
                    share: 0.5,
                    ..PLAIN
                },
            ),
            (
                "shadow",
                ShapeTraits {
                    lighter: -0.15,
                    share: 0.3,
                    ..PLAIN
                },
            ),
            (
                "spot",
                ShapeTraits {
                    lighter: -0.5,
                    contrast: 0.6,
                    share: 0.01,
                    ..PLAIN
                },
            ),
            (
                "stripe",
                ShapeTraits {
                    elongation: 9.0,
                    fullness: 0.1,
                    ..PLAIN
                },
            ),
            (
                "line",
                ShapeTraits {
                    is_stroke: true,
                    ..PLAIN
                },
            ),
            (
                "rim",
                ShapeTraits {
                    edge: 0.5,
                    fullness: 0.05,
                    ..PLAIN
                },
            ),
            (
                "spot",
                ShapeTraits {
                    on_background: true,
                    share: 0.001,
                    ..PLAIN
                },
            ),
            ("detail", PLAIN),
        ];
        for (expected, traits) in cases {
            assert_eq!(word(&traits), expected, "{traits:?}");
            assert!(WORDS.contains(&expected));
        }
    }

    #[test]
    fn what_lies_on_something_added_is_named_after_the_ground() {
        let label = |ground| Name::on(Some(ground), &PLAIN).label;
        assert_eq!(label("sea"), "sea / detail");
        assert_eq!(label("sea / line"), "sea / detail");
        assert_eq!(label("sea / line / rim"), "sea / detail");
        // A name that somebody gave is whole.
        assert_eq!(label("ship / mast"), "ship / mast / detail");
        assert_eq!(label(""), "detail");
        assert_eq!(Name::on(None, &PLAIN).label, "background / detail");
    }

    #[test]
    fn a_ground_is_called_by_its_label_or_id_or_its_groups() {
        let name = |label: &str, id: &str, group: &str| {
            let mut shape = Shape::filled(label, BezPath::new(), Paint::Solid(Color::BLACK));
            shape.id = id.to_owned();
            let mut document = Document::empty(8.0, 8.0);
            document.layers.push(Node::Group(Group {
                children: vec![Node::Shape(shape)],
                ..Group::new(group)
            }));
            ground_name(&document.shapes()[0])
        };
        assert_eq!(name("Sun", "sun-2", "sky"), "Sun");
        assert_eq!(name("", "sun-2", "sky"), "sun-2");
        assert_eq!(name("", "", "sky"), "sky");
        assert_eq!(name("", "", SHAPES), "");
    }
}
