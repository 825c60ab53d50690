//! Installs the dependencies of a Python worker into a folder of its own, from `requirements.txt` or, as the build does,
//! from the project in `pyproject.toml`.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bedrock_build::{Language, PathDependencies, PythonDependencies, project_indexes, read_requirements};
use tokio::process::Command;

use super::installer::{Failure, Installation, digest, failed_to, identity, lock, read};
use super::requirements::{has_requirements, is_bundled, state_of_folder, state_of_named_files, without_bundled};
use crate::interpreter::find_on_path;

/// The user's settings of pip that contradict an installation into a folder, and their values here.
const PIP_SETTINGS: [(&str, &str); 4] =
    [("PIP_USER", "0"), ("PIP_REQUIRE_VIRTUALENV", "0"), ("PIP_DRY_RUN", "0"), ("PIP_NO_INPUT", "1")];
/// The user's settings of pip that are not used.
const REMOVED_PIP_SETTINGS: [&str; 3] = ["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"];

/// Where the dependencies are listed.
enum Source {
    Requirements(String),
    Project { lock: Option<PathBuf> },
}

/// Installs the dependencies if that is necessary. Returns their folder; it is empty if there are none.
pub(super) async fn install(installation: &Installation<'_>) -> Result<PathBuf, Failure> {
    let Installation { hosts, info, interpreter } = *installation;
    let dir = installation.dir();
    let Some((source, state)) = find_source(&dir, &info.entry.dir)? else { return Ok(PathBuf::new()) };
    let folders = PathDependencies::of(&hosts.app.root, &info.entry.dir, Language::Python);
    let copied = folders.found.iter().map(|package| state_of_folder(&package.dir)).collect::<String>();
    let key = digest(&[&state, &copied, &interpreter.version, &interpreter.path.display().to_string()]);
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
    let mut indexes = Vec::new();
    let list = match source {
        Source::Requirements(text)
            if text.lines().any(is_bundled) || is_encoded(&dir.join("requirements.txt"), &text) =>
        {
            write_private(&copy.0, without_bundled(&text, &dir).as_bytes())?;
            copy.0.clone()
        }
        Source::Requirements(_) => dir.join("requirements.txt"),
        Source::Project { lock } => {
            indexes = project_indexes(&dir, lock.as_deref());
            let exported = export_project(installation, lock.is_some()).await?;
            // uv writes paths relative to the lock.
            let folder = lock.as_deref().and_then(Path::parent).unwrap_or(&dir);
            let exported = with_found_folders(&String::from_utf8_lossy(&exported), folder, &folders);
            write_private(&copy.0, without_bundled(&exported, folder).as_bytes())?;
            copy.0.clone()
        }
    };
    let mut command = installer(&interpreter.path);
    command.arg("--target").arg(&partial).arg("-r").arg(&list);
    if find_on_path("uv").is_some() {
        // uv keeps what it has built from a folder until the project file changes.
        for folder in &folders.found {
            match &folder.name {
                Some(name) => command.args(["--reinstall-package", name]),
                None => command.arg("--reinstall"),
            };
        }
    } else {
        // pip does not read in which folders the packages are that packages in folders depend on.
        let own = format!("{}/", info.entry.dir);
        command.args(folders.found.iter().filter(|folder| !folder.origin.starts_with(&own)).map(|folder| &folder.dir));
    }
    for index in &indexes {
        command.arg("--index").arg(index);
    }
    if !indexes.is_empty() {
        // Each package is pinned, whichever index has it.
        command.args(["--index-strategy", "unsafe-best-match"]);
    }
    installation.install(command, "requirements.txt").await?;
    remove_older(&packages, &worker, &|site| hosts.is_site_kept(site));
    fs::rename(&partial, &site).map_err(|error| failed_to("rename", &partial, &error))?;
    Ok(site)
}

/// Returns where the dependencies are listed, and the state on which an installation depends. `None` if there are none.
fn find_source(dir: &Path, shown: &str) -> Result<Option<(Source, String)>, Failure> {
    let listed = PythonDependencies::of(dir, shown)
        .map_err(|problem| (problem.message, (!problem.help.is_empty()).then(|| problem.help.join("; "))))?;
    match listed {
        PythonDependencies::None => Ok(None),
        PythonDependencies::Requirements => {
            let path = dir.join("requirements.txt");
            let text = read_requirements(&path).map_err(|error| failed_to("read", &path, &error))?.unwrap_or_default();
            if !has_requirements(&text) {
                return Ok(None);
            }
            let state = format!("{text}\n{}", state_of_named_files(&text, dir));
            Ok(Some((Source::Requirements(text), state)))
        }
        PythonDependencies::Project { lock } => {
            let project = read(&dir.join("pyproject.toml"))?.unwrap_or_default();
            let locked = lock.as_deref().map(read).transpose()?.flatten();
            Ok(Some((Source::Project { lock }, format!("{project}\n{}", locked.unwrap_or_default()))))
        }
    }
}

/// Returns whether a list has an encoding that only pip reads, not uv.
fn is_encoded(path: &Path, text: &str) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes != text.as_bytes())
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
        command.args(["pip", "compile", "--quiet", "--no-header", "--generate-hashes", "pyproject.toml"]);
    }
    command.arg("--python").arg(&installation.interpreter.path);
    installation.run(command, "pyproject.toml").await
}

/// Corrects the paths in a list that uv has resolved: those of packages that other packages name are relative to these.
fn with_found_folders(list: &str, folder: &Path, found: &PathDependencies) -> String {
    let corrected = |line: &str| {
        let path = Path::new(line.strip_prefix("-e ").unwrap_or(line));
        let is_wrong = path.starts_with("..") && !folder.join(path).exists();
        let known = found.found.iter().find(|known| is_wrong && known.dir.file_name() == path.file_name());
        known.map_or_else(|| line.to_owned(), |known| known.dir.display().to_string()) + "\n"
    };
    list.lines().map(corrected).collect()
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

fn remove_older(packages: &Path, worker: &str, is_kept: &dyn Fn(&Path) -> bool) {
    for entry in fs::read_dir(packages).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.strip_prefix(worker).is_some_and(|rest| rest.starts_with('-')) && !is_kept(&entry.path()) {
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
    use super::{Language, PathDependencies, with_found_folders, write_private};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn path_that_is_relative_to_a_package_is_corrected() {
        let app = tempfile::tempdir().expect("a folder");
        let worker = app.path().join("workers/w");
        for folder in ["workers/w", "libs/money", "libs/dates"] {
            std::fs::create_dir_all(app.path().join(folder)).expect("a folder");
        }
        std::fs::write(worker.join("requirements.txt"), "../../libs/money\n../../libs/dates\n").expect("written");
        let found = PathDependencies::of(app.path(), "workers/w", Language::Python);
        let dates = app.path().canonicalize().expect("a folder").join("libs/dates");
        let list = with_found_folders("-e ../../libs/money\n../dates\na==1\n", &worker, &found);
        assert_eq!(list, format!("-e ../../libs/money\n{}\na==1\n", dates.display()));
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
