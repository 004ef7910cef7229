//! The command line: results, exit status, and one clear line for each mistake.

use std::{ffi::OsStr, fs, io::Write as _, os::unix::ffi::OsStrExt as _, process::Stdio};

use serde_json::Value;

use crate::support::{assert_svg, complaint, disc, folder, one_line, program, success};

const PROMPT: &str = "a red fox under a green tree at sunset";

#[test]
fn generate_writes_svg_and_png_and_the_same_bytes_again() {
    let folder = folder();
    let (svg, png) = (folder.path().join("fox.svg"), folder.path().join("fox.png"));
    let run = || {
        let mut command = program(["generate", PROMPT, "--seed", "7", "--level", "high"]);
        command
            .args(["--deadline", "2m"])
            .arg("-o")
            .arg(&svg)
            .arg("--png")
            .arg(&png);
        let output = success(&mut command);
        assert!(output.stdout.is_empty());
        fs::read_to_string(&svg).unwrap()
    };
    let first = run();
    assert_svg(&first);
    assert!(
        first.contains("fox") && first.contains("tree"),
        "layers keep their names"
    );
    assert!(first.contains("CC-BY-4.0"), "the art is credited");
    assert!(fs::read(&png).unwrap().starts_with(b"\x89PNG"));
    assert_eq!(first, run(), "the same prompt and seed give the same bytes");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "nothing else is left"
    );
}

#[test]
fn without_a_file_the_svg_goes_to_stdout() {
    let output = success(&mut program(["generate", "a house", "--level", "minimal"]));
    assert_svg(&String::from_utf8(output.stdout).unwrap());
}

#[test]
fn the_ending_of_the_file_decides_its_format() {
    let folder = folder();
    let base = ["generate", "a house", "--level", "minimal"];
    for (name, magic) in [
        ("house.png", b"\x89PNG".as_slice()),
        ("house.jpg", b"\xff\xd8\xff"),
        ("house.webp", b"RIFF"),
        ("house.SVG", b"<svg"),
        ("house", b"<svg"),
    ] {
        let path = folder.path().join(name);
        let output = success(program(base).arg("-o").arg(&path));
        let bytes = fs::read(&path).unwrap();
        assert!(bytes.starts_with(magic), "{name}: {:?}", &bytes[..16]);
        let told = String::from_utf8(output.stderr).unwrap();
        for part in [name, "512×512", "level minimal", " s"] {
            assert!(told.contains(part), "{told}");
        }
        one_line(&told);
    }
    let output = success(program(base).args(["-o", "-", "--format", "png", "--quiet"]));
    assert!(output.stdout.starts_with(b"\x89PNG"));
    assert!(output.stderr.is_empty());
    let picture = folder.path().join("house.gif");
    let text = complaint(program(base).arg("-o").arg(&picture), 2);
    assert!(text.contains("--format"), "{text}");
    one_line(&text);
    success(program(base).args(["--format", "webp", "-o"]).arg(&picture));
    assert!(fs::read(&picture).unwrap().starts_with(b"RIFF"));
}

