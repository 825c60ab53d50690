//! Locks of Yarn, pnpm and Bun. Layers are installed by npm, which would choose other versions than they have.

use std::path::Path;

use bedrock_build::Worker;

use crate::context::Context;
use bedrock_diagnostics::{Error, Result, relative_path};

/// Names of locks, and the tools that write them.
const LOCKS: [(&str, &str); 4] =
    [("yarn.lock", "Yarn"), ("pnpm-lock.yaml", "pnpm"), ("bun.lock", "Bun"), ("bun.lockb", "Bun")];
const NPM_LOCKS: [&str; 2] = ["package-lock.json", "npm-shrinkwrap.json"];

/// Fails if the nearest lock of the worker is one of another tool. `root` is the npm workspace of the worker.
pub(super) fn check(dir: &Path, root: Option<&Path>, context: &Context<'_>, worker: &Worker) -> Result<()> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let end = real(root.unwrap_or(&context.app.root));
    for folder in real(dir).ancestors().take_while(|folder| folder.starts_with(&end)) {
        if NPM_LOCKS.iter().any(|lock| folder.join(lock).is_file()) {
            return Ok(());
        }
        if let Some((lock, tool)) = LOCKS.iter().find(|(lock, _)| folder.join(lock).is_file()) {
            let app = real(&context.app.root);
            let shown = relative_path(&folder.join(lock), &app);
            return Err(Error::app(format!("failed to read the locked dependencies of worker `{}`", worker.name))
                .cause(format!("`{shown}` is a lock of {tool}, and a build installs with npm, which does not read it"))
                .help(format!("run `npm install --package-lock-only` in `{}`", shown_folder(folder, &app))));
        }
    }
    Ok(())
}

fn shown_folder(folder: &Path, app: &Path) -> String {
    let shown = relative_path(folder, app);
    if shown.is_empty() { ".".to_owned() } else { shown }
}
