//! The event log as server-sent events.

use bedrock_dev::event_log::Retention;
use serde_json::json;

use super::client::{EventStream, ServerSentEvent};
use super::fixture::{BASE, TestServer};
use super::log::line;
use super::schema::check;

async fn open_stream(server: &TestServer, query: &str, headers: &[(&str, &str)]) -> EventStream {
    EventStream::open(&server.address, &format!("{BASE}/events{query}"), headers).await
}

/// Returns the id and the line of the next event.
async fn next_line(events: &mut EventStream) -> (u64, String) {
    let ServerSentEvent { id, event, data } = events.next().await.expect("an event");
    assert_eq!((event.as_str(), data["id"].as_u64()), ("log", id), "{data}");
    check("DevEvent", &data);
    (id.expect("an id"), data["line"].as_str().expect("a line").to_owned())
}

#[tokio::test]
async fn stream_sends_stored_events_then_new_ones_then_ends() {
    let server = TestServer::start(Retention::default()).await;
    let first = server.log.publish(line("stored"));
    let mut events = open_stream(&server, "", &[]).await;
    assert_eq!(next_line(&mut events).await, (first, "stored".to_owned()));
    server.log.publish(line("größer\nund mehr"));
    assert_eq!(next_line(&mut events).await, (first + 1, "größer\nund mehr".to_owned()));
    server.log.close();
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn reconnecting_browser_continues_after_its_last_event() {
    let server = TestServer::start(Retention::default()).await;
    let ids = ["1", "2", "3", "4"].map(|text| server.log.publish(line(text)));
    let mut events = open_stream(&server, &format!("?after={}", ids[1]), &[]).await;
    assert_eq!(next_line(&mut events).await, (ids[2], "3".to_owned()));
    // It requests the same URL again, and sends the last id it received.
    let last = ids[2].to_string();
    let mut events = open_stream(&server, &format!("?after={}", ids[1]), &[("last-event-id", &last)]).await;
    assert_eq!(next_line(&mut events).await, (ids[3], "4".to_owned()));
    let mut events = open_stream(&server, "?after=last", &[]).await;
    server.log.publish(line("5"));
    assert_eq!(next_line(&mut events).await, (ids[3] + 1, "5".to_owned()));
}

#[tokio::test]
async fn missed_events_are_reported_without_an_id() {
    let server = TestServer::start(Retention { count: 2, ..Retention::default() }).await;
    let ids = ["1", "2", "3", "4", "5"].map(|text| server.log.publish(line(text)));
    let mut events = open_stream(&server, &format!("?after={}", ids[0]), &[]).await;
    let missed = events.next().await.expect("an event");
    check("Missed", &missed.data);
    let data = json!({ "version": 1, "kind": "missed", "count": 2 });
    assert_eq!(missed, ServerSentEvent { id: None, event: "missed".to_owned(), data });
    assert_eq!(next_line(&mut events).await, (ids[3], "4".to_owned()));
}

#[tokio::test]
async fn idle_reader_does_not_delay_others() {
    let server = TestServer::start(Retention { count: 100, ..Retention::default() }).await;
    let mut idle = open_stream(&server, "", &[]).await;
    let mut active = open_stream(&server, "", &[]).await;
    // More than all buffers in between can hold: 64 MB.
    let long = "x".repeat(64 * 1024);
    for _ in 0..1000 {
        server.log.publish(line(&long));
        // Lets the tasks of both readers run, which share this thread.
        tokio::task::yield_now().await;
    }
    let last = server.log.publish(line("the last"));
    while next_id(&mut active).await != Some(last) {}
    let mut missed = 0;
    let mut received = 0;
    loop {
        let event = idle.next().await.expect("an event");
        missed += event.data["count"].as_u64().unwrap_or_default();
        received += u64::from(event.id.is_some());
        if event.id == Some(last) {
            break;
        }
    }
    assert!(missed > 0);
    assert_eq!(missed + received, 1001);
}

async fn next_id(events: &mut EventStream) -> Option<u64> {
    events.next().await.expect("an event").id
}