#[test]
fn what_the_picture_is_and_must_not_hold_is_obeyed() {
    let draw = |options: &[&str]| {
        let mut command = program([
            "generate",
            "a red fox in a forest",
            "--seed",
            "1",
            "--quiet",
        ]);
        command.args(["--level", "minimal"]).args(options);
        let svg = String::from_utf8(success(&mut command).stdout).unwrap();
        assert_svg(&svg);
        svg
    };
    let names = |svg: &str| {
        let limits = chat2svg_vector::ParseLimits::default();
        let parsed = chat2svg_vector::Document::parse(svg.as_bytes(), &limits);
        let layers = parsed.unwrap().document.layers;
        layers
            .iter()
            .map(|layer| layer.id().to_owned())
            .collect::<Vec<_>>()
    };
    let scene = names(&draw(&[]));
    let is_there = |names: &[String], part: &str| names.iter().any(|name| name.contains(part));
    assert!(
        is_there(&scene, "ground") || is_there(&scene, "sky"),
        "{scene:?}"
    );
    for kind in ["icon", "logo"] {
        let alone = names(&draw(&["--kind", kind]));
        assert!(is_there(&alone, "fox"), "{alone:?}");
        for part in ["sky", "ground", "grass", "background", "forest"] {
            assert!(!is_there(&alone, part), "{kind}: {alone:?}");
        }
    }
    let pattern = names(&draw(&["--kind", "pattern"]));
    assert_ne!(pattern, scene);
    let with = names(&draw(&["--background", "white"]));
    let without = names(&draw(&["--negative", "sky, trees"]));
    assert!(
        !is_there(&without, "sky") && !is_there(&without, "tree"),
        "{without:?}"
    );
    assert_ne!(with, without);
    let text = complaint(&mut program(["generate", "a fox", "--kind", "poster"]), 2);
    assert!(text.contains("illustration, icon, logo, pattern"), "{text}");
}

#[test]
fn files_may_come_on_standard_input() {
    let folder = folder();
    let picture = folder.path().join("disc.png");
    fs::write(&picture, disc(48)).unwrap();
    let given = || Stdio::from(fs::File::open(&picture).unwrap());
    let mut command = program(["vectorize", "-", "--level", "minimal", "--deadline", "2m"]);
    let svg = success(command.stdin(given())).stdout;
    assert_svg(std::str::from_utf8(&svg).unwrap());
    let template = folder.path().join("disc.svg");
    fs::write(&template, &svg).unwrap();
    let mut command = program(["refine", "--target", "-", "--level", "minimal"]);
    command
        .args(["--deadline", "2m", "--template"])
        .arg(&template);
    assert_svg(std::str::from_utf8(&success(command.stdin(given())).stdout).unwrap());
    let mut command = program(["refine", "--target", "-", "--template", "-"]);
    let text = complaint(&mut command, 2);
    assert!(text.contains("only one file"), "{text}");
    fs::write(&picture, "no picture").unwrap();
    let text = complaint(program(["vectorize", "-"]).stdin(given()), 1);
    assert!(text.contains("standard input"), "{text}");
}

