//! Reading SVG as people have it: sanitised, normalised to curves, names kept.

mod adapt;
mod characters;
mod clips;
mod contours;
mod convert;
mod effects;
mod fade;
mod filter;
mod fonts;
mod frame;
mod layers;
mod mask;
mod metadata;
mod names;
mod nested;
mod nodes;
mod paint;
mod picture;
mod presentation;
mod range;
mod reach;
mod rebase;
mod recolor;
mod soft;
mod spare;
mod tile;
mod unread;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chat2svg_stop::Stop;
use kurbo::Affine;

use crate::sanitise::{
    Meter, ParseError, ParseLimits, Profile, Tree, Warning, WarningKind, Warnings, printable,
    sanitised_tree,
};
use crate::{Document, Group, Node, WriteOptions, mend};

use convert::Converter;
use frame::Frame;
use reach::Extent;
use spare::Spare;

/// A document that has been read, and what was left out of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The document.
    pub document: Document,
    /// What was removed or simplified, for people to see.
    pub warnings: Vec<Warning>,
}

impl Document {
    /// Reads an SVG file: mends what is written wrong (see [`Mend`](crate::Mend)), sanitises it
    /// (see [`crate::sanitise`]), turns shapes, strokes, gradients,
    /// transforms, `use`, CSS, text and clip paths into this crate's model, and keeps ids and
    /// labels (`inkscape:label`, `data-name`, `aria-label` or a title inside the element; else the
    /// id when a person chose it; else the comment above; several elements below one comment become
    /// a group of that name). Text is set in Noto Sans. Patterns become their mean colour; masks,
    /// filters, blend modes and raster images are left out; all with a warning.
    ///
    /// # Errors
    /// When the file is no SVG, is damaged, or exceeds the limits.
    pub fn parse(svg: &[u8], limits: &ParseLimits) -> Result<Parsed, ParseError> {
        Self::parse_until(svg, limits, &Stop::never())
    }

    /// As [`Document::parse`], but given up once `stop` says so, which is asked every few thousand
    /// bytes and elements. Only usvg's own work in between cannot be stopped; [`ParseLimits::cost`]
    /// bounds it.
    ///
    /// # Errors
    /// As [`Document::parse`], and [`ParseError::Stopped`] when `stop` says so.
    pub fn parse_until(
        svg: &[u8],
        limits: &ParseLimits,
        stop: &Stop,
    ) -> Result<Parsed, ParseError> {
        Self::parse_metered(svg, 0, limits, &Meter::new(stop))
    }

    /// Reads the drawing in the reply of a language model, as [`Document::parse_until`] does with
    /// a file: without the prose around it, from a fence or not, broken off or whole. Of several
    /// drawings it takes the last whole one that shows something, but none that is less than half
    /// of another.
    ///
    /// # Errors
    /// As [`Document::parse_until`], for the best of the drawings.
    pub fn parse_reply(
        reply: &str,
        limits: &ParseLimits,
        stop: &Stop,
    ) -> Result<Parsed, ParseError> {
        /// Drawings that are tried.
        const MAX_TRIES: usize = 4;
        let first = Self::parse_until(reply.as_bytes(), limits, stop);
        let shows = |result: &Result<Parsed, ParseError>| {
            let shown = result
                .as_ref()
                .map(|parsed| parsed.document.counts().shapes);
            shown.is_ok_and(|shapes| shapes > 0)
        };
        if shows(&first) || first == Err(ParseError::Stopped) || reply.len() > limits.bytes {
            return first;
        }
        let others = 1..mend::drawings(reply).min(MAX_TRIES);
        let mut tried = others
            .map(|rank| Self::parse_metered(reply.as_bytes(), rank, limits, &Meter::new(stop)));
        tried.find(shows).unwrap_or(first)
    }

    /// Looks whether an SVG could be read, as far as that is known before its geometry is: it is
    /// sanitised and its cost counted. Given up once `stop` says so.
    ///
    /// # Errors
    /// As [`Document::parse_until`], but for damage that only normalising finds.
    pub fn check_until(svg: &[u8], limits: &ParseLimits, stop: &Stop) -> Result<(), ParseError> {
        let (meter, mut warnings) = (Meter::new(stop), Warnings::default());
        sanitised_tree(svg, 0, limits, Profile::Document, &mut warnings, &meter).map(|_| ())
    }

