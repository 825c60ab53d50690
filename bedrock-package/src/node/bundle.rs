//! Bundles a JavaScript worker and its dependencies into one file, with the esbuild of the worker's `package.json`. Files
//! that are not part of the bundle, such as data, are packed next to it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::{Language, Worker};
use bedrock_callgraph::PACKED_SHARED_JAVASCRIPT;
use serde_json::Value;

use super::install_commands::Purpose;
use super::locked_packages::{LockedPackages, all_packages, packages_of_files};
use super::project::{NodeFolders, NodeProject};
use crate::artifact::{Artifact, Function};
use crate::context::{ArtifactContents, Context};
use crate::inputs::Inputs;
use bedrock_artifacts::Entry;
use bedrock_diagnostics::{Error, Result};

/// Version of the bundle layout. Changing it rebuilds all bundles.
const LAYOUT: &str = "3";
/// Pass AWS's SDK for durable functions, which calls a durable worker, to `bedrock/durable.mjs`.
const IMPORT_DURABLE_SDK: &str = "import * as __durableSdk from \"@aws/durable-execution-sdk-js\";\n\
                                  globalThis[Symbol.for(\"bedrock.durable.sdk\")] = __durableSdk;\n";
const REQUIRE_DURABLE_SDK: &str =
    "globalThis[Symbol.for(\"bedrock.durable.sdk\")] = require(\"@aws/durable-execution-sdk-js\");\n";
/// The file with `invoke` in the folder of a worker.
const WORKER_MODULES: [&str; 2] = ["worker.js", "worker.cjs"];
/// Packages of the AWS SDK, which the runtime contains.
const RUNTIME_PACKAGES: [&str; 2] = ["@aws-sdk/*", "@smithy/*"];

/// Adds the inputs of a bundle other than the worker's own files.
pub(crate) fn add_inputs(inputs: &mut Inputs, context: &Context<'_>, worker: &Worker) -> Result<()> {
    inputs.add("bundle", LAYOUT);
    NodeProject::of(context, worker)?.add_inputs(inputs, context, worker)
}

/// Returns the files of the zip: one bundle, and those of the worker's `own` files that are not part of it. `shared` is the shared
/// code that it imports.
pub(crate) fn bundle(
    context: &Context<'_>,
    worker: &Worker,
    own: Vec<Entry>,
    shared: &[Entry],
) -> Result<ArtifactContents> {
    let function = Function::Worker(worker.name.clone());
    let what = format!("failed to bundle {function}");
    let staging = context.folder.staging()?;
    let project = NodeProject::of(context, worker)?;
    let folders = project.folders(&staging.path().join("worker"));
    let temp_dir = &folders.worker;
    copy(&own, temp_dir, worker, &context.app.root)?;
    // Where it is in the workers folder, so that no import changes.
    let workers_dir = temp_dir.parent().unwrap_or(temp_dir);
    copy(shared, workers_dir, worker, &context.app.root)?;
    link_worker_module(&workers_dir.join(PACKED_SHARED_JAVASCRIPT), temp_dir)
        .map_err(|error| Error::io(what.as_str(), &error))?;
    project.install(context, worker, &folders, Purpose::Bundle, &what)?;
    append_exports(&temp_dir.join(worker.entry), worker)
        .map_err(|error| Error::io(format!("failed to read `{}/{}`", worker.dir, worker.entry), &error))?;
    let is_of_modules = remove_module_type(&temp_dir.join("package.json"));
    let is_module = match worker.entry {
        "main.mjs" | "main.mts" => true,
        "main.cjs" | "main.cts" => false,
        _ => is_of_modules,
    };
    let main = if is_module { "main.mjs" } else { "main.cjs" };
    // Next to the sources, because the source map has paths relative to the bundle. Without a map it may have the name
    // of the entry file.
    let made = if worker.is_typescript() { temp_dir.join(main) } else { staging.path().join(main) };
    let mut command = esbuild(&folders, worker, &what)?;
    // Shared code finds the packages of the worker, as in the host and in a layer.
    let modules = [&folders.worker, &folders.root].map(|folder| folder.join("node_modules"));
    if let Ok(path) = std::env::join_paths(modules) {
        command.env("NODE_PATH", path);
    }
    command.arg(format!("--outfile={}", made.display())).args(format(is_module));
    let warnings = context.tools.run_with_warnings(command.current_dir(temp_dir), &what).map_err(|error| {
        error.help(format!("if a package cannot be bundled, take `bundle` out of `{}`", function.settings_table()))
    })?;
    if !warnings.trim().is_empty() {
        context.observer.warning(Some(&Artifact::Code(function)), &format!("esbuild: {}", warnings.trim()));
    }
    let bundled = bundled(&temp_dir.join("bundle.json"));
    let installed = all_packages(&folders)?;
    let locked = LockedPackages::read(&installed, &folders, project.locked_archives());
    let components = locked.components(&packages_of_files(installed, temp_dir, &bundled));
    let is_left_over = |entry: &Entry| !bundled.contains(&entry.path) && entry.path != "tsconfig.json";
    let mut entries: Vec<Entry> = own.into_iter().filter(is_left_over).collect();
    entries.push(Entry::file(main, &made));
    if worker.is_typescript() {
        let map = format!("{main}.map");
        entries.push(Entry::file(&map, temp_dir.join(&map)));
        // All that is left are types.
        entries.retain(|entry| !Language::is_typescript(&entry.path));
    }
    Ok(ArtifactContents { entries, temp_dir: Some(staging), components })
}

