//! Carries out a plan. Everything is written to a temporary folder next to its destination first and then moved there.
//! If a step fails or the user interrupts, the completed steps are undone. Existing files are never overwritten or
//! removed, unless their text is still the one that the plan expects.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use tempfile::TempDir;

use super::step::{FilePlan, FileStep};
use bedrock_diagnostics::{Error, Interrupt, Result, io_reason, relative_path};

/// Carries out all steps of `plan`, or none.
pub(crate) fn apply(plan: &FilePlan, interrupt: &Interrupt) -> Result<()> {
    let mut undo_log = UndoLog { base: &plan.base, entries: Vec::new() };
    run_steps(plan, interrupt, &mut undo_log).map_err(|error| undo_log.roll_back().into_iter().fold(error, Error::help))
}

fn run_steps(plan: &FilePlan, interrupt: &Interrupt, undo_log: &mut UndoLog<'_>) -> Result<()> {
    let mut staged_files = Vec::new();
    for step in &plan.steps {
        interrupt.check()?;
        staged_files.push(stage(step, undo_log)?);
    }
    for (step, staged) in plan.steps.iter().zip(&staged_files) {
        interrupt.check()?;
        commit(step, staged, undo_log)?;
    }
    Ok(())
}

/// The result of a step in a hidden temporary folder next to its destination. The folder is deleted with this value.
struct StagedFile {
    _temp_dir: TempDir,
    path: PathBuf,
    /// Path that the file or folder will be moved to. For an edit, all symlinks are resolved.
    destination: PathBuf,
}

fn stage(step: &FileStep, undo_log: &mut UndoLog<'_>) -> Result<StagedFile> {
    let step_error = undo_log.step_error(step);
    let destination = match step {
        FileStep::Edit { path, .. } => path.canonicalize().map_err(&step_error)?,
        FileStep::CreateFolder { path, .. } | FileStep::CreateFile { path, .. } if path.symlink_metadata().is_ok() => {
            return Err(exists_error(path, undo_log.base));
        }
        FileStep::CreateFolder { path, .. } | FileStep::CreateFile { path, .. } | FileStep::Remove { path, .. } => {
            path.clone()
        }
    };
    let parent = destination.parent().unwrap_or(&destination);
    create_missing_folders(parent, undo_log).map_err(&step_error)?;
    let temp_dir = tempfile::Builder::new().prefix(".bedrock-new-").tempdir_in(parent).map_err(&step_error)?;
    let path = temp_dir.path().join(destination.file_name().unwrap_or_default());
    match step {
        FileStep::CreateFolder { files, .. } => {
            fs::create_dir(&path).map_err(&step_error)?;
            for file in files {
                let target = path.join(&file.path);
                target.parent().map_or(Ok(()), fs::create_dir_all).map_err(&step_error)?;
                fs::write(target, &file.contents).map_err(&step_error)?;
            }
        }
        FileStep::CreateFile { contents, .. } => fs::write(&path, contents).map_err(&step_error)?,
        FileStep::Edit { after, .. } => {
            fs::write(&path, after).map_err(&step_error)?;
            let permissions = fs::metadata(&destination).map_err(&step_error)?.permissions();
            fs::set_permissions(&path, permissions).map_err(&step_error)?;
            // If the rename reached the disk before the text did, a power failure would leave an empty file.
            fs::File::open(&path).and_then(|file| file.sync_all()).map_err(&step_error)?;
        }
        FileStep::Remove { .. } => {}
    }
    Ok(StagedFile { _temp_dir: temp_dir, path, destination })
}

