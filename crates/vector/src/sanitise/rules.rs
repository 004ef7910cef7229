//! The allow-list: elements, attributes, properties and functions that may pass. Whatever is not
//! named here is removed.

use super::numbers::{has_extreme_number, is_geometry};

/// Elements of the SVG namespace. `a` passes as a group, without its link.
const ELEMENTS: &[&str] = &[
    "a",
    "circle",
    "clipPath",
    "defs",
    "desc",
    "ellipse",
    "feBlend",
    "feColorMatrix",
    "feComponentTransfer",
    "feComposite",
    "feConvolveMatrix",
    "feDiffuseLighting",
    "feDisplacementMap",
    "feDistantLight",
    "feDropShadow",
    "feFlood",
    "feFuncA",
    "feFuncB",
    "feFuncG",
    "feFuncR",
    "feGaussianBlur",
    "feMerge",
    "feMergeNode",
    "feMorphology",
    "feOffset",
    "fePointLight",
    "feSpecularLighting",
    "feSpotLight",
    "feTile",
    "feTurbulence",
    "filter",
    "g",
    "line",
    "linearGradient",
    "marker",
    "mask",
    "metadata",
    "path",
    "pattern",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "stop",
    "style",
    "svg",
    "switch",
    "symbol",
    "text",
    "textPath",
    "title",
    "tspan",
    "use",
];

/// Attributes that place and name things; values are checked like any other.
const ATTRIBUTES: &[&str] = &[
    "amplitude",
    "aria-label",
    "aria-labelledby",
    "azimuth",
    "baseFrequency",
    "bias",
    "class",
    "clipPathUnits",
    "cx",
    "cy",
    "d",
    "data-distance",
    "data-emits",
    "data-gloss",
    "data-habitat",
    "data-material",
    "data-member",
    "data-name",
    "data-origin",
    "data-part",
    "data-place",
    "data-role",
    "data-time",
    "data-weather",
    "diffuseConstant",
    "divisor",
    "dx",
    "dy",
    "edgeMode",
    "elevation",
    "exponent",
    "filterUnits",
    "fr",
    "fx",
    "fy",
    "gradientTransform",
    "gradientUnits",
    "height",
    "href",
    "id",
    "in",
    "in2",
    "intercept",
    "k1",
    "k2",
    "k3",
    "k4",
    "kernelMatrix",
    "kernelUnitLength",
    "lengthAdjust",
    "limitingConeAngle",
    "markerHeight",
    "markerUnits",
    "markerWidth",
    "maskContentUnits",
    "maskUnits",
    "media",
    "method",
    "mode",
    "numOctaves",
    "offset",
    "operator",
    "order",
    "orient",
    "pathLength",
    "patternContentUnits",
    "patternTransform",
    "patternUnits",
    "points",
    "pointsAtX",
    "pointsAtY",
    "pointsAtZ",
    "preserveAlpha",
    "preserveAspectRatio",
    "primitiveUnits",
    "r",
    "radius",
    "refX",
    "refY",
    "requiredExtensions",
    "requiredFeatures",
    "result",
    "role",
    "rotate",
    "rx",
    "ry",
    "scale",
    "seed",
    "side",
    "slope",
    "spacing",
    "specularConstant",
    "specularExponent",
    "spreadMethod",
    "startOffset",
    "stdDeviation",
    "stitchTiles",
    "style",
    "surfaceScale",
    "systemLanguage",
    "tableValues",
    "targetX",
    "targetY",
    "textLength",
    "transform",
    "type",
    "values",
    "version",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "xChannelSelector",
    "y",
    "y1",
    "y2",
    "yChannelSelector",
    "z",
];

/// Properties that may stand as attributes and in styles.
const PROPERTIES: &[&str] = &[
    "alignment-baseline",
    "baseline-shift",
    "clip-path",
    "clip-rule",
    "color",
    "color-interpolation",
    "color-interpolation-filters",
    "direction",
    "display",
    "dominant-baseline",
    "enable-background",
    "fill",
    "fill-opacity",
    "fill-rule",
    "filter",
    "flood-color",
    "flood-opacity",
    "font",
    "font-family",
    "font-kerning",
    "font-size",
    "font-size-adjust",
    "font-stretch",
    "font-style",
    "font-variant",
    "font-weight",
    "glyph-orientation-horizontal",
    "glyph-orientation-vertical",
    "image-rendering",
    "isolation",
    "kerning",
    "letter-spacing",
    "lighting-color",
    "marker",
    "marker-end",
    "marker-mid",
    "marker-start",
    "mask",
    "mask-type",
    "mix-blend-mode",
    "opacity",
    "overflow",
    "paint-order",
    "shape-rendering",
    "stop-color",
    "stop-opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-opacity",
    "stroke-width",
    "text-anchor",
    "text-decoration",
    "text-rendering",
    "transform",
    "transform-box",
    "transform-origin",
    "unicode-bidi",
    "vector-effect",
    "visibility",
    "word-spacing",
    "writing-mode",
];

