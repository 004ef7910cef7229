//! Filters as documents can hold them: a graph of primitives read as layers.

use std::collections::HashMap;

use kurbo::{Rect, Vec2};
use usvg::filter::{
    ColorInterpolation, ColorMatrixKind, CompositeOperator, Filter, Input, Kind,
    MorphologyOperator, Primitive, TransferFunction,
};

use crate::{Color, Node};

use super::layers::{Filtered, Ink, LEAST, Layer, Lost, Source, draw};
use super::paint;
use super::recolor::{Matrix, Recolor, Space, Transfer, flat_matrix};
use super::spare::Spare;

/// Most layers of one filter.
const MAX_LAYERS: usize = 16;

/// Applies a filter to nodes, whose units are so many pixels; says which of its primitives cannot
/// be drawn.
pub(super) fn apply(
    filter: &Filter,
    nodes: &[Node],
    pixels: f64,
    spare: &mut Spare,
) -> Result<Filtered, Lost> {
    let mut graph = Graph {
        results: HashMap::new(),
        is_near: false,
        region: rect(filter.rect()),
        inputs: None,
    };
    let mut layers = Vec::new();
    for primitive in filter.primitives() {
        graph.inputs = None;
        layers = graph.primitive(primitive)?;
        let mut shown = graph.region.intersect(rect(primitive.rect()));
        // One that does not say where it is is where its inputs are.
        if let Some(inputs) = graph.inputs
            && shown == graph.region
        {
            shown = inputs;
        }
        for layer in &mut layers {
            layer.window = layer.window.intersect(shown);
        }
        if layers.len() > MAX_LAYERS {
            return Err("filter");
        }
        graph
            .results
            .insert(primitive.result(), (layers.clone(), shown));
    }
    let mut out = Filtered {
        nodes: Vec::new(),
        is_near: graph.is_near,
        keeps_names: false,
    };
    for layer in layers.iter().filter(|layer| layer.opacity >= LEAST) {
        draw(layer, nodes, pixels, spare, &mut out)?;
    }
    Ok(out)
}

fn rect(rect: usvg::NonZeroRect) -> Rect {
    let [x0, y0, x1, y1] = [rect.left(), rect.top(), rect.right(), rect.bottom()].map(f64::from);
    Rect::new(x0, y0, x1, y1)
}

struct Graph<'a> {
    /// Layers of each result, and where it is.
    results: HashMap<&'a str, (Vec<Layer>, Rect)>,
    is_near: bool,
    region: Rect,
    /// Where the inputs of the present primitive are.
    inputs: Option<Rect>,
}

impl<'a> Graph<'a> {
    fn input(&mut self, input: &Input) -> Vec<Layer> {
        let (layers, place) = match input {
            Input::SourceGraphic => {
                let source = Layer::of_graphic(Ink::Own(Vec::new()), self.region);
                (vec![source], self.region)
            }
            Input::SourceAlpha => {
                let alpha = Layer::of_graphic(Ink::Flat(Color::BLACK), self.region);
                (vec![alpha], self.region)
            }
            Input::Reference(name) => match self.results.get(name.as_str()) {
                Some(known) => known.clone(),
                None => (Vec::new(), self.region),
            },
        };
        self.inputs = Some(self.inputs.map_or(place, |known| known.union(place)));
        layers
    }

    fn primitive(&mut self, primitive: &'a Primitive) -> Result<Vec<Layer>, Lost> {
        let space = match primitive.color_interpolation() {
            ColorInterpolation::SRGB => Space::Srgb,
            ColorInterpolation::LinearRGB => Space::Linear,
        };
        let layers = self.layers(primitive, space)?;
        // What is translucent over something else is mixed in the primitive's space.
        let is_mixed = |layer: &Layer| layer.opacity < 1.0 - LEAST || layer.sigma != Vec2::ZERO;
        let is_over = matches!(
            primitive.kind(),
            Kind::Merge(_) | Kind::Blend(_) | Kind::Composite(_)
        );
        if is_over && space == Space::Linear && layers.iter().skip(1).any(is_mixed) {
            self.is_near = true;
        }
        Ok(layers)
    }

