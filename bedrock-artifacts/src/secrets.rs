//! Finds credentials in a text. Returns their kind and line, and never their value.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::secret_rules::first_match;

/// Maximum distance between a key id and the secret key that belongs to it.
const MAX_KEY_DISTANCE_BYTES: usize = 300;

/// A credential that was found. Lines start at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SecretMatch {
    pub(super) kind: &'static str,
    pub(super) line: usize,
}

/// Returns the first credential in the bytes of a file.
pub(super) fn find(bytes: &[u8]) -> Option<SecretMatch> {
    let key_id = captures(&PATTERNS.key_id, bytes)
        // Example ids in Amazon's documentation.
        .find(|(_, id)| !id.ends_with(b"EXAMPLE"))
        .map(|(at, _)| (at, if has_secret_near(bytes, at) { KEY_ID_AND_SECRET } else { KEY_ID }));
    let secret_key = captures(&PATTERNS.secret_key, bytes)
        .find(|(_, key)| !key.ends_with(b"EXAMPLEKEY") && is_mixed(key))
        .map(|(at, _)| (at, SECRET_KEY));
    let private_key = PATTERNS.private_key.find(bytes).map(|found| (found.start(), PRIVATE_KEY));
    let vendors = first_match(bytes);
    let (at, kind) = [key_id, secret_key, private_key, vendors].into_iter().flatten().min_by_key(|(at, _)| *at)?;
    Some(SecretMatch { kind, line: 1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count() })
}

const KEY_ID: &str = "an AWS access key id";
const KEY_ID_AND_SECRET: &str = "an AWS access key id with its secret";
const SECRET_KEY: &str = "an AWS secret access key";
const PRIVATE_KEY: &str = "a private key";

struct Patterns {
    key_id: Regex,
    secret_key: Regex,
    bare_secret: Regex,
    private_key: Regex,
}

#[allow(clippy::expect_used, reason = "the patterns are constants, and each test compiles them")]
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let regex = |pattern: &str| Regex::new(pattern).expect("a pattern that compiles");
    Patterns {
        key_id: regex(r"(?-u)(?:^|[^A-Za-z0-9+/])((?:AKIA|ASIA)[A-Z0-9]{16})(?:[^A-Za-z0-9+]|$)"),
        secret_key: regex(
            r#"(?i-u)secret_?access_?key["']?\]?\s*(?:=>|[:=,])\s*["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
        ),
        bare_secret: regex(r"(?-u)(?:^|[^A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"),
        // The first base64 line of a key must follow, possibly after headers: programs that read keys contain only the
        // marker.
        private_key: regex(
            r#"(?-u)-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[\s"'`+,;]|\\[rn]|[A-Za-z-]+: [^\n\\]*(?:\n|\\n))*[A-Za-z0-9+/]{32}"#,
        ),
    }
});

/// Returns the position and text of the first group in each match of `pattern`.
fn captures<'a>(pattern: &Regex, bytes: &'a [u8]) -> impl Iterator<Item = (usize, &'a [u8])> {
    pattern.captures_iter(bytes).filter_map(|found| found.get(1)).map(|group| (group.start(), group.as_bytes()))
}

fn has_secret_near(bytes: &[u8], at: usize) -> bool {
    let near = bytes
        .get(at.saturating_sub(MAX_KEY_DISTANCE_BYTES)..(at + MAX_KEY_DISTANCE_BYTES).min(bytes.len()))
        .unwrap_or_default();
    captures(&PATTERNS.bare_secret, near).any(|(_, key)| is_mixed(key))
}

/// Returns whether a key has upper-case and lower-case letters and digits. Forty hexadecimal digits are a commit.
fn is_mixed(key: &[u8]) -> bool {
    let has = |kind: fn(&u8) -> bool| key.iter().any(kind);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Split into two halves, so that this file does not contain a credential itself.
    fn id() -> String {
        ["AKIA", "Z7QXK2M5N3PRT6WY"].concat()
    }

    fn secret() -> String {
        ["q8Zk3vX1mB7nRt2YpL5w", "Jd9sHf4cGa6eUi0oKx/+"].concat()
    }

    fn pem(kind: &str, body: &str) -> String {
        format!("-----BEGIN {kind}-----{body}-----END {kind}-----\n")
    }

    fn body() -> String {
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDW".to_owned()
    }

    fn found(text: &str) -> Option<(&'static str, usize)> {
        find(text.as_bytes()).map(|found| (found.kind, found.line))
    }

    #[test]
    fn access_key_id_is_found_with_its_line() {
        assert_eq!(found(&format!("import os\n\nKEY = \"{}\"\n", id())), Some((KEY_ID, 3)));
        assert_eq!(found(&id().replacen("AKIA", "ASIA", 1)), Some((KEY_ID, 1)));
        assert_eq!(found(&format!("aws_access_key_id={}\r\n", id())), Some((KEY_ID, 1)));
    }

    #[test]
    fn secret_next_to_a_key_id_is_reported() {
        assert_eq!(
            found(&format!("{{\"id\": \"{}\",\n \"key\": \"{}\"}}", id(), secret())),
            Some((KEY_ID_AND_SECRET, 1))
        );
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(found(&format!("{} {commit}", id())), Some((KEY_ID, 1)), "a commit is no secret");
    }

    #[test]
    fn secret_is_found_by_its_name() {
        for text in [
            format!("[default]\naws_secret_access_key = {}\n", secret()),
            format!("{{\n\"SecretAccessKey\": \"{}\"}}", secret()),
            format!("\nos.environ['AWS_SECRET_ACCESS_KEY'] = '{}'", secret()),
        ] {
            assert_eq!(found(&text), Some((SECRET_KEY, 2)), "{text}");
        }
    }

    #[test]
    fn private_keys_are_found_in_every_format() {
        for text in [
            pem("PRIVATE KEY", &format!("\n{}\n", body())),
            pem("RSA PRIVATE KEY", &format!("\r\n{}\r\n", body())),
            pem("ENCRYPTED PRIVATE KEY", &format!("\n{}\n", body())),
            pem("RSA PRIVATE KEY", &format!("\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n{}\n", body())),
            pem("OPENSSH PRIVATE KEY", &format!("\n{}\n", body())),
            pem("PGP PRIVATE KEY BLOCK", &format!("\nVersion: 2\n\n{}\n", body())),
            format!("{{\"private_key\": \"{}\"}}", pem("PRIVATE KEY", &format!("\\n{}\\n", body())).trim()),
            pem("EC PRIVATE KEY", &format!("\\n\" +\n  \"{}\\n", body())),
        ] {
            assert_eq!(found(&text), Some((PRIVATE_KEY, 1)), "{text}");
        }
    }

    #[test]
    fn lookalikes_of_credentials_pass() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            format!("x{}", id()),
            format!("{}A", id()),
            id().to_lowercase(),
            "AKIA and ASIA".to_owned(),
            format!("secret_access_key = os.environ['{}']", "AWS_SECRET_ACCESS_KEY"),
            "if text.startswith('-----BEGIN PRIVATE KEY-----'): return load(text)".to_owned(),
            pem("PUBLIC KEY", &format!("\n{}\n", body())),
            pem("CERTIFICATE", &format!("\n{}\n", body())),
            format!("sha: {}", secret()),
        ] {
            assert_eq!(found(&text), None, "{text}");
        }
    }

    #[test]
    fn first_credential_is_reported() {
        let text = format!("\n{}\n{}", pem("PRIVATE KEY", &format!("\n{}\n", body())), id());
        assert_eq!(found(&text), Some((PRIVATE_KEY, 2)));
    }
}
