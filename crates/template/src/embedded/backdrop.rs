//! Surroundings: sky, distance and ground for every place, time and weather, as named layers. Where
//! objects may stand is told by the [`Stage`]; the objects themselves are not drawn here.

mod built;
mod land;
mod sky;
mod water;
mod weather;

use chat2svg_vector::{
    Color, Distance, Emission, GradientStop, LinearGradient, Material, Meaning, Node, Paint, Role,
    Spread,
};
use kurbo::{Affine, BezPath, Point, Size};

use super::art::Drawing;
use super::art::pen::{Pen, smooth_open};
use super::art::tone::Tones;
use super::dice::Dice;
use super::light::Light;
use super::scene::{Place, Season, Setting, Weather};

/// What the layout needs to know of the surroundings, in canvas coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stage {
    /// Canvas.
    pub(crate) size: Size,
    /// Where the ground or the water meets the sky.
    pub(crate) horizon: f64,
    /// Where the farthest objects stand.
    pub(crate) ground_top: f64,
    /// Where the nearest objects stand.
    pub(crate) ground_bottom: f64,
    /// The lowest point of the open sky, for things that fly.
    pub(crate) sky_bottom: f64,
    /// Where things that swim or float are, when there is water.
    pub(crate) water: Option<Band>,
    /// What objects stand in.
    pub(crate) medium: Medium,
}

impl Stage {
    /// A stage without bounds, for placing one thing against another.
    pub(crate) fn unbounded() -> Self {
        Self {
            size: Size::new(1e6, 1e6),
            horizon: 0.0,
            ground_top: 0.0,
            ground_bottom: 1e6,
            sky_bottom: 1e6,
            water: None,
            medium: Medium::Plain,
        }
    }
}

/// A horizontal band of the canvas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Band {
    /// Upper edge.
    pub(crate) top: f64,
    /// Lower edge.
    pub(crate) bottom: f64,
}

/// What objects are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// Things stand on ground.
    Ground,
    /// Things float on a water's surface.
    Water,
    /// Things hover anywhere: under water, in space, in the sky.
    Weightless,
    /// No surroundings: a plain ground.
    Plain,
}

/// Surroundings, painted.
pub(crate) struct Backdrop {
    /// Layers behind the objects, back to front.
    pub(crate) behind: Vec<Node>,
    /// Layers in front of the objects.
    pub(crate) front: Vec<Node>,
    /// Where objects may be.
    pub(crate) stage: Stage,
}

/// What a place is painted with.
pub(crate) struct Scenery<'a, 'b> {
    /// Canvas.
    pub(crate) size: Size,
    /// A hundredth of the shorter side.
    pub(crate) unit: f64,
    /// The light.
    pub(crate) light: Light,
    /// Season, which colours leaves and ground.
    pub(crate) season: Option<Season>,
    /// Weather.
    pub(crate) weather: Option<Weather>,
    /// Whether the sky may show a sun or moon of its own (not when the prompt's objects have one).
    pub(crate) own_sun: bool,
    /// Choices.
    pub(crate) dice: &'a mut Dice<'b>,
}

/// What is behind everything in the open.
const SKY: Meaning = Meaning::of_role(Role::Sky);
/// A wall or paper.
const BACKGROUND: Meaning = Meaning::of_role(Role::Background);
/// What things stand on.
const GROUND: Meaning = Meaning::of_role(Role::Ground);
/// The surface of open water.
const OPEN_WATER: Meaning = Meaning {
    material: Some(Material::Water),
    ..GROUND
};
/// What is so far that air pales it.
const FAR: Meaning = Meaning {
    distance: Some(Distance::Far),
    ..SCENERY
};
/// What is far, and before that.
const SCENERY: Meaning = Meaning::of_role(Role::Scenery);
/// Things of the surroundings, behind those of the prompt.
const SURROUNDING: Meaning = Meaning {
    distance: Some(Distance::Middle),
    ..Meaning::NONE
};
/// Clouds of the surroundings.
const CLOUDS: Meaning = Meaning {
    material: Some(Material::Cloud),
    ..SURROUNDING
};
/// What falls or drifts before everything.
const WEATHER: Meaning = Meaning::of_role(Role::Weather);
/// Light in the air around what shines.
const GLOW: Meaning = Meaning::of_role(Role::Glow);

