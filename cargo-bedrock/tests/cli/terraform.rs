//! `cargo bedrock terraform`. There is only one version of the template. An app that was created from an older one is
//! simulated by changing its record and files.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::test_app::{MANIFEST, TestApp};

const MAIN: &str = "terraform/main.tf";
const OUTPUTS: &str = "terraform/lambda/outputs.tf";
const WORKFLOW: &str = ".github/workflows/deploy.yml";
const RECORD: &str = "terraform/.bedrock.json";

/// The description of the output `url` in the template, and in a simulated older template.
const NEW_LINE: &str = "  description = \"The URL of the function; null for a worker.\"\n";
const OLD_LINE: &str = "  description = \"The URL of the function.\"\n";

fn read_record(app: &TestApp) -> Value {
    serde_json::from_str(&app.read(RECORD)).expect("JSON")
}

fn write_record(app: &TestApp, record: &Value) {
    fs::write(app.path(RECORD), record.to_string()).expect("record");
}

/// Changes the app as if it had been created when the template contained `old` instead of `new`.
fn with_older_template(app: TestApp, path: &str, new: &str, old: &str) -> TestApp {
    let mut record = read_record(&app);
    let text = record["files"][path].as_str().expect(path).to_owned();
    assert!(text.contains(new), "{new} in {text}");
    record["files"][path] = json!(text.replace(new, old));
    write_record(&app, &record);
    edit(app, path, new, old)
}

fn edit(app: TestApp, path: &str, from: &str, to: &str) -> TestApp {
    let text = app.read(path);
    assert!(text.contains(from), "{from} in {text}");
    app.file(path, &text.replace(from, to))
}

fn without(app: TestApp, path: &str) -> TestApp {
    fs::remove_file(app.path(path)).expect(path);
    app
}

