//! What is given to the reader and to the browser: one row for each kind, and the drawings with
//! which `vector` tests how it reads effects.

use std::{borrow::Cow, fs, path::PathBuf};

/// What must hold for a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Both pictures are alike.
    Alike,
    /// A warning says that the picture changes.
    Told,
    /// One of both.
    AlikeOrTold,
}

use Expected::{Alike, AlikeOrTold, Told};

/// A file, and what must hold for it.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) name: Cow<'static, str>,
    pub(crate) expected: Expected,
    content: Content,
}

#[derive(Clone)]
enum Content {
    /// A file of the tree.
    File(PathBuf),
    /// What is inside of a root of 200 × 160 pixels.
    Inside(&'static str),
    /// A whole file.
    Whole(&'static str),
    /// A whole file, encoded.
    Encoded(fn(&str) -> Vec<u8>, &'static str),
}

impl Case {
    /// Whether the file is in another encoding than UTF-8.
    pub(crate) fn is_encoded(&self) -> bool {
        matches!(self.content, Content::Encoded(..))
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match &self.content {
            Content::File(path) => fs::read(path).expect("is there"),
            Content::Inside(content) => wrapped(content).into_bytes(),
            Content::Whole(svg) => svg.as_bytes().to_vec(),
            Content::Encoded(encode, svg) => encode(svg),
        }
    }
}

/// A file of 200 × 160 pixels with this inside.
pub(crate) fn wrapped(content: &str) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' \
         width='200' height='160' viewBox='0 0 200 160'>{content}</svg>"
    )
}

const fn inside(name: &'static str, expected: Expected, content: &'static str) -> Case {
    let content = Content::Inside(content);
    Case {
        name: Cow::Borrowed(name),
        expected,
        content,
    }
}

const fn whole(name: &'static str, expected: Expected, svg: &'static str) -> Case {
    let content = Content::Whole(svg);
    Case {
        name: Cow::Borrowed(name),
        expected,
        content,
    }
}

const fn encoded(
    name: &'static str,
    expected: Expected,
    encode: fn(&str) -> Vec<u8>,
    svg: &'static str,
) -> Case {
    let content = Content::Encoded(encode, svg);
    Case {
        name: Cow::Borrowed(name),
        expected,
        content,
    }
}

fn utf16_little(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

fn utf16_big(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_be_bytes).collect()
}

/// Latin-1, for texts of its characters.
fn latin1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(c).expect("a character of Latin-1"))
        .collect()
}

/// A file whose colour only shows when a character in it is read right.
macro_rules! accented {
    ($declaration:literal) => {
        concat!(
            $declaration,
            "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='160'>\
             <linearGradient id='caf\u{e9}'><stop stop-color='#c0392b'/></linearGradient>\
             <g fill='url(#caf\u{e9})'><circle cx='100' cy='80' r='60'/></g></svg>"
        )
    };
}

/// Folder with drawings of masks, filters, patterns and the like.
const EFFECTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../vector/tests/browser");

/// All cases.
pub(crate) fn all() -> Vec<Case> {
    let files = fs::read_dir(EFFECTS).expect("there is a folder");
    let mut paths: Vec<PathBuf> = files
        .map(|file| file.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|name| name == "svg"))
        .collect();
    paths.sort();
    let effects = paths.into_iter().map(|path| Case {
        name: path
            .file_stem()
            .expect("it has a name")
            .to_string_lossy()
            .into_owned()
            .into(),
        expected: AlikeOrTold,
        content: Content::File(path),
    });
    CASES.iter().cloned().chain(effects).collect()
}

