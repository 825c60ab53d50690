//! AWS Signature Version 4 for requests with the body in memory and without a query. Source: "Create a signed AWS API
//! request" in the IAM user guide; tested with AWS's published vectors.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use ring::{digest, hmac};

use super::types::Credentials;
use crate::date;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: &str = "x-amz-date";
const TOKEN: &str = "x-amz-security-token";

/// Signs for one service in one region.
#[derive(Debug)]
pub(super) struct Signer {
    region: String,
    service: &'static str,
    cached: Mutex<Option<Arc<SigningPrefix>>>,
}

/// Parts of a request that are signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignableRequest<'a> {
    pub(super) method: &'static str,
    /// As in the request line, percent-encoded.
    pub(super) path: &'a str,
    /// Names in lower case. The signer adds `x-amz-date` and the session token.
    pub(super) headers: &'a [(&'static str, &'a str)],
    pub(super) body: &'a [u8],
}

/// Headers that are added to the request, in addition to the session token.
#[derive(Debug)]
pub(super) struct Signature {
    /// Value of `x-amz-date`.
    pub(super) date: String,
    pub(super) authorization: Vec<u8>,
}

impl Signer {
    pub(super) fn new(region: String, service: &'static str) -> Self {
        Self { region, service, cached: Mutex::default() }
    }

    /// Returns the signature of a request that is sent at `time`.
    pub(super) fn sign(
        &self,
        request: &SignableRequest<'_>,
        credentials: &Arc<Credentials>,
        time: SystemTime,
    ) -> Signature {
        let prefix = self.prefix(request, credentials, date::basic(time));
        let mut body = Vec::with_capacity(64);
        hex(digest::digest(&digest::SHA256, request.body).as_ref(), &mut body);
        let mut canonical = prefix.canonical.clone();
        canonical.update(&body);
        let mut to_sign = copy_with_hash_capacity(&prefix.to_sign);
        hex(canonical.finish().as_ref(), &mut to_sign);
        let mut authorization = copy_with_hash_capacity(&prefix.authorization);
        hex(hmac::sign(&prefix.key, &to_sign).as_ref(), &mut authorization);
        Signature { date: prefix.date.clone(), authorization }
    }

    /// Returns the prefix of the last request if it fits, otherwise a new one. A new prefix is computed outside of the
    /// lock, so that no call waits for the hashes of another.
    fn prefix(
        &self,
        request: &SignableRequest<'_>,
        credentials: &Arc<Credentials>,
        date: String,
    ) -> Arc<SigningPrefix> {
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let cached = cached.filter(|cached| Arc::ptr_eq(&cached.credentials, credentials));
        if let Some(cached) = cached.as_ref().filter(|cached| cached.date == date && cached.matches(request)) {
            return Arc::clone(cached);
        }
        let cached = cached.filter(|cached| cached.date[..8] == date[..8]);
        let key = cached.map_or_else(|| self.key(credentials, &date[..8]), |cached| cached.key.clone());
        let prefix = Arc::new(SigningPrefix::new(self, request, credentials, date, key));
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&prefix));
        prefix
    }

    /// Derives the signing key of a day.
    fn key(&self, credentials: &Credentials, day: &str) -> hmac::Key {
        let derive =
            |key: hmac::Key, part: &str| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        let first = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{}", credentials.secret_access_key).as_bytes());
        [day, &self.region, self.service, "aws4_request"].into_iter().fold(first, derive)
    }
}

/// Part of the signature that does not depend on the body. Requests of the same second that only differ in their body
/// share it: a function that calls another one in a loop hashes its session token, the largest part of a request's
/// headers, only once a second.
struct SigningPrefix {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    credentials: Arc<Credentials>,
    date: String,
    /// Derived again each day, with four of the seven hashes of a signature.
    key: hmac::Key,
    /// The canonical request, up to the hash of the body.
    canonical: digest::Context,
    /// The string to sign, up to the hash of the canonical request.
    to_sign: Vec<u8>,
    /// The header `authorization`, up to the signature.
    authorization: Vec<u8>,
}

