//! Tools that read an SVG at once, and results as resources.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chat2svg_controller::output;
use chat2svg_palette::Palette;
use chat2svg_protocol::stop_of;
use chat2svg_supervision::ComputeError;
use chat2svg_vector::{Document, Node, Paint, Parsed};
use rmcp::{
    ErrorData, RoleServer,
    model::{CallToolResponse, ContentBlock, JsonObject, ReadResourceResult, ResourceContents},
    schemars::{self, JsonSchema},
    service::RequestContext,
};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{
    McpServer, Visitor,
    answer::{PNG, SVG, uri, with_data},
    params::{self, CleanParams, RenderParams, SvgParams},
    protocol_error, tasks,
};
use crate::{
    input::{RawOptions, Refusals, unusable},
    problem::{Code, Problem},
    renditions::Order,
    services::Shared,
    submit,
};

/// Most colours that are told.
const MOST_COLORS: usize = 16;

/// A layer of a picture.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Layer {
    /// Its id in the SVG.
    id: String,
    /// Its name.
    label: String,
    /// How many shapes it has.
    shapes: usize,
}

impl Layer {
    /// The layers of a document, back to front.
    pub(super) fn all(document: &Document) -> Vec<Self> {
        let layers = document.layers.iter();
        layers
            .map(|layer| Self {
                id: layer.id().to_owned(),
                label: layer.label().to_owned(),
                shapes: shapes(layer),
            })
            .collect()
    }
}

fn shapes(node: &Node) -> usize {
    match node {
        Node::Shape(_) => 1,
        Node::Group(group) => group.children.iter().map(shapes).sum(),
    }
}

/// What an SVG holds.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Described {
    /// Width in pixels.
    width: f64,
    /// Height in pixels.
    height: f64,
    /// Its title.
    title: Option<String>,
    /// How many shapes there are.
    shapes: usize,
    /// The layers, back to front.
    layers: Vec<Layer>,
    /// The colours, most used first.
    colors: Vec<String>,
    /// What could not be read, or was changed.
    warnings: Vec<String>,
}

/// An SVG that has been mended and made safe.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Cleaned {
    /// The SVG.
    svg: String,
    /// What was changed.
    warnings: Vec<String>,
}