    fn layers(&mut self, primitive: &'a Primitive, space: Space) -> Result<Vec<Layer>, Lost> {
        Ok(match primitive.kind() {
            Kind::Offset(fe) => {
                let mut layers = self.input(fe.input());
                let offset = Vec2::new(f64::from(fe.dx()), f64::from(fe.dy()));
                if layers.iter().any(|layer| layer.is_inside) && offset != Vec2::ZERO {
                    return Err("feOffset");
                }
                for layer in &mut layers {
                    layer.offset += offset;
                    layer.window = layer.window + offset;
                }
                layers
            }
            Kind::GaussianBlur(fe) => {
                let deviation = (fe.std_dev_x().get(), fe.std_dev_y().get());
                let layers = self.input(fe.input());
                self.blurred(layers, deviation, "feGaussianBlur")?
            }
            Kind::DropShadow(fe) => {
                let over = self.input(fe.input());
                let deviation = (fe.std_dev_x().get(), fe.std_dev_y().get());
                let mut layers = self.blurred(over.clone(), deviation, "feDropShadow")?;
                for layer in &mut layers {
                    layer.ink = Ink::Flat(paint::color(fe.color()));
                    layer.opacity *= fe.opacity().get();
                    let offset = Vec2::new(f64::from(fe.dx()), f64::from(fe.dy()));
                    layer.offset += offset;
                    layer.window = layer.window + offset;
                }
                layers.extend(over);
                layers
            }
            Kind::Flood(fe) => vec![flood(primitive, fe.color(), fe.opacity().get())],
            Kind::Merge(fe) => fe
                .inputs()
                .iter()
                .flat_map(|input| self.input(input))
                .collect(),
            Kind::Blend(fe) => {
                let mut layers = self.input(fe.input2());
                let is_plain = fe.mode() == usvg::BlendMode::Normal
                    || layers.iter().all(|layer| layer.opacity < LEAST);
                self.is_near |= !is_plain;
                layers.extend(self.input(fe.input1()));
                layers
            }
            Kind::Composite(fe) => {
                let (first, second) = (self.input(fe.input1()), self.input(fe.input2()));
                self.composite(first, second, fe.operator())?
            }
            Kind::ColorMatrix(fe) => {
                let matrix = match fe.kind() {
                    ColorMatrixKind::Matrix(numbers) => Matrix::of(numbers),
                    ColorMatrixKind::Saturate(amount) => Some(Matrix::saturate(amount.get())),
                    ColorMatrixKind::HueRotate(angle) => Some(Matrix::hue_rotate(*angle)),
                    ColorMatrixKind::LuminanceToAlpha => None,
                };
                let matrix = matrix.ok_or("feColorMatrix")?;
                let mut layers = self.input(fe.input());
                for layer in &mut layers {
                    color_matrix(layer, &matrix, space).ok_or("feColorMatrix")?;
                }
                layers
            }
            Kind::ComponentTransfer(fe) => {
                let mut layers = self.input(fe.input());
                let colors = [fe.func_r(), fe.func_g(), fe.func_b()].map(transfer);
                for layer in &mut layers {
                    let factor = transfer_opacity(fe.func_a(), layer.sigma == Vec2::ZERO);
                    layer.opacity *= factor.ok_or("feComponentTransfer")?;
                    recolor(layer, Recolor::transfer(space, colors.clone()));
                }
                layers
            }
            Kind::Morphology(fe) if fe.operator() == MorphologyOperator::Dilate => {
                let mut layers = self.input(fe.input());
                for layer in &mut layers {
                    let is_flat = matches!(layer.ink, Ink::Flat(_)) && !layer.is_inverted;
                    if !is_flat || layer.sigma != Vec2::ZERO {
                        return Err("feMorphology");
                    }
                    let radii = fe.radius_x().get() + fe.radius_y().get();
                    layer.spread += f64::from(radii) * 0.5;
                }
                layers
            }
            Kind::Morphology(_) => return Err("feMorphology"),
            Kind::ConvolveMatrix(_) => return Err("feConvolveMatrix"),
            Kind::DiffuseLighting(_) => return Err("feDiffuseLighting"),
            Kind::DisplacementMap(_) => return Err("feDisplacementMap"),
            Kind::Image(_) => return Err("feImage"),
            Kind::SpecularLighting(_) => return Err("feSpecularLighting"),
            Kind::Tile(_) => return Err("feTile"),
            Kind::Turbulence(_) => return Err("feTurbulence"),
        })
    }

    fn blurred(
        &mut self,
        mut layers: Vec<Layer>,
        (across, down): (f32, f32),
        name: Lost,
    ) -> Result<Vec<Layer>, Lost> {
        let (across, down) = (f64::from(across), f64::from(down));
        if across == 0.0 && down == 0.0 {
            return Ok(layers);
        }
        for layer in &mut layers {
            if layer.is_inverted || layer.is_inside {
                return Err(name);
            }
            layer.sigma = Vec2::new(layer.sigma.x.hypot(across), layer.sigma.y.hypot(down));
            layer.window = layer.window.inflate(3.0 * across, 3.0 * down);
        }
        Ok(layers)
    }

