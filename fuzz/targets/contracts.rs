//! Contracts: one that is accepted is written and read again as the same, and types in other languages are made from it.
#![no_main]

use bedrock_build::contract::{Source, read};

libfuzzer_sys::fuzz_target!(|input: &str| {
    if let Ok(contract) = read(input, &Source::File("contract.json")) {
        let text = bedrock_contract::canonical::to_text(&contract);
        let again = read(&text, &Source::File("contract.json")).expect("a canonical contract");
        assert_eq!(text, bedrock_contract::canonical::to_text(&again));
        let _ = bedrock_contract::python::worker_stub(&contract);
    }
});
