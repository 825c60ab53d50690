//! The invocations that have a text somewhere: in a name or an id, in what is shown of event and response, in an error, in
//! a line. Goes once through what is kept, which is bounded, and stops looking into an invocation where it was found.

use std::collections::HashSet;
use std::sync::Arc;

use memchr::memchr2_iter;

use super::event::{DevEvent, DevEventKind};
use super::payload::Payload;

/// Their request ids. Capital letters without accents count as small ones.
pub(crate) fn found<'a>(kept: &'a [Arc<DevEvent>], wanted: &str) -> HashSet<&'a str> {
    let mut found = HashSet::new();
    for kind in kept.iter().map(|happening| &happening.kind) {
        if let Some(request_id) = kind.request_id()
            && !found.contains(request_id)
            && has(kind, wanted.as_bytes())
        {
            found.insert(request_id);
        }
    }
    found
}

fn has(kind: &DevEventKind, wanted: &[u8]) -> bool {
    let is_in = |text: &str| contains(text.as_bytes(), wanted);
    let is_shown = |payload: Option<&Payload>| payload.is_some_and(|payload| is_in(payload.shown()));
    match kind {
        DevEventKind::InvocationStarted(one) => {
            [&*one.request_id, &*one.worker, &*one.trace].into_iter().chain(one.caller.as_deref()).any(is_in)
                || is_shown(Some(&one.event))
        }
        DevEventKind::InvocationEnded(one) => {
            [&one.error_type, &one.message].into_iter().flatten().chain(&one.stack).any(|text| is_in(text))
                || is_shown(one.response.as_ref())
        }
        DevEventKind::Log(log) => is_in(&log.line),
        _ => false,
    }
}

/// Looks only at where the first letter is.
fn contains(text: &[u8], wanted: &[u8]) -> bool {
    let Some(first) = wanted.first() else { return true };
    let places = memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text);
    places
        .map(|at| text.get(at..at + wanted.len()))
        .any(|part| part.is_some_and(|part| part.eq_ignore_ascii_case(wanted)))
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn letters_of_either_size_are_found_wherever_they_are() {
        for (is_there, text, wanted) in [
            (true, "KeyError: 'width'", "keyerror"),
            (true, "KeyError: 'width'", "WIDTH'"),
            (true, "aab", "ab"),
            (true, "größer", "Größ"),
            (true, "", ""),
            (false, "größer", "GRÖSSER"),
            (false, "wid", "width"),
            (false, "", "x"),
        ] {
            assert_eq!(contains(text.as_bytes(), wanted.as_bytes()), is_there, "{text} {wanted}");
        }
    }
}