/// Something that gives light.
const fn light_of(emits: Emission) -> Meaning {
    Meaning {
        emits: Some(emits),
        ..Meaning::of_role(Role::Light)
    }
}

impl Scenery<'_, '_> {
    /// A width as a share of the canvas.
    pub(crate) fn x(&self, share: f64) -> f64 {
        self.size.width * share
    }

    /// A height as a share of the canvas.
    pub(crate) fn y(&self, share: f64) -> f64 {
        self.size.height * share
    }

    /// Tones of a ground colour in this light.
    pub(crate) fn ground(&self, color: Color) -> Tones {
        Tones::of(self.light.on_ground(color))
    }

    /// Tones of the grass of the season.
    pub(crate) fn grass(&self) -> Tones {
        let rgb = match (self.season, self.weather) {
            (Some(Season::Winter), _) | (None, Some(Weather::Snowfall)) => 0xEEF4F8,
            (Some(Season::Autumn), _) => 0xC2A95A,
            (Some(Season::Spring), _) => 0x93CC62,
            _ => 0x86C25C,
        };
        self.ground(super::art::tone::hex(rgb))
    }

    /// What the grass of the season is covered with.
    pub(crate) fn turf(&self) -> Material {
        match (self.season, self.weather) {
            (Some(Season::Winter), _) | (None, Some(Weather::Snowfall)) => Material::Snow,
            _ => Material::Grass,
        }
    }

    /// The colour of leaves of the season.
    pub(crate) fn leaves(&self) -> Color {
        super::art::tone::hex(match self.season {
            Some(Season::Autumn) => 0xD98A35,
            Some(Season::Winter) => 0xDDE8EE,
            Some(Season::Spring) => 0x8CC660,
            _ => 0x5FA04A,
        })
    }

    /// The whole canvas, or a band of it down to the bottom; a little wider than the canvas, so
    /// that an outline has no line along the canvas's edge.
    pub(crate) fn band(&self, top: f64) -> BezPath {
        let (width, height) = (self.size.width, self.size.height);
        super::art::pen::rounded_rect((-0.02 * width, top, 1.04 * width, 1.02 * height - top), 0.0)
    }

    /// Land below a rolling line: `swing` is its height, `waves` its number of knots.
    pub(crate) fn rolling(&mut self, y: f64, swing: f64, waves: usize) -> BezPath {
        let width = self.size.width;
        let step = width / waves as f64;
        let lift = self.dice.below(2);
        let points: Vec<(f64, f64)> = (0..=waves + 2)
            .map(|index| {
                let up = if (index + lift).is_multiple_of(2) {
                    -1.0
                } else {
                    1.0
                };
                let x = step * (index as f64 - 1.0) + self.dice.range(-0.15, 0.15) * step;
                (x, y + up * swing * self.dice.range(0.4, 1.0))
            })
            .collect();
        self.below_line(&points)
    }

    /// Everything below a smooth line through points that span the canvas.
    pub(crate) fn below_line(&self, points: &[(f64, f64)]) -> BezPath {
        // A little below the canvas, so that an outline of the land has no line along the edge.
        let (mut path, bottom) = (smooth_open(points), self.size.height * 1.02);
        if let (Some(first), Some(last)) = (points.first(), points.last()) {
            path.line_to((last.0, bottom));
            path.line_to((first.0, bottom));
            path.close_path();
        }
        clip_to_canvas(path, self.size)
    }

    /// A drawing as a group, standing with its foot at a point and this high, in the light of
    /// `far`.
    pub(crate) fn stand(
        &self,
        pen: &mut Pen,
        label: &str,
        drawing: Drawing,
        foot: (f64, f64),
        height: f64,
        far: f32,
    ) {
        let light = self.light;
        self.stand_in(pen, label, drawing, foot, height, &|color| {
            light.far(color, far)
        });
    }

    /// As [`Scenery::stand`], in colours of its own: what shines or is beyond the air.
    pub(crate) fn stand_unlit(
        &self,
        pen: &mut Pen,
        label: &str,
        drawing: Drawing,
        foot: (f64, f64),
        height: f64,
    ) {
        self.stand_in(pen, label, drawing, foot, height, &|color| color);
    }

