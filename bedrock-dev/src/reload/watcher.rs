//! Watches the files of an app, and collects their changes in batches: an editor that saves by renaming, or a checkout
//! of another branch, makes one batch. On Linux each folder is watched separately, so that ignored folders cost
//! nothing.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::Instant;

use super::ignore_rules::IgnoreRules;
use super::links::Links;

/// A batch ends after this time without a change.
const BATCH_QUIET_PERIOD: Duration = Duration::from_millis(20);
/// Maximum duration of a batch, for files that change all the time.
const MAX_BATCH_DURATION: Duration = Duration::from_millis(500);
/// Maximum number of events that wait to be read. If there are more, everything is scanned again.
const MAX_WAITING_EVENTS: usize = 16_384;
/// Maximum number of folders that are watched through one link, which may lead anywhere.
const MAX_LINKED_FOLDERS: usize = 1000;
/// Whether each folder is watched separately. Other systems watch whole trees, and one watch per folder would cost
/// more.
const WATCHES_EACH_FOLDER: bool = cfg!(target_os = "linux");

/// Why a folder cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The system's limit of watches is reached. Linux has one for each user.
    #[error("failed to watch `{path}`: the system's limit of watched folders is reached", path = .0.display())]
    Limit(PathBuf),
    /// Any other error.
    #[error("failed to watch `{path}`: {error}", path = .0.display(), error = .1)]
    Folder(PathBuf, io::Error),
}

impl WatchError {
    /// Returns what the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        matches!(self, Self::Limit(_)).then_some("run `sudo sysctl fs.inotify.max_user_watches=524288`")
    }

    fn new(path: &Path, error: notify::Error) -> Self {
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
pub(super) struct ChangeBatch {
    /// Absolute paths of files and folders that were created, modified or deleted.
    pub(super) paths: BTreeSet<PathBuf>,
    /// Paths at which nothing existed before the batch.
    created: HashSet<PathBuf>,
    /// The system has lost events, so anything may have changed.
    pub(super) needs_rescan: bool,
    /// Why some folders cannot be watched; changes in them are missed.
    pub(super) unwatched: Vec<WatchError>,
    /// When the first change was reported.
    pub(super) since: Instant,
    newest: Instant,
}

impl ChangeBatch {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            paths: BTreeSet::new(),
            created: HashSet::new(),
            needs_rescan: false,
            unwatched: Vec::new(),
            since: now,
            newest: now,
        }
    }

    fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.unwatched.is_empty() && !self.needs_rescan
    }

    /// Adds a path, and whether the event says that it is new.
    fn add(&mut self, path: PathBuf, kind: EventKind) {
        if matches!(kind, EventKind::Create(_)) && !self.paths.contains(&path) {
            self.created.insert(path.clone());
        }
        self.paths.insert(path);
    }

    /// Removes files that were created and deleted again within the batch: temporary files of tools.
    fn without_temporary_files(mut self) -> Self {
        for path in self.created.drain().filter(|path| fs::symlink_metadata(path).is_err()) {
            self.paths.remove(&path);
        }
        self
    }

    /// Returns when the batch ends if nothing more changes.
    fn end(&self) -> Instant {
        (self.newest + BATCH_QUIET_PERIOD).min(self.since + MAX_BATCH_DURATION)
    }
}

/// Watches the folders of an app. Changes are collected until a reloader asks for them.
pub struct FileWatcher {
    watcher: RecommendedWatcher,
    events: Receiver<notify::Result<Event>>,
    /// Whether events were dropped because the channel was full.
    has_lost_events: Arc<AtomicBool>,
    /// Ignore rules by watched tree.
    roots: Vec<IgnoreRules>,
    watched_folders: HashSet<PathBuf>,
    /// Links that lead to watched folders and files.
    links: Links,
    open_batch: Option<ChangeBatch>,
}

