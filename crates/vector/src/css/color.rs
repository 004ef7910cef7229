//! Colours and paints of CSS, in sRGB as a browser shows them.

use std::fmt;

use color::{AlphaColor, ColorSpaceTag, DynamicColor, HueDirection, Srgb, parse_color};
use cssparser::{Parser, Token};

use super::number::{Basis, NotThis, Number, wrong};

/// Longest colour, in bytes.
const MAX_BYTES: usize = 1_024;
/// Most colours inside one another.
const MAX_DEPTH: usize = 4;

/// A colour with its opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rgba {
    /// Red, green, blue.
    pub(crate) rgb: [u8; 3],
    /// `0.0..=1.0`.
    pub(crate) alpha: f64,
}

impl fmt::Display for Rgba {
    /// As all readers of SVG understand it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.rgb;
        if self.alpha >= 1.0 {
            return write!(formatter, "#{red:02x}{green:02x}{blue:02x}");
        }
        let alpha = (self.alpha * 1e4).round() / 1e4;
        write!(formatter, "rgba({red},{green},{blue},{alpha})")
    }
}

/// A colour of CSS Color 4, but for `currentColor` and the system's colours.
pub(crate) fn parse(text: &str) -> Option<Rgba> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut input = Parser::new(text);
    let found = input.parse_entirely(|input| color(input, 0));
    found.ok().map(in_srgb)
}

fn in_srgb(color: DynamicColor) -> Rgba {
    let [red, green, blue, alpha] = color.to_alpha_color::<Srgb>().components;
    let eight_bit = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    Rgba {
        rgb: [red, green, blue].map(eight_bit),
        alpha: f64::from(alpha.clamp(0.0, 1.0)),
    }
}

/// Whether a colour is of the kinds that browsers mix as the eye does.
pub(crate) fn is_mixed_by_eye(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    let functions = ["lab(", "lch(", "oklab(", "oklch(", "color(", "color-mix("];
    functions.iter().any(|function| text.starts_with(function))
}

/// A mixture as the eye sees it: what lies at a share of the way from one colour to another.
/// Browsers mix the opacities of gradients apart from their colours.
pub(crate) fn mixed(from: Rgba, to: Rgba, share: f64) -> Rgba {
    let dynamic = |color: Rgba| {
        let [red, green, blue] = color.rgb.map(|part| f32::from(part) / 255.0);
        DynamicColor::from_alpha_color(AlphaColor::<Srgb>::new([
            red,
            green,
            blue,
            color.alpha as f32,
        ]))
    };
    let (from, to) = (dynamic(from), dynamic(to));
    let way = from.interpolate_unpremultiplied(to, ColorSpaceTag::Oklab, HueDirection::Shorter);
    in_srgb(way.eval(share as f32))
}

/// A colour as all readers of SVG understand it.
pub(crate) fn plain_color(text: &str) -> Option<String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("currentcolor") {
        return Some("currentColor".to_owned());
    }
    parse(text).map(|color| color.to_string())
}

/// What fills or strokes, as all readers of SVG understand it.
pub(crate) fn plain_paint(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(word) = ["none", "context-fill", "context-stroke"]
        .into_iter()
        .find(|word| text.eq_ignore_ascii_case(word))
    {
        return Some(word.to_owned());
    }
    if text
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("url("))
    {
        let end = text.find(')')?;
        let (reference, fallback) = text.split_at(end + 1);
        let target = reference.get(4..end)?.trim();
        let target = target.trim_matches(['"', '\'']).trim();
        if !target.starts_with('#') {
            return None;
        }
        let fallback = fallback.trim();
        return Some(match fallback {
            "" => format!("url({target})"),
            _ if fallback.eq_ignore_ascii_case("none") => format!("url({target}) none"),
            _ => format!("url({target}) {}", plain_color(fallback)?),
        });
    }
    plain_color(text)
}

