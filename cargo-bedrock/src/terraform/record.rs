//! `terraform/.bedrock.json`: what this program wrote into the app. An upgrade merges what changed in the template
//! since then with what was edited in the app since then, and this file is how it knows the one from the other.

use cargo_metadata::semver::Version;
use serde::{Deserialize, Serialize};

use super::Texts;
use bedrock_diagnostics::{Error, Result};

/// The version of this program, which is also that of its template.
const CURRENT: &str = env!("CARGO_PKG_VERSION");
/// Of the file's own form.
const FORM: u64 = 1;
const ABOUT: &str =
    "what `cargo bedrock` wrote here, for `cargo bedrock terraform upgrade`: commit it, and do not edit it";

/// What was written, and by which version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    version: u64,
    #[serde(default)]
    about: String,
    bedrock: String,
    /// The whole texts, without any edit of the user's.
    pub(crate) files: Texts,
}

impl Record {
    /// Where it lies, relative to the app.
    pub(crate) const PATH: &str = "terraform/.bedrock.json";

    /// Says that this version wrote `files`.
    pub(crate) fn of(files: Texts) -> Self {
        Self { version: FORM, about: ABOUT.to_owned(), bedrock: CURRENT.to_owned(), files }
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let failed = |cause: String| Error::app(format!("failed to read `{}`", Self::PATH)).cause(cause);
        let record: Self = serde_json::from_str(text).map_err(|error| {
            failed(error.to_string())
                .help("take it from an older commit: without it, no edit can be told from the template")
        })?;
        if record.version == FORM {
            Ok(record)
        } else {
            let cause = format!("it has version {}, and this program reads version {FORM}", record.version);
            Err(failed(cause).help("use the version of `cargo bedrock` that wrote it, or a newer one"))
        }
    }

    /// The file's text.
    pub(crate) fn text(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::call(format!("failed to write `{}`", Self::PATH)).cause(error.to_string()))?;
        Ok(text + "\n")
    }

    /// An upgrade to an older template would take back what a newer one brought.
    pub(crate) fn refuse_newer(&self) -> Result<()> {
        let is_newer = match (Version::parse(&self.bedrock), Version::parse(CURRENT)) {
            (Ok(of_app), Ok(current)) => of_app > current,
            _ => false,
        };
        if is_newer {
            let app = &self.bedrock;
            return Err(Error::call(format!("`terraform/` was made by cargo bedrock {app}, and this is {CURRENT}"))
                .help(format!("`cargo install cargo-bedrock --version {app}`")));
        }
        Ok(())
    }
}
