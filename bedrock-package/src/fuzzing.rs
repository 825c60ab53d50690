//! What the fuzz targets in `fuzz/` call of this crate. Compiled only for them.

use std::path::Path;

use crate::{python, state};

/// Reads a `requirements.txt`. Files that it names are looked for in `folder`.
pub fn requirements(list: &Path, folder: &Path) {
    let _ = python::read_requirements(list, folder);
}

/// Reads the record of earlier builds in `folder`.
pub fn build_record(folder: &Path) {
    let _ = state::BuildState::load(folder);
}
