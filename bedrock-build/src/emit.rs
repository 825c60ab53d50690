//! The build script: passes the worker index to the compiler, and tells cargo which changes rerun the script.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;

use crate::app::App;
use crate::build_inputs;
use crate::contract;
use crate::dotenv::DOTENV_FILES;
use crate::language::Language;
use crate::problem::Problem;
use crate::worker_index::{ENV_VARIABLE, WorkerIndex};

/// Files of a worker's folder that are rarely edited. A package watches the first one that exists.
pub const RARELY_EDITED: [&str; 6] =
    ["Cargo.toml", "package.json", "__init__.py", "requirements.txt", "worker.js", "worker.cjs"];

/// Call this from `build.rs` of the app and of every Rust worker that uses `invoke!("name", …)`.
///
/// Sets `BEDROCK_CATALOG`, `BEDROCK_APP` and `BEDROCK_ROOT` for the compiler. Problems with the app are reported as
/// build errors, all at once.
pub fn emit() {
    let crate_dir = env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| ".".to_owned());
    for instruction in instructions(Path::new(&crate_dir)) {
        // A build script talks to cargo on its standard output.
        #[allow(clippy::print_stdout)]
        {
            println!("cargo::{instruction}");
        }
    }
}

/// Returns the instructions for cargo, without `cargo::`.
fn instructions(crate_dir: &Path) -> Vec<String> {
    let app = match App::find(crate_dir) {
        Ok(app) => app,
        Err(problems) => return error_instructions(crate_dir, &problems),
    };
    let index = match WorkerIndex::of(&app, crate_dir) {
        Ok(index) => index,
        Err(problem) => return error_instructions(crate_dir, &[problem]),
    };
    let for_lambda = env::var_os("CARGO_CFG_BEDROCK_LAMBDA").is_some();
    // Lambda applies the settings.
    let index = if for_lambda { index.without_settings() } else { index };
    let mut instructions = vec![
        "rustc-check-cfg=cfg(bedrock_lambda)".to_owned(),
        format!("rustc-env={ENV_VARIABLE}={}", index.encode()),
        format!("rustc-env=BEDROCK_APP={}", app.name),
        format!("rustc-env=BEDROCK_ROOT={}", app.root.display()),
    ];
    // Nothing in a program for Lambda is to depend on this machine's `.env`.
    if crate_dir == app.root && !for_lambda {
        instructions.extend(variable_instructions(&app));
    }
    instructions.push(format!("rerun-if-env-changed={}", build_inputs::ENV_VARIABLE));
    let inputs = env::var_os(build_inputs::ENV_VARIABLE).filter(|_| for_lambda);
    let inputs = inputs.map(|dir| build_inputs::file(&app, crate_dir, Path::new(&dir))).filter(|file| file.is_file());
    let paths = match inputs {
        Some(file) => vec![file.display().to_string()],
        None => rerun_paths(&app, crate_dir),
    };
    instructions.extend(paths.into_iter().map(|path| format!("rerun-if-changed={path}")));
    instructions
}

/// Sets the variables that the settings give the endpoint and the Rust workers (`env`), which share one process in
/// `cargo run` and in tests. Cargo passes them to the programs of the package that it runs.
///
/// Cargo passes them to the compiler, too, so the variables that the compiler, the linker and the loader read are left
/// out.
fn variable_instructions(app: &App) -> Vec<String> {
    let rust_workers = app.workers.iter().filter(|worker| worker.language == Language::Rust);
    let workers = rust_workers.map(|worker| (worker.name.as_str(), &worker.settings));
    let mut instructions = Vec::new();
    let mut set: BTreeMap<String, (&str, String)> = BTreeMap::new();
    for (function, settings) in std::iter::once(("endpoint", &app.settings.endpoint)).chain(workers) {
        for (name, value) in app.local_variables(settings) {
            if !is_passed_on(&name, &value) {
                continue;
            }
            match set.get(&name) {
                None => {
                    set.insert(name.clone(), (function, value.clone()));
                    instructions.push(format!("rustc-env={name}={value}"));
                }
                Some((other, known)) if *known != value => instructions.push(format!(
                    "warning=`{other}` and `{function}` set the variable `{name}` to different values; `cargo run` and \
                     tests run both in one process, with the value of `{other}`"
                )),
                Some(_) => {}
            }
        }
    }
    instructions
}

