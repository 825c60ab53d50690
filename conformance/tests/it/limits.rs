//! Lambda's payload limits, to the byte, and JSON that is deep.

use serde_json::json;

use crate::driver::{ALL, HOSTED, Run, answers};

const SYNC: usize = 6 * 1024 * 1024;
const EVENT: usize = 1024 * 1024;

#[test]
fn an_event_may_have_six_mebibytes_and_not_a_byte_more() {
    for worker in ALL {
        let good = json!({ "worker": worker, "bytes": 100 });
        let got = answers(&json!([
            { "worker": worker, "bytes": SYNC }, { "worker": worker, "bytes": SYNC + 1 }, good
        ]));
        assert_eq!(got[0]["ok"], SYNC - 26, "{worker}: {}", got[0]);
        assert_eq!(got[1]["error"], "PayloadTooLarge", "{worker}");
        assert_eq!(got[1]["may_have_run"], false, "{worker}");
        let message = got[1]["message"].as_str().unwrap_or_default();
        assert!(message.ends_with("6291457 bytes, the limit is 6291456"), "{worker}: {message}");
        assert_eq!(got[2]["error"], serde_json::Value::Null, "{worker}: the next call");
    }
}

#[test]
fn a_response_may_have_six_mebibytes_and_not_a_byte_more() {
    for worker in ALL {
        let make = |bytes: usize| json!({ "worker": worker, "event": { "do": "make", "length": bytes - 2 } });
        let got = answers(&json!([make(SYNC), make(SYNC + 1), make(2 * SYNC), make(10)]));
        assert_eq!(got[0]["ok_bytes"], SYNC, "{worker}: {}", got[0]);
        for answer in &got[1..3] {
            assert_eq!(answer["error"], "Function.ResponseSizeTooLarge", "{worker}: {answer}");
            assert_eq!(answer["may_have_run"], true, "{worker}");
        }
        assert!(got[1]["message"].as_str().is_some_and(|m| m.contains("6291457") && m.contains("6291456")));
        assert_eq!(got[3]["ok"], "xxxxxxxx", "{worker}: the next call");
    }
}

#[test]
fn an_event_that_nobody_waits_for_may_have_one_mebibyte() {
    for worker in ALL {
        let event = |bytes: usize| json!({ "worker": worker, "bytes": bytes, "fire_and_forget": true });
        let got = answers(&json!([event(EVENT), event(EVENT + 1)]));
        assert_eq!(got[0]["error"], serde_json::Value::Null, "{worker}");
        assert_eq!(got[1]["error"], "PayloadTooLarge", "{worker}");
        assert!(got[1]["message"].as_str().is_some_and(|m| m.ends_with("1048577 bytes, the limit is 1048576")));
    }
}

#[test]
fn deep_json_is_an_answer_or_an_error_but_no_crash() {
    for worker in HOSTED {
        let nest = |depth: u32| json!({ "worker": worker, "event": { "do": "nest", "depth": depth } });
        let got = answers(&json!([nest(100), nest(100_000), nest(1)]));
        assert!(got[0]["ok"].is_array(), "{worker}: {}", got[0]);
        assert!(got[1]["error"].is_string(), "{worker}: {}", got[1]);
        assert_eq!(got[2]["ok"], json!([[]]), "{worker}: the next call");
    }
    for worker in ALL {
        let deep = (0..100).fold(json!(1), |value, _| json!([value]));
        let ran = Run::new(&json!([{ "worker": worker, "event": { "do": "echo", "value": deep } }])).run();
        assert_eq!(ran.answers[0]["ok"], deep, "{worker}: {}", ran.stderr);
    }
}
