//! Finds the file that lists the dependencies of a Python worker. The local runtime and the build install from the same one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::member_pattern::matches_member;
use crate::problem::Problem;
use crate::toml_values::{texts_at, value_at};

/// Where the dependencies of a Python worker are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PythonDependencies {
    /// The worker has no list.
    None,
    /// In `requirements.txt` of the worker.
    Requirements,
    /// In the section `[project]` of `pyproject.toml` of the worker.
    Project {
        /// The `uv.lock` of the worker, or of the uv workspace that it is a member of.
        lock: Option<PathBuf>,
    },
}

/// What a `pyproject.toml` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProjectFile {
    /// It has settings of tools only.
    Tools,
    /// It lists dependencies.
    Listed,
    /// It lists dependencies in a way that only Poetry reads.
    Poetry,
}

impl PythonDependencies {
    /// Returns where the dependencies of the worker in `dir` are listed. `shown` is the name of the folder in messages.
    ///
    /// A project with a lock comes first, then `requirements.txt`, which may be compiled from the project, then the project.
    pub fn of(dir: &Path, shown: &str) -> Result<Self, Problem> {
        let has_requirements = dir.join("requirements.txt").exists();
        let project = match read_file(&dir.join("pyproject.toml")) {
            Ok(Some(text)) => parse_project(&text),
            Ok(None) => Ok(ProjectFile::Tools),
            Err(error) => Err(error.to_string()),
        };
        let project = match project {
            Ok(project) => project,
            Err(_) if has_requirements => ProjectFile::Tools,
            Err(reason) => return Err(Problem::new(format!("failed to read `{shown}/pyproject.toml`: {reason}"))),
        };
        let lock = if project == ProjectFile::Listed { find_uv_lock(dir) } else { None };
        if lock.is_some() {
            return Ok(Self::Project { lock });
        }
        match project {
            _ if has_requirements => Ok(Self::Requirements),
            ProjectFile::Listed => Ok(Self::Project { lock: None }),
            ProjectFile::Poetry => {
                Err(other_tool(shown, "pyproject.toml", "Poetry", "poetry export -o requirements.txt"))
            }
            ProjectFile::Tools if dir.join("Pipfile").is_file() => {
                Err(other_tool(shown, "Pipfile", "Pipenv", "pipenv requirements > requirements.txt"))
            }
            ProjectFile::Tools => Ok(Self::None),
        }
    }
}

fn other_tool(shown: &str, list: &str, tool: &str, command: &str) -> Problem {
    Problem::new(format!("`{shown}/{list}` lists dependencies for {tool}, which is not run here"))
        .help(format!("run `{command}` in `{shown}`, or list them in `[project]` of `pyproject.toml`"))
}

fn parse_project(text: &str) -> Result<ProjectFile, String> {
    let table = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
    let table = table.get_ref();
    let is_dynamic = texts_at(table, &["project", "dynamic"]).contains(&"dependencies");
    if is_dynamic || !texts_at(table, &["project", "dependencies"]).is_empty() {
        return Ok(ProjectFile::Listed);
    }
    let poetry = value_at(table, &["tool", "poetry", "dependencies"]).and_then(DeValue::as_table);
    let is_for_poetry = poetry.is_some_and(|listed| listed.keys().any(|name| name.get_ref() != "python"));
    Ok(if is_for_poetry { ProjectFile::Poetry } else { ProjectFile::Tools })
}

/// Returns the lock of a project: its own, or the one of the workspace that has it as a member.
fn find_uv_lock(dir: &Path) -> Option<PathBuf> {
    let own = dir.join("uv.lock");
    if own.is_file() {
        return Some(own);
    }
    let dir = dir.canonicalize().ok()?;
    for root in dir.ancestors().skip(1) {
        let Ok(Some(text)) = read_file(&root.join("pyproject.toml")) else { continue };
        let Ok(table) = DeTable::parse(&text) else { continue };
        let table = table.get_ref();
        if value_at(table, &["tool", "uv", "workspace"]).is_none() {
            continue;
        }
        let path = dir.strip_prefix(root).ok()?.to_str()?;
        let matches = |key: &str| {
            let patterns = texts_at(table, &["tool", "uv", "workspace", key]);
            patterns.into_iter().any(|pattern| matches_member(pattern, path))
        };
        let lock = root.join("uv.lock");
        return (matches("members") && !matches("exclude") && lock.is_file()).then_some(lock);
    }
    None
}

/// Reads a `requirements.txt`, in any encoding that pip reads. `None` if it does not exist.
///
/// Only a regular file is opened: another one could block for ever.
pub fn read_requirements(path: &Path) -> io::Result<Option<String>> {
    read_bytes(path)?.map(|bytes| decode(&bytes)).transpose()
}

fn read_file(path: &Path) -> io::Result<Option<String>> {
    let utf8 =
        |bytes| String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"));
    read_bytes(path)?.map(utf8).transpose()
}

fn read_bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => fs::read(path).map(Some),
        Ok(_) => Err(io::Error::other("it is not a file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Decodes a text by its byte order mark. Without one, it is UTF-8, or Latin-1 if its first lines say so.
fn decode(bytes: &[u8]) -> io::Result<String> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("it is not {what}"));
    let text = match bytes {
        [0xff, 0xfe, 0, 0, rest @ ..] => utf_32(rest, u32::from_le_bytes).ok_or_else(|| invalid("UTF-32"))?,
        [0, 0, 0xfe, 0xff, rest @ ..] => utf_32(rest, u32::from_be_bytes).ok_or_else(|| invalid("UTF-32"))?,
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes).ok_or_else(|| invalid("UTF-16"))?,
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes).ok_or_else(|| invalid("UTF-16"))?,
        [0xef, 0xbb, 0xbf, rest @ ..] => utf_8(rest).ok_or_else(|| invalid("UTF-8"))?,
        _ if is_latin_1(bytes) => bytes.iter().copied().map(char::from).collect(),
        _ => utf_8(bytes).ok_or_else(|| invalid("UTF-8"))?,
    };
    Ok(text)
}

fn utf_8(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

fn utf_16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Option<String> {
    let units = bytes.chunks(2).map(|pair| Some(read(pair.try_into().ok()?))).collect::<Option<Vec<_>>>()?;
    String::from_utf16(&units).ok()
}

fn utf_32(bytes: &[u8], read: fn([u8; 4]) -> u32) -> Option<String> {
    bytes.chunks(4).map(|four| char::from_u32(read(four.try_into().ok()?))).collect()
}

/// Returns whether one of the first two lines is a comment like `# -*- coding: latin-1 -*-`.
fn is_latin_1(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').take(2).any(|line| {
        let line = String::from_utf8_lossy(line).to_lowercase();
        let name = line.split_once("coding").filter(|(before, _)| before.starts_with('#'));
        name.is_some_and(|(_, name)| {
            let name = name.trim_start_matches([':', '=', ' ']);
            ["latin-1", "latin1", "iso-8859-1", "iso8859-1"].iter().any(|known| name.starts_with(known))
        })
    })
}

#[cfg(test)]
mod tests;