fn is_passed_on(name: &str, value: &str) -> bool {
    let prefixes = ["CARGO", "RUSTC", "RUSTDOC", "RUSTFLAGS", "RUSTUP", "LD_", "DYLD_", "BEDROCK_"];
    let names = ["PATH", "HOME", "TMPDIR", "LIBRARY_PATH", "CC", "CXX", "CFLAGS", "SDKROOT", "TARGET", "HOST"];
    // An instruction for cargo is one line.
    !value.contains(['\n', '\r']) && !names.contains(&name) && !prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Returns the paths whose changes make cargo run the build script again.
///
/// A package watches one file of each worker: it notices renamed and deleted folders, and an edit in one worker compiles
/// neither the endpoint nor the other workers. Cargo compares the newest modification time anywhere below a watched folder,
/// so the workers folder itself is not watched: the local runtime looks for workers when it starts.
fn rerun_paths(app: &App, crate_dir: &Path) -> Vec<String> {
    let mut paths = vec![app.root.join("Cargo.toml"), crate_dir.join("Cargo.toml")];
    // A file that does not exist would make cargo run the script in every build.
    paths.extend(DOTENV_FILES.iter().map(|file| app.root.join(file)).filter(|path| path.is_file()));
    for worker in &app.workers {
        let dir = app.root.join(&worker.dir);
        let marker = RARELY_EDITED.iter().map(|file| dir.join(file)).find(|path| path.is_file());
        // The expansions in the callers contain the contract, so only they are compiled when it changes or disappears.
        let is_watched_by_callers = marker.is_none() && dir.join(contract::FILE_NAME).is_file();
        if !is_watched_by_callers {
            paths.push(marker.unwrap_or_else(|| dir.join(worker.entry)));
        }
    }
    paths.into_iter().map(|path| path.display().to_string()).collect()
}

fn error_instructions(crate_dir: &Path, problems: &[Problem]) -> Vec<String> {
    let mut instructions = vec![format!("rerun-if-changed={}", crate_dir.join("Cargo.toml").display())];
    for problem in problems {
        instructions.push(format!("error={}", one_line(&problem.message)));
        instructions.extend(problem.help.iter().map(|help| format!("error=help: {}", one_line(help))));
    }
    // The fix may be in any file of the app. A path that does not exist makes cargo run the script in the next build.
    instructions.push("rerun-if-changed=bedrock-rerun-always".to_owned());
    instructions
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::rerun_paths;
    use crate::app::App;
    use std::fs;

    #[test]
    fn edits_of_hosted_workers_compile_no_rust() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write("Cargo.toml", "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n");
        write("workers/a/main.py", "");
        write("workers/a/__init__.py", "");
        write("workers/b/main.js", "");
        write("workers/b/contract.json", "");
        write("workers/c/main.py", "");
        write("workers/d/Cargo.toml", "");
        write("workers/e/main.js", "");
        write("workers/e/worker.js", "");
        write("workers/e/contract.json", "");
        let app = App::open(root).expect("an app");
        let paths = rerun_paths(&app, &root.join("workers/d"));
        let of_endpoint = rerun_paths(&app, root);
        let relative: Vec<&str> = paths
            .iter()
            .map(|path| path.strip_prefix(&format!("{}/", root.display())).expect("a path in it"))
            .collect();
        let expected = [
            "Cargo.toml",
            "workers/d/Cargo.toml",
            "workers/a/__init__.py",
            "workers/c/main.py",
            "workers/d/Cargo.toml",
            "workers/e/worker.js",
        ];
        assert_eq!(relative, expected);
        assert_eq!(of_endpoint[2..], paths[2..]);
    }
}
