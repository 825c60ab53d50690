//! The files that follow from the contracts: `contract.json` of each worker, type stubs for Python, `worker.d.ts`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bedrock_build::contract::FILE_NAME;
use bedrock_build::{App, Language};
use bedrock_contract::{WorkerContract, canonical, python, typescript};

use bedrock_diagnostics::{Error, ExitKind, Report, Result};

/// The folder of the type stubs, which type checkers search by default.
const STUBS: &str = "typings/bedrock";

/// Files of a worker's folder that build scripts watch. A contract that appears or disappears changes the time of one.
const WATCHED: [&str; 4] = ["Cargo.toml", "package.json", "__init__.py", "requirements.txt"];

/// A file and what it must contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GeneratedFile {
    /// Relative to the app's folder, with `/` as separator.
    pub(crate) path: String,
    /// The contents. `None` for a file that must not exist.
    pub(crate) contents: Option<String>,
}

/// Returns all files. An app without contracts has none.
pub(crate) fn generate(app: &App, contracts: &[WorkerContract]) -> Vec<GeneratedFile> {
    let mut files = Vec::new();
    let mut add = |path: String, contents: Option<String>| files.push(GeneratedFile { path, contents });
    let has_contracts = contracts.iter().any(|worker| worker.contract.is_some());
    let if_any = |text: String| has_contracts.then_some(text);
    for worker in &app.workers {
        let name = worker.name.as_str();
        let contract = contracts.iter().find(|known| known.worker == name).and_then(|known| known.contract.as_ref());
        // The file of a worker whose code says nothing stays: it may have been written by hand.
        if let Some(contract) = contract {
            add(format!("{}/{FILE_NAME}", worker.dir), Some(canonical::to_text(contract)));
        }
        if worker.language == Language::JavaScript {
            add(format!("{}/worker.d.ts", worker.dir), if_any(typescript::declarations(name, contracts)));
        }
        add(format!("{STUBS}/workers/types/{name}.pyi"), contract.map(python::worker_stub));
    }
    if app.workers.iter().any(|worker| worker.language == Language::Python) {
        add(format!("{STUBS}/workers/invoker.pyi"), if_any(python::invoker_stub(contracts)));
        for (path, text) in python::LIBRARY_STUBS {
            add(format!("{STUBS}/{path}"), if_any(text.to_owned()));
        }
    } else {
        files.retain(|file| !file.path.starts_with(STUBS));
    }
    files
}

/// Returns the files that differ on disk. A file that a person has written and that must not exist is left alone.
pub(crate) fn changed_files(app: &App, files: Vec<GeneratedFile>) -> Result<Vec<GeneratedFile>> {
    let mut changed = Vec::new();
    for file in files {
        let path = app.root.join(&file.path);
        let current = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io(format!("failed to read `{}`", file.path), &error)),
        };
        let is_written_by_hand = |text: &String| {
            let first_line = text.lines().next().unwrap_or_default();
            !text.is_empty() && ![python::HEADER, typescript::HEADER].iter().any(|header| header.trim() == first_line)
        };
        let is_contract = file.path.ends_with(FILE_NAME);
        match (&current, &file.contents) {
            (current, contents) if current == contents => {}
            (Some(text), None) if is_written_by_hand(text) => {}
            (Some(text), Some(_)) if !is_contract && is_written_by_hand(text) => {
                let message = format!("`{}` was not written by `cargo bedrock contracts`", file.path);
                return Err(Error::app(message).help("rename it or remove it"));
            }
            _ => changed.push(file),
        }
    }
    Ok(changed)
}

/// Returns the error of a check that found files that are not up to date.
pub(crate) fn stale_error(changed: &[GeneratedFile]) -> Error {
    let report = |file: &GeneratedFile| {
        let reason = if file.contents.is_some() { "is not up to date" } else { "must not exist any more" };
        Report { message: format!("`{}` {reason}", file.path), ..Report::default() }
    };
    Error { kind: ExitKind::App, reports: changed.iter().map(report).collect() }.help("run `cargo bedrock contracts`")
}

/// Writes files, each one completely or not at all.
pub(crate) fn write_files(app: &App, files: &[GeneratedFile]) -> Result<()> {
    for file in files {
        let path = app.root.join(&file.path);
        let result = match &file.contents {
            Some(contents) => write(&path, contents),
            None => fs::remove_file(&path),
        };
        result.map_err(|error| Error::io(format!("failed to write `{}`", file.path), &error))?;
    }
    Ok(())
}

fn write(path: &Path, contents: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let is_new_contract = path.ends_with(FILE_NAME) && !path.exists();
    let partial: PathBuf = path.with_extension("partial");
    fs::write(&partial, contents)?;
    fs::rename(&partial, path)?;
    if is_new_contract {
        // Crates that call the worker do not know that they depend on the file. A failure delays a check only.
        let watched = WATCHED.iter().map(|name| folder.join(name)).find(|path| path.is_file());
        if let Some(file) = watched.and_then(|path| fs::File::options().append(true).open(path).ok()) {
            let _ = file.set_modified(SystemTime::now());
        }
    }
    Ok(())
}
