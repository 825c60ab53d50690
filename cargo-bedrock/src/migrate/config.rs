//! The edit of `config.py`: `"lambdas"` in its dictionary `parameters` becomes `"workers"`, and gets the ARNs from the
//! environment. Names that the text does not define are added. An ambiguous text stays unchanged.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::syntax::{Edit, apply_edits, children, descendants, field, parse, string_value, text_of};

/// Entry of a dictionary that adds the ARN of each worker from the environment.
const COMPREHENSION: &str = "**{k.replace(f\"{prefix}_WORKER_ARN_\", \"\").lower(): v \
                             for k, v in get_all_by_prefix(f\"{prefix}_WORKER_ARN_\").items()}";
/// Occurs in every form of the comprehension.
const COMPREHENSION_MARKER: &str = "_WORKER_ARN_";
const INDENT: &str = "    ";
/// Definition of the function that the comprehension calls.
const GET_ALL_BY_PREFIX: [&str; 2] =
    ["def get_all_by_prefix(prefix):", "    return {k: v for k, v in os.environ.items() if k.startswith(prefix)}"];

/// Edit of `config.py`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ConfigEdit {
    /// The text does not have to change.
    Unchanged,
    Edited {
        text: String,
        /// Whether the key was `"lambdas"` before, so that other files may refer to it.
        renamed: bool,
    },
    /// The text is not changed, for this reason.
    Unclear(&'static str),
}

/// Edits a text. `prefix` is the prefix of the app's environment variables, such as `MY_APP`.
pub(super) fn edit(text: &str, prefix: &str) -> ConfigEdit {
    let Some(tree) = parse(text) else { return ConfigEdit::Unclear("it is not valid Python") };
    let module = tree.root_node();
    let Some(parameters) = parameters(module, text) else {
        return ConfigEdit::Unclear("it has no dictionary `parameters`");
    };
    let pair = |name: &str| {
        let has_key = |pair: &Node<'_>| field(*pair, "key").and_then(|key| string_value(key, text)) == Some(name);
        children(parameters).into_iter().filter(|child| child.kind() == "pair").find(has_key)
    };
    let lambdas = pair("lambdas");
    let workers = pair("workers");
    let mut edits = match (lambdas, workers) {
        (Some(_), Some(_)) => return ConfigEdit::Unclear("`parameters` has both `\"lambdas\"` and `\"workers\"`"),
        (None, Some(workers)) if text_of(workers, text).contains(COMPREHENSION_MARKER) => {
            return ConfigEdit::Unchanged;
        }
        (Some(pair), None) | (None, Some(pair)) => match value_edits(pair, text) {
            Some(edits) => edits,
            None => return ConfigEdit::Unclear("`\"workers\"` in `parameters` has no value"),
        },
        (None, None) => {
            entry_edits(parameters, |indent| format!("\"workers\": {}", new_dictionary(text, indent)), text)
        }
    };
    if let Some(key) = lambdas.and_then(|pair| field(pair, "key")) {
        let quoted = text_of(key, text).replace("lambdas", "workers");
        edits.push(Edit { start: key.start_byte(), end: key.end_byte(), text: quoted });
    }
    edits.extend(missing_names(module, parameters, prefix, text));
    ConfigEdit::Edited { text: apply_edits(text, edits), renamed: lambdas.is_some() }
}

/// Returns the dictionary that is assigned to `parameters`, at any level. If there are several, the last one applies.
fn parameters<'t>(module: Node<'t>, text: &str) -> Option<Node<'t>> {
    let is_assignment = |node: &Node<'_>| {
        node.kind() == "assignment" && field(*node, "left").is_some_and(|left| text_of(left, text) == "parameters")
    };
    let assignments = descendants(module).into_iter().filter(is_assignment);
    assignments.filter_map(|node| field(node, "right")).rfind(|value| value.kind() == "dictionary")
}

/// Adds the comprehension to the value of a pair. Returns `None` if the pair has no value.
fn value_edits(pair: Node<'_>, text: &str) -> Option<Vec<Edit>> {
    let value = field(pair, "value")?;
    if text_of(value, text).contains(COMPREHENSION_MARKER) {
        return Some(Vec::new());
    }
    let indent = indent_of(pair, text);
    if value.kind() != "dictionary" {
        let newline = newline_of(text);
        let separator = format!("{newline}{indent}{INDENT}");
        let value_text = text_of(value, text);
        let text = format!("{{{separator}**{value_text},{separator}{COMPREHENSION}{newline}{indent}}}");
        return Some(vec![Edit { start: value.start_byte(), end: value.end_byte(), text }]);
    }
    if children(value).is_empty() {
        let text = new_dictionary(text, &indent);
        return Some(vec![Edit { start: value.start_byte(), end: value.end_byte(), text }]);
    }
    Some(entry_edits(value, |_| COMPREHENSION.to_owned(), text))
}