    fn stand_in(
        &self,
        pen: &mut Pen,
        label: &str,
        drawing: Drawing,
        foot: (f64, f64),
        height: f64,
        tint: &dyn Fn(Color) -> Color,
    ) {
        let scale = height / drawing.bounds.height().max(1e-6);
        let move_to = Affine::translate((foot.0, foot.1))
            * Affine::scale(scale)
            * Affine::translate((-drawing.bounds.center().x, -drawing.bounds.y1));
        let mut group = chat2svg_vector::Group::new(label);
        group.children = drawing.nodes;
        for node in &mut group.children {
            super::art::apply(node, move_to);
            super::art::recolor::map_colors(node, tint);
        }
        pen.push(Node::Group(group));
    }
}

/// Lines may start a little outside the canvas; a node's box should not.
fn clip_to_canvas(path: BezPath, size: Size) -> BezPath {
    let reach = size.width * 0.06;
    let fix = |point: Point| {
        Point::new(
            point.x.clamp(-reach, size.width + reach),
            point.y.clamp(-size.height, size.height * 1.02),
        )
    };
    path.into_iter()
        .map(|element| match element {
            kurbo::PathEl::MoveTo(p) => kurbo::PathEl::MoveTo(fix(p)),
            kurbo::PathEl::LineTo(p) => kurbo::PathEl::LineTo(fix(p)),
            kurbo::PathEl::QuadTo(a, p) => kurbo::PathEl::QuadTo(fix(a), fix(p)),
            kurbo::PathEl::CurveTo(a, b, p) => kurbo::PathEl::CurveTo(fix(a), fix(b), fix(p)),
            kurbo::PathEl::ClosePath => kurbo::PathEl::ClosePath,
        })
        .collect()
}

/// A vertical gradient.
pub(crate) fn vertical(top: f64, bottom: f64, stops: &[(f32, Color)]) -> Paint {
    Paint::Linear(LinearGradient {
        start: Point::new(0.0, top),
        end: Point::new(0.0, bottom),
        transform: Affine::IDENTITY,
        stops: stops
            .iter()
            .map(|&(offset, color)| GradientStop {
                offset,
                color,
                opacity: 1.0,
            })
            .collect(),
        spread: Spread::Pad,
    })
}

/// Paints the surroundings of a setting.
///
/// `own_sun` says whether the sky may have a sun or moon beyond the prompt's objects, `icon`
/// whether a plain ground carries a single object.
pub(crate) fn paint(
    setting: &Setting,
    size: Size,
    own_sun: bool,
    icon: bool,
    dice: &mut Dice<'_>,
) -> Backdrop {
    let mut scenery = Scenery {
        size,
        unit: size.width.min(size.height) / 100.0,
        light: Light::of(setting.time, setting.weather),
        season: setting.season,
        weather: setting.weather,
        own_sun,
        dice,
    };
    let place = setting.place.unwrap_or(Place::Plain);
    let mut pen = Pen::new();
    let mut front = Pen::new();
    let stage = match place {
        Place::Plain => sky::plain(&mut pen, &mut scenery, setting.background, icon),
        Place::Sky => sky::open(&mut pen, &mut scenery),
        Place::Space => sky::space(&mut pen, &mut scenery),
        Place::Meadow => land::meadow(&mut pen, &mut front, &mut scenery),
        Place::Garden => land::garden(&mut pen, &mut front, &mut scenery),
        Place::Park => land::park(&mut pen, &mut scenery),
        Place::Farm => land::farm(&mut pen, &mut scenery),
        Place::Forest => land::forest(&mut pen, &mut front, &mut scenery),
        Place::Mountains => land::mountains(&mut pen, &mut scenery),
        Place::Desert => land::desert(&mut pen, &mut scenery),
        Place::Snow => land::snow(&mut pen, &mut scenery),
        Place::Beach => water::beach(&mut pen, &mut scenery),
        Place::Sea => water::sea(&mut pen, &mut scenery),
        Place::Underwater => water::underwater(&mut pen, &mut front, &mut scenery),
        Place::River => water::river(&mut pen, &mut scenery),
        Place::Lake => water::lake(&mut pen, &mut scenery),
        Place::Island => water::island(&mut pen, &mut scenery),
        Place::City => built::city(&mut pen, &mut scenery),
        Place::Street => built::street(&mut pen, &mut scenery),
        Place::Room => built::room(&mut pen, &mut scenery),
    };
    if place != Place::Room && place != Place::Underwater && place != Place::Space {
        weather::fall(&mut front, &mut scenery);
    }
    Backdrop {
        behind: pen.finish(),
        front: front.finish(),
        stage,
    }
}
