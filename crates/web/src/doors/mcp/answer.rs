//! What a tool says: a sentence, a PNG to look at, the SVG, and the same as data.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chat2svg_controller::output;
use chat2svg_protocol::{JobId, JobView, printable};
use rmcp::{
    model::{CallToolResult, ContentBlock, Resource, ResourceContents},
    schemars::{self, JsonSchema},
};
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    super::shortcomings,
    McpServer, Visitor,
    reading::{Layer, parsed},
};
use crate::{
    problem::{Problem, whole_seconds},
    renditions::Order,
    submit,
    wire::job_path,
};

/// An SVG up to this size comes within the answer; a larger one is linked.
const MOST_INLINE: usize = 100_000;
/// Longest side of the PNG in an answer; hosts scale larger ones down and count them dearly.
const PREVIEW_SIDE: u32 = 512;

pub(super) const SVG: &str = "image/svg+xml";
pub(super) const PNG: &str = "image/png";

/// A finished picture.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Drawn {
    /// Id of the job.
    job_id: String,
    /// succeeded, or degraded when less was served than was asked for.
    state: String,
    /// The SVG as a resource of this server.
    svg_uri: String,
    /// Where the SVG is to be had over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    svg_url: Option<String>,
    /// Where the PNG is to be had over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    png_url: Option<String>,
    /// Width in pixels.
    width: f64,
    /// Height in pixels.
    height: f64,
    /// Bytes of the SVG.
    bytes: usize,
    /// Which stages made it: full, without detail, template only, or a stand-in.
    tier: Option<String>,
    /// The effort that was spent.
    level: Option<String>,
    /// The layers, back to front.
    layers: Vec<Layer>,
    /// Words that could not be drawn.
    undrawn: Vec<String>,
    /// What else its reader should know.
    warnings: Vec<String>,
    /// How long it took.
    seconds: Option<f64>,
}

impl McpServer {
    /// The answer to a job that has a result.
    pub(super) async fn drawn(
        &self,
        view: &JobView,
        visitor: &Visitor,
    ) -> Result<CallToolResult, Problem> {
        let shared = &self.shared;
        let job = view.id;
        let svg = submit::finished_svg(shared, view).await?;
        let text = String::from_utf8_lossy(&svg).into_owned();
        let document = parsed(shared, text.clone().into_bytes()).await?.document;
        let longest = document.width.max(document.height);
        let scale = (f64::from(PREVIEW_SIDE) / longest).min(1.0);
        let width = (document.width * scale).round().max(1.0) as u32;
        let never = CancellationToken::new();
        let order = Order::Answer(submit::due(view));
        let png = shared.renditions.png(job, &svg, Some(width), order, &never);
        let png = png.await.map_err(|problem| problem.about(job))?;
        let token = shared.token(&visitor.identity, Some(job))?;
        let token = token.map_or_else(String::new, |token| format!("?token={}", token.token));
        let address = |ending: &str| {
            let base = visitor.base.as_ref()?;
            Some(format!("{base}{}/result.{ending}{token}", job_path(job)))
        };
        let metadata = view.metadata.as_ref();
        let drawn = Drawn {
            job_id: job.to_string(),
            state: view.state.name().to_owned(),
            svg_uri: uri(job, "svg"),
            svg_url: address("svg"),
            png_url: address("png"),
            width: document.width,
            height: document.height,
            bytes: text.len(),
            tier: metadata.map(|metadata| metadata.tier.name().to_owned()),
            level: metadata
                .and_then(|metadata| metadata.served_level)
                .map(|level| level.name().to_owned()),
            layers: Layer::all(&document),
            undrawn: metadata
                .map(|metadata| metadata.undrawn.clone())
                .unwrap_or_default(),
            warnings: shortcomings(view),
            seconds: metadata.map(|metadata| metadata.total_seconds),
        };
        let mut content = vec![
            ContentBlock::text(drawn.summary(output::description(&document))),
            ContentBlock::image(BASE64_STANDARD.encode(&png), PNG),
        ];
        content.push(if text.len() <= MOST_INLINE {
            let contents = ResourceContents::text(text, drawn.svg_uri.clone());
            ContentBlock::resource(contents.with_mime_type(SVG))
        } else {
            let link = drawn
                .svg_url
                .clone()
                .unwrap_or_else(|| drawn.svg_uri.clone());
            ContentBlock::resource_link(Resource::new(link, "result.svg").with_mime_type(SVG))
        });
        Ok(with_data(content, &drawn))
    }
}

impl Drawn {
    fn summary(&self, description: Option<String>) -> String {
        let mut text = format!(
            "An SVG of {} × {} pixels in {} bytes.",
            self.width, self.height, self.bytes
        );
        if let Some(description) = description {
            text += &format!(" {description}");
        }
        for warning in &self.warnings {
            text += &format!(" Note: {warning}.");
        }
        if let Some(url) = &self.svg_url {
            text += &format!(" SVG: {url}");
        }
        printable(&text).into_owned()
    }
}

/// The resource of a job's result.
pub(super) fn uri(job: JobId, ending: &str) -> String {
    format!("chat2svg:///jobs/{job}/result.{ending}")
}

/// An answer with the same as data.
pub(super) fn with_data(content: Vec<ContentBlock>, data: &impl Serialize) -> CallToolResult {
    let mut result = CallToolResult::success(content);
    result.structured_content = serde_json::to_value(data).ok().filter(Value::is_object);
    result
}

/// A problem that the model reads.
pub(super) fn refused(problem: &Problem) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(complaint(problem))])
}

/// All that a problem says, in one text.
pub(super) fn complaint(problem: &Problem) -> String {
    let mut text = problem.detail.clone();
    if problem.errors.len() > 1 {
        let all = problem.errors.iter();
        let all: Vec<String> = all
            .map(|error| format!("{}: {}", error.field, error.detail))
            .collect();
        text = all.join("; ");
    }
    if let Some(after) = problem.retry_after {
        text += &format!(" (try again in {} s)", whole_seconds(after));
    }
    printable(&text).into_owned()
}
