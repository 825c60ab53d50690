//! The files that are collected from a folder. Those that are refused are in `refused`.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use proptest::collection::btree_map;
use proptest::prelude::proptest;
use tempfile::TempDir;

use super::*;
use crate::pack;
use crate::test_render::render_error;
use crate::{ExclusionReason, FolderKind};
use std::fs;
use std::path::PathBuf;

const SETTINGS: &str = "[package.metadata.bedrock.workers.resizer]";

mod refused;

/// An app with the worker `resizer`. Its folder is collected.
struct App {
    temp_dir: TempDir,
    options: PackOptions,
}

impl App {
    fn new(contents: FolderKind) -> Self {
        let temp_dir = TempDir::new().expect("room");
        let options = PackOptions::new(contents, temp_dir.path(), SETTINGS);
        fs::create_dir_all(temp_dir.path().join("workers/resizer")).expect("folder");
        Self { temp_dir, options }
    }

    /// Creates files in the app's folder.
    fn with(self, files: &[(&str, &str)]) -> Self {
        for (path, text) in files {
            let path = self.temp_dir.path().join(path);
            fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            fs::write(path, text).expect("file");
        }
        self
    }

    /// Creates files in the worker's folder, each with a line of text.
    fn with_files(self, paths: &[&str]) -> Self {
        paths.iter().fold(self, |app, path| app.with(&[(&format!("workers/resizer/{path}"), "text\n")]))
    }

    fn with_link(self, path: &str, target: &str) -> Self {
        symlink(target, self.folder().join(path)).expect("link");
        self
    }

    fn allowing(mut self, globs: &[&str]) -> Self {
        self.options.allow = globs.iter().map(|glob| (*glob).to_owned()).collect();
        self
    }

    fn folder(&self) -> PathBuf {
        self.temp_dir.path().join("workers/resizer")
    }

    fn tree(&self) -> Tree {
        collect_files(&self.folder(), &self.options).map_err(|error| render_error(&error)).expect("a tree")
    }

    fn paths(&self) -> Vec<String> {
        self.tree().files.into_iter().map(|file| file.path).collect()
    }

    fn refused(&self) -> String {
        render_error(&collect_files(&self.folder(), &self.options).expect_err("refused"))
    }
}

fn sources() -> App {
    App::new(FolderKind::Sources)
}

/// Returns a fake access key ID. It is in two halves, so that scanners do not find a key in this file.
fn key_id() -> String {
    ["AKIA", "Z7QXK2M5N3PRT6WY"].concat()
}

#[test]
fn files_are_sorted_bytewise_with_their_size_and_mode() {
    let app = sources().with_files(&["main.py", "a/b.py", "a-b.py", "a.py", "Z.py", "run.sh", "ä.py"]);
    fs::set_permissions(app.folder().join("run.sh"), fs::Permissions::from_mode(0o700)).expect("mode");
    fs::set_permissions(app.folder().join("a.py"), fs::Permissions::from_mode(0o666)).expect("mode");
    let tree = app.tree();
    let rendered: Vec<String> =
        tree.files.iter().map(|file| format!("{} {} {}", file.path, file.bytes, file.executable)).collect();
    assert_eq!(
        rendered,
        [
            "Z.py 5 false",
            "a-b.py 5 false",
            "a.py 5 false",
            "a/b.py 5 false",
            "main.py 5 false",
            "run.sh 5 true",
            "ä.py 5 false"
        ]
    );
}

#[test]
fn entries_start_with_the_given_folder() {
    let tree = sources().with_files(&["main.py"]).tree();
    assert_eq!(tree.entries("")[0].path, "main.py");
    assert_eq!(tree.entries("python/resizer")[0].path, "python/resizer/main.py");
}

#[test]
fn ignore_files_are_applied_without_a_git_repository() {
    let app = sources()
        .with(&[
            (".gitignore", "*.log\n/workers/resizer/generated\n"),
            ("workers/.gitignore", "*.tmp\n"),
            ("workers/resizer/.gitignore", "data/*\n!data/keep.csv\nbuild/\n"),
            ("workers/resizer/.bedrockignore", "notes.md\n!kept.log\n"),
            ("workers/resizer/sub/.bedrockignore", "/here.txt\n"),
        ])
        .with_files(&["main.py", "a.log", "kept.log", "b.tmp", "data/x.csv", "data/keep.csv", "build/x", "sub/build"])
        .with_files(&["notes.md", "generated/x.py", "sub/here.txt", "sub/sub/here.txt", "sub/notes.md"]);
    assert_eq!(app.paths(), ["data/keep.csv", "kept.log", "main.py", "sub/build", "sub/sub/here.txt"]);
    let excluded = app.tree().excluded;
    let ignored: Vec<String> = excluded
        .iter()
        .filter(|excluded| excluded.reason != ExclusionReason::Leftover)
        .map(|excluded| format!("{:?} {}", excluded.reason, excluded.path))
        .collect();
    assert_eq!(
        ignored,
        [
            "GitIgnored a.log",
            "GitIgnored b.tmp",
            "GitIgnored build/",
            "GitIgnored data/x.csv",
            "GitIgnored generated/",
            "BedrockIgnored notes.md",
            "BedrockIgnored sub/here.txt",
            "BedrockIgnored sub/notes.md",
        ]
    );
}

