//! Installs the dependencies of a worker on first use, and again when the files that list them change.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use bedrock_build::Language;
use tokio::process::Command;

use super::app_info::AppInfo;
use super::interpreter::{Interpreter, find_on_path};
use super::output::Output;
use super::worker_info::WorkerInfo;

/// The error message, and how to fix the problem.
type Failure = (String, Option<String>);

/// A worker whose dependencies are installed.
pub(super) struct Installation<'a> {
    pub(super) app: &'a AppInfo,
    pub(super) info: &'a WorkerInfo,
    pub(super) interpreter: &'a Interpreter,
    pub(super) output: &'a Output,
}

/// Installs the dependencies if that is necessary. Returns the folder that Python must search; it is empty if there is
/// none.
pub(super) async fn install_dependencies(installation: Installation<'_>) -> Result<PathBuf, Failure> {
    let dir = installation.app.root.join(&installation.info.entry.dir);
    match installation.info.entry.language {
        Language::Python => install_python(&installation, &dir).await,
        _ => install_javascript(&installation, &dir).await.map(|()| PathBuf::new()),
    }
}

async fn install_python(installation: &Installation<'_>, dir: &Path) -> Result<PathBuf, Failure> {
    let Installation { app, info, interpreter, output } = *installation;
    let listed = read(&dir.join("requirements.txt"))?.unwrap_or_default();
    let requirements: Vec<&str> = listed.lines().filter(|line| !is_bundled(line)).collect();
    if !requirements.iter().any(|line| is_requirement(line)) {
        return Ok(PathBuf::new());
    }
    let requirements = requirements.join("\n") + "\n";
    let key = digest(&[&requirements, &interpreter.version, &interpreter.path.display().to_string()]);
    let packages = app.scratch.join("python");
    let worker = identity(info, dir);
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
    // In the folder of the worker, so that `-r other.txt` and `./wheel.whl` mean the same as in the original file.
    let list = dir.join(format!(".bedrock-requirements-{}.txt", std::process::id()));
    fs::write(&list, &requirements).map_err(|error| failed_to("write", &list, &error))?;
    let list = TempFileGuard(list);
    let mut command = find_on_path("uv").map_or_else(|| Command::new(&interpreter.path), Command::new);
    if command.as_std().get_program() == interpreter.path {
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    } else {
        command.args(["pip", "install", "--quiet", "--python"]).arg(&interpreter.path);
    }
    command.arg("--target").arg(&partial).arg("-r").arg(&list.0).current_dir(dir);
    run_installer(command, &info.entry.name, "requirements.txt", output).await?;
    drop(list);
    remove_older(&packages, &worker);
    fs::rename(&partial, &site).map_err(|error| failed_to("rename", &partial, &error))?;
    Ok(site)
}

async fn install_javascript(installation: &Installation<'_>, dir: &Path) -> Result<(), Failure> {
    let Installation { app, info, interpreter, output } = *installation;
    let Some(package) = read(&dir.join("package.json"))? else { return Ok(()) };
    let value: serde_json::Value = serde_json::from_str(&package)
        .map_err(|error| (format!("`{}/package.json` is not valid JSON: {error}", info.entry.dir), None))?;
    let listed = |key: &str| value.get(key).and_then(|v| v.as_object()).is_some_and(|v| !v.is_empty());
    if !listed("dependencies") && !listed("optionalDependencies") {
        return Ok(());
    }
    let key = |lock: &Option<String>| digest(&[&package, lock.as_deref().unwrap_or_default(), &interpreter.version]);
    let stamp = dir.join("node_modules/.bedrock");
    let is_fresh =
        || Ok(read(&stamp)?.is_some_and(|known| read(&dir.join("package-lock.json")).is_ok_and(|l| known == key(&l))));
    if is_fresh()? {
        return Ok(());
    }
    let _lock = lock(&app.scratch.join("javascript"), &identity(info, dir)).await?;
    if is_fresh()? {
        return Ok(());
    }
    let Some(npm) = find_on_path("npm") else {
        return Err(("`npm` is not on the PATH".to_owned(), Some("install Node.js with npm".to_owned())));
    };
    let mut command = Command::new(npm);
    let how = if dir.join("package-lock.json").is_file() { "ci" } else { "install" };
    command.args([how, "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(dir);
    run_installer(command, &info.entry.name, "package.json", output).await?;
    let lock = read(&dir.join("package-lock.json"))?;
    fs::create_dir_all(dir.join("node_modules")).map_err(|error| failed_to("create", dir, &error))?;
    fs::write(&stamp, key(&lock)).map_err(|error| failed_to("write", &stamp, &error))
}

/// Whether a line requires the module that is bundled, for example `lambda-bedrock==0.5.0` in an app of Bedrock for
/// Python.
fn is_bundled(line: &str) -> bool {
    let name: String = line.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    name.to_lowercase().replace(['_', '.'], "-") == "lambda-bedrock"
}

fn is_requirement(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

async fn run_installer(mut command: Command, worker: &str, list: &str, output: &Output) -> Result<(), Failure> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let tool = Path::new(&program).file_name().unwrap_or_default().to_string_lossy().into_owned();
    output.print(&format!("installing the dependencies of `{worker}` with {tool}"));
    let started = std::time::Instant::now();
    let result = command.stdin(std::process::Stdio::null()).kill_on_drop(true).output().await;
    let result = result.map_err(|error| (format!("failed to start `{program}`: {error}"), None))?;
    if result.status.success() {
        let seconds = started.elapsed().as_secs_f64();
        output.print(&format!("installed the dependencies of `{worker}` in {seconds:.1} s"));
        return Ok(());
    }
    let printed = [result.stderr, result.stdout].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let printed = printed.iter().find(|text| !text.is_empty()).map_or("it printed nothing", String::as_str);
    let end: Vec<&str> = printed.lines().rev().take(12).collect();
    let end = end.into_iter().rev().collect::<Vec<_>>().join("\n    ");
    let arguments: Vec<_> = command.as_std().get_args().map(|a| a.to_string_lossy()).collect();
    Err((
        format!("`{tool} {}` failed\n    {end}", arguments.join(" ")),
        Some(format!("check the versions in `{list}` of the worker")),
    ))
}

/// Waits for other programs that install the dependencies of the same worker.
async fn lock(dir: &Path, worker: &str) -> Result<fs::File, Failure> {
    fs::create_dir_all(dir).map_err(|error| failed_to("create", dir, &error))?;
    let path = dir.join(format!("{worker}.lock"));
    let file = fs::File::create(&path).map_err(|error| failed_to("create", &path, &error))?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    match locked {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(error)) => Err(failed_to("lock", &path, &error)),
        Err(_) => Err(("the program is stopping".to_owned(), None)),
    }
}

/// Returns a name that differs for workers of the same name in apps that share a target folder.
fn identity(info: &WorkerInfo, dir: &Path) -> String {
    format!("{}-{}", info.entry.name, digest(&[&dir.display().to_string()]))
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

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed_to("read", path, &error)),
    }
}

fn failed_to(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    (format!("failed to {what} `{}`: {error}", path.display()), None)
}

fn digest(parts: &[&str]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::is_bundled;

    #[test]
    fn bundled_module_is_recognized_in_all_spellings() {
        for line in ["lambda-bedrock==0.5.0", " Lambda_Bedrock >= 0.4", "lambda.bedrock", "lambda-bedrock[x]"] {
            assert!(is_bundled(line), "{line}");
        }
        for line in ["requests==2.28.2", "lambda-bedrock-extras", "# lambda-bedrock", ""] {
            assert!(!is_bundled(line), "{line}");
        }
    }
}
