//! Whether a file that is there can be used, or has to be made anew. Pure.
//!
//! What we make is recorded with what it was made from and with which parameters; a file whose
//! content is still the recorded one is judged by that. Any other (the original's, or one that was
//! edited) is judged by its age, and by what the original noted of its flags.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// By how much a file must be older than its input to be stale. Whoever copies or clones a folder
/// gives all files nearly the same time, in no order.
const NOTICEABLE: Duration = Duration::from_millis(500);

/// What a file's content is called.
pub fn print_of(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes).iter().take(16) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// What we made, by the file's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// The release that wrote it.
    #[serde(default)]
    pub version: String,
    /// One entry for each file.
    #[serde(default)]
    pub made: BTreeMap<String, Record>,
}

/// How a file came about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its content.
    pub print: String,
    /// The content of the files that it was made from, by their names.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// What it was made with, by the flags' names.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Of a template that was made where there was none, the content of later files that were there
    /// already: it was made to go with them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub beside: BTreeMap<String, String>,
}

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its content.
    pub print: String,
    /// When it was last written.
    pub modified: SystemTime,
    /// As an input: whether it was made to go with the product, so that its age says nothing.
    pub is_made_beside: bool,
}

/// A parameter that a file depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The flag's name, without dashes.
    pub name: &'static str,
    /// Its value in this run.
    pub value: String,
    /// Whether somebody gave it. Of a file that is not ours, only these say that another is wanted.
    pub is_given: bool,
}

impl Parameter {
    /// A parameter with the value given, or its default.
    pub fn new<T: ToString>(name: &'static str, given: Option<&T>, default: &T) -> Self {
        Self {
            name,
            value: given.unwrap_or(default).to_string(),
            is_given: given.is_some(),
        }
    }
}

/// What is known of a product before it is made.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The file, if it is there.
    pub product: Option<&'a Found>,
    /// What it is to be made from.
    pub inputs: &'a [Found],
    /// Our record of it.
    pub record: Option<&'a Record>,
    /// What it is to be made with.
    pub wanted: &'a [Parameter],
    /// The flags that the original noted, by name.
    pub noted: &'a BTreeMap<String, String>,
}

/// What becomes of a file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not there.
    Missing,
    /// It is used as it is.
    Usable,
    /// It is made anew; why, for people.
    Stale(String),
}

impl Case<'_> {
    /// Judges.
    pub fn verdict(&self) -> Verdict {
        let Some(product) = self.product else {
            return Verdict::Missing;
        };
        let reason = match self.record.filter(|record| record.print == product.print) {
            Some(record) => self.by_record(record),
            None => self.by_age(product).or_else(|| self.by_notes()),
        };
        reason.map_or(Verdict::Usable, Verdict::Stale)
    }

    fn by_record(&self, record: &Record) -> Option<String> {
        for input in self.inputs {
            if record.inputs.get(&input.name) != Some(&input.print) {
                return Some(format!("{} has changed since", input.name));
            }
        }
        self.wanted.iter().find_map(|wanted| {
            let made = record.parameters.get(wanted.name)?;
            differs(wanted, made)
        })
    }

    fn by_age(&self, product: &Found) -> Option<String> {
        let is_newer = |input: &&Found| {
            if input.is_made_beside {
                return false;
            }
            let by = input.modified.duration_since(product.modified);
            by.is_ok_and(|by| by > NOTICEABLE)
        };
        let newer = self.inputs.iter().find(is_newer)?;
        Some(format!("it is older than {}", newer.name))
    }

    fn by_notes(&self) -> Option<String> {
        let given = self.wanted.iter().filter(|wanted| wanted.is_given);
        given
            .filter_map(|wanted| differs(wanted, self.noted.get(wanted.name)?))
            .next()
    }
}

fn differs(wanted: &Parameter, made: &str) -> Option<String> {
    let is_same = match (wanted.value.parse::<f64>(), made.parse::<f64>()) {
        (Ok(wanted), Ok(made)) => wanted == made,
        _ => wanted.value.eq_ignore_ascii_case(made),
    };
    (!is_same).then(|| {
        format!(
            "it was made with {} {made}, and {} is asked for",
            wanted.name, wanted.value
        )
    })
}

/// The flags in a flat YAML file, as the original notes them. Lines of another form say nothing.
pub fn read_config(text: &str) -> BTreeMap<String, String> {
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let value = value.trim();
        let single = value
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''));
        let value = match serde_json::from_str::<String>(value) {
            Ok(text) => text,
            Err(_) => single.unwrap_or(value).to_owned(),
        };
        is_name.then(|| (name.to_owned(), value))
    };
    text.lines().filter_map(pair).collect()
}

