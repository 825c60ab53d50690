//! The edit of `config.py`: `"lambdas"` in its dictionary `parameters` becomes `"workers"`, and gets the ARNs that the
//! environment has. What the text leaves open (a name that it lacks) is added, what it makes unclear is refused.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::syntax::{Edit, below, children, edited, field, parse, string, text_of};

const COMPREHENSION: &str = "**{k.replace(f\"{prefix}_WORKER_ARN_\", \"\").lower(): v \
                             for k, v in get_all_by_prefix(f\"{prefix}_WORKER_ARN_\").items()}";
/// What every form of that has in it.
const MARK: &str = "_WORKER_ARN_";
const INDENT: &str = "    ";
const BY_PREFIX: [&str; 2] =
    ["def get_all_by_prefix(prefix):", "    return {k: v for k, v in os.environ.items() if k.startswith(prefix)}"];

/// What becomes of the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is as it should be.
    Done,
    Edited {
        text: String,
        /// Whether it was `"lambdas"` before, which other files may name too.
        renamed: bool,
    },
    /// It is left alone, and this is why.
    Unclear(&'static str),
}

/// `prefix` is what the names of the app's variables begin with, `MY_APP`.
pub(super) fn edit(text: &str, prefix: &str) -> Outcome {
    let Some(tree) = parse(text) else { return Outcome::Unclear("it is not Python that can be read") };
    let module = tree.root_node();
    let Some(parameters) = parameters(module, text) else {
        return Outcome::Unclear("it has no dictionary `parameters`");
    };
    let pair = |name: &str| {
        let is_it = |pair: &Node<'_>| field(*pair, "key").and_then(|key| string(key, text)) == Some(name);
        children(parameters).into_iter().filter(|child| child.kind() == "pair").find(is_it)
    };
    let (lambdas, workers) = (pair("lambdas"), pair("workers"));
    let mut edits = match (lambdas, workers) {
        (Some(_), Some(_)) => return Outcome::Unclear("`parameters` has both `\"lambdas\"` and `\"workers\"`"),
        (None, Some(workers)) if text_of(workers, text).contains(MARK) => return Outcome::Done,
        (Some(found), None) | (None, Some(found)) => match value_edits(found, text) {
            Some(edits) => edits,
            None => return Outcome::Unclear("`\"workers\"` in `parameters` has no value"),
        },
        (None, None) => entry_edits(parameters, |indent| format!("\"workers\": {}", whole(text, indent)), text),
    };
    if let Some(key) = lambdas.and_then(|pair| field(pair, "key")) {
        let quoted = text_of(key, text).replace("lambdas", "workers");
        edits.push(Edit { start: key.start_byte(), end: key.end_byte(), text: quoted });
    }
    edits.extend(missing_names(module, parameters, prefix, text));
    Outcome::Edited { text: edited(text, edits), renamed: lambdas.is_some() }
}

/// The dictionary that is given to `parameters`, wherever that is; the last one counts, as it does when it runs.
fn parameters<'t>(module: Node<'t>, text: &str) -> Option<Node<'t>> {
    let is_it = |node: &Node<'_>| {
        node.kind() == "assignment" && field(*node, "left").is_some_and(|left| text_of(left, text) == "parameters")
    };
    let mut assigned = below(module).into_iter().filter(is_it).filter_map(|node| field(node, "right"));
    assigned.rfind(|value| value.kind() == "dictionary")
}

/// Puts the comprehension into the value of a pair.
fn value_edits(pair: Node<'_>, text: &str) -> Option<Vec<Edit>> {
    let value = field(pair, "value")?;
    if text_of(value, text).contains(MARK) {
        return Some(Vec::new());
    }
    let indent = indent_of(pair, text);
    if value.kind() != "dictionary" {
        let end = line_end(text);
        let inside = format!("{end}{indent}{INDENT}");
        let text = format!("{{{inside}**{},{inside}{COMPREHENSION}{end}{indent}}}", text_of(value, text));
        return Some(vec![Edit { start: value.start_byte(), end: value.end_byte(), text }]);
    }
    if children(value).is_empty() {
        return Some(vec![Edit { start: value.start_byte(), end: value.end_byte(), text: whole(text, &indent) }]);
    }
    Some(entry_edits(value, |_| COMPREHENSION.to_owned(), text))
}

