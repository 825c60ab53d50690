//! Checks signatures of requests: AWS Signature Version 4 in the header `authorization` or in the query of a presigned URL
//! (IAM user guide, "Create a signed AWS API request"). The texts of the errors are AWS's.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use bedrock_model::{UrlError, UrlRequest, date};
use jiff::fmt::rfc2822::DateTimeParser;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use ring::{digest, hmac};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far the time of a request may differ from the time of the service.
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);
/// How long a presigned URL can be valid (IAM user guide, "Elements of an AWS API request signature").
const MAX_EXPIRES_SECONDS: u64 = 7 * 24 * 60 * 60;
/// What a signature encodes: everything but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The parameter of a presigned URL that is not signed.
const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";

/// A signature as the request has it.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) access_key: String,
    /// `20261130/us-east-1/lambda/aws4_request`
    scope: String,
    /// Names of headers in lower case, separated by `;`.
    signed_headers: String,
    /// The hash in hexadecimal digits.
    digits: String,
    /// `20261130T101500Z`
    time: String,
    /// How long a presigned URL is valid. `None` for a signature in a header.
    expires: Option<Duration>,
}

impl Signature {
    /// Reads the signature of a request. `None` if it has none.
    pub(super) fn read(request: &UrlRequest<'_>) -> Result<Option<Self>, UrlError> {
        match header(request, "authorization") {
            Some(authorization) => match authorization.strip_prefix(ALGORITHM) {
                Some(parts) => Self::of_header(request, parts).map(Some),
                None => Ok(None),
            },
            None if parameter(request, "X-Amz-Algorithm").as_deref() == Some(ALGORITHM) => {
                Self::of_query(request).map(Some)
            }
            None => Ok(None),
        }
    }

    fn of_header(request: &UrlRequest<'_>, parts: &str) -> Result<Self, UrlError> {
        let part = |name: &str| {
            let mut parts = parts.split(',').filter_map(|part| part.trim().split_once('='));
            let found = parts.find(|(each, _)| *each == name).map(|(_, value)| value.to_owned());
            found.ok_or_else(|| incomplete(format!("Authorization header requires '{name}' parameter.")))
        };
        let time = header(request, "x-amz-date").map(str::to_owned);
        let time = time.or_else(|| header(request, "date").map(basic_of_http)).ok_or_else(|| {
            incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        })?;
        Self::new(&part("Credential")?, part("SignedHeaders")?, part("Signature")?, time, None)
    }

    fn of_query(request: &UrlRequest<'_>) -> Result<Self, UrlError> {
        let part = |name: &str| {
            let found = parameter(request, name);
            found.ok_or_else(|| incomplete(format!("AWS query-string parameters must include '{name}'.")))
        };
        let expires = Some(parse_expires(&part("X-Amz-Expires")?)?);
        Self::new(
            &part("X-Amz-Credential")?,
            part("X-Amz-SignedHeaders")?,
            part(SIGNATURE_PARAMETER)?,
            part("X-Amz-Date")?,
            expires,
        )
    }

    fn new(
        credential: &str,
        signed_headers: String,
        digits: String,
        time: String,
        expires: Option<Duration>,
    ) -> Result<Self, UrlError> {
        let (access_key, scope) =
            credential.split_once('/').filter(|(_, scope)| scope.split('/').count() == 4).ok_or_else(|| {
                incomplete(format!("Credential must have exactly 5 slash-delimited elements, got '{credential}'."))
            })?;
        Ok(Self { access_key: access_key.to_owned(), scope: scope.to_owned(), signed_headers, digits, time, expires })
    }

