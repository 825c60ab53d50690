//! From the app's copy to the template, as a patch: what was edited in the app and what is new in the template.

use diffy::DiffOptions;

use super::Texts;
use super::merge::with_plain_ends;

/// A unified difference for each file of `template` that `files` has otherwise or, unless it is in `left_out`, lacks.
///
/// `git apply` takes them and makes the template's files of the app's.
pub(crate) fn differences(files: &Texts, template: &Texts, left_out: &[&str]) -> Vec<String> {
    let changed = template.iter().filter(|(path, _)| files.contains_key(*path) || !left_out.contains(&path.as_str()));
    changed.filter_map(|(path, theirs)| difference(path, files.get(path).map(String::as_str), theirs)).collect()
}

fn difference(path: &str, ours: Option<&str>, theirs: &str) -> Option<String> {
    let plain = with_plain_ends(ours.unwrap_or_default());
    if ours.is_some() && plain == theirs {
        return None;
    }
    let mut options = DiffOptions::new();
    options.set_original_filename(ours.map_or_else(|| "/dev/null".to_owned(), |_| format!("a/{path}")));
    options.set_modified_filename(format!("b/{path}"));
    Some(options.create_patch(&plain, theirs).to_string())
}
