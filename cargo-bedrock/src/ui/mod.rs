//! The only module that prints to the terminal.
//!
//! | module | contents |
//! | --- | --- |
//! | [`printer`] | data on standard output; messages, warnings and errors on standard error |
//! | [`build_reporter`] | progress of a build, as text or as JSON events |
//! | [`progress_lines`] | lines that show the running steps of a build at the bottom of a terminal |
//! | [`deploy_reporter`] | progress of a deploy, rollback or destroy |
//! | [`log_reporter`] | log lines of deployed functions |
//! | [`table`] | text in aligned columns |
//! | [`untrusted_text`] | text of functions, without control of the terminal |

mod build_reporter;
mod deploy_reporter;
mod log_reporter;
mod printer;
mod progress_lines;
mod table;
mod untrusted_text;

pub(crate) use build_reporter::BuildReporter;
pub(crate) use deploy_reporter::DeployReporter;
pub(crate) use log_reporter::LogReporter;
pub(crate) use printer::{Color, Printer, worker_style};
pub(crate) use table::align_columns;
pub(crate) use untrusted_text::displayable;
