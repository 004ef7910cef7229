//! Numbers far from zero lose their fractions in the single precision of the library that expands
//! a tree: a circle at five million becomes a box. Where the canvas is far from the origin of a
//! coordinate system, as in maps in metres, all that stands in that system is written relative to
//! the canvas, in double precision and before the library reads it. The picture stays the same.

mod numbers;
mod system;

use std::collections::HashMap;
use std::str::FromStr as _;

use kurbo::{Affine, Vec2};
use svgtypes::{Length, LengthListParser, LengthUnit, PointsParser};

use self::numbers::{affine, along, matrix, property, shifted_path};
use self::system::System;
use super::frame::Frame;
use crate::sanitise::{Element, Meter, ParseError, Tree, WarningKind, Warnings, targets};

/// Makes the coordinates of a tree count from the canvas wherever that is far from their origin;
/// the view box of the root, too. A tree for which that cannot be done stays as it is.
///
/// # Errors
/// When the caller wants to stop.
pub(super) fn rebase(
    tree: &mut Tree,
    frame: &Frame,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<(), ParseError> {
    let view = frame.view();
    let user = System {
        canvas: view.origin(),
        side: view.width().max(view.height()),
        shift: Vec2::ZERO,
    }
    .settled();
    let mut walk = Walk {
        tree,
        viewport: frame.viewport(),
        meter,
        ids: HashMap::new(),
        systems: vec![None; tree.elements.len()],
        pending: Vec::new(),
        edits: Vec::new(),
        is_needed: user.shift != Vec2::ZERO,
        is_possible: true,
    };
    for (index, element) in tree.elements.iter().enumerate() {
        if let Some(id) = element.attribute("id") {
            walk.ids.entry(id).or_insert(index);
        }
    }
    walk.children(0, user, Paints::default())?;
    while let Some(pending) = walk.pending.pop() {
        meter.add(1)?;
        walk.reference(&pending)?;
    }
    let Walk {
        edits,
        is_needed,
        is_possible,
        ..
    } = walk;
    if !is_needed {
        return Ok(());
    }
    if !is_possible {
        warnings.add(WarningKind::Presentation, "coordinates far from the canvas");
        return Ok(());
    }
    for (index, name, value) in edits {
        if let Some(element) = tree.elements.get_mut(index) {
            element.set(name, value);
        }
    }
    if user.shift != Vec2::ZERO
        && let Some(root) = tree.elements.first_mut()
    {
        let Vec2 { x, y } = user.shift;
        warnings.add(WarningKind::Origin, &format!("{x} {y}"));
        root.set("viewBox", format!("0 0 {} {}", view.width(), view.height()));
    }
    Ok(())
}

/// What each shape inherits of these: references in them lead into the shape's own coordinates.
const PAINTS: [&str; 2] = ["fill", "stroke"];

/// The units of what stands in the coordinates of what refers to it.
const USER_SPACE: &str = "userSpaceOnUse";

/// What fills and strokes are inherited.
#[derive(Clone, Copy, Default)]
struct Paints<'a>([Option<&'a str>; 2]);

impl<'a> Paints<'a> {
    fn within(self, element: &'a Element) -> Self {
        let mut paints = self;
        for (paint, name) in paints.0.iter_mut().zip(PAINTS) {
            *paint = property(element, name).or(*paint);
        }
        paints
    }
}

/// A reference: what it leads to, and the system of what refers to it.
struct Pending {
    target: usize,
    system: System,
    /// The `use` that draws it.
    by: Option<usize>,
}

struct Walk<'a> {
    tree: &'a Tree,
    /// What percentages refer to.
    viewport: (f64, f64),
    meter: &'a Meter<'a>,
    ids: HashMap<&'a str, usize>,
    /// Of each element that has been walked the system that it stands in.
    systems: Vec<Option<System>>,
    pending: Vec<Pending>,
    edits: Vec<(usize, &'static str, String)>,
    /// Whether anything is far.
    is_needed: bool,
    /// Whether all of it can be written relative to the canvas so far.
    is_possible: bool,
}

impl<'a> Walk<'a> {
    fn children(
        &mut self,
        index: usize,
        system: System,
        paints: Paints<'a>,
    ) -> Result<(), ParseError> {
        let tree = self.tree;
        let Some(element) = tree.elements.get(index) else {
            return Ok(());
        };
        let paints = paints.within(element);
        for child in element.child_elements() {
            self.element(child, system, paints)?;
        }
        Ok(())
    }