impl SigningPrefix {
    fn new(
        signer: &Signer,
        request: &SignableRequest<'_>,
        credentials: &Arc<Credentials>,
        date: String,
        key: hmac::Key,
    ) -> Self {
        let mut headers = request.headers.to_vec();
        headers.push((DATE, &date));
        headers.extend(credentials.session_token.as_deref().map(|token| (TOKEN, token)));
        headers.sort_unstable_by_key(|(name, _)| *name);
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let mut canonical = digest::Context::new(&digest::SHA256);
        canonical.update(canonical_request_prefix(request, &headers, &names).as_bytes());
        let scope = [&date[..8], "/", &signer.region, "/", signer.service, "/aws4_request"].concat();
        let to_sign = [ALGORITHM, "\n", &date, "\n", &scope, "\n"].concat();
        let id = &credentials.access_key_id;
        let authorization =
            [ALGORITHM, " Credential=", id, "/", &scope, ", SignedHeaders=", &names, ", Signature="].concat();
        Self {
            method: request.method,
            path: request.path.to_owned(),
            headers: request.headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            credentials: Arc::clone(credentials),
            key,
            canonical,
            to_sign: to_sign.into_bytes(),
            authorization: authorization.into_bytes(),
            date,
        }
    }

    fn matches(&self, request: &SignableRequest<'_>) -> bool {
        let own_headers = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        self.path == request.path && self.method == request.method && own_headers.eq(request.headers.iter().copied())
    }
}

impl std::fmt::Debug for SigningPrefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Head").field("path", &self.path).field("date", &self.date).finish_non_exhaustive()
    }
}

/// Returns the canonical request without its last line, the hash of the body. The path is encoded a second time, as for
/// every service but S3.
fn canonical_request_prefix(request: &SignableRequest<'_>, headers: &[(&str, &str)], names: &str) -> String {
    let mut text = String::with_capacity(2048);
    text.extend([request.method, "\n"]);
    for (at, part) in request.path.split('/').enumerate() {
        text.extend([if at == 0 { "" } else { "/" }, &encode(part)]);
    }
    text.push_str("\n\n");
    for (name, value) in headers {
        text.extend([*name, ":"]);
        // Consecutive spaces count as one.
        for (at, part) in value.split(' ').filter(|part| !part.is_empty()).enumerate() {
            text.extend([if at == 0 { "" } else { " " }, part]);
        }
        text.push('\n');
    }
    text.extend(["\n", names, "\n"]);
    text
}

/// Returns a copy with capacity for a hash in hexadecimal digits.
fn copy_with_hash_capacity(text: &[u8]) -> Vec<u8> {
    let mut copy = Vec::with_capacity(text.len() + 64);
    copy.extend_from_slice(text);
    copy
}

/// Called three times per request, so it does not use `format!`.
fn hex(bytes: &[u8], text: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.extend(bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
}

/// Percent-encodes all characters except for RFC 3986's unreserved characters.
pub(super) fn encode(text: &str) -> Cow<'_, str> {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if text.bytes().all(is_unreserved) {
        return Cow::Borrowed(text);
    }
    let encoded = text.bytes().fold(String::with_capacity(text.len() + 24), |mut out, byte| {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    });
    Cow::Owned(encoded)
}

#[cfg(test)]
mod tests {
    use super::super::types::Credentials;
    use super::{SignableRequest, Signer, encode};
    use crate::date;
    use std::sync::Arc;
    use std::time::Duration;

    type Headers<'a> = &'a [(&'static str, &'a str)];

    /// Uses date, region, service, keys and host of AWS's "Signature Version 4 test suite".
    fn signature(method: &'static str, headers: Headers<'_>, body: &[u8], token: Option<&str>) -> String {
        let signer = Signer::new("us-east-1".to_owned(), "service");
        let mut all = vec![("host", "example.amazonaws.com")];
        all.extend(headers);
        signature_of(
            &signer,
            &SignableRequest { method, path: "/", headers: &all, body },
            &credentials(token),
            "2015-08-30",
        )
    }

