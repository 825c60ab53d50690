//! Cron, rate and at expressions.
#![no_main]

use bedrock_build::Schedule;

libfuzzer_sys::fuzz_target!(|input: &str| {
    let _ = Schedule::parse(input);
});
