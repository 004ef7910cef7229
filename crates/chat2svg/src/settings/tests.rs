//! The defaults' file against the code, layers, and messages for wrong values.

use std::fs;

use toml::Table;

use super::*;

fn environment(variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let mut layers = Layers::defaults()?;
    layers.add_environment(
        variables
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into())),
    )?;
    layers.settings()
}

fn file(text: &str) -> Result<Settings, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat2svg.toml");
    fs::write(&path, text).unwrap();
    let mut layers = Layers::defaults()?;
    layers.add_file(&path)?;
    layers.settings()
}

/// All full keys of a table.
fn keys(prefix: &str, table: &Table, into: &mut Vec<String>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            toml::Value::Table(inner) => keys(&format!("{key}."), inner, into),
            _ => into.push(key),
        }
    }
}

/// The value of a full key.
fn value<'a>(table: &'a Table, key: &str) -> Option<&'a toml::Value> {
    match key.split_once('.') {
        Some((section, rest)) => value(table.get(section)?.as_table()?, rest),
        None => table.get(key),
    }
}

#[test]
fn the_file_of_defaults_has_every_key_with_the_codes_default() {
    let code = Table::try_from(Settings::default()).unwrap();
    let mut wanted = Vec::new();
    keys("", &code, &mut wanted);
    wanted.sort();
    let layers = Layers::defaults().unwrap();
    let written: Vec<String> = layers.iter().map(|(key, _, _)| key.to_owned()).collect();
    let without = |keys: &[String], others: &[String]| -> Vec<String> {
        keys.iter()
            .filter(|key| !others.contains(key))
            .cloned()
            .collect()
    };
    assert_eq!(
        without(&wanted, &written),
        [""; 0],
        "keys that the file lacks"
    );
    assert_eq!(
        without(&written, &wanted),
        [""; 0],
        "keys that the code lacks"
    );
    let (file, code) = (layers.settings().unwrap(), Settings::default());
    let (file, code) = (
        Table::try_from(file).unwrap(),
        Table::try_from(code).unwrap(),
    );
    for key in &wanted {
        assert_eq!(
            value(&file, key),
            value(&code, key),
            "file and code differ in {key}"
        );
    }
}

#[test]
fn every_key_of_the_file_of_defaults_has_a_comment() {
    let mut previous = "";
    for line in layers::DEFAULTS.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(
                previous.starts_with('#') || previous.contains(" = "),
                "no comment above: {line}"
            );
        }
        previous = line;
    }
}

#[test]
fn later_layers_win() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat2svg.toml");
    fs::write(&path, "[server]\nlisten = \"127.0.0.1:1\"\nworkers = 7\n").unwrap();
    let mut layers = Layers::defaults().unwrap();
    layers.add_file(&path).unwrap();
    layers
        .add_environment([("CHAT2SVG__SERVER__LISTEN".into(), "127.0.0.1:2".into())])
        .unwrap();
    assert_eq!(layers.settings().unwrap().server.listen, "127.0.0.1:2");
    layers
        .add_flag("--listen", "server.listen", "127.0.0.1:3")
        .unwrap();
    let settings = layers.settings().unwrap();
    assert_eq!(settings.server.listen, "127.0.0.1:3");
    assert_eq!(settings.server.workers, 7);
    let source = |wanted: &str| {
        let found = layers.iter().find(|(key, _, _)| *key == wanted);
        found.map(|(_, _, source)| source.to_owned())
    };
    assert_eq!(source("server.listen").unwrap(), "flag --listen");
    assert_eq!(
        source("server.workers").unwrap(),
        path.display().to_string()
    );
    assert_eq!(source("store.path").unwrap(), "default");
}

#[test]
fn keys_that_are_no_longer_read_are_told_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat2svg.toml");
    fs::write(
        &path,
        "[detail.levels.low.adopt]\nreach = 0.5\nfit_steps = 7\n",
    )
    .unwrap();
    let mut layers = Layers::defaults().unwrap();
    layers.add_file(&path).unwrap();
    let variable = "CHAT2SVG__DETAIL__LEVELS__HIGH__ADOPT__MOVE_WORK";
    layers
        .add_environment([(variable.into(), "9".into())])
        .unwrap();
    let told: Vec<String> = layers.unused().collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("`detail.levels.low.adopt.reach`"));
    assert!(told[1].contains(variable), "{told:?}");
    let levels = layers.settings().unwrap().detail.levels;
    assert_eq!(levels.low.adopt.fit_steps, 7);
}

#[test]
fn values_are_shown_as_toml() {
    let mut layers = Layers::defaults().unwrap();
    layers
        .add_flag("--listen", "server.listen", "a \"quoted\" word")
        .unwrap();
    let shown = |wanted: &str| {
        let found = layers.iter().find(|(key, _, _)| *key == wanted);
        found.map(|(_, value, _)| value).unwrap()
    };
    assert_eq!(shown("server.listen"), "'a \"quoted\" word'");
    assert_eq!(shown("server.workers"), "2");
    assert_eq!(shown("resources.rise_margin_percent"), "5.0");
    assert_eq!(shown("resources.gpu"), "true");
}

