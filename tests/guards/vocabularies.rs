//! Closed sets of names: who adds one to a set finds here where else it is written by hand.

use chat2svg_protocol::{ResourceLevel, Style};

use crate::sources::text;

/// A style's place in [`Style::ALL`]. A new style does not compile until it has one.
fn place_of_style(style: Style) -> usize {
    match style {
        Style::Flat => 0,
        Style::Pastel => 1,
        Style::LineArt => 2,
        Style::Monochrome => 3,
        Style::Duotone => 4,
        Style::Night => 5,
        Style::Sticker => 6,
    }
}

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
    let styles: Vec<usize> = Style::ALL.into_iter().map(place_of_style).collect();
    assert_eq!(styles, (0..=6).collect::<Vec<_>>());
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
fn every_style_is_named_where_people_choose_one() {
    let names = Style::ALL.map(Style::name);
    let sentence = listed(&names, "or");
    for path in [
        "crates/chat2svg/src/cli.rs",
        "crates/web/src/input/svg_request.rs",
    ] {
        assert!(text(path).contains(&sentence), "{path}: {sentence}");
    }
    let quoted = names.map(|name| format!("`{name}`"));
    let quoted = listed(&quoted.each_ref().map(String::as_str), "and");
    assert!(text("README.md").contains(&quoted), "README.md: {quoted}");

    let page = text("crates/web/assets/index.html");
    let choices: Vec<&str> = page
        .split(r#"name="style" value=""#)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(choices, names, "crates/web/assets/index.html");
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
