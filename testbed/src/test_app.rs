//! A temporary app folder, and programs that run in it. The base of the fixtures of integration tests.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Variables that change the output of programs.
const OUTPUT_VARIABLES: &[&str] = &["CI", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"];
/// Prefixes of variables that change the behavior of the product and of the AWS SDKs.
const CONFIGURATION_PREFIXES: &[&str] = &["AWS_", "BEDROCK_"];
/// The terminal width to which programs wrap their help texts.
const COLUMNS: &str = "100";

/// A temporary folder that is deleted at the end of the test. Programs run in its working directory.
#[derive(Debug)]
pub struct TestApp {
    // Deletes the folder.
    _temp_dir: TempDir,
    root: PathBuf,
    working_dir: PathBuf,
}

/// The result of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramOutput {
    /// The exit code. `None` if a signal killed the program.
    pub status: Option<i32>,
    /// The standard output.
    pub stdout: String,
    /// The standard error.
    pub stderr: String,
}

impl TestApp {
    /// Creates an empty folder.
    pub fn empty() -> Self {
        let temp_dir = TempDir::new().expect("a temporary folder");
        // On some systems the path of temporary folders contains a link, so paths in messages would be different.
        let root = temp_dir.path().canonicalize().expect("a temporary folder");
        Self { _temp_dir: temp_dir, working_dir: root.clone(), root }
    }

    /// Creates an app in the folder `name`, which becomes the working directory.
    pub fn with_manifest(name: &str, cargo_toml: &str) -> Self {
        Self::empty().with_file(&format!("{name}/Cargo.toml"), cargo_toml).in_folder(name)
    }

    /// Adds a file. `path` is relative to the working directory.
    #[must_use]
    pub fn with_file(self, path: &str, contents: &str) -> Self {
        self.write(path, contents);
        self
    }

    /// Changes the working directory to the folder `path` in it.
    #[must_use]
    pub fn in_folder(mut self, path: &str) -> Self {
        self.working_dir.push(path);
        self
    }

    /// Returns the temporary folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the absolute path of `path` in the working directory.
    pub fn path(&self, path: &str) -> PathBuf {
        self.working_dir.join(path)
    }

    /// Writes a file, and creates its folder.
    pub fn write(&self, path: &str, contents: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be created");
        fs::write(&path, contents).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Reads a file.
    pub fn read(&self, path: &str) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Lists all files and links in a folder, including hidden ones, and empty folders with a `/` at the end.
    pub fn list(&self, path: &str) -> Vec<String> {
        let folder = self.path(path);
        let mut paths = Vec::new();
        collect_paths(&folder, &folder, &mut paths);
        paths.sort();
        paths
    }

    /// Returns a command in the working directory, without variables that change the output or behavior of the program.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.working_dir).stdin(Stdio::null()).env("COLUMNS", COLUMNS);
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            let is_configuration = CONFIGURATION_PREFIXES.iter().any(|prefix| text.starts_with(prefix));
            if is_configuration || OUTPUT_VARIABLES.contains(&&*text) {
                command.env_remove(&name);
            }
        }
        command
    }

    /// Runs a command to its end, with `input` on its standard input.
    pub fn run(&self, mut command: Command, input: &[u8]) -> ProgramOutput {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_owned();
        // The program may write output before it reads, or exit without reading its input.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().expect("the program ends");
        writer.join().expect("the input is written");
        ProgramOutput {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Returns an output as text for a snapshot, with `placeholder` in place of the path of the temporary folder.
    pub fn render(&self, output: &ProgramOutput, placeholder: &str) -> String {
        let mut text = format!("exit code {}\n", output.status.unwrap_or(-1));
        for (name, stream) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !stream.is_empty() {
                text += &["-- ", name, "\n", stream].concat();
            }
        }
        text.replace(&self.root.display().to_string(), placeholder)
    }
}

fn collect_paths(root: &Path, folder: &Path, paths: &mut Vec<String>) {
    let mut is_empty = true;
    for entry in fs::read_dir(folder).expect("a folder") {
        is_empty = false;
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.is_symlink() {
            collect_paths(root, &path, paths);
        } else {
            paths.push(path.strip_prefix(root).expect("a path in the folder").display().to_string());
        }
    }
    if is_empty && folder != root {
        paths.push(format!("{}/", folder.strip_prefix(root).expect("a path in the folder").display()));
    }
}
