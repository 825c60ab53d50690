//! Code that is stored, kept and deleted, in the folders of an app.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bedrock_build::App;
use tempfile::TempDir;

use super::{CodeStore, StoredCode};
use crate::execution::LogLine;

const MANIFEST: &str = "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n\
                        [package.metadata.bedrock.workers.flow]\ndurable = { timeout = \"1d\" }\n\
                        [package.metadata.bedrock.workers.rusty]\ndurable = { timeout = \"1d\" }\n";

struct Fixture {
    folder: TempDir,
    store: CodeStore,
    lines: Arc<Mutex<Vec<String>>>,
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn open(root: &Path, lines: &Arc<Mutex<Vec<String>>>) -> CodeStore {
    let app = App::open(root).expect("an app");
    let lines = Arc::clone(lines);
    let sink = move |line: LogLine| lines.lock().expect("lines").push(line.text);
    CodeStore::open(&app, &root.join("target/bedrock"), Arc::new(sink))
}

/// An app with the durable workers `flow` in JavaScript and `rusty`, and with `plain`.
fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    for (path, text) in [
        ("Cargo.toml", MANIFEST),
        ("package.json", "{}"),
        ("workers/flow/main.js", "1"),
        ("workers/flow/lib/a.js", "a"),
        ("workers/flow/node_modules/b/index.js", "b"),
        ("workers/flow/.env", "SECRET=1"),
        ("workers/_shared/javascript/c.js", "c"),
        ("workers/plain/main.py", ""),
        ("workers/rusty/Cargo.toml", "[package]\nname = \"rusty\"\n"),
    ] {
        write(root, path, text);
    }
    let lines = Arc::default();
    Fixture { store: open(root, &lines), folder, lines }
}

fn codes(fixture: &Fixture) -> usize {
    let folder = fixture.folder.path().join("target/bedrock/code/flow");
    fs::read_dir(folder).map_or(0, |entries| entries.flatten().count())
}

#[test]
fn saved_worker_is_stored_once_with_what_it_imports() {
    let fixture = fixture();
    let root = fixture.folder.path();
    let store = &fixture.store;
    let first = store.store_files("flow").expect("a code");
    store.set_current("flow", Some(first.clone()));
    assert_eq!((store.store_files("flow"), codes(&fixture)), (Some(first.clone()), 1));
    assert_eq!(store.old("flow", &first), None, "it is the current one");
    write(root, "workers/flow/main.js", "2");
    write(root, "workers/flow/lib/a.js", "aa");
    let second = store.store_files("flow").expect("a code");
    store.set_current("flow", Some(second.clone()));
    let Some(StoredCode::Folder(old)) = store.old("flow", &first) else { panic!("no old code") };
    let read = |path: &str| fs::read_to_string(old.folder.join(path)).unwrap_or_default();
    assert_eq!((read("main.js"), read("lib/a.js")), ("1".to_owned(), "a".to_owned()));
    assert_eq!(read("node_modules/b/index.js"), "b");
    assert_eq!(read("../_shared/javascript/c.js"), "c");
    assert_eq!(read("../../package.json"), "{}");
    assert!(!old.folder.join(".env").exists());
    // Shared code and executable files belong to the code, installed packages do not.
    write(root, "workers/flow/node_modules/b/index.js", "bb");
    assert_eq!(store.store_files("flow"), Some(second.clone()));
    write(root, "workers/_shared/javascript/c.js", "cc");
    assert_ne!(store.store_files("flow"), Some(second));
}

#[test]
fn only_durable_workers_are_stored() {
    let fixture = fixture();
    fixture.store.store_all(&HashMap::new());
    assert!(fixture.store.current("flow").is_some());
    assert_eq!((fixture.store.current("plain"), fixture.store.current("rusty")), (None, None));
    assert!(!fixture.folder.path().join("target/bedrock/code/plain").exists());
}

#[test]
fn program_is_a_code_of_its_own() {
    let fixture = fixture();
    let root = fixture.folder.path();
    let store = &fixture.store;
    write(root, "programs/rusty-0a1b", "program");
    store.store_all(&HashMap::from([("rusty".to_owned(), root.join("programs/rusty-0a1b"))]));
    assert_eq!(store.current("rusty").as_deref(), Some("0a1b"));
    store.set_current("rusty", None);
    fs::remove_file(root.join("programs/rusty-0a1b")).expect("removed");
    let Some(StoredCode::Program(program)) = store.old("rusty", "0a1b") else { panic!("no program") };
    assert_eq!(fs::read_to_string(program).expect("a program"), "program");
    // A worker that does not compile has no program.
    assert_eq!(store.store_program("rusty", &root.join("programs/rusty")), None);
}

