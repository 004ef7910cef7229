//! Why an SVG file cannot be read.

use thiserror::Error;

use super::Resource;

/// Why an SVG file cannot be read.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ParseError {
    /// The file is larger than allowed.
    #[error("the SVG has {found} bytes, at most {limit} are accepted")]
    TooManyBytes {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The file is compressed.
    #[error("the SVG is compressed (.svgz); decompress it first, for instance with gunzip")]
    Compressed,
    /// The file is no text in UTF-8, UTF-16 or the encoding that it declares.
    #[error(
        "the SVG is not text in UTF-8, UTF-16 or the encoding that it declares; save it as UTF-8"
    )]
    NotUtf8,
    /// The root element is another.
    #[error("this is not an SVG: its root element is <{found}>, not <svg>")]
    NotSvg {
        /// Name of the root element, cut short.
        found: String,
    },
    /// There is no element at all.
    #[error("this is not an SVG: it holds no element")]
    Empty,
    /// The document uses entities that it does not declare.
    #[error("the SVG uses XML entities that it does not declare; save it as plain SVG")]
    Entities,
    /// The document declares an entity that may not be expanded.
    #[error(
        "the SVG declares the XML entity “{name}”, which {reason}; only up to 64 short plain texts are accepted; \
         save it as plain SVG"
    )]
    EntityRefused {
        /// Its name, cut short.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The text is not well-formed XML.
    #[error("the SVG is not well-formed XML at byte {position}: {reason}")]
    Malformed {
        /// Where, in bytes from the start.
        position: u64,
        /// What the parser found.
        reason: String,
    },
    /// Elements are nested too deeply, directly or by reference.
    #[error("the SVG nests elements more than {limit} deep")]
    TooDeep {
        /// Depth allowed.
        limit: usize,
    },
    /// There are too many elements.
    #[error("the SVG has more than {limit} elements")]
    TooManyElements {
        /// Elements allowed.
        limit: usize,
    },
    /// An element has too many attributes.
    #[error("an element <{element}> has more than {limit} attributes")]
    TooManyAttributes {
        /// Name of the element.
        element: String,
        /// Attributes allowed.
        limit: usize,
    },
    /// An attribute is too long.
    #[error(
        "the attribute {attribute} of <{element}> has {found} bytes, at most {limit} are accepted"
    )]
    AttributeTooLong {
        /// Name of the element.
        element: String,
        /// Name of the attribute.
        attribute: String,
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A style sheet has too many rules.
    #[error("the style sheets of the SVG have too many rules, selectors or declarations")]
    TooManyStyleRules,
    /// There is too much text to set.
    #[error("the SVG has more than {limit} characters of text")]
    TooMuchText {
        /// Characters allowed.
        limit: usize,
    },
    /// The document costs too much once style sheets, inheritance and references are resolved.
    #[error(
        "the SVG is too large once its references, style sheets and inherited properties are followed: at least \
         {found} {resource}, at most {limit} are accepted; most of it comes from {place}"
    )]
    TooCostly {
        /// Of what there is too much.
        resource: Resource,
        /// How much was found before counting ended.
        found: u64,
        /// How much is allowed.
        limit: u64,
        /// The element that contributes most, for people.
        place: String,
    },
    /// A number of geometry is larger than any renderer can hold.
    #[error(
        "{attribute} of <{element}> holds a number beyond ±{limit}, the most that can be drawn"
    )]
    NumberOutOfRange {
        /// Name of the element; `style` for a style sheet.
        element: String,
        /// Name of the attribute or property.
        attribute: String,
        /// The largest number allowed.
        limit: u64,
    },
    /// A curve in a document with strokes reaches too far, by its own numbers or by the transforms
    /// around it.
    #[error(
        "<{element}> reaches more than {limit} units far, by its {attribute}; curves with strokes cannot be measured there"
    )]
    CurveOutOfRange {
        /// Name of the element, with its id.
        element: String,
        /// Name of the attribute that takes it so far.
        attribute: String,
        /// The farthest allowed.
        limit: u64,
    },
    /// Something reaches too far once all transforms are applied, or is not a number.
    #[error(
        "{what} holds a number beyond ±1e9 or reaches more than {limit} times the viewBox beyond it, once transforms are applied; remove it or bring it nearer"
    )]
    TooFarOut {
        /// The shape or group (for its clip path), by its name.
        what: String,
        /// How many sides of the view box are allowed.
        limit: u64,
    },
    /// A side of the canvas or view box is too short or too long.
    #[error("the SVG's {attribute} is {found}; sides from {least} to {most} can be drawn")]
    SideOutOfRange {
        /// `width`, `height` or `viewBox`.
        attribute: &'static str,
        /// The length found.
        found: String,
        /// The shortest allowed, in pixels or units.
        least: String,
        /// The longest allowed.
        most: String,
    },
    /// The canvas or view box is too narrow.
    #[error("the SVG's {attribute} is more than {limit} times as long one way as the other")]
    TooNarrow {
        /// `size` or `viewBox`.
        attribute: &'static str,
        /// The largest ratio of its sides allowed.
        limit: u32,
    },
    /// The caller asked to stop.
    #[error("stopped before the SVG was read")]
    Stopped,
    /// The size or view box is empty or not a number.
    #[error("the SVG has no usable size: width, height and viewBox must be positive")]
    NoSize,
    /// The document cannot be normalised.
    #[error("the SVG cannot be understood: {reason}")]
    NotUnderstood {
        /// What was found.
        reason: String,
    },
}

impl ParseError {
    /// Whether it may be no more than a slip in the markup.
    pub(super) fn may_be_mended(&self) -> bool {
        matches!(
            self,
            Self::NotSvg { .. }
                | Self::Empty
                | Self::Entities
                | Self::Malformed { .. }
                | Self::TooDeep { .. }
        )
    }
}
