//! The tools that these tests start: Terraform and Node.js of the machine, and the pinned ones of `cargo xtask setup`.
//! A missing one means that the test is skipped; with `CI` set, that it fails.

use std::env;
use std::path::{Path, PathBuf};

/// Terraform; None where it is not installed.
pub(crate) fn terraform() -> Option<PathBuf> {
    on_path("terraform")
}

/// The first program of that name on the PATH; None where there is none.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    found.or_else(|| missing(&format!("`{name}` is not on the PATH")))
}

/// A pinned tool by its path below `target/tools`; None where there is none.
pub(crate) fn tool(path: &str) -> Option<PathBuf> {
    // The program that asks is a test, somewhere below cargo's target folder.
    let program = env::current_exe().expect("a test knows its own path");
    let found = program.ancestors().map(|folder| folder.join("tools").join(path)).find(|tool| tool.exists());
    found.or_else(|| missing(&format!("there is no `target/tools/{path}`: run `cargo xtask setup`")))
}

/// A folder of Terraform plugins with the AWS provider in it. There may be none on any machine, in CI neither.
pub(crate) fn plugins() -> Option<PathBuf> {
    let home = env::home_dir().unwrap_or_default().join(".terraform.d");
    let roots = ["/opt", "/usr/share/terraform", "/usr/local/share/terraform"].map(PathBuf::from);
    let named = env::var_os("BEDROCK_TERRAFORM_PLUGINS").map(PathBuf::from);
    let roots = named.into_iter().chain(roots).chain([home]);
    let has_provider = |folder: &Path| folder.join("registry.terraform.io/hashicorp/aws").is_dir();
    let below = |root: PathBuf| {
        let entries = root.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
        std::iter::once(root).chain(entries).find(|folder| has_provider(folder))
    };
    let found = roots.into_iter().find_map(below);
    if found.is_none() {
        println!("skipped: no folder of Terraform plugins has the AWS provider, see BEDROCK_TERRAFORM_PLUGINS");
    }
    found
}

fn missing(reason: &str) -> Option<PathBuf> {
    let is_ci = env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    assert!(!is_ci, "{reason}, and with CI set nothing may be skipped");
    println!("skipped: {reason}");
    None
}
