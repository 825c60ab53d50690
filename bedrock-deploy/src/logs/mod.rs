//! Reads the logs of deployed functions from CloudWatch Logs: all functions together, in the order of time, once or until
//! Ctrl-C.
//!
//! | module | holds |
//! | --- | --- |
//! | `event` | [`LogEvent`], and which invocation it belongs to |
//! | `filter` | [`LogFilter`]: which events are wanted |
//! | `window` | which events are new: none is returned twice, and late ones are not lost |

mod event;
mod filter;
mod window;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bedrock_diagnostics::{Error, Interrupt, Result};

use crate::aws::{self, Aws, AwsError, AwsOptions, Idempotency, call, optional};
use crate::concurrent::map_concurrently;
use crate::stage::Stage;
pub use event::LogEvent;
use event::RequestIds;
pub use filter::{LogFilter, LogLevel};
use window::LogWindow;

/// Queries at the same time: CloudWatch Logs allows about ten a second for an account.
const MAX_CONCURRENT_QUERIES: usize = 5;
/// Pause between two queries of the same log group.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// A function whose log is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    /// Name of the worker, or `endpoint`.
    pub name: String,
    /// Name of the log group.
    pub log_group: String,
    /// Name of the function, if other functions may write to the same log group.
    pub function: Option<String>,
}

impl LogSource {
    /// Returns whether the function writes to a stream: in a log group that it chose, Lambda calls the streams
    /// `2026/11/29/FUNCTION[VERSION]ID`.
    fn has_stream(&self, stream: &str) -> bool {
        self.function.as_ref().is_none_or(|function| stream.contains(&format!("/{function}[")))
    }
}

/// Which logs to read.
#[derive(Debug)]
pub struct LogRequest {
    /// The functions.
    pub sources: Vec<LogSource>,
    /// Stage of the functions.
    pub stage: Stage,
    /// How far back to start.
    pub since: Duration,
    /// Whether to wait for new events until Ctrl-C.
    pub follow: bool,
    /// Which events are wanted.
    pub filter: LogFilter,
}

/// An event together with its function and invocation.
#[derive(Debug)]
pub struct LogLine {
    /// Index in [`LogRequest::sources`].
    pub source: usize,
    /// Request id of the invocation, if it is known.
    pub request_id: Option<String>,
    /// The event.
    pub event: LogEvent,
}

/// Receives what [`read_logs`] reads.
pub trait LogObserver {
    /// There are new events, the oldest first. Returns whether the reader still wants more.
    fn lines(&mut self, lines: Vec<LogLine>) -> Result<bool>;
    /// These functions have no log group yet.
    fn log_groups_missing(&mut self, names: &[&str]);
    /// A query failed and will be repeated. Called once for each outage.
    fn retrying(&mut self, error: &Error);
}

/// Reads the logs. Ctrl-C is the normal end of following; otherwise it is an error.
pub fn read_logs(
    request: &LogRequest,
    options: &AwsOptions,
    interrupt: &Interrupt,
    observer: &mut dyn LogObserver,
) -> Result<()> {
    let is_interrupted = aws::run(options, async |aws| {
        tokio::select! {
            result = poll(request, &aws, observer) => result.map(|()| false),
            () = interrupt.requested() => Ok(true),
        }
    })?;
    if is_interrupted && !request.follow { Err(Interrupt::error()) } else { Ok(()) }
}

/// The state of one log group.
struct LogState {
    window: LogWindow,
    request_ids: RequestIds,
    is_missing: bool,
}

async fn poll(request: &LogRequest, aws: &Aws, observer: &mut dyn LogObserver) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = i64::try_from(now.saturating_sub(request.since).as_millis()).unwrap_or_default();
    let mut states: Vec<LogState> = request
        .sources
        .iter()
        .map(|_| LogState { window: LogWindow::new(since), request_ids: RequestIds::default(), is_missing: false })
        .collect();
    let mut is_first = true;
    let mut is_outage_reported = false;
    loop {
        let responses = match query(request, aws, &states).await {
            Ok(responses) => responses,
            // A short outage must not end a command that has followed the logs for hours.
            Err((source, error)) if !is_first && is_transient(&error) => {
                if !is_outage_reported {
                    observer.retrying(&read_error(source, error));
                }
                is_outage_reported = true;
                tokio::time::sleep(POLL_INTERVAL).await;
                continue;
            }
            Err((source, error)) => return Err(read_error(source, error)),
        };
        is_outage_reported = false;
        for (state, response) in states.iter_mut().zip(&responses) {
            state.is_missing = response.is_none();
        }
        if is_first {
            report_missing(request, &states, observer)?;
        }
        let lines = new_lines(request, &mut states, responses);
        let has_reader = lines.is_empty() || observer.lines(lines)?;
        if !request.follow || !has_reader {
            return Ok(());
        }
        is_first = false;
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Queries all log groups. Returns the events of each, or `None` for those that do not exist, in the order of the sources.
async fn query<'a>(
    request: &'a LogRequest,
    aws: &Aws,
    states: &[LogState],
) -> std::result::Result<Vec<Option<Vec<LogEvent>>>, (&'a LogSource, AwsError)> {
    let sources = request.sources.iter().zip(states.iter().map(|state| state.window.start()));
    let responses = map_concurrently(sources, MAX_CONCURRENT_QUERIES, |(source, start)| async move {
        filter_log_events(aws, &source.log_group, start).await.map_err(|error| (source, error))
    });
    responses.await.into_iter().collect()
}

