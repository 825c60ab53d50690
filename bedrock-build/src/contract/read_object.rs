//! Reads the schemas of objects, and of choices: nullable types, enums and unions by tag.

use std::collections::BTreeMap;

use super::json::{Node, Value};
use super::model::{Definition, Field, StringFormat, Struct, Type, Union};
use super::names::inline_name;
use super::read::{Reader, Source};
use super::schema_kind::{is_decimal_choice, is_null_choice};

impl<'a> Reader<'a> {
    pub(super) fn read_object(&mut self, node: &'a Node, path: &str, name: &str) -> Type {
        let known = ["type", "properties", "required", "additionalProperties", "$defs", "definitions"];
        self.check_keywords(node, path, &known);
        let more = node.get("additionalProperties").filter(|more| more.value != Value::Bool(false));
        let is_closed = node.get("additionalProperties").is_some() && more.is_none();
        match (node.get("properties"), more) {
            (None, None) if !is_closed => Type::Map(Box::new(Type::Any)),
            (None, Some(values)) => Type::Map(Box::new(self.read_type(values, &format!("{path}.*"), name))),
            (Some(fields), Some(values)) if fields.members().is_empty() => {
                Type::Map(Box::new(self.read_type(values, &format!("{path}.*"), name)))
            }
            (Some(_), Some(values)) => {
                let help = "declare all fields, or put the others into a field that is a map";
                self.problem(values, path, "an object has fields or values of any name, not both", Some(help));
                Type::Any
            }
            (_, None) => {
                let definition = Definition::Struct(self.read_struct(node, path, name, None));
                self.define(node, path, name, definition)
            }
        }
    }

    /// Reads the fields of an object, without the field `tag`.
    fn read_struct(&mut self, node: &'a Node, path: &str, name: &str, tag: Option<&str>) -> Struct {
        let mut fields = BTreeMap::new();
        let required: Vec<&str> =
            node.get("required").into_iter().flat_map(Node::items).filter_map(Node::as_str).collect();
        for member in node.get("properties").into_iter().flat_map(Node::members) {
            if Some(member.name.as_str()) == tag {
                continue;
            }
            let field_path = format!("{path}.{}", member.name);
            if member.name.is_empty() || member.name.chars().any(char::is_control) {
                let help = "use a name that is not empty and has no control characters";
                self.problem(&member.node, &field_path, "not a name of a field", Some(help));
            }
            let ty = self.read_type(&member.node, &field_path, &inline_name(name, &member.name));
            let is_required = required.contains(&member.name.as_str());
            fields.insert(member.name.clone(), Field { ty, is_required });
        }
        for missing in required.into_iter().filter(|name| !fields.contains_key(*name) && Some(*name) != tag) {
            let message =
                format!("`required` names the field `{}`, which is not in `properties`", missing.escape_debug());
            self.problem(node, path, &message, None);
        }
        Struct { fields }
    }

    /// Reads `oneOf` and `anyOf`.
    pub(super) fn read_choices(&mut self, node: &'a Node, choices: &'a [Node], path: &str, name: &str) -> Type {
        let is_nullable = choices.iter().any(is_null_choice);
        let rest: Vec<&'a Node> = choices.iter().filter(|choice| !is_null_choice(choice)).collect();
        let ty = match rest[..] {
            [] if is_nullable => Type::Null,
            [] => {
                self.problem(node, path, "a choice without alternatives", None);
                Type::Any
            }
            [only] => self.read_type(only, path, name),
            _ if matches!(self.source, Source::Code(_)) && is_decimal_choice(choices) => {
                Type::String(StringFormat::Decimal)
            }
            _ if rest.iter().all(|choice| strings(choice).is_some()) => {
                let mut values: Vec<String> = rest.iter().filter_map(|choice| strings(choice)).flatten().collect();
                values.sort();
                values.dedup();
                self.define(node, path, name, Definition::Enum(values))
            }
            _ => self.read_union(node, &rest, path, name),
        };
        if is_nullable { ty.nullable() } else { ty }
    }

    fn read_union(&mut self, node: &'a Node, choices: &[&'a Node], path: &str, name: &str) -> Type {
        let objects: Option<Vec<&'a Node>> = choices.iter().map(|choice| self.find_object(choice)).collect();
        let Some((tag, objects)) = objects.and_then(|objects| Some((find_tag(node, &objects)?, objects))) else {
            let help = "use objects that all require one field with a different constant string, \
                        for example `kind`: `\"kind\": { \"const\": \"circle\" }`";
            self.problem(node, path, "the alternatives have no tag that tells them apart", Some(help));
            return Type::Any;
        };
        let mut variants = BTreeMap::new();
        for object in objects {
            self.check_keywords(object, path, &["type", "properties", "required", "additionalProperties"]);
            let values = object.get("properties").and_then(|fields| fields.get(&tag)).and_then(strings);
            for value in values.unwrap_or_default() {
                let owner = inline_name(name, &value);
                let variant_path = format!("{path}({value})");
                let variant = self.read_struct(object, &variant_path, &owner, Some(&tag));
                if variants.insert(value.clone(), variant).is_some() {
                    let message = format!("two alternatives have the tag `{}`", value.escape_debug());
                    self.problem(object, path, &message, None);
                }
            }
        }
        self.define(node, path, name, Definition::Union(Union { tag, variants }))
    }

    /// Returns the schema of an object, which may be a reference.
    fn find_object(&self, node: &'a Node) -> Option<&'a Node> {
        let node = match node.get("$ref").and_then(Node::as_str) {
            Some(reference) => {
                let name = reference.strip_prefix("#/$defs/").or_else(|| reference.strip_prefix("#/definitions/"));
                name.and_then(|name| self.find_definition(name))?
            }
            None => node,
        };
        node.get("properties").is_some().then_some(node)
    }
}

/// Returns the strings of `const` or `enum`, or `None` for other schemas.
fn strings(node: &Node) -> Option<Vec<String>> {
    if let Some(value) = node.get("const") {
        return value.as_str().map(|text| vec![text.to_owned()]);
    }
    let values = node.get("enum")?.items();
    values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

/// Returns the field that tells the objects apart: the one that `discriminator` names, otherwise the first that all
/// require and whose values are different strings.
fn find_tag(node: &Node, objects: &[&Node]) -> Option<String> {
    let tag = node.get("discriminator").and_then(|tag| tag.get("propertyName")).and_then(Node::as_str);
    let is_required = |object: &Node, name: &str| {
        tag.is_some()
            || object.get("required").is_some_and(|names| names.items().iter().any(|n| n.as_str() == Some(name)))
    };
    let tells_apart = |name: &str| {
        let mut all = std::collections::BTreeSet::new();
        objects.iter().all(|object| {
            let values = object.get("properties").and_then(|fields| fields.get(name)).and_then(strings);
            is_required(object, name) && values.is_some_and(|values| values.into_iter().all(|value| all.insert(value)))
        })
    };
    if let Some(tag) = tag {
        return tells_apart(tag).then(|| tag.to_owned());
    }
    let fields = objects.first()?.get("properties")?.members();
    let mut names: Vec<&str> = fields.iter().map(|member| member.name.as_str()).collect();
    names.sort_unstable();
    names.into_iter().find(|name| tells_apart(name)).map(str::to_owned)
}
