//! The code of durable workers in the state folder. An execution keeps the code with which it started, also after a reload
//! and after a restart of the server; `bedrock-durable` knows which code that is, and this module has it: a copy of the
//! files of a Python or JavaScript worker with links to its dependencies, or the program of a Rust worker.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bedrock_build::{App, Language};
use bedrock_local::OldCode;
use bedrock_model::id::new_uuid;
use tokio::sync::Notify;

use crate::code_files::{CodeFiles, CodeFilesError};
use crate::execution::{LogLine, LogSink};
use crate::installed_packages::InstalledPackages;
use crate::sync::Mutex;

/// Name of the folder in the state folder.
const FOLDER: &str = "code";
/// The extension of folders that are being written or deleted.
const PARTIAL: &str = "partial";
/// Name of the link to the dependencies of a Python worker.
const SITE: &str = "site";
/// Name of the program of a Rust worker.
const PROGRAM: &str = "program";
/// Name of the file with the versions of the packages that the code of a JavaScript worker had.
const PACKAGES: &str = "packages.json";

/// The code of the durable workers of an app. Its name is a hash of its content.
pub(crate) struct CodeStore {
    folder: PathBuf,
    root: PathBuf,
    workers: HashMap<String, DurableWorker>,
    /// The code that new executions keep, by worker.
    current: Mutex<HashMap<String, String>>,
    /// Workers and code that is stored to become the current one. Locked before `current`.
    pending: Mutex<BTreeSet<(String, String)>>,
    /// Notified when stored code may be no longer needed.
    changed: Notify,
    log_sink: LogSink,
    /// Workers about which it was logged that their code cannot be kept.
    warned: Mutex<BTreeSet<String>>,
    /// Workers and code of which it was logged that it is gone.
    gone: Mutex<BTreeSet<(String, String)>>,
    /// What was logged about the packages of code, by worker and code.
    package_changes: Mutex<HashMap<(String, String), String>>,
    /// Whether what was missing at the start is installed: before, packages may be gone only for a moment.
    is_installed: AtomicBool,
}

struct DurableWorker {
    dir: PathBuf,
    language: Language,
}

/// Code that is not the current one of its worker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StoredCode {
    /// Of a Python or JavaScript worker.
    Folder(OldCode),
    /// Of a Rust worker.
    Program(PathBuf),
}

impl CodeStore {
    /// Opens the store in the state folder. What an earlier server was writing when it was killed is deleted.
    pub(crate) fn open(app: &App, state_folder: &Path, log_sink: LogSink) -> Self {
        let folder = state_folder.join(FOLDER);
        for path in folders_in(&folder).iter().flat_map(|worker| folders_in(worker)) {
            if is_partial(&path) {
                // It is never used, and tried again at the next start.
                let _ = fs::remove_dir_all(path);
            }
        }
        let durable = app.workers.iter().filter(|worker| worker.settings.durable.is_some());
        let workers = durable.map(|worker| {
            let stored = DurableWorker { dir: PathBuf::from(&worker.dir), language: worker.language };
            (worker.name.to_string(), stored)
        });
        Self {
            folder,
            root: app.root.clone(),
            workers: workers.collect(),
            current: Mutex::default(),
            pending: Mutex::default(),
            changed: Notify::new(),
            log_sink,
            warned: Mutex::default(),
            gone: Mutex::default(),
            package_changes: Mutex::default(),
            is_installed: AtomicBool::new(false),
        }
    }

    /// Stores the code of all durable workers, with which a server starts. `programs` are those of the Rust workers.
    pub(crate) fn store_all(&self, programs: &HashMap<String, PathBuf>) {
        for (worker, DurableWorker { language, .. }) in &self.workers {
            let code = match (language, programs.get(worker)) {
                (Language::Rust, Some(program)) => self.store_program(worker, program),
                (Language::Rust, None) => None,
                _ => self.store_files(worker),
            };
            self.set_current(worker, code);
        }
    }

    /// Stores the files of a Python or JavaScript worker as they are now. Returns the name of the code. `None` if the
    /// worker is not durable, or its code cannot be kept, which is logged.
    pub(crate) fn store_files(&self, worker: &str) -> Option<String> {
        let DurableWorker { dir, language } = self.workers.get(worker)?;
        if *language == Language::Rust {
            return None;
        }
        let stored = CodeFiles::read(&self.root, dir).and_then(|files| {
            let code = files.digest();
            self.write(worker, &code, |folder| files.write(folder)).map_err(CodeFilesError::Io)?;
            Ok(code)
        });
        stored.inspect_err(|error| self.log_not_kept(worker, &error.to_string())).ok()
    }

