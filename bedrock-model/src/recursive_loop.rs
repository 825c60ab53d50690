//! Recursive loop detection: how often a function ran in one chain of calls. Lambda keeps the count in the trace
//! header, which every call passes on, as `Lineage=<hash of the function>:<count>|…` (developer guide, "Recursive loop
//! detection").

use std::collections::HashSet;

use bedrock_build::App;
use bedrock_build::settings::RecursiveLoop;
use serde_json::{Value, json};

use crate::backend::FunctionInfo;

/// Number of runs of a function in one chain after which Lambda stops it ("approximately 16 times").
const MAX_RUNS_PER_CHAIN: u64 = 16;
/// Text of `RecursiveInvocationException` in the API model.
pub const RECURSION_MESSAGE: &str = "Lambda has detected your function being invoked in a recursive loop with other \
                                     Amazon Web Services resources and stopped your function's invocation.";

/// Detects recursive loops of an app.
#[derive(Debug, Default)]
pub struct RecursiveLoopDetector {
    /// Workers whose settings allow recursion.
    exempt: HashSet<String>,
}

impl RecursiveLoopDetector {
    /// Reads from the settings of an app which workers may recurse.
    pub fn from_app(app: &App) -> Self {
        let exempt = app.workers.iter().filter(|worker| worker.settings.recursion == RecursiveLoop::Allow);
        Self { exempt: exempt.map(|worker| worker.name.to_string()).collect() }
    }

    /// Whether the chain of this trace has already run the function as often as allowed.
    pub fn exceeds_limit(&self, function: &FunctionInfo, trace: &str) -> bool {
        !self.exempt.contains(&function.worker) && count(trace, &hash(&function.arn)) >= MAX_RUNS_PER_CHAIN
    }

    /// Returns the error of an event that is dropped because its chain is a recursive loop. `None` if it may run.
    pub fn loop_error(&self, function: &FunctionInfo, trace: &str) -> Option<Value> {
        let error = || json!({ "errorType": "RecursiveInvocationException", "errorMessage": RECURSION_MESSAGE });
        self.exceeds_limit(function, trace).then(error)
    }

    /// Returns the trace header that the function gets, which counts this run.
    pub fn count_run(&self, function: &FunctionInfo, trace: String) -> String {
        if self.exempt.contains(&function.worker) { trace } else { increment_count(&trace, &hash(&function.arn)) }
    }
}

/// Returns the FNV-1a hash of an ARN, 32 bits. It must not change between versions, because events are stored in files.
fn hash(arn: &str) -> String {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("{:08x}", arn.bytes().fold(0x811c_9dc5, mix))
}

/// Returns the value of the field `Lineage` of a trace header.
fn lineage(trace: &str) -> Option<&str> {
    trace.split(';').find_map(|field| field.trim().strip_prefix("Lineage="))
}

fn count(trace: &str, hash: &str) -> u64 {
    lineage(trace).into_iter().flat_map(|all| all.split('|')).find_map(|one| parse_count(one, hash)).unwrap_or(0)
}

fn parse_count(one: &str, hash: &str) -> Option<u64> {
    one.strip_prefix(hash)?.strip_prefix(':')?.parse().ok()
}

/// Adds one to the count of a function. Fields and counts of others stay unchanged.
fn increment_count(trace: &str, hash: &str) -> String {
    let own = format!("{hash}:{}", count(trace, hash).saturating_add(1));
    let others = lineage(trace).into_iter().flat_map(|all| all.split('|'));
    let others = others.filter(|one| !one.is_empty() && parse_count(one, hash).is_none());
    let counts: Vec<_> = others.chain([own.as_str()]).collect();
    let counts = format!("Lineage={}", counts.join("|"));
    let fields = trace.split(';').map(str::trim).filter(|field| !field.is_empty() && !field.starts_with("Lineage="));
    fields.chain([counts.as_str()]).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::{count, hash, increment_count};

    #[test]
    fn counting_keeps_other_fields_of_the_trace_header() {
        for (trace, expected) in [
            ("", "Lineage=0a0b0c0d:1"),
            ("Root=1-a;Parent=b;Sampled=0", "Root=1-a;Parent=b;Sampled=0;Lineage=0a0b0c0d:1"),
            ("Root=1-a;Lineage=0a0b0c0d:15;Self=c", "Root=1-a;Self=c;Lineage=0a0b0c0d:16"),
            ("Root=1-a;Lineage=11111111:3", "Root=1-a;Lineage=11111111:3|0a0b0c0d:1"),
            ("Lineage=11111111:3|0a0b0c0d:1|2:22222222:0", "Lineage=11111111:3|2:22222222:0|0a0b0c0d:2"),
            ("Lineage=0a0b0c0d:many", "Lineage=0a0b0c0d:many|0a0b0c0d:1"),
            ("Lineage=0a0b0c0d:18446744073709551615", "Lineage=0a0b0c0d:18446744073709551615"),
        ] {
            assert_eq!(increment_count(trace, "0a0b0c0d"), expected, "{trace}");
        }
    }

    #[test]
    fn functions_are_counted_separately() {
        let (one, other) = (hash("arn:aws:lambda:us-east-1:000000000000:function:one"), hash("other"));
        assert_eq!((one.len(), one == other), (8, false));
        let trace = increment_count(&increment_count(&increment_count("Root=1-a", &one), &other), &one);
        assert_eq!((count(&trace, &one), count(&trace, &other), count(&trace, "00000000")), (2, 1, 0));
    }
}
