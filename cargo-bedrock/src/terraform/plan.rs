//! What an upgrade will do to each file. Decided here from texts alone; written to the disk by `scaffold::apply`.

use std::collections::BTreeSet;
use std::path::Path;

use super::merge::{Merged, merge, with_ends_of, with_plain_ends};
use super::{Copy, Record, Texts};
use crate::scaffold::{Plan, Step};
use bedrock_diagnostics::{Error, Result};

/// What happens to one file. A text is what it will say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is new in the template.
    Create(String),
    /// The template changed and the app's copy was never edited.
    Replace(String),
    /// Both changed, in different lines.
    Merge(String),
    /// Both changed the same lines, which are marked.
    Conflict(String),
    /// The template no longer has it, and it was never edited.
    Delete,
    /// The template no longer has it, but it was edited: it stays.
    Keep,
    /// The template changed, but the file was deleted in the app: it stays away.
    LeaveOut,
    /// It is not the template's, and nothing says what it was made from: it stays as it is.
    Foreign,
}

impl Change {
    /// What it is called in the plan that is shown.
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Replace(_) => "replace",
            Self::Merge(_) => "merge",
            Self::Conflict(_) => "conflict",
            Self::Delete => "delete",
            Self::Keep | Self::Foreign => "keep",
            Self::LeaveOut => "leave out",
        }
    }

    /// Why a file is not changed although the template is another.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Keep => Some("edited here, and no longer in the template"),
            Self::LeaveOut => Some("deleted here, and changed in the template"),
            Self::Foreign => Some("not made from the template"),
            _ => None,
        }
    }
}

/// All that an upgrade does.
#[derive(Debug)]
pub(crate) struct Upgrade {
    /// Sorted by path, without the files that stay as they are because the template says nothing new about them.
    pub(crate) changes: Vec<(String, Change)>,
    /// What the record will say.
    record: Record,
}

/// From the app's copy to `template`.
pub(crate) fn plan(copy: &Copy, template: &Texts) -> Result<Upgrade> {
    if let Some(record) = &copy.record {
        record.refuse_newer()?;
    }
    let nothing = Texts::new();
    let base = copy.record.as_ref().map_or(&nothing, |record| &record.files);
    let paths: BTreeSet<&String> = base.keys().chain(template.keys()).collect();
    let change = |path: &&String| change(base.get(*path), copy.files.get(*path), template.get(*path));
    let changes: Vec<(String, Change)> =
        paths.iter().filter_map(|path| Some(((*path).clone(), change(path)?))).collect();
    if copy.record.is_none() {
        refuse_foreign(copy, template, &changes)?;
    }
    // What is no copy of the template must not be taken for an edit of one by the next upgrade.
    let foreign = |path: &String| changes.iter().any(|(other, change)| other == path && *change == Change::Foreign);
    let files = template.iter().filter(|(path, _)| !foreign(path)).map(|(path, text)| (path.clone(), text.clone()));
    let record = Record::of(files.collect());
    Ok(Upgrade { changes, record })
}

fn change(base: Option<&String>, ours: Option<&String>, theirs: Option<&String>) -> Option<Change> {
    let Some(theirs) = theirs else {
        let ours = ours?;
        let is_edited = base.is_none_or(|base| *base != with_plain_ends(ours));
        return Some(if is_edited { Change::Keep } else { Change::Delete });
    };
    let Some(ours) = ours else {
        return match base {
            None => Some(Change::Create(theirs.clone())),
            Some(base) => (base != theirs).then_some(Change::LeaveOut),
        };
    };
    let plain = with_plain_ends(ours);
    if plain == theirs.as_str() {
        return None;
    }
    let Some(base) = base else { return Some(Change::Foreign) };
    if base == theirs {
        return None;
    }
    if plain == base.as_str() {
        return Some(Change::Replace(with_ends_of(ours, theirs.clone())));
    }
    Some(match merge(base, &plain, theirs) {
        Merged::Clean(text) => Change::Merge(with_ends_of(ours, text)),
        Merged::Marked(text) => Change::Conflict(with_ends_of(ours, text)),
    })
}

/// Without a record, nothing may be put into a `terraform/` that is somebody's own: two files could declare the same.
fn refuse_foreign(copy: &Copy, template: &Texts, changes: &[(String, Change)]) -> Result<()> {
    let in_terraform = |path: &str| path.starts_with("terraform/");
    let has_all = template.keys().filter(|path| in_terraform(path)).all(|path| copy.files.contains_key(path));
    let has_foreign = changes.iter().any(|(path, change)| in_terraform(path) && *change == Change::Foreign);
    if copy.has_terraform && (has_foreign || !has_all) {
        return Err(Error::app(format!(
            "`terraform/` has no `{}`, which says what it was made from",
            Record::PATH.trim_start_matches("terraform/")
        ))
        .help("look at `cargo bedrock terraform diff`, move `terraform/` away, and run the command again"));
    }
    Ok(())
}

impl Upgrade {
    /// The files that will have marks in them.
    pub(crate) fn conflicts(&self) -> Vec<(&str, &str)> {
        let marked = self.changes.iter().filter_map(|(path, change)| match change {
            Change::Conflict(text) => Some((path.as_str(), text.as_str())),
            _ => None,
        });
        marked.collect()
    }

    /// The steps on the disk of the app in `root`, of which `copy` was read.
    pub(crate) fn steps(&self, root: &Path, copy: &Copy) -> Result<Plan> {
        let mut steps = Vec::new();
        for (path, change) in &self.changes {
            let before = copy.files.get(path).cloned().unwrap_or_default();
            let path = root.join(path);
            match change {
                Change::Create(contents) => steps.push(Step::File { path, contents: contents.clone() }),
                Change::Replace(after) | Change::Merge(after) | Change::Conflict(after) => {
                    steps.push(Step::Edit { path, before, after: after.clone() });
                }
                Change::Delete => steps.push(Step::Remove { path, before }),
                Change::Keep | Change::LeaveOut | Change::Foreign => {}
            }
        }
        let (path, contents) = (root.join(Record::PATH), self.record.text()?);
        match copy.record_text.clone() {
            None => steps.push(Step::File { path, contents }),
            Some(before) if before != contents => steps.push(Step::Edit { path, before, after: contents }),
            Some(_) => {}
        }
        Ok(Plan { base: root.to_owned(), steps })
    }
}

#[cfg(test)]
mod tests;