/// Returns a dictionary that contains only the comprehension. Its last line is indented by `indent`.
fn new_dictionary(text: &str, indent: &str) -> String {
    let newline = newline_of(text);
    format!("{{{newline}{indent}{INDENT}{COMPREHENSION}{newline}{indent}}}")
}

/// Adds an entry at the end of a dictionary, on a line of its own if the closing brace is on one. `entry` receives the
/// indentation of the entry.
fn entry_edits(dictionary: Node<'_>, entry: impl Fn(&str) -> String, text: &str) -> Vec<Edit> {
    let newline = newline_of(text);
    let brace = dictionary.end_byte() - 1;
    let Some(last) = children(dictionary).last().copied() else {
        let indent = indent_of(dictionary, text);
        let entry = entry(&format!("{indent}{INDENT}"));
        let lines = format!("{newline}{indent}{INDENT}{entry}{newline}{indent}");
        return vec![Edit { start: dictionary.start_byte() + 1, end: brace, text: lines }];
    };
    let has_trailing_comma = dictionary
        .children(&mut dictionary.walk())
        .any(|child| child.kind() == "," && child.start_byte() >= last.end_byte());
    let comma = (!has_trailing_comma).then(|| Edit::insert(last.end_byte(), ","));
    let line_start = text.get(..brace).and_then(|before| before.rfind('\n')).map_or(0, |index| index + 1);
    let is_brace_on_own_line =
        text.get(line_start..brace).is_some_and(|before| before.trim().is_empty()) && line_start > 0;
    let added = if is_brace_on_own_line {
        let indent = indent_of(last, text);
        Edit::insert(line_start, format!("{indent}{},{newline}", entry(&indent)))
    } else {
        let indent = indent_of(dictionary, text);
        Edit::insert(brace, format!(" {}", entry(&indent)))
    };
    comma.into_iter().chain([added]).collect()
}

/// Defines the names that the comprehension uses and the module does not define, above the statement that uses them.
fn missing_names(module: Node<'_>, parameters: Node<'_>, prefix: &str, text: &str) -> Option<Edit> {
    let names = module_names(module, text);
    let has = |name: &str| names.contains(name) || names.contains("*");
    let mut lines = Vec::new();
    if !has("get_all_by_prefix") {
        if !names.contains("os") {
            lines.extend(["import os", "", ""]);
        }
        lines.extend(GET_ALL_BY_PREFIX);
        lines.extend(["", ""]);
    }
    let prefix_line = format!("prefix = \"{prefix}\"");
    if !has("prefix") {
        lines.extend([prefix_line.as_str(), ""]);
    }
    let statement =
        children(module).into_iter().find(|statement| statement.byte_range().contains(&parameters.start_byte()))?;
    let newline = newline_of(text);
    (!lines.is_empty()).then(|| Edit::insert(statement.start_byte(), lines.join(newline) + newline))
}

/// Returns the names that the module binds at its top level, and `*` for a wildcard import.
fn module_names<'s>(module: Node<'_>, text: &'s str) -> BTreeSet<&'s str> {
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
            // Assignments below `if` and `try` bind names of the module too.
            _ => {
                let assignments = descendants(statement).into_iter().filter(|node| node.kind() == "assignment");
                let targets = assignments.filter_map(|node| field(node, "left")).flat_map(descendants);
                names.extend(targets.filter(|node| node.kind() == "identifier").map(|node| text_of(node, text)));
            }
        }
    }
    names
}

/// Returns the value of `prefix` if the text assigns a plain string to it.
pub(super) fn prefix(text: &str) -> Option<String> {
    let tree = parse(text)?;
    let is_assignment = |node: &Node<'_>| {
        node.kind() == "assignment" && field(*node, "left").is_some_and(|left| text_of(left, text) == "prefix")
    };
    let assignment = descendants(tree.root_node()).into_iter().find(is_assignment)?;
    string_value(field(assignment, "right")?, text).map(str::to_owned)
}

fn indent_of(node: Node<'_>, text: &str) -> String {
    let line = text.get(..node.start_byte()).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    line.chars().take_while(|c| c.is_whitespace()).collect()
}

fn newline_of(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests;
