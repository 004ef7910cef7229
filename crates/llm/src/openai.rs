//! Chat completions, as OpenAI has them and most servers speak them.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chat2svg_gateway::{declined, malformed};
use chat2svg_protocol::{CallFailure, Fault};
use serde_json::{Value, json};

use crate::{
    ChatRequest, Finish, Speaker, Turn,
    stream::{Decoder, Heard, Known},
};

/// The body of a request. Newer models of OpenAI know their limit of tokens by another name than
/// everybody else.
pub(crate) fn body(
    request: &ChatRequest,
    model: Option<&str>,
    with_pictures: bool,
    limit_is_of_completion: bool,
) -> Value {
    let mut messages = Vec::new();
    if !request.system.is_empty() {
        messages.push(json!({"role": "system", "content": request.system}));
    }
    messages.extend(
        request
            .turns
            .iter()
            .map(|turn| message(turn, with_pictures)),
    );
    let mut body = json!({
        "messages": messages,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    let limit = if limit_is_of_completion {
        "max_completion_tokens"
    } else {
        "max_tokens"
    };
    body[limit] = json!(request.max_tokens);
    if let Some(model) = model {
        body["model"] = json!(model);
    }
    body
}

fn message(turn: &Turn, with_pictures: bool) -> Value {
    let role = match turn.speaker {
        Speaker::User => "user",
        Speaker::Assistant => "assistant",
    };
    if turn.pictures.is_empty() || !with_pictures {
        return json!({"role": role, "content": turn.text});
    }
    let mut content = vec![json!({"type": "text", "text": turn.text})];
    content.extend(turn.pictures.iter().map(|png| {
        let url = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png));
        json!({"type": "image_url", "image_url": {"url": url}})
    }));
    json!({"role": role, "content": content})
}

/// Whether a failure says that the limit of tokens has the other name.
pub(crate) fn wants_other_limit(failure: &CallFailure) -> bool {
    failure.fault == Some(Fault::Request) && failure.reason.contains("max_completion_tokens")
}

/// Reads chunks of chat completions.
#[derive(Debug, Default)]
pub(crate) struct OpenAiDecoder {
    known: Known,
    refusal: String,
}

impl OpenAiDecoder {
    fn common(&mut self, value: &Value) {
        if let Some(model) = value.get("model").and_then(Value::as_str)
            && !model.is_empty()
        {
            self.known.model = Some(model.to_owned());
        }
        if let Some(usage) = value.get("usage") {
            let number = |key: &str| usage.get(key).and_then(Value::as_u64);
            self.known.input = number("prompt_tokens").or(self.known.input);
            self.known.output = number("completion_tokens").or(self.known.output);
            let cost = usage.get("cost").and_then(Value::as_f64);
            self.known.cost = cost.filter(|cost| *cost >= 0.0).or(self.known.cost);
        }
    }

    fn finish(&mut self, choice: &Value) {
        self.known.finish = match choice.get("finish_reason").and_then(Value::as_str) {
            None | Some("") => self.known.finish,
            Some("length") => Some(Finish::Length),
            Some("content_filter") => Some(Finish::Filtered),
            Some(_) => Some(Finish::Complete),
        };
    }

    fn refused(&self) -> Result<(), CallFailure> {
        if self.refusal.is_empty() {
            return Ok(());
        }
        let reason = format!("the model turned it down: {}", self.refusal);
        Err(CallFailure::new(Fault::Request, reason))
    }
}