#[test]
fn flat_names_still_work_and_full_names_win() {
    let settings = environment(&[
        ("CHAT2SVG_TIMEOUT", "2.5"),
        ("CHAT2SVG_CACHE_TTL", "3601"),
        ("CHAT2SVG_HIGH_CPU_THRESHOLD", "60"),
        ("CHAT2SVG_CIRCUIT_BREAKER_THRESHOLD", "9"),
        ("CHAT2SVG_MAX_CONCURRENT_REQUESTS", "8"),
        ("CHAT2SVG__SCHEDULER__MAX_CONCURRENT", "5"),
    ])
    .unwrap();
    assert_eq!(settings.server.default_deadline_ms, 2_500);
    assert_eq!(settings.store.keep_finished_hours, 2);
    assert!((settings.resources.thresholds.high.cpu - 60.0).abs() < f32::EPSILON);
    assert_eq!(settings.breaker.failure_threshold, 9);
    assert_eq!(settings.scheduler.max_concurrent, 5);
}

#[test]
fn every_alias_leads_to_a_key() {
    let layers = Layers::defaults().unwrap();
    for name in aliases::names() {
        let alias = aliases::find(name).unwrap();
        assert!(layers.iter().any(|(key, _, _)| key == alias.key), "{name}");
    }
}

#[test]
fn what_is_wrong_is_told_with_key_and_source() {
    let message = |result: Result<Settings, ConfigError>| result.unwrap_err().to_string();
    let text = message(environment(&[("CHAT2SVG__SERVER__LISTN", "x")]));
    assert!(
        text.contains("`server.listn`") && text.contains("CHAT2SVG__SERVER__LISTN"),
        "{text}"
    );
    assert!(text.contains("did you mean `server.listen`"), "{text}");

    let text = message(environment(&[("CHAT2SVG_MAX_PROMT_LENGTH", "5")]));
    assert!(
        text.contains("did you mean `CHAT2SVG_MAX_PROMPT_LENGTH`"),
        "{text}"
    );

    let text = message(environment(&[("CHAT2SVG__SERVER__WORKERS", "many")]));
    assert!(text.contains("\"many\" is not a whole number"), "{text}");

    let text = message(environment(&[("CHAT2SVG__SERVER__WORKERS", "-1")]));
    assert!(
        text.contains("server.workers") && text.contains("SERVER__WORKERS"),
        "{text}"
    );

    let text = message(file("[server]\nlisten = \"nowhere\"\n"));
    assert!(
        text.contains("server.listen") && text.contains("chat2svg.toml"),
        "{text}"
    );

    let text = message(file("[serve]\nlisten = \"127.0.0.1:1\"\n"));
    assert!(
        text.contains("`serve.listen`") && text.contains("chat2svg.toml"),
        "{text}"
    );

    let text = message(file("[log]\nformat = \"xml\"\n"));
    assert!(
        text.contains("log.format") && text.contains("chat2svg.toml"),
        "{text}"
    );

    let text = message(file("[breaker]\nfailure_rate = 7.0\n"));
    assert!(text.contains("breaker.failure_rate"), "{text}");

    let text = message(file("[limits]\nlevels = 5000\n"));
    assert!(
        text.contains("limits.levels") && text.contains("1 to 128"),
        "{text}"
    );
    let text = message(environment(&[("CHAT2SVG__LIMITS__STOPS", "0")]));
    assert!(text.contains("limits.stops"), "{text}");

    let text = message(file("[server]\nworkers = \"two\"\n"));
    assert!(
        text.contains("must be of type integer, not string"),
        "{text}"
    );

    let text = message(file("[server]\nlisten = 7\n"));
    assert!(
        text.contains("must be of type string, not integer"),
        "{text}"
    );

    let text = message(file("[server]\nworkers = \"2\"\n"));
    assert!(text.contains("must be of type integer"), "{text}");

    let text = message(file("x.y.z\n"));
    assert!(text.contains("chat2svg.toml: line 1"), "{text}");

    let text = message(file("server = 3\n"));
    assert!(
        text.contains("unknown configuration key `server`"),
        "{text}"
    );

    let text = message(file("[server]\nworkers = 99999999999999999999\n"));
    assert!(
        text.contains("chat2svg.toml") && !text.contains('\n'),
        "{text}"
    );

    let text = message(file("[server\n"));
    assert!(text.contains("chat2svg.toml: line 1"), "{text}");

    for text in [
        message(file("[log]\nformat = \"xml\"\n")),
        message(file("x = 1\n")),
    ] {
        assert!(!text.contains('\n'), "{text}");
    }
}

#[test]
fn detail_out_of_its_range_is_told_with_key_value_and_range() {
    let message = |result: Result<Settings, ConfigError>| result.unwrap_err().to_string();
    for (line, key, range, value) in [
        ("form = 1.5", "detail.levels.high.form", "0 to 1", "1.5"),
        (
            "texture = -0.1",
            "detail.levels.high.texture",
            "0 to 1",
            "-0.1",
        ),
        ("glow = nan", "detail.levels.high.glow", "0 to 1", "NaN"),
        (
            "target_side = 5000",
            "high.target_side",
            "64 to 2048",
            "5000",
        ),
        ("gradient_stops = 1", "high.gradient_stops", "2 to 16", "1"),
        ("gradient_gain = -1.0", "high.gradient_gain", "0 to 1", "-1"),
        ("least_area = 0", "high.least_area", "at least 1", "0"),
    ] {
        let text = message(file(&format!("[detail.levels.high]\n{line}\n")));
        for part in [key, range, value] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
}
