//! The conditional headers of S3 (user guide, "Conditional requests"): whether a request is processed.

use axum::http::HeaderMap;
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use std::time::SystemTime;

use super::error::S3Error;

static DATES: DateTimeParser = DateTimeParser::new();

/// What a condition refers to.
pub(super) struct ObjectState<'a> {
    /// Without quotes.
    pub(super) etag: &'a str,
    pub(super) modified: Option<SystemTime>,
}

/// The response to a read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReadDecision {
    Full,
    NotModified,
}

/// Decides about a read. `prefix` is `x-amz-copy-source-` for the source of a copy.
pub(super) fn check_read(headers: &HeaderMap, prefix: &str, object: &ObjectState<'_>) -> Result<ReadDecision, S3Error> {
    let header = |name: &str| headers.get(format!("{prefix}{name}")).and_then(|value| value.to_str().ok());
    let modified = object.modified.and_then(seconds);
    let is_after = |date: &str| {
        let date = DATES.parse_timestamp(date).ok().map(Timestamp::as_second);
        // A date that is not valid is ignored.
        date.zip(modified).map(|(date, modified)| modified > date)
    };
    match header("if-match") {
        Some(expected) if !matches(expected, object.etag) => return Err(S3Error::precondition_failed("If-Match")),
        Some(_) => {}
        None => {
            if header("if-unmodified-since").and_then(is_after) == Some(true) {
                return Err(S3Error::precondition_failed("If-Unmodified-Since"));
            }
        }
    }
    let is_unchanged = match header("if-none-match") {
        Some(known) => matches(known, object.etag),
        None => header("if-modified-since").and_then(is_after) == Some(false),
    };
    Ok(if is_unchanged { ReadDecision::NotModified } else { ReadDecision::Full })
}

/// Decides about a write or a deletion; `etag` is that of the existing object.
pub(super) fn check_write(headers: &HeaderMap, etag: Option<&str>) -> Result<(), S3Error> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(known) = header("if-none-match") {
        if known.trim() != "*" {
            return Err(S3Error::not_implemented("`If-None-Match` with an ETag of a write"));
        }
        if etag.is_some() {
            return Err(S3Error::precondition_failed("If-None-Match"));
        }
    }
    match (header("if-match"), etag) {
        (Some(_), None) => Err(S3Error::no_such_key()),
        (Some(expected), Some(etag)) if !matches(expected, etag) => Err(S3Error::precondition_failed("If-Match")),
        _ => Ok(()),
    }
}

/// Returns whether a write has a condition.
pub(super) fn is_conditional_write(headers: &HeaderMap) -> bool {
    headers.contains_key("if-none-match") || headers.contains_key("if-match")
}

fn matches(list: &str, etag: &str) -> bool {
    let tags = list.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'));
    tags.into_iter().any(|tag| tag == "*" || tag == etag)
}

fn seconds(time: SystemTime) -> Option<i64> {
    Timestamp::try_from(time).ok().map(Timestamp::as_second)
}

/// Formats a time for HTTP headers.
pub(super) fn http_date(time: SystemTime) -> Option<String> {
    let time = Timestamp::try_from(time).ok()?;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()
}

#[cfg(test)]
mod tests {
    use super::{ObjectState, ReadDecision, check_read, check_write};
    use axum::http::{HeaderMap, HeaderName, HeaderValue};
    use std::time::{Duration, UNIX_EPOCH};

    fn headers(text: &str) -> HeaderMap {
        let pairs = text.lines().filter_map(|line| line.split_once(": "));
        let header = |(name, value): (&str, &str)| {
            (HeaderName::try_from(name).expect("a name"), HeaderValue::try_from(value).expect("a value"))
        };
        pairs.map(header).collect()
    }

    #[test]
    fn reads_follow_the_conditions_of_the_request() {
        // Thu, 01 Jan 2026 00:00:00 GMT
        let modified = Some(UNIX_EPOCH + Duration::from_millis(1_767_225_600_500));
        for (text, expected) in [
            ("", Ok(ReadDecision::Full)),
            ("if-match: \"abc\"", Ok(ReadDecision::Full)),
            ("if-match: abc", Ok(ReadDecision::Full)),
            ("if-match: *", Ok(ReadDecision::Full)),
            ("if-match: \"x\", \"abc\"", Ok(ReadDecision::Full)),
            ("if-match: \"x\"", Err(412)),
            ("if-none-match: \"abc\"", Ok(ReadDecision::NotModified)),
            ("if-none-match: W/\"abc\"", Ok(ReadDecision::NotModified)),
            ("if-none-match: \"x\"", Ok(ReadDecision::Full)),
            ("if-modified-since: Thu, 01 Jan 2026 00:00:00 GMT", Ok(ReadDecision::NotModified)),
            ("if-modified-since: Wed, 31 Dec 2025 23:59:59 GMT", Ok(ReadDecision::Full)),
            ("if-modified-since: yesterday", Ok(ReadDecision::Full)),
            ("if-unmodified-since: Thu, 01 Jan 2026 00:00:00 GMT", Ok(ReadDecision::Full)),
            ("if-unmodified-since: Wed, 31 Dec 2025 23:59:59 GMT", Err(412)),
            // The ETag decides if both are given.
            ("if-match: \"abc\"\nif-unmodified-since: Wed, 31 Dec 2025 23:59:59 GMT", Ok(ReadDecision::Full)),
            ("if-none-match: \"x\"\nif-modified-since: Thu, 01 Jan 2026 00:00:00 GMT", Ok(ReadDecision::Full)),
        ] {
            let decision = check_read(&headers(text), "", &ObjectState { etag: "abc", modified });
            assert_eq!(decision.map_err(|error| error.status.as_u16()), expected, "{text}");
        }
        let copied = check_read(
            &headers("x-amz-copy-source-if-match: x"),
            "x-amz-copy-source-",
            &ObjectState { etag: "abc", modified },
        );
        assert!(copied.is_err());
    }

    #[test]
    fn writes_follow_the_conditions_of_the_request() {
        for (text, etag, expected) in [
            ("", Some("abc"), Ok(())),
            ("if-none-match: *", None, Ok(())),
            ("if-none-match: *", Some("abc"), Err(412)),
            ("if-none-match: \"abc\"", Some("abc"), Err(501)),
            ("if-match: \"abc\"", Some("abc"), Ok(())),
            ("if-match: \"x\"", Some("abc"), Err(412)),
            ("if-match: \"abc\"", None, Err(404)),
        ] {
            let decision = check_write(&headers(text), etag).map_err(|error| error.status.as_u16());
            assert_eq!(decision, expected, "{text} {etag:?}");
        }
    }
}
