//! Strokes that keep their width on the screen, whatever scales the shape (`vector-effect`).

use std::collections::HashMap;

use kurbo::Affine;

use super::super::frame::Frame;
use super::placement::of_attribute;
use super::sizes::{Sizes, view_box};
use crate::sanitise::{Element, Meter, ParseError, Tree, WarningKind, Warnings};
use crate::transform::similarity_scale;

/// Most uses of one thing that are looked at, and levels of uses inside one another.
const MAX_USES: usize = 16;
/// Most elements that are gone through for one stroke before further uses are left out.
const MAX_STEPS: usize = 512;

/// Divides the widths of such strokes by what scales them.
///
/// # Errors
/// When the caller wants to stop.
pub(super) fn resolve(
    tree: &mut Tree,
    frame: &Frame,
    sizes: &Sizes,
    warnings: &mut Warnings,
    meter: &Meter<'_>,
) -> Result<(), ParseError> {
    let is_meant = |element: &Element| {
        let effect = element.attribute("vector-effect").unwrap_or("");
        effect.trim().eq_ignore_ascii_case("non-scaling-stroke")
    };
    let meant: Vec<usize> = (0..tree.elements.len())
        .filter(|index| tree.elements.get(*index).is_some_and(is_meant))
        .collect();
    if meant.is_empty() {
        return Ok(());
    }
    let mut changes = Vec::new();
    {
        let scales = Scales::new(tree, frame, sizes);
        for index in meant {
            let found = scales.of(index, meter)?;
            let Some(first) = found.first().copied() else {
                continue;
            };
            let differs = |other: &Affine| {
                let off = (size(*other) - size(first)).abs();
                off > 1e-6 * size(first)
            };
            if similarity_scale(first).is_none() || found.iter().any(differs) {
                let what = format!("vector-effect of {}", tree.place(index));
                warnings.add(WarningKind::Presentation, &what);
            }
            let scale = size(first);
            if scale > 0.0 && scale.is_finite() {
                changes.extend(scales.divided(index, scale));
            }
        }
    }
    for (index, name, value) in changes {
        if let Some(element) = tree.elements.get_mut(index) {
            element.set(name, value);
        }
    }
    Ok(())
}

/// How much a transform enlarges.
fn size(affine: Affine) -> f64 {
    affine.determinant().abs().sqrt()
}

struct Scales<'a> {
    tree: &'a Tree,
    sizes: &'a Sizes,
    screen: Affine,
    uses: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Scales<'a> {
    fn new(tree: &'a Tree, frame: &Frame, sizes: &'a Sizes) -> Self {
        let mut uses: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, element) in tree.elements.iter().enumerate() {
            if element.name == "use"
                && let Some(target) = element.attribute("href")
            {
                let id = target.trim().trim_start_matches('#');
                uses.entry(id).or_default().push(index);
            }
        }
        let screen = frame.shown().map_or(Affine::IDENTITY, |shown| {
            let (across, down) = (shown.view.width(), shown.view.height());
            Affine::scale_non_uniform(shown.width / across, shown.height / down)
        });
        Self {
            tree,
            sizes,
            screen,
            uses,
        }
    }

    /// The transforms from an element to the screen, one for each place where it is shown.
    fn of(&self, index: usize, meter: &Meter<'_>) -> Result<Vec<Affine>, ParseError> {
        let mut out = Vec::new();
        // Elements to go up from, and what transforms so far.
        let mut open = vec![(index, Affine::IDENTITY)];
        let mut steps = 0;
        while let Some((start, inside)) = open.pop() {
            let (mut at, mut affine) = (Some(start), inside);
            let mut is_shown = true;
            while let Some(here) = at {
                meter.add(1)?;
                steps += 1;
                let Some(element) = self.tree.elements.get(here) else {
                    break;
                };
                if matches!(
                    element.name,
                    "defs" | "clipPath" | "mask" | "pattern" | "marker"
                ) {
                    is_shown = false;
                }
                affine = self.own(element, here) * affine;
                let users = element.attribute("id").and_then(|id| self.uses.get(id));
                for user in users.into_iter().flatten().take(MAX_USES) {
                    if open.len() < MAX_USES && steps < MAX_STEPS {
                        open.push((*user, affine * self.symbol(element, *user)));
                    }
                }
                is_shown &= element.name != "symbol";
                at = self.sizes.parent(here);
            }
            if is_shown {
                out.push(self.screen * affine);
            }
        }
        Ok(out)
    }

    /// What an element itself transforms by.
    fn own(&self, element: &Element, index: usize) -> Affine {
        let own = of_attribute(element);
        if element.name == "svg" && index > 0 {
            return own * self.fit(element, element, index);
        }
        own
    }

    /// What a use of a symbol scales it by.
    fn symbol(&self, target: &Element, user: usize) -> Affine {
        match self.tree.elements.get(user) {
            Some(element) if target.name == "symbol" => self.fit(target, element, user),
            _ => Affine::IDENTITY,
        }
    }

    /// How a view box fits into the sides that another element, or the same, says.
    fn fit(&self, viewed: &Element, sized: &Element, index: usize) -> Affine {
        let Some(view) = view_box(viewed) else {
            return Affine::IDENTITY;
        };
        let (width, height) = self.sizes.viewport(index);
        let side = |name, whole: f64| match sized.attribute(name) {
            Some(_) => self.sizes.length(sized, index, name),
            None => whole,
        };
        let across = side("width", width) / view.w;
        let down = side("height", height) / view.h;
        let aspect = viewed.attribute("preserveAspectRatio").unwrap_or("").trim();
        if aspect.starts_with("none") {
            Affine::scale_non_uniform(across, down)
        } else if aspect.ends_with("slice") {
            Affine::scale(across.max(down))
        } else {
            Affine::scale(across.min(down))
        }
    }

    /// The lengths of a stroke divided by a scale, as attributes of the shape itself.
    fn divided(&self, index: usize, scale: f64) -> Vec<(usize, &'static str, String)> {
        let inherited = |name: &str| {
            let mut at = Some(index);
            while let Some(here) = at {
                let element = self.tree.elements.get(here)?;
                if let Some(value) = element.attribute(name) {
                    return Some((element, here, value));
                }
                at = self.sizes.parent(here);
            }
            None
        };
        let length = |name: &str| {
            inherited(name).map(|(element, here, _)| self.sizes.length(element, here, name))
        };
        let width = length("stroke-width").unwrap_or(1.0) / scale;
        let mut out = vec![(index, "stroke-width", width.to_string())];
        if let Some(offset) = length("stroke-dashoffset") {
            out.push((index, "stroke-dashoffset", (offset / scale).to_string()));
        }
        if let Some((_, here, dashes)) = inherited("stroke-dasharray")
            && dashes.trim() != "none"
        {
            let dashes = self.sizes.list(dashes, here);
            let dashes: Vec<_> = dashes
                .iter()
                .map(|dash| (dash / scale).to_string())
                .collect();
            if !dashes.is_empty() {
                out.push((index, "stroke-dasharray", dashes.join(" ")));
            }
        }
        out
    }
}
