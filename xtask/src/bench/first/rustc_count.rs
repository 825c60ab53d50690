//! Counts what a command compiles, with a wrapper of rustc.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// Appends the name of each compiled crate to a file. Cargo also asks rustc for its version, without a name.
const WRAPPER: &str = r#"#!/bin/sh
previous=
for argument; do
  if [ "$previous" = --crate-name ] && [ "$argument" != ___ ]; then echo "$argument" >> "$BENCH_COMPILED"; fi
  previous=$argument
done
exec "$@"
"#;

/// The wrapper and its file.
#[derive(Debug)]
pub(super) struct RustcCount {
    wrapper: PathBuf,
    compiled: PathBuf,
}

impl RustcCount {
    /// Writes the wrapper into a folder. Cargo compiles everything again when its path changes.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let wrapper = folder.join("rustc_wrapper.sh");
        fs::write(&wrapper, WRAPPER).with_context(|| format!("failed to write {}", wrapper.display()))?;
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("failed to make {} a program", wrapper.display()))?;
        Ok(Self { wrapper, compiled: folder.join("compiled_crates") })
    }

    /// Has a command be counted, and forgets what was counted before.
    pub(super) fn watch(&self, command: &mut Command) {
        // It is absent if the command before started no compiler.
        let _ = fs::remove_file(&self.compiled);
        command.env("RUSTC_WRAPPER", &self.wrapper).env("BENCH_COMPILED", &self.compiled);
    }

    /// Returns the number of rustc processes that have compiled a crate, also build scripts.
    pub(super) fn processes(&self) -> usize {
        fs::read_to_string(&self.compiled).unwrap_or_default().lines().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_are_counted_and_questions_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let count = RustcCount::new(folder.path()).expect("a wrapper");
        let run = |arguments: &[&str]| {
            let mut command = Command::new(&count.wrapper);
            command.arg("true").args(arguments).env("BENCH_COMPILED", &count.compiled);
            assert!(command.status().expect("it starts").success());
        };
        count.watch(&mut Command::new("true"));
        assert_eq!(count.processes(), 0);
        run(&["--crate-name", "shop", "src/main.rs"]);
        run(&["--crate-name", "greeter"]);
        run(&["--crate-name", "___", "--print=cfg"]);
        run(&["-vV"]);
        assert_eq!(count.processes(), 2);
        count.watch(&mut Command::new("true"));
        assert_eq!(count.processes(), 0);
    }
}