/// Runs a command line with a terminal as its standard output.
fn in_a_terminal(line: &str) -> String {
    let plain = program([]);
    let line = format!("{} {line}", plain.get_program().to_str().unwrap());
    let output = std::process::Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_terminal_is_not_filled_with_svg() {
    let folder = folder();
    let input = folder.path().join("a.svg");
    fs::write(
        &input,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>"#,
    )
    .unwrap();
    let input = input.to_str().unwrap();
    for line in [
        "generate 'a house' --level minimal",
        &format!("clean {input}"),
    ] {
        let shown = in_a_terminal(line);
        assert!(shown.contains("-o -") && !shown.contains("<svg"), "{shown}");
        assert!(in_a_terminal(&format!("{line} -o -")).contains("<svg"));
    }
    let shown = in_a_terminal("generate 'a house' --level minimal -o - --format png");
    assert!(shown.contains("-o picture.png"), "{shown}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let everything: [&[&str]; 5] = [
        &["config"],
        &["doctor"],
        &["man"],
        &["completions", "bash"],
        &["generate", "a house", "--level", "minimal", "--quiet"],
    ];
    for arguments in everything {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = program([]);
        command.env("CHAT2SVG__SERVER__LISTEN", "127.0.0.1:0");
        let output = command.args(arguments).stdout(writer).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {told}");
        assert_eq!(told, "", "{arguments:?}");
    }
}

#[test]
fn shells_and_manuals_are_served() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = success(&mut program(["completions", shell])).stdout;
        let script = String::from_utf8(script).unwrap();
        assert!(
            script.contains("vectorize") && script.contains("listen"),
            "{shell}"
        );
    }
    let page = success(&mut program(["man"])).stdout;
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains(".TH chat2svg"), "{page}");
    let folder = folder();
    let pages = folder.path().join("man1");
    success(program(["man", "--folder"]).arg(&pages));
    for page in ["chat2svg.1", "chat2svg-generate.1", "chat2svg-serve.1"] {
        let text = fs::read_to_string(pages.join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
    assert!(!pages.join("chat2svg-isolated-job.1").exists());
}

#[test]
fn jobs_are_kept_in_the_users_folder_for_data() {
    let folder = folder();
    let run = |arguments: &[&str]| {
        let mut command = program([]);
        command.args(arguments).current_dir(folder.path());
        command.env("XDG_DATA_HOME", folder.path().join("data"));
        String::from_utf8(success(&mut command).stdout).unwrap()
    };
    let place = |text: String| {
        let line = text.lines().find(|line| line.starts_with("store.path"));
        line.unwrap().to_owned()
    };
    let shown = place(run(&["config"]));
    assert!(shown.contains("data/chat2svg/jobs.db"), "{shown}");
    fs::write(folder.path().join("chat2svg.db"), "").unwrap();
    let shown = place(run(&["config"]));
    assert!(
        shown.contains("\"chat2svg.db\"  # default of earlier"),
        "{shown}"
    );
}

#[test]
fn json_has_svg_picture_and_metadata() {
    let mut command = program(["generate", PROMPT, "--json", "--level", "low"]);
    let output = success(command.args(["--style", "pastel", "--seed", "3"]));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_svg(result["svg_content"].as_str().unwrap());
    assert!(
        result["base64_image"]
            .as_str()
            .unwrap()
            .starts_with("iVBOR")
    );
    let told = &result["metadata"];
    assert_eq!(told["prompt"], PROMPT);
    assert_eq!(told["style"], "pastel");
    assert_eq!(told["seed"], 3);
    assert!(
        told["stages_run"]
            .as_array()
            .is_some_and(|stages| !stages.is_empty())
    );
    assert!(told["tier"].is_string() && told["resource_level"].is_string());
    assert!(told["timestamp"].is_string() && told["stage_durations"].is_object());
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let mut command = program(["generate", "a xylomorph beside a house", "--json"]);
    let output = success(command.args(["--level", "minimal"]));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let undrawn = result["metadata"]["undrawn"].to_string();
    assert!(undrawn.contains("xylomorph"), "{undrawn}");
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("xylomorph")
    );
}

#[test]
fn vectorize_and_refine_take_files() {
    let folder = folder();
    let picture = folder.path().join("disc.png");
    fs::write(&picture, disc(96)).unwrap();
    let traced = folder.path().join("traced.svg");
    let mut command = program(["vectorize"]);
    command
        .arg(&picture)
        .args(["--paths", "8", "--level", "low", "--deadline", "2m"]);
    success(command.arg("-o").arg(&traced));
    let kept = fs::read_to_string(&traced).unwrap();
    assert_svg(&kept);

    let clear = folder.path().join("clear.svg");
    let mut command = program(["vectorize", "--background", "remove"]);
    command
        .arg(&picture)
        .args(["--level", "low", "--deadline", "2m"]);
    success(command.arg("-o").arg(&clear));
    let clear = fs::read_to_string(&clear).unwrap();
    assert_svg(&clear);
    let corner = |svg: &str| {
        let parsed = chat2svg_vector::Document::parse(svg.as_bytes(), &Default::default());
        let picture = parsed.unwrap().document.render(96, 96, None).unwrap();
        picture.pixels()[0][3]
    };
    assert_eq!((corner(&kept), corner(&clear)), (255, 0));

    let refined = folder.path().join("refined.svg");
    let mut command = program([
        "refine",
        "--level",
        "low",
        "--deadline",
        "2m",
        "--add-shapes",
    ]);
    command
        .arg("--template")
        .arg(&traced)
        .arg("--target")
        .arg(&picture);
    success(command.arg("-o").arg(&refined));
    assert_svg(&fs::read_to_string(&refined).unwrap());
}

