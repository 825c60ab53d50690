//! What goes wrong around a watched folder.

use std::sync::Arc;

use bedrock_build::triggers::{BucketTrigger, ObjectEvent, Source};

use super::{TRIES, Watched, tell, watch};
use crate::Clock;
use crate::triggers::LocalResources;
use crate::triggers::fake_backend::{RecordedCalls, function};
use crate::triggers::s3::BucketNotification;
use crate::triggers::s3::folder::Change;

fn watched(seen: &RecordedCalls) -> Watched {
    let trigger = BucketTrigger {
        bucket: Source::Own("uploads".to_owned()),
        prefix: String::new(),
        suffix: String::new(),
        folder: None,
        events: vec![ObjectEvent::Created],
    };
    Watched {
        name: "shop-local-uploads".to_owned(),
        site: LocalResources::of("shop", "http://127.0.0.1:1"),
        listeners: vec![BucketNotification { function: function(), trigger, id: "worker-0".to_owned() }],
        firing: Arc::clone(&seen.firing),
        clock: Clock::real(),
    }
}

#[tokio::test]
async fn a_folder_that_is_removed_is_complained_of_once() {
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path().canonicalize().expect("a path").join("uploads");
    std::fs::create_dir(&root).expect("a folder");
    let mut seen = RecordedCalls::new(0);
    let watching = tokio::spawn(watch(watched(&seen), root.clone()).expect("watched"));
    std::fs::remove_dir_all(&root).expect("removed");
    assert_eq!(
        seen.complaints.recv().await.expect("a line"),
        format!(
            "error: a trigger of `worker` failed: the folder `{}` of bucket `shop-local-uploads` is gone; \
             was `cargo clean` run? start `cargo bedrock dev` again",
            root.display()
        )
    );
    std::fs::create_dir(&root).expect("a folder");
    watching.abort();
    let _ = watching.await;
    assert!(seen.complaints.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_accepted_is_offered_again_before_anybody_complains() {
    for (refusals, events) in [(TRIES - 1, 1), (TRIES, 0)] {
        let mut seen = RecordedCalls::new(refusals);
        let change = Change::Created { key: "a".to_owned(), size: 1, etag: "e".to_owned() };
        tell(&watched(&seen), &change).await;
        assert_eq!(seen.events.lock().expect("events").len(), events);
        assert_eq!(seen.complaints.try_recv().is_ok(), events == 0);
    }
}
