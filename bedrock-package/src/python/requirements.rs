//! Reads a `requirements.txt`, and rejects requirements that cannot be installed for a different machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::read_requirements;

use super::file_url::{file_url, local_path};
use super::option_line::{RequirementOption, read_options, words};
use super::rejection::{Rejection, reject};
use super::requirement_line::{Location, RequirementLine, has_extension};
use bedrock_diagnostics::{Error, Report, Result, io_reason, relative_path};

/// The requirements to install.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Requirements {
    /// Requirements and options, one a line, paths absolute, nested files in place.
    pub(super) lines: Vec<String>,
    /// The same for constraints.
    pub(super) constraints: Vec<String>,
    /// Wheels on this disk, which count by their contents.
    pub(super) wheels: Vec<PathBuf>,
    /// Packages in folders on this disk.
    pub(super) packages: Vec<LocalPackage>,
    /// Whether each requirement carries the digests of its files.
    pub(super) hashed: bool,
    /// Package indexes of a project, as uv's option `--index` has them.
    pub(super) indexes: Vec<String>,
}

/// A package in a folder. A wheel of it is installed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LocalPackage {
    /// Not resolved.
    pub(super) dir: PathBuf,
    /// With its extras and its marker.
    pub(super) required: RequirementLine,
}

impl Requirements {
    /// Returns whether no package is required.
    pub(super) fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.lines.iter().all(|line| line.starts_with('-'))
    }
}

/// Reads `path` and the files that it includes. Paths are relative to the folder `worker`. Reports all problems in one error.
pub(super) fn read(path: &Path, worker: &Path, app: &Path) -> Result<Requirements> {
    let mut reader = Reader { worker, app, reports: Vec::new(), open: BTreeSet::new(), found: Requirements::default() };
    reader.file(path, false);
    if reader.reports.is_empty() {
        return Ok(reader.found);
    }
    let mut error = Error::app("");
    error.reports = reader.reports;
    Err(error)
}

