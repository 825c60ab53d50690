//! Why files are not packed unless the user allows them: their names, which are those of secrets, tests and leftovers of tools,
//! or ignore files.

use super::options::{FolderKind, PackOptions};

/// Why a file or folder is not packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExclusionReason {
    /// It has the name of a secret. Worth a warning, because the worker may need it.
    Secret,
    /// It is a test.
    Test,
    /// A file of version control, a cache, an editor or a package manager.
    Leftover,
    /// `.gitignore` excludes it.
    GitIgnored,
    /// `.bedrockignore` excludes it.
    BedrockIgnored,
}

/// Returns why a file or folder is excluded because of its name, or `None` if it is packed.
pub(super) fn by_name(name: &str, is_folder: bool, options: &PackOptions) -> Option<ExclusionReason> {
    if is_leftover(name, is_folder, options) {
        Some(ExclusionReason::Leftover)
    // Packages are public and contain no secrets. Some need a `*.pem` file with certificates or import their own tests.
    } else if options.folder_kind == FolderKind::Dependencies {
        None
    } else if is_secret(name, is_folder) {
        Some(ExclusionReason::Secret)
    } else if is_test(name, is_folder) {
        Some(ExclusionReason::Test)
    } else {
        None
    }
}

const VERSION_CONTROL: [&str; 7] = [".git", ".hg", ".svn", ".bzr", ".jj", "CVS", "_darcs"];
const CACHES: [&str; 16] = [
    ".cache",
    ".direnv",
    ".eggs",
    ".hypothesis",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".npm",
    ".nyc_output",
    ".parcel-cache",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".terraform",
    ".tox",
    ".turbo",
];
const EDITORS: [&str; 6] = [".fleet", ".history", ".idea", ".vs", ".vscode", ".zed"];
const ENVIRONMENTS: [&str; 2] = [".venv", "venv"];
const FILES: [&str; 10] = [
    ".DS_Store",
    ".bedrockignore",
    ".coverage",
    ".dockerignore",
    ".gitattributes",
    ".gitignore",
    ".gitkeep",
    ".gitmodules",
    "Thumbs.db",
    "desktop.ini",
];

/// Endings of files that editors keep next to the edited one.
const EDITOR_SUFFIXES: [&str; 7] = [".swp", ".swo", ".swx", ".kate-swp", "___jb_tmp___", "___jb_old___", "~"];
/// Beginnings of files of editors, macOS and NFS.
const EDITOR_PREFIXES: [&str; 4] = ["._", ".#", ".~lock.", ".nfs0"];
/// Endings of files that merges and incremental compilers leave.
const TOOL_SUFFIXES: [&str; 3] = [".orig", ".rej", ".tsbuildinfo"];

fn is_leftover(name: &str, is_folder: bool, options: &PackOptions) -> bool {
    // In a worktree or a submodule it is a file.
    if name == ".git" {
        return true;
    }
    if is_folder {
        return VERSION_CONTROL.contains(&name)
            || EDITORS.contains(&name)
            || (name == "__pycache__" && !options.bytecode)
            || (options.folder_kind == FolderKind::Sources
                && (CACHES.contains(&name)
                    || ENVIRONMENTS.contains(&name)
                    || (name == "node_modules" && !options.node_modules)));
    }
    FILES.contains(&name)
        || (has_suffix(name, &[".pyc", ".pyo"]) && !options.bytecode)
        || has_suffix(name, &EDITOR_SUFFIXES)
        || EDITOR_PREFIXES.iter().any(|start| name.starts_with(start))
        || (name.starts_with('#') && name.ends_with('#'))
        || (options.folder_kind == FolderKind::Sources && has_suffix(name, &TOOL_SUFFIXES))
}

const SECRET_FOLDERS: [&str; 4] = [".aws", ".gnupg", ".ssh", ".azure"];
const SECRET_FILES: [&str; 10] = [
    ".git-credentials",
    ".htpasswd",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".yarnrc.yml",
    "kubeconfig",
    "secrets.json",
    "secrets.yaml",
    "secrets.yml",
];
const SECRET_SUFFIXES: [&str; 11] =
    [".pem", ".key", ".p12", ".pfx", ".p8", ".jks", ".keystore", ".kdbx", ".ppk", ".tfstate", ".tfstate.backup"];
const SSH_KEYS: [&str; 4] = ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"];

/// Returns whether a name is one of a secret. Also decides whether a link to the file is rejected.
pub(super) fn is_secret(name: &str, is_folder: bool) -> bool {
    let name = &name.to_ascii_lowercase();
    name.starts_with(".env")
        || if is_folder {
            SECRET_FOLDERS.contains(&name.as_str())
        } else {
            SECRET_FILES.contains(&name.as_str())
                || has_suffix(name, &SECRET_SUFFIXES)
                || SSH_KEYS.iter().any(|key| name.starts_with(key))
        }
}

