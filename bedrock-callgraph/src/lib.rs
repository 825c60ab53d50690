//! The call graph of an app: which function can call which, read from linked programs and syntax trees.
//!
//! | module | contents |
//! | --- | --- |
//! | `elf`, `rust_edges` | the calls in the programs of the Rust functions |
//! | `python`, `javascript`, `name_resolution` | the calls in one source file |
//! | `rust_source` | the calls of `context.invoke` in one file of a durable Rust worker |
//! | `imports` | the files of a worker that its main file imports |
//! | `shared_code` | the code in the shared folder that a worker imports |
//! | `source_files` | the code files in a folder |
//! | `sources` | the calls in the files of a worker |
//! | `call_targets` | the functions that called names refer to |
//! | `check` | errors and warnings about the calls |
//! | `model`, `node`, `cycles`, `depth_first` | the graph |
//! | `cycle_reports` | error reports about cycles |
//! | `render` | the graph as text, JSON, Mermaid, DOT and SVG |
//! | `load` | the graph of an app on disk |
//!
//! The caller compiles the programs. The crate prints nothing.

mod call_targets;
mod check;
mod cycle_reports;
mod cycles;
mod depth_first;
mod elf;
#[cfg(test)]
mod fixtures;
#[cfg(fuzzing)]
pub mod fuzzing;
mod import_name;
mod imports;
mod javascript;
mod load;
mod model;
mod name_resolution;
mod node;
mod python;
mod render;
mod rust_edges;
mod rust_source;
mod shared_code;
mod source_files;
mod sources;

pub use check::{Finding, Level};
pub use cycle_reports::cycle_reports;
pub use elf::calls_in_binary;
pub use imports::{ImportedFile, imported_files};
pub use load::{load_graph, may_reach_rust, reachable_workers};
pub use model::{Graph, path};
pub use node::NodeName;
pub use render::{Format, picture, render};
pub use rust_edges::{RustEdges, read_program_calls};
pub use shared_code::{
    OutsideImport, PACKED_SHARED_JAVASCRIPT, SharedCode, shared_code, with_packed_paths, workers_with_shared_file,
};
