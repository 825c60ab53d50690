//! Batches with a paused clock and simulated events, and real events of a temporary folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, CreateKind, DataChange, Flag, MetadataKind, ModifyKind};
use notify::{Event, EventKind};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Duration, advance};

use super::{BATCH_QUIET_PERIOD, FileWatcher, MAX_BATCH_DURATION, is_change};

/// Returns a watcher whose events the test sends.
fn simulated_watcher(dir: &Path) -> (FileWatcher, Sender<notify::Result<Event>>) {
    let mut watcher = FileWatcher::start([dir.to_owned()]).expect("a watcher");
    let (sender, events) = channel(10_000);
    watcher.events = events;
    (watcher, sender)
}

fn modify_event(path: &Path) -> Event {
    Event::new(EventKind::Modify(ModifyKind::Data(DataChange::Any))).add_path(path.to_owned())
}

fn temporary_folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().canonicalize().expect("a folder");
    (dir, root)
}

#[tokio::test(start_paused = true)]
async fn many_simultaneous_changes_are_one_batch() {
    let (_dir, root) = temporary_folder();
    let (mut watcher, sender) = simulated_watcher(&root);
    let sending = tokio::spawn({
        let root = root.clone();
        async move {
            for number in 0..500 {
                sender.try_send(Ok(modify_event(&root.join(format!("{number}.py"))))).expect("sent");
                if number % 100 == 0 {
                    tokio::time::sleep(BATCH_QUIET_PERIOD / 2).await;
                }
            }
            tokio::time::sleep(BATCH_QUIET_PERIOD * 2).await;
            sender.try_send(Ok(modify_event(&root.join("later.py")))).expect("sent");
        }
    });
    assert_eq!(watcher.next().await.expect("a batch").paths.len(), 500);
    assert_eq!(watcher.next().await.expect("a batch").paths, BTreeSet::from([root.join("later.py")]));
    sending.await.expect("all are sent");
    assert!(watcher.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn continuous_changes_do_not_delay_a_batch_forever() {
    let (_dir, root) = temporary_folder();
    let (mut watcher, sender) = simulated_watcher(&root);
    let sending = tokio::spawn(async move {
        for number in 0.. {
            if sender.try_send(Ok(modify_event(&root.join(format!("{number}.py"))))).is_err() {
                break;
            }
            tokio::time::sleep(BATCH_QUIET_PERIOD / 3).await;
        }
    });
    let batch = watcher.next().await.expect("a batch");
    assert!(batch.since.elapsed() <= MAX_BATCH_DURATION + Duration::from_millis(1));
    drop(watcher);
    sending.await.expect("it stops");
}

#[tokio::test(start_paused = true)]
async fn batch_is_complete_after_a_cancelled_wait() {
    let (_dir, root) = temporary_folder();
    let (mut watcher, sender) = simulated_watcher(&root);
    sender.try_send(Ok(modify_event(&root.join("a.py")))).expect("sent");
    assert!(tokio::time::timeout(BATCH_QUIET_PERIOD / 2, watcher.next()).await.is_err());
    sender.try_send(Ok(modify_event(&root.join("b.py")))).expect("sent");
    assert_eq!(watcher.next().await.expect("a batch").paths.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn ignored_files_do_not_start_or_extend_a_batch() {
    let (_dir, root) = temporary_folder();
    fs::write(root.join(".gitignore"), "*.log\n").expect("a file");
    let (mut watcher, sender) = simulated_watcher(&root);
    sender.try_send(Ok(modify_event(&root.join("a.log")))).expect("sent");
    sender.try_send(Ok(modify_event(&root.join("target/debug/a.py")))).expect("sent");
    assert!(tokio::time::timeout(MAX_BATCH_DURATION, watcher.next()).await.is_err());
    sender.try_send(Ok(modify_event(&root.join("a.py")))).expect("sent");
    let sending = tokio::spawn(async move {
        for _ in 0..10 {
            advance(BATCH_QUIET_PERIOD / 3).await;
            let _ = sender.try_send(Ok(modify_event(&root.join("a.log"))));
        }
    });
    assert!(watcher.next().await.expect("a batch").since.elapsed() < BATCH_QUIET_PERIOD * 2);
    sending.abort();
}

#[tokio::test(start_paused = true)]
async fn lost_events_require_a_rescan() {
    let (_dir, root) = temporary_folder();
    let (mut watcher, sender) = simulated_watcher(&root);
    sender.try_send(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan))).expect("sent");
    assert!(watcher.next().await.expect("a batch").needs_rescan);
}

#[tokio::test(start_paused = true)]
async fn temporary_file_is_not_a_change() {
    let (_dir, root) = temporary_folder();
    let (mut watcher, sender) = simulated_watcher(&root);
    let send = |kind, name: &str| sender.try_send(Ok(Event::new(kind).add_path(root.join(name)))).expect("sent");
    let created = EventKind::Create(CreateKind::File);
    let removed = EventKind::Remove(notify::event::RemoveKind::File);
    // `sed -i` writes another file and renames it.
    send(created, "sedpzhaa5");
    send(EventKind::Modify(ModifyKind::Name(notify::event::RenameMode::From)), "sedpzhaa5");
    send(EventKind::Modify(ModifyKind::Name(notify::event::RenameMode::To)), "main.py");
    assert_eq!(watcher.next().await.expect("a batch").paths, BTreeSet::from([root.join("main.py")]));
    send(created, "alone.tmp");
    send(removed, "alone.tmp");
    assert!(tokio::time::timeout(MAX_BATCH_DURATION, watcher.next()).await.is_err());
    // A file that existed before is a change, also if it is written and deleted.
    send(removed, "old.py");
    send(created, "old.py");
    send(removed, "old.py");
    assert_eq!(watcher.next().await.expect("a batch").paths, BTreeSet::from([root.join("old.py")]));
    fs::write(root.join("new.py"), "").expect("a file");
    send(created, "new.py");
    assert_eq!(watcher.next().await.expect("a batch").paths, BTreeSet::from([root.join("new.py")]));
}

#[test]
fn reading_a_file_is_not_a_change() {
    let event = |kind| Event::new(kind);
    assert!(!is_change(&event(EventKind::Access(AccessKind::Open(AccessMode::Read)))));
    assert!(!is_change(&event(EventKind::Access(AccessKind::Close(AccessMode::Read)))));
    assert!(!is_change(&event(EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)))));
    assert!(is_change(&event(EventKind::Access(AccessKind::Close(AccessMode::Write)))));
    assert!(is_change(&event(EventKind::Create(CreateKind::File))));
}

