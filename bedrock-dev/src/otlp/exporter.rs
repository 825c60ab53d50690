//! Reads the event log, collects spans into batches, and sends them one after the other. Nothing waits for the
//! collector: spans that it does not accept after a few attempts are dropped, which is counted and reported once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::client::{ExportError, OtlpClient, Retryability};
use super::config::OtlpConfig;
use super::proto::{Batch, KeyValue, Resource, ResourceSpans, Scope, ScopeSpans, attribute};
use super::spans::{FinishedSpan, Function, Spans};
use crate::event_log::{EventLog, Reader, StreamItem};

/// Maximum number of spans in a batch.
const MAX_BATCH_SPANS: usize = 512;
/// Number of batches that may wait for the collector; further spans are dropped.
const MAX_PENDING_BATCHES: usize = 8;
/// How long a finished span waits for others, and for its last log lines.
const BATCH_DELAY: Duration = Duration::from_millis(500);
/// Pauses before a batch is sent again.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];
/// If the collector requests a longer pause, the batch is dropped.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(5);
/// How long the end of the program waits for the collector.
const FINISH_TIMEOUT: Duration = Duration::from_secs(2);

/// Warns the user that the collector does not accept spans.
pub type Warn = Arc<dyn Fn(&str) + Send + Sync>;

/// The background task that sends spans to a collector.
pub struct TraceExporter {
    sender: JoinHandle<()>,
    shared: Arc<Shared>,
}

/// What the reading and the sending task share.
struct Shared {
    client: OtlpClient,
    config: OtlpConfig,
    app: String,
    functions: BTreeMap<String, Function>,
    warn: Warn,
    /// Spans that were dropped since the last warning.
    dropped: AtomicU64,
    /// Spans that were queued and neither sent nor dropped yet.
    pending: AtomicU64,
}

impl TraceExporter {
    /// Starts sending all later invocations. Must be called on a runtime.
    pub fn start(
        config: OtlpConfig,
        app: &str,
        functions: Vec<Function>,
        log: &EventLog,
        warn: Warn,
    ) -> std::io::Result<Self> {
        let reader = log.subscribe(Some(log.last_id()));
        let spans = Spans::new(&functions);
        let shared = Arc::new(Shared {
            client: OtlpClient::new(config.clone())?,
            config,
            app: app.to_owned(),
            functions: functions.into_iter().map(|function| (function.worker.clone(), function)).collect(),
            warn,
            dropped: AtomicU64::default(),
            pending: AtomicU64::default(),
        });
        let (batches, queue) = channel(MAX_PENDING_BATCHES);
        tokio::spawn(collect_spans(reader, spans, batches, Arc::clone(&shared)));
        let sender = tokio::spawn(send_batches(queue, Arc::clone(&shared)));
        Ok(Self { sender, shared })
    }

    /// Waits, after the log was closed, until the collector has received everything or the timeout has passed.
    pub async fn finish(self) {
        let Self { mut sender, shared } = self;
        if tokio::time::timeout(FINISH_TIMEOUT, &mut sender).await.is_err() {
            sender.abort();
        }
        let pending = shared.pending.load(Ordering::Relaxed);
        shared.dropped.fetch_add(pending, Ordering::Relaxed);
        shared.warn_of_dropped(|count| format!("{count} could not be sent to the trace collector"));
    }
}

/// Turns events into batches of spans. Ends when the log is closed.
async fn collect_spans(mut reader: Reader, mut spans: Spans, batches: Sender<Vec<FinishedSpan>>, shared: Arc<Shared>) {
    let mut due: Option<Instant> = None;
    loop {
        let item = match due {
            None => Some(reader.next().await),
            Some(due) => tokio::time::timeout_at(due, reader.next()).await.ok(),
        };
        // Missed events cannot be attributed to spans.
        if let Some(Some(StreamItem::Event(event))) = &item {
            spans.apply(event);
        }
        let is_closed = matches!(item, Some(None));
        if is_closed || spans.finished_count() >= MAX_BATCH_SPANS || due.is_some_and(|due| due <= Instant::now()) {
            due = None;
            let mut finished = spans.take_finished();
            while !finished.is_empty() {
                let rest = finished.split_off(finished.len().min(MAX_BATCH_SPANS));
                shared.queue(&batches, std::mem::replace(&mut finished, rest));
            }
        }
        if is_closed {
            return;
        }
        if spans.finished_count() > 0 && due.is_none() {
            due = Some(Instant::now() + BATCH_DELAY);
        }
    }
}

