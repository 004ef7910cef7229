//! The language model of stage 1 as the original has it: its replies are kept in raw logs, and what
//! is in the logs is not asked again.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use chat2svg_gateway::{CallLimits, Ledger, NoLedger};
use chat2svg_llm::{
    ChatModel, ChatRequest, Completion, Delta, Finish, LlmConfig, Provider, ProviderKind, Usage,
};
use chat2svg_protocol::{CallFailure, JobId};
use chat2svg_scripts::{Layout, surroundings, write_config};
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};

use super::{
    Job,
    folder::{paper, tell},
};

/// The variable that holds the key of either service.
const KEY: &str = "OPENAI_API_KEY";

/// Which models a run asks: those of `[llm]`, or the one that the original's environment names.
///
/// # Errors
/// When `.env` cannot be read, or `BACKEND` names no service.
pub(super) fn config(job: &Job<'_>, model: Option<&str>) -> anyhow::Result<LlmConfig> {
    let mut llm = job.settings.llm.clone();
    if llm.provider == ProviderKind::None {
        let path = job.base.join(".env");
        let file = surroundings::dotenv(&path)?;
        // The file does not override the environment.
        let variable = |name: &str| {
            let own = std::env::var(name).ok().filter(|value| !value.is_empty());
            own.or_else(|| file.get(name).cloned())
        };
        let service = surroundings::Service::of(variable("BACKEND").as_deref())?;
        match (service, variable(KEY)) {
            (Some(service), Some(_)) => {
                llm.provider = match service {
                    surroundings::Service::Anthropic => ProviderKind::Anthropic,
                    surroundings::Service::Wildcard => ProviderKind::Openai,
                };
                if llm.base_url.is_empty() {
                    llm.base_url = service.base_url();
                }
                llm.api_key_env = KEY.to_owned();
                if std::env::var(KEY).is_ok_and(|key| !key.is_empty()) {
                    llm.api_key_file = PathBuf::new();
                } else {
                    llm.api_key_file = path;
                }
            }
            (Some(_), None) => tell(&format!(
                "BACKEND is set and {KEY} is not, neither in the environment nor in {}: no model is asked",
                path.display()
            )),
            (None, Some(_)) if file.contains_key(KEY) => tell(&format!(
                "{} has a key, and BACKEND (Claude or Wildcard) does not say whose: no model is asked",
                path.display()
            )),
            (None, _) => {}
        }
    }
    if let Some(model) = model
        && llm.provider != ProviderKind::None
    {
        llm.model = model.to_owned();
    }
    Ok(llm)
}

/// The first provider of a configuration, if there is one.
///
/// # Errors
/// When it cannot be used.
pub(super) fn provider(llm: &LlmConfig) -> anyhow::Result<Option<Provider>> {
    let ledger: Arc<dyn Ledger> = Arc::new(NoLedger);
    Ok(chat2svg_llm::providers(llm, &ledger)?.into_iter().next())
}

/// What is in the raw logs: the model's expansion of the prompt, and its replies by their number.
pub(super) fn replies(layout: &Layout, most: usize) -> (Option<String>, BTreeMap<usize, String>) {
    let text = |path: PathBuf| {
        let bytes = fs::read(path).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (!text.trim().is_empty()).then_some(text)
    };
    let replies = (0..=most).filter_map(|index| Some((index, text(layout.raw_reply(index))?)));
    (text(layout.raw_prompt()), replies.collect())
}

/// A model whose replies are kept, and that is asked only for those that are not there yet.
pub(super) struct Logged {
    model: Arc<dyn ChatModel>,
    layout: Layout,
    state: Arc<Mutex<State>>,
}

struct State {
    /// What was asked so far, by what it was for.
    asked: Vec<(String, String)>,
    plan: Option<String>,
    replies: BTreeMap<usize, String>,
    /// Whether the next question is for the expansion of the prompt.
    plan_is_next: bool,
    /// The next reply.
    next: usize,
}

impl Logged {
    /// A model in front of which the logs are. Its first question is for the expansion.
    pub(super) fn new(
        model: Arc<dyn ChatModel>,
        layout: Layout,
        plan: Option<String>,
        replies: BTreeMap<usize, String>,
    ) -> Self {
        Self {
            model,
            layout,
            state: Arc::new(Mutex::new(State {
                asked: Vec::new(),
                plan,
                replies,
                plan_is_next: true,
                next: 0,
            })),
        }
    }
}

impl Logged {
    /// Writes down what the model is asked.
    fn note(&self, state: &mut State, what: &str, request: &ChatRequest) {
        let said = request.turns.last().map(|turn| turn.text.clone());
        state
            .asked
            .push((format!("{what}_system"), request.system.clone()));
        state
            .asked
            .push((what.to_owned(), said.unwrap_or_default()));
        let asked = state.asked.iter();
        let asked = asked.map(|(what, text)| (what.as_str(), text.clone()));
        if let Err(error) = paper(&self.layout.prompts(), write_config(asked).as_bytes()) {
            tell(&format!("what the model is asked is not kept: {error:#}"));
        }
    }
}

impl ChatModel for Logged {
    fn model(&self) -> &str {
        self.model.model()
    }

    fn takes_pictures(&self) -> bool {
        self.model.takes_pictures()
    }

    fn lost_calls(&self, _: JobId) -> BoxFuture<'static, u32> {
        std::future::ready(0).boxed()
    }

    fn chat(
        &self,
        request: ChatRequest,
        limits: CallLimits,
    ) -> BoxStream<'static, Result<Delta, CallFailure>> {
        let (logged, path) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if std::mem::replace(&mut state.plan_is_next, false) {
                self.note(&mut state, "expand", &request);
                (state.plan.clone(), self.layout.raw_prompt())
            } else {
                let index = state.next;
                state.next += 1;
                let what = match index {
                    0 => "write".to_owned(),
                    index => format!("mend_{index}"),
                };
                self.note(&mut state, &what, &request);
                (
                    state.replies.get(&index).cloned(),
                    self.layout.raw_reply(index),
                )
            }
        };
        if let Some(text) = logged {
            let end = Completion {
                finish: Finish::Complete,
                usage: Usage::default(),
                model: self.model.model().to_owned(),
                cost: 0.0,
            };
            return stream::iter([Ok(Delta::Text(text)), Ok(Delta::End(end))]).boxed();
        }
        let mut heard = String::new();
        self.model
            .chat(request, limits)
            .inspect(move |delta| match delta {
                Ok(Delta::Text(text)) => heard.push_str(text),
                // Paid for: kept as soon as it is there.
                Ok(Delta::End(_)) => {
                    if let Err(error) = paper(&path, heard.as_bytes()) {
                        tell(&format!("a reply of the model is not kept: {error:#}"));
                    }
                }
                Err(_) => {}
            })
            .boxed()
    }
}