    /// An element that is drawn in a system.
    fn element(
        &mut self,
        index: usize,
        outer: System,
        paints: Paints<'a>,
    ) -> Result<(), ParseError> {
        self.meter.add(1)?;
        let tree = self.tree;
        let Some(element) = tree.elements.get(index) else {
            return Ok(());
        };
        const RESOURCES: [&str; 9] = [
            "defs",
            "symbol",
            "clipPath",
            "mask",
            "filter",
            "marker",
            "pattern",
            "linearGradient",
            "radialGradient",
        ];
        if RESOURCES.contains(&element.name) {
            return Ok(());
        }
        self.place(index, outer);
        let system = self.transformed(index, outer, "transform", element.attribute("transform"));
        let paints = paints.within(element);
        for name in ["clip-path", "mask", "filter"] {
            self.refer(property(element, name), system);
        }
        let shift = system.shift;
        match element.name {
            "g" | "a" | "switch" => return self.children(index, system, paints),
            "svg" => {
                self.shift_lengths(index, shift, ["x", "y"]);
                return self.children(index, System::APART, paints);
            }
            "rect" | "image" => self.shift_lengths(index, shift, ["x", "y"]),
            "circle" | "ellipse" => self.shift_lengths(index, shift, ["cx", "cy"]),
            "line" => {
                self.shift_lengths(index, shift, ["x1", "y1"]);
                self.shift_lengths(index, shift, ["x2", "y2"]);
            }
            "polyline" | "polygon" if shift != Vec2::ZERO => {
                let points = PointsParser::from(element.attribute("points").unwrap_or(""));
                let moved = points.map(|(x, y)| format!("{} {}", x - shift.x, y - shift.y));
                let moved: Vec<String> = moved.collect();
                self.edits.push((index, "points", moved.join(" ")));
            }
            "path" if shift != Vec2::ZERO => {
                let moved = shifted_path(element.attribute("d").unwrap_or(""), shift);
                self.edits.push((index, "d", moved));
            }
            "text" => {
                self.shift_lengths(index, shift, ["x", "y"]);
                self.children(index, system, paints)?;
            }
            "tspan" | "textPath" => {
                self.shift_present(index, shift, ["x", "y"]);
                if element.name == "textPath" {
                    self.follow(element, system, None);
                }
                self.children(index, system, paints)?;
            }
            "use" => self.follow(element, system, Some(index)),
            _ => {}
        }
        for value in paints.0 {
            self.refer(value, system);
        }
        for name in ["marker", "marker-start", "marker-mid", "marker-end"] {
            self.refer(property(element, name), System::APART);
        }
        Ok(())
    }

    fn reference(&mut self, pending: &Pending) -> Result<(), ParseError> {
        if let Some(by) = pending.by {
            return self.used(pending, by);
        }
        let Pending { target, system, .. } = *pending;
        let tree = self.tree;
        let Some(element) = tree.elements.get(target) else {
            return Ok(());
        };
        if let Some(known) = self.systems.get(target).copied().flatten() {
            // One thing cannot be in two places.
            self.is_possible &= known.shift == system.shift;
            return Ok(());
        }
        let units = |walk: &Self, name: &str, usual: &str| {
            let found = walk.inherited(element, name).unwrap_or(usual).trim();
            found == USER_SPACE
        };
        let (shift, place) = (system.shift, ["x", "y"]);
        match element.name {
            "clipPath" if units(self, "clipPathUnits", USER_SPACE) => {
                self.place(target, system);
                let text = element.attribute("transform");
                let inner = self.transformed(target, system, "transform", text);
                self.refer(property(element, "clip-path"), system);
                self.children(target, inner, Paints::default())?;
            }
            "mask" => {
                self.place(target, system);
                if units(self, "maskUnits", "") {
                    self.shift_lengths(target, shift, place);
                }
                if units(self, "maskContentUnits", USER_SPACE) {
                    self.children(target, system, Paints::default())?;
                }
            }
            "filter" => {
                self.place(target, system);
                if units(self, "filterUnits", "") {
                    self.shift_present(target, shift, place);
                }
                if units(self, "primitiveUnits", USER_SPACE) {
                    for primitive in element.child_elements() {
                        self.shift_present(primitive, shift, place);
                    }
                }
            }
            "linearGradient" if units(self, "gradientUnits", "") => {
                let ends = [("x1", "0%"), ("y1", "0%"), ("x2", "100%"), ("y2", "0%")];
                self.gradient(target, system, &ends);
            }
            "radialGradient" if units(self, "gradientUnits", "") => {
                let center = ["cx", "cy"].map(|name| (name, "50%"));
                self.gradient(target, system, &center);
            }
            "pattern" => self.pattern(target, system)?,
            "marker" => {
                self.place(target, system);
                self.children(target, System::APART, Paints::default())?;
            }
            _ => self.element(target, system, Paints::default())?,
        }
        Ok(())
    }

