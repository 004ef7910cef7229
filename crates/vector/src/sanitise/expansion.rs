//! What a document costs once references and inherited properties are followed, counted before
//! anything is expanded; and circles, broken.
//!
//! Every element is summed up once. A summary is linear in what the element inherits: beside a
//! fixed cost it counts how often each inherited property is used inside, so that where a property
//! is set, or at the place of a `use`, these uses are multiplied by the cost of what the property
//! refers to. What is referred to as a pattern, marker, clip path, mask or filter inherits from
//! where it stands instead. The sums are upper bounds: markers count once per vertex, gradients and
//! patterns once per shape that they paint, and what is never shown counts too, for readers go
//! through it as well.

use std::collections::HashMap;

use super::cascade::Cascade;
use super::cost::{self, Cost, Own};
use super::meter::Meter;
use super::references;
use super::tree::{ElementIndex, Tree};
use super::warning::{WarningKind, Warnings};
use super::{ParseError, ParseLimits, Profile, Resource};

/// Inherited properties whose values multiply.
const INHERITED: [&str; 6] = [
    "fill",
    "stroke",
    "marker-start",
    "marker-mid",
    "marker-end",
    "stroke-dasharray",
];
const FILL: usize = 0;
const STROKE: usize = 1;
const MARKER_START: usize = 2;
const MARKER_MID: usize = 3;
const MARKER_END: usize = 4;
const DASHES: usize = 5;

/// Vertices with a marker for which copying a stroke's dashes takes as long as reading them.
const VERTICES_PER_USE: u64 = 16;

/// Properties that refer to something for the element alone.
const DIRECT: [&str; 3] = ["clip-path", "mask", "filter"];

