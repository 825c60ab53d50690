//! A plan as a patch for `git apply`.

use diffy::DiffOptions;

use super::journal;
use crate::file_plan::{FilePlan, FileStep};
use bedrock_diagnostics::relative_path;

/// Returns all changes of `plan`, except those of the journal.
pub(crate) fn patch(plan: &FilePlan) -> String {
    let step_patch = |step: &FileStep| {
        let path = relative_path(step.path(), &plan.base);
        match step {
            FileStep::CreateFile { contents, .. } => file_patch(&path, None, Some(contents)),
            FileStep::Edit { before, after, .. } => file_patch(&path, Some(before), Some(after)),
            FileStep::Remove { before, .. } => file_patch(&path, Some(before), None),
            FileStep::CreateFolder { .. } => String::new(),
        }
    };
    let is_shown = |step: &&FileStep| !journal::is_journal_file(&relative_path(step.path(), &plan.base));
    plan.steps.iter().filter(is_shown).map(step_patch).collect()
}

fn file_patch(path: &str, before: Option<&str>, after: Option<&str>) -> String {
    let name =
        |side: &str, text: Option<&str>| text.map_or_else(|| "/dev/null".to_owned(), |_| format!("{side}/{path}"));
    let mut options = DiffOptions::new();
    options.set_original_filename(name("a", before)).set_modified_filename(name("b", after));
    options.create_patch(before.unwrap_or_default(), after.unwrap_or_default()).to_string()
}
