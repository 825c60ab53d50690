//! `cargo xtask bench first`: measures what people wait for: an installation, the first compile, the compiles after it,
//! cold starts on Lambda, and the first byte of a stream. Each figure is compared with other tools and with a floor in the same run.

mod app;
mod cold_starts;
mod dependencies;
mod first_byte;
mod first_run;
mod function;
mod install;
mod invalidation;
mod one_compile;
mod run;
mod rustc_count;
mod wait;

pub(crate) use run::{FirstOptions, FirstPart, run};
