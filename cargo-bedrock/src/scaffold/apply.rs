//! Carries out a plan: everything is written beside its place first and then moved there; if one step fails or the
//! user stops it, what was done is taken back. Nothing that exists is ever overwritten or removed, save what still says
//! what the plan says it does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use tempfile::TempDir;

use super::{Plan, Step};
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, Result, io_reason, relative_path};

/// All steps of `plan`, or none.
pub(crate) fn apply(plan: &Plan, interrupt: &Interrupt) -> Result<()> {
    let mut done = Done { base: &plan.base, steps: Vec::new() };
    attempt(plan, interrupt, &mut done).map_err(|error| done.take_back().into_iter().fold(error, Error::help))
}

fn attempt(plan: &Plan, interrupt: &Interrupt, done: &mut Done<'_>) -> Result<()> {
    let mut drafts = Vec::new();
    for step in &plan.steps {
        interrupt.check()?;
        drafts.push(draft(step, done)?);
    }
    for (step, draft) in plan.steps.iter().zip(&drafts) {
        interrupt.check()?;
        put_in_place(step, draft, done)?;
    }
    Ok(())
}

/// What a step will put in place, in a hidden folder beside that place, which vanishes with this value.
struct Draft {
    _room: TempDir,
    path: PathBuf,
    /// Where it belongs; for an edit, behind all symlinks.
    place: PathBuf,
}

fn draft(step: &Step, done: &mut Done<'_>) -> Result<Draft> {
    let failed = done.failure(step);
    let place = match step {
        Step::Edit { path, .. } => path.canonicalize().map_err(&failed)?,
        Step::Folder { path, .. } | Step::File { path, .. } if path.symlink_metadata().is_ok() => {
            return Err(exists_already(path, done.base));
        }
        Step::Folder { path, .. } | Step::File { path, .. } | Step::Remove { path, .. } => path.clone(),
    };
    let above = place.parent().unwrap_or(&place);
    make_folders(above, done).map_err(&failed)?;
    let room = tempfile::Builder::new().prefix(".bedrock-new-").tempdir_in(above).map_err(&failed)?;
    let path = room.path().join(place.file_name().unwrap_or_default());
    match step {
        Step::Folder { files, .. } => {
            fs::create_dir(&path).map_err(&failed)?;
            for file in files {
                let target = path.join(&file.path);
                target.parent().map_or(Ok(()), fs::create_dir_all).map_err(&failed)?;
                fs::write(target, &file.contents).map_err(&failed)?;
            }
        }
        Step::File { contents, .. } => fs::write(&path, contents).map_err(&failed)?,
        Step::Edit { after, .. } => {
            fs::write(&path, after).map_err(&failed)?;
            let permissions = fs::metadata(&place).map_err(&failed)?.permissions();
            fs::set_permissions(&path, permissions).map_err(&failed)?;
            // A move that reaches the disk before the text does would leave an empty file after a power cut.
            fs::File::open(&path).and_then(|file| file.sync_all()).map_err(&failed)?;
        }
        Step::Remove { .. } => {}
    }
    Ok(Draft { _room: room, path, place })
}

fn put_in_place(step: &Step, draft: &Draft, done: &mut Done<'_>) -> Result<()> {
    let place = draft.place.clone();
    let failed = done.failure(step);
    match step {
        Step::Folder { path, .. } | Step::File { path, .. } => match move_without_replacing(&draft.path, &place) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists_already(path, done.base)),
            Err(error) => return Err(failed(error)),
        },
        Step::Edit { before, path, .. } => {
            refuse_changed(path, &place, before, done)?;
            fs::rename(&draft.path, &place).map_err(&failed)?;
        }
        Step::Remove { before, path } => {
            refuse_changed(path, &place, before, done)?;
            fs::remove_file(&place).map_err(&failed)?;
        }
    }
    done.steps.push(match step {
        Step::Folder { .. } => Undo::RemoveFolder(place),
        Step::File { .. } => Undo::RemoveFile(place),
        Step::Edit { before, .. } | Step::Remove { before, .. } => Undo::Write(place, before.clone()),
    });
    Ok(())
}

/// A file that says something else than when the plan was made.
fn refuse_changed(path: &Path, place: &Path, before: &str, done: &Done<'_>) -> Result<()> {
    let failed = |error| Error::io(format!("failed to read `{}`", relative_path(path, done.base)), &error);
    if fs::read_to_string(place).map_err(failed)? == before {
        return Ok(());
    }
    Err(Error::call(format!("`{}` was changed at the same time", relative_path(path, done.base)))
        .help("run the command again"))
}

/// Makes the folders of `path` that are missing.
fn make_folders(path: &Path, done: &mut Done<'_>) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| folder.symlink_metadata().is_err()).collect();
    for folder in missing.into_iter().rev() {
        fs::create_dir(folder)?;
        done.steps.push(Undo::RemoveEmptyFolder(folder.to_owned()));
    }
    Ok(())
}

/// A plain rename would replace a file or an empty folder.
fn move_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system knows the flag.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if to.symlink_metadata().is_err() => fs::rename(from, to),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Err(io::ErrorKind::AlreadyExists.into()),
        other => other.map_err(io::Error::from),
    }
}

fn exists_already(path: &Path, base: &Path) -> Error {
    Error::call(format!("`{}` exists already", relative_path(path, base))).help("choose another name, or move it away")
}

/// What was done, and so what to take back after a failure.
struct Done<'a> {
    base: &'a Path,
    steps: Vec<Undo>,
}

enum Undo {
    RemoveFolder(PathBuf),
    RemoveEmptyFolder(PathBuf),
    RemoveFile(PathBuf),
    Write(PathBuf, String),
}

impl Done<'_> {
    /// Makes an error of what went wrong in `step`.
    fn failure(&self, step: &Step) -> impl Fn(io::Error) -> Error + use<> {
        let verb = match step {
            Step::Folder { .. } | Step::File { .. } => "create",
            Step::Edit { .. } => "edit",
            Step::Remove { .. } => "remove",
        };
        let what = format!("failed to {verb} `{}`", relative_path(step.path(), self.base));
        move |error| Error::io(what.clone(), &error)
    }

    /// Takes back everything, the last step first; says what could not be taken back.
    fn take_back(self) -> Vec<String> {
        let base = self.base;
        let take_back = |undo: Undo| match undo {
            Undo::RemoveFolder(path) => fs::remove_dir_all(&path).map_err(|error| (path, error)),
            Undo::RemoveEmptyFolder(path) => fs::remove_dir(&path).map_err(|error| (path, error)),
            Undo::RemoveFile(path) => fs::remove_file(&path).map_err(|error| (path, error)),
            Undo::Write(path, before) => fs::write(&path, before).map_err(|error| (path, error)),
        };
        let left = self.steps.into_iter().rev().map(take_back).filter_map(std::result::Result::err);
        left.map(|(path, error)| {
            format!(
                "`{}` could not be put back as it was ({}), look at it",
                relative_path(&path, base),
                io_reason(&error)
            )
        })
        .collect()
    }
}

#[cfg(test)]
mod tests;
