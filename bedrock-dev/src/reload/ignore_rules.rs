//! Files whose changes are ignored: those that `.gitignore` and `.bedrockignore` list, files of tools, and temporary
//! files of editors. As for the call graph, only ignore files inside the app are used.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Folders of tools, which are always ignored.
const TOOL_FOLDERS: [&str; 4] = ["target", ".git", "node_modules", "__pycache__"];
/// File in every cache folder, such as a target folder of cargo with another name (<https://bford.info/cachedir/>).
const CACHE_TAG: &str = "CACHEDIR.TAG";
/// Ignore files; later ones override earlier ones.
const IGNORE_FILES: [&str; 2] = [".gitignore", ".bedrockignore"];
/// Prefixes of temporary files of editors, and of this program: of the installation of dependencies and of new files.
const TEMPORARY_PREFIXES: [&str; 4] = [".#", "#", ".bedrock-new-", ".bedrock-requirements-"];
/// Suffixes of temporary files of vim, Emacs and the JetBrains editors.
const TEMPORARY_SUFFIXES: [&str; 5] = ["~", ".swp", ".swx", ".swo", "___jb_tmp___"];
/// File that vim creates to test whether a folder is writable.
const VIM_TEST_FILE: &str = "4913";

/// The ignore rules below one folder.
#[derive(Debug)]
pub(super) struct IgnoreRules {
    root: PathBuf,
    /// Cached rules by folder.
    folders: HashMap<PathBuf, FolderRules>,
}

#[derive(Debug)]
struct FolderRules {
    patterns: Option<Gitignore>,
    is_cache: bool,
}

impl IgnoreRules {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, folders: HashMap::new() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns whether a file contains ignore rules.
    pub(super) fn is_ignore_file(path: &Path) -> bool {
        path.file_name().is_some_and(|name| IGNORE_FILES.iter().any(|file| name == *file))
    }

    /// Clears the cache because an ignore file has changed.
    pub(super) fn clear_cache(&mut self) {
        self.folders.clear();
    }

    /// Returns whether a path or one of its parent folders is ignored. Paths outside of the root are ignored.
    pub(super) fn ignores(&mut self, path: &Path, is_folder: bool) -> bool {
        let Ok(relative_path) = path.strip_prefix(&self.root) else { return true };
        let mut current = self.root.clone();
        let mut names = relative_path.components().peekable();
        while let Some(name) = names.next() {
            current.push(name);
            let is_folder = is_folder || names.peek().is_some();
            let name = name.as_os_str().to_string_lossy();
            let is_cache = is_folder && self.rules_of(&current).is_cache;
            if is_cache
                || TOOL_FOLDERS.contains(&&*name)
                || is_temporary(&name)
                || self.matches_pattern(&current, is_folder)
            {
                return true;
            }
        }
        false
    }

    /// Matches a path against the ignore files. The nearest one that has a matching pattern decides, as in Git.
    fn matches_pattern(&mut self, path: &Path, is_folder: bool) -> bool {
        let root = self.root.clone();
        let folders = path.ancestors().skip(1).take_while(|folder| folder.starts_with(&root));
        for folder in folders {
            let Some(patterns) = &self.rules_of(folder).patterns else { continue };
            match patterns.matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }

    fn rules_of(&mut self, folder: &Path) -> &FolderRules {
        self.folders.entry(folder.to_owned()).or_insert_with(|| {
            let mut builder = GitignoreBuilder::new(folder);
            let files = IGNORE_FILES.map(|name| folder.join(name)).into_iter().filter(|path| path.is_file());
            // Invalid lines of an ignore file are skipped.
            let file_count = files.map(|path| builder.add(path)).count();
            let patterns = (file_count > 0).then(|| builder.build().ok()).flatten();
            FolderRules { patterns, is_cache: folder.join(CACHE_TAG).is_file() }
        })
    }
}

fn is_temporary(name: &str) -> bool {
    name == VIM_TEST_FILE
        || TEMPORARY_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || TEMPORARY_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::IgnoreRules;
    use std::fs;

    #[test]
    fn listed_tool_and_temporary_files_are_ignored() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().to_owned();
        fs::create_dir_all(root.join("workers/p")).expect("a folder");
        fs::create_dir_all(root.join("out")).expect("a folder");
        fs::write(root.join("out/CACHEDIR.TAG"), "").expect("a file");
        fs::write(root.join(".gitignore"), "*.log\n/data\n!kept.log\n").expect("a file");
        fs::write(root.join("workers/p/.gitignore"), "!shown.log\n").expect("a file");
        fs::write(root.join("workers/p/.bedrockignore"), "draft_*\n").expect("a file");
        let mut rules = IgnoreRules::new(root.clone());
        for path in [
            "a.log",
            "data/x.py",
            "out/debug/x.rs",
            "target/x.rs",
            "workers/p/target/x.rs",
            "workers/p/node_modules/a/index.js",
            "workers/p/__pycache__/main.pyc",
            ".git/HEAD",
            "workers/p/draft_1.py",
            "workers/p/.main.py.swp",
            "workers/p/main.py~",
            "workers/p/4913",
            "workers/p/contract.json~",
            "workers/.bedrock-new-a1b2c3/q/main.py",
        ] {
            assert!(rules.ignores(&root.join(path), false), "{path}");
        }
        for path in
            ["kept.log", "workers/p/shown.log", "workers/p/main.py", "workers/data/x.py", ".env", "src/target.rs"]
        {
            assert!(!rules.ignores(&root.join(path), false), "{path}");
        }
        assert!(!rules.ignores(&root, true));
    }

    #[test]
    fn cleared_cache_uses_the_current_ignore_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().to_owned();
        let path = root.join("x.py");
        let mut rules = IgnoreRules::new(root.clone());
        assert!(!rules.ignores(&path, false));
        fs::write(root.join(".gitignore"), "x.py\n").expect("a file");
        rules.clear_cache();
        assert!(rules.ignores(&path, false));
    }
}
