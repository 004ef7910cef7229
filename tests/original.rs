//! Folders as the original leaves them, and `scripts` in them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use crate::support::{folder, program, success};

/// Arguments for results that are soon there.
pub(crate) const FEW_STEPS: [&str; 6] = [
    "--epoch_img_optim",
    "5",
    "--epoch_point_optim",
    "5",
    "--output_size",
    "64",
];

/// A template as the original's model writes it.
pub(crate) const TEMPLATE: &str = r##"<svg viewBox="0 0 512 512" xmlns="http://www.w3.org/2000/svg">
  <!-- Background -->
  <rect x="0" y="0" width="512" height="512" fill="#2A3E9D"/>
  <!-- Apple body -->
  <circle cx="240" cy="250" r="130" fill="#FF0000"/>
  <!-- Stem -->
  <line x1="256" y1="120" x2="256" y2="60" stroke="#8B4513" stroke-width="8"/>
</svg>"##;

/// What its second stage hands on.
pub(crate) const WITH_NEW_PATH: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512" height="512.0px" width="512.0px">
<path id="" fill="#2A3E9D" fill-opacity="1.0" stroke="#000000" stroke-width="0.0" stroke-opacity="1.0" stroke-linecap="round" stroke-linejoin="round"  filling="0" d="M0.000 0.000 C170.667 0.000 341.333 0.000 512.000 0.000 C512.000 170.667 512.000 341.333 512.000 512.000 C341.333 512.000 170.667 512.000 0.000 512.000 C0.000 341.333 0.000 170.667 0.000 0.000"></path>
<path id="" fill="#e01010" fill-opacity="1.0" stroke="#000000" stroke-width="0.0" stroke-opacity="1.0" stroke-linecap="round" stroke-linejoin="round"  filling="0" d="M370.000 250.000 C370.000 322.000 312.000 380.000 240.000 380.000 C168.000 380.000 110.000 322.000 110.000 250.000 C110.000 178.000 168.000 120.000 240.000 120.000 C312.000 120.000 370.000 178.000 370.000 250.000"></path>
</svg>
"##;

/// What the first half of its third stage leaves.
pub(crate) const LATENT: &str = r##"<?xml version="1.0" ?>
<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="256" height="256" viewBox="0 0 256 256">
  <defs/>
  <g>
    <path d="M 0.0 0.0 C 85.3 0.0 170.6 0.0 256.0 0.0 C 256.0 85.3 256.0 170.6 256.0 256.0 C 170.6 256.0 85.3 256.0 0.0 256.0 C 0.0 170.6 0.0 85.3 0.0 0.0" stroke-width="0.5" fill="rgb(42, 62, 157)" opacity="1.0" stroke="rgb(0, 0, 0)" stroke-opacity="0.1" stroke-linecap="round" stroke-linejoin="round"/>
    <path d="M 200.0 128.0 C 200.0 168.0 168.0 200.0 128.0 200.0 C 88.0 200.0 56.0 168.0 56.0 128.0 C 56.0 88.0 88.0 56.0 128.0 56.0 C 168.0 56.0 200.0 88.0 200.0 128.0" stroke-width="0" fill="rgb(210, 40, 30)" opacity="1.0" stroke="rgb(0, 0, 0)" stroke-opacity="1.0" stroke-linecap="round" stroke-linejoin="round"/>
  </g>
</svg>
"##;

/// A checkout's folder with what is in the target's.
pub(crate) struct Checkout {
    pub(crate) folder: TempDir,
}

impl Checkout {
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let checkout = Self { folder: folder() };
        for stage in [
            "1_template_generation",
            "2_detail_enhancement",
            "3_svg_optimization",
        ] {
            fs::create_dir_all(checkout.folder.path().join(stage)).unwrap();
        }
        fs::create_dir_all(checkout.root()).unwrap();
        for (name, content) in files {
            checkout.write(name, content);
        }
        checkout
    }

    /// The target's folder.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("output/example_generation/apple")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Makes a file older than all others.
    pub(crate) fn age(&self, name: &str) {
        let file = fs::File::options()
            .write(true)
            .open(self.file(name))
            .unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(3600))
            .unwrap();
    }

    /// A stage as its `run.sh` starts it.
    pub(crate) fn stage(&self, number: u8) -> Command {
        let (name, here) = match number {
            1 => ("stage1", "1_template_generation"),
            2 => ("stage2", "2_detail_enhancement"),
            _ => ("stage3", "3_svg_optimization"),
        };
        let mut command = scripts([name, "--target", "apple"]);
        command.current_dir(self.folder.path().join(here));
        if number == 3 {
            command.args(["--svg_folder", "../output/example_generation/apple"]);
            command.args([
                "--output_size",
                "64",
                "--epoch_img_optim",
                "10",
                "--epoch_point_optim",
                "10",
            ]);
        } else {
            command.args([
                "--output_path",
                "../output",
                "--output_folder",
                "example_generation/apple",
            ]);
        }
        command
    }
}

pub(crate) fn scripts<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = program(["scripts"]);
    command.args(arguments);
    for name in ["OPENAI_API_KEY", "BACKEND", "ANTHROPIC_API_KEY"] {
        command.env_remove(name);
    }
    command
}

/// What a command that works told on standard output and on standard error.
pub(crate) fn told(command: &mut Command) -> (String, String) {
    let output = success(command);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

/// The files directly in a folder, with their content.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.path().is_file());
    files
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}
