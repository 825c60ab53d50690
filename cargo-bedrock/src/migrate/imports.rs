//! What workers import of Bedrock for Python. The module that comes along here has the part for workers alone.

use super::syntax::{below, children, field, line, parse, text_of};

/// What there is here.
const KNOWN: [&str; 4] = ["bedrock", "bedrock.workers", "bedrock.workers.invoker", "bedrock.workers.worker"];

/// Modules of Bedrock that a worker's file imports and that are not here, each with its line.
pub(super) fn missing(text: &str) -> Vec<(usize, String)> {
    let Some(tree) = parse(text) else { return Vec::new() };
    let mut found = Vec::new();
    for node in below(tree.root_node()) {
        let modules: Vec<String> = match node.kind() {
            "import_from_statement" => {
                let module = field(node, "module_name").map_or("", |module| text_of(module, text));
                // `from bedrock import db` names a module too, and `from bedrock.workers.worker import Worker` does not.
                let names = if KNOWN[2..].contains(&module) { Vec::new() } else { children(node) };
                let names = names.into_iter().skip(1).map(|name| text_of(field(name, "name").unwrap_or(name), text));
                let names: Vec<_> = names.map(|name| format!("{module}.{name}")).collect();
                if KNOWN.contains(&module) { names } else { vec![module.to_owned()] }
            }
            "import_statement" => {
                let names = children(node).into_iter().map(|name| text_of(field(name, "name").unwrap_or(name), text));
                names.map(str::to_owned).collect()
            }
            _ => continue,
        };
        let is_missing = |module: &String| module.starts_with("bedrock.") && !KNOWN.contains(&module.as_str());
        found.extend(modules.into_iter().filter(is_missing).map(|module| (line(node), module)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn only_what_workers_need_is_here() {
        let text = "\
from bedrock.workers.worker import Worker
from bedrock.workers import invoker
import bedrock.workers.invoker as i, bedrock.db
from bedrock.log import log_config
from bedrock import cache as c
from bedrocks import x
from .bedrock import y
";
        let expected = [(3, "bedrock.db"), (4, "bedrock.log"), (5, "bedrock.cache")];
        assert_eq!(missing(text), expected.map(|(line, module)| (line, module.to_owned())));
        assert_eq!(missing("from bedrock.db import ("), []);
    }
}
