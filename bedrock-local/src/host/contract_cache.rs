//! Keeps the types that the host of a worker has read from its code, so that `cargo bedrock contracts` starts no process for a
//! worker whose code has not changed. The key is everything that the code is made of: files of the worker and of shared code,
//! folders that it depends on, settings, interpreter and installed packages.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use bedrock_build::{DOTENV_FILES, PathDependencies};

use super::dependencies::{InstalledWorker, shared_folder};
use super::registry::HostRegistry;
use crate::host_files;
use crate::worker_info::WorkerInfo;

/// Folder of the cached types, in the scratch folder of the local runtime.
const FOLDER: &str = "contracts";
/// Folders that have no code of the worker.
const EXCLUDED_FOLDERS: [&str; 4] = ["__pycache__", "node_modules", "target", "venv"];
/// Files that are written by an installation, and change with it.
const INSTALLED: [&str; 4] = [".modules.yaml", ".package-lock.json", ".yarn-integrity", ".yarn-state.yml"];

/// Where the types of a worker are cached.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CachedContract {
    folder: PathBuf,
    worker: String,
    key: u64,
}

impl CachedContract {
    /// Returns the place for the types of a worker as it is now. `None` if a file cannot be read, or a folder is a link.
    pub(super) fn of(info: &WorkerInfo, hosts: &HostRegistry, installed: &InstalledWorker<'_>) -> Option<Self> {
        let app = &hosts.app;
        let dir = app.root.join(&info.entry.dir);
        let mut hasher = DefaultHasher::new();
        host_files::digest().hash(&mut hasher);
        (&installed.interpreter.path, &installed.interpreter.version, &installed.site).hash(&mut hasher);
        for file in ["Cargo.toml"].iter().chain(&DOTENV_FILES) {
            fs::read(app.root.join(file)).ok().hash(&mut hasher);
        }
        let modules = [dir.join("node_modules"), app.root.join("node_modules")];
        for file in modules.iter().flat_map(|modules| INSTALLED.map(|file| modules.join(file))) {
            fs::metadata(file).ok().map(|found| (found.len(), found.modified().ok())).hash(&mut hasher);
        }
        let linked = PathDependencies::of(&app.root, &info.entry.dir, info.entry.language).found;
        let folders = linked.into_iter().map(|dependency| dependency.dir);
        for folder in [dir].into_iter().chain(shared_folder(info, hosts)).chain(folders) {
            hash_folder(&folder, &mut hasher)?;
        }
        Some(Self { folder: app.scratch.join(FOLDER), worker: info.entry.name.clone(), key: hasher.finish() })
    }

    /// Returns the types.
    pub(super) fn read(&self) -> Option<Vec<u8>> {
        fs::read(self.file()).ok()
    }

    /// Keeps the types instead of those of an earlier version of the code. What cannot be kept is read again.
    pub(super) fn write(&self, contract: &[u8]) {
        let Ok(()) = fs::create_dir_all(&self.folder) else { return };
        let earlier = format!("{}-", self.worker);
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            // A name of another worker has no `-`.
            if entry.file_name().to_string_lossy().starts_with(&earlier) {
                let _ = fs::remove_file(entry.path());
            }
        }
        // Another program may read it at the same time.
        let partial = self.folder.join(format!("{}.partial", bedrock_model::id::new_uuid()));
        if fs::write(&partial, contract).is_ok() {
            let _ = fs::rename(&partial, self.file());
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.join(format!("{}-{:016x}.json", self.worker, self.key))
    }
}

/// Adds the files below a folder. `None` if one cannot be read, or a folder is a link.
fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) -> Option<()> {
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        let entries = fs::read_dir(folder).ok()?.collect::<Result<Vec<_>, _>>().ok()?;
        let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let metadata = fs::metadata(&path).ok()?;
            if metadata.is_dir() {
                if name.starts_with('.') || EXCLUDED_FOLDERS.contains(&name.as_str()) {
                    continue;
                }
                if fs::symlink_metadata(&path).ok()?.is_symlink() {
                    return None;
                }
                pending.push(path);
            } else if metadata.is_file() {
                path.hash(hasher);
                fs::read(&path).ok()?.hash(hasher);
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_types_depend_on_all_files_of_a_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let hash = || {
            let mut hasher = DefaultHasher::new();
            hash_folder(folder.path(), &mut hasher).map(|()| hasher.finish())
        };
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("written");
        };
        write("main.py", "1");
        let first = hash();
        assert!(first.is_some());
        write("__pycache__/main.pyc", "1");
        write("node_modules/a/index.js", "1");
        assert_eq!(hash(), first);
        write("lib/a.json", "1");
        let second = hash();
        assert_ne!(second, first);
        write("lib/a.json", "2");
        assert_ne!(hash(), second);
        std::os::unix::fs::symlink("lib", folder.path().join("link")).expect("a link");
        assert_eq!(hash(), None);
    }

    #[test]
    fn cached_types_replace_those_of_earlier_code() {
        let folder = tempfile::tempdir().expect("a folder");
        let cached = |key| CachedContract { folder: folder.path().join("contracts"), worker: "mail".to_owned(), key };
        assert_eq!(cached(1).read(), None);
        cached(1).write(b"one");
        assert_eq!(cached(1).read().as_deref(), Some(&b"one"[..]));
        cached(2).write(b"two");
        assert_eq!(cached(2).read().as_deref(), Some(&b"two"[..]));
        assert_eq!(cached(1).read(), None);
    }
}
