//! Reads a `requirements.txt`, and rejects requirements that cannot be installed for a different machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep508_rs::{Requirement, VerbatimUrl};

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
    /// Whether each requirement carries the digests of its files.
    pub(super) hashed: bool,
}

/// Reads `path` and the files that it includes. Reports all problems in one error.
pub(super) fn read(path: &Path, app: &Path) -> Result<Requirements> {
    let mut reader = Reader { app, reports: Vec::new(), open: BTreeSet::new(), found: Requirements::default() };
    reader.file(path, false);
    if reader.reports.is_empty() {
        reader.found.hashed = reader.found.lines.iter().any(|line| line.contains("--hash"));
        return Ok(reader.found);
    }
    let mut error = Error::app("");
    error.reports = reader.reports;
    Err(error)
}

struct Reader<'a> {
    app: &'a Path,
    reports: Vec<Report>,
    /// Files that have been read, so that files that include each other are read once.
    open: BTreeSet<PathBuf>,
    found: Requirements,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, constraints: bool) {
        let text = match fs::read_to_string(path) {
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

    fn line(&mut self, line: &str, file: &Path, constraints: bool) -> std::result::Result<(), (String, String)> {
        let dir = file.parent().unwrap_or(Path::new("."));
        let keep = |line: String, found: &mut Requirements| {
            if constraints { found.constraints.push(line) } else { found.lines.push(line) }
        };
        if let Some(other) = option(line, &["-r", "--requirement"]) {
            self.file(&dir.join(other), constraints);
        } else if let Some(other) = option(line, &["-c", "--constraint"]) {
            self.file(&dir.join(other), true);
        } else if option(line, &["-e", "--editable"]).is_some() {
            return reject(
                "an editable install is a link to a folder of this machine",
                "move the code into the worker's folder, or build a wheel and name that",
            );
        } else if option(line, &["--no-binary"]).is_some() {
            return reject(
                "packages that are built from source run only on this machine, so only wheels are installed",
                "remove the line",
            );
        } else if let Some(place) = option(line, &["-f", "--find-links"]) {
            let place = if place.contains("://") { place.to_owned() } else { dir.join(place).display().to_string() };
            keep(format!("--find-links {place}"), &mut self.found);
        } else if line.starts_with('-') {
            keep(line.to_owned(), &mut self.found);
        } else if !is_bundled(line) {
            self.requirement(line, dir).map(|line| keep(line, &mut self.found))?;
        }
        Ok(())
    }

    /// A name with a version, a URL or a path.
    fn requirement(&mut self, line: &str, dir: &Path) -> std::result::Result<String, (String, String)> {
        let spec = line.split(" --hash").next().unwrap_or(line).trim();
        let place = spec.split_once(" @ ").map_or(spec, |(_, place)| place).trim();
        let without_fragment = place.split(['#', ';', '?']).next().unwrap_or(place).trim();
        if ["git+", "hg+", "svn+", "bzr+"].iter().any(|scheme| place.starts_with(scheme)) {
            return reject(
                "a repository is built from source, and the result runs only on this machine",
                "build a wheel of it for Lambda's platform, and name the wheel's URL or path",
            );
        }
        let is_path = place.starts_with(['.', '/']) || place.starts_with("file:");
        if (is_path || place.contains("://")) && !has_extension(without_fragment, "whl") {
            return reject("only wheels are installed, and this is not a wheel", "name a file that ends in `.whl`");
        }
        if is_path {
            let wheel = dir.join(without_fragment.trim_start_matches("file://"));
            self.found.wheels.push(wheel.clone());
            return Ok(wheel.display().to_string());
        }
        if place.contains("://") && !spec.contains(" @ ") {
            return Ok(line.to_owned());
        }
        match Requirement::<VerbatimUrl>::from_str(spec) {
            Ok(_) => Ok(line.to_owned()),
            Err(error) => {
                let text = error.to_string();
                let first = text.lines().next().unwrap_or_default().to_owned();
                reject(&first, "write it like `requests==2.32.3`")
            }
        }
    }
}

fn reject<T>(cause: &str, help: &str) -> std::result::Result<T, (String, String)> {
    Err((cause.to_owned(), help.to_owned()))
}

/// Lines as pip reads them: continued with `\`, without comments, with the number of the first.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut continued = false;
    for (number, line) in text.lines().enumerate() {
        let line = if line.trim_start().starts_with('#') { "" } else { line.split(" #").next().unwrap_or(line) };
        let (artifact, is_continued) =
            line.trim_end().strip_suffix('\\').map_or((line, false), |artifact| (artifact, true));
        match lines.last_mut() {
            Some((_, last)) if continued => *last = format!("{} {}", last.trim_end(), artifact.trim()),
            _ => lines.push((number + 1, artifact.trim().to_owned())),
        }
        continued = is_continued;
    }
    lines.retain(|(_, line)| !line.is_empty());
    lines
}

/// What follows an option: `-r x`, `-rx`, `--requirement x`, `--requirement=x`.
fn option<'a>(line: &'a str, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        let rest = line.strip_prefix(name)?;
        let is_whole = !name.starts_with("--") || rest.starts_with(['=', ' ']);
        is_whole.then(|| rest.trim_start_matches('=').trim())
    })
}

/// Whether a line asks for the module that every zip has: `lambda-bedrock==0.5.0` in an app of the Python original.
fn is_bundled(line: &str) -> bool {
    let name: String = line.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    name.to_lowercase().replace(['_', '.'], "-") == "lambda-bedrock"
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
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