    fn parse_metered(
        svg: &[u8],
        rank: usize,
        limits: &ParseLimits,
        meter: &Meter<'_>,
    ) -> Result<Parsed, ParseError> {
        let mut warnings = Warnings::default();
        let mut tree = sanitised_tree(svg, rank, limits, Profile::Document, &mut warnings, meter)?;
        let root = tree.elements.first().ok_or(ParseError::Empty)?;
        let title = names::title(&tree, root, "title");
        let description = names::title(&tree, root, "desc");
        let mut metadata = metadata::read(&tree);
        let frame = Frame::of(root)?;
        metadata.unit = frame.unit();
        presentation::resolve(&mut tree, &frame, &mut warnings, meter)?;
        rebase::rebase(&mut tree, &frame, &mut warnings, meter)?;
        let root = tree.elements.first().ok_or(ParseError::Empty)?;
        let frame = Frame::of(root)?;
        let extent = reach::check(&tree, frame.viewport())?;
        let names = names::collect(&mut tree, meter)?;
        characters::leave_out(&mut tree, &mut warnings, meter)?;
        adapt::to_browsers(&mut tree, &mut warnings, meter)?;
        meter.check()?;
        let nested = nested::Documents::gather(&mut tree, limits, &mut warnings, meter)?;
        let normalised = normalise(&mut tree, &frame, &nested)?;
        meter.check()?;
        let mut spare = Spare::default();
        let mut converter = Converter {
            names: &names,
            kinds: &names,
            warnings: &mut warnings,
            taken: HashSet::new(),
            meter,
            spare: &mut spare,
            pixels: frame.pixels(),
        };
        let layers = converter.children(normalised.root());
        // The converter leaves out what comes after a stop.
        meter.check()?;
        let mut document = Document {
            width: 1.0,
            height: 1.0,
            view_box: kurbo::Rect::new(0.0, 0.0, 1.0, 1.0),
            title,
            description,
            metadata,
            layers,
        };
        let canvas = frame.canvas(document.paint_bounds())?;
        document.width = canvas.width;
        document.height = canvas.height;
        document.view_box = canvas.view_box;
        if canvas.content != Affine::IDENTITY {
            let content = Group {
                transform: canvas.content,
                children: std::mem::take(&mut document.layers),
                ..Group::new("")
            };
            document.layers.push(Node::Group(content));
        }
        range::check(&document)?;
        if extent == Extent::Far {
            check_written(&document, meter)?;
        }
        for _ in 0..document.bound_dashes() {
            warnings.add(WarningKind::Dashes, "stroke-dasharray");
        }
        Ok(Parsed {
            document,
            warnings: warnings.into_list(),
        })
    }
}

/// Checks that a document can be read again once it is written.
fn check_written(document: &Document, meter: &Meter<'_>) -> Result<(), ParseError> {
    let written = document.to_svg(&WriteOptions::default());
    let (limits, mut warnings) = (ParseLimits::for_own_output(), Warnings::default());
    let profile = Profile::Document;
    let tree = sanitised_tree(
        written.as_bytes(),
        0,
        &limits,
        profile,
        &mut warnings,
        meter,
    )?;
    let root = tree.elements.first().ok_or(ParseError::Empty)?;
    reach::check(&tree, Frame::of(root)?.viewport()).map(|_| ())
}

/// Everything as absolute curves, in the coordinates of the view box.
fn normalise(
    tree: &mut Tree,
    frame: &Frame,
    nested: &nested::Documents,
) -> Result<usvg::Tree, ParseError> {
    // A canvas that equals the view box leaves coordinates as they are; where the view box begins
    // does not matter to the content.
    let (width, height) = frame.viewport();
    if let Some(root) = tree.elements.first_mut() {
        root.set("width", width.to_string());
        root.set("height", height.to_string());
        root.set("viewBox", format!("0 0 {width} {height}"));
        root.remove("preserveAspectRatio");
        root.remove("x");
        root.remove("y");
    }
    let images = usvg::ImageHrefResolver {
        resolve_data: Box::new(|kind, data, _| nested.resolve(kind, data)),
        resolve_string: Box::new(|_, _| None),
    };
    expanded(tree, images)
}

