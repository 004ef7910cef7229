//! How the members of a group ("three birds") stand to each other.

use chat2svg_vector::Habitat;
use kurbo::Rect;

use crate::embedded::dice::Dice;

/// One member of a group, in units of the item's size; the foot of the group is the origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Member {
    /// Middle of its foot, from the group's middle.
    pub(crate) x: f64,
    /// Its foot, from the group's foot (negative is up, or farther back).
    pub(crate) y: f64,
    /// Its size.
    pub(crate) scale: f64,
    /// Whether it is drawn mirrored.
    pub(crate) mirrored: bool,
}

/// Arranges members whose drawings have these sizes (width, height; the longer side is 1). Members
/// are listed back to front.
pub(crate) fn arrange(
    shapes: &[(f64, f64)],
    habitat: Habitat,
    mirrorable: bool,
    dice: &mut Dice<'_>,
) -> Vec<Member> {
    let count = shapes.len();
    if count <= 1 {
        return vec![
            Member {
                x: 0.0,
                y: 0.0,
                scale: 1.0,
                mirrored: false
            };
            count
        ];
    }
    let wide = shapes.iter().map(|shape| shape.0).fold(0.0, f64::max);
    let high = shapes.iter().map(|shape| shape.1).fold(0.0, f64::max);
    match habitat {
        Habitat::Sky | Habitat::Water => {
            let columns = ((count as f64 * 1.6).sqrt().ceil() as usize).clamp(1, count);
            let rows = count.div_ceil(columns);
            let mirrored = mirrorable && dice.chance(0.5);
            (0..count)
                .map(|index| {
                    let (row, column) = (index / columns, index % columns);
                    let in_row = if row + 1 == rows {
                        count - row * columns
                    } else {
                        columns
                    };
                    let x = (column as f64 - (in_row as f64 - 1.0) / 2.0) * wide * 1.5;
                    Member {
                        x: x + dice.range(-0.18, 0.18) * wide,
                        y: -(rows as f64 - 1.0 - row as f64) * high * 1.3
                            + dice.range(-0.2, 0.2) * high,
                        scale: dice.range(0.82, 1.08),
                        mirrored,
                    }
                })
                .collect()
        }
        _ => {
            // Up to three stand in a row; more stand in rows one behind the other.
            let front = if count <= 3 {
                count
            } else {
                ((count as f64 * 1.7).sqrt().ceil() as usize).min(count)
            };
            let mut rows = Vec::new();
            let mut left = count;
            while left > 0 {
                let take = left.min(front);
                rows.push(take);
                left -= take;
            }
            let mut members = Vec::with_capacity(count);
            for (row, &in_row) in rows.iter().enumerate().rev() {
                let back = 0.93f64.powi(row as i32);
                for column in 0..in_row {
                    let offset = if row % 2 == 1 && in_row == front {
                        0.5
                    } else {
                        0.0
                    };
                    let x =
                        (column as f64 + offset - (in_row as f64 - 1.0) / 2.0) * wide * 1.06 * back;
                    members.push(Member {
                        x: x + dice.range(-0.04, 0.04) * wide,
                        y: -(row as f64) * high * 0.42
                            - if column % 2 == 1 { 0.05 * high } else { 0.0 },
                        scale: back * dice.range(0.93, 1.03),
                        mirrored: mirrorable && dice.chance(0.35),
                    });
                }
            }
            members
        }
    }
}

/// Members of a group around something of this width and height, in units of the group's size.
/// Those behind come first; the second value is how many are behind.
pub(crate) fn ring(count: usize, width: f64, height: f64) -> (Vec<Member>, usize) {
    let mut members: Vec<(bool, Member)> = (0..count)
        .map(|index| {
            let angle = std::f64::consts::TAU * (index as f64 + 0.5) / count as f64
                + std::f64::consts::FRAC_PI_2;
            let member = Member {
                x: width * 0.5 * angle.cos(),
                y: height * angle.sin(),
                scale: 1.0,
                mirrored: false,
            };
            (angle.sin() < -0.05, member)
        })
        .collect();
    members.sort_by(|a, b| a.1.y.total_cmp(&b.1.y));
    let behind = members.iter().filter(|member| member.0).count();
    (members.into_iter().map(|member| member.1).collect(), behind)
}

/// The smallest rectangle around members of these sizes.
pub(crate) fn extent(members: &[Member], shapes: &[(f64, f64)]) -> Rect {
    members
        .iter()
        .zip(shapes)
        .map(|(member, (width, height))| {
            let half = width * member.scale / 2.0;
            Rect::new(
                member.x - half,
                member.y - height * member.scale,
                member.x + half,
                member.y,
            )
        })
        .reduce(|all, next| all.union(next))
        .unwrap_or(Rect::ZERO)
}
