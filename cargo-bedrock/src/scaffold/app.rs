//! A new app: its own files, its first worker, which needs neither Python nor Node.js, and its Terraform files.

use std::path::{Path, PathBuf};

use bedrock_build::{AppName, WorkerName};
use bedrock_templates as templates;
use bedrock_templates::{RenderedFile, WorkerTemplate};

use super::checkout::Checkout;
use super::manifest::{Manifest, NameOwner, bedrock_dependencies};
use crate::file_plan::{FilePlan, FileStep};
use crate::terraform::TemplateRecord;
use bedrock_diagnostics::{Error, ExitKind, Result};

const FIRST_WORKER: &str = "greeter";

/// Plans the app `name` in the new folder `path`. Paths in messages are relative to `base`.
pub(crate) fn plan(name: &AppName, path: PathBuf, base: &Path, checkout: Option<&Checkout>) -> Result<FilePlan> {
    let worker = WorkerName::parse(FIRST_WORKER).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
    let mut files = templates::app(name, &worker, &bedrock_dependencies(checkout))?;
    let manifest = Manifest::parse(&text_of(&files, "Cargo.toml"))?;
    // The manifest contains the app's own name too, so search the dependencies only.
    if let Some(NameOwner::Dependency { .. }) = manifest.dependency_owner(name.as_str()) {
        let separator = if name.as_str().contains('-') { '-' } else { '_' };
        return Err(Error::call(format!(
            "`{name}` cannot name an app: every new app depends on a package of that name"
        ))
        .help(format!("use another name, such as `{name}{separator}app`")));
    }
    let folder = format!("workers/{worker}");
    for file in templates::worker(&worker, WorkerTemplate::Rust, &manifest.bedrock_dependencies(2))? {
        files.push(RenderedFile { path: format!("{folder}/{}", file.path), contents: file.contents });
    }
    let terraform = templates::terraform();
    let record = TemplateRecord::new(terraform.iter().map(|file| (file.path.clone(), file.contents.clone())).collect());
    files.extend(terraform);
    files.push(RenderedFile { path: TemplateRecord::PATH.to_owned(), contents: record.text()? });
    Ok(FilePlan { base: base.to_owned(), steps: vec![FileStep::CreateFolder { path, files }] })
}

fn text_of(files: &[RenderedFile], path: &str) -> String {
    files.iter().find(|file| file.path == path).map(|file| file.contents.clone()).unwrap_or_default()
}
