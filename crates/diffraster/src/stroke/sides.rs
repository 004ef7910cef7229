//! What a stroke's outline has beside its centre line: offsets, joins and caps.

use std::f32::consts::{FRAC_PI_2, FRAC_PI_4, PI, SQRT_2, TAU};

use super::{Mark, NONE, Node, Origin, Pen, Stroker};
use crate::flatten::Polygons;
use crate::scene::{Cap, Join};

impl Stroker {
    /// Makes the outline of the collected nodes, or of a subpath without length
    /// that starts at `dot`.
    pub(super) fn finish(
        &mut self,
        closed: bool,
        dot: Option<usize>,
        pen: Pen,
        out: &mut Polygons,
    ) {
        let before = out.vertices.len();
        let nodes = std::mem::take(&mut self.nodes);
        match nodes.as_slice() {
            [] => {
                if let Some(start) = dot {
                    let center = self.push_dot_center(start);
                    self.push_dot(center, pen, out);
                }
            }
            [first, middle @ .., last] if closed => {
                let corner = Node {
                    arrival: last.arrival,
                    arrives: last.arrives,
                    ..*first
                };
                self.push_corner(&corner, 1.0, pen, out);
                for node in middle {
                    self.push_corner(node, 1.0, pen, out);
                }
                out.contour_ends.push(out.vertices.len() as u32);
                for node in middle.iter().rev() {
                    self.push_corner(node, -1.0, pen, out);
                }
                self.push_corner(&corner, -1.0, pen, out);
            }
            [first, middle @ .., last] => {
                self.push_cap(first.departure, first.departs, PI, pen, out);
                for node in middle {
                    self.push_corner(node, 1.0, pen, out);
                }
                self.push_cap(last.arrival, last.arrives, 0.0, pen, out);
                for node in middle.iter().rev() {
                    self.push_corner(node, -1.0, pen, out);
                }
            }
            [_] => {}
        }
        if out.vertices.len() > before {
            out.contour_ends.push(out.vertices.len() as u32);
        }
        self.nodes = nodes;
        self.nodes.clear();
    }

    fn push_vertex(&mut self, origin: Origin, pen: Pen, out: &mut Polygons) {
        self.place_vertex(origin.center, origin.arm, pen, out);
        self.marks.push(Mark::OTHER);
        self.others.push(origin);
    }

    fn place_vertex(&mut self, center: u32, arm: [f32; 2], pen: Pen, out: &mut Polygons) {
        let c = self.places[center as usize];
        out.vertices
            .push([c[0] + pen.radius * arm[0], c[1] + pen.radius * arm[1]]);
    }

    /// Adds a vertex at angle θ = that of `from` + `turn`.
    fn push_turned(
        &mut self,
        center: u32,
        from: u32,
        turn: f32,
        factor: f32,
        pen: Pen,
        out: &mut Polygons,
    ) {
        let [x, y] = if from == NONE {
            [1.0, 0.0]
        } else {
            self.sample(from).unit
        };
        let (sin, cos) = turn.sin_cos();
        let origin = Origin {
            center,
            from,
            to: from,
            part: 0.0,
            arm: [factor * (x * cos - y * sin), factor * (x * sin + y * cos)],
            is_miter: false,
        };
        self.push_vertex(origin, pen, out);
    }

    /// Adds the vertex beside a centre, on the side `side` (+1 or −1).
    fn push_side(&mut self, center: u32, from: u32, side: f32, pen: Pen, out: &mut Polygons) {
        let [x, y] = self.sample(from).unit;
        let arm = [-side * y, side * x];
        if let Some(mark) = Mark::beside(center, from, side) {
            self.place_vertex(center, arm, pen, out);
            self.marks.push(mark);
            return;
        }
        let origin = Origin {
            center,
            from,
            to: from,
            part: 0.0,
            arm,
            is_miter: false,
        };
        self.push_vertex(origin, pen, out);
    }

