//! The app's files on disk: the template record, and the files that the template or the record contains.

use std::fs;
use std::io;
use std::path::Path;

use super::file_map::FileMap;
use super::template_record::TemplateRecord;
use crate::app_path::AppPath;
use bedrock_diagnostics::{Error, Result};

/// The app's Terraform files and workflow.
#[derive(Debug)]
pub(crate) struct AppFiles {
    /// `None` in an app that was created before this file existed, or that has lost it.
    pub(crate) record: Option<TemplateRecord>,
    /// The existing files, with the user's edits.
    pub(crate) files: FileMap,
    /// Text of the record file, which an upgrade replaces.
    pub(crate) record_text: Option<String>,
    /// Whether the folder `terraform` contains anything.
    pub(crate) has_terraform: bool,
}

impl AppFiles {
    /// Reads the files that `template` or the record contains, from the app in `root`.
    pub(crate) fn read(root: &Path, template: &FileMap) -> Result<Self> {
        let record_text = read(root, TemplateRecord::PATH)?;
        let record = record_text.as_deref().map(TemplateRecord::parse).transpose()?;
        let mut files = FileMap::new();
        if let Some(record) = &record {
            AppPath::check_all(root, record.files.keys(), TemplateRecord::PATH)?;
        }
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

/// Returns the text of a file, or `None` if it does not exist.
fn read(root: &Path, path: &str) -> Result<Option<String>> {
    let place = AppPath::of(root, path, TemplateRecord::PATH)?;
    match fs::read_to_string(place.on_disk()) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(format!("failed to read `{path}`"), &error)),
    }
}
