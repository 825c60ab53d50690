//! Where events go when Lambda is done with them: an ARN, or a worker of this app.

use std::fmt;

use super::reader::{Reader, Value};
use crate::WorkerName;

/// What takes the records of events that succeeded or failed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A queue, a topic, an event bus, a function or (of failed events) a bucket.
    Arn(String),
    /// A worker of this app, by its name.
    Worker(WorkerName),
}

impl Destination {
    /// What the settings say: the ARN, or the name of the worker.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Arn(arn) => arn,
            Self::Worker(name) => name.as_str(),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Reader<'_> {
    pub(super) fn destination(&mut self, value: &Value<'_>, path: &str) -> Option<Destination> {
        const EXPECTED: &str =
            "the ARN of a queue, a topic, an event bus or a function, or the name of a worker of this app";
        let text = self.text(value, path, EXPECTED)?;
        if text.starts_with("arn:") {
            return Some(Destination::Arn(text));
        }
        let worker = WorkerName::parse(&text).ok().map(Destination::Worker);
        if worker.is_none() {
            self.wrong(value, path, EXPECTED);
        }
        worker
    }

    pub(super) fn dead_letter(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let arn = value.get_ref().as_str().filter(|arn| is_arn_of(arn, &["sqs", "sns"])).map(str::to_owned);
        if arn.is_none() {
            self.wrong(value, path, "the ARN of a queue or a topic");
        }
        arn
    }

    /// Names of fields, or dotted paths of them.
    pub(super) fn fields(&mut self, value: &Value<'_>, path: &str) -> Option<Vec<String>> {
        const EXPECTED: &str = "a list of names of fields, or of paths like `user.password`";
        let fields = self.texts(value, path, EXPECTED)?;
        if fields.iter().any(|field| field.split('.').any(|part| part.trim().is_empty())) {
            self.wrong(value, path, EXPECTED);
            return None;
        }
        Some(fields)
    }
}

/// Whether `text` is an ARN of one of those services, with a name at its end.
pub(super) fn is_arn_of(text: &str, services: &[&str]) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, name] = parts[..] else { return false };
    // The names of buckets are everybody's, so that their ARNs have neither.
    let placed = service == "s3" || !(region.is_empty() || account.is_empty());
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    arn == "arn"
        && partition.starts_with("aws")
        && services.contains(&service)
        && placed
        && !name.is_empty()
        && name.chars().all(legal)
}
