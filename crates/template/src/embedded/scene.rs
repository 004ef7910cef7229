//! What a prompt asks for, as data: the contract between language and layout. No behaviour here.

pub use chat2svg_protocol::Background;
use chat2svg_protocol::Style;
use chat2svg_vector::Color;
pub use chat2svg_vector::{Material, Place, TimeOfDay, Weather};
use serde::{Deserialize, Serialize};

/// Everything that the composer understood of a prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SceneDescription {
    /// Where and when the scene plays.
    pub setting: Setting,
    /// The objects, in the order of the prompt.
    pub objects: Vec<SceneObject>,
    /// How objects stand to one another.
    pub relations: Vec<Relation>,
    /// Words that carry meaning and could not be drawn, in the order of the prompt.
    pub undrawn: Vec<String>,
    /// Things drawn as something near them, because there is no picture of the thing itself.
    pub substitutes: Vec<Substitute>,
    /// The look that the words ask for ("a sticker of …", "in pastel colours"); an option chosen
    /// by the caller goes before it.
    pub style: Option<Style>,
    /// Whether the objects make a scene, a pattern or a logo.
    pub arrangement: Arrangement,
    /// What the prompt rules out: no layer shows it, whatever the setting would.
    pub without: Vec<Without>,
}

/// A thing, part or quality that a prompt rules out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Without {
    /// As it was written, with the word that ruled it out: "no clouds".
    pub text: String,
    /// The noun in the singular: "cloud".
    pub noun: String,
    /// What the noun would have been drawn with: "fir" is also called "pine".
    pub art: Option<String>,
    /// What it is.
    pub kind: WithoutKind,
}

/// What kind of thing is ruled out, and so whether it can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutKind {
    /// A thing of its own: it is not drawn.
    Thing,
    /// A part, or an effect of light: left out of pictures that have it as a layer of its own;
    /// others have it all the same.
    Part,
    /// A look: nothing says what the thing should look like instead.
    Look,
}

/// What the objects make together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Arrangement {
    /// A scene: the objects stand in their surroundings.
    #[default]
    Scene,
    /// The objects are repeated over the whole canvas.
    Pattern,
    /// The objects are signs on a plate.
    Logo {
        /// The letters under the plate.
        text: Option<String>,
    },
}

/// A thing that stands in for what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Substitute {
    /// The words of the prompt, e.g. "capybara".
    pub asked: String,
    /// What is drawn, e.g. "beaver".
    pub drawn: String,
}

/// Where and when a scene plays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setting {
    /// The surroundings; `None` lets the layout choose what suits the objects (often a plain
    /// ground).
    pub place: Option<Place>,
    /// Time of day, which decides sky and light.
    pub time: Option<TimeOfDay>,
    /// What falls from the sky or veils it.
    pub weather: Option<Weather>,
    /// A background that was asked for in place of scenery ("on a yellow background").
    pub background: Option<Background>,
    /// Season, which decides the colours of leaves and ground.
    pub season: Option<Season>,
}

/// Season.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Season {
    Spring,
    Summer,
    Autumn,
    Winter,
}

/// Index of an object in [`SceneDescription::objects`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectIndex(pub usize);

/// One noun phrase of the prompt that can be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneObject {
    /// What the layer is called: the words of the prompt, e.g. "red fox".
    pub label: String,
    /// What to draw.
    pub art: ArtReference,
    /// How many, at least 1 and at most 24.
    pub count: u32,
    /// The colour that was asked for.
    pub color: Option<Color>,
    /// The material that was asked for.
    pub material: Option<Material>,
    /// The size that was asked for.
    pub size: SizeClass,
    /// Letters to show, for badges, signs and logos.
    pub text: Option<String>,
    /// Where a verb of the prompt puts it ("a flying pig"), against where it usually is.
    pub stance: Stance,
    /// Another thing that it is drawn with, as one picture.
    pub composite: Option<Composite>,
}

/// How a thing is drawn with another one, as one picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Composite {
    /// Its shape is filled with them: "a heart made of circles".
    MadeOf {
        /// What the pieces are called.
        label: String,
        /// What they show.
        art: ArtReference,
        /// Their colour.
        color: Option<Color>,
    },
    /// They lie on it: "a pizza with mushrooms".
    Strewn {
        /// What the pieces are called.
        label: String,
        /// What they show.
        art: ArtReference,
        /// Their colour.
        color: Option<Color>,
        /// How many.
        count: u32,
    },
    /// One of its lights is on: "a traffic light showing green".
    Showing(Color),
}

/// Where a verb puts an object, against where it usually is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stance {
    /// Where such a thing usually is: a ship on water, a plane in the air, a fox on the ground.
    #[default]
    Usual,
    /// In the air: "flying", "jumping", "floating in the sky".
    Airborne,
    /// On the water: "sailing", "floating".
    Afloat,
    /// In the water: "swimming", "diving", "sunken".
    Submerged,
}

/// What to draw for an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ArtReference {
    /// A picture of the Twemoji collection.
    Twemoji {
        /// The emoji itself, e.g. "🦊".
        emoji: String,
        /// Its name, e.g. "fox".
        name: String,
    },
    /// A parametric generator of our own, by its registered name, e.g. "house".
    Generated {
        /// Name in the generator registry.
        generator: String,
    },
    /// A picture of a folder that the user configured.
    Library {
        /// Index into the loaded library.
        entry: usize,
        /// Its name there.
        name: String,
    },
}

impl ArtReference {
    /// What the picture is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Twemoji { name, .. } | Self::Library { name, .. } => name,
            Self::Generated { generator } => generator,
        }
    }
}

/// How large an object should be against its usual size in the scene.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum SizeClass {
    Tiny,
    Small,
    #[default]
    Usual,
    Large,
    Huge,
}

/// How one object stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The object that is placed.
    pub subject: ObjectIndex,
    /// How.
    pub kind: RelationKind,
    /// The object that it is placed against.
    pub reference: ObjectIndex,
    /// The other reference, for [`RelationKind::Between`].
    pub second_reference: Option<ObjectIndex>,
}

/// Spatial relations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum RelationKind {
    On,
    Under,
    Above,
    Below,
    Behind,
    InFrontOf,
    Inside,
    Beside,
    LeftOf,
    RightOf,
    Between,
    Around,
    /// Held or worn: "a bear with a hat", "a girl holding a balloon".
    With,
}