#[test]
fn prompts_that_cannot_be_used_are_wrong_usage() {
    for prompt in ["", "   ", "\n\t "] {
        let text = complaint(&mut program(["generate", prompt]), 2);
        assert!(text.contains("the prompt is empty"), "{text}");
        one_line(&text);
    }
    let long = "a fox ".repeat(15_000);
    let text = complaint(&mut program(["generate", &long]), 2);
    assert!(text.contains("at most 2000"), "{text}");

    let bytes = OsStr::from_bytes(b"a f\xffox");
    let text = complaint(program(["generate"]).arg(bytes), 2);
    assert!(text.contains("not valid UTF-8"), "{text}");
    one_line(&text);
}

#[test]
fn a_megabyte_on_standard_input_is_refused() {
    let mut child = program(["generate", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // The program stops reading once it has seen too much.
    let _ = input.write_all(&vec![b'a'; 1 << 20]);
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("shorten it")
    );
}

#[test]
fn an_emoji_is_a_prompt() {
    let output = success(&mut program(["generate", "🦊🌲", "--level", "minimal"]));
    assert_svg(&String::from_utf8(output.stdout).unwrap());
}

#[test]
fn values_that_make_no_sense_are_wrong_usage() {
    for (flag, value, expected) in [
        ("--style", "baroque", "line-art"),
        ("--level", "extreme", "minimal"),
        ("--seed", "-1", "--seed"),
        ("--seed", "18446744073709551616", "--seed"),
        ("--deadline", "soon", "10s"),
        ("--deadline", "1ms", "--deadline must be"),
        ("--deadline", "9999h", "--deadline must be"),
        ("--candidates", "0", "1..=16"),
        ("--size", "0x0", "16 to 4096"),
        ("--size", "99999x99999", "16 to 4096"),
        ("--nonsense", "1", "--nonsense"),
    ] {
        let text = complaint(&mut program(["generate", "a fox", flag, value]), 2);
        assert!(text.contains(expected), "{flag} {value}: {text}");
    }
    assert!(complaint(&mut program(["edit"]), 2).contains("edit"));
    complaint(&mut program([]), 2);
}

#[test]
fn places_that_cannot_be_written_are_named_and_nothing_is_begun() {
    let folder = folder();
    let missing = folder.path().join("no/such/folder/fox.svg");
    let text = complaint(program(["generate", "a fox", "-o"]).arg(&missing), 1);
    assert!(text.contains("no/such/folder/fox.svg"), "{text}");
    one_line(&text);
    let text = complaint(program(["generate", "a fox", "-o"]).arg(folder.path()), 1);
    one_line(&text);
    let good = folder.path().join("fox.svg");
    let mut command = program(["generate", "a fox", "-o"]);
    complaint(
        command
            .arg(&good)
            .arg("--png")
            .arg(folder.path().join("no/fox.png")),
        1,
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing half-written"
    );
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = folder();
    let broken = folder.path().join("broken.png");
    fs::write(&broken, &disc(32)[..60]).unwrap();
    let text_file = folder.path().join("notes.png");
    fs::write(&text_file, "not a picture").unwrap();
    for (path, expected) in [
        (folder.path().join("missing.png"), "missing.png"),
        (folder.path().to_owned(), "cannot read"),
        (broken, "broken.png"),
        (text_file, "notes.png"),
    ] {
        let text = complaint(program(["vectorize"]).arg(&path), 1);
        assert!(text.contains(expected), "{text}");
        one_line(&text);
    }
}

#[test]
fn hostile_svgs_are_refused_or_made_harmless() {
    let folder = folder();
    let picture = folder.path().join("disc.png");
    fs::write(&picture, disc(48)).unwrap();
    let template = folder.path().join("template.svg");
    let refine = || {
        let mut command = program(["refine", "--level", "minimal", "--deadline", "1m"]);
        command
            .arg("--template")
            .arg(&template)
            .arg("--target")
            .arg(&picture);
        command
    };
    let bomb = r#"<!DOCTYPE svg [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text>&b;</text></svg>"#;
    for wrong in ["", "hello", "<html/>", "<svg", bomb] {
        fs::write(&template, wrong).unwrap();
        one_line(&complaint(&mut refine(), 1));
    }
    let script = r##"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
        viewBox="0 0 48 48" onload="alert(1)"><script>alert(2)</script>
        <image xlink:href="http://198.51.100.1/x.png" width="9" height="9"/>
        <circle id="disc" cx="24" cy="24" r="12" fill="#c82" onclick="alert(3)"/></svg>"##;
    fs::write(&template, script).unwrap();
    let svg = String::from_utf8(success(&mut refine()).stdout).unwrap();
    assert_svg(&svg);
    for forbidden in ["script", "onload", "onclick", "198.51.100.1", "alert"] {
        assert!(!svg.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_wrong_configuration_stops_with_key_and_source() {
    let folder = folder();
    let file = folder.path().join("my.toml");
    fs::write(&file, "[server]\nlissten = \"127.0.0.1:1\"\n").unwrap();
    for command in ["config", "serve", "doctor"] {
        let text = complaint(program([command, "--config"]).arg(&file), 1);
        assert!(
            text.contains("server.lissten") && text.contains("my.toml"),
            "{text}"
        );
        one_line(&text);
    }
    let mut command = program(["config"]);
    let text = complaint(command.env("CHAT2SVG__SERVER__WORKERS", "none"), 1);
    assert!(text.contains("CHAT2SVG__SERVER__WORKERS"), "{text}");
}

#[test]
fn everything_wrong_with_the_configuration_is_told_at_once() {
    let folder = folder();
    let file = folder.path().join("my.toml");
    let text = "[server]\nlissten = \"x\"\nworkers = 0\n[log]\nfilter = \"=\"\nformat = 3\n";
    fs::write(&file, text).unwrap();
    let mut command = program(["serve", "--listen", "nowhere"]);
    command.env("CHAT2SVG__SERVER__MAX_JOBS", "many");
    let told = complaint(command.arg("--config").arg(&file), 1);
    for part in [
        "did you mean `server.listen`",
        "`server.listen` in flag --listen",
        "`log.filter`",
        "`log.format`",
        "SERVER__MAX_JOBS",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    one_line(&told);
}

#[test]
fn config_shows_values_and_where_they_come_from() {
    let mut command = program(["config"]);
    let output = success(command.env("CHAT2SVG_TIMEOUT", "20"));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("server.listen = \"127.0.0.1:8080\"  # default"),
        "{text}"
    );
    assert!(
        text.contains(
            "server.default_deadline_ms = 20000  # environment variable CHAT2SVG_TIMEOUT"
        ),
        "{text}"
    );
}

#[test]
fn the_doctor_has_a_line_for_everything() {
    let folder = folder();
    let mut command = program(["doctor"]);
    command.env("CHAT2SVG__SERVER__LISTEN", "127.0.0.1:0");
    let output = success(command.env("CHAT2SVG__STORE__PATH", folder.path().join("jobs.db")));
    let text = String::from_utf8(output.stdout).unwrap();
    for what in ["models", "gpu", "memory", "store", "port"] {
        assert!(
            text.lines().any(|line| line.starts_with(what)),
            "{what}: {text}"
        );
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "it changes nothing"
    );

    let mut command = program(["doctor"]);
    command.env("CHAT2SVG__SERVER__LISTEN", "127.0.0.1:0");
    command.env("CHAT2SVG__STORE__PATH", "/proc/no/jobs.db");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}
