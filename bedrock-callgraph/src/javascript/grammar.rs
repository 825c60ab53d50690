//! The JavaScript expressions that can name `invoke` or a worker: chains of names, `require` and `import`, strings.

use tree_sitter::Node;

use crate::name_resolution::{Chain, ChainBase, Grammar, InvokePath, NameExpression, children, field, text_of};

/// The export of the worker's `worker.js`.
pub(super) const MODULE: InvokePath = &["invoke"];
/// Maximum length of a chain of names and parentheses. Longer ones are generated code.
const LONGEST_CHAIN: usize = 64;

pub(super) struct JavaScript<'p> {
    /// Folder of the file, relative to the worker's folder.
    pub(super) folder: &'p str,
    pub(super) is_durable: bool,
}

/// Returns the grammar for a file.
pub(super) fn language(path: &str) -> tree_sitter::Language {
    let language = match path.rsplit_once('.') {
        Some((_, "ts" | "mts" | "cts")) => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        Some((_, "tsx")) => tree_sitter_typescript::LANGUAGE_TSX,
        _ => tree_sitter_javascript::LANGUAGE,
    };
    language.into()
}

impl JavaScript<'_> {
    /// Returns whether an import such as `./worker` refers to the file that `new worker` created in the worker's folder.
    pub(super) fn is_bedrock(&self, specifier: &str) -> bool {
        if !specifier.starts_with("./") && !specifier.starts_with("../") {
            return false;
        }
        let mut parts = Vec::new();
        for part in self.folder.split('/').chain(specifier.split('/')) {
            match part {
                "" | "." => {}
                ".." => {
                    if parts.pop().is_none() {
                        return false;
                    }
                }
                part => parts.push(part),
            }
        }
        matches!(parts[..], ["worker" | "worker.js" | "worker.cjs"])
    }

    /// Returns `require` or `import` if the call loads that file with it.
    fn load<'t>(&self, call: Node<'t>, text: &'t str) -> Option<&'t str> {
        let function = field(call, "function")?;
        let name = text_of(function, text);
        // ES modules create `require` themselves, so any function of this name counts.
        let loads = function.kind() == "import" || (function.kind() == "identifier" && name == "require");
        let arguments = children(field(call, "arguments").filter(|_| loads)?);
        let path = string(*arguments.first()?, text)?;
        self.is_bedrock(&path).then_some(name)
    }
}

impl Grammar for JavaScript<'_> {
    fn chain<'t>(&self, node: Node<'t>, text: &'t str) -> Option<Chain<'t>> {
        let mut at = node;
        let mut names = Vec::new();
        let mut is_awaited = false;
        for _ in 0..LONGEST_CHAIN {
            match at.kind() {
                "member_expression" => {
                    names.push(text_of(field(at, "property")?, text));
                    at = field(at, "object")?;
                }
                "subscript_expression" => {
                    names.push(quoted(field(at, "index")?, text)?);
                    at = field(at, "object")?;
                }
                "parenthesized_expression" => at = only(at)?,
                "await_expression" => (at, is_awaited) = (only(at)?, true),
                kind if is_typed(kind) => at = without_type(at)?,
                "call_expression" => {
                    let is_promise = self.load(at, text)? == "import" && !is_awaited;
                    // Modules that are passed to `.then` are not tracked.
                    let names = if is_promise { Vec::new() } else { names };
                    return Some(chain(ChainBase::Bedrock(MODULE), names));
                }
                "identifier" | "shorthand_property_identifier" => {
                    return Some(chain(ChainBase::Name(text_of(at, text)), names));
                }
                _ => return None,
            }
        }
        None
    }

    fn name_expression<'t>(&self, node: Node<'t>, text: &'t str) -> NameExpression<'t> {
        match node.kind() {
            "string" | "template_string" => string(node, text).map_or(NameExpression::Computed, NameExpression::Text),
            "identifier" => NameExpression::Name(text_of(node, text)),
            kind if is_typed(kind) => {
                without_type(node).map_or(NameExpression::Computed, |inner| NameExpression::OneOf(vec![inner]))
            }
            "parenthesized_expression" => {
                only(node).map_or(NameExpression::Computed, |inner| NameExpression::OneOf(vec![inner]))
            }
            "ternary_expression" => {
                let ends = ["consequence", "alternative"].map(|name| field(node, name));
                NameExpression::OneOf(ends.into_iter().flatten().collect())
            }
            _ => NameExpression::Computed,
        }
    }

    fn target<'t>(&self, call: Node<'t>, _text: &'t str) -> Option<Node<'t>> {
        // A template tag has no argument list.
        let arguments = field(call, "arguments").filter(|node| node.kind() == "arguments")?;
        children(arguments).first().copied().filter(|argument| argument.kind() != "spread_element")
    }

    /// `invoke(function, input)`, or with a name of the step before: `invoke(name, function, input)`. The SDK takes the second
    /// argument for the function if it is a string.
    fn context_targets<'t>(&self, call: Node<'t>, _text: &'t str) -> Vec<Node<'t>> {
        let Some(arguments) = field(call, "arguments").filter(|node| node.kind() == "arguments" && self.is_durable)
        else {
            return Vec::new();
        };
        let targets = match children(arguments)[..] {
            [_, second, third, ..] if third.kind() != "object" => vec![second],
            [first, second, ..] => vec![second, first],
            [only] => vec![only],
            [] => Vec::new(),
        };
        // The client of an SDK gets an object.
        let is_object = targets.last().is_some_and(|target| matches!(target.kind(), "spread_element" | "object"));
        if is_object { Vec::new() } else { targets }
    }
}

/// Returns a chain without `default`: the default import of a CommonJS module is the module.
fn chain<'t>(base: ChainBase<'t>, mut names: Vec<&'t str>) -> Chain<'t> {
    names.retain(|name| *name != "default");
    names.reverse();
    Chain { base, names }
}

/// Returns whether nodes of this kind are an expression of TypeScript that adds a type to another one.
pub(super) fn is_typed(kind: &str) -> bool {
    matches!(
        kind,
        "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "instantiation_expression"
            | "type_assertion"
    )
}

/// Returns the expression in `value as T`, `value satisfies T`, `value!`, `value<T>` and `<T>value`.
pub(super) fn without_type(node: Node<'_>) -> Option<Node<'_>> {
    let parts = children(node);
    let expression = if node.kind() == "type_assertion" { parts.last() } else { parts.first() };
    expression.copied()
}

fn only(node: Node<'_>) -> Option<Node<'_>> {
    match children(node)[..] {
        [inner] => Some(inner),
        _ => None,
    }
}

/// Returns the value of a string literal, or `None` if it contains `${}` or escapes, which names do not need.
pub(super) fn string(node: Node<'_>, text: &str) -> Option<String> {
    if !matches!(node.kind(), "string" | "template_string") {
        return None;
    }
    let parts = children(node).into_iter();
    parts.map(|part| (part.kind() == "string_fragment").then(|| text_of(part, text))).collect()
}

/// Like [`string`], without a copy. Only for strings of one fragment.
pub(super) fn quoted<'t>(node: Node<'_>, text: &'t str) -> Option<&'t str> {
    let part = only(node).filter(|part| node.kind() == "string" && part.kind() == "string_fragment")?;
    Some(text_of(part, text))
}
