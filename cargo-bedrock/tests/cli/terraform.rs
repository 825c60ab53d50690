//! `cargo bedrock terraform`. There is one template so far: an app that was made from an older one is an app whose
//! record and files say something else than the template does.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::room::{MANIFEST, Room};

const MAIN: &str = "terraform/main.tf";
const OUTPUTS: &str = "terraform/lambda/outputs.tf";
const WORKFLOW: &str = ".github/workflows/deploy.yml";
const RECORD: &str = "terraform/.bedrock.json";

/// What the template says of the output `url`, and what an older one might have said.
const NEW_LINE: &str = "  description = \"The URL of the function; null for a worker.\"\n";
const OLD_LINE: &str = "  description = \"The URL of the function.\"\n";

fn record(room: &Room) -> Value {
    serde_json::from_str(&room.read(RECORD)).expect("JSON")
}

fn write_record(room: &Room, record: &Value) {
    fs::write(room.path(RECORD), record.to_string()).expect("record");
}

/// As if the app had been made when the template said `old` in place of `new`.
fn older(room: Room, path: &str, new: &str, old: &str) -> Room {
    let mut record = record(&room);
    let text = record["files"][path].as_str().expect(path).to_owned();
    assert!(text.contains(new), "{new} in {text}");
    record["files"][path] = json!(text.replace(new, old));
    write_record(&room, &record);
    edit(room, path, new, old)
}

fn edit(room: Room, path: &str, from: &str, to: &str) -> Room {
    let text = room.read(path);
    assert!(text.contains(from), "{from} in {text}");
    room.file(path, &text.replace(from, to))
}

fn without(room: Room, path: &str) -> Room {
    fs::remove_file(room.path(path)).expect(path);
    room
}

/// Every file with its text.
fn all(room: &Room) -> Vec<(String, Vec<u8>)> {
    let read = |path: &str| fs::read(room.path(path)).expect("text");
    room.tree(".").lines().map(|path| (path.to_owned(), read(path))).collect()
}