    /// Stores the program of a Rust worker, a file whose name ends in a hash of its content and that is never changed.
    /// Returns the name of the code. `None` if the worker is not durable, or its program does not exist.
    pub(crate) fn store_program(&self, worker: &str, program: &Path) -> Option<String> {
        self.workers.get(worker)?;
        let code = program.file_name()?.to_str()?.strip_prefix(worker)?.strip_prefix('-')?.to_owned();
        let written = self.write(worker, &code, |folder| {
            fs::create_dir_all(folder)?;
            let path = folder.join(PROGRAM);
            // The file may be on another file system.
            fs::hard_link(program, &path).or_else(|_| fs::copy(program, &path).map(drop))
        });
        written.inspect_err(|error| self.log_not_kept(worker, &error.to_string())).ok()?;
        Some(code)
    }

    /// Writes a folder of code, if it does not exist. It stays at least until [`CodeStore::set_current`].
    fn write(&self, worker: &str, code: &str, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        let stored = (worker.to_owned(), code.to_owned());
        self.pending.lock().insert(stored.clone());
        let folder = self.folder_of(worker, code);
        if folder.is_dir() {
            return Ok(());
        }
        let partial = folder.with_extension(PARTIAL);
        let _ = fs::remove_dir_all(&partial);
        let written = write(&partial).and_then(|()| fs::rename(&partial, &folder));
        if written.is_err() {
            self.pending.lock().remove(&stored);
        }
        written
    }

    fn log_not_kept(&self, worker: &str, error: &str) {
        if !self.warned.lock().insert(worker.to_owned()) {
            return;
        }
        let text = format!("warning: executions do not keep this code of the worker when it changes: {error}");
        (self.log_sink)(LogLine { worker: worker.into(), request_id: None, text });
    }

    fn folder_of(&self, worker: &str, code: &str) -> PathBuf {
        self.folder.join(worker).join(code)
    }

    /// Makes code the one that new executions of a worker keep, and that its current processes have.
    pub(crate) fn set_current(&self, worker: &str, code: Option<String>) {
        let mut pending = self.pending.lock();
        let mut current = self.current.lock();
        if let Some(code) = code {
            pending.remove(&(worker.to_owned(), code.clone()));
            current.insert(worker.to_owned(), code);
        } else {
            current.remove(worker);
        }
        drop((current, pending));
        self.notify_changed();
    }

    /// Returns the code that new executions of a worker keep. `None` if they keep none.
    pub(crate) fn current(&self, worker: &str) -> Option<String> {
        self.current.lock().get(worker).cloned()
    }

    /// Links the folder with the dependencies that the code of a Python worker has.
    pub(crate) fn link_site(&self, worker: &str, code: &str, site: &Path) {
        let link = self.folder_of(worker, code).join(SITE);
        let _ = fs::remove_file(&link);
        // Without the link the code runs with the dependencies of later code.
        let _ = symlink(site, link);
    }

    /// Links the folders with the dependencies of all current code, which `site` returns for a worker, and stores which
    /// packages of Node.js it has, after the installation at the start. After a restart it may be old code.
    pub(crate) fn link_current_sites(&self, site: impl Fn(&str) -> Option<PathBuf>) {
        for (worker, code) in self.all_current() {
            if let Some(site) = site(&worker) {
                self.link_site(&worker, &code, &site);
            }
            self.record_packages(&worker, &code);
        }
        self.is_installed.store(true, Ordering::Relaxed);
        self.notify_changed();
    }

    /// Returns the packages that code of a JavaScript worker has today, and the file with those that it had. `None` for
    /// other workers, and if no package is installed.
    fn packages(&self, worker: &str, code: &str) -> Option<(InstalledPackages, PathBuf)> {
        let DurableWorker { dir, language } = self.workers.get(worker)?;
        let folder = self.folder_of(worker, code);
        if *language != Language::JavaScript {
            return None;
        }
        let today = InstalledPackages::read(&folder, dir);
        (!today.is_empty()).then(|| (today, folder.join(PACKAGES)))
    }

    /// Stores the versions of the packages with which code begins to run.
    fn record_packages(&self, worker: &str, code: &str) {
        if let Some((today, file)) = self.packages(worker, code)
            && !file.exists()
        {
            // Without the file no difference is found.
            let _ = today.write(&file);
        }
    }

    /// Logs of which code in `used` the packages have changed since it began to run: those are not kept. Each change is
    /// logged once. Executions that start from now on with the current code have the packages of today.
    pub(crate) fn log_package_changes(&self, used: &BTreeSet<(String, String)>) {
        if !self.is_installed.load(Ordering::Relaxed) {
            return;
        }
        for key in used {
            let (worker, code) = key;
            let Some((today, file)) = self.packages(worker, code) else { continue };
            let Some(difference) = InstalledPackages::open(&file).and_then(|before| before.difference(&today)) else {
                continue;
            };
            if self.current(worker).as_ref() == Some(code) {
                let _ = today.write(&file);
            }
            let last = self.package_changes.lock().insert(key.clone(), difference.clone());
            if last.as_ref() != Some(&difference) {
                let text =
                    format!("warning: executions continue with other packages than they started with: {difference}");
                (self.log_sink)(LogLine { worker: worker.as_str().into(), request_id: None, text });
            }
        }
    }

