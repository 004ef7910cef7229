//! Stand-ins for the original's scripts: Python files with its flags, folders and lines of
//! progress, and with the faults that it has.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// What all three have: their flags, what they note of how they were called, and faults on demand.
const COMMON: &str = r###"
import argparse, json, os, subprocess, sys, time, zlib, struct

def fault():
    try:
        with open(os.path.join(HOME, "fault")) as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""

def note(stage):
    with open(os.path.join(HOME, "calls"), "a") as file:
        file.write(json.dumps({
            "stage": stage, "argv": sys.argv[1:], "cwd": os.getcwd(), "pid": os.getpid(),
            "device": os.environ.get("CUDA_VISIBLE_DEVICES"), "backend": os.environ.get("BACKEND"),
            "settings": [name for name in os.environ if name.startswith("CHAT2SVG__")],
        }) + "\n")

def hang():
    child = subprocess.Popen(["sleep", "600"])
    with open(os.path.join(HOME, "pids"), "w") as file:
        file.write("%d %d" % (os.getpid(), child.pid))
    print("working", flush=True)
    time.sleep(600)

def png(path, pixel):
    side = 64
    rows = b"".join(b"\x00" + b"".join(bytes(pixel(x, y)) for x in range(side)) for y in range(side))
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))

def boolean(text):
    return bool(text)
"###;

const FIRST: &str = r###"
parser = argparse.ArgumentParser()
parser.add_argument("--target", required=True)
parser.add_argument("--output_path", default="../output")
parser.add_argument("--output_folder", default="example_generation")
parser.add_argument("--viewbox", type=int, default=512)
parser.add_argument("--refine_iter", type=int, default=2)
parser.add_argument("--model", default="claude-3-5-sonnet-20240620")
parser.add_argument("--reward_model", default="ImageReward")
MORE
args = parser.parse_args()
note(1)
assert os.environ.get("BACKEND") in ("Claude", "Wildcard"), "no backend"
words = WORDS
out = os.path.join(args.output_path, args.output_folder)
os.makedirs(os.path.join(out, "stage_1", "raw_logs"), exist_ok=True)
path = os.path.join(out, args.target + "_template.svg")
if fault() == "hang":
    hang()
svg = """<svg viewBox="0 0 512 512" xmlns="http://www.w3.org/2000/svg">
  <!-- Sky -->
  <rect width="512" height="512" fill="#2A3E9D"/>
  <!-- Red ball -->
  <circle cx="256" cy="300" r="150" fill="#C8281E"/>
  <!-- Eye -->
  <circle cx="300" cy="250" r="30" fill="#FFFFFF"/>
</svg>"""
with open(os.path.join(HOME, "words"), "w") as file:
    file.write(words)
if fault() == "daemon":
    child = subprocess.Popen(["sleep", "600"])
    with open(os.path.join(HOME, "pids"), "w") as file:
        file.write("%d %d" % (os.getpid(), child.pid))
if fault() == "half":
    with open(path, "w") as file:
        file.write(svg[:150])
    sys.exit(3)
with open(path, "w") as file:
    file.write("" if fault() == "empty" else "I cannot draw that." if fault() == "prose" else svg)
if fault() == "missing":
    os.remove(path)
print("The best SVG is: %s_1.svg" % args.target)
print("Done!")
"###;

const SECOND: &str = r###"
parser = argparse.ArgumentParser()
parser.add_argument("--target", required=True)
parser.add_argument("--output_path", default="../output")
parser.add_argument("--output_folder", default="example_generation")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--num_inference_steps", type=int, default=30)
parser.add_argument("--num_images_per_prompt", type=int, default=4)
parser.add_argument("--guidance_scale", type=float, default=7.0)
parser.add_argument("--strength", type=float, default=1.0)
MORE
args = parser.parse_args()
note(2)
words = WORDS
out = os.path.join(args.output_path, args.output_folder)
name = lambda ending: os.path.join(out, args.target + ending)
with open(name("_template.svg")) as file:
    template = file.read()
print("***** cleaning *****")
with open(name("_clean.svg"), "w") as file:
    file.write(template)
print("***** diffusion *****")
png(name("_target.png"), (lambda x, y: (200, 40, 30) if (x - 32) ** 2 + (y - 38) ** 2 < 350 else (42, 62, 157)))
if fault() == "grid":
    raise AssertionError("num_images_per_prompt must fill the grid")
png(name("_template.png"), (lambda x, y: (0, 0, 0)))
print("***** segmentation *****")
if fault() == "sam":
    masks = []
    masks[1]
new = '<path id="" fill="#ffcc00" fill-opacity="1.0" filling="0" d="M40.0 40.0 C60.0 40.0 80.0 40.0 100.0 40.0 C100.0 60.0 100.0 80.0 100.0 100.0 C80.0 100.0 60.0 100.0 40.0 100.0 C40.0 80.0 40.0 60.0 40.0 40.0"></path>'
with open(name("_with_new_path.svg"), "w") as file:
    file.write(template.replace("</svg>", new + "</svg>"))
"###;

