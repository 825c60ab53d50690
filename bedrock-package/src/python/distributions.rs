//! The distributions in a folder that an installer has filled, by their metadata.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bedrock_diagnostics::{Error, Result};
use serde_json::Value;

use super::locked_archives::LockedArchives;
use crate::component::{Component, License};
use crate::purl;

/// Returns the distributions in `target`, by name. Read before the files of the installer are deleted: one of them says which
/// distributions come from folders and URLs.
pub(super) fn components(target: &Path, locked: &LockedArchives) -> Result<Vec<Component>> {
    let failed = |error: std::io::Error| Error::io(format!("failed to read `{}`", target.display()), &error);
    let mut components = BTreeMap::new();
    for entry in fs::read_dir(target).map_err(failed)? {
        let folder = entry.map_err(failed)?.path();
        // An installer writes the metadata of each distribution; a folder without it is not one.
        if folder.extension().is_some_and(|extension| extension == "dist-info")
            && let Ok(metadata) = fs::read(folder.join("METADATA"))
        {
            let component = component(&folder, &String::from_utf8_lossy(&metadata), locked);
            components.insert(component.reference(), component);
        }
    }
    Ok(components.into_values().collect())
}

fn component(folder: &Path, metadata: &str, locked: &LockedArchives) -> Component {
    let headers = Headers::parse(metadata);
    let name = headers.first("Name").unwrap_or_default();
    let version = headers.first("Version").unwrap_or_default();
    let origin = fs::read(folder.join("direct_url.json")).ok();
    let sha256 = if let Some(origin) = &origin {
        archive_sha256(&serde_json::from_slice(origin).unwrap_or_default())
    } else {
        let wheel = fs::read(folder.join("WHEEL")).unwrap_or_default();
        let wheel = String::from_utf8_lossy(&wheel);
        locked.sha256(name, version, &Headers::parse(&wheel).all("Tag")).map(str::to_owned)
    };
    Component {
        name: name.to_owned(),
        version: version.to_owned(),
        purl: origin.is_none().then(|| purl::pypi(name, version)),
        license: license(&headers),
        hashes: sha256.map(|sha256| ("SHA-256".to_owned(), sha256)).into_iter().collect(),
    }
}

/// Returns the digest of the archive in a `direct_url.json`. A folder has none.
fn archive_sha256(origin: &Value) -> Option<String> {
    Some(origin.pointer("/archive_info/hashes/sha256")?.as_str()?.to_owned())
}

/// Returns the licence: an expression, or else the name in the older header or the classifiers.
fn license(headers: &Headers<'_>) -> Option<License> {
    let classified = || {
        let names = headers.all("Classifier").into_iter().filter_map(|text| text.strip_prefix("License :: "));
        let names: Vec<&str> = names.filter_map(|text| text.rsplit(" :: ").next()).collect();
        License::named(&names.join(", "))
    };
    let unknown = |name: &&str| !name.eq_ignore_ascii_case("unknown");
    headers
        .first("License-Expression")
        .and_then(License::parse)
        .or_else(|| headers.first("License").filter(unknown).and_then(License::named))
        .or_else(classified)
}

/// Headers as in a mail, until the first empty line. A header that goes on in a second line is left out: it is a text.
struct Headers<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Headers<'a> {
    fn parse(text: &'a str) -> Self {
        let mut headers: Vec<(&str, &str)> = Vec::new();
        for line in text.lines().take_while(|line| !line.trim().is_empty()) {
            if line.starts_with([' ', '\t']) {
                headers.pop();
            } else if let Some((name, value)) = line.split_once(':') {
                headers.push((name, value.trim()));
            }
        }
        Self(headers)
    }

    fn all(&self, name: &str) -> Vec<&'a str> {
        let named = self.0.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| *value).collect()
    }

    fn first(&self, name: &str) -> Option<&'a str> {
        self.all(name).first().copied()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn distributions_have_name_license_and_digest() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write("six-1.17.0.dist-info/METADATA", "Name: Six_Plus\nVersion: 1.17.0\nLicense-Expression: MIT\n\nName: x\n");
        write("six-1.17.0.dist-info/WHEEL", "Tag: py3-none-any\n");
        let classifier = "Classifier: License :: OSI Approved :: BSD License\n";
        write("own-0.1.dist-info/METADATA", &format!("Name: own\nVersion: 0.1\nLicense: A long\n text\n{classifier}"));
        write("own-0.1.dist-info/direct_url.json", r#"{ "url": "file:///app/own", "dir_info": {} }"#);
        write("url-2.dist-info/METADATA", "Name: url\nVersion: 2\nLicense: UNKNOWN\n");
        write(
            "url-2.dist-info/direct_url.json",
            r#"{ "url": "https://user:pw@example.com/url-2.whl", "archive_info": { "hashes": { "sha256": "bb" } } }"#,
        );
        write("not_a_distribution/METADATA", "Name: nothing\n");
        let locked = LockedArchives::of(&["six-plus==1.17.0 --hash=sha256:aa".to_owned()], None);
        let found = components(dir.path(), &locked).expect("distributions");
        let shown: Vec<_> = found.iter().map(Component::json).collect();
        let purl = "pkg:pypi/six-plus@1.17.0";
        assert_eq!(
            shown,
            [
                json!({
                    "type": "library", "bom-ref": "own@0.1", "name": "own", "version": "0.1",
                    "licenses": [{ "license": { "name": "BSD License" } }],
                }),
                json!({
                    "type": "library", "bom-ref": purl, "purl": purl, "name": "Six_Plus", "version": "1.17.0",
                    "licenses": [{ "expression": "MIT" }], "hashes": [{ "alg": "SHA-256", "content": "aa" }],
                }),
                json!({
                    "type": "library", "bom-ref": "url@2", "name": "url", "version": "2",
                    "hashes": [{ "alg": "SHA-256", "content": "bb" }],
                }),
            ]
        );
    }
}