const SCRIPTS: [&str; 7] = ["js", "mjs", "cjs", "jsx", "ts", "mts", "tsx"];

fn is_test(name: &str, is_folder: bool) -> bool {
    if is_folder {
        return matches!(name, "tests" | "test" | "__tests__" | "__mocks__" | "__snapshots__");
    }
    if let Some(module) = name.strip_suffix(".py") {
        return module.starts_with("test_") || module.ends_with("_test") || module == "conftest";
    }
    let is_script = |stem: &str, end: &str| SCRIPTS.contains(&end) && has_suffix(stem, &[".test", ".spec"]);
    name.rsplit_once('.').is_some_and(|(stem, end)| is_script(stem, end))
}

fn has_suffix(name: &str, with: &[&str]) -> bool {
    with.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(folder_kind: FolderKind, names: &[&str]) -> Vec<String> {
        let options = PackOptions::new(folder_kind, "/app", "settings");
        let verdict = |name: &&str| {
            let reason = by_name(name.trim_end_matches('/'), name.ends_with('/'), &options);
            format!("{name} {}", reason.map_or("in".to_owned(), |reason| format!("{reason:?}")))
        };
        names.iter().map(verdict).collect()
    }

    #[test]
    fn exclusion_reasons_of_sources_are_distinguished() {
        insta::assert_snapshot!(verdicts(FolderKind::Sources, &[
            ".env", ".env.local", ".envrc", ".env/", "server.pem", "tls.KEY", "id_rsa", "id_ed25519.pub", "store.p12",
            ".aws/", ".npmrc", "prod.tfstate", "tests/", "__tests__/", "test_main.py", "main_test.py", "conftest.py",
            "main.test.js", "main.spec.mjs", ".git/", ".git", "__pycache__/", "main.pyc", ".venv/", "venv/",
            "node_modules/", ".DS_Store", ".vscode/", ".idea/", ".main.py.swp", ".gitignore",
        ]).join("\n"), @r"
        .env Secret
        .env.local Secret
        .envrc Secret
        .env/ Secret
        server.pem Secret
        tls.KEY Secret
        id_rsa Secret
        id_ed25519.pub Secret
        store.p12 Secret
        .aws/ Secret
        .npmrc Secret
        prod.tfstate Secret
        tests/ Test
        __tests__/ Test
        test_main.py Test
        main_test.py Test
        conftest.py Test
        main.test.js Test
        main.spec.mjs Test
        .git/ Leftover
        .git Leftover
        __pycache__/ Leftover
        main.pyc Leftover
        .venv/ Leftover
        venv/ Leftover
        node_modules/ Leftover
        .DS_Store Leftover
        .vscode/ Leftover
        .idea/ Leftover
        .main.py.swp Leftover
        .gitignore Leftover
        ");
    }

    #[test]
    fn files_of_editors_and_tools_are_leftovers() {
        let names = [
            "#main.py#",
            ".#main.py",
            ".main.py.swx",
            "main.py___jb_tmp___",
            ".main.py.kate-swp",
            ".~lock.table.csv#",
            ".nfs000000001",
            "main.py.orig",
            "main.py.rej",
            "tsconfig.tsbuildinfo",
            "main.py~",
        ];
        for verdict in verdicts(FolderKind::Sources, &names) {
            assert!(verdict.ends_with(" Leftover"), "{verdict}");
        }
    }

    #[test]
    fn similar_names_are_packed() {
        let names = [
            "environment.py",
            "main.py",
            "testing.py",
            "contest.py",
            "latest.js",
            "spec.js",
            "test.js",
            "test",
            "env/",
            "keys.py",
            "monkey",
            "tests.py",
            "venv.py",
            "gitignore",
            "node_modules.txt",
            "key/",
        ];
        for verdict in verdicts(FolderKind::Sources, &names) {
            assert!(verdict.ends_with(" in"), "{verdict}");
        }
    }

    #[test]
    fn dependencies_keep_their_tests_and_certificates() {
        let names = ["cacert.pem", "tests/", "test_x.py", "node_modules/", ".npmrc", ".cache/", "venv/", "x.test.js"];
        for verdict in verdicts(FolderKind::Dependencies, &names) {
            assert!(verdict.ends_with(" in"), "{verdict}");
        }
        for verdict in verdicts(FolderKind::Dependencies, &[".git/", "__pycache__/", "x.pyc", ".DS_Store"]) {
            assert!(verdict.ends_with(" Leftover"), "{verdict}");
        }
    }

    #[test]
    fn bytecode_and_node_modules_are_packed_on_request() {
        let mut options = PackOptions::new(FolderKind::Sources, "/app", "settings");
        options.bytecode = true;
        options.node_modules = true;
        for (name, is_folder) in [("__pycache__", true), ("main.pyc", false), ("node_modules", true)] {
            assert_eq!(by_name(name, is_folder, &options), None, "{name}");
        }
    }
}
