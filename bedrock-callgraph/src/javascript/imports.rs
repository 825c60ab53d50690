//! The imports in a JavaScript file, and the files in the worker's folder that they refer to.

use std::path::Path;

use serde_json::Value;
use tree_sitter::Node;

use super::grammar::{language, string};
use crate::import_name::{Import, folder_of, normalized};
use crate::name_resolution::{children, field, parse, text_of};

/// Suffixes that Node.js or a bundler adds to a path.
const SUFFIXES: [&str; 10] = ["", ".js", ".json", ".node", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".mts"];

/// Returns the paths and packages that a file imports. `path` is for its extension.
pub(crate) fn imports(path: &str, text: &str) -> Vec<Import> {
    let Some(tree) = parse(&language(path), text) else { return Vec::new() };
    let mut found = Vec::new();
    let mut pending = vec![(tree.root_node(), false)];
    while let Some((node, is_optional)) = pending.pop() {
        if let Some(name) = specifier(node, text).and_then(|specifier| string(specifier, text)) {
            found.push(Import { name, is_optional });
        }
        let is_optional = is_optional || node.kind() == "try_statement";
        pending.extend(children(node).into_iter().map(|child| (child, is_optional)));
    }
    found
}

/// Returns a file with other paths of its imports: those for which `replacement` returns one. `None` if there are none.
pub(crate) fn replace_imports(path: &str, text: &str, replacement: impl Fn(&str) -> Option<String>) -> Option<String> {
    let tree = parse(&language(path), text)?;
    let mut found = Vec::new();
    let mut pending = vec![tree.root_node()];
    while let Some(node) = pending.pop() {
        if let Some(specifier) = specifier(node, text)
            && let Some(new) = string(specifier, text).and_then(|name| replacement(&name))
        {
            // Without the quotes, which have one byte each.
            found.push((specifier.start_byte() + 1..specifier.end_byte() - 1, new));
        }
        pending.extend(children(node));
    }
    found.sort_by_key(|(range, _)| range.start);
    let mut replaced = text.to_owned();
    for (range, new) in found.iter().rev() {
        replaced.replace_range(range.clone(), new);
    }
    (!found.is_empty()).then_some(replaced)
}

/// Returns the string in a statement or call that imports.
fn specifier<'t>(node: Node<'t>, text: &str) -> Option<Node<'t>> {
    match node.kind() {
        "import_statement" | "export_statement" => field(node, "source"),
        "call_expression" | "new_expression" => {
            let called = text_of(field(node, "function").or_else(|| field(node, "constructor"))?, text);
            let loads =
                matches!(called, "require" | "require.resolve" | "import" | "import.meta.resolve" | "URL" | "Worker");
            let arguments = field(node, "arguments").filter(|_| loads)?;
            children(arguments).first().copied()
        }
        _ => None,
    }
}

/// Returns the files that an import refers to, as far as they are in the folder: one, and the `package.json` that names it.
pub(crate) fn resolve(folder: &Path, importer: &str, name: &str) -> Vec<String> {
    if name.starts_with('#') {
        return aliased(folder, name);
    }
    if !name.starts_with("./") && !name.starts_with("../") && !matches!(name, "." | "..") {
        return Vec::new();
    }
    let Some(path) = normalized(&format!("{}{name}", folder_of(importer))) else { return Vec::new() };
    file(folder, &path).map_or_else(|| in_folder(folder, &path), |file| vec![file])
}

fn file(folder: &Path, path: &str) -> Option<String> {
    let is_file = |path: &String| folder.join(path).is_file();
    let found = SUFFIXES.iter().map(|suffix| format!("{path}{suffix}")).find(is_file);
    // TypeScript names the file that a compiler would make.
    found.or_else(|| {
        let (stem, extension) = path.rsplit_once('.').filter(|(_, end)| matches!(*end, "js" | "mjs" | "cjs"))?;
        Some(format!("{stem}.{}", extension.replace("js", "ts"))).filter(is_file)
    })
}

fn in_folder(folder: &Path, path: &str) -> Vec<String> {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    let list = below("package.json");
    let main = package(folder, &list).and_then(|package| Some(package.get("main")?.as_str()?.to_owned()));
    let main = main.and_then(|main| normalized(&below(&main)));
    let main = main.and_then(|main| file(folder, &main).or_else(|| file(folder, &format!("{main}/index"))));
    match main {
        Some(main) => vec![main, list],
        None => file(folder, &below("index")).into_iter().collect(),
    }
}

/// Returns the files that an alias in `imports` of `package.json` can refer to.
fn aliased(folder: &Path, name: &str) -> Vec<String> {
    let Some(package) = package(folder, "package.json") else { return Vec::new() };
    let mut pending: Vec<&Value> = package.get("imports").and_then(|imports| imports.get(name)).into_iter().collect();
    let mut found = Vec::new();
    while let Some(value) = pending.pop() {
        match value {
            Value::String(path) => found.extend(normalized(path).and_then(|path| file(folder, &path))),
            Value::Object(conditions) => pending.extend(conditions.values()),
            Value::Array(list) => pending.extend(list),
            _ => {}
        }
    }
    found
}

fn package(folder: &Path, path: &str) -> Option<Value> {
    let path = folder.join(path);
    if !path.is_file() {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
