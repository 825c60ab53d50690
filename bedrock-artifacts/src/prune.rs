//! Makes a folder of installed dependencies reproducible: deletes files of the installer, which differ between machines, and
//! binaries for other systems. The predicates decide by path; [`prune`] deletes.

use std::fs;
use std::io;
use std::path::Path;

use bedrock_build::Architecture;
use bedrock_diagnostics::{Error, Result, relative_path};

/// Returns whether a file or folder of a Python target folder (`uv pip install --target`) is deleted.
pub fn is_pruned_python_path(path: &str, is_folder: bool) -> bool {
    let name = last_name(path);
    if is_folder {
        // The first line of a script is the path of an interpreter on this machine.
        return path == "bin" || name == "__pycache__";
    }
    let is_of_installer =
        matches!(name, "RECORD" | "INSTALLER" | "REQUESTED" | "direct_url.json" | "uv_cache.json" | "uv_build.json");
    path == ".lock" || (is_of_installer && path.split('/').rev().nth(1).is_some_and(|dir| dir.ends_with(".dist-info")))
}

/// What npm, Yarn and pnpm write into a `node_modules` folder for themselves.
const RECORDS: [&str; 10] = [
    ".bin",
    ".cache",
    ".modules.yaml",
    ".package-lock.json",
    ".package-map.json",
    ".pnpm",
    ".pnpm-workspace-state.json",
    ".pnpm-workspace-state-v1.json",
    ".yarn-integrity",
    ".yarn-state.yml",
];

/// Returns whether a file or folder of a `node_modules` folder is deleted.
pub fn is_pruned_node_path(path: &str, architecture: Architecture) -> bool {
    let Some(inside) = inside_package(path) else {
        return RECORDS.contains(&last_name(path));
    };
    match inside.split('/').collect::<Vec<_>>().as_slice() {
        ["prebuilds", platform] => is_other_platform(platform, architecture),
        // `node.napi.musl.node` is for Alpine. The file for glibc is next to it.
        ["prebuilds", _, file] => file.split('.').any(|tag| tag == "musl"),
        _ => false,
    }
}

/// Deletes the files and folders below `root` that `is_pruned` selects by their path (with `/` between names) and whether
/// they are folders. Links are deleted, and never followed. Returns the deleted paths, sorted. `app` is for messages.
pub fn prune(root: &Path, app: &Path, goes: impl Fn(&str, bool) -> bool) -> Result<Vec<String>> {
    let mut removed = Vec::new();
    let mut open = vec![String::new()];
    while let Some(folder) = open.pop() {
        let disk = root.join(&folder);
        let failed = |error: &io::Error| Error::io(format!("failed to clean `{}`", relative_path(&disk, app)), error);
        for entry in fs::read_dir(&disk).map_err(|error| failed(&error))? {
            let entry = entry.map_err(|error| failed(&error))?;
            // No rule names such a file; who collects the folder refuses it.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let is_folder = entry.file_type().map_err(|error| failed(&error))?.is_dir();
            if goes(&path, is_folder) {
                let gone = if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
                gone.map_err(|error| failed(&error))?;
                removed.push(path);
            } else if is_folder {
                open.push(path);
            }
        }
    }
    removed.sort();
    Ok(removed)
}

fn last_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the path in its package, or `None` for an entry of `node_modules` itself.
fn inside_package(path: &str) -> Option<&str> {
    let path = path.rsplit_once("/node_modules/").map_or(path, |(_, inside)| inside);
    let (name, inside) = path.split_once('/')?;
    if name.starts_with('@') { inside.split_once('/').map(|(_, inside)| inside) } else { Some(inside) }
}

