//! Who serves the stages: the backends of each in the order of the settings.

use std::sync::Arc;

use chat2svg_backends::{Absent, Backend, StageRun};
use chat2svg_llm::ProviderConfig;
use chat2svg_protocol::{BackendId, Circuit, PerStage, Stage};
use chat2svg_web::LineUpPlace;

use crate::settings::Settings;

/// Why a script is left out of an isolated job.
const NO_PROCESSES: &str =
    "left out: the job ran in a process of its own, which starts no other (section [isolation])";
/// Why a model is left out of an isolated job.
const NO_NETWORK: &str =
    "left out: the job ran in a process of its own, which has no network (section [isolation])";

/// The backends of a stage in the order that the settings give, whose names have been checked.
/// Those that are not known are models, in a process without network; `takes` says for which runs
/// they are missed.
pub(crate) fn line_up<R: StageRun>(
    order: &[BackendId],
    known: &[Arc<dyn Backend<R>>],
    takes: fn(&R) -> bool,
) -> Vec<Arc<dyn Backend<R>>> {
    let place = |id: &BackendId| -> Arc<dyn Backend<R>> {
        let found = known.iter().find(|backend| backend.id() == *id);
        match found {
            Some(backend) => Arc::clone(backend),
            None if *id == BackendId::SCRIPTS => {
                Arc::new(Absent::new(id.clone(), NO_PROCESSES, takes))
            }
            None => Arc::new(Absent::new(id.clone(), NO_NETWORK, takes)),
        }
    };
    order.iter().map(place).collect()
}

/// The backends of an order that can be called from this process.
fn callable(settings: &Settings, order: &[BackendId]) -> Vec<BackendId> {
    let language = settings.llm.backends();
    let image = settings.imagegen.backend();
    let is_callable = |id: &&BackendId| {
        **id == BackendId::EMBEDDED
            || language.contains(id)
            || image.as_ref() == Some(id)
            || settings.scripts.backend().as_ref() == Some(id)
    };
    order.iter().filter(is_callable).cloned().collect()
}

/// Who serves the stages, for people; `image_model` is what the image model is called.
pub(crate) fn line_up_shown(settings: &Settings, image_model: Option<&str>) -> Vec<LineUpPlace> {
    let providers = settings.llm.providers();
    let model_of = |id: &BackendId| {
        let named = |provider: &&ProviderConfig| provider.id().is_ok_and(|own| own == *id);
        let language = providers.iter().find(named).and_then(ProviderConfig::model);
        let is_image = settings.imagegen.backend().as_ref() == Some(id);
        language.or_else(|| image_model.filter(|_| is_image).map(str::to_owned))
    };
    let place = |Circuit { stage, backend }: Circuit| LineUpPlace {
        stage,
        model: model_of(&backend),
        backend,
    };
    circuits(settings).into_iter().map(place).collect()
}

/// The circuits in front of all backends.
pub(crate) fn circuits(settings: &Settings) -> Vec<Circuit> {
    let all = |stage, backends: &[BackendId]| -> Vec<Circuit> {
        let backends = callable(settings, backends).into_iter();
        backends.map(|backend| Circuit { stage, backend }).collect()
    };
    [
        all(Stage::Template, &settings.template.backends),
        all(Stage::Detail, &detail_line_up(settings)),
        all(Stage::Optimize, &settings.optimize.backends),
    ]
    .concat()
}

/// Who serves stage 2, first choice first.
pub(crate) fn detail_line_up(settings: &Settings) -> Vec<BackendId> {
    settings.detail.line_up(settings.imagegen.backend())
}

/// Who can serve each stage, first choice first.
pub(crate) fn line_ups(settings: &Settings) -> PerStage<Vec<BackendId>> {
    PerStage {
        template: callable(settings, &settings.template.backends),
        detail: callable(settings, &detail_line_up(settings)),
        optimize: callable(settings, &settings.optimize.backends),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_up_tells_each_backend_with_its_model() {
        let mut settings = Settings::default();
        settings.llm.provider = chat2svg_llm::ProviderKind::Openai;
        settings.llm.model = "a-model".to_owned();
        settings.template.backends = vec!["openai".parse().unwrap(), BackendId::EMBEDDED];
        let shown = line_up_shown(&settings, None);
        assert_eq!(shown.len(), 4);
        assert_eq!(shown[0].backend.as_str(), "openai");
        assert_eq!(shown[0].model.as_deref(), Some("a-model"));
        assert_eq!(
            (&shown[1].backend, &shown[1].model),
            (&BackendId::EMBEDDED, &None)
        );
    }
}
