//! Installs the dependencies of a JavaScript worker into its `node_modules`. A folder that the user has installed is never
//! changed: it is used as it is, or the error says what it lacks.

use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::{Language, PathDependencies};
use serde_json::Value;
use tokio::process::Command;

use super::installer::{Failure, Installation, digest, failed_to, identity, lock, read};
use super::locks::{Lock, VARIABLES};
use crate::interpreter::find_on_path;

/// How npm is run.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// Everything is there.
    Nothing,
    /// Everything is there, but was compiled for another version of Node.js.
    Rebuild,
    /// There is no `node_modules`, and the lock is right.
    Clean,
    /// npm adds what is missing and corrects the lock.
    Install,
    /// The tool of another lock installs what it has.
    Locked(Lock),
}

/// What the stamp of a worker contains while its packages are installed.
const INSTALLING: &str = "installing";
/// Files that npm, Yarn and pnpm write into `node_modules` when they have finished.
const FINISHED: [&str; 4] = [".modules.yaml", ".package-lock.json", ".yarn-integrity", ".yarn-state.yml"];

/// The file that marks a `node_modules` folder as created by this program.
const MARK: &str = "node_modules/.bedrock";

/// A folder with a `package.json`.
struct PackageFolder {
    dir: PathBuf,
    /// In messages, relative to the app.
    shown: String,
    /// Whether it is the folder of the worker.
    is_worker: bool,
}

/// Installs the dependencies if that is necessary: of the worker, and of packages in folders that it depends on, for which npm
/// only makes a link.
pub(super) async fn install(installation: &Installation<'_>) -> Result<(), Failure> {
    let Installation { hosts, info, .. } = *installation;
    let root = hosts.app.root.canonicalize().unwrap_or_else(|_| hosts.app.root.clone());
    for package in PathDependencies::of(&hosts.app.root, &info.entry.dir, Language::JavaScript).found {
        let shown = package.dir.strip_prefix(&root).unwrap_or(&package.dir).display().to_string();
        install_in(installation, PackageFolder { dir: package.dir, shown, is_worker: false }).await?;
    }
    let folder = PackageFolder { dir: installation.dir(), shown: info.entry.dir.clone(), is_worker: true };
    install_in(installation, folder).await
}

async fn install_in(installation: &Installation<'_>, folder: PackageFolder) -> Result<(), Failure> {
    let Installation { hosts, info, interpreter } = *installation;
    let PackageFolder { dir, shown, is_worker } = folder;
    let Some(text) = read(&dir.join("package.json"))? else { return Ok(()) };
    let package: Value = serde_json::from_str(&text)
        .map_err(|error| (format!("`{shown}/package.json` is not valid JSON: {error}"), None))?;
    let listed = |key: &str| package.get(key).and_then(Value::as_object).is_some_and(|listed| !listed.is_empty());
    let with_dev = is_worker && needs_compiler(&info.entry.entry, &interpreter.version) && listed("devDependencies");
    if !listed("dependencies") && !listed("optionalDependencies") && !with_dev {
        return Ok(());
    }
    let mode = if with_dev { "dev" } else { "" };
    let key = || -> Result<String, Failure> {
        let other = Lock::in_folder(&dir).map(|lock| read(&dir.join(lock.file))).transpose()?.flatten();
        let lock = read(&dir.join("package-lock.json"))?.or(other).unwrap_or_default();
        Ok(digest(&[&text, &lock, &interpreter.version, mode]))
    };
    let packages = hosts.app.scratch.join("javascript");
    // Several workers may depend on the same folder.
    let name = if is_worker { identity(info, &dir) } else { digest(&[&dir.display().to_string()]) };
    let stamp = packages.join(format!("{name}.installed"));
    let is_fresh = || -> Result<bool, Failure> {
        Ok(read(&stamp)? == Some(key()?) && missing(&dir, &package, with_dev).is_empty())
    };
    if is_fresh()? {
        return Ok(());
    }
    let _lock = lock(&packages, &name).await?;
    if is_fresh()? {
        return Ok(());
    }
    let known = read(&stamp)?;
    let was_interrupted = known.as_deref() == Some(INSTALLING);
    let modules = dir.join("node_modules");
    if was_interrupted && is_unfinished(&modules) {
        fs::remove_dir_all(&modules).map_err(|error| failed_to("delete", &modules, &error))?;
    }
    let options = PlanOptions { shown: &shown, was_installed: known.is_some() && !was_interrupted, with_dev };
    let plan = plan(&dir, &package, options)?;
    let is_new = !modules.exists() && !matches!(plan, Plan::Nothing);
    if is_new {
        fs::write(&stamp, INSTALLING).map_err(|error| failed_to("write", &stamp, &error))?;
    }
    let is_installed = carry_out(installation, &dir, &shown, plan, with_dev).await.inspect_err(|_| {
        // The next start would take an incomplete folder for one of the user.
        if is_new {
            let _ = fs::remove_dir_all(&modules);
            // And it would delete one that the user installs now.
            let _ = fs::remove_file(&stamp);
        }
    })?;
    if is_installed && modules.is_dir() {
        let mark = dir.join(MARK);
        fs::write(&mark, "").map_err(|error| failed_to("write", &mark, &error))?;
    }
    fs::write(&stamp, key()?).map_err(|error| failed_to("write", &stamp, &error))
}

