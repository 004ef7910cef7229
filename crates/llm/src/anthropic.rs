//! The Messages API of Anthropic.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chat2svg_gateway::{declined, malformed};
use chat2svg_protocol::CallFailure;
use serde_json::{Value, json};

use crate::{
    ChatRequest, Finish, Speaker, Turn,
    stream::{Decoder, Heard, Known},
};

/// The version of the API that is spoken.
pub(crate) const VERSION: &str = "2023-06-01";

/// The body of a request.
pub(crate) fn body(request: &ChatRequest, model: Option<&str>, with_pictures: bool) -> Value {
    let turns: Vec<Value> = request
        .turns
        .iter()
        .map(|turn| message(turn, with_pictures))
        .collect();
    let mut body = json!({
        "max_tokens": request.max_tokens,
        "messages": turns,
        "stream": true,
    });
    if let Some(model) = model {
        body["model"] = json!(model);
    }
    if !request.system.is_empty() {
        body["system"] = json!(request.system);
    }
    body
}

fn message(turn: &Turn, with_pictures: bool) -> Value {
    let role = match turn.speaker {
        Speaker::User => "user",
        Speaker::Assistant => "assistant",
    };
    let mut content = Vec::new();
    for png in turn.pictures.iter().filter(|_| with_pictures) {
        content.push(json!({"type": "image", "source": {
            "type": "base64",
            "media_type": "image/png",
            "data": BASE64_STANDARD.encode(png),
        }}));
    }
    content.push(json!({"type": "text", "text": turn.text}));
    json!({"role": role, "content": content})
}

/// Reads the events of a message.
#[derive(Debug, Default)]
pub(crate) struct AnthropicDecoder {
    known: Known,
}

impl AnthropicDecoder {
    fn usage(&mut self, usage: Option<&Value>) {
        let Some(usage) = usage else { return };
        let number = |key: &str| usage.get(key).and_then(Value::as_u64);
        if let Some(plain) = number("input_tokens") {
            let cached = number("cache_read_input_tokens").unwrap_or(0)
                + number("cache_creation_input_tokens").unwrap_or(0);
            self.known.input = Some(plain + cached);
        }
        self.known.output = number("output_tokens").or(self.known.output);
    }

    fn model(&mut self, message: &Value) {
        if let Some(model) = message.get("model").and_then(Value::as_str) {
            self.known.model = Some(model.to_owned());
        }
    }

    fn finish(&mut self, reason: Option<&str>) {
        self.known.finish = match reason {
            None => self.known.finish,
            Some("max_tokens") => Some(Finish::Length),
            Some("refusal") => Some(Finish::Filtered),
            Some(_) => Some(Finish::Complete),
        };
    }
}

impl Decoder for AnthropicDecoder {
    fn hear(&mut self, data: &str) -> Result<Heard, CallFailure> {
        let data = data.trim();
        if data.is_empty() {
            return Ok(Heard::default());
        }
        let event: Value =
            serde_json::from_str(data).map_err(|error| malformed(error.to_string()))?;
        let mut heard = Heard::default();
        match event.get("type").and_then(Value::as_str) {
            Some("message_start") => {
                if let Some(message) = event.get("message") {
                    self.model(message);
                    self.usage(message.get("usage"));
                }
            }
            Some("content_block_delta") => {
                let delta = event.get("delta");
                let text = |key: &str| {
                    let text = delta.and_then(|delta| delta.get(key));
                    text.and_then(Value::as_str).unwrap_or_default()
                };
                heard.text = text("text").to_owned();
                heard.progressed = !heard.text.is_empty() || !text("thinking").is_empty();
            }
            Some("message_delta") => {
                let reason = event
                    .get("delta")
                    .and_then(|delta| delta.get("stop_reason"));
                self.finish(reason.and_then(Value::as_str));
                self.usage(event.get("usage"));
            }
            Some("message_stop") => heard.ended = true,
            Some("error") => return Err(declined(&event)),
            // Signs of life, and kinds of events that may come to be.
            _ => {}
        }
        Ok(heard)
    }

    fn hear_whole(&mut self, answer: &Value) -> Result<Heard, CallFailure> {
        if answer.get("type").and_then(Value::as_str) == Some("error") {
            return Err(declined(answer));
        }
        self.model(answer);
        self.usage(answer.get("usage"));
        self.finish(answer.get("stop_reason").and_then(Value::as_str));
        let blocks = answer
            .get("content")
            .and_then(Value::as_array)
            .ok_or_else(|| malformed("a message without content"))?;
        let texts = blocks
            .iter()
            .filter_map(|block| block.get("text")?.as_str());
        Ok(Heard {
            text: texts.collect(),
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
    use chat2svg_protocol::Fault;

    use super::*;

    #[test]
    fn a_message_is_read_with_its_usage() {
        let mut decoder = AnthropicDecoder::default();
        let mut text = String::new();
        for data in [
            r#"{"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"<svg/>"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":9}}"#,
        ] {
            let heard = decoder.hear(data).unwrap();
            assert_eq!(heard.progressed, data.contains("block_delta"), "{data}");
            text.push_str(&heard.text);
        }
        assert!(decoder.hear(r#"{"type":"message_stop"}"#).unwrap().ended);
        assert_eq!(text, "<svg/>");
        let known = decoder.known();
        assert_eq!((known.input, known.output), (Some(15), Some(9)));
        assert_eq!(known.finish, Some(Finish::Length));
    }

    #[test]
    fn an_error_event_ends_it_with_its_fault() {
        let mut decoder = AnthropicDecoder::default();
        let failure = decoder
            .hear(r#"{"type":"error","error":{"type":"authentication_error","message":"no"}}"#)
            .unwrap_err();
        assert_eq!(failure.fault, Some(Fault::Terminal));
    }

    #[test]
    fn a_picture_stands_before_the_words() {
        let mut turn = Turn::user("look");
        turn.pictures = vec![[1u8].as_slice().into()];
        let request = ChatRequest {
            system: String::new(),
            turns: vec![turn, Turn::assistant("I see")],
            max_tokens: 9,
        };
        let body = body(&request, Some("m"), true);
        assert_eq!(body["messages"][0]["content"][0]["source"]["data"], "AQ==");
        assert_eq!(body["messages"][1]["role"], "assistant");
        assert!(body.get("system").is_none());
    }
}