fn copy(own: &[Entry], temp_dir: &Path, worker: &Worker, app: &Path) -> Result<()> {
    for entry in own {
        let place = temp_dir.join(&entry.path);
        let bytes = entry.read(app)?;
        let made = fs::create_dir_all(place.parent().unwrap_or(temp_dir)).and_then(|()| fs::write(&place, bytes));
        made.map_err(|error| Error::io(format!("failed to copy `{}/{}`", worker.dir, entry.path), &error))?;
    }
    Ok(())
}

/// Makes `worker.cjs` in the shared folder export what the worker's own module exports. In the sources it finds that module when
/// it runs, and a bundle has no such file.
fn link_worker_module(shared: &Path, worker: &Path) -> std::io::Result<()> {
    let module = shared.join(WORKER_MODULES[1]);
    let own = WORKER_MODULES.iter().map(|name| worker.join(name)).find(|own| own.is_file());
    match own {
        Some(own) if module.is_file() => {
            fs::write(module, format!("module.exports = require({});\n", Value::from(own.to_string_lossy())))
        }
        _ => Ok(()),
    }
}

/// Appends a line to the copy of the main file that passes its class to the loader of the bundle, exported or not.
/// `bedrock/load.mjs` does the same to files that are not bundled. The bundle of a durable worker also passes on its copy of
/// AWS's SDK, which `bedrock/durable.mjs` could not find outside of it.
fn append_exports(main: &Path, worker: &Worker) -> std::io::Result<()> {
    let source = fs::read_to_string(main)?;
    let class = worker.name.class_name();
    let mut lines = format!(
        "\n;globalThis[Symbol.for(\"bedrock.host.class\")]?.(typeof {class}===\"undefined\"?undefined:{class});\n"
    );
    if worker.settings.durable.is_some() {
        // The same form as in the worker: the SDK has one file for each, and its classes would exist twice.
        let is_statement = |line: &str| line.starts_with("export ") || line.starts_with("import ");
        let is_module = !matches!(worker.entry, "main.cjs" | "main.cts") && source.lines().any(is_statement);
        lines.push_str(if is_module { IMPORT_DURABLE_SDK } else { REQUIRE_DURABLE_SDK });
    }
    fs::write(main, source + &lines)
}

/// Returns the esbuild that the worker lists. `node_modules/.bin` may have a program of this name of any other package.
fn esbuild(folders: &NodeFolders, worker: &Worker, what: &str) -> Result<Command> {
    let read = |path: &Path| serde_json::from_slice::<Value>(&fs::read(path).ok()?).ok();
    let package = read(&folders.worker.join("package.json")).unwrap_or_default();
    let is_listed = ["devDependencies", "dependencies"].iter().any(|list| {
        let version = package.get(list).and_then(|list| list.get("esbuild")?.as_str());
        version.is_some_and(|version| !version.contains(':'))
    });
    let installed = [&folders.worker, &folders.root].map(|folder| folder.join("node_modules/esbuild"));
    let is_esbuild = |folder: &&PathBuf| {
        let package = read(&folder.join("package.json"));
        package.is_some_and(|package| package.get("name").and_then(Value::as_str) == Some("esbuild"))
    };
    let program = installed.iter().find(is_esbuild).map(|folder| folder.join("bin/esbuild"));
    let Some(program) = program.filter(|program| is_listed && program.is_file()) else {
        return Err(Error::app(what)
            .cause(format!("`{}/package.json` has no `esbuild` in its `devDependencies`", worker.dir))
            .help(format!("run `npm install --save-dev esbuild` in `{}`", worker.dir)));
    };
    let mut command = Command::new(program);
    let version = worker.runtime.version().unwrap_or_default();
    command.args([worker.entry, "--bundle", "--platform=node", &format!("--target=node{version}"), "--keep-names"]);
    command.args(RUNTIME_PACKAGES.map(|package| format!("--external:{package}")));
    if worker.is_typescript() {
        // The text of the sources would make the zip larger, and stack traces do not show it.
        command.args(["--sourcemap", "--sources-content=false"]);
    }
    command.args(["--metafile=bundle.json", "--log-level=warning", "--color=false"]);
    Ok(command)
}

fn format(is_module: bool) -> &'static [&'static str] {
    if is_module {
        // CommonJS packages call `require`, which ES modules do not have.
        &[
            "--format=esm",
            "--banner:js=import { createRequire as __createRequire } from 'node:module'; \
             const require = __createRequire(import.meta.url);",
        ]
    } else {
        &["--format=cjs"]
    }
}

/// Removes `type` from a `package.json`, and returns whether it was `module`. `worker.js` is always CommonJS, so esbuild has
/// to detect the format of each file.
fn remove_module_type(package: &Path) -> bool {
    let read = || serde_json::from_slice::<Value>(&fs::read(package).ok()?).ok();
    let Some(Value::Object(mut object)) = read() else { return false };
    let is_module = object.remove("type").is_some_and(|kind| kind == "module");
    // If writing fails, esbuild reports the problem.
    let _ = fs::write(package, Value::Object(object).to_string());
    is_module
}

/// Returns the worker's files that are part of the bundle, from esbuild's metafile.
fn bundled(account: &Path) -> BTreeSet<String> {
    let read = || serde_json::from_slice::<Value>(&fs::read(account).ok()?).ok();
    let account = read().unwrap_or_default();
    account.get("inputs").and_then(Value::as_object).into_iter().flatten().map(|(path, _)| path.clone()).collect()
}
