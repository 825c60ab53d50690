//! Tables: what the app has, what it was made from and what the template says, and what comes of it.

use super::{Change, Copy, Record, Texts, change, plan};

fn texts(files: &[(&str, &str)]) -> Texts {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn copy(record: Option<&[(&str, &str)]>, files: &[(&str, &str)]) -> Copy {
    let record = record.map(|files| Record::of(texts(files)));
    Copy { record, files: texts(files), record_text: None, has_terraform: !files.is_empty() }
}

#[test]
fn each_file_goes_its_way() {
    let some = |text: &str| Some(text.to_owned());
    for (base, ours, theirs, expected) in [
        // The template is as it was.
        (some("a"), some("a"), some("a"), None),
        (some("a"), some("mine"), some("a"), None),
        (some("a"), None, some("a"), None),
        // The template changed.
        (some("a"), some("a"), some("b"), Some(Change::Replace("b".to_owned()))),
        (some("a"), some("b"), some("b"), None),
        (some("a"), None, some("b"), Some(Change::LeaveOut)),
        // It is new.
        (None, None, some("b"), Some(Change::Create("b".to_owned()))),
        (None, some("b"), some("b"), None),
        (None, some("mine"), some("b"), Some(Change::Foreign)),
        // It is gone.
        (some("a"), some("a"), None, Some(Change::Delete)),
        (some("a"), some("mine"), None, Some(Change::Keep)),
        (some("a"), None, None, None),
    ] {
        let found = change(base.as_ref(), ours.as_ref(), theirs.as_ref());
        assert_eq!(found, expected, "{base:?} {ours:?} {theirs:?}");
    }
}

#[test]
fn an_edit_and_a_new_line_of_the_template_come_together_with_the_app_s_line_ends() {
    let [base, ours, theirs] = ["a\nb\nc\n", "mine\r\nb\r\nc\r\n", "a\nb\nc\nd\n"].map(str::to_owned);
    let found = change(Some(&base), Some(&ours), Some(&theirs));
    assert_eq!(found, Some(Change::Merge("mine\r\nb\r\nc\r\nd\r\n".to_owned())));
}

#[test]
fn line_ends_alone_are_no_edit() {
    let [base, ours, theirs] = ["a\n", "a\r\n", "b\n"].map(str::to_owned);
    assert_eq!(change(Some(&base), Some(&ours), Some(&base)), None);
    assert_eq!(change(Some(&base), Some(&ours), Some(&theirs)), Some(Change::Replace("b\r\n".to_owned())));
    assert_eq!(change(Some(&base), Some(&ours), None), Some(Change::Delete));
}

#[test]
fn an_app_without_any_of_it_gets_all_of_it() {
    let template = texts(&[(".github/workflows/deploy.yml", "w"), ("terraform/main.tf", "m")]);
    let upgrade = plan(&copy(None, &[]), &template).expect("plan");
    let verbs: Vec<_> = upgrade.changes.iter().map(|(path, change)| (change.verb(), path.as_str())).collect();
    assert_eq!(verbs, [("create", ".github/workflows/deploy.yml"), ("create", "terraform/main.tf")]);
    assert_eq!(upgrade.record.files, template);
}

#[test]
fn an_app_s_own_workflow_stays_and_is_not_recorded() {
    let template = texts(&[(".github/workflows/deploy.yml", "w"), ("terraform/main.tf", "m")]);
    let mut copy = copy(None, &[(".github/workflows/deploy.yml", "own")]);
    copy.has_terraform = false;
    let upgrade = plan(&copy, &template).expect("plan");
    assert_eq!(upgrade.changes[0].1, Change::Foreign);
    assert_eq!(upgrade.record.files, texts(&[("terraform/main.tf", "m")]));
}

#[test]
fn an_app_s_own_terraform_is_refused_whatever_its_files_are_called() {
    let template = texts(&[("terraform/main.tf", "m"), ("terraform/outputs.tf", "o")]);
    for files in [&[("terraform/main.tf", "own"), ("terraform/outputs.tf", "o")][..], &[("terraform/main.tf", "m")]] {
        let error = plan(&copy(None, files), &template).expect_err("foreign");
        assert_eq!(error.reports[0].message, "`terraform/` has no `.bedrock.json`, which says what it was made from");
    }
    let whole = [("terraform/main.tf", "m"), ("terraform/outputs.tf", "o")];
    assert_eq!(plan(&copy(None, &whole), &template).expect("the same").changes, []);
}
