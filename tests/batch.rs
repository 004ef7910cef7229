//! `batch`: many prompts, done once each, also over several runs.

use std::{fs, io::Read as _};

use crate::support::{assert_svg, complaint, folder, program, success};

#[test]
fn a_batch_goes_on_where_it_stopped() {
    let folder = folder();
    let prompts = folder.path().join("prompts.jsonl");
    let out = folder.path().join("out");
    let zip = folder.path().join("out.zip");
    let lines = "{\"prompt\": \"a house\"}\n{\"prompt\": \"a tree\", \"name\": \"Baum\", \"variants\": 2}\n";
    fs::write(&prompts, lines).unwrap();
    let run = || {
        let mut command = program([
            "batch",
            "--level",
            "minimal",
            "--deadline",
            "2m",
            "--seed",
            "4",
        ]);
        command
            .arg(&prompts)
            .arg("-o")
            .arg(&out)
            .arg("--zip")
            .arg(&zip);
        String::from_utf8(success(&mut command).stderr).unwrap()
    };
    let told = run();
    assert!(told.contains("3 made, 0 kept, 0 failed"), "{told}");
    let names = ["0001-a-house.svg", "baum-1.svg", "baum-2.svg"];
    let read = || names.map(|name| fs::read_to_string(out.join(name)).unwrap());
    let first = read();
    first.iter().for_each(|svg| assert_svg(svg));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 4, "and the journal");

    assert!(run().contains("0 made, 3 kept"));
    // What is lost or asked for anew is made, and nothing else.
    fs::remove_file(out.join(names[1])).unwrap();
    assert!(run().contains("1 made, 2 kept"));
    assert!(read() == first, "the same as before");
    fs::write(
        &prompts,
        lines.replace("a house", "a boat").replace("0001", ""),
    )
    .unwrap();
    let told = run();
    assert!(told.contains("1 made, 2 kept"), "{told}");
    // A journal whose last line was cut off costs that line's picture only.
    let journal = out.join("batch.jsonl");
    let kept = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, &kept[..kept.len() - 20]).unwrap();
    assert!(run().contains("1 made, 2 kept"));

    let mut archive = Vec::new();
    fs::File::open(&zip)
        .unwrap()
        .read_to_end(&mut archive)
        .unwrap();
    assert!(archive.starts_with(b"PK"));
    for name in ["0001-a-boat.svg", "baum-1.svg", "baum-2.svg"] {
        let found = archive
            .windows(name.len())
            .any(|window| window == name.as_bytes());
        assert!(found, "{name}");
    }
}

#[test]
fn everything_wrong_with_a_batch_is_told_before_anything_is_drawn() {
    let folder = folder();
    let table = folder.path().join("prompts.tsv");
    let text = "prompt\tstyle\tseed\na fox\tbaroque\t1\n\tflat\t2\nan owl\tflat\tmany\n";
    fs::write(&table, text).unwrap();
    let out = folder.path().join("out");
    let told = complaint(program(["batch", "-o"]).arg(&out).arg(&table), 2);
    assert!(told.contains("line 4"), "{told}");
    fs::write(&table, text.replace("many", "3")).unwrap();
    let told = complaint(program(["batch", "-o"]).arg(&out).arg(&table), 2);
    for part in ["line 2", "line-art", "line 3"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!out.exists(), "nothing was begun");
}
