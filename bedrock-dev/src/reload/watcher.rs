//! Which files of an app change, burst by burst: an editor that saves by renaming, or a checkout of another branch, is one.
//! Each folder is watched on its own where the system can, so that nothing is paid for those that are ignored.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use super::ignore_rules::Ignored;

/// A burst is over when nothing more has come for so long.
const QUIET: Duration = Duration::from_millis(20);
/// Whoever writes all the time is not waited for any longer.
const LONGEST: Duration = Duration::from_millis(500);
/// Elsewhere the system watches whole trees, and one for each folder would cost more.
const BY_FOLDER: bool = cfg!(target_os = "linux");

/// Why nothing can be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The system has no more watches; Linux gives each user a number of them.
    #[error("failed to watch `{path}`: the system's limit of watched folders is reached", path = .0.display())]
    Limit(PathBuf),
    /// Anything else.
    #[error("failed to watch `{path}`: {error}", path = .0.display(), error = .1)]
    Folder(PathBuf, io::Error),
}

impl WatchError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        matches!(self, Self::Limit(_)).then_some("run `sudo sysctl fs.inotify.max_user_watches=524288`")
    }

    fn of(path: &Path, error: notify::Error) -> Self {
        let error = match error.kind {
            notify::ErrorKind::MaxFilesWatch => return Self::Limit(path.to_owned()),
            notify::ErrorKind::Io(error) => error,
            notify::ErrorKind::PathNotFound => io::ErrorKind::NotFound.into(),
            other => io::Error::other(format!("{other:?}")),
        };
        Self::Folder(path.to_owned(), error)
    }
}

/// Changes that belong together.
#[derive(Debug)]
pub(crate) struct ChangeBatch {
    /// Of files and folders that are there now, and that are gone; absolute.
    pub(crate) paths: BTreeSet<PathBuf>,
    /// The system has lost count: anything may have changed.
    pub(crate) lost: bool,
    /// Folders whose changes will not be seen, and why.
    pub(crate) blind: Vec<WatchError>,
    /// When the first came.
    pub(crate) since: Instant,
    last: Instant,
}

impl ChangeBatch {
    fn begun() -> Self {
        let now = Instant::now();
        Self { paths: BTreeSet::new(), lost: false, blind: Vec::new(), since: now, last: now }
    }

    fn over(&self) -> Instant {
        (self.last + QUIET).min(self.since + LONGEST)
    }
}

/// The folders of an app, watched. What is saved is kept until a reloader asks for it.
pub struct FileWatcher {
    watcher: RecommendedWatcher,
    events: UnboundedReceiver<notify::Result<Event>>,
    roots: Vec<Ignored>,
    watched: HashSet<PathBuf>,
    open: Option<ChangeBatch>,
}

