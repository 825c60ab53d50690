//! Lists of requirements.
#![no_main]

use std::fs;

libfuzzer_sys::fuzz_target!(|input: &str| {
    let folder = bedrock_fuzz::scratch();
    let list = folder.join("requirements.txt");
    fs::write(&list, input).expect("a file");
    bedrock_package::fuzzing::requirements(&list, folder);
});
