//! The formats of strings. The validators in Python and JavaScript follow the same rules.

use super::model::StringFormat;

/// Returns what was expected if a text does not have the format, otherwise `None`.
pub(super) fn violation(format: StringFormat, text: &str) -> Option<&'static str> {
    let (is_valid, expected) = match format {
        StringFormat::Text => (true, ""),
        StringFormat::DateTime => {
            (is_date_time(text), "a date with time and offset, for example `2026-11-29T12:00:00Z`")
        }
        StringFormat::Date => (is_date(text), "a date, for example `2026-11-29`"),
        StringFormat::Uuid => (is_uuid(text), "a UUID"),
        StringFormat::Uri => (is_uri(text), "a URI with a scheme"),
        StringFormat::Email => (is_email(text), "an e-mail address"),
        StringFormat::Decimal => (is_decimal(text), "a decimal number in digits, for example `\"12.50\"`"),
        StringFormat::Base64 => (is_base64(text), "Base64"),
    };
    (!is_valid).then_some(expected)
}

/// Returns the number of two or more digits.
fn number(text: Option<&str>) -> Option<u32> {
    text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())).and_then(|text| text.parse().ok())
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let (Some(year), Some(month), Some(day)) = (number(text.get(..4)), number(text.get(5..7)), number(text.get(8..)))
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    let (time, offset) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => return false,
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    is_date(date)
        && clock.len() == 8
        && is_clock(clock.get(..5))
        && clock.get(5..6) == Some(":")
        && number(clock.get(6..)).is_some_and(|seconds| seconds < 60)
        && (1..=9).contains(&fraction.len())
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && (offset == "Z" || (offset.len() == 6 && is_clock(offset.get(1..))))
}

/// Returns whether a text is an hour and a minute, `23:59`.
fn is_clock(text: Option<&str>) -> bool {
    text.is_some_and(|text| {
        text.len() == 5
            && text.as_bytes()[2] == b':'
            && number(text.get(..2)).is_some_and(|hour| hour < 24)
            && number(text.get(3..)).is_some_and(|minute| minute < 60)
    })
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !rest.is_empty()
        && !text.bytes().any(|byte| byte <= b' ' || b"<>\"{}|\\^`".contains(&byte))
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    !name.is_empty() && !host.is_empty() && !text.bytes().any(|byte| byte <= b' ') && !name.contains('@')
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole) && is_digits(fraction)
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}
