//! Files that `.gitignore` and `.bedrockignore` exclude, with or without a Git repository. Settings of one user or machine
//! (`core.excludesFile`, `.git/info/exclude`) are ignored.

use std::path::Path;
use std::rc::Rc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::exclusion::ExclusionReason;
use bedrock_diagnostics::{Error, Result, io_reason, relative_path};

/// The ignore files of a folder and of its parents.
#[derive(Debug, Clone, Default)]
pub(super) struct IgnoreFiles {
    /// The file of the folder itself is the last one.
    bedrock: Vec<Rc<Gitignore>>,
    git: Vec<Rc<Gitignore>>,
}

impl IgnoreFiles {
    /// Reads the files of all folders from `app` to the parent of `folder`.
    pub(super) fn above(folder: &Path, app: &Path) -> Result<Self> {
        let mut above: Vec<&Path> = folder.ancestors().skip(1).take_while(|above| above.starts_with(app)).collect();
        above.reverse();
        above.into_iter().try_fold(Self::default(), |ignored, above| ignored.with(above, app))
    }

    /// Returns the ignore files extended by those in `folder`.
    pub(super) fn with(&self, folder: &Path, app: &Path) -> Result<Self> {
        let mut ignored = self.clone();
        ignored.bedrock.extend(read(folder, ".bedrockignore", app)?.map(Rc::new));
        ignored.git.extend(read(folder, ".gitignore", app)?.map(Rc::new));
        Ok(ignored)
    }

    /// Returns which kind of file ignores a file or folder, or `None` if it is not ignored. It must be in the folder of the last
    /// [`IgnoreFiles::with`]. `.bedrockignore` has precedence over `.gitignore`, and nearer files over those of parents.
    pub(super) fn reason(&self, path: &Path, is_folder: bool) -> Option<ExclusionReason> {
        let verdict = |files: &[Rc<Gitignore>]| {
            let mut verdicts = files.iter().rev().map(|file| file.matched(path, is_folder));
            verdicts.find(|verdict| !verdict.is_none()).map(|verdict| matches!(verdict, Match::Ignore(_)))
        };
        match verdict(&self.bedrock) {
            Some(is_ignored) => is_ignored.then_some(ExclusionReason::BedrockIgnored),
            None => verdict(&self.git).unwrap_or_default().then_some(ExclusionReason::GitIgnored),
        }
    }
}

fn read(folder: &Path, name: &str, app: &Path) -> Result<Option<Gitignore>> {
    let path = folder.join(name);
    if !path.is_file() {
        return Ok(None);
    }
    let mut builder = GitignoreBuilder::new(folder);
    let problem = builder.add(&path);
    match (problem, builder.build()) {
        (None, Ok(file)) => Ok(Some(file)),
        // Git ignores lines that it does not understand.
        (Some(_), Ok(file)) if name == ".gitignore" => Ok(Some(file)),
        (Some(error), _) | (None, Err(error)) => Err(unreadable(&path, app, &error)),
    }
}

fn unreadable(path: &Path, app: &Path, error: &ignore::Error) -> Error {
    let failure = Error::app(format!("failed to read `{}`", relative_path(path, app)));
    causes(error).into_iter().fold(failure, Error::cause)
}

/// Returns the innermost errors, each with its line.
fn causes(error: &ignore::Error) -> Vec<String> {
    match error {
        ignore::Error::Partial(errors) => errors.iter().flat_map(causes).collect(),
        ignore::Error::WithPath { err, .. } | ignore::Error::WithDepth { err, .. } => causes(err),
        ignore::Error::WithLineNumber { line, err } => {
            causes(err).into_iter().map(|cause| format!("line {line}: {cause}")).collect()
        }
        ignore::Error::Glob { glob: Some(glob), err } => vec![format!("`{glob}` is not a valid pattern: {err}")],
        ignore::Error::Io(error) => vec![io_reason(error)],
        other => vec![other.to_string()],
    }
}
