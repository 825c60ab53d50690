//! What an upgrade does to each file. This is decided from texts only; `file_plan::apply` writes to the disk.

use std::collections::BTreeSet;
use std::path::Path;

use super::app_files::AppFiles;
use super::diff::{MergeResult, merge, normalize_newlines, restore_newlines};
use super::file_map::FileMap;
use super::template_record::TemplateRecord;
use crate::file_plan::{FilePlan, FileStep};
use bedrock_diagnostics::{Error, Result};

/// Change of one file, with the new text of the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FileChange {
    /// The file is new in the template.
    Create(String),
    /// The template has changed, and the app's file was not edited.
    Replace(String),
    /// Template and app have changed different lines.
    Merge(String),
    /// Template and app have changed the same lines, which are between conflict markers.
    Conflict(String),
    /// The file was removed from the template, and was not edited.
    Delete,
    /// The file was removed from the template, but was edited, so it is kept.
    Keep,
    /// The template has changed, but the app has deleted the file, so it is not created again.
    LeaveOut,
    /// The file was not created from the template, so it is kept.
    Unmanaged,
}

impl FileChange {
    /// Returns the verb that the printed plan uses.
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Replace(_) => "replace",
            Self::Merge(_) => "merge",
            Self::Conflict(_) => "conflict",
            Self::Delete => "delete",
            Self::Keep | Self::Unmanaged => "keep",
            Self::LeaveOut => "leave out",
        }
    }

    /// Returns why a file is not changed although it differs from the template.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Keep => Some("edited here, and no longer in the template"),
            Self::LeaveOut => Some("deleted here, and changed in the template"),
            Self::Unmanaged => Some("not created from the template"),
            _ => None,
        }
    }
}

/// All changes of an upgrade.
#[derive(Debug)]
pub(crate) struct Upgrade {
    /// Sorted by path, without the files whose template has not changed.
    pub(crate) changes: Vec<(String, FileChange)>,
    /// The record after the upgrade.
    record: TemplateRecord,
}

/// Plans the upgrade of the app's files to `template`.
pub(crate) fn plan(app_files: &AppFiles, template: &FileMap) -> Result<Upgrade> {
    if let Some(record) = &app_files.record {
        record.check_not_newer()?;
    }
    let empty = FileMap::new();
    let base = app_files.record.as_ref().map_or(&empty, |record| &record.files);
    let paths: BTreeSet<&String> = base.keys().chain(template.keys()).collect();
    let change = |path: &&String| file_change(base.get(*path), app_files.files.get(*path), template.get(*path));
    let changes: Vec<(String, FileChange)> =
        paths.iter().filter_map(|path| Some(((*path).clone(), change(path)?))).collect();
    if app_files.record.is_none() {
        check_terraform_is_managed(app_files, template, &changes)?;
    }
    // If an unmanaged file were recorded, the next upgrade would treat its contents as edits of the template.
    let is_unmanaged =
        |path: &String| changes.iter().any(|(other, change)| other == path && *change == FileChange::Unmanaged);
    let recorded = template.iter().filter(|(path, _)| !is_unmanaged(path));
    let record = TemplateRecord::new(recorded.map(|(path, text)| (path.clone(), text.clone())).collect());
    Ok(Upgrade { changes, record })
}

/// Decides the change of one file from the recorded template, the app's file and the current template. Returns `None`
/// if the file stays unchanged.
fn file_change(base: Option<&String>, ours: Option<&String>, theirs: Option<&String>) -> Option<FileChange> {
    let Some(theirs) = theirs else {
        let ours = ours?;
        let is_edited = base.is_none_or(|base| *base != normalize_newlines(ours));
        return Some(if is_edited { FileChange::Keep } else { FileChange::Delete });
    };
    let Some(ours) = ours else {
        return match base {
            None => Some(FileChange::Create(theirs.clone())),
            Some(base) => (base != theirs).then_some(FileChange::LeaveOut),
        };
    };
    let normalized = normalize_newlines(ours);
    if normalized == theirs.as_str() {
        return None;
    }
    let Some(base) = base else { return Some(FileChange::Unmanaged) };
    if base == theirs {
        return None;
    }
    if normalized == base.as_str() {
        return Some(FileChange::Replace(restore_newlines(ours, theirs.clone())));
    }
    Some(match merge(base, &normalized, theirs) {
        MergeResult::Clean(text) => FileChange::Merge(restore_newlines(ours, text)),
        MergeResult::Conflict(text) => FileChange::Conflict(restore_newlines(ours, text)),
    })
}

/// Returns an error if `terraform/` is not from the template and has no record. Template files next to the user's own
/// files could declare the same resources twice.
fn check_terraform_is_managed(
    app_files: &AppFiles,
    template: &FileMap,
    changes: &[(String, FileChange)],
) -> Result<()> {
    let in_terraform = |path: &str| path.starts_with("terraform/");
    let has_all = template.keys().filter(|path| in_terraform(path)).all(|path| app_files.files.contains_key(path));
    let has_unmanaged = changes.iter().any(|(path, change)| in_terraform(path) && *change == FileChange::Unmanaged);
    if app_files.has_terraform && (has_unmanaged || !has_all) {
        return Err(Error::app(format!(
            "`terraform/` has no `{}`, which records the template that it was created from",
            TemplateRecord::PATH.trim_start_matches("terraform/")
        ))
        .help("see `cargo bedrock terraform diff`, move `terraform/` away, and run the command again"));
    }
    Ok(())
}

impl Upgrade {
    /// Returns path and new text of the files with conflicts.
    pub(crate) fn conflicts(&self) -> Vec<(&str, &str)> {
        let conflicts = self.changes.iter().filter_map(|(path, change)| match change {
            FileChange::Conflict(text) => Some((path.as_str(), text.as_str())),
            _ => None,
        });
        conflicts.collect()
    }

    /// Returns the steps that carry out the upgrade of the app in `root`.
    pub(crate) fn file_plan(&self, root: &Path, app_files: &AppFiles) -> Result<FilePlan> {
        let mut steps = Vec::new();
        for (path, change) in &self.changes {
            let before = app_files.files.get(path).cloned().unwrap_or_default();
            let path = root.join(path);
            match change {
                FileChange::Create(contents) => {
                    steps.push(FileStep::CreateFile { path, contents: contents.clone() });
                }
                FileChange::Replace(after) | FileChange::Merge(after) | FileChange::Conflict(after) => {
                    steps.push(FileStep::Edit { path, before, after: after.clone() });
                }
                FileChange::Delete => steps.push(FileStep::Remove { path, before }),
                FileChange::Keep | FileChange::LeaveOut | FileChange::Unmanaged => {}
            }
        }
        let path = root.join(TemplateRecord::PATH);
        let contents = self.record.text()?;
        match app_files.record_text.clone() {
            None => steps.push(FileStep::CreateFile { path, contents }),
            Some(before) if before != contents => steps.push(FileStep::Edit { path, before, after: contents }),
            Some(_) => {}
        }
        Ok(FilePlan { base: root.to_owned(), steps })
    }
}

#[cfg(test)]
mod tests;
