//! A package in an artifact, as its own metadata and the lock file describe it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Licence texts that are longer are not names.
const MAX_LICENSE_NAME_BYTES: usize = 200;
/// Identifiers of SPDX without a version in them.
const PLAIN_IDENTIFIERS: [&str; 8] = ["0BSD", "ISC", "MIT", "Unlicense", "WTFPL", "X11", "Zlib", "curl"];

/// A package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Component {
    /// As its registry writes it.
    pub(crate) name: String,
    pub(crate) version: String,
    /// Its package URL. `None` for a package that comes from no registry, such as a folder of the app.
    pub(crate) purl: Option<String>,
    pub(crate) license: Option<License>,
    /// Digests of the archive that was installed: the algorithm in the words of CycloneDX, then hexadecimal digits. Empty
    /// unless a lock says which archive it was.
    pub(crate) hashes: BTreeMap<String, String>,
}

/// The licence of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum License {
    /// An expression of SPDX.
    Expression(String),
    /// Other words of the author.
    Name(String),
}

impl License {
    /// Reads the licence in a manifest. `None` if the text is empty or too long for a name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // `MIT/Apache-2.0` is the form that cargo had before SPDX.
        let expression = text.trim().replace('/', " OR ");
        if is_expression(&expression) { Some(Self::Expression(expression)) } else { Self::named(text) }
    }

    /// Returns the name of a licence that is not an expression. `None` if the text is empty or too long.
    pub(crate) fn named(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_name = !text.is_empty() && text.len() <= MAX_LICENSE_NAME_BYTES && !text.contains('\n');
        is_name.then(|| Self::Name(text.to_owned()))
    }

    fn json(&self) -> Value {
        match self {
            Self::Expression(expression) => json!([{ "expression": expression }]),
            Self::Name(name) => json!([{ "license": { "name": name } }]),
        }
    }
}

/// Returns whether identifiers and operators alternate, and parentheses match.
fn is_expression(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut depth = 0_usize;
    let mut expects_identifier = true;
    for word in spaced.split_whitespace() {
        match word {
            "(" if expects_identifier => depth += 1,
            ")" if !expects_identifier && depth > 0 => depth -= 1,
            "AND" | "OR" | "WITH" if !expects_identifier => expects_identifier = true,
            _ if expects_identifier && is_identifier(word) => expects_identifier = false,
            _ => return false,
        }
    }
    depth == 0 && !expects_identifier
}

/// Returns whether a word has the form of an identifier: `MIT`, `Apache-2.0`, `LLVM-exception`.
fn is_identifier(word: &str) -> bool {
    let is_of_identifiers = |letter: char| letter.is_ascii_alphanumeric() || "-.+".contains(letter);
    let has_version = word.contains('-') && word.contains(|letter: char| letter.is_ascii_digit());
    word.chars().all(is_of_identifiers)
        && (PLAIN_IDENTIFIERS.contains(&word) || has_version || word.ends_with("-exception"))
}

impl Component {
    /// Returns its name in an SBOM, which is unique there.
    pub(crate) fn reference(&self) -> String {
        self.purl.clone().unwrap_or_else(|| format!("{}@{}", self.name, self.version))
    }

    /// Returns it as CycloneDX has it.
    pub(crate) fn json(&self) -> Value {
        let mut json = json!({
            "type": "library",
            "bom-ref": self.reference(),
            "name": self.name,
            "version": self.version,
        });
        if let Some(purl) = &self.purl {
            json["purl"] = json!(purl);
        }
        if let Some(license) = &self.license {
            json["licenses"] = license.json();
        }
        if !self.hashes.is_empty() {
            let hash = |(algorithm, digits)| json!({ "alg": algorithm, "content": digits });
            json["hashes"] = self.hashes.iter().map(hash).collect();
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licenses_are_expressions_or_names() {
        let expression = |text: &str| Some(License::Expression(text.to_owned()));
        let name = |text: &str| Some(License::Name(text.to_owned()));
        for text in ["MIT", "MIT OR Apache-2.0", "(MIT AND BSD-3-Clause) OR Apache-2.0 WITH LLVM-exception"] {
            assert_eq!(License::parse(text), expression(text));
        }
        assert_eq!(License::parse("MIT/Apache-2.0"), expression("MIT OR Apache-2.0"));
        for text in ["Apache 2.0", "BSD", "MIT OR", "(MIT", "MIT)", "SEE LICENSE IN LICENSE.md", "OR"] {
            assert_eq!(License::parse(text), name(text));
        }
        assert_eq!((License::parse(" "), License::parse(&"x".repeat(201)), License::named("a\nb")), (None, None, None));
    }

    #[test]
    fn package_without_registry_has_no_purl_and_hash() {
        let component = Component { name: "own".to_owned(), version: "1.0.0".to_owned(), ..Component::default() };
        let expected = json!({ "type": "library", "bom-ref": "own@1.0.0", "name": "own", "version": "1.0.0" });
        assert_eq!(component.json(), expected);
    }
}
