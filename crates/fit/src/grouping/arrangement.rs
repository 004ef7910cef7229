//! Which shapes of a layer go together: those of one colour, of one object, or on one part of it.
//! Judged by the pixels that each paints, so that no shape passes one with which it has a pixel, or
//! the next one, in common.

use chat2svg_trace::neighbours;
use chat2svg_vector::{Document, Node};
use fixedbitset::FixedBitSet;
use kurbo::{Affine, Rect};

/// Longest side in pixels of the canvas on which shapes are compared.
const SIDE: u32 = 160;
/// Most groups by colour where objects and parts are not looked for.
const FEW_GROUPS: usize = 8;
/// Most groups that are easier to read than fewer.
const MOST_GROUPS: usize = 24;
/// Groups to which more are reduced.
const REDUCED_GROUPS: usize = 12;
/// Of the number of shapes, how many groups at most, and how many in one of them.
const LARGEST_SHARE: f64 = 0.7;
/// Share of the canvas that a shape covers which is no part of an object.
const GROUND_SHARE: f64 = 0.4;
/// Share of a shape that lies on another one of which it is a part.
const ON_SHARE: f64 = 0.6;

/// What a shape is grouped by: two of one kind may share a group.
type Kind<'a> = (usize, &'a str);

/// How the shapes of a layer lie over one another.
pub(super) struct Arrangement {
    /// Of each shape the pixels that it paints.
    pub(super) areas: Vec<usize>,
    prints: Vec<FixedBitSet>,
    /// Of each shape those painted before it that it must stay above.
    below: Vec<Vec<usize>>,
    size: [usize; 2],
}

/// How many groups some places are in.
pub(super) fn count_of(places: &[usize]) -> usize {
    places.iter().max().map_or(0, |last| last + 1)
}

impl Arrangement {
    /// Of a document's shapes; `None` where they cannot be drawn.
    pub(super) fn of(shapes: &[Node], document: &Document) -> Option<Self> {
        let size = [document.width.ceil() as u32, document.height.ceil() as u32];
        let (width, height) = document.canvas_size(size, SIDE).ok()?;
        let mut alone = document.clone();
        alone.layers = shapes.to_vec();
        let prints = alone.footprints(width, height).ok()?;
        let size = [width as usize, height as usize];
        let pixel = document.view_box.width().max(document.view_box.height())
            / f64::from(width.max(height));
        let boxes: Vec<Rect> = shapes
            .iter()
            .map(|node| node.paint_bounds(Affine::IDENTITY).unwrap_or_default())
            .collect();
        let below = (0..prints.len())
            .map(|index| {
                let near = grown(&prints[index], size);
                let around = boxes[index].inflate(3.0 * pixel, 3.0 * pixel);
                let is_near = |other: &usize| {
                    around.overlaps(boxes[*other]) && !near.is_disjoint(&prints[*other])
                };
                (0..index).filter(is_near).collect()
            })
            .collect();
        Some(Self {
            areas: prints.iter().map(|print| print.count_ones(..)).collect(),
            prints,
            below,
            size,
        })
    }

    /// Of each shape, for which there is a word each, the group that it joins.
    pub(super) fn places(&self, words: &[&str]) -> Vec<usize> {
        let count = self.prints.len();
        let most = MOST_GROUPS.min(((count as f64 * LARGEST_SHARE) as usize).max(4));
        let by_color = self.sorted(&words.iter().map(|word| (0, *word)).collect::<Vec<_>>());
        if count_of(&by_color) <= FEW_GROUPS.min(most) {
            return by_color;
        }
        let by_object = self.sorted(&self.objects(words));
        let by_part = self.sorted(&self.parts(words));
        for places in [by_object, by_part.clone()] {
            let groups = count_of(&places);
            let in_one = (0..groups)
                .map(|group| places.iter().filter(|place| **place == group).count())
                .max();
            let is_even = in_one.is_some_and(|most| most as f64 <= LARGEST_SHARE * count as f64);
            if (2..=most).contains(&groups) && is_even {
                return places;
            }
        }
        if count_of(&by_color) <= MOST_GROUPS {
            return by_color;
        }
        self.reduced(by_part)
    }

