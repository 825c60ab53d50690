//! How often a function was run in one chain of calls. Lambda keeps the count in the trace header that every call hands
//! on, as `Lineage=<hash of the function>:<count>|…` (developer guide, "Recursive loop detection").

use std::collections::HashSet;

use bedrock_build::App;
use bedrock_build::settings::Recursion;
use serde_json::{Value, json};

use crate::local::service::FunctionInfo;

/// How often a function runs in one chain ("approximately 16 times").
const MOST: u64 = 16;
/// The API model's text of `RecursiveInvocationException`.
pub const STOPPED: &str = "Lambda has detected your function being invoked in a recursive loop with other Amazon Web \
                           Services resources and stopped your function's invocation.";

/// The workers whose circles are meant.
#[derive(Debug)]
pub struct Lineage(HashSet<String>);

impl Lineage {
    /// As the settings of an app have them.
    pub fn of(app: &App) -> Self {
        let allowed = app.workers.iter().filter(|worker| worker.settings.recursion == Recursion::Allow);
        Self(allowed.map(|worker| worker.name.to_string()).collect())
    }

    /// Whether the chain of this trace has run the function too often already.
    pub fn is_circle(&self, function: &FunctionInfo, trace: &str) -> bool {
        !self.0.contains(&function.worker) && count(trace, &hash(&function.arn)) >= MOST
    }

    /// The error of an event that is dropped because its chain is a circle.
    pub fn dropped(&self, function: &FunctionInfo, trace: &str) -> Option<Value> {
        let error = || json!({ "errorType": "RecursiveInvocationException", "errorMessage": STOPPED });
        self.is_circle(function, trace).then(error)
    }

    /// The trace that the function gets, in which this run is counted.
    pub fn counted(&self, function: &FunctionInfo, trace: String) -> String {
        if self.0.contains(&function.worker) { trace } else { with_one_more(&trace, &hash(&function.arn)) }
    }
}

/// 32 bits, FNV-1a: the same in every version of this program, for events that wait in a file.
fn hash(arn: &str) -> String {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("{:08x}", arn.bytes().fold(0x811c_9dc5, mix))
}

/// The counts of a trace header, without their field's name.
fn lineage(trace: &str) -> Option<&str> {
    trace.split(';').find_map(|field| field.trim().strip_prefix("Lineage="))
}

fn count(trace: &str, hash: &str) -> u64 {
    lineage(trace).into_iter().flat_map(|all| all.split('|')).find_map(|one| count_of(one, hash)).unwrap_or(0)
}

fn count_of(one: &str, hash: &str) -> Option<u64> {
    one.strip_prefix(hash)?.strip_prefix(':')?.parse().ok()
}

/// What is of others in the header, fields and counts, stays as it is.
fn with_one_more(trace: &str, hash: &str) -> String {
    let own = format!("{hash}:{}", count(trace, hash).saturating_add(1));
    let others = lineage(trace).into_iter().flat_map(|all| all.split('|'));
    let others = others.filter(|one| !one.is_empty() && count_of(one, hash).is_none());
    let counts: Vec<_> = others.chain([own.as_str()]).collect();
    let counts = format!("Lineage={}", counts.join("|"));
    let fields = trace.split(';').map(str::trim).filter(|field| !field.is_empty() && !field.starts_with("Lineage="));
    fields.chain([counts.as_str()]).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::{count, hash, with_one_more};

    #[test]
    fn a_run_is_counted_and_what_is_of_others_in_the_header_stays() {
        for (trace, expected) in [
            ("", "Lineage=0a0b0c0d:1"),
            ("Root=1-a;Parent=b;Sampled=0", "Root=1-a;Parent=b;Sampled=0;Lineage=0a0b0c0d:1"),
            ("Root=1-a;Lineage=0a0b0c0d:15;Self=c", "Root=1-a;Self=c;Lineage=0a0b0c0d:16"),
            ("Root=1-a;Lineage=11111111:3", "Root=1-a;Lineage=11111111:3|0a0b0c0d:1"),
            ("Lineage=11111111:3|0a0b0c0d:1|2:22222222:0", "Lineage=11111111:3|2:22222222:0|0a0b0c0d:2"),
            ("Lineage=0a0b0c0d:many", "Lineage=0a0b0c0d:many|0a0b0c0d:1"),
            ("Lineage=0a0b0c0d:18446744073709551615", "Lineage=0a0b0c0d:18446744073709551615"),
        ] {
            assert_eq!(with_one_more(trace, "0a0b0c0d"), expected, "{trace}");
        }
    }

    #[test]
    fn functions_are_counted_each_for_itself() {
        let (one, other) = (hash("arn:aws:lambda:us-east-1:000000000000:function:one"), hash("other"));
        assert_eq!((one.len(), one == other), (8, false));
        let trace = with_one_more(&with_one_more(&with_one_more("Root=1-a", &one), &other), &one);
        assert_eq!((count(&trace, &one), count(&trace, &other), count(&trace, "00000000")), (2, 1, 0));
    }
}
