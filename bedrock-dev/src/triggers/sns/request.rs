//! Reads the parameters of a request in the query protocol, which all SDKs use for SNS: `Name=value` pairs with names such as
//! `MessageAttributes.entry.1.Value.StringValue`.

use std::collections::BTreeMap;

use bedrock_local::event_sources::{SnsMessage, SnsMessageAttribute};
use bytes::Bytes;

use super::super::aws_api::new_uuid;

/// Bytes of a message with its attributes (SNS quotas).
const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// Characters of a subject (API reference, `Publish`).
const MAX_SUBJECT_CHARS: usize = 100;
/// The protocol whose message is delivered if a message has one for each protocol.
const PROTOCOL: &str = "lambda";

/// An error in SNS's format: code and message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SnsError {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl SnsError {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    fn invalid(reason: &str) -> Self {
        Self::new("InvalidParameter", format!("Invalid parameter: {reason}"))
    }
}

/// The parameters of a request. The last of several with the same name counts.
pub(in super::super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(in super::super) fn of(body: &Bytes) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    pub(in super::super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the topic of `Publish` and `PublishBatch`.
    pub(in super::super) fn topic_arn(&self) -> Option<&str> {
        self.get("TopicArn").or_else(|| self.get("TargetArn"))
    }

    /// Returns the prefixes of the members of a list: `PREFIX.1`, `PREFIX.2`.
    pub(super) fn members(&self, prefix: &str) -> Vec<String> {
        let has = |member: &String| self.0.keys().any(|name| name.starts_with(&format!("{member}.")));
        (1..=self.0.len()).map(|number| format!("{prefix}.{number}")).take_while(has).collect()
    }

    /// Reads a message whose parameters begin with `prefix`.
    pub(super) fn message(&self, prefix: &str) -> Result<SnsMessage, SnsError> {
        let get = |name: &str| self.get(&format!("{prefix}{name}"));
        let text = get("Message").unwrap_or_default();
        if text.is_empty() {
            return Err(SnsError::invalid("Empty message"));
        }
        let subject = get("Subject").map(str::to_owned);
        let is_subject = |text: &String| {
            (1..=MAX_SUBJECT_CHARS).contains(&text.chars().count()) && !text.contains(|c: char| c.is_ascii_control())
        };
        if subject.as_ref().is_some_and(|subject| !is_subject(subject)) {
            return Err(SnsError::invalid("Subject"));
        }
        let body = match get("MessageStructure") {
            Some("json") => text_for_functions(text)?,
            _ => text.to_owned(),
        };
        let mut attributes = BTreeMap::new();
        for member in self.members(&format!("{prefix}MessageAttributes.entry")) {
            let name = self.get(&format!("{member}.Name")).unwrap_or_default();
            attributes.insert(name.to_owned(), self.attribute(&member, name)?);
        }
        let size = |(name, attribute): (&String, &SnsMessageAttribute)| {
            name.len() + attribute.kind.len() + attribute.value.len()
        };
        if body.len() + attributes.iter().map(size).sum::<usize>() > MAX_MESSAGE_BYTES {
            return Err(SnsError::invalid("Message too long"));
        }
        Ok(SnsMessage { id: new_uuid(), subject, body, attributes })
    }

    fn attribute(&self, member: &str, name: &str) -> Result<SnsMessageAttribute, SnsError> {
        let get = |key: &str| self.get(&format!("{member}.Value.{key}"));
        let kind = get("DataType").unwrap_or_default();
        let value = if kind.starts_with("Binary") { get("BinaryValue") } else { get("StringValue") };
        let is_kind = ["String", "Number", "Binary"].contains(&kind.split('.').next().unwrap_or_default());
        let value = value.filter(|value| is_kind && !value.is_empty() && !name.is_empty());
        let is_number = |value: &&str| !kind.starts_with("Number") || value.trim().parse::<f64>().is_ok();
        let value = value.filter(is_number).ok_or_else(|| {
            let message = format!("The message attribute '{name}' must have a type and a value of that type.");
            SnsError::new("ParameterValueInvalid", message)
        })?;
        Ok(SnsMessageAttribute { kind: kind.to_owned(), value: value.to_owned() })
    }
}

/// Returns the text for functions of a message that has a text for each protocol.
fn text_for_functions(text: &str) -> Result<String, SnsError> {
    let texts: BTreeMap<String, serde_json::Value> = serde_json::from_str(text)
        .map_err(|_| SnsError::invalid("Message Structure - JSON message body failed to parse"))?;
    let default = texts.get("default").and_then(serde_json::Value::as_str);
    let default =
        default.ok_or_else(|| SnsError::invalid("Message Structure - No default entry in JSON message body"))?;
    Ok(texts.get(PROTOCOL).and_then(serde_json::Value::as_str).unwrap_or(default).to_owned())
}
