//! What a noun adds to the scene: an object, several of them, a place, or nothing.

use super::{BARE_PLURAL, Interpreter, MAX_COUNT, MAX_OBJECTS};
use crate::embedded::language::coverage::{Coverage, Undrawn, WordCoverage};
use crate::embedded::language::lexicon::{self, Link, SettingSense};
use crate::embedded::language::phrases::{Attributes, Head, NounPhrase, Piece};
use crate::embedded::scene::{
    ArtReference, Background, Material, ObjectIndex, Place, RelationKind, SceneObject, Stance,
    Substitute,
};

impl Interpreter {
    pub(super) fn noun(&mut self, phrase: &NounPhrase, ahead: &[Piece]) {
        if let Some(negation) = self.negated.take() {
            self.rule_out(negation, phrase);
            return;
        }
        self.of_background = false;
        if let Some(link) = self.link_of_ruled_out.take() {
            self.ruled_out = None;
            let is_place = matches!(phrase.head, Head::Setting(_) | Head::Either(..));
            if !is_place && self.is_known(phrase) {
                return;
            }
            if is_place {
                self.pending = Some((link, Vec::new(), String::new()));
            }
        }
        if self.spells(phrase, ahead) {
            return;
        }
        if matches!(self.pending, Some((Link::Manner, ..))) {
            self.pending = None;
            let look = |word: &WordCoverage| {
                WordCoverage::new(&word.text, Coverage::Undrawn(Undrawn::Look))
            };
            self.word_coverage
                .extend(phrase.word_coverage.iter().map(look));
            return;
        }
        if self.is_part_of_something(phrase) {
            self.pending = None;
            self.joined = false;
            let is_plain = phrase.attributes.colors.is_empty() && phrase.word_coverage.len() == 1;
            let coverage = if is_plain {
                Coverage::Grammar
            } else {
                Coverage::Undrawn(Undrawn::Thing)
            };
            self.word_coverage
                .push(WordCoverage::new(&phrase.label, coverage));
            return;
        }
        self.word_coverage
            .extend(phrase.word_coverage.iter().cloned());
        for setting in &phrase.settings {
            self.setting(*setting, false);
        }
        match &phrase.head {
            Head::Setting(setting) => {
                self.setting(*setting, true);
                if let Some((Link::Relation(RelationKind::Above), subjects, _)) =
                    self.pending.take()
                {
                    self.set_stance(&subjects, Stance::Airborne);
                }
                self.joined = false;
            }
            Head::Either(_, setting) if self.is_meant_as_place(phrase, *setting) => {
                self.setting(*setting, true);
                self.pending = None;
                self.joined = false;
                if let Some(last) = self.word_coverage.last_mut() {
                    last.coverage = Coverage::Scene;
                }
            }
            Head::Either(picture, _) | Head::Picture(picture) => self.thing(phrase, picture, ahead),
            Head::Background => {
                self.of_background = true;
                self.background_looks(&phrase.attributes);
            }
            Head::Number => self.lettering(&phrase.label, ahead),
            Head::Nothing => {
                // "With a dinosaur head …": what cannot be drawn takes its link with it.
                self.pending = None;
                self.joined = false;
            }
        }
    }

    /// A background in a colour, or of nothing: "transparent" is also a material.
    pub(super) fn background_looks(&mut self, attributes: &Attributes) {
        let background = match attributes.colors.first() {
            // As paper and ink are, not as things in a light.
            Some((_, word)) if word == "white" => Some(Background::Even([255; 3])),
            Some((_, word)) if word == "black" => Some(Background::Even([0; 3])),
            Some((color, _)) => Some(Background::Even(color.to_rgb8())),
            None if attributes.material == Some(Material::Glass) => Some(Background::Transparent),
            None => None,
        };
        if background.is_some() {
            self.scene.setting.background = background;
        }
        self.pending = None;
        self.joined = false;
    }

    fn is_known(&self, phrase: &NounPhrase) -> bool {
        let Head::Picture(picture) = &phrase.head else {
            return false;
        };
        phrase.definite && self.same_as_before(phrase, &picture.art).is_some()
    }

    fn is_meant_as_place(&self, phrase: &NounPhrase, setting: SettingSense) -> bool {
        if phrase.count.is_some() || !phrase.attributes.colors.is_empty() {
            return false;
        }
        let free = self.scene.setting.place.is_none() || self.scene.setting.place == setting.place;
        let Some((link, _, word)) = &self.pending else {
            return false;
        };
        let on_its_surface = matches!(
            setting.place,
            Some(Place::Street | Place::River | Place::Lake | Place::Room)
        );
        let by_its_side = matches!(
            setting.place,
            Some(Place::River | Place::Lake | Place::Street)
        );
        free && match link {
            Link::In | Link::At => true,
            Link::Relation(RelationKind::On) => on_its_surface,
            Link::Relation(RelationKind::Beside) => by_its_side,
            Link::Relation(RelationKind::Inside) => word == "inside",
            _ => false,
        }
    }

