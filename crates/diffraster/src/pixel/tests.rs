use fearless_simd::{Level, dispatch};

use super::*;

/// Fragments of closed polygons within the pixel, and their mean winding.
fn polygons(contours: &[&[[f32; 2]]]) -> (Vec<Fragment>, f32) {
    let mut fragments = Vec::new();
    let mut mean = 0.0;
    for contour in contours {
        for (i, start) in contour.iter().enumerate() {
            let end = contour[(i + 1) % contour.len()];
            mean += (end[0] - start[0]) * (1.0 - 0.5 * (start[1] + end[1]));
            fragments.push(Fragment {
                start: *start,
                end,
                from: 0.0,
                to: 1.0,
                flags: if i > 0 { CONTINUES } else { 0 },
                step: 0,
            });
        }
    }
    (fragments, mean)
}

fn resolve(rule: FillRule, mean: f32, fragments: &[Fragment]) -> (f32, Vec<Weight>) {
    let mut pixel = Pixel::default();
    let mut weights = [Weight::default(); MAX_FRAGMENTS];
    let area = dispatch!(Level::new(), simd => pixel.resolve(
        simd,
        rule,
        mean,
        fragments,
        &mut weights
    ));
    (area, weights[..fragments.len()].to_vec())
}

fn random_star(state: &mut u32, count: usize) -> Vec<[f32; 2]> {
    let mut next = || {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 8) as f32 / (1u32 << 24) as f32
    };
    (0..count).map(|_| [next(), next()]).collect()
}

#[test]
fn stars_cover_what_scan_lines_say() {
    let mut state = 7;
    for count in 3..MAX_FRAGMENTS {
        let star = random_star(&mut state, count);
        let (fragments, mean) = polygons(&[&star]);
        for rule in [FillRule::NonZero, FillRule::EvenOdd] {
            let (area, _) = resolve(rule, mean, &fragments);
            let scanned = Pixel::default().scan(rule, mean, &fragments);
            assert!((area - scanned).abs() < 0.02, "{count}: {area} {scanned}");
        }
    }
}

#[test]
fn a_bow_tie_covers_both_its_wings() {
    let tie = [[0.2, 0.2], [0.8, 0.8], [0.8, 0.2], [0.2, 0.8]];
    let (fragments, mean) = polygons(&[&tie]);
    assert!(mean.abs() < 1e-6);
    let (area, weights) = resolve(FillRule::NonZero, mean, &fragments);
    assert!((area - 0.18).abs() < 1e-5, "{area}");
    // Half of each diagonal bounds the inside one way, half the other way.
    assert!(weights[0].weight.abs() < 1e-5);
    assert!((weights[0].weighted_middle.abs() - 0.25).abs() < 1e-5);
}

#[test]
fn of_two_edges_in_one_place_each_counts_half() {
    let square = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]];
    let (fragments, mean) = polygons(&[&square, &square]);
    let (area, weights) = resolve(FillRule::NonZero, mean, &fragments);
    assert!((area - 0.36).abs() < 1e-5, "{area}");
    assert!(weights.iter().all(|w| w.weight == 0.5), "{weights:?}");
    let (area, _) = resolve(FillRule::EvenOdd, mean, &fragments);
    assert!(area.abs() < 1e-5, "{area}");
}

#[test]
fn what_leaves_through_the_top_and_the_left_is_told_from_the_corner() {
    // Up from the bottom, and to the left below that: winding 0 at the
    // corner, 1 to the right, and 1 less below the second.
    let up = Fragment {
        start: [0.5, 1.0],
        end: [0.5, 0.0],
        from: 0.0,
        to: 1.0,
        flags: LEAVES_TOP,
        step: 0,
    };
    let left = Fragment {
        start: [1.0, 0.5],
        end: [0.0, 0.5],
        flags: REACHES_LEFT | REACHES_RIGHT,
        ..up
    };
    // 0 above and -1 below on the left, 1 above and 0 below on the right.
    let (area, _) = resolve(FillRule::NonZero, 0.0, &[up, left]);
    assert!((area - 0.5).abs() < 1e-5, "{area}");
}