    /// Returns all folders of dependencies that stored code has.
    pub(crate) fn sites(&self) -> Vec<PathBuf> {
        let codes = folders_in(&self.folder).into_iter().flat_map(|worker| folders_in(&worker));
        codes.filter_map(|code| fs::read_link(code.join(SITE)).ok()).collect()
    }

    /// Returns code that is not the current one. `None` if it is, or is not stored any more.
    pub(crate) fn old(&self, worker: &str, code: &str) -> Option<StoredCode> {
        if self.current(worker).as_deref() == Some(code) {
            return None;
        }
        let folder = self.folder_of(worker, code);
        let program = folder.join(PROGRAM);
        if program.is_file() {
            return Some(StoredCode::Program(program));
        }
        let dir = &self.workers.get(worker)?.dir;
        if !folder.is_dir() {
            self.log_gone(worker, code);
            return None;
        }
        let site = fs::read_link(folder.join(SITE)).ok();
        Some(StoredCode::Folder(OldCode { folder: folder.join(dir), site }))
    }

    fn log_gone(&self, worker: &str, code: &str) {
        if self.gone.lock().insert((worker.to_owned(), code.to_owned())) {
            let text = format!(
                "warning: the old code of `{worker}` is gone, its executions continue with the current code; it was `{code}`"
            );
            (self.log_sink)(LogLine { worker: worker.into(), request_id: None, text });
        }
    }

    /// Wakes [`CodeStore::changed`].
    pub(crate) fn notify_changed(&self) {
        self.changed.notify_one();
    }

    /// Waits until stored code may be no longer needed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Returns the current code of each worker.
    pub(crate) fn all_current(&self) -> BTreeSet<(String, String)> {
        self.current.lock().iter().map(|(worker, code)| (worker.clone(), code.clone())).collect()
    }

    /// Deletes the code that is neither in `used` nor current. Returns the folders that the processes of the deleted code
    /// use.
    pub(crate) fn retain(&self, used: &BTreeSet<(String, String)>) -> Vec<PathBuf> {
        let mut deleted = Vec::new();
        let mut renamed = Vec::new();
        // What is written from now on stays.
        let pending = self.pending.lock();
        let current = self.all_current();
        for worker_folder in folders_in(&self.folder) {
            let worker = name(&worker_folder);
            for folder in folders_in(&worker_folder) {
                let code = (worker.clone(), name(&folder));
                if is_partial(&folder) || [used, &current, &*pending].iter().any(|kept| kept.contains(&code)) {
                    continue;
                }
                // The code may be written again while this folder is deleted.
                let partial = worker_folder.join(format!("{}-{}.{PARTIAL}", code.1, new_uuid()));
                // What cannot be deleted now is deleted later.
                if fs::rename(&folder, &partial).is_ok() {
                    renamed.push(partial);
                    deleted.extend(self.workers.get(&worker).map(|worker| folder.join(&worker.dir)));
                    deleted.push(folder.join(PROGRAM));
                }
            }
        }
        drop(pending);
        for partial in renamed {
            let _ = fs::remove_dir_all(partial);
        }
        deleted
    }
}

/// Code that was the current one, with the folder of its dependencies.
pub(crate) struct ReplacedCode {
    pub(crate) name: String,
    pub(crate) site: PathBuf,
}

/// Stores the code of a worker on a blocking thread, after the link to the dependencies of the code before.
pub(crate) async fn store_files(
    store: Arc<CodeStore>,
    worker: String,
    replaced: Option<ReplacedCode>,
) -> Option<String> {
    let stored = tokio::task::spawn_blocking(move || {
        if let Some(ReplacedCode { name, site }) = replaced {
            store.link_site(&worker, &name, &site);
        }
        store.store_files(&worker)
    });
    // Joining fails if the server is stopping.
    stored.await.ok().flatten()
}

/// Makes stored files the current code of a worker, after its packages were installed.
pub(crate) async fn set_current_files(store: Arc<CodeStore>, worker: String, code: Option<String>) {
    let set = tokio::task::spawn_blocking(move || {
        if let Some(code) = &code {
            store.record_packages(&worker, code);
        }
        store.set_current(&worker, code);
    });
    // Joining fails if the server is stopping.
    let _ = set.await;
}

/// Stores the program of a worker on a blocking thread, and makes it the current code.
pub(crate) async fn replace_program(store: Arc<CodeStore>, worker: String, program: PathBuf) {
    let stored = tokio::task::spawn_blocking(move || {
        let code = store.store_program(&worker, &program);
        store.set_current(&worker, code);
    });
    // Joining fails if the server is stopping.
    let _ = stored.await;
}

/// Returns the folders in a folder; none if it does not exist.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

fn is_partial(folder: &Path) -> bool {
    folder.extension().is_some_and(|extension| extension == PARTIAL)
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
