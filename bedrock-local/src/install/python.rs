//! Installs the dependencies of a Python worker into a folder of its own, from `requirements.txt` or, as the build does,
//! from the project in `pyproject.toml`.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::installer::{Failure, Installation, digest, failed_to, identity, lock, read};
use super::requirements::{has_requirements, is_bundled, state_of_named_files, without_bundled};
use crate::interpreter::find_on_path;

/// The user's settings of pip that contradict an installation into a folder, and their values here.
const PIP_SETTINGS: [(&str, &str); 4] =
    [("PIP_USER", "0"), ("PIP_REQUIRE_VIRTUALENV", "0"), ("PIP_DRY_RUN", "0"), ("PIP_NO_INPUT", "1")];
/// The user's settings of pip that are not used.
const REMOVED_PIP_SETTINGS: [&str; 3] = ["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"];

/// Where the dependencies are listed.
enum Source {
    Requirements(String),
    Project { is_locked: bool },
}

/// Installs the dependencies if that is necessary. Returns their folder; it is empty if there are none.
pub(super) async fn install(installation: &Installation<'_>) -> Result<PathBuf, Failure> {
    let Installation { hosts, info, interpreter } = *installation;
    let dir = installation.dir();
    let Some((source, state)) = find_source(&dir)? else { return Ok(PathBuf::new()) };
    let key = digest(&[&state, &interpreter.version, &interpreter.path.display().to_string()]);
    let packages = hosts.app.scratch.join("python");
    let worker = identity(info, &dir);
    let site = packages.join(format!("{worker}-{key}"));
    if site.is_dir() {
        return Ok(site);
    }
    let _lock = lock(&packages, &worker).await?;
    if site.is_dir() {
        return Ok(site);
    }
    let partial = packages.join(format!("{worker}.partial"));
    let _ = fs::remove_dir_all(&partial);
    fs::create_dir_all(&partial).map_err(|error| failed_to("create", &partial, &error))?;
    let copy = TempFileGuard(packages.join(format!("{worker}.requirements.txt")));
    let list = match source {
        Source::Requirements(text) if text.lines().any(is_bundled) => {
            write_private(&copy.0, without_bundled(&text, &dir).as_bytes())?;
            copy.0.clone()
        }
        Source::Requirements(_) => dir.join("requirements.txt"),
        Source::Project { is_locked } => {
            let exported = export_project(installation, is_locked).await?;
            write_private(&copy.0, &exported)?;
            copy.0.clone()
        }
    };
    let mut command = installer(&interpreter.path);
    command.arg("--target").arg(&partial).arg("-r").arg(&list);
    installation.install(command, "requirements.txt").await?;
    remove_older(&packages, &worker);
    fs::rename(&partial, &site).map_err(|error| failed_to("rename", &partial, &error))?;
    Ok(site)
}

/// Returns where the dependencies are listed, and the state on which an installation depends. `None` if there are none.
fn find_source(dir: &Path) -> Result<Option<(Source, String)>, Failure> {
    if let Some(text) = read(&dir.join("requirements.txt"))? {
        if !has_requirements(&text) {
            return Ok(None);
        }
        let state = format!("{text}\n{}", state_of_named_files(&text, dir));
        return Ok(Some((Source::Requirements(text), state)));
    }
    let Some(project) = read(&dir.join("pyproject.toml"))?.filter(|text| has_dependencies(text)) else {
        return Ok(None);
    };
    let locked = read(&dir.join("uv.lock"))?;
    let source = Source::Project { is_locked: locked.is_some() };
    Ok(Some((source, format!("{project}\n{}", locked.unwrap_or_default()))))
}

/// Whether the section `[project]` lists any dependency, or says that they are dynamic.
fn has_dependencies(pyproject: &str) -> bool {
    let mut in_project = false;
    let mut rest = pyproject;
    while let Some(line) = rest.lines().next() {
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            in_project = trimmed.split(']').next().is_some_and(|name| name[1..].trim() == "project");
        } else if let (true, Some((key, value))) = (in_project, rest.split_once('=')) {
            let value = value.trim_start();
            match key.trim() {
                "dependencies" => return !value.trim_start_matches('[').trim_start().starts_with(']'),
                "dynamic" if trimmed.contains("dependencies") => return true,
                _ => {}
            }
        }
        rest = rest.get(line.len()..).unwrap_or_default();
        rest = rest.strip_prefix('\r').unwrap_or(rest);
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    false
}

/// Returns the dependencies of a project as a list, from its lock if it has one.
async fn export_project(installation: &Installation<'_>, is_locked: bool) -> Result<Vec<u8>, Failure> {
    let Some(uv) = find_on_path("uv") else {
        let help = "run `pip install uv`, or list the dependencies in `requirements.txt`".to_owned();
        return Err(("`uv`, which reads `pyproject.toml`, is not on the PATH".to_owned(), Some(help)));
    };
    let mut command = Command::new(uv);
    if is_locked {
        command.args(["export", "--quiet", "--frozen", "--no-dev", "--no-emit-project", "--no-header"]);
    } else {
        command.args(["pip", "compile", "--quiet", "--no-header", "pyproject.toml"]);
    }
    command.arg("--python").arg(&installation.interpreter.path);
    installation.run(command, "pyproject.toml").await
}

/// Returns uv if it is installed, otherwise pip, up to its options.
fn installer(interpreter: &Path) -> Command {
    if let Some(uv) = find_on_path("uv") {
        let mut command = Command::new(uv);
        command.args(["pip", "install", "--quiet", "--python"]).arg(interpreter);
        return command;
    }
    let mut command = Command::new(interpreter);
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    for name in REMOVED_PIP_SETTINGS {
        command.env_remove(name);
    }
    command.envs(PIP_SETTINGS);
    command
}

/// Writes a list that only the user may read: it may contain the password of a package index.
fn write_private(path: &Path, text: &[u8]) -> Result<(), Failure> {
    let _ = fs::remove_file(path);
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text)).map_err(|error| failed_to("write", path, &error))
}

fn remove_older(packages: &Path, worker: &str) {
    for entry in fs::read_dir(packages).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.strip_prefix(worker).is_some_and(|rest| rest.starts_with('-')) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Deletes a temporary file, also when the installation is cancelled.
struct TempFileGuard(PathBuf);

impl Drop for TempFileGuard {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{has_dependencies, write_private};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn project_with_dependencies_is_recognized() {
        for text in [
            "[project]\ndependencies = [\"a\"]\n",
            "[tool.x]\na = 1\n[project]\nname = \"a\"\ndependencies=[\n  \"a\",\n]\n",
            "[ project ]\r\nname = \"a\"\r\ndependencies = ['a']\r\n",
            "[project]\ndynamic = [\"dependencies\"]\n",
        ] {
            assert!(has_dependencies(text), "{text}");
        }
        for text in [
            "",
            "[project]\nname = \"a\"\n",
            "[project]\ndependencies = []\n",
            "[project]\ndependencies = [\n]\n",
            "[tool.x]\ndependencies = [\"a\"]\n",
            "[project.optional-dependencies]\ndependencies = [\"a\"]\n",
            "[tool.ruff]\nline-length = 100\n[",
        ] {
            assert!(!has_dependencies(text), "{text}");
        }
    }

    #[test]
    fn copied_list_is_readable_only_for_the_user() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("list");
        std::fs::write(&path, "left by an earlier run").expect("written");
        write_private(&path, b"new").expect("written");
        assert_eq!(std::fs::metadata(&path).expect("metadata").permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read(&path).expect("a file"), b"new");
    }
}
