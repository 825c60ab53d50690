//! Members of a workspace of pnpm: what pnpm reads in a copy that has only the members of one worker, and where they are in a
//! layer. pnpm would install the dependencies of all members into the folder of the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bedrock_build::pnpm_workspace::{LOCK, lock_of_members};
use serde_json::Value;

use super::links::links;
use super::lists::write;
use bedrock_diagnostics::{Error, Result};

/// The lists of a `package.json` with packages that are installed.
const DEPENDENCIES: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/// The list of the members.
const WORKSPACE: &str = "pnpm-workspace.yaml";

/// Writes the lock of the members in `kept` to the copy `root` of the workspace, and takes the dependencies out of its own
/// `package.json`.
pub(super) fn write_lists(root: &Path, lock: &str, kept: &BTreeSet<&str>) -> Result<()> {
    let path = root.join("package.json");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let mut kept = kept.clone();
    let package = serde_json::from_str(&text).ok();
    // An override such as `$react` names a dependency of the workspace.
    if package.as_ref().is_some_and(overrides_name_dependency) || workspace_names_dependency(root) {
        kept.insert(".");
    } else if let Some(Value::Object(mut package)) = package {
        for list in DEPENDENCIES {
            package.remove(list);
        }
        write(&path, Value::Object(package).to_string().as_bytes(), "package.json")?;
    }
    write(&root.join(LOCK), lock_of_members(lock, &kept).as_bytes(), LOCK)
}

/// Whether an override in a `package.json` is a reference to a dependency.
fn overrides_name_dependency(package: &Value) -> bool {
    fn has_reference(value: &Value) -> bool {
        match value {
            Value::String(text) => text.starts_with('$'),
            Value::Object(values) => values.values().any(has_reference),
            _ => false,
        }
    }
    has_reference(&package["pnpm"]["overrides"]) || has_reference(&package["overrides"])
}

/// Whether `pnpm-workspace.yaml`, whose only references are those of overrides, has a value such as `$react`.
fn workspace_names_dependency(root: &Path) -> bool {
    let text = fs::read_to_string(root.join(WORKSPACE)).unwrap_or_default();
    let has_reference = |line: &str| {
        // Flow mappings have several values on a line.
        let values = line.split(['{', ',', '}']).filter_map(|entry| Some(entry.split_once(": ")?.1.trim_start()));
        values.map(|value| value.trim_start_matches(['"', '\''])).any(|value| value.starts_with('$'))
    };
    text.lines().filter(|line| !line.trim_start().starts_with('#')).any(has_reference)
}

/// Moves the members, whose paths are in `needed`, from the links in the `node_modules` of `importers` to the `node_modules` of
/// the workspace in `root`. Other links are deleted.
pub(super) fn place_members(root: &Path, importers: &BTreeSet<&str>, needed: &BTreeSet<&str>) -> Result<()> {
    let failed = |error: std::io::Error| Error::io("failed to copy the members of the workspace", &error);
    let real_root = root.canonicalize().map_err(failed)?;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for importer in importers {
        let modules = root.join(importer).join("node_modules");
        for link in links(&modules) {
            let target = link.canonicalize().ok();
            let member = target.as_deref().and_then(|target| target.strip_prefix(&real_root).ok()?.to_str());
            fs::remove_file(&link).map_err(failed)?;
            let Some(member) = member.filter(|member| needed.contains(member)) else { continue };
            let name = link.strip_prefix(&modules).ok().and_then(Path::to_str).unwrap_or_default().to_owned();
            match names.get(member) {
                Some(other) if *other != name => return Err(two_names(member, other, &name)),
                _ => drop(names.insert(member.to_owned(), name)),
            }
        }
    }
    // A member may be inside of another one.
    for (member, name) in names.iter().rev() {
        let place = root.join("node_modules").join(name);
        if place.exists() {
            return Err(Error::app(format!("two packages of the workspace are called `{name}`"))
                .cause(format!("one is `{member}`, another one is in a registry, and both are dependencies"))
                .help(format!("call the package in `{member}` something else")));
        }
        fs::create_dir_all(place.parent().unwrap_or(root)).map_err(failed)?;
        fs::rename(root.join(member), &place).map_err(failed)?;
    }
    Ok(())
}