impl FileWatcher {
    /// Watches these folders and all below them that are not ignored.
    pub fn start(folders: impl IntoIterator<Item = PathBuf>) -> Result<Self, WatchError> {
        let (sender, events) = unbounded_channel();
        let mut roots = Vec::new();
        for folder in folders {
            // The system reports the paths by which it was asked.
            roots.push(folder.canonicalize().map_err(|error| WatchError::Folder(folder, error))?);
        }
        let first = roots.first().cloned().unwrap_or_default();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.as_ref().map_or(true, is_change) {
                let _ = sender.send(event);
            }
        });
        let watcher = watcher.map_err(|error| WatchError::of(&first, error))?;
        let below = roots.iter().cloned().map(Ignored::below).collect();
        let mut watch = Self { watcher, events, roots: below, watched: HashSet::new(), open: None };
        for root in roots {
            if !BY_FOLDER {
                let whole = watch.watcher.watch(&root, RecursiveMode::Recursive);
                whole.map_err(|error| WatchError::of(&root, error))?;
            }
            let mut seen = ChangeBatch::begun();
            watch.enter(&root, &mut seen);
            if let Some(problem) = seen.blind.pop() {
                return Err(problem);
            }
        }
        Ok(watch)
    }

    /// Forgets what cargo itself wrote while it compiled for the first time.
    pub fn compiled(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.take(event);
        }
        if let Some(batch) = &mut self.open {
            batch.paths.retain(|path| path.file_name().is_none_or(|name| name != "Cargo.lock"));
            let is_empty = batch.paths.is_empty() && batch.blind.is_empty() && !batch.lost;
            self.open.take_if(|_| is_empty);
        }
    }

    /// Waits for the next burst; nothing comes any more if the watcher has ended. Can be dropped and asked again.
    pub(crate) async fn next(&mut self) -> Option<ChangeBatch> {
        loop {
            let over = self.open.as_ref().map(ChangeBatch::over);
            let event = match over {
                None => Some(self.events.recv().await?),
                Some(over) => tokio::time::timeout_at(over, self.events.recv()).await.ok().flatten(),
            };
            match event {
                Some(event) => self.take(event),
                None => return self.open.take(),
            }
        }
    }

    fn take(&mut self, event: notify::Result<Event>) {
        let mut batch = self.open.take().unwrap_or_else(ChangeBatch::begun);
        let before = batch.paths.len();
        match event {
            Ok(event) if !event.need_rescan() => {
                for path in &event.paths {
                    self.look(path, event.kind, &mut batch);
                }
            }
            Ok(_) | Err(_) => {
                batch.lost = true;
                self.enter_all(&mut batch);
            }
        }
        if batch.paths.len() > before {
            batch.last = Instant::now();
        }
        let is_empty = batch.paths.is_empty() && batch.blind.is_empty() && !batch.lost;
        self.open = (!is_empty).then_some(batch);
    }

    /// Notes what is at a path now.
    fn look(&mut self, path: &Path, kind: EventKind, batch: &mut ChangeBatch) {
        let is_folder = match fs::symlink_metadata(path) {
            Ok(found) => found.is_dir(),
            Err(_) => self.leave(path),
        };
        if self.ignores(path, is_folder) {
            return;
        }
        if Ignored::is_list(path) {
            // What it ignored before has not changed.
            self.roots.iter_mut().for_each(Ignored::forget);
            self.enter_all(batch);
        }
        if is_folder && path.exists() {
            // What is in it tells of itself, unless it came along with the folder.
            if is_new(kind) {
                batch.paths.insert(path.to_owned());
                self.enter(path, batch);
            }
            return;
        }
        batch.paths.insert(path.to_owned());
    }

    /// Watches a folder and those below it, and notes the files in them: they may have come before they were watched.
    fn enter(&mut self, folder: &Path, batch: &mut ChangeBatch) {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            if self.ignores(&folder, true) {
                continue;
            }
            if let Err(problem) = self.watch(&folder) {
                // It may be gone by now; then its end was noted, too.
                if folder.is_dir() {
                    batch.blind.push(problem);
                }
                continue;
            }
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if !self.ignores(&path, false) {
                    batch.paths.insert(path);
                }
            }
        }
    }

    fn watch(&mut self, folder: &Path) -> Result<(), WatchError> {
        if BY_FOLDER {
            let watched = self.watcher.watch(folder, RecursiveMode::NonRecursive);
            watched.map_err(|error| WatchError::of(folder, error))?;
        }
        self.watched.insert(folder.to_owned());
        Ok(())
    }

    /// Watches nothing at and below a path that is gone; says whether it was a folder. Folders that were moved would
    /// tell of their changes by their old names otherwise.
    fn leave(&mut self, path: &Path) -> bool {
        let was_folder = self.watched.contains(path);
        if was_folder {
            let below = self.watched.extract_if(|folder| folder.starts_with(path)).collect::<Vec<_>>();
            for folder in below.iter().filter(|_| BY_FOLDER) {
                // The system may have noticed by itself.
                let _ = self.watcher.unwatch(folder);
            }
        }
        was_folder
    }

    /// Watches what is there now, without a note of the files.
    fn enter_all(&mut self, batch: &mut ChangeBatch) {
        let mut unchanged = ChangeBatch::begun();
        let roots: Vec<PathBuf> = self.roots.iter().map(|root| root.root().to_owned()).collect();
        for root in &roots {
            self.enter(root, &mut unchanged);
        }
        batch.blind.append(&mut unchanged.blind);
    }

    /// What the innermost of the watched trees says.
    fn ignores(&mut self, path: &Path, is_folder: bool) -> bool {
        let holding = self.roots.iter_mut().filter(|root| path.starts_with(root.root()));
        let innermost = holding.max_by_key(|root| root.root().as_os_str().len());
        innermost.is_none_or(|root| root.has(path, is_folder))
    }
}

/// Whether an event is more than a look at a file.
fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        EventKind::Modify(ModifyKind::Metadata(_)) => false,
        _ => true,
    }
}

/// Whether a folder has come to this path.
fn is_new(kind: EventKind) -> bool {
    match kind {
        // Some systems do not say what it is.
        EventKind::Create(_) | EventKind::Any | EventKind::Other => true,
        EventKind::Modify(ModifyKind::Name(mode)) => mode != RenameMode::From,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
