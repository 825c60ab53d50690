//! The journal of migrations in `.bedrock/migrate/` of the app, which Git ignores, and undoing the last migration.
//! Later edits of the user are kept; if that is impossible, nothing is undone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::app_path::AppPath;
use crate::file_plan::{FilePlan, FileStep};
use crate::terraform::{FileMap, MergeResult, merge};
use bedrock_diagnostics::{Error, Result, relative_path};

const JOURNAL_FOLDER: &str = ".bedrock/migrate";
const GITIGNORE: &str = ".bedrock/.gitignore";
/// Version of the file's format.
const FORMAT_VERSION: u64 = 1;

/// The changes of one migration.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Journal {
    version: u64,
    /// Version of the program that made the migration.
    bedrock: String,
    created: FileMap,
    edited: BTreeMap<String, EditedFile>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct EditedFile {
    before: String,
    after: String,
}

/// The plan that undoes a migration.
#[derive(Debug)]
pub(crate) struct Undo {
    pub(crate) plan: FilePlan,
    /// Created files that are kept because they were edited since.
    pub(crate) edited_since: Vec<String>,
    /// Folders that may be empty afterwards, the deepest first.
    folders: Vec<PathBuf>,
}

/// Returns the number of migrations in the journal of the app in `root`.
pub(super) fn count(root: &Path) -> usize {
    let mut number = 0;
    while root.join(journal_path(number + 1)).exists() {
        number += 1;
    }
    number
}

/// Whether a file belongs to the journal.
pub(super) fn is_journal_file(path: &str) -> bool {
    path.starts_with(JOURNAL_FOLDER) || path == GITIGNORE
}

/// Returns the steps that write the journal of migration `number`, which consists of `steps`.
pub(super) fn steps(root: &Path, steps: &[FileStep], number: usize) -> Result<Vec<FileStep>> {
    let mut journal = Journal {
        version: FORMAT_VERSION,
        bedrock: env!("CARGO_PKG_VERSION").to_owned(),
        created: FileMap::new(),
        edited: BTreeMap::new(),
    };
    for step in steps {
        let path = relative_path(step.path(), root);
        match step {
            FileStep::CreateFile { contents, .. } => drop(journal.created.insert(path, contents.clone())),
            FileStep::Edit { before, after, .. } => {
                journal.edited.insert(path, EditedFile { before: before.clone(), after: after.clone() });
            }
            FileStep::CreateFolder { .. } | FileStep::Remove { .. } => {}
        }
    }
    let path = journal_path(number);
    let text = serde_json::to_string_pretty(&journal)
        .map_err(|error| Error::call(format!("failed to write `{path}`")).cause(error.to_string()))?;
    let gitignore = FileStep::CreateFile { path: root.join(GITIGNORE), contents: "*\n".to_owned() };
    let gitignore = (!root.join(GITIGNORE).exists()).then_some(gitignore);
    let journal_file = FileStep::CreateFile { path: root.join(path), contents: text + "\n" };
    Ok(gitignore.into_iter().chain([journal_file]).collect())
}

/// Returns the steps that write the journal of the next change of an app, which consists of `steps`.
pub(crate) fn journal_steps(root: &Path, steps: &[FileStep]) -> Result<Vec<FileStep>> {
    self::steps(root, steps, count(root) + 1)
}

/// Plans how to undo the last migration of the app in `root`. Returns `None` if there is none.
pub(crate) fn undo(root: &Path) -> Result<Option<Undo>> {
    let number = count(root);
    if number == 0 {
        return Ok(None);
    }
    let journal_file = journal_path(number);
    let text = read(root, &journal_file)?.unwrap_or_default();
    let read_error = |cause: String| Error::app(format!("failed to read `{journal_file}`")).cause(cause);
    let journal: Journal = serde_json::from_str(&text).map_err(|error| read_error(error.to_string()))?;
    if journal.version != FORMAT_VERSION {
        let cause = format!("it has version {}, and this program reads version {FORMAT_VERSION}", journal.version);
        return Err(read_error(cause).help("use the version of `cargo bedrock` that wrote it"));
    }
    AppPath::check_all(root, journal.created.keys().chain(journal.edited.keys()), &journal_file)?;
    let mut current = FileMap::new();
    for path in journal.created.keys().chain(journal.edited.keys()) {
        if let Some(text) = read(root, path)? {
            current.insert(path.clone(), text);
        }
    }
    let mut undo = roll_back(root, &journal, &current)?;
    undo.plan.steps.push(FileStep::Remove { path: root.join(&journal_file), before: text });
    undo.folders.extend([root.join(JOURNAL_FOLDER), root.join(".bedrock")]);
    if let (1, Some(before)) = (number, read(root, GITIGNORE)?) {
        undo.plan.steps.push(FileStep::Remove { path: root.join(GITIGNORE), before });
    }
    Ok(Some(undo))
}

