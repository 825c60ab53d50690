//! Redaction of events and responses: replaces the values of fields that the settings name, at any depth and also
//! inside strings that contain JSON, by `«redacted»`. Readers see the redacted version; workers receive what was sent.
//! A value that cannot be parsed is redacted as a whole.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Formatter};

use bedrock_build::App;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::payload::Payload;
use crate::ENDPOINT;

/// The JSON that replaces a value.
const REDACTED: &str = "\"«redacted»\"";
/// Values that are nested deeper are redacted.
const MAX_DEPTH: usize = 64;
/// Keys in the events of function URLs whose strings are `name=value&…` unless they are JSON.
const FORM_KEYS: [&str; 2] = ["body", "rawQueryString"];

/// Keys, of events of function URLs and of headers, whose strings are `name=value; …`.
const COOKIE_KEYS: [&str; 3] = ["cookies", "cookie", "set-cookie"];

/// The fields to redact, by function name.
#[derive(Debug, Default)]
pub struct Redactions(HashMap<String, Vec<Field>>);

/// The last part of the path of a field, outermost name first.
type Field = Vec<String>;

impl Redactions {
    /// Reads the fields from the settings of an app.
    pub fn of(app: &App) -> Self {
        let workers = app.workers.iter().map(|worker| (worker.name.as_str(), &worker.settings));
        let functions = workers.chain([(ENDPOINT, &app.settings.endpoint)]);
        let fields =
            |names: &[String]| names.iter().map(|field| field.split('.').map(str::to_owned).collect()).collect();
        let redacted = functions.filter(|(_, settings)| !settings.redact.is_empty());
        Self(redacted.map(|(name, settings)| (name.to_owned(), fields(&settings.redact))).collect())
    }

    /// Returns an event or a response as readers see it: redacted and truncated.
    pub(super) fn payload(&self, worker: &str, bytes: &[u8]) -> Payload {
        self.payload_start(worker, bytes, bytes.len())
    }

    /// Does the same as [`Redactions::payload`] for the start of a payload that has `size` bytes.
    pub(super) fn payload_start(&self, worker: &str, bytes: &[u8], size: usize) -> Payload {
        Payload::with_size(&self.redacted(worker, bytes), size)
    }

    /// Returns an event or a response in full, but redacted.
    pub fn redacted<'a>(&self, worker: &str, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(fields) = self.0.get(worker) else { return Cow::Borrowed(bytes) };
        let text = std::str::from_utf8(bytes).map(|text| Redactor { fields, path: Vec::new() }.value(text, 0));
        Cow::Owned(text.unwrap_or_else(|_| REDACTED.to_owned()).into_bytes())
    }
}

/// Redacts a JSON text.
struct Redactor<'a> {
    fields: &'a [Field],
    /// The keys that lead to the current value.
    path: Vec<String>,
}

