//! The entry of the fuzz target for requirements.

use std::path::Path;

use bedrock_diagnostics::Result;

use super::requirements;

/// Reads a list, whose files are in `folder`. Returns the number of its lines.
pub(crate) fn read_requirements(list: &Path, folder: &Path) -> Result<usize> {
    requirements::read(list, folder, folder).map(|found| found.lines.len())
}
