//! `cargo xtask bench first`: measures what people wait for: an installation, the first compile, the compiles after it, and
//! cold starts on Lambda. Each figure is compared with other tools and with a floor in the same run.

mod app;
mod cold_starts;
mod dependencies;
mod first_run;
mod function;
mod install;
mod invalidation;
mod one_compile;
mod run;
mod rustc_count;
mod wait;

pub(crate) use run::{FirstOptions, FirstPart, run};