impl Redactor<'_> {
    /// Returns the redacted value. A value that is not valid JSON, too deeply nested or has an unpaired surrogate is
    /// redacted as a whole.
    fn value(&mut self, json: &str, depth: usize) -> String {
        let redacted = match json.trim_start().as_bytes().first() {
            _ if depth > MAX_DEPTH => None,
            Some(b'{') => self.object(json, depth),
            Some(b'[') => self.list(json, depth),
            Some(b'"') => self.string(json, depth),
            _ => serde_json::from_str::<&RawValue>(json).ok().map(|value| value.get().to_owned()),
        };
        redacted.unwrap_or_else(|| REDACTED.to_owned())
    }

    fn object(&mut self, json: &str, depth: usize) -> Option<String> {
        let Entries(entries) = serde_json::from_str(json).ok()?;
        let is_encoded = entries.iter().any(|(name, value)| name == "isBase64Encoded" && value.get() == "true");
        let mut members = Vec::new();
        for (name, value) in entries {
            let key = serde_json::to_string(&name).ok()?;
            let is_encoded_body = is_encoded && name == "body";
            self.path.push(name);
            let is_redacted = is_encoded_body || self.is_redacted();
            let value = if is_redacted { REDACTED.to_owned() } else { self.value(value.get(), depth + 1) };
            self.path.pop();
            members.push(format!("{key}:{value}"));
        }
        Some(format!("{{{}}}", members.join(",")))
    }

    fn list(&mut self, json: &str, depth: usize) -> Option<String> {
        let values: Vec<&RawValue> = serde_json::from_str(json).ok()?;
        let items: Vec<_> = values.iter().map(|value| self.value(value.get(), depth + 1)).collect();
        Some(format!("[{}]", items.join(",")))
    }

    /// Redacts inside a string that contains JSON, form data or cookies. A string that looks like JSON and is not, for
    /// example because it is truncated, is redacted as a whole.
    fn string(&mut self, json: &str, depth: usize) -> Option<String> {
        let text: String = serde_json::from_str(json).ok()?;
        let is_key =
            |keys: &[&str]| self.path.last().is_some_and(|name| keys.iter().any(|key| name.eq_ignore_ascii_case(key)));
        let redacted = if resembles_json(&text) {
            self.value(&text, depth + 1)
        } else if is_key(&COOKIE_KEYS) {
            self.pairs(&text, ';')
        } else if is_key(&FORM_KEYS) {
            // The parts of a multipart form are not inspected.
            if text.starts_with("--") && text.contains("form-data") {
                "«redacted»".to_owned()
            } else {
                self.pairs(&text, '&')
            }
        } else {
            return Some(json.trim().to_owned());
        };
        serde_json::to_string(&redacted).ok()
    }

    /// Redacts the values of `name=value` pairs, whose names may be percent-encoded.
    fn pairs(&self, text: &str, separator: char) -> String {
        let redact_part = |part: &str| match part.split_once('=') {
            Some((name, _)) if self.is_redacted_name(name.trim()) => format!("{name}=«redacted»"),
            _ => part.to_owned(),
        };
        text.split(separator).map(redact_part).collect::<Vec<_>>().join(&separator.to_string())
    }

    /// Returns whether an encoded name is that of a field: `password`, `user[password]` and `user.password` are the
    /// field `user.password`.
    fn is_redacted_name(&self, encoded: &str) -> bool {
        let decoded = form_urlencoded::parse(encoded.as_bytes()).next().map(|(name, _)| name.into_owned());
        let name = decoded.as_deref().unwrap_or(encoded);
        let parts: Vec<&str> = name.split(['.', '[', ']']).filter(|part| !part.is_empty()).collect();
        self.fields.iter().any(|field| {
            field.last().is_some_and(|last| last == name) || field.join(".") == name || ends_with(&parts, field)
        })
    }

    fn is_redacted(&self) -> bool {
        self.fields.iter().any(|field| self.path.ends_with(field))
    }
}

fn ends_with(parts: &[&str], field: &Field) -> bool {
    parts.len() >= field.len() && parts.iter().rev().zip(field.iter().rev()).all(|(part, name)| part == name)
}

/// Returns whether a string is JSON, or the start of JSON, that contains objects or lists.
fn resembles_json(text: &str) -> bool {
    let text = text.trim_start();
    let inner = |from: usize| text.get(from..).unwrap_or_default().trim_start();
    match text.as_bytes().first() {
        Some(b'{') => inner(1).is_empty() || inner(1).starts_with(['"', '}']),
        Some(b'[') => {
            inner(1).is_empty()
                || inner(1).starts_with(['"', '{', '[', ']', '-'])
                || inner(1).starts_with(|c: char| c.is_ascii_digit())
                || ["true", "false", "null"].iter().any(|word| inner(1).starts_with(word))
        }
        // A string in which JSON is encoded once more.
        Some(b'"') => inner(1).trim_start_matches(['\\', '"']).trim_start().starts_with(['{', '[']),
        _ => false,
    }
}

