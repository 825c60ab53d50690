//! The state of the artifact directory: the inputs of each artifact, and size and time of its zip file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::component::Component;
use super::inputs::Inputs;
use super::replace_file::replace_file;
use bedrock_artifacts::PackedZip;
use bedrock_diagnostics::{Error, Result};

const FILE: &str = "state.json";
/// Version of the format. A state with a different version is ignored, and everything is rebuilt.
const FORMAT: u32 = 1;

/// The digests of contracts, by the names of their workers.
pub(crate) type ContractDigests = BTreeMap<String, String>;

/// The artifacts of earlier builds, by their ids.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct BuildState {
    format: u32,
    #[serde(rename = "parts")]
    pub artifacts: BTreeMap<String, ArtifactRecord>,
}

/// An artifact that has been built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ArtifactRecord {
    pub inputs: Inputs,
    /// The zip file, or `None` for a layer without dependencies.
    pub zip: Option<ZipRecord>,
    /// The workers that the code calls, for code.
    pub invokes: Vec<String>,
    /// The digests of the contracts that the code was built against, by the names of the called workers.
    #[serde(default)]
    pub callee_contracts: ContractDigests,
    /// The packages of others in it. Empty for a program: its crates are those that cargo resolves.
    #[serde(default)]
    pub components: Vec<Component>,
    /// Whether the file with its SBOM was written.
    #[serde(default)]
    pub has_sbom: bool,
}

/// A zip file. Digests are hexadecimal unless named otherwise, sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZipRecord {
    /// The size of the zip file.
    pub bytes: u64,
    /// The size of its contents.
    pub unzipped_bytes: u64,
    /// The digest of the zip file.
    pub sha256: String,
    /// The same digest in Base64, as Lambda shows it.
    pub sha256_base64: String,
    /// The digest of paths, modes and contents, which does not depend on the compression.
    pub content_sha256: String,
    /// Nanoseconds since 1970 at which the file was written. A zip file with another time was changed.
    modified: u128,
}

impl ZipRecord {
    pub(crate) fn of(packed: &PackedZip, path: &Path) -> Self {
        Self {
            bytes: packed.bytes,
            unzipped_bytes: packed.unzipped_bytes,
            sha256: packed.sha256.to_string(),
            sha256_base64: packed.sha256.base64(),
            content_sha256: packed.content_sha256.to_string(),
            modified: modified(path).unwrap_or_default(),
        }
    }

    fn is_intact(&self, path: &Path) -> bool {
        let size = fs::metadata(path).map(|metadata| metadata.len());
        size.is_ok_and(|size| size == self.bytes) && modified(path) == Some(self.modified)
    }
}

impl ArtifactRecord {
    /// Returns why the artifact has to be rebuilt. Empty if it is current.
    pub(crate) fn reasons(&self, inputs: &Inputs, path: &Path) -> Vec<String> {
        let reasons = inputs.changes_since(&self.inputs);
        match &self.zip {
            Some(zip) if reasons.is_empty() && !zip.is_intact(path) => {
                vec![if path.exists() { "its zip was changed" } else { "its zip is missing" }.to_owned()]
            }
            _ => reasons,
        }
    }
}

impl BuildState {
    /// Loads the state in `folder`. Empty if it cannot be read, so that everything is rebuilt.
    pub(crate) fn load(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join(FILE)).unwrap_or_default();
        match serde_json::from_str::<Self>(&text) {
            Ok(state) if state.format == FORMAT => state,
            _ => Self { format: FORMAT, artifacts: BTreeMap::new() },
        }
    }

    pub(crate) fn save(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::call("failed to remember what was built").cause(error.to_string()))?;
        replace_file(&folder.join(FILE), &(text + "\n"))
    }
}

fn modified(path: &Path) -> Option<u128> {
    let time = fs::metadata(path).ok()?.modified().ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_nanos())
}