#[test]
fn new_app_has_nothing_to_upgrade() {
    let app = TestApp::new_app();
    let before = app.files();
    assert_snapshot!(app.run(&["terraform", "diff"]), @"
    exit code 0
    -- stderr
    done: no file differs from the template of cargo bedrock 0.1.0
    ");
    assert_snapshot!(app.run(&["terraform", "upgrade"]), @"
    exit code 0
    -- stderr
    done: `terraform/` is up to date with the template of cargo bedrock 0.1.0
    ");
    assert_eq!(app.files(), before);
}

#[test]
fn diff_leads_from_the_app_to_the_template() {
    let app =
        edit(TestApp::new_app(), OUTPUTS, "  value       = aws_lambda_function.this.arn\n", "  value = \"mine\"\n");
    assert_snapshot!(app.run(&["terraform", "diff"]), @r#"
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

     output "alias" {
    -- stderr
    done: 1 file differs from the template of cargo bedrock 0.1.0
    "#);
}

#[test]
fn git_apply_of_the_diff_restores_the_template() {
    let new_app = TestApp::new_app();
    let template = new_app.files();
    let app = edit(new_app, OUTPUTS, "The ARN of the function.", "Mine.");
    let mut record = read_record(&app);
    record["files"].as_object_mut().expect("files").remove("terraform/main.tf");
    write_record(&app, &record);
    let app = without(app, MAIN);
    let patch = app.output(&["terraform", "diff"]).stdout;
    let mut git = Command::new("git");
    git.args(["apply", "-"]).current_dir(app.path(".")).stdin(Stdio::piped());
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
    assert_eq!(without_record(app.files()), without_record(template));
}

#[test]
fn deleted_files_are_named_and_not_in_the_diff() {
    let app = without(TestApp::new_app(), WORKFLOW);
    assert_snapshot!(app.run(&["terraform", "diff"]), @"
    exit code 0
    -- stderr
    note: deleted in this app: `.github/workflows/deploy.yml`
    done: no file differs from the template of cargo bedrock 0.1.0
    ");
    assert!(app.run(&["terraform", "upgrade"]).contains("is up to date"));
    assert!(!app.path(WORKFLOW).exists());
}

#[test]
fn unedited_file_is_replaced() {
    let new_app = TestApp::new_app();
    let template = new_app.files();
    let app = with_older_template(new_app, OUTPUTS, NEW_LINE, OLD_LINE);
    let before = app.files();
    let shown = app.run(&["terraform", "upgrade", "--dry-run"]);
    assert_snapshot!(shown, @"
    exit code 0
    -- stdout
    replace    terraform/lambda/outputs.tf
    -- stderr
    note: nothing was changed, because `--dry-run` was given
    ");
    assert_eq!(app.files(), before);
    assert_snapshot!(app.run(&["terraform", "upgrade"]), @"
    exit code 0
    -- stdout
    replace    terraform/lambda/outputs.tf
    -- stderr
    done: updated `terraform/` to the template of cargo bedrock 0.1.0
    ");
    assert_eq!(app.files(), template);
}

#[test]
fn edit_of_other_lines_is_kept() {
    let app = with_older_template(TestApp::new_app(), OUTPUTS, NEW_LINE, OLD_LINE);
    let app = edit(app, OUTPUTS, "The ARN of the function.", "Mine.");
    assert_snapshot!(app.run(&["terraform", "upgrade"]), @"
    exit code 0
    -- stdout
    merge      terraform/lambda/outputs.tf
    -- stderr
    done: updated `terraform/` to the template of cargo bedrock 0.1.0
    ");
    let merged = app.read(OUTPUTS);
    assert!(merged.contains("Mine.") && merged.contains(NEW_LINE) && !merged.contains(OLD_LINE), "{merged}");
    assert!(app.run(&["terraform", "upgrade"]).contains("is up to date"));
}

#[test]
fn edit_of_the_same_line_is_a_conflict() {
    let app = with_older_template(TestApp::new_app(), OUTPUTS, NEW_LINE, OLD_LINE);
    let app = edit(app, OUTPUTS, OLD_LINE, "  description = \"Mine.\"\n");
    let before = app.files();
    let dry_run = app.run(&["terraform", "upgrade", "--dry-run"]);
    assert_eq!(app.files(), before);
    let done = app.run(&["terraform", "upgrade"]);
    assert_eq!(dry_run.replace("note: nothing was changed, because `--dry-run` was given\n", ""), done);
    assert_snapshot!(done, @r#"
    exit code 1
    -- stdout
    conflict   terraform/lambda/outputs.tf

    terraform/lambda/outputs.tf:17
    <<<<<<< ours
      description = "Mine."
    ||||||| original
      description = "The URL of the function."
    =======
      description = "The URL of the function; null for a worker."
    >>>>>>> theirs
    -- stderr
    error: the app and the template changed the same lines of `terraform/lambda/outputs.tf`
    help: search for `<<<<<<<`: `ours` is the app's text, `theirs` the template's; keep the right lines
    "#);
    assert_snapshot!(app.read(OUTPUTS), @r#"
    output "arn" {
      description = "The ARN of the function."
      value       = aws_lambda_function.this.arn
    }

    output "alias" {
      description = "The name of the alias of the current version, which all callers invoke."
      value       = aws_lambda_alias.live.name
    }

    output "live_arn" {
      description = "The ARN of the alias."
      value       = aws_lambda_alias.live.arn
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
fn upgrade_fails_while_there_are_conflict_markers() {
    let app = TestApp::new_app();
    let text = format!("<<<<<<< ours\n{}=======\n>>>>>>> theirs\n", app.read(OUTPUTS));
    let app = app.file(OUTPUTS, &text);
    assert_snapshot!(app.run(&["terraform", "upgrade"]), @"
    exit code 1
    -- stderr
    error: the last upgrade is not finished: conflict markers in `terraform/lambda/outputs.tf`
    help: search for `<<<<<<<`, keep the right lines, and run the command again
    ");
    assert_eq!(app.read(OUTPUTS), text);
}

#[test]
fn files_are_created_and_deleted_like_in_the_template() {
    let app =
        without(TestApp::new_app(), OUTPUTS).file("terraform/old.tf", "old\n").file("terraform/edited.tf", "mine\n");
    let mut record = read_record(&app);
    let files = record["files"].as_object_mut().expect("files");
    files.remove(OUTPUTS);
    files.insert("terraform/old.tf".to_owned(), json!("old\n"));
    files.insert("terraform/edited.tf".to_owned(), json!("old\n"));
    write_record(&app, &record);
    assert_snapshot!(app.run(&["terraform", "upgrade"]), @"
    exit code 0
    -- stdout
    keep       terraform/edited.tf (edited here, and no longer in the template)
    create     terraform/lambda/outputs.tf
    delete     terraform/old.tf
    -- stderr
    done: updated `terraform/` to the template of cargo bedrock 0.1.0
    ");
    assert!(app.path(OUTPUTS).is_file() && !app.path("terraform/old.tf").exists());
    assert_eq!(app.read("terraform/edited.tf"), "mine\n");
    assert!(app.run(&["terraform", "upgrade"]).contains("is up to date"));
}

#[test]
fn deleted_file_is_not_created_again() {
    let app = without(with_older_template(TestApp::new_app(), WORKFLOW, "name: deploy\n", "name: ship\n"), WORKFLOW);
    assert_snapshot!(app.run(&["terraform", "upgrade"]), @"
    exit code 0
    -- stdout
    leave out  .github/workflows/deploy.yml (deleted here, and changed in the template)
    -- stderr
    done: updated `terraform/` to the template of cargo bedrock 0.1.0
    ");
    assert!(!app.path(WORKFLOW).exists());
}

#[test]
fn app_without_terraform_gets_the_template() {
    let new_app = TestApp::new_app();
    let app = TestApp::with_manifest(MANIFEST);
    assert_snapshot!(app.run(&["terraform", "diff"]), @"
    exit code 1
    -- stderr
    error: app `my_app` has no `terraform/`
    help: run `cargo bedrock terraform upgrade` to create it
    ");
    let shown = app.run(&["terraform", "upgrade"]);
    let workflows =
        "create     .github/workflows/deploy.yml\ncreate     .github/workflows/pull-request.yml\ncreate     terraform/";
    assert!(shown.starts_with(&format!("exit code 0\n-- stdout\n{workflows}")), "{shown}");
    for path in [MAIN, OUTPUTS, WORKFLOW, RECORD] {
        assert_eq!(app.read(path), new_app.read(path), "{path}");
    }
    assert_eq!(app.tree("terraform"), new_app.tree("terraform"));
}

#[test]
fn unmanaged_workflow_is_kept() {
    let app = TestApp::with_manifest(MANIFEST).file(WORKFLOW, "name: own\n");
    let shown = app.run(&["terraform", "upgrade"]);
    assert!(shown.contains("keep       .github/workflows/deploy.yml (not created from the template)\n"), "{shown}");
    assert_eq!(app.read(WORKFLOW), "name: own\n");
    assert!(app.path(MAIN).is_file());
}

#[test]
fn unmanaged_terraform_folder_is_not_changed() {
    let app = TestApp::with_manifest(MANIFEST).file("terraform/network.tf", "# mine\n");
    let before = app.files();
    assert_snapshot!(app.run(&["terraform", "upgrade"]), @"
    exit code 1
    -- stderr
    error: `terraform/` has no `.bedrock.json`, which records the template that it was created from
    help: see `cargo bedrock terraform diff`, move `terraform/` away, and run the command again
    ");
    assert_eq!(app.files(), before);
}

#[test]
fn lost_record_is_restored_for_unedited_files() {
    let new_app = TestApp::new_app();
    let text = new_app.read(RECORD);
    let app = without(new_app, RECORD);
    assert!(app.run(&["terraform", "upgrade"]).contains("updated `terraform/` to the template"));
    assert_eq!(app.read(RECORD), text);
    let app = edit(without(app, RECORD), OUTPUTS, NEW_LINE, OLD_LINE);
    assert_snapshot!(app.run(&["terraform", "upgrade"]), @"
    exit code 1
    -- stderr
    error: `terraform/` has no `.bedrock.json`, which records the template that it was created from
    help: see `cargo bedrock terraform diff`, move `terraform/` away, and run the command again
    ");
}

#[test]
fn invalid_record_is_an_error() {
    let app = TestApp::new_app().file(RECORD, "{");
    assert_snapshot!(app.run(&["terraform", "upgrade"]), @"
    exit code 1
    -- stderr
    error: failed to read `terraform/.bedrock.json`
      caused by: EOF while parsing an object at line 1 column 1
    help: restore it from an older commit: without it, edits cannot be distinguished from the template
    ");
    let app = app.file(RECORD, r#"{"version": 2, "bedrock": "0.9.0", "files": {}}"#);
    assert_snapshot!(app.run(&["terraform", "diff"]), @"
    exit code 1
    -- stderr
    error: failed to read `terraform/.bedrock.json`
      caused by: it has version 2, and this program reads version 1
    help: use the version of `cargo bedrock` that wrote it, or a newer one
    ");
}

#[test]
fn record_that_names_files_outside_of_the_app_is_refused() {
    for outside in ["../outside.txt", "terraform/../../outside.txt", "linked/outside.txt"] {
        let app = TestApp::new_app().file("../outside.txt", "known\n");
        std::os::unix::fs::symlink("..", app.path("linked")).expect("a link");
        let mut record = read_record(&app);
        record["files"][outside] = json!("known\n");
        write_record(&app, &record);
        let output = app.bedrock(&["terraform", "upgrade"]);
        assert_eq!(output.code, Some(1), "{}", output.stderr);
        let error = format!("error: `terraform/.bedrock.json` names `{outside}`");
        assert!(output.stderr.starts_with(&error), "{}", output.stderr);
        assert_eq!(app.read("../outside.txt"), "known\n");
    }
}

#[test]
fn older_program_does_not_downgrade() {
    let app = TestApp::new_app();
    let mut record = read_record(&app);
    record["bedrock"] = json!("99.0.0");
    write_record(&app, &record);
    assert_snapshot!(app.run(&["terraform", "upgrade"]), @"
    exit code 2
    -- stderr
    error: `terraform/` was created by cargo bedrock 99.0.0, which is newer than 0.1.0
    help: run `cargo install cargo-bedrock --version 99.0.0`
    ");
}

#[test]
fn file_that_is_not_text_is_an_error() {
    let app = TestApp::new_app();
    fs::write(app.path(MAIN), [0xff]).expect("file");
    assert_snapshot!(app.run(&["terraform", "upgrade"]), @"
    exit code 2
    -- stderr
    error: failed to read `terraform/main.tf`
      caused by: stream did not contain valid UTF-8
    ");
}
