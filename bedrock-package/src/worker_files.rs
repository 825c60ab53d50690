//! The own files of a Python or JavaScript worker, and the shared code that it imports. What its main file imports is packed although `.gitignore` excludes it or it
//! has the name of a test: compiled and generated code is rarely in Git.

use std::collections::BTreeSet;

use bedrock_build::Worker;
use bedrock_build::contract::FILE_NAME;
use bedrock_callgraph::{ImportedFile, imported_files};
use bedrock_local::is_reserved;

use super::artifact::{Artifact, Function};
use super::context::Context;
use super::contracts::are_checked;
use bedrock_artifacts::{Entry, ExclusionReason, FolderKind, PackOptions, Tree, collect_files};
use bedrock_diagnostics::{Error, ExitKind, Report, Result};

/// Dependency lists, which are installed into the layer instead of being packed.
const DEPENDENCY_LISTS: [&str; 19] = [
    ".npmrc",
    ".pnp.cjs",
    ".pnp.loader.mjs",
    ".pnpmfile.cjs",
    ".yarnrc",
    "Pipfile",
    "Pipfile.lock",
    "bun.lock",
    "bun.lockb",
    "bunfig.toml",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "poetry.lock",
    "pyproject.toml",
    "requirements.txt",
    "uv.lock",
    "yarn.lock",
];

/// Files for type checkers and editors.
const TYPE_FILES: [&str; 4] = ["jsconfig.json", "tsconfig.json", "worker.d.cts", "worker.d.ts"];

/// Returns the worker's own files.
pub(super) fn worker_files(context: &Context<'_>, worker: &Worker) -> Result<Vec<Entry>> {
    let artifact = Artifact::Code(Function::Worker(worker.name.clone()));
    let imported = imported_files(&context.app.root.join(&worker.dir), worker.language, worker.entry);
    let tree = collect(context, worker, &worker.dir, &imported)?;
    if let Some(file) = tree.files.iter().find(|file| is_reserved(&file.path)) {
        return Err(Error::app(format!("failed to pack {artifact}"))
            .cause(format!("`{}/{}` has a name that cargo bedrock needs for itself", worker.dir, file.path))
            .help("`bedrock` and `bedrock.*` in a worker's folder are taken, rename it"));
    }
    for left in tree.excluded.iter().filter(|left| left.reason == ExclusionReason::Secret) {
        context.observer.warning(
            Some(&artifact),
            &format!("`{}/{}` stays out of the zip, by its name it is a secret", worker.dir, left.path),
        );
    }
    let is_left_out = |entry: &Entry| {
        let path = entry.path.as_str();
        // esbuild reads the settings of TypeScript.
        let is_read = path == "tsconfig.json" && worker.settings.bundle;
        let is_type_file = TYPE_FILES.contains(&path) && !is_read;
        let is_imported = imported.iter().any(|file| file.path == path);
        let is_unread_contract = path == FILE_NAME && !is_imported && !are_checked(context.app, worker);
        DEPENDENCY_LISTS.contains(&path) || path.starts_with(".yarn/") || is_type_file || is_unread_contract
    };
    Ok(tree.entries("").into_iter().filter(|entry| !is_left_out(entry)).collect())
}

/// Collects the files of the worker's folder, or of a folder that it shares, again until all files that the collected ones import are packed.
pub(super) fn collect(context: &Context<'_>, worker: &Worker, shown: &str, imported: &[ImportedFile]) -> Result<Tree> {
    let app = context.app;
    let dir = app.root.join(shown);
    let settings = Function::Worker(worker.name.clone()).settings_table();
    let mut options = PackOptions::new(FolderKind::Sources, &app.root, settings);
    options.allow.clone_from(&worker.settings.allow);
    loop {
        let tree = collect_files(&dir, &options)?;
        let missing = Missing::of(&tree, imported);
        if !missing.refused.is_empty() {
            let reports = missing.refused.iter().map(|path| refused(worker, shown, path)).collect();
            return Err(Error { kind: ExitKind::App, reports });
        }
        let known = options.needed.len();
        options.needed.extend(missing.needed);
        if options.needed.len() == known {
            for path in missing.optional {
                let text = format!(
                    "`{shown}/{path}` stays out of the zip: `.gitignore` excludes it, and it is imported in a `try`"
                );
                context.observer.warning(Some(&Artifact::Code(Function::Worker(worker.name.clone()))), &text);
            }
            return Ok(tree);
        }
    }
}

/// Imported files that are not packed.
#[derive(Default)]
struct Missing {
    /// Files, and folders that `.gitignore` excludes: what is compiled into them belongs together.
    needed: BTreeSet<String>,
    /// Files that the worker may run without.
    optional: Vec<String>,
    /// Files that `.bedrockignore` excludes.
    refused: Vec<String>,
}

impl Missing {
    fn of(tree: &Tree, imported: &[ImportedFile]) -> Self {
        let packed: BTreeSet<&str> = tree.files.iter().map(|file| file.path.as_str()).collect();
        let mut missing = Self::default();
        for file in imported.iter().filter(|file| !packed.contains(file.path.as_str())) {
            let is_above = |path: &str| path == file.path || (path.ends_with('/') && file.path.starts_with(path));
            let excluded = tree.excluded.iter().find(|excluded| is_above(&excluded.path));
            match excluded.map(|excluded| (excluded.reason, excluded.path.trim_end_matches('/'))) {
                Some((ExclusionReason::Test, _)) => {
                    missing.needed.insert(file.path.clone());
                }
                Some((ExclusionReason::GitIgnored, path)) if !file.is_optional => {
                    missing.needed.insert(path.to_owned());
                }
                Some((ExclusionReason::GitIgnored, _)) => missing.optional.push(file.path.clone()),
                Some((ExclusionReason::BedrockIgnored, _)) if !file.is_optional => {
                    missing.refused.push(file.path.clone());
                }
                // It is in a folder of tests that is packed in part.
                None if !file.is_optional => {
                    missing.needed.insert(file.path.clone());
                }
                // Secrets and leftovers are never code of the worker.
                _ => {}
            }
        }
        missing
    }
}

fn refused(worker: &Worker, shown: &str, path: &str) -> Report {
    let is_entry = path == worker.entry && shown == worker.dir;
    let cause = if is_entry { "is the main file of the worker" } else { "is imported by the worker" };
    Report {
        message: format!("`.bedrockignore` keeps `{shown}/{path}` out of the zip"),
        causes: vec![format!("it {cause}")],
        help: vec!["take the line that matches it out of `.bedrockignore`".to_owned()],
    }
}
