//! JavaScript and TypeScript files of workers.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| {
    for path in ["main.js", "lib/main.ts"] {
        bedrock_callgraph::fuzzing::javascript(path, input);
    }
});
