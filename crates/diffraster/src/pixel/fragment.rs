//! Fragments: what an outline does within a pixel.
//!
//! How much of the pixel they cover together is up to [`super::Pixel`].

/// The fragment comes from the pixel above.
pub(crate) const ENTERS_TOP: u32 = 1;
/// The fragment goes on in the pixel above.
pub(crate) const LEAVES_TOP: u32 = 2;
/// An end goes on in the pixel to the left.
pub(crate) const REACHES_LEFT: u32 = 4;
/// An end goes on in the pixel to the right.
pub(crate) const REACHES_RIGHT: u32 = 8;
/// The fragment starts where the one before it ends.
pub(crate) const CONTINUES: u32 = 16;

/// What a piece of the outline does within a pixel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fragment {
    pub(crate) start: [f32; 2],
    pub(crate) end: [f32; 2],
    /// Part of the piece.
    pub(crate) from: f32,
    pub(crate) to: f32,
    /// `ENTERS_TOP` and the like.
    pub(crate) flags: u32,
    /// Which step of the tile's it is.
    pub(crate) step: u32,
}

impl Fragment {
    pub(super) fn delta(&self) -> [f32; 2] {
        [self.end[0] - self.start[0], self.end[1] - self.start[1]]
    }

    /// Where the winding on the pixel's top border changes, and by how much,
    /// which may be nothing.
    pub(super) fn steps_on_top(&self) -> [(f32, f32); 2] {
        let enters = if self.flags & ENTERS_TOP != 0 {
            -1.0
        } else {
            0.0
        };
        let leaves = if self.flags & LEAVES_TOP != 0 {
            1.0
        } else {
            0.0
        };
        [(self.start[0], enters), (self.end[0], leaves)]
    }
}

/// Whether a chain of fragments goes on in one direction, so that it cannot
/// meet itself.
pub(crate) fn is_monotone(chain: &[Fragment]) -> bool {
    let Some(middle) = chain.get(chain.len() / 2).map(Fragment::delta) else {
        return true;
    };
    chain.iter().all(|fragment| {
        let d = fragment.delta();
        d[0] * middle[0] + d[1] * middle[1] > 0.0
    })
}

/// What a fragment adds to the mean winding.
pub(crate) fn added(fragment: &Fragment) -> f32 {
    let [dx, _] = fragment.delta();
    let mut sum = dx * (1.0 - 0.5 * (fragment.start[1] + fragment.end[1]));
    for (x, sign) in fragment.steps_on_top() {
        sum += sign * (1.0 - x);
    }
    sum
}

/// Winding at the top left corner. It is what the fragments leave of the mean,
/// and a whole number, so rounding cannot reach it.
pub(super) fn corner(mean: f32, fragments: &[Fragment]) -> f32 {
    let sum: f32 = fragments.iter().map(added).sum();
    (mean - sum).round_ties_even()
}
