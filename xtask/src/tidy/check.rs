//! The list of rules. Runs all of them and prints what they find.

use std::io::Write;

use anyhow::Result;

use super::finding::Finding;
use super::tree::Tree;
use super::{
    architecture, banned_words, changelog, dependency_direction, file_length, file_names, finding_scripts, header,
    import_cycles, lockfiles, machine_paths, registry_hosts, security_tests, sentence_lines, test_names,
    tuple_patterns, unfinished, worker_js,
};
use crate::workspace::Workspace;

/// A rule checks the whole tree and returns what violates it.
type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    architecture::check,
    banned_words::check,
    changelog::check,
    dependency_direction::check,
    file_length::check,
    file_names::check,
    finding_scripts::check,
    header::check,
    import_cycles::check,
    lockfiles::check,
    machine_paths::check,
    registry_hosts::check,
    security_tests::check,
    sentence_lines::check,
    test_names::check,
    tuple_patterns::check,
    unfinished::check,
    worker_js::check,
];

/// Prints every finding as `path:line: message`, and returns whether there was none.
pub(crate) fn run(workspace: &Workspace, output: &mut dyn Write) -> Result<bool> {
    let tree = Tree::read(&workspace.root)?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort();
    for finding in &findings {
        writeln!(output, "{finding}")?;
    }
    match findings.len() {
        0 => writeln!(output, "tidy: {} files, no findings", tree.files.len())?,
        1 => writeln!(output, "tidy: 1 finding")?,
        many => writeln!(output, "tidy: {many} findings")?,
    }
    Ok(findings.is_empty())
}
