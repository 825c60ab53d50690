//! Settings of apps in `Cargo.toml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| bedrock_build::fuzzing::settings(input));
