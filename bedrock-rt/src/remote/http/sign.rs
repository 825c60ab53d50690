//! AWS Signature Version 4, as far as a POST with its body in memory and no query needs it.
//! Source: "Create a signed AWS API request" in the IAM user guide; tested with AWS's published vectors.

use std::fmt::Write;
use std::time::SystemTime;

use ring::{digest, hmac};

use super::credentials::Credentials;
use super::date;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who signs, for which service, when.
#[derive(Debug)]
pub(super) struct Signing<'a> {
    pub(super) credentials: &'a Credentials,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) time: SystemTime,
}

/// What is signed.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    /// As it stands in the request line, already percent-encoded.
    pub(super) path: &'a str,
    /// Lower-case names. `x-amz-date` and the session token are added.
    pub(super) headers: &'a [(&'static str, &'a str)],
    pub(super) body: &'a [u8],
}

/// The headers to add to the request: `x-amz-date`, the session token if there is one, `authorization`.
pub(super) fn sign(request: &Signed<'_>, signing: &Signing<'_>) -> Vec<(&'static str, String)> {
    let Signing { credentials, region, service, time } = signing;
    let date = date::basic(*time);
    let day = &date[..8];
    let mut added = vec![("x-amz-date", date.clone())];
    if let Some(token) = &credentials.token {
        added.push(("x-amz-security-token", token.clone()));
    }
    let mut headers: Vec<(&str, &str)> = request.headers.to_vec();
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_str())));
    headers.sort_unstable_by_key(|(name, _)| *name);
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");

    let canonical = canonical(request, &headers, &names);
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let signature = hex(hmac::sign(&key(&credentials.secret, day, region, service), to_sign.as_bytes()).as_ref());
    let authorization =
        format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", credentials.id);
    added.push(("authorization", authorization));
    added
}

/// The canonical request. Its path is encoded a second time, as for every service but S3.
fn canonical(request: &Signed<'_>, headers: &[(&str, &str)], names: &str) -> String {
    let path = request.path.split('/').map(encode).collect::<Vec<_>>().join("/");
    let mut text = format!("{}\n{path}\n\n", request.method);
    for (name, value) in headers {
        // Runs of spaces count as one.
        let value = value.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        text.push_str(name);
        text.push(':');
        text.push_str(&value);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(names);
    text.push('\n');
    text.push_str(&sha256(request.body));
    text
}

fn key(secret: &str, day: &str, region: &str, service: &str) -> hmac::Key {
    let derive =
        |key: hmac::Key, part: &str| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
    let first = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    [day, region, service, "aws4_request"].into_iter().fold(first, derive)
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Percent-encodes all but RFC 3986's unreserved characters.
pub(super) fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::{Signed, Signing, encode, sign};
    use crate::remote::http::credentials::Credentials;
    use crate::remote::http::date;

    type Headers<'a> = &'a [(&'static str, &'a str)];

    /// Date, region, service, keys and host of AWS's "Signature Version 4 test suite".
    fn signature(method: &str, headers: Headers<'_>, body: &[u8], token: Option<&str>) -> String {
        let credentials = Credentials {
            id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            token: token.map(str::to_owned),
        };
        let time = date::parse("2015-08-30T12:36:00Z").expect("a time");
        let signing = Signing { credentials: &credentials, region: "us-east-1", service: "service", time };
        let mut all = vec![("host", "example.amazonaws.com")];
        all.extend(headers);
        let added = sign(&Signed { method, path: "/", headers: &all, body }, &signing);
        let (_, authorization) = added.last().expect("the authorization");
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
    fn an_arn_is_encoded_for_a_path() {
        assert_eq!(
            encode("arn:aws:lambda:eu-west-1:1:function:a_b:$LATEST"),
            "arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Aa_b%3A%24LATEST"
        );
        assert_eq!(encode("größe ~."), "gr%C3%B6%C3%9Fe%20~.");
    }
}
