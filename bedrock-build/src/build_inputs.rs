//! What the build scripts of a Lambda build depend on: a file for each crate that `cargo bedrock` changes only when the result
//! of the script changes. Without it, cargo would run the scripts after every change in `Cargo.toml` and below `workers/`, and
//! compile the programs again because a script has run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::app::App;
use crate::contract;
use crate::language::Language;
use crate::problem::Problem;
use crate::worker_index::WorkerIndex;

/// The variable with the folder of the files. Only `cargo bedrock` sets it, for Lambda builds.
pub const ENV_VARIABLE: &str = "BEDROCK_BUILD_INPUTS";

/// Writes the files of an app's endpoint and Rust workers below `dir`. Files whose content is the same stay as they are.
///
/// # Errors
///
/// If a file or the folder cannot be written.
pub fn write(app: &App, dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let workers = app.workers.iter().filter(|worker| worker.language == Language::Rust);
    let crates = workers.map(|worker| app.root.join(&worker.dir)).chain([app.root.clone()]);
    for crate_dir in crates {
        let path = file(app, &crate_dir, dir);
        let text = text(app, &crate_dir);
        if fs::read(&path).is_ok_and(|known| known == text.as_bytes()) {
            continue;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// Returns the path of a crate's file in `dir`.
pub(crate) fn file(app: &App, crate_dir: &Path, dir: &Path) -> PathBuf {
    let relative = crate_dir.strip_prefix(&app.root).unwrap_or(crate_dir).display().to_string();
    dir.join(format!("{}.txt", if relative.is_empty() { "endpoint".to_owned() } else { relative.replace('/', "+") }))
}

/// Returns everything that the build script of a crate reads and passes on. A problem is part of it: the script reports it.
fn text(app: &App, crate_dir: &Path) -> String {
    let index = match WorkerIndex::of(app, crate_dir) {
        Ok(index) => index.without_settings().encode(),
        Err(Problem { message, .. }) => message,
    };
    let mut lines = vec![index, app.name.to_string(), app.root.display().to_string()];
    // The compiler itself watches the contracts that a crate uses, but not whether there are new ones.
    let contracts = app.workers.iter().filter(|worker| app.root.join(&worker.dir).join(contract::FILE_NAME).is_file());
    lines.extend(contracts.map(|worker| format!("contract of {}", worker.name)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{file, text, write};
    use crate::app::App;
    use std::fs;
    use std::path::Path;
    use tempfile::TempDir;

    fn app_dir() -> TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        for (path, content) in [
            ("Cargo.toml", "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n"),
            ("workers/resizer/Cargo.toml", "[package]\nname = \"resizer\"\n"),
            ("workers/resizer/src/main.rs", ""),
            ("workers/fetcher/main.py", ""),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
        dir
    }

    fn text_of(root: &Path) -> String {
        text(&App::open(root).expect("an app"), root)
    }

    #[test]
    fn settings_and_code_of_hosted_workers_are_no_inputs() {
        let dir = app_dir();
        let root = dir.path();
        let before = text_of(root);
        let settings = "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n[package.metadata.bedrock.endpoint]\nmemory = 512\n\
                        [package.metadata.bedrock.workers.fetcher]\ntimeout = 9\nenv.MODE = \"x\"\n";
        fs::write(root.join("Cargo.toml"), settings).expect("a file");
        fs::write(root.join("workers/fetcher/main.py"), "changed = True\n").expect("a file");
        assert_eq!(text_of(root), before);
    }

    #[test]
    fn workers_dependencies_and_new_contracts_are_inputs() {
        let dir = app_dir();
        let root = dir.path();
        let mut known = vec![text_of(root)];
        let mut change = |path: &str, content: &str| {
            fs::create_dir_all(root.join(path).parent().expect("a folder")).expect("a folder");
            fs::write(root.join(path), content).expect("a file");
            let text = text_of(root);
            assert!(!known.contains(&text), "{path} in {text}");
            known.push(text);
        };
        change("workers/mailer/main.js", "");
        change("workers/mailer/contract.json", "{}");
        let manifest = "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n[dependencies]\n\
                        resizer = { path = \"workers/resizer\" }\n";
        change("Cargo.toml", manifest);
        // The code of a durable Rust worker is another one. How long its executions run is a setting.
        let durable = |timeout: &str| {
            format!("{manifest}[package.metadata.bedrock.workers.resizer]\ndurable = {{ timeout = '{timeout}' }}\n")
        };
        change("Cargo.toml", &durable("1d"));
        fs::write(root.join("Cargo.toml"), durable("2d")).expect("a file");
        assert!(known.contains(&text_of(root)));
    }

    #[test]
    fn unchanged_files_are_not_written_again() {
        let dir = app_dir();
        let root = dir.path();
        let app = App::open(root).expect("an app");
        let dir = root.join("target");
        write(&app, &dir).expect("files");
        let paths = ["endpoint.txt", "workers+resizer.txt"].map(|name| dir.join(name));
        assert_eq!(paths[1], file(&app, &root.join("workers/resizer"), &dir));
        let times =
            || paths.each_ref().map(|path| fs::metadata(path).and_then(|file| file.modified()).expect("a time"));
        let before = times();
        write(&app, &dir).expect("files");
        assert_eq!(times(), before);
    }
}