/// Flags as a flat YAML file that [`read_config`] and YAML readers take.
pub fn write_config<'a>(flags: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut text = String::new();
    for (name, value) in flags {
        let is_plain = crate::is_plain(&value);
        let value = if is_plain {
            value
        } else {
            // A JSON string is a YAML string.
            serde_json::to_string(&value).unwrap_or_default()
        };
        text.push_str(&format!("{name}: {value}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, content: &str, seconds: u64) -> Found {
        Found {
            name: name.to_owned(),
            print: print_of(content.as_bytes()),
            modified: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
            is_made_beside: false,
        }
    }

    fn wanted(value: u32, is_given: bool) -> Vec<Parameter> {
        vec![Parameter::new("seed", is_given.then_some(&value), &value)]
    }

    fn record(product: &Found, input: &Found, seed: &str) -> Record {
        Record {
            print: product.print.clone(),
            inputs: [(input.name.clone(), input.print.clone())].into(),
            parameters: [("seed".to_owned(), seed.to_owned())].into(),
            beside: BTreeMap::new(),
        }
    }

    #[test]
    fn what_is_not_there_is_made() {
        let case = Case {
            product: None,
            inputs: &[],
            record: None,
            wanted: &[],
            noted: &BTreeMap::new(),
        };
        assert_eq!(case.verdict(), Verdict::Missing);
    }

    #[test]
    fn a_file_of_ours_is_judged_by_content_and_parameters_and_not_by_age() {
        let (product, input) = (found("t.png", "new", 10), found("t.svg", "a", 99));
        let made = record(&product, &input, "0");
        let verdict = |input: &Found, seed, made: &Record| {
            let inputs = [input.clone()];
            Case {
                product: Some(&product),
                inputs: &inputs,
                record: Some(made),
                wanted: &wanted(seed, false),
                noted: &BTreeMap::new(),
            }
            .verdict()
        };
        assert_eq!(verdict(&input, 0, &made), Verdict::Usable);
        let changed = found("t.svg", "b", 1);
        assert!(
            matches!(verdict(&changed, 0, &made), Verdict::Stale(why) if why.contains("t.svg"))
        );
        assert!(matches!(verdict(&input, 7, &made), Verdict::Stale(why) if why.contains("seed 0")));
    }

    #[test]
    fn a_file_of_others_is_judged_by_age_and_by_flags_that_are_given() {
        let noted = read_config("seed: 42\nmodel: 'a b'\n");
        let verdict = |age: u64, seed, is_given| {
            let (product, inputs) = (found("t.png", "x", 100), [found("t.svg", "a", age)]);
            Case {
                product: Some(&product),
                inputs: &inputs,
                record: None,
                wanted: &wanted(seed, is_given),
                noted: &noted,
            }
            .verdict()
        };
        assert_eq!(verdict(100, 42, true), Verdict::Usable);
        assert_eq!(
            verdict(50, 7, false),
            Verdict::Usable,
            "a default asks for nothing"
        );
        assert!(matches!(verdict(50, 7, true), Verdict::Stale(why) if why.contains("seed 42")));
        assert!(matches!(verdict(101, 42, true), Verdict::Stale(why) if why.contains("older")));
    }

    #[test]
    fn a_file_of_ours_that_was_edited_is_one_of_others() {
        let (product, input) = (found("t.png", "edited", 100), found("t.svg", "b", 50));
        let made = record(&found("t.png", "as made", 100), &input, "3");
        let case = Case {
            product: Some(&product),
            inputs: std::slice::from_ref(&input),
            record: Some(&made),
            wanted: &wanted(0, false),
            noted: &BTreeMap::new(),
        };
        assert_eq!(case.verdict(), Verdict::Usable);
    }

    #[test]
    fn copies_made_within_a_moment_are_of_one_age() {
        let product = found("t.png", "x", 100);
        let mut input = found("t.svg", "a", 100);
        input.modified += Duration::from_millis(300);
        let case = Case {
            product: Some(&product),
            inputs: std::slice::from_ref(&input),
            record: None,
            wanted: &[],
            noted: &BTreeMap::new(),
        };
        assert_eq!(case.verdict(), Verdict::Usable);
    }

    #[test]
    fn numbers_and_switches_are_compared_by_what_they_say() {
        let same = |value: &str, made: &str| {
            let wanted = Parameter {
                name: "x",
                value: value.to_owned(),
                is_given: true,
            };
            differs(&wanted, made).is_none()
        };
        assert!(same("7", "7.0") && same("true", "True") && same("1e-3", "0.001"));
        assert!(!same("7", "8") && !same("a", "b"));
    }

    #[test]
    fn flags_are_written_so_that_they_are_read_again() {
        let flags = [
            ("target", "a \"red\": fox".to_owned()),
            ("viewbox", "512".to_owned()),
        ];
        let read = read_config(&write_config(flags.clone()));
        assert_eq!(read.len(), 2);
        for (name, value) in flags {
            assert_eq!(read.get(name), Some(&value));
        }
    }
}
