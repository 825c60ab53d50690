//! What a build tells machines: one JSON object a line on the standard output. `docs/schema/build-events.v1.json` is
//! their schema; keys may be added to a version, never changed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::Printer;
use crate::build::{Part, Zip};
use bedrock_diagnostics::Result;

const VERSION: u32 = 1;

/// The line of one event; what it is about may be a part.
pub(super) fn emit<const N: usize>(name: &str, part: Option<&Part>, more: [(&str, Value); N]) {
    let mut event = BTreeMap::from(more);
    event.insert("version", json!(VERSION));
    event.insert("event", json!(name));
    if let Some(part) = part {
        event.insert("part", json!(part.id()));
        event.insert("worker", json!(part.worker().map(bedrock_build::WorkerName::as_str)));
    }
    // A reader that went away has enough.
    let _: Result<()> = Printer::data(&(json!(event).to_string() + "\n"));
}

/// A zip by its path from the folder of the artifacts; null if the part has none.
pub(super) fn artifact(part: &Part, zip: Option<&Zip>) -> Value {
    zip.map_or(Value::Null, |zip| {
        json!({
            "path": part.file(), "bytes": zip.bytes, "unzipped_bytes": zip.unzipped_bytes, "sha256": zip.sha256
        })
    })
}

/// To the millisecond.
pub(super) fn seconds(time: Duration) -> Value {
    json!((time.as_secs_f64() * 1000.0).round() / 1000.0)
}
