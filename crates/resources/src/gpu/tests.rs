//! A driver that comes, fills up, fails and goes: a stand-in library, built here, that answers what
//! a file beside it says.

use std::{fs, process::Command};

use tempfile::TempDir;

use super::*;

const GIB: u64 = 1 << 30;

/// A folder for the stand-in and for what it is to say.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("libstandin.so")
    }

    fn install(&self) {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/standin/nvml.rs");
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let built = Command::new(compiler)
            .args(["--edition=2024", "--crate-type=cdylib", "-Copt-level=0"])
            .arg("-o")
            .arg(self.library())
            .arg(source)
            .env("STANDIN_STATE", self.state())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "{errors}");
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// What the driver answers: the code of every call of the library, then for each device the
    /// code of its calls, the code of its utilisation, the percent and gibibytes in use, its name.
    fn says(&self, text: &str) {
        fs::write(self.state(), text).unwrap();
    }
}

/// Reads until it was looked for a driver once more.
fn read_on(gpus: &mut Gpus) -> Vec<GpuSnapshot> {
    (0..LOOK_EVERY).for_each(|_| drop(gpus.read()));
    gpus.read()
}

fn gpu(index: u32, used: Option<f32>, gibibytes: u64) -> GpuSnapshot {
    GpuSnapshot {
        index,
        name: format!("Stand-in {index}"),
        used,
        memory_used: gibibytes * GIB,
        memory_total: 24 * GIB,
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_driver_comes_fills_up_fails_and_goes() {
    let machine = Machine::new();
    let mut gpus = Gpus::new(&machine.library());
    assert_eq!(gpus.read(), []);

    machine.says("0\n0 0 10 1 Stand-in 0\n0 0 0 0 Stand-in 1\n");
    machine.install();
    // It is not looked for at every reading.
    assert_eq!(gpus.read(), []);
    assert_eq!(
        read_on(&mut gpus),
        [gpu(0, Some(0.1), 1), gpu(1, Some(0.0), 0)]
    );

    machine.says("0\n0 0 100 24 Stand-in 0\n0 3 0 5 Stand-in 1\n");
    assert_eq!(gpus.read(), [gpu(0, Some(1.0), 24), gpu(1, None, 5)]);

    // One falls off the bus; the other is read on.
    machine.says("0\n15 0 0 0 Stand-in 0\n0 0 50 6 Stand-in 1\n");
    assert_eq!(gpus.read(), [gpu(1, Some(0.5), 6)]);
    assert!(gpus.driver.is_some());

    // The driver is unloaded, and loaded again.
    machine.says("9\n");
    assert_eq!(gpus.read(), []);
    assert!(gpus.driver.is_none());
    assert_eq!(read_on(&mut gpus), []);
    machine.says("0\n0 0 0 2 Stand-in 0\n");
    assert_eq!(read_on(&mut gpus), [gpu(0, Some(0.0), 2)]);
    // All devices are taken away.
    machine.says("0\n");
    assert_eq!(gpus.read(), []);
}

#[test]
fn without_a_library_nothing_is_found_and_nothing_is_said_of_it() {
    let mut gpus = Gpus::new(Path::new("/nowhere/libnvidia-ml.so"));
    assert_eq!(read_on(&mut gpus), []);
    assert_eq!(gpus.complaint, None);
    assert_eq!(Gpus::none().read(), []);
}
