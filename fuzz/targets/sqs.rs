//! Requests to the local SQS.
#![no_main]

use std::sync::LazyLock;

use axum::Router;

static ROUTES: LazyLock<Router> =
    LazyLock::new(|| bedrock_dev::fuzzing::sqs_routes(bedrock_fuzz::scratch()).expect("a file of messages"));

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    // A wait for messages is real time.
    if !input.windows(11).any(|window| window.eq_ignore_ascii_case(b"waittimesec")) {
        bedrock_fuzz::send(&ROUTES, input);
    }
});
