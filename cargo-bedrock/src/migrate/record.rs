//! What migrations changed, in `.bedrock/migrate/` of the app, which Git ignores; and taking the last one back. What was
//! edited since then is kept, and where that cannot be, nothing is taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::scaffold::{Plan, Step};
use crate::terraform::{Merged, Texts, merge};
use bedrock_diagnostics::{Error, Result, relative_path};

const FOLDER: &str = ".bedrock/migrate";
const IGNORE: &str = ".bedrock/.gitignore";
/// Of the file's own form.
const FORM: u64 = 1;

/// One migration.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    version: u64,
    bedrock: String,
    created: Texts,
    edited: BTreeMap<String, Edited>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Edited {
    before: String,
    after: String,
}

/// A migration that will be taken back.
#[derive(Debug)]
pub(crate) struct Undo {
    pub(crate) plan: Plan,
    /// Files that stay because they were edited since.
    pub(crate) kept: Vec<String>,
    /// Those that may be empty then, the deepest first.
    folders: Vec<PathBuf>,
}

/// How many migrations are on record in `root`.
pub(super) fn count(root: &Path) -> usize {
    let mut number = 0;
    while root.join(path(number + 1)).exists() {
        number += 1;
    }
    number
}

/// Whether a file is one of this record.
pub(super) fn is_own(path: &str) -> bool {
    path.starts_with(FOLDER) || path == IGNORE
}

/// The steps that keep the record of `steps`, which is that of migration `number`.
pub(super) fn steps(root: &Path, steps: &[Step], number: usize) -> Result<Vec<Step>> {
    let mut record = Record {
        version: FORM,
        bedrock: env!("CARGO_PKG_VERSION").to_owned(),
        created: Texts::new(),
        edited: BTreeMap::new(),
    };
    for step in steps {
        let path = relative_path(step.path(), root);
        match step {
            Step::File { contents, .. } => drop(record.created.insert(path, contents.clone())),
            Step::Edit { before, after, .. } => {
                record.edited.insert(path, Edited { before: before.clone(), after: after.clone() });
            }
            Step::Folder { .. } | Step::Remove { .. } => {}
        }
    }
    let text = serde_json::to_string_pretty(&record)
        .map_err(|error| Error::call(format!("failed to write `{}`", path(number))).cause(error.to_string()))?;
    let ignore = Step::File { path: root.join(IGNORE), contents: "*\n".to_owned() };
    let ignore = (!root.join(IGNORE).exists()).then_some(ignore);
    Ok(ignore.into_iter().chain([Step::File { path: root.join(path(number)), contents: text + "\n" }]).collect())
}

/// How the last migration of `root` is taken back; None where there is none.
pub(crate) fn undo(root: &Path) -> Result<Option<Undo>> {
    let number = count(root);
    if number == 0 {
        return Ok(None);
    }
    let own = path(number);
    let text = text(root, &own)?.unwrap_or_default();
    let failed = |cause: String| Error::app(format!("failed to read `{own}`")).cause(cause);
    let record: Record = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    if record.version != FORM {
        let cause = format!("it has version {}, and this program reads version {FORM}", record.version);
        return Err(failed(cause).help("use the version of `cargo bedrock` that wrote it"));
    }
    let mut now = Texts::new();
    for path in record.created.keys().chain(record.edited.keys()) {
        if let Some(text) = self::text(root, path)? {
            now.insert(path.clone(), text);
        }
    }
    let mut undo = take_back(root, &record, &now)?;
    undo.plan.steps.push(Step::Remove { path: root.join(&own), before: text });
    undo.folders.extend([root.join(FOLDER), root.join(".bedrock")]);
    if let (1, Some(before)) = (number, self::text(root, IGNORE)?) {
        undo.plan.steps.push(Step::Remove { path: root.join(IGNORE), before });
    }
    Ok(Some(undo))
}

