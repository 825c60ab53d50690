//! The imports in a Python file, and the files in the worker's folder that they refer to.

use std::fs;
use std::path::Path;

use tree_sitter::Node;

use super::grammar::string;
use crate::import_name::{Import, folder_of, normalized};
use crate::name_resolution::{children, field, parse, text_of};

/// Returns the imports in a file. Modules have dots; relative ones begin with as many dots as they have in the file.
pub(crate) fn imports(text: &str) -> Vec<Import> {
    let Some(tree) = parse(&tree_sitter_python::LANGUAGE.into(), text) else { return Vec::new() };
    let mut found = Vec::new();
    let mut pending = vec![(tree.root_node(), false)];
    while let Some((node, is_optional)) = pending.pop() {
        for name in names(node, text) {
            found.push(Import { name, is_optional });
        }
        let is_optional = is_optional || node.kind() == "try_statement";
        pending.extend(children(node).into_iter().map(|child| (child, is_optional)));
    }
    found
}

/// Returns the modules that a statement or call imports. Each name of `from a import b` may be a module.
fn names(node: Node<'_>, text: &str) -> Vec<String> {
    let plain = |node: Node<'_>| {
        let name = if node.kind() == "aliased_import" { field(node, "name") } else { Some(node) };
        name.map(|name| text_of(name, text).split_whitespace().collect::<String>())
    };
    match node.kind() {
        "import_statement" => children(node).into_iter().filter_map(plain).collect(),
        "import_from_statement" => {
            let Some(module) = field(node, "module_name") else { return Vec::new() };
            let from: String = text_of(module, text).split_whitespace().collect();
            let parts =
                children(node).into_iter().filter(|child| *child != module && child.kind() != "wildcard_import");
            let separator = if from.ends_with('.') { "" } else { "." };
            let parts: Vec<String> = parts.filter_map(plain).map(|name| format!("{from}{separator}{name}")).collect();
            std::iter::once(from.clone()).chain(parts).collect()
        }
        "call" => {
            let function = field(node, "function").map(|function| text_of(function, text)).unwrap_or_default();
            if !matches!(function, "__import__" | "import_module" | "importlib.import_module") {
                return Vec::new();
            }
            let first = field(node, "arguments").and_then(|arguments| children(arguments).first().copied());
            let name = first.filter(|first| first.kind() == "string").and_then(|first| string(first, text));
            name.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the files of a module and of the packages that contain it, as far as they are in the folder.
pub(crate) fn resolve(folder: &Path, importer: &str, module: &str) -> Vec<String> {
    let name = module.trim_start_matches('.');
    let dots = module.len() - name.len();
    let start = match dots {
        0 => String::new(),
        // One dot is the package of the importing file.
        dots => format!("{}{}", folder_of(importer), "../".repeat(dots - 1)),
    };
    let Some(start) = normalized(&start) else { return Vec::new() };
    let mut found = Vec::new();
    let mut at = start;
    if dots > 0 {
        add(folder, &at, &mut found);
    }
    for part in name.split('.').filter(|part| !part.is_empty()) {
        at = if at.is_empty() { part.to_owned() } else { format!("{at}/{part}") };
        add(folder, &at, &mut found);
    }
    found
}

/// Adds the files of the module or package `at`.
fn add(folder: &Path, at: &str, found: &mut Vec<String>) {
    let package = if at.is_empty() { "__init__.py".to_owned() } else { format!("{at}/__init__.py") };
    for path in [package, format!("{at}.py"), format!("{at}.so")] {
        if folder.join(&path).is_file() {
            found.push(path);
        }
    }
    // `native.cpython-313-x86_64-linux-gnu.so`
    let above = folder_of(at);
    let prefix = format!("{}.", &at[above.len()..]);
    if prefix.len() == 1 || folder.join(format!("{at}.py")).is_file() {
        return;
    }
    for entry in fs::read_dir(folder.join(above)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let rest = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".so"));
        if rest.is_some_and(|rest| !rest.is_empty()) {
            found.push(format!("{above}{name}"));
        }
    }
}