    /// Returns AWS's error if the signature is not that of the request, is one for another service or region, or is too old.
    pub(super) fn check(
        &self,
        service: &str,
        request: &UrlRequest<'_>,
        region: &str,
        secret: &str,
        now: SystemTime,
    ) -> Result<(), UrlError> {
        self.check_scope(region, service)?;
        self.check_time(now)?;
        if !self.signed_headers.split(';').any(|name| name == "host") {
            return Err(invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
        }
        if self.digits != self.expected(request, secret) {
            return Err(invalid(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details.",
            ));
        }
        Ok(())
    }

    fn check_scope(&self, region: &str, expected_service: &str) -> Result<(), UrlError> {
        let parts: Vec<&str> = self.scope.split('/').collect();
        let [day, in_region, service, end] = parts[..] else {
            return Err(incomplete("Credential must have exactly 5 slash-delimited elements."));
        };
        let expected = self.time.get(..8).unwrap_or_default();
        if day != expected {
            return Err(invalid(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}' != \
                 '{expected}', from '{}'.",
                self.time
            )));
        }
        if in_region != region {
            return Err(invalid("Credential should be scoped to a valid region. "));
        }
        if service != expected_service {
            return Err(invalid(format!("Credential should be scoped to correct service: '{expected_service}'. ")));
        }
        if end != "aws4_request" {
            return Err(invalid("Credential should be scoped with a valid terminator: 'aws4_request'. "));
        }
        Ok(())
    }

    fn check_time(&self, now: SystemTime) -> Result<(), UrlError> {
        let time = parse_basic(&self.time)
            .ok_or_else(|| incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{}'.", self.time)))?;
        let age = self.expires.unwrap_or(MAX_SKEW);
        let minutes = |duration: Duration| duration.as_secs() / 60;
        if time + age < now {
            let earliest = date::basic(now - age);
            let now = date::basic(now);
            let message = format!("{} is now earlier than {earliest} ({now} - {} min.)", self.time, minutes(age));
            return Err(invalid(format!("Signature expired: {message}")));
        }
        if now + MAX_SKEW < time {
            let latest = date::basic(now + MAX_SKEW);
            let now = date::basic(now);
            let message = format!("{} is still later than {latest} ({now} + {} min.)", self.time, minutes(MAX_SKEW));
            return Err(invalid(format!("Signature not yet current: {message}")));
        }
        Ok(())
    }

    /// Returns the signature that the request has with this secret.
    fn expected(&self, request: &UrlRequest<'_>, secret: &str) -> String {
        let canonical = self.canonical_request(request);
        let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let to_sign = format!("{ALGORITHM}\n{}\n{}\n{hash}", self.time, self.scope);
        let key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
        let key = self
            .scope
            .split('/')
            .fold(key, |key, part| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref()));
        hex(hmac::sign(&key, to_sign.as_bytes()).as_ref())
    }

    fn canonical_request(&self, request: &UrlRequest<'_>) -> String {
        let headers = self.signed_headers.split(';').fold(String::new(), |mut text, name| {
            let values = request.headers.iter().filter(|(each, _)| *each == name);
            let values = values.map(|(_, value)| trimmed(&String::from_utf8_lossy(value)));
            let _ = writeln!(text, "{name}:{}", values.collect::<Vec<_>>().join(","));
            text
        });
        let body = hex(digest::digest(&digest::SHA256, request.body).as_ref());
        let path = canonical_path(request.path);
        let query = canonical_query(request);
        [request.method, &path, &query, &headers, &self.signed_headers, &body].join("\n")
    }
}

fn invalid(message: impl Into<String>) -> UrlError {
    UrlError::Signature { exception: "InvalidSignatureException", message: message.into() }
}

fn incomplete(message: impl Into<String>) -> UrlError {
    UrlError::Signature { exception: "IncompleteSignatureException", message: message.into() }
}

fn header<'a>(request: &UrlRequest<'a>, name: &str) -> Option<&'a str> {
    let (_, value) = request.headers.iter().find(|(each, _)| *each == name)?;
    std::str::from_utf8(value).ok()
}

/// Returns the parameters of the query as they are written there.
fn parameters<'a>(request: &UrlRequest<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let query = request.query.split('&').filter(|pair| !pair.is_empty());
    query.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn parameter(request: &UrlRequest<'_>, name: &str) -> Option<String> {
    let (_, value) = parameters(request).find(|(each, _)| *each == name)?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}