/// Collects batches until one has the path: a slow machine may report one change in two batches.
async fn next_until(watcher: &mut FileWatcher, path: &Path) -> BTreeSet<PathBuf> {
    let mut paths = BTreeSet::new();
    while !paths.contains(path) {
        paths.extend(watcher.next().await.expect("a batch").paths);
    }
    paths
}

#[tokio::test]
async fn created_moved_and_deleted_folders_are_followed() {
    let (_dir, root) = temporary_folder();
    fs::create_dir(root.join("target")).expect("a folder");
    let mut watcher = FileWatcher::start([root.clone()]).expect("a watcher");
    // The file may be created before its folder is watched.
    fs::create_dir_all(root.join("a/b/c")).expect("folders");
    fs::write(root.join("a/b/c/1.py"), "").expect("a file");
    next_until(&mut watcher, &root.join("a/b/c/1.py")).await;
    fs::rename(root.join("a"), root.join("z")).expect("moved");
    next_until(&mut watcher, &root.join("z/b/c/1.py")).await;
    fs::write(root.join("target/1.py"), "").expect("a file");
    fs::write(root.join("z/b/c/2.py"), "").expect("a file");
    let paths = next_until(&mut watcher, &root.join("z/b/c/2.py")).await;
    assert!(!paths.contains(&root.join("target/1.py")) && !paths.contains(&root.join("a/b/c/2.py")), "{paths:?}");
    fs::remove_dir_all(root.join("z")).expect("deleted");
    next_until(&mut watcher, &root.join("z")).await;
    fs::create_dir_all(root.join("z/b")).expect("folders");
    fs::write(root.join("z/b/3.py"), "").expect("a file");
    next_until(&mut watcher, &root.join("z/b/3.py")).await;
}

#[tokio::test]
async fn save_by_renaming_is_a_change_of_the_file() {
    let (_dir, root) = temporary_folder();
    fs::write(root.join("main.py"), "1").expect("a file");
    let mut watcher = FileWatcher::start([root.clone()]).expect("a watcher");
    fs::write(root.join(".main.py.swp"), "2").expect("a file");
    fs::rename(root.join("main.py"), root.join("main.py~")).expect("moved");
    fs::rename(root.join(".main.py.swp"), root.join("main.py")).expect("moved");
    fs::remove_file(root.join("main.py~")).expect("deleted");
    let paths = next_until(&mut watcher, &root.join("main.py")).await;
    assert_eq!(paths, BTreeSet::from([root.join("main.py")]));
}

#[tokio::test]
async fn folder_is_watched_when_no_longer_ignored() {
    let (_dir, root) = temporary_folder();
    fs::create_dir(root.join("data")).expect("a folder");
    fs::write(root.join(".gitignore"), "data\n").expect("a file");
    let mut watcher = FileWatcher::start([root.clone()]).expect("a watcher");
    fs::write(root.join(".gitignore"), "").expect("a file");
    next_until(&mut watcher, &root.join(".gitignore")).await;
    fs::write(root.join("data/1.py"), "").expect("a file");
    next_until(&mut watcher, &root.join("data/1.py")).await;
}

