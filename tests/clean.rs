//! `clean`: what is broken is mended, what is hostile goes, and all of it is told.

use std::{fs, io::Write as _, process::Stdio};

use serde_json::Value;

use crate::support::{assert_svg, complaint, folder, one_line, program, success};

const REPLY: &str = "Here is your picture:\n\n```svg\n<svg viewBox=\"0 0 9 9\">\n  \
    <rectt width=\"5\" height=5 fil=\"0x00ff00\" onclick=\"x()\"/>\n  <script>alert(1)</script>\n  \
    <path d=\"M0,0;L9,9\" stroke=\"red\"\n</svg>\n```\nEnjoy!\n";

#[test]
fn a_reply_becomes_a_file_and_each_mend_is_told_with_its_place() {
    let folder = folder();
    let (input, output) = (folder.path().join("in.md"), folder.path().join("out.svg"));
    fs::write(&input, REPLY).unwrap();
    let told = success(program(["clean"]).arg(&input).arg("-o").arg(&output));
    assert!(told.stdout.is_empty());
    let stderr = String::from_utf8(told.stderr).unwrap();
    for expected in [
        "rectt → rect at 5:3",
        "fil → fill at 5:29",
        "0x00ff00 → #00ff00",
        "script: scripts are removed",
    ] {
        assert!(stderr.contains(expected), "{expected}: {stderr}");
    }
    let svg = fs::read_to_string(&output).unwrap();
    assert_svg(&svg);
    assert!(
        svg.contains("fill=\"#00ff00\"") && svg.contains("<path"),
        "{svg}"
    );
    for forbidden in ["script", "alert", "onclick", "Enjoy"] {
        assert!(!svg.contains(forbidden), "{forbidden}: {svg}");
    }

    // What has been mended needs no more of it.
    let again = success(program(["clean"]).arg(&output));
    assert!(
        again.stderr.is_empty(),
        "{:?}",
        String::from_utf8(again.stderr)
    );
    assert_eq!(String::from_utf8(again.stdout).unwrap(), svg);
}

#[test]
fn standard_input_and_json() {
    let mut child = program(["clean", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(REPLY.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_svg(report["svg_content"].as_str().unwrap());
    let warnings = report["warnings"].as_array().unwrap();
    let misspelt = warnings
        .iter()
        .find(|warning| warning["kind"]["mended"] == "element_name")
        .unwrap();
    assert_eq!(misspelt["subject"], "rectt → rect");
    assert_eq!(misspelt["positions"][0]["line"], 5);
    assert_eq!(misspelt["positions"][0]["column"], 3);
    assert_eq!(misspelt["changes_picture"], false);
    assert!(warnings.iter().any(|warning| warning["kind"] == "script"));
}

#[test]
fn what_holds_no_drawing_is_refused_by_name() {
    let folder = folder();
    let output = folder.path().join("out.svg");
    let bomb = r#"<!DOCTYPE svg [<!ENTITY b "aa"><!ENTITY a "&b;&b;">]><svg viewBox="0 0 9 9"><text>&a;</text></svg>"#;
    for wrong in [
        "",
        "I cannot draw that, sorry.",
        "<html><p>svg</p></html>",
        bomb,
    ] {
        let input = folder.path().join("wrong.svg");
        fs::write(&input, wrong).unwrap();
        let text = complaint(program(["clean"]).arg(&input).arg("-o").arg(&output), 1);
        assert!(text.contains("wrong.svg"), "{text}");
        one_line(&text);
        assert!(!output.exists(), "nothing is written");
    }
    let text = complaint(&mut program(["clean", "no/such.svg"]), 1);
    assert!(text.contains("no/such.svg"), "{text}");
}

#[test]
fn refine_takes_a_broken_template() {
    let folder = folder();
    let (template, target) = (folder.path().join("t.svg"), folder.path().join("t.png"));
    fs::write(
        &template,
        "<svg viewBox='0 0 48 48><circle cx=24 cy=24 r='12' fil='c82'/>",
    )
    .unwrap();
    fs::write(&target, crate::support::disc(48)).unwrap();
    let mut command = program([
        "refine",
        "--level",
        "minimal",
        "--deadline",
        "1m",
        "--template",
    ]);
    let output = success(command.arg(&template).arg("--target").arg(&target));
    assert_svg(&String::from_utf8(output.stdout).unwrap());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("fil → fill"), "{stderr}");
}
