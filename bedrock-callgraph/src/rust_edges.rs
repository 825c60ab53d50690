//! Reads the calls of the app's Rust functions from their linked programs. The caller compiles the programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::elf::calls_in_binary;
use super::node::NodeName;
use bedrock_diagnostics::{Error, Result, relative_path};

/// The workers that each Rust function calls. Functions that have not been compiled are missing.
pub type RustEdges = BTreeMap<NodeName, BTreeSet<String>>;

/// Reads the calls of `programs`, the executables of the Rust functions. Paths in messages are relative to `root`.
pub fn read_program_calls(programs: &BTreeMap<NodeName, PathBuf>, root: &Path) -> Result<RustEdges> {
    programs.iter().map(|(name, path)| Ok((name.clone(), read_program(path, root)?))).collect()
}

fn read_program(path: &Path, root: &Path) -> Result<BTreeSet<String>> {
    let what = format!("failed to read the calls in the program `{}`", relative_path(path, root));
    let binary = fs::read(path).map_err(|error| Error::io(&what, &error))?;
    calls_in_binary(&binary).map_err(|error| {
        Error::call(what).cause(error.to_string().to_lowercase()).help("calls can only be read from programs for Linux")
    })
}