fn two_names(member: &str, one: &str, other: &str) -> Error {
    Error::app(format!("`{member}` has two names in a workspace"))
        .cause(format!("its dependents import it as `{one}` and as `{other}`, and a layer has it once"))
        .help(format!("use the same name in all `package.json` files that depend on `{member}`"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn workspace() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for dir in ["workers/mail/node_modules/@shop", "packages/money/node_modules", "packages/dates", "node_modules"]
        {
            fs::create_dir_all(folder.path().join(dir)).expect("a folder");
        }
        symlink("../../../../packages/money", folder.path().join("workers/mail/node_modules/@shop/money"))
            .expect("a link");
        symlink("../../dates", folder.path().join("packages/money/node_modules/dates")).expect("a link");
        symlink("../../../packages/tools", folder.path().join("workers/mail/node_modules/tools")).expect("a link");
        folder
    }

    fn place(folder: &tempfile::TempDir) -> Result<()> {
        let importers = ["packages/dates", "packages/money", "workers/mail"].into();
        place_members(folder.path(), &importers, &["packages/dates", "packages/money"].into())
    }

    fn message(folder: &tempfile::TempDir) -> String {
        place(folder).expect_err("an error").reports.remove(0).message
    }

    #[test]
    fn pnpm_members_are_moved_to_the_workspace() {
        let folder = workspace();
        place(&folder).expect("moved");
        let has = |path: &str| folder.path().join(path).symlink_metadata().is_ok_and(|found| found.is_dir());
        assert!(has("node_modules/@shop/money") && has("node_modules/dates"));
        assert!(links(&folder.path().join("workers/mail/node_modules")).is_empty());
    }

    #[test]
    fn pnpm_member_with_two_names_is_an_error() {
        let folder = workspace();
        symlink("../../../packages/dates", folder.path().join("workers/mail/node_modules/days")).expect("a link");
        assert_eq!(message(&folder), "`packages/dates` has two names in a workspace");
        let folder = workspace();
        fs::create_dir_all(folder.path().join("node_modules/dates")).expect("a folder");
        assert_eq!(message(&folder), "two packages of the workspace are called `dates`");
    }

    #[test]
    fn pnpm_workspace_keeps_what_overrides_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a file");
        let lock = "importers:\n\n  .:\n    dependencies:\n      a:\n        version: 1.0.0\n";
        let plain = r#"{"name":"w","dependencies":{"a":"1"}}"#;
        for (package, workspace, expected, kept) in [
            (plain, "# overrides: { a: $a }\npackages: ['a']\n", r#"{"name":"w"}"#, false),
            (r#"{"$schema":"$x","name":"w","dependencies":{"a":"1"}}"#, "", r#""name":"w"}"#, false),
            (r#"{"dependencies":{"a":"1"},"pnpm":{"overrides":{"a":"$a"}}}"#, "", "\"dependencies\"", true),
            (r#"{"dependencies":{"a":"1"},"overrides":{"b": {"a":"$a"}}}"#, "", "\"dependencies\"", true),
            (plain, "packages: ['a']\noverrides: { b: 1, a: $a }\n", "\"dependencies\"", true),
            (plain, "overrides:\n  a: '$a'\n", "\"dependencies\"", true),
        ] {
            fs::write(folder.path().join(WORKSPACE), workspace).expect("written");
            fs::write(folder.path().join("package.json"), package).expect("written");
            write_lists(folder.path(), lock, &BTreeSet::new()).expect("written");
            assert!(read("package.json").contains(expected));
            assert_eq!(read(LOCK) == lock, kept);
        }
    }
}
