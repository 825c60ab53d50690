//! What the tags of a function record of contracts: its own, and the digests of those that it was built against.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use bedrock_build::contract::{Contract, Source, read};
use data_encoding::BASE64;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::manifest::ManifestEntry;

/// Start of the names of the tags. Their values are parts of one compressed text.
const TAG_PREFIX: &str = "bedrock:contract-";
/// Tags of a function. A larger contract is recorded as a digest.
const MAX_TAGS: usize = 8;
/// Characters of the value of a tag, as AWS limits them.
const MAX_TAG_CHARS: usize = 256;
/// Hexadecimal digits of a recorded digest.
const DIGEST_CHARS: usize = 16;
/// Largest text of a record that is read, in bytes.
const MAX_RECORD_BYTES: u64 = 1024 * 1024;

/// What is recorded of a function.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ContractRecord {
    /// The contract of a worker that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) own: Option<RecordedContract>,
    /// The digests of the contracts that the code was built against, by the names of the called workers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) callees: BTreeMap<String, String>,
}

/// A contract as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordedContract {
    pub(crate) digest: String,
    /// JSON Schema. `None` if it is too large for tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<Value>,
}

impl ContractRecord {
    /// Returns what a deploy records of a function.
    pub(crate) fn of(entry: &ManifestEntry) -> Self {
        let short = |digest: &String| digest.chars().take(DIGEST_CHARS).collect::<String>();
        let own = entry.contract.as_ref();
        let own = own.map(|own| RecordedContract { digest: short(&own.sha256), schema: Some(own.schema.clone()) });
        let callees = entry.callee_contracts.iter().map(|(worker, digest)| (worker.clone(), short(digest)));
        Self { own, callees: callees.collect() }
    }

    /// Returns the tags. Empty if nothing is to be recorded.
    pub(crate) fn tags(&self) -> BTreeMap<String, String> {
        if *self == Self::default() {
            return BTreeMap::new();
        }
        let text = encode(self);
        if text.len() <= MAX_TAGS * MAX_TAG_CHARS {
            return tags(&text);
        }
        let own = self.own.as_ref();
        let own = own.map(|own| RecordedContract { digest: own.digest.clone(), schema: None });
        let text = encode(&Self { own, callees: self.callees.clone() });
        // More callees than that are not recorded.
        if text.len() <= MAX_TAGS * MAX_TAG_CHARS { tags(&text) } else { BTreeMap::new() }
    }

    /// Reads the tags of a function. Tags that others have changed say nothing.
    pub(crate) fn from_tags(tags: &BTreeMap<String, String>) -> Self {
        let parts = (1..=MAX_TAGS).map_while(|number| tags.get(&tag_name(number)));
        decode(&parts.map(String::as_str).collect::<String>()).unwrap_or_default()
    }

    /// Returns the contract, or `None` if it is not recorded.
    pub(crate) fn contract(&self) -> Option<Contract> {
        let text = self.own.as_ref()?.schema.as_ref()?.to_string();
        read(&text, &Source::File("contract.json")).ok()
    }

    pub(crate) fn digest(&self) -> Option<&str> {
        self.own.as_ref().map(|own| own.digest.as_str())
    }

    /// Returns the digest of the contract of `worker` that the code was built against, or `None` if it is not known.
    pub(crate) fn built_against(&self, worker: &str) -> Option<&str> {
        self.callees.get(worker).map(String::as_str)
    }
}

/// Returns whether a tag records contracts.
pub(crate) fn is_contract_tag(name: &str) -> bool {
    name.starts_with(TAG_PREFIX)
}

/// Returns the names of all tags that record contracts.
pub(crate) fn tag_names() -> impl Iterator<Item = String> {
    (1..=MAX_TAGS).map(tag_name)
}

fn tag_name(number: usize) -> String {
    format!("{TAG_PREFIX}{number}")
}

fn tags(text: &str) -> BTreeMap<String, String> {
    let parts = text.as_bytes().chunks(MAX_TAG_CHARS);
    parts
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .zip(1..)
        .map(|(part, number)| (tag_name(number), part))
        .collect()
}

/// Returns the record as compressed JSON in Base64, whose characters are allowed in tags.
fn encode(record: &ContractRecord) -> String {
    let text = serde_json::to_vec(record).unwrap_or_default();
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let compressed = encoder.write_all(&text).and_then(|()| encoder.finish());
    BASE64.encode(&compressed.unwrap_or_default())
}

fn decode(text: &str) -> Option<ContractRecord> {
    let compressed = BASE64.decode(text.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    ZlibDecoder::new(&compressed[..]).take(MAX_RECORD_BYTES).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn record_is_read_from_its_tags() {
        let record = ContractRecord {
            own: Some(RecordedContract { digest: "cd".to_owned(), schema: Some(json!({ "x-contract": 1 })) }),
            callees: BTreeMap::from([("resizer".to_owned(), "ab".to_owned())]),
        };
        let tags = record.tags();
        assert!(tags.values().all(|value| value.len() <= MAX_TAG_CHARS), "{tags:?}");
        assert_eq!(ContractRecord::from_tags(&tags), record);
        assert!(tags.keys().all(|name| is_contract_tag(name) && tag_names().any(|known| known == *name)));
        assert_eq!(ContractRecord::default().tags(), BTreeMap::new());
        for damaged in ["", "x", "AAAA", "bm90IHpsaWI="] {
            let tags = BTreeMap::from([(tag_name(1), damaged.to_owned())]);
            assert_eq!(ContractRecord::from_tags(&tags), ContractRecord::default(), "{damaged}");
        }
    }
}
