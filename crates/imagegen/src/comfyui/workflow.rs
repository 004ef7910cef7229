//! Workflows in ComfyUI's API format, and which of their inputs are ours to set. Pure, but for
//! reading the file.
//!
//! A node whose title begins with `chat2svg:` has inputs that are set; the roles behind the colon,
//! separated by commas, say which. A node may have several roles, and several nodes the same one.

use std::{fmt, fs, path::PathBuf};

use chat2svg_protocol::printable;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::ImagegenConfig;

/// How a title begins that has roles.
const MARK: &str = "chat2svg:";
/// The workflows that come with the program.
const SHIPPED: [(&str, &str); 2] = [
    (
        ImagegenConfig::FLUX2_KLEIN,
        include_str!("../../../../configs/comfyui/flux2-klein.json"),
    ),
    (
        ImagegenConfig::SDXL_TILE,
        include_str!("../../../../configs/comfyui/sdxl-tile.json"),
    ),
];
/// Most bytes of a file.
const MAX_BYTES: u64 = 4 << 20;

/// What a node of a workflow is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Loads the template's picture.
    Image,
    /// Takes the words.
    Prompt,
    /// Takes the words for what must not be seen.
    Negative,
    /// Takes the seed.
    Seed,
    /// Takes the number of steps.
    Steps,
    /// Takes how far the picture may leave the template.
    Strength,
    /// Takes how closely the words are followed.
    Guidance,
    /// Takes how closely a ControlNet follows the template.
    Control,
    /// Takes the number of pictures.
    Candidates,
    /// Takes the width and height in pixels.
    Size,
    /// Takes the name of the model's file.
    Model,
    /// Gives the pictures.
    Output,
}

impl Role {
    const ALL: [Self; 12] = [
        Self::Image,
        Self::Prompt,
        Self::Negative,
        Self::Seed,
        Self::Steps,
        Self::Strength,
        Self::Guidance,
        Self::Control,
        Self::Candidates,
        Self::Size,
        Self::Model,
        Self::Output,
    ];

    /// Roles that every workflow needs.
    const NEEDED: [Self; 4] = [Self::Image, Self::Prompt, Self::Seed, Self::Output];

    /// Its name in titles.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Prompt => "prompt",
            Self::Negative => "negative",
            Self::Seed => "seed",
            Self::Steps => "steps",
            Self::Strength => "strength",
            Self::Guidance => "guidance",
            Self::Control => "control",
            Self::Candidates => "candidates",
            Self::Size => "size",
            Self::Model => "model",
            Self::Output => "output",
        }
    }

    /// Names of inputs that it sets, of which the first set that a node has is taken. Empty for
    /// what sets none.
    fn inputs(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Image => &[&["image"]],
            Self::Prompt | Self::Negative => &[
                &["text"],
                &["prompt"],
                &["value"],
                &["string"],
                &["text_g", "text_l"],
                &["clip_l", "t5xxl"],
            ],
            Self::Seed => &[&["seed"], &["noise_seed"], &["value"]],
            Self::Steps => &[&["steps"], &["value"]],
            Self::Strength => &[&["denoise"], &["strength"], &["value"]],
            Self::Guidance => &[&["cfg"], &["guidance"], &["value"]],
            Self::Control => &[&["strength"], &["value"]],
            Self::Candidates => &[&["batch_size"], &["amount"], &["value"]],
            Self::Size => &[&["width", "height"]],
            Self::Model => &[&["unet_name"], &["ckpt_name"], &["model_name"], &["value"]],
            Self::Output => &[],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why a workflow cannot be used.
#[derive(Debug, Error)]
pub enum WorkflowError {
    /// There is neither a workflow of this name nor a file.
    #[error(
        "\"{name}\" is no workflow of the program ({shipped}), and as a file it cannot be read: {reason}"
    )]
    Unreadable {
        /// What was given.
        name: String,
        /// Names of the program's own.
        shipped: String,
        /// What the system said.
        reason: String,
    },
    /// It is not in API format.
    #[error("{name} is not a workflow in API format: {reason}; save it with \"Export (API)\"")]
    Format {
        /// The workflow.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A title names no role.
    #[error("{name}: the title of node {node} names the unknown role \"{role}\": use {known}")]
    UnknownRole {
        /// The workflow.
        name: String,
        /// The node.
        node: String,
        /// What is in its title.
        role: String,
        /// The roles that there are.
        known: String,
    },
    /// A node has no input that its role could set.
    #[error(
        "{name}: node {node} ({class}) has the role \"{role}\", but no input of its own for it: {expected}"
    )]
    NoInput {
        /// The workflow.
        name: String,
        /// The node.
        node: String,
        /// Its class.
        class: String,
        /// The role.
        role: Role,
        /// What was looked for.
        expected: String,
    },
    /// Roles that every workflow needs are missing.
    #[error("{name}: no node is titled {missing}; give the right nodes these titles")]
    Missing {
        /// The workflow.
        name: String,
        /// The titles.
        missing: String,
    },
}

