//! Reads the types of a Rust worker that have `#[bedrock::contract]`: what serde makes of them in JSON.
//!
//! | module | contents |
//! | --- | --- |
//! | [`item`] | a struct or an enum, in the form that is read and in the form that is written |
//! | [`field_type`] | the type of a field, by its name |
//! | `attributes` | the attributes of serde and of `#[contract(…)]`, and which of them are refused |
//! | `rename_rule` | `rename_all` |
//! | [`crate_contract`] | the contract of a worker's crate |
//! | `source_files` | the files of a crate, and the crates of the app that it depends on |
//!
//! The macro and the command read the same syntax with the same code. Syntax has names only: that a name means the type
//! that it usually means is checked by the compiler, in the expansion of the macro.

#![forbid(unsafe_code)]

mod attributes;
pub mod crate_contract;
pub mod field_type;
pub mod item;
mod rename_rule;
mod source_files;

pub use crate_contract::{SpanLine, read_crate};
pub use field_type::FieldType;
pub use item::{ContractItem, is_contract, read_item, remove_attributes};

/// Returns an error whose message has a help line, as the compiler and the command show it.
fn error(span: proc_macro2::Span, message: &str, help: &str) -> syn::Error {
    syn::Error::new(span, format!("{message}\nhelp: {help}"))
}