    /// Of each shape the group that it joins: the first of its kind that is not painted before
    /// something on which it lies.
    fn sorted(&self, kinds: &[Kind]) -> Vec<usize> {
        let mut places: Vec<usize> = Vec::with_capacity(kinds.len());
        let mut groups: Vec<Kind> = Vec::new();
        for (kind, below) in kinds.iter().zip(&self.below) {
            let lowest = below.iter().map(|other| places[*other]).max().unwrap_or(0);
            let place = (lowest..groups.len()).find(|place| groups[*place] == *kind);
            places.push(place.unwrap_or_else(|| {
                groups.push(*kind);
                groups.len() - 1
            }));
        }
        places
    }

    /// Neighbours in painting order as one group, the smallest first, until there are few.
    fn reduced(&self, mut places: Vec<usize>) -> Vec<usize> {
        let mut sizes = vec![0; count_of(&places)];
        for (place, area) in places.iter().zip(&self.areas) {
            sizes[*place] += area;
        }
        while sizes.len() > REDUCED_GROUPS {
            let pair = |at: &usize| sizes[*at] + sizes[at + 1];
            let at = (0..sizes.len() - 1).min_by_key(pair).unwrap_or(0);
            sizes[at] = pair(&at);
            sizes.remove(at + 1);
            for place in &mut places {
                *place -= usize::from(*place > at);
            }
        }
        places
    }

    fn is_ground(&self, shape: usize) -> bool {
        self.areas[shape] as f64 >= GROUND_SHARE * (self.size[0] * self.size[1]) as f64
    }

    /// The object of each shape: shapes that touch are one, but for grounds, and for those in
    /// several parts that lie on different ones.
    fn objects<'a>(&self, words: &[&'a str]) -> Vec<Kind<'a>> {
        let count = self.prints.len();
        let is_whole: Vec<bool> = (0..count)
            .map(|shape| !self.is_ground(shape) && self.is_connected(shape))
            .collect();
        let mut objects: Vec<usize> = (0..count).collect();
        for shape in (0..count).filter(|shape| is_whole[*shape]) {
            for other in self.below[shape].iter().filter(|other| is_whole[**other]) {
                let (kept, gone) = (objects[*other], objects[shape]);
                for object in &mut objects {
                    if *object == gone {
                        *object = kept;
                    }
                }
            }
        }
        let object_of = |shape: usize| {
            if is_whole[shape] {
                return (objects[shape], "");
            }
            let other = (count, words[shape]);
            if self.is_ground(shape) {
                return other;
            }
            let mut touched = self.below[shape].iter().filter(|other| is_whole[**other]);
            let Some(first) = touched.next().map(|other| objects[*other]) else {
                return other;
            };
            let is_one = touched.all(|other| objects[*other] == first);
            if is_one { (first, "") } else { other }
        };
        (0..count).map(object_of).collect()
    }

    /// The part of each shape: what lies mostly on another shape belongs to it.
    fn parts<'a>(&self, words: &[&'a str]) -> Vec<Kind<'a>> {
        let mut parts: Vec<Kind> = Vec::with_capacity(self.prints.len());
        for (shape, word) in words.iter().enumerate() {
            let is_on = |other: &&usize| {
                let shared = self.prints[shape].intersection_count(&self.prints[**other]);
                !self.is_ground(**other) && shared as f64 >= ON_SHARE * self.areas[shape] as f64
            };
            let under = self.below[shape].iter().rev().find(is_on);
            parts.push(match under {
                Some(under) => parts[*under],
                None if self.is_ground(shape) => (self.prints.len(), *word),
                None => (shape, ""),
            });
        }
        parts
    }

    /// Whether what a shape paints hangs together.
    fn is_connected(&self, shape: usize) -> bool {
        let mut open = vec![false; self.size[0] * self.size[1]];
        for pixel in self.prints[shape].ones() {
            open[pixel] = true;
        }
        neighbours::connected(open, |pixel| neighbours::around(self.size, pixel)).len() <= 1
    }
}

