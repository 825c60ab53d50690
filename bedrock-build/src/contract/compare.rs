//! Compares two contracts: what changed, and whether it breaks callers that know the old one.
//!
//! A new event must accept what callers send, so it may only widen. A new response must be what callers read, so it may
//! only narrow.

use std::collections::BTreeSet;
use std::fmt;

use super::model::{Contract, Definition, StringFormat, Struct, Type};
use super::text::type_text;
use super::validate::Root;

/// A change of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where, for example `event.items[].size`.
    pub path: String,
    /// What changed.
    pub message: String,
    /// Whether callers that know the old contract can no longer call the worker.
    pub is_breaking: bool,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.message)
    }
}

/// Returns all changes from `old` to `new`.
pub fn compare(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut changes = Vec::new();
    for root in [Root::Event, Root::Response] {
        let mut walk = Walk { old, new, root, visited: BTreeSet::new(), changes: Vec::new() };
        let (before, after) = match root {
            Root::Event => (&old.event, &new.event),
            Root::Response => (&old.response, &new.response),
        };
        walk.types(before, after, root.name());
        changes.append(&mut walk.changes);
    }
    changes
}

struct Walk<'a> {
    old: &'a Contract,
    new: &'a Contract,
    root: Root,
    visited: BTreeSet<[String; 2]>,
    changes: Vec<Change>,
}

impl Walk<'_> {
    fn add(&mut self, path: &str, message: String, is_breaking: bool) {
        self.changes.push(Change { path: path.to_owned(), message, is_breaking });
    }

    fn types(&mut self, before: &Type, after: &Type, path: &str) {
        match (before, after) {
            (Type::List(before), Type::List(after)) => self.types(before, after, &format!("{path}[]")),
            (Type::Map(before), Type::Map(after)) => self.types(before, after, &format!("{path}.*")),
            (Type::Nullable(before), Type::Nullable(after)) => self.types(before, after, path),
            (Type::Reference(before), Type::Reference(after)) => {
                if self.visited.insert([before.clone(), after.clone()]) {
                    self.definitions(before, after, path);
                }
            }
            _ if before == after => {}
            _ => {
                let is_breaking = match self.root {
                    Root::Event => !is_subset([self.old, self.new], before, after, &mut BTreeSet::new()),
                    Root::Response => !is_subset([self.new, self.old], after, before, &mut BTreeSet::new()),
                };
                let message = format!("was `{}`, is `{}`", type_text(before), type_text(after));
                self.add(path, message, is_breaking);
            }
        }
    }

    fn definitions(&mut self, before: &str, after: &str, path: &str) {
        match (self.old.definition(before), self.new.definition(after)) {
            (Some(Definition::Struct(before)), Some(Definition::Struct(after))) => self.fields(before, after, path),
            (Some(Definition::Enum(before)), Some(Definition::Enum(after))) => {
                let gone = before.iter().filter(|value| !after.contains(value));
                let new = after.iter().filter(|value| !before.contains(value));
                for value in gone {
                    self.add(path, format!("the value `{value}` is gone"), self.root == Root::Event);
                }
                for value in new {
                    self.add(path, format!("the value `{value}` is new"), self.root == Root::Response);
                }
            }
            (Some(Definition::Union(before)), Some(Definition::Union(after))) => {
                if before.tag != after.tag {
                    self.add(path, format!("the tag was `{}`, is `{}`", before.tag, after.tag), true);
                    return;
                }
                for (value, old) in &before.variants {
                    match after.variants.get(value) {
                        Some(new) => self.fields(old, new, &format!("{path}({value})")),
                        None => self.add(path, format!("the alternative `{value}` is gone"), self.root == Root::Event),
                    }
                }
                for value in after.variants.keys().filter(|value| !before.variants.contains_key(*value)) {
                    self.add(path, format!("the alternative `{value}` is new"), self.root == Root::Response);
                }
            }
            _ => self.add(path, format!("was `{before}`, is `{after}`, which is another kind of type"), true),
        }
    }

    fn fields(&mut self, before: &Struct, after: &Struct, path: &str) {
        for (name, old) in &before.fields {
            let path = format!("{path}.{name}");
            let Some(new) = after.fields.get(name) else {
                // Callers can be ready for a response without an optional field.
                let is_breaking = self.root == Root::Event || old.is_required;
                self.add(&path, "the field is gone".to_owned(), is_breaking);
                continue;
            };
            match (old.is_required, new.is_required) {
                (true, false) => self.add(&path, "the field is now optional".to_owned(), self.root == Root::Response),
                (false, true) => self.add(&path, "the field is now required".to_owned(), self.root == Root::Event),
                _ => {}
            }
            self.types(&old.ty, &new.ty, &path);
        }
        for (name, new) in after.fields.iter().filter(|(name, _)| !before.fields.contains_key(*name)) {
            let kind = if new.is_required { "required" } else { "optional" };
            let message = format!("the {kind} field is new: `{}`", type_text(&new.ty));
            self.add(&format!("{path}.{name}"), message, self.root == Root::Event && new.is_required);
        }
    }
}

