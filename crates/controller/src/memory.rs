//! Memory as something that running jobs share: what their files become once they are decoded.

use std::sync::Arc;

use chat2svg_protocol::{Attachment, AttachmentRole};
use chat2svg_vector::{DecodeLimits, Raster};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of memory at the most for each pixel of a picture while it is decoded and fitted to.
const BYTES_PER_PIXEL: u64 = 20;
/// Bytes of memory at the most for each byte of an SVG while it is read.
const BYTES_PER_SVG_BYTE: u64 = 48;
/// What the least job takes, in MiB.
const LEAST_MIB: u32 = 8;

const MIB: u64 = 1 << 20;

/// The memory that the decoded files of running jobs may take together.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    shares: Arc<Semaphore>,
    mib: u32,
}

impl MemoryBudget {
    /// A budget of so many MiB, at least 16.
    pub fn new(mib: u32) -> Self {
        let mib = mib.max(2 * LEAST_MIB);
        Self {
            shares: Arc::new(Semaphore::new(mib as usize)),
            mib,
        }
    }

    /// Waits for a job's share, which is free again when the permit is dropped. Who came first is
    /// served first. A job that weighs more than the whole budget runs alone.
    pub(crate) async fn share(&self, weight_mib: u32) -> Option<OwnedSemaphorePermit> {
        let share = weight_mib.clamp(LEAST_MIB, self.mib);
        Arc::clone(&self.shares)
            .acquire_many_owned(share)
            .await
            .ok()
    }
}

/// Memory in MiB that a job's files take at the most while it runs.
pub(crate) fn weight_mib(attachments: &[Attachment]) -> u32 {
    let bytes: u64 = attachments.iter().map(weight).sum();
    u32::try_from(bytes.div_ceil(MIB)).unwrap_or(u32::MAX)
}

/// How large the picture is that came with a job, in powers of two of 512 × 512 pixels; 0 when
/// there is none.
pub(crate) fn size_of(attachments: &[Attachment]) -> i8 {
    let pixels = attachments
        .iter()
        .filter(|attachment| attachment.role == AttachmentRole::Target)
        .map(pixels)
        .max()
        .unwrap_or(0);
    #[expect(clippy::cast_possible_truncation, reason = "clamped")]
    match pixels {
        0 => 0,
        pixels => ((pixels as f64 / 262_144.0).log2().round().clamp(-4.0, 6.0)) as i8,
    }
}

/// Pixels of a picture; a file that cannot be read has none, and the job fails when it tries.
fn pixels(attachment: &Attachment) -> u64 {
    let limits = DecodeLimits {
        bytes: usize::MAX,
        ..DecodeLimits::default()
    };
    Raster::inspect(&attachment.bytes, &limits).map_or(0, |head| head.pixels())
}

fn weight(attachment: &Attachment) -> u64 {
    let bytes = attachment.bytes.len() as u64;
    match attachment.role {
        AttachmentRole::Template => bytes.saturating_mul(1 + BYTES_PER_SVG_BYTE),
        AttachmentRole::Target => pixels(attachment)
            .saturating_mul(BYTES_PER_PIXEL)
            .saturating_add(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(side: u32) -> Attachment {
        let raster = Raster::filled(side, side, [1, 2, 3, 255]).unwrap();
        Attachment {
            role: AttachmentRole::Target,
            bytes: raster.encode_png().unwrap().into(),
        }
    }

    #[test]
    fn a_small_file_of_a_large_picture_weighs_what_it_becomes() {
        assert_eq!(weight_mib(&[picture(1024)]), 21);
        let garbage = Attachment {
            role: AttachmentRole::Target,
            bytes: Arc::from(*b"no picture"),
        };
        assert_eq!(weight_mib(&[garbage]), 1);
    }

    #[test]
    fn a_picture_has_a_size_in_powers_of_two() {
        assert_eq!(size_of(&[picture(512)]), 0);
        assert_eq!(size_of(&[picture(1024)]), 2);
        assert_eq!(size_of(&[picture(16)]), -4);
        assert_eq!(size_of(&[]), 0);
    }

    #[actix_rt::test]
    async fn shares_are_waited_for_and_the_heaviest_runs_alone() {
        let budget = MemoryBudget::new(64);
        let first = budget.share(40).await;
        let second = budget.share(1_000);
        tokio::pin!(second);
        tokio::select! {
            biased;
            _ = &mut second => panic!("there is no room beside the first"),
            () = tokio::task::yield_now() => {}
        }
        drop(first);
        assert!(second.await.is_some());
    }
}
