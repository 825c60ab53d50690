//! Checks a document against a type: all violations at once, each with its path, at most [`MAX_VIOLATIONS`].

use std::fmt;

use super::json::{self, Node, Value};
use super::model::{Contract, Definition, MAX_SAFE_INTEGER, Range, Struct, Type, Union};
use super::string_format;
use crate::edit_distance::suggest;

/// How many violations of a document are reported.
pub const MAX_VIOLATIONS: usize = 20;

/// How many characters of a value are in a message.
const MAX_SHOWN_CHARS: usize = 40;

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, for example `event.items[2].size`.
    pub path: String,
    /// The line of the document.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.message)
    }
}

/// Which of the two roots is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// The event. It has no fields that the contract does not name.
    Event,
    /// The response. Its callers ignore fields that they do not know.
    Response,
}

impl Root {
    /// Returns the name of the root.
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Response => "response",
        }
    }
}

/// Checks a text.
pub fn validate_text(contract: &Contract, root: Root, text: &[u8]) -> Vec<Violation> {
    let parsed = std::str::from_utf8(text).map_err(|error| (1, error.to_string()));
    match parsed.and_then(|text| json::parse(text).map_err(|error| (error.line, error.message))) {
        Ok(node) => validate(contract, root, &node),
        Err((line, message)) => {
            let message = format!("not JSON: {message}");
            vec![Violation { path: root.name().to_owned(), line, message }]
        }
    }
}

/// Checks a document.
pub fn validate(contract: &Contract, root: Root, node: &Node) -> Vec<Violation> {
    let ty = match root {
        Root::Event => &contract.event,
        Root::Response => &contract.response,
    };
    let mut check = Check { contract, root, violations: Vec::new() };
    check.value(ty, node, &Path::Root(root.name()));
    check.violations.truncate(MAX_VIOLATIONS);
    check.violations
}

/// Where a value is. It becomes text only in a violation: a valid document needs none.
enum Path<'p> {
    Root(&'static str),
    Field(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl Path<'_> {
    fn text(&self) -> String {
        match self {
            Self::Root(name) => (*name).to_owned(),
            Self::Field(parent, name) => join(&parent.text(), name),
            Self::Item(parent, index) => format!("{}[{index}]", parent.text()),
        }
    }
}

struct Check<'a> {
    contract: &'a Contract,
    root: Root,
    violations: Vec<Violation>,
}

