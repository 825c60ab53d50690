//! Estimated memory of events. Computed from their parts, because there are thousands per second.

use super::event::{DevEvent, DevEventKind};
use super::payload::Payload;

/// Approximate overhead of one event for the allocator and the log.
const OVERHEAD_BYTES: usize = 128;

/// Returns the approximate number of bytes that an event takes.
pub(super) fn memory_size(kind: &DevEventKind) -> usize {
    let texts = match kind {
        DevEventKind::InvocationStarted(started) => {
            started.request_id.len() + started.worker.len() + started.trace.len() + payload_size(&started.event)
        }
        DevEventKind::InvocationEnded(ended) => {
            let texts = [&ended.error_type, &ended.message].into_iter().flatten().chain(&ended.stack);
            texts.map(String::len).sum::<usize>() + ended.response.as_ref().map_or(0, payload_size)
        }
        DevEventKind::Log(log) => log.line.len(),
        // These are rare, and have many parts.
        _ => serde_json::to_string(kind).map_or(0, |json| json.len()),
    };
    size_of::<DevEvent>() + OVERHEAD_BYTES + texts
}

fn payload_size(payload: &Payload) -> usize {
    size_of::<Payload>() + payload.stored_text().len()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::memory_size;
    use crate::event_log::{
        BuildEvent, BuildStatus, DevEventKind, InvocationEnded, InvocationStarted, LogEvent, Mode, Outcome, Payload,
    };

    #[test]
    fn memory_size_includes_every_text() {
        let text = "x".repeat(10_000);
        let json = format!("\"{}\"", "x".repeat(9998));
        let payload = Payload::of(json.as_bytes());
        let started = InvocationStarted {
            request_id: "7".into(),
            worker: "greeter".into(),
            caller: None,
            parent_request_id: None,
            trace: String::new(),
            mode: Mode::Sync,
            attempt: None,
            http: None,
            event: Arc::new(payload.clone()),
        };
        let ended = InvocationEnded {
            request_id: "7".into(),
            worker: "greeter".into(),
            outcome: Outcome::Error,
            status: None,
            error_type: None,
            message: Some(text.clone()),
            stack: vec![text.clone(), text.clone()],
            duration_ms: 1.0,
            init_ms: None,
            max_memory_mb: None,
            response: Some(payload),
        };
        let log = LogEvent { worker: "greeter".into(), request_id: None, level: None, line: text.clone() };
        let build =
            BuildEvent { state: BuildStatus::Failed, workers: Vec::new(), duration_ms: None, messages: vec![text] };
        for (texts, kind) in [
            (1, DevEventKind::InvocationStarted(started)),
            (4, DevEventKind::InvocationEnded(ended)),
            (1, DevEventKind::Log(log)),
            (1, DevEventKind::Build(build)),
        ] {
            assert_eq!(memory_size(&kind) / 10_000, texts, "{kind:?}");
        }
    }
}
