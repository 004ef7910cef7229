//! How the code is kept: what a formatter and a linter do not see.

use std::{collections::BTreeMap, path::Path};

use crate::sources::{Source, all, root, text};

/// Columns of a comment line, with its indentation.
const COLUMNS: usize = 100;
/// Crates whose comments are not wrapped yet. Remove a crate once they are; add none.
const UNWRAPPED: [&str; 0] = [];

/// Lines of a file.
const LINES: usize = 600;
/// Files that are longer. Remove a file once it is not; add none.
const LONG: [&str; 1] = ["crates/controller/src/actor/tests.rs"];

/// All hosts that files may speak of: names of formats and licences, places for documentation, and
/// the address of this project.
const HOSTS: [&str; 24] = [
    "127.0.0.1",
    "api.anthropic.com",
    "api.openai.com",
    "198.51.100.1",
    "comfyui",
    "creativecommons.org",
    "www.unicode.org",
    "example.org",
    "github.com",
    "llm",
    "nats-1",
    "nats-2",
    "nats-3",
    "0.0.0.0",
    "opensource.org",
    "keepachangelog.com",
    "semver.org",
    "purl.org",
    "web.resource.org",
    "www.apache.org",
    "www.inkscape.org",
    "www.serif.com",
    "www.w3.org",
    "x",
];

/// Whether a name leads nowhere by agreement (RFC 2606, RFC 6761).
fn is_reserved(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost" || host.ends_with(".example.org") || host.ends_with(".test")
}

fn fail_with(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn rust() -> Vec<Source> {
    let mut sources = all();
    sources.retain(Source::is_rust);
    assert!(sources.len() > 300, "the sources are not where they were");
    sources
}

/// Comment lines that are too long, with their numbers.
fn long_comments(text: &str) -> impl Iterator<Item = usize> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let is_comment = line.trim_start().starts_with("//");
        (is_comment && line.chars().count() > COLUMNS).then_some(index + 1)
    })
}

#[test]
fn comments_are_wrapped() {
    let mut faults = Vec::new();
    for source in rust() {
        if source.krate().is_some_and(|own| UNWRAPPED.contains(&own)) {
            continue;
        }
        faults.extend(long_comments(&source.text).map(|line| {
            format!(
                "{}:{line}: the comment is longer than {COLUMNS} columns",
                source.path
            )
        }));
    }
    fail_with(&faults);
}

#[test]
fn files_have_one_subject() {
    let mut faults = Vec::new();
    for source in rust() {
        let lines = source.text.lines().count();
        if lines > LINES && !LONG.contains(&source.path.as_str()) {
            faults.push(format!(
                "{}: {lines} lines, at most {LINES} are allowed; which part has a subject of its own?",
                source.path
            ));
        }
    }
    fail_with(&faults);
}

/// Names of functions that ask (`is_…`) and take something that they may change.
fn changing_questions(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("fn is_").filter_map(|(start, _)| {
        let rest = text.get(start + "fn ".len()..)?;
        let name = rest.split(['(', '<']).next()?;
        let arguments = rest.split(['{', ';']).next()?;
        let returned = arguments.find("->").unwrap_or(arguments.len());
        let arguments = arguments.get(..returned)?;
        arguments.contains("&mut ").then_some(name)
    })
}

#[test]
fn what_is_asked_changes_nothing() {
    let mut faults = Vec::new();
    for source in rust() {
        for name in changing_questions(&source.text) {
            let fault = format!("{}: {name}", source.path);
            // The examples below are not code.
            if source.path != "tests/guards/hygiene.rs" {
                faults.push(format!("{fault} may change what it is asked about"));
            }
        }
    }
    fail_with(&faults);
}

#[test]
fn files_speak_of_no_machine_but_public_ones() {
    const PATHS: [&str; 5] = ["/home/", "/root/", "/Users/", "/work/", "../shared"];
    let mut faults = Vec::new();
    for source in all() {
        // Its table and the paths above.
        if source.path == "tests/guards/hygiene.rs" {
            continue;
        }
        for path in PATHS {
            if source.text.contains(path) {
                faults.push(format!("{}: {path}", source.path));
            }
        }
        if source.path.ends_with("Cargo.lock") {
            continue;
        }
        for host in hosts(&source.text) {
            if !HOSTS.contains(&host) && !is_reserved(host) {
                faults.push(format!("{}: host {host} is in no list", source.path));
            }
        }
    }
    fail_with(&faults);
}

fn hosts(text: &str) -> impl Iterator<Item = &str> {
    let is_of_host = |letter: char| letter.is_ascii_alphanumeric() || ".-".contains(letter);
    text.split("://").skip(1).filter_map(move |rest| {
        let end = rest.find(|letter| !is_of_host(letter));
        let host = rest.get(..end.unwrap_or(rest.len()))?;
        (!host.is_empty()).then_some(host)
    })
}

