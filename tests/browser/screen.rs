//! One picture by a browser of everything that is to be compared.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use chat2svg_vector::{DecodeLimits, Raster};

/// Side of a tile in pixels; what is compared is no larger.
pub(crate) const TILE: u32 = 200;
/// Tiles in a row.
const COLUMNS: u32 = 8;
/// How long the browser may take.
const PATIENCE: Duration = Duration::from_secs(50);

/// What is shown in a tile.
pub(crate) enum Shown {
    /// A file of its own, as an `<img>`.
    File(Vec<u8>),
    /// A file of its own, as a frame: in an `<img>` Chromium takes all for UTF-8.
    Frame(Vec<u8>),
    /// A part of the page.
    Inline(String),
}

/// Shows all in one page and gives the picture of each tile.
///
/// # Errors
/// What went wrong, for people.
pub(crate) fn screenshot(browser: &Path, tiles: &[Shown]) -> Result<Vec<Raster>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let rows = u32::try_from(tiles.len())
        .unwrap_or(u32::MAX)
        .div_ceil(COLUMNS);
    let page = page(folder.path(), tiles).map_err(|error| error.to_string())?;
    let picture = folder.path().join("page.png");
    let mut child = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .args([
            "--force-device-scale-factor=1",
            "--force-color-profile=srgb",
        ])
        .arg(format!("--window-size={},{}", COLUMNS * TILE, rows * TILE))
        .arg(format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        ))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{}: {error}", browser.display()))?;
    let give_up = Instant::now() + PATIENCE;
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.success(),
            Ok(None) if Instant::now() < give_up => thread::sleep(Duration::from_millis(20)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                break false;
            }
        }
    };
    let bytes = fs::read(&picture).map_err(|error| {
        format!("the browser made no picture (it ended well: {ended}): {error}")
    })?;
    let whole = Raster::decode(&bytes, &DecodeLimits::default()).map_err(|e| e.to_string())?;
    (0..tiles.len()).map(|index| tile(&whole, index)).collect()
}

fn page(folder: &Path, tiles: &[Shown]) -> std::io::Result<PathBuf> {
    let mut html = String::from(
        "<!DOCTYPE html><html><head><meta charset='utf-8'><style>body{margin:0;background:#fff}\
         div{position:absolute;overflow:hidden;line-height:0}</style></head><body>",
    );
    for (index, shown) in tiles.iter().enumerate() {
        let (left, top) = place(index);
        let _ = write!(
            html,
            "<div style='left:{left}px;top:{top}px;width:{TILE}px;height:{TILE}px'>"
        );
        match shown {
            Shown::File(bytes) => {
                fs::write(folder.join(format!("{index}.svg")), bytes)?;
                let _ = write!(html, "<img src='{index}.svg'>");
            }
            Shown::Frame(bytes) => {
                fs::write(folder.join(format!("{index}.svg")), bytes)?;
                let _ = write!(
                    html,
                    "<iframe src='{index}.svg' width='{TILE}' height='{TILE}' style='border:0'></iframe>"
                );
            }
            Shown::Inline(svg) => html.push_str(svg),
        }
        html.push_str("</div>");
    }
    html.push_str("</body></html>");
    let page = folder.join("page.html");
    fs::write(&page, html)?;
    Ok(page)
}

/// Left and top of a tile.
fn place(index: usize) -> (u32, u32) {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    (index % COLUMNS * TILE, index / COLUMNS * TILE)
}

fn tile(whole: &Raster, index: usize) -> Result<Raster, String> {
    let (left, top) = place(index);
    let mut pixels = Vec::new();
    for y in top..top + TILE {
        let start = (y * whole.width() + left) as usize;
        let row = whole.pixels().get(start..start + TILE as usize);
        pixels.extend_from_slice(row.ok_or("the browser's picture is too small")?);
    }
    Raster::new(TILE, TILE, pixels).map_err(|error| error.to_string())
}
