//! AWS Signature Version 4, as far as a POST with its body in memory and no query needs it.
//! Source: "Create a signed AWS API request" in the IAM user guide; tested with AWS's published vectors.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use ring::{digest, hmac};

use super::credentials::Credentials;
use crate::date;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: &str = "x-amz-date";

/// Signs for one service in one region.
#[derive(Debug)]
pub(super) struct Signer {
    region: String,
    service: &'static str,
    /// Keys are derived anew each day: four of the seven hashes that a signature takes.
    derived: Mutex<Option<Derived>>,
}

#[derive(Debug)]
struct Derived {
    credentials: Arc<Credentials>,
    day: String,
    key: hmac::Key,
}

/// What is signed.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    /// As it stands in the request line, already percent-encoded.
    pub(super) path: &'a str,
    /// Sorted by their lower-case names; the session token is one of them. `x-amz-date` is added.
    pub(super) headers: &'a [(&'static str, &'a str)],
    pub(super) body: &'a [u8],
}

/// What a request gets besides its own headers.
#[derive(Debug)]
pub(super) struct Signature {
    /// The value of `x-amz-date`.
    pub(super) date: String,
    pub(super) authorization: Vec<u8>,
}

impl Signer {
    pub(super) fn new(region: String, service: &'static str) -> Self {
        Self { region, service, derived: Mutex::default() }
    }

    /// Signs the request as it is sent at `time`.
    pub(super) fn sign(&self, request: &Signed<'_>, credentials: &Arc<Credentials>, time: SystemTime) -> Signature {
        let date = date::basic(time);
        let day = &date[..8];
        let scope = [day, "/", &self.region, "/", self.service, "/aws4_request"].concat();
        let mut headers = Vec::with_capacity(request.headers.len() + 1);
        headers.extend_from_slice(request.headers);
        headers.insert(request.headers.partition_point(|(name, _)| *name < DATE), (DATE, &date));
        let mut names = String::with_capacity(128);
        for (name, _) in &headers {
            names.extend([if names.is_empty() { "" } else { ";" }, name]);
        }
        let mut to_sign = Vec::with_capacity(192);
        for part in [ALGORITHM, "\n", &date, "\n", &scope, "\n"] {
            to_sign.extend_from_slice(part.as_bytes());
        }
        sha256(&canonical(request, &headers, &names), &mut to_sign);
        let mut authorization = Vec::with_capacity(384);
        let parts =
            [ALGORITHM, " Credential=", &credentials.id, "/", &scope, ", SignedHeaders=", &names, ", Signature="];
        for part in parts {
            authorization.extend_from_slice(part.as_bytes());
        }
        hex(hmac::sign(&self.key(credentials, day), &to_sign).as_ref(), &mut authorization);
        Signature { date, authorization }
    }

    /// The key of the day.
    fn key(&self, credentials: &Arc<Credentials>, day: &str) -> hmac::Key {
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |derived: &&Derived| derived.day == day && Arc::ptr_eq(&derived.credentials, credentials);
        if let Some(derived) = derived.as_ref().filter(is_it) {
            return derived.key.clone();
        }
        let derive =
            |key: hmac::Key, part: &str| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        let first = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{}", credentials.secret).as_bytes());
        let key = [day, &self.region, self.service, "aws4_request"].into_iter().fold(first, derive);
        *derived = Some(Derived { credentials: Arc::clone(credentials), day: day.to_owned(), key: key.clone() });
        key
    }
}

/// The canonical request. Its path is encoded a second time, as for every service but S3.
fn canonical(request: &Signed<'_>, headers: &[(&str, &str)], names: &str) -> Vec<u8> {
    let mut text = String::with_capacity(2048);
    text.extend([request.method, "\n"]);
    for (at, part) in request.path.split('/').enumerate() {
        text.extend([if at == 0 { "" } else { "/" }, &encode(part)]);
    }
    text.push_str("\n\n");
    for (name, value) in headers {
        text.extend([*name, ":"]);
        // Runs of spaces count as one.
        for (at, part) in value.split(' ').filter(|part| !part.is_empty()).enumerate() {
            text.extend([if at == 0 { "" } else { " " }, part]);
        }
        text.push('\n');
    }
    text.extend(["\n", names, "\n"]);
    let mut text = text.into_bytes();
    sha256(request.body, &mut text);
    text
}

/// Appends the hash of `bytes`, in hexadecimal digits.
fn sha256(bytes: &[u8], text: &mut Vec<u8>) {
    hex(digest::digest(&digest::SHA256, bytes).as_ref(), text);
}

/// Three times per request, so without the machinery of `format!`.
fn hex(bytes: &[u8], text: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.extend(bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
}

/// Percent-encodes all but RFC 3986's unreserved characters.
pub(super) fn encode(text: &str) -> Cow<'_, str> {
    let stays = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if text.bytes().all(stays) {
        return Cow::Borrowed(text);
    }
    let encoded = text.bytes().fold(String::with_capacity(text.len() + 24), |mut out, byte| {
        if stays(byte) {
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
    use super::{Signed, Signer, encode};
    use crate::date;
    use crate::remote::http::credentials::Credentials;
    use std::sync::Arc;

    type Headers<'a> = &'a [(&'static str, &'a str)];

    /// Date, region, service, keys and host of AWS's "Signature Version 4 test suite".
    fn signature(method: &str, headers: Headers<'_>, body: &[u8], token: Option<&str>) -> String {
        let signer = Signer::new("us-east-1".to_owned(), "service");
        let mut all = vec![("host", "example.amazonaws.com")];
        all.extend(headers);
        all.extend(token.map(|token| ("x-amz-security-token", token)));
        all.sort_unstable();
        signature_of(&signer, &Signed { method, path: "/", headers: &all, body }, &credentials(token), "2015-08-30")
    }

    fn credentials(token: Option<&str>) -> Arc<Credentials> {
        Arc::new(Credentials {
            id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            token: token.map(str::to_owned),
        })
    }

    fn signature_of(signer: &Signer, request: &Signed<'_>, credentials: &Arc<Credentials>, day: &str) -> String {
        let time = date::parse(&format!("{day}T12:36:00Z")).expect("a time");
        let signature = signer.sign(request, credentials, time);
        let authorization = String::from_utf8(signature.authorization).expect("a header");
        authorization.rsplit_once("Signature=").expect("a signature").1.to_owned()
    }

    #[test]
    fn the_signatures_are_those_of_the_published_test_suite() {
        let form: Headers<'_> = &[("content-type", "application/x-www-form-urlencoded")];
        let table: [(&str, &str, Headers<'_>, &[u8], &str); 5] = [
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
    fn a_session_token_is_signed_too() {
        let without = signature("POST", &[], b"", None);
        assert_ne!(signature("POST", &[], b"", Some("token")), without);
    }

    #[test]
    fn the_key_of_a_day_is_not_that_of_the_next_or_of_others() {
        let request = Signed { method: "POST", path: "/", headers: &[("host", "example.amazonaws.com")], body: b"" };
        let (own, others) =
            (credentials(None), Arc::new(Credentials { secret: "x".to_owned(), ..(*credentials(None)).clone() }));
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
    fn an_arn_is_encoded_for_a_path() {
        assert_eq!(
            encode("arn:aws:lambda:eu-west-1:1:function:a_b:$LATEST"),
            "arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Aa_b%3A%24LATEST"
        );
        assert_eq!(encode("größe ~."), "gr%C3%B6%C3%9Fe%20~.");
    }
}