fn take_back(root: &Path, record: &Record, now: &Texts) -> Result<Undo> {
    let (mut steps, mut kept, mut clashes) = (Vec::new(), Vec::new(), Vec::new());
    for (path, text) in &record.created {
        match now.get(path) {
            Some(current) if current == text => {
                steps.push(Step::Remove { path: root.join(path), before: current.clone() });
            }
            Some(_) => kept.push(path.clone()),
            None => {}
        }
    }
    for (path, Edited { before, after }) in &record.edited {
        let Some(current) = now.get(path).filter(|current| *current != before) else { continue };
        match merge(after, current, before) {
            Merged::Clean(text) if text == *current => {}
            Merged::Clean(text) => {
                steps.push(Step::Edit { path: root.join(path), before: current.clone(), after: text });
            }
            Merged::Marked(_) => clashes.push(format!("`{path}`")),
        }
    }
    if !clashes.is_empty() {
        let list = clashes.join(", ");
        return Err(Error::app(format!("the migration cannot be taken back: its lines in {list} were edited since"))
            .help("put them back as the migration left them, or take it back with Git"));
    }
    let above = |path: &String| Path::new(path).ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>();
    let folders: BTreeSet<PathBuf> = record.created.keys().flat_map(above).collect();
    let folders = folders.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty());
    let folders = folders.map(|folder| root.join(folder)).collect();
    Ok(Undo { plan: Plan { base: root.to_owned(), steps }, kept, folders })
}

impl Undo {
    /// Folders that are empty go; what is in any other one is somebody's.
    pub(crate) fn remove_empty_folders(&self) {
        for folder in &self.folders {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn path(number: usize) -> String {
    format!("{FOLDER}/{number}.json")
}

fn text(root: &Path, path: &str) -> Result<Option<String>> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(format!("failed to read `{path}`"), &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let edited = Edited { before: "a\nb\nc\nd\n".to_owned(), after: "a\nB\nc\nd\n".to_owned() };
        Record {
            version: FORM,
            bedrock: String::new(),
            created: Texts::from([("src/new.rs".to_owned(), "new\n".to_owned())]),
            edited: BTreeMap::from([("config.py".to_owned(), edited)]),
        }
    }

    fn taken_back(created: Option<&str>, edited: Option<&str>) -> Result<(Vec<String>, Vec<String>)> {
        let now = [("src/new.rs", created), ("config.py", edited)];
        let now = now.into_iter().filter_map(|(path, text)| Some((path.to_owned(), text?.to_owned()))).collect();
        let undo = take_back(Path::new("/app"), &record(), &now)?;
        let step = |step: &Step| match step {
            Step::Remove { path, .. } => format!("remove {}", path.display()),
            Step::Edit { path, after, .. } => format!("{} says {after:?}", path.display()),
            other => format!("{other:?}"),
        };
        assert_eq!(undo.folders, [Path::new("/app/src")]);
        Ok((undo.plan.steps.iter().map(step).collect(), undo.kept))
    }

    #[test]
    fn what_nobody_edited_goes_back() {
        let (steps, kept) = taken_back(Some("new\n"), Some("a\nB\nc\nd\n")).expect("ok");
        assert_eq!(steps, ["remove /app/src/new.rs", "/app/config.py says \"a\\nb\\nc\\nd\\n\""]);
        assert_eq!(kept, [""; 0]);
    }

    #[test]
    fn edits_since_then_stay() {
        let (steps, kept) = taken_back(Some("mine\n"), Some("a\nB\nc\nd\ne\n")).expect("ok");
        assert_eq!(steps, ["/app/config.py says \"a\\nb\\nc\\nd\\ne\\n\""]);
        assert_eq!(kept, ["src/new.rs"]);
    }

    #[test]
    fn what_is_gone_or_as_it_was_needs_nothing() {
        assert_eq!(taken_back(None, None).expect("ok"), (Vec::new(), Vec::new()));
        assert_eq!(taken_back(None, Some("a\nb\nc\nd\n")).expect("ok").0, [""; 0]);
    }

    #[test]
    fn nothing_is_taken_back_where_an_edit_would_be_lost() {
        let error = taken_back(Some("new\n"), Some("a\nmine\nc\nd\n")).expect_err("clash");
        assert_eq!(
            error.reports[0].message,
            "the migration cannot be taken back: its lines in `config.py` were edited since"
        );
    }
}
