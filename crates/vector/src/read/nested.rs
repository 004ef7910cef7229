//! SVG documents inside an SVG document, as pictures in data URLs: each passes the same sanitiser,
//! within a share of the same budget, and may hold no further ones.

use std::sync::{Mutex, PoisonError};

use chat2svg_stop::Stop;

use crate::sanitise::{
    CostBudget, Meter, ParseError, ParseLimits, Profile, WarningKind, Warnings, sanitised_tree,
};

use super::frame::Frame;
use super::{characters, expanded, reach};

/// Most documents inside one.
const MAX_DOCUMENTS: u64 = 16;

/// The documents inside a document.
pub(super) struct Documents {
    limits: ParseLimits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    read: u64,
    warnings: Warnings,
    lost: Vec<String>,
}

impl Documents {
    /// Documents inside one that may cost as much as `limits` say.
    pub(super) fn new(limits: &ParseLimits) -> Self {
        let cost = limits.cost;
        let share = |amount: u64| (amount / MAX_DOCUMENTS).max(1);
        Self {
            limits: ParseLimits {
                cost: CostBudget {
                    elements: share(cost.elements),
                    segments: share(cost.segments),
                    stops: share(cost.stops),
                    glyphs: share(cost.glyphs),
                    paint_servers: share(cost.paint_servers),
                    surfaces: share(cost.surfaces),
                    lookups: share(cost.lookups),
                    // They are inside at least one level already.
                    levels: cost.levels / 2,
                    style_steps: share(cost.style_steps),
                },
                ..limits.clone()
            },
            state: Mutex::default(),
        }
    }

    /// One of them; `None`, and a warning, when it cannot be read.
    pub(super) fn read(&self, data: &[u8]) -> Option<usvg::ImageKind> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.read += 1;
        if state.read > MAX_DOCUMENTS {
            state.lost.push("svg, one of more than 16".to_owned());
            return None;
        }
        match one(data, &self.limits, &mut state.warnings) {
            Ok(tree) => Some(usvg::ImageKind::SVG(tree)),
            Err(_) => {
                state.lost.push("svg that cannot be read".to_owned());
                None
            }
        }
    }

    /// Notes a picture of a kind that is not read.
    pub(super) fn lose(&self, kind: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.lost.push(kind.to_owned());
    }

    /// Hands on what there is to say of all of them.
    pub(super) fn tell(self, warnings: &mut Warnings) {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        for warning in state.warnings.into_list() {
            warnings.add_times(warning.kind, &warning.subject, warning.count);
        }
        for lost in state.lost {
            warnings.add(WarningKind::Image, &lost);
        }
    }
}

fn one(
    data: &[u8],
    limits: &ParseLimits,
    warnings: &mut Warnings,
) -> Result<usvg::Tree, ParseError> {
    let never = Stop::never();
    let meter = Meter::new(&never);
    let mut tree = sanitised_tree(data, 0, limits, Profile::Document, warnings, &meter)?;
    for element in tree
        .elements
        .iter_mut()
        .filter(|element| element.name == "image")
    {
        warnings.add(WarningKind::Image, "image inside an image");
        element.remove("href");
    }
    let root = tree.elements.first().ok_or(ParseError::Empty)?;
    reach::check(&tree, Frame::of(root)?.viewport())?;
    characters::leave_out(&mut tree, warnings, &meter)?;
    let none = usvg::ImageHrefResolver {
        resolve_data: Box::new(|_, _, _| None),
        resolve_string: Box::new(|_, _| None),
    };
    expanded(&mut tree, none)
}