fn commit(step: &FileStep, staged: &StagedFile, undo_log: &mut UndoLog<'_>) -> Result<()> {
    let destination = staged.destination.clone();
    let step_error = undo_log.step_error(step);
    match step {
        FileStep::CreateFolder { path, .. } | FileStep::CreateFile { path, .. } => {
            match rename_without_replacing(&staged.path, &destination) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(exists_error(path, undo_log.base));
                }
                Err(error) => return Err(step_error(error)),
            }
        }
        FileStep::Edit { before, path, .. } => {
            check_unchanged(path, &destination, before, undo_log)?;
            fs::rename(&staged.path, &destination).map_err(&step_error)?;
        }
        FileStep::Remove { before, path } => {
            check_unchanged(path, &destination, before, undo_log)?;
            fs::remove_file(&destination).map_err(&step_error)?;
        }
    }
    undo_log.entries.push(match step {
        FileStep::CreateFolder { .. } => UndoEntry::RemoveFolder(destination),
        FileStep::CreateFile { .. } => UndoEntry::RemoveFile(destination),
        FileStep::Edit { before, .. } | FileStep::Remove { before, .. } => {
            UndoEntry::WriteFile(destination, before.clone())
        }
    });
    Ok(())
}

/// Returns an error if the text of a file is no longer the one that the plan was made for.
fn check_unchanged(path: &Path, destination: &Path, before: &str, undo_log: &UndoLog<'_>) -> Result<()> {
    let path = relative_path(path, undo_log.base);
    let text = fs::read_to_string(destination);
    if text.map_err(|error| Error::io(format!("failed to read `{path}`"), &error))? == before {
        return Ok(());
    }
    Err(Error::call(format!("`{path}` was changed at the same time")).help("run the command again"))
}

/// Creates the folders of `path` that are missing.
fn create_missing_folders(path: &Path, undo_log: &mut UndoLog<'_>) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| folder.symlink_metadata().is_err()).collect();
    for folder in missing.into_iter().rev() {
        fs::create_dir(folder)?;
        undo_log.entries.push(UndoEntry::RemoveEmptyFolder(folder.to_owned()));
    }
    Ok(())
}

/// Renames a file or folder. Unlike a plain rename, this never replaces a file or an empty folder.
fn rename_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems do not support the flag.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if to.symlink_metadata().is_err() => fs::rename(from, to),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Err(io::ErrorKind::AlreadyExists.into()),
        other => other.map_err(io::Error::from),
    }
}

fn exists_error(path: &Path, base: &Path) -> Error {
    Error::call(format!("`{}` already exists", relative_path(path, base))).help("choose another name, or move it away")
}

/// How to undo the completed steps.
struct UndoLog<'a> {
    base: &'a Path,
    entries: Vec<UndoEntry>,
}

enum UndoEntry {
    RemoveFolder(PathBuf),
    RemoveEmptyFolder(PathBuf),
    RemoveFile(PathBuf),
    WriteFile(PathBuf, String),
}

impl UndoLog<'_> {
    /// Returns a function that converts an I/O error of `step`.
    fn step_error(&self, step: &FileStep) -> impl Fn(io::Error) -> Error + use<> {
        let verb = match step {
            FileStep::CreateFolder { .. } | FileStep::CreateFile { .. } => "create",
            FileStep::Edit { .. } => "edit",
            FileStep::Remove { .. } => "remove",
        };
        let message = format!("failed to {verb} `{}`", relative_path(step.path(), self.base));
        move |error| Error::io(message.clone(), &error)
    }

    /// Undoes all completed steps, the last one first. Returns a help line for each path that could not be restored.
    fn roll_back(self) -> Vec<String> {
        let base = self.base;
        let undo = |entry: UndoEntry| match entry {
            UndoEntry::RemoveFolder(path) => fs::remove_dir_all(&path).map_err(|error| (path, error)),
            UndoEntry::RemoveEmptyFolder(path) => fs::remove_dir(&path).map_err(|error| (path, error)),
            UndoEntry::RemoveFile(path) => fs::remove_file(&path).map_err(|error| (path, error)),
            UndoEntry::WriteFile(path, before) => fs::write(&path, before).map_err(|error| (path, error)),
        };
        let failures = self.entries.into_iter().rev().map(undo).filter_map(std::result::Result::err);
        let help = |(path, error): (PathBuf, io::Error)| {
            format!("restore `{}` yourself, this failed: {}", relative_path(&path, base), io_reason(&error))
        };
        failures.map(help).collect()
    }
}

#[cfg(test)]
mod tests;
