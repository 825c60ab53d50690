//! The graph as text, for programs, for documents and for eyes. Each form is a pure function of the graph.

mod document;
mod dot;
mod format;
mod json;
mod layout;
mod mermaid;
mod palette;
mod picture;
mod svg;
mod text;

pub use format::{Format, picture, render};

#[cfg(test)]
mod tests;
