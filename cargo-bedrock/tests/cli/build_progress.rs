//! What `build` prints while a long compilation runs and there is no terminal, with a fake cargo.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::test_app::{MANIFEST, TestApp};

/// A cargo that draws two frames of its bar, and then waits until the file `finish` exists before it fails.
const CARGO: &str = r#"#!/bin/sh
case "$1" in
  build|zigbuild) ;;
  *) exec "$REAL_CARGO" "$@" ;;
esac
printf '    Building [=>       ] 1/7: serde\r    Building [===>     ] 3/7: syn, quote\r' >&2
while [ ! -e finish ]; do sleep 0.1; done
echo 'error: the fake cargo compiles nothing' >&2
exit 101
"#;

#[test]
fn long_compilation_says_how_far_it_is() {
    let app = TestApp::with_manifest(MANIFEST).file("src/main.rs", "fn main() {}\n").file("cargo.sh", CARGO);
    let script = app.path("cargo.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a program");
    let mut command = app.command(&["build", "--compiler", "cargo"]);
    command.env("CARGO", &script).env("REAL_CARGO", env!("CARGO")).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut build = command.spawn().expect("it starts");
    let mut lines = BufReader::new(build.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let first = lines.find(|line| line.starts_with("note: compiling")).expect("a line");
    let since =
        first.strip_prefix("note: compiling since ").and_then(|rest| rest.strip_suffix(" s, 3 of 7 crates are done"));
    assert!(since.is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|seconds| seconds >= 2)), "{first}");
    fs::write(app.path("finish"), "").expect("a file");
    let rest: Vec<String> = lines.collect();
    assert_eq!(build.wait().expect("it ends").code(), Some(1));
    let error = rest.iter().position(|line| line == "error: failed to compile the app").expect("an error");
    assert!(rest[error..].iter().any(|line| line.contains("the fake cargo compiles nothing")), "{rest:?}");
    assert!(!rest.iter().any(|line| line.contains("Building [")), "{rest:?}");
}
