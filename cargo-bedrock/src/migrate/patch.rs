//! A plan as a difference that `git apply` takes.

use diffy::DiffOptions;

use super::record;
use crate::scaffold::{Plan, Step};
use bedrock_diagnostics::relative_path;

/// All changes of `plan`, without those that keep the record.
pub(crate) fn patch(plan: &Plan) -> String {
    let difference = |step: &Step| {
        let path = relative_path(step.path(), &plan.base);
        match step {
            Step::File { contents, .. } => one(&path, None, Some(contents)),
            Step::Edit { before, after, .. } => one(&path, Some(before), Some(after)),
            Step::Remove { before, .. } => one(&path, Some(before), None),
            Step::Folder { .. } => String::new(),
        }
    };
    let is_shown = |step: &&Step| !record::is_own(&relative_path(step.path(), &plan.base));
    plan.steps.iter().filter(is_shown).map(difference).collect()
}

fn one(path: &str, before: Option<&str>, after: Option<&str>) -> String {
    let name =
        |side: &str, text: Option<&str>| text.map_or_else(|| "/dev/null".to_owned(), |_| format!("{side}/{path}"));
    let mut options = DiffOptions::new();
    options.set_original_filename(name("a", before)).set_modified_filename(name("b", after));
    options.create_patch(before.unwrap_or_default(), after.unwrap_or_default()).to_string()
}