/// Properties that may stand in styles only, or are attributes that say something else or stand on
/// other elements.
const STYLE_PROPERTIES: &[&str] = &[
    "background",
    "background-color",
    "cx",
    "cy",
    "d",
    "height",
    "r",
    "rotate",
    "rx",
    "ry",
    "scale",
    "translate",
    "width",
    "x",
    "y",
];

/// Functions that may stand in values, in lower case. `url` is checked on its own.
const FUNCTIONS: &[&str] = &[
    "abs",
    "blur",
    "brightness",
    "calc",
    "clamp",
    "color",
    "color-mix",
    "contrast",
    "cos",
    "drop-shadow",
    "grayscale",
    "hsl",
    "hsla",
    "hue-rotate",
    "hwb",
    "hypot",
    "invert",
    "lab",
    "lch",
    "light-dark",
    "matrix",
    "matrix3d",
    "max",
    "min",
    "oklab",
    "oklch",
    "opacity",
    "path",
    "perspective",
    "rgb",
    "rgba",
    "rotate",
    "rotate3d",
    "rotatex",
    "rotatey",
    "rotatez",
    "saturate",
    "scale",
    "scale3d",
    "scalex",
    "scaley",
    "scalez",
    "sepia",
    "sign",
    "sin",
    "skew",
    "skewx",
    "skewy",
    "sqrt",
    "tan",
    "translate",
    "translate3d",
    "translatex",
    "translatey",
    "translatez",
    "var",
];

/// All elements that pass.
pub(crate) fn elements() -> impl Iterator<Item = &'static str> + Clone {
    ELEMENTS.iter().copied()
}

/// All attributes that pass.
pub(crate) fn attributes() -> impl Iterator<Item = &'static str> + Clone {
    ATTRIBUTES.iter().chain(PROPERTIES).copied()
}

/// The name that an SVG element passes under.
pub(crate) fn element(name: &str) -> Option<&'static str> {
    let position = ELEMENTS.iter().position(|allowed| *allowed == name)?;
    ELEMENTS
        .get(position)
        .copied()
        .map(|name| if name == "a" { "g" } else { name })
}

/// The name that an attribute without a namespace passes under.
pub(crate) fn attribute(name: &str) -> Option<&'static str> {
    let find =
        |list: &'static [&'static str]| list.iter().find(|allowed| **allowed == name).copied();
    find(ATTRIBUTES).or_else(|| find(PROPERTIES))
}

/// The name of a property that may stand in a style.
pub(crate) fn property(name: &str) -> Option<&'static str> {
    let all = || PROPERTIES.iter().chain(STYLE_PROPERTIES);
    all().find(|allowed| **allowed == name).copied()
}

/// Whether an attribute is a property that may stand as an attribute.
pub(crate) fn is_presentation(name: &str) -> bool {
    PROPERTIES.contains(&name)
}

/// Whether a property that does not pass has no effect on a still picture that this crate could
/// show, so that its loss needs no mention: what editors write for their own use, and layout of
/// text in boxes.
pub(crate) fn is_inert_property(name: &str) -> bool {
    const PREFIXES: [&str; 7] = [
        "-inkscape",
        "font-variant-",
        "font-feature",
        "text-align",
        "text-decoration-",
        "solid-",
        "shape-",
    ];
    property(name).is_none()
        && (PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || matches!(
                name,
                "block-progression"
                    | "color-rendering"
                    | "line-height"
                    | "text-indent"
                    | "text-orientation"
                    | "text-transform"
                    | "white-space"
                    | "inline-size"
            ))
}

/// Whether the loss of an attribute needs no mention, for it says nothing about the picture.
pub(crate) fn is_inert_attribute(name: &str) -> bool {
    matches!(
        name,
        "baseProfile"
            | "contentScriptType"
            | "contentStyleType"
            | "zoomAndPan"
            | "focusable"
            | "lang"
            | "tabindex"
            | "xmlns"
            | "allowReorder"
            | "externalResourcesRequired"
            | "color-rendering"
    )
}

