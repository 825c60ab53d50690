//! The removal of a worker: its folder, its lines in `Cargo.toml`, and the lines elsewhere that name it and would break.

use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::{App, Worker};
use ignore::WalkBuilder;

use super::manifest::Manifest;
use bedrock_diagnostics::{Error, Result};

/// Folder of the app that removed workers are moved to.
const REMOVED: &str = ".bedrock/removed";
/// More removed workers with one name than anybody has.
const MAX_REMOVED_WITH_A_NAME: u32 = 100_000;
/// Extensions of files that can name a worker.
const EXTENSIONS: [&str; 10] = ["rs", "py", "js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "toml"];
/// Folders without code of the app.
const EXCLUDED_FOLDERS: [&str; 6] = ["target", "node_modules", "__pycache__", "venv", "site-packages", "terraform"];

/// What a removal changes.
#[derive(Debug)]
pub(crate) struct Removal {
    /// The worker's folder.
    pub(crate) from: PathBuf,
    /// Where the folder is moved to, so that nothing is lost.
    pub(crate) to: PathBuf,
    /// The text of `Cargo.toml`, before and after.
    pub(crate) manifest: ManifestChange,
    /// Lines that name the worker, as `path:line`, sorted.
    pub(crate) mentions: Vec<String>,
}

/// The text of `Cargo.toml`, before and after.
#[derive(Debug)]
pub(crate) struct ManifestChange {
    pub(crate) before: String,
    pub(crate) after: String,
}

/// Plans the removal of `worker`. `manifest` is the text of `Cargo.toml`.
pub(crate) fn plan(app: &App, worker: &Worker, manifest: String) -> Result<Removal> {
    let mut edited = Manifest::parse(&manifest)?;
    edited.remove_worker(worker.name.as_str());
    let after = edited.text();
    let from = app.root.join(&worker.dir);
    let name = worker.name.as_str();
    let to = (1..=MAX_REMOVED_WITH_A_NAME)
        .map(|number| if number == 1 { name.to_owned() } else { format!("{name}-{number}") })
        .map(|name| app.root.join(REMOVED).join(name))
        .find(|path| fs::symlink_metadata(path).is_err())
        .unwrap_or_default();
    let mentions = mentions(app, worker, &after)?;
    Ok(Removal { from, to, manifest: ManifestChange { before: manifest, after }, mentions })
}

/// Returns the lines of other files that name the worker or its class.
fn mentions(app: &App, worker: &Worker, manifest: &str) -> Result<Vec<String>> {
    let names = [worker.name.to_string(), worker.name.class_name()];
    let own = app.root.join(&worker.dir);
    let mut walk = WalkBuilder::new(&app.root);
    walk.require_git(false);
    walk.filter_entry(move |entry| {
        entry.path() != own && !EXCLUDED_FOLDERS.iter().any(|excluded| entry.file_name() == *excluded)
    });
    let mut found = Vec::new();
    for entry in walk.build() {
        let entry =
            entry.map_err(|error| Error::call("failed to read the files of the app").cause(error.to_string()))?;
        let path = entry.path();
        if !entry.file_type().is_some_and(|kind| kind.is_file()) || !can_name_workers(path) {
            continue;
        }
        let shown = path.strip_prefix(&app.root).unwrap_or(path).display().to_string();
        let text = if shown == "Cargo.toml" {
            manifest.to_owned()
        } else {
            let bytes = fs::read(path).map_err(|error| Error::io(format!("failed to read `{shown}`"), &error))?;
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let lines = text.lines().enumerate().filter(|(_, line)| names.iter().any(|name| has_word(line, name)));
        found.extend(lines.map(|(number, _)| (shown.clone(), number + 1)));
    }
    found.sort();
    Ok(found.into_iter().map(|(path, line)| format!("{path}:{line}")).collect())
}

fn can_name_workers(path: &Path) -> bool {
    path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known))
}

/// Whether `word` occurs in `line`, and not as a part of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn words_are_not_parts_of_longer_names() {
        for (line, expected) in [
            ("invoke!(\"mailer\", json!({}))", true),
            ("use mailer::Mailer;", true),
            ("on-failure = 'mailer'", true),
            ("mailers.push(bulk_mailer, mailer2)", false),
            ("", false),
        ] {
            assert_eq!(has_word(line, "mailer"), expected, "{line}");
        }
    }
}
