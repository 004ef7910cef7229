//! Tools that are jobs.

use std::{path::Path, sync::Arc, time::Duration};

use chat2svg_palette::Palette;
use chat2svg_protocol::{
    Attachment, AttachmentRole, Ground, JobEventKind, JobId, JobKind, JobSpec, JobView, Stage,
};
use rmcp::{
    RoleServer,
    model::{CallToolResponse, JsonObject, ProgressNotificationParam},
    service::RequestContext,
};

use super::{
    McpServer,
    params::{self, RefineParams, VectorizeParams},
    tasks,
};
use crate::{
    feed::Feed,
    input::{
        HeldMemory, LIMITS, RawLook, RawOptions, UploadKind, check_files, check_limits,
        decoded_file, svg_spec,
    },
    problem::{Code, Problem},
    submit::{self, Abandoned, Job},
};

/// What a job takes beside its specification.
struct Order {
    spec: JobSpec,
    files: Option<(UploadKind, Vec<Attachment>)>,
}

impl McpServer {
    /// Runs a job and answers with its result, or with its task when the client knows tasks.
    pub(super) async fn draw(
        &self,
        tool: &str,
        arguments: JsonObject,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, Problem> {
        let shared = &self.shared;
        let order = self.order(tool, arguments).await?;
        let visitor = self.visitor(context)?;
        let admitted = shared.admit_as(&visitor.identity, visitor.client, &order.spec.options)?;
        let mut attachments = Vec::new();
        if let Some((kind, files)) = order.files {
            check_files(shared, |role| kind.file_name(role), &files).await?;
            attachments = files;
        }
        let wait = Duration::from_millis(order.spec.options.deadline_ms);
        let job = Job {
            spec: order.spec,
            attachments,
            admitted,
            memory: HeldMemory::nothing(),
        };
        let id = submit::hand_over(shared, job, None).await?.job;
        let knows_tasks = context.client_capabilities();
        if knows_tasks.is_some_and(|capabilities| capabilities.supports_tasks()) {
            return Ok(tasks::begun(&shared.job(id).await?).into());
        }
        let mut abandoned = Abandoned::new(Arc::clone(shared), id, false);
        let view = tokio::select! {
            view = self.followed(id, context) => view?,
            () = tokio::time::sleep(wait + submit::LONGEST_OVERTIME) => {
                return Err(Problem::new(Code::Unavailable, "the job has not ended in time").about(id));
            }
            // The job is stopped by what is dropped here.
            () = context.ct.cancelled() => {
                return Err(Problem::new(Code::JobCancelled, "the call was cancelled").about(id));
            }
        };
        abandoned.answered();
        Ok(self.drawn(&view, &visitor).await?.into())
    }

    /// The job at its end; its progress is told on the way, if the client wants to hear of it.
    async fn followed(
        &self,
        job: JobId,
        context: &RequestContext<RoleServer>,
    ) -> Result<JobView, Problem> {
        let mut feed = Feed::open(Arc::clone(&self.shared), job, 0)
            .await?
            .ok_or_else(|| Problem::job_not_found(job))?;
        let token = context.meta.get_progress_token();
        let mut told = 0.0;
        while let Some(event) = feed.next().await {
            let (Some(token), Some((progress, stage))) = (&token, progress(&event.kind)) else {
                continue;
            };
            // Progress only ever rises, as the protocol has it.
            if progress > told {
                told = progress;
                let note = ProgressNotificationParam::new(token.clone(), progress)
                    .with_total(1.0)
                    .with_message(stage.name());
                // A client that does not listen still gets its picture.
                let _ = context.peer.notify_progress(note).await;
            }
        }
        self.shared.job(job).await
    }

    async fn order(&self, tool: &str, arguments: JsonObject) -> Result<Order, Problem> {
        let config = &self.shared.config;
        match tool {
            "vectorize" => {
                let (asked, mut refusals) = params::read_noting::<VectorizeParams>(&arguments)?;
                let image = self.picture("image", &asked.image).await;
                let image = image.map_err(|problem| refusals.take(problem));
                let ground = asked.background.as_deref();
                let ground =
                    ground.and_then(|text| refusals.check("background", text.parse::<Ground>()));
                let limits = check_limits(LIMITS, asked.max_paths, asked.max_bytes, &mut refusals);
                let options = RawOptions {
                    palette: asked.palette.map(|colors| Palette::parse(colors, false)),
                    strict_palette: asked.strict_palette,
                    ..effort(asked.seed, asked.deadline_ms, asked.level.as_deref())
                };
                let options = options.check(config, &mut refusals);
                let look = RawLook {
                    max_colors: asked.max_colors.map(Ok),
                    gradients: asked.gradients,
                    small_shapes: asked.small_shapes,
                };
                let look = look.check(options.palette.is_some(), &mut refusals);
                refusals.finish().map_err(Problem::fields)?;
                let ground = ground.unwrap_or_default();
                Ok(Order {
                    spec: JobSpec {
                        kind: JobKind::Vectorize {
                            limits,
                            ground,
                            look,
                        },
                        options,
                    },
                    files: Some((
                        UploadKind::Vectorize,
                        image.into_iter().map(target).collect(),
                    )),
                })
            }
            "refine" => {
                let (asked, mut refusals) = params::read_noting::<RefineParams>(&arguments)?;
                let template = self.svg("template", &asked.template).await;
                let template = template.map_err(|problem| refusals.take(problem));
                let picture = self.picture("target", &asked.target).await;
                let picture = picture.map_err(|problem| refusals.take(problem));
                let limits = check_limits(LIMITS, asked.max_paths, asked.max_bytes, &mut refusals);
                let options = RawOptions {
                    palette: asked.palette.map(|colors| Palette::parse(colors, false)),
                    strict_palette: asked.strict_palette,
                    ..effort(asked.seed, asked.deadline_ms, asked.level.as_deref())
                };
                let options = options.check(config, &mut refusals);
                refusals.finish().map_err(Problem::fields)?;
                let template = template.into_iter().map(|bytes| Attachment {
                    role: AttachmentRole::Template,
                    bytes: bytes.into(),
                });
                let add_shapes = asked.add_shapes.unwrap_or_default();
                Ok(Order {
                    spec: JobSpec {
                        kind: JobKind::Refine { limits, add_shapes },
                        options,
                    },
                    files: Some((
                        UploadKind::Refine,
                        template.chain(picture.into_iter().map(target)).collect(),
                    )),
                })
            }
            _ => {
                let body = serde_json::to_vec(&arguments).unwrap_or_default();
                let spec = svg_spec(&body, config)?;
                Ok(Order { spec, files: None })
            }
        }
    }

    /// The bytes of a picture: in base64, in a `data:` address, or in a file where that may be
    /// named.
    async fn picture(&self, field: &str, text: &str) -> Result<Vec<u8>, Problem> {
        match decoded_file(text) {
            Ok(bytes) => Ok(bytes),
            Err(_) if self.is_local && !text.trim_start().starts_with("data:") => {
                self.file(field, text.trim()).await
            }
            Err(reason) => Err(Problem::field(field, reason)),
        }
    }

    /// The bytes of an SVG: the text itself, or a file where that may be named.
    pub(super) async fn svg(&self, field: &str, text: &str) -> Result<Vec<u8>, Problem> {
        if self.is_local && !text.contains('<') {
            return self.file(field, text.trim()).await;
        }
        Ok(text.as_bytes().to_vec())
    }

    /// A file of the user whose host this is.
    async fn file(&self, field: &str, path: &str) -> Result<Vec<u8>, Problem> {
        let most = self.shared.config.max_upload_bytes as u64;
        let unread = |reason: String| {
            let path: String = path.chars().take(200).collect();
            Problem::field(field, format!("the file {path} cannot be read: {reason}"))
        };
        let wanted = Path::new(path).to_owned();
        let read = tokio::task::spawn_blocking(move || {
            let found = std::fs::metadata(&wanted)?;
            if found.is_file() && found.len() <= most {
                std::fs::read(&wanted).map(Some)
            } else {
                Ok(None)
            }
        });
        match read.await {
            Ok(Ok(Some(bytes))) => Ok(bytes),
            Ok(Ok(None)) => Err(unread(format!("it is no file of at most {most} bytes"))),
            Ok(Err(error)) => Err(unread(error.to_string())),
            Err(_) => Err(Problem::internal()),
        }
    }
}

/// What tools that take files ask of all jobs.
fn effort(seed: Option<u64>, deadline_ms: Option<u64>, level: Option<&str>) -> RawOptions<'_> {
    RawOptions {
        seed,
        deadline_ms,
        level,
        ..RawOptions::default()
    }
}

fn target(bytes: Vec<u8>) -> Attachment {
    Attachment {
        role: AttachmentRole::Target,
        bytes: bytes.into(),
    }
}

/// The share of the whole job that an event tells, and the stage.
fn progress(kind: &JobEventKind) -> Option<(f64, Stage)> {
    let (stage, fraction) = match kind {
        JobEventKind::Progress { stage, fraction } => (*stage, f64::from(*fraction)),
        JobEventKind::StageStarted { stage, .. } => (*stage, 0.0),
        JobEventKind::StageEnded { stage, .. } => (*stage, 1.0),
        _ => return None,
    };
    let before = Stage::ALL.iter().position(|known| *known == stage)?;
    Some(((before as f64 + fraction) / Stage::ALL.len() as f64, stage))
}
