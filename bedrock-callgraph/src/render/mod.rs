//! Renders the graph for terminals, programs and documents. Each form is a pure function of the graph.

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
