//! A temporary folder with what `new app` writes, and Terraform called in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// An app called `space`.
pub(crate) struct Folder {
    dir: TempDir,
    terraform: PathBuf,
}

impl Folder {
    /// None where there is no Terraform.
    pub(crate) fn new() -> Option<Self> {
        let terraform = crate::tools::terraform()?;
        let dir = tempfile::tempdir().expect("a folder");
        let mut new = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
        let made = new.args(["--quiet", "new", "app", "space"]).current_dir(dir.path()).status();
        assert!(made.expect("the command starts").success());
        fs::write(dir.path().join("terraformrc"), "").expect("configuration");
        Some(Self { dir, terraform })
    }

    /// A path of the app.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join("space").join(path)
    }

    /// Terraform, in a folder of the app, with nothing of this machine's settings.
    pub(crate) fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.terraform);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TF_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).current_dir(self.path(folder)).stdin(Stdio::null());
        command.env("TF_CLI_CONFIG_FILE", self.dir.path().join("terraformrc")).env("CHECKPOINT_DISABLE", "1");
        command
    }

    /// What Terraform says in a folder of the app; it must succeed.
    pub(crate) fn terraform(&self, folder: &str, arguments: &[&str]) -> String {
        let output = self.command(folder, arguments).output().expect("Terraform starts");
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// What `manifest/` decides about the manifest at `path`, by the names of its outputs.
    pub(crate) fn decisions(&self, path: &Path) -> Value {
        self.terraform("terraform/manifest", &["init", "-input=false"]);
        let given = format!("-var=path={}", path.display());
        let place = ["-var=stage=dev", "-var=partition=aws", "-var=region=us-east-1", "-var=account=123456789012"];
        let plan = [&["plan", "-input=false", "-out=tfplan", &given][..], &place].concat();
        self.terraform("terraform/manifest", &plan);
        let shown = self.terraform("terraform/manifest", &["show", "-json", "tfplan"]);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        shown["planned_values"]["outputs"].clone()
    }
}

/// All that a program said.
pub(crate) fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|stream| String::from_utf8_lossy(stream)).concat()
}
