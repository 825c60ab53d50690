//! Reads the list `uses` of a function, and compares what functions say of the same resource.

use toml::de::DeTable;

use super::arn::is_staged_arn_of;
use super::json::object_text;
use super::placeholder::STAGE_PLACEHOLDER;
use super::reader::{Reader, Value};
use super::triggers::{validate_bucket_name, validate_queue_name, variable_name};
use super::uses::{Access, KeyAttribute, ResourceKind, ResourceUse, TableKey, Use, UseDeclaration};
use crate::edit_distance::suggest;
use crate::name::MAX_QUEUE_NAME_LENGTH;
use crate::problem::Problem;

/// Types of key attributes (API model of DynamoDB, `ScalarAttributeType`).
const KEY_TYPES: &[(&str, &str)] = &[("string", "S"), ("number", "N"), ("binary", "B")];
/// Bytes of the name of a key attribute (DynamoDB quotas).
const MAX_KEY_NAME_BYTES: usize = 255;
/// Members of a statement that grants something. Lambda's roles have no `Principal`.
const STATEMENT_MEMBERS: &[&str] = &["Action", "Condition", "Effect", "NotAction", "NotResource", "Resource", "Sid"];

/// Keys of the entry of a table.
const TABLE_KEYS: &[&str] = &["access", "key", "sort-key", "table"];

