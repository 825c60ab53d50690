//! The tools that these tests start: Terraform and Node.js of the machine, and the pinned tools of `cargo xtask setup`.
//! If a tool is missing, the test is skipped; if `CI` is set, it fails.

use std::env;
use std::path::{Path, PathBuf};

/// Returns the path of Terraform, or `None` if it is not installed.
pub(crate) fn terraform() -> Option<PathBuf> {
    on_path("terraform")
}

/// Returns the first program with this name on the `PATH`, or `None`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    found.or_else(|| missing(&format!("`{name}` is not on the PATH")))
}

/// Returns a pinned tool by its path below `target/tools`, or `None`.
pub(crate) fn tool(path: &str) -> Option<PathBuf> {
    // The test program is somewhere below cargo's target folder.
    let program = env::current_exe().expect("the path of the test");
    let found = program.ancestors().map(|folder| folder.join("tools").join(path)).find(|tool| tool.exists());
    found.or_else(|| missing(&format!("there is no `target/tools/{path}`: run `cargo xtask setup`")))
}

/// Returns a folder of Terraform plugins that contains the AWS provider. It may be missing on every machine, even in
/// CI.
pub(crate) fn plugins() -> Option<PathBuf> {
    let home = env::home_dir().unwrap_or_default().join(".terraform.d");
    let roots = ["/opt", "/usr/share/terraform", "/usr/local/share/terraform"].map(PathBuf::from);
    let named = env::var_os("BEDROCK_TERRAFORM_PLUGINS").map(PathBuf::from);
    let roots = named.into_iter().chain(roots).chain([home]);
    let has_provider = |folder: &Path| folder.join("registry.terraform.io/hashicorp/aws").is_dir();
    let find_below = |root: PathBuf| {
        let entries = root.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
        std::iter::once(root).chain(entries).find(|folder| has_provider(folder))
    };
    let found = roots.into_iter().find_map(find_below);
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
