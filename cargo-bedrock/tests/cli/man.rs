//! `cargo bedrock man`.

use insta::assert_snapshot;

use crate::test_app::TestApp;

#[test]
fn main_page_is_printed() {
    let page = TestApp::empty().run(&["man"]);
    assert!(page.starts_with("exit code 0\n-- stdout\n.ie \\n(.g"), "{page}");
    assert!(page.contains(".TH cargo-bedrock 1") && page.contains("cargo\\-bedrock\\-invoke(1)"), "{page}");
}

#[test]
fn one_page_for_each_command_is_written_and_replaced() {
    let app = TestApp::empty();
    assert_snapshot!(app.run(&["man", "--dir", "share/man1"]), @"
    exit code 0
    -- stderr
    done: wrote 51 pages to `share/man1`
    ");
    assert_snapshot!(app.tree("share"), @"
    man1/cargo-bedrock-build.1
    man1/cargo-bedrock-completions.1
    man1/cargo-bedrock-contracts-diff.1
    man1/cargo-bedrock-contracts-show.1
    man1/cargo-bedrock-contracts.1
    man1/cargo-bedrock-deploy.1
    man1/cargo-bedrock-destroy.1
    man1/cargo-bedrock-dev.1
    man1/cargo-bedrock-doctor.1
    man1/cargo-bedrock-env.1
    man1/cargo-bedrock-executions-callback-fail.1
    man1/cargo-bedrock-executions-callback-heartbeat.1
    man1/cargo-bedrock-executions-callback-succeed.1
    man1/cargo-bedrock-executions-callback.1
    man1/cargo-bedrock-executions-delete.1
    man1/cargo-bedrock-executions-history.1
    man1/cargo-bedrock-executions-ls.1
    man1/cargo-bedrock-executions-pause.1
    man1/cargo-bedrock-executions-resume.1
    man1/cargo-bedrock-executions-show.1
    man1/cargo-bedrock-executions-stop.1
    man1/cargo-bedrock-executions-update-code.1
    man1/cargo-bedrock-executions.1
    man1/cargo-bedrock-graph.1
    man1/cargo-bedrock-import.1
    man1/cargo-bedrock-invoke.1
    man1/cargo-bedrock-list.1
    man1/cargo-bedrock-logs.1
    man1/cargo-bedrock-man.1
    man1/cargo-bedrock-mcp.1
    man1/cargo-bedrock-migrate.1
    man1/cargo-bedrock-new-app.1
    man1/cargo-bedrock-new-endpoint.1
    man1/cargo-bedrock-new-worker.1
    man1/cargo-bedrock-new.1
    man1/cargo-bedrock-queue-drain.1
    man1/cargo-bedrock-queue-drop.1
    man1/cargo-bedrock-queue-ls.1
    man1/cargo-bedrock-queue-retry.1
    man1/cargo-bedrock-queue-show.1
    man1/cargo-bedrock-queue.1
    man1/cargo-bedrock-remove-worker.1
    man1/cargo-bedrock-remove.1
    man1/cargo-bedrock-replay.1
    man1/cargo-bedrock-rollback.1
    man1/cargo-bedrock-status.1
    man1/cargo-bedrock-terraform-diff.1
    man1/cargo-bedrock-terraform-upgrade.1
    man1/cargo-bedrock-terraform.1
    man1/cargo-bedrock-test.1
    man1/cargo-bedrock.1
    ");
    assert!(app.read("share/man1/cargo-bedrock-new-worker.1").contains("thumbnailer.js"));
    assert!(app.run(&["man", "--dir", "share/man1"]).starts_with("exit code 0"));
}

#[test]
fn file_in_place_of_the_folder_is_an_error() {
    let app = TestApp::empty().file("share", "");
    assert_snapshot!(app.run(&["man", "--dir", "share"]), @"
    exit code 2
    -- stderr
    error: failed to create the folder `share`
      caused by: file exists
    ");
    assert_snapshot!(app.run(&["man", "--dir", "share/man1"]), @"
    exit code 2
    -- stderr
    error: failed to create the folder `share/man1`
      caused by: not a directory
    ");
}
