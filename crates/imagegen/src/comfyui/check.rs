//! Whether a server can run a workflow: has it the nodes, and the files of models?

use chat2svg_gateway::CallLimits;
use chat2svg_protocol::{CallFailure, Fault, printable};
use serde_json::Value;

use super::{ComfyUi, Role};

/// What answers, for people.
///
/// # Errors
/// When nothing does, or it cannot run the workflow; with all that is missing.
pub(super) async fn faults(client: &ComfyUi, limits: &CallLimits) -> Result<String, CallFailure> {
    let server = &client.server;
    let stats: Value = server.get("/system_stats", limits).await?;
    let mut missing = Vec::new();
    for class in client.workflow.classes() {
        let path = format!("/object_info/{class}");
        let known: Value = server.get(&path, limits).await?;
        match known.get(class) {
            None => missing.push(format!("node class {class}")),
            Some(info) => {
                let prompt = client.prepared().into_prompt();
                missing.extend(strangers(class, info, &prompt));
            }
        }
    }
    let workflow = client.workflow.name();
    if missing.is_empty() {
        let text = |path: &str| stats.pointer(path).and_then(Value::as_str).unwrap_or("?");
        let (version, device) = (text("/system/comfyui_version"), text("/devices/0/name"));
        return Ok(format!(
            "ComfyUI {version} on {device} can run workflow {workflow}"
        ));
    }
    let reason = format!(
        "the server lacks what workflow {workflow} needs: {}",
        printable(&missing.join("; "))
    );
    Err(CallFailure::new(Fault::Terminal, reason))
}

/// Values of a class's nodes that the server does not offer.
fn strangers(class: &str, info: &Value, prompt: &Value) -> Vec<String> {
    let mut found = Vec::new();
    // What is uploaded is not there yet.
    if class == "LoadImage" {
        return found;
    }
    let nodes = prompt.as_object().into_iter().flatten();
    for (id, node) in nodes.filter(|(_, node)| node["class_type"] == class) {
        for (name, value) in node["inputs"].as_object().into_iter().flatten() {
            let of = |group: &str| info.pointer(&format!("/input/{group}/{name}")).cloned();
            let Some(input) = of("required").or_else(|| of("optional")) else {
                continue;
            };
            // Older servers put the choices first, newer ones among the options.
            let choices = input.get(0).filter(|first| first.is_array());
            let choices = choices.or_else(|| input.pointer("/1/options"));
            if let Some(choices) = choices.and_then(Value::as_array)
                && value.is_string()
                && !choices.contains(value)
            {
                found.push(format!("{name} {value} of node {id} ({class})"));
            }
        }
    }
    found
}

impl ComfyUi {
    /// The workflow with what does not change from call to call.
    pub(super) fn prepared(&self) -> super::workflow::Filled<'_> {
        let filled = self.workflow.filled();
        if self.model.is_empty() {
            filled
        } else {
            filled.with(Role::Model, &[self.model.as_str().into()])
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_that_a_server_lacks_are_found_in_both_forms_of_choices() {
        let prompt = json!({
            "2": { "class_type": "UNETLoader", "inputs": { "unet_name": "a", "n": 3, "link": ["1", 0] } },
        });
        for (choices, found) in [
            (json!([["a", "b"], {}]), 0),
            (json!([["b"]]), 1),
            (json!(["COMBO", { "options": ["a"] }]), 0),
            (json!(["COMBO", { "options": [] }]), 1),
            (json!(["STRING", {}]), 0),
        ] {
            let info =
                json!({ "input": { "required": { "unet_name": choices, "n": ["INT", {}] } } });
            let strangers = strangers("UNETLoader", &info, &prompt);
            assert_eq!(strangers.len(), found, "{info}");
        }
    }
}
