//! Draws every generator with a few seeds onto one sheet: `generator_sheet OUT.png`.

use std::error::Error;

use chat2svg_protocol::Style;
use chat2svg_template::embedded::{
    ArtReference, ComposeOptions, SceneDescription, SceneObject, SizeClass, Stance, compose,
    generators,
};
use chat2svg_vector::Raster;

const CELL: u32 = 160;
const COLUMNS: usize = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let out = std::env::args()
        .nth(1)
        .ok_or("usage: generator_sheet OUT.png")?;
    let cells: Vec<Raster> = generators::names()
        .enumerate()
        .map(|(index, name)| {
            let object = SceneObject {
                label: name.to_owned(),
                art: ArtReference::Generated {
                    generator: name.to_owned(),
                },
                count: 1,
                color: None,
                material: None,
                size: SizeClass::Usual,
                text: matches!(name, "logo" | "badge" | "sign" | "banner").then(|| "AB".to_owned()),
                stance: Stance::Usual,
                composite: None,
            };
            let scene = SceneDescription {
                objects: vec![object],
                ..SceneDescription::default()
            };
            let options = ComposeOptions {
                seed: index as u64,
                style: Some(Style::Flat),
                ..ComposeOptions::default()
            };
            compose(&scene, &options).render(CELL, CELL, None)
        })
        .collect::<Result<_, _>>()?;
    std::fs::write(&out, sheet(&cells)?.encode_png()?)?;
    Ok(())
}

/// The cells in rows, left to right.
fn sheet(cells: &[Raster]) -> Result<Raster, Box<dyn Error>> {
    let rows = cells.len().div_ceil(COLUMNS) as u32;
    let width = CELL * COLUMNS as u32;
    let mut sheet = Raster::filled(width, rows * CELL, [255, 255, 255, 255])?;
    for (index, cell) in cells.iter().enumerate() {
        let (left, top) = (
            (index % COLUMNS) as u32 * CELL,
            (index / COLUMNS) as u32 * CELL,
        );
        for y in 0..CELL {
            for x in 0..CELL {
                if let Some(pixel) = cell.pixel(x, y) {
                    sheet.pixels_mut()[((top + y) * width + left + x) as usize] = pixel;
                }
            }
        }
    }
    Ok(sheet)
}
