//! Reads `requirements.txt` as far as it is needed to install it: which lines are requirements, and which files they
//! name, so that a change of such a file installs again.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Maximum number of files of a folder that are looked at for changes.
const MAX_FILES: usize = 10_000;

/// A file or folder that a line names.
#[derive(Debug, PartialEq, Eq)]
struct NamedPath {
    /// Where the line has it.
    range: Range<usize>,
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Another list, of requirements or of constraints.
    List,
    /// A folder with archives.
    Archives,
    /// An archive or the folder of a project.
    Requirement,
}

/// Whether a list requires any package, and not only the module that is bundled.
pub(super) fn has_requirements(text: &str) -> bool {
    let is_requirement = |line: &str| !line.trim().is_empty() && !line.trim().starts_with('#');
    text.lines().any(|line| is_requirement(line) && !is_bundled(line))
}

/// Whether a line requires the module that is bundled, for example `lambda-bedrock==0.5.0` in an app of Bedrock for
/// Python.
pub(super) fn is_bundled(line: &str) -> bool {
    let name: String = line.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    name.to_lowercase().replace(['_', '.'], "-") == "lambda-bedrock"
}

/// Returns the list without the bundled module, for another folder: its paths are absolute.
pub(super) fn without_bundled(text: &str, folder: &Path) -> String {
    let lines = text.lines().filter(|line| !is_bundled(line)).map(|line| {
        let mut line = line.to_owned();
        for named in named_paths(&line.clone(), folder).into_iter().rev() {
            line.replace_range(named.range, &named.path.to_string_lossy());
        }
        line + "\n"
    });
    lines.collect()
}

/// Describes the state of all files that a list names, directly or through other lists. It differs after one of them
/// has changed.
pub(super) fn state_of_named_files(text: &str, folder: &Path) -> String {
    let mut state = String::new();
    let mut seen = BTreeSet::new();
    let mut lists = vec![(text.to_owned(), folder.to_owned())];
    while let Some((text, folder)) = lists.pop() {
        for named in text.lines().flat_map(|line| named_paths(line, &folder)) {
            if !seen.insert(named.path.clone()) {
                continue;
            }
            let files = match named.kind {
                Kind::Archives => files_in(&named.path, false),
                Kind::Requirement if named.path.is_dir() => files_in(&named.path, true),
                Kind::Requirement | Kind::List => vec![named.path.clone()],
            };
            for file in files {
                state.push_str(&state_of_file(&file));
            }
            if named.kind == Kind::List && named.path.is_file() {
                let text = fs::read_to_string(&named.path).unwrap_or_default();
                state.push_str(&text);
                let folder = named.path.parent().map(Path::to_owned).unwrap_or_default();
                lists.push((text, folder));
            }
        }
    }
    state
}

/// Describes the state of all files in the folder of a package. It differs after one of them has changed.
pub(super) fn state_of_folder(folder: &Path) -> String {
    files_in(folder, true).iter().map(|file| state_of_file(file)).collect()
}

fn state_of_file(path: &Path) -> String {
    let Ok(metadata) = fs::metadata(path) else { return String::new() };
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.map_or(0, |since| since.as_nanos());
    format!("{} {} {modified}\n", path.display(), metadata.len())
}

/// Returns the archives in a folder, or all files of a project, sorted.
fn files_in(folder: &Path, is_project: bool) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let root = folder;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop().filter(|_| files.len() < MAX_FILES) {
        let is_root = folder == root;
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    let is_ignored = name.starts_with('.') || name == "__pycache__" || name == "node_modules";
                    // An installation writes them.
                    let is_output = is_root && (name == "build" || name == "dist");
                    let is_ignored = is_ignored || is_output || name.ends_with(".egg-info");
                    if is_project && !is_ignored {
                        folders.push(path);
                    }
                }
                Ok(_) if is_project || is_archive(&name) => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

fn is_archive(name: &str) -> bool {
    [".whl", ".tar.gz", ".zip"].iter().any(|suffix| name.ends_with(suffix))
}

