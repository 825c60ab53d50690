//! Reads the stream, collects spans into batches, and sends them one after the other. Nothing waits for the collector: what
//! it does not take within a few tries is left out, which is told once and counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::client::{ExportError, OtlpClient, Retryability};
use super::config::OtlpConfig;
use super::proto::{Batch, KeyValue, Resource, ResourceSpans, Scope, ScopeSpans, pair};
use super::spans::{Finished, Function, Spans};
use crate::event_log::{EventLog, Reader, StreamItem};

/// Spans of a batch.
const BATCH: usize = 512;
/// Batches that wait for the collector; spans that come then are left out.
const WAITING: usize = 8;
/// How long a finished span waits for others, and for its last lines.
const LINGER: Duration = Duration::from_millis(500);
/// Before a batch is sent again.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];
/// A collector that wants to be left alone for longer gets the batch not at all.
const LONGEST: Duration = Duration::from_secs(5);
/// How long the end of the program waits for the collector.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells the user of a collector that takes no spans.
pub type Warn = Arc<dyn Fn(&str) + Send + Sync>;

/// Spans on their way to a collector.
pub struct TraceExporter {
    sending: JoinHandle<()>,
    exporter: Arc<Exporter>,
}

/// What is known of the app and the collector.
struct Exporter {
    post: OtlpClient,
    settings: OtlpConfig,
    app: String,
    functions: BTreeMap<String, Function>,
    warn: Warn,
    /// Spans that were left out since somebody was told.
    lost: AtomicU64,
    /// Spans that were given to be sent and are not done.
    under_way: AtomicU64,
}

impl TraceExporter {
    /// Sends all that happens from now on. To be called on a runtime.
    pub fn start(
        settings: OtlpConfig,
        (app, functions): (&str, Vec<Function>),
        stream: &EventLog,
        warn: Warn,
    ) -> std::io::Result<Self> {
        let (reader, spans) = (stream.subscribe(Some(stream.last())), Spans::new(&functions));
        let exporter = Arc::new(Exporter {
            post: OtlpClient::new(settings.clone())?,
            settings,
            app: app.to_owned(),
            functions: functions.into_iter().map(|function| (function.worker.clone(), function)).collect(),
            warn,
            lost: AtomicU64::default(),
            under_way: AtomicU64::default(),
        });
        let (batches, waiting) = channel(WAITING);
        tokio::spawn(read(reader, spans, batches, Arc::clone(&exporter)));
        let sending = tokio::spawn(send(waiting, Arc::clone(&exporter)));
        Ok(Self { sending, exporter })
    }

    /// Waits, after the end of the stream, until the collector has everything, but not long.
    pub async fn finish(self) {
        let Self { mut sending, exporter } = self;
        if tokio::time::timeout(PATIENCE, &mut sending).await.is_err() {
            sending.abort();
        }
        let under_way = exporter.under_way.load(Ordering::Relaxed);
        exporter.lost.fetch_add(under_way, Ordering::Relaxed);
        exporter.tell(|lost| format!("{lost} did not reach the collector of traces"));
    }
}

/// Ends with the stream.
async fn read(mut reader: Reader, mut spans: Spans, batches: Sender<Vec<Finished>>, exporter: Arc<Exporter>) {
    let mut due: Option<Instant> = None;
    loop {
        let heard = match due {
            None => Some(reader.next().await),
            Some(due) => tokio::time::timeout_at(due, reader.next()).await.ok(),
        };
        // Which spans those would have been that were missed is not known.
        if let Some(Some(StreamItem::Event(happening))) = &heard {
            spans.take(happening);
        }
        let is_over = matches!(heard, Some(None));
        if is_over || spans.len() >= BATCH || due.is_some_and(|due| due <= Instant::now()) {
            due = None;
            let mut finished = spans.drain();
            while !finished.is_empty() {
                let rest = finished.split_off(finished.len().min(BATCH));
                exporter.give(&batches, std::mem::replace(&mut finished, rest));
            }
        }
        if is_over {
            return;
        }
        if spans.len() > 0 && due.is_none() {
            due = Some(Instant::now() + LINGER);
        }
    }
}