#[test]
fn missing_folder_is_named_in_the_error() {
    let (_dir, root) = temporary_folder();
    let error = FileWatcher::start([root.join("nowhere")]).err().expect("an error");
    assert!(
        error.to_string().starts_with(&format!("failed to watch `{}`: ", root.join("nowhere").display())),
        "{error}"
    );
    assert_eq!(error.help(), None);
}

#[tokio::test(start_paused = true)]
async fn changes_during_initial_build_are_kept_except_lockfile() {
    let (_dir, root) = temporary_folder();
    let (mut watcher, sender) = simulated_watcher(&root);
    for name in ["Cargo.lock", "main.py"] {
        sender.try_send(Ok(modify_event(&root.join(name)))).expect("sent");
    }
    watcher.discard_lockfile_changes();
    assert_eq!(watcher.next().await.expect("a batch").paths, BTreeSet::from([root.join("main.py")]));
    sender.try_send(Ok(modify_event(&root.join("Cargo.lock")))).expect("sent");
    watcher.discard_lockfile_changes();
    drop(sender);
    assert!(watcher.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn waiting_events_do_not_keep_a_batch_open() {
    let (_dir, root) = temporary_folder();
    let (mut watcher, sender) = simulated_watcher(&root);
    sender.try_send(Ok(modify_event(&root.join("first.py")))).expect("sent");
    assert!(tokio::time::timeout(Duration::ZERO, watcher.next()).await.is_err());
    advance(MAX_BATCH_DURATION).await;
    // There is always another event, and the batch ends at its time.
    sender.try_send(Ok(modify_event(&root.join("second.py")))).expect("sent");
    assert_eq!(watcher.next().await.expect("a batch").paths, BTreeSet::from([root.join("first.py")]));
}

#[tokio::test(start_paused = true)]
async fn lost_events_cause_a_rescan() {
    let (_dir, root) = temporary_folder();
    let (mut watcher, sender) = simulated_watcher(&root);
    watcher.has_lost_events.store(true, std::sync::atomic::Ordering::Release);
    sender.try_send(Ok(modify_event(&root.join("first.py")))).expect("sent");
    assert!(watcher.next().await.expect("a batch").needs_rescan);
}

#[tokio::test(start_paused = true)]
async fn changes_behind_links_are_reported_by_the_links() {
    let (_dir, outside) = temporary_folder();
    let (_app_dir, root) = temporary_folder();
    fs::create_dir_all(outside.join("linked/lib")).expect("a folder");
    fs::create_dir_all(root.join("workers/plain")).expect("a folder");
    for file in ["linked/main.py", "linked/lib/a.py", "util.py", "other.py"] {
        fs::write(outside.join(file), "").expect("a file");
    }
    fs::write(root.join(".gitignore"), "*.log\n/ignored\n").expect("a file");
    let link = |target: &Path, name: &str| {
        std::os::unix::fs::symlink(target, root.join(name)).expect("a link");
    };
    link(&outside.join("linked"), "workers/linked");
    link(&outside.join("util.py"), "workers/plain/util.py");
    link(&root, "workers/plain/cycle");
    link(&outside, "ignored");
    let (mut watcher, sender) = simulated_watcher(&root);
    for file in ["linked/main.py", "linked/lib/a.py", "linked/x.log", "util.py", "other.py"] {
        sender.try_send(Ok(modify_event(&outside.join(file)))).expect("sent");
    }
    let expected = ["workers/linked/main.py", "workers/linked/lib/a.py", "workers/plain/util.py"];
    let paths = |names: &[&str]| names.iter().map(|name| root.join(name)).collect::<BTreeSet<_>>();
    assert_eq!(watcher.next().await.expect("a batch").paths, paths(&expected));
    // A link that appears while the app runs.
    link(&outside.join("linked"), "workers/later");
    sender.try_send(Ok(modify_event(&root.join("workers/later")))).expect("sent");
    let later = ["workers/later", "workers/later/main.py", "workers/later/lib/a.py"];
    assert_eq!(watcher.next().await.expect("a batch").paths, paths(&later));
    for name in ["workers/later", "workers/linked"] {
        fs::remove_file(root.join(name)).expect("removed");
        sender.try_send(Ok(modify_event(&root.join(name)))).expect("sent");
    }
    assert_eq!(watcher.next().await.expect("a batch").paths, paths(&["workers/later", "workers/linked"]));
    sender.try_send(Ok(modify_event(&outside.join("linked/main.py")))).expect("sent");
    assert!(tokio::time::timeout(MAX_BATCH_DURATION, watcher.next()).await.is_err());
}