/// Returns the paths in a line that exist, in their order. pip resolves other lists relative to the list that names
/// them, and all other paths relative to the current folder, which is the worker's; lists of one worker are in one
/// folder as a rule.
fn named_paths(line: &str, folder: &Path) -> Vec<NamedPath> {
    let mut found = Vec::new();
    let mut option = None;
    for token in tokens(line) {
        let text = &line[token.clone()];
        if text.starts_with('#') {
            break;
        }
        let (name, value) = split_option(text);
        let kind = match name {
            Some(name) => kind_of_option(name),
            None => option.take(),
        };
        let Some(value) = value else {
            option = kind;
            continue;
        };
        if value.contains("://") && !value.starts_with("file://") {
            continue;
        }
        let is_path = kind.is_some() || value.contains('/') || value.starts_with('.') || is_archive(value);
        let plain = value.trim_start_matches("file://").split(['[', ';', '#']).next().unwrap_or_default();
        let path = folder.join(plain);
        if is_path && !plain.is_empty() && path.exists() {
            let start = token.end - value.len() + (value.len() - value.trim_start_matches("file://").len());
            let range = start..start + plain.len();
            found.push(NamedPath { range, path, kind: kind.unwrap_or(Kind::Requirement) });
        }
    }
    found
}

/// Returns where the words of a line are.
fn tokens(line: &str) -> Vec<Range<usize>> {
    let start_of = |word: &str| word.as_ptr() as usize - line.as_ptr() as usize;
    line.split_whitespace().map(|word| start_of(word)..start_of(word) + word.len()).collect()
}

/// Splits `--name=value`, `-nvalue`, `--name` or `value`.
fn split_option(text: &str) -> (Option<&str>, Option<&str>) {
    if text.starts_with("--") {
        return text.split_once('=').map_or((Some(text), None), |(name, value)| (Some(name), Some(value)));
    }
    match text.split_at_checked(2) {
        Some((name, "")) if name.starts_with('-') => (Some(name), None),
        Some((name, value)) if name.starts_with('-') => (Some(name), Some(value)),
        _ => (None, Some(text)),
    }
}

fn kind_of_option(name: &str) -> Option<Kind> {
    match name {
        "-r" | "--requirement" | "-c" | "--constraint" => Some(Kind::List),
        "-f" | "--find-links" => Some(Kind::Archives),
        "-e" | "--editable" => Some(Kind::Requirement),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{has_requirements, is_bundled, state_of_named_files, without_bundled};
    use std::fs;

    #[test]
    fn bundled_module_is_recognized_in_all_spellings() {
        for line in ["lambda-bedrock==0.5.0", " Lambda_Bedrock >= 0.4", "lambda.bedrock", "lambda-bedrock[x]"] {
            assert!(is_bundled(line) && !has_requirements(line), "{line}");
        }
        for line in ["requests==2.28.2", "lambda-bedrock-extras"] {
            assert!(!is_bundled(line) && has_requirements(line), "{line}");
        }
        for line in ["# lambda-bedrock", "", "  "] {
            assert!(!is_bundled(line) && !has_requirements(line), "{line}");
        }
    }

    #[test]
    fn state_changes_with_each_named_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
        fs::create_dir(folder.path().join("project")).expect("a folder");
        let list = "-rbase.txt\n--constraint=pins.txt\n./a.whl[x]\nfoo\n-f .\nb.whl ; python_version > '3'\n\
                    -e project\nname @ https://example.com/foo\n# -r not.txt\n";
        for name in ["base.txt", "pins.txt", "a.whl", "b.whl", "c.whl", "project/x.py", "foo", "not.txt", "more.txt"] {
            write(name, "");
        }
        write("base.txt", "-r more.txt");
        let state = || state_of_named_files(list, folder.path());
        let mut before = state();
        for name in ["base.txt", "more.txt", "pins.txt", "a.whl", "b.whl", "c.whl", "project/x.py"] {
            let changed = if name == "base.txt" { "# changed\n-r more.txt" } else { "changed" };
            write(name, changed);
            assert_ne!(state(), before, "{name}");
            before = state();
        }
        fs::create_dir_all(folder.path().join("project/build/lib")).expect("a folder");
        fs::create_dir_all(folder.path().join("project/x.egg-info")).expect("a folder");
        for name in ["foo", "not.txt", "main.py", "project/build/lib/x.py", "project/x.egg-info/PKG-INFO"] {
            write(name, "changed");
            assert_eq!(state(), before, "{name}");
        }
    }

    #[test]
    fn paths_of_a_copied_list_are_absolute() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["base.txt", "a.whl"] {
            fs::write(folder.path().join(name), "").expect("written");
        }
        let text = "lambda-bedrock==0.5\n-r base.txt # text\n./a.whl[x] --hash=sha256:1\nfoo==1\n./missing.whl\n";
        let at = folder.path().display();
        let expected = format!("-r {at}/base.txt # text\n{at}/./a.whl[x] --hash=sha256:1\nfoo==1\n./missing.whl\n");
        assert_eq!(without_bundled(text, folder.path()), expected);
    }
}