/// Whether an installation into this folder began and did not end.
fn is_unfinished(modules: &Path) -> bool {
    modules.is_dir() && FINISHED.iter().chain([&".bedrock"]).all(|file| !modules.join(file).exists())
}

/// Installs as planned. Returns whether something was installed.
async fn carry_out(
    installation: &Installation<'_>,
    dir: &Path,
    shown: &str,
    plan: Plan,
    with_dev: bool,
) -> Result<bool, Failure> {
    match plan {
        Plan::Nothing => Ok(false),
        Plan::Rebuild => run_npm(installation, dir, &["rebuild"]).await,
        Plan::Clean if with_dev => run_npm(installation, dir, &["ci", "--include=dev"]).await,
        Plan::Clean => run_npm(installation, dir, &["ci", "--omit=dev"]).await,
        Plan::Locked(lock) => run_tool(installation, dir, shown, lock, with_dev).await,
        Plan::Install => {
            Lock::check_above(dir, &installation.hosts.app.root, shown)?;
            let mode = if with_dev { "--include=dev" } else { "--omit=dev" };
            run_npm(installation, dir, &["install", mode]).await
        }
    }
}

/// Runs npm in a folder. Returns whether it has installed something.
async fn run_npm(installation: &Installation<'_>, dir: &Path, arguments: &[&str]) -> Result<bool, Failure> {
    let Some(npm) = find_on_path("npm") else {
        return Err(("`npm` is not on the PATH".to_owned(), Some("install Node.js with npm".to_owned())));
    };
    let mut command = Command::new(npm);
    command.args(arguments).args(["--no-audit", "--no-fund", "--loglevel=error"]).current_dir(dir);
    installation.install(command, "package.json").await?;
    Ok(true)
}

/// Runs the tool of a lock in a folder. Returns whether it has installed something.
async fn run_tool(
    installation: &Installation<'_>,
    dir: &Path,
    shown: &str,
    lock: Lock,
    with_dev: bool,
) -> Result<bool, Failure> {
    lock.check(dir, shown)?;
    let Some(program) = find_on_path(lock.program) else {
        let problem = format!("`{}` is not on the PATH, and `{shown}/{}` is its lock", lock.program, lock.file);
        return Err((problem, Some(format!("install it: {}", lock.source))));
    };
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).envs(VARIABLES).current_dir(dir);
        command
    };
    if lock.has_versions() {
        let printed = installation.run(command(&["--version"]), "package.json").await?;
        lock.check_version(String::from_utf8_lossy(&printed).trim())?;
    }
    // Only a folder that an earlier start has made gets here. It may have packages that were compiled for another Node.js.
    let modules = dir.join("node_modules");
    if modules.is_dir() {
        fs::remove_dir_all(&modules).map_err(|error| failed_to("delete", &modules, &error))?;
    }
    for arguments in lock.commands(dir, with_dev) {
        installation.install(command(&arguments), "package.json").await.map_err(|(problem, _)| {
            let fix =
                format!("if `{}` does not fit `package.json`, run `{} install` in `{shown}`", lock.file, lock.program);
            (problem, Some(fix))
        })?;
    }
    Ok(true)
}

