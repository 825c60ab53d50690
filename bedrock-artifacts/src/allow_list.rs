//! The user's list of what goes in whatever its name or text looks like.

use std::path::Path;

use globset::{Glob, GlobBuilder, GlobMatcher};

use bedrock_diagnostics::{Error, Result};

/// The globs of `allow`; one that names a folder allows all that is in it.
#[derive(Debug)]
pub struct AllowList {
    globs: Vec<(GlobMatcher, String)>,
}

impl AllowList {
    /// `settings` is where the globs are set, for messages.
    pub fn parse(allow: &[String], settings: &str) -> Result<Self> {
        let mut globs = Vec::new();
        for text in allow {
            // `/keys/dev.pem` and `keys/` are what people write who know ignore files.
            let plain = text.trim_start_matches('/').trim_end_matches('/');
            let glob: Glob = GlobBuilder::new(plain).literal_separator(true).build().map_err(|error| {
                Error::app(format!("`allow` of `{settings}` has `{text}`, which is no pattern"))
                    .cause(error.kind().to_string())
            })?;
            let fixed = plain.split(['*', '?', '[', '{', '\\']).next().unwrap_or_default().to_owned();
            globs.push((glob.compile_matcher(), fixed));
        }
        Ok(Self { globs })
    }

    /// Whether the path is allowed, or a folder that it lies in.
    pub fn has(&self, path: &str) -> bool {
        Path::new(path)
            .ancestors()
            .filter(|path| !path.as_os_str().is_empty())
            .any(|path| self.globs.iter().any(|(glob, _)| glob.is_match(path)))
    }

    /// Whether something in the folder may be allowed.
    pub(super) fn may_reach_into(&self, folder: &str) -> bool {
        let folder = format!("{folder}/");
        self.globs.iter().any(|(_, fixed)| fixed.starts_with(&folder) || folder.starts_with(fixed.as_str()))
    }
}
