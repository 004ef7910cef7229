//! Adam, for steps that do what an optimiser's steps do.

use chat2svg_diffraster::{Layout, Scene};

/// Adam (Kingma and Ba 2015) with one rate for points and one for the rest.
pub(crate) struct Adam {
    values: Vec<f32>,
    rates: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    decay: [f32; 2],
}

impl Adam {
    pub(crate) fn new(scene: &mut Scene) -> Self {
        let layout = Layout::of(scene);
        let mut rates = vec![0.01; layout.len];
        for node in &layout.nodes {
            rates[node.points.clone()].fill(0.5);
        }
        let mut values = Vec::new();
        scene.read_parameters(&mut values);
        Self {
            first: vec![0.0; layout.len],
            second: vec![0.0; layout.len],
            decay: [1.0; 2],
            values,
            rates,
        }
    }

    pub(crate) fn step(&mut self, scene: &mut Scene, gradient: &[f32]) {
        const B1: f32 = 0.9;
        const B2: f32 = 0.999;
        self.decay = [self.decay[0] * B1, self.decay[1] * B2];
        let k1 = 1.0 / (1.0 - self.decay[0]);
        let k2 = 1.0 / (1.0 - self.decay[1]);
        let state = self.first.iter_mut().zip(&mut self.second);
        let values = self.values.iter_mut().zip(&self.rates);
        for (((m, v), (x, rate)), g) in state.zip(values).zip(gradient) {
            *m += (1.0 - B1) * (g - *m);
            *v += (1.0 - B2) * (g * g - *v);
            *x -= rate * *m * k1 / ((*v * k2).sqrt() + 1e-8);
        }
        scene.write_parameters(&self.values);
    }
}
