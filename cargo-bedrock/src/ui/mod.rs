//! The only module that prints to the terminal.
//!
//! | module | contents |
//! | --- | --- |
//! | [`printer`] | data on standard output; messages, warnings and errors on standard error |
//! | [`build_reporter`] | progress of a build, as text or as JSON events |
//! | [`progress_lines`] | lines that show the running steps of a build at the bottom of a terminal |
//! | [`deploying`] | progress of a deploy |
//! | [`table`] | text in aligned columns |

mod build_reporter;
#[path = "../print/deploying.rs"] // moves here when its neighbours of `bedrock-deploy` have moved
mod deploying;
mod printer;
mod progress_lines;
mod table;

pub(crate) use build_reporter::{BuildReporter, Severity, format_size};
pub(crate) use deploying::Deploying;
pub(crate) use printer::{Color, Printer, worker_style};
pub(crate) use table::align_columns;

// alias until integration
pub(crate) use printer::worker_style as style_of;
