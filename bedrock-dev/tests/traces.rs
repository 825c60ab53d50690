//! Spans on their way to collectors that do not take them at once, or at all.
#![allow(clippy::expect_used)] // a test that cannot go on ends here

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bedrock_dev::event_log::{
    DevEventKind, EventLog, InvocationEnded, InvocationStarted, Mode, Outcome, Payload, Retention,
};
use bedrock_dev::otlp::{OtlpConfig, TraceExporter};
use bytes::Bytes;
use tokio::net::TcpListener;

/// What the user was told.
type Told = Arc<Mutex<Vec<String>>>;

/// Sends to a collector, which answers with these one after the other, and for ever with the last.
async fn start(stream: &EventLog, answers: &'static [u16]) -> (TraceExporter, Told, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::<Mutex<usize>>::default();
    let count = Arc::clone(&asked);
    let answer = move || {
        let at = {
            let mut count = count.lock().expect("a lock");
            *count += 1;
            *count - 1
        };
        async move {
            let code = answers.get(at).or(answers.last()).copied();
            let Some(code) = code else { return std::future::pending().await };
            let headers =
                HeaderMap::from_iter([("retry-after".parse().expect("a name"), "0".parse().expect("a value"))]);
            (StatusCode::from_u16(code).expect("a status"), headers)
        }
    };
    let router = Router::new().route("/v1/traces", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = OtlpConfig::read(|name| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| url.clone()));
    let settings = settings.expect("usable").expect("asked for");
    let told = Told::default();
    let tell = Arc::clone(&told);
    let warn = Arc::new(move |text: &str| tell.lock().expect("a lock").push(text.to_owned()));
    (TraceExporter::start(settings, ("shop", Vec::new()), stream, warn).expect("certificates"), told, asked)
}

fn call(stream: &EventLog, number: usize) {
    let request_id = Arc::<str>::from(format!("{number:08x}-7b1e-4c55-9a01-5d0f3b2e8c11"));
    let worker = Arc::<str>::from("greeter");
    stream.publish(DevEventKind::InvocationStarted(InvocationStarted {
        request_id: Arc::clone(&request_id),
        worker: Arc::clone(&worker),
        caller: None,
        parent_request_id: None,
        trace: "1-5759e988-bd862e3fe1be46a994272793".to_owned(),
        mode: Mode::Sync,
        attempt: None,
        event: Payload::of(&Bytes::from_static(b"{}")).into(),
    }));
    stream.publish(DevEventKind::InvocationEnded(InvocationEnded {
        request_id,
        worker,
        outcome: Outcome::Ok,
        error_type: None,
        message: None,
        stack: Vec::new(),
        duration_ms: 1.0,
        init_ms: None,
        max_memory_mb: None,
        response: None,
    }));
}

fn said(told: &Told) -> Vec<String> {
    // Ports are other ones each time.
    let text = |line: &String| line.split_once("` ").map_or(line.clone(), |(_, rest)| rest.to_owned());
    told.lock().expect("a lock").iter().map(text).collect()
}

#[tokio::test]
async fn what_a_busy_collector_does_not_take_is_sent_again() {
    let stream = EventLog::new(Retention::default());
    let (traces, told, asked) = start(&stream, &[503, 429, 200]).await;
    call(&stream, 1);
    stream.close();
    traces.finish().await;
    assert_eq!((said(&told), *asked.lock().expect("a lock")), (Vec::new(), 3));
}

#[tokio::test]
async fn what_a_collector_refuses_is_left_out_and_counted() {
    let stream = EventLog::new(Retention::default());
    let (traces, told, asked) = start(&stream, &[400]).await;
    for number in 0..3 {
        call(&stream, number);
    }
    stream.close();
    traces.finish().await;
    let expected =
        ["takes no traces, they are left out: 400 Bad Request", "3 spans did not reach the collector of traces"];
    assert_eq!((said(&told), *asked.lock().expect("a lock")), (expected.map(str::to_owned).to_vec(), 1));
}

#[tokio::test]
async fn a_collector_that_does_not_answer_holds_up_nobody_and_costs_no_more_than_there_is_room_for() {
    let stream = EventLog::new(Retention::default());
    let (traces, told, _) = start(&stream, &[]).await;
    for number in 0..8000 {
        call(&stream, number);
        if number % 500 == 0 {
            tokio::task::yield_now().await;
        }
    }
    stream.close();
    traces.finish().await;
    assert_eq!(said(&told), ["8000 spans did not reach the collector of traces"]);
}
