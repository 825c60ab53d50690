//! Counts what a command compiles, with a wrapper of rustc.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::test_app::TestApp;

/// Appends the name of each compiled crate to a file. Cargo also asks rustc for its version, without a name.
const WRAPPER: &str = "#!/bin/sh
previous=
for argument; do
  if [ \"$previous\" = --crate-name ] && [ \"$argument\" != ___ ]; then
    echo \"$argument\" >> \"$COMPILED_CRATES\"
  fi
  previous=$argument
done
exec \"$@\"
";

/// The names of the crates that a command compiles.
pub(crate) struct RustcLog {
    wrapper: PathBuf,
    compiled: PathBuf,
}

impl RustcLog {
    /// Creates the log next to the app, which does not contain it.
    pub(crate) fn new(app: &TestApp) -> Self {
        let wrapper = app.path("../rustc_wrapper.sh");
        fs::write(&wrapper, WRAPPER).expect("a file");
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).expect("a program");
        Self { wrapper, compiled: app.path("../compiled_crates") }
    }

    /// Empties the log, and has a command write it.
    pub(crate) fn watch<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let _ = fs::remove_file(&self.compiled);
        command.env("RUSTC_WRAPPER", &self.wrapper).env("COMPILED_CRATES", &self.compiled)
    }

    /// Returns the names of the crates that the command has compiled, sorted, each once.
    pub(crate) fn compiled(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.compiled).unwrap_or_default();
        let mut names: Vec<String> = text.lines().map(str::to_owned).collect();
        names.sort();
        names.dedup();
        names
    }
}
