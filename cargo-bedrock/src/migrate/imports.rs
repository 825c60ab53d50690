//! Imports of Bedrock for Python that a worker cannot use here: the included module only has the part for workers.

use super::syntax::{children, descendants, field, line_of, parse, text_of};

/// Modules that are included.
const INCLUDED_MODULES: [&str; 4] = ["bedrock", "bedrock.workers", "bedrock.workers.invoker", "bedrock.workers.worker"];

/// Returns the modules of Bedrock that a text imports and that are not included, each with its line.
pub(super) fn unsupported_imports(text: &str) -> Vec<(usize, String)> {
    let Some(tree) = parse(text) else { return Vec::new() };
    let mut found = Vec::new();
    for node in descendants(tree.root_node()) {
        let modules: Vec<String> = match node.kind() {
            "import_from_statement" => {
                let module = field(node, "module_name").map_or("", |module| text_of(module, text));
                // `from bedrock import db` imports a module, `from bedrock.workers.worker import Worker` does not.
                let names = if INCLUDED_MODULES[2..].contains(&module) { Vec::new() } else { children(node) };
                let names = names.into_iter().skip(1).map(|name| text_of(field(name, "name").unwrap_or(name), text));
                let names: Vec<_> = names.map(|name| format!("{module}.{name}")).collect();
                if INCLUDED_MODULES.contains(&module) { names } else { vec![module.to_owned()] }
            }
            "import_statement" => {
                let names = children(node).into_iter().map(|name| text_of(field(name, "name").unwrap_or(name), text));
                names.map(str::to_owned).collect()
            }
            _ => continue,
        };
        let is_unsupported =
            |module: &String| module.starts_with("bedrock.") && !INCLUDED_MODULES.contains(&module.as_str());
        found.extend(modules.into_iter().filter(is_unsupported).map(|module| (line_of(node), module)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::unsupported_imports;

    #[test]
    fn only_modules_for_workers_are_supported() {
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
        assert_eq!(unsupported_imports(text), expected.map(|(line, module)| (line, module.to_owned())));
        assert_eq!(unsupported_imports("from bedrock.db import ("), []);
    }
}
