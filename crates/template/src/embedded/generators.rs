//! Pictures of our own: what the emoji collection lacks, or draws in another perspective, and
//! people often ask for. The registry maps a name to the function or to the SVG file that draws it.

mod buildings;
mod figures;
#[cfg(test)]
mod files;
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

pub(crate) use lettering::{letter, letters};

use chat2svg_vector::Color;
use rand_chacha::ChaCha8Rng;

use super::art::Drawing;
use super::art::asset::Asset;
use super::art::cache::Cache;
use super::art::tone::{Tones, hex};
use super::dice::Dice;
use super::scene::Material;
use super::things::mark_parts;

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

    /// Tones of the colour that was asked for, else of the material, else of the default
    /// `0xRRGGBB`.
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
        Material::Bark => 0x7A5638,
        Material::Leaves => 0x5FA04A,
        Material::Sand => 0xF2DDA8,
        Material::Snow => 0xF3F8FB,
        Material::Tiles => 0xC8503C,
        Material::Feathers => 0xE6E1D6,
        Material::Cloud => 0xF2F6FA,
    })
}

/// Where a drawing comes from.
#[derive(Clone, Copy)]
enum Source {
    /// A function: it varies with the random numbers, or has letters.
    Code(fn(&Params, &mut Dice<'_>) -> Drawing),
    /// An SVG file, which is always the same but for its colour.
    File {
        /// Its text.
        svg: &'static str,
        /// The usual colours as `0xRRGGBB`, one of which is taken when none was asked for; empty
        /// for that in the file.
        colors: &'static [u32],
    },
}

/// The entry of a drawing in `assets/art`, with its usual colours if it has several.
macro_rules! file {
    ($name:literal) => {
        file!($name, [])
    };
    ($name:literal, $colors:expr) => {
        (
            $name,
            Source::File {
                svg: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/assets/art/",
                    $name,
                    ".svg"
                )),
                colors: &$colors,
            },
        )
    };
}

/// Drawings in files, by their names.
static PARSED: Cache<Asset> = Cache::new();

