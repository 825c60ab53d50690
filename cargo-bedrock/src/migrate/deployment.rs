//! The app's Terraform files. The app's own `terraform/` is never changed, only compared with the template. The
//! template is written only if there is no `terraform/`.

use std::path::Path;

use super::source_app::SourceApp;
use crate::file_plan::FileStep;
use crate::terraform::{AppFiles, FileMap, TemplateRecord, differences, template};
use bedrock_diagnostics::Result;

const WORKFLOWS: &str = ".github/workflows/";

/// Returns the steps that write the template to an app without `terraform/`. A workflow is only written if there is
/// none.
pub(super) fn steps(source_app: &SourceApp) -> Result<Vec<FileStep>> {
    let app_files = &source_app.deployment;
    if app_files.has_terraform || app_files.record.is_some() {
        return Ok(Vec::new());
    }
    let files = template();
    let has_workflow = !source_app.workflows.is_empty();
    let should_create =
        |path: &str| !(app_files.files.contains_key(path) || has_workflow && path.starts_with(WORKFLOWS));
    let create_file =
        |path: &str, text: &str| FileStep::CreateFile { path: source_app.root.join(path), contents: text.to_owned() };
    let created = files.iter().filter(|(path, _)| should_create(path));
    let mut steps: Vec<FileStep> = created.map(|(path, text)| create_file(path, text)).collect();
    // Recording a workflow that is left out keeps the next upgrade from creating it. The app's own is not recorded.
    let recorded = files.into_iter().filter(|(path, _)| !app_files.files.contains_key(path)).collect();
    steps.push(create_file(TemplateRecord::PATH, &TemplateRecord::new(recorded).text()?));
    Ok(steps)
}

/// Compares the app's own `terraform/` with the template: returns a line for each file, or nothing if the files were
/// created from the template. `terraform_files` are the paths of all files in `terraform/`.
pub(super) fn compare(app_files: &AppFiles, terraform_files: &[String]) -> Vec<String> {
    if !app_files.has_terraform || app_files.record.is_some() {
        return Vec::new();
    }
    let template = template();
    let in_terraform = template.iter().filter(|(path, _)| path.starts_with("terraform/"));
    let mut lines: Vec<String> = in_terraform.map(|(path, text)| compare_file(path, text, app_files)).collect();
    let own = terraform_files.iter().filter(|path| !template.contains_key(*path));
    lines.extend(own.map(|path| format!("{path}: not in the template")));
    lines
}

fn compare_file(path: &str, text: &str, app_files: &AppFiles) -> String {
    if !app_files.files.contains_key(path) {
        return format!("{path}: only in the template, {} lines", text.lines().count());
    }
    let theirs = FileMap::from([(path.to_owned(), text.to_owned())]);
    let Some(difference) = differences(&app_files.files, &theirs, &[]).pop() else {
        return format!("{path}: same as the template");
    };
    let count = |sign: char| difference.lines().skip(2).filter(|line| line.starts_with(sign)).count();
    format!("{path}: {} lines only in the template, {} lines only here", count('+'), count('-'))
}

/// Returns the paths of all files in `terraform/` that Git does not ignore.
pub(super) fn terraform_files(root: &Path) -> Vec<String> {
    let walk = ignore::WalkBuilder::new(root.join("terraform")).require_git(false).sort_by_file_name(Ord::cmp).build();
    let files = walk.flatten().map(ignore::DirEntry::into_path).filter(|path| path.is_file());
    files.map(|path| bedrock_diagnostics::relative_path(&path, root)).collect()
}
