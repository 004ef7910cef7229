//! From bytes to a job: bodies read within limits, fields checked, files parsed and sanitised.

mod body;
mod encoded;
mod fields;
mod files;
mod memory;
mod object;
mod pace;
mod parts;
mod svg_request;
mod upload;

pub(crate) use body::{media_type, read_limited, read_upload_sized};
pub(crate) use encoded::decoded_file;
pub(crate) use fields::{
    ColorList, LIMITS, RawLook, RawOptions, RawOutput, Refusals, check_limits, read_wishes,
};
pub(crate) use files::{check_files, unusable};
pub(crate) use memory::{BodyMemory, HeldMemory};
pub(crate) use object::{parse_object, passed_over, read_object};
pub(crate) use parts::{FormShape, read_form};
pub(crate) use svg_request::{SvgRequest, svg_spec};
pub(crate) use upload::{CleanForm, RefineForm, UploadKind, VectorizeForm, read_upload};
