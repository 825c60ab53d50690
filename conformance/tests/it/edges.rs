//! The trace of each call in the linked binary, from which the call graph is read.

use object::{Object, ObjectSection};

#[test]
fn every_call_by_name_leaves_a_section_and_nothing_else_does() {
    let binary = std::fs::read(env!("CARGO_BIN_EXE_conformance")).expect("the program");
    let file = object::File::parse(&*binary).expect("an ELF file");
    let names = file.sections().filter_map(|section| section.name().map(str::to_owned).ok());
    let mut edges: Vec<String> =
        names.filter_map(|name| name.strip_prefix(".bedrock.invoke.").map(str::to_owned)).collect();
    edges.sort();
    // `invoke_arn` names nobody at compile time, so `python_import` and its like are not there.
    assert_eq!(edges, ["node_case", "python_case", "rust_case"]);
}
