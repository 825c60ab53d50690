//! The event log in memory, and readers at their own pace.

use bedrock_dev::event_log::{
    BuildEvent, BuildStatus, DevEventKind, EventLog, LogEvent, Outcome, Reader, Recorder, Retention, StreamItem,
};
use bedrock_model::{Error, Invocation, Reply};
use tokio::sync::oneshot;

use super::fixture::function;

/// Returns a log event.
pub(crate) fn line(text: &str) -> DevEventKind {
    DevEventKind::Log(LogEvent { worker: "greeter".into(), request_id: None, level: None, line: text.to_owned() })
}

/// Publishes the same line several times.
pub(crate) fn publish(log: &EventLog, times: usize, text: &str) {
    for _ in 0..times {
        log.publish(line(text));
    }
}

fn log_of(count: usize) -> EventLog {
    EventLog::new(Retention { count, ..Retention::default() })
}

/// Returns what a reader can read immediately: lines, and in `<>` the number of missed events.
fn available(reader: &mut Reader) -> Vec<String> {
    let text = |item| match item {
        StreamItem::Lagged(count) => format!("<{count}>"),
        StreamItem::Event(event) => match &event.kind {
            DevEventKind::Log(log) => log.line.clone(),
            other => other.name().to_owned(),
        },
    };
    std::iter::from_fn(|| reader.try_next()).map(text).collect()
}

#[tokio::test]
async fn failures_and_builds_outlive_a_flood_of_good_calls() {
    let recorder = Recorder::new(log_of(20));
    let function = function();
    let request = r#"{"rawPath":"/","requestContext":{"http":{"method":"GET"}}}"#;
    let run = async |response: Result<&'static str, Error>| {
        let response = response.map(Into::into);
        let invocation = Invocation::new(request.into(), None);
        let id = invocation.request_id.clone();
        let _ =
            recorder.run(&function, None, invocation, move |_| -> Reply { Box::pin(async move { response }) }).await;
        id
    };
    let failed = run(Err(Error::Throttled { worker: "greeter".to_owned(), reason: "too many".to_owned() })).await;
    let refused = run(Ok("{\"statusCode\":503}")).await;
    let good = run(Ok("{\"statusCode\":404}")).await;
    let messages = vec!["E0425".to_owned()];
    let build = BuildEvent { state: BuildStatus::Failed, workers: Vec::new(), duration_ms: None, messages };
    recorder.log().publish(DevEventKind::Build(build));
    publish(recorder.log(), 100, "line");
    let all = recorder.log().all();
    let events_of = |id: &str| all.iter().filter(|event| event.kind.request_id() == Some(id)).count();
    assert_eq!((events_of(&failed), events_of(&refused), events_of(&good)), (2, 2, 0));
    assert_eq!(all.iter().filter(|event| event.kind.name() == "build").count(), 1);
    assert!(all.is_sorted_by_key(|event| event.id));
    // Readers get only what follows without gaps.
    assert_eq!(available(&mut recorder.log().subscribe(None)).len(), 20);
}

