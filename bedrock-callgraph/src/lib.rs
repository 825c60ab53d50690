//! The call graph of an app: who may call whom, read from linked programs and syntax trees.
//!
//! | module | holds |
//! | --- | --- |
//! | `elf`, `rust_edges` | the calls in the programs of the app's Rust parts |
//! | `python`, `javascript`, `syntax` | the calls in one file |
//! | `sources` | the calls in the files of a worker |
//! | `called` | what the called names mean |
//! | `check` | what is wrong with the calls |
//! | `model`, `node`, `cycles`, `order` | the graph |
//! | `denied` | cycles as failures |
//! | `render` | the graph as text, JSON, Mermaid, DOT and SVG |
//! | `whole` | all of it for an app on disk |
//!
//! Compiling the programs is left to the caller.

mod called;
mod check;
mod cycles;
mod denied;
mod elf;
#[cfg(test)]
mod example;
mod javascript;
mod model;
mod node;
mod order;
mod python;
mod render;
mod rust_edges;
mod sources;
mod syntax;
mod whole;

pub use check::{Finding, Level};
pub use denied::denied;
pub use elf::edges_of;
pub use model::{Graph, path};
pub use node::NodeName;
pub use render::{Format, picture, render};
pub use rust_edges::{RustEdges, of_programs};
pub use whole::read;