impl Check<'_> {
    fn is_full(&self) -> bool {
        self.violations.len() >= MAX_VIOLATIONS
    }

    fn add(&mut self, line: usize, path: &Path<'_>, message: String) {
        self.violations.push(Violation { path: path.text(), line, message });
    }

    fn wrong_kind(&mut self, node: &Node, path: &Path<'_>, expected: &str) {
        self.add(node.line, path, format!("expected {expected}, found {}", shown(&node.value)));
    }

    fn value(&mut self, ty: &Type, node: &Node, path: &Path<'_>) {
        if self.is_full() || node.value == Value::Unknown {
            return;
        }
        match (ty, &node.value) {
            (Type::Any, _) | (Type::Nullable(_) | Type::Null, Value::Null) | (Type::Bool, Value::Bool(_)) => {}
            (Type::Nullable(inner), _) => self.value(inner, node, path),
            (Type::Integer(range), Value::Number(text)) => self.integer(*range, text, node, path),
            (Type::Number, Value::Number(text)) => {
                if !text.parse::<f64>().is_ok_and(f64::is_finite) {
                    self.add(node.line, path, format!("a number of 64 bits cannot be {}", shown(&node.value)));
                }
            }
            (Type::String(format), Value::String(text)) => {
                if let Some(expected) = string_format::violation(*format, text) {
                    self.wrong_kind(node, path, expected);
                }
            }
            (Type::List(inner), Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    if self.is_full() {
                        return;
                    }
                    self.value(inner, item, &Path::Item(path, index));
                }
            }
            (Type::Map(inner), Value::Object(members)) => {
                for member in members {
                    if self.is_full() {
                        return;
                    }
                    self.value(inner, &member.node, &Path::Field(path, &member.name));
                }
            }
            (Type::Reference(name), _) => self.definition(name, node, path),
            (Type::Null, _) => self.wrong_kind(node, path, "null"),
            (Type::Bool, _) => self.wrong_kind(node, path, "a boolean"),
            (Type::Integer(_), _) => self.wrong_kind(node, path, "an integer"),
            (Type::Number, _) => self.wrong_kind(node, path, "a number"),
            (Type::String(_), _) => self.wrong_kind(node, path, "a string"),
            (Type::List(_), _) => self.wrong_kind(node, path, "a list"),
            (Type::Map(_), _) => self.wrong_kind(node, path, "an object"),
        }
    }

    fn integer(&mut self, range: Range, text: &str, node: &Node, path: &Path<'_>) {
        if text.contains(['.', 'e', 'E']) {
            self.wrong_kind(node, path, "an integer");
            return;
        }
        match text.parse::<i64>() {
            Ok(value) if (range.min..=range.max).contains(&value) => {}
            Ok(value) if (-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).contains(&value) => {
                let message = format!("expected an integer from {} to {}, found {value}", range.min, range.max);
                self.add(node.line, path, message);
            }
            _ => {
                let message =
                    format!("integers beyond ±{MAX_SAFE_INTEGER} are not exact, found {}", shown(&node.value));
                self.add(node.line, path, message);
            }
        }
    }

    fn definition(&mut self, name: &str, node: &Node, path: &Path<'_>) {
        let contract = self.contract;
        match contract.definition(name) {
            Some(Definition::Struct(one)) => self.fields(one, None, node, path),
            Some(Definition::Enum(values)) if !node.as_str().is_some_and(|text| values.iter().any(|v| v == text)) => {
                self.wrong_kind(node, path, &one_of(values.iter()));
            }
            Some(Definition::Enum(_)) | None => {}
            Some(Definition::Union(union)) => self.union(union, node, path),
        }
    }

    fn union(&mut self, union: &Union, node: &Node, path: &Path<'_>) {
        if !matches!(node.value, Value::Object(_)) {
            self.wrong_kind(node, path, "an object");
            return;
        }
        let Some(tag) = node.get(&union.tag) else {
            self.add(node.line, path, format!("the field `{}` is missing", union.tag));
            return;
        };
        if tag.value == Value::Unknown {
            return;
        }
        match tag.as_str().and_then(|text| union.variants.get(text)) {
            Some(variant) => self.fields(variant, Some(&union.tag), node, path),
            None => self.wrong_kind(tag, &Path::Field(path, &union.tag), &one_of(union.variants.keys())),
        }
    }

    fn fields(&mut self, one: &Struct, tag: Option<&str>, node: &Node, path: &Path<'_>) {
        let Value::Object(members) = &node.value else {
            self.wrong_kind(node, path, "an object");
            return;
        };
        for (name, field) in &one.fields {
            match node.get(name) {
                Some(value) => self.value(&field.ty, value, &Path::Field(path, name)),
                None if field.is_required => self.add(node.line, path, format!("the field `{name}` is missing")),
                None => {}
            }
            if self.is_full() {
                return;
            }
        }
        if self.root == Root::Response {
            return;
        }
        let unknown = |name: &str| !one.fields.contains_key(name) && Some(name) != tag;
        for member in members.iter().filter(|member| unknown(&member.name)) {
            if self.is_full() {
                return;
            }
            let similar = suggest(&member.name, one.fields.keys().map(String::as_str));
            let message = match similar {
                Some(similar) => format!("unknown field, a similar one is `{similar}`"),
                None if one.fields.is_empty() => "unknown field, there are none".to_owned(),
                None => format!("unknown field, expected {}", one_of(one.fields.keys())),
            };
            self.add(member.line, &Path::Field(path, &member.name), message);
        }
    }
}

/// Returns the path of a field. A name that is not a word is in quotes.
fn join(path: &str, name: &str) -> String {
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let shown = shorten(name);
    if is_word { format!("{path}.{shown}") } else { format!("{path}[\"{}\"]", shown.escape_debug()) }
}

/// Returns the choices as text, at most ten of them.
fn one_of<'a>(values: impl ExactSizeIterator<Item = &'a String>) -> String {
    let count = values.len();
    let shown: Vec<String> = values.take(10).map(|value| format!("`{value}`")).collect();
    match (&shown[..], count) {
        ([only], _) => only.clone(),
        (_, 0..=10) => format!("one of {}", shown.join(", ")),
        _ => format!("one of {} and {} more", shown.join(", "), count - 10),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(text) => format!("`{}`", shorten(text)),
        Value::String(text) => format!("`\"{}\"`", shorten(text).escape_debug()),
        other => other.kind().to_owned(),
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