/// Some pixels, and those around them.
fn grown(pixels: &FixedBitSet, [width, height]: [usize; 2]) -> FixedBitSet {
    let mut found = FixedBitSet::with_capacity(pixels.len());
    let mut ones = pixels.ones().peekable();
    while let Some(start) = ones.next() {
        let (row, mut end) = (start / width, start + 1);
        while ones
            .next_if(|next| *next == end && end % width > 0)
            .is_some()
        {
            end += 1;
        }
        let columns = (start % width).saturating_sub(1)..(end - row * width + 1).min(width);
        for row in row.saturating_sub(1)..(row + 2).min(height) {
            found.insert_range(row * width + columns.start..row * width + columns.end);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use chat2svg_vector::{Color, Paint, Shape};
    use kurbo::Shape as _;

    use super::*;

    /// Upright rectangles of one shape each.
    fn arranged(shapes: &[&[[f64; 4]]]) -> Arrangement {
        let node = |rects: &&[[f64; 4]]| {
            let mut path = kurbo::BezPath::new();
            for [x, y, width, height] in *rects {
                path.extend(Rect::new(*x, *y, x + width, y + height).path_elements(0.1));
            }
            Node::Shape(Shape::filled("", path, Paint::Solid(Color::BLACK)))
        };
        let nodes: Vec<Node> = shapes.iter().map(node).collect();
        Arrangement::of(&nodes, &Document::empty(120.0, 120.0)).expect("can be drawn")
    }

    #[test]
    fn only_what_shares_pixels_keeps_its_order() {
        // The boxes of the two overlap, what they paint does not.
        let found = arranged(&[
            &[[0.0, 0.0, 10.0, 10.0], [80.0, 80.0, 10.0, 10.0]],
            &[[40.0, 40.0, 10.0, 10.0]],
            &[[0.0, 5.0, 5.0, 5.0]],
        ]);
        assert_eq!(found.below, [vec![], vec![], vec![0]]);
        assert_eq!(
            found.sorted(&[(0, "red"), (0, "blue"), (0, "red")]),
            [0, 1, 0]
        );
        assert_eq!(
            found.sorted(&[(0, "red"), (0, "blue"), (0, "blue")]),
            [0, 1, 1]
        );
        assert_eq!(
            found.sorted(&[(0, "blue"), (0, "red"), (0, "red")]),
            [0, 1, 1]
        );
    }

    #[test]
    fn a_mark_on_several_objects_joins_none() {
        let words = ["white", "red", "blue", "white", "dark"];
        let found = arranged(&[
            &[[0.0, 0.0, 120.0, 120.0]],
            &[[10.0, 10.0, 30.0, 30.0]],
            &[[70.0, 10.0, 30.0, 30.0]],
            &[[20.0, 20.0, 10.0, 10.0], [80.0, 20.0, 10.0, 10.0]],
            &[[12.0, 12.0, 4.0, 4.0], [12.0, 30.0, 4.0, 4.0]],
        ]);
        let kinds = [(5, "white"), (1, ""), (2, ""), (5, "white"), (1, "")];
        assert_eq!(found.objects(&words), kinds);
        let kinds = [(5, "white"), (1, ""), (2, ""), (3, ""), (1, "")];
        assert_eq!(found.parts(&words), kinds);
    }

    #[test]
    fn of_many_parts_twelve_groups_remain() {
        // A chain, so that all is one object, of parts and colours that all differ.
        let rects: Vec<[f64; 4]> = (0..30)
            .map(|index| [f64::from(index) * 3.5, 50.0, 5.0, 5.0])
            .collect();
        let shapes: Vec<&[[f64; 4]]> = rects.chunks(1).collect();
        let names: Vec<String> = (0..30).map(|index| index.to_string()).collect();
        let words: Vec<&str> = names.iter().map(String::as_str).collect();
        let places = arranged(&shapes).places(&words);
        assert_eq!(count_of(&places), REDUCED_GROUPS);
        assert!(places.is_sorted());
    }
}