    /// What a `use` draws: it stands in the coordinates of the `use`, moved by its place.
    fn used(&mut self, pending: &Pending, by: usize) -> Result<(), ParseError> {
        let tree = self.tree;
        let (Some(element), Some(target)) =
            (tree.elements.get(by), tree.elements.get(pending.target))
        else {
            return Ok(());
        };
        let place = ["x", "y"].map(|name| self.length(element.attribute(name), name));
        let [Some(x), Some(y)] = place else {
            self.is_possible = false;
            return Ok(());
        };
        let place = Vec2::new(x, y);
        let known = self.systems.get(pending.target).copied().flatten();
        let inner = match known {
            Some(known) => known.shift,
            None if matches!(target.name, "symbol" | "svg") => {
                self.place(pending.target, System::APART);
                self.children(pending.target, System::APART, Paints::default())?;
                Vec2::ZERO
            }
            None => {
                let inner = System {
                    canvas: pending.system.canvas - place,
                    ..pending.system
                };
                let inner = self.noted(inner.settled());
                self.element(pending.target, inner, Paints::default())?;
                inner.shift
            }
        };
        let moved = inner - pending.system.shift;
        if moved != Vec2::ZERO {
            self.edits.push((by, "x", (place + moved).x.to_string()));
            self.edits.push((by, "y", (place + moved).y.to_string()));
        }
        Ok(())
    }