#[test]
fn a_fresh_app_has_nothing_to_upgrade() {
    let room = Room::fresh_app();
    let before = all(&room);
    assert_snapshot!(room.run(&["terraform", "diff"]), @"
    exit code 0
    -- stderr
    done: no file differs from the template of cargo bedrock 0.1.0
    ");
    assert_snapshot!(room.run(&["terraform", "upgrade"]), @"
    exit code 0
    -- stderr
    done: `terraform/` is up to date with the template of cargo bedrock 0.1.0
    ");
    assert_eq!(all(&room), before);
}

#[test]
fn diff_shows_the_way_from_the_app_to_the_template() {
    let room =
        edit(Room::fresh_app(), OUTPUTS, "  value       = aws_lambda_function.this.arn\n", "  value = \"mine\"\n");
    assert_snapshot!(room.run(&["terraform", "diff"]), @r#"
    exit code 0
    -- stdout
    --- a/terraform/lambda/outputs.tf
    +++ b/terraform/lambda/outputs.tf
    @@ -1,6 +1,6 @@
     output "arn" {
       description = "The ARN of the function."
    -  value = "mine"
    +  value       = aws_lambda_function.this.arn
     }

     output "url" {
    -- stderr
    done: 1 file differs from the template of cargo bedrock 0.1.0
    "#);
}

#[test]
fn git_takes_the_difference_and_makes_the_template_of_the_app() {
    let fresh = Room::fresh_app();
    let template = all(&fresh);
    let room = edit(fresh, OUTPUTS, "The ARN of the function.", "Mine.");
    let mut record = record(&room);
    record["files"].as_object_mut().expect("files").remove("terraform/main.tf");
    write_record(&room, &record);
    let room = without(room, MAIN);
    let patch = room.output(&["terraform", "diff"]).stdout;
    let mut git = Command::new("git");
    git.args(["apply", "-"]).current_dir(room.path(".")).stdin(Stdio::piped());
    let mut child = match git.spawn() {
        Ok(child) => child,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "git is needed in CI: {error}");
            return println!("skipped: {error}");
        }
    };
    child.stdin.take().expect("stdin").write_all(&patch).expect("write");
    assert!(child.wait().expect("git ends").success());
    let without_record =
        |files: Vec<(String, Vec<u8>)>| -> Vec<_> { files.into_iter().filter(|(path, _)| path != RECORD).collect() };
    assert_eq!(without_record(all(&room)), without_record(template));
}

#[test]
fn what_was_deleted_in_the_app_is_named_and_not_shown() {
    let room = without(Room::fresh_app(), WORKFLOW);
    assert_snapshot!(room.run(&["terraform", "diff"]), @"
    exit code 0
    -- stderr
    note: deleted in this app: `.github/workflows/deploy.yml`
    done: no file differs from the template of cargo bedrock 0.1.0
    ");
    assert!(room.run(&["terraform", "upgrade"]).contains("is up to date"));
    assert!(!room.path(WORKFLOW).exists());
}

#[test]
fn a_file_that_was_not_edited_is_replaced_and_others_are_left_alone() {
    let fresh = Room::fresh_app();
    let template = all(&fresh);
    let room = older(fresh, OUTPUTS, NEW_LINE, OLD_LINE);
    let before = all(&room);
    let shown = room.run(&["terraform", "upgrade", "--dry-run"]);
    assert_snapshot!(shown, @"
    exit code 0
    -- stdout
    replace    terraform/lambda/outputs.tf
    -- stderr
    note: nothing was changed, `--dry-run` was given
    ");
    assert_eq!(all(&room), before);
    assert_snapshot!(room.run(&["terraform", "upgrade"]), @"
    exit code 0
    -- stdout
    replace    terraform/lambda/outputs.tf
    -- stderr
    done: brought `terraform/` up to date with the template of cargo bedrock 0.1.0
    ");
    assert_eq!(all(&room), template);
}

#[test]
fn an_edit_of_other_lines_is_kept() {
    let room = older(Room::fresh_app(), OUTPUTS, NEW_LINE, OLD_LINE);
    let room = edit(room, OUTPUTS, "The ARN of the function.", "Mine.");
    assert_snapshot!(room.run(&["terraform", "upgrade"]), @"
    exit code 0
    -- stdout
    merge      terraform/lambda/outputs.tf
    -- stderr
    done: brought `terraform/` up to date with the template of cargo bedrock 0.1.0
    ");
    let merged = room.read(OUTPUTS);
    assert!(merged.contains("Mine.") && merged.contains(NEW_LINE) && !merged.contains(OLD_LINE), "{merged}");
    assert!(room.run(&["terraform", "upgrade"]).contains("is up to date"));
}

#[test]
fn an_edit_of_the_same_line_is_shown_and_marked_and_nothing_is_lost() {
    let room = older(Room::fresh_app(), OUTPUTS, NEW_LINE, OLD_LINE);
    let room = edit(room, OUTPUTS, OLD_LINE, "  description = \"Mine.\"\n");
    let before = all(&room);
    let dry = room.run(&["terraform", "upgrade", "--dry-run"]);
    assert_eq!(all(&room), before);
    let done = room.run(&["terraform", "upgrade"]);
    assert_eq!(dry.replace("note: nothing was changed, `--dry-run` was given\n", ""), done);
    assert_snapshot!(done, @r#"
    exit code 1
    -- stdout
    conflict   terraform/lambda/outputs.tf

    terraform/lambda/outputs.tf:7
    <<<<<<< ours
      description = "Mine."
    ||||||| original
      description = "The URL of the function."
    =======
      description = "The URL of the function; null for a worker."
    >>>>>>> theirs
    -- stderr
    error: the app and the template changed the same lines of `terraform/lambda/outputs.tf`
    help: look for `<<<<<<<`: `ours` is what the app had, `theirs` what the template has; keep what is right
    "#);
    assert_snapshot!(room.read(OUTPUTS), @r#"
    output "arn" {
      description = "The ARN of the function."
      value       = aws_lambda_function.this.arn
    }

    output "url" {
    <<<<<<< ours
      description = "Mine."
    ||||||| original
      description = "The URL of the function."
    =======
      description = "The URL of the function; null for a worker."
    >>>>>>> theirs
      value       = one(aws_lambda_function_url.this[*].function_url)
    }

    output "role" {
      description = "The name of the role, to attach further policies."
      value       = aws_iam_role.this.name
    }
    "#);
}

#[test]
fn an_upgrade_waits_until_the_marks_of_the_last_one_are_gone() {
    let room = Room::fresh_app();
    let text = format!("<<<<<<< ours\n{}=======\n>>>>>>> theirs\n", room.read(OUTPUTS));
    let room = room.file(OUTPUTS, &text);
    assert_snapshot!(room.run(&["terraform", "upgrade"]), @"
    exit code 1
    -- stderr
    error: the last upgrade is not finished: there are marks in `terraform/lambda/outputs.tf`
    help: look for `<<<<<<<`, keep what is right, and run the command again
    ");
    assert_eq!(room.read(OUTPUTS), text);
}

#[test]
fn files_that_are_new_in_the_template_or_gone_from_it_come_and_go() {
    let room =
        without(Room::fresh_app(), OUTPUTS).file("terraform/old.tf", "old\n").file("terraform/edited.tf", "mine\n");
    let mut record = record(&room);
    let files = record["files"].as_object_mut().expect("files");
    files.remove(OUTPUTS);
    files.insert("terraform/old.tf".to_owned(), json!("old\n"));
    files.insert("terraform/edited.tf".to_owned(), json!("old\n"));
    write_record(&room, &record);
    assert_snapshot!(room.run(&["terraform", "upgrade"]), @"
    exit code 0
    -- stdout
    keep       terraform/edited.tf (edited here, and no longer in the template)
    create     terraform/lambda/outputs.tf
    delete     terraform/old.tf
    -- stderr
    done: brought `terraform/` up to date with the template of cargo bedrock 0.1.0
    ");
    assert!(room.path(OUTPUTS).is_file() && !room.path("terraform/old.tf").exists());
    assert_eq!(room.read("terraform/edited.tf"), "mine\n");
    assert!(room.run(&["terraform", "upgrade"]).contains("is up to date"));
}

#[test]
fn a_file_that_was_deleted_in_the_app_stays_away_when_the_template_changes() {
    let room = without(older(Room::fresh_app(), WORKFLOW, "name: deploy\n", "name: ship\n"), WORKFLOW);
    assert_snapshot!(room.run(&["terraform", "upgrade"]), @"
    exit code 0
    -- stdout
    leave out  .github/workflows/deploy.yml (deleted here, and changed in the template)
    -- stderr
    done: brought `terraform/` up to date with the template of cargo bedrock 0.1.0
    ");
    assert!(!room.path(WORKFLOW).exists());
}

#[test]
fn an_app_without_terraform_gets_it() {
    let fresh = Room::fresh_app();
    let room = Room::app(MANIFEST);
    assert_snapshot!(room.run(&["terraform", "diff"]), @"
    exit code 1
    -- stderr
    error: app `my_app` has no `terraform/`
    help: `cargo bedrock terraform upgrade` makes it
    ");
    let shown = room.run(&["terraform", "upgrade"]);
    assert!(
        shown.starts_with("exit code 0\n-- stdout\ncreate     .github/workflows/deploy.yml\ncreate     terraform/"),
        "{shown}"
    );
    for path in [MAIN, OUTPUTS, WORKFLOW, RECORD] {
        assert_eq!(room.read(path), fresh.read(path), "{path}");
    }
    assert_eq!(room.tree("terraform"), fresh.tree("terraform"));
}

#[test]
fn a_workflow_of_the_app_s_own_is_kept() {
    let room = Room::app(MANIFEST).file(WORKFLOW, "name: own\n");
    let shown = room.run(&["terraform", "upgrade"]);
    assert!(shown.contains("keep       .github/workflows/deploy.yml (not made from the template)\n"), "{shown}");
    assert_eq!(room.read(WORKFLOW), "name: own\n");
    assert!(room.path(MAIN).is_file());
}

#[test]
fn a_terraform_folder_of_the_app_s_own_is_not_touched() {
    let room = Room::app(MANIFEST).file("terraform/network.tf", "# mine\n");
    let before = all(&room);
    assert_snapshot!(room.run(&["terraform", "upgrade"]), @"
    exit code 1
    -- stderr
    error: `terraform/` has no `.bedrock.json`, which says what it was made from
    help: look at `cargo bedrock terraform diff`, move `terraform/` away, and run the command again
    ");
    assert_eq!(all(&room), before);
}

#[test]
fn a_lost_record_is_written_again_when_every_file_is_the_template_s() {
    let fresh = Room::fresh_app();
    let text = fresh.read(RECORD);
    let room = without(fresh, RECORD);
    assert!(room.run(&["terraform", "upgrade"]).contains("brought `terraform/` up to date"));
    assert_eq!(room.read(RECORD), text);
    let room = edit(without(room, RECORD), OUTPUTS, NEW_LINE, OLD_LINE);
    assert_snapshot!(room.run(&["terraform", "upgrade"]), @"
    exit code 1
    -- stderr
    error: `terraform/` has no `.bedrock.json`, which says what it was made from
    help: look at `cargo bedrock terraform diff`, move `terraform/` away, and run the command again
    ");
}

#[test]
fn a_record_that_cannot_be_read_is_an_error() {
    let room = Room::fresh_app().file(RECORD, "{");
    assert_snapshot!(room.run(&["terraform", "upgrade"]), @"
    exit code 1
    -- stderr
    error: failed to read `terraform/.bedrock.json`
      caused by: EOF while parsing an object at line 1 column 1
    help: take it from an older commit: without it, no edit can be told from the template
    ");
    let room = room.file(RECORD, r#"{"version": 2, "bedrock": "0.9.0", "files": {}}"#);
    assert_snapshot!(room.run(&["terraform", "diff"]), @"
    exit code 1
    -- stderr
    error: failed to read `terraform/.bedrock.json`
      caused by: it has version 2, and this program reads version 1
    help: use the version of `cargo bedrock` that wrote it, or a newer one
    ");
}

#[test]
fn an_older_program_does_not_take_back_what_a_newer_one_brought() {
    let room = Room::fresh_app();
    let mut record = record(&room);
    record["bedrock"] = json!("99.0.0");
    write_record(&room, &record);
    assert_snapshot!(room.run(&["terraform", "upgrade"]), @"
    exit code 2
    -- stderr
    error: `terraform/` was made by cargo bedrock 99.0.0, and this is 0.1.0
    help: `cargo install cargo-bedrock --version 99.0.0`
    ");
}

#[test]
fn a_file_that_is_no_text_is_an_error_that_names_it() {
    let room = Room::fresh_app();
    fs::write(room.path(MAIN), [0xff]).expect("file");
    assert_snapshot!(room.run(&["terraform", "upgrade"]), @"
    exit code 2
    -- stderr
    error: failed to read `terraform/main.tf`
      caused by: stream did not contain valid UTF-8
    ");
}
