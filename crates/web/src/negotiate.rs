//! What the client prefers: the form of the result (`Accept`) and how long to wait (`Prefer`, RFC
//! 7240).

use std::time::Duration;

/// The forms in which a result is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The result document.
    Json,
    /// The picture as SVG.
    Svg,
    /// The picture as PNG.
    Png,
}

impl Form {
    const ALL: [Self; 3] = [Self::Json, Self::Svg, Self::Png];

    fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Svg => ("image", "svg+xml"),
            Self::Png => ("image", "png"),
        }
    }

    /// The form that an `Accept` header likes best; without one, JSON. `None` when none is
    /// accepted.
    pub(crate) fn preferred(accept: Option<&str>) -> Option<Self> {
        let Some(accept) = accept.map(str::trim).filter(|accept| !accept.is_empty()) else {
            return Some(Self::Json);
        };
        let mut best: Option<(f32, Self)> = None;
        for form in Self::ALL {
            let quality = quality(accept, form);
            if quality > 0.0 && best.is_none_or(|(found, _)| quality > found) {
                best = Some((quality, form));
            }
        }
        best.map(|(_, form)| form)
    }
}

/// The quality that an `Accept` header gives to a form; the most specific range that matches
/// decides.
fn quality(accept: &str, form: Form) -> f32 {
    let (kind, subtype) = form.media_type();
    let mut best = (0, 0.0);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let Some((range_kind, range_subtype)) = parts.next().and_then(|name| name.split_once('/'))
        else {
            continue;
        };
        let specificity = match (range_kind, range_subtype) {
            ("*", "*") => 1,
            (found, "*") if found.eq_ignore_ascii_case(kind) => 2,
            (found, sub)
                if found.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) =>
            {
                3
            }
            _ => continue,
        };
        let weight = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1.0, |text| text.parse::<f32>().unwrap_or(0.0));
        if specificity > best.0 {
            best = (specificity, weight);
        }
    }
    best.1
}

/// How long the client wants to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preference {
    /// Answer 202 at once.
    pub(crate) respond_async: bool,
    /// Answer 202 after this time at the latest.
    pub(crate) wait: Option<Duration>,
}

impl Preference {
    /// Reads `Prefer` headers. Preferences that are unknown or malformed are ignored, as the RFC
    /// wants.
    pub(crate) fn parse<'a>(headers: impl IntoIterator<Item = &'a str>) -> Self {
        let mut preference = Self::default();
        for part in headers.into_iter().flat_map(|header| header.split(',')) {
            // Parameters of a preference follow a semicolon; none is known here.
            let part = part.split(';').next().unwrap_or_default().trim();
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = name.trim();
            if name.eq_ignore_ascii_case("respond-async") {
                preference.respond_async = true;
            } else if name.eq_ignore_ascii_case("wait") && preference.wait.is_none() {
                preference.wait = value
                    .trim()
                    .trim_matches('"')
                    .parse()
                    .ok()
                    .map(Duration::from_secs);
            }
        }
        preference
    }

    /// How long to wait for the result: as asked, but no longer than `longest`. `None` for not at
    /// all.
    pub(crate) fn wait_at_most(self, longest: Duration) -> Option<Duration> {
        match (self.respond_async, self.wait) {
            // RFC 7240 section 4.3: with both, wait so long, then answer 202.
            (_, Some(wait)) => (!wait.is_zero()).then(|| wait.min(longest)),
            (true, None) => None,
            (false, None) => Some(longest),
        }
    }

    /// The `Preference-Applied` header, when a preference was followed.
    pub(crate) fn applied(self) -> Option<String> {
        match (self.respond_async, self.wait) {
            (false, None) => None,
            (true, None) => Some("respond-async".to_owned()),
            (false, Some(wait)) => Some(format!("wait={}", wait.as_secs())),
            (true, Some(wait)) => Some(format!("respond-async, wait={}", wait.as_secs())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_best_liked_form_is_served() {
        let cases = [
            (None, Some(Form::Json)),
            (Some(""), Some(Form::Json)),
            (Some("*/*"), Some(Form::Json)),
            (Some("image/*"), Some(Form::Svg)),
            (Some("image/svg+xml"), Some(Form::Svg)),
            (Some("IMAGE/PNG"), Some(Form::Png)),
            (
                Some("image/png;q=0.9, image/svg+xml;q=0.5"),
                Some(Form::Png),
            ),
            (Some("text/html, image/png;q=0.1"), Some(Form::Png)),
            (Some("*/*;q=0.1, application/json;q=0"), Some(Form::Svg)),
            (Some("text/html"), None),
            (Some("application/json;q=0"), None),
            (Some("nonsense"), None),
        ];
        for (accept, expected) in cases {
            assert_eq!(Form::preferred(accept), expected, "{accept:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_brings_negotiation_down(accept in ".*", prefer in "[ -~]*") {
            let _ = Form::preferred(Some(&accept));
            let longest = Duration::from_secs(60);
            let wait = Preference::parse([prefer.as_str()]).wait_at_most(longest);
            prop_assert!(wait.is_none_or(|wait| wait <= longest));
        }
    }

    #[test]
    fn preferences_are_read_leniently() {
        let longest = Duration::from_secs(60);
        let cases: [(&[&str], Option<u64>); 8] = [
            (&[], Some(60)),
            (&["respond-async"], None),
            (&["wait=5"], Some(5)),
            (&["wait=500"], Some(60)),
            (&["wait=0"], None),
            (&["Respond-Async, wait=\"10\""], Some(10)),
            (&["handling=lenient", "wait=7;foo=1"], Some(7)),
            (&["wait=soon"], Some(60)),
        ];
        for (headers, seconds) in cases {
            let wait = Preference::parse(headers.iter().copied()).wait_at_most(longest);
            assert_eq!(wait, seconds.map(Duration::from_secs), "{headers:?}");
        }
    }
}
