//! Reads the schema of a type: references, `null`, numbers, strings, lists and maps.

use super::json::{Node, Value};
use super::model::{Definition, MAX_SAFE_INTEGER, Range, StringFormat, Type};
use super::names::{is_type_name, type_name};
use super::read::{Reader, Source};
use super::schema_kind::is_named;

/// How many types that are not objects may refer to each other.
const MAX_ALIASES: usize = 32;

/// Keywords that say nothing about types, which schema libraries write.
const ANNOTATIONS: [&str; 10] = [
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$comment",
    "$schema",
    "$id",
];

/// Keywords that check values further, which stay the worker's own checks.
const VALUE_CHECKS: [&str; 14] = [
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "multipleOf",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "contentMediaType",
    "minimum",
    "maximum",
    "exclusiveMinimum",
];

impl<'a> Reader<'a> {
    /// Returns the type of a schema. Objects, enums and unions that are written inline get the name `name`.
    pub(super) fn read_type(&mut self, node: &'a Node, path: &str, name: &str) -> Type {
        match &node.value {
            Value::Bool(true) => return Type::Any,
            Value::Object(_) => {}
            other => {
                let message = format!("a type is an object, not {}", other.kind());
                self.problem(node, path, &message, Some("write `{}` for any value"));
                return Type::Any;
            }
        }
        if let Some(reference) = node.get("$ref") {
            self.check_keywords(node, path, &["$ref", "$defs", "definitions"]);
            return self.read_reference(reference, path);
        }
        if let Some(values) = node.get("enum") {
            self.check_keywords(node, path, &["enum", "type"]);
            return self.read_enum(node, values.items(), path, name);
        }
        if let Some(value) = node.get("const") {
            self.check_keywords(node, path, &["const", "type"]);
            return self.read_enum(node, std::slice::from_ref(value), path, name);
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(choices) = node.get(keyword) {
                self.check_keywords(node, path, &[keyword, "discriminator", "type", "$defs", "definitions"]);
                return self.read_choices(node, choices.items(), path, name);
            }
        }
        if let (Some([only]), Source::Code(_)) = (node.get("allOf").map(Node::items), self.source) {
            return self.read_type(only, path, name);
        }
        self.read_plain(node, path, name)
    }

    /// Reads a schema with a `type`.
    fn read_plain(&mut self, node: &'a Node, path: &str, name: &str) -> Type {
        let ty = match node.get("type") {
            None if node.get("properties").is_some() || node.get("additionalProperties").is_some() => "object",
            None => {
                self.check_keywords(node, path, &["$defs", "definitions"]);
                return Type::Any;
            }
            Some(ty) => match (&ty.value, ty.items()) {
                (Value::String(ty), _) => ty.as_str(),
                (_, [one, other]) if one.as_str() == Some("null") || other.as_str() == Some("null") => {
                    let rest = if one.as_str() == Some("null") { other } else { one };
                    let inner = self.read_of_type(node, rest.as_str().unwrap_or_default(), path, name);
                    return inner.nullable();
                }
                _ => {
                    let help = "use one type, or a type and `null`; for alternatives use objects with a tag";
                    self.problem(node, path, "more than one type", Some(help));
                    return Type::Any;
                }
            },
        };
        self.read_of_type(node, ty, path, name)
    }

    fn read_of_type(&mut self, node: &'a Node, ty: &str, path: &str, name: &str) -> Type {
        match ty {
            "null" => {
                self.check_keywords(node, path, &["type"]);
                Type::Null
            }
            "boolean" => {
                self.check_keywords(node, path, &["type"]);
                Type::Bool
            }
            "integer" => self.read_integer(node, path),
            "number" => {
                self.check_keywords(node, path, &["type", "format"]);
                Type::Number
            }
            "string" => self.read_string(node, path),
            "array" => {
                self.check_keywords(node, path, &["type", "items"]);
                let items = node.get("items").map(|items| self.read_type(items, &format!("{path}[]"), name));
                Type::List(Box::new(items.unwrap_or(Type::Any)))
            }
            "object" => self.read_object(node, path, name),
            other => {
                self.problem(node, path, &format!("unknown type `{}`", other.escape_debug()), None);
                Type::Any
            }
        }
    }

    fn read_reference(&mut self, reference: &'a Node, path: &str) -> Type {
        let text = reference.as_str().unwrap_or_default();
        if let (true, Some(name)) = (text == "#", self.named_root()) {
            return Type::Reference(name.to_owned());
        }
        let target = text.strip_prefix("#/$defs/").or_else(|| text.strip_prefix("#/definitions/"));
        let Some((raw, node)) = target.and_then(|name| Some((name, self.find_definition(name)?))) else {
            let message = format!("`$ref` refers to `{}`, which does not exist", text.escape_debug());
            self.problem(reference, path, &message, Some("write the type into `$defs`"));
            return Type::Any;
        };
        let is_file = matches!(self.source, Source::File(_));
        if is_file && !is_type_name(raw) {
            let help = format!("call it `{}`", type_name(raw));
            self.problem(reference, path, &format!("`{}` is not a name of a type", raw.escape_debug()), Some(&help));
        }
        let name = type_name(raw);
        if is_named(node) {
            self.meet(&name, node);
            return Type::Reference(name);
        }
        if self.aliases.contains(&name) || self.aliases.len() >= MAX_ALIASES {
            let help = "make it an object with a field";
            self.problem(reference, path, "a type that refers to itself must be an object", Some(help));
            return Type::Any;
        }
        self.aliases.push(name.clone());
        let ty = self.read_type(node, &name, &name);
        self.aliases.pop();
        ty
    }

