//! Searches invocations for a text: in names and ids, in the stored part of event and response, in errors and log
//! lines. Goes through the bounded log once, and skips the remaining events of an invocation that already matched.

use std::collections::HashSet;
use std::sync::Arc;

use memchr::memchr2_iter;

use super::event::{DevEvent, DevEventKind};
use super::payload::Payload;

/// Returns the request ids of matching invocations. Ignores the case of ASCII letters.
pub(crate) fn matching_ids<'a>(events: &'a [Arc<DevEvent>], text: &str) -> HashSet<&'a str> {
    let mut ids = HashSet::new();
    for kind in events.iter().map(|event| &event.kind) {
        if let Some(request_id) = kind.request_id()
            && !ids.contains(request_id)
            && contains_text(kind, text.as_bytes())
        {
            ids.insert(request_id);
        }
    }
    ids
}

fn contains_text(kind: &DevEventKind, needle: &[u8]) -> bool {
    let matches = |text: &str| contains(text.as_bytes(), needle);
    let payload_contains = |payload: Option<&Payload>| payload.is_some_and(|payload| matches(payload.stored_text()));
    match kind {
        DevEventKind::InvocationStarted(started) => {
            [&*started.request_id, &*started.worker, &*started.trace]
                .into_iter()
                .chain(started.caller.as_deref())
                .any(matches)
                || payload_contains(Some(&started.event))
        }
        DevEventKind::InvocationEnded(ended) => {
            [&ended.error_type, &ended.message].into_iter().flatten().chain(&ended.stack).any(|text| matches(text))
                || payload_contains(ended.response.as_ref())
        }
        DevEventKind::Log(log) => matches(&log.line),
        _ => false,
    }
}

/// Compares only at occurrences of the first byte, which `memchr` finds quickly.
fn contains(text: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return true };
    let positions = memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text);
    positions
        .map(|at| text.get(at..at + needle.len()))
        .any(|part| part.is_some_and(|part| part.eq_ignore_ascii_case(needle)))
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn search_ignores_ascii_case() {
        for (expected, text, needle) in [
            (true, "KeyError: 'width'", "keyerror"),
            (true, "KeyError: 'width'", "WIDTH'"),
            (true, "aab", "ab"),
            (true, "größer", "Größ"),
            (true, "", ""),
            (false, "größer", "GRÖSSER"),
            (false, "wid", "width"),
            (false, "", "x"),
        ] {
            assert_eq!(contains(text.as_bytes(), needle.as_bytes()), expected, "{text} {needle}");
        }
    }
}
