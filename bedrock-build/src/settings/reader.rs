//! Takes single values out of the settings: each of its kind and in its range, or a problem with file and line.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::DeValue;

use super::Secret;
use super::triggers::Declared;
use crate::Problem;
use crate::manifest::Table;
use crate::near::nearest;

pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// Reads values and gathers what is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) table: Table<'a>,
    pub(super) problems: Vec<Problem>,
    /// All triggers so far.
    pub(super) declared: Vec<Declared>,
}

impl Reader<'_> {
    pub(super) fn number(
        &mut self,
        value: &Value<'_>,
        path: &str,
        unit: &str,
        range: &RangeInclusive<u64>,
    ) -> Option<u64> {
        let number = value.get_ref().as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        let number = number.filter(|n| range.contains(n));
        if number.is_none() {
            let unit = if unit.is_empty() { String::new() } else { format!("of {unit} ") };
            self.wrong(value, path, &format!("a whole number {unit}from {} to {}", range.start(), range.end()));
        }
        number
    }

    pub(super) fn text(&mut self, value: &Value<'_>, path: &str, expected: &str) -> Option<String> {
        let text = value.get_ref().as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        if text.is_none() {
            self.wrong(value, path, expected);
        }
        text
    }

    /// One of a few words.
    pub(super) fn word<T>(&mut self, value: &Value<'_>, path: &str, words: &[(&str, T)]) -> Option<T>
    where
        T: Copy,
    {
        let text = value.get_ref().as_str();
        let found = words.iter().find(|(word, _)| Some(*word) == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let list = words.iter().map(|(word, _)| format!("`\"{word}\"`")).collect::<Vec<_>>().join(" or ");
            self.wrong(value, path, &list);
        }
        found
    }

    pub(super) fn texts(&mut self, value: &Value<'_>, path: &str, expected: &str) -> Option<Vec<String>> {
        let texts = value
            .get_ref()
            .as_array()
            .and_then(|array| array.iter().map(|v| v.get_ref().as_str().map(str::to_owned)).collect());
        if texts.is_none() {
            self.wrong(value, path, expected);
        }
        texts
    }

    pub(super) fn boolean(&mut self, value: &Value<'_>, path: &str) -> Option<bool> {
        let found = value.get_ref().as_bool();
        if found.is_none() {
            self.wrong(value, path, "`true` or `false`");
        }
        found
    }

    /// Variables: plain texts, and references to secrets.
    pub(super) fn environment(
        &mut self,
        value: &Value<'_>,
        path: &str,
    ) -> (BTreeMap<String, String>, BTreeMap<String, Secret>) {
        let (mut plain, mut secrets) = (BTreeMap::new(), BTreeMap::new());
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(value, path, "a table of variables");
            return (plain, secrets);
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full = format!("{path}.{name}");
            if let Some(reason) = variable_fault(name) {
                let place = self.table.file.place(&key.span());
                self.problems.push(Problem::new(format!("{place}: `{full}` cannot be set: {reason}")));
            } else if let Some(text) = value.get_ref().as_str() {
                plain.insert(name.to_owned(), text.to_owned());
            } else if let Some(secret) = secret(value) {
                secrets.insert(name.to_owned(), secret);
            } else {
                self.wrong(value, &full, "a text, `{ ssm = \"/a/name\" }` or `{ secretsmanager = \"a/name\" }`");
            }
        }
        (plain, secrets)
    }

    pub(super) fn wrong(&mut self, value: &Value<'_>, path: &str, expected: &str) {
        let place = self.table.file.place(&value.span());
        let found = self.table.file.text.get(value.span()).unwrap_or_default();
        let found = found.lines().next().unwrap_or_default();
        self.problems.push(Problem::new(format!("{place}: `{path}` must be {expected}, found `{found}`")));
    }

    /// For what is of the right kind and still impossible; `reason` goes on behind "cannot".
    pub(super) fn refuse(&mut self, value: &Value<'_>, path: &str, reason: &str) {
        let place = self.table.file.place(&value.span());
        self.problems.push(Problem::new(format!("{place}: `{path}` cannot {reason}")));
    }

    pub(super) fn unknown(&mut self, key: &str, span: &Range<usize>, table: &str, known: &[&str]) {
        let place = self.table.file.place(span);
        let list = known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
        let mut problem = Problem::new(format!("{place}: unknown setting `{key}` in `{table}`"));
        if let Some(near) = nearest(key, known.iter().copied()) {
            problem = problem.help(format!("a setting with a similar name exists: `{near}`"));
        }
        self.problems.push(problem.help(format!("the settings known there are {list}")));
    }
}

fn secret(value: &Value<'_>) -> Option<Secret> {
    let table = value.get_ref().as_table()?;
    let (key, value) = table.iter().next().filter(|_| table.len() == 1)?;
    let name = value.get_ref().as_str()?.to_owned();
    match key.get_ref().as_ref() {
        "ssm" => Some(Secret::Ssm(name)),
        "secretsmanager" => Some(Secret::SecretsManager(name)),
        _ => None,
    }
}

/// Variables that Lambda sets itself and does not let anybody else set (AWS documentation, reserved variables).
const RESERVED: &[&str] = &[
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "TZ",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
];

/// Why Lambda would not take a variable of that name (API model, `EnvironmentVariableName`).
fn variable_fault(name: &str) -> Option<&'static str> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if RESERVED.contains(&name) {
        Some("Lambda sets it itself")
    } else if name.len() < 2 || !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(legal) {
        Some("names of variables are two or more letters, digits and `_`, beginning with a letter")
    } else {
        None
    }
}
