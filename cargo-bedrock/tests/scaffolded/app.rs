//! An app made in a temporary folder against this checkout, and the commands that a user would type there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// An app called `shop`.
pub(crate) struct App {
    dir: TempDir,
    /// The target folder, if it is not the one that all tests share.
    target: Option<PathBuf>,
}

pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl App {
    pub(crate) fn new() -> Self {
        let app = Self { dir: tempfile::tempdir().expect("a folder"), target: None };
        let checkout = checkout();
        let path = checkout.to_str().expect("text");
        let made = app.bedrock_in(app.dir.path(), &["new", "app", "shop", "--bedrock-path", path]);
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        // The same versions of everything as here: nothing is compiled twice.
        fs::copy(checkout.join("Cargo.lock"), app.path("Cargo.lock")).expect("the lock file");
        app
    }

    /// What `migrate` makes of one of the apps in `tests/original`.
    pub(crate) fn migrated(name: &str) -> Self {
        let app = Self { dir: tempfile::tempdir().expect("a folder"), target: None };
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/original").join(name);
        copy(&original, &app.path(""));
        let checkout = checkout();
        let path = checkout.to_str().expect("text");
        let made = app.bedrock(&["migrate", "--yes", "--bedrock-path", path]);
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        fs::copy(checkout.join("Cargo.lock"), app.path("Cargo.lock")).expect("the lock file");
        app
    }

    /// Without Rust workers, so that nothing has to be compiled; nothing is installed yet either.
    pub(crate) fn without_rust() -> Self {
        let mut app = Self::new();
        app.target = Some(app.dir.path().join("target"));
        fs::remove_dir_all(app.path("workers/greeter")).expect("the first worker");
        app.edit("Cargo.toml", "greeter = { path = \"workers/greeter\" }", "");
        app
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join("shop").join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).expect(path);
    }

    pub(crate) fn append(&self, path: &str, text: &str) {
        let before = fs::read_to_string(self.path(path)).expect(path);
        self.write(path, &(before + text));
    }

    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).expect(path);
        assert!(text.contains(from), "{from} in {text}");
        self.write(path, &text.replace(from, to));
    }

    /// `cargo bedrock …` in the app's folder.
    pub(crate) fn bedrock(&self, args: &[&str]) -> Answer {
        self.bedrock_in(&self.path("."), args)
    }

    /// The same, not started yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.bedrock_command(&self.path("."), args)
    }

    fn bedrock_in(&self, dir: &Path, args: &[&str]) -> Answer {
        self.bedrock_command(dir, args).output().expect("the command starts").into()
    }

    fn bedrock_command(&self, dir: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
        command.arg("bedrock").args(args).current_dir(dir).stdin(Stdio::null());
        self.environment(&mut command);
        command
    }

    /// `cargo …` in the app's folder.
    pub(crate) fn cargo(&self, args: &[&str]) -> Answer {
        self.cargo_command(args).output().expect("cargo starts").into()
    }

    pub(crate) fn cargo_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command.args(args).current_dir(self.path("."));
        self.environment(&mut command);
        // No test debugs these programs.
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
        command
    }

    /// What cargo says for people is not coloured.
    fn environment(&self, command: &mut Command) {
        testbed::share_build(command).env("CARGO_TERM_COLOR", "never");
        if let Some(target) = &self.target {
            command.env("CARGO_TARGET_DIR", target);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).expect("a file");
        }
    }
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the checkout").to_owned()
}
