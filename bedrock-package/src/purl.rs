//! Package URLs, as <https://github.com/package-url/purl-spec> defines them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns the URL of a crate. `qualifier` is its source, if that is not crates.io: a name and a value.
pub(crate) fn cargo(name: &str, version: &str, qualifier: Option<&(String, String)>) -> String {
    let qualifier = qualifier.map(|(key, value)| format!("?{key}={}", encoded(value))).unwrap_or_default();
    format!("pkg:cargo/{}@{}{qualifier}", encoded(name), encoded(version))
}

/// Returns the URL of a distribution on PyPI.
pub(crate) fn pypi(name: &str, version: &str) -> String {
    let name = name.to_lowercase().replace('_', "-");
    format!("pkg:pypi/{}@{}", encoded(&name), encoded(version))
}

/// Returns the URL of a package of npm, `a` or `@scope/a`.
pub(crate) fn npm(name: &str, version: &str) -> String {
    let name: Vec<String> = name.splitn(2, '/').map(encoded).collect();
    format!("pkg:npm/{}@{}", name.join("/"), encoded(version))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_encoded() {
        assert_eq!(cargo("zstd-sys", "2.0.13+zstd.1.5.6", None), "pkg:cargo/zstd-sys@2.0.13%2Bzstd.1.5.6");
        let source = ("vcs_url".to_owned(), "git+https://example.com/a@1f".to_owned());
        assert_eq!(
            cargo("a", "1.0.0", Some(&source)),
            "pkg:cargo/a@1.0.0?vcs_url=git%2Bhttps%3A%2F%2Fexample.com%2Fa%401f"
        );
        assert_eq!(pypi("Typing_Extensions", "4.16.0"), "pkg:pypi/typing-extensions@4.16.0");
        assert_eq!(npm("@img/sharp-linux-x64", "0.34.4"), "pkg:npm/%40img/sharp-linux-x64@0.34.4");
        assert_eq!(npm("ms", "2.1.3"), "pkg:npm/ms@2.1.3");
    }
}
