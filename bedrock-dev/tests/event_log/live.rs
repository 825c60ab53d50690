//! The stream as server-sent events.

use bedrock_dev::event_log::Retention;
use serde_json::json;

use super::client::{Events, Sent};
use super::fixture::{BASE, TestServer};
use super::log::line;
use super::schema::check;

async fn follow(room: &TestServer, query: &str, headers: &[(&str, &str)]) -> Events {
    Events::open(&room.address, &format!("{BASE}/events{query}"), headers).await
}

/// The next line, and its id.
async fn next(events: &mut Events) -> (u64, String) {
    let Sent { id, event, data } = events.next().await.expect("an event");
    assert_eq!((event.as_str(), data["id"].as_u64()), ("log", id), "{data}");
    check("Happening", &data);
    (id.expect("an id"), data["line"].as_str().expect("a line").to_owned())
}

#[tokio::test]
async fn what_is_kept_comes_first_and_then_what_happens_and_then_the_end() {
    let room = TestServer::open(Retention::default()).await;
    let first = room.stream.publish(line("kept"));
    let mut events = follow(&room, "", &[]).await;
    assert_eq!(next(&mut events).await, (first, "kept".to_owned()));
    room.stream.publish(line("größer\nund mehr"));
    assert_eq!(next(&mut events).await, (first + 1, "größer\nund mehr".to_owned()));
    room.stream.close();
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_browser_that_connects_again_goes_on_where_it_was() {
    let room = TestServer::open(Retention::default()).await;
    let ids = ["1", "2", "3", "4"].map(|text| room.stream.publish(line(text)));
    let mut events = follow(&room, &format!("?after={}", ids[1]), &[]).await;
    assert_eq!(next(&mut events).await, (ids[2], "3".to_owned()));
    // It asks for the same address again, and says what it had last.
    let last = ids[2].to_string();
    let mut events = follow(&room, &format!("?after={}", ids[1]), &[("last-event-id", &last)]).await;
    assert_eq!(next(&mut events).await, (ids[3], "4".to_owned()));
    let mut events = follow(&room, "?after=last", &[]).await;
    room.stream.publish(line("5"));
    assert_eq!(next(&mut events).await, (ids[3] + 1, "5".to_owned()));
}

#[tokio::test]
async fn a_reader_over_http_is_told_what_it_missed_without_an_id() {
    let room = TestServer::open(Retention { count: 2, ..Retention::default() }).await;
    let ids = ["1", "2", "3", "4", "5"].map(|text| room.stream.publish(line(text)));
    let mut events = follow(&room, &format!("?after={}", ids[0]), &[]).await;
    let missed = events.next().await.expect("an event");
    check("Missed", &missed.data);
    let data = json!({ "version": 1, "kind": "missed", "count": 2 });
    assert_eq!(missed, Sent { id: None, event: "missed".to_owned(), data });
    assert_eq!(next(&mut events).await, (ids[3], "4".to_owned()));
}

#[tokio::test]
async fn a_reader_that_reads_nothing_holds_up_nobody() {
    let room = TestServer::open(Retention { count: 100, ..Retention::default() }).await;
    let mut lazy = follow(&room, "", &[]).await;
    let mut keen = follow(&room, "", &[]).await;
    // More than all buffers in between take: 64 MB.
    let long = "x".repeat(64 * 1024);
    for _ in 0..1000 {
        room.stream.publish(line(&long));
        // Both are read by tasks of the same thread, which get their turns.
        tokio::task::yield_now().await;
    }
    let last = room.stream.publish(line("the last"));
    while next_of(&mut keen).await != Some(last) {}
    let mut missed = 0;
    let mut got = 0;
    loop {
        let sent = lazy.next().await.expect("an event");
        missed += sent.data["count"].as_u64().unwrap_or_default();
        got += u64::from(sent.id.is_some());
        if sent.id == Some(last) {
            break;
        }
    }
    assert!(missed > 0);
    assert_eq!(missed + got, 1001);
}

async fn next_of(events: &mut Events) -> Option<u64> {
    events.next().await.expect("an event").id
}
