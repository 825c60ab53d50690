//! A new app: its own files, its first worker, which needs neither Python nor Node, and what deploys it.

use std::path::{Path, PathBuf};

use bedrock_build::{AppName, Language, WorkerName};
use bedrock_templates as templates;
use bedrock_templates::File;

use super::manifest::{Manifest, Owner, uses};
use super::{Checkout, Plan, Step};
use crate::terraform::Record;
use bedrock_diagnostics::{Error, ExitKind, Result};

const FIRST_WORKER: &str = "greeter";

/// The folder `path` with the app `name` in it; paths in messages are relative to `base`.
pub(crate) fn plan(name: &AppName, path: PathBuf, base: &Path, checkout: Option<&Checkout>) -> Result<Plan> {
    let worker = WorkerName::parse(FIRST_WORKER).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
    let mut files = templates::app(name, &worker, &uses(checkout))?;
    let manifest = Manifest::parse(&text_of(&files, "Cargo.toml"))?;
    // Its own name is in the manifest too, so look for another owner.
    if let Some(Owner::Dependency { .. }) = manifest.dependency_owner(name.as_str()) {
        let join = if name.as_str().contains('-') { '-' } else { '_' };
        return Err(Error::call(format!(
            "`{name}` cannot name an app: every new app depends on a package of that name"
        ))
        .help(format!("`{name}{join}app` would do")));
    }
    let folder = format!("workers/{worker}");
    for file in templates::worker(&worker, Language::Rust, &manifest.uses(2))? {
        files.push(File { path: format!("{folder}/{}", file.path), contents: file.contents });
    }
    let deployment = templates::terraform();
    let record = Record::of(deployment.iter().map(|file| (file.path.clone(), file.contents.clone())).collect());
    files.extend(deployment);
    files.push(File { path: Record::PATH.to_owned(), contents: record.text()? });
    Ok(Plan { base: base.to_owned(), steps: vec![Step::Folder { path, files }] })
}

fn text_of(files: &[File], path: &str) -> String {
    files.iter().find(|file| file.path == path).map(|file| file.contents.clone()).unwrap_or_default()
}
