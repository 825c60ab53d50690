//! The settings that make a program small, unless the user's profile has them: link-time optimisation, one codegen unit, no
//! symbols. Panics unwind, as they do everywhere: a panic is then an error response and does not end the execution environment.

use std::path::Path;

use cargo_config2::Walk;
use toml_edit::{DocumentMut, TableLike};

/// Each key with the value it gets in a release build.
const RELEASE: [(&str, &str); 3] = [("codegen-units", "1"), ("lto", "\"fat\""), ("strip", "\"symbols\"")];
/// In a dev build: debug information alone would pass the limits of Lambda, and making it takes time. That of the standard
/// library is there anyway.
const DEV: [(&str, &str); 2] = [("debug", "false"), ("strip", "\"debuginfo\"")];
/// What a debugger needs is part of cargo's own dev profile.
const RELEASE_DEBUGGED: [(&str, &str); 3] = [("codegen-units", "1"), ("lto", "\"fat\""), ("debug", "true")];

/// `--config` arguments for cargo, for a build in the workspace `root`.
pub(super) fn arguments(root: &Path, release: bool, debugged: bool) -> Vec<String> {
    let profile = if release { "release" } else { "dev" };
    let defaults: &[_] = match (release, debugged) {
        (true, false) => &RELEASE,
        (true, true) => &RELEASE_DEBUGGED,
        (false, false) => &DEV,
        (false, true) => &[],
    };
    let texts = std::iter::once(root.join("Cargo.toml")).chain(Walk::new(root));
    let documents: Vec<DocumentMut> =
        texts.filter_map(|path| std::fs::read_to_string(path).ok()?.parse().ok()).collect();
    let is_set = |key: &str| {
        let variable = format!("CARGO_PROFILE_{}_{}", profile.to_uppercase(), key.replace('-', "_").to_uppercase());
        std::env::var_os(variable).is_some() || documents.iter().any(|document| has(document, profile, key))
    };
    // Who decides what is stripped wants the rest.
    let is_wanted = |key: &str| key == "debug" && !debugged && is_set("strip");
    let unset = defaults.iter().filter(|(key, _)| !is_set(key) && !is_wanted(key));
    let mut arguments: Vec<_> = unset.map(|(key, value)| format!("profile.{profile}.{key}={value}")).collect();
    if debugged && is_set("debug") {
        // Whatever the profile says, a debugger needs variables and types.
        arguments.push(format!("profile.{profile}.debug=true"));
    }
    arguments
}

fn has(document: &DocumentMut, profile: &str, key: &str) -> bool {
    let table = document.get("profile").and_then(|item| item.as_table_like());
    let table = table.and_then(|table| table.get(profile)).and_then(|item| item.as_table_like());
    table.is_some_and(|table: &dyn TableLike| table.contains_key(key))
}

#[cfg(test)]
mod tests {
    use super::arguments;

    #[test]
    fn settings_of_the_users_profile_are_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("Cargo.toml"), "[profile.release]\nlto = \"thin\"\n").expect("a manifest");
        std::fs::create_dir(dir.path().join(".cargo")).expect("a folder");
        std::fs::write(dir.path().join(".cargo/config.toml"), "profile.release.strip = false\n").expect("a file");
        assert_eq!(arguments(dir.path(), true, false), ["profile.release.codegen-units=1"]);
        assert_eq!(
            arguments(dir.path(), true, true),
            ["profile.release.codegen-units=1", "profile.release.debug=true"]
        );
        assert_eq!(arguments(dir.path(), false, false), ["profile.dev.debug=false", "profile.dev.strip=\"debuginfo\""]);
        assert!(arguments(dir.path(), false, true).is_empty());
        std::fs::write(dir.path().join("Cargo.toml"), "[profile.dev]\ndebug = \"line-tables-only\"\n")
            .expect("a manifest");
        assert_eq!(arguments(dir.path(), false, true), ["profile.dev.debug=true"]);
        std::fs::write(dir.path().join("Cargo.toml"), "[profile.dev]\nstrip = false\n").expect("a manifest");
        assert!(arguments(dir.path(), false, false).is_empty());
    }
}
