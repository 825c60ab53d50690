//! What went to destinations that are not of this app, and how it is shown.

use bedrock::local::rfc3339;
use bedrock_dev::{Delivered, Why};
use serde_json::{Value, json};

use super::{SHORT, pretty, table::aligned};
use bedrock_diagnostics::Result;

/// A line for each, under a head.
pub(crate) fn table(all: &[Delivered]) -> String {
    let head = ["event", "worker", "at", "setting", "destination"].map(str::to_owned);
    let row = |one: &Delivered| {
        let id = one.id.get(..SHORT).unwrap_or(&one.id).to_owned();
        [id, one.worker.clone(), rfc3339(one.at), setting(one.why).to_owned(), one.destination.clone()]
    };
    aligned(std::iter::once(head).chain(all.iter().map(row)), &[])
}

/// All of them as one object, with what each destination would have got; keys may be added to it.
pub(crate) fn json(all: &[Delivered]) -> Result<String> {
    let value = |one: &Delivered| -> Value {
        let what = if one.why == Why::DeadLetter { "body" } else { "record" };
        json!({
            "event": one.id,
            "worker": one.worker,
            "at": rfc3339(one.at),
            "setting": setting(one.why),
            "destination": one.destination,
            what: one.record,
            "attributes": one.attributes,
        })
    };
    pretty(&json!({ "delivered": all.iter().map(value).collect::<Vec<_>>() }))
}

/// As the app's settings spell it.
fn setting(why: Why) -> &'static str {
    match why {
        Why::OnSuccess => "on-success",
        Why::OnFailure => "on-failure",
        Why::DeadLetter => "dead-letter",
    }
}