impl Reader<'_> {
    /// Reads the list `uses`.
    pub(super) fn uses(&mut self, value: &Value<'_>, path: &str) -> Option<Vec<Use>> {
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_value(value, path, "a list of tables, one for each resource");
            return None;
        };
        let mut uses = Vec::new();
        for (value, number) in list.iter().zip(0..) {
            uses.extend(self.use_of(value, &format!("{path}[{number}]")));
        }
        Some(uses)
    }

    fn use_of(&mut self, value: &Value<'_>, path: &str) -> Option<Use> {
        let table = value.get_ref().as_table();
        if let Some(statement) = table.filter(|table| table.len() == 1).and_then(|table| table.get("statement")) {
            return self.statement(statement, &format!("{path}.statement")).map(Use::Statement);
        }
        let is_kind = |kind: &ResourceKind| {
            let value = table.and_then(|table| table.get(kind.as_str()));
            // In a table's entry, `key` is the key of the table, also if `table` is misspelt.
            let is_table_key = *kind == ResourceKind::Key
                && table.is_some_and(|table| {
                    let is_other = |key: &str| !TABLE_KEYS.contains(&key) && suggest(key, ["table"]).is_some();
                    table.contains_key("table") || table.keys().any(|key| is_other(key.get_ref()))
                });
            value.is_some() && !is_table_key
        };
        let kinds: Vec<ResourceKind> = ResourceKind::ALL.into_iter().filter(is_kind).collect();
        let (Some(table), [kind]) = (table, &kinds[..]) else {
            let list = ResourceKind::ALL.map(|kind| format!("`{}`", kind.as_str())).join(", ");
            self.wrong_value(value, path, &format!("a table with exactly one of {list} and `statement`"));
            if let Some(table) = table.filter(|_| kinds.is_empty()) {
                let kinds: Vec<&str> =
                    ResourceKind::ALL.iter().map(|kind| kind.as_str()).chain(["statement"]).collect();
                self.suggest_key(table, TABLE_KEYS, &kinds);
            }
            return None;
        };
        let resource = self.resource(table, *kind, value, path)?;
        let location = self.table.manifest.location(&value.span());
        self.uses.push(UseDeclaration { location, resource: resource.clone() });
        Some(Use::Resource(resource))
    }

    fn resource(
        &mut self,
        table: &DeTable<'_>,
        kind: ResourceKind,
        value: &Value<'_>,
        path: &str,
    ) -> Option<ResourceUse> {
        let known_keys: &[&str] = match kind {
            ResourceKind::Table => TABLE_KEYS,
            _ => &["access", kind.as_str()],
        };
        let problems = self.problems.len();
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if !known_keys.contains(&name) {
                self.unknown_key(name, &key.span(), path, known_keys);
            }
        }
        if self.problems.len() > problems {
            // What seems to be missing may be the setting with the wrong name.
            return None;
        }
        let name = self.resource_name(table.get(kind.as_str())?, kind, &format!("{path}.{}", kind.as_str()));
        let access = self.access(table, kind, value, path);
        let partition = table.get("key").filter(|_| kind == ResourceKind::Table);
        let partition = partition.and_then(|value| self.key_attribute(value, &format!("{path}.key")));
        let sort = table.get("sort-key").filter(|_| kind == ResourceKind::Table);
        if let Some(sort) = sort.filter(|_| partition.is_none()) {
            self.not_allowed(sort, &format!("{path}.sort-key"), "be set without `key`");
        }
        let sort_value = sort;
        let sort = sort.and_then(|value| self.key_attribute(value, &format!("{path}.sort-key")));
        let is_same = sort.as_ref().zip(partition.as_ref()).is_some_and(|(sort, key)| sort.name == key.name);
        if let Some(sort) = sort_value.filter(|_| is_same) {
            self.not_allowed(sort, &format!("{path}.sort-key"), "be the attribute of `key`");
        }
        let key = partition.map(|partition| TableKey { partition, sort });
        Some(ResourceUse { kind, name: name?, access: access?, key })
    }

    fn access(
        &mut self,
        table: &DeTable<'_>,
        kind: ResourceKind,
        value: &Value<'_>,
        path: &str,
    ) -> Option<&'static Access> {
        let all: Vec<&'static Access> = kind.accesses().collect();
        let words = all.iter().map(|access| format!("`\"{}\"`", access.word)).collect::<Vec<_>>().join(", ");
        match (table.get("access"), &all[..]) {
            (None, [only]) => Some(only),
            (None, _) => {
                self.needs(value, path, &format!("`access`, which is one of {words}"));
                None
            }
            (Some(word), _) => {
                let found = all.into_iter().find(|access| word.get_ref().as_str() == Some(access.word));
                if found.is_none() {
                    let expected = if kind.accesses().count() == 1 { words } else { format!("one of {words}") };
                    self.wrong_value(word, &format!("{path}.access"), &expected);
                }
                found
            }
        }
    }

    /// Reads the name of a resource, or its ARN.
    fn resource_name(&mut self, value: &Value<'_>, kind: ResourceKind, path: &str) -> Option<String> {
        let expected = format!("the name or the ARN of a {}", kind.as_str());
        let text = self.string(value, path, &expected)?;
        if text.starts_with("arn:") {
            if is_staged_arn_of(&text, kind.service()) {
                return Some(text);
            }
            self.wrong_value(value, path, &format!("the ARN of a {}", kind.as_str()));
            return None;
        }
        let staged = text.replace(STAGE_PLACEHOLDER, "stage");
        let legal = |extra: &str| staged.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c));
        let result = match kind {
            ResourceKind::Queue => validate_queue_name(&text),
            ResourceKind::Bucket => validate_bucket_name(&text),
            ResourceKind::Table | ResourceKind::Topic | ResourceKind::Bus | ResourceKind::Stream => {
                let limit = MAX_QUEUE_NAME_LENGTH;
                if !text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
                    Err("the name has only letters, digits, `-` and `_`".to_owned())
                } else if text.len() > limit {
                    Err(format!("it has {} characters, the limit is {limit}", text.len()))
                } else {
                    Ok(())
                }
            }
            ResourceKind::Secret if legal("/_+=.@-") => Ok(()),
            ResourceKind::Parameter if legal("/_.-*") => Ok(()),
            ResourceKind::Function if legal("-_") => Ok(()),
            ResourceKind::Key if legal("-") => Ok(()),
            _ => Err("it has characters that AWS does not allow".to_owned()),
        };
        if let Err(reason) = result {
            self.not_allowed(value, path, &format!("be `{}`: {reason}", text.escape_debug()));
        }
        Some(text)
    }

    /// Reads `"id"`, or `{ name = "id", type = "number" }`.
    fn key_attribute(&mut self, value: &Value<'_>, path: &str) -> Option<KeyAttribute> {
        let table = value.get_ref().as_table();
        let kind = match table.and_then(|table| table.get("type")) {
            Some(kind) => self.choice(kind, &format!("{path}.type"), KEY_TYPES)?,
            None => "S",
        };
        let name = table.map_or(Some(value), |table| table.get("name"));
        let is_name = |name: &&str| (1..=MAX_KEY_NAME_BYTES).contains(&name.len());
        let name = name.and_then(|name| name.get_ref().as_str()).filter(is_name);
        let is_known =
            table.is_none_or(|table| table.keys().all(|key| ["name", "type"].contains(&key.get_ref().as_ref())));
        let name = name.filter(|_| is_known);
        if name.is_none() {
            self.wrong_value(value, path, "the name of an attribute, or `{ name = \"id\", type = \"number\" }`");
        }
        name.map(|name| KeyAttribute { name: name.to_owned(), kind })
    }

    /// Reads a statement of a policy.
    fn statement(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let table = value.get_ref().as_table();
        let keys: Vec<&str> = table.into_iter().flatten().map(|(key, _)| key.get_ref().as_ref()).collect();
        let has = |names: [&str; 2]| keys.iter().any(|key| names.contains(key));
        let is_statement = has(["Action", "NotAction"]) && has(["Resource", "NotResource"]);
        let unknown = keys.iter().find(|key| !STATEMENT_MEMBERS.contains(*key));
        match (unknown, object_text(value.get_ref()).filter(|_| is_statement)) {
            (None, Some(text)) => Some(text),
            (Some(member), _) => {
                self.not_allowed(
                    value,
                    path,
                    &format!("have `{member}`: IAM knows no such member of a role's statement"),
                );
                None
            }
            _ => {
                let expected = "a statement of a policy, like `{ Action = [\"ses:SendEmail\"], Resource = [\"*\"] }`";
                self.wrong_value(value, path, expected);
                None
            }
        }
    }
}

