//! Atomic replacement of a file in the artifact directory.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bedrock_diagnostics::{Error, Result};

/// Prefix of the temporary files. Builds that are killed leave them in the folder.
pub(super) const DRAFT: &str = ".bedrock-draft-";

/// Replaces a file atomically: readers see either the old or the new content.
pub(super) fn replace_file(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    let failed = |error: &std::io::Error| Error::io(format!("failed to write `{}`", path.display()), error);
    let above = path.parent().unwrap_or(Path::new("."));
    let draft =
        tempfile::Builder::new().prefix(DRAFT).permissions(fs::Permissions::from_mode(0o666)).tempfile_in(above);
    let mut draft = draft.map_err(|error| failed(&error))?;
    draft.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    draft.persist(path).map(drop).map_err(|error| failed(&error.error))
}
