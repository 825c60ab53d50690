//! A worker's dependencies, installed on first use and kept until the files that list them change.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use bedrock_build::Language;
use tokio::process::Command;

use super::dispatch::Info;
use super::host::Hosts;
use super::interpreter::{Interpreter, on_path};

/// What went wrong, and what to do about it.
type Failure = (String, Option<String>);

/// Makes sure that the worker's dependencies are there; gives the folder that Python has to search, empty if none.
pub(super) async fn dependencies(info: &Info, hosts: &Hosts, interpreter: &Interpreter) -> Result<PathBuf, Failure> {
    let dir = hosts.app.root.join(&info.entry.dir);
    match info.entry.language {
        Language::Python => python(info, &dir, hosts, interpreter).await,
        _ => javascript(info, &dir, hosts, interpreter).await.map(|()| PathBuf::new()),
    }
}

async fn python(info: &Info, dir: &Path, hosts: &Hosts, interpreter: &Interpreter) -> Result<PathBuf, Failure> {
    let listed = read(&dir.join("requirements.txt"))?.unwrap_or_default();
    let wanted: Vec<&str> = listed.lines().filter(|line| !is_bundled(line)).collect();
    if !wanted.iter().any(|line| is_requirement(line)) {
        return Ok(PathBuf::new());
    }
    let wanted = wanted.join("\n") + "\n";
    let key = digest(&[&wanted, &interpreter.version, &interpreter.path.display().to_string()]);
    let packages = hosts.app.scratch.join("python");
    let worker = identity(info, dir);
    let site = packages.join(format!("{worker}-{key}"));
    if site.is_dir() {
        return Ok(site);
    }
    let _lock = lock(&packages, &worker).await?;
    if site.is_dir() {
        return Ok(site);
    }
    let aside = packages.join(format!("{worker}.partial"));
    let _ = fs::remove_dir_all(&aside);
    fs::create_dir_all(&aside).map_err(|error| failed_to("create", &aside, &error))?;
    // Next to the worker, so that `-r other.txt` and `./wheel.whl` in it mean the same as in the original.
    let list = dir.join(format!(".bedrock-requirements-{}.txt", std::process::id()));
    fs::write(&list, &wanted).map_err(|error| failed_to("write", &list, &error))?;
    let list = Temporary(list);
    let mut command = on_path("uv").map_or_else(|| Command::new(&interpreter.path), Command::new);
    if command.as_std().get_program() == interpreter.path {
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    } else {
        command.args(["pip", "install", "--quiet", "--python"]).arg(&interpreter.path);
    }
    command.arg("--target").arg(&aside).arg("-r").arg(&list.0).current_dir(dir);
    run(command, &info.entry.name, "requirements.txt", hosts).await?;
    drop(list);
    remove_older(&packages, &worker);
    fs::rename(&aside, &site).map_err(|error| failed_to("rename", &aside, &error))?;
    Ok(site)
}

async fn javascript(info: &Info, dir: &Path, hosts: &Hosts, interpreter: &Interpreter) -> Result<(), Failure> {
    let Some(package) = read(&dir.join("package.json"))? else { return Ok(()) };
    let value: serde_json::Value = serde_json::from_str(&package)
        .map_err(|error| (format!("`{}/package.json` is no JSON: {error}", info.entry.dir), None))?;
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
    let _lock = lock(&hosts.app.scratch.join("javascript"), &identity(info, dir)).await?;
    if is_fresh()? {
        return Ok(());
    }
    let Some(npm) = on_path("npm") else {
        return Err(("`npm` is not on the PATH".to_owned(), Some("install Node.js with npm".to_owned())));
    };
    let mut command = Command::new(npm);
    let how = if dir.join("package-lock.json").is_file() { "ci" } else { "install" };
    command.args([how, "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(dir);
    run(command, &info.entry.name, "package.json", hosts).await?;
    let lock = read(&dir.join("package-lock.json"))?;
    fs::create_dir_all(dir.join("node_modules")).map_err(|error| failed_to("create", dir, &error))?;
    fs::write(&stamp, key(&lock)).map_err(|error| failed_to("write", &stamp, &error))
}

/// Whether a line asks for the module that is bundled: `lambda-bedrock==0.5.0` in an app of the Python original.
fn is_bundled(line: &str) -> bool {
    let name: String = line.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    name.to_lowercase().replace(['_', '.'], "-") == "lambda-bedrock"
}

fn is_requirement(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

async fn run(mut command: Command, worker: &str, list: &str, hosts: &Hosts) -> Result<(), Failure> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let tool = Path::new(&program).file_name().unwrap_or_default().to_string_lossy().into_owned();
    hosts.output.say(&format!("installing the dependencies of `{worker}` with {tool}"));
    let started = std::time::Instant::now();
    let output = command.stdin(std::process::Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|error| (format!("failed to start `{program}`: {error}"), None))?;
    if output.status.success() {
        let seconds = started.elapsed().as_secs_f64();
        hosts.output.say(&format!("installed the dependencies of `{worker}` in {seconds:.1} s"));
        return Ok(());
    }
    let said = [output.stderr, output.stdout].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let said = said.iter().find(|text| !text.is_empty()).map_or("it said nothing", String::as_str);
    let end: Vec<&str> = said.lines().rev().take(12).collect();
    let end = end.into_iter().rev().collect::<Vec<_>>().join("\n    ");
    let arguments: Vec<_> = command.as_std().get_args().map(|a| a.to_string_lossy()).collect();
    Err((
        format!("`{tool} {}` failed\n    {end}", arguments.join(" ")),
        Some(format!("check the versions in `{list}` of the worker")),
    ))
}

/// Waits for other programs that install the same worker.
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

/// Tells apart workers of the same name in apps that share a target folder.
fn identity(info: &Info, dir: &Path) -> String {
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

/// A file that goes when it is no longer needed, also when the installation is cut short.
struct Temporary(PathBuf);

impl Drop for Temporary {
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
    fn the_module_of_the_python_original_is_bundled_however_it_is_written() {
        for line in ["lambda-bedrock==0.5.0", " Lambda_Bedrock >= 0.4", "lambda.bedrock", "lambda-bedrock[x]"] {
            assert!(is_bundled(line), "{line}");
        }
        for line in ["requests==2.28.2", "lambda-bedrock-extras", "# lambda-bedrock", ""] {
            assert!(!is_bundled(line), "{line}");
        }
    }
}
