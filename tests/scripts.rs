//! `scripts`: our stages under the names of the original's scripts, in folders as the original
//! leaves them.

use std::{fs, process::Command, time::Duration};

use crate::{
    fakes::{automatic1111, soft},
    model_server::{Act, Ending, ModelServer, anthropic},
    models::BALL,
    original::{Checkout, FEW_STEPS, TEMPLATE, files, scripts, told},
    support::{assert_svg, complaint, one_line, success},
};

const PRODUCTS: [&str; 7] = [
    "apple_clean.svg",
    "apple_optim_latent.svg",
    "apple_optim_point.svg",
    "apple_target.png",
    "apple_template.png",
    "apple_template.svg",
    "apple_with_new_path.svg",
];

#[test]
fn the_originals_run_scripts_work_with_one_word_changed() {
    let checkout = Checkout::with(&[]);
    let program = env!("CARGO_BIN_EXE_chat2svg");
    for (folder, stage, arguments) in [
        (
            "1_template_generation",
            "stage1",
            "--output_path ../output --output_folder example_generation/$T --viewbox 512 --refine_iter 1 --model any --reward_model ImageReward",
        ),
        (
            "2_detail_enhancement",
            "stage2",
            "--output_path=../output --output_folder=example_generation/$T --sam_checkpoint ./models/sam.pth --thresh_iou 0.4 --remove_outer_mask True",
        ),
        (
            "3_svg_optimization",
            "stage3",
            "--svg_folder ../output/example_generation/$T --output_size 64 --seed 42 --epoch_img_optim 10 --epoch_point_optim 10 --optim_color --kl_weight_img 0.2 --vae_pretrained_path ./vae_model/cmd_10.pth",
        ),
    ] {
        let here = checkout.folder.path().join(folder);
        let script = format!(
            "set -e\nfor T in apple; do\n  CUDA_VISIBLE_DEVICES=0 '{program}' scripts {stage} --target $T {arguments}\ndone\n"
        );
        fs::write(here.join("run.sh"), script).unwrap();
        let mut shell = Command::new("sh");
        shell.arg("run.sh").current_dir(&here);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CHAT2SVG") {
                shell.env_remove(name);
            }
        }
        shell.env_remove("BACKEND").env_remove("OPENAI_API_KEY");
        let (stdout, stderr) = told(&mut shell);
        assert!(stdout.ends_with("Done!\n"), "{stdout}");
        if stage == "stage1" {
            assert!(stdout.contains("The best SVG is: apple_"), "{stdout}");
        }
        if stage == "stage3" {
            assert!(
                stderr.contains("epoch: ") && stderr.contains("total_loss: "),
                "{stderr}"
            );
            let meaningless = stderr.matches("has no meaning here").count();
            assert_eq!(meaningless, 3, "{stderr}");
            assert_eq!(stderr.matches("--seed has no meaning").count(), 1);
        }
    }
    let made: Vec<String> = files(&checkout.root()).into_keys().collect();
    assert_eq!(made, PRODUCTS);
    for paper in [
        "stage_1/config.yaml",
        "stage_1/prompts.yaml",
        "stage_1/raw_logs/apple_prompt",
        "stage_1/raw_logs/apple_raw1",
        "stage_1/svg_logs/apple_0.svg",
        "stage_1/png_logs/apple_1.png",
        "stage_2/apple_512.svg",
        "stage_2/target_1.png",
        "stage_2/target_grid.png",
        "stage_2/template_blurred.png",
        "stage_2/sam/segmented_template.png",
        "stage_2/sam/segmented_template_masks/mask_000.png",
        "stage_2/sam/segmented_target.png",
        "stage_2/sam/segmented_target_masks/mask_000.png",
        "stage_2/sam/masks_added.png",
        "stage_3/config.yaml",
        "stage_3/path_mask/mask_000.png",
        "stage_3/latent_svg/apple_normalized_64.svg",
        "stage_3/latent_png/image_10.png",
        "stage_3/point_svg/apple_normalized_512.svg",
        "stage_3/point_png/image_point_optim_final.png",
    ] {
        assert!(!checkout.read(paper).is_empty(), "{paper}");
    }
    assert!(checkout.file("stage_2/sam/masks_added_masks").is_dir());
    assert_svg(&checkout.text("apple_optim_point.svg"));
    // What is handed on is what the original's next stage takes: cubic curves, flat fills.
    for name in [
        "apple_clean.svg",
        "apple_with_new_path.svg",
        "apple_optim_latent.svg",
    ] {
        let text = checkout.text(name);
        assert!(
            !text.contains("url(") && !text.contains("<circle"),
            "{name}: {text}"
        );
        assert!(!text.contains("transform"), "{name}");
    }
}