/// Returns whether each value of `sub`, a type of the first contract, is one of `sup`, a type of the second.
fn is_subset(contracts: [&Contract; 2], sub: &Type, sup: &Type, visited: &mut BTreeSet<[String; 2]>) -> bool {
    match (sub, sup) {
        (_, Type::Any) | (Type::Null, Type::Nullable(_)) | (Type::Integer(_), Type::Number) => true,
        (Type::Nullable(sub), Type::Nullable(sup))
        | (Type::List(sub), Type::List(sup))
        | (Type::Map(sub), Type::Map(sup)) => is_subset(contracts, sub, sup, visited),
        (_, Type::Nullable(sup)) => is_subset(contracts, sub, sup, visited),
        (Type::Integer(sub), Type::Integer(sup)) => sup.min <= sub.min && sub.max <= sup.max,
        (Type::String(sub), Type::String(sup)) => sub == sup || *sup == StringFormat::Text,
        (Type::Reference(sub), Type::String(StringFormat::Text)) => {
            matches!(contracts[0].definition(sub), Some(Definition::Enum(_)))
        }
        (Type::Reference(sub), Type::Reference(sup)) => {
            let is_new = visited.insert([sub.clone(), sup.clone()]);
            let definitions = (contracts[0].definition(sub), contracts[1].definition(sup));
            !is_new
                || matches!(definitions, (Some(sub), Some(sup)) if is_definition_subset(contracts, sub, sup, visited))
        }
        _ => sub == sup,
    }
}

fn is_definition_subset(
    contracts: [&Contract; 2],
    sub: &Definition,
    sup: &Definition,
    visited: &mut BTreeSet<[String; 2]>,
) -> bool {
    let mut fields = |sub: &Struct, sup: &Struct| {
        let has_required = sup
            .fields
            .iter()
            .all(|(name, field)| !field.is_required || sub.fields.get(name).is_some_and(|field| field.is_required));
        has_required
            && sub.fields.iter().all(|(name, field)| {
                sup.fields.get(name).is_some_and(|other| is_subset(contracts, &field.ty, &other.ty, visited))
            })
    };
    match (sub, sup) {
        (Definition::Struct(sub), Definition::Struct(sup)) => fields(sub, sup),
        (Definition::Enum(sub), Definition::Enum(sup)) => sub.iter().all(|value| sup.contains(value)),
        (Definition::Union(sub), Definition::Union(sup)) => {
            sub.tag == sup.tag
                && sub
                    .variants
                    .iter()
                    .all(|(value, one)| sup.variants.get(value).is_some_and(|other| fields(one, other)))
        }
        _ => false,
    }
}

/// Returns how the contract of a worker's code differs from its file, for people.
pub fn differences(file: &Contract, code: &Contract) -> Vec<String> {
    let mut lines: Vec<String> = compare(file, code).iter().map(ToString::to_string).collect();
    if lines.is_empty() && file != code {
        lines.push("`$defs`: types have other names".to_owned());
    }
    lines
}
