//! `scripts`: folders that the original began, or somebody else: from wherever they stand they are
//! finished, and what is stale in them is made anew.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use crate::{
    original::{Checkout, FEW_STEPS, LATENT, TEMPLATE, WITH_NEW_PATH, files, scripts, told},
    support::{assert_svg, complaint, disc, success},
};

#[test]
fn what_the_original_began_is_finished_from_every_seam() {
    let target = disc(512);
    let target = target.as_slice();
    let template = TEMPLATE.as_bytes();
    let reply = format!("Some words.\n```svg\n{TEMPLATE}\n```");
    let seams: [&[(&str, &[u8])]; 6] = [
        &[
            ("stage_1/raw_logs/apple_prompt", b"A red apple on blue."),
            ("stage_1/raw_logs/apple_raw0", reply.as_bytes()),
        ],
        &[("apple_template.svg", template)],
        &[
            ("apple_template.svg", template),
            ("apple_target.png", target),
            ("apple_template.png", target),
        ],
        &[
            ("apple_template.svg", template),
            ("apple_clean.svg", WITH_NEW_PATH.as_bytes()),
            ("apple_template.png", target),
            ("apple_target.png", target),
            ("apple_with_new_path.svg", WITH_NEW_PATH.as_bytes()),
        ],
        &[
            ("apple_target.png", target),
            ("apple_with_new_path.svg", WITH_NEW_PATH.as_bytes()),
        ],
        &[
            ("apple_target.png", target),
            ("apple_with_new_path.svg", WITH_NEW_PATH.as_bytes()),
            ("apple_optim_latent.svg", LATENT.as_bytes()),
        ],
    ];
    for files in seams {
        let checkout = Checkout::with(files);
        let mut command = scripts(["run", "--target", "apple"]);
        command.args(FEW_STEPS);
        let (_, stderr) = told(command.current_dir(checkout.folder.path()));
        assert!(!stderr.contains("stale"), "{stderr}");
        assert_svg(&checkout.text("apple_optim_point.svg"));
        for (name, content) in files {
            // The original writes the clean drawing at every run, too.
            if *name != "apple_clean.svg" {
                assert!(
                    checkout.read(name) == *content,
                    "{name} has changed: {stderr}"
                );
            }
        }
    }
}

#[test]
fn the_third_stage_keeps_papers_at_each_so_many_steps_and_a_log() {
    let checkout = Checkout::with(&[
        ("apple_target.png", &disc(512)),
        ("apple_with_new_path.svg", WITH_NEW_PATH.as_bytes()),
    ]);
    let run = |steps: &str, every: &str| {
        let mut command = scripts(["stage3", "--target", "apple", "--svg_folder"]);
        command.arg(checkout.root());
        command.args(["--output_size", "64", "--epoch_img_optim", steps]);
        command.args(["--epoch_point_optim", "5", "--log_every", every]);
        told(&mut command).1
    };
    let stderr = run("20", "5");
    let folder = |name: &str| files(&checkout.file(name)).into_keys().collect::<Vec<_>>();
    assert_eq!(
        folder("stage_3/latent_png"),
        [
            "image_1.png",
            "image_10.png",
            "image_15.png",
            "image_20.png",
            "image_5.png"
        ]
    );
    for step in [1, 5, 10, 15] {
        let name = format!("stage_3/latent_svg/apple_optim_{step}.svg");
        assert_svg(&checkout.text(&name));
        assert!(
            stderr.contains(&format!("epoch: {step}, total_loss: ")),
            "{stderr}"
        );
    }
    assert!(!stderr.contains("epoch: 2, "), "{stderr}");
    let logs = |stage: &str| {
        let names = folder(stage).into_iter();
        names
            .filter(|name| name.starts_with("log_") && name.ends_with(".log"))
            .collect::<Vec<_>>()
    };
    let log = logs("stage_3").remove(0);
    assert_eq!(log.len(), "log_20260102-03:04:05.log".len());
    let log = checkout.text(&format!("stage_3/{log}"));
    assert!(
        log.contains("epoch: 15, total_loss: ") && log.contains(" dB"),
        "{log}"
    );
    // Papers of other steps would be taken for this run's.
    run("12", "4");
    assert_eq!(
        folder("stage_3/latent_png"),
        ["image_1.png", "image_12.png", "image_4.png", "image_8.png"]
    );
}

#[test]
fn a_result_whose_first_half_is_gone_is_kept_while_it_is_newer_than_its_inputs() {
    let checkout = Checkout::with(&[
        ("apple_target.png", &disc(512)),
        ("apple_with_new_path.svg", WITH_NEW_PATH.as_bytes()),
        ("apple_optim_point.svg", LATENT.as_bytes()),
    ]);
    let (_, stderr) = told(&mut checkout.stage(3));
    assert!(
        stderr.contains("apple_optim_point.svg is there, and kept"),
        "{stderr}"
    );
    checkout.age("apple_optim_point.svg");
    let (_, stderr) = told(&mut checkout.stage(3));
    assert!(
        stderr.contains("apple_optim_point.svg is stale and made anew: it is older than"),
        "{stderr}"
    );
    assert!(
        checkout
            .file("stage_3/before/1_apple_optim_point.svg")
            .exists()
    );
    fs::remove_file(checkout.file("apple_optim_latent.svg")).unwrap();
    let (_, stderr) = told(&mut checkout.stage(3));
    assert!(
        stderr.contains("apple_optim_point.svg is there, and kept"),
        "{stderr}"
    );
}

