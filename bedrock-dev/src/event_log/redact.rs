//! What of events and responses is nobody's business: the values of fields that the settings name, at whatever depth, also
//! in texts that are JSON themselves. Readers get `«redacted»` in their place; workers get what was sent.
//! What cannot be looked into is hidden as a whole.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Formatter};

use bedrock_build::App;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::payload::Payload;
use crate::ENDPOINT;

/// In place of a value.
const HIDDEN: &str = "\"«redacted»\"";
/// Levels that are looked into.
const DEEPEST: usize = 64;
/// Keys of function URLs' events whose texts are `name=value&…`, if they are no JSON.
const FORMS: [&str; 2] = ["body", "rawQueryString"];

/// The fields of each function, by its name.
#[derive(Debug, Default)]
pub struct Redactions(HashMap<String, Vec<Field>>);

/// The names of a field and of those that it is in, as far as they matter.
type Field = Vec<String>;

impl Redactions {
    /// Those of an app's settings.
    pub fn of(app: &App) -> Self {
        let workers = app.workers.iter().map(|worker| (worker.name.as_str(), &worker.settings));
        let all = workers.chain([(ENDPOINT, &app.settings.endpoint)]);
        let fields =
            |given: &[String]| given.iter().map(|field| field.split('.').map(str::to_owned).collect()).collect();
        let some = all.filter(|(_, settings)| !settings.redact.is_empty());
        Self(some.map(|(name, settings)| (name.to_owned(), fields(&settings.redact))).collect())
    }

    /// An event or a response of a function as readers get to see it.
    pub(super) fn payload(&self, worker: &str, bytes: &[u8]) -> Payload {
        Payload::sized(&self.shown(worker, bytes), bytes.len())
    }

    /// All of it, with what is hidden.
    pub(super) fn shown<'a>(&self, worker: &str, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(fields) = self.0.get(worker) else { return Cow::Borrowed(bytes) };
        let text = std::str::from_utf8(bytes).map(|text| Walk { fields, names: Vec::new() }.value(text, 0));
        Cow::Owned(text.unwrap_or_else(|_| HIDDEN.to_owned()).into_bytes())
    }
}

/// Goes through a value.
struct Walk<'a> {
    fields: &'a [Field],
    /// Of what it is in.
    names: Vec<String>,
}

impl Walk<'_> {
    /// The value as it is shown. What is no JSON, too deep, or has half a character in it, is not.
    fn value(&mut self, json: &str, depth: usize) -> String {
        let shown = match json.trim_start().as_bytes().first() {
            _ if depth > DEEPEST => None,
            Some(b'{') => self.object(json, depth),
            Some(b'[') => self.list(json, depth),
            Some(b'"') => self.text(json, depth),
            _ => serde_json::from_str::<&RawValue>(json).ok().map(|value| value.get().to_owned()),
        };
        shown.unwrap_or_else(|| HIDDEN.to_owned())
    }

    fn object(&mut self, json: &str, depth: usize) -> Option<String> {
        let Entries(entries) = serde_json::from_str(json).ok()?;
        let is_encoded = entries.iter().any(|(name, value)| name == "isBase64Encoded" && value.get() == "true");
        let mut shown = Vec::new();
        for (name, value) in entries {
            let key = serde_json::to_string(&name).ok()?;
            let is_closed = is_encoded && name == "body";
            self.names.push(name);
            let is_hidden = is_closed || self.is_hidden();
            let value = if is_hidden { HIDDEN.to_owned() } else { self.value(value.get(), depth + 1) };
            self.names.pop();
            shown.push(format!("{key}:{value}"));
        }
        Some(format!("{{{}}}", shown.join(",")))
    }

    fn list(&mut self, json: &str, depth: usize) -> Option<String> {
        let values: Vec<&RawValue> = serde_json::from_str(json).ok()?;
        let shown: Vec<_> = values.iter().map(|value| self.value(value.get(), depth + 1)).collect();
        Some(format!("[{}]", shown.join(",")))
    }

    /// A text may be JSON, or a form.
    fn text(&mut self, json: &str, depth: usize) -> Option<String> {
        let text: String = serde_json::from_str(json).ok()?;
        let is_json = text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<&RawValue>(&text).is_ok();
        let shown = if is_json {
            self.value(&text, depth + 1)
        } else if self.names.last().is_some_and(|name| FORMS.contains(&name.as_str())) {
            self.form(&text)
        } else {
            return Some(json.trim().to_owned());
        };
        serde_json::to_string(&shown).ok()
    }

    fn form(&self, text: &str) -> String {
        let part = |part: &str| match part.split_once('=') {
            Some((name, _)) if self.fields.iter().any(|field| field.last().is_some_and(|last| last == name)) => {
                format!("{name}=«redacted»")
            }
            _ => part.to_owned(),
        };
        text.split('&').map(part).collect::<Vec<_>>().join("&")
    }

    fn is_hidden(&self) -> bool {
        self.fields.iter().any(|field| self.names.ends_with(field))
    }
}

/// An object in the order of its keys, its values as they are written.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
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
        deserializer.deserialize_map(Visit)
    }
}

#[cfg(test)]
mod tests {
    use super::Redactions;
    use std::collections::HashMap;

    fn shown(json: &str) -> String {
        let fields = [vec!["token".to_owned()], vec!["user".to_owned(), "password".to_owned()]].to_vec();
        let redactions = Redactions(HashMap::from([("a".to_owned(), fields)]));
        assert_eq!(redactions.shown("b", json.as_bytes()), json.as_bytes());
        String::from_utf8(redactions.shown("a", json.as_bytes()).into_owned()).expect("text")
    }

    #[test]
    fn named_fields_are_hidden_wherever_they_are_and_all_else_stays_as_it_was_written() {
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
            assert_eq!(shown(given), expected);
        }
    }

    #[test]
    fn texts_that_are_json_or_forms_are_looked_into() {
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
            (r#"{"other":"token=x"}"#, r#"{"other":"token=x"}"#),
        ] {
            assert_eq!(shown(given), expected);
        }
    }

    #[test]
    fn what_cannot_be_looked_into_is_hidden_as_a_whole() {
        for given in ["token: abc", "", "{\"token\":\"x\""] {
            assert_eq!(shown(given), "\"«redacted»\"", "{given}");
        }
        let (open, close) = ("[".repeat(65), "]".repeat(65));
        let deep = format!("{open}{{\"token\":1}}{close}");
        assert_eq!(shown(&deep), format!("{open}\"«redacted»\"{close}"));
        assert_eq!(
            shown(r#"{"half":"\ud800","token":1,"n":2}"#),
            r#"{"half":"«redacted»","token":"«redacted»","n":2}"#
        );
        assert_eq!(shown(r#"[{"\ud800":1},2]"#), r#"["«redacted»",2]"#);
    }
}
