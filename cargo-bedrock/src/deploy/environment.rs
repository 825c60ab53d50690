//! The environment of a function: what the manifest says, values of secrets, and the ARNs of the callees where there is
//! room for them. The rule is that of the app's `terraform/manifest/environment.tf`. Values are never shown.

use std::collections::BTreeMap;
use std::fmt;

/// Bytes of compact JSON for all variables of a function: a quota of Lambda (L-6581F036).
pub(crate) const LIMIT: usize = 4_096;

/// Variables and their values, some of which are secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(crate) fn new(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }

    /// `own` and all of `arns`, or without any of these if that is too much: a program that does not find one derives it
    /// from the name of its own function.
    pub(crate) fn of(own: BTreeMap<String, String>, arns: BTreeMap<String, String>) -> Self {
        let mut whole = own.clone();
        whole.extend(arns);
        let whole = Self(whole);
        if whole.bytes() <= LIMIT { whole } else { Self(own) }
    }

    /// The size that Lambda counts.
    pub(crate) fn bytes(&self) -> usize {
        serde_json::to_string(&self.0).map_or(usize::MAX, |json| json.len())
    }

    /// For AWS alone.
    pub(crate) fn values(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Which variables differ, by their names: ``environment +NEW ~CHANGED -GONE``.
    pub(crate) fn difference(&self, wanted: &Self) -> Option<String> {
        let mut words = Vec::new();
        for (name, value) in &wanted.0 {
            match self.0.get(name) {
                None => words.push(format!("+{name}")),
                Some(old) if old != value => words.push(format!("~{name}")),
                Some(_) => {}
            }
        }
        let gone = self.0.keys().filter(|name| !wanted.0.contains_key(*name));
        words.extend(gone.map(|name| format!("-{name}")));
        (!words.is_empty()).then(|| format!("environment {}", words.join(" ")))
    }
}

/// The names alone.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_arns_of_callees_are_all_there_or_none_is() {
        let own = variables(&[("MODE", "fast")]);
        let few = variables(&[("A", "arn")]);
        assert_eq!(Environment::of(own.clone(), few), Environment(variables(&[("A", "arn"), ("MODE", "fast")])));
        // `{"A":"…","MODE":"fast"}` is 4,096 bytes long, and one more is too much.
        let exactly = 4_096 - r#"{"A":"","MODE":"fast"}"#.len();
        let (fits, does_not) = ("x".repeat(exactly), "x".repeat(exactly + 1));
        assert_eq!(Environment::of(own.clone(), variables(&[("A", &fits)])).bytes(), LIMIT);
        assert_eq!(Environment::of(own.clone(), variables(&[("A", &does_not)])), Environment(own));
    }

    #[test]
    fn no_value_is_ever_shown() {
        let old = Environment(variables(&[("GONE", "hunter2"), ("SAME", "hunter2"), ("TOKEN", "hunter2")]));
        let new = Environment(variables(&[("NEW", "hunter2"), ("SAME", "hunter2"), ("TOKEN", "correct horse")]));
        assert_eq!(old.difference(&new).as_deref(), Some("environment +NEW ~TOKEN -GONE"));
        assert_eq!(old.difference(&old), None);
        assert_eq!(format!("{old:?}"), r#"{"GONE", "SAME", "TOKEN"}"#);
    }
}