/// Whether a worker needs the compiler in its development dependencies: a Node.js before 22.18 does not load TypeScript.
fn needs_compiler(entry: &str, version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    // 23.0 to 23.5 is older than 22.18.
    Language::is_typescript(entry) && (version < (22, 18) || (version.0 == 23 && version.1 < 6))
}

/// What decides how to install, besides the files.
#[derive(Debug, Clone, Copy)]
struct PlanOptions<'a> {
    /// The worker's folder in messages.
    shown: &'a str,
    /// Whether an earlier start found everything.
    was_installed: bool,
    /// Whether the worker needs its development dependencies.
    with_dev: bool,
}

/// Decides what to run.
fn plan(dir: &Path, package: &Value, options: PlanOptions<'_>) -> Result<Plan, Failure> {
    let PlanOptions { was_installed, with_dev, .. } = options;
    let read_json = |path: &str| -> Result<Option<Value>, Failure> {
        // A file that is not JSON is npm's to report.
        Ok(read(&dir.join(path))?.and_then(|text| serde_json::from_str(&text).ok()))
    };
    let lock = read_json("package-lock.json")?;
    let installed = read_json("node_modules/.package-lock.json")?;
    let is_installed = dir.join("node_modules").is_dir();
    let missing = missing(dir, package, with_dev);
    if !is_installed && missing.is_empty() {
        // The packages are in the folder of a workspace.
        return Ok(Plan::Nothing);
    }
    if is_installed && !dir.join(MARK).is_file() {
        return plan_of_user(dir, package, options, lock.as_ref(), installed.as_ref());
    }
    if let Some(other) = Lock::in_folder(dir).filter(|_| lock.is_none()) {
        return Ok(Plan::Locked(other));
    }
    let lock = lock.filter(|lock| fits(lock, package));
    Ok(match (lock, installed) {
        (Some(_), _) if !is_installed => Plan::Clean,
        (Some(lock), Some(installed)) if is_complete(&lock, &installed, dir, with_dev) => {
            if was_installed {
                Plan::Rebuild
            } else {
                Plan::Nothing
            }
        }
        _ => Plan::Install,
    })
}

/// Uses what the user has installed. Fails if it does not fit the lists.
fn plan_of_user(
    dir: &Path,
    package: &Value,
    options: PlanOptions<'_>,
    lock: Option<&Value>,
    installed: Option<&Value>,
) -> Result<Plan, Failure> {
    let PlanOptions { shown, with_dev, .. } = options;
    let missing = missing(dir, package, with_dev);
    let problem = if let Some(name) = missing.first() {
        format!("`{shown}/node_modules` does not have `{name}`, which `package.json` lists")
    } else if lock.is_some_and(|lock| !fits(lock, package)) {
        format!("`{shown}/package-lock.json` does not fit `package.json`")
    } else if let (Some(lock), Some(installed)) = (lock, installed)
        && !is_complete(lock, installed, dir, with_dev)
    {
        format!("`{shown}/node_modules` does not have the versions in `package-lock.json`")
    } else {
        return Ok(Plan::Nothing);
    };
    let program = Lock::in_folder(dir).map_or("npm", |lock| lock.program);
    Err((
        problem,
        Some(format!("run `{program} install` in `{shown}`: a folder that you have installed is not changed")),
    ))
}

