//! `dev`: compiles the app, starts the dev server with its programs, reloads what changes, and prints what happens
//! until the user stops it. The dev server itself is in `bedrock-dev`.
//!
//! | module | contents |
//! | --- | --- |
//! | [`mod@run`] | the main loop: one dev server after the other, until the user quits |
//! | [`initial_build`] | programs, call graph and file watcher before a dev server starts |
//! | [`compile`] | compiling the programs and reading the call graph from them |
//! | [`reload`] | from a changed file to new programs or a new dev server |
//! | [`output`] | lines on the terminal, or JSON events |
//! | [`terminal`], [`keys`], [`browser`] | keyboard input and the actions of keys |
//! | [`debug`] | workers with a debugger attached |
//! | [`services`] | the AWS services that the dev server does not have |
//! | [`otlp`] | export of traces to a collector |
//! | [`token_keys`] | whether tokens of the HTTP API can be checked |
//! | [`waiting_executions`] | executions that wait while their code changes |

mod browser;
mod compile;
mod debug;
mod initial_build;
mod keys;
mod otlp;
mod output;
mod reload;
mod run;
pub(crate) mod services;
mod terminal;
mod token_keys;
mod waiting_executions;

pub(crate) use run::{DevOptions, run, shutdown_signal};
