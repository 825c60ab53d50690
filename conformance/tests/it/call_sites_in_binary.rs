//! Tests of the section for each call site in the linked binary, from which the call graph is read.

use object::{Object, ObjectSection};

#[test]
fn every_call_by_name_has_a_section_in_the_binary() {
    let binary = std::fs::read(env!("CARGO_BIN_EXE_conformance")).expect("the program");
    let file = object::File::parse(&*binary).expect("an ELF file");
    let names = file.sections().filter_map(|section| section.name().map(str::to_owned).ok());
    let mut edges: Vec<String> =
        names.filter_map(|name| name.strip_prefix(".bedrock.invoke.").map(str::to_owned)).collect();
    edges.sort();
    // `invoke_arn` has no worker name at compile time, so `python_import` and similar ones are missing.
    assert_eq!(edges, ["node_case", "python_case", "rust_case"]);
}