#[tokio::test]
async fn abandoned_invocation_is_recorded_to_its_end() {
    let recorder = Recorder::new(EventLog::new(Retention::default()));
    let mut reader = recorder.log().subscribe(None);
    let (respond, response) = oneshot::channel();
    let run = |_| -> Reply { Box::pin(async move { response.await.expect("a response") }) };
    let function = function();
    let invocation = Invocation::new("{}".into(), None);
    tokio::select! {
        biased;
        _ = recorder.run(&function, None, invocation, run) => panic!("there is no response yet"),
        () = std::future::ready(()) => {}
    }
    respond.send(Ok("{}".into())).expect("it runs");
    let mut kinds = Vec::new();
    while kinds.len() < 2 {
        let Some(StreamItem::Event(event)) = reader.next().await else { panic!("{kinds:?}") };
        kinds.push(event.kind.clone());
    }
    assert!(matches!(&kinds[0], DevEventKind::InvocationStarted(_)), "{kinds:?}");
    assert!(matches!(&kinds[1], DevEventKind::InvocationEnded(ended) if ended.outcome == Outcome::Ok), "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_readers_receive_every_event_in_order() {
    let log = EventLog::new(Retention { count: 20_000, bytes: usize::MAX });
    let publish = |log: EventLog| move || publish(&log, 5000, "x");
    let writers: Vec<_> = (0..4).map(|_| tokio::task::spawn_blocking(publish(log.clone()))).collect();
    let first = log.subscribe(None);
    let mut readers = Vec::new();
    for _ in 0..20 {
        // Each starts somewhere in the middle: stored events, then new ones.
        let after = log.last_id();
        readers.push((after, tokio::spawn(read_ids(log.subscribe(Some(after))))));
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.expect("published");
    }
    let last = log.last_id();
    log.close();
    let all = read_ids(first).await;
    assert_eq!(all.len(), 20_000);
    assert!(all.iter().copied().eq(last - 19_999..=last));
    for (after, reader) in readers {
        let ids = reader.await.expect("read");
        // For a reader that started before the first event, all events are new.
        assert!(ids.iter().copied().eq((after + 1).max(last - 19_999)..=last), "{after} {}", ids.len());
    }
}

async fn read_ids(mut reader: Reader) -> Vec<u64> {
    let mut ids = Vec::new();
    while let Some(item) = reader.next().await {
        let StreamItem::Event(event) = item else { panic!("{item:?}") };
        ids.push(event.id);
    }
    ids
}

#[test]
fn slow_reader_learns_how_many_events_it_missed() {
    let log = log_of(3);
    let mut reader = log.subscribe(None);
    (1..=2).for_each(|number| publish(&log, 1, &number.to_string()));
    assert_eq!(available(&mut reader), ["1", "2"]);
    (3..=9).for_each(|number| publish(&log, 1, &number.to_string()));
    assert_eq!(available(&mut reader), ["<4>", "7", "8", "9"]);
    assert_eq!(available(&mut reader), [""; 0]);
    log.publish(line("10"));
    assert_eq!(available(&mut reader), ["10"]);
}

#[test]
fn reader_continues_after_its_last_event() {
    let log = log_of(3);
    let ids: Vec<_> = ["1", "2", "3", "4", "5"].map(|text| log.publish(line(text))).to_vec();
    let from = |after| available(&mut log.subscribe(after));
    assert_eq!(from(None), ["3", "4", "5"]);
    assert_eq!(from(Some(ids[3])), ["5"]);
    assert_eq!(from(Some(ids[4])), [""; 0]);
    assert_eq!(from(Some(ids[0])), ["<1>", "3", "4", "5"]);
    // Ids of another program.
    assert_eq!(from(Some(7)), ["<2>", "3", "4", "5"]);
    assert_eq!(from(Some(u64::MAX)), ["<2>", "3", "4", "5"]);
}

#[test]
fn ids_increase_from_one_program_to_the_next() {
    let before = log_of(3);
    publish(&before, 100, "x");
    // A program takes longer than this to start.
    while EventLog::new(Retention::default()).last_id() < before.last_id() {}
    assert!(log_of(3).publish(line("x")) > before.last_id());
}

#[test]
fn log_is_bounded_by_count_and_bytes() {
    let log = log_of(100);
    publish(&log, 1000, "x");
    assert_eq!(log.all().len(), 100);
    let bytes = 1024 * 1024;
    let log = EventLog::new(Retention { count: 100_000, bytes });
    let line_text = "x".repeat(5 * 1024 * 1024);
    publish(&log, 100, &line_text);
    let size: usize = log.all().iter().map(|event| event.json().len()).sum();
    assert!(size <= bytes && size > bytes / 2, "{size}");
    let log = EventLog::new(Retention { count: 10, bytes: 1 });
    publish(&log, 3, "x");
    assert_eq!(log.all().len(), 1);
}

#[test]
fn closed_log_accepts_no_events() {
    let log = log_of(3);
    log.publish(line("1"));
    log.close();
    log.publish(line("2"));
    assert_eq!(available(&mut log.subscribe(None)), ["1"]);
}
