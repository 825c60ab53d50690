//! Tests of errors around a watched folder.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bedrock_build::triggers::{BucketTrigger, ObjectEvent, TriggerSource};
use bedrock_local::event_sources::ObjectChange;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind};

use super::{MAX_ATTEMPTS, WatchedBucket, notify_workers, process_events, watch};
use crate::Clock;
use crate::triggers::LocalResources;
use crate::triggers::fake_backend::{RecordedCalls, function};
use crate::triggers::s3::BucketNotification;
use crate::triggers::s3::folder::Folder;

fn watched_bucket(calls: &RecordedCalls) -> WatchedBucket {
    let trigger = BucketTrigger {
        bucket: TriggerSource::Own("uploads".to_owned()),
        prefix: String::new(),
        suffix: String::new(),
        folder: None,
        events: vec![ObjectEvent::Created],
    };
    WatchedBucket {
        name: "shop-local-uploads".to_owned(),
        resources: LocalResources::for_app("shop", "http://127.0.0.1:1"),
        notifications: vec![BucketNotification { function: function(), trigger, id: "worker-0".to_owned() }],
        dispatcher: Arc::clone(&calls.dispatcher),
        clock: Clock::real(),
    }
}

#[tokio::test]
async fn deleted_folder_is_reported_once() {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path().canonicalize().expect("a path").join("uploads");
    std::fs::create_dir(&root).expect("a folder");
    let mut calls = RecordedCalls::new(0);
    let watching = tokio::spawn(watch(watched_bucket(&calls), root.clone()).expect("watched"));
    std::fs::remove_dir_all(&root).expect("removed");
    assert_eq!(
        calls.errors.recv().await.expect("a line"),
        format!(
            "error: a trigger of `worker` failed: the folder `{}` of bucket `shop-local-uploads` was deleted \
             (by `cargo clean`?); restart `cargo bedrock dev`",
            root.display()
        )
    );
    std::fs::create_dir(&root).expect("a folder");
    watching.abort();
    let _ = watching.await;
    assert!(calls.errors.try_recv().is_err());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn file_without_a_key_is_logged() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path().canonicalize().expect("a path");
    let mut calls = RecordedCalls::new(0);
    let watching = tokio::spawn(watch(watched_bucket(&calls), root.clone()).expect("watched"));
    std::fs::write(root.join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt")), "x").expect("a file");
    assert_eq!(
        calls.errors.recv().await.expect("a line"),
        "warning: bucket `shop-local-uploads` ignores the file `caf\u{fffd}.txt`: its name is not UTF-8, which keys of \
         objects are"
    );
    watching.abort();
}

#[tokio::test]
async fn events_without_pause_delay_no_notification() {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path().canonicalize().expect("a path");
    let mut calls = RecordedCalls::new(0);
    let bucket = watched_bucket(&calls);
    let folder = Folder::open(root.clone());
    std::fs::write(root.join("new"), "x").expect("a file");
    let (sender, events) = tokio::sync::mpsc::channel(8);
    let closed = |name: &str| {
        let kind = EventKind::Access(AccessKind::Close(AccessMode::Write));
        Ok(Event::new(kind).add_path(root.join(name)))
    };
    sender.send(closed("new")).await.expect("sent");
    let noise = root.join("noise");
    let sending = tokio::spawn(async move {
        let kind = EventKind::Access(AccessKind::Close(AccessMode::Write));
        // There is always another event.
        while sender.send(Ok(Event::new(kind).add_path(noise.clone()))).await.is_ok() {}
    });
    let has_lost_events = AtomicBool::new(false);
    tokio::select! {
        () = process_events(&bucket, folder, events, &has_lost_events) => panic!("the events do not end"),
        () = async {
            while calls.events.lock().expect("events").is_empty() {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    assert!(calls.errors.try_recv().is_err());
    sending.abort();
}

#[tokio::test(start_paused = true)]
async fn rejected_event_is_retried_before_an_error_is_logged() {
    for (rejections, events) in [(MAX_ATTEMPTS - 1, 1), (MAX_ATTEMPTS, 0)] {
        let mut calls = RecordedCalls::new(rejections);
        let change = ObjectChange::Created { key: "a".to_owned(), size: 1, etag: "e".to_owned() };
        notify_workers(&watched_bucket(&calls), &change).await;
        assert_eq!(calls.events.lock().expect("events").len(), events);
        assert_eq!(calls.errors.try_recv().is_ok(), events == 0);
    }
}
