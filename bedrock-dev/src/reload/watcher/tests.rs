//! Bursts with a clock that stands still while something is to be done, and a real folder that is really watched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, CreateKind, DataChange, Flag, MetadataKind, ModifyKind};
use notify::{Event, EventKind};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{Duration, advance};

use super::{FileWatcher, LONGEST, QUIET, is_change};

/// A folder whose changes are told by the test.
fn told(dir: &Path) -> (FileWatcher, UnboundedSender<notify::Result<Event>>) {
    let mut watch = FileWatcher::start([dir.to_owned()]).expect("a watch");
    let (sender, events) = unbounded_channel();
    watch.events = events;
    (watch, sender)
}

fn saved(path: &Path) -> Event {
    Event::new(EventKind::Modify(ModifyKind::Data(DataChange::Any))).add_path(path.to_owned())
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().canonicalize().expect("a folder");
    (dir, root)
}

#[tokio::test(start_paused = true)]
async fn five_hundred_files_within_a_moment_are_one_burst_and_a_later_one_is_another() {
    let (_dir, root) = folder();
    let (mut watch, sender) = told(&root);
    let teller = tokio::spawn({
        let root = root.clone();
        async move {
            for number in 0..500 {
                sender.send(Ok(saved(&root.join(format!("{number}.py"))))).expect("sent");
                if number % 100 == 0 {
                    tokio::time::sleep(QUIET / 2).await;
                }
            }
            tokio::time::sleep(QUIET * 2).await;
            sender.send(Ok(saved(&root.join("later.py")))).expect("sent");
        }
    });
    assert_eq!(watch.next().await.expect("a burst").paths.len(), 500);
    assert_eq!(watch.next().await.expect("a burst").paths, BTreeSet::from([root.join("later.py")]));
    teller.await.expect("told");
    assert!(watch.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn who_saves_all_the_time_is_not_waited_for() {
    let (_dir, root) = folder();
    let (mut watch, sender) = told(&root);
    let teller = tokio::spawn(async move {
        for number in 0.. {
            if sender.send(Ok(saved(&root.join(format!("{number}.py"))))).is_err() {
                break;
            }
            tokio::time::sleep(QUIET / 3).await;
        }
    });
    let batch = watch.next().await.expect("a burst");
    assert!(batch.since.elapsed() <= LONGEST + Duration::from_millis(1));
    drop(watch);
    teller.await.expect("it stops");
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_whole_also_when_nobody_waited_for_its_end() {
    let (_dir, root) = folder();
    let (mut watch, sender) = told(&root);
    sender.send(Ok(saved(&root.join("a.py")))).expect("sent");
    assert!(tokio::time::timeout(QUIET / 2, watch.next()).await.is_err());
    sender.send(Ok(saved(&root.join("b.py")))).expect("sent");
    assert_eq!(watch.next().await.expect("a burst").paths.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_ignored_makes_no_burst_and_does_not_prolong_one() {
    let (_dir, root) = folder();
    fs::write(root.join(".gitignore"), "*.log\n").expect("a file");
    let (mut watch, sender) = told(&root);
    sender.send(Ok(saved(&root.join("a.log")))).expect("sent");
    sender.send(Ok(saved(&root.join("target/debug/a.py")))).expect("sent");
    assert!(tokio::time::timeout(LONGEST, watch.next()).await.is_err());
    sender.send(Ok(saved(&root.join("a.py")))).expect("sent");
    let teller = tokio::spawn(async move {
        for _ in 0..10 {
            advance(QUIET / 3).await;
            let _ = sender.send(Ok(saved(&root.join("a.log"))));
        }
    });
    assert!(watch.next().await.expect("a burst").since.elapsed() < QUIET * 2);
    teller.abort();
}

#[tokio::test(start_paused = true)]
async fn a_system_that_lost_count_is_believed() {
    let (_dir, root) = folder();
    let (mut watch, sender) = told(&root);
    sender.send(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan))).expect("sent");
    assert!(watch.next().await.expect("a burst").lost);
}

#[test]
fn a_look_at_a_file_is_no_change() {
    let event = |kind| Event::new(kind);
    assert!(!is_change(&event(EventKind::Access(AccessKind::Open(AccessMode::Read)))));
    assert!(!is_change(&event(EventKind::Access(AccessKind::Close(AccessMode::Read)))));
    assert!(!is_change(&event(EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)))));
    assert!(is_change(&event(EventKind::Access(AccessKind::Close(AccessMode::Write)))));
    assert!(is_change(&event(EventKind::Create(CreateKind::File))));
}

/// Collects bursts until one has the path: a slow machine may tell of one change in two.
async fn until(watch: &mut FileWatcher, path: &Path) -> BTreeSet<PathBuf> {
    let mut all = BTreeSet::new();
    while !all.contains(path) {
        all.extend(watch.next().await.expect("a burst").paths);
    }
    all
}

#[tokio::test]
async fn folders_that_come_move_and_go_are_watched_as_long_as_they_are_there() {
    let (_dir, root) = folder();
    fs::create_dir(root.join("target")).expect("a folder");
    let mut watch = FileWatcher::start([root.clone()]).expect("a watch");
    // Made with a file in it at once, which may come before the folder is watched.
    fs::create_dir_all(root.join("a/b/c")).expect("folders");
    fs::write(root.join("a/b/c/1.py"), "").expect("a file");
    until(&mut watch, &root.join("a/b/c/1.py")).await;
    fs::rename(root.join("a"), root.join("z")).expect("moved");
    until(&mut watch, &root.join("z/b/c/1.py")).await;
    fs::write(root.join("target/1.py"), "").expect("a file");
    fs::write(root.join("z/b/c/2.py"), "").expect("a file");
    let seen = until(&mut watch, &root.join("z/b/c/2.py")).await;
    assert!(!seen.contains(&root.join("target/1.py")) && !seen.contains(&root.join("a/b/c/2.py")), "{seen:?}");
    fs::remove_dir_all(root.join("z")).expect("gone");
    until(&mut watch, &root.join("z")).await;
    fs::create_dir_all(root.join("z/b")).expect("folders");
    fs::write(root.join("z/b/3.py"), "").expect("a file");
    until(&mut watch, &root.join("z/b/3.py")).await;
}

#[tokio::test]
async fn an_editor_that_saves_by_renaming_is_seen_by_the_name_of_the_file() {
    let (_dir, root) = folder();
    fs::write(root.join("main.py"), "1").expect("a file");
    let mut watch = FileWatcher::start([root.clone()]).expect("a watch");
    fs::write(root.join(".main.py.swp"), "2").expect("a file");
    fs::rename(root.join("main.py"), root.join("main.py~")).expect("moved");
    fs::rename(root.join(".main.py.swp"), root.join("main.py")).expect("moved");
    fs::remove_file(root.join("main.py~")).expect("gone");
    let seen = until(&mut watch, &root.join("main.py")).await;
    assert_eq!(seen, BTreeSet::from([root.join("main.py")]));
}

#[tokio::test]
async fn a_folder_that_is_no_longer_ignored_is_watched() {
    let (_dir, root) = folder();
    fs::create_dir(root.join("data")).expect("a folder");
    fs::write(root.join(".gitignore"), "data\n").expect("a file");
    let mut watch = FileWatcher::start([root.clone()]).expect("a watch");
    fs::write(root.join(".gitignore"), "").expect("a file");
    until(&mut watch, &root.join(".gitignore")).await;
    fs::write(root.join("data/1.py"), "").expect("a file");
    until(&mut watch, &root.join("data/1.py")).await;
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let (_dir, root) = folder();
    let error = FileWatcher::start([root.join("nowhere")]).err().expect("no watch");
    assert!(
        error.to_string().starts_with(&format!("failed to watch `{}`: ", root.join("nowhere").display())),
        "{error}"
    );
    assert_eq!(error.help(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_saved_while_the_app_is_compiled_is_a_burst_behind_it_without_what_cargo_wrote_itself() {
    let (_dir, root) = folder();
    let (mut watch, sender) = told(&root);
    for name in ["Cargo.lock", "main.py"] {
        sender.send(Ok(saved(&root.join(name)))).expect("sent");
    }
    watch.compiled();
    assert_eq!(watch.next().await.expect("a burst").paths, BTreeSet::from([root.join("main.py")]));
    sender.send(Ok(saved(&root.join("Cargo.lock")))).expect("sent");
    watch.compiled();
    drop(sender);
    assert!(watch.next().await.is_none());
}
