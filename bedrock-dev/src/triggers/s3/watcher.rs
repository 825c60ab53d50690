//! Watches a folder, waits until files are complete, and invokes the workers whose notifications match the changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use bedrock_local::event_sources::{ObjectChange, matches_change, s3_event};
use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::Instant;

use super::super::dispatcher::TriggerDispatcher;
use super::super::local_resources::LocalResources;
use super::folder::Folder;
use super::notification::BucketNotification;
use crate::Clock;
use crate::event_log::TriggerKind;

/// Delay after a file was closed or moved: further events of the same change follow immediately.
const CLOSED_DELAY: Duration = Duration::from_millis(20);
/// Delay after a file was written, for systems that do not report when it is closed, and for files that are never
/// closed.
const WRITTEN_DELAY: Duration = Duration::from_secs(2);
/// Maximum number of events that wait to be read. If there are more, the whole folder is scanned.
const MAX_WAITING_EVENTS: usize = 16_384;
/// How often an event is offered until it is accepted.
const MAX_ATTEMPTS: u32 = 4;
/// Pause between two attempts.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// A bucket with its notifications.
pub(in super::super) struct WatchedBucket {
    pub(in super::super) name: String,
    pub(in super::super) resources: LocalResources,
    pub(in super::super) notifications: Vec<BucketNotification>,
    pub(in super::super) dispatcher: Arc<TriggerDispatcher>,
    pub(in super::super) clock: Clock,
}

/// Watches an existing folder until the system reports no more events. Existing files cause no notifications.
pub(in super::super) fn watch(
    bucket: WatchedBucket,
    root: PathBuf,
) -> notify::Result<impl Future<Output = ()> + Send + 'static> {
    let (sender, events) = channel(MAX_WAITING_EVENTS);
    let has_lost_events = Arc::new(AtomicBool::new(false));
    let has_lost = Arc::clone(&has_lost_events);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Events that are not followed by a scan, such as reading, do not fill the channel.
        let is_relevant = event.as_ref().map_or(true, |event| scan_delay(event.kind).is_some() || event.need_rescan());
        if is_relevant && sender.try_send(event).is_err() {
            has_lost.store(true, Ordering::Release);
        }
    })?;
    watcher.watch(&root, RecursiveMode::Recursive)?;
    // Scanned after the watcher has started, so that no change in between is missed. Such changes are scanned twice.
    let folder = Folder::open(root);
    Ok(async move {
        // Events are reported until the watcher is dropped.
        let _watcher = watcher;
        process_events(&bucket, folder, events, &has_lost_events).await;
    })
}

async fn process_events(
    bucket: &WatchedBucket,
    mut folder: Folder,
    mut events: Receiver<notify::Result<Event>>,
    has_lost_events: &AtomicBool,
) {
    let mut pending = BTreeMap::<PathBuf, Instant>::new();
    let mut is_removed = false;
    loop {
        log_unnamed(bucket, &mut folder);
        let first_due = pending.values().min().copied();
        let event = match first_due {
            None => match events.recv().await {
                Some(event) => Some(event),
                None => return,
            },
            // `timeout_at` prefers an event that has arrived, so a program that writes without pause would delay all
            // notifications.
            Some(first_due) if first_due <= Instant::now() => None,
            Some(first_due) => tokio::time::timeout_at(first_due, events.recv()).await.ok().flatten(),
        };
        if has_lost_events.swap(false, Ordering::AcqRel) {
            pending.insert(folder.root().to_owned(), Instant::now() + CLOSED_DELAY);
        }
        match event {
            Some(Ok(event)) if !event.need_rescan() => {
                schedule_scan(&event, &mut pending);
                if !is_removed && removes_root(&event, folder.root()) {
                    is_removed = true;
                    log_removed(bucket, folder.root());
                }
            }
            // The system has lost events: scan everything.
            Some(_) => {
                pending.insert(folder.root().to_owned(), Instant::now() + CLOSED_DELAY);
            }
            None => {
                let now = Instant::now();
                let due: BTreeSet<PathBuf> =
                    pending.iter().filter(|(_, due)| **due <= now).map(|(path, _)| path.clone()).collect();
                pending.retain(|path, _| !due.contains(path));
                let scan = tokio::task::spawn_blocking(move || {
                    let changes = folder.take_changes(&due);
                    (folder, changes)
                });
                let Ok((scanned, changes)) = scan.await else { return };
                folder = scanned;
                for change in &changes {
                    notify_workers(bucket, change).await;
                }
            }
        }
    }
}

/// Returns how long after an event its paths are scanned. Returns `None` if the event changes no content.
fn scan_delay(kind: EventKind) -> Option<Duration> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(_))
        | EventKind::Remove(_) => Some(CLOSED_DELAY),
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => None,
        _ => Some(WRITTEN_DELAY),
    }
}

/// Sets when the paths of an event are scanned.
fn schedule_scan(event: &Event, pending: &mut BTreeMap<PathBuf, Instant>) {
    let Some(delay) = scan_delay(event.kind) else { return };
    for path in &event.paths {
        // A folder is complete immediately; its files cause events of their own.
        let delay = if delay == WRITTEN_DELAY && path.is_dir() { CLOSED_DELAY } else { delay };
        pending.insert(path.clone(), Instant::now() + delay);
    }
}

/// Returns whether an event removes the watched folder itself. The system then reports no more events, even if the
/// folder is created again.
fn removes_root(event: &Event, root: &Path) -> bool {
    matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)))
        && event.paths.iter().any(|path| path == root)
}

fn log_removed(bucket: &WatchedBucket, root: &Path) {
    let name = &bucket.name;
    let root = root.display();
    let message =
        format!("the folder `{root}` of bucket `{name}` was deleted (by `cargo clean`?); restart `cargo bedrock dev`");
    if let Some(notification) = bucket.notifications.first() {
        bucket.dispatcher.log_error(&notification.function.worker, &message);
    }
}

/// Logs which files of the folder are not objects of the bucket.
fn log_unnamed(bucket: &WatchedBucket, folder: &mut Folder) {
    for path in folder.take_unnamed() {
        let Some(notification) = bucket.notifications.first() else { return };
        let message = format!(
            "bucket `{}` ignores the file `{}`: its name is not UTF-8, which keys of objects are",
            bucket.name,
            path.strip_prefix(folder.root()).unwrap_or(&path).display()
        );
        bucket.dispatcher.log_warning(&notification.function.worker, &message);
    }
}

async fn notify_workers(bucket: &WatchedBucket, change: &ObjectChange) {
    for notification in bucket.notifications.iter().filter(|notification| matches_change(&notification.trigger, change))
    {
        let now = bucket.clock.now();
        let sequence = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let sequence = u64::try_from(sequence).unwrap_or(u64::MAX);
        let event =
            s3_event(&bucket.resources.names(), &bucket.name, &notification.id, change, now, sequence).to_string();
        let function = &notification.function;
        let mut attempts = 1;
        // The change is reported only once, so a rejected event must be offered again.
        while let Err(message) =
            bucket.dispatcher.accept(function, event.clone(), TriggerKind::Bucket, &bucket.name, 1).await
        {
            if attempts == MAX_ATTEMPTS {
                bucket.dispatcher.log_error(&function.worker, &message);
                break;
            }
            attempts += 1;
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }
}

#[cfg(test)]
mod tests;
