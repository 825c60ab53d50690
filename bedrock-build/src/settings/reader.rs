//! Reads single values from the settings: each must have the expected type and be in its range, or is reported as a
//! problem with file and line.

use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::origins::{Origin, Origins};
use super::triggers::TriggerDeclaration;
use super::uses::UseDeclaration;
use crate::edit_distance::suggest;
use crate::manifest::Table;
use crate::problem::Problem;

pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// Reads values and collects problems. `path` is always the setting's name in messages, for example
/// `workers.a.timeout`.
pub(super) struct Reader<'a> {
    pub(super) table: Table<'a>,
    pub(super) problems: Vec<Problem>,
    /// All triggers that have been read so far.
    pub(super) triggers: Vec<TriggerDeclaration>,
    /// Where the settings that have been read so far come from.
    pub(super) origins: Origins,
    /// All resources that have been read so far.
    pub(super) uses: Vec<UseDeclaration>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(table: Table<'a>) -> Self {
        Self { table, problems: Vec::new(), triggers: Vec::new(), origins: Origins::new(), uses: Vec::new() }
    }
}

impl Reader<'_> {
    /// Records where the setting at `path` comes from.
    pub(super) fn record_origin(&mut self, path: &str, value: &Value<'_>) {
        let location = self.table.manifest.location(&value.span());
        let text = self.table.manifest.text.get(value.span()).unwrap_or_default().to_owned();
        self.origins.insert(path.to_owned(), Origin { location, text });
    }

    /// Reads a number that AWS limits. `source` is where AWS says so.
    pub(super) fn limited_number(
        &mut self,
        value: &Value<'_>,
        path: &str,
        unit: &str,
        range: &RangeInclusive<u64>,
        source: &str,
    ) -> Option<u64> {
        let problems = self.problems.len();
        let number = self.number(value, path, unit, range);
        if let Some(problem) = self.problems.get_mut(problems) {
            problem.help.push(format!("the limits are AWS's: {source}"));
        }
        number
    }

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
            self.wrong_value(value, path, &format!("a whole number {unit}from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// Reads a string that is not empty.
    pub(super) fn string(&mut self, value: &Value<'_>, path: &str, expected: &str) -> Option<String> {
        let text = value.get_ref().as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        if text.is_none() {
            self.wrong_value(value, path, expected);
        }
        text
    }

    /// Reads a string that is one of a few words.
    pub(super) fn choice<T>(&mut self, value: &Value<'_>, path: &str, choices: &[(&str, T)]) -> Option<T>
    where
        T: Copy,
    {
        let text = value.get_ref().as_str();
        let choice = choices.iter().find(|(word, _)| Some(*word) == text).map(|(_, choice)| *choice);
        if choice.is_none() {
            let list = choices.iter().map(|(word, _)| format!("`\"{word}\"`")).collect::<Vec<_>>().join(" or ");
            self.wrong_value(value, path, &list);
        }
        choice
    }

    pub(super) fn strings(&mut self, value: &Value<'_>, path: &str, expected: &str) -> Option<Vec<String>> {
        let texts = value
            .get_ref()
            .as_array()
            .and_then(|array| array.iter().map(|v| v.get_ref().as_str().map(str::to_owned)).collect());
        if texts.is_none() {
            self.wrong_value(value, path, expected);
        }
        texts
    }

    pub(super) fn boolean(&mut self, value: &Value<'_>, path: &str) -> Option<bool> {
        let boolean = value.get_ref().as_bool();
        if boolean.is_none() {
            self.wrong_value(value, path, "`true` or `false`");
        }
        boolean
    }

    /// Reports a value of the wrong type or outside its range.
    pub(super) fn wrong_value(&mut self, value: &Value<'_>, path: &str, expected: &str) {
        let location = self.table.manifest.location(&value.span());
        let text = self.table.manifest.text.get(value.span()).unwrap_or_default();
        let first_line = text.lines().next().unwrap_or_default();
        self.problems.push(Problem::new(format!("{location}: `{path}` must be {expected}, found `{first_line}`")));
    }

    /// Reports a value of the right type that is still not allowed. `reason` continues the sentence after "cannot".
    pub(super) fn not_allowed(&mut self, value: &Value<'_>, path: &str, reason: &str) {
        let location = self.table.manifest.location(&value.span());
        self.problems.push(Problem::new(format!("{location}: `{path}` cannot {reason}")));
    }

    /// Reports that a setting is missing that another one needs. `what` names it, and why it is needed.
    pub(super) fn needs(&mut self, value: &Value<'_>, path: &str, what: &str) {
        let location = self.table.manifest.location(&value.span());
        self.problems.push(Problem::new(format!("{location}: `{path}` needs {what}")));
    }

    /// Adds the name of the setting that the last key of `table` which is not in `all_keys` was probably meant to be, to the
    /// problem that has just been reported. `keys` are the candidates.
    pub(super) fn suggest_key(&mut self, table: &DeTable<'_>, all_keys: &[&str], keys: &[&str]) {
        let similar = table.keys().find_map(|key| {
            let key = key.get_ref().as_ref();
            if all_keys.contains(&key) { None } else { suggest(key, keys.iter().copied()) }
        });
        if let (Some(similar), Some(problem)) = (similar, self.problems.last_mut()) {
            problem.help.push(format!("a setting with a similar name exists: `{similar}`"));
        }
    }

    pub(super) fn unknown_key(&mut self, key: &str, span: &Range<usize>, table: &str, known_keys: &[&str]) {
        let location = self.table.manifest.location(span);
        let list = known_keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
        let mut problem = Problem::new(format!("{location}: unknown setting `{key}` in `{table}`"));
        if let Some(similar) = suggest(key, known_keys.iter().copied()) {
            problem = problem.help(format!("a setting with a similar name exists: `{similar}`"));
        }
        self.problems.push(problem.help(format!("the known settings are {list}")));
    }
}

/// Replaces `target` if there is a value.
pub(super) fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

/// Returns whether `dir` is a relative path without `..`.
pub(super) fn is_inside_app(dir: &str) -> bool {
    use std::path::{Component, Path};
    !dir.is_empty() && Path::new(dir).components().all(|c| matches!(c, Component::Normal(_)))
}