/// A tree whose cost is known, as usvg expands it.
fn expanded(tree: &Tree, images: usvg::ImageHrefResolver<'_>) -> Result<usvg::Tree, ParseError> {
    let text = tree.to_text();
    let options = usvg::Options {
        font_family: fonts::UNNAMED.to_owned(),
        font_size: 16.0,
        fontdb: fonts::database(),
        image_href_resolver: images,
        ..usvg::Options::default()
    };
    let not_understood = |reason: String| ParseError::NotUnderstood {
        reason: printable(&reason, 200),
    };
    // Strange numbers can break assumptions of the library; that must not break the caller.
    catch_unwind(AssertUnwindSafe(|| usvg::Tree::from_str(&text, &options)))
        .map_err(|_| not_understood("its numbers are out of range".to_owned()))?
        .map_err(|error| not_understood(error.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Inputs of one kind, larger with `count`.
    fn input(kind: usize, count: usize) -> String {
        let repeated = |part: &dyn Fn(usize) -> String| (0..count).map(part).collect::<String>();
        let shape = "<rect width='9' height='9'/>";
        match kind {
            0 => format!("<g style='{}'/>", repeated(&|n| format!("fill:#{n:06x};"))),
            1 => repeated(&|n| format!("<g style='stroke:red;fill:#{n:06x};bad{n}:1'/>")),
            2 => format!(
                "<style>{}</style>{}",
                repeated(&|n| format!(".c{n}{{fill:red;stroke:blue}}")),
                repeated(&|n| format!("<rect class='c{n}'/>"))
            ),
            3 => format!(
                "<style>rect{{{}}}</style>{}",
                repeated(&|n| format!("fill:#{n:06x};")),
                shape.repeat(count)
            ),
            4 => repeated(&|n| format!("<g id='n{n}-{}'/>", "_".repeat(n % 50))),
            5 => repeated(&|n| format!("<g><title>{n}</title><desc>a</desc>{shape}</g>")),
            6 => format!(
                "<text>{}</text>",
                "<tspan>a</tspan>".repeat(count.min(9_000))
            ),
            7 => format!("<rect fill='{}'/>", "(#".repeat(count)),
            8 => format!("<rect fill='{}'/>", "url(#a) ".repeat(count)),
            9 => repeated(&|n| format!("<!-- part {n} --><bad{n} x='1'/>{shape}")),
            10 => format!("<path d='M0 0{}'/>", "a1 1 0 01.5.5".repeat(count)),
            11 => format!("<g class='{}'/>", "a ".repeat(count)),
            12 => format!(
                "<metadata xmlns:dc='http://purl.org/dc/elements/1.1/'>{}</metadata>",
                "<dc:source>x</dc:source>".repeat(count)
            ),
            13 => format!("<style>{}</style>", "@a{b{}}/* c */".repeat(count)),
            14 => repeated(&|n| format!("<g id='a{n}'><use href='#b{n}'/></g>")),
            15 => repeated(&|n| {
                format!("<linearGradient id='g{n}'/><path d='M0 0h9v9z' fill='url(#g{n})'/>")
            }),
            // What is mended.
            16 => repeated(&|n| format!("<rect width={n} fil=red <g>")),
            17 => repeated(&|n| format!("rect x='{n} y=\"3 <!-- a <style> & path d=M0 0")),
            18 => format!("<path d='M0 0{}'/>", "h1;v2,,a1 1 0 0 1 2 2".repeat(count)),
            19 => repeated(&|n| format!("<widht{n} heihgt{n}='1'/>")),
            // Styles.
            22 => format!(
                "<style>{}</style>{}",
                repeated(&|n| format!(".a{n}{{&:is(.b,.c){{fill:lab(5{n}% 1 1)}}fill:red}}")),
                repeated(&|n| format!("<g class='a{n} b'>{shape}</g>"))
            ),
            23 => format!(
                "<style>:root{{{}}}</style>{}",
                "--a:1px;".repeat(count),
                repeated(&|n| format!("<g style='--b{n}:2;fill:var(--b{n},red)'>{shape}</g>"))
            ),
            24 => format!(
                "<style>rect:nth-last-child(2n+1){{fill:red}}</style>{}",
                shape.repeat(count)
            ),
            25 => repeated(&|_| {
                let style = "transform-box:fill-box;transform-origin:center;rotate:9deg";
                format!("<g style='{style}'><g style='{style}'>{shape}</g></g>")
            }),
            26 => repeated(&|n| {
                format!(
                    "<symbol id='s{n}'><path d='M0 0h9' vector-effect='non-scaling-stroke'/>\
                     </symbol><use href='#s{n}' style='scale:2'/>"
                )
            }),
            27 => format!(
                "<style>{}</style>",
                "@media (width>1px){a{b{}}".repeat(count)
            ),
            28 => format!("<g style='fill:{}'/>", "calc(1px + (".repeat(count)),
            29 => format!("<style>{}{{fill:red}}</style>{shape}", ":is(".repeat(count)),
            20 => "</g>".repeat(count) + &"<g ".repeat(count),
            // What is drawn as shapes.
            31 => format!(
                "<mask id='m'><circle r='5' fill='#fff'/></mask>{}",
                "<rect width='9' height='9' mask='url(#m)'/>".repeat(count)
            ),
            32 => repeated(&|n| {
                format!(
                    "<filter id='f{n}'><feDropShadow stdDeviation='1'/></filter>\
                     <rect width='9' height='9' filter='url(#f{n})'/>"
                )
            }),
            33 => format!(
                "<pattern id='p' width='.2' height='.2'><circle r='.5'/></pattern>{}",
                "<rect width='9' height='9' fill='url(#p)'/>".repeat(count)
            ),
            34 => "<image width='9' height='9' href='data:image/svg+xml,x'/>".repeat(count),
            21 => format!("<text>{}</g", "&eacute; & ]]> \"".repeat(count.min(4_000))),
            _ => format!("<rect fill='rgb({}'/>", "calc(1 + var(--a,".repeat(count)),
        }
    }

    fn steps(content: &str) -> (usize, u64) {
        let svg =
            format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>{content}</svg>");
        let never = Stop::never();
        let meter = Meter::new(&never);
        // Whether it is accepted does not matter, only what it takes to say so.
        let _ = Document::parse_metered(svg.as_bytes(), 0, &ParseLimits::default(), &meter);
        (svg.len(), meter.steps())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn steps_grow_no_faster_than_the_file(kind in 0..35usize, count in 100..900usize) {
            let (bytes, taken) = steps(&input(kind, count));
            let (more_bytes, more_taken) = steps(&input(kind, 4 * count));
            let growth = more_bytes as f64 / bytes as f64;
            let allowed = 1.25 * growth * taken as f64 + 20_000.0;
            prop_assert!(more_taken as f64 <= allowed, "kind {kind}: {taken}, then {more_taken}");
            prop_assert!(more_taken <= 64 * more_bytes as u64 + 20_000, "kind {kind}: {more_taken}");
        }
    }

    /// Style sheets that ask each element for each rule cannot be linear; they are cut off by a
    /// count.
    #[test]
    fn style_sheets_of_any_kind_are_bounded_by_a_count() {
        let limits = ParseLimits::default();
        let shapes = "<g class='a b c'><rect class='a b c'/></g>".repeat(10_000);
        for selector in [
            "*",
            "g *",
            "g > rect",
            ".a",
            ".a + .b",
            "[class]",
            "* * * * *",
            ":first-child",
            ":nth-child(2n+1)",
            ":not(.c)",
            ":is(.a, .b) ~ :where(rect, g)",
            ":is(:is(.a ~ .a) ~ .a) ~ .a rect",
        ] {
            let rules = format!("{selector}{{fill:red;stroke:blue;opacity:1;stroke-width:2}}")
                .repeat(4_000);
            let (bytes, taken) = steps(&format!("<style>{rules}</style>{shapes}"));
            let bound = 64 * bytes as u64 + limits.cost.style_steps + limits.cost.style_steps / 4;
            assert!(taken <= bound, "{selector}: {taken} of {bound}");
        }
    }
}
