//! What npm's record of an installation, or the lock of another tool, says about packages: which came from a registry, and with which digest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bedrock_diagnostics::Result;
use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;

use super::installed::{InstalledPackage, installed_packages};
use super::locked_archives::LockedArchive;
use super::project::NodeFolders;
use crate::component::{Component, License};
use crate::purl;

/// The file in `node_modules` that npm writes after an installation.
const RECORD: &str = "node_modules/.package-lock.json";
/// The algorithms of npm's digests, in the words of npm and of CycloneDX.
const ALGORITHMS: [(&str, &str); 3] = [("sha512", "SHA-512"), ("sha384", "SHA-384"), ("sha1", "SHA-1")];

/// The digests of packages from a registry, by name and version.
#[derive(Debug, Default)]
pub(super) struct LockedPackages(BTreeMap<(String, String), String>);

/// Returns the packages in both folders of an installation.
pub(super) fn all_packages(folders: &NodeFolders) -> Result<Vec<InstalledPackage>> {
    let has_modules = |folder: &Path| folder.join("node_modules").is_dir();
    let mut packages = if has_modules(&folders.root) { installed_packages(&folders.root)? } else { Vec::new() };
    if folders.worker != folders.root && has_modules(&folders.worker) {
        packages.extend(installed_packages(&folders.worker)?);
    }
    Ok(packages)
}

/// Returns the packages that have one of `files`, which are paths relative to `folder`.
pub(super) fn packages_of_files(
    packages: Vec<InstalledPackage>,
    folder: &Path,
    files: &BTreeSet<String>,
) -> Vec<InstalledPackage> {
    let dirs: BTreeSet<PathBuf> =
        files.iter().filter_map(|file| folder.join(package_dir(file)?).canonicalize().ok()).collect();
    packages.into_iter().filter(|package| package.dir().canonicalize().is_ok_and(|dir| dirs.contains(&dir))).collect()
}

/// Returns the folder of the package that has a file: `node_modules/@a/b` of `node_modules/@a/b/index.js`.
fn package_dir(file: &str) -> Option<String> {
    const MODULES: &str = "node_modules/";
    let start = file.rfind(MODULES)? + MODULES.len();
    let words = if file[start..].starts_with('@') { 2 } else { 1 };
    let name: Vec<&str> = file[start..].split('/').take(words).collect();
    Some(format!("{}{}", &file[..start], name.join("/")))
}

impl LockedPackages {
    /// Reads the records of an installation with these packages. A record that is missing says nothing. `archives` are those of
    /// a lock that npm does not read.
    pub(super) fn read(packages: &[InstalledPackage], folders: &NodeFolders, archives: Vec<LockedArchive>) -> Self {
        let folders = packages.iter().map(InstalledPackage::dir).chain([folders.root.as_path(), &folders.worker]);
        let known = archives.into_iter().map(|archive| ((archive.name, archive.version), archive.integrity));
        let mut locked = Self(known.collect());
        for folder in folders {
            let record = fs::read(folder.join(RECORD)).ok();
            locked.add(&record.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default());
        }
        locked
    }

    fn add(&mut self, record: &Value) {
        for (path, entry) in record.get("packages").and_then(Value::as_object).into_iter().flatten() {
            let text = |key: &str| entry.get(key).and_then(Value::as_str);
            // A package under another name has its own.
            let name = text("name").or_else(|| path.rsplit_once("node_modules/").map(|(_, name)| name));
            if let (Some(name), Some(version), Some(integrity)) = (name, text("version"), text("integrity")) {
                self.0.insert((name.to_owned(), version.to_owned()), integrity.to_owned());
            }
        }
    }

    /// Returns the packages as components. Those that are not recorded with a digest are folders or repositories.
    pub(super) fn components(&self, packages: &[InstalledPackage]) -> Vec<Component> {
        packages.iter().map(|package| self.component(package)).collect()
    }

    fn component(&self, installed: &InstalledPackage) -> Component {
        let package = installed.package();
        let text = |key: &str| package.get(key).and_then(Value::as_str);
        let name = text("name").unwrap_or(installed.name());
        let version = text("version").unwrap_or_default();
        let integrity = self.0.get(&(name.to_owned(), version.to_owned()));
        Component {
            name: name.to_owned(),
            version: version.to_owned(),
            purl: integrity.map(|_| purl::npm(name, version)),
            license: license(package),
            hashes: integrity.into_iter().flat_map(|integrity| integrity.split(' ')).filter_map(hash).collect(),
        }
    }
}

