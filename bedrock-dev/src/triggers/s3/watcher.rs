//! Looks at a folder when the system says that something happens in it, waits until files are whole, and has the workers
//! invoked that hear of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use super::super::dispatcher::TriggerDispatcher;
use super::super::local_resources::LocalResources;
use super::event::{BucketNotification, event};
use super::folder::{Change, Folder};
use crate::Clock;
use crate::event_log::TriggerKind;

/// Behind a file that was closed or moved: the rest of what belongs to it comes at once.
const CLOSED: Duration = Duration::from_millis(20);
/// Behind a file that is being written, on systems that do not say when it is closed, and for those that never are.
const WRITTEN: Duration = Duration::from_secs(2);
/// How often an event is offered that is not accepted.
const TRIES: u32 = 4;
/// In between.
const PAUSE: Duration = Duration::from_millis(500);

/// A bucket that workers hear of.
pub(in super::super) struct Watched {
    pub(in super::super) name: String,
    pub(in super::super) site: LocalResources,
    pub(in super::super) listeners: Vec<BucketNotification>,
    pub(in super::super) firing: Arc<TriggerDispatcher>,
    pub(in super::super) clock: Clock,
}

/// Runs until the system tells no more. The folder is there; what is in it is nothing new.
pub(in super::super) fn watch(
    watched: Watched,
    root: PathBuf,
) -> notify::Result<impl Future<Output = ()> + Send + 'static> {
    let (sender, events) = unbounded_channel();
    let mut eyes = notify::recommended_watcher(move |event: notify::Result<Event>| {
        let _ = sender.send(event);
    })?;
    eyes.watch(&root, RecursiveMode::Recursive)?;
    // Behind the watcher, so that nothing comes unnoticed in between; what comes in between is looked at twice.
    let folder = Folder::open(root);
    Ok(async move {
        // It tells as long as it is there.
        let _eyes = eyes;
        follow(&watched, folder, events).await;
    })
}

async fn follow(watched: &Watched, mut folder: Folder, mut events: UnboundedReceiver<notify::Result<Event>>) {
    let mut open = BTreeMap::<PathBuf, Instant>::new();
    let mut is_gone = false;
    loop {
        let first = open.values().min().copied();
        let event = match first {
            None => match events.recv().await {
                Some(event) => Some(event),
                None => return,
            },
            Some(first) => tokio::time::timeout_at(first, events.recv()).await.ok().flatten(),
        };
        match event {
            Some(Ok(event)) if !event.need_rescan() => {
                note(&event, &mut open);
                if !is_gone && removes(&event, folder.root()) {
                    is_gone = true;
                    complain(watched, folder.root());
                }
            }
            // The system has lost count.
            Some(_) => {
                open.insert(folder.root().to_owned(), Instant::now() + CLOSED);
            }
            None => {
                let now = Instant::now();
                let due: BTreeSet<PathBuf> =
                    open.iter().filter(|(_, due)| **due <= now).map(|(path, _)| path.clone()).collect();
                open.retain(|path, _| !due.contains(path));
                let looked = tokio::task::spawn_blocking(move || {
                    let changes = folder.look(&due);
                    (folder, changes)
                });
                let Ok((looked, changes)) = looked.await else { return };
                folder = looked;
                for change in &changes {
                    tell(watched, change).await;
                }
            }
        }
    }
}

/// When the paths of an event may be looked at.
fn note(event: &Event, open: &mut BTreeMap<PathBuf, Instant>) {
    let wait = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(_))
        | EventKind::Remove(_) => CLOSED,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => return,
        _ => WRITTEN,
    };
    for path in &event.paths {
        // A folder is whole as it is; its files tell of themselves.
        let wait = if wait == WRITTEN && path.is_dir() { CLOSED } else { wait };
        open.insert(path.clone(), Instant::now() + wait);
    }
}

/// Whether the folder itself is gone: the system tells nothing more of it, also if it is made again.
fn removes(event: &Event, root: &Path) -> bool {
    matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)))
        && event.paths.iter().any(|path| path == root)
}

fn complain(watched: &Watched, root: &Path) {
    let (name, root) = (&watched.name, root.display());
    let message = format!(
        "the folder `{root}` of bucket `{name}` is gone; was `cargo clean` run? start `cargo bedrock dev` again"
    );
    if let Some(listener) = watched.listeners.first() {
        watched.firing.complain(&listener.function.worker, &message);
    }
}

async fn tell(watched: &Watched, change: &Change) {
    for listener in watched.listeners.iter().filter(|listener| listener.hears(change)) {
        let now = watched.clock.now();
        let number = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        let event = event(&watched.site, &watched.name, &listener.id, change, now, number).to_string();
        let (function, from) = (&listener.function, (TriggerKind::Bucket, watched.name.as_str()));
        let mut tries = 1;
        // Nobody tells of the object again.
        while let Err(message) = watched.firing.accept(function, event.clone(), from, 1).await {
            if tries == TRIES {
                watched.firing.complain(&function.worker, &message);
                break;
            }
            tries += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests;
