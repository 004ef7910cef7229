//! Where something stands: from places in rewritten text back to the source, and to lines and
//! columns.

use super::Position;

/// Tells for places in a rewritten text where they were in its source.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceMap {
    /// Places in the new text with theirs in the source, in the order of the new text.
    anchors: Vec<(usize, usize)>,
}

impl SourceMap {
    /// From here on the new text follows the source from a place.
    pub(crate) fn anchor(&mut self, new: usize, source: usize) {
        self.anchors.push((new, source));
    }

    /// The same for a source that was itself rewritten from another one.
    pub(crate) fn behind(&self, outer: &Self) -> Self {
        let anchors = self.anchors.iter();
        Self {
            anchors: anchors
                .map(|(new, source)| (*new, outer.source(*source)))
                .collect(),
        }
    }

    /// The place in the source; close to it where text was put in or left out.
    pub(crate) fn source(&self, new: usize) -> usize {
        let after = self.anchors.partition_point(|(at, _)| *at <= new);
        match after.checked_sub(1).and_then(|last| self.anchors.get(last)) {
            Some((at, source)) => source + (new - at),
            None => new,
        }
    }
}

/// Lines and columns of ascending places in a text, in one pass over it.
pub(crate) fn positions(text: &str, ascending: &[usize]) -> Vec<Position> {
    let (mut line, mut column) = (1, 1);
    let mut wanted = ascending.iter().peekable();
    let mut out = Vec::with_capacity(ascending.len());
    for (at, character) in text.char_indices() {
        while wanted.next_if(|next| **next <= at).is_some() {
            out.push(Position { line, column });
        }
        if wanted.peek().is_none() {
            return out;
        }
        if character == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    out.extend(wanted.map(|_| Position { line, column }));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_in_characters() {
        let found = positions("ä\nbc\n", &[0, 2, 3, 4, 99]);
        let found: Vec<_> = found.iter().map(|at| (at.line, at.column)).collect();
        assert_eq!(found, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)]);
    }

    #[test]
    fn places_are_found_again() {
        let mut map = SourceMap::default();
        map.anchor(0, 10);
        map.anchor(5, 40);
        assert_eq!((map.source(4), map.source(5), map.source(7)), (14, 40, 42));
        assert_eq!(SourceMap::default().source(3), 3);
    }
}