    pub(super) fn thing(
        &mut self,
        phrase: &NounPhrase,
        picture: &crate::embedded::lookup::pictures::Picture,
        ahead: &[Piece],
    ) {
        if picture.stand_in {
            let drawn = art_name(&picture.art).to_owned();
            let substitute = Substitute {
                asked: phrase.key.clone(),
                drawn,
            };
            if !self.scene.substitutes.contains(&substitute) {
                self.scene.substitutes.push(substitute);
            }
        }
        if self.read_as_composite(phrase, picture)
            || self.read_as_worn_colour(phrase)
            || self.read_as_likeness(phrase, picture)
            || self.read_as_ride(phrase)
        {
            self.pending = None;
            return;
        }
        let known = phrase
            .definite
            .then(|| self.same_as_before(phrase, &picture.art))
            .flatten();
        if let Some(index) = known {
            self.refer(&[index]);
            return;
        }
        let Some(colors) = several_colors(phrase) else {
            let Some(index) = self.object(phrase, picture) else {
                return;
            };
            self.place(index, ahead);
            if let Some(contents) = &phrase.contents {
                self.fill_vessel(index, contents);
            }
            if phrase.attributes.varied {
                self.vary();
            }
            return;
        };
        let shares = shares(phrase.count, colors.len());
        for (color, count) in colors.into_iter().zip(shares) {
            let single = NounPhrase {
                label: format!("{} {}", color.1, phrase.key),
                attributes: Attributes {
                    colors: vec![color],
                    ..phrase.attributes.clone()
                },
                count,
                ..phrase.clone()
            };
            let Some(index) = self.object(&single, picture) else {
                return;
            };
            self.place(index, ahead);
            self.joined = true;
        }
    }

    pub(super) fn object(
        &mut self,
        phrase: &NounPhrase,
        picture: &crate::embedded::lookup::pictures::Picture,
    ) -> Option<ObjectIndex> {
        if self.scene.objects.len() >= MAX_OBJECTS {
            self.word_coverage.push(WordCoverage::new(
                &phrase.label,
                Coverage::Undrawn(Undrawn::Thing),
            ));
            self.pending = None;
            return None;
        }
        let attributes = &phrase.attributes;
        for (_, word) in attributes.colors.iter().skip(1) {
            self.word_coverage
                .push(WordCoverage::new(word, Coverage::Undrawn(Undrawn::Quality)));
        }
        let of_many = matches!(self.pending, Some((Link::Of, ..)));
        // "Playing drums", "playing cards" are about one set of them.
        let played = matches!(&self.pending, Some((_, _, word)) if word.starts_with("play"));
        let count = match (phrase.count, phrase.collective) {
            (Some(count), None) => count,
            (count, Some(collective)) if phrase.plural || picture.several => {
                collective.max(count.unwrap_or(1))
            }
            (count, Some(_)) => count.unwrap_or(1),
            (None, None) if phrase.plural && played => 1,
            (None, None) if phrase.plural && of_many => BARE_PLURAL + 2,
            (None, None) if phrase.plural => BARE_PLURAL,
            (None, None) => 1,
        };
        self.scene.objects.push(SceneObject {
            label: phrase.label.clone(),
            art: ArtReference::clone(&picture.art),
            count: count.clamp(1, MAX_COUNT),
            color: attributes
                .colors
                .first()
                .map(|(color, _)| *color)
                .or(picture.color),
            material: attributes.material.or(picture.material),
            size: attributes.size,
            text: None,
            stance: attributes.stance,
            composite: None,
        });
        self.keys.push(phrase.key.clone());
        self.likeness.push(phrase.likeness);
        self.vessels.push(phrase.vessel);
        Some(ObjectIndex(self.scene.objects.len() - 1))
    }

    pub(super) fn setting(&mut self, sense: SettingSense, named: bool) {
        let setting = &mut self.scene.setting;
        setting.time = setting.time.or(sense.time);
        setting.weather = setting.weather.or(sense.weather);
        setting.season = setting.season.or(sense.season);
        if let Some(place) = sense.place {
            self.places.push((sense, named));
            // A place that was named goes before one that a modifier hints at.
            let hinted_only = !self.places.iter().any(|(earlier, named)| {
                *named && !earlier.soft && earlier.place == self.scene.setting.place
            });
            if self.scene.setting.place.is_none() || named && !sense.soft && hinted_only {
                self.scene.setting.place = Some(place);
            }
        }
    }

    /// "A cat with black ears", "in its mouth": the picture of the whole has them already.
    fn is_part_of_something(&self, phrase: &NounPhrase) -> bool {
        if !lexicon::builtin().is_body_part(&phrase.key) {
            return false;
        }
        let of_living = match &self.pending {
            Some((Link::Relation(RelationKind::With), subjects, _)) => {
                subjects.iter().any(|index| self.is_living(*index))
            }
            _ => false,
        };
        of_living || phrase.possessed
    }
}

/// A number shared evenly, the first ones having the rest.
fn shares(count: Option<u32>, among: usize) -> Vec<Option<u32>> {
    let among = u32::try_from(among).unwrap_or(1).max(1);
    (0..among)
        .map(|index| count.map(|count| count / among + u32::from(index < count % among)))
        .collect()
}

/// "A red, green and blue ball" is one ball; "red, green and blue balls" are three.
fn several_colors(phrase: &NounPhrase) -> Option<Vec<(chat2svg_vector::Color, String)>> {
    let colors = &phrase.attributes.colors;
    let distinct = colors
        .iter()
        .enumerate()
        .all(|(index, (color, _))| colors[..index].iter().all(|(earlier, _)| earlier != color));
    let matches = colors.len() > 1
        && distinct
        && phrase.plural
        && phrase
            .count
            .is_none_or(|count| count as usize >= colors.len());
    matches.then(|| colors.clone())
}

fn art_name(art: &ArtReference) -> &str {
    match art {
        ArtReference::Twemoji { name, .. } | ArtReference::Library { name, .. } => name,
        ArtReference::Generated { generator } => generator,
    }
}