    fn composite(
        &mut self,
        first: Vec<Layer>,
        mut second: Vec<Layer>,
        operator: CompositeOperator,
    ) -> Result<Vec<Layer>, Lost> {
        const NAME: Lost = "feComposite";
        let flood = match first.as_slice() {
            [
                Layer {
                    source: Source::Region(_),
                    ink: Ink::Flat(color),
                    sigma,
                    opacity,
                    ..
                },
            ] if *sigma == Vec2::ZERO => Some((*color, *opacity)),
            _ => None,
        };
        let is_source = matches!(second.as_slice(), [only] if only.is_silhouette());
        let inside = |layers: Vec<Layer>| -> Vec<Layer> {
            let mut layers = layers;
            layers.iter_mut().for_each(|layer| layer.is_inside = true);
            layers
        };
        Ok(match operator {
            CompositeOperator::Over => {
                second.extend(first);
                second
            }
            CompositeOperator::In => match flood {
                Some((color, opacity)) => {
                    for layer in &mut second {
                        layer.ink = Ink::Flat(color);
                        layer.opacity *= opacity;
                    }
                    second
                }
                None if is_source => inside(first),
                None => return Err(NAME),
            },
            CompositeOperator::Atop if is_source => {
                second.extend(inside(first));
                second
            }
            CompositeOperator::Out => match (flood, second.as_mut_slice()) {
                (Some((color, opacity)), [only])
                    if only.source == Source::Graphic && !only.is_inverted =>
                {
                    only.ink = Ink::Flat(color);
                    only.opacity = opacity;
                    only.is_inverted = true;
                    second
                }
                // What is cut out lies under the source, as a rule.
                (None, [only]) if only.is_silhouette() => {
                    self.is_near = true;
                    first
                }
                _ => return Err(NAME),
            },
            // The source less something: the inner shadow of design programs.
            CompositeOperator::Arithmetic { k1, k2, k3, k4 }
                if (k1, k2, k3, k4) == (0.0, -1.0, 1.0, 0.0) && is_source =>
            {
                let [mut only] = <[Layer; 1]>::try_from(first).map_err(|_| NAME)?;
                if only.source != Source::Graphic || only.is_inverted {
                    return Err(NAME);
                }
                only.ink = Ink::Flat(Color::BLACK);
                (only.is_inverted, only.is_inside) = (true, true);
                vec![only]
            }
            _ => return Err(NAME),
        })
    }
}

fn flood(primitive: &Primitive, color: usvg::Color, opacity: f32) -> Layer {
    let area = rect(primitive.rect());
    Layer {
        source: Source::Region(area),
        opacity,
        ..Layer::of_graphic(Ink::Flat(paint::color(color)), area)
    }
}

fn color_matrix(layer: &mut Layer, matrix: &Matrix, space: Space) -> Option<()> {
    let factor = matrix.opacity()?;
    if layer.sigma == Vec2::ZERO {
        layer.opacity = (layer.opacity * factor).min(1.0);
    } else if layer.opacity * factor <= 1.0 {
        layer.opacity *= factor;
    } else {
        return None;
    }
    match flat_matrix(matrix, space) {
        Some(color) => layer.ink = Ink::Flat(color),
        None => recolor(layer, Recolor::matrix(space, matrix.clone())),
    }
    Some(())
}

fn recolor(layer: &mut Layer, change: Recolor) {
    match &mut layer.ink {
        Ink::Own(changes) => changes.push(change),
        Ink::Flat(color) => *color = change.apply(*color),
    }
}

fn transfer(function: &TransferFunction) -> Transfer {
    match function {
        TransferFunction::Identity => Transfer::Identity,
        TransferFunction::Table(values) => Transfer::Table(values.clone()),
        TransferFunction::Discrete(values) => Transfer::Steps(values.clone()),
        TransferFunction::Linear { slope, intercept } => Transfer::Linear(*slope, *intercept),
        TransferFunction::Gamma {
            amplitude,
            exponent,
            offset,
        } => Transfer::Gamma(*amplitude, *exponent, *offset),
    }
}

/// The factor that a function of the opacity is; `None` when it is another function.
fn transfer_opacity(function: &TransferFunction, is_sharp: bool) -> Option<f32> {
    let function = transfer(function);
    let is_factor = match &function {
        Transfer::Identity | Transfer::Linear(..) => true,
        Transfer::Table(values) => values.len() == 2,
        Transfer::Steps(_) | Transfer::Gamma(..) => false,
    };
    let is_zero_kept = function.apply(0.0).abs() < LEAST;
    let factor = function.apply(1.0);
    (is_zero_kept && (is_factor && factor <= 1.0 || is_sharp)).then_some(factor)
}
