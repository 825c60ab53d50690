//! An app from `new app`, and Terraform commands in its folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::test_app::TestApp;

/// An app called `space`.
pub(crate) struct TerraformApp {
    app: TestApp,
    terraform: PathBuf,
}

impl TerraformApp {
    /// Returns `None` if Terraform is not installed.
    pub(crate) fn new() -> Option<Self> {
        let terraform = crate::tools::terraform()?;
        let app = TestApp::new_app_named("space");
        fs::write(app.path("../terraformrc"), "").expect("configuration");
        Some(Self { app, terraform })
    }

    /// Returns the absolute path of a path in the app.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.app.path(path)
    }

    /// Adds the block of durable functions, which version 5 of the provider does not know.
    pub(crate) fn copy_durable_block(&self) {
        let block = self.path("terraform/lambda/durable_override.tf");
        fs::copy(block.with_extension("tf.example"), block).expect("the block");
    }

    /// Returns a Terraform command in a folder of the app, without this machine's settings.
    pub(crate) fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.terraform);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TF_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).current_dir(self.path(folder)).stdin(Stdio::null());
        command.env("TF_CLI_CONFIG_FILE", self.path("../terraformrc")).env("CHECKPOINT_DISABLE", "1");
        command
    }

    /// Runs Terraform in a folder of the app, which must succeed. Returns standard output.
    pub(crate) fn terraform(&self, folder: &str, arguments: &[&str]) -> String {
        let output = self.command(folder, arguments).output().expect("Terraform starts");
        assert!(output.status.success(), "{arguments:?}: {}", output_text(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Returns the outputs of the module `manifest/` for the manifest at `path`.
    pub(crate) fn decisions(&self, path: &Path) -> Value {
        self.terraform("terraform/manifest", &["init", "-input=false"]);
        let path_variable = format!("-var=path={}", path.display());
        let stage_variables =
            ["-var=stage=dev", "-var=partition=aws", "-var=region=us-east-1", "-var=account=123456789012"];
        let plan = [&["plan", "-input=false", "-out=tfplan", &path_variable][..], &stage_variables].concat();
        self.terraform("terraform/manifest", &plan);
        let plan = self.terraform("terraform/manifest", &["show", "-json", "tfplan"]);
        let plan: Value = serde_json::from_str(&plan).expect("JSON");
        plan["planned_values"]["outputs"].clone()
    }
}

/// Returns standard output and standard error of a program.
pub(crate) fn output_text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|stream| String::from_utf8_lossy(stream)).concat()
}
