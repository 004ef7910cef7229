//! NVIDIA GPUs through the driver's own library, when there is one.
//!
//! A driver may be loaded after we have started, and may go. So without one it is looked for again
//! now and then, and one that fails as a whole is let go of.

use std::path::{Path, PathBuf};

use chat2svg_protocol::GpuSnapshot;
use nvml_wrapper::{Device, Nvml, error::NvmlError};
use tracing::{debug, info, warn};

/// Readings between two looks for a driver.
const LOOK_EVERY: u32 = 12;

/// The name under which the driver's library is installed where nothing is built against it.
#[cfg(target_os = "linux")]
const RUNTIME_NAME: &str = "libnvidia-ml.so.1";

/// The GPUs of the machine; none without a driver.
pub(crate) struct Gpus {
    /// Where the library is, empty for the usual places; `None` when GPUs are not looked for.
    library: Option<PathBuf>,
    driver: Option<Nvml>,
    /// Readings until the next look for a driver.
    patience: u32,
    /// Devices that gave a reading the last time.
    seen: Vec<u32>,
    /// What was said of a driver that does not work, so that it is said once.
    complaint: Option<String>,
}

impl Gpus {
    /// GPUs through a library; the usual one when the path is empty.
    pub(crate) fn new(library: &Path) -> Self {
        Self {
            library: Some(library.to_owned()),
            ..Self::none()
        }
    }

    /// No GPUs, without looking.
    pub(crate) fn none() -> Self {
        Self {
            library: None,
            driver: None,
            patience: 0,
            seen: Vec::new(),
            complaint: None,
        }
    }

    /// A reading of each GPU that answers.
    pub(crate) fn read(&mut self) -> Vec<GpuSnapshot> {
        self.look();
        let Some(driver) = &self.driver else {
            return Vec::new();
        };
        let count = match driver.device_count() {
            Ok(count) => count,
            Err(error) => {
                warn!(%error, "the GPU driver does not answer any more");
                self.driver = None;
                self.patience = LOOK_EVERY;
                self.seen.clear();
                return Vec::new();
            }
        };
        let mut gpus = Vec::new();
        for index in 0..count {
            match snapshot(driver, index) {
                Ok(gpu) => gpus.push(gpu),
                Err(error) if self.seen.contains(&index) => {
                    warn!(index, %error, "a GPU gives no reading any more");
                }
                Err(error) => debug!(index, %error, "a GPU gives no reading"),
            }
        }
        let seen: Vec<u32> = gpus.iter().map(|gpu| gpu.index).collect();
        if seen != self.seen {
            let names: Vec<&str> = gpus.iter().map(|gpu| gpu.name.as_str()).collect();
            info!(?names, "GPUs");
            self.seen = seen;
        }
        gpus
    }

    /// Looks for a driver when there is none and it is time.
    fn look(&mut self) {
        let Some(library) = &self.library else {
            return;
        };
        if self.driver.is_some() {
            return;
        }
        if self.patience > 0 {
            self.patience -= 1;
            return;
        }
        self.patience = LOOK_EVERY;
        match open(library) {
            Ok(driver) => {
                self.driver = Some(driver);
                self.complaint = None;
            }
            // Most machines have none.
            Err(error @ NvmlError::LibloadingError(_)) => debug!(%error, "no GPU driver"),
            Err(error) => {
                let text = error.to_string();
                if self.complaint.as_ref() != Some(&text) {
                    info!(%error, "the GPU driver's library is there but does not work");
                    self.complaint = Some(text);
                }
            }
        }
    }
}

fn open(library: &Path) -> Result<Nvml, NvmlError> {
    if !library.as_os_str().is_empty() {
        return Nvml::builder().lib_path(library.as_os_str()).init();
    }
    #[cfg(target_os = "linux")]
    match Nvml::builder().lib_path(RUNTIME_NAME.as_ref()).init() {
        Err(NvmlError::LibloadingError(_)) => {}
        other => return other,
    }
    Nvml::init()
}

fn snapshot(driver: &Nvml, index: u32) -> Result<GpuSnapshot, NvmlError> {
    let device = driver.device_by_index(index)?;
    let memory = device.memory_info()?;
    Ok(GpuSnapshot {
        index,
        name: device.name()?,
        used: utilisation(&device)?,
        memory_used: memory.used,
        memory_total: memory.total,
    })
}

/// Compute in use; `None` where the device does not count it.
fn utilisation(device: &Device<'_>) -> Result<Option<f32>, NvmlError> {
    match device.utilization_rates() {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a percentage is exact in an f32"
        )]
        Ok(rates) => Ok(Some((rates.gpu as f32 / 100.0).clamp(0.0, 1.0))),
        Err(NvmlError::NotSupported) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
