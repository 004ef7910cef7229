//! Parametric pictures of our own: what the emoji collection lacks, or draws in another
//! perspective, and people often ask for. The registry maps a name to the function that draws it.

mod astronaut;
mod buildings;
mod figures;
mod furniture;
mod lettering;
mod nature;
mod openings;
mod patterns;
mod plants;
mod scenery;
mod shapes;
mod things;
mod towers;
mod trees;

pub(crate) use lettering::letters;

use chat2svg_vector::Color;
use rand_chacha::ChaCha8Rng;

use super::art::Drawing;
use super::art::tone::{Tones, hex};
use super::dice::Dice;
use super::scene::Material;

/// What a prompt may ask of a generator.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// The colour that was asked for.
    pub color: Option<Color>,
    /// The material that was asked for.
    pub material: Option<Material>,
    /// Letters to show, for badges, signs and logos.
    pub text: Option<String>,
}

impl Params {
    /// The colour that was asked for, else that of the material.
    pub(crate) fn body_color(&self) -> Option<Color> {
        self.color.or_else(|| self.material.map(material_color))
    }

    /// Tones of the colour that was asked for, else of the material, else of the default `0xRRGGBB`.
    fn tones(&self, default: u32) -> Tones {
        Tones::of(self.body_color().unwrap_or_else(|| hex(default)))
    }
}

/// The typical colour of a material.
pub(crate) fn material_color(material: Material) -> Color {
    hex(match material {
        Material::Wood => 0xB5794A,
        Material::Stone => 0xA3A9AE,
        Material::Brick => 0xB8573F,
        Material::Metal => 0x9AAAB4,
        Material::Gold => 0xF2B632,
        Material::Silver => 0xC3CCD4,
        Material::Glass => 0xBDE3F2,
        Material::Ice => 0xA9DDF3,
        Material::Paper => 0xF4EFE1,
        Material::Fabric => 0xC98FA0,
        Material::Fur => 0x9B6B43,
        Material::Water => 0x4FA8DE,
        Material::Grass => 0x77B255,
    })
}

type Generator = fn(&Params, &mut Dice<'_>) -> Drawing;

/// Every generator, by its name; sorted, so that lookup and listing agree.
const REGISTRY: &[(&str, Generator)] = &[
    ("arrow", shapes::arrow),
    ("astronaut", astronaut::astronaut),
    ("badge", lettering::badge),
    ("ball", things::ball),
    ("balloon", things::balloon),
    ("banner", lettering::banner),
    ("bare-tree", trees::bare_tree),
    ("barn", buildings::barn),
    ("basket", things::basket),
    ("bed", furniture::bed),
    ("bench", furniture::bench),
    ("boat", things::boat),
    ("book", things::book),
    ("bookshelf", furniture::bookshelf),
    ("bottle", things::bottle),
    ("bowl", things::bowl),
    ("box", things::crate_box),
    ("boy", figures::boy),
    ("bridge", buildings::bridge),
    ("bush", trees::bush),
    ("castle", towers::castle),
    ("chair", furniture::chair),
    ("checker", patterns::checker),
    ("church", buildings::church),
    ("circle", shapes::circle),
    ("cloud", nature::cloud),
    ("concentric", patterns::concentric),
    ("cone", shapes::cone),
    ("cottage", buildings::cottage),
    ("cross", shapes::cross),
    ("cube", shapes::cube),
    ("cup", things::cup),
    ("cylinder", shapes::cylinder),
    ("daisy", plants::daisy),
    ("diamond", shapes::diamond),
    ("door", openings::door),
    ("dots", patterns::dots),
    ("fence", scenery::fence),
    ("fireworks", nature::fireworks),
    ("flag", things::flag),
    ("flower", plants::flower),
    ("frame", furniture::frame),
    ("full-moon", nature::full_moon),
    ("girl", figures::girl),
    ("grass", plants::grass),
    ("heart", shapes::heart),
    ("hedge", trees::hedge),
    ("hexagon", shapes::hexagon),
    ("hill", scenery::hill),
    ("hot-air-balloon", things::hot_air_balloon),
    ("house", buildings::house),
    ("iceberg", scenery::iceberg),
    ("lamp", furniture::lamp),
    ("lighthouse", towers::lighthouse),
    ("logo", lettering::logo),
    ("man", figures::man),
    ("moon", nature::moon),
    ("mosaic", patterns::mosaic),
    ("mountain", scenery::mountain),
    ("octagon", shapes::octagon),
    ("oval", shapes::oval),
    ("palm", trees::palm),
    ("path", scenery::path),
    ("pentagon", shapes::pentagon),
    ("pillow", furniture::pillow),
    ("pine", trees::pine),
    ("planet", nature::planet),
    ("plate", things::plate),
    ("pond", scenery::pond),
    ("pyramid", shapes::pyramid),
    ("rainbow", nature::rainbow),
    ("rectangle", shapes::rectangle),
    ("ring", shapes::ring),
    ("river", scenery::river),
    ("road", scenery::road),
    ("rock", scenery::rock),
    ("rose", plants::rose),
    ("rug", furniture::rug),
    ("shelf", furniture::shelf),
    ("sign", lettering::sign),
    ("skyscraper", towers::skyscraper),
    ("sofa", furniture::sofa),
    ("sphere", shapes::sphere),
    ("spiral", shapes::spiral),
    ("square", shapes::square),
    ("star", shapes::star),
    ("streetlamp", furniture::streetlamp),
    ("stripes", patterns::stripes),
    ("sun", nature::sun),
    ("sunflower", plants::sunflower),
    ("table", furniture::table),
    ("tent", buildings::tent),
    ("tower", towers::tower),
    ("tree", trees::tree),
    ("triangle", shapes::triangle),
    ("tulip", plants::tulip),
    ("vase", things::vase),
    ("wall", scenery::wall),
    ("waterfall", scenery::waterfall),
    ("waves", patterns::waves),
    ("windmill", towers::windmill),
    ("window", openings::window),
    ("woman", figures::woman),
];

/// The names of all generators: lower-case, kebab-case, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|(name, _)| *name)
}

