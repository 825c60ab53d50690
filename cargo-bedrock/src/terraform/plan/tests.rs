//! Tables of base, app and template texts, and the resulting change.

use super::{AppFiles, FileChange, FileMap, TemplateRecord, file_change, plan};

fn file_map(files: &[(&str, &str)]) -> FileMap {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn app_files(record: Option<&[(&str, &str)]>, files: &[(&str, &str)]) -> AppFiles {
    let record = record.map(|files| TemplateRecord::new(file_map(files)));
    AppFiles { record, files: file_map(files), record_text: None, has_terraform: !files.is_empty() }
}

#[test]
fn change_follows_from_base_app_and_template() {
    let some = |text: &str| Some(text.to_owned());
    for (base, ours, theirs, expected) in [
        // The template has not changed.
        (some("a"), some("a"), some("a"), None),
        (some("a"), some("mine"), some("a"), None),
        (some("a"), None, some("a"), None),
        // The template changed.
        (some("a"), some("a"), some("b"), Some(FileChange::Replace("b".to_owned()))),
        (some("a"), some("b"), some("b"), None),
        (some("a"), None, some("b"), Some(FileChange::LeaveOut)),
        // The file is new in the template.
        (None, None, some("b"), Some(FileChange::Create("b".to_owned()))),
        (None, some("b"), some("b"), None),
        (None, some("mine"), some("b"), Some(FileChange::Unmanaged)),
        // The file was removed from the template.
        (some("a"), some("a"), None, Some(FileChange::Delete)),
        (some("a"), some("mine"), None, Some(FileChange::Keep)),
        (some("a"), None, None, None),
    ] {
        let found = file_change(base.as_ref(), ours.as_ref(), theirs.as_ref());
        assert_eq!(found, expected, "{base:?} {ours:?} {theirs:?}");
    }
}

#[test]
fn merge_keeps_the_newlines_of_the_app() {
    let [base, ours, theirs] = ["a\nb\nc\n", "mine\r\nb\r\nc\r\n", "a\nb\nc\nd\n"].map(str::to_owned);
    let found = file_change(Some(&base), Some(&ours), Some(&theirs));
    assert_eq!(found, Some(FileChange::Merge("mine\r\nb\r\nc\r\nd\r\n".to_owned())));
}

#[test]
fn different_newlines_are_not_an_edit() {
    let [base, ours, theirs] = ["a\n", "a\r\n", "b\n"].map(str::to_owned);
    assert_eq!(file_change(Some(&base), Some(&ours), Some(&base)), None);
    assert_eq!(file_change(Some(&base), Some(&ours), Some(&theirs)), Some(FileChange::Replace("b\r\n".to_owned())));
    assert_eq!(file_change(Some(&base), Some(&ours), None), Some(FileChange::Delete));
}

#[test]
fn app_without_files_gets_the_complete_template() {
    let template = file_map(&[(".github/workflows/deploy.yml", "w"), ("terraform/main.tf", "m")]);
    let upgrade = plan(&app_files(None, &[]), &template).expect("plan");
    let verbs: Vec<_> = upgrade.changes.iter().map(|(path, change)| (change.verb(), path.as_str())).collect();
    assert_eq!(verbs, [("create", ".github/workflows/deploy.yml"), ("create", "terraform/main.tf")]);
    assert_eq!(upgrade.record.files, template);
}

#[test]
fn unmanaged_workflow_is_kept_and_not_recorded() {
    let template = file_map(&[(".github/workflows/deploy.yml", "w"), ("terraform/main.tf", "m")]);
    let mut app_files = app_files(None, &[(".github/workflows/deploy.yml", "own")]);
    app_files.has_terraform = false;
    let upgrade = plan(&app_files, &template).expect("plan");
    assert_eq!(upgrade.changes[0].1, FileChange::Unmanaged);
    assert_eq!(upgrade.record.files, file_map(&[("terraform/main.tf", "m")]));
}

#[test]
fn unmanaged_terraform_is_an_error() {
    let template = file_map(&[("terraform/main.tf", "m"), ("terraform/outputs.tf", "o")]);
    for files in [&[("terraform/main.tf", "own"), ("terraform/outputs.tf", "o")][..], &[("terraform/main.tf", "m")]] {
        let error = plan(&app_files(None, files), &template).expect_err("unmanaged");
        assert_eq!(
            error.reports[0].message,
            "`terraform/` has no `.bedrock.json`, which records the template that it was created from"
        );
    }
    let complete = [("terraform/main.tf", "m"), ("terraform/outputs.tf", "o")];
    assert_eq!(plan(&app_files(None, &complete), &template).expect("the same").changes, []);
}
