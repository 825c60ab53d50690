//! `import`: takes functions of other projects into an app, as workers.
//!
//! | module | contents |
//! | --- | --- |
//! | [`yaml`] | YAML with tags and lines |
//! | [`sam`] | the functions of a SAM template: their settings and triggers |
//! | [`values`] | values of a template: literals, and references that can be resolved |
//! | [`events`] | the events of a function as triggers |
//! | [`cargo_lambda`] | the functions of a cargo-lambda workspace |
//! | [`rust_source`] | the `main.rs` of such a function as a worker |
//! | [`adapter`] | the main file of a worker, which calls the handler as it is |
//! | [`source_files`] | the files that are copied |
//! | [`mod@plan`] | the complete import, decided without writing anything |
//!
//! The other project is only read. What is not taken over is listed with its reason.

mod adapter;
mod cargo_lambda;
mod event_literals;
mod event_sources;
mod events;
mod function;
mod plan;
mod rust_source;
mod sam;
mod source_files;
mod values;
mod yaml;

pub(crate) use plan::plan;
