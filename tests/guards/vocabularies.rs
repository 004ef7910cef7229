//! Closed sets of names: who adds one to a set finds here where else it is written by hand.

use chat2svg_protocol::{ResourceLevel, Style};

use crate::sources::text;

/// A level's place in [`ResourceLevel::ALL`].
fn place_of_level(level: ResourceLevel) -> usize {
    match level {
        ResourceLevel::Minimal => 0,
        ResourceLevel::Low => 1,
        ResourceLevel::Medium => 2,
        ResourceLevel::High => 3,
    }
}

#[test]
fn all_means_all() {
    let levels: Vec<usize> = ResourceLevel::ALL.into_iter().map(place_of_level).collect();
    assert_eq!(levels, (0..=3).collect::<Vec<_>>());
}

/// The names as a sentence lists them: "a, b or c".
fn listed(names: &[&str], last: &str) -> String {
    match names.split_last() {
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
        None => String::new(),
    }
}

#[test]
fn the_readme_names_every_style() {
    let names = Style::ALL.map(Style::name);
    let quoted = names.map(|name| format!("`{name}`"));
    let quoted = listed(&quoted.each_ref().map(String::as_str), "and");
    assert!(text("README.md").contains(&quoted), "README.md: {quoted}");
}

#[test]
fn every_level_has_its_settings() {
    let settings: toml::Table = text("configs/default.toml").parse().expect("it is TOML");
    for stage in ["detail", "optimize"] {
        let levels = settings[stage]["levels"].as_table().expect("a table");
        let mut found: Vec<&str> = levels.keys().map(String::as_str).collect();
        let mut known = ResourceLevel::ALL.map(ResourceLevel::name).to_vec();
        found.sort_unstable();
        known.sort_unstable();
        assert_eq!(found, known, "{stage}.levels");
    }
}
