//! A temporary app, and the commands that a test runs in it. Each test binary includes this file and uses a part of it.
#![allow(dead_code)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Manifest of an empty app.
pub(crate) const MANIFEST: &str = "\
[package]
name = \"my_app\"
version = \"0.1.0\"
edition = \"2024\"

[package.metadata.bedrock]

[workspace]
";

/// A temporary folder that is deleted at the end of the test. Commands run in its working folder, which is usually the
/// folder of an app.
pub(crate) struct TestApp {
    // Deletes the folder.
    _temp_dir: TempDir,
    root: PathBuf,
    working_dir: PathBuf,
    /// `CARGO_TARGET_DIR` of all commands.
    target_dir: Option<PathBuf>,
}

/// Exit code and output of a command.
pub(crate) struct CommandOutput {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for CommandOutput {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl TestApp {
    /// Creates an empty folder.
    pub(crate) fn empty() -> Self {
        let temp_dir = TempDir::new().expect("temporary folder");
        let root = temp_dir.path().canonicalize().expect("temporary folder");
        Self { _temp_dir: temp_dir, working_dir: root.clone(), root, target_dir: None }
    }

    /// Creates the folder `my_app` with this `Cargo.toml`.
    pub(crate) fn with_manifest(manifest: &str) -> Self {
        Self::empty().file("my_app/Cargo.toml", manifest).enter("my_app")
    }

    /// Creates an app with `cargo bedrock new app my_app`.
    pub(crate) fn new_app() -> Self {
        Self::new_app_named("my_app")
    }

    /// Creates an app with `cargo bedrock new app`.
    pub(crate) fn new_app_named(name: &str) -> Self {
        let dir = Self::empty();
        dir.run_ok(&["--quiet", "new", "app", name]);
        dir.enter(name)
    }

    /// Creates an app called `shop` that depends on the crates of this checkout, so that it can be compiled.
    pub(crate) fn compilable() -> Self {
        let mut dir = Self::empty();
        dir.target_dir = Some(shared_target_dir());
        dir.run_ok(&["new", "app", "shop", "--bedrock-path", &checkout_path()]);
        let app = dir.enter("shop");
        app.copy_lock_file();
        app
    }

    /// Migrates one of the apps in `tests/original` to an app that depends on the crates of this checkout.
    pub(crate) fn migrated(name: &str) -> Self {
        let mut app = Self::empty().enter("shop");
        app.target_dir = Some(shared_target_dir());
        copy_folder(&original_app(name), &app.path(""));
        app.run_ok(&["migrate", "--yes", "--bedrock-path", &checkout_path()]);
        app.copy_lock_file();
        app
    }

    /// Creates an app like [`TestApp::compilable`], but without Rust workers and with an empty target folder of its
    /// own.
    pub(crate) fn without_rust() -> Self {
        let mut app = Self::compilable();
        app.target_dir = Some(app.root.join("target"));
        fs::remove_dir_all(app.path("workers/greeter")).expect("the first worker");
        app.edit("Cargo.toml", "greeter = { path = \"workers/greeter\" }", "");
        app
    }

    /// Uses the dependency versions of this checkout, so that nothing is compiled twice.
    fn copy_lock_file(&self) {
        fs::copy(checkout().join("Cargo.lock"), self.path("Cargo.lock")).expect("the lock file");
    }

    /// Adds a file.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let path = self.working_dir.join(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, text).expect("file");
        self
    }

    /// Changes the working folder to `path`.
    pub(crate) fn enter(mut self, path: &str) -> Self {
        self.working_dir.push(path);
        self
    }

    /// Returns the absolute path of `path`, which is relative to the working folder.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.working_dir.join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect(path)
    }

