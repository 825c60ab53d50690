//! The packages in a `node_modules` folder: those for other platforms are deleted, those for Lambda must be there, and those
//! with an install script are reported, because a build runs no code of packages.

use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::Architecture;
use serde_json::Value;

use bedrock_diagnostics::{Error, Report, Result};

/// Scripts that npm runs when it installs a package.
const INSTALL_SCRIPTS: [&str; 3] = ["preinstall", "install", "postinstall"];
/// Scripts of the worker itself that npm runs when it installs its dependencies.
const OWN_SCRIPTS: [&str; 4] = ["preinstall", "install", "postinstall", "prepare"];

/// A package.
#[derive(Debug)]
pub(super) struct InstalledPackage {
    /// `node_modules/a/node_modules/@scope/b`, relative to the folder that has the first `node_modules`.
    path: String,
    dir: PathBuf,
    package: Value,
}

/// Returns the packages below `node_modules` of `root`, sorted by path. Links are not followed.
pub(super) fn installed_packages(root: &Path) -> Result<Vec<InstalledPackage>> {
    let mut found = Vec::new();
    let mut pending = vec![("node_modules".to_owned(), root.join("node_modules"))];
    while let Some((path, dir)) = pending.pop() {
        for name in folders(&dir)? {
            let path = format!("{path}/{name}");
            let dir = dir.join(&name);
            if name.starts_with('@') {
                pending.push((path, dir));
                continue;
            }
            let list = dir.join("package.json");
            let text = if list.is_file() { fs::read(&list).unwrap_or_default() } else { Vec::new() };
            let modules = dir.join("node_modules");
            if modules.is_dir() {
                pending.push((format!("{path}/node_modules"), modules));
            }
            // npm installs no package whose list is not valid; others have no rules to apply.
            let package = serde_json::from_slice(&text).unwrap_or_default();
            found.push(InstalledPackage { path, dir, package });
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// Returns the names of the folders in a folder that are not hidden.
fn folders(dir: &Path) -> Result<Vec<String>> {
    let failed = |error: std::io::Error| Error::io(format!("failed to read `{}`", dir.display()), &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        let Ok(name) = entry.file_name().into_string() else { continue };
        if is_folder && !name.starts_with('.') {
            names.push(name);
        }
    }
    Ok(names)
}

impl InstalledPackage {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Returns its folder on this machine.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns its `package.json`, or null.
    pub(super) fn package(&self) -> &Value {
        &self.package
    }

    pub(super) fn name(&self) -> &str {
        self.path.rsplit_once("node_modules/").map_or(&self.path, |(_, name)| name)
    }

    /// Returns whether the package is for Linux with glibc and this processor. Locks of older versions of npm have no `libc`, so
    /// npm installs the packages of both C libraries.
    fn fits(&self, architecture: Architecture) -> bool {
        let fits = |key: &str, value: &str| {
            let listed = match self.package.get(key) {
                Some(Value::String(one)) => vec![one.as_str()],
                Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
                _ => return true,
            };
            let excluded = listed.iter().any(|item| item.strip_prefix('!') == Some(value));
            let is_list = listed.iter().any(|item| !item.starts_with('!'));
            !excluded && (!is_list || listed.iter().any(|item| *item == value || *item == "any"))
        };
        fits("os", "linux") && fits("cpu", architecture.node()) && fits("libc", "glibc")
    }

    /// Returns the optional dependencies that are for the platform, by their names.
    fn platform_packages(&self, architecture: Architecture) -> Vec<&str> {
        let optional = self.package.get("optionalDependencies").and_then(Value::as_object);
        let names = optional.into_iter().flatten().map(|(name, _)| name.as_str());
        names.filter(|name| names_platform(name, architecture)).collect()
    }

    /// Returns what the package runs when it is installed.
    fn install_script(&self) -> Option<String> {
        let script = |name: &&str| self.package.get("scripts").and_then(|scripts| scripts.get(*name)?.as_str());
        let listed = INSTALL_SCRIPTS.iter().find_map(script);
        let is_compiled = self.dir.join("binding.gyp").is_file();
        listed.map(str::to_owned).or_else(|| is_compiled.then(|| "node-gyp rebuild".to_owned()))
    }

    /// Returns whether the package brings compiled files for the platform, so that its script has nothing to do.
    fn has_prebuilt_files(&self, architecture: Architecture) -> bool {
        let platform = format!("linux-{}", architecture.node());
        folders(&self.dir.join("prebuilds")).is_ok_and(|names| names.iter().any(|name| name.starts_with(&platform)))
    }
}

/// Returns whether the name of a package says that it is for Linux with glibc and this processor: `@img/sharp-linux-x64`.
fn names_platform(name: &str, architecture: Architecture) -> bool {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    let has = |word: &str| words.contains(&word);
    has("linux") && has(architecture.node()) && !has("musl") && !has("android")
}

/// Deletes packages for other platforms. Returns the others.
pub(super) fn delete_foreign(
    packages: Vec<InstalledPackage>,
    architecture: Architecture,
) -> Result<Vec<InstalledPackage>> {
    let mut kept: Vec<InstalledPackage> = Vec::new();
    let mut deleted: Vec<String> = Vec::new();
    for package in packages {
        if deleted.iter().any(|folder| package.path.starts_with(folder)) {
            continue;
        }
        if package.fits(architecture) {
            kept.push(package);
            continue;
        }
        fs::remove_dir_all(&package.dir)
            .map_err(|error| Error::io(format!("failed to delete `{}`", package.path), &error))?;
        deleted.push(format!("{}/", package.path));
    }
    Ok(kept)
}

/// Returns an error for each package whose part for Lambda's platform is not installed: a lock that was written on another
/// platform may lack it. `layer` names the artifact, `dir` the folder of the lock.
pub(super) fn missing_parts(
    packages: &[InstalledPackage],
    architecture: Architecture,
    layer: &str,
    dir: &str,
) -> Vec<Report> {
    let is_installed = |package: &InstalledPackage, name: &str| {
        let mut folder = Some(package.path.as_str());
        while let Some(at) = folder {
            let modules = format!("{at}/node_modules/{name}");
            if packages.iter().any(|other| other.path == modules) {
                return true;
            }
            folder = at.rsplit_once("/node_modules/").map(|(above, _)| above);
        }
        packages.iter().any(|other| other.path == format!("node_modules/{name}"))
    };
    let mut reports = Vec::new();
    for package in packages {
        let parts = package.platform_packages(architecture);
        if parts.is_empty() || parts.iter().any(|name| is_installed(package, name)) {
            continue;
        }
        let listed: Vec<String> = parts.iter().map(|name| format!("`{name}`")).collect();
        reports.push(Report {
            message: format!("`{}` in {layer} does not run on Lambda", package.name()),
            causes: vec![format!("its part for Linux on {}, {}, is not installed", architecture.machine(), listed.join(" or "))],
            help: vec![format!(
                "run `rm -rf node_modules package-lock.json && npm install --os=linux --cpu={} --libc=glibc` in `{dir}`",
                architecture.node()
            )],
        });
    }
    reports
}

/// Returns a warning for each package with an install script that may make a file that it needs.
pub(super) fn script_warnings(packages: &[InstalledPackage], architecture: Architecture) -> Vec<String> {
    let has_part = |package: &InstalledPackage| !package.platform_packages(architecture).is_empty();
    let warning = |package: &InstalledPackage| {
        let script =
            package.install_script().filter(|_| !has_part(package) && !package.has_prebuilt_files(architecture))?;
        let name = package.name();
        Some(format!(
            "`{name}` has an install script, which a build does not run: what `{script}` makes or downloads is missing on Lambda"
        ))
    };
    packages.iter().filter_map(warning).collect()
}

/// Returns a warning for each script of the worker that npm runs on a laptop and not in a build.
pub(super) fn own_script_warnings(package: &Value, shown: &str) -> Vec<String> {
    let scripts = OWN_SCRIPTS.iter().filter_map(|name| Some((name, package.get("scripts")?.get(*name)?.as_str()?)));
    scripts
        .map(|(name, script)| format!("`{shown}` has the script `{name}`, which a build does not run: `{script}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::*;

    const X64: Architecture = Architecture::X86_64;

    fn modules(packages: &[(&str, Value)]) -> TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for (path, package) in packages {
            let folder = dir.path().join("node_modules").join(path);
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join("package.json"), package.to_string()).expect("written");
        }
        dir
    }

    fn paths(packages: &[InstalledPackage]) -> Vec<&str> {
        packages.iter().map(|package| package.path.as_str()).collect()
    }

    #[test]
    fn packages_for_other_platforms_are_deleted() {
        let dir = modules(&[
            ("plain", json!({})),
            ("plain/node_modules/@s/deep", json!({ "os": "linux", "cpu": ["x64", "arm64"] })),
            ("@img/sharp-linux-x64", json!({ "os": ["linux"], "cpu": ["x64"], "libc": ["glibc"] })),
            ("@img/sharp-linuxmusl-x64", json!({ "os": ["linux"], "cpu": ["x64"], "libc": ["musl"] })),
            ("@img/sharp-linuxmusl-x64/node_modules/inside", json!({})),
            ("@img/sharp-linux-arm64", json!({ "os": ["linux"], "cpu": ["arm64"], "libc": ["glibc"] })),
            ("fsevents", json!({ "os": ["darwin"] })),
            ("not-windows", json!({ "os": ["!win32"] })),
            ("not-linux", json!({ "os": ["!linux"] })),
        ]);
        let kept = delete_foreign(installed_packages(dir.path()).expect("packages"), X64).expect("deleted");
        let expected = [
            "node_modules/@img/sharp-linux-x64",
            "node_modules/not-windows",
            "node_modules/plain",
            "node_modules/plain/node_modules/@s/deep",
        ];
        assert_eq!(paths(&kept), expected);
        assert_eq!(paths(&installed_packages(dir.path()).expect("packages")), expected);
    }

    #[test]
    fn part_for_the_platform_must_be_installed() {
        let optional = json!({ "optionalDependencies": {
            "@img/sharp-darwin-arm64": "1", "@img/sharp-linux-x64": "1", "@img/sharp-linuxmusl-x64": "1", "@a/b-linux-x64-musl": "1",
        }});
        let dir = modules(&[("sharp", optional.clone()), ("a/node_modules/sharp", optional.clone())]);
        let reports = |dir: &TempDir| {
            missing_parts(&installed_packages(dir.path()).expect("packages"), X64, "the layer", "workers/w")
        };
        let found = reports(&dir);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].message, "`sharp` in the layer does not run on Lambda");
        assert_eq!(found[0].causes, ["its part for Linux on x86_64, `@img/sharp-linux-x64`, is not installed"]);
        let dir = modules(&[
            ("sharp", optional.clone()),
            ("a/node_modules/sharp", optional),
            ("@img/sharp-linux-x64", json!({})),
        ]);
        assert!(reports(&dir).is_empty());
    }

    #[test]
    fn install_scripts_are_reported_for_each_package() {
        let dir = modules(&[
            ("quiet", json!({ "scripts": { "test": "x", "prepare": "x" } })),
            ("native", json!({ "scripts": { "postinstall": "node make.js" } })),
            ("compiled", json!({})),
            ("prebuilt", json!({ "scripts": { "install": "node-gyp-build" } })),
            ("parts", json!({ "scripts": { "install": "x" }, "optionalDependencies": { "parts-linux-x64": "1" } })),
        ]);
        fs::write(dir.path().join("node_modules/compiled/binding.gyp"), "").expect("written");
        fs::create_dir_all(dir.path().join("node_modules/prebuilt/prebuilds/linux-x64")).expect("a folder");
        let warnings = script_warnings(&installed_packages(dir.path()).expect("packages"), X64);
        let end = "makes or downloads is missing on Lambda";
        assert_eq!(
            warnings,
            [
                format!("`compiled` has an install script, which a build does not run: what `node-gyp rebuild` {end}"),
                format!("`native` has an install script, which a build does not run: what `node make.js` {end}"),
            ]
        );
        let own = json!({ "scripts": { "postinstall": "prisma generate", "test": "x" } });
        assert_eq!(
            own_script_warnings(&own, "workers/w/package.json"),
            ["`workers/w/package.json` has the script `postinstall`, which a build does not run: `prisma generate`"]
        );
    }
}
