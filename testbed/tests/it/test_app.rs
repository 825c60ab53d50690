//! The fixture for integration tests: a folder, and programs that run in it.

use testbed::TestApp;

#[test]
fn test_app_runs_programs_in_its_working_directory() {
    let app = TestApp::with_manifest("my_app", "[package]\n").with_file("src/main.rs", "");
    let mut command = app.command("/bin/sh");
    command.args(["-c", "pwd; cat; echo problem >&2; exit 3"]);
    let output = app.run(command, b"input");
    assert_eq!(app.render(&output, "[APP]"), "exit code 3\n-- stdout\n[APP]/my_app\ninput-- stderr\nproblem\n");
}

#[test]
fn test_app_lists_and_reads_files() {
    let app = TestApp::empty().with_file("b/c.txt", "text").with_file(".a", "");
    std::fs::create_dir(app.path("empty")).expect("a folder");
    assert_eq!(app.list("."), [".a", "b/c.txt", "empty/"]);
    assert_eq!(app.in_folder("b").read("c.txt"), "text");
}