#[test]
fn a_template_that_is_missing_is_drawn_to_go_with_the_target_that_is_there() {
    let reply = format!("```svg\n{TEMPLATE}\n```");
    let target = disc(512);
    let checkout = Checkout::with(&[
        ("stage_1/raw_logs/apple_raw0", reply.as_bytes()),
        ("apple_target.png", &target),
    ]);
    checkout.age("apple_target.png");
    success(&mut checkout.stage(1));
    let (_, stderr) = told(&mut checkout.stage(2));
    assert!(
        stderr.contains("apple_target.png is there, and kept"),
        "{stderr}"
    );
    assert!(checkout.read("apple_target.png") == target);
    // Edited, it is another's.
    checkout.write(
        "apple_template.svg",
        TEMPLATE.replace("256", "250").as_bytes(),
    );
    let (_, stderr) = told(&mut checkout.stage(2));
    assert!(stderr.contains("apple_target.png is stale"), "{stderr}");
    assert!(checkout.read("stage_2/before/1_apple_target.png") == target);
}

#[test]
fn drawings_without_a_target_are_finished_with_one_made_of_them() {
    for name in [
        "apple_with_new_path.svg",
        "apple_clean.svg",
        "apple_optim_latent.svg",
    ] {
        let checkout = Checkout::with(&[(name, WITH_NEW_PATH.as_bytes())]);
        let mut command = scripts(["run", "--target", "apple", "--output_size", "64"]);
        command.args(["--epoch_img_optim", "5", "--epoch_point_optim", "5"]);
        let (_, stderr) = told(command.current_dir(checkout.folder.path()));
        assert_svg(&checkout.text("apple_optim_point.svg"));
        assert!(
            checkout.read("apple_target.png").starts_with(b"\x89PNG"),
            "{name}: {stderr}"
        );
    }
}

#[test]
fn two_runs_at_once_in_a_folder_follow_each_other() {
    let checkout = Checkout::with(&[("apple_template.svg", TEMPLATE.as_bytes())]);
    let folder = fs::File::open(checkout.root()).unwrap();
    folder.lock().unwrap();
    let mut command = checkout.stage(2);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = stderr.next().unwrap().unwrap();
    assert!(line.contains("another run works in"), "{line}");
    assert!(!checkout.file("apple_clean.svg").exists());
    drop(folder);
    let rest: Vec<String> = stderr.map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success(), "{rest:?}");
    assert!(checkout.file("apple_with_new_path.svg").exists());
}

#[test]
fn a_fit_to_the_target_comes_closer_to_it() {
    let checkout = Checkout::with(&[
        ("apple_target.png", &disc(512)),
        ("apple_with_new_path.svg", WITH_NEW_PATH.as_bytes()),
    ]);
    let mut command = scripts(["stage3", "--target", "apple", "--svg_folder"]);
    command
        .arg(checkout.root())
        .args(["--epoch_img_optim", "60", "--epoch_point_optim", "60"]);
    success(&mut command);
    let picture = |svg: &[u8]| {
        let parsed = chat2svg_vector::Document::parse(svg, &Default::default()).unwrap();
        let white = Some(chat2svg_vector::Color::WHITE);
        parsed.document.render(512, 512, white).unwrap()
    };
    let target = chat2svg_vector::Raster::decode(&disc(512), &Default::default()).unwrap();
    let error = |name: &str| {
        let picture = picture(&checkout.read(name));
        picture.mse(&target, chat2svg_vector::Color::WHITE).unwrap()
    };
    let steps = [
        "apple_with_new_path.svg",
        "apple_optim_latent.svg",
        "apple_optim_point.svg",
    ]
    .map(error);
    assert!(
        steps[1] < steps[0] / 4.0 && steps[2] <= steps[1],
        "{steps:?}"
    );
}