    fn credentials(token: Option<&str>) -> Arc<Credentials> {
        Arc::new(Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: token.map(str::to_owned),
        })
    }

    fn signature_of(
        signer: &Signer,
        request: &SignableRequest<'_>,
        credentials: &Arc<Credentials>,
        day: &str,
    ) -> String {
        let time = date::parse(&format!("{day}T12:36:00Z")).expect("a time");
        let signature = signer.sign(request, credentials, time);
        let authorization = String::from_utf8(signature.authorization).expect("a header");
        authorization.rsplit_once("Signature=").expect("a signature").1.to_owned()
    }

    #[test]
    fn signatures_match_awss_test_suite() {
        let form: Headers<'_> = &[("content-type", "application/x-www-form-urlencoded")];
        let table: [(&str, &'static str, Headers<'_>, &[u8], &str); 5] = [
            ("get-vanilla", "GET", &[], b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("post-vanilla", "POST", &[], b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                "post-header-key-sort",
                "POST",
                &[("my-header1", "value1")],
                b"",
                "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
            ),
            (
                "get-header-value-trim",
                "GET",
                &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
                b"",
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
            (
                "post-x-www-form-urlencoded",
                "POST",
                form,
                b"Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ];
        for (name, method, headers, body, expected) in table {
            assert_eq!(signature(method, headers, body, None), expected, "{name}");
        }
    }

    #[test]
    fn session_token_is_signed() {
        let without = signature("POST", &[], b"", None);
        assert_ne!(signature("POST", &[], b"", Some("token")), without);
    }

    #[test]
    fn signing_key_depends_on_day_and_credentials() {
        let request =
            SignableRequest { method: "POST", path: "/", headers: &[("host", "example.amazonaws.com")], body: b"" };
        let own = credentials(None);
        let others = Arc::new(Credentials { secret_access_key: "x".to_owned(), ..(*own).clone() });
        let signer = Signer::new("us-east-1".to_owned(), "service");
        let mut steps = Vec::new();
        for (credentials, day) in
            [(&own, "2015-08-30"), (&own, "2015-08-31"), (&others, "2015-08-31"), (&own, "2015-08-30")]
        {
            let fresh = Signer::new("us-east-1".to_owned(), "service");
            let expected = signature_of(&fresh, &request, credentials, day);
            assert_eq!(signature_of(&signer, &request, credentials, day), expected, "{day}");
            steps.push(expected);
        }
        assert!(steps[0] == steps[3] && steps[0] != steps[1] && steps[1] != steps[2], "{steps:?}");
    }

    #[test]
    fn cached_prefix_does_not_change_later_signatures() {
        const HOST: (&str, &str) = ("host", "example.amazonaws.com");
        const EVENT: (&str, &str) = ("x-amz-invocation-type", "Event");
        let usual = SignableRequest { method: "POST", path: "/a", headers: &[HOST], body: b"1" };
        let requests = [
            SignableRequest { body: b"2", ..usual },
            SignableRequest { path: "/b", ..usual },
            SignableRequest { method: "GET", ..usual },
            SignableRequest { headers: &[HOST, EVENT], ..usual },
            usual,
        ];
        let credentials = credentials(Some("token"));
        let signer = Signer::new("us-east-1".to_owned(), "service");
        let at = |second: u64| date::parse("2015-08-30T12:36:00Z").expect("a time") + Duration::from_secs(second);
        for second in 0..2 {
            for (before, after) in requests.iter().flat_map(|one| requests.iter().map(move |other| (one, other))) {
                signer.sign(before, &credentials, at(second));
                for second in [second, second + 1] {
                    let fresh = Signer::new("us-east-1".to_owned(), "service");
                    let expected = fresh.sign(after, &credentials, at(second));
                    let signature = signer.sign(after, &credentials, at(second));
                    assert_eq!(signature.authorization, expected.authorization, "{before:?} {after:?}");
                    assert_eq!(signature.date, expected.date);
                }
            }
        }
    }

    #[test]
    fn arn_is_percent_encoded_for_a_path() {
        assert_eq!(
            encode("arn:aws:lambda:eu-west-1:1:function:a_b:$LATEST"),
            "arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Aa_b%3A%24LATEST"
        );
        assert_eq!(encode("größe ~."), "gr%C3%B6%C3%9Fe%20~.");
    }
}
