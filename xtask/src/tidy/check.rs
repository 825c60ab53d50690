//! The list of rules, and running them all. What a rule says is the rule's own business.

use anyhow::Result;

use super::finding::Finding;
use super::tree::Tree;
use super::{
    amazon_crates, arrows, changelog, file_length, file_names, function_length, header, lockfiles, machine_paths,
    registry_hosts, unfinished, worker_js,
};
use crate::workspace::Workspace;

/// A rule looks at the whole tree and gives what breaks it.
type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: [Rule; 12] = [
    arrows::check,
    amazon_crates::check,
    changelog::check,
    file_length::check,
    file_names::check,
    function_length::check,
    header::check,
    lockfiles::check,
    machine_paths::check,
    registry_hosts::check,
    unfinished::check,
    worker_js::check,
];

/// Prints every finding as `path:line: message`; whether there was none.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let tree = Tree::read(&workspace.root)?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!("tidy: {} files, nothing to say", tree.files.len()),
        1 => println!("tidy: 1 finding"),
        many => println!("tidy: {many} findings"),
    }
    Ok(findings.is_empty())
}