/// Sends batches. Ends when no more batches can be queued.
async fn send_batches(mut queue: Receiver<Vec<FinishedSpan>>, shared: Arc<Shared>) {
    let mut is_failing = false;
    while let Some(spans) = queue.recv().await {
        let count = spans.len() as u64;
        let result = shared.send(&shared.batch(spans), !is_failing).await;
        shared.pending.fetch_sub(count, Ordering::Relaxed);
        match result {
            Ok(()) if is_failing => {
                is_failing = false;
                shared
                    .warn_of_dropped(|count| format!("the trace collector accepts traces again; {count} were dropped"));
            }
            Ok(()) => {}
            Err(error) => {
                shared.dropped.fetch_add(count, Ordering::Relaxed);
                if !is_failing {
                    let endpoint = &shared.config.endpoint;
                    let message = error.message;
                    (shared.warn)(&format!("`{endpoint}` does not accept traces, they are dropped: {message}"));
                }
                is_failing = true;
            }
        }
    }
}

impl Shared {
    /// Queues a batch, or counts it as dropped if the queue is full.
    fn queue(&self, batches: &Sender<Vec<FinishedSpan>>, spans: Vec<FinishedSpan>) {
        let count = spans.len() as u64;
        self.pending.fetch_add(count, Ordering::Relaxed);
        if batches.try_send(spans).is_err() {
            self.pending.fetch_sub(count, Ordering::Relaxed);
            self.dropped.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Sends a batch; with `with_retries`, tries again after retryable errors.
    async fn send(&self, batch: &Batch, with_retries: bool) -> Result<(), ExportError> {
        let mut delays = RETRY_DELAYS.iter().filter(|_| with_retries);
        loop {
            let error = match self.client.send(batch).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let delay = match (error.retryability, delays.next()) {
                (Retryability::Never, _) | (_, None) => None,
                (Retryability::Later, Some(delay)) => Some(*delay),
                (Retryability::After(requested), Some(_)) => Some(requested).filter(|delay| *delay <= MAX_RETRY_DELAY),
            };
            match delay {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
        }
    }

    /// Warns the user with the number of dropped spans, if there are any, and resets it.
    fn warn_of_dropped(&self, text: impl FnOnce(&str) -> String) {
        match self.dropped.swap(0, Ordering::Relaxed) {
            0 => {}
            1 => (self.warn)(&text("1 span")),
            count => (self.warn)(&text(&format!("{count} spans"))),
        }
    }

    /// Groups spans by function: each is a separate resource, as on Lambda.
    fn batch(&self, finished: Vec<FinishedSpan>) -> Batch {
        let mut by_worker = BTreeMap::<String, Vec<_>>::new();
        for FinishedSpan { worker, span, .. } in finished {
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
            attribute("service.name", self.config.service.as_deref().unwrap_or(worker)),
            attribute("service.namespace", self.app.as_str()),
            attribute("deployment.environment.name", "local"),
        ];
        if let Some(function) = self.functions.get(worker) {
            let mut parts = function.arn.split(':').skip(3);
            attributes.extend([
                attribute("cloud.provider", "aws"),
                attribute("cloud.platform", "aws_lambda"),
                attribute("cloud.region", parts.next().unwrap_or_default()),
                attribute("cloud.account.id", parts.next().unwrap_or_default()),
                attribute("faas.name", function.name.as_str()),
                attribute("faas.version", "$LATEST"),
                attribute("faas.max_memory", function.memory * 1024 * 1024),
            ]);
        }
        // Attributes that the user configures take precedence.
        attributes.retain(|attribute| self.config.resource.iter().all(|(key, _)| *key != attribute.key));
        attributes.extend(self.config.resource.iter().map(|(key, value)| attribute(key, value.as_str())));
        attributes
    }
}