#[test]
fn needed_files_are_packed_although_git_ignores_them() {
    let mut app = sources()
        .with(&[("workers/resizer/.gitignore", "dist/\n*.log\n"), ("workers/resizer/.bedrockignore", "kept.py\n")])
        .with_files(&["main.py", "a.log", "b.log", "dist/x.js", "dist/y.log", "dist/test/x.js", "dist/.env", "kept.py"])
        .with_files(&["tests/helper.py", "tests/other.py", "id_rsa", ".venv/x.py"]);
    let needed = ["a.log", "dist", "tests/helper.py", "kept.py", "id_rsa", ".venv/x.py", "nowhere.py"];
    app.options.needed = needed.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(app.paths(), ["a.log", "dist/x.js", "dist/y.log", "main.py", "tests/helper.py"]);
}

#[test]
fn links_named_like_generated_folders_are_left_out() {
    let app = sources().with_files(&["main.py"]).with_link("node_modules", "/nowhere").with_link(".venv", "../gone");
    assert_eq!(app.paths(), ["main.py"]);
}

#[test]
fn file_that_changes_after_the_scan_is_not_packed() {
    let app = sources().with_files(&["main.py"]);
    let tree = app.tree();
    fs::write(app.folder().join("main.py"), key_id()).expect("written");
    let zip = app.temp_dir.path().join("out.zip");
    let error = pack(tree.entries(""), &zip, app.temp_dir.path()).expect_err("changed");
    assert_eq!(
        render_error(&error),
        "error: `workers/resizer/main.py` changed while it was packed\nhelp: build again\n"
    );
    assert!(!zip.exists());
}

#[test]
fn packages_may_have_names_that_differ_by_case() {
    let app = App::new(FolderKind::Dependencies).with_files(&["README", "readme", "Data/a.py", "data/a.py"]);
    let tree = app.tree();
    assert_eq!(tree.files.len(), 4);
    assert!(pack(tree.entries("python"), &app.temp_dir.path().join("out.zip"), app.temp_dir.path()).is_ok());
}

#[test]
fn ignore_files_above_the_app_are_not_read() {
    let mut app = sources().with(&[(".gitignore", "*.py\n")]).with_files(&["main.py"]);
    assert_eq!(app.paths(), [""; 0]);
    app.options.app = app.folder();
    assert_eq!(app.paths(), ["main.py"]);
}

