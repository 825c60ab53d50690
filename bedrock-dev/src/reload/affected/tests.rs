//! What changed files affect, in an app with workers of each language.

use std::path::PathBuf;

use bedrock_build::App;

use super::{Affected, affected};

const MANIFEST: &str = "[package]\nname = \"shop\"\n[package.metadata.bedrock.workers.bundle]\nbundle = true\n";

fn app(dir: &tempfile::TempDir) -> App {
    for (path, text) in [
        ("Cargo.toml", MANIFEST),
        ("workers/python/main.py", ""),
        ("workers/node/main.js", ""),
        ("workers/bundle/main.js", ""),
        ("workers/rust/Cargo.toml", ""),
    ] {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    App::open(dir.path()).expect("an app")
}

/// Returns the names of workers, and `!rust`, `!endpoint`, `!settings`.
fn summary(affected: &Affected) -> String {
    let flags = [("!rust", affected.rust_workers), ("!endpoint", affected.endpoint), ("!settings", affected.settings)];
    let flags = flags.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name.to_owned());
    affected.hosted_workers.iter().cloned().chain(flags).collect::<Vec<_>>().join(" ")
}

#[test]
fn file_affects_only_what_is_built_from_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = app(&dir);
    for (path, expected) in [
        ("workers/python/main.py", "python"),
        ("workers/python/deep/er/data.csv", "python"),
        ("workers/python/requirements.txt", "python"),
        ("workers/node/main.js", "node"),
        ("workers/node/package.json", "node"),
        ("workers/bundle/lib/a.ts", "bundle"),
        ("workers/rust/src/lib.rs", "!rust !endpoint"),
        ("workers/rust/queries/all.sql", "!rust !endpoint"),
        ("workers/rust/Cargo.toml", "!rust !endpoint"),
        ("workers/_shared/python/money.py", "python"),
        ("workers/_shared/python/money/rates.json", "python"),
        ("workers/_shared/python/__pycache__/money.cpython-313.pyc", ""),
        ("workers/_shared/javascript/money.ts", "bundle node"),
        ("workers/_shared/money.js", "bundle"),
        ("workers/_shared/money.py", ""),
        ("workers/_money/src/lib.rs", "!rust !endpoint"),
        ("shared/money.ts", "bundle"),
        ("shared/money/src/lib.rs", "!rust !endpoint"),
        ("shared/money/src/rates.json", "bundle !rust !endpoint"),
        ("shared/money/Cargo.toml", "!rust !endpoint"),
        ("src/main.rs", "!endpoint"),
        ("src/endpoints/page.html", "!endpoint"),
        ("build.rs", "!rust !endpoint"),
        ("Cargo.lock", "!rust !endpoint"),
        (".cargo/config.toml", "!rust !endpoint"),
        ("Cargo.toml", "!rust !endpoint !settings"),
        (".env", "!rust !endpoint !settings"),
        (".env.local", "!rust !endpoint !settings"),
        ("README.md", ""),
        ("terraform/main.tf", ""),
        (".github/workflows/deploy.yml", ""),
        // These may add or remove a worker.
        ("workers/new/main.py", "!settings"),
        ("workers/python", "python !settings"),
        ("workers/python/main.js", "python !settings"),
        ("workers/rust/main.py", "!rust !endpoint !settings"),
        ("workers", "!settings"),
    ] {
        assert_eq!(summary(&affected(&app, &[app.root.join(path)], None)), expected, "{path}");
    }
}

#[test]
fn outside_of_the_app_only_rust_code_has_effects() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = app(&dir);
    for (path, expected) in [("/lib/money/src/lib.rs", "!rust !endpoint"), ("/lib/money/README.md", "")] {
        assert_eq!(summary(&affected(&app, &[PathBuf::from(path)], None)), expected, "{path}");
    }
}

#[test]
fn effects_of_several_files_are_merged() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = app(&dir);
    let paths = ["workers/python/a.py", "workers/node/b.js", "src/main.rs"].map(|path| app.root.join(path));
    assert_eq!(summary(&affected(&app, &paths, None)), "node python !endpoint");
    assert_eq!(summary(&affected(&app, &[], None)), "");
    assert_eq!(summary(&Affected::everything(&app)), "bundle node python !rust !endpoint !settings");
}

#[test]
fn shared_file_affects_only_workers_that_import_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = app(&dir);
    let users = |_: &App, path: &std::path::Path| {
        assert_eq!(path, std::path::Path::new("workers/_shared/javascript/money.js"));
        ["node".to_owned()].into()
    };
    let path = app.root.join("workers/_shared/javascript/money.js");
    assert_eq!(summary(&affected(&app, &[path], Some(&users))), "node");
}

#[test]
fn folder_among_dependencies_affects_its_workers() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(dir.path().join("libs/money")).expect("a folder");
    let app = app(&dir);
    std::fs::write(dir.path().join("workers/python/requirements.txt"), "../../libs/money\n").expect("written");
    let root = app.root.canonicalize().expect("a folder");
    let app = App { root, ..app };
    for (path, expected) in [
        ("libs/money/money.py", "python"),
        ("libs/money/data.csv", "python"),
        ("libs/money/build/lib/money.py", ""),
        ("libs/money/money.egg-info/PKG-INFO", ""),
        ("libs/other/money.py", ""),
    ] {
        assert_eq!(summary(&affected(&app, &[app.root.join(path)], None)), expected, "{path}");
    }
}