#[test]
fn unused_code_is_deleted() {
    let fixture = fixture();
    let root = fixture.folder.path();
    let store = &fixture.store;
    let all: Vec<String> = ["1", "2", "3"]
        .into_iter()
        .map(|text| {
            write(root, "workers/flow/main.js", text);
            store.store_files("flow").expect("a code")
        })
        .collect();
    // What is not current yet stays.
    assert!(store.retain(&BTreeSet::new()).is_empty());
    for code in &all {
        store.set_current("flow", Some(code.clone()));
    }
    let deleted = store.retain(&BTreeSet::from([("flow".to_owned(), all[0].clone())]));
    assert!(deleted.contains(&root.join("target/bedrock/code/flow").join(&all[1]).join("workers/flow")));
    assert!(store.old("flow", &all[0]).is_some() && store.old("flow", &all[1]).is_none());
    assert_eq!((store.old("flow", &all[1]), codes(&fixture)), (None, 2));
    let gone = format!(
        "warning: the old code of `flow` is gone, its executions continue with the current code; it was `{}`",
        all[1]
    );
    assert_eq!(fixture.lines.lock().expect("lines")[..], [gone]);
    // Code that exists already stays when it is stored again, before it is current.
    write(root, "workers/flow/main.js", "1");
    assert_eq!(store.store_files("flow").as_ref(), Some(&all[0]));
    store.retain(&BTreeSet::new());
    store.set_current("flow", Some(all[0].clone()));
    store.set_current("flow", Some(all[2].clone()));
    assert!(store.old("flow", &all[0]).is_some());
    // A server that was killed has left a part of a copy.
    write(root, "target/bedrock/code/flow/0.partial/main.js", "");
    assert_eq!(codes(&fixture), 3);
    open(root, &fixture.lines);
    assert_eq!(codes(&fixture), 2);
}

#[test]
fn dependencies_of_python_are_linked() {
    let fixture = fixture();
    let root = fixture.folder.path();
    let store = &fixture.store;
    let code = store.store_files("flow").expect("a code");
    store.set_current("flow", Some(code.clone()));
    let site = root.join("target/bedrock/python/flow-1");
    store.link_current_sites(|worker| (worker == "flow").then(|| site.clone()));
    store.set_current("flow", None);
    assert_eq!(store.sites(), std::slice::from_ref(&site));
    let Some(StoredCode::Folder(old)) = store.old("flow", &code) else { panic!("no old code") };
    assert_eq!(old.site, Some(site));
}

#[test]
fn code_that_is_too_large_is_not_kept() {
    let fixture = fixture();
    let file = fs::File::create(fixture.folder.path().join("workers/flow/model.bin")).expect("a file");
    file.set_len(65 * 1024 * 1024).expect("a sparse file");
    assert_eq!((fixture.store.store_files("flow"), fixture.store.store_files("flow")), (None, None));
    let lines = fixture.lines.lock().expect("lines");
    // It is logged once.
    assert_eq!(
        lines[..],
        [
            "warning: executions do not keep this code of the worker when it changes: its folder and the shared ones have \
          more than 64 MB or 10000 files"
        ]
    );
}

#[test]
fn changed_packages_of_executions_are_named_once() {
    let fixture = fixture();
    let root = fixture.folder.path();
    let store = &fixture.store;
    let install = |version: &str| {
        let text = format!(r#"{{ "version": "{version}" }}"#);
        write(root, "workers/flow/node_modules/ms/package.json", &text);
    };
    install("2.0.0");
    let old = store.store_files("flow").expect("a code");
    store.set_current("flow", Some(old.clone()));
    let used = BTreeSet::from([("flow".to_owned(), old.clone())]);
    let lines = |store: &CodeStore| {
        store.log_package_changes(&used);
        std::mem::take(&mut *fixture.lines.lock().expect("lines"))
    };
    store.link_current_sites(|_| None);
    assert!(lines(store).is_empty());
    // The lock and the packages change while an execution waits.
    write(root, "workers/flow/package-lock.json", "{}");
    let new = store.store_files("flow").expect("a code");
    assert_ne!(new, old);
    store.set_current("flow", Some(new));
    install("2.1.3");
    let warning = "warning: executions continue with other packages than they started with: `ms` 2.0.0 → 2.1.3";
    assert_eq!(lines(store), [warning]);
    assert!(lines(store).is_empty());
    // Another server knows it, too, when what is missing is installed.
    let store = open(root, &fixture.lines);
    assert!(lines(&store).is_empty());
    store.link_current_sites(|_| None);
    assert_eq!(lines(&store), [warning]);
    // In a server that starts with the same code, the current one.
    store.store_all(&HashMap::new());
    store.link_current_sites(|_| None);
    install("3.0.0");
    store.log_package_changes(&BTreeSet::from([("flow".to_owned(), store.current("flow").expect("a code"))]));
    let current = std::mem::take(&mut *fixture.lines.lock().expect("lines"));
    assert_eq!(
        current,
        ["warning: executions continue with other packages than they started with: `ms` 2.1.3 → 3.0.0"]
    );
    // Without packages nothing is compared: they are being installed.
    fs::remove_dir_all(root.join("workers/flow/node_modules")).expect("removed");
    assert!(lines(&store).is_empty());
}
