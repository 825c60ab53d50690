//! The user's allow list: files that are packed even if their names or contents are normally rejected.

use std::path::Path;

use globset::{Glob, GlobBuilder, GlobMatcher};

use bedrock_diagnostics::{Error, Result};

/// The globs of the setting `allow`. A glob that matches a folder allows everything in it.
#[derive(Debug)]
pub struct AllowList {
    globs: Vec<(GlobMatcher, String)>,
}

impl AllowList {
    /// Parses the globs. `settings` names their table in `Cargo.toml`, for messages.
    pub fn parse(allow: &[String], settings: &str) -> Result<Self> {
        let mut globs = Vec::new();
        for text in allow {
            // Users who know ignore files write `/keys/dev.pem` and `keys/`.
            let plain = text.trim_start_matches('/').trim_end_matches('/');
            let glob: Glob = GlobBuilder::new(plain).literal_separator(true).build().map_err(|error| {
                Error::app(format!("`allow` of `{settings}` has `{text}`, which is not a valid pattern"))
                    .cause(error.kind().to_string())
            })?;
            let fixed = plain.split(['*', '?', '[', '{', '\\']).next().unwrap_or_default().to_owned();
            globs.push((glob.compile_matcher(), fixed));
        }
        Ok(Self { globs })
    }

    /// Returns whether the path, or a folder that contains it, is allowed.
    pub fn has(&self, path: &str) -> bool {
        Path::new(path)
            .ancestors()
            .filter(|path| !path.as_os_str().is_empty())
            .any(|path| self.globs.iter().any(|(glob, _)| glob.is_match(path)))
    }

    /// Returns whether the folder may contain allowed files.
    pub(super) fn may_reach_into(&self, folder: &str) -> bool {
        let folder = format!("{folder}/");
        self.globs.iter().any(|(_, fixed)| fixed.starts_with(&folder) || folder.starts_with(fixed.as_str()))
    }
}
