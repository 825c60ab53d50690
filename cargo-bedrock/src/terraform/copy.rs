//! What the app has on the disk: its record, and its copies of the files that the template or the record know.

use std::fs;
use std::io;
use std::path::Path;

use super::{Record, Texts};
use bedrock_diagnostics::{Error, Result};

/// The app's half of a comparison.
#[derive(Debug)]
pub(crate) struct Copy {
    /// Missing in an app that was made before there were templates of this kind, or whose record was lost.
    pub(crate) record: Option<Record>,
    /// The files that are there, with all edits.
    pub(crate) files: Texts,
    /// The record's own text, which an upgrade replaces.
    pub(crate) record_text: Option<String>,
    /// Whether the folder `terraform` has anything in it.
    pub(crate) has_terraform: bool,
}

impl Copy {
    /// Reads the copies of what `template` and the record know, from the app in `root`.
    pub(crate) fn read(root: &Path, template: &Texts) -> Result<Self> {
        let record_text = read(root, Record::PATH)?;
        let record = record_text.as_deref().map(Record::parse).transpose()?;
        let mut files = Texts::new();
        let recorded = record.iter().flat_map(|record| record.files.keys());
        for path in template.keys().chain(recorded) {
            if let Some(text) = read(root, path)? {
                files.insert(path.clone(), text);
            }
        }
        let has_terraform = fs::read_dir(root.join("terraform")).is_ok_and(|mut entries| entries.next().is_some());
        Ok(Self { record, files, record_text, has_terraform })
    }
}

fn read(root: &Path, path: &str) -> Result<Option<String>> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(format!("failed to read `{path}`"), &error)),
    }
}
