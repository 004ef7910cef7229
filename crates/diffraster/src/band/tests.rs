use fearless_simd::{Level, dispatch};

use super::*;
use crate::pixel::{
    ENTERS_TOP, LEAVES_TOP, MAX_FRAGMENTS, Pixel, REACHES_LEFT, REACHES_RIGHT, Weight,
};
use crate::scene::FillRule;

/// A chain through `points`, marked with the borders at its ends.
fn chain(points: &[[f32; 2]]) -> Vec<Fragment> {
    let last = points.len() - 2;
    let mut fragments: Vec<Fragment> = points
        .windows(2)
        .enumerate()
        .map(|(i, pair)| Fragment {
            start: pair[0],
            end: pair[1],
            from: 0.0,
            to: 1.0,
            flags: if i > 0 { CONTINUES } else { 0 },
            step: 0,
        })
        .collect();
    let sides = |[x, y]: [f32; 2], top: u32| match (x, y) {
        (_, 0.0) => top,
        (0.0, _) => REACHES_LEFT,
        (1.0, _) => REACHES_RIGHT,
        _ => 0,
    };
    fragments[0].flags |= sides(points[0], ENTERS_TOP);
    fragments[last].flags |= sides(points[last + 1], LEAVES_TOP);
    fragments
}

#[test]
fn two_edges_of_a_stroke_are_a_band() {
    let up = chain(&[[0.2, 1.0], [0.25, 0.5], [0.3, 0.0]]);
    let down = chain(&[[0.8, 0.0], [0.8, 1.0]]);
    let found = |chains: &[&Vec<Fragment>], mean: f32| {
        let fragments: Vec<Fragment> = chains.iter().copied().flatten().copied().collect();
        band(FillRule::NonZero, mean, &fragments)
    };
    let both = found(&[&up, &down], 0.55);
    assert!(both.is_some_and(|b| (b.area - 0.55).abs() < 1e-5 && b.follows == [1.0; 2]));
    // Both the same way: windings 0, 1 and 2, of which only the first edge counts.
    let also_up = chain(&[[0.8, 1.0], [0.8, 0.0]]);
    let same = found(&[&up, &also_up], 0.95);
    assert!(same.is_some_and(|b| (b.area - 0.75).abs() < 1e-5 && b.follows == [1.0, 0.0]));
    // A third edge, one that ends within, one that crosses, one alone.
    assert!(found(&[&up, &down, &up], 0.0).is_none());
    assert!(found(&[&up, &chain(&[[0.8, 0.0], [0.8, 0.9]])], 0.0).is_none());
    assert!(found(&[&up, &chain(&[[0.8, 0.0], [0.1, 1.0]])], 0.0).is_none());
    assert!(found(&[&up], 0.0).is_none());
}

/// A point on one of the borders.
fn border(at: f32) -> [f32; 2] {
    match at as u32 {
        0 => [at, 0.0],
        1 => [1.0, at - 1.0],
        2 => [3.0 - at, 1.0],
        _ => [0.0, 4.0 - at],
    }
}

#[test]
fn a_band_is_what_the_general_way_makes_of_it() {
    let mut state = 11u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 24) as f32
    };
    let mut bands = 0;
    for _ in 0..4000 {
        let mut edge = || {
            let (a, b) = (border(4.0 * next()), border(4.0 * next()));
            let middle =
                [0, 1].map(|k| (0.5 * (a[k] + b[k]) + 0.2 * (next() - 0.5)).clamp(0.01, 0.99));
            chain(&[a, middle, b])
        };
        let fragments = [edge(), edge()].concat();
        for (corner, rule) in [
            (-2.0, FillRule::NonZero),
            (-1.0, FillRule::NonZero),
            (0.0, FillRule::NonZero),
            (1.0, FillRule::NonZero),
            (0.0, FillRule::EvenOdd),
            (1.0, FillRule::EvenOdd),
        ] {
            let mean = corner + total(&fragments);
            let Some(found) = band(rule, mean, &fragments) else {
                continue;
            };
            bands += 1;
            let mut weights = [Weight::default(); MAX_FRAGMENTS];
            let area = dispatch!(Level::new(), simd => Pixel::default().resolve(
                simd,
                rule,
                mean,
                &fragments,
                &mut weights
            ));
            assert!((area - found.area).abs() < 1e-4, "{area} {found:?}");
            for (i, weight) in weights.iter().take(fragments.len()).enumerate() {
                let follows = found.follows[usize::from(i >= found.second)];
                assert_eq!(weight.weight, follows, "{found:?} {fragments:?}");
            }
        }
    }
    assert!(bands > 2000, "{bands}");
}
