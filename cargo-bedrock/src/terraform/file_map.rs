//! Texts by path, and the template.

use std::collections::BTreeMap;

/// Texts by their paths, which are relative to the app.
pub(crate) type FileMap = BTreeMap<String, String>;

/// Returns the template of this version.
pub(crate) fn template() -> FileMap {
    bedrock_templates::terraform().into_iter().map(|file| (file.path, file.contents)).collect()
}
