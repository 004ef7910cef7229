//! Attachments as they came become documents and pictures. Pure; parsing costs CPU, so not on an
//! arbiter.

use std::sync::Arc;

use chat2svg_protocol::{Attachment, AttachmentRole};
use chat2svg_stop::Stop;
use chat2svg_vector::{
    CostBudget, DecodeError, DecodeLimits, Document, ParseError, ParseLimits, Raster,
};
use thiserror::Error;

/// Most warnings about a file that a job keeps.
const MAX_WARNINGS: usize = 20;
/// The accessible name of a drawing that came without one.
const UNTITLED: &str = "Drawing";
/// Longest accessible name, in characters.
const LONGEST_TITLE: usize = 200;

/// Why an attachment could not be used.
#[derive(Debug, Error)]
pub enum InputError {
    /// The template is not an SVG that can be used.
    #[error("the template cannot be used: {0}")]
    Template(#[from] ParseError),
    /// The target is not a picture that can be used.
    #[error("the target picture cannot be used: {0}")]
    Target(#[from] DecodeError),
}

impl InputError {
    /// Which input cannot be used.
    pub fn role(&self) -> AttachmentRole {
        match self {
            Self::Template(_) => AttachmentRole::Template,
            Self::Target(_) => AttachmentRole::Target,
        }
    }

    /// Whether nothing is wrong but that the caller asked to stop.
    pub fn is_stop(&self) -> bool {
        matches!(self, Self::Template(ParseError::Stopped))
    }

    /// What is wrong with it.
    pub fn reason(&self) -> String {
        match self {
            Self::Template(error) => error.to_string(),
            Self::Target(error) => error.to_string(),
        }
    }
}

/// A job's files, parsed and sanitised.
#[derive(Clone, Debug, Default)]
pub struct ParsedInputs {
    /// The SVG to start from.
    pub template: Option<Arc<Document>>,
    /// The picture to match.
    pub target: Option<Arc<Raster>>,
    /// What was left out or changed while reading, for the caller to see.
    pub warnings: Vec<String>,
}

/// What files may cost.
#[derive(Clone, Debug, Default)]
pub struct InputLimits {
    /// Limits of SVGs.
    pub svg: ParseLimits,
    /// Limits of pictures.
    pub picture: DecodeLimits,
}

impl InputLimits {
    /// The same for files of at most so many bytes.
    #[must_use]
    pub fn with_bytes(mut self, bytes: usize) -> Self {
        self.svg.bytes = bytes;
        self.picture.bytes = bytes;
        self
    }

    /// The same for SVGs of another cost.
    #[must_use]
    pub fn with_cost(mut self, cost: CostBudget) -> Self {
        self.svg.cost = cost;
        self
    }
}

/// Looks whether attachments can be used, at little cost: an SVG is sanitised and its cost counted,
/// of a picture the head is read. What passes may still turn out to be damaged when it is parsed.
///
/// # Errors
/// When one is broken, too large or dear, or of another format; or when `stop` is due.
pub fn check_inputs(
    attachments: &[Attachment],
    limits: &InputLimits,
    stop: &Stop,
) -> Result<(), InputError> {
    for attachment in attachments {
        match attachment.role {
            AttachmentRole::Template => {
                Document::check_until(&attachment.bytes, &limits.svg, stop)?;
            }
            AttachmentRole::Target => {
                Raster::inspect(&attachment.bytes, &limits.picture)?;
            }
        }
    }
    Ok(())
}

/// Parses and sanitises attachments. A template without a title gets one.
///
/// # Errors
/// When one is broken, too large or dear, or of another format; or when `stop` is due.
pub fn parse_inputs(
    attachments: &[Attachment],
    limits: &InputLimits,
    stop: &Stop,
) -> Result<ParsedInputs, InputError> {
    let mut inputs = ParsedInputs::default();
    for attachment in attachments {
        match attachment.role {
            AttachmentRole::Template => {
                let parsed = Document::parse_until(&attachment.bytes, &limits.svg, stop)?;
                let mut document = parsed.document;
                let title = document.title.as_deref().unwrap_or(UNTITLED);
                document.title = Some(title.chars().take(LONGEST_TITLE).collect());
                inputs.template = Some(Arc::new(document));
                let warnings = parsed.warnings.iter();
                inputs.warnings = bounded(warnings.map(ToString::to_string).collect());
            }
            AttachmentRole::Target => {
                let raster = Raster::decode(&attachment.bytes, &limits.picture)?;
                inputs.target = Some(Arc::new(raster));
            }
        }
    }
    Ok(inputs)
}

/// The first warnings, and how many more there are.
pub(crate) fn bounded(mut warnings: Vec<String>) -> Vec<String> {
    if warnings.len() > MAX_WARNINGS {
        let more = warnings.len() - (MAX_WARNINGS - 1);
        warnings.truncate(MAX_WARNINGS - 1);
        warnings.push(format!("and {more} more"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(svg: &str) -> Attachment {
        Attachment {
            role: AttachmentRole::Template,
            bytes: svg.as_bytes().into(),
        }
    }

    fn limits(bytes: usize) -> InputLimits {
        InputLimits::default().with_bytes(bytes)
    }

    fn svg(inside: &str) -> String {
        format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{inside}</svg>"#)
    }

    #[test]
    fn what_the_sanitiser_did_is_told_within_bounds() {
        let script = svg("<script>x()</script><rect width='5' height='5'/>");
        let inputs = parse_inputs(&[template(&script)], &limits(1000), &Stop::never()).unwrap();
        assert_eq!(inputs.warnings, ["script: scripts are removed"]);

        let many: String = (0..90).map(|n| format!("<g bad{n}='1'/>")).collect();
        let inputs =
            parse_inputs(&[template(&svg(&many))], &limits(10_000), &Stop::never()).unwrap();
        assert_eq!(inputs.warnings.len(), MAX_WARNINGS);
        assert!(inputs.warnings[MAX_WARNINGS - 1].ends_with(" more"));
    }

    #[test]
    fn every_template_has_a_bounded_title() {
        let title = |inside: &str| {
            let inputs =
                parse_inputs(&[template(&svg(inside))], &limits(10_000), &Stop::never()).unwrap();
            inputs.template.unwrap().title.clone().unwrap()
        };
        assert_eq!(title("<rect width='5' height='5'/>"), UNTITLED);
        assert_eq!(title("<title>A fox</title>"), "A fox");
        let long = format!("<title>{}</title>", "x".repeat(5_000));
        assert_eq!(title(&long).len(), LONGEST_TITLE);
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused_by_its_role() {
        let error = parse_inputs(&[template(&svg(""))], &limits(10), &Stop::never()).unwrap_err();
        assert_eq!(error.role(), AttachmentRole::Template);
    }

    #[test]
    fn most_rubbish_is_found_without_parsing_it() {
        let target = |bytes: &[u8]| Attachment {
            role: AttachmentRole::Target,
            bytes: bytes.into(),
        };
        let check = |attachment| check_inputs(&[attachment], &limits(10_000), &Stop::never());
        assert!(check(template(&svg("<rect width='5' height='5'/>"))).is_ok());
        assert!(check(template("a fox")).is_err());
        assert!(check(template("<html/>")).is_err());
        let png = Raster::filled(9, 9, [1, 2, 3, 255])
            .unwrap()
            .encode_png()
            .unwrap();
        assert!(check(target(&png)).is_ok());
        assert!(check(target(&png[..20])).is_err());
        assert!(check(target(b"GIF89a")).is_err());
    }

    #[test]
    fn costs_are_bounded_and_reading_stops_when_told() {
        let many = svg(&"<rect width='5' height='5'/>".repeat(50));
        let cost = CostBudget {
            elements: 20,
            ..CostBudget::default()
        };
        let small = limits(10_000).with_cost(cost);
        let error = check_inputs(&[template(&many)], &small, &Stop::never()).unwrap_err();
        assert!(error.reason().contains("at most 20"), "{}", error.reason());
        let error = parse_inputs(&[template(&many)], &small, &Stop::never()).unwrap_err();
        assert!(!error.is_stop());
        let error =
            parse_inputs(&[template(&many)], &limits(10_000), &Stop::when(|| true)).unwrap_err();
        assert!(error.is_stop());
    }
}
