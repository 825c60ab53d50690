//! The call graph of an app: who may call whom, read from linked programs and syntax trees.
//!
//! | module | holds |
//! | --- | --- |
//! | `elf`, `rust_edges` | the calls in the programs of the app's Rust parts |
//! | `python`, `javascript`, `name_resolution` | the calls in one file |
//! | `sources` | the calls in the files of a worker |
//! | `call_targets` | what the called names mean |
//! | `check` | what is wrong with the calls |
//! | `model`, `node`, `cycles`, `order` | the graph |
//! | `cycle_reports` | cycles as failures |
//! | `render` | the graph as text, JSON, Mermaid, DOT and SVG |
//! | `whole` | all of it for an app on disk |
//!
//! Compiling the programs is left to the caller.

mod call_targets;
mod check;
mod cycle_reports;
mod cycles;
mod depth_first;
mod elf;
#[cfg(test)]
mod fixtures;
mod javascript;
mod load;
mod model;
mod name_resolution;
mod node;
mod python;
mod render;
mod rust_edges;
mod sources;

pub use check::{Finding, Level};
pub use cycle_reports::cycle_reports;
pub use elf::calls_in_binary;
pub use load::load_graph;
pub use model::{Graph, path};
pub use node::NodeName;
pub use render::{Format, picture, render};
pub use rust_edges::{RustEdges, read_program_calls};
