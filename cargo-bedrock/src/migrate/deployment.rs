//! The app's `terraform/` beside the template. One of the app's own is never touched: what is in it is told, and the
//! template is put in place only where there is nothing.

use std::path::Path;

use super::original::Original;
use crate::scaffold::Step;
use crate::terraform::{Copy, Record, Texts, differences, template};
use bedrock_diagnostics::Result;

const WORKFLOW: &str = ".github/workflows/";

/// The template's files, for an app that has no `terraform/`. A workflow is made only where there is none.
pub(super) fn steps(original: &Original) -> Result<Vec<Step>> {
    let copy = &original.deployment;
    if copy.has_terraform || copy.record.is_some() {
        return Ok(Vec::new());
    }
    let files = template();
    let has_workflow = !original.workflows.is_empty();
    let is_made = |path: &str| !(copy.files.contains_key(path) || has_workflow && path.starts_with(WORKFLOW));
    let step = |path: &str, text: &str| Step::File { path: original.root.join(path), contents: text.to_owned() };
    let mut steps: Vec<Step> =
        files.iter().filter(|(path, _)| is_made(path)).map(|(path, text)| step(path, text)).collect();
    // A workflow that is left out on purpose is not made by the next upgrade; one of the app's own is not a copy.
    let recorded = files.into_iter().filter(|(path, _)| !copy.files.contains_key(path)).collect();
    steps.push(step(Record::PATH, &Record::of(recorded).text()?));
    Ok(steps)
}

/// How each file of the app's own `terraform/` stands to the template; nothing where the app has the template's.
pub(super) fn comparison(copy: &Copy, own: &[String]) -> Vec<String> {
    if !copy.has_terraform || copy.record.is_some() {
        return Vec::new();
    }
    let template = template();
    let in_terraform = template.iter().filter(|(path, _)| path.starts_with("terraform/"));
    let mut lines: Vec<String> = in_terraform.map(|(path, text)| line(path, text, copy)).collect();
    let own = own.iter().filter(|path| !template.contains_key(*path));
    lines.extend(own.map(|path| format!("{path}: the app's own")));
    lines
}

fn line(path: &str, text: &str, copy: &Copy) -> String {
    if !copy.files.contains_key(path) {
        return format!("{path}: in the template alone, {} lines", text.lines().count());
    }
    let theirs = Texts::from([(path.to_owned(), text.to_owned())]);
    let Some(difference) = differences(&copy.files, &theirs, &[]).pop() else {
        return format!("{path}: the same");
    };
    let count = |sign: char| difference.lines().skip(2).filter(|line| line.starts_with(sign)).count();
    format!("{path}: the template has {} lines that it lacks, and lacks {} of its", count('+'), count('-'))
}

/// The files of `terraform/` that somebody wrote.
pub(super) fn own_files(root: &Path) -> Vec<String> {
    let walk = ignore::WalkBuilder::new(root.join("terraform")).require_git(false).sort_by_file_name(Ord::cmp).build();
    let files = walk.flatten().map(ignore::DirEntry::into_path).filter(|path| path.is_file());
    files.map(|path| bedrock_diagnostics::relative_path(&path, root)).collect()
}