/// Returns the dependencies that Node.js would not find from a folder.
fn missing(dir: &Path, package: &Value, with_dev: bool) -> Vec<String> {
    let keys: &[&str] = if with_dev { &["dependencies", "devDependencies"] } else { &["dependencies"] };
    let listed = keys.iter().filter_map(|key| package.get(key).and_then(Value::as_object)).flatten();
    let is_found = |name: &str| dir.ancestors().any(|folder| folder.join("node_modules").join(name).is_dir());
    listed.map(|(name, _)| name.clone()).filter(|name| !is_found(name)).collect()
}

/// Whether a lock was made for this `package.json`. `npm ci` refuses others.
fn fits(lock: &Value, package: &Value) -> bool {
    // A lock of npm 6 has no such list.
    let Some(root) = lock.pointer("/packages").map(|packages| packages.get("")) else { return true };
    let listed = |of: Option<&Value>, key: &str| {
        let listed = of.and_then(|of| of.get(key)).and_then(Value::as_object);
        listed.filter(|listed| !listed.is_empty()).cloned()
    };
    ["dependencies", "devDependencies", "optionalDependencies"]
        .iter()
        .all(|key| listed(root, key) == listed(Some(package), key))
}

/// Whether all packages of a lock that a worker needs are installed in these versions.
fn is_complete(lock: &Value, installed: &Value, dir: &Path, with_dev: bool) -> bool {
    let is_set = |package: &Value, key: &str| package.get(key) == Some(&Value::Bool(true));
    let is_needed = |package: &Value| {
        (with_dev || !is_set(package, "dev"))
            && !["optional", "devOptional", "peer"].iter().any(|key| is_set(package, key))
    };
    packages(lock).filter(|(path, package)| !path.is_empty() && is_needed(package)).all(|(path, package)| {
        let found = installed.get("packages").and_then(|packages| packages.get(path));
        found.is_some_and(|found| found.get("version") == package.get("version")) && dir.join(path).exists()
    })
}

