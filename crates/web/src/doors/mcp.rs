//! The Model Context Protocol: tools for programs that language models drive, over HTTP at `/mcp`
//! and over standard input and output. `rmcp` speaks the revision of July 2026, which is
//! stateless, and the older ones.
//!
//! Tools that draw are jobs like any other; a client that knows tasks gets the job as a task. Small
//! tools read an SVG at once. An SVG is never an image block, which ends the sessions of some
//! hosts.

mod answer;
mod bridge;
mod drawing;
mod params;
mod reading;
mod tasks;

use std::{net::IpAddr, sync::Arc};

use chat2svg_protocol::InvalidSetting;
use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt as _,
    model::{
        CallToolRequestParams, CallToolResponse, CancelTaskParams, GetTaskParams, GetTaskResult,
        Implementation, ListResourceTemplatesResult, ListToolsResult, PaginatedRequestParams,
        ReadResourceRequestParams, ReadResourceResult, ResourceTemplate, ServerCapabilities,
        ServerConfig, Tool,
    },
    service::RequestContext,
};
use thiserror::Error;

use crate::{
    auth::Identity,
    config::WebConfig,
    problem::Problem,
    services::{Shared, WebServices},
};

pub(crate) use bridge::address;

/// How long a client may keep the lists of tools and resources, in milliseconds.
const LISTS_KEPT_MS: u64 = 3_600_000;

const INSTRUCTIONS: &str = "Draws SVG pictures with named layers. `generate` draws from words, \
    `vectorize` turns a picture into an SVG, `refine` fits an SVG to a picture; `clean`, `describe` and \
    `render` work on an SVG that is there already. Results come as a PNG to look at and as the SVG; \
    words that could not be drawn are listed under `undrawn`.";

/// Why the protocol could not be served.
#[derive(Debug, Error)]
pub enum McpError {
    /// A value in the configuration cannot work.
    #[error("server.{0}")]
    Config(#[from] InvalidSetting),
    /// The host did not begin as the protocol says.
    #[error("the host does not speak the protocol: {0}")]
    Greeting(String),
}

/// Serves a host on standard input and output until it closes them.
///
/// # Errors
/// When the configuration cannot work, or the host does not speak the protocol.
pub async fn serve_stdio(config: WebConfig, services: WebServices) -> Result<(), McpError> {
    let server = McpServer {
        shared: Arc::new(Shared::new(config, services)?),
        is_local: true,
    };
    let running = server.serve(rmcp::transport::io::stdio_pipes()).await;
    let running = running.map_err(|error| McpError::Greeting(error.to_string()))?;
    // Its end is the host's wish, however it comes.
    let _ = running.waiting().await;
    Ok(())
}

/// What answers a host.
#[derive(Clone)]
struct McpServer {
    shared: Arc<Shared>,
    /// Whether the host runs on this machine for this user, and may name files.
    is_local: bool,
}

/// Who asks, from where, and by which address the service is reached over HTTP.
#[derive(Clone, Debug)]
struct Visitor {
    identity: Identity,
    client: Option<IpAddr>,
    base: Option<String>,
}

impl McpServer {
    /// Who asks. Over HTTP the bridge says it; a host of this machine is the local user.
    fn visitor(&self, context: &RequestContext<RoleServer>) -> Result<Visitor, Problem> {
        if self.is_local {
            return Ok(Visitor {
                identity: Identity::local(),
                client: None,
                base: None,
            });
        }
        let parts = context.extensions.get::<http::request::Parts>();
        let visitor = parts.and_then(|parts| parts.extensions.get::<Visitor>());
        visitor.cloned().ok_or_else(Problem::internal)
    }
}

impl ServerHandler for McpServer {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_tasks()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("chat2svg", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(
            ListToolsResult::with_all_items(params::tools(self.is_local))
                .with_ttl_ms(LISTS_KEPT_MS),
        )
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let mut tools = params::tools(self.is_local).into_iter();
        tools.find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let done = match request.name.as_ref() {
            "generate" | "vectorize" | "refine" => {
                self.draw(&request.name, arguments, &context).await
            }
            "clean" => self.clean(arguments, &context).await,
            "describe" => self.describe(arguments, &context).await,
            "render" => self.render(arguments, &context).await,
            other => {
                let other: String = other.chars().take(80).collect();
                return Err(ErrorData::invalid_params(
                    format!("there is no tool \"{other}\""),
                    None,
                ));
            }
        };
        // What goes wrong is for the model to read.
        Ok(done.unwrap_or_else(|problem| answer::refused(&problem).into()))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = |ending: &'static str, kind: &'static str| {
            ResourceTemplate::new(
                format!("chat2svg:///jobs/{{id}}/result.{ending}"),
                format!("result.{ending}"),
            )
            .with_description("The picture of a job that has ended")
            .with_mime_type(kind)
        };
        let templates = vec![
            template("svg", "image/svg+xml"),
            template("png", "image/png"),
        ];
        Ok(ListResourceTemplatesResult::with_all_items(templates).with_ttl_ms(LISTS_KEPT_MS))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<rmcp::model::ReadResourceResponse, ErrorData> {
        let read: ReadResourceResult = self.resource(&request.uri, &context).await?;
        Ok(read.into())
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        self.task(&request.task_id, &context).await
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.stop_task(&request.task_id, &context).await
    }

    async fn update_task(
        &self,
        request: rmcp::model::UpdateTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        // Jobs ask nothing, so that every answer is one to a question that is not open.
        tasks::id(&request.task_id).map(drop)
    }
}

/// A problem as the protocol's own error.
fn protocol_error(problem: &Problem) -> ErrorData {
    let text = answer::complaint(problem);
    if problem.code.status().is_client_error() {
        ErrorData::invalid_params(text, None)
    } else {
        ErrorData::internal_error(text, None)
    }
}
