//! The shared code that a worker imports, as it is in the zip: modules of Python next to the worker's own, because they are on the
//! same import path; JavaScript in `_shared/javascript`, and the paths in imports follow.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bedrock_build::{Language, Worker};
use bedrock_callgraph::{
    ImportedFile, OutsideImport, PACKED_SHARED_JAVASCRIPT, SharedCode, imported_files, shared_code, with_packed_paths,
};
use bedrock_local::is_reserved;
use serde_json::{Value, json};

use super::artifact::{Artifact, Function};
use super::context::Context;
use super::worker_files::collect;
use bedrock_artifacts::{Entry, ExclusionReason, Source};
use bedrock_diagnostics::{Error, ExitKind, Report, Result};

/// The list of a JavaScript package, which says whether its files are ES modules.
const PACKAGE: &str = "package.json";

/// Returns the shared files that a worker imports, by their paths in the zip. Files of the worker, `own`, come first: a shared
/// file of the same path is never imported.
pub(super) fn shared_files(context: &Context<'_>, worker: &Worker, own: &[Entry]) -> Result<Vec<Entry>> {
    let Some(shared) = shared_code(context.app, worker)? else { return Ok(Vec::new()) };
    if !shared.outside.is_empty() {
        let reports = shared.outside.iter().map(|import| outside(import, &shared.dir)).collect();
        return Err(Error { kind: ExitKind::App, reports });
    }
    if shared.units.is_empty() {
        return Ok(Vec::new());
    }
    let folder = context.app.root.join(&shared.dir);
    let tree = collect(context, worker, &shared.dir, &imported(&folder, worker.language, &shared))?;
    let is_imported = |path: &str| shared.units.contains(path.split('/').next().unwrap_or(path));
    let artifact = Artifact::Code(Function::Worker(worker.name.clone()));
    let secrets = tree.excluded.iter().filter(|left| left.reason == ExclusionReason::Secret && is_imported(&left.path));
    for left in secrets {
        let text = format!("`{}/{}` stays out of the zip, by its name it is a secret", shared.dir, left.path);
        context.observer.warning(Some(&artifact), &text);
    }
    let place = if worker.language == Language::Python { "" } else { PACKED_SHARED_JAVASCRIPT };
    let mut entries = tree.entries(place);
    let within = |entry: &Entry| match place {
        "" => entry.path.clone(),
        place => entry.path.trim_start_matches(place).trim_start_matches('/').to_owned(),
    };
    let is_package = |path: &str| worker.language == Language::JavaScript && path == PACKAGE;
    entries.retain(|entry| is_imported(&within(entry)) || is_package(&within(entry)));
    if let Some(entry) = entries.iter().find(|entry| is_reserved(&entry.path)) {
        return Err(Error::app(format!("failed to pack {artifact}"))
            .cause(format!("`{}/{}` has a name that cargo bedrock needs for itself", shared.dir, entry.path))
            .help("`bedrock` and `bedrock.*` in the shared folder are taken, rename it"));
    }
    entries.retain(|entry| !own.iter().any(|own| own.path == entry.path));
    if worker.language == Language::JavaScript && !entries.iter().any(|entry| within(entry) == PACKAGE) {
        // Otherwise the `package.json` of the worker would decide.
        let list = json!({ "type": package_type(&folder, &context.app.root) });
        entries.push(Entry::bytes(format!("{place}/{PACKAGE}"), format!("{list}\n")));
    }
    Ok(entries)
}

/// Returns the files that shared code imports, in the shared folder.
fn imported(folder: &Path, language: Language, shared: &SharedCode) -> Vec<ImportedFile> {
    let mut found: BTreeMap<String, bool> = BTreeMap::new();
    let packages = shared.units.iter().map(|unit| format!("{unit}/__init__.py"));
    let starts: BTreeSet<String> = shared.files.iter().chain(&shared.units).cloned().chain(packages).collect();
    for start in starts.iter().filter(|start| folder.join(start).is_file()) {
        for file in imported_files(folder, language, start) {
            let is_optional = found.entry(file.path).or_insert(file.is_optional);
            *is_optional &= file.is_optional;
        }
    }
    found.into_iter().map(|(path, is_optional)| ImportedFile { path, is_optional }).collect()
}

/// Returns what says on this machine whether shared files are ES modules: `type` of the closest list above, up to the app.
fn package_type(folder: &Path, app: &Path) -> Value {
    let mut lists = folder.ancestors().take_while(|above| above.starts_with(app)).map(|above| above.join(PACKAGE));
    let found = lists.find_map(|list| fs::read(list).ok());
    let package: Value = found.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    package.get("type").cloned().unwrap_or_else(|| json!("commonjs"))
}

/// Replaces the paths of shared files in the imports of the worker's own files. They are those of the workers folder.
pub(super) fn with_paths_of_zip(own: Vec<Entry>, context: &Context<'_>, worker: &Worker) -> Result<Vec<Entry>> {
    if worker.language != Language::JavaScript {
        return Ok(own);
    }
    let app = &context.app.root;
    let is_script = |path: &str| [".js", ".mjs", ".cjs"].iter().any(|extension| path.ends_with(extension));
    let replaced = |entry: Entry| -> Result<Entry> {
        if !is_script(&entry.path) {
            return Ok(entry);
        }
        let bytes = entry.read(app)?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(match with_packed_paths(&format!("{}/{}", worker.dir, entry.path), &worker.dir, &text) {
            Some(text) => Entry { source: Source::Bytes(text.into_bytes()), fingerprint: None, ..entry },
            None => entry,
        })
    };
    own.into_iter().map(replaced).collect()
}

fn outside(import: &OutsideImport, shared: &str) -> Report {
    Report {
        message: format!("`{}` imports `{}`, which is not packed", import.importer, import.name),
        causes: vec![format!("`{}` is neither in the worker's folder nor in `{shared}`", import.file)],
        help: vec![format!("move the file into `{shared}`, or make a package of it that `package.json` names")],
    }
}