    /// Replaces a file in one step like editors do, so that a file watcher never sees half of it.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let temporary = self.root.join("temporary");
        fs::write(&temporary, text).expect("file");
        fs::rename(temporary, self.path(path)).expect(path);
    }

    /// Appends `text` to a file.
    pub(crate) fn append(&self, path: &str, text: &str) {
        self.write(path, &(self.read(path) + text));
    }

    /// Replaces `from`, which must occur, by `to` in a file.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{from} in {text}");
        self.write(path, &text.replace(from, to));
    }

    /// Returns the paths of all files and symlinks below a folder, including hidden ones, and of empty folders.
    pub(crate) fn tree(&self, path: &str) -> String {
        let mut found = Vec::new();
        collect_paths(&self.path(path), &self.path(path), &mut found);
        found.sort();
        found.join("\n")
    }

    /// Returns all files below the working folder with their contents.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let read = |path: &str| fs::read(self.path(path)).expect(path);
        self.tree(".").lines().map(|path| (path.to_owned(), read(path))).collect()
    }

    /// Returns the command `cargo bedrock`, without starting it.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
        command.arg("bedrock").args(args).current_dir(&self.working_dir).stdin(Stdio::null());
        for variable in ["CI", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        // Help texts are wrapped to this width.
        command.env("COLUMNS", "100");
        self.set_cargo_environment(&mut command);
        command
    }

    /// Runs `cargo bedrock`.
    pub(crate) fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command starts")
    }

    /// Runs `cargo bedrock`. Returns exit code and output as texts.
    pub(crate) fn bedrock(&self, args: &[&str]) -> CommandOutput {
        self.output(args).into()
    }

    /// Runs `cargo bedrock`, which must succeed.
    pub(crate) fn run_ok(&self, args: &[&str]) {
        let output = self.bedrock(args);
        assert_eq!(output.code, Some(0), "{args:?}: {}", output.stderr);
    }

    /// Runs `cargo bedrock`. Returns exit code and output as one text for a snapshot.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        self.show(&self.output(args))
    }

    /// Like [`TestApp::run`], with `input` on standard input.
    pub(crate) fn run_with_input(&self, args: &[&str], input: &[u8]) -> String {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        child.stdin.take().expect("stdin").write_all(input).expect("write");
        self.show(&child.wait_with_output().expect("the command ends"))
    }

    /// Returns exit code and output as one text, with the temporary folder as `[DIR]`.
    pub(crate) fn show(&self, output: &Output) -> String {
        let mut text = format!("exit code {}\n", output.status.code().map_or(-1, |code| code));
        for (name, stream) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !stream.is_empty() {
                text += ["-- ", name, "\n", &String::from_utf8_lossy(stream)].concat().as_str();
            }
        }
        text.replace(&self.root.display().to_string(), "[DIR]")
    }

    /// Runs cargo in the working folder.
    pub(crate) fn cargo(&self, args: &[&str]) -> CommandOutput {
        self.cargo_command(args).output().expect("cargo starts").into()
    }

    /// Returns a cargo command, without starting it.
    pub(crate) fn cargo_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command.args(args).current_dir(&self.working_dir);
        self.set_cargo_environment(&mut command);
        // No test debugs these programs.
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
        command
    }

    /// Removes what the cargo that runs the tests has set. Cargo's own output is not coloured.
    fn set_cargo_environment(&self, command: &mut Command) {
        if let Some(target_dir) = &self.target_dir {
            command.env("CARGO_TARGET_DIR", target_dir).env("CARGO_TERM_COLOR", "never");
        }
        for variable in ["RUSTFLAGS", "CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "RUST_BACKTRACE"] {
            command.env_remove(variable);
        }
    }
}

/// Returns the folder of this checkout.
pub(crate) fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the checkout").to_owned()
}

fn checkout_path() -> String {
    checkout().to_str().expect("text").to_owned()
}

/// Returns the folder of an app of Bedrock for Python in `tests/original`.
pub(crate) fn original_app(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/original").join(name)
}

/// Returns the target folder that all compilable apps share, so that their dependencies are compiled once.
fn shared_target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("fixtures")
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folder");
    for entry in fs::read_dir(from).expect("folder") {
        let path = entry.expect("entry").path();
        let target = to.join(path.file_name().expect("name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, target).expect("file");
        }
    }
}

fn collect_paths(root: &Path, dir: &Path, found: &mut Vec<String>) {
    let mut is_empty = true;
    for entry in fs::read_dir(dir).expect("folder") {
        is_empty = false;
        let path = entry.expect("entry").path();
        if path.is_dir() && !path.is_symlink() {
            collect_paths(root, &path, found);
        } else {
            found.push(path.strip_prefix(root).expect("below").display().to_string());
        }
    }
    if is_empty && dir != root {
        found.push(format!("{}/", dir.strip_prefix(root).expect("below").display()));
    }
}