/// Encodes each part of a path that is already encoded, as for every service but S3, after `.` and `..` are resolved.
fn canonical_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let encoded: Vec<String> = parts.iter().map(|part| percent_encode(part.as_bytes(), ENCODED).to_string()).collect();
    let end = if parts.is_empty() || !path.ends_with('/') { "" } else { "/" };
    format!("/{}{end}", encoded.join("/"))
}

/// Sorts the parameters by their encoded names and values. A plus stands for itself.
fn canonical_query(request: &UrlRequest<'_>) -> String {
    let encoded = |text: &str| {
        let bytes: Vec<u8> = percent_decode_str(text).collect();
        percent_encode(&bytes, ENCODED).to_string()
    };
    let signed = parameters(request).filter(|(name, _)| *name != SIGNATURE_PARAMETER);
    let mut pairs: Vec<(String, String)> = signed.map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// Returns the value of a header without spaces at its ends; consecutive spaces count as one.
fn trimmed(value: &str) -> String {
    value.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Parses the seconds that a presigned URL is valid. The texts of the errors are those of S3.
fn parse_expires(text: &str) -> Result<Duration, UrlError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(incomplete("X-Amz-Expires should be a number"));
    }
    if digits.len() < text.len() {
        return Err(incomplete("X-Amz-Expires must be non-negative"));
    }
    match digits.parse() {
        Ok(0) => Err(incomplete("X-Amz-Expires must be at least 1 second")),
        Ok(seconds) if seconds <= MAX_EXPIRES_SECONDS => Ok(Duration::from_secs(seconds)),
        _ => Err(incomplete(format!(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than \
             {MAX_EXPIRES_SECONDS} seconds"
        ))),
    }
}

/// Converts the header `Date` to `20261130T101500Z`, which is signed for it. Returns other texts than HTTP dates as they
/// are.
fn basic_of_http(text: &str) -> String {
    let time = DateTimeParser::new().parse_timestamp(text).ok();
    let time = time.and_then(|time| SystemTime::try_from(time).ok());
    time.map_or_else(|| text.to_owned(), date::basic)
}

