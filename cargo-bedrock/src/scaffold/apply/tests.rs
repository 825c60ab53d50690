//! All or nothing: what is on the disk after a plan that fails or is stopped half-way.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bedrock_templates::File;
use tempfile::TempDir;

use super::apply;
use crate::scaffold::{Plan, Step};
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, ExitKind};

fn folder(root: &Path, path: &str) -> Step {
    let file = File { path: "src/main.rs".to_owned(), contents: "fn main() {}\n".to_owned() };
    Step::Folder { path: root.join(path), files: vec![file] }
}

fn edit(root: &Path, path: &str, before: &str, after: &str) -> Step {
    Step::Edit { path: root.join(path), before: before.to_owned(), after: after.to_owned() }
}

fn carry_out(root: &Path, steps: Vec<Step>) -> Result<(), Error> {
    apply(&Plan { base: root.to_owned(), steps }, &Interrupt::default())
}

/// All paths below `root`, hidden ones too.
fn tree(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir).expect("read") {
            let path = entry.expect("entry").path();
            found.push(path.strip_prefix(root).expect("below").display().to_string());
            if path.is_dir() && !path.is_symlink() {
                waiting.push(path);
            }
        }
    }
    found.sort();
    found
}

fn room_with(file: &str, text: &str) -> TempDir {
    let room = TempDir::new().expect("room");
    fs::write(room.path().join(file), text).expect("file");
    room
}

#[test]
fn a_plan_that_works_leaves_what_it_says_and_nothing_else() {
    let room = room_with("Cargo.toml", "old");
    carry_out(room.path(), vec![folder(room.path(), "a/b/c"), edit(room.path(), "Cargo.toml", "old", "new")])
        .expect("ok");
    assert_eq!(tree(room.path()), ["Cargo.toml", "a", "a/b", "a/b/c", "a/b/c/src", "a/b/c/src/main.rs"]);
    assert_eq!(fs::read_to_string(room.path().join("Cargo.toml")).expect("read"), "new");
}

#[test]
fn a_file_that_changed_meanwhile_undoes_the_folder_and_the_folders_above_it() {
    let room = room_with("Cargo.toml", "changed by somebody");
    let steps = vec![folder(room.path(), "a/b/c"), edit(room.path(), "Cargo.toml", "old", "new")];
    let error = carry_out(room.path(), steps).expect_err("changed");
    assert_eq!(error.reports[0].message, "`Cargo.toml` was changed at the same time");
    assert_eq!(error.reports[0].help, ["run the command again"]);
    assert_eq!(tree(room.path()), ["Cargo.toml"]);
    assert_eq!(fs::read_to_string(room.path().join("Cargo.toml")).expect("read"), "changed by somebody");
}

#[test]
fn an_edit_is_taken_back_when_a_later_step_fails() {
    let room = room_with("first", "old");
    fs::write(room.path().join("second"), "changed").expect("file");
    let steps = vec![edit(room.path(), "first", "old", "new"), edit(room.path(), "second", "old", "new")];
    carry_out(room.path(), steps).expect_err("changed");
    assert_eq!(fs::read_to_string(room.path().join("first")).expect("read"), "old");
}

#[test]
fn a_new_file_is_taken_back_when_a_later_step_fails() {
    let room = room_with("mod.rs", "changed");
    let new = Step::File { path: room.path().join("new.rs"), contents: String::new() };
    carry_out(room.path(), vec![new, edit(room.path(), "mod.rs", "old", "new")]).expect_err("changed");
    assert_eq!(tree(room.path()), ["mod.rs"]);
}

#[test]
fn a_file_is_removed_unless_it_changed_and_comes_back_when_a_later_step_fails() {
    let room = room_with("old.tf", "old");
    let remove = |before: &str| Step::Remove { path: room.path().join("old.tf"), before: before.to_owned() };
    let error = carry_out(room.path(), vec![remove("older")]).expect_err("changed");
    assert_eq!(error.reports[0].message, "`old.tf` was changed at the same time");
    let missing = edit(room.path(), "old.tf", "old", "new");
    carry_out(room.path(), vec![remove("old"), missing]).expect_err("gone");
    assert_eq!(fs::read_to_string(room.path().join("old.tf")).expect("read"), "old");
    carry_out(room.path(), vec![remove("old")]).expect("ok");
    assert_eq!(tree(room.path()), [""; 0]);
}

#[test]
fn nothing_is_replaced_neither_a_file_nor_an_empty_folder_nor_a_dangling_symlink() {
    let room = room_with("file", "mine");
    fs::create_dir(room.path().join("empty")).expect("folder");
    std::os::unix::fs::symlink("nowhere", room.path().join("dangling")).expect("symlink");
    for name in ["file", "empty", "dangling"] {
        let file = Step::File { path: room.path().join(name), contents: String::new() };
        for step in [folder(room.path(), name), file] {
            let error = carry_out(room.path(), vec![step]).expect_err(name);
            assert_eq!(error.reports[0].message, format!("`{name}` exists already"));
            assert_eq!(error.kind, ExitKind::Call);
        }
    }
    assert_eq!(tree(room.path()), ["dangling", "empty", "file"]);
}

#[test]
fn ctrl_c_before_the_end_leaves_nothing() {
    let room = room_with("Cargo.toml", "old");
    let steps = vec![folder(room.path(), "a/b"), edit(room.path(), "Cargo.toml", "old", "new")];
    let plan = Plan { base: room.path().to_owned(), steps };
    let error = apply(&plan, &Interrupt::triggered()).expect_err("interrupted");
    assert_eq!(error.kind, ExitKind::Interrupted);
    assert_eq!(tree(room.path()), ["Cargo.toml"]);
}

#[test]
fn an_edit_keeps_the_permissions_and_writes_through_a_symlink() {
    let room = room_with("real.toml", "old");
    let real = room.path().join("real.toml");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("permissions");
    std::os::unix::fs::symlink("real.toml", room.path().join("Cargo.toml")).expect("symlink");
    carry_out(room.path(), vec![edit(room.path(), "Cargo.toml", "old", "new")]).expect("ok");
    assert!(room.path().join("Cargo.toml").is_symlink());
    assert_eq!(fs::read_to_string(&real).expect("read"), "new");
    assert_eq!(fs::metadata(&real).expect("metadata").permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_folder_in_a_file_is_an_error_with_the_path_and_the_reason() {
    let room = room_with("file", "");
    let error = carry_out(room.path(), vec![folder(room.path(), "file/inside")]).expect_err("no folder");
    assert_eq!(error.reports[0].message, "failed to create `file/inside`");
    assert_eq!(error.reports[0].causes, ["not a directory"]);
}