impl Decoder for OpenAiDecoder {
    fn hear(&mut self, data: &str) -> Result<Heard, CallFailure> {
        let data = data.trim();
        if data == "[DONE]" {
            self.refused()?;
            return Ok(Heard {
                ended: true,
                ..Heard::default()
            });
        }
        if data.is_empty() {
            return Ok(Heard::default());
        }
        let chunk: Value =
            serde_json::from_str(data).map_err(|error| malformed(error.to_string()))?;
        if chunk.get("error").is_some_and(|error| !error.is_null()) {
            return Err(declined(&chunk));
        }
        self.common(&chunk);
        let Some(choice) = chunk.get("choices").and_then(|choices| choices.get(0)) else {
            return Ok(Heard::default());
        };
        self.finish(choice);
        let text = |key: &str| {
            let text = choice.get("delta").and_then(|delta| delta.get(key));
            text.and_then(Value::as_str).unwrap_or_default()
        };
        self.refusal.push_str(text("refusal"));
        let thought = text("reasoning_content").len() + text("reasoning").len();
        let content = text("content").to_owned();
        Ok(Heard {
            progressed: !content.is_empty() || thought > 0,
            text: content,
            ended: false,
        })
    }

    fn hear_whole(&mut self, answer: &Value) -> Result<Heard, CallFailure> {
        if answer.get("error").is_some_and(|error| !error.is_null()) {
            return Err(declined(answer));
        }
        self.common(answer);
        let choice = answer
            .get("choices")
            .and_then(|choices| choices.get(0))
            .ok_or_else(|| malformed("an answer without choices"))?;
        self.finish(choice);
        let message = choice.get("message");
        let text = |key: &str| {
            let text = message.and_then(|message| message.get(key));
            text.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        self.refusal = text("refusal");
        self.refused()?;
        Ok(Heard {
            text: text("content"),
            progressed: true,
            ended: true,
        })
    }

    fn known(&self) -> &Known {
        &self.known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_with_its_usage() {
        let mut decoder = OpenAiDecoder::default();
        let mut text = String::new();
        for data in [
            r#"{"model":"m-1","choices":[{"delta":{"role":"assistant","content":""}}]}"#,
            r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#,
            r#"{"choices":[{"delta":{"content":"<svg"}}]}"#,
            r#"{"choices":[{"delta":{"content":"/>"},"finish_reason":"stop"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7,"cost":0.01}}"#,
        ] {
            let heard = decoder.hear(data).unwrap();
            assert!(!heard.ended);
            text.push_str(&heard.text);
        }
        assert!(decoder.hear("[DONE]").unwrap().ended);
        assert_eq!(text, "<svg/>");
        let known = decoder.known();
        assert_eq!(
            (known.input, known.output, known.cost),
            (Some(5), Some(7), Some(0.01))
        );
        assert_eq!(known.finish, Some(Finish::Complete));
        assert_eq!(known.model.as_deref(), Some("m-1"));
    }

    #[test]
    fn errors_and_refusals_within_a_stream_have_their_faults() {
        let mut decoder = OpenAiDecoder::default();
        let failure = decoder
            .hear(r#"{"error":{"message":"overloaded","code":503}}"#)
            .unwrap_err();
        assert!(
            matches!(failure.fault, Some(Fault::Busy { .. })),
            "{failure}"
        );
        let failure = decoder.hear("{nonsense").unwrap_err();
        assert_eq!(failure.fault, Some(Fault::Provider));
        decoder
            .hear(r#"{"choices":[{"delta":{"refusal":"I cannot"}}]}"#)
            .unwrap();
        let failure = decoder.hear("[DONE]").unwrap_err();
        assert_eq!(failure.fault, Some(Fault::Request));
    }

    #[test]
    fn pictures_go_along_only_where_they_are_taken() {
        let mut turn = Turn::user("look");
        turn.pictures = vec![[1u8, 2, 3].as_slice().into()];
        let request = ChatRequest {
            system: "be brief".to_owned(),
            turns: vec![turn],
            max_tokens: 9,
        };
        let with = body(&request, Some("m"), true, false);
        let url = with["messages"][1]["content"][1]["image_url"]["url"].as_str();
        assert_eq!(url, Some("data:image/png;base64,AQID"));
        assert_eq!(
            (&with["max_tokens"], &with["model"]),
            (&json!(9), &json!("m"))
        );
        let without = body(&request, None, false, true);
        assert_eq!(without["messages"][1]["content"], "look");
        assert_eq!(without["max_completion_tokens"], 9);
        assert!(without.get("model").is_none() && without.get("max_tokens").is_none());
    }
}
