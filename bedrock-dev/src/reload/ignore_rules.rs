//! Files whose changes mean nothing: what `.gitignore` and `.bedrockignore` of the app list, what tools make, and what
//! editors put beside a file for a moment. Of the ignore files only those in the app count, as for its graph.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Folders of tools, listed or not.
const TOOLS: [&str; 4] = ["target", ".git", "node_modules", "__pycache__"];
/// In folders of caches, cargo's target folder by another name for instance (<https://bford.info/cachedir/>).
const CACHE: &str = "CACHEDIR.TAG";
/// Files that list what is ignored; of two that disagree the latter wins.
const LISTS: [&str; 2] = [".gitignore", ".bedrockignore"];
/// How names begin and end that editors (vim, Emacs, those of JetBrains) and the installation of dependencies use for files that they remove soon.
const PASSING: ([&str; 3], [&str; 5]) =
    ([".#", "#", ".bedrock-requirements-"], ["~", ".swp", ".swx", ".swo", "___jb_tmp___"]);
/// The file by which vim finds out whether it may write to a folder.
const VIM: &str = "4913";

/// What is ignored below one folder.
#[derive(Debug)]
pub(super) struct Ignored {
    root: PathBuf,
    /// What was found in folders so far.
    known: HashMap<PathBuf, Found>,
}

#[derive(Debug)]
struct Found {
    list: Option<Gitignore>,
    is_cache: bool,
}

impl Ignored {
    pub(super) fn below(root: PathBuf) -> Self {
        Self { root, known: HashMap::new() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a file decides what is ignored.
    pub(super) fn is_list(path: &Path) -> bool {
        path.file_name().is_some_and(|name| LISTS.iter().any(|list| name == *list))
    }

    /// A list has changed.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Whether a path is ignored, or a folder that it lies in.
    pub(super) fn has(&mut self, path: &Path, is_folder: bool) -> bool {
        let Ok(within) = path.strip_prefix(&self.root) else { return true };
        let mut at = self.root.clone();
        let mut names = within.components().peekable();
        while let Some(name) = names.next() {
            at.push(name);
            let is_folder = is_folder || names.peek().is_some();
            let name = name.as_os_str().to_string_lossy();
            let is_cache = is_folder && self.found(&at).is_cache;
            if is_cache || TOOLS.contains(&&*name) || is_passing(&name) || self.is_listed(&at, is_folder) {
                return true;
            }
        }
        false
    }

    /// The list nearest to it decides, as in Git.
    fn is_listed(&mut self, path: &Path, is_folder: bool) -> bool {
        let root = self.root.clone();
        let inside = path.ancestors().skip(1).take_while(|folder| folder.starts_with(&root));
        for folder in inside {
            let Some(list) = &self.found(folder).list else { continue };
            match list.matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }

    fn found(&mut self, folder: &Path) -> &Found {
        self.known.entry(folder.to_owned()).or_insert_with(|| {
            let mut list = GitignoreBuilder::new(folder);
            let files = LISTS.map(|name| folder.join(name)).into_iter().filter(|path| path.is_file());
            // Of a list that cannot be read whole, the lines that can be are what there is.
            let lists = files.map(|path| list.add(path)).count();
            let list = (lists > 0).then(|| list.build().ok()).flatten();
            Found { list, is_cache: folder.join(CACHE).is_file() }
        })
    }
}

fn is_passing(name: &str) -> bool {
    let (begin, end) = PASSING;
    name == VIM || begin.iter().any(|begin| name.starts_with(begin)) || end.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::Ignored;
    use std::fs;

    #[test]
    fn lists_tools_and_passing_files_are_ignored_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().to_owned();
        fs::create_dir_all(root.join("workers/p")).expect("a folder");
        fs::create_dir_all(root.join("out")).expect("a folder");
        fs::write(root.join("out/CACHEDIR.TAG"), "").expect("a file");
        fs::write(root.join(".gitignore"), "*.log\n/data\n!kept.log\n").expect("a file");
        fs::write(root.join("workers/p/.gitignore"), "!shown.log\n").expect("a file");
        fs::write(root.join("workers/p/.bedrockignore"), "draft_*\n").expect("a file");
        let mut ignored = Ignored::below(root.clone());
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
        ] {
            assert!(ignored.has(&root.join(path), false), "{path}");
        }
        for path in
            ["kept.log", "workers/p/shown.log", "workers/p/main.py", "workers/data/x.py", ".env", "src/target.rs"]
        {
            assert!(!ignored.has(&root.join(path), false), "{path}");
        }
        assert!(!ignored.has(&root, true));
    }

    #[test]
    fn a_list_counts_as_it_is_now_once_the_old_one_is_forgotten() {
        let dir = tempfile::tempdir().expect("a folder");
        let (root, path) = (dir.path().to_owned(), dir.path().join("x.py"));
        let mut ignored = Ignored::below(root.clone());
        assert!(!ignored.has(&path, false));
        fs::write(root.join(".gitignore"), "x.py\n").expect("a file");
        ignored.forget();
        assert!(ignored.has(&path, false));
    }
}