/// `current` are the texts on disk of the files in the journal.
fn roll_back(root: &Path, journal: &Journal, current: &FileMap) -> Result<Undo> {
    let mut steps = Vec::new();
    let mut edited_since = Vec::new();
    let mut conflicts = Vec::new();
    for (path, created) in &journal.created {
        match current.get(path) {
            Some(text) if text == created => {
                steps.push(FileStep::Remove { path: root.join(path), before: text.clone() });
            }
            Some(_) => edited_since.push(path.clone()),
            None => {}
        }
    }
    for (path, EditedFile { before, after }) in &journal.edited {
        let Some(text) = current.get(path).filter(|text| *text != before) else { continue };
        match merge(after, text, before) {
            MergeResult::Clean(merged) if merged == *text => {}
            MergeResult::Clean(merged) => {
                steps.push(FileStep::Edit { path: root.join(path), before: text.clone(), after: merged });
            }
            MergeResult::Conflict(_) => conflicts.push(format!("`{path}`")),
        }
    }
    if !conflicts.is_empty() {
        let list = conflicts.join(", ");
        return Err(Error::app(format!("the migration cannot be undone: its lines in {list} were edited since"))
            .help("restore these lines as the migration wrote them, or undo it with Git"));
    }
    let parents = |path: &String| Path::new(path).ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>();
    let folders: BTreeSet<PathBuf> = journal.created.keys().flat_map(parents).collect();
    let folders = folders.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty());
    let folders = folders.map(|folder| root.join(folder)).collect();
    Ok(Undo { plan: FilePlan { base: root.to_owned(), steps }, edited_since, folders })
}

impl Undo {
    /// Deletes the folders that are empty after the plan was carried out.
    pub(crate) fn remove_empty_folders(&self) {
        for folder in &self.folders {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn journal_path(number: usize) -> String {
    format!("{JOURNAL_FOLDER}/{number}.json")
}

/// Returns the text of a file, or `None` if it does not exist.
fn read(root: &Path, path: &str) -> Result<Option<String>> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(format!("failed to read `{path}`"), &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> Journal {
        let edited = EditedFile { before: "a\nb\nc\nd\n".to_owned(), after: "a\nB\nc\nd\n".to_owned() };
        Journal {
            version: FORMAT_VERSION,
            bedrock: String::new(),
            created: FileMap::from([("src/new.rs".to_owned(), "new\n".to_owned())]),
            edited: BTreeMap::from([("config.py".to_owned(), edited)]),
        }
    }

    fn rolled_back(created: Option<&str>, edited: Option<&str>) -> Result<(Vec<String>, Vec<String>)> {
        let current = [("src/new.rs", created), ("config.py", edited)];
        let current =
            current.into_iter().filter_map(|(path, text)| Some((path.to_owned(), text?.to_owned()))).collect();
        let undo = roll_back(Path::new("/app"), &journal(), &current)?;
        let step_text = |step: &FileStep| match step {
            FileStep::Remove { path, .. } => format!("remove {}", path.display()),
            FileStep::Edit { path, after, .. } => format!("{} says {after:?}", path.display()),
            other => format!("{other:?}"),
        };
        assert_eq!(undo.folders, [Path::new("/app/src")]);
        Ok((undo.plan.steps.iter().map(step_text).collect(), undo.edited_since))
    }

    #[test]
    fn unedited_files_are_restored() {
        let (steps, edited_since) = rolled_back(Some("new\n"), Some("a\nB\nc\nd\n")).expect("ok");
        assert_eq!(steps, ["remove /app/src/new.rs", "/app/config.py says \"a\\nb\\nc\\nd\\n\""]);
        assert_eq!(edited_since, [""; 0]);
    }

    #[test]
    fn later_edits_are_kept() {
        let (steps, edited_since) = rolled_back(Some("mine\n"), Some("a\nB\nc\nd\ne\n")).expect("ok");
        assert_eq!(steps, ["/app/config.py says \"a\\nb\\nc\\nd\\ne\\n\""]);
        assert_eq!(edited_since, ["src/new.rs"]);
    }

    #[test]
    fn deleted_and_already_restored_files_need_no_step() {
        assert_eq!(rolled_back(None, None).expect("ok"), (Vec::new(), Vec::new()));
        assert_eq!(rolled_back(None, Some("a\nb\nc\nd\n")).expect("ok").0, [""; 0]);
    }

    #[test]
    fn undo_fails_if_an_edit_would_be_lost() {
        let error = rolled_back(Some("new\n"), Some("a\nmine\nc\nd\n")).expect_err("conflict");
        assert_eq!(
            error.reports[0].message,
            "the migration cannot be undone: its lines in `config.py` were edited since"
        );
    }
}