/// Returns all events of a log group from `start` on, or `None` if it does not exist: the function was never deployed or, if
/// the log group is not managed by the deploy, never invoked.
async fn filter_log_events(
    aws: &Aws,
    log_group: &str,
    start: i64,
) -> std::result::Result<Option<Vec<LogEvent>>, AwsError> {
    let mut events = Vec::new();
    let mut token = None::<String>;
    loop {
        let request = || {
            let page = aws.logs.filter_log_events().log_group_name(log_group).start_time(start);
            page.set_next_token(token.clone()).send()
        };
        let Some(page) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(None) };
        events.extend(page.events.unwrap_or_default().into_iter().map(|event| LogEvent {
            timestamp: event.timestamp.unwrap_or_default(),
            ingestion_time: event.ingestion_time.or(event.timestamp).unwrap_or_default(),
            id: event.event_id.unwrap_or_default(),
            stream: event.log_stream_name.unwrap_or_default(),
            message: event.message.unwrap_or_default(),
        }));
        // A page may be empty without being the last one.
        match page.next_token {
            Some(next) if token.as_ref() != Some(&next) => token = Some(next),
            _ => return Ok(Some(events)),
        }
    }
}

fn is_transient(error: &AwsError) -> bool {
    match error {
        AwsError::NotSent(_) | AwsError::NoResponse(_) => true,
        AwsError::Service { status, .. } => *status >= 500 || error.has_code("ThrottlingException"),
        AwsError::NoCredentials(_) => false,
    }
}

fn read_error(source: &LogSource, error: AwsError) -> Error {
    error.into_app_error(format!("failed to read the log `{}`", source.log_group))
}

/// Returns the new events of all log groups, the oldest first. Events of the same time are in the order of the sources.
fn new_lines(request: &LogRequest, states: &mut [LogState], responses: Vec<Option<Vec<LogEvent>>>) -> Vec<LogLine> {
    let mut lines: Vec<LogLine> = Vec::new();
    for (source, (state, response)) in states.iter_mut().zip(responses).enumerate() {
        let is_own =
            |event: &LogEvent| request.sources.get(source).is_none_or(|source| source.has_stream(&event.stream));
        let events = response.unwrap_or_default().into_iter().filter(is_own).collect();
        for event in state.window.take_new(events) {
            let request_id = state.request_ids.request_id(&event);
            if request.filter.matches(&event.message, request_id.as_deref()) {
                lines.push(LogLine { source, request_id, event });
            }
        }
    }
    lines.sort_by_key(|line| (line.event.timestamp, line.source));
    lines
}

/// Reports functions without a log group. If no function has one, that is an error, unless the command waits for events.
fn report_missing(request: &LogRequest, states: &[LogState], observer: &mut dyn LogObserver) -> Result<()> {
    let missing = request.sources.iter().zip(states).filter(|(_, state)| state.is_missing);
    let missing: Vec<&str> = missing.map(|(source, _)| source.name.as_str()).collect();
    if missing.len() == states.len() && !request.follow {
        let log_group = request.sources.first().map_or("", |source| source.log_group.as_str());
        let others = if states.len() > 1 { ", nor any of the others" } else { "" };
        return Err(Error::app(format!("stage `{}` has no logs", request.stage))
            .cause(format!("there is no log group `{log_group}`{others}"))
            .help("deploy the stage first, or check its name, the profile and the region"));
    }
    if !missing.is_empty() {
        observer.log_groups_missing(&missing);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::LogSource;

    #[test]
    fn streams_of_a_shared_log_group_name_their_function() {
        let source = |function: Option<&str>| LogSource {
            name: "counter".to_owned(),
            log_group: "/shop".to_owned(),
            function: function.map(str::to_owned),
        };
        let stream = "2026/11/29/shop-dev-counter[$LATEST]0a1b";
        assert!(source(Some("shop-dev-counter")).has_stream(stream));
        assert!(!source(Some("shop-dev-count")).has_stream(stream) && !source(Some("dev-counter")).has_stream(stream));
        assert!(source(None).has_stream("2026/11/29/[$LATEST]0a1b"));
    }
}
