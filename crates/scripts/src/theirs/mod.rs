//! The original's stages as backends: each run is a process in a private folder, whose files are
//! taken only if they are what they should be.

mod config;
mod desk;
mod detail;
mod optimize;
mod process;
mod progress;
mod template;

pub use config::{ScriptsConfig, Timeouts};
pub use detail::ScriptDetailer;
pub use optimize::ScriptFitter;
pub use process::Scripts;
pub use template::ScriptComposer;

use chat2svg_protocol::{CallFailure, Fault, messages::StageContext};
use chat2svg_vector::{Color, DecodeLimits, Document, ParseLimits, Raster, RenderError};

/// Side of everything that the scripts work on.
const SIDE: u32 = 512;
/// Most bytes of a file that a script may leave.
const MOST_BYTES: u64 = 64 << 20;

/// A failure of the script.
fn failed(reason: impl Into<String>) -> CallFailure {
    CallFailure::new(Fault::Provider, reason)
}

/// A drawing that a script has left.
fn drawing(bytes: &[u8], context: &StageContext) -> Result<Document, CallFailure> {
    let parsed = Document::parse_until(bytes, &ParseLimits::default(), &context.stop());
    let parsed = parsed.map_err(|error| failed(format!("its drawing cannot be read: {error}")))?;
    if parsed.document.counts().shapes == 0 {
        return Err(failed("its drawing shows nothing"));
    }
    Ok(parsed.document)
}

/// A picture that a script has left.
fn picture(bytes: &[u8]) -> Result<Raster, CallFailure> {
    Raster::decode(bytes, &DecodeLimits::default())
        .map_err(|error| failed(format!("its picture cannot be read: {error}")))
}

/// How a document looks to the scripts: on white, in a square.
fn look(document: &Document) -> Result<Raster, CallFailure> {
    document
        .render(SIDE, SIDE, Some(Color::WHITE))
        .map_err(|error| unreadable(&error))
}

/// A document of ours that cannot be given to a script.
fn unreadable(error: &RenderError) -> CallFailure {
    CallFailure::new(Fault::Request, error.to_string())
}
