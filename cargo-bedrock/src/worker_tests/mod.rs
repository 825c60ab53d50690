//! `cargo bedrock test`: runs the unit tests of workers, each with the usual runner of its language.
//!
//! | module | does |
//! | --- | --- |
//! | `select` | the tests of one worker, and the command that runs them |
//! | `python`, `javascript` | finds the tests and the runner of a language |
//! | `run` | runs suites one after the other, and again when files change |

mod javascript;
mod python;
mod run;
mod select;
mod suite;

pub(crate) use run::{TestOptions, run};
