//! Typed contracts: what a worker's event and response are, as `contract.json` in the worker's folder says it.
//!
//! One model and one checker serve the macros, the local runtime, the dev server and the command line. The file is a
//! strict subset of JSON Schema 2020-12; what does not mean the same in Rust, Python and TypeScript is refused with what
//! to write instead. Writing the file, and the types of other languages, are left to `bedrock-contract`.

mod compare;
pub mod json;
mod model;
mod names;
mod read;
mod read_object;
mod read_type;
mod rust_names;
mod rust_types;
mod schema_kind;
mod scope;
mod string_format;
mod text;
mod validate;

use std::path::Path;

pub use compare::{Change, compare, differences};
pub use model::{Contract, Definition, Field, MAX_SAFE_INTEGER, Range, StringFormat, Struct, Type, Union};
pub use names::type_name;
pub use read::{Source, read};
pub use rust_names::field_name;
pub use rust_types::{rust_module, rust_type};
pub use scope::{RootTypes, join};
pub use text::{describe, type_text};
pub use validate::{MAX_VIOLATIONS, Root, Violation, validate, validate_text};

use crate::problem::Problem;

/// The name of the file in the worker's folder.
pub const FILE_NAME: &str = "contract.json";

/// The largest contract that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Reads the contract of the worker in `dir`. Returns `None` if the worker has no `contract.json`.
///
/// `display_path` is the path of the file in messages.
pub fn read_file(dir: &Path, display_path: &str) -> Result<Option<Contract>, Vec<Problem>> {
    let path = dir.join(FILE_NAME);
    let size = match std::fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(vec![Problem::new(format!("failed to read `{display_path}`: {error}"))]),
    };
    if size > MAX_FILE_BYTES {
        let message = format!("`{display_path}` has {size} bytes, the limit of a contract is {MAX_FILE_BYTES} bytes");
        return Err(vec![Problem::new(message)]);
    }
    let text = std::fs::read_to_string(&path)
        .map_err(|error| vec![Problem::new(format!("failed to read `{display_path}`: {error}"))])?;
    read(&text, &Source::File(display_path)).map(Some)
}