    /// Adds one side of a corner: forwards along the centre line for side +1,
    /// backwards for side −1.
    fn push_corner(&mut self, node: &Node, side: f32, pen: Pen, out: &mut Polygons) {
        let (before, after) = if side > 0.0 {
            ((node.arrival, node.arrives), (node.departure, node.departs))
        } else {
            ((node.departure, node.departs), (node.arrival, node.arrives))
        };
        self.push_side(before.0, before.1, side, pen, out);
        if before.1 == after.1 {
            return;
        }
        let into = self.sample(node.arrives).unit;
        let from = self.sample(node.departs).unit;
        let cross = into[0] * from[1] - into[1] * from[0];
        let dot = into[0] * from[0] + into[1] * from[1];
        let is_inner = cross * side > 0.0;
        if is_inner {
            let origin = Origin {
                center: node.departure,
                from: NONE,
                to: NONE,
                part: 0.0,
                arm: [0.0; 2],
                is_miter: false,
            };
            self.push_vertex(origin, pen, out);
        } else {
            self.push_join(node, side, cross, dot, pen, out);
        }
        self.push_side(after.0, after.1, side, pen, out);
    }

    /// Adds what lies between the two offset points on a corner's outer side.
    fn push_join(
        &mut self,
        node: &Node,
        side: f32,
        cross: f32,
        dot: f32,
        pen: Pen,
        out: &mut Polygons,
    ) {
        let half_cosine = (0.5 * (1.0 + dot)).max(0.0).sqrt();
        let join = if node.is_cusp { Join::Round } else { pen.join };
        match join {
            Join::Bevel => {}
            Join::Miter => {
                // The limit holds for miter length / width = 1 / cos of half the turn.
                if half_cosine * pen.miter_limit >= 1.0 {
                    let angle = self.sample(node.arrives).angle()
                        + 0.5 * cross.atan2(dot)
                        + side * FRAC_PI_2;
                    let factor = 1.0 / half_cosine;
                    let origin = Origin {
                        center: node.departure,
                        from: node.arrives,
                        to: node.departs,
                        part: 0.5,
                        arm: [factor * angle.cos(), factor * angle.sin()],
                        is_miter: true,
                    };
                    self.push_vertex(origin, pen, out);
                }
            }
            Join::Round => {
                let turn = cross.atan2(dot);
                let start = self.sample(node.arrives).angle() + side * FRAC_PI_2;
                let count = (turn.abs() / pen.step).ceil() as u32;
                for i in 1..count {
                    let along = i as f32 / count as f32;
                    let part = if side > 0.0 { along } else { 1.0 - along };
                    let angle = start + part * turn;
                    let origin = Origin {
                        center: node.departure,
                        from: node.arrives,
                        to: node.departs,
                        part,
                        arm: [angle.cos(), angle.sin()],
                        is_miter: false,
                    };
                    self.push_vertex(origin, pen, out);
                }
            }
        }
    }

    /// Adds a cap from the side +1 to the side −1, as seen along the direction
    /// turned by `base`.
    fn push_cap(&mut self, center: u32, tangent: u32, base: f32, pen: Pen, out: &mut Polygons) {
        self.push_turned(center, tangent, base + FRAC_PI_2, 1.0, pen, out);
        match pen.cap {
            Cap::Butt => {}
            Cap::Square => {
                for turn in [FRAC_PI_4, -FRAC_PI_4] {
                    self.push_turned(center, tangent, base + turn, SQRT_2, pen, out);
                }
            }
            Cap::Round => {
                let count = (PI / pen.step).ceil() as u32;
                for i in 1..count {
                    let turn = base + FRAC_PI_2 - PI * (i as f32 / count as f32);
                    self.push_turned(center, tangent, turn, 1.0, pen, out);
                }
            }
        }
        self.push_turned(center, tangent, base - FRAC_PI_2, 1.0, pen, out);
    }

    /// Adds what the caps of a subpath without length make.
    fn push_dot(&mut self, center: u32, pen: Pen, out: &mut Polygons) {
        match pen.cap {
            Cap::Butt => {}
            Cap::Square => {
                for quarter in 0..4u8 {
                    let turn = FRAC_PI_4 + f32::from(quarter) * FRAC_PI_2;
                    self.push_turned(center, NONE, turn, SQRT_2, pen, out);
                }
            }
            Cap::Round => {
                let count = (TAU / pen.step).ceil() as u32;
                for i in 0..count {
                    let turn = TAU * (i as f32 / count as f32);
                    self.push_turned(center, NONE, turn, 1.0, pen, out);
                }
            }
        }
    }
}
