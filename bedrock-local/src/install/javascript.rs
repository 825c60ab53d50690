//! Installs the dependencies of a JavaScript worker into its `node_modules`, which the user also uses: what the user has
//! installed there stays.

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
    /// npm adds what is missing and corrects the lock. It would remove development dependencies that it should omit.
    Install { with_dev: bool },
}

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
    let stamp = dir.join("node_modules/.bedrock");
    let is_fresh =
        || Ok(read(&stamp)?.is_some_and(|known| read(&dir.join("package-lock.json")).is_ok_and(|l| known == key(&l))));
    if is_fresh()? {
        return Ok(());
    }
    let _lock = lock(&hosts.app.scratch.join("javascript"), &identity(info, &dir)).await?;
    if is_fresh()? {
        return Ok(());
    }
    let arguments: &[&str] = match plan(&dir, &package)? {
        Plan::Nothing => &[],
        Plan::Rebuild => &["rebuild"],
        Plan::Clean => &["ci", "--omit=dev"],
        Plan::Install { with_dev: false } => &["install", "--omit=dev"],
        Plan::Install { with_dev: true } => &["install", "--include=dev"],
    };
    if !arguments.is_empty() {
        let Some(npm) = find_on_path("npm") else {
            return Err(("`npm` is not on the PATH".to_owned(), Some("install Node.js with npm".to_owned())));
        };
        let mut command = Command::new(npm);
        command.args(arguments).args(["--no-audit", "--no-fund", "--loglevel=error"]);
        installation.install(command, "package.json").await?;
    }
    let lock = read(&dir.join("package-lock.json"))?;
    fs::create_dir_all(dir.join("node_modules")).map_err(|error| failed_to("create", &dir, &error))?;
    fs::write(&stamp, key(&lock)).map_err(|error| failed_to("write", &stamp, &error))
}

fn plan(dir: &Path, package: &Value) -> Result<Plan, Failure> {
    let read_json = |path: &str| -> Result<Option<Value>, Failure> {
        // A file that is not JSON is npm's to report.
        Ok(read(&dir.join(path))?.and_then(|text| serde_json::from_str(&text).ok()))
    };
    let lock = read_json("package-lock.json")?.filter(|lock| fits(lock, package));
    let installed = read_json("node_modules/.package-lock.json")?;
    let with_dev = installed.as_ref().is_some_and(|installed| {
        let is_dev = |package: &Value| package.get("dev") == Some(&Value::Bool(true));
        packages(installed).any(|(_, package)| is_dev(package))
    });
    Ok(match (lock, installed) {
        (Some(_), _) if !dir.join("node_modules").is_dir() => Plan::Clean,
        (Some(lock), Some(installed)) if is_complete(&lock, &installed, dir) => {
            if dir.join("node_modules/.bedrock").is_file() { Plan::Rebuild } else { Plan::Nothing }
        }
        _ => Plan::Install { with_dev },
    })
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

    #[test]
    fn npm_keeps_what_the_user_has_installed() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path();
        let wanted = package(&json!({ "a": "^1" }));
        let plan_of = |package: &Value| plan(dir, package).expect("a plan");
        assert_eq!(plan_of(&wanted), Plan::Install { with_dev: false }, "no lock");
        write(dir, "package-lock.json", &lock("1.0.0"));
        assert_eq!(plan_of(&wanted), Plan::Clean, "a lock");
        assert_eq!(plan_of(&package(&json!({ "b": "1" }))), Plan::Install { with_dev: false }, "an edited list");
        write(dir, "node_modules/a/package.json", &json!({}));
        write(dir, "node_modules/.package-lock.json", &lock("1.0.0"));
        assert_eq!(plan_of(&wanted), Plan::Nothing, "installed by the user");
        assert_eq!(plan_of(&package(&json!({ "b": "1" }))), Plan::Install { with_dev: true }, "an edited list");
        write(dir, "package-lock.json", &lock("1.0.1"));
        assert_eq!(plan_of(&wanted), Plan::Install { with_dev: true }, "a changed version");
        write(dir, "package-lock.json", &lock("1.0.0"));
        write(dir, "node_modules/.bedrock", &json!("of another version of Node.js"));
        assert_eq!(plan_of(&wanted), Plan::Rebuild, "another Node.js");
        fs::remove_dir_all(dir.join("node_modules/a")).expect("removed");
        assert_eq!(plan_of(&wanted), Plan::Install { with_dev: true }, "a package is missing");
    }
}
