//! The CORS configuration of the endpoint's function URL, and its limits.

use std::ops::RangeInclusive;

use super::placeholder::STAGE_PLACEHOLDER;
use super::reader::{Reader, Value, set};

const KEYS: &[&str] =
    &["allow-credentials", "allow-headers", "allow-methods", "allow-origins", "expose-headers", "max-age"];
/// Methods that a function URL knows (CloudFormation, `AWS::Lambda::Url Cors`). It answers `OPTIONS` itself.
const METHODS: &[&str] = &["*", "DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];
/// Methods in a list (API model, `AllowMethodsList`).
const MAX_METHODS: usize = 6;
/// Origins in a list (API model, `AllowOriginsList`), and headers in one (`HeadersList`).
const MAX_ITEMS: usize = 100;
/// Characters of an origin (API model, `Origin`).
const MAX_ORIGIN_CHARS: usize = 253;
/// Characters of the name of a header (API model, `Header`).
const MAX_HEADER_CHARS: usize = 1_024;
/// How long a browser may cache the response to a preflight request, in seconds (API model, `MaxAge`).
const MAX_AGE_SECONDS: RangeInclusive<u64> = 0..=86_400;
/// What stands for all origins, methods or headers.
const WILDCARD: &str = "*";

/// `{ allow-origins = ["https://shop.example"], allow-methods = ["GET"], allow-headers = ["content-type"] }`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// Whether pages may send cookies and other credentials.
    pub allow_credentials: bool,
    /// Names of headers that pages may send, or `*`.
    pub allow_headers: Vec<String>,
    /// Methods that pages may use, or `*`. Browsers allow `GET`, `HEAD` and `POST` in any case.
    pub allow_methods: Vec<String>,
    /// Origins whose pages may call the URL, at least one, or `*`.
    pub allow_origins: Vec<String>,
    /// Names of headers of responses that pages may read, or `*`.
    pub expose_headers: Vec<String>,
    /// How long a browser may cache the response to a preflight request, in seconds. `None` for Lambda's default.
    pub max_age: Option<u64>,
}

impl Cors {
    /// Returns whether pages of `origin` may call the URL, where `stage` replaces the placeholder for a stage.
    #[must_use]
    pub fn allows_origin(&self, origin: &str, stage: &str) -> bool {
        self.allows_all_origins()
            || self.allow_origins.iter().any(|allowed| allowed.replace(STAGE_PLACEHOLDER, stage) == origin)
    }

    /// Returns whether pages of all origins may call the URL.
    #[must_use]
    pub fn allows_all_origins(&self) -> bool {
        self.allow_origins.iter().any(|origin| origin == WILDCARD)
    }
}

impl Reader<'_> {
    /// Reads `cors = { allow-origins = ["https://shop.example"] }`.
    pub(super) fn cors(&mut self, value: &Value<'_>, path: &str) -> Option<Cors> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, path, "a table, for example `{ allow-origins = [\"https://shop.example\"] }`");
            return None;
        };
        let problems = self.problems.len();
        let mut cors = Cors::default();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            match name {
                "allow-credentials" => set(&mut cors.allow_credentials, self.boolean(value, &full_path)),
                "allow-headers" => cors.allow_headers = self.header_names(value, &full_path),
                "allow-methods" => cors.allow_methods = self.methods(value, &full_path),
                "allow-origins" => cors.allow_origins = self.allowed_origins(value, &full_path),
                "expose-headers" => cors.expose_headers = self.header_names(value, &full_path),
                "max-age" => {
                    let source = "`Cors` in Lambda's API reference";
                    cors.max_age = self.limited_number(value, &full_path, "seconds", &MAX_AGE_SECONDS, source);
                }
                _ => self.unknown_key(name, &key.span(), &format!("[package.metadata.bedrock.{path}]"), KEYS),
            }
        }
        if self.problems.len() > problems {
            return None;
        }
        if cors.allow_origins.is_empty() {
            self.needs(value, path, "`allow-origins`: without it, no page could call the URL");
            return None;
        }
        if cors.allow_credentials && cors.allows_all_origins() {
            let value = table.get("allow-credentials").unwrap_or(value);
            let reason = "be true for all origins: browsers refuse credentials for `*` (Fetch Standard, CORS protocol \
                          and credentials)";
            self.not_allowed(value, &format!("{path}.allow-credentials"), reason);
            return None;
        }
        Some(cors)
    }

    fn allowed_origins(&mut self, value: &Value<'_>, path: &str) -> Vec<String> {
        let expected = format!(
            "a list of 1 to {MAX_ITEMS} origins like `\"https://shop.example\"` or `\"http://localhost:5173\"`, of at \
             most {MAX_ORIGIN_CHARS} characters, or `[\"*\"]` (`Cors` in Lambda's API reference)"
        );
        self.cors_list(value, path, MAX_ITEMS, &expected, |origin| origin == WILDCARD || is_origin(origin))
    }

    fn methods(&mut self, value: &Value<'_>, path: &str) -> Vec<String> {
        let list = METHODS.iter().map(|method| format!("`\"{method}\"`")).collect::<Vec<_>>().join(", ");
        let expected = format!("a list of at most {MAX_METHODS} of {list} (`Cors` in Lambda's API reference)");
        self.cors_list(value, path, MAX_METHODS, &expected, |method| METHODS.contains(&method))
    }

    fn header_names(&mut self, value: &Value<'_>, path: &str) -> Vec<String> {
        let expected = format!(
            "a list of at most {MAX_ITEMS} names of headers, of at most {MAX_HEADER_CHARS} characters, or `[\"*\"]` \
             (`Cors` in Lambda's API reference)"
        );
        self.cors_list(value, path, MAX_ITEMS, &expected, is_header_name)
    }

    /// Reads a list of distinct words. `*` replaces a list, so it is the only word of its list.
    fn cors_list(
        &mut self,
        value: &Value<'_>,
        path: &str,
        max: usize,
        expected: &str,
        is_word: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let Some(words) = self.strings(value, path, expected) else { return Vec::new() };
        if words.len() > max || !words.iter().all(|word| is_word(word)) {
            self.wrong_value(value, path, expected);
            return Vec::new();
        }
        if words.len() > 1 && words.iter().any(|word| word == WILDCARD) {
            self.not_allowed(value, path, "have other entries next to `*`, which stands for all of them");
        }
        if let Some(word) = words.iter().enumerate().find(|(at, word)| words[..*at].contains(word)) {
            self.not_allowed(value, path, &format!("have `{}` twice", word.1));
        }
        words
    }
}

/// Returns whether a browser can send this text as `Origin`: scheme, host in lower case, and port unless it is the
/// default one.
fn is_origin(text: &str) -> bool {
    let text = text.replace(STAGE_PLACEHOLDER, "stage");
    let Some((scheme, host)) = text.split_once("://") else { return false };
    let is_scheme = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    let is_host = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_:[]".contains(c);
    let is_default_port = (scheme == "http" && host.ends_with(":80")) || (scheme == "https" && host.ends_with(":443"));
    text.chars().count() <= MAX_ORIGIN_CHARS
        && scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.chars().all(is_scheme)
        && !host.is_empty()
        && host.chars().all(is_host)
        && !is_default_port
}

/// Returns whether the text is the name of a header (RFC 9110, `token`), or `*`.
fn is_header_name(text: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.len() <= MAX_HEADER_CHARS && text.chars().all(is_token)
}

#[cfg(test)]
mod tests;