impl FileWatcher {
    /// Starts to watch these folders and everything below them that is not ignored.
    pub fn start(folders: impl IntoIterator<Item = PathBuf>) -> Result<Self, WatchError> {
        let (sender, events) = channel(MAX_WAITING_EVENTS);
        let has_lost_events = Arc::new(AtomicBool::new(false));
        let has_lost = Arc::clone(&has_lost_events);
        let mut roots = Vec::new();
        for folder in folders {
            // The system reports paths below the path that it was given.
            roots.push(folder.canonicalize().map_err(|error| WatchError::Folder(folder, error))?);
        }
        let first_root = roots.first().cloned().unwrap_or_default();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.as_ref().map_or(true, is_change) {
                // A full channel has an event that wakes the receiver.
                if sender.try_send(event).is_err() {
                    has_lost.store(true, Ordering::Release);
                }
            }
        });
        let watcher = watcher.map_err(|error| WatchError::new(&first_root, error))?;
        let ignore_rules = roots.iter().cloned().map(IgnoreRules::new).collect();
        let mut file_watcher = Self {
            watcher,
            events,
            has_lost_events,
            roots: ignore_rules,
            watched_folders: HashSet::new(),
            links: Links::default(),
            open_batch: None,
        };
        for root in roots {
            if !WATCHES_EACH_FOLDER {
                let result = file_watcher.watcher.watch(&root, RecursiveMode::Recursive);
                result.map_err(|error| WatchError::new(&root, error))?;
            }
            let mut existing_files = ChangeBatch::new();
            file_watcher.watch_tree(&root, &mut existing_files);
            if let Some(error) = existing_files.unwatched.pop() {
                return Err(error);
            }
        }
        Ok(file_watcher)
    }

    /// Discards changes of `Cargo.lock`, which cargo itself wrote during the initial build.
    pub fn discard_lockfile_changes(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.add_event(event);
        }
        if let Some(batch) = &mut self.open_batch {
            batch.paths.retain(|path| path.file_name().is_none_or(|name| name != "Cargo.lock"));
            let is_empty = batch.is_empty();
            self.open_batch.take_if(|_| is_empty);
        }
    }

    /// Waits for the next changes, and returns the absolute paths of the files and folders. Returns `None` if the watcher
    /// has ended. Cancel safe.
    pub async fn changed(&mut self) -> Option<BTreeSet<PathBuf>> {
        self.next().await.map(|batch| batch.paths)
    }

    /// Waits for the next batch. Returns `None` if the watcher has ended. Cancel safe: changes that were collected
    /// before the future is dropped are in the next batch.
    pub(super) async fn next(&mut self) -> Option<ChangeBatch> {
        loop {
            let end = self.open_batch.as_ref().map(ChangeBatch::end);
            let event = match end {
                None => Some(self.events.recv().await?),
                // `timeout_at` prefers an event that has arrived, so a program that writes without pause would keep
                // the batch open.
                Some(end) if end <= Instant::now() => None,
                Some(end) => tokio::time::timeout_at(end, self.events.recv()).await.ok().flatten(),
            };
            match event {
                Some(event) => {
                    self.add_event(event);
                    self.add_lost_events();
                }
                None => match self.open_batch.take().map(ChangeBatch::without_temporary_files) {
                    Some(batch) if batch.is_empty() => {}
                    batch => return batch,
                },
            }
        }
    }

    /// Marks the batch if events were dropped: anything may have changed.
    fn add_lost_events(&mut self) {
        if self.has_lost_events.swap(false, Ordering::AcqRel) {
            let mut batch = self.open_batch.take().unwrap_or_else(ChangeBatch::new);
            batch.needs_rescan = true;
            self.watch_all_trees(&mut batch);
            self.open_batch = Some(batch);
        }
    }

    fn add_event(&mut self, event: notify::Result<Event>) {
        let mut batch = self.open_batch.take().unwrap_or_else(ChangeBatch::new);
        let previous_count = batch.paths.len();
        match event {
            Ok(event) if !event.need_rescan() => {
                for path in &event.paths {
                    self.add_path(path, event.kind, &mut batch);
                }
            }
            Ok(_) | Err(_) => {
                batch.needs_rescan = true;
                self.watch_all_trees(&mut batch);
            }
        }
        if batch.paths.len() > previous_count {
            batch.newest = Instant::now();
        }
        self.open_batch = (!batch.is_empty()).then_some(batch);
    }

    /// Adds a path to the batch according to what exists at the path now, also by the paths that lead to it through
    /// links.
    fn add_path(&mut self, path: &Path, kind: EventKind, batch: &mut ChangeBatch) {
        let metadata = fs::symlink_metadata(path);
        let is_folder = match &metadata {
            Ok(metadata) => metadata.is_dir(),
            Err(_) => self.unwatch_tree(path),
        };
        let is_link = metadata.is_ok_and(|metadata| metadata.is_symlink());
        for shown in std::iter::once(path.to_owned()).chain(self.links.paths_of(path)) {
            if self.is_ignored(&shown, is_folder) {
                continue;
            }
            if IgnoreRules::is_ignore_file(&shown) {
                // Files that were ignored until now have not changed.
                self.roots.iter_mut().for_each(IgnoreRules::clear_cache);
                self.watch_all_trees(batch);
            }
            if is_folder && path.exists() {
                // Changes in an existing folder have events of their own. Files in a new folder do not.
                if is_new_path(kind) {
                    batch.add(shown.clone(), kind);
                    self.watch_tree_as(path, &shown, batch);
                }
                continue;
            }
            if is_link {
                self.follow_link(&shown, batch);
            } else {
                self.links.remove(&shown);
            }
            batch.add(shown, kind);
        }
    }

    /// Watches a folder and everything below it, and adds the files: they may have been created before they were
    /// watched.
    fn watch_tree(&mut self, folder: &Path, batch: &mut ChangeBatch) {
        self.watch_tree_as(folder, folder, batch);
    }

    /// Watches a folder that is reached by the path `shown`, and adds its files by such paths.
    fn watch_tree_as(&mut self, folder: &Path, shown: &Path, batch: &mut ChangeBatch) {
        let is_linked = folder != shown;
        let mut folder_count = 0;
        let mut folders = vec![(folder.to_owned(), shown.to_owned())];
        while let Some((folder, shown)) = folders.pop() {
            folder_count += 1;
            if self.is_ignored(&shown, true) || (is_linked && folder_count > MAX_LINKED_FOLDERS) {
                continue;
            }
            if let Err(error) = self.watch_folder(&folder) {
                // A folder that was deleted in the meantime has an event of its own.
                if folder.is_dir() {
                    batch.unwatched.push(error);
                }
                continue;
            }
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let shown = shown.join(entry.file_name());
                let kind = entry.file_type();
                if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
                    folders.push((path, shown));
                } else if !self.is_ignored(&shown, false) {
                    if kind.is_ok_and(|kind| kind.is_symlink()) {
                        self.follow_link(&shown, batch);
                    }
                    batch.paths.insert(shown);
                }
            }
        }
    }

    /// Watches the target of a link.
    fn follow_link(&mut self, link: &Path, batch: &mut ChangeBatch) {
        if self.is_ignored(link, link.is_dir()) {
            return;
        }
        let Some(target) = self.links.add(link) else { return };
        let is_folder = target.is_dir();
        let Some(folder) = (if is_folder { Some(target.as_path()) } else { target.parent() }) else { return };
        if !WATCHES_EACH_FOLDER && !self.roots.iter().any(|rules| folder.starts_with(rules.root())) {
            let mode = if is_folder { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            if let Err(error) = self.watcher.watch(folder, mode) {
                batch.unwatched.push(WatchError::new(folder, error));
            }
        }
        if is_folder {
            self.watch_tree_as(&target, link, batch);
        } else if let Err(error) = self.watch_folder(folder) {
            batch.unwatched.push(error);
        }
    }

    fn watch_folder(&mut self, folder: &Path) -> Result<(), WatchError> {
        if WATCHES_EACH_FOLDER {
            let watched = self.watcher.watch(folder, RecursiveMode::NonRecursive);
            watched.map_err(|error| WatchError::new(folder, error))?;
        }
        self.watched_folders.insert(folder.to_owned());
        Ok(())
    }

    /// Stops watching a deleted path and everything below it; otherwise, moved folders would report changes by their
    /// old paths. Returns whether the path was a folder.
    fn unwatch_tree(&mut self, path: &Path) -> bool {
        let was_folder = self.watched_folders.contains(path);
        if was_folder {
            let folders = self.watched_folders.extract_if(|folder| folder.starts_with(path)).collect::<Vec<_>>();
            for folder in folders.iter().filter(|_| WATCHES_EACH_FOLDER) {
                // This fails if the system has removed the watch itself.
                let _ = self.watcher.unwatch(folder);
            }
        }
        was_folder
    }

    /// Watches all folders that exist now, without adding their files to the batch.
    fn watch_all_trees(&mut self, batch: &mut ChangeBatch) {
        let mut existing_files = ChangeBatch::new();
        let roots: Vec<PathBuf> = self.roots.iter().map(|rules| rules.root().to_owned()).collect();
        for root in &roots {
            self.watch_tree(root, &mut existing_files);
        }
        batch.unwatched.append(&mut existing_files.unwatched);
    }

    /// Returns whether a path is ignored according to the innermost tree that contains it.
    fn is_ignored(&mut self, path: &Path, is_folder: bool) -> bool {
        let containing_roots = self.roots.iter_mut().filter(|rules| path.starts_with(rules.root()));
        let innermost_root = containing_roots.max_by_key(|rules| rules.root().as_os_str().len());
        innermost_root.is_none_or(|rules| rules.ignores(path, is_folder))
    }
}

/// Returns whether an event may be a change: it is not if a file was only read.
fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        EventKind::Modify(ModifyKind::Metadata(_)) => false,
        _ => true,
    }
}

/// Returns whether a folder may have been created at, or moved to, the path of an event.
fn is_new_path(kind: EventKind) -> bool {
    match kind {
        // Some systems do not report the kind.
        EventKind::Create(_) | EventKind::Any | EventKind::Other => true,
        EventKind::Modify(ModifyKind::Name(mode)) => mode != RenameMode::From,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
