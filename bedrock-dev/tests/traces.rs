//! Export of spans to collectors that accept them late or never.
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

/// The warnings that the user saw.
type Warnings = Arc<Mutex<Vec<String>>>;

/// Exports to a collector that responds with these status codes one after the other, then always with the last. Returns
/// the exporter, the warnings, and the number of requests.
async fn start(log: &EventLog, status_codes: &'static [u16]) -> (TraceExporter, Warnings, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let requests = Arc::<Mutex<usize>>::default();
    let count = Arc::clone(&requests);
    let respond = move || {
        let at = {
            let mut count = count.lock().expect("a lock");
            *count += 1;
            *count - 1
        };
        async move {
            let code = status_codes.get(at).or(status_codes.last()).copied();
            let Some(code) = code else { return std::future::pending().await };
            let headers =
                HeaderMap::from_iter([("retry-after".parse().expect("a name"), "0".parse().expect("a value"))]);
            (StatusCode::from_u16(code).expect("a status"), headers)
        }
    };
    let router = Router::new().route("/v1/traces", post(respond));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = OtlpConfig::read(|name| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| url.clone()));
    let config = config.expect("a valid configuration").expect("an enabled export");
    let warnings = Warnings::default();
    let recorded = Arc::clone(&warnings);
    let warn = Arc::new(move |text: &str| recorded.lock().expect("a lock").push(text.to_owned()));
    (TraceExporter::start(config, "shop", Vec::new(), log, warn).expect("certificates"), warnings, requests)
}

fn call(log: &EventLog, number: usize) {
    let request_id = Arc::<str>::from(format!("{number:08x}-7b1e-4c55-9a01-5d0f3b2e8c11"));
    let worker = Arc::<str>::from("greeter");
    log.publish(DevEventKind::InvocationStarted(InvocationStarted {
        request_id: Arc::clone(&request_id),
        worker: Arc::clone(&worker),
        caller: None,
        parent_request_id: None,
        trace: "1-5759e988-bd862e3fe1be46a994272793".to_owned(),
        mode: Mode::Sync,
        attempt: None,
        http: None,
        event: Payload::of(&Bytes::from_static(b"{}")).into(),
    }));
    log.publish(DevEventKind::InvocationEnded(InvocationEnded {
        request_id,
        worker,
        outcome: Outcome::Ok,
        status: None,
        error_type: None,
        message: None,
        stack: Vec::new(),
        duration_ms: 1.0,
        init_ms: None,
        max_memory_mb: None,
        response: None,
    }));
}

fn texts(warnings: &Warnings) -> Vec<String> {
    // Removes the URL, whose port differs each time.
    let text = |line: &String| line.split_once("` ").map_or(line.clone(), |(_, rest)| rest.to_owned());
    warnings.lock().expect("a lock").iter().map(text).collect()
}

#[tokio::test]
async fn batches_are_retried_while_the_collector_is_busy() {
    let log = EventLog::new(Retention::default());
    let (traces, warnings, requests) = start(&log, &[503, 429, 200]).await;
    call(&log, 1);
    log.close();
    traces.finish().await;
    assert_eq!((texts(&warnings), *requests.lock().expect("a lock")), (Vec::new(), 3));
}

#[tokio::test]
async fn rejected_spans_are_dropped_and_counted() {
    let log = EventLog::new(Retention::default());
    let (traces, warnings, requests) = start(&log, &[400]).await;
    for number in 0..3 {
        call(&log, number);
    }
    log.close();
    traces.finish().await;
    let expected = [
        "does not accept traces, they are dropped: 400 Bad Request",
        "3 spans could not be sent to the trace collector",
    ];
    assert_eq!((texts(&warnings), *requests.lock().expect("a lock")), (expected.map(str::to_owned).to_vec(), 1));
}

#[tokio::test]
async fn unresponsive_collector_causes_no_delay_and_bounded_memory() {
    let log = EventLog::new(Retention::default());
    let (traces, warnings, _) = start(&log, &[]).await;
    for number in 0..8000 {
        call(&log, number);
        if number % 500 == 0 {
            tokio::task::yield_now().await;
        }
    }
    log.close();
    traces.finish().await;
    assert_eq!(texts(&warnings), ["8000 spans could not be sent to the trace collector"]);
}