#[test]
fn a_second_run_keeps_everything_and_says_so() {
    let checkout = Checkout::with(&[]);
    let run = || {
        let mut command = scripts(["run", "--target", "apple", "--refine_iter", "0"]);
        command.args(FEW_STEPS);
        command.args(["--prompt", "a red apple on grass"]);
        told(command.current_dir(checkout.folder.path()))
    };
    run();
    let first = files(&checkout.root());
    assert_eq!(first.len(), 7);
    let (_, stderr) = run();
    assert!(!stderr.contains("stale"), "{stderr}");
    for kept in [
        "apple_template.svg",
        "apple_target.png",
        "apple_with_new_path.svg",
        "apple_optim_latent.svg",
        "apple_optim_point.svg",
    ] {
        assert!(
            stderr.contains(&format!("{kept} is there, and kept")),
            "{kept}: {stderr}"
        );
    }
    assert!(files(&checkout.root()) == first, "nothing has changed");
}

#[test]
fn replies_in_the_raw_logs_are_read_in_place_of_a_model() {
    let reply = format!("Here:\n```svg\n{TEMPLATE}\n```");
    let poor = "```svg\n<svg viewBox=\"0 0 512 512\" xmlns=\"http://www.w3.org/2000/svg\"><rect width=\"2\" height=\"2\" fill=\"#fefefe\"/></svg>\n```";
    let checkout = Checkout::with(&[
        ("stage_1/raw_logs/apple_prompt", b"A red apple."),
        ("stage_1/raw_logs/apple_raw0", reply.as_bytes()),
        ("stage_1/raw_logs/apple_raw1", poor.as_bytes()),
        ("stage_1/raw_logs/apple_raw2", b"I am sorry."),
    ]);
    let (stdout, stderr) = told(&mut checkout.stage(1));
    assert!(stdout.contains("The best SVG is: apple_0.svg"), "{stdout}");
    assert!(stderr.contains("reply 2 is left out"), "{stderr}");
    let template = checkout.text("apple_template.svg");
    assert!(
        template.contains("Apple body"),
        "its names are kept: {template}"
    );
    assert_eq!(template, checkout.text("stage_1/svg_logs/apple_0.svg"));
    assert!(
        checkout
            .text("stage_1/raw_logs/apple_raw2")
            .contains("sorry"),
        "they stay"
    );
}

#[test]
fn a_model_is_asked_as_the_originals_environment_says_and_only_for_what_is_missing() {
    let server =
        ModelServer::start(|_, _| Act::Events(anthropic(BALL), Duration::ZERO, Ending::Closed));
    let checkout = Checkout::with(&[("stage_1/raw_logs/apple_prompt", b"A red apple.")]);
    fs::write(
        checkout.folder.path().join(".env"),
        "OPENAI_API_KEY=sk-from-file\nBACKEND=Claude\n",
    )
    .unwrap();
    let run = || {
        let mut command = checkout.stage(1);
        command
            .env(
                "CHAT2SVG__LLM__BASE_URL",
                server.url().trim_end_matches("/v1"),
            )
            .args(["--model", "some-model", "--prompt", "a red ball on grass"]);
        told(&mut command)
    };
    let (stdout, stderr) = run();
    assert!(stdout.contains("Done!"), "{stderr}");
    let asked = server.asked();
    assert_eq!(
        asked.len(),
        3,
        "drawn and mended twice, but not expanded: {stderr}"
    );
    assert_eq!(asked[0].path, "/v1/messages");
    assert_eq!(asked[0].header("x-api-key"), Some("sk-from-file"));
    assert!(asked[0].body.contains("some-model") && asked[0].body.contains("a red ball"));
    for index in 0..3 {
        let log = checkout.text(&format!("stage_1/raw_logs/apple_raw{index}"));
        assert!(log.contains("<svg"), "{log}");
    }
    assert!(checkout.text("apple_template.svg").contains("Ball"));
    let prompts = checkout.text("stage_1/prompts.yaml");
    for what in ["expand: ", "write_system: ", "write: ", "mend_2: "] {
        assert!(prompts.contains(what), "{what}: {prompts}");
    }
    assert!(prompts.contains("a red ball on grass"), "{prompts}");
    // All that was paid for is there: a template that is gone costs nothing.
    fs::remove_file(checkout.file("apple_template.svg")).unwrap();
    run();
    run();
    assert_eq!(server.asked().len(), 3);
    assert!(!stderr.contains("sk-from-file"));

    // Another prompt is another picture; what was paid for is kept aside.
    let mut other = checkout.stage(1);
    other
        .env(
            "CHAT2SVG__LLM__BASE_URL",
            server.url().trim_end_matches("/v1"),
        )
        .args(["--model", "some-model", "--prompt", "a blue ball"]);
    let (_, stderr) = told(&mut other);
    assert!(
        stderr.contains("stale") && stderr.contains("raw_logs_before_1"),
        "{stderr}"
    );
    assert_eq!(server.asked().len(), 7);
    assert!(
        checkout
            .file("stage_1/raw_logs_before_1/apple_raw0")
            .exists()
    );
}

