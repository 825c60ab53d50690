//! Compiles programs that use the macros, and compares the compiler errors with snapshots.
//!
//! The macros read the worker index from the environment of the compiler, so each group of cases runs in a process of
//! its own.

use std::process::Command;

/// Folders of the cases, with the worker index that they are compiled with.
const GROUPS: &[(&str, Option<&str>)] = &[
    ("pass", Some(APP)),
    ("fail", Some(APP)),
    (
        "not_a_dependency",
        Some(
            "greeter|rust|workers/greeter|Cargo.toml|30|256|provided.al2023|;resizer|rust|workers/resizer|Cargo.toml|30|256|provided.al2023|",
        ),
    ),
    ("no_catalog", None),
    ("contracts_pass", Some(APP)),
    ("contracts", Some(APP)),
];

/// The folder of the app in the groups whose workers have contracts.
const CONTRACT_APP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ui/contract_app");

/// A Rust worker that is a dependency, one that is not, a Python worker and a JavaScript worker.
const APP: &str = "greeter|rust|workers/greeter|Cargo.toml|30|256|provided.al2023|greeter;\
                   resizer|rust|workers/resizer|Cargo.toml|30|256|nodejs24.x|;\
                   system_fetcher|python|workers/system_fetcher|main.py|30|256|python3.13|;\
                   thumbnailer|javascript|workers/thumbnailer|main.js|30|256|provided.al2023|";

const GROUP_VARIABLE: &str = "BEDROCK_UI_GROUP";

/// The flags of trybuild, which gives them to cases and fewer of them to dependencies. With the same flags for both, cargo
/// compiles the dependencies once.
const RUSTFLAGS: &str = "--cfg\u{1f}trybuild\u{1f}--verbose\u{1f}-A\u{1f}dead_code\u{1f}--diagnostic-width=140";

#[test]
fn compiler_errors_match_the_snapshots() {
    if let Ok(group) = std::env::var(GROUP_VARIABLE) {
        let cases = trybuild::TestCases::new();
        match group.as_str() {
            "pass" => cases.pass("tests/ui/pass/*.rs"),
            "contracts_pass" => cases.pass("tests/ui/contracts_pass/*.rs"),
            group => {
                // A case that passes has trybuild use `cargo build` and not `cargo check`: what the other groups have compiled
                // is not compiled again.
                cases.pass("tests/ui/empty.rs");
                cases.compile_fail(format!("tests/ui/{group}/*.rs"));
            }
        }
        return;
    }
    for (group, catalog) in GROUPS {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "compiler_errors_match_the_snapshots", "--nocapture"]).env(GROUP_VARIABLE, group);
        command.env_remove("BEDROCK_CATALOG").env_remove("BEDROCK_ROOT").env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS);
        if let Some(catalog) = catalog {
            command.env("BEDROCK_CATALOG", catalog).env("BEDROCK_APP", "shop");
        }
        if group.starts_with("contracts") {
            command.env("BEDROCK_ROOT", CONTRACT_APP);
        }
        let status = command.status().expect("it runs");
        assert!(status.success(), "the cases in tests/ui/{group}");
    }
}
