//! The inputs of an artifact, as names and digests. The same inputs give the same artifact; differences explain a rebuild.

use std::collections::BTreeMap;

use bedrock_artifacts::{Digest, Entry, content_digest};
use bedrock_diagnostics::Result;
use std::path::Path;

/// Name of an input to its value or digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Inputs(BTreeMap<String, String>);

impl Inputs {
    /// Adds a setting, a version or a key.
    pub(crate) fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Adds the digest of `bytes`.
    pub(crate) fn add_bytes(&mut self, name: &str, bytes: &[u8]) {
        self.add(name, Digest::of(bytes).to_string());
    }

    /// Adds the digest of contents and mode of each file.
    pub(crate) fn add_files(&mut self, entries: &[Entry], app: &Path) -> Result<()> {
        for entry in entries {
            let digest = content_digest(std::slice::from_ref(entry), app)?;
            self.add(&format!("`{}`", entry.path), digest.to_string());
        }
        Ok(())
    }

    /// Returns the differences to earlier inputs as text. Empty if there are none.
    pub(crate) fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (name, value) in &self.0 {
            match before.0.get(name) {
                None => changes.push(format!("{name} is new")),
                Some(old) if old == value => {}
                Some(old) if is_digest(value) || is_digest(old) => changes.push(format!("{name} changed")),
                Some(old) => changes.push(format!("{name} was {old}, now it is {value}")),
            }
        }
        changes.extend(
            before.0.keys().filter(|name| !self.0.contains_key(*name)).map(|name| format!("{name} is missing")),
        );
        changes
    }
}

fn is_digest(value: &str) -> bool {
    value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::Inputs;

    #[test]
    fn changed_inputs_are_described() {
        let (mut before, mut now) = (Inputs::default(), Inputs::default());
        for (name, value) in [("runtime", "python3.12"), ("`gone.py`", "x"), ("architecture", "x86_64")] {
            before.add(name, value);
        }
        before.add_bytes("`main.py`", b"1");
        now.add("runtime", "python3.13");
        now.add("architecture", "x86_64");
        now.add_bytes("`main.py`", b"2");
        now.add_bytes("`new.py`", b"");
        assert_eq!(
            now.changes_since(&before),
            [
                "`main.py` changed",
                "`new.py` is new",
                "runtime was python3.12, now it is python3.13",
                "`gone.py` is missing"
            ]
        );
        assert!(now.changes_since(&now).is_empty());
    }
}