#[test]
fn captions_of_the_checkout_and_the_forks_dialect_are_understood() {
    let checkout = Checkout::with(&[]);
    let utils = checkout.folder.path().join("utils");
    fs::create_dir_all(&utils).unwrap();
    fs::write(
        utils.join("util.py"),
        "def get_prompt(t):\n    return {\"apple\": \"A green apple with a worm.\"}[t]\n",
    )
    .unwrap();
    success(checkout.stage(1).args(["--refine_iter", "0"]));
    assert!(
        checkout
            .text("apple_template.svg")
            .contains("A green apple with a worm.")
    );

    // The fork runs everything from the project's folder and gives the words.
    let mut fork = scripts([
        "stage1",
        "--target",
        "job_17",
        "--prompt",
        "a yellow sun",
        "--system_path",
        ".",
    ]);
    fork.args([
        "--refine_iter",
        "0",
        "--output_path",
        "out",
        "--output_folder",
        "job_17",
    ]);
    success(fork.current_dir(checkout.folder.path()));
    let text = fs::read_to_string(
        checkout
            .folder
            .path()
            .join("out/job_17/job_17_template.svg"),
    )
    .unwrap();
    assert!(text.contains("a yellow sun"), "{text}");
    let mut next = scripts([
        "stage3",
        "--target",
        "job_17",
        "--system_path",
        ".",
        "--svg_folder",
        "out/job_17",
    ]);
    let told = complaint(next.current_dir(checkout.folder.path()), 1);
    one_line(&told);
}

#[test]
fn a_drawing_that_somebody_edited_between_the_stages_keeps_its_credits() {
    let checkout = Checkout::with(&[]);
    success(
        checkout
            .stage(1)
            .args(["--refine_iter", "0", "--prompt", "a red fox"]),
    );
    assert!(checkout.text("apple_template.svg").contains("CC-BY-4.0"));
    success(&mut checkout.stage(2));
    let edited = checkout.text("apple_with_new_path.svg").replacen(
        "fill-opacity=\"1.0\"",
        "fill-opacity=\"0.9\"",
        1,
    );
    checkout.write("apple_with_new_path.svg", edited.as_bytes());
    success(&mut checkout.stage(3));
    assert!(checkout.text("apple_optim_point.svg").contains("CC-BY-4.0"));
}

#[test]
fn what_has_no_name_gets_one() {
    let bare = TEMPLATE
        .lines()
        .filter(|line| !line.contains("<!--"))
        .collect::<String>();
    let checkout = Checkout::with(&[("apple_template.svg", bare.as_bytes())]);
    success(&mut checkout.stage(2));
    success(&mut checkout.stage(3));
    let result = checkout.text("apple_optim_point.svg");
    assert!(result.contains("Part 2"), "{result}");
}

#[test]
fn a_target_that_leaves_its_folder_is_refused() {
    for target in ["../x", "a/b", ""] {
        let told = complaint(&mut scripts(["stage1", "--target", target]), 2);
        assert!(
            told.contains("cannot be part of a file's name") || told.contains("--target"),
            "{told}"
        );
    }
}

#[test]
fn all_pictures_of_an_image_model_are_kept_and_the_target_is_the_first() {
    let server = automatic1111::start(automatic1111::Manner::Good, soft);
    let checkout = Checkout::with(&[("apple_template.svg", TEMPLATE.as_bytes())]);
    let run = |count: &str| {
        let mut command = checkout.stage(2);
        command
            .env("CHAT2SVG__IMAGEGEN__PROVIDER", "automatic1111")
            .env("CHAT2SVG__IMAGEGEN__BASE_URL", &server.address)
            .args(["--num_images_per_prompt", count]);
        told(&mut command).1
    };
    run("4");
    let names = || {
        let names = files(&checkout.file("stage_2")).into_keys();
        names
            .filter(|name| name.starts_with("target_"))
            .collect::<Vec<_>>()
    };
    let all = [
        "target_1.png",
        "target_2.png",
        "target_3.png",
        "target_4.png",
        "target_grid.png",
    ];
    assert_eq!(names(), all);
    assert!(checkout.read("stage_2/target_1.png") == checkout.read("apple_target.png"));
    let grid = checkout.read("stage_2/target_grid.png");
    let grid = chat2svg_vector::Raster::decode(&grid, &Default::default()).unwrap();
    assert_eq!((grid.width(), grid.height()), (3 * 512, 2 * 512));
    let stderr = run("2");
    assert!(
        stderr.contains("num_images_per_prompt 4, and 2 is asked for"),
        "{stderr}"
    );
    assert_eq!(names(), ["target_1.png", "target_2.png", "target_grid.png"]);
}