/// Parses `20261130T101500Z`.
fn parse_basic(text: &str) -> Option<SystemTime> {
    if text.len() != 16 || !text.is_ascii() {
        return None;
    }
    let [year, month, day] = [&text[..4], &text[4..6], &text[6..8]];
    let [hour, minute, second] = [&text[9..11], &text[11..13], &text[13..15]];
    date::parse(&format!("{year}-{month}-{day}{}{hour}:{minute}:{second}{}", &text[8..9], &text[15..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const HOST: (&str, &[u8]) = ("host", b"example.amazonaws.com");

    /// A signature with date, region, service and key of AWS's "Signature Version 4 test suite".
    fn suite_signature(signed_headers: &str) -> Signature {
        Signature {
            access_key: "AKIDEXAMPLE".to_owned(),
            scope: "20150830/us-east-1/service/aws4_request".to_owned(),
            signed_headers: signed_headers.to_owned(),
            digits: String::new(),
            time: "20150830T123600Z".to_owned(),
            expires: None,
        }
    }

    fn request<'a>(method: &'a str, path: &'a str, query: &'a str) -> UrlRequest<'a> {
        let headers = vec![HOST, ("x-amz-date", b"20150830T123600Z".as_slice())];
        UrlRequest { method, path, query, headers, body: b"" }
    }

    #[test]
    fn signatures_match_awss_test_suite() {
        let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        for (method, path, query, expected) in [
            ("GET", "/", "", vanilla),
            ("GET", "//", "", vanilla),
            ("GET", "/example/..", "", vanilla),
            ("GET", "/./", "", vanilla),
            ("POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                "GET",
                "/",
                "Param2=value2&Param1=value1",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
        ] {
            let signature = suite_signature("host;x-amz-date").expected(&request(method, path, query), KEY);
            assert_eq!(signature, expected, "{method} {path}?{query}");
        }
        let mut trimmed = request("GET", "/", "");
        trimmed.headers.extend([("my-header1", b" value1".as_slice()), ("my-header2", b" \"a   b   c\"".as_slice())]);
        assert_eq!(
            suite_signature("host;my-header1;my-header2;x-amz-date").expected(&trimmed, KEY),
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
        );
        let mut form = request("POST", "/", "");
        form.headers.push(("content-type", b"application/x-www-form-urlencoded"));
        form.body = b"Param1=value1";
        assert_eq!(
            suite_signature("content-type;host;x-amz-date").expected(&form, KEY),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }

    #[test]
    fn paths_are_encoded_twice_and_queries_once() {
        assert_eq!(canonical_path("/a%20b/c:d/"), "/a%2520b/c%3Ad/");
        let query = request("GET", "/", "b=%c3%a4&a=x+y&b=1&flag&X-Amz-Signature=0");
        assert_eq!(canonical_query(&query), "a=x%2By&b=%C3%A4&b=1&flag=");
    }

    fn error(scope: &str, time: &str, expires: Option<u64>) -> String {
        let signature = Signature {
            access_key: "local".to_owned(),
            scope: scope.to_owned(),
            signed_headers: "host".to_owned(),
            digits: "0".to_owned(),
            time: time.to_owned(),
            expires: expires.map(Duration::from_secs),
        };
        let now = date::parse("2026-11-30T10:15:00Z").expect("a time");
        match signature.check("lambda", &request("GET", "/", ""), "us-east-1", "local", now) {
            Err(UrlError::Signature { exception, message }) => format!("{exception}: {message}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn signatures_of_other_times_services_and_regions_are_invalid() {
        let scope = "20261130/us-east-1/lambda/aws4_request";
        let mismatch = "InvalidSignatureException: The request signature we calculated does not match";
        assert!(error(scope, "20261130T101400Z", None).starts_with(mismatch));
        assert!(error(scope, "20261130T101000Z", None).starts_with(mismatch));
        assert!(error(scope, "20261130T090000Z", Some(4500)).starts_with(mismatch));
        for (scope, time, expires, expected) in [
            (
                scope,
                "20261130T100000Z",
                None,
                "Signature expired: 20261130T100000Z is now earlier than 20261130T101000Z (20261130T101500Z - 5 min.)",
            ),
            (
                scope,
                "20261130T100000Z",
                Some(60),
                "Signature expired: 20261130T100000Z is now earlier than 20261130T101400Z (20261130T101500Z - 1 min.)",
            ),
            (
                scope,
                "20261130T103000Z",
                None,
                "Signature not yet current: 20261130T103000Z is still later than 20261130T102000Z (20261130T101500Z + 5 min.)",
            ),
            (
                "20261130/us-east-1/sqs/aws4_request",
                "20261130T101500Z",
                None,
                "Credential should be scoped to correct service: 'lambda'. ",
            ),
            (
                "20261130/eu-west-1/lambda/aws4_request",
                "20261130T101500Z",
                None,
                "Credential should be scoped to a valid region. ",
            ),
            (
                "20261129/us-east-1/lambda/aws4_request",
                "20261130T101500Z",
                None,
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261129' != \
                 '20261130', from '20261130T101500Z'.",
            ),
        ] {
            assert_eq!(error(scope, time, expires), format!("InvalidSignatureException: {expected}"));
        }
        for time in ["20261130", "20261130T250000Z"] {
            assert!(error(scope, time, None).starts_with("IncompleteSignatureException: Date must be in"), "{time}");
        }
        for day in ["00000000", "20260300", "20260001"] {
            let scope = format!("{day}/us-east-1/lambda/aws4_request");
            let error = error(&scope, &format!("{day}T000000Z"), None);
            assert!(error.starts_with("IncompleteSignatureException: Date must be in"), "{error}");
        }
    }

    /// Returns the time and access key of the signature of a request, or the error.
    fn read(query: &str, headers: &[(&str, &str)]) -> Result<Option<(String, String)>, String> {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let request = UrlRequest { method: "GET", path: "/", query, headers, body: b"" };
        match Signature::read(&request) {
            Err(UrlError::Signature { message, .. }) => Err(message),
            Ok(found) => Ok(found.map(|signature| (signature.time, signature.access_key))),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn presigned_urls_are_valid_for_a_second_to_a_week() {
        let read = |expires: &str| {
            let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=local/20261130/us-east-1/lambda/aws4_request\
                         &X-Amz-SignedHeaders=host&X-Amz-Signature=0&X-Amz-Date=20261130T101500Z";
            read(&format!("{query}&X-Amz-Expires={expires}"), &[]).map(|_| ())
        };
        for valid in ["1", "604800"] {
            assert_eq!(read(valid), Ok(()), "{valid}");
        }
        for long in ["604801", "18446744073709551615", "18446744073709551616", "99999999999999999999999"] {
            let expected = "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be \
                            less than 604800 seconds";
            assert_eq!(read(long), Err(expected.to_owned()), "{long}");
        }
        assert_eq!(read("-1"), Err("X-Amz-Expires must be non-negative".to_owned()));
        assert_eq!(read("0"), Err("X-Amz-Expires must be at least 1 second".to_owned()));
        for text in ["", "x", "-", "-x", "1.5", "+1", "1e3"] {
            assert_eq!(read(text), Err("X-Amz-Expires should be a number".to_owned()), "{text}");
        }
    }

    #[test]
    fn time_of_a_signature_is_that_of_one_of_two_headers() {
        let whole = "AWS4-HMAC-SHA256 Credential=local/20261130/us-east-1/lambda/aws4_request, SignedHeaders=date;host, \
                     Signature=0";
        let time = |headers: &[(&str, &str)]| {
            let found = read("", &[&[("authorization", whole)], headers].concat());
            found.map(|found| found.map(|(time, _)| time).unwrap_or_default())
        };
        let expected = Ok("20261130T101500Z".to_owned());
        assert_eq!(time(&[("date", "Mon, 30 Nov 2026 10:15:00 GMT")]), expected);
        assert_eq!(time(&[("date", "20261130T101500Z")]), expected);
        let other = ("date", "Tue, 01 Dec 2026 10:15:00 GMT");
        assert_eq!(time(&[other, ("x-amz-date", "20261130T101500Z")]), expected);
        // The check refuses it, with AWS's error.
        assert_eq!(time(&[("date", "yesterday")]), Ok("yesterday".to_owned()));
    }

    #[test]
    fn incomplete_signatures_say_what_is_missing() {
        let read = |query: &str, headers: &[(&str, &str)]| {
            read(query, headers).map_or_else(|message| message, |found| format!("{:?}", found.map(|(_, key)| key)))
        };
        let date = ("x-amz-date", "20261130T101500Z");
        let whole =
            "AWS4-HMAC-SHA256 Credential=local/20261130/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0";
        assert_eq!(read("", &[]), "None");
        assert_eq!(read("", &[date, ("authorization", whole)]), r#"Some("local")"#);
        assert_eq!(
            read("", &[date, ("authorization", &whole.replace("Signature=0", ""))]),
            "Authorization header requires 'Signature' parameter."
        );
        assert_eq!(
            read("", &[date, ("authorization", &whole.replace("/lambda", ""))]),
            "Credential must have exactly 5 slash-delimited elements, got 'local/20261130/us-east-1/aws4_request'."
        );
        assert!(read("", &[("authorization", whole)]).contains("'X-Amz-Date'"));
        assert_eq!(
            read("X-Amz-Algorithm=AWS4-HMAC-SHA256", &[]),
            "AWS query-string parameters must include 'X-Amz-Expires'."
        );
    }
}