/// A row for each kind.
const CASES: &[Case] = &[
    // What holds of old: attributes, style sheets of simple selectors, references.
    inside(
        "shapes",
        Alike,
        "<rect x='10' y='10' width='60' height='40' rx='8' fill='#2980b9'/>\
        <circle cx='130' cy='40' r='30' fill='tomato'/><ellipse cx='60' cy='110' rx='50' ry='20' fill='#27ae60'/>\
        <line x1='120' y1='90' x2='190' y2='150' stroke='#8e44ad' stroke-width='6'/>\
        <polyline points='110,100 130,140 150,100 170,140' fill='none' stroke='#f39c12' stroke-width='4'/>\
        <polygon points='20,60 40,90 5,85' fill='navy'/>",
    ),
    inside(
        "strokes",
        Alike,
        "<path d='M20 120L60 30L100 120' fill='none' stroke='#c0392b' stroke-width='14' stroke-linejoin='round' stroke-linecap='round'/>\
        <path d='M120 120L150 40L180 120' fill='none' stroke='#34495e' stroke-width='10' stroke-miterlimit='8'/>\
        <path d='M10 145H190' stroke='#16a085' stroke-width='6' stroke-dasharray='14 6' stroke-dashoffset='4'/>",
    ),
    inside(
        "gradients",
        Alike,
        "<linearGradient id='s'><stop stop-color='#e74c3c'/><stop offset='.5' stop-color='#f1c40f' stop-opacity='.6'/><stop offset='1' stop-color='#2ecc71'/></linearGradient>\
        <linearGradient id='a' xlink:href='#s' gradientTransform='rotate(30)'/><radialGradient id='b' href='#s' cx='.4' cy='.4' r='.6' spreadMethod='reflect'/>\
        <rect x='5' y='5' width='90' height='150' fill='url(#a)'/><rect x='105' y='5' width='90' height='150' fill='url(#b)'/>",
    ),
    inside(
        "opacity of groups",
        Alike,
        "<rect width='200' height='160' fill='#ecf0f1'/><g opacity='.5'><circle cx='80' cy='80' r='50' fill='#c0392b'/>\
        <circle cx='120' cy='80' r='50' fill='#2980b9' fill-opacity='.7'/></g>",
    ),
    inside(
        "clip paths",
        Alike,
        "<clipPath id='c'><circle cx='70' cy='80' r='60'/><rect x='110' y='40' width='70' height='80'/></clipPath>\
        <g clip-path='url(#c)'><rect width='200' height='160' fill='#1abc9c'/><path d='M0 160L200 0V160Z' fill='#34495e'/></g>",
    ),
    inside(
        "use and symbols",
        Alike,
        "<defs><g id='l'><path d='M0 0q20-20 40 0t-40 0' stroke='#145a32'/></g><symbol id='y' viewBox='0 0 10 10'><circle cx='5' cy='5' r='5'/></symbol></defs>\
        <use href='#l' x='20' y='50' fill='#27ae60'/><use xlink:href='#l' transform='translate(100 60) rotate(30) scale(2 1)' fill='#e67e22'/>\
        <use href='#y' x='120' y='90' width='60' height='60' fill='#2980b9'/>",
    ),
    inside(
        "transforms",
        Alike,
        "<g transform='translate(100 80)'><rect x='-40' y='-20' width='80' height='40' fill='#9b59b6' transform='rotate(25) skewX(10)'/>\
        <rect x='-70' y='40' width='30' height='20' fill='#e67e22' transform='scale(1.2 1.6) rotate(-8 -55 50)'/></g>",
    ),
    inside(
        "classes, inheritance, current colour",
        Alike,
        "<style>.a{fill:#d35400;stroke:currentColor}#b,g > .c{fill:#16a085}rect.d{stroke-width:6}</style>\
        <g color='#2c3e50' stroke-width='3'><rect class='a d' x='10' y='10' width='70' height='60'/><circle id='b' cx='140' cy='40' r='30'/>\
        <path class='c' d='M20 150L100 90L180 150Z'/></g>",
    ),
    whole(
        "a view box that is fitted",
        Alike,
        "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='100' viewBox='10 10 50 50' preserveAspectRatio='xMinYMid slice'>\
        <rect x='10' y='10' width='50' height='50' fill='#f1c40f'/><circle cx='30' cy='35' r='15' fill='#c0392b'/></svg>",
    ),
    inside(
        "markers",
        Alike,
        "<marker id='m' viewBox='0 0 10 10' refX='5' refY='5' markerWidth='4' markerHeight='4' orient='auto'><path d='M0 0L10 5L0 10Z' fill='#c0392b'/></marker>\
        <path d='M20 130L80 40L170 100' fill='none' stroke='#34495e' stroke-width='6' marker-end='url(#m)' marker-mid='url(#m)'/>",
    ),
    whole(
        "nested viewports",
        Alike,
        "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='160'><svg x='20' y='20' width='80' height='60' viewBox='0 0 40 40'>\
        <rect width='40' height='40' fill='#2980b9'/></svg><svg x='110' y='60' width='60' height='60'><circle cx='30' cy='30' r='40' fill='#e74c3c'/></svg></svg>",
    ),
    // What a document cannot hold is told.
    inside(
        "a blend mode",
        Told,
        "<rect width='120' height='160' fill='#f1c40f'/><rect x='60' width='140' height='160' fill='#2980b9' style='mix-blend-mode:multiply'/>",
    ),
    inside(
        "a turbulent filter",
        Told,
        "<filter id='f'><feTurbulence baseFrequency='.05'/></filter><rect width='200' height='160' filter='url(#f)'/>",
    ),
    inside(
        "a picture",
        Alike,
        "<image width='80' height='80' href='data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='/><circle cx='150' cy='80' r='30'/>",
    ),
    inside(
        "a pattern on a ground",
        Alike,
        "<pattern id='p' width='20' height='20' patternUnits='userSpaceOnUse'><rect width='20' height='20' fill='#fff'/><circle cx='10' cy='10' r='6' fill='#c0392b'/></pattern>\
        <rect width='200' height='160' fill='#e8f4ff'/><rect x='20' y='20' width='160' height='120' fill='url(#p)'/>",
    ),
    inside(
        "a pattern",
        Alike,
        "<pattern id='p' width='20' height='20' patternUnits='userSpaceOnUse'><circle cx='10' cy='10' r='6' fill='#c0392b'/></pattern><rect width='200' height='160' fill='url(#p)'/>",
    ),
    inside(
        "a mask of grey",
        Alike,
        "<mask id='k'><rect width='200' height='160' fill='#888'/><path d='M0 0L200 160H0Z' fill='#ccc'/></mask><rect width='200' height='160' fill='#2980b9' mask='url(#k)'/>",
    ),
    // Transforms in CSS.
    inside(
        "css: transform",
        Alike,
        "<style>.t{transform:translate(60px,20px) rotate(20deg) scale(1.5)}</style><rect class='t' width='60' height='40' fill='#8e44ad'/>",
    ),
    inside(
        "css: transform-origin",
        Alike,
        "<rect x='60' y='40' width='80' height='60' fill='#d35400' style='transform:rotate(30deg);transform-origin:100px 70px'/>",
    ),
    inside(
        "css: transform-box",
        Alike,
        "<rect x='60' y='40' width='80' height='60' fill='#16a085' style='transform-box:fill-box;transform-origin:50% 50%;transform:rotate(45deg)'/>",
    ),
    inside(
        "css: transform in percent of a box",
        Alike,
        "<g style='transform:translateX(10%)'><rect x='40' y='40' width='60' height='60' fill='#2980b9' style='transform-box:fill-box;transform:translate(50%,25%)'/></g>",
    ),
    inside(
        "css: matrix and skew",
        Alike,
        "<rect width='60' height='40' fill='#c0392b' style='transform:matrix(1,.2,-.3,1.2,80,40) skewX(10deg)'/>",
    ),
    // Colours of CSS Color 4.
    inside(
        "color: names and hexadecimal with alpha",
        Alike,
        "<rect width='100' height='80' fill='rebeccapurple'/><rect x='100' width='100' height='80' fill='#2980b980'/><rect y='80' width='100' height='80' fill='#c38c'/><rect x='100' y='80' width='100' height='80' fill='lightgoldenrodyellow'/>",
    ),
    inside(
        "color: spaces and alpha",
        Alike,
        "<rect width='100' height='80' fill='rgb(192 57 43 / 60%)'/><rect x='100' width='100' height='80' fill='hsl(204 64% 44% / .5)'/><rect y='80' width='200' height='80' fill='rgb(10% 60% 40%)'/>",
    ),
    inside(
        "color: hwb",
        Alike,
        "<rect width='200' height='80' fill='hwb(140 10% 30%)'/><rect y='80' width='200' height='80' fill='hwb(300deg 40% 20% / 50%)'/>",
    ),
    inside(
        "color: lab and lch",
        Alike,
        "<rect width='200' height='80' fill='lab(55% 40 30)'/><rect y='80' width='200' height='80' fill='lch(60% 40 200)'/>",
    ),
    inside(
        "color: oklab and oklch",
        Alike,
        "<rect width='200' height='80' fill='oklab(60% .1 .08)'/><rect y='80' width='200' height='80' fill='oklch(70% .12 150 / .8)'/>",
    ),
    inside(
        "color: color()",
        Alike,
        "<rect width='200' height='80' fill='color(srgb .8 .3 .1)'/><rect y='80' width='200' height='80' fill='color(srgb-linear .2 .5 .3)'/>",
    ),
    inside(
        "color: in stops",
        Alike,
        "<linearGradient id='a'><stop stop-color='oklch(70% .15 40)'/><stop offset='1' stop-color='rgb(41 128 185 / 50%)'/></linearGradient><rect width='200' height='160' fill='url(#a)'/>",
    ),
    // Variables.
    inside(
        "css: variables",
        Alike,
        "<style>:root{--main:#c0392b;--wide:8px}.v{fill:var(--main);stroke:#2c3e50;stroke-width:var(--wide)}</style><circle class='v' cx='100' cy='80' r='50'/>",
    ),
    inside(
        "css: variables with fallback and inheritance",
        Alike,
        "<g style='--tint:#27ae60'><rect x='10' y='10' width='80' height='140' fill='var(--tint)' style='fill:var(--tint)'/></g>\
        <rect x='110' y='10' width='80' height='140' style='fill:var(--missing,#f39c12)'/>",
    ),
    // Selectors.
    inside(
        "selectors: children by number",
        Alike,
        "<style>rect{fill:#bdc3c7}rect:nth-child(2n){fill:#c0392b}rect:first-child{fill:#27ae60}rect:last-child{fill:#2980b9}</style>\
        <g><rect width='50' height='160'/><rect x='50' width='50' height='160'/><rect x='100' width='50' height='160'/><rect x='150' width='50' height='160'/></g>",
    ),
    inside(
        "selectors: :not, :is, siblings",
        Alike,
        "<style>rect{fill:#bdc3c7}rect:not(.a,.b){fill:#8e44ad}:is(.b,.z){fill:#16a085}.a ~ .c{stroke:#2c3e50;stroke-width:8}</style>\
        <rect class='a' width='60' height='160'/><rect class='b' x='60' width='60' height='160'/><rect class='c' x='130' y='20' width='60' height='120'/>",
    ),
    inside(
        "selectors: nesting",
        Alike,
        "<style>g{fill:#d35400;&amp; .n{fill:#2980b9}.o{fill:#27ae60}}</style><g><rect width='60' height='160'/><rect class='n' x='70' width='60' height='160'/><rect class='o' x='140' width='60' height='160'/></g>",
    ),
    // Media.
    inside(
        "css: media that hold",
        Alike,
        "<style>rect{fill:#bdc3c7}@media screen{.s{fill:#c0392b}}@media all{.l{fill:#27ae60}}@media print{.s{fill:#000}}</style>\
        <rect class='s' width='100' height='160'/><rect class='l' x='100' width='100' height='160'/>",
    ),
    // Geometry in CSS.
    inside(
        "css: geometry",
        Alike,
        "<style>circle{cx:60px;cy:80px;r:40px}rect{x:110px;y:30px;width:80px;height:100px;rx:12px}</style><circle fill='#c0392b'/><rect fill='#2980b9'/>",
    ),
    inside(
        "css: radii of auto",
        Alike,
        "<rect x='5' y='5' width='60' height='60' rx='auto' ry='20' fill='#2980b9'/><rect x='75' y='5' width='60' height='60' ry='20' fill='#c0392b'/>\
        <rect x='140' y='5' width='50' height='60' style='rx:auto;ry:15px' fill='#27ae60'/><ellipse cx='35' cy='110' rx='auto' ry='20'/>\
        <ellipse cx='100' cy='110' ry='30' style='rx:auto' fill='#f39c12'/>",
    ),
    inside(
        "circles that are paths",
        Alike,
        "<path fill='#2980b9' d='M140 80c0 22.09-17.91 40-40 40S60 102.09 60 80 77.91 40 100 40s40 17.91 40 40z'/>\
        <path d='M40 20c0 5.52-4.48 10-10 10S20 25.52 20 20s4.48-10 10-10 10 4.48 10 10z'/>",
    ),
    inside(
        "css: path data",
        Alike,
        "<path style='d:path(\"M20 140L100 20L180 140Z\")' fill='#16a085'/>",
    ),
    // What is drawn in the units of the screen, or of a font.
    inside(
        "non-scaling strokes",
        Alike,
        "<g transform='scale(4)'><rect x='10' y='8' width='30' height='24' fill='#ecf0f1' stroke='#c0392b' stroke-width='6' vector-effect='non-scaling-stroke'/></g>",
    ),
    inside(
        "em without a font size",
        Alike,
        "<rect x='1em' y='1em' width='6em' height='4em' fill='#8e44ad'/>",
    ),
    whole(
        "em at the root",
        Alike,
        "<svg xmlns='http://www.w3.org/2000/svg' width='10em' height='8em' viewBox='0 0 10 8'><rect x='1' y='1' width='8' height='6' fill='#d35400'/></svg>",
    ),
    whole(
        "millimetres and points",
        Alike,
        "<svg xmlns='http://www.w3.org/2000/svg' width='50mm' height='30mm' viewBox='0 0 50 30'><rect x='5mm' y='2' width='20pt' height='20' fill='#27ae60'/><circle cx='25' cy='15' r='10' fill='#c0392b'/></svg>",
    ),
    // Masks.
    inside(
        "masks of opaque shapes",
        AlikeOrTold,
        "<mask id='k'><rect width='200' height='160' fill='#fff'/><circle cx='100' cy='80' r='40' fill='#000'/></mask><rect x='20' y='20' width='160' height='120' fill='#2980b9' mask='url(#k)'/>",
    ),
    inside(
        "masks of a gradient",
        Alike,
        "<linearGradient id='a'><stop stop-color='#fff'/><stop offset='1' stop-color='#000'/></linearGradient><mask id='k'><rect width='200' height='160' fill='url(#a)'/></mask>\
        <rect width='200' height='160' fill='#c0392b' mask='url(#k)'/>",
    ),
    // Encodings.
    encoded(
        "utf-16, little end first",
        Alike,
        utf16_little,
        accented!(""),
    ),
    encoded("utf-16, big end first", Alike, utf16_big, accented!("")),
    encoded(
        "latin-1 as declared",
        Alike,
        latin1,
        accented!("<?xml version='1.0' encoding='ISO-8859-1'?>"),
    ),
    encoded(
        "windows-1252 as declared",
        Alike,
        latin1,
        accented!("<?xml version='1.0' encoding='windows-1252'?>"),
    ),
    whole(
        "entities of an internal subset",
        Alike,
        "<!DOCTYPE svg [<!ENTITY st0 'fill:#c0392b;'><!ENTITY st1 'stroke:#2c3e50;stroke-width:8;'>]>\
        <svg xmlns='http://www.w3.org/2000/svg' width='200' height='160'><circle cx='100' cy='80' r='50' style='&st0;&st1;'/></svg>",
    ),
];