/// Every drawing, by its name; sorted, so that lookup and listing agree.
const REGISTRY: &[(&str, Source)] = &[
    file!("arrow", shapes::COLORS),
    file!("astronaut"),
    ("badge", Source::Code(lettering::badge)),
    file!("ball", [0xDD2E44, 0x3B88C3, 0xF4900C, 0x5FA845]),
    file!(
        "balloon",
        [0xDD2E44, 0x3B88C3, 0xFFC83D, 0x9266CC, 0x5FA845]
    ),
    ("banner", Source::Code(lettering::banner)),
    ("bare-tree", Source::Code(trees::bare_tree)),
    file!("barn"),
    file!("basket"),
    file!("bed"),
    file!("bench"),
    file!("boat"),
    file!("book", [0xB5443C, 0x3B6EA5, 0x4E8A5A, 0x7A5CA8]),
    ("bookshelf", Source::Code(furniture::bookshelf)),
    file!("bottle"),
    file!("bowl"),
    file!("box"),
    ("boy", Source::Code(figures::boy)),
    file!("bridge"),
    ("bush", Source::Code(trees::bush)),
    ("castle", Source::Code(towers::castle)),
    file!("chair"),
    ("checker", Source::Code(patterns::checker)),
    file!("church"),
    file!("circle", shapes::COLORS),
    file!("cliff"),
    ("cloud", Source::Code(nature::cloud)),
    ("concentric", Source::Code(patterns::concentric)),
    file!("cone", shapes::COLORS),
    ("cottage", Source::Code(buildings::cottage)),
    file!("cross", shapes::COLORS),
    file!("cube", shapes::COLORS),
    file!("cup", [0xE4574C, 0x3B88C3, 0xF2EDE4, 0x5FA88E]),
    file!("cylinder", shapes::COLORS),
    ("daisy", Source::Code(plants::daisy)),
    file!("diamond", shapes::COLORS),
    file!("door"),
    ("dots", Source::Code(patterns::dots)),
    file!("fence"),
    ("fireworks", Source::Code(nature::fireworks)),
    ("flag", Source::Code(things::flag)),
    ("flower", Source::Code(plants::flower)),
    file!("frame"),
    file!("full-moon"),
    ("girl", Source::Code(figures::girl)),
    file!("glass-bowl"),
    ("grass", Source::Code(plants::grass)),
    file!("heart"),
    ("hedge", Source::Code(trees::hedge)),
    file!("hexagon", shapes::COLORS),
    ("hill", Source::Code(scenery::hill)),
    ("hot-air-balloon", Source::Code(things::hot_air_balloon)),
    ("house", Source::Code(buildings::house)),
    file!("iceberg"),
    file!("lamp"),
    file!("lighthouse"),
    ("logo", Source::Code(lettering::logo)),
    ("man", Source::Code(figures::man)),
    file!("moon"),
    ("mosaic", Source::Code(patterns::mosaic)),
    ("mountain", Source::Code(scenery::mountain)),
    file!("octagon", shapes::COLORS),
    file!("oval", shapes::COLORS),
    ("palm", Source::Code(trees::palm)),
    file!("path"),
    file!("pentagon", shapes::COLORS),
    file!("pillow"),
    ("pine", Source::Code(trees::pine)),
    ("planet", Source::Code(nature::planet)),
    file!("plate"),
    file!("pond"),
    ("pyramid", Source::Code(shapes::pyramid)),
    file!("rainbow"),
    file!("rectangle", shapes::COLORS),
    file!("ring", shapes::COLORS),
    file!("river"),
    file!("road"),
    ("rock", Source::Code(scenery::rock)),
    ("rose", Source::Code(plants::rose)),
    file!("rug", [0xB5495B, 0x4F7CA8, 0x7E9B5A]),
    file!("shelf"),
    ("sign", Source::Code(lettering::sign)),
    ("skyscraper", Source::Code(towers::skyscraper)),
    file!("sofa", [0x4F9AA8, 0xC96B5B, 0x7B8FB5, 0xD9A441]),
    file!("sphere", shapes::COLORS),
    ("spiral", Source::Code(shapes::spiral)),
    file!("square", shapes::COLORS),
    file!("star"),
    file!("streetlamp"),
    ("stripes", Source::Code(patterns::stripes)),
    ("sun", Source::Code(nature::sun)),
    ("sunflower", Source::Code(plants::sunflower)),
    file!("table"),
    file!("tent"),
    file!("tower"),
    ("tree", Source::Code(trees::tree)),
    file!("triangle", shapes::COLORS),
    file!("tulip", [0xDD2E44, 0xFFCC4D, 0xEA6F91, 0x9266CC]),
    file!("vase", [0x3F7FB0, 0xC96B4B, 0x5FA88E, 0x9266CC]),
    file!("wall"),
    file!("waterfall"),
    ("waves", Source::Code(patterns::waves)),
    file!("windmill"),
    file!("window"),
    ("woman", Source::Code(figures::woman)),
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
    let name = match (name, params.material) {
        ("bowl", Some(Material::Glass | Material::Water)) => "glass-bowl",
        (known, _) => known,
    };
    let index = REGISTRY
        .binary_search_by(|(known, _)| (*known).cmp(name))
        .ok()?;
    let (name, source) = REGISTRY.get(index)?;
    let mut drawing = match source {
        Source::Code(generator) => generator(params, dice),
        Source::File { svg, colors } => {
            let usual = colors.split_first();
            // Asked for or not: what is drawn after this one must not depend on it.
            let usual = usual.map(|(first, others)| hex(dice.pick(*first, others)));
            let asset = PARSED.get(name, || Asset::parse(svg).ok())?;
            asset.draw(params.body_color().or(usual))
        }
    };
    mark_parts(name, &mut drawing.nodes);
    Some(drawing)
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