/// A workflow that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    name: String,
    nodes: Map<String, Value>,
    places: Vec<Place>,
}

/// Inputs that a role sets.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    role: Role,
    node: String,
    /// Empty for nodes of which nothing is set.
    inputs: &'static [&'static str],
}

impl Workflow {
    /// A workflow that comes with the program, or a file.
    ///
    /// # Errors
    /// When it cannot be read or used; the text says what is missing.
    pub fn named(name: &str) -> Result<Self, WorkflowError> {
        if let Some((name, text)) = SHIPPED.iter().find(|(own, _)| *own == name) {
            return Self::parse(name, text);
        }
        let unreadable = |reason: String| WorkflowError::Unreadable {
            name: printable(name).into_owned(),
            shipped: SHIPPED.map(|(name, _)| name).join(", "),
            reason,
        };
        let path = PathBuf::from(name);
        let length = fs::metadata(&path)
            .map_err(|error| unreadable(error.to_string()))?
            .len();
        if length > MAX_BYTES {
            return Err(unreadable(format!("it is larger than {MAX_BYTES} bytes")));
        }
        let text = fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
        let short = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        Self::parse(&short, &text)
    }

    /// A workflow in API format.
    ///
    /// # Errors
    /// When it is none, or lacks a role.
    pub fn parse(name: &str, text: &str) -> Result<Self, WorkflowError> {
        let name = printable(name).into_owned();
        let format = |reason: String| WorkflowError::Format {
            name: name.clone(),
            reason,
        };
        let nodes: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format(error.to_string()))?;
        if nodes.contains_key("nodes") && nodes.contains_key("links") {
            return Err(format("it is the editor's own format".to_owned()));
        }
        let mut places = Vec::new();
        for (id, node) in &nodes {
            let class = node.get("class_type").and_then(Value::as_str);
            let inputs = node.get("inputs").and_then(Value::as_object);
            let (Some(class), Some(inputs)) = (class, inputs) else {
                let id = printable(id);
                return Err(format(format!("node {id} has no class_type or no inputs")));
            };
            let title = node.pointer("/_meta/title").and_then(Value::as_str);
            let Some(roles) = title.and_then(|title| title.trim().strip_prefix(MARK)) else {
                continue;
            };
            for role in roles.split(',') {
                places.push(place(&name, id, class, inputs, role.trim())?);
            }
        }
        let missing: Vec<String> = Role::NEEDED
            .into_iter()
            .filter(|role| !places.iter().any(|place| place.role == *role))
            .map(|role| format!("\"{MARK} {role}\""))
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(WorkflowError::Missing { name, missing });
        }
        Ok(Self {
            name,
            nodes,
            places,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has nodes of a role.
    pub fn has(&self, role: Role) -> bool {
        self.places.iter().any(|place| place.role == role)
    }

    /// The nodes that give pictures.
    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        self.places
            .iter()
            .filter(|place| place.role == Role::Output)
            .map(|place| place.node.as_str())
    }

    /// The classes of its nodes.
    pub fn classes(&self) -> Vec<&str> {
        let mut classes: Vec<&str> = self
            .nodes
            .values()
            .filter_map(|node| node.get("class_type").and_then(Value::as_str))
            .collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    /// A copy to be filled in.
    pub fn filled(&self) -> Filled<'_> {
        Filled {
            workflow: self,
            nodes: self.nodes.clone(),
        }
    }
}

