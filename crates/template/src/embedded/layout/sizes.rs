//! How large things are drawn against one another.

/// A size as drawn for one in metres: compressed, so that a mouse beside a house is still seen.
pub(crate) fn compressed(metres: f64) -> f64 {
    metres.clamp(0.1, 30.0).powf(0.4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mouse_beside_a_house_is_still_seen() {
        let [mouse, house] = [0.13, 9.0].map(compressed);
        assert!(mouse < house);
        assert!(mouse / house > 0.1);
    }
}
