//! Stage 1 of the original as a backend.

use std::{sync::Arc, time::Duration};

use chat2svg_backends::Backend;
use chat2svg_protocol::{
    BackendId, CallFailure, ResourceLevel, Stage, StageOutcome,
    messages::{Progress, RunTemplate, TemplateOutput},
};
use chat2svg_supervision::{ComputePool, Line};
use chat2svg_template::read_reply;
use futures_util::{FutureExt as _, future::BoxFuture};

use super::{MOST_BYTES, SIDE, Scripts, failed};
use crate::Product;

/// Has the original's first script draw what a prompt asks for.
#[derive(Clone)]
pub struct ScriptComposer {
    scripts: Scripts,
    pool: ComputePool,
    progress: Line<Progress>,
}

impl ScriptComposer {
    /// A composer that starts `scripts`, reads in `pool`, and tells how far it is.
    pub fn new(scripts: Scripts, pool: ComputePool, progress: Line<Progress>) -> Self {
        Self {
            scripts,
            pool,
            progress,
        }
    }

    async fn serve_run(self, run: RunTemplate) -> Result<TemplateOutput, CallFailure> {
        let desk = self.scripts.desk()?;
        let layout = &desk.layout;
        let rounds = match run.context.level {
            ResourceLevel::High => 2,
            ResourceLevel::Medium | ResourceLevel::Low => 1,
            ResourceLevel::Minimal => 0,
        };
        let (path, folder) = desk.place()?;
        let mut flags = vec![
            ("target", layout.target().to_string()),
            ("output_path", path),
            ("output_folder", folder),
            ("viewbox", SIDE.to_string()),
            ("refine_iter", rounds.to_string()),
        ];
        flags.extend(
            self.scripts
                .model()
                .map(|model| ("model", model.to_owned())),
        );
        let context = (&run.context, 0);
        self.scripts
            .run(
                Stage::Template,
                &desk,
                &flags,
                Some(&run.prompt),
                context,
                &self.progress,
            )
            .await?;
        let svg = desk.take(Product::Template, MOST_BYTES)?;
        let style = run.style.unwrap_or_default();
        let cancel = run.context.cancel.clone();
        let read = move || {
            let text = String::from_utf8_lossy(&svg);
            read_reply(&text, &run.prompt, run.canvas, &run.context.stop()).map_err(failed)
        };
        let mut document = self.pool.run(&cancel, read).await??.document;
        Arc::make_mut(&mut document).metadata.style = Some(style.name().to_owned());
        Ok(TemplateOutput {
            document,
            style,
            outcome: StageOutcome::completed(BackendId::SCRIPTS),
        })
    }
}

impl Backend<RunTemplate> for ScriptComposer {
    fn id(&self) -> BackendId {
        BackendId::SCRIPTS
    }

    fn reserve(&self, _: &RunTemplate) -> Duration {
        self.scripts.least_time()
    }

    fn serve(&self, run: RunTemplate) -> BoxFuture<'static, Result<TemplateOutput, CallFailure>> {
        self.clone().serve_run(run).boxed()
    }
}
