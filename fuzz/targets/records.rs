//! The record of earlier builds, in `target/bedrock`.
#![no_main]

use std::fs;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    fs::write(bedrock_fuzz::scratch().join("state.json"), input).expect("a file");
    bedrock_package::fuzzing::build_record(bedrock_fuzz::scratch());
});