fn color(input: &mut Parser<'_>, depth: usize) -> Result<DynamicColor, NotThis> {
    let start = input.position();
    match input.next()?.clone() {
        Token::Hash(_) | Token::IDHash(_) => parsed(input.slice_from(start).trim_start()),
        Token::Ident(name) => match name.to_ascii_lowercase().as_str() {
            "canvas" | "field" => parsed("#fff"),
            "canvastext" | "fieldtext" | "buttontext" => parsed("#000"),
            // The parser knows them in one spelling.
            name => parsed(&name.replace("grey", "gray")),
        },
        Token::Function(name) if depth < MAX_DEPTH => {
            let name = name.to_ascii_lowercase();
            input.parse_nested_block(|input| match name.as_str() {
                "light-dark" => {
                    let light = color(input, depth + 1)?;
                    input.expect_comma()?;
                    color(input, depth + 1).map(|_| light)
                }
                "color-mix" => mix(input, depth + 1),
                _ => {
                    let arguments = arguments(input, &name)?;
                    parsed(&format!("{name}({arguments})"))
                }
            })
        }
        _ => Err(wrong()),
    }
}

fn parsed(text: &str) -> Result<DynamicColor, NotThis> {
    // The parser takes what follows a comment for its own.
    parse_color(text).map_err(|_| wrong())
}

/// The arguments of a colour function, computed.
fn arguments(input: &mut Parser<'_>, function: &str) -> Result<String, NotThis> {
    let is_hsl = matches!(function, "hsl" | "hsla");
    let mut out = String::new();
    // Of the components, without the opacity.
    let (mut count, mut percentages) = (0, 0);
    let (mut has_comma, mut has_none) = (false, false);
    loop {
        let before = input.state();
        let Ok(token) = input.next() else {
            break;
        };
        match token.clone() {
            Token::Comma => {
                has_comma = true;
                out.push(',');
            }
            Token::Delim('/') => out.push_str(" / "),
            Token::Ident(name) => {
                has_none |= name.eq_ignore_ascii_case("none");
                count += 1;
                out.push_str(&format!(" {}", name.to_ascii_lowercase()));
            }
            _ => {
                input.reset(&before);
                // In the older syntax colours cannot be more than saturated.
                let most = if is_hsl && has_comma && count == 1 {
                    100.0
                } else {
                    f64::MAX
                };
                match Number::parse(input, &Basis::default())? {
                    Number::Plain(number) => out.push_str(&format!(" {}", number.min(most))),
                    Number::Percent(percent) => {
                        percentages += usize::from(count < 3);
                        out.push_str(&format!(" {}%", percent.min(most)));
                    }
                    Number::Angle(degrees) => out.push_str(&format!(" {degrees}deg")),
                    Number::Length(_) => return Err(wrong()),
                }
                count += 1;
            }
        }
    }
    // The older syntax mixes nothing.
    let is_mixed = match function {
        "rgb" | "rgba" => percentages != 0 && percentages != 3,
        "hsl" | "hsla" => percentages != 2,
        _ => true,
    };
    if has_comma && (is_mixed || has_none) {
        return Err(wrong());
    }
    Ok(out)
}

/// `color-mix(in SPACE [HUE hue], COLOR [P%], COLOR [P%])`.
fn mix(input: &mut Parser<'_>, depth: usize) -> Result<DynamicColor, NotThis> {
    let (mut space, mut direction) = (ColorSpaceTag::Oklab, HueDirection::Shorter);
    if input
        .try_parse(|input| input.expect_ident_matching("in"))
        .is_ok()
    {
        let name = input.expect_ident()?.to_ascii_lowercase();
        space = match name.as_str() {
            "xyz" => ColorSpaceTag::XyzD65,
            "hsl" => ColorSpaceTag::Hsl,
            "hwb" => ColorSpaceTag::Hwb,
            name => name.parse().map_err(|_| wrong())?,
        };
        if let Ok(word) = input.try_parse(Parser::expect_ident_cloned) {
            direction = match word.to_ascii_lowercase().as_str() {
                "shorter" => HueDirection::Shorter,
                "longer" => HueDirection::Longer,
                "increasing" => HueDirection::Increasing,
                "decreasing" => HueDirection::Decreasing,
                _ => return Err(wrong()),
            };
            input.expect_ident_matching("hue")?;
        }
        input.expect_comma()?;
    }
    let (first, share_of_first) = part(input, depth)?;
    input.expect_comma()?;
    let (second, share_of_second) = part(input, depth)?;
    let (first_share, second_share) = match (share_of_first, share_of_second) {
        (None, None) => (0.5, 0.5),
        (Some(first), None) => (first, 1.0 - first),
        (None, Some(second)) => (1.0 - second, second),
        (Some(first), Some(second)) => (first, second),
    };
    let sum = first_share + second_share;
    if sum <= 0.0 {
        return Err(wrong());
    }
    let mixed = first
        .interpolate(second, space, direction)
        .eval((second_share / sum) as f32);
    let AlphaColor { components, .. } = mixed.to_alpha_color::<Srgb>();
    let [red, green, blue, alpha] = components;
    let faded = AlphaColor::<Srgb>::new([red, green, blue, alpha * sum.min(1.0) as f32]);
    Ok(DynamicColor::from_alpha_color(faded))
}

