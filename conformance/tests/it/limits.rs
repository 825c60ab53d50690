//! Tests of Lambda's payload limits, to the byte, and of deeply nested JSON.

use serde_json::json;

use crate::driver::{ALL_WORKERS, HOSTED_WORKERS, Run, responses};

const SYNC_LIMIT_BYTES: usize = 6 * 1024 * 1024;
const EVENT_LIMIT_BYTES: usize = 1024 * 1024;

#[test]
fn event_is_limited_to_six_mebibytes() {
    for worker in ALL_WORKERS {
        let good = json!({ "worker": worker, "bytes": 100 });
        let results = responses(&json!([
            { "worker": worker, "bytes": SYNC_LIMIT_BYTES }, { "worker": worker, "bytes": SYNC_LIMIT_BYTES + 1 }, good
        ]));
        assert_eq!(results[0]["ok"], SYNC_LIMIT_BYTES - 26, "{worker}: {}", results[0]);
        assert_eq!(results[1]["error"], "PayloadTooLarge", "{worker}");
        assert_eq!(results[1]["may_have_run"], false, "{worker}");
        let message = results[1]["message"].as_str().unwrap_or_default();
        assert!(message.ends_with("6291457 bytes, the limit is 6291456"), "{worker}: {message}");
        assert_eq!(results[2]["error"], serde_json::Value::Null, "{worker}: the next call");
    }
}

#[test]
fn response_is_limited_to_six_mebibytes() {
    for worker in ALL_WORKERS {
        let make = |bytes: usize| json!({ "worker": worker, "event": { "do": "make", "length": bytes - 2 } });
        let results = responses(&json!([
            make(SYNC_LIMIT_BYTES),
            make(SYNC_LIMIT_BYTES + 1),
            make(2 * SYNC_LIMIT_BYTES),
            make(10)
        ]));
        assert_eq!(results[0]["ok_bytes"], SYNC_LIMIT_BYTES, "{worker}: {}", results[0]);
        for response in &results[1..3] {
            assert_eq!(response["error"], "Function.ResponseSizeTooLarge", "{worker}: {response}");
            assert_eq!(response["may_have_run"], true, "{worker}");
        }
        assert!(results[1]["message"].as_str().is_some_and(|m| m.contains("6291457") && m.contains("6291456")));
        assert_eq!(results[3]["ok"], "xxxxxxxx", "{worker}: the next call");
    }
}

#[test]
fn asynchronous_event_is_limited_to_one_mebibyte() {
    for worker in ALL_WORKERS {
        let event = |bytes: usize| json!({ "worker": worker, "bytes": bytes, "fire_and_forget": true });
        let results = responses(&json!([event(EVENT_LIMIT_BYTES), event(EVENT_LIMIT_BYTES + 1)]));
        assert_eq!(results[0]["error"], serde_json::Value::Null, "{worker}");
        assert_eq!(results[1]["error"], "PayloadTooLarge", "{worker}");
        assert!(results[1]["message"].as_str().is_some_and(|m| m.ends_with("1048577 bytes, the limit is 1048576")));
    }
}

#[test]
fn deep_json_does_not_crash_the_host() {
    for worker in HOSTED_WORKERS {
        let nest = |depth: u32| json!({ "worker": worker, "event": { "do": "nest", "depth": depth } });
        let results = responses(&json!([nest(100), nest(100_000), nest(1)]));
        assert!(results[0]["ok"].is_array(), "{worker}: {}", results[0]);
        assert!(results[1]["error"].is_string(), "{worker}: {}", results[1]);
        assert_eq!(results[2]["ok"], json!([[]]), "{worker}: the next call");
    }
    for worker in ALL_WORKERS {
        let deep = (0..100).fold(json!(1), |value, _| json!([value]));
        let run_result = Run::new(&json!([{ "worker": worker, "event": { "do": "echo", "value": deep } }])).run();
        assert_eq!(run_result.responses[0]["ok"], deep, "{worker}: {}", run_result.stderr);
    }
}
