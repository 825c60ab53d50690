//! A temporary folder to call the command in, and how an answer is shown in a snapshot.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The manifest of an app with nothing in it.
pub(crate) const MANIFEST: &str = "\
[package]
name = \"my_app\"
version = \"0.1.0\"
edition = \"2024\"

[package.metadata.bedrock]

[workspace]
";

/// A folder that is removed at the end of the test. Commands are called in it, or in `my_app` below it.
pub(crate) struct Room {
    // Keeps the folder.
    _dir: TempDir,
    root: PathBuf,
    called_in: PathBuf,
}

impl Room {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        let dir = TempDir::new().expect("temporary folder");
        let root = dir.path().canonicalize().expect("temporary folder");
        Self { _dir: dir, called_in: root.clone(), root }
    }

    /// The folder `my_app` with this `Cargo.toml`; commands are called in it.
    pub(crate) fn app(manifest: &str) -> Self {
        Self::empty().file("my_app/Cargo.toml", manifest).enter("my_app")
    }

    /// What `cargo bedrock new app my_app` makes.
    pub(crate) fn fresh_app() -> Self {
        let room = Self::empty();
        assert!(room.output(&["--quiet", "new", "app", "my_app"]).status.success());
        room.enter("my_app")
    }

    /// Adds a file; the path is relative to where commands are called.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let path = self.called_in.join(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, text).expect("file");
        self
    }

    /// Calls commands in a folder below.
    pub(crate) fn enter(mut self, path: &str) -> Self {
        self.called_in.push(path);
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.called_in.join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect(path)
    }

    /// All files and symlinks below a folder, hidden ones too; folders only when they are empty.
    pub(crate) fn tree(&self, path: &str) -> String {
        let mut found = Vec::new();
        collect(&self.path(path), &self.path(path), &mut found);
        found.sort();
        found.join("\n")
    }

    /// The command, not yet called.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
        command.arg("bedrock").args(args).current_dir(&self.called_in).stdin(Stdio::null());
        for variable in ["CI", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        // The width to which help is wrapped.
        command.env("COLUMNS", "100");
        command
    }

    pub(crate) fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command starts")
    }

    /// The whole answer, with the temporary folder as `[ROOM]`.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        self.show(&self.output(args))
    }

    /// Like [`Room::run`], with something on the standard input.
    pub(crate) fn run_with_input(&self, args: &[&str], input: &[u8]) -> String {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        child.stdin.take().expect("stdin").write_all(input).expect("write");
        self.show(&child.wait_with_output().expect("the command ends"))
    }

    pub(crate) fn show(&self, output: &Output) -> String {
        let mut text = format!("exit code {}\n", output.status.code().map_or(-1, |code| code));
        for (name, stream) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !stream.is_empty() {
                text += ["-- ", name, "\n", &String::from_utf8_lossy(stream)].concat().as_str();
            }
        }
        text.replace(&self.root.display().to_string(), "[ROOM]")
    }
}

fn collect(root: &Path, dir: &Path, found: &mut Vec<String>) {
    let mut is_empty = true;
    for entry in fs::read_dir(dir).expect("folder") {
        is_empty = false;
        let path = entry.expect("entry").path();
        if path.is_dir() && !path.is_symlink() {
            collect(root, &path, found);
        } else {
            found.push(path.strip_prefix(root).expect("below").display().to_string());
        }
    }
    if is_empty && dir != root {
        found.push(format!("{}/", dir.strip_prefix(root).expect("below").display()));
    }
}
