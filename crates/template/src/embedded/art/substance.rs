//! The material that a prompt asks for: which shapes of a drawing are of it. They are those that
//! are painted otherwise than where nothing is asked for; a wooden boat keeps its sail of cloth.

use chat2svg_vector::{Material, Node, Shape};

/// States the material of the shapes that are painted unlike those of the same drawing in its usual
/// colours. Says whether the whole drawing is of the material: all of its shapes are, or it is
/// another drawing, as a bowl of glass is.
pub(crate) fn state_material(nodes: &mut [Node], usual: &[Node], material: Material) -> bool {
    let mut plain = Vec::new();
    shapes(usual, &mut plain);
    let mut own = Vec::new();
    shapes_mut(nodes, &mut own);
    let is_same = own.len() == plain.len()
        && own
            .iter()
            .zip(&plain)
            .all(|(own, plain)| own.label == plain.label);
    if !is_same {
        return true;
    }
    let mut found = 0;
    for (own, plain) in own.iter_mut().zip(&plain) {
        let is_painted_otherwise = own.fill != plain.fill || own.stroke != plain.stroke;
        let is_lit = own.meaning.role.is_some() || own.meaning.emits.is_some();
        if is_painted_otherwise && !is_lit {
            own.meaning.material = Some(material);
            found += 1;
        }
    }
    found == 0 || found == own.len()
}

/// Whether things of a material mirror light.
pub(crate) fn is_shiny(material: Material) -> bool {
    matches!(
        material,
        Material::Metal | Material::Gold | Material::Silver | Material::Glass | Material::Ice
    )
}

fn shapes<'a>(nodes: &'a [Node], out: &mut Vec<&'a Shape>) {
    for node in nodes {
        match node {
            Node::Group(group) => shapes(&group.children, out),
            Node::Shape(shape) => out.push(shape),
        }
    }
}

fn shapes_mut<'a>(nodes: &'a mut [Node], out: &mut Vec<&'a mut Shape>) {
    for node in nodes {
        match node {
            Node::Group(group) => shapes_mut(&mut group.children, out),
            Node::Shape(shape) => out.push(shape),
        }
    }
}
