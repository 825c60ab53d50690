//! Python files of workers.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| bedrock_callgraph::fuzzing::python(input));
