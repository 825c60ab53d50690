//! What is on the disk after a plan that fails or is interrupted halfway.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bedrock_templates::RenderedFile;
use tempfile::TempDir;

use super::apply;
use crate::file_plan::{FilePlan, FileStep};
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, ExitKind};

fn create_folder(root: &Path, path: &str) -> FileStep {
    let file = RenderedFile { path: "src/main.rs".to_owned(), contents: "fn main() {}\n".to_owned() };
    FileStep::CreateFolder { path: root.join(path), files: vec![file] }
}

fn edit(root: &Path, path: &str, before: &str, after: &str) -> FileStep {
    FileStep::Edit { path: root.join(path), before: before.to_owned(), after: after.to_owned() }
}

fn run_plan(root: &Path, steps: Vec<FileStep>) -> Result<(), Error> {
    apply(&FilePlan { base: root.to_owned(), steps }, &Interrupt::default())
}

/// Returns all paths below `root`, including hidden ones.
fn paths_below(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![root.to_owned()];
    while let Some(dir) = pending.pop() {
        for entry in fs::read_dir(dir).expect("read") {
            let path = entry.expect("entry").path();
            found.push(path.strip_prefix(root).expect("below").display().to_string());
            if path.is_dir() && !path.is_symlink() {
                pending.push(path);
            }
        }
    }
    found.sort();
    found
}

fn dir_with(file: &str, text: &str) -> TempDir {
    let dir = TempDir::new().expect("temporary folder");
    fs::write(dir.path().join(file), text).expect("file");
    dir
}

#[test]
fn plan_creates_its_files_and_nothing_else() {
    let dir = dir_with("Cargo.toml", "old");
    run_plan(dir.path(), vec![create_folder(dir.path(), "a/b/c"), edit(dir.path(), "Cargo.toml", "old", "new")])
        .expect("ok");
    assert_eq!(paths_below(dir.path()), ["Cargo.toml", "a", "a/b", "a/b/c", "a/b/c/src", "a/b/c/src/main.rs"]);
    assert_eq!(fs::read_to_string(dir.path().join("Cargo.toml")).expect("read"), "new");
}

#[test]
fn concurrent_change_undoes_created_folders() {
    let dir = dir_with("Cargo.toml", "changed by another program");
    let steps = vec![create_folder(dir.path(), "a/b/c"), edit(dir.path(), "Cargo.toml", "old", "new")];
    let error = run_plan(dir.path(), steps).expect_err("changed");
    assert_eq!(error.reports[0].message, "`Cargo.toml` was changed at the same time");
    assert_eq!(error.reports[0].help, ["run the command again"]);
    assert_eq!(paths_below(dir.path()), ["Cargo.toml"]);
    assert_eq!(fs::read_to_string(dir.path().join("Cargo.toml")).expect("read"), "changed by another program");
}

#[test]
fn edit_is_undone_when_a_later_step_fails() {
    let dir = dir_with("first", "old");
    fs::write(dir.path().join("second"), "changed").expect("file");
    let steps = vec![edit(dir.path(), "first", "old", "new"), edit(dir.path(), "second", "old", "new")];
    run_plan(dir.path(), steps).expect_err("changed");
    assert_eq!(fs::read_to_string(dir.path().join("first")).expect("read"), "old");
}

#[test]
fn new_file_is_undone_when_a_later_step_fails() {
    let dir = dir_with("mod.rs", "changed");
    let new = FileStep::CreateFile { path: dir.path().join("new.rs"), contents: String::new() };
    run_plan(dir.path(), vec![new, edit(dir.path(), "mod.rs", "old", "new")]).expect_err("changed");
    assert_eq!(paths_below(dir.path()), ["mod.rs"]);
}

#[test]
fn removed_file_is_restored_when_a_later_step_fails() {
    let dir = dir_with("old.tf", "old");
    let remove = |before: &str| FileStep::Remove { path: dir.path().join("old.tf"), before: before.to_owned() };
    let error = run_plan(dir.path(), vec![remove("older")]).expect_err("changed");
    assert_eq!(error.reports[0].message, "`old.tf` was changed at the same time");
    let missing = edit(dir.path(), "old.tf", "old", "new");
    run_plan(dir.path(), vec![remove("old"), missing]).expect_err("missing");
    assert_eq!(fs::read_to_string(dir.path().join("old.tf")).expect("read"), "old");
    run_plan(dir.path(), vec![remove("old")]).expect("ok");
    assert_eq!(paths_below(dir.path()), [""; 0]);
}

#[test]
fn existing_paths_are_never_replaced() {
    let dir = dir_with("file", "mine");
    fs::create_dir(dir.path().join("empty")).expect("folder");
    std::os::unix::fs::symlink("nowhere", dir.path().join("dangling")).expect("symlink");
    for name in ["file", "empty", "dangling"] {
        let file = FileStep::CreateFile { path: dir.path().join(name), contents: String::new() };
        for step in [create_folder(dir.path(), name), file] {
            let error = run_plan(dir.path(), vec![step]).expect_err(name);
            assert_eq!(error.reports[0].message, format!("`{name}` already exists"));
            assert_eq!(error.kind, ExitKind::Call);
        }
    }
    assert_eq!(paths_below(dir.path()), ["dangling", "empty", "file"]);
}

#[test]
fn ctrl_c_undoes_the_plan() {
    let dir = dir_with("Cargo.toml", "old");
    let steps = vec![create_folder(dir.path(), "a/b"), edit(dir.path(), "Cargo.toml", "old", "new")];
    let plan = FilePlan { base: dir.path().to_owned(), steps };
    let error = apply(&plan, &Interrupt::triggered()).expect_err("interrupted");
    assert_eq!(error.kind, ExitKind::Interrupted);
    assert_eq!(paths_below(dir.path()), ["Cargo.toml"]);
}

#[test]
fn edit_keeps_permissions_and_follows_symlinks() {
    let dir = dir_with("real.toml", "old");
    let real = dir.path().join("real.toml");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("permissions");
    std::os::unix::fs::symlink("real.toml", dir.path().join("Cargo.toml")).expect("symlink");
    run_plan(dir.path(), vec![edit(dir.path(), "Cargo.toml", "old", "new")]).expect("ok");
    assert!(dir.path().join("Cargo.toml").is_symlink());
    assert_eq!(fs::read_to_string(&real).expect("read"), "new");
    assert_eq!(fs::metadata(&real).expect("metadata").permissions().mode() & 0o777, 0o640);
}

#[test]
fn folder_inside_a_file_is_an_error_with_path_and_reason() {
    let dir = dir_with("file", "");
    let error = run_plan(dir.path(), vec![create_folder(dir.path(), "file/inside")]).expect_err("not a folder");
    assert_eq!(error.reports[0].message, "failed to create `file/inside`");
    assert_eq!(error.reports[0].causes, ["not a directory"]);
}
