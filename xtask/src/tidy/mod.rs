//! `cargo xtask tidy`: the house rules that a machine can check. One file per rule; all findings come at once.

mod amazon_crates;
mod arrows;
mod changelog;
mod check;
mod file_length;
mod file_names;
mod finding;
mod function_length;
mod header;
mod lockfiles;
mod machine_paths;
mod registry_hosts;
mod tree;
mod unfinished;
mod worker_js;

pub(crate) use check::run;
