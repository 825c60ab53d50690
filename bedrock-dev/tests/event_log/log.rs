//! What is kept, and readers at their own pace.

use bedrock::local::Invocation;
use bedrock::local::service::Reply;
use bedrock_dev::event_log::{DevEventKind, EventLog, LogEvent, Outcome, Reader, Recorder, Retention, StreamItem};
use tokio::sync::oneshot;

use super::fixture::function;

/// A log line.
pub(crate) fn line(text: &str) -> DevEventKind {
    DevEventKind::Log(LogEvent { worker: "greeter".into(), request_id: None, level: None, line: text.to_owned() })
}

/// The same line several times.
pub(crate) fn publish(stream: &EventLog, times: usize, text: &str) {
    for _ in 0..times {
        stream.publish(line(text));
    }
}

fn few(count: usize) -> EventLog {
    EventLog::new(Retention { count, ..Retention::default() })
}

/// What a reader can have at once: lines, and in `<>` how many it missed.
fn heard(reader: &mut Reader) -> Vec<String> {
    let text = |heard| match heard {
        StreamItem::Lagged(count) => format!("<{count}>"),
        StreamItem::Event(happening) => match &happening.kind {
            DevEventKind::Log(log) => log.line.clone(),
            other => other.name().to_owned(),
        },
    };
    std::iter::from_fn(|| reader.now()).map(text).collect()
}

#[tokio::test]
async fn an_invocation_whose_caller_goes_away_is_told_to_its_end() {
    let recorder = Recorder::new(EventLog::new(Retention::default()));
    let mut reader = recorder.stream().subscribe(None);
    let (answer, answered) = oneshot::channel();
    let run = |_| -> Reply { Box::pin(async move { answered.await.expect("an answer") }) };
    let (function, invocation) = (function(), Invocation::new("{}".into(), None));
    tokio::select! {
        biased;
        _ = recorder.run(&function, None, invocation, run) => panic!("nobody has answered"),
        () = std::future::ready(()) => {}
    }
    answer.send(Ok("{}".into())).expect("it runs");
    let mut kinds = Vec::new();
    while kinds.len() < 2 {
        let Some(StreamItem::Event(happening)) = reader.next().await else { panic!("{kinds:?}") };
        kinds.push(happening.kind.clone());
    }
    assert!(matches!(&kinds[0], DevEventKind::InvocationStarted(_)), "{kinds:?}");
    assert!(matches!(&kinds[1], DevEventKind::InvocationEnded(ended) if ended.outcome == Outcome::Ok), "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_get_everything_once_and_in_order_while_several_publish() {
    let stream = EventLog::new(Retention { count: 20_000, bytes: usize::MAX });
    let publish = |stream: EventLog| move || publish(&stream, 5000, "x");
    let writers: Vec<_> = (0..4).map(|_| tokio::task::spawn_blocking(publish(stream.clone()))).collect();
    let first = stream.subscribe(None);
    let mut readers = Vec::new();
    for _ in 0..20 {
        // Each from somewhere in the middle: what is kept, then what comes.
        let (after, stream) = (stream.last(), stream.clone());
        readers.push((after, tokio::spawn(follow(stream.subscribe(Some(after))))));
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.expect("published");
    }
    let last = stream.last();
    stream.close();
    let all = follow(first).await;
    assert_eq!(all.len(), 20_000);
    assert!(all.iter().copied().eq(last - 19_999..=last));
    for (after, reader) in readers {
        let ids = reader.await.expect("read");
        // Of a reader that began before the first, all is new.
        assert!(ids.iter().copied().eq((after + 1).max(last - 19_999)..=last), "{after} {}", ids.len());
    }
}

async fn follow(mut reader: Reader) -> Vec<u64> {
    let mut ids = Vec::new();
    while let Some(heard) = reader.next().await {
        let StreamItem::Event(happening) = heard else { panic!("{heard:?}") };
        ids.push(happening.id);
    }
    ids
}

#[test]
fn a_reader_that_is_too_slow_is_told_how_much_it_missed() {
    let stream = few(3);
    let mut reader = stream.subscribe(None);
    (1..=2).for_each(|number| publish(&stream, 1, &number.to_string()));
    assert_eq!(heard(&mut reader), ["1", "2"]);
    (3..=9).for_each(|number| publish(&stream, 1, &number.to_string()));
    assert_eq!(heard(&mut reader), ["<4>", "7", "8", "9"]);
    assert_eq!(heard(&mut reader), [""; 0]);
    stream.publish(line("10"));
    assert_eq!(heard(&mut reader), ["10"]);
}

#[test]
fn a_reader_goes_on_behind_what_it_had() {
    let stream = few(3);
    let ids: Vec<_> = ["1", "2", "3", "4", "5"].map(|text| stream.publish(line(text))).to_vec();
    let from = |after| heard(&mut stream.subscribe(after));
    assert_eq!(from(None), ["3", "4", "5"]);
    assert_eq!(from(Some(ids[3])), ["5"]);
    assert_eq!(from(Some(ids[4])), [""; 0]);
    assert_eq!(from(Some(ids[0])), ["<1>", "3", "4", "5"]);
    // What another program had published.
    assert_eq!(from(Some(7)), ["<2>", "3", "4", "5"]);
    assert_eq!(from(Some(u64::MAX)), ["<2>", "3", "4", "5"]);
}

#[test]
fn ids_grow_from_one_program_to_the_next() {
    let before = few(3);
    publish(&before, 100, "x");
    // A program takes longer than this to start.
    while EventLog::new(Retention::default()).last() < before.last() {}
    assert!(few(3).publish(line("x")) > before.last());
}

#[test]
fn memory_is_bounded_by_number_and_by_bytes_and_the_newest_is_kept() {
    let stream = few(100);
    publish(&stream, 1000, "x");
    assert_eq!(stream.all().len(), 100);
    let bytes = 1024 * 1024;
    let stream = EventLog::new(Retention { count: 100_000, bytes });
    let long = "x".repeat(5 * 1024 * 1024);
    publish(&stream, 100, &long);
    let kept: usize = stream.all().iter().map(|happening| happening.json().len()).sum();
    assert!(kept <= bytes && kept > bytes / 2, "{kept}");
    let stream = EventLog::new(Retention { count: 10, bytes: 1 });
    publish(&stream, 3, "x");
    assert_eq!(stream.all().len(), 1);
}

#[test]
fn nothing_happens_after_the_end() {
    let stream = few(3);
    stream.publish(line("1"));
    stream.close();
    stream.publish(line("2"));
    assert_eq!(heard(&mut stream.subscribe(None)), ["1"]);
}