    /// Reads `enum` and `const`: strings, and perhaps `null`.
    fn read_enum(&mut self, node: &Node, values: &[Node], path: &str, name: &str) -> Type {
        let mut texts = Vec::new();
        let mut is_nullable = false;
        for value in values {
            match &value.value {
                Value::String(text) => texts.push(text.clone()),
                Value::Null => is_nullable = true,
                other => {
                    let message = format!("an enum has strings, not {}", other.kind());
                    self.problem(value, path, &message, Some("use the type of the values instead"));
                    return Type::Any;
                }
            }
        }
        texts.sort();
        texts.dedup();
        if texts.is_empty() {
            if !is_nullable {
                self.problem(node, path, "an enum without values", None);
            }
            return Type::Null;
        }
        let ty = self.define(node, path, name, Definition::Enum(texts));
        if is_nullable { ty.nullable() } else { ty }
    }

    fn read_integer(&mut self, node: &Node, path: &str) -> Type {
        let known = ["type", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
        self.check_keywords(node, path, &known);
        let mut range = Range::SAFE;
        for (keyword, step) in [("minimum", 0), ("exclusiveMinimum", 1)] {
            if let Some(bound) = self.read_bound(node, keyword, path) {
                range.min = range.min.max(bound.saturating_add(step));
            }
        }
        for (keyword, step) in [("maximum", 0), ("exclusiveMaximum", 1)] {
            if let Some(bound) = self.read_bound(node, keyword, path) {
                range.max = range.max.min(bound.saturating_sub(step));
            }
        }
        if range.min > range.max {
            self.problem(node, path, "no integer is in the range", None);
        }
        Type::Integer(range)
    }

    fn read_bound(&mut self, node: &Node, keyword: &str, path: &str) -> Option<i64> {
        let bound = node.get(keyword)?;
        let Value::Number(text) = &bound.value else {
            self.problem(bound, path, &format!("`{keyword}` must be a number"), None);
            return None;
        };
        let value = text.strip_suffix(".0").unwrap_or(text).parse::<i64>();
        match value {
            Ok(value) if (-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).contains(&value) => Some(value),
            _ => {
                let message = format!("`{keyword}` is not an integer that JavaScript represents exactly: `{text}`");
                let help = format!("use a bound within ±{MAX_SAFE_INTEGER}, or a string for larger integers");
                self.problem(bound, path, &message, Some(&help));
                None
            }
        }
    }

    fn read_string(&mut self, node: &Node, path: &str) -> Type {
        self.check_keywords(node, path, &["type", "format", "contentEncoding"]);
        let is_code = matches!(self.source, Source::Code(_));
        if let Some(encoding) = node.get("contentEncoding") {
            if encoding.as_str() == Some("base64") {
                return Type::String(StringFormat::Base64);
            }
            self.problem(encoding, path, "unknown encoding", Some("use `\"contentEncoding\": \"base64\"`"));
        }
        let Some(format) = node.get("format") else {
            let pattern = node.get("pattern").and_then(Node::as_str).unwrap_or_default();
            // What pydantic writes for a `Decimal` in a response.
            let is_decimal = is_code && pattern.starts_with("^(?!^[-+.]*$)[+-]?0*");
            return Type::String(if is_decimal { StringFormat::Decimal } else { StringFormat::Text });
        };
        let text = format.as_str().unwrap_or_default();
        if let Some(known) = StringFormat::NAMED.into_iter().find(|known| known.name() == text) {
            return Type::String(known);
        }
        let help = match text {
            "binary" | "base64url" | "byte" => "use `\"contentEncoding\": \"base64\"`, and encode bytes as Base64",
            "duration" => "use a number of seconds",
            _ if is_code => return Type::String(StringFormat::Text),
            _ => "the formats are `date-time`, `date`, `uuid`, `uri`, `email` and `decimal`; leave it out for any text",
        };
        self.problem(format, path, &format!("unknown format `{}`", text.escape_debug()), Some(help));
        Type::String(StringFormat::Text)
    }

    /// Adds a problem for each keyword that has no meaning here.
    pub(super) fn check_keywords(&mut self, node: &'_ Node, path: &str, known: &[&str]) {
        for member in node.members() {
            let keyword = member.name.as_str();
            if known.contains(&keyword) {
                continue;
            }
            let is_code = matches!(self.source, Source::Code(_));
            let is_harmless = ANNOTATIONS.contains(&keyword) || VALUE_CHECKS.contains(&keyword);
            let is_definition = ["$defs", "definitions"].contains(&keyword);
            if is_code && (is_harmless || is_definition || keyword == "exclusiveMaximum" || keyword.starts_with("x-")) {
                continue;
            }
            let help = match keyword {
                "default" => "remove it, and leave the field out of `required`",
                "allOf" | "not" | "if" | "then" | "else" | "dependentRequired" | "dependentSchemas" => {
                    "write one object with all its fields"
                }
                "prefixItems" | "contains" | "unevaluatedItems" => "write an object with named fields",
                "patternProperties" => "use `additionalProperties` for the values of any name",
                "nullable" => "write `\"type\": [\"string\", \"null\"]`",
                _ => "remove it: only types are part of a contract, the worker checks the rest",
            };
            let message = format!("the keyword `{}` is not supported here", keyword.escape_debug());
            self.problem(&member.node, path, &message, Some(help));
        }
    }
}