/// The members of an object in their order, with unparsed values.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::Redactions;
    use std::collections::HashMap;

    fn redact(json: &str) -> String {
        let fields = [
            vec!["token".to_owned()],
            vec!["user".to_owned(), "password".to_owned()],
            vec!["card number".to_owned()],
            vec!["auth[key]".to_owned()],
        ]
        .to_vec();
        let redactions = Redactions(HashMap::from([("a".to_owned(), fields)]));
        assert_eq!(redactions.redacted("b", json.as_bytes()), json.as_bytes());
        String::from_utf8(redactions.redacted("a", json.as_bytes()).into_owned()).expect("text")
    }

    #[test]
    fn named_fields_are_redacted_at_any_depth() {
        for (given, expected) in [
            (
                r#"{"z":1.10,"token":"abc","a":12345678901234567890123}"#,
                r#"{"z":1.10,"token":"«redacted»","a":12345678901234567890123}"#,
            ),
            (r#"{"token":{"deep":["x"]}}"#, r#"{"token":"«redacted»"}"#),
            (
                r#" [ {"token": 1}, [{"token":null}], "token" ] "#,
                r#"[{"token":"«redacted»"},[{"token":"«redacted»"}],"token"]"#,
            ),
            (
                r#"{"user":{"password":"x","name":"y"},"password":"z"}"#,
                r#"{"user":{"password":"«redacted»","name":"y"},"password":"z"}"#,
            ),
            (r#"{"user":[{"password":"x"}]}"#, r#"{"user":[{"password":"«redacted»"}]}"#),
            (r#"{"to\u006ben":"x","tokens":"y"}"#, r#"{"token":"«redacted»","tokens":"y"}"#),
            (r#"{"token":"first","token":"second"}"#, r#"{"token":"«redacted»","token":"«redacted»"}"#),
            ("3", "3"),
            (r#""token""#, r#""token""#),
        ] {
            assert_eq!(redact(given), expected);
        }
    }

    #[test]
    fn strings_with_json_or_form_data_are_redacted() {
        for (given, expected) in [
            (r#"{"body":"{\"token\":\"x\",\"n\":1}"}"#, r#"{"body":"{\"token\":\"«redacted»\",\"n\":1}"}"#),
            (
                r#"{"Records":[{"body":"[{\"token\":\"x\"}]"}]}"#,
                r#"{"Records":[{"body":"[{\"token\":\"«redacted»\"}]"}]}"#,
            ),
            (r#"["{\"token\":\"{\\\"a\\\":1}\"}"]"#, r#"["{\"token\":\"«redacted»\"}"]"#),
            (r#"{"rawQueryString":"a=1&token=x"}"#, r#"{"rawQueryString":"a=1&token=«redacted»"}"#),
            (r#"{"body":"token=x&password=y"}"#, r#"{"body":"token=«redacted»&password=«redacted»"}"#),
            (
                r#"{"body":"eyJ0b2tlbiI6MX0=","isBase64Encoded":true}"#,
                r#"{"body":"«redacted»","isBase64Encoded":true}"#,
            ),
            (
                r#"{"body":"to%6Ben=x&user%5Bpassword%5D=y&user.password=z&card+number=1&auth%5Bkey%5D=2&a=b"}"#,
                r#"{"body":"to%6Ben=«redacted»&user%5Bpassword%5D=«redacted»&user.password=«redacted»&card+number=«redacted»&auth%5Bkey%5D=«redacted»&a=b"}"#,
            ),
            (r#"{"rawQueryString":"to%6Ben=x"}"#, r#"{"rawQueryString":"to%6Ben=«redacted»"}"#),
            (
                r#"{"cookies":["token=x; Path=/","a=b"],"headers":{"Cookie":"a=b; token=x"}}"#,
                r#"{"cookies":["token=«redacted»; Path=/","a=b"],"headers":{"Cookie":"a=b; token=«redacted»"}}"#,
            ),
            (r#"{"body":"\"{\\\"token\\\":\\\"x\\\"}\""}"#, r#"{"body":"\"{\\\"token\\\":\\\"«redacted»\\\"}\""}"#),
            (r#"{"body":"{\"token\": \"x"}"#, r#"{"body":"\"«redacted»\""}"#),
            (r#"{"other":" [1, {\"token\""}"#, r#"{"other":"\"«redacted»\""}"#),
            (r#"{"other":"[info] {name} \"quoted\""}"#, r#"{"other":"[info] {name} \"quoted\""}"#),
            (
                r#"{"body":"--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nx"}"#,
                r#"{"body":"«redacted»"}"#,
            ),
            (r#"{"other":"token=x"}"#, r#"{"other":"token=x"}"#),
        ] {
            assert_eq!(redact(given), expected);
        }
    }

    #[test]
    fn unparsable_values_are_redacted_as_a_whole() {
        for given in ["token: abc", "", "{\"token\":\"x\""] {
            assert_eq!(redact(given), "\"«redacted»\"", "{given}");
        }
        let (open, close) = ("[".repeat(65), "]".repeat(65));
        let deep = format!("{open}{{\"token\":1}}{close}");
        assert_eq!(redact(&deep), format!("{open}\"«redacted»\"{close}"));
        assert_eq!(
            redact(r#"{"half":"\ud800","token":1,"n":2}"#),
            r#"{"half":"«redacted»","token":"«redacted»","n":2}"#
        );
        assert_eq!(redact(r#"[{"\ud800":1},2]"#), r#"["«redacted»",2]"#);
    }
}
