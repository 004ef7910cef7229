//! Differentiable vector rasteriser: analytic coverage, compositing, and their exact adjoint.
