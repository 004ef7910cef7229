//! What an SVG may cost: the file as it is, and the document that it expands to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an SVG may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseLimits {
    /// Most bytes of the file.
    pub bytes: usize,
    /// Most elements inside one another in the file.
    pub depth: usize,
    /// Most elements in the file.
    pub elements: usize,
    /// Most attributes of one element.
    pub attributes: usize,
    /// Most bytes of one attribute: path data, mainly.
    pub attribute_bytes: usize,
    /// Most characters of text to set in the file.
    pub characters: usize,
    /// What the document may cost once style sheets, inheritance and references are resolved.
    pub cost: CostBudget,
}

impl Default for ParseLimits {
    /// 16 MiB, 96 deep, 100,000 elements, 256 attributes of at most 4 MiB, 20,000 characters, and
    /// the default [`CostBudget`].
    fn default() -> Self {
        Self {
            bytes: 16 << 20,
            depth: 96,
            elements: 100_000,
            attributes: 256,
            attribute_bytes: 4 << 20,
            characters: 20_000,
            cost: CostBudget::default(),
        }
    }
}

impl ParseLimits {
    /// For SVG that this crate wrote itself: gradients and clip paths that a file said once may be
    /// written for each shape, and text as outlines, so that the defaults could refuse what they
    /// let in.
    pub fn for_own_output() -> Self {
        const ROOM: u64 = 16;
        let limits = Self::default();
        let cost = limits.cost;
        Self {
            bytes: usize::MAX,
            elements: 16 * limits.elements,
            attribute_bytes: usize::MAX,
            depth: 2 * CostBudget::MAX_LEVELS as usize,
            cost: CostBudget {
                elements: ROOM * cost.elements,
                segments: ROOM * cost.segments,
                stops: ROOM * cost.stops,
                paint_servers: ROOM * cost.paint_servers,
                surfaces: ROOM * cost.surfaces,
                lookups: ROOM * cost.lookups,
                levels: 2 * CostBudget::MAX_LEVELS,
                ..cost
            },
            ..limits
        }
    }
}

/// What a document may cost once style sheets, inheritance and references are resolved; counted
/// before anything is expanded. Section `[limits]` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CostBudget {
    /// Most elements.
    pub elements: u64,
    /// Most path segments; an arc counts as the curves that it becomes.
    pub segments: u64,
    /// Most gradient stops, counted for each shape that they paint.
    pub stops: u64,
    /// Most glyphs of text.
    pub glyphs: u64,
    /// Most gradients and patterns, counted for each shape that they paint.
    pub paint_servers: u64,
    /// Most surfaces of their own that a renderer needs: groups with opacity, clip paths, masks,
    /// filter primitives, patterns, viewports.
    pub surfaces: u64,
    /// Most attributes that elements inherit from, summed over all elements: what it takes to look
    /// properties up.
    pub lookups: u64,
    /// Most levels inside one another, references followed. Readers and renderers use the call
    /// stack for it. At most [`CostBudget::MAX_LEVELS`].
    pub levels: u64,
    /// Most steps that matching selectors of style sheets with elements may take.
    pub style_steps: u64,
}

impl CostBudget {
    /// The most levels that may be allowed: what is safe on a stack of 2 MiB.
    pub const MAX_LEVELS: u64 = 128;

    /// The key of the first bound that cannot be used, and why.
    ///
    /// # Errors
    /// When a bound is zero, or there are more levels than the stack is safe for.
    pub fn validate(&self) -> Result<(), (&'static str, String)> {
        for resource in Resource::ALL {
            if self.limit(resource) == 0 {
                return Err((resource.key(), "must be at least 1".to_owned()));
            }
        }
        if self.levels > Self::MAX_LEVELS {
            return Err((
                Resource::Levels.key(),
                format!(
                    "must be 1 to {}, {} was given",
                    Self::MAX_LEVELS,
                    self.levels
                ),
            ));
        }
        Ok(())
    }

    /// The bound of a resource.
    pub fn limit(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Elements => self.elements,
            Resource::Segments => self.segments,
            Resource::Stops => self.stops,
            Resource::Glyphs => self.glyphs,
            Resource::PaintServers => self.paint_servers,
            Resource::Surfaces => self.surfaces,
            Resource::Lookups => self.lookups,
            Resource::Levels => self.levels,
            Resource::StyleSteps => self.style_steps,
        }
    }
}

impl Default for CostBudget {
    fn default() -> Self {
        Self {
            elements: 100_000,
            segments: 2_000_000,
            stops: 400_000,
            glyphs: 40_000,
            paint_servers: 40_000,
            surfaces: 6_000,
            lookups: 10_000_000,
            levels: Self::MAX_LEVELS,
            style_steps: 20_000_000,
        }
    }
}

/// What a document can cost too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Elements.
    Elements,
    /// Path segments.
    Segments,
    /// Gradient stops.
    Stops,
    /// Glyphs of text.
    Glyphs,
    /// Gradients and patterns.
    PaintServers,
    /// Surfaces of their own: groups with opacity, clip paths, masks, filters, patterns, viewports.
    Surfaces,
    /// Attributes that elements inherit from.
    Lookups,
    /// Levels inside one another.
    Levels,
    /// Steps of matching style sheets.
    StyleSteps,
}

impl Resource {
    /// All resources.
    pub const ALL: [Self; 9] = [
        Self::Elements,
        Self::Segments,
        Self::Stops,
        Self::Glyphs,
        Self::PaintServers,
        Self::Surfaces,
        Self::Lookups,
        Self::Levels,
        Self::StyleSteps,
    ];

    /// The key that sets its bound.
    pub fn key(self) -> &'static str {
        match self {
            Self::Elements => "elements",
            Self::Segments => "segments",
            Self::Stops => "stops",
            Self::Glyphs => "glyphs",
            Self::PaintServers => "paint_servers",
            Self::Surfaces => "surfaces",
            Self::Lookups => "lookups",
            Self::Levels => "levels",
            Self::StyleSteps => "style_steps",
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Elements => "elements",
            Self::Segments => "path segments",
            Self::Stops => "gradient stops",
            Self::Glyphs => "glyphs",
            Self::PaintServers => "uses of gradients and patterns",
            Self::Surfaces => "layers, clip paths, masks and filters",
            Self::Lookups => "inherited attributes",
            Self::Levels => "levels inside one another",
            Self::StyleSteps => "steps of matching style sheets",
        })
    }
}