/// Draws what the name stands for; `None` when no generator has that name.
///
/// The same name, parameters and state of the random numbers give the same drawing.
pub fn draw(name: &str, params: &Params, rng: &mut ChaCha8Rng) -> Option<Drawing> {
    draw_with(name, params, &mut Dice::new(rng))
}

/// As [`draw`], with choices from dice that are already in hand.
pub(crate) fn draw_with(name: &str, params: &Params, dice: &mut Dice<'_>) -> Option<Drawing> {
    let index = REGISTRY
        .binary_search_by(|(known, _)| (*known).cmp(name))
        .ok()?;
    let (_, generator) = REGISTRY.get(index)?;
    Some(generator(params, dice))
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::Node;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn each_drawing(mut check: impl FnMut(&str, &Drawing)) {
        for name in names() {
            for seed in 0..6 {
                let params = Params {
                    color: (seed % 2 == 1).then(|| hex(0x3B88C3)),
                    material: (seed == 2).then_some(Material::Wood),
                    text: (seed > 2).then(|| "AB".to_owned()),
                };
                let drawing = draw(name, &params, &mut ChaCha8Rng::seed_from_u64(seed));
                check(name, &drawing.expect("the registry lists it"));
            }
        }
    }

    fn each_shape(nodes: &[Node], check: &mut impl FnMut(&chat2svg_vector::Shape)) {
        for node in nodes {
            match node {
                Node::Group(group) => each_shape(&group.children, check),
                Node::Shape(shape) => check(shape),
            }
        }
    }

    #[test]
    fn registry_is_sorted_so_that_every_name_is_found() {
        assert!(REGISTRY.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn every_generator_draws_named_shapes_that_are_not_empty() {
        each_drawing(|name, drawing| {
            let mut count = 0;
            each_shape(&drawing.nodes, &mut |shape| {
                count += 1;
                assert!(!shape.label.is_empty(), "{name} has an unnamed shape");
                assert!(
                    shape.path.elements().len() > 1,
                    "{name}: {} is empty",
                    shape.label
                );
                assert!(
                    shape.path.is_finite(),
                    "{name}: {} is not finite",
                    shape.label
                );
            });
            assert!((1..=160).contains(&count), "{name} has {count} shapes");
            assert!(drawing.bounds.area() > 1.0, "{name} has no extent");
        });
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        for name in names() {
            let draw = || draw(name, &Params::default(), &mut ChaCha8Rng::seed_from_u64(5));
            assert_eq!(draw().map(|d| d.nodes), draw().map(|d| d.nodes), "{name}");
        }
    }

    #[test]
    fn unknown_names_draw_nothing() {
        assert!(
            draw(
                "nonesuch",
                &Params::default(),
                &mut ChaCha8Rng::seed_from_u64(0)
            )
            .is_none()
        );
    }
}