const THIRD: &str = r###"
parser = argparse.ArgumentParser()
parser.add_argument("--target", required=True)
parser.add_argument("--svg_folder", required=True)
parser.add_argument("--output_size", type=int, default=224)
parser.add_argument("--seed", type=int, default=42)
parser.add_argument("--epoch_latent_inversion", type=int, default=500)
parser.add_argument("--epoch_img_optim", type=int, default=500)
parser.add_argument("--epoch_point_optim", type=int, default=500)
MORE
args = parser.parse_args()
note(3)
name = lambda ending: os.path.join(args.svg_folder, args.target + ending)
with open(name("_with_new_path.svg")) as file:
    svg = file.read()
assert os.path.getsize(name("_target.png")) > 0
for steps in (args.epoch_latent_inversion, args.epoch_img_optim, args.epoch_point_optim):
    for step in (1, steps):
        print("epoch: %d, total_loss: 0.125" % step, file=sys.stderr)
paths = [line for line in svg.splitlines() if line.startswith("<path")]
if fault() == "fewer":
    paths = paths[:1]
if fault() == "worse":
    paths = [path.replace('fill="#', 'fill="#0f0" data-was="') for path in paths]
paths = [path.replace('stroke-width="0.0"', 'stroke-width="0"').replace('fill-opacity', 'opacity') for path in paths]
text = '<?xml version="1.0" ?>\n<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="512" height="512" viewBox="0 0 512 512">\n<defs/>\n<g>\n' + "\n".join(paths) + "\n</g>\n</svg>\n"
for ending in ("_optim_latent.svg", "_optim_point.svg"):
    with open(name(ending), "w") as file:
        file.write(text)
print("Done!")
"###;

const TABLE: &str = r###"
def get_prompt(target):
    return {"apple": "An apple."}[target]
"###;

/// A checkout with stand-ins.
pub(crate) struct Checkout {
    folder: TempDir,
}

impl Checkout {
    /// One that is called as the original is; `None`, which is told, without a Python.
    pub(crate) fn original() -> Option<Self> {
        let words = "get_prompt(args.target)";
        let import = "from utils.util import get_prompt\n";
        Self::with(import, words, ["", "", ""])
    }

    /// One that is called as the fork is, which takes the words itself.
    pub(crate) fn fork() -> Option<Self> {
        let prompt = "parser.add_argument(\"--prompt\", required=True)\n";
        let place = "parser.add_argument(\"--system_path\", default=\"..\")\n";
        let both = format!("{prompt}{place}");
        Self::with("", "args.prompt", [&both, prompt, place])
    }

    fn with(import: &str, words: &str, more: [&str; 3]) -> Option<Self> {
        let python = Command::new("python3")
            .arg("--version")
            .stdout(Stdio::null())
            .status();
        if !python.is_ok_and(|status| status.success()) {
            eprintln!("there is no python3: stand-ins for scripts are not tried");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let home = format!("HOME = {:?}\n", folder.path());
        for (place, script, more) in [
            ("1_template_generation", FIRST, more[0]),
            ("2_detail_enhancement", SECOND, more[1]),
            ("3_svg_optimization", THIRD, more[2]),
        ] {
            let text = script.replace("MORE\n", more).replace("WORDS", words);
            let stage = folder.path().join(place);
            fs::create_dir(&stage).unwrap();
            let import = if place.starts_with('3') { "" } else { import };
            fs::write(
                stage.join("main.py"),
                format!("{home}{COMMON}import sys\nsys.path.append(\"../\")\n{import}{text}"),
            )
            .unwrap();
        }
        fs::create_dir(folder.path().join("utils")).unwrap();
        fs::write(folder.path().join("utils/__init__.py"), "").unwrap();
        fs::write(folder.path().join("utils/util.py"), TABLE).unwrap();
        fs::write(folder.path().join("prompts.yaml"), "").unwrap();
        fs::write(
            folder.path().join(".env"),
            "OPENAI_API_KEY=sk-of-the-checkout\nBACKEND=Claude\n",
        )
        .unwrap();
        fs::create_dir(folder.path().join("private")).unwrap();
        Some(Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn text(&self) -> String {
        self.path().to_str().unwrap().to_owned()
    }

    /// Where runs have their folders.
    pub(crate) fn private(&self) -> PathBuf {
        self.path().join("private")
    }

    /// What goes wrong from now on.
    pub(crate) fn fault(&self, fault: &str) {
        fs::write(self.path().join("fault"), fault).unwrap();
    }

    /// How the scripts were called so far.
    pub(crate) fn calls(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.path().join("calls")).unwrap_or_default();
        let calls = text.lines().map(serde_json::from_str);
        calls.map(Result::unwrap).collect()
    }

    /// The words that the first script was given last.
    pub(crate) fn words(&self) -> String {
        fs::read_to_string(self.path().join("words")).unwrap()
    }

    /// The processes of a script that hangs, once it does.
    pub(crate) fn hanging(&self) -> Option<Vec<u32>> {
        let text = fs::read_to_string(self.path().join("pids")).ok()?;
        let pids: Result<Vec<u32>, _> = text.split(' ').map(str::parse).collect();
        pids.ok().filter(|pids| pids.len() == 2)
    }
}

/// Whether a process runs, and is no zombie that only waits for its parent.
pub(crate) fn is_running(process: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{process}/stat")).ok();
    let state = state.and_then(|text| text.rsplit(") ").next().map(str::to_owned));
    state.is_some_and(|state| !state.starts_with('Z'))
}
