//! Installs the dependencies of a JavaScript worker into its `node_modules`. A folder that the user has installed is never
//! changed: it is used as it is, or the error says what it lacks.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tokio::process::Command;

use super::installer::{Failure, Installation, digest, failed_to, identity, lock, read};
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
}

/// Locks of other tools, the tools, and how to install with them.
const FOREIGN_LOCKS: [(&str, &str, &str); 4] = [
    ("yarn.lock", "Yarn", "yarn install"),
    ("pnpm-lock.yaml", "pnpm", "pnpm install"),
    ("bun.lock", "Bun", "bun install"),
    ("bun.lockb", "Bun", "bun install"),
];
/// The file that marks a `node_modules` folder as created by this program.
const MARK: &str = "node_modules/.bedrock";

/// Installs the dependencies if that is necessary.
pub(super) async fn install(installation: &Installation<'_>) -> Result<(), Failure> {
    let Installation { hosts, info, interpreter } = *installation;
    let dir = installation.dir();
    let Some(text) = read(&dir.join("package.json"))? else { return Ok(()) };
    let package: Value = serde_json::from_str(&text)
        .map_err(|error| (format!("`{}/package.json` is not valid JSON: {error}", info.entry.dir), None))?;
    let listed = |key: &str| package.get(key).and_then(Value::as_object).is_some_and(|listed| !listed.is_empty());
    if !listed("dependencies") && !listed("optionalDependencies") {
        return Ok(());
    }
    let key = |lock: &Option<String>| digest(&[&text, lock.as_deref().unwrap_or_default(), &interpreter.version]);
    let packages = hosts.app.scratch.join("javascript");
    let stamp = packages.join(format!("{}.installed", identity(info, &dir)));
    let is_fresh = || -> Result<bool, Failure> {
        let lock = read(&dir.join("package-lock.json"))?;
        Ok(read(&stamp)?.is_some_and(|known| known == key(&lock)) && missing(&dir, &package).is_empty())
    };
    if is_fresh()? {
        return Ok(());
    }
    let _lock = lock(&packages, &identity(info, &dir)).await?;
    if is_fresh()? {
        return Ok(());
    }
    let arguments: &[&str] = match plan(&dir, &package, &info.entry.dir, stamp.is_file())? {
        Plan::Nothing => &[],
        Plan::Rebuild => &["rebuild"],
        Plan::Clean => &["ci", "--omit=dev"],
        Plan::Install => &["install", "--omit=dev"],
    };
    if !arguments.is_empty() {
        let Some(npm) = find_on_path("npm") else {
            return Err(("`npm` is not on the PATH".to_owned(), Some("install Node.js with npm".to_owned())));
        };
        let mut command = Command::new(npm);
        command.args(arguments).args(["--no-audit", "--no-fund", "--loglevel=error"]);
        installation.install(command, "package.json").await?;
        if dir.join("node_modules").is_dir() {
            let mark = dir.join(MARK);
            fs::write(&mark, "").map_err(|error| failed_to("write", &mark, &error))?;
        }
    }
    let lock = read(&dir.join("package-lock.json"))?;
    fs::write(&stamp, key(&lock)).map_err(|error| failed_to("write", &stamp, &error))
}

/// Decides what to run. `shown` is the worker's folder in messages; `was_installed` says that a start before found everything.
fn plan(dir: &Path, package: &Value, shown: &str, was_installed: bool) -> Result<Plan, Failure> {
    let read_json = |path: &str| -> Result<Option<Value>, Failure> {
        // A file that is not JSON is npm's to report.
        Ok(read(&dir.join(path))?.and_then(|text| serde_json::from_str(&text).ok()))
    };
    let lock = read_json("package-lock.json")?;
    let installed = read_json("node_modules/.package-lock.json")?;
    let is_installed = dir.join("node_modules").is_dir();
    let missing = missing(dir, package);
    if !is_installed && missing.is_empty() {
        // The packages are in the folder of a workspace.
        return Ok(Plan::Nothing);
    }
    if is_installed && !dir.join(MARK).is_file() {
        return plan_of_user(dir, package, shown, lock.as_ref(), installed.as_ref());
    }
    if let Some((list, tool, command)) =
        FOREIGN_LOCKS.iter().find(|(list, _, _)| dir.join(list).is_file()).filter(|_| lock.is_none())
    {
        let help = format!("run `{command}` in `{shown}`");
        return Err((
            format!("`{shown}/{list}` is a lock of {tool}, and npm would install other versions"),
            Some(help),
        ));
    }
    let lock = lock.filter(|lock| fits(lock, package));
    Ok(match (lock, installed) {
        (Some(_), _) if !is_installed => Plan::Clean,
        (Some(lock), Some(installed)) if is_complete(&lock, &installed, dir) => {
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
    shown: &str,
    lock: Option<&Value>,
    installed: Option<&Value>,
) -> Result<Plan, Failure> {
    let missing = missing(dir, package);
    let problem = if let Some(name) = missing.first() {
        format!("`{shown}/node_modules` does not have `{name}`, which `package.json` lists")
    } else if lock.is_some_and(|lock| !fits(lock, package)) {
        format!("`{shown}/package-lock.json` does not fit `package.json`")
    } else if let (Some(lock), Some(installed)) = (lock, installed)
        && !is_complete(lock, installed, dir)
    {
        format!("`{shown}/node_modules` does not have the versions in `package-lock.json`")
    } else {
        return Ok(Plan::Nothing);
    };
    let command =
        FOREIGN_LOCKS.iter().find(|(list, _, _)| dir.join(list).is_file()).map_or("npm install", |lock| lock.2);
    Err((problem, Some(format!("run `{command}` in `{shown}`: a folder that you have installed is not changed"))))
}

/// Returns the dependencies that Node.js would not find from a folder.
fn missing(dir: &Path, package: &Value) -> Vec<String> {
    let listed = package.get("dependencies").and_then(Value::as_object).into_iter().flatten();
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
fn is_complete(lock: &Value, installed: &Value, dir: &Path) -> bool {
    let is_set = |package: &Value, key: &str| package.get(key) == Some(&Value::Bool(true));
    let is_needed =
        |package: &Value| !["dev", "optional", "devOptional", "peer"].iter().any(|key| is_set(package, key));
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
    use super::{Plan, plan};
    use serde_json::{Value, json};
    use std::fs;
    use std::path::Path;

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
        plan(dir, package, "workers/w", false).map_err(|(problem, _)| problem)
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
        assert_eq!(plan(dir, &wanted, "workers/w", true).ok(), Some(Plan::Rebuild), "another Node.js");
        assert_eq!(plan_of(dir, &package(&json!({ "b": "1" }))), Ok(Plan::Install), "an edited list");
        fs::remove_dir_all(dir.join("node_modules/a")).expect("removed");
        assert_eq!(plan_of(dir, &wanted), Ok(Plan::Install), "a package is missing");
    }

    #[test]
    fn packages_of_a_workspace_and_locks_of_other_tools_are_respected() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("workers/w");
        let wanted = package(&json!({ "a": "^1" }));
        write(&dir, "yarn.lock", &json!({}));
        assert_eq!(
            plan_of(&dir, &wanted),
            Err("`workers/w/yarn.lock` is a lock of Yarn, and npm would install other versions".to_owned())
        );
        write(folder.path(), "node_modules/a/package.json", &json!({}));
        assert_eq!(plan_of(&dir, &wanted), Ok(Plan::Nothing));
    }
}