/// Checks that the expanded document stays within the limits; removes references that close a
/// circle.
pub(super) fn bound(
    tree: &mut Tree,
    cascade: &Cascade,
    limits: &ParseLimits,
    profile: Profile,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<(), ParseError> {
    let ids = references::ids(tree);
    let count = tree.elements.len();
    let mut counter = Counter {
        tree,
        cascade,
        ids: &ids,
        limits,
        meter,
        parents: vec![None; count],
        around: vec![0; count],
        summaries: vec![State::Unseen; count],
        copies: vec![State::Unseen; count],
        dearest: [(0, 0); Cost::RESOURCES.len()],
        dearest_paint: (Cost::default(), 0),
        circular: Vec::new(),
    };
    counter.survey()?;
    let root = counter.summary(0, 0)?;
    // Markers may be painted as what they stand on, whatever that is.
    let (paint, levels) = counter.dearest_paint;
    let mut total = root.fixed;
    total.add(&paint.times(root.context_paints));
    let context_levels = if root.context_paints > 0 { levels } else { 0 };
    for (resource, found) in total.amounts() {
        counter.check(resource, found)?;
    }
    if root.height.saturating_add(context_levels) > limits.cost.levels {
        return Err(counter.too_deep(root.height.saturating_add(context_levels), 0));
    }
    let circular = counter.circular;
    for (index, property) in circular {
        warnings.add(WarningKind::Circular, property);
        cut(tree, index, property, profile);
    }
    Ok(())
}

/// Takes a reference away.
fn cut(tree: &mut Tree, index: ElementIndex, property: &'static str, profile: Profile) {
    let Some(element) = tree.elements.get_mut(index) else {
        return;
    };
    if property == "href" {
        element.remove(property);
        return;
    }
    element.set(property, "none".to_owned());
    if profile == Profile::Text {
        // Over whatever a style says.
        element.style.declarations.push(super::css::Declaration {
            name: property,
            value: "none".into(),
            important: true,
        });
    }
}

#[derive(Clone, Copy)]
enum State<T> {
    Unseen,
    Open,
    Known(T),
}

/// What an element and all inside it cost, as far as it does not depend on what they inherit.
#[derive(Clone, Copy, Debug, Default)]
struct Summary {
    fixed: Cost,
    /// How often each inherited property is used without being set inside, and how many levels
    /// down.
    uses: [(u64, u64); INHERITED.len()],
    /// How often something is painted as the context of a marker or `use` is.
    context_paints: u64,
    /// Elements that look up what they inherit through this one.
    heirs: u64,
    /// Levels inside, with its own.
    height: u64,
}

impl Summary {
    /// Puts another inside this one.
    fn hold(&mut self, inner: &Self, levels: u64) {
        self.fixed.add(&inner.fixed);
        for (mine, theirs) in self.uses.iter_mut().zip(inner.uses) {
            mine.0 = mine.0.saturating_add(theirs.0);
            mine.1 = mine.1.max(theirs.1.saturating_add(levels));
        }
        self.context_paints = self.context_paints.saturating_add(inner.context_paints);
        self.heirs = self.heirs.saturating_add(inner.heirs);
        self.height = self.height.max(inner.height.saturating_add(levels));
    }

    /// Adds copies of something that inherits from elsewhere, `levels` down.
    fn copy(&mut self, copy: &Copied, times: u64, levels: u64) {
        self.fixed.add(&copy.cost.times(times));
        let paints = copy.context_paints.saturating_mul(times);
        self.context_paints = self.context_paints.saturating_add(paints);
        self.height = self.height.max(copy.height.saturating_add(levels));
    }
}

/// What one copy of something costs that is referred to and inherits from where it stands.
#[derive(Clone, Copy, Debug, Default)]
struct Copied {
    cost: Cost,
    context_paints: u64,
    height: u64,
}

struct Counter<'a> {
    tree: &'a Tree,
    cascade: &'a Cascade,
    ids: &'a HashMap<String, ElementIndex>,
    limits: &'a ParseLimits,
    meter: &'a Meter<'a>,
    parents: Vec<Option<ElementIndex>>,
    /// Attributes of the elements around each element.
    around: Vec<u64>,
    summaries: Vec<State<Summary>>,
    copies: Vec<State<Copied>>,
    /// The largest single contribution to each resource, and the element that makes it.
    dearest: [(u64, ElementIndex); Cost::RESOURCES.len()],
    /// The dearest gradient or pattern, and its levels.
    dearest_paint: (Cost, u64),
    circular: Vec<(ElementIndex, &'static str)>,
}

impl<'a> Counter<'a> {
    /// Finds parents, and what elements inherit through.
    fn survey(&mut self) -> Result<(), ParseError> {
        // Parents stand before their children.
        for (index, element) in self.tree.elements.iter().enumerate() {
            self.meter.add(1 + element.children.len())?;
            let around = self.around.get(index).copied().unwrap_or(0);
            let inside = around.saturating_add(1 + cost::own(element).lookups);
            for child in element.child_elements() {
                if let (Some(parent), Some(slot)) =
                    (self.parents.get_mut(child), self.around.get_mut(child))
                {
                    *parent = Some(index);
                    *slot = inside;
                }
            }
        }
        Ok(())
    }

    /// Sums an element up that stands `depth` levels down.
    fn summary(&mut self, index: ElementIndex, depth: u64) -> Result<Summary, ParseError> {
        match self.summaries.get(index) {
            Some(State::Known(known)) => {
                let known = *known;
                if depth.saturating_add(known.height) > self.limits.cost.levels {
                    return Err(self.too_deep(depth.saturating_add(known.height), index));
                }
                return Ok(known);
            }
            Some(State::Unseen | State::Open) => {}
            None => return Ok(Summary::default()),
        }
        let tree: &'a Tree = self.tree;
        let Some(element) = tree.elements.get(index) else {
            return Ok(Summary::default());
        };
        let own = cost::own(element);
        self.meter.add(1 + own.bytes + element.attributes.len())?;
        let inner_depth = depth.saturating_add(own.levels);
        if inner_depth > self.limits.cost.levels {
            return Err(self.too_deep(inner_depth, index));
        }
        self.set_summary(index, State::Open);
        let mut out = Summary {
            fixed: own.cost,
            heirs: 1,
            height: own.levels,
            ..Summary::default()
        };
        self.note(&own.cost, index);
        Self::add_own_uses(&mut out, &own);
        if element.name == "text" {
            let shaping = cost::shaping(tree, element);
            out.fixed.charge(Resource::Glyphs, shaping);
            self.note(&Cost::of(Resource::Glyphs, shaping), index);
        }
        for child in element.child_elements() {
            let inner = self.summary(child, inner_depth)?;
            out.hold(&inner, own.levels);
        }
        if element.name == "use"
            && let Some(target) = self.href(index)
        {
            if self.is_open(target) {
                self.circular.push((index, "href"));
            } else {
                let inner = self.summary(target, inner_depth)?;
                self.note(&inner.fixed, index);
                out.hold(&inner, own.levels);
            }
        }
        self.add_references(index, &own, inner_depth, &mut out)?;
        self.resolve_inherited(index, inner_depth, &own, &mut out)?;
        let lookups = out.heirs.saturating_mul(1 + own.lookups);
        out.fixed.charge(Resource::Lookups, lookups);
        self.note(&Cost::of(Resource::Lookups, lookups), index);
        for (resource, found) in out.fixed.amounts() {
            self.check(resource, found)?;
        }
        self.set_summary(index, State::Known(out));
        Ok(out)
    }

    fn add_own_uses(out: &mut Summary, own: &Own) {
        let mut using = |property: usize, times: u64| {
            if let Some(slot) = out.uses.get_mut(property)
                && times > 0
            {
                *slot = (times, own.levels);
            }
        };
        using(FILL, own.painted);
        using(STROKE, own.painted);
        // Markers carry the stroke of what they stand on, with its dashes, along.
        let marked = own.vertices.unwrap_or(0) / VERTICES_PER_USE;
        using(DASHES, own.painted.saturating_add(marked));
        if let Some(vertices) = own.vertices {
            using(MARKER_START, 1);
            using(MARKER_MID, vertices);
            using(MARKER_END, 1);
        }
    }

    /// Adds what an element refers to for itself.
    fn add_references(
        &mut self,
        index: ElementIndex,
        own: &Own,
        depth: u64,
        out: &mut Summary,
    ) -> Result<(), ParseError> {
        let Some(element) = self.tree.elements.get(index) else {
            return Ok(());
        };
        for property in DIRECT {
            for target in self.targets(index, property) {
                out.fixed.charge(Resource::Surfaces, 1);
                self.add_copies(index, property, target, 1, depth, own.levels, out)?;
            }
        }
        let is_viewport = matches!(element.name, "svg" | "symbol" | "marker");
        let is_open = matches!(self.value(index, "overflow"), Some("visible" | "auto"));
        if is_viewport && !is_open {
            out.fixed.charge(Resource::Surfaces, 1);
        }
        // A shape is painted with its opacity; only what holds several needs a surface for it.
        let is_group = matches!(
            element.name,
            "g" | "svg" | "symbol" | "use" | "switch" | "text" | "marker" | "clipPath" | "mask"
        );
        let opacity = self.value(index, "opacity").filter(|_| is_group);
        if opacity.is_some_and(|value| !matches!(value.trim(), "1" | "1.0" | "100%")) {
            out.fixed.charge(Resource::Surfaces, 1);
        }
        if matches!(self.value(index, "isolation"), Some("isolate"))
            || self.value(index, "mix-blend-mode").is_some()
        {
            out.fixed.charge(Resource::Surfaces, 1);
        }
        if element.name != "use"
            && let Some(target) = self.href(index)
        {
            // A path that text runs along is gone through for each run.
            let times = if element.name == "textPath" {
                own.painted
            } else {
                1
            };
            self.add_copies(index, "href", target, times, depth, own.levels, out)?;
        }
        Ok(())
    }

    /// Multiplies the uses of the properties that an element sets.
    fn resolve_inherited(
        &mut self,
        index: ElementIndex,
        depth: u64,
        own: &Own,
        out: &mut Summary,
    ) -> Result<(), ParseError> {
        for (property, name) in INHERITED.iter().enumerate() {
            let Some((uses, levels)) = out.uses.get(property).copied() else {
                continue;
            };
            let value = self.value(index, name).map(str::trim);
            if uses == 0 {
                continue;
            }
            if matches!(value, Some("context-fill" | "context-stroke")) {
                out.context_paints = out.context_paints.saturating_add(uses);
            }
            let below = levels.saturating_sub(own.levels);
            if property == DASHES {
                let dashes = value.map_or(0, |value| cost::numbers(value) / 2);
                let dashes = Cost::of(Resource::Segments, dashes.saturating_mul(uses));
                self.note(&dashes, index);
                out.fixed.add(&dashes);
            } else {
                for target in self.targets(index, name) {
                    let depth = depth.saturating_add(below);
                    self.add_copies(index, name, target, uses, depth, levels, out)?;
                }
            }
            if value.is_some_and(|value| value != "inherit")
                && let Some(slot) = out.uses.get_mut(property)
            {
                *slot = (0, 0);
            }
        }
        Ok(())
    }

    /// Adds copies of a target to a summary, or notes that they would close a circle.
    #[expect(clippy::too_many_arguments, reason = "one reference, said completely")]
    fn add_copies(
        &mut self,
        index: ElementIndex,
        property: &'static str,
        target: ElementIndex,
        times: u64,
        depth: u64,
        levels: u64,
        out: &mut Summary,
    ) -> Result<(), ParseError> {
        if self.is_open(target) {
            self.circular.push((index, property));
            return Ok(());
        }
        let mut copy = self.copied(target, depth)?;
        if self
            .tree
            .elements
            .get(target)
            .is_some_and(|element| element.name.ends_with("Gradient"))
        {
            // Gradients are shared but for their stops.
            copy.cost = Cost::of(Resource::Stops, copy.cost.get(Resource::Stops));
        }
        if matches!(property, "fill" | "stroke") {
            copy.cost.charge(Resource::PaintServers, 1);
            if copy.cost.get(Resource::Elements) > self.dearest_paint.0.get(Resource::Elements) {
                self.dearest_paint.0 = copy.cost;
            }
            self.dearest_paint.1 = self.dearest_paint.1.max(copy.height);
        }
        self.note(&copy.cost.times(times), index);
        out.copy(&copy, times, levels);
        Ok(())
    }

    /// What a copy of an element costs with what it inherits from where it stands.
    fn copied(&mut self, index: ElementIndex, depth: u64) -> Result<Copied, ParseError> {
        if let Some(State::Known(known)) = self.copies.get(index) {
            let known = *known;
            if depth.saturating_add(known.height) > self.limits.cost.levels {
                return Err(self.too_deep(depth.saturating_add(known.height), index));
            }
            return Ok(known);
        }
        self.set_copy(index, State::Open);
        let mut sum = self.summary(index, depth)?;
        let around = self.around.get(index).copied().unwrap_or(0);
        let lookups = sum.heirs.saturating_mul(around);
        sum.fixed.charge(Resource::Lookups, lookups);
        for (property, name) in INHERITED.iter().enumerate() {
            let Some((uses, levels)) = sum.uses.get(property).copied() else {
                continue;
            };
            if uses == 0 {
                continue;
            }
            let Some((_, value)) = self.inherited(index, name)? else {
                continue;
            };
            if property == DASHES {
                let dashes = (cost::numbers(value) / 2).saturating_mul(uses);
                sum.fixed.charge(Resource::Segments, dashes);
                continue;
            }
            if matches!(value.trim(), "context-fill" | "context-stroke") {
                sum.context_paints = sum.context_paints.saturating_add(uses);
            }
            let found: Vec<_> = self.known(references::targets(value)).collect();
            for target in found {
                let depth = depth.saturating_add(levels);
                self.add_copies(index, name, target, uses, depth, levels, &mut sum)?;
            }
        }
        let out = Copied {
            cost: sum.fixed,
            context_paints: sum.context_paints,
            height: sum.height,
        };
        for (resource, found) in out.cost.amounts() {
            self.check(resource, found)?;
        }
        self.set_copy(index, State::Known(out));
        Ok(out)
    }

    /// The value of a property that an element inherits from where it stands.
    fn inherited(
        &self,
        index: ElementIndex,
        property: &str,
    ) -> Result<Option<(ElementIndex, &'a str)>, ParseError> {
        let mut at = self.parents.get(index).copied().flatten();
        while let Some(index) = at {
            self.meter.add(1)?;
            if let Some(value) = self.value(index, property)
                && value.trim() != "inherit"
            {
                return Ok(Some((index, value)));
            }
            at = self.parents.get(index).copied().flatten();
        }
        Ok(None)
    }

    /// The value of a property that an element itself sets.
    fn value(&self, index: ElementIndex, property: &str) -> Option<&'a str> {
        let won = self.cascade.won.get(index);
        let won = won.and_then(|list| list.iter().find(|known| known.name == property));
        if let Some(declaration) = won {
            return Some(&declaration.value);
        }
        let element = self.tree.elements.get(index)?;
        let styled = element
            .style
            .declarations
            .iter()
            .find(|known| known.name == property);
        if let Some(declaration) = styled {
            return Some(&declaration.value);
        }
        element.attribute(property).or_else(|| {
            // Browsers take the shorthand from an attribute too.
            let is_marker = property.starts_with("marker-");
            element.attribute("marker").filter(|_| is_marker)
        })
    }

    /// What a property of an element refers to.
    fn targets(&self, index: ElementIndex, property: &str) -> Vec<ElementIndex> {
        let value = self.value(index, property);
        let possible = self.cascade.possible.get(index).into_iter().flatten();
        let possible = possible.filter(|known| {
            known.name == property || (known.name == "marker" && property.starts_with("marker-"))
        });
        let values = value
            .into_iter()
            .chain(possible.map(|declaration| &*declaration.value));
        self.known(values.flat_map(references::targets)).collect()
    }

    fn known<'b>(
        &'b self,
        ids: impl Iterator<Item = &'b str>,
    ) -> impl Iterator<Item = ElementIndex> {
        ids.filter_map(|id| self.ids.get(id).copied())
    }

    fn href(&self, index: ElementIndex) -> Option<ElementIndex> {
        let value = self.tree.elements.get(index)?.attribute("href")?;
        self.ids.get(references::href(value)?).copied()
    }

    fn is_open(&self, index: ElementIndex) -> bool {
        matches!(self.summaries.get(index), Some(State::Open))
            || matches!(self.copies.get(index), Some(State::Open))
    }

    fn set_summary(&mut self, index: ElementIndex, state: State<Summary>) {
        if let Some(slot) = self.summaries.get_mut(index) {
            *slot = state;
        }
    }

    fn set_copy(&mut self, index: ElementIndex, state: State<Copied>) {
        if let Some(slot) = self.copies.get_mut(index) {
            *slot = state;
        }
    }

    /// Remembers who contributes most.
    fn note(&mut self, cost: &Cost, index: ElementIndex) {
        for (dearest, (_, amount)) in self.dearest.iter_mut().zip(cost.amounts()) {
            if amount > dearest.0 {
                *dearest = (amount, index);
            }
        }
    }

    fn check(&self, resource: Resource, found: u64) -> Result<(), ParseError> {
        let limit = self.limits.cost.limit(resource);
        if found <= limit {
            return Ok(());
        }
        let dearest = Cost::RESOURCES
            .into_iter()
            .zip(self.dearest)
            .find(|(known, _)| *known == resource);
        let index = dearest.map_or(0, |(_, (_, index))| index);
        Err(ParseError::TooCostly {
            resource,
            found,
            limit,
            place: self.tree.place(index),
        })
    }

    fn too_deep(&self, found: u64, index: ElementIndex) -> ParseError {
        ParseError::TooCostly {
            resource: Resource::Levels,
            found,
            limit: self.limits.cost.levels,
            place: self.tree.place(index),
        }
    }
}