/// A workflow with its inputs set.
#[derive(Clone, Debug)]
pub struct Filled<'a> {
    workflow: &'a Workflow,
    nodes: Map<String, Value>,
}

impl Filled<'_> {
    /// Sets what a role sets; nothing where the workflow has no such role. Where a role sets
    /// several inputs of a node, the values are handed out in order, the last again if there are
    /// fewer.
    #[must_use]
    pub fn with(mut self, role: Role, values: &[Value]) -> Self {
        for place in &self.workflow.places {
            if place.role != role {
                continue;
            }
            let inputs = self
                .nodes
                .get_mut(&place.node)
                .and_then(|node| node.get_mut("inputs"))
                .and_then(Value::as_object_mut);
            if let Some(inputs) = inputs {
                for (index, input) in place.inputs.iter().enumerate() {
                    if let Some(value) = values.get(index).or(values.last()) {
                        inputs.insert((*input).to_owned(), value.clone());
                    }
                }
            }
        }
        self
    }

    /// The prompt, as the server takes it.
    pub fn into_prompt(self) -> Value {
        Value::Object(self.nodes)
    }
}

fn place(
    name: &str,
    node: &str,
    class: &str,
    inputs: &Map<String, Value>,
    role: &str,
) -> Result<Place, WorkflowError> {
    let Some(role) = Role::ALL.into_iter().find(|each| each.name() == role) else {
        return Err(WorkflowError::UnknownRole {
            name: name.to_owned(),
            node: printable(node).into_owned(),
            role: printable(role).into_owned(),
            known: Role::ALL.map(Role::name).join(", "),
        });
    };
    // A link is another node's to set.
    let is_own = |input: &&str| inputs.get(*input).is_some_and(|value| !value.is_array());
    let choices = role.inputs();
    let found = choices.iter().find(|set| set.iter().all(is_own));
    let inputs = match found {
        Some(set) => *set,
        None if choices.is_empty() => &[],
        None => {
            let names: Vec<String> = choices.iter().map(|set| set.join(" and ")).collect();
            return Err(WorkflowError::NoInput {
                name: name.to_owned(),
                node: printable(node).into_owned(),
                class: printable(class).into_owned(),
                role,
                expected: format!("expected {} with a value", names.join(", or ")),
            });
        }
    };
    Ok(Place {
        role,
        node: node.to_owned(),
        inputs,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn titled(title: &str, inputs: &Value) -> Value {
        json!({ "class_type": "Some", "inputs": inputs, "_meta": { "title": title } })
    }

    fn whole() -> Value {
        json!({
            "1": titled("chat2svg: image", &json!({ "image": "x.png" })),
            "2": titled("chat2svg: prompt", &json!({ "text": "", "clip": ["9", 0] })),
            "3": titled("chat2svg: seed, steps", &json!({ "noise_seed": 0, "steps": 4 })),
            "4": titled("chat2svg: output", &json!({ "images": ["3", 0] })),
        })
    }

    fn error(workflow: &Value) -> String {
        Workflow::parse("own.json", &workflow.to_string())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_programs_own_have_all_that_they_should() {
        for (name, text) in SHIPPED {
            let workflow = Workflow::parse(name, text).unwrap();
            assert!(
                workflow.has(Role::Candidates) && workflow.has(Role::Model),
                "{name}"
            );
            assert_eq!(workflow.outputs().count(), 1);
            assert_eq!(Workflow::named(name).unwrap(), workflow);
            // Each link leads to a node that there is.
            for node in workflow.nodes.values() {
                for input in node["inputs"].as_object().unwrap().values() {
                    if let Some(link) = input.as_array() {
                        assert!(
                            workflow.nodes.contains_key(link[0].as_str().unwrap()),
                            "{input}"
                        );
                    }
                }
            }
        }
        let tile = Workflow::named(ImagegenConfig::SDXL_TILE).unwrap();
        for role in [
            Role::Negative,
            Role::Strength,
            Role::Guidance,
            Role::Control,
        ] {
            assert!(tile.has(role), "{role}");
        }
    }

    #[test]
    fn values_are_put_where_the_titles_say() {
        let workflow = Workflow::parse("own.json", &whole().to_string()).unwrap();
        let prompt = workflow
            .filled()
            .with(Role::Prompt, &["a fox".into()])
            .with(Role::Seed, &[7.into()])
            .with(Role::Steps, &[9.into()])
            .with(Role::Negative, &["nothing".into()])
            .into_prompt();
        assert_eq!(
            prompt["2"]["inputs"],
            json!({ "text": "a fox", "clip": ["9", 0] })
        );
        assert_eq!(
            prompt["3"]["inputs"],
            json!({ "noise_seed": 7, "steps": 9 })
        );
        assert_eq!(prompt["1"]["inputs"]["image"], "x.png");
        assert_eq!(workflow.outputs().collect::<Vec<_>>(), ["4"]);
    }

    #[test]
    fn a_size_goes_into_two_inputs_and_words_into_all_of_a_set() {
        let mut nodes = whole();
        nodes["5"] = titled("chat2svg: size", &json!({ "width": 1, "height": 1 }));
        nodes["2"] = titled("chat2svg: prompt", &json!({ "text_g": "", "text_l": "" }));
        let workflow = Workflow::parse("own.json", &nodes.to_string()).unwrap();
        let prompt = workflow
            .filled()
            .with(Role::Size, &[640.into(), 480.into()])
            .with(Role::Prompt, &["fox".into()])
            .into_prompt();
        assert_eq!(
            prompt["5"]["inputs"],
            json!({ "width": 640, "height": 480 })
        );
        assert_eq!(
            prompt["2"]["inputs"],
            json!({ "text_g": "fox", "text_l": "fox" })
        );
    }

    #[test]
    fn what_is_missing_is_told() {
        let mut nodes = whole();
        nodes["1"]["_meta"]["title"] = "Load Image".into();
        nodes["4"]["_meta"]["title"] = "chat2svg".into();
        let told = error(&nodes);
        assert!(
            told.contains("\"chat2svg: image\", \"chat2svg: output\""),
            "{told}"
        );

        let mut nodes = whole();
        nodes["3"]["inputs"] = json!({ "noise_seed": ["8", 0], "steps": 4 });
        let told = error(&nodes);
        assert!(
            told.contains("node 3 (Some)") && told.contains("\"seed\""),
            "{told}"
        );

        let mut nodes = whole();
        nodes["2"]["_meta"]["title"] = "chat2svg: promt".into();
        let told = error(&nodes);
        assert!(
            told.contains("\"promt\"") && told.contains("negative"),
            "{told}"
        );
    }

    #[test]
    fn the_editors_format_and_nonsense_are_refused_with_what_to_do() {
        for text in [
            r#"{"nodes": [], "links": []}"#,
            "[]",
            "",
            r#"{"1": {}}"#,
            r#"{"1": 3}"#,
        ] {
            let told = Workflow::parse("own.json", text).unwrap_err().to_string();
            assert!(told.contains("Export (API)"), "{told}");
        }
        let told = Workflow::named("no/such/file.json")
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("flux2-klein") && told.contains("file.json"),
            "{told}"
        );
    }
}
