//! The bill of materials of one artifact as CycloneDX 1.6 JSON. The same artifact gives the same bytes: there is no time, and
//! the serial number is made from the digest of the zip.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::artifact::Artifact;
use crate::component::Component;

/// The components that depend on others, by their references, with the references of those.
pub(super) type Dependencies = BTreeMap<String, BTreeSet<String>>;

/// The bill of materials of an artifact.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) app: &'a str,
    pub(super) artifact: &'a Artifact,
    /// The SHA-256 of the zip, in hexadecimal digits.
    pub(super) sha256: &'a str,
    pub(super) components: &'a [Component],
    /// `None` if they are not known.
    pub(super) dependencies: Option<&'a Dependencies>,
}

impl Document<'_> {
    /// Returns the text of the file.
    pub(super) fn text(&self) -> String {
        let by_reference: BTreeMap<String, Value> =
            self.components.iter().map(|component| (component.reference(), component.json())).collect();
        let kind = if matches!(self.artifact, Artifact::Code(_)) { "application" } else { "library" };
        let mut document = json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": serial_number(self.sha256),
            "version": 1,
            "metadata": {
                "tools": { "components": [
                    { "type": "application", "name": "cargo-bedrock", "version": env!("CARGO_PKG_VERSION") }
                ] },
                "component": {
                    "type": kind,
                    "bom-ref": self.artifact.id(),
                    "group": self.app,
                    "name": self.artifact.id(),
                    "hashes": [{ "alg": "SHA-256", "content": self.sha256 }],
                },
            },
            "components": by_reference.into_values().collect::<Vec<_>>(),
        });
        if let Some(dependencies) = self.dependencies {
            let entry = |(reference, others)| json!({ "ref": reference, "dependsOn": others });
            document["dependencies"] = dependencies.iter().map(entry).collect();
        }
        format!("{document:#}\n")
    }
}

/// Returns a UUID of version 8, whose bits are those of a digest.
fn serial_number(sha256: &str) -> String {
    let digits: String =
        sha256.chars().filter(char::is_ascii_hexdigit).chain("0".repeat(32).chars()).take(32).collect();
    let (time, rest) = digits.split_at(12);
    // One digit has the version, and the first of the next group has the variant in two of its bits.
    format!("urn:uuid:{}-{}-8{}-8{}-{}", &time[..8], &time[8..], &rest[1..4], &rest[5..8], &rest[8..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::Function;

    #[test]
    fn document_depends_only_on_the_artifact() {
        let component = |name: &str| Component {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            purl: Some(format!("pkg:cargo/{name}@1.0.0")),
            ..Component::default()
        };
        let sha256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        let artifact = Artifact::Code(Function::Endpoint);
        let text = |components: &[Component]| {
            Document { app: "shop", artifact: &artifact, sha256, components, dependencies: None }.text()
        };
        let one = text(&[component("b"), component("a"), component("b")]);
        assert_eq!(one, text(&[component("a"), component("b")]));
        let value: Value = serde_json::from_str(&one).expect("JSON");
        assert_eq!(value["serialNumber"], "urn:uuid:00112233-4455-8677-8899-aabbccddeeff");
        assert_eq!(value["components"].as_array().map(Vec::len), Some(2));
        assert_eq!(value["metadata"]["timestamp"], Value::Null);
    }
}