    /// A gradient in the coordinates of what it paints, its points with their usual values.
    fn gradient(&mut self, index: usize, system: System, points: &[(&'static str, &str)]) {
        let tree = self.tree;
        let Some(element) = tree.elements.get(index) else {
            return;
        };
        self.place(index, system);
        let transform = self.inherited(element, "gradientTransform");
        let inner = self.transformed(index, system, "gradientTransform", transform);
        if inner.shift == Vec2::ZERO && element.attribute("href").is_none() {
            return;
        }
        let focus = ["fx", "fy"].into_iter();
        let focus = focus.filter_map(|name| Some((name, self.inherited(element, name)?)));
        let points = points
            .iter()
            .map(|(name, usual)| (*name, self.inherited(element, name).unwrap_or(usual)));
        for (name, value) in points.chain(focus).collect::<Vec<_>>() {
            match self.length(Some(value), name) {
                Some(value) => {
                    let moved = value - along(inner.shift, name);
                    self.edits.push((index, name, moved.to_string()));
                }
                None => self.is_possible = false,
            }
        }
        if let Some(transform) = transform
            && inner.shift == Vec2::ZERO
            && system.shift == Vec2::ZERO
        {
            self.edits
                .push((index, "gradientTransform", transform.to_owned()));
        }
    }

    /// A pattern: its tiles and, where they stand in the same coordinates, what is on them.
    fn pattern(&mut self, index: usize, system: System) -> Result<(), ParseError> {
        let tree = self.tree;
        let Some(element) = tree.elements.get(index) else {
            return Ok(());
        };
        self.place(index, system);
        let is_of_user = |walk: &Self, name: &str, usual: &str| {
            walk.inherited(element, name).unwrap_or(usual).trim() == USER_SPACE
        };
        let transform = self.inherited(element, "patternTransform");
        let mut inner = self.transformed(index, system, "patternTransform", transform);
        if is_of_user(self, "patternUnits", "") {
            for name in ["x", "y"] {
                let place = self.length(self.inherited(element, name), name);
                self.is_possible &= place.is_some();
                let moved = place.unwrap_or_default() - along(inner.shift, name);
                self.edit_if(inner.shift, index, name, || moved.to_string());
            }
        } else {
            // The tiles follow a box, which moves as all else does.
            inner.shift = system.shift;
            let back = Affine::translate(system.shift);
            let moved = back.inverse() * affine(transform) * back;
            self.edit_if(system.shift, index, "patternTransform", || matrix(moved));
        }
        let has_view = self.inherited(element, "viewBox").is_some();
        let content = if has_view || !is_of_user(self, "patternContentUnits", USER_SPACE) {
            System::APART
        } else {
            inner
        };
        let mut holder = index;
        while let Some(element) = tree.elements.get(holder)
            && element.child_elements().next().is_none()
            && let Some(next) = self.target(element).filter(|next| *next != holder)
        {
            holder = next;
        }
        if holder != index {
            let known = self.systems.get(holder).copied().flatten();
            if let Some(known) = known {
                self.is_possible &= known.shift == system.shift;
                return Ok(());
            }
            self.place(holder, system);
        }
        self.children(holder, content, Paints::default())
    }

    fn place(&mut self, index: usize, system: System) {
        if let Some(slot) = self.systems.get_mut(index) {
            *slot = Some(system);
        }
    }

    fn edit_if(
        &mut self,
        shift: Vec2,
        index: usize,
        name: &'static str,
        value: impl FnOnce() -> String,
    ) {
        if shift != Vec2::ZERO {
            self.edits.push((index, name, value()));
        }
    }

    fn noted(&mut self, system: System) -> System {
        self.is_needed |= system.shift != Vec2::ZERO;
        system
    }

    /// The system inside an element, whose transform leads there.
    fn transformed(
        &mut self,
        index: usize,
        outer: System,
        name: &'static str,
        text: Option<&str>,
    ) -> System {
        if text.is_none() {
            return outer;
        }
        let (inner, moved) = outer.inside(affine(text));
        if outer.shift != Vec2::ZERO || inner.shift != Vec2::ZERO {
            self.edits.push((index, name, matrix(moved)));
        }
        self.noted(inner)
    }

    /// All that a value refers to by `url(#…)`.
    fn refer(&mut self, value: Option<&str>, system: System) {
        for id in targets(value.unwrap_or("")) {
            if let Some(target) = self.ids.get(id) {
                self.pending.push(Pending {
                    target: *target,
                    system,
                    by: None,
                });
            }
        }
    }

    /// What an element refers to by `href`.
    fn follow(&mut self, element: &Element, system: System, by: Option<usize>) {
        if let Some(target) = self.target(element) {
            self.pending.push(Pending { target, system, by });
        }
    }

    fn target(&self, element: &Element) -> Option<usize> {
        let id = element.attribute("href")?.trim().strip_prefix('#')?;
        self.ids.get(id).copied()
    }

    /// An attribute of a paint, its own or that of the one it refers to.
    fn inherited(&self, element: &'a Element, name: &str) -> Option<&'a str> {
        const MOST_STEPS: usize = 32;
        let tree = self.tree;
        let mut element = element;
        for _ in 0..MOST_STEPS {
            let is_paint = element.name.ends_with("Gradient") || element.name == "pattern";
            match element.attribute(name) {
                None if is_paint => element = tree.elements.get(self.target(element)?)?,
                found => return found,
            }
        }
        None
    }

    /// Takes a shift off two attributes, which are 0 where they are not said.
    fn shift_lengths(&mut self, index: usize, shift: Vec2, names: [&'static str; 2]) {
        if shift == Vec2::ZERO {
            return;
        }
        let tree = self.tree;
        let element = tree.elements.get(index);
        for name in names {
            if element.is_some_and(|element| element.attribute(name).is_none()) {
                let moved = 0.0 - along(shift, name);
                self.edits.push((index, name, moved.to_string()));
            }
        }
        self.shift_present(index, shift, names);
    }

    /// Takes a shift off what two attributes say, which may be several lengths.
    fn shift_present(&mut self, index: usize, shift: Vec2, names: [&'static str; 2]) {
        let tree = self.tree;
        let Some(element) = tree.elements.get(index).filter(|_| shift != Vec2::ZERO) else {
            return;
        };
        for name in names {
            let Some(text) = element.attribute(name) else {
                continue;
            };
            let lengths = LengthListParser::from(text);
            let moved: Option<Vec<String>> = lengths
                .map(|length| {
                    let value = self.pixels(length.ok()?, name)?;
                    Some((value - along(shift, name)).to_string())
                })
                .collect();
            match moved {
                Some(moved) => self.edits.push((index, name, moved.join(" "))),
                None => self.is_possible = false,
            }
        }
    }

    /// A length along the axis of an attribute; 0 where it is not said, `None` where it cannot be
    /// told.
    fn length(&self, text: Option<&str>, name: &str) -> Option<f64> {
        let Some(text) = text else {
            return Some(0.0);
        };
        self.pixels(Length::from_str(text.trim()).ok()?, name)
    }

    fn pixels(&self, length: Length, name: &str) -> Option<f64> {
        let Vec2 { x, y } = Vec2::from(self.viewport);
        let factor = match length.unit {
            LengthUnit::None | LengthUnit::Px => 1.0,
            LengthUnit::Percent => 0.01 * along(Vec2::new(x, y), name),
            LengthUnit::In => 96.0,
            LengthUnit::Cm => 96.0 / 2.54,
            LengthUnit::Mm => 9.6 / 2.54,
            LengthUnit::Pt => 96.0 / 72.0,
            LengthUnit::Pc => 16.0,
            LengthUnit::Em | LengthUnit::Ex => return None,
        };
        Some(length.number * factor)
    }
}
