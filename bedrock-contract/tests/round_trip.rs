//! Whatever a contract contains, its file reads as the same contract, and everything that is generated from it is valid.
#![allow(clippy::expect_used)]

mod random;

use bedrock_build::contract::{Root, Source, compare, json, read, rust_module, validate, validate_text};
use bedrock_contract::{canonical, example};
use proptest::prelude::*;
use random::contracts;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn file_reads_as_the_same_contract(contract in contracts()) {
        let text = canonical::to_text(&contract);
        let again = read(&text, &Source::File("contract.json"))
            .map_err(|problems| TestCaseError::fail(format!("{text}\n{problems:?}")))?;
        // Types that nothing uses are gone.
        prop_assert_eq!(compare(&contract, &again), []);
        prop_assert_eq!(canonical::to_text(&again), canonical::to_text(&read(&canonical::to_text(&again), &Source::File("c")).expect("it")));
        prop_assert_eq!(&again.event, &contract.event);
        for (name, definition) in &again.definitions {
            prop_assert_eq!(Some(definition), contract.definition(name));
        }
    }

    #[test]
    fn generated_rust_is_valid(contract in contracts()) {
        let text = rust_module("worker_name", &contract);
        let parsed = syn::parse_str::<syn::File>(&text);
        prop_assert!(parsed.is_ok(), "{}: {}", text, parsed.err().map(|error| error.to_string()).unwrap_or_default());
    }

    #[test]
    fn validators_never_fail_otherwise(contract in contracts(), text in "[\\PC\\n]{0,60}") {
        validate_text(&contract, Root::Event, text.as_bytes());
        let example = example::event(&contract).to_string();
        let node = json::parse(&example).map_err(|error| TestCaseError::fail(error.to_string()))?;
        validate(&contract, Root::Response, &node);
    }

    #[test]
    fn json_reader_agrees_with_serde_json(text in "[\\[\\]{}\",:0-9eE.+a-z\\\\ -]{0,24}") {
        let ours = json::parse(&text).is_ok();
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        if ours {
            // A number beyond 64 bits is an error of serde_json.
            let is_large = theirs.as_ref().is_err_and(|error| error.to_string().contains("number out of range"));
            prop_assert!(theirs.is_ok() || is_large, "{}", text);
        } else if let Ok(value) = theirs {
            // Only names that occur twice are refused in addition.
            prop_assert!(json::parse(&value.to_string()).is_ok(), "{}", text);
        }
    }
}
