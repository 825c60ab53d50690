//! The environment variables of a function: variables from the manifest, values of secrets, and the ARNs of the callees if
//! they fit. The rule is the same as in the app's `terraform/manifest/environment.tf`. Values are never displayed.

use std::collections::BTreeMap;
use std::fmt;

/// Maximum size of all variables of a function as compact JSON: a quota of Lambda (L-6581F036).
pub(crate) const MAX_BYTES: usize = 4_096;

/// Environment variables and their values, some of which are secrets. Its `Debug` form has only the names.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(crate) fn new(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }

    /// Combines `variables` with either all of `callee_arns` or, if that would be too large, none of them. A program that
    /// does not find an ARN derives it from the name of its own function.
    pub(crate) fn with_callee_arns(variables: BTreeMap<String, String>, callee_arns: BTreeMap<String, String>) -> Self {
        let mut all = variables.clone();
        all.extend(callee_arns);
        let all = Self(all);
        if all.bytes() <= MAX_BYTES { all } else { Self(variables) }
    }

    /// Returns the size that Lambda compares with [`MAX_BYTES`].
    pub(crate) fn bytes(&self) -> usize {
        serde_json::to_string(&self.0).map_or(usize::MAX, |json| json.len())
    }

    /// Returns names and values, only for requests to AWS.
    pub(crate) fn values(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Returns the names of the variables that differ, ``environment +ADDED ~CHANGED -REMOVED``, or `None` if none does.
    pub(crate) fn difference(&self, desired: &Self) -> Option<String> {
        let mut differences = Vec::new();
        for (name, value) in &desired.0 {
            match self.0.get(name) {
                None => differences.push(format!("+{name}")),
                Some(old) if old != value => differences.push(format!("~{name}")),
                Some(_) => {}
            }
        }
        let removed = self.0.keys().filter(|name| !desired.0.contains_key(*name));
        differences.extend(removed.map(|name| format!("-{name}")));
        (!differences.is_empty()).then(|| format!("environment {}", differences.join(" ")))
    }
}

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
    fn callee_arns_are_included_all_or_none() {
        let own = variables(&[("MODE", "fast")]);
        let few = variables(&[("A", "arn")]);
        assert_eq!(
            Environment::with_callee_arns(own.clone(), few),
            Environment(variables(&[("A", "arn"), ("MODE", "fast")]))
        );
        // `{"A":"…","MODE":"fast"}` is exactly 4,096 bytes long, then one byte longer.
        let exactly = 4_096 - r#"{"A":"","MODE":"fast"}"#.len();
        let fitting = "x".repeat(exactly);
        let too_long = "x".repeat(exactly + 1);
        assert_eq!(Environment::with_callee_arns(own.clone(), variables(&[("A", &fitting)])).bytes(), MAX_BYTES);
        assert_eq!(Environment::with_callee_arns(own.clone(), variables(&[("A", &too_long)])), Environment(own));
    }

    #[test]
    fn environment_never_displays_values() {
        let old = Environment(variables(&[("GONE", "hunter2"), ("SAME", "hunter2"), ("TOKEN", "hunter2")]));
        let new = Environment(variables(&[("NEW", "hunter2"), ("SAME", "hunter2"), ("TOKEN", "correct horse")]));
        assert_eq!(old.difference(&new).as_deref(), Some("environment +NEW ~TOKEN -GONE"));
        assert_eq!(old.difference(&old), None);
        assert_eq!(format!("{old:?}"), r#"{"GONE", "SAME", "TOKEN"}"#);
    }
}