/// Attributes whose values are names or data, never CSS.
fn is_plain_text(name: &str) -> bool {
    matches!(
        name,
        "id" | "class"
            | "d"
            | "points"
            | "data-name"
            | "aria-label"
            | "aria-labelledby"
            | "font-family"
            | "role"
            | "result"
            | "in"
            | "in2"
    )
}

/// Why a value may not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsafe {
    /// It refers to something outside the document.
    External,
    /// It holds an escape or a function that is not known to be harmless.
    Suspicious,
}

/// Checks a value of an attribute or property.
pub(crate) fn check_value(name: &str, value: &str) -> Result<(), Unsafe> {
    if name == "href" {
        return if value.trim_start().starts_with('#') {
            Ok(())
        } else {
            Err(Unsafe::External)
        };
    }
    // Geometry is checked where it can be refused.
    if !is_plain_text(name) && !is_geometry(name) && has_extreme_number(value) {
        return Err(Unsafe::Suspicious);
    }
    if is_plain_text(name) {
        // A family may be quoted and hold anything; the function check would reject "Font (Bold)".
        return if name == "font-family" && value.to_ascii_lowercase().contains("url") {
            Err(Unsafe::External)
        } else {
            Ok(())
        };
    }
    // An escape could spell any forbidden word.
    if value.contains('\\') || value.contains('@') {
        return Err(Unsafe::Suspicious);
    }
    let lower = value.to_ascii_lowercase();
    // Words that some reader once took for code.
    let squeezed: String = lower.split_whitespace().collect();
    if squeezed.contains("-moz-binding") || squeezed.contains("javascript:") {
        return Err(Unsafe::Suspicious);
    }
    for (position, _) in lower.match_indices('(') {
        let before = &lower[..position];
        let function = before
            .rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
            .next()
            .unwrap_or_default();
        if function == "url" {
            let target = lower[position + 1..].trim_start();
            let target = target.strip_prefix(['"', '\'']).unwrap_or(target);
            if !target.trim_start().starts_with('#') {
                return Err(Unsafe::External);
            }
        } else if !function.is_empty() && !FUNCTIONS.contains(&function) {
            return Err(Unsafe::Suspicious);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_may_follow_a_character_of_several_bytes() {
        assert_eq!(
            check_value("transform", "translate(5 5) \u{fffd}skewX(10)"),
            Ok(())
        );
        assert_eq!(
            check_value("fill", "ä→url(http://example.org/)"),
            Err(Unsafe::External)
        );
    }

    #[test]
    fn only_listed_names_pass() {
        assert_eq!(element("path"), Some("path"));
        assert_eq!(element("a"), Some("g"));
        for name in [
            "script",
            "foreignObject",
            "image",
            "feImage",
            "animate",
            "set",
            "iframe",
        ] {
            assert_eq!(element(name), None);
        }
        for name in [
            "onclick",
            "onload",
            "xlink:href",
            "src",
            "xml:base",
            "formaction",
        ] {
            assert_eq!(attribute(name), None);
        }
    }

    #[test]
    fn references_stay_inside_the_document() {
        for (name, value) in [
            ("href", "#a"),
            ("fill", "url(#a)"),
            ("fill", "url( '#a' ) red"),
            ("transform", "rotate(3) matrix(1 0 0 1 0 0)"),
            ("fill", "RGB(1,2,3)"),
            ("font-family", "'Times (New)'"),
            ("id", "path12345678901"),
        ] {
            assert_eq!(check_value(name, value), Ok(()), "{value}");
        }
        for (name, value) in [
            ("href", "http://x/#a"),
            ("href", "data:image/svg+xml,#a"),
            ("fill", "url(http://x)"),
            ("fill", "URL(\"//x\")"),
            ("clip-path", "url(#a) url(b.svg#c)"),
            ("font-family", "url(x)"),
        ] {
            assert_eq!(check_value(name, value), Err(Unsafe::External), "{value}");
        }
        for value in [
            "u\\72l(http://x)",
            "expression(alert(1))",
            "image-set('x' 1x)",
            "env(a)",
            "attr(a)",
        ] {
            assert_eq!(
                check_value("fill", value),
                Err(Unsafe::Suspicious),
                "{value}"
            );
        }
    }
}
