//! `terraform/.bedrock.json`: the files that this program wrote into the app. An upgrade needs it to tell the user's
//! edits from changes of the template.

use cargo_metadata::semver::Version;
use serde::{Deserialize, Serialize};

use super::file_map::FileMap;
use bedrock_diagnostics::{Error, Result};

/// Version of this program, which is also the version of its template.
const CURRENT_VERSION: &str = env!("CARGO_PKG_VERSION");
/// Version of the file's format.
const FORMAT_VERSION: u64 = 1;
const ABOUT: &str =
    "what `cargo bedrock` wrote here, for `cargo bedrock terraform upgrade`: commit it, and do not edit it";

/// The template that an app's files were created from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TemplateRecord {
    version: u64,
    #[serde(default)]
    about: String,
    /// Version of the program that wrote the files.
    bedrock: String,
    /// The complete texts, without the user's edits.
    pub(crate) files: FileMap,
}

impl TemplateRecord {
    /// Path of the file, relative to the app.
    pub(crate) const PATH: &str = "terraform/.bedrock.json";

    /// Returns the record of `files` as written by this version.
    pub(crate) fn new(files: FileMap) -> Self {
        Self { version: FORMAT_VERSION, about: ABOUT.to_owned(), bedrock: CURRENT_VERSION.to_owned(), files }
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let read_error = |cause: String| Error::app(format!("failed to read `{}`", Self::PATH)).cause(cause);
        let record: Self = serde_json::from_str(text).map_err(|error| {
            read_error(error.to_string())
                .help("restore it from an older commit: without it, edits cannot be distinguished from the template")
        })?;
        if record.version == FORMAT_VERSION {
            Ok(record)
        } else {
            let cause = format!("it has version {}, and this program reads version {FORMAT_VERSION}", record.version);
            Err(read_error(cause).help("use the version of `cargo bedrock` that wrote it, or a newer one"))
        }
    }

    /// Returns the text of the file.
    pub(crate) fn text(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::call(format!("failed to write `{}`", Self::PATH)).cause(error.to_string()))?;
        Ok(text + "\n")
    }

    /// Returns an error if a newer version wrote the record, because an upgrade would revert the newer template.
    pub(crate) fn check_not_newer(&self) -> Result<()> {
        let is_newer = match (Version::parse(&self.bedrock), Version::parse(CURRENT_VERSION)) {
            (Ok(recorded), Ok(current)) => recorded > current,
            _ => false,
        };
        if is_newer {
            let recorded = &self.bedrock;
            let message =
                format!("`terraform/` was created by cargo bedrock {recorded}, which is newer than {CURRENT_VERSION}");
            return Err(Error::call(message).help(format!("run `cargo install cargo-bedrock --version {recorded}`")));
        }
        Ok(())
    }
}