#[test]
fn invalid_ignore_pattern_is_reported_with_its_line() {
    let app = sources().with(&[("workers/resizer/.bedrockignore", "fine\n[z-a]\n")]);
    insta::assert_snapshot!(app.refused(), @r"
    error: failed to read `workers/resizer/.bedrockignore`
      caused by: line 2: `[z-a]` is not a valid pattern: invalid range; 'z' > 'a'
    ");
}

#[test]
fn invalid_patterns_in_gitignore_are_skipped() {
    let app = sources().with(&[(".gitignore", "[z-a]\n*.log\n")]).with_files(&["main.py", "x.log"]);
    assert_eq!(app.paths(), ["main.py"]);
}

#[test]
fn excluded_names_are_reported_once() {
    let app = sources()
        .with_files(&["main.py", ".env", ".env.local", "tls/server.pem", "tests/test_main.py", "tests/data/x.json"])
        .with_files(&["test_main.py", "__pycache__/main.pyc", ".git/config", "node_modules/a/index.js", ".venv/x"])
        .with_files(&["js/main.test.js", ".DS_Store", ".mypy_cache/x", "id_rsa"]);
    assert_eq!(app.paths(), ["main.py"]);
    let rendered: Vec<String> =
        app.tree().excluded.into_iter().map(|excluded| format!("{:?} {}", excluded.reason, excluded.path)).collect();
    insta::assert_snapshot!(rendered.join("\n"), @r"
    Leftover .DS_Store
    Secret .env
    Secret .env.local
    Leftover .git/
    Leftover .mypy_cache/
    Leftover .venv/
    Leftover __pycache__/
    Secret id_rsa
    Test js/main.test.js
    Leftover node_modules/
    Test test_main.py
    Test tests/
    Secret tls/server.pem
    ");
}

#[test]
fn allowed_files_are_packed() {
    let app = sources()
        .with_files(&["main.py", ".env", ".env.local", "certificates/db.pem", "tests/a.py", "tests/data/x.json"])
        .with_files(&["tests/data/deep/y.json", "test/z.json", "[id].test.js", "sub/.env"])
        .with(&[("workers/resizer/example.py", &key_id())])
        .allowing(&["/certificates/*.pem", "tests/data/", "example.py", "\\[id\\].test.js", ".env"]);
    assert_eq!(
        app.paths(),
        [
            ".env",
            "[id].test.js",
            "certificates/db.pem",
            "example.py",
            "main.py",
            "tests/data/deep/y.json",
            "tests/data/x.json"
        ]
    );
}

#[test]
fn allow_setting_does_not_override_ignore_files() {
    let app = sources().with_files(&["main.py", ".env"]).with(&[(".gitignore", ".env\n")]).allowing(&[".env"]);
    assert_eq!(app.paths(), ["main.py"]);
}

#[test]
fn invalid_allow_pattern_names_its_settings_table() {
    let app = sources().with_files(&["main.py"]).allowing(&["a[b"]);
    insta::assert_snapshot!(app.refused(), @r"
    error: `allow` of `[package.metadata.bedrock.workers.resizer]` has `a[b`, which is not a valid pattern
      caused by: unclosed character class; missing ']'
    ");
}

#[test]
fn dependencies_are_packed_as_installed() {
    let app = App::new(FolderKind::Dependencies)
        .with(&[(".gitignore", "target/\n"), ("workers/resizer/a/.gitignore", "*\n")])
        .with(&[("workers/resizer/a/example.py", &key_id())])
        .with_files(&["certifi/cacert.pem", "numpy/tests/test_x.py", "node_modules/a/index.js", "a/test.key"])
        .with_files(&["a/__pycache__/a.pyc", "target/x"]);
    assert_eq!(
        app.paths(),
        [
            "a/example.py",
            "a/test.key",
            "certifi/cacert.pem",
            "node_modules/a/index.js",
            "numpy/tests/test_x.py",
            "target/x"
        ]
    );
}

#[test]
fn links_inside_the_folder_become_copies() {
    let app = sources()
        .with_files(&["data/a.txt", "data/b.txt", "main.py"])
        .with_link("link.py", "main.py")
        .with_link("other", "data")
        .with_link("data/again.txt", "../other/a.txt");
    let tree = app.tree();
    let paths: Vec<&str> = tree.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "data/a.txt",
            "data/again.txt",
            "data/b.txt",
            "link.py",
            "main.py",
            "other/a.txt",
            "other/again.txt",
            "other/b.txt"
        ]
    );
    let real = app.folder().canonicalize().expect("real");
    assert_eq!(tree.files[1].source, real.join("data/a.txt"));
    assert_eq!(tree.files[3].source, real.join("main.py"));
}

#[test]
fn missing_folder_is_named() {
    let app = sources();
    let error = collect_files(&app.temp_dir.path().join("workers/gone"), &app.options).expect_err("gone");
    insta::assert_snapshot!(render_error(&error), @r"
    error: failed to read the folder `workers/gone`
      caused by: no such file or directory
    ");
}

#[test]
fn tree_ignores_creation_order_times_and_modes() {
    let made = |backwards: bool, mode: u32, seconds: u64| {
        let app = sources();
        let mut files: Vec<String> = (0..40).map(|n| format!("{}/{n}.py", n % 7)).collect();
        if backwards {
            files.reverse();
        }
        for path in &files {
            let path = app.folder().join(path);
            fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            fs::write(&path, path.file_name().expect("name").as_bytes()).expect("file");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode");
            let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(time)).expect("time");
        }
        let zip = app.temp_dir.path().join("x.zip");
        let packed = pack(app.tree().entries(""), &zip, app.temp_dir.path()).expect("packed");
        (packed, fs::read(zip).expect("zip"))
    };
    assert_eq!(made(false, 0o644, 1_000_000_000), made(true, 0o600, 2_000_000_000));
    assert_ne!(made(false, 0o644, 0), made(false, 0o744, 0));
}

proptest! {
    #[test]
    fn collected_files_equal_the_files_on_disk(
        files in btree_map("[a-d]{1,2}/[e-h]{1,2}(/[i-k])?\\.txt", ".{0,20}", 0..10),
    ) {
        let on_disk = files.iter().map(|(path, text)| (format!("workers/resizer/{path}"), text));
        let app = on_disk.fold(sources(), |app, (path, text)| app.with(&[(&path, text)]));
        let tree = app.tree();
        let read: Vec<(String, String)> = tree
            .files
            .into_iter()
            .map(|file| (file.path, fs::read_to_string(file.source).expect("text")))
            .collect();
        assert_eq!(read, files.into_iter().collect::<Vec<_>>());
    }
}