#[test]
fn what_is_stale_is_made_anew_and_why_is_told() {
    let checkout = Checkout::with(&[("apple_template.svg", TEMPLATE.as_bytes())]);
    success(&mut checkout.stage(2));
    let target = checkout.read("apple_target.png");
    // Edited: at once, so that no clock can tell.
    checkout.write(
        "apple_template.svg",
        TEMPLATE.replace("#FF0000", "#00C000").as_bytes(),
    );
    let (_, stderr) = told(&mut checkout.stage(2));
    assert!(
        stderr.contains("apple_target.png is stale and made anew: apple_template.svg has changed"),
        "{stderr}"
    );
    assert!(checkout.read("apple_target.png") != target);
    let (_, stderr) = told(checkout.stage(2).args(["--thresh_area_lb", "60"]));
    assert!(
        stderr.contains("apple_target.png is there, and kept"),
        "{stderr}"
    );
    assert!(
        stderr.contains("made with thresh_area_lb 30, and 60 is asked for"),
        "{stderr}"
    );

    // The original's own files have no record: age and its notes tell.
    let checkout = Checkout::with(&[
        ("apple_target.png", &disc(512)),
        ("apple_with_new_path.svg", WITH_NEW_PATH.as_bytes()),
        ("apple_optim_latent.svg", LATENT.as_bytes()),
        (
            "stage_3/config.yaml",
            b"target: apple\noutput_size: 64\nepoch_img_optim: 10\nepoch_point_optim: 10\n",
        ),
    ]);
    let (_, stderr) = told(&mut checkout.stage(3));
    assert!(
        stderr.contains("apple_optim_latent.svg is there, and kept"),
        "{stderr}"
    );
    checkout.age("apple_optim_latent.svg");
    let (_, stderr) = told(&mut checkout.stage(3));
    assert!(
        stderr.contains("older than apple_with_new_path.svg"),
        "{stderr}"
    );
    let (_, stderr) = told(checkout.stage(3).args(["--log_every", "5"]));
    assert!(!stderr.contains("stale"), "{stderr}");
    let mut other = scripts([
        "stage3",
        "--target",
        "apple",
        "--output_size",
        "96",
        "--svg_folder",
    ]);
    other
        .arg(checkout.root())
        .args(["--epoch_img_optim", "5", "--epoch_point_optim", "5"]);
    let (_, stderr) = told(&mut other);
    assert!(
        stderr.contains("made with output_size 64, and 96 is asked for"),
        "{stderr}"
    );
}

#[test]
fn files_that_are_empty_or_broken_are_made_anew() {
    let checkout = Checkout::with(&[
        ("apple_template.svg", TEMPLATE.as_bytes()),
        ("apple_target.png", b""),
        ("apple_with_new_path.svg", b""),
    ]);
    let (_, stderr) = told(&mut checkout.stage(2));
    assert!(stderr.contains("apple_target.png is empty"), "{stderr}");
    assert!(checkout.read("apple_target.png").starts_with(b"\x89PNG"));
    assert_svg(&checkout.text("apple_with_new_path.svg"));
    checkout.write("apple_target.png", b"\x89PNG and no more");
    let (_, stderr) = told(&mut checkout.stage(2));
    assert!(
        stderr.contains("apple_target.png cannot be used"),
        "{stderr}"
    );

    let empty = Checkout::with(&[("apple_template.svg", b"")]);
    let told = complaint(&mut empty.stage(2), 1);
    assert!(told.contains("apple_template.svg is empty"), "{told}");
    let mut nowhere = scripts(["stage3", "--target", "apple", "--svg_folder", "nowhere"]);
    let told = complaint(nowhere.current_dir(empty.folder.path()), 1);
    assert!(
        told.contains("nowhere is not there: run scripts stage1 first"),
        "{told}"
    );
    assert!(!empty.folder.path().join("nowhere").exists());
    let missing = Checkout::with(&[]);
    let told = complaint(&mut missing.stage(3), 1);
    assert!(
        told.contains("apple_target.png is not there: run scripts stage2 first"),
        "{told}"
    );
}

#[test]
fn a_disk_that_takes_no_more_is_told_and_what_is_there_stays_whole() {
    let checkout = Checkout::with(&[("apple_template.svg", TEMPLATE.as_bytes())]);
    let program = env!("CARGO_BIN_EXE_chat2svg");
    let root = checkout.root();
    let limited = |blocks: u32| {
        let line = format!(
            "ulimit -f {blocks}; exec '{program}' scripts stage2 --target apple --output_path '{}' --output_folder apple",
            root.parent().unwrap().display()
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]);
        shell
    };
    let output = limited(2).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot write "), "{told}");
    for folder in [root.clone(), root.join("stage_2")] {
        for (name, content) in files(&folder) {
            assert!(!name.starts_with(".chat2svg"), "{name} is left");
            assert!(!content.is_empty(), "{name}");
        }
    }
    success(&mut limited(4_000_000));
}

#[test]
fn what_makes_no_sense_is_told_of_the_flag_or_the_file() {
    let checkout = Checkout::with(&[("apple_template.svg", TEMPLATE.as_bytes())]);
    let refused = |flag: &str, value: &str, why: &str| {
        let told = complaint(checkout.stage(2).args([flag, value]), 2);
        assert!(told.contains(why), "{flag} {value}: {told}");
    };
    refused("--thresh_iou", "-1", "--thresh_iou must be");
    refused("--strength", "7", "--strength must be 0 to 1");
    refused("--thresh_iuo", "0.4", "--thresh_iou");
    let told = complaint(
        scripts(["stage3", "--target", "apple", "--svg_folder"])
            .arg(checkout.file("apple_template.svg")),
        1,
    );
    assert!(told.contains("apple_template.svg is no folder"), "{told}");
    // Taken as the original takes it, though it means nothing.
    success(&mut checkout.stage(2));
    success(checkout.stage(3).args(["--kl_weight_img", "-0.5"]));
}