#[test]
fn every_dependency_comes_from_the_public_registry() {
    const PUBLIC: &str = "registry+https://github.com/rust-lang/crates.io-index";
    for lock in all()
        .iter()
        .filter(|source| source.path.ends_with("Cargo.lock"))
    {
        let sources = lock
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("source = "));
        for source in sources {
            assert_eq!(source.trim_matches('"'), PUBLIC, "{}", lock.path);
        }
    }
}

/// The crates of the table in ARCHITECTURE.md, topmost first. Later tables are of modules.
fn table() -> Vec<String> {
    let text = text("ARCHITECTURE.md");
    text.lines()
        .skip_while(|line| *line != "## Crates")
        .skip(1)
        .take_while(|line| !line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect()
}

/// Our own crates that a crate depends on, outside tests.
fn needs(manifest: &toml::Table) -> Vec<String> {
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    dependencies
        .into_iter()
        .flatten()
        .filter_map(|(name, _)| name.strip_prefix("chat2svg-"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn arrows_point_down() {
    let order: BTreeMap<String, usize> = table().into_iter().zip(0..).collect();
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let Some(place) = order.get(&name) else {
            faults.push(format!("{name} is not in the table of ARCHITECTURE.md"));
            continue;
        };
        let manifest: toml::Table = text(&format!("crates/{name}/Cargo.toml")).parse().unwrap();
        for needed in needs(&manifest) {
            if order.get(&needed).is_none_or(|below| below <= place) {
                faults.push(format!("{name} depends on {needed}, which is not below it"));
            }
        }
    }
    fail_with(&faults);
}

/// Bytes of the PNGs in folders of this name, below a folder.
fn bytes_of_pictures(folder: &Path, is_gallery: bool) -> u64 {
    let entries = std::fs::read_dir(folder).expect("it can be listed");
    let sizes = entries.map(|entry| {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            bytes_of_pictures(&path, path.ends_with("pictures"))
        } else if is_gallery && path.extension().is_some_and(|kind| kind == "png") {
            path.metadata().map_or(0, |file| file.len())
        } else {
            0
        }
    });
    sizes.sum()
}

#[test]
fn reference_pictures_stay_small() {
    let folders = ["crates", "tests"].map(|folder| root().join(folder));
    let bytes: u64 = folders
        .iter()
        .map(|folder| bytes_of_pictures(folder, false))
        .sum();
    assert!((100_000..1_500_000).contains(&bytes), "{bytes} bytes");
}

#[test]
fn the_guards_see_what_they_look_for() {
    let wide = format!("fn a() {{}}\n    // {}\n// short\n", "x".repeat(94));
    assert_eq!(long_comments(&wide).collect::<Vec<_>>(), [2]);

    let code = "fn is_good(&self) -> bool; fn is_bad(&mut self) {} fn is_worse(\n a: &mut u8,\n) {} \
                fn is_fine(&self) -> &mut u8 {}";
    let found: Vec<_> = changing_questions(code).collect();
    assert_eq!(found, ["is_bad", "is_worse"]);

    let found: Vec<_> = hosts("see https://example.org/a, ftp://b.c:1 and ://").collect();
    assert_eq!(found, ["example.org", "b.c"]);
}

/// What a page names in backticks or links to that looks like a path of this tree.
fn named_paths(page: &str) -> Vec<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    let linked = page.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', '#']).next()?;
        (!target.is_empty() && !target.contains("://")).then_some(target)
    });
    let is_path = |text: &&str| {
        text.contains('/')
            && !text.starts_with(['/', '-', '.'])
            && !text.contains([' ', '*', '…', '<'])
            && text
                .split('/')
                .all(|part| !part.is_empty() || text.ends_with('/'))
    };
    quoted.filter(is_path).chain(linked).collect()
}

/// The modules that the code map lists for a crate: the first column of the table after its
/// heading.
fn mapped_modules<'a>(page: &'a str, folder: &str) -> Vec<&'a str> {
    let heading = format!("(`{folder}`)");
    let Some((_, rest)) = page.split_once(&heading) else {
        return Vec::new();
    };
    let rows = rest.lines().skip_while(|line| !line.starts_with('|'));
    rows.take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect()
}

#[test]
fn the_architecture_names_what_exists() {
    let page = text("ARCHITECTURE.md");
    let paths = named_paths(&page);
    assert!(paths.len() > 40, "{paths:?}");
    let mut faults: Vec<String> = paths
        .into_iter()
        .filter(|path| !root().join(path).exists())
        .map(|path| format!("ARCHITECTURE.md names {path}, which does not exist"))
        .collect();
    for folder in [
        "crates/template/src/embedded/",
        "crates/detail/src/",
        "crates/fit/src/",
        "crates/trace/src/",
    ] {
        let modules = mapped_modules(&page, folder);
        assert!(modules.len() > 8, "no code map of {folder}: {modules:?}");
        let is_there = |module: &str| {
            let file = root().join(format!("{folder}{module}.rs"));
            file.exists() || root().join(format!("{folder}{module}/mod.rs")).exists()
        };
        faults.extend(
            modules
                .into_iter()
                .filter(|module| !is_there(module))
                .map(|module| format!("ARCHITECTURE.md: {folder} has no module {module}")),
        );
    }
    fail_with(&faults);
}