/// Ends with the reading.
async fn send(mut waiting: Receiver<Vec<Finished>>, exporter: Arc<Exporter>) {
    let mut is_away = false;
    while let Some(spans) = waiting.recv().await {
        let count = spans.len() as u64;
        let result = exporter.deliver(&exporter.batch(spans), !is_away).await;
        exporter.under_way.fetch_sub(count, Ordering::Relaxed);
        match result {
            Ok(()) if is_away => {
                is_away = false;
                exporter.tell(|lost| format!("the collector takes traces again; {lost} were left out"));
            }
            Ok(()) => {}
            Err(refused) => {
                exporter.lost.fetch_add(count, Ordering::Relaxed);
                if !is_away {
                    let endpoint = &exporter.settings.endpoint;
                    (exporter.warn)(&format!("`{endpoint}` takes no traces, they are left out: {}", refused.why));
                }
                is_away = true;
            }
        }
    }
}

impl Exporter {
    /// To be sent, or counted if there is no room.
    fn give(&self, batches: &Sender<Vec<Finished>>, spans: Vec<Finished>) {
        let count = spans.len() as u64;
        self.under_way.fetch_add(count, Ordering::Relaxed);
        if batches.try_send(spans).is_err() {
            self.under_way.fetch_sub(count, Ordering::Relaxed);
            self.lost.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Sends a batch, a few times if it is `worth_it`.
    async fn deliver(&self, batch: &Batch, worth_it: bool) -> Result<(), ExportError> {
        let mut pauses = PAUSES.iter().filter(|_| worth_it);
        loop {
            let refused = match self.post.send(batch).await {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            };
            let pause = match (refused.again, pauses.next()) {
                (Retryability::Never, _) | (_, None) => None,
                (Retryability::Later, Some(pause)) => Some(*pause),
                (Retryability::After(named), Some(_)) => Some(named).filter(|named| *named <= LONGEST),
            };
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(refused),
            }
        }
    }

    /// Says how many spans were left out, if any were.
    fn tell(&self, text: impl FnOnce(&str) -> String) {
        match self.lost.swap(0, Ordering::Relaxed) {
            0 => {}
            1 => (self.warn)(&text("1 span")),
            lost => (self.warn)(&text(&format!("{lost} spans"))),
        }
    }

    /// Each function is a resource of its own, as it is on Lambda.
    fn batch(&self, finished: Vec<Finished>) -> Batch {
        let mut by_worker = BTreeMap::<String, Vec<_>>::new();
        for Finished { worker, span, .. } in finished {
            by_worker.entry(worker).or_default().push(span);
        }
        let resource_spans = by_worker.into_iter().map(|(worker, spans)| {
            let resource = Some(Resource { attributes: self.resource(&worker) });
            let scope = Scope { name: "cargo-bedrock".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
            ResourceSpans { resource, scope_spans: vec![ScopeSpans { scope: Some(scope), spans }] }
        });
        Batch { resource_spans: resource_spans.collect() }
    }

    fn resource(&self, worker: &str) -> Vec<KeyValue> {
        let mut attributes = vec![
            pair("service.name", self.settings.service.as_deref().unwrap_or(worker)),
            pair("service.namespace", self.app.as_str()),
            pair("deployment.environment.name", "local"),
        ];
        if let Some(function) = self.functions.get(worker) {
            let mut parts = function.arn.split(':').skip(3);
            attributes.extend([
                pair("cloud.provider", "aws"),
                pair("cloud.platform", "aws_lambda"),
                pair("cloud.region", parts.next().unwrap_or_default()),
                pair("cloud.account.id", parts.next().unwrap_or_default()),
                pair("faas.name", function.name.as_str()),
                pair("faas.version", "$LATEST"),
                pair("faas.max_memory", function.memory * 1024 * 1024),
            ]);
        }
        // What the user says goes before what is known.
        attributes.retain(|attribute| self.settings.resource.iter().all(|(key, _)| *key != attribute.key));
        attributes.extend(self.settings.resource.iter().map(|(key, value)| pair(key, value.as_str())));
        attributes
    }
}