fn packages(lock: &Value) -> impl Iterator<Item = (&String, &Value)> {
    lock.get("packages").and_then(Value::as_object).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::{Plan, PlanOptions, is_unfinished, needs_compiler, plan};
    use serde_json::{Value, json};
    use std::fs;
    use std::path::Path;

    const OPTIONS: PlanOptions<'_> = PlanOptions { shown: "workers/w", was_installed: false, with_dev: false };

    fn write(dir: &Path, name: &str, value: &Value) {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, value.to_string()).expect("written");
    }

    fn package(dependencies: &Value) -> Value {
        json!({ "dependencies": dependencies, "devDependencies": { "tool": "1" } })
    }

    fn lock(version: &str) -> Value {
        json!({ "packages": {
            "": package(&json!({ "a": "^1" })),
            "node_modules/a": { "version": version },
            "node_modules/tool": { "version": "1.0.0", "dev": true },
            "node_modules/native": { "version": "1.0.0", "optional": true },
        }})
    }

    fn plan_of(dir: &Path, package: &Value) -> Result<Plan, String> {
        plan(dir, package, OPTIONS).map_err(|(problem, _)| problem)
    }

    #[test]
    fn interrupted_installation_is_not_one_of_the_user() {
        let folder = tempfile::tempdir().expect("a folder");
        let modules = folder.path().join("node_modules");
        assert!(!is_unfinished(&modules));
        write(folder.path(), "node_modules/a/package.json", &json!({}));
        assert!(is_unfinished(&modules));
        for file in [".package-lock.json", ".yarn-integrity", ".bedrock"] {
            write(&modules, file, &json!({}));
            assert!(!is_unfinished(&modules), "{file}");
            fs::remove_file(modules.join(file)).expect("removed");
        }
    }

    #[test]
    fn typescript_needs_a_compiler_before_node_22_18() {
        for (entry, version, expected) in [
            ("main.ts", "20.20.2", true),
            ("main.mts", "22.17.9", true),
            ("main.ts", "22.18.0", false),
            ("main.cts", "23.5.0", true),
            ("main.ts", "24.1.0", false),
            ("main.js", "18.0.0", false),
        ] {
            assert_eq!(needs_compiler(entry, version), expected, "{entry} {version}");
        }
    }

    #[test]
    fn development_dependencies_of_typescript_are_installed() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path();
        let wanted = package(&json!({ "a": "^1" }));
        let typescript = PlanOptions { with_dev: true, ..OPTIONS };
        assert_eq!(plan(dir, &wanted, typescript).expect("a plan"), Plan::Install, "no lock");
        write(dir, "package-lock.json", &lock("1.0.0"));
        assert_eq!(plan(dir, &wanted, typescript).expect("a plan"), Plan::Clean, "a lock");
        write(dir, "node_modules/a/package.json", &json!({}));
        write(dir, "node_modules/.bedrock", &json!(""));
        let mut without_tool = lock("1.0.0");
        without_tool["packages"].as_object_mut().expect("a list").remove("node_modules/tool");
        write(dir, "node_modules/.package-lock.json", &without_tool);
        assert_eq!(plan(dir, &wanted, typescript).expect("a plan"), Plan::Install, "the tool is missing");
        assert_eq!(plan_of(dir, &wanted), Ok(Plan::Nothing), "the tool is not needed");
    }

    #[test]
    fn folder_of_the_user_is_never_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path();
        let wanted = package(&json!({ "a": "^1" }));
        write(dir, "package-lock.json", &lock("1.0.0"));
        write(dir, "node_modules/a/package.json", &json!({}));
        assert_eq!(plan_of(dir, &wanted), Ok(Plan::Nothing), "another tool has installed it");
        write(dir, "node_modules/.package-lock.json", &lock("1.0.0"));
        assert_eq!(plan_of(dir, &wanted), Ok(Plan::Nothing), "npm has installed it");
        let fails = |package: &Value| plan_of(dir, package).expect_err("an error");
        assert_eq!(
            fails(&package(&json!({ "b": "1" }))),
            "`workers/w/node_modules` does not have `b`, which `package.json` lists"
        );
        assert_eq!(fails(&package(&json!({ "a": "^2" }))), "`workers/w/package-lock.json` does not fit `package.json`");
        write(dir, "package-lock.json", &lock("1.0.1"));
        assert_eq!(fails(&wanted), "`workers/w/node_modules` does not have the versions in `package-lock.json`");
    }

    #[test]
    fn own_folder_is_kept_current() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path();
        let wanted = package(&json!({ "a": "^1" }));
        assert_eq!(plan_of(dir, &wanted), Ok(Plan::Install), "no lock");
        write(dir, "package-lock.json", &lock("1.0.0"));
        assert_eq!(plan_of(dir, &wanted), Ok(Plan::Clean), "a lock");
        assert_eq!(plan_of(dir, &package(&json!({ "b": "1" }))), Ok(Plan::Install), "an edited list");
        write(dir, "node_modules/a/package.json", &json!({}));
        write(dir, "node_modules/.package-lock.json", &lock("1.0.0"));
        write(dir, "node_modules/.bedrock", &json!(""));
        assert_eq!(plan_of(dir, &wanted), Ok(Plan::Nothing), "complete");
        assert_eq!(
            plan(dir, &wanted, PlanOptions { was_installed: true, ..OPTIONS }).ok(),
            Some(Plan::Rebuild),
            "another Node.js"
        );
        assert_eq!(plan_of(dir, &package(&json!({ "b": "1" }))), Ok(Plan::Install), "an edited list");
        fs::remove_dir_all(dir.join("node_modules/a")).expect("removed");
        assert_eq!(plan_of(dir, &wanted), Ok(Plan::Install), "a package is missing");
    }

    #[test]
    fn packages_of_workspaces_and_foreign_locks_are_respected() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("workers/w");
        let wanted = package(&json!({ "a": "^1" }));
        write(&dir, "yarn.lock", &json!({}));
        assert!(matches!(plan_of(&dir, &wanted), Ok(Plan::Locked(lock)) if lock.program == "yarn"));
        write(folder.path(), "node_modules/a/package.json", &json!({}));
        assert_eq!(plan_of(&dir, &wanted), Ok(Plan::Nothing));
    }
}