/// Returns a problem for each table of the app without a key or with two, and for resources with the same variable.
pub(super) fn use_conflicts(declarations: &[UseDeclaration]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (i, later) in declarations.iter().enumerate() {
        let UseDeclaration { location, resource } = later;
        let kind = resource.kind.as_str();
        let name = &resource.name;
        let same_kind = || declarations.iter().filter(|other| other.resource.kind == resource.kind);
        let has_same_variable = |other: &&UseDeclaration| {
            other.resource.name != *name
                && variable_name(other.resource.short_name()) == variable_name(resource.short_name())
        };
        if let Some(other) =
            declarations[..i].iter().filter(|other| other.resource.kind == resource.kind).find(has_same_variable)
        {
            let message = format!(
                "{location}: {kind} `{name}` and {kind} `{}` have the same environment variable",
                other.resource.name
            );
            problems.push(Problem::new(message).help("choose a name with different letters or digits for one of them"));
        }
        if resource.kind != ResourceKind::Table || !resource.is_of_app() {
            continue;
        }
        let same_table = || same_kind().filter(|other| other.resource.name == *name);
        let is_first =
            declarations[..i].iter().all(|other| other.resource.kind != resource.kind || other.resource.name != *name);
        if is_first && same_table().all(|other| other.resource.key.is_none()) {
            let message = format!("{location}: table `{name}` of this app has no key");
            problems.push(Problem::new(message).help("say which attribute is its key, in one place: `key = \"id\"`"));
        }
        let other = declarations[..i]
            .iter()
            .filter(|other| other.resource.kind == resource.kind)
            .find(|other| other.resource.name == *name && other.resource.key.is_some() && resource.key.is_some());
        if let Some(other) = other.filter(|other| other.resource.key != resource.key) {
            let message = format!("{location}: table `{name}` has a different key than in {}", other.location);
            problems.push(Problem::new(message).help("say its key in one place only"));
        }
    }
    problems
}

#[cfg(test)]
mod tests;