/// A dictionary with the comprehension alone, of which the last line stands at `indent`.
fn whole(text: &str, indent: &str) -> String {
    let end = line_end(text);
    format!("{{{end}{indent}{INDENT}{COMPREHENSION}{end}{indent}}}")
}

/// Adds an entry at the end of a dictionary, on a line of its own where the others have theirs.
fn entry_edits(dictionary: Node<'_>, entry: impl Fn(&str) -> String, text: &str) -> Vec<Edit> {
    let end = line_end(text);
    let brace = dictionary.end_byte() - 1;
    let Some(last) = children(dictionary).last().copied() else {
        let indent = indent_of(dictionary, text);
        let lines = format!("{end}{indent}{INDENT}{}{end}{indent}", entry(&format!("{indent}{INDENT}")));
        return vec![Edit { start: dictionary.start_byte() + 1, end: brace, text: lines }];
    };
    let has_comma = dictionary.children(&mut dictionary.walk()).any(|child| {
        // The one behind the last entry, not those between.
        child.kind() == "," && child.start_byte() >= last.end_byte()
    });
    let comma = (!has_comma).then(|| Edit::insert(last.end_byte(), ","));
    let line_start = text.get(..brace).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let is_own_line = text.get(line_start..brace).is_some_and(|before| before.trim().is_empty()) && line_start > 0;
    let added = if is_own_line {
        let indent = indent_of(last, text);
        Edit::insert(line_start, format!("{indent}{},{end}", entry(&indent)))
    } else {
        let indent = indent_of(dictionary, text);
        Edit::insert(brace, format!(" {}", entry(&indent)))
    };
    comma.into_iter().chain([added]).collect()
}

/// What the comprehension uses and the file does not have, above the statement that uses it.
fn missing_names(module: Node<'_>, parameters: Node<'_>, prefix: &str, text: &str) -> Option<Edit> {
    let names = names_of(module, text);
    let has = |name: &str| names.contains(name) || names.contains("*");
    let mut lines = Vec::new();
    if !has("get_all_by_prefix") {
        if !names.contains("os") {
            lines.extend(["import os", "", ""]);
        }
        lines.extend(BY_PREFIX);
        lines.extend(["", ""]);
    }
    let own = format!("prefix = \"{prefix}\"");
    if !has("prefix") {
        lines.extend([own.as_str(), ""]);
    }
    let statement =
        children(module).into_iter().find(|statement| statement.byte_range().contains(&parameters.start_byte()))?;
    let end = line_end(text);
    (!lines.is_empty()).then(|| Edit::insert(statement.start_byte(), lines.join(end) + end))
}

/// What the module binds at its top, `*` for all that a module has.
fn names_of<'s>(module: Node<'_>, text: &'s str) -> BTreeSet<&'s str> {
    let mut names = BTreeSet::new();
    for statement in children(module) {
        let statement = if statement.kind() == "decorated_definition" {
            field(statement, "definition").unwrap_or(statement)
        } else {
            statement
        };
        match statement.kind() {
            "function_definition" | "class_definition" => {
                names.extend(field(statement, "name").map(|name| text_of(name, text)));
            }
            "import_statement" | "import_from_statement" => {
                let mut walk = statement.walk();
                for name in statement.children_by_field_name("name", &mut walk) {
                    let bound = field(name, "alias").unwrap_or(name);
                    names.extend(text_of(bound, text).split('.').next());
                }
                names.extend(children(statement).iter().any(|child| child.kind() == "wildcard_import").then_some("*"));
            }
            // Also below `if` and `try`: bound is bound.
            _ => {
                let assigned = below(statement).into_iter().filter(|node| node.kind() == "assignment");
                let left = assigned.filter_map(|node| field(node, "left")).flat_map(below);
                names.extend(left.filter(|node| node.kind() == "identifier").map(|node| text_of(node, text)));
            }
        }
    }
    names
}

/// What `prefix` is, where the file says so with a plain string.
pub(super) fn prefix(text: &str) -> Option<String> {
    let tree = parse(text)?;
    let is_prefix = |node: &Node<'_>| {
        node.kind() == "assignment" && field(*node, "left").is_some_and(|left| text_of(left, text) == "prefix")
    };
    let found = below(tree.root_node()).into_iter().find(is_prefix).and_then(|node| field(node, "right"))?;
    string(found, text).map(str::to_owned)
}

fn indent_of(node: Node<'_>, text: &str) -> String {
    let line = text.get(..node.start_byte()).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    line.chars().take_while(|c| c.is_whitespace()).collect()
}

fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests;
