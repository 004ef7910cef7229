//! NVIDIA GPUs through the driver's own library, when there is one.

use chat2svg_protocol::GpuSnapshot;
use nvml_wrapper::{Nvml, error::NvmlError};
use tracing::{debug, info};

/// The GPUs of the machine; none without a driver.
pub(crate) struct Gpus {
    driver: Option<Nvml>,
}

impl Gpus {
    /// Looks for the driver's library.
    pub(crate) fn find() -> Self {
        let driver = Nvml::init()
            .inspect_err(|error| info!(%error, "no GPU: the driver's library is not there"))
            .ok();
        Self { driver }
    }

    /// No GPUs, without looking.
    pub(crate) fn none() -> Self {
        Self { driver: None }
    }

    /// A reading of each GPU that answers.
    pub(crate) fn read(&self) -> Vec<GpuSnapshot> {
        let Some(driver) = &self.driver else {
            return Vec::new();
        };
        let count = driver.device_count().unwrap_or(0);
        (0..count)
            .filter_map(|index| {
                snapshot(driver, index)
                    .inspect_err(|error| debug!(index, %error, "a GPU gives no reading"))
                    .ok()
            })
            .collect()
    }
}

fn snapshot(driver: &Nvml, index: u32) -> Result<GpuSnapshot, NvmlError> {
    let device = driver.device_by_index(index)?;
    let memory = device.memory_info()?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a percentage is exact in an f32"
    )]
    let used = device.utilization_rates()?.gpu as f32 / 100.0;
    Ok(GpuSnapshot {
        name: device.name()?,
        used: used.clamp(0.0, 1.0),
        memory_used: memory.used,
        memory_total: memory.total,
    })
}