/// A colour to mix, and its share.
fn part(input: &mut Parser<'_>, depth: usize) -> Result<(DynamicColor, Option<f64>), NotThis> {
    let share = |input: &mut Parser<'_>| {
        input.try_parse(|input| match Number::parse(input, &Basis::default())? {
            Number::Percent(percent) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
            _ => Err(wrong()),
        })
    };
    let before = share(input).ok();
    let found = color(input, depth)?;
    Ok((found, before.or_else(|| share(input).ok())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Chromium shows them, in sRGB.
    const CHROMIUM: &[(&str, [u8; 3], f64)] = &[
        ("rebeccapurple", [102, 51, 153], 1.0),
        ("AliceBlue", [240, 248, 255], 1.0),
        ("darkslategrey", [47, 79, 79], 1.0),
        ("LightGoldenrodYellow", [250, 250, 210], 1.0),
        ("#abc", [170, 187, 204], 1.0),
        ("#AbCd", [170, 187, 204], 0.867),
        ("#2980b980", [42, 128, 185], 0.502),
        ("rgb(46 204 113)", [46, 204, 113], 1.0),
        ("rgb(46 204 113 / 50%)", [46, 203, 114], 0.502),
        ("rgba(248.625, 115.47, 15.2, 1)", [249, 115, 15], 1.0),
        ("rgb(20% 60% 40%)", [51, 153, 102], 1.0),
        ("rgb(20%, 60%, 40%, .25)", [52, 151, 104], 0.251),
        ("RGB(300, -20, 51)", [255, 0, 51], 1.0),
        ("rgb(none 128 51)", [0, 128, 51], 1.0),
        ("hsl(210deg 50% 40%)", [51, 102, 153], 1.0),
        ("hsl(0.5turn 60% 50%)", [51, 204, 204], 1.0),
        ("hsl(3.5rad, 60%, 50%)", [51, 152, 204], 1.0),
        ("hsla(-30, 100%, 25%, 40%)", [128, 0, 65], 0.4),
        ("hsl(120, 200%, 25%)", [0, 128, 0], 1.0),
        ("hsl(120 200% 25%)", [0, 191, 0], 1.0),
        ("rgba(0, 127, 0, 50%)", [0, 127, 0], 0.5),
        ("hsl(120 50 50 / .5)", [64, 191, 64], 0.502),
        ("hwb(120 20% 20%)", [51, 204, 51], 1.0),
        ("hwb(40 80% 60%)", [146, 146, 146], 1.0),
        ("hwb(200grad 10% 0% / 30%)", [26, 255, 255], 0.302),
        ("lab(50% 40 -60)", [140, 94, 223], 1.0),
        ("lab(75 -50% 50%)", [59, 212, 49], 1.0),
        ("lab(100 20 20)", [255, 240, 217], 1.0),
        ("lch(60% 40 120)", [125, 154, 81], 1.0),
        ("lch(52.2345% 72.2 56.2 / 0.5)", [197, 94, 6], 0.502),
        ("lch(50 150 30)", [255, 0, 17], 1.0),
        ("oklab(0.5 0.1 -0.1)", [129, 69, 154], 1.0),
        ("oklab(70% -40% 20%)", [0, 189, 103], 1.0),
        ("oklch(62.8% 0.2577 29.23)", [255, 0, 0], 1.0),
        ("oklch(0.7 0.15 250)", [75, 163, 247], 1.0),
        ("oklch(70% 0.4 150)", [0, 214, 0], 1.0),
        ("oklch(40% 100% 300deg)", [120, 0, 247], 1.0),
        ("color(srgb .2 .4 .8)", [51, 102, 204], 1.0),
        ("color(srgb 20% 40% 80% / .5)", [52, 102, 203], 0.502),
        ("color(srgb-linear .2 .4 .8)", [124, 170, 231], 1.0),
        ("color(display-p3 0.2 0.6 0.3)", [0, 156, 66], 1.0),
        ("color(display-p3 1 0 0)", [255, 0, 0], 1.0),
        ("color(a98-rgb .3 .5 .2)", [29, 128, 40], 1.0),
        ("color(prophoto-rgb .3 .5 .2)", [20, 155, 38], 1.0),
        ("color(rec2020 .3 .5 .2)", [37, 144, 52], 1.0),
        ("color(xyz .3 .5 .2)", [91, 212, 100], 1.0),
        ("color(xyz-d50 .3 .4 .2)", [122, 184, 127], 1.0),
        ("transparent", [0, 0, 0], 0.0),
        ("rgb(calc(10 * 5) 100 min(200, 150))", [50, 100, 150], 1.0),
        ("hsl(calc(60deg * 2) 50% 40%)", [51, 153, 51], 1.0),
        ("color-mix(in srgb, red, blue)", [128, 0, 128], 1.0),
        ("color-mix(in oklab, red 30%, white)", [255, 200, 189], 1.0),
        ("color-mix(in oklch, #2980b9, gold)", [0, 198, 151], 1.0),
        (
            "color-mix(in hsl longer hue, red, lime 25%)",
            [255, 0, 255],
            1.0,
        ),
        (
            "color-mix(in lab, teal 20%, orange 40%)",
            [193, 155, 68],
            0.6,
        ),
        ("light-dark(teal, gold)", [0, 128, 128], 1.0),
    ];

    #[test]
    fn colours_are_those_that_browsers_show() {
        for (text, rgb, alpha) in CHROMIUM {
            let found = parse(text).expect(text);
            let off = found.rgb.iter().zip(rgb).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(off <= Some(2), "{text}: {found:?}, not {rgb:?}");
            assert!((found.alpha - alpha).abs() < 0.003, "{text}: {found:?}");
        }
    }

    #[test]
    fn all_names_are_known() {
        let names: Vec<&str> = NAMES.split_whitespace().collect();
        assert_eq!(names.len(), 148);
        for name in names {
            assert!(parse(name).is_some(), "{name}");
        }
    }

    const NAMES: &str = "aliceblue antiquewhite aqua aquamarine azure beige bisque black \
        blanchedalmond blue blueviolet brown burlywood cadetblue chartreuse chocolate coral \
        cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod darkgray darkgreen \
        darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon \
        darkseagreen darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink \
        deepskyblue dimgray dimgrey dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro \
        ghostwhite gold goldenrod gray green greenyellow grey honeydew hotpink indianred indigo \
        ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan \
        lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen \
        lightskyblue lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen \
        magenta maroon mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen \
        mediumslateblue mediumspringgreen mediumturquoise mediumvioletred midnightblue mintcream \
        mistyrose moccasin navajowhite navy oldlace olive olivedrab orange orangered orchid \
        palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum \
        powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown \
        seagreen seashell sienna silver skyblue slateblue slategray slategrey snow springgreen \
        steelblue tan teal thistle tomato turquoise violet wheat white whitesmoke yellow \
        yellowgreen";

    #[test]
    fn what_browsers_do_not_read_is_no_colour() {
        for text in [
            "",
            "#12345",
            "reddish",
            "rgb(1,2)",
            "rgb(1 2 3, .5)",
            "rgb(1, 2 3)",
            "hsl(1,2,3)",
            "rgb(1%, 2, 3)",
            "rgba(0, 50%, 0, 0.5)",
            "rgb(none, 0, 0)",
            "lab(1)",
            "color(none 1 1 1)",
            "red blue",
            "color-mix(in nowhere, red, blue)",
            "rgb(1px 2 3)",
            "hwb(1,2%,3%)",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        let deep = "light-dark(".repeat(2_000);
        assert_eq!(parse(&deep), None);
    }

    #[test]
    fn paints_become_plain() {
        for (text, expected) in [
            ("NONE", Some("none")),
            (" CurrentColor ", Some("currentColor")),
            ("url( '#a' )", Some("url(#a)")),
            ("url(#a) hwb(120 0% 0%)", Some("url(#a) #00ff00")),
            ("url(#a) NONE", Some("url(#a) none")),
            ("url(#a) nothing", None),
            ("rgb(1 2 3 / 50%)", Some("rgba(1,2,3,0.5)")),
            ("transparent", Some("rgba(0,0,0,0)")),
        ] {
            assert_eq!(plain_paint(text).as_deref(), expected, "{text}");
        }
    }
}