struct Reader<'a> {
    worker: &'a Path,
    app: &'a Path,
    reports: Vec<Report>,
    /// Files that have been read, so that files that include each other are read once.
    open: BTreeSet<PathBuf>,
    found: Requirements,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, constraints: bool) {
        let text = match read_requirements(path) {
            Ok(text) => text.ok_or_else(|| std::io::Error::other("no such file or directory")),
            Err(error) => Err(error),
        };
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                let message = format!("failed to read `{}`", relative_path(path, self.app));
                self.reports.push(Report { message, causes: vec![io_reason(&error)], ..Report::default() });
                return;
            }
        };
        if !self.open.insert(path.to_owned()) {
            return;
        }
        for (number, line) in logical_lines(&text) {
            let place = format!("{}:{number}", relative_path(path, self.app));
            if let Err((cause, help)) = self.line(&line, path, constraints) {
                let message = format!("{place}: `{}` cannot be installed for Lambda", without_secret(&line));
                self.reports.push(Report { message, causes: vec![cause], help: vec![help] });
            }
        }
    }

    fn line(&mut self, line: &str, file: &Path, constraints: bool) -> std::result::Result<(), Rejection> {
        if line.starts_with('-') {
            for option in read_options(words(line))? {
                self.option(option, file, constraints)?;
            }
            return Ok(());
        }
        if is_bundled(line) {
            return Ok(());
        }
        let required = RequirementLine::parse(line)?;
        let line = match &required.location {
            Location::Path { path, .. } => {
                let wheel = self.find(path, file);
                self.found.wheels.push(wheel.clone());
                required.for_wheel(&wheel)?
            }
            Location::Folder(path) => {
                if !constraints {
                    let dir = self.find(path, file);
                    self.found.packages.push(LocalPackage { dir, required });
                }
                return Ok(());
            }
            Location::Index | Location::Url => required.to_string(),
        };
        self.found.hashed |= !required.hashes.is_empty() && !constraints;
        self.keep(line, constraints);
        Ok(())
    }

    fn option(
        &mut self,
        option: RequirementOption,
        file: &Path,
        constraints: bool,
    ) -> std::result::Result<(), Rejection> {
        match option {
            RequirementOption::Requirements(other) => self.included(&other, file, constraints),
            RequirementOption::Constraints(other) => self.included(&other, file, true),
            RequirementOption::RequireHashes => {
                self.found.hashed = true;
                Ok(())
            }
            RequirementOption::FindLinks(place) => {
                let is_url = place.contains("://") && !place.starts_with("file:");
                let place = if is_url { place } else { self.archives(&place, file) };
                self.keep(format!("--find-links {place}"), constraints);
                Ok(())
            }
            RequirementOption::Editable(place) => {
                // `-e lib` is a folder, `lib` a name.
                let place = if place.contains(['/', '.']) { place } else { format!("./{place}") };
                let required = RequirementLine::parse(&place)?;
                let Location::Folder(path) = &required.location else {
                    return reject("only a folder can be editable", "remove `-e`");
                };
                let dir = self.find(path, file);
                self.found.packages.push(LocalPackage { dir, required });
                Ok(())
            }
            RequirementOption::Kept(text) => {
                self.keep(text, constraints);
                Ok(())
            }
            RequirementOption::Dropped => Ok(()),
        }
    }

    fn included(&mut self, other: &str, file: &Path, constraints: bool) -> std::result::Result<(), Rejection> {
        if other.contains("://") && !other.starts_with("file:") {
            return reject(
                "a list on a server may change from build to build",
                "put a copy of it into the worker's folder",
            );
        }
        let folder = file.parent().unwrap_or(Path::new("."));
        self.file(&folder.join(local_path(other)), constraints);
        Ok(())
    }

    /// Returns a folder of archives, which count by their contents.
    fn archives(&mut self, place: &str, file: &Path) -> String {
        let folder = self.find(&local_path(place), file);
        let mut wheels: Vec<PathBuf> = fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_file() && has_extension(&path.to_string_lossy(), "whl"))
            .collect();
        wheels.sort();
        self.found.wheels.extend(wheels);
        let shown = folder.display().to_string();
        if shown.contains(char::is_whitespace) { file_url(&folder) } else { shown }
    }

    /// Returns where a path is: pip looks in the current folder, which is the worker's, and for archives also next to the list.
    fn find(&self, path: &Path, file: &Path) -> PathBuf {
        let nearby = file.parent().unwrap_or(Path::new(".")).join(path);
        let found = self.worker.join(path);
        if nearby.exists() && !found.exists() { nearby } else { found }
    }

    fn keep(&mut self, line: String, constraints: bool) {
        if constraints { self.found.constraints.push(line) } else { self.found.lines.push(line) }
    }
}

/// Returns the lines as pip reads them: continued with `\`, without comments, with the number of the first.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut continued = false;
    // Python also splits lines at these separators.
    let physical = text.split(['\n', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}']);
    for (number, line) in physical.flat_map(|line| line.trim_end_matches('\r').split('\r')).enumerate() {
        let without = without_comment(line);
        let is_comment = without.len() < line.len();
        // A comment ends a continued line, even if a `\` follows it.
        let (part, is_continued) = match without.strip_suffix('\\').filter(|_| !is_comment) {
            Some(part) => (part, true),
            None => (without, false),
        };
        match lines.last_mut() {
            Some((_, last)) if continued => *last = format!("{} {}", last.trim_end(), part.trim()),
            _ => lines.push((number + 1, part.trim().to_owned())),
        }
        continued = is_continued;
    }
    for (_, line) in &mut lines {
        *line = line.trim().to_owned();
    }
    lines.retain(|(_, line)| !line.is_empty());
    lines
}

/// Returns the line up to a `#` at its start or after white space.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        if letter == '#' && before.is_whitespace() {
            return &line[..at];
        }
        before = letter;
    }
    line
}

/// Returns whether a line asks for the module that every zip has: `lambda-bedrock==0.5.0` in an app of the Python original.
fn is_bundled(line: &str) -> bool {
    let name: String = line.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    name.to_lowercase().replace(['_', '.'], "-") == "lambda-bedrock"
}

/// Removes the user and the password from a URL, which must not be logged.
fn without_secret(line: &str) -> String {
    match line.split_once("://").and_then(|(before, rest)| Some((before, rest.split_once('@')?))) {
        Some((before, (user, rest))) if !user.contains('/') => format!("{before}://…@{rest}"),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests;
