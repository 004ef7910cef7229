//! How memory grows that is kept for good.
//!
//! Doubling would leave a third of it unused on the mean, for as long as a
//! renderer lives, to save copies that happen once.

/// Vertices of an outline for which there is room before it is known. Larger
/// ones make their own.
pub(crate) const USUAL_VERTICES: usize = 256;

/// Makes room for at least `count` more items: when there is too little, for an
/// eighth more than that.
pub(crate) fn make_room<T>(items: &mut Vec<T>, count: usize) {
    if items.capacity() - items.len() < count {
        items.reserve_exact(count + items.len() / 8);
    }
}

/// Sets the length, new items being what `item` says, with no more room than
/// [`make_room`] makes.
pub(crate) fn resize<T: Clone>(items: &mut Vec<T>, length: usize, item: T) {
    make_room(items, length.saturating_sub(items.len()));
    items.resize(length, item);
}

/// Memory that several workers have each.
///
/// Which of them gets the tile that needs the most is up to chance. When all have
/// as much room as the one that got it, no later pass has to grow another.
pub(crate) trait Room {
    /// Makes as much room as `other` has.
    fn match_room(&mut self, other: &Self);
}

impl<T> Room for Vec<T> {
    fn match_room(&mut self, other: &Self) {
        if self.capacity() < other.capacity() {
            self.reserve_exact(other.capacity() - self.len());
        }
    }
}

/// Lists the fields of a struct that have room.
macro_rules! room {
    ($name:ident: $($field:ident),+) => {
        impl crate::growth::Room for $name {
            fn match_room(&mut self, other: &Self) {
                $(self.$field.match_room(&other.$field);)+
            }
        }
    };
}
pub(crate) use room;
