//! The functions of a cargo-lambda workspace: its packages that depend on `lambda_runtime`. Each becomes a Rust worker.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::member_pattern::matches_member;
use bedrock_build::{Language, WorkerName};
use bedrock_templates::Dependencies;
use toml_edit::{DocumentMut, Item, TableLike, value};

use super::function::{FoundFunctions, ImportedFunction, worker_name};
use super::rust_source::library;
use super::source_files::CopiedFile;
use bedrock_diagnostics::{Error, Result};

const DEPENDENCY_LISTS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
const MANIFEST: &str = "Cargo.toml";

/// Finds the functions in the workspace or package in `dir`.
pub(super) fn functions(dir: &Path) -> Result<FoundFunctions> {
    let root = read_manifest(&dir.join(MANIFEST))?;
    let mut found = FoundFunctions::default();
    let mut packages = vec![dir.to_owned()];
    if let Some(workspace) = root.get("workspace") {
        let list = |key: &str| -> Vec<String> {
            let items = workspace.get(key).and_then(Item::as_array).into_iter().flatten();
            items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let members = list("members");
        let excluded = list("exclude");
        let matches = |patterns: &[String], path: &str| patterns.iter().any(|pattern| matches_member(pattern, path));
        let folders = folders(dir, 3).into_iter();
        packages.extend(
            folders.filter(|path| matches(&members, path) && !matches(&excluded, path)).map(|path| dir.join(path)),
        );
    }
    for package in packages {
        let manifest = read_manifest(&package.join(MANIFEST))?;
        let Some(name) = manifest.get("package").and_then(|package| package.get("name")?.as_str()) else { continue };
        let has = |dependency: &str| manifest.get("dependencies").is_some_and(|list| list.get(dependency).is_some());
        if has("lambda_http") {
            found.left.push(format!(
                "package `{name}` is not imported: it answers HTTP requests, port it to `src/endpoints`"
            ));
        } else if !has("lambda_runtime") {
            if manifest.contains_key("package") {
                found.left.push(format!("package `{name}` is not imported: it does not depend on `lambda_runtime`"));
            }
        } else if let Some(worker) = worker_name(name) {
            found.functions.push(ImportedFunction {
                name: worker,
                language: Language::Rust,
                code: package,
                handler: String::new(),
                settings: settings(&manifest),
                triggers: Vec::new(),
            });
        } else {
            found.left.push(format!("package `{name}` is not imported: it cannot be the name of a worker"));
        }
    }
    Ok(found)
}

/// Returns the settings in `[package.metadata.lambda.deploy]`.
fn settings(manifest: &DocumentMut) -> Vec<(&'static str, toml_edit::Value)> {
    let lambda = ["package", "metadata", "lambda", "deploy"];
    let deploy = lambda.iter().try_fold(manifest.as_item(), |item, key| item.get(key));
    let Some(deploy) = deploy.and_then(Item::as_table_like) else { return Vec::new() };
    let mut found = Vec::new();
    for (key, setting) in [("memory", "memory"), ("timeout", "timeout"), ("description", "description"), ("env", "env")]
    {
        if let Some(item) = deploy.get(key).and_then(Item::as_value) {
            let mut item = item.clone();
            item.decor_mut().clear();
            found.push((setting, item));
        }
    }
    found
}

/// Replaces the files of a function by those of a worker. Returns what is left to do, or the reason why it cannot be done.
pub(super) fn make_worker(
    files: &mut Vec<CopiedFile>,
    function: &ImportedFunction,
    target: &Path,
    dependencies: &Dependencies,
) -> std::result::Result<Vec<String>, String> {
    let name = &function.name;
    for taken in ["src/lib.rs", "build.rs"] {
        if files.iter().any(|file| file.path == taken) {
            return Err(format!("its package has a `{taken}`, which a worker has, too; port it by hand"));
        }
    }
    let main = files.iter().find(|file| file.path == "src/main.rs").ok_or("its package has no `src/main.rs`")?;
    let library = library(&main.contents, name)?;
    let list = files.iter().find(|file| file.path == MANIFEST).ok_or("its package has no `Cargo.toml`")?;
    let mut left = Vec::new();
    let manifest = manifest(&list.contents, function, target, dependencies, &mut left)?;
    let rendered = bedrock_templates::worker(name, bedrock_templates::WorkerTemplate::Rust, dependencies);
    let rendered = rendered.map_err(|error| error.to_string())?;
    files.retain(|file| !["src/main.rs", MANIFEST, "Cargo.lock"].contains(&file.path.as_str()));
    let of_template = rendered.into_iter().filter(|file| file.path == "src/main.rs" || file.path == "build.rs");
    files.extend(of_template.map(|file| CopiedFile { path: file.path, contents: file.contents }));
    files.push(CopiedFile { path: "src/lib.rs".to_owned(), contents: library });
    files.push(CopiedFile { path: MANIFEST.to_owned(), contents: manifest });
    Ok(left)
}

/// Returns the manifest of the worker: with its name, without values of the workspace, with the crates of the app.
fn manifest(
    text: &str,
    function: &ImportedFunction,
    target: &Path,
    dependencies: &Dependencies,
    left: &mut Vec<String>,
) -> std::result::Result<String, String> {
    let invalid = |error: toml_edit::TomlError| format!("its `Cargo.toml` is not valid: {}", error.message());
    let mut manifest: DocumentMut = text.parse().map_err(invalid)?;
    let workspace = workspace_of(&function.code);
    if let Some((_, workspace)) = &workspace {
        inherit(&mut manifest, workspace)?;
    }
    let root = workspace.map_or_else(|| function.code.clone(), |(root, _)| root);
    if let Some(package) = manifest.get_mut("package").and_then(Item::as_table_like_mut) {
        package.insert("name", value(function.name.as_str()));
        package.remove("default-run");
        package.remove("workspace");
    }
    for section in ["bin", "workspace", "profile", "lib"] {
        if manifest.remove(section).is_some() && section == "profile" {
            left.push(format!(
                "`[profile]` of worker `{}` is not imported: set it in the `Cargo.toml` of the app",
                function.name
            ));
        }
    }
    for list in DEPENDENCY_LISTS {
        let Some(listed) = manifest.get_mut(list).and_then(Item::as_table_like_mut) else { continue };
        for (name, item) in listed.iter_mut() {
            let Some(path) = item.get("path").and_then(Item::as_str).map(str::to_owned) else { continue };
            let place = [&function.code, &root].map(|base| base.join(&path)).into_iter().find(|place| place.is_dir());
            let place = place.and_then(|place| place.canonicalize().ok()).ok_or(format!("`{path}` is not a folder"))?;
            if let Some(table) = item.as_table_like_mut() {
                table.insert("path", value(relative(&place, target)));
            }
            left.push(format!(
                "dependency `{}` of worker `{}` stays where it is: move it into the app, and change `path` in `Cargo.toml`",
                name.get(),
                function.name
            ));
        }
    }
    let mut text = manifest.to_string();
    for (list, line) in [("dependencies", &dependencies.runtime), ("build-dependencies", &dependencies.build)] {
        text = with_line(&text, list, line);
    }
    if manifest.get("dependencies").is_none_or(|list| list.get("serde_json").is_none()) {
        text = with_line(&text, "dependencies", "serde_json = \"1\"");
    }
    Ok(text)
}

/// Adds a line to a table, which is created if it is missing.
fn with_line(text: &str, table: &str, line: &str) -> String {
    let header = format!("[{table}]");
    let mut lines: Vec<&str> = text.lines().collect();
    match lines.iter().position(|line| line.trim() == header) {
        Some(at) => lines.insert(at + 1, line),
        None => lines.extend(["", header.as_str(), line]),
    }
    lines.join("\n") + "\n"
}

/// Returns the workspace that has a package: its folder and its manifest.
fn workspace_of(package: &Path) -> Option<(PathBuf, DocumentMut)> {
    package.ancestors().find_map(|folder| {
        let manifest = read_manifest(&folder.join(MANIFEST)).ok()?;
        manifest.contains_key("workspace").then(|| (folder.to_owned(), manifest))
    })
}

/// Replaces `x.workspace = true` by the value of the workspace.
fn inherit(manifest: &mut DocumentMut, workspace: &DocumentMut) -> std::result::Result<(), String> {
    let of = |table: &str, key: &str| workspace.get("workspace")?.get(table)?.get(key).cloned();
    let is_inherited = |item: &Item| item.get("workspace").and_then(Item::as_bool) == Some(true);
    if let Some(package) = manifest.get_mut("package").and_then(Item::as_table_like_mut) {
        replace(package, &is_inherited, &|key| of("package", key))?;
    }
    for list in DEPENDENCY_LISTS {
        if let Some(listed) = manifest.get_mut(list).and_then(Item::as_table_like_mut) {
            replace(listed, &is_inherited, &|key| of("dependencies", key))?;
        }
    }
    if manifest.get("lints").is_some_and(is_inherited) {
        manifest.remove("lints");
    }
    Ok(())
}

fn replace(
    table: &mut dyn TableLike,
    is_inherited: &dyn Fn(&Item) -> bool,
    of: &dyn Fn(&str) -> Option<Item>,
) -> std::result::Result<(), String> {
    let keys: Vec<String> =
        table.iter().filter(|(_, item)| is_inherited(item)).map(|(key, _)| key.to_owned()).collect();
    for key in keys {
        let mut item = of(&key).ok_or_else(|| format!("the workspace has no `{key}`"))?;
        let own: BTreeMap<String, Item> = table
            .get(&key)
            .and_then(Item::as_table_like)
            .into_iter()
            .flat_map(|table| table.iter())
            .filter(|(name, _)| *name != "workspace")
            .map(|(name, item)| (name.to_owned(), item.clone()))
            .collect();
        if !own.is_empty() {
            let mut merged = toml_edit::InlineTable::new();
            if let Some(version) = item.as_str() {
                merged.insert("version", version.into());
            }
            let all = item.as_table_like().into_iter().flat_map(|table| table.iter());
            let all = all.map(|(name, item)| (name.to_owned(), item.clone())).chain(own);
            for (name, item) in all {
                let Ok(found) = item.into_value() else { continue };
                // Cargo unites the features of both.
                match (merged.get_mut(&name).and_then(toml_edit::Value::as_array_mut), found.as_array()) {
                    (Some(before), Some(more)) if name == "features" => {
                        before.extend(more.iter().cloned());
                        before.fmt();
                    }
                    _ => {
                        merged.insert(&name, found);
                    }
                }
            }
            item = value(merged);
        }
        table.insert(&key, item);
    }
    Ok(())
}

fn read_manifest(path: &Path) -> Result<DocumentMut> {
    let text =
        fs::read_to_string(path).map_err(|error| Error::io(format!("failed to read `{}`", path.display()), &error))?;
    text.parse().map_err(|error: toml_edit::TomlError| {
        Error::app(format!("`{}` is not valid", path.display())).cause(error.message().to_owned())
    })
}

/// Returns the folders with a manifest below `dir`, as paths with `/`.
fn folders(dir: &Path, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![String::new()];
    while let Some(path) = pending.pop() {
        for entry in fs::read_dir(dir.join(&path)).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) || name.starts_with('.') || name == "target" {
                continue;
            }
            let path = if path.is_empty() { name } else { format!("{path}/{name}") };
            if dir.join(&path).join(MANIFEST).is_file() {
                found.push(path.clone());
            }
            if path.split('/').count() < depth {
                pending.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Returns the path from the folder `from` to `to`, both absolute.
fn relative(to: &Path, from: &Path) -> String {
    let common = to.components().zip(from.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(common).map(|_| "..".to_owned());
    let down = to.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// Names of workers must differ from those of packages that they depend on.
pub(super) fn conflict(files: &[CopiedFile], name: &WorkerName) -> Option<String> {
    let list = files.iter().find(|file| file.path == MANIFEST)?;
    let manifest: DocumentMut = list.contents.parse().ok()?;
    let has =
        DEPENDENCY_LISTS.iter().any(|list| manifest.get(list).is_some_and(|list| list.get(name.as_str()).is_some()));
    has.then(|| format!("it depends on a package called `{name}`"))
}
