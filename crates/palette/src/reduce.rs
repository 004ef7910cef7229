//! Few colours that stand for many.

use chat2svg_vector::Oklab;

use crate::palette::color_of;

/// A colour, and how much of it there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swatch {
    /// Red, green, blue.
    pub color: [u8; 3],
    /// How much of it there is, in any unit; what is not positive counts as next to nothing.
    pub weight: f32,
}

/// Colours that are one from now on.
struct Cluster {
    look: Oklab,
    weight: f32,
    members: Vec<usize>,
}

/// For each colour the index of the one that stands for it, at most `most` different ones. Those
/// come together first whose difference shows least for what there is of them, and the one with the
/// most weight stands for all.
pub fn reduce(swatches: &[Swatch], most: usize) -> Vec<usize> {
    join(swatches, |left, _| left > most.max(1))
}

/// As [`reduce()`], until no two of those that are left differ by `within` or less (Oklab).
pub(crate) fn reduce_alike(swatches: &[Swatch], within: f32) -> Vec<usize> {
    join(swatches, |_, difference| difference <= within)
}

/// Brings clusters together as long as some pair may be joined; `may` is told how many are left and
/// by how much the two differ.
fn join(swatches: &[Swatch], may: impl Fn(usize, f32) -> bool) -> Vec<usize> {
    let mut clusters: Vec<Cluster> = swatches
        .iter()
        .enumerate()
        .map(|(index, swatch)| Cluster {
            look: color_of(swatch.color).to_oklab(),
            weight: weight_of(swatch),
            members: vec![index],
        })
        .collect();
    loop {
        let mut best: Option<(f32, usize, usize)> = None;
        for (one, a) in clusters.iter().enumerate() {
            for (other, b) in clusters.iter().enumerate().skip(one + 1) {
                let difference = a.look.distance(b.look);
                if !may(clusters.len(), difference) {
                    continue;
                }
                // What Ward's method adds to the squared error.
                let shared = a.weight * b.weight / (a.weight + b.weight);
                let cost = shared * difference.powi(2);
                if best.is_none_or(|(least, _, _)| cost < least) {
                    best = Some((cost, one, other));
                }
            }
        }
        let Some((_, one, other)) = best else {
            break;
        };
        let gone = clusters.swap_remove(other);
        if let Some(kept) = clusters.get_mut(one) {
            let fraction = gone.weight / (kept.weight + gone.weight);
            kept.look = kept.look.lerp(gone.look, fraction);
            kept.weight += gone.weight;
            kept.members.extend(gone.members);
        }
    }
    let mut stands: Vec<usize> = (0..swatches.len()).collect();
    for cluster in &clusters {
        let weight = |index: &usize| swatches.get(*index).map_or(0.0, weight_of);
        let heaviest = cluster.members.iter().copied().max_by(|a, b| {
            // The first of several alike.
            weight(a).total_cmp(&weight(b)).then(b.cmp(a))
        });
        for member in &cluster.members {
            if let (Some(stand), Some(heaviest)) = (stands.get_mut(*member), heaviest) {
                *stand = heaviest;
            }
        }
    }
    stands
}

fn weight_of(swatch: &Swatch) -> f32 {
    if swatch.weight.is_finite() {
        swatch.weight.max(1e-6)
    } else {
        1e-6
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn swatch(rgb: u32, weight: f32) -> Swatch {
        let [_, red, green, blue] = rgb.to_be_bytes();
        Swatch {
            color: [red, green, blue],
            weight,
        }
    }

    #[test]
    fn what_looks_alike_comes_together_and_the_heaviest_stands_for_it() {
        let given = [
            swatch(0xff0000, 5.0),
            swatch(0xfa0505, 9.0),
            swatch(0x0000ff, 1.0),
            swatch(0x0505fa, 0.5),
            swatch(0xffffff, 3.0),
        ];
        assert_eq!(reduce(&given, 3), [1, 1, 2, 2, 4]);
        assert_eq!(reduce(&given, 9), [0, 1, 2, 3, 4]);
        assert_eq!(reduce(&[], 3), [0; 0]);
        assert_eq!(reduce_alike(&given, 0.1), [1, 1, 2, 2, 4]);
        assert_eq!(reduce_alike(&given, 0.0), [0, 1, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn no_more_are_left_than_asked_for(
            given in prop::collection::vec((0u32..0x0100_0000, -1.0f32..9.0), 0..30),
            most in 0usize..12,
        ) {
            let given: Vec<Swatch> = given.iter().map(|(rgb, weight)| swatch(*rgb, *weight)).collect();
            let mut left = reduce(&given, most);
            prop_assert_eq!(left.len(), given.len());
            for index in &left {
                prop_assert_eq!(left[*index], *index, "who stands for others stands for itself");
            }
            left.sort_unstable();
            left.dedup();
            prop_assert!(left.len() <= most.max(1));
        }
    }
}