impl McpServer {
    pub(super) async fn describe(
        &self,
        arguments: JsonObject,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, Problem> {
        let asked: SvgParams = params::read(&arguments)?;
        let (bytes, _place) = self.given(&asked.svg, context).await?;
        let Parsed { document, warnings } = parsed(&self.shared, bytes).await?;
        let layers = Layer::all(&document);
        let described = Described {
            width: document.width,
            height: document.height,
            title: document.title.clone(),
            shapes: layers.iter().map(|layer| layer.shapes).sum(),
            layers,
            colors: colors(&document),
            warnings: warnings.iter().map(ToString::to_string).collect(),
        };
        let text = serde_json::to_string_pretty(&described).unwrap_or_default();
        Ok(with_data(vec![ContentBlock::text(text)], &described).into())
    }

    pub(super) async fn clean(
        &self,
        arguments: JsonObject,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, Problem> {
        let (asked, mut refusals) = params::read_noting::<CleanParams>(&arguments)?;
        let raw = RawOptions {
            palette: asked.palette.map(|colors| Palette::parse(colors, false)),
            strict_palette: asked.strict_palette,
            ..RawOptions::default()
        };
        let options = raw.check(&self.shared.config, &mut refusals);
        refusals.finish().map_err(Problem::fields)?;
        let (bytes, _place) = self.given(&asked.svg, context).await?;
        let limits = self.shared.services.limits.svg.clone();
        let work =
            move |_| output::cleaned(&bytes, &limits, &options.output, options.palette.as_ref());
        let cleaned = computed(&self.shared, work).await?;
        let (cleaned, _) = cleaned.map_err(|error| unusable("svg", error.to_string()))?;
        let cleaned = Cleaned {
            svg: cleaned.svg,
            warnings: cleaned.warnings.iter().map(ToString::to_string).collect(),
        };
        let said = match cleaned.warnings.as_slice() {
            [] => "Nothing had to be changed.".to_owned(),
            warnings => format!("Changed: {}.", warnings.join("; ")),
        };
        let content = vec![
            ContentBlock::text(said),
            ContentBlock::text(cleaned.svg.clone()),
        ];
        Ok(with_data(content, &cleaned).into())
    }

    pub(super) async fn render(
        &self,
        arguments: JsonObject,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, Problem> {
        let asked: RenderParams = params::read(&arguments)?;
        let longest = self.shared.config.max_png_width;
        if asked
            .width
            .is_some_and(|width| !(1..=longest).contains(&width))
        {
            return Err(Problem::field(
                "width",
                format!("a width must be 1 to {longest} pixels"),
            ));
        }
        let (bytes, _place) = self.given(&asked.svg, context).await?;
        let Parsed { document, warnings } = parsed(&self.shared, bytes).await?;
        let size = (document.width, document.height);
        let work = move |cancel: CancellationToken| {
            output::png_until(
                &output::svg(&document),
                asked.width,
                longest,
                &stop_of(&cancel),
            )
        };
        let png = computed(&self.shared, work).await?;
        let png = png.map_err(|error| unusable("svg", error.to_string()))?;
        let mut said = format!("A picture of {} × {} pixels.", size.0, size.1);
        for warning in warnings {
            said += &format!(" Note: {warning}.");
        }
        let content = vec![
            ContentBlock::text(said),
            ContentBlock::image(BASE64_STANDARD.encode(png), PNG),
        ];
        Ok(rmcp::model::CallToolResult::success(content).into())
    }

    /// The bytes of the SVG that a tool was given, and a place for the work on them.
    async fn given(
        &self,
        svg: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<(Vec<u8>, impl Sized + use<>), Problem> {
        Ok((self.svg("svg", svg).await?, self.place(context)?))
    }

    /// A place among the jobs, for work that is none.
    fn place(&self, context: &RequestContext<RoleServer>) -> Result<impl Sized + use<>, Problem> {
        let Visitor {
            identity, client, ..
        } = self.visitor(context)?;
        let options = RawOptions::default().check(&self.shared.config, &mut Refusals::default());
        let admission = &self.shared.admission;
        admission.admit(client, identity.client(), &options)
    }

    /// A job's result by its address among the resources.
    pub(super) async fn resource(
        &self,
        address: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<ReadResourceResult, ErrorData> {
        let unknown = || {
            let address: String = address.chars().take(200).collect();
            ErrorData::resource_not_found(format!("there is no resource {address}"), None)
        };
        let path = address
            .strip_prefix("chat2svg:///jobs/")
            .ok_or_else(unknown)?;
        let (id, ending) = path.split_once("/result.").ok_or_else(unknown)?;
        let id = tasks::id(id).map_err(|_| unknown())?;
        let read = async {
            let visitor = self.visitor(context)?;
            let view = self.shared.job_of(&visitor.identity, id).await?;
            let svg = submit::finished_svg(&self.shared, &view).await?;
            Ok::<_, Problem>(match ending {
                "svg" => {
                    let text = String::from_utf8_lossy(&svg).into_owned();
                    Some(ResourceContents::text(text, uri(id, "svg")).with_mime_type(SVG))
                }
                "png" => {
                    let never = CancellationToken::new();
                    let order = Order::Answer(submit::due(&view));
                    let png = self
                        .shared
                        .renditions
                        .png(id, &svg, None, order, &never)
                        .await?;
                    let encoded = BASE64_STANDARD.encode(&png);
                    Some(ResourceContents::blob(encoded, uri(id, "png")).with_mime_type(PNG))
                }
                _ => None,
            })
        };
        match read.await {
            Ok(Some(contents)) => Ok(ReadResourceResult::new(vec![contents])),
            Ok(None) => Err(unknown()),
            Err(problem) if problem.code == Code::JobNotFound => Err(unknown()),
            Err(problem) => Err(protocol_error(&problem)),
        }
    }
}

/// An SVG as a document, read where uploads are checked.
pub(super) async fn parsed(shared: &Arc<Shared>, bytes: Vec<u8>) -> Result<Parsed, Problem> {
    let limits = shared.services.limits.svg.clone();
    let work =
        move |cancel: CancellationToken| Document::parse_until(&bytes, &limits, &stop_of(&cancel));
    let parsed = computed(shared, work).await?;
    parsed.map_err(|error| unusable("svg", error.to_string()))
}

/// Work off the threads that answer, stopped when its caller has gone.
async fn computed<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(CancellationToken) -> T + Send + 'static,
) -> Result<T, ComputeError> {
    let cancel = shared.stopping.child_token();
    let _guard = cancel.clone().drop_guard();
    let asked = cancel.clone();
    shared
        .services
        .intake
        .run(&cancel, move || work(asked))
        .await
}

fn colors(document: &Document) -> Vec<String> {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for visit in document.shapes() {
        let fill = visit.shape.fill.as_ref().map(|fill| &fill.paint);
        let stroke = visit.shape.stroke.as_ref().map(|stroke| &stroke.paint);
        for paint in fill.into_iter().chain(stroke) {
            if let Paint::Solid(color) = paint {
                let [red, green, blue] = color.to_rgb8();
                *counted
                    .entry(format!("#{red:02x}{green:02x}{blue:02x}"))
                    .or_default() += 1;
            }
        }
    }
    let mut colors: Vec<(String, usize)> = counted.into_iter().collect();
    colors.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    colors
        .into_iter()
        .take(MOST_COLORS)
        .map(|(color, _)| color)
        .collect()
}