/// Returns the licence in a `package.json`, also in the forms of older versions of npm.
fn license(package: &Value) -> Option<License> {
    let of = |value: &Value| value.as_str().or_else(|| value.get("type")?.as_str()).map(str::to_owned);
    let listed = || {
        let list = package.get("licenses")?.as_array()?;
        let names: Vec<String> = list.iter().filter_map(of).collect();
        Some(names.join(" OR "))
    };
    License::parse(&package.get("license").and_then(of).or_else(listed)?)
}

/// Returns algorithm and digits of a digest: `sha512-…` with Base64.
fn hash(integrity: &str) -> Option<(String, String)> {
    let (algorithm, digits) = integrity.split_once('-')?;
    let (_, name) = ALGORITHMS.iter().find(|(known, _)| *known == algorithm)?;
    Some(((*name).to_owned(), HEXLOWER.encode(&BASE64.decode(digits.as_bytes()).ok()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn install(files: &[(&str, Value)]) -> (tempfile::TempDir, NodeFolders) {
        let dir = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text.to_string()).expect("a file");
        }
        let root = dir.path().to_owned();
        let folders = NodeFolders { worker: root.clone(), root: root.clone(), copy: root };
        (dir, folders)
    }

    #[test]
    fn packages_have_digests_of_the_record() {
        let (_dir, folders) = install(&[
            (
                RECORD,
                json!({ "packages": {
                    "node_modules/@a/b": { "version": "1.0.0", "integrity": "sha512-AAEC" },
                    "node_modules/alias": { "name": "real", "version": "2.0.0", "integrity": "sha1-AAEC md5-AAEC" },
                    "node_modules/own": { "version": "3.0.0" },
                } }),
            ),
            ("node_modules/@a/b/package.json", json!({ "name": "@a/b", "version": "1.0.0", "license": "MIT" })),
            (
                "node_modules/alias/package.json",
                json!({ "name": "real", "version": "2.0.0", "licenses": [{ "type": "MIT" }, { "type": "ISC" }] }),
            ),
            ("node_modules/own/package.json", json!({ "version": "3.0.0", "license": "SEE LICENSE IN X" })),
        ]);
        let packages = all_packages(&folders).expect("packages");
        let components = LockedPackages::read(&packages, &folders, Vec::new()).components(&packages);
        let shown: Vec<Value> = components.iter().map(Component::json).collect();
        assert_eq!(
            shown,
            [
                json!({
                    "type": "library", "bom-ref": "pkg:npm/%40a/b@1.0.0", "purl": "pkg:npm/%40a/b@1.0.0",
                    "name": "@a/b", "version": "1.0.0", "licenses": [{ "expression": "MIT" }],
                    "hashes": [{ "alg": "SHA-512", "content": "000102" }],
                }),
                json!({
                    "type": "library", "bom-ref": "pkg:npm/real@2.0.0", "purl": "pkg:npm/real@2.0.0",
                    "name": "real", "version": "2.0.0", "licenses": [{ "expression": "MIT OR ISC" }],
                    "hashes": [{ "alg": "SHA-1", "content": "000102" }],
                }),
                json!({
                    "type": "library", "bom-ref": "own@3.0.0", "name": "own", "version": "3.0.0",
                    "licenses": [{ "license": { "name": "SEE LICENSE IN X" } }],
                }),
            ]
        );
    }

    #[test]
    fn bundle_has_only_the_packages_of_its_files() {
        let (dir, folders) = install(&[
            ("node_modules/a/package.json", json!({})),
            ("node_modules/a/node_modules/@s/deep/package.json", json!({})),
            ("node_modules/unused/package.json", json!({})),
        ]);
        let files = ["main.js", "node_modules/a/node_modules/@s/deep/lib/x.js"].map(str::to_owned).into();
        let found = packages_of_files(all_packages(&folders).expect("packages"), dir.path(), &files);
        let names: Vec<&str> = found.iter().map(InstalledPackage::name).collect();
        assert_eq!(names, ["@s/deep"]);
    }
}
