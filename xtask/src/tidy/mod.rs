//! `cargo xtask tidy`: the rules of this repository that a machine can check. Each rule is a file; all findings are reported
//! at once.

mod architecture;
mod banned_words;
mod changelog;
mod check;
mod dependency_direction;
mod file_length;
mod file_names;
mod finding;
mod finding_scripts;
mod header;
mod import_cycles;
mod lockfiles;
mod machine_paths;
mod registry_hosts;
mod security_tests;
mod sentence_lines;
mod syntax;
mod test_names;
mod tree;
mod tuple_patterns;
mod unfinished;
mod worker_js;

pub(crate) use check::run;
