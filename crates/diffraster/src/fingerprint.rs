//! A 128-bit fingerprint of a scene, to know that a plan is still good for it.
//!
//! Not cryptographic: two scenes of an optimisation that differ collide with a
//! chance of about 2⁻¹²⁸ per pair, but scenes can be made that do.

use crate::scene::{Clip, Fill, Node, Outline, Paint, Scene, Stop, Stroke};

/// Two independent multiplicative mixes (odd constants of Steele and Vigna,
/// "Computationally easy, spectrally good multipliers", 2021).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    a: u64,
    b: u64,
}

impl Fingerprint {
    /// The fingerprint of what a plan takes from `scene`.
    pub(crate) fn of(scene: &Scene, tolerance: f32) -> Self {
        let mut out = Self {
            a: 0x9e37_79b9_7f4a_7c15,
            b: 0xd1b5_4a32_d192_ed03,
        };
        out.word(u64::from(scene.width) << 32 | u64::from(scene.height));
        out.floats(&[tolerance, scene.view.scale]);
        out.floats(&scene.view.offset);
        out.floats(&scene.background);
        for node in &scene.nodes {
            out.node(node);
        }
        for clip in &scene.clips {
            out.clip(clip);
        }
        out
    }

    fn word(&mut self, word: u64) {
        self.a = (self.a.rotate_left(23) ^ word).wrapping_mul(0xf135_7aea_2e62_a9c5);
        self.b = (self.b.rotate_left(31) ^ word).wrapping_mul(0xaf25_1af3_b0f0_25b5);
    }

    fn floats(&mut self, values: &[f32]) {
        let (pairs, rest) = values.as_chunks::<2>();
        for [x, y] in pairs {
            self.word(u64::from(x.to_bits()) << 32 | u64::from(y.to_bits()));
        }
        for v in rest {
            self.word(u64::from(v.to_bits()));
        }
    }

    fn outline(&mut self, outline: &Outline) {
        self.word(outline.points.len() as u64);
        for verbs in outline.verbs.chunks(8) {
            self.word(verbs.iter().fold(1, |word, verb| word << 4 | *verb as u64));
        }
        self.floats(outline.points.as_flattened());
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Path(path) => {
                self.word(1 + u64::from(path.stroke_first));
                self.outline(&path.outline);
                if let Some(Fill {
                    paint,
                    opacity,
                    rule,
                }) = &path.fill
                {
                    self.word(16 + *rule as u64);
                    self.floats(&[*opacity]);
                    self.paint(paint);
                }
                if let Some(stroke) = &path.stroke {
                    self.stroke(stroke);
                }
            }
            Node::Push(group) => {
                self.word(3);
                self.floats(&[group.opacity]);
                self.word(group.clip.map_or(0, |c| c as u64 + 1));
            }
            Node::Pop => self.word(4),
        }
    }

    fn stroke(&mut self, stroke: &Stroke) {
        let Stroke {
            paint,
            opacity,
            width,
            cap,
            join,
            miter_limit,
        } = stroke;
        self.word(32 + (*cap as u64) * 4 + *join as u64);
        self.floats(&[*opacity, *width, *miter_limit]);
        self.paint(paint);
    }

    fn paint(&mut self, paint: &Paint) {
        match paint {
            Paint::Solid(color) => self.floats(color),
            Paint::Linear(g) => {
                self.word(64 + g.spread as u64);
                self.floats(&g.start);
                self.floats(&g.end);
                self.floats(&g.transform.0);
                self.stops(&g.stops);
            }
            Paint::Radial(g) => {
                self.word(96 + g.spread as u64);
                self.floats(&g.center);
                self.floats(&g.focus);
                self.floats(&[g.radius]);
                self.floats(&g.transform.0);
                self.stops(&g.stops);
            }
        }
    }

    fn stops(&mut self, stops: &[Stop]) {
        self.word(stops.len() as u64);
        for stop in stops {
            self.floats(&[stop.offset]);
            self.floats(&stop.color);
        }
    }

    fn clip(&mut self, clip: &Clip) {
        self.word(clip.shapes.len() as u64);
        for shape in &clip.shapes {
            self.word(shape.rule as u64);
            self.outline(&shape.outline);
        }
    }
}