/// Returns whether a folder of `prebuildify` is for a different platform. Their names are
/// `<system>-<processor>[+<processor>…]`; folders with other names are kept.
fn is_other_platform(platform: &str, architecture: Architecture) -> bool {
    const SYSTEMS: [&str; 8] = ["aix", "android", "darwin", "freebsd", "linux", "openbsd", "sunos", "win32"];
    let Some((system, processors)) = platform.split_once('-') else { return false };
    let fits = system == "linux" && processors.split('+').any(|processor| processor == architecture.node());
    SYSTEMS.contains(&system) && !fits
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const X64: Architecture = Architecture::X86_64;

    #[test]
    fn installer_files_of_python_targets_are_pruned() {
        for (path, is_folder) in [
            (".lock", false),
            ("bin", true),
            ("six-1.17.0.dist-info/RECORD", false),
            ("six-1.17.0.dist-info/INSTALLER", false),
            ("six-1.17.0.dist-info/REQUESTED", false),
            ("six-1.17.0.dist-info/direct_url.json", false),
            ("numpy/core/__pycache__", true),
        ] {
            assert!(is_pruned_python_path(path, is_folder), "{path}");
        }
    }

    #[test]
    fn package_metadata_is_kept() {
        for (path, is_folder) in [
            ("six.py", false),
            ("six-1.17.0.dist-info", true),
            ("six-1.17.0.dist-info/METADATA", false),
            ("six-1.17.0.dist-info/entry_points.txt", false),
            ("six-1.17.0.dist-info/licenses/LICENSE", false),
            ("six-1.17.0.dist-info/licenses/RECORD", false),
            ("numpy/bin", true),
            ("bin", false),
            ("yarn/.lock", false),
            ("music/RECORD", false),
        ] {
            assert!(!is_pruned_python_path(path, is_folder), "{path}");
        }
    }

    #[test]
    fn npm_files_and_foreign_binaries_are_pruned() {
        for path in [
            ".bin",
            ".package-lock.json",
            ".pnpm",
            ".yarn-state.yml",
            "a/node_modules/.bin",
            "bufferutil/prebuilds/darwin-x64+arm64",
            "bufferutil/prebuilds/win32-x64",
            "bufferutil/prebuilds/linux-arm64",
            "@scope/native/prebuilds/android-arm",
            "a/node_modules/@scope/native/prebuilds/linux-arm",
            "native/prebuilds/linux-x64/node.napi.musl.node",
        ] {
            assert!(is_pruned_node_path(path, X64), "{path}");
        }
    }

    #[test]
    fn packages_and_lambda_binaries_are_kept() {
        for path in [
            "a",
            "@scope",
            "@scope/a",
            "a/.bin",
            "a/.cache",
            "bufferutil/prebuilds",
            "bufferutil/prebuilds/linux-x64",
            "bufferutil/prebuilds/linux-x64+arm64",
            "native/prebuilds/linux-x64/node.napi.glibc.node",
            "native/prebuilds/linux-x64/node.napi.node",
            "native/prebuilds/readme-first",
            "native/src/prebuilds/win32-x64",
            "musl/index.js",
        ] {
            assert!(!is_pruned_node_path(path, X64), "{path}");
        }
        assert!(!is_pruned_node_path("a/prebuilds/linux-arm64", Architecture::Arm64));
        assert!(is_pruned_node_path("a/prebuilds/linux-x64", Architecture::Arm64));
    }

    #[test]
    fn prune_deletes_files_without_following_links() {
        let temp_dir = tempfile::TempDir::new().expect("room");
        let target = temp_dir.path().join("target");
        for file in ["bin/tool", "a/__pycache__/x.pyc", "a/x.py", "../outside/__pycache__/y.pyc"] {
            let path = target.join(file);
            fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            fs::write(path, "").expect("file");
        }
        symlink(temp_dir.path().join("outside"), target.join("linked")).expect("link");
        let removed = prune(&target, temp_dir.path(), is_pruned_python_path).expect("removed");
        assert_eq!(removed, ["a/__pycache__", "bin"]);
        assert!(target.join("a/x.py").exists());
        assert!(temp_dir.path().join("outside/__pycache__/y.pyc").exists());
    }

    #[test]
    fn missing_folder_is_named() {
        let error = prune(Path::new("/app/gone"), Path::new("/app"), is_pruned_python_path).expect_err("gone");
        assert_eq!(error.reports[0].message, "failed to clean `gone`");
        assert_eq!(error.reports[0].causes, ["no such file or directory"]);
    }
}
