//! Files that must not be in an artifact, and the error messages about them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;

use super::{key_id, sources};

#[test]
fn links_out_of_the_folder_and_in_circles_are_refused() {
    let app = sources()
        .with(&[("secret.txt", "x"), ("shared/a.py", "x")])
        .with_files(&["main.py", "a/x.py", "b/y.py", ".env"])
        .with_link("absolute", "/etc/hostname")
        .with_link("outside", "../../secret.txt")
        .with_link("shared", "../../shared")
        .with_link("gone", "nowhere.txt")
        .with_link("self", "self")
        .with_link("a/up", "..")
        .with_link("a/to_b", "../b")
        .with_link("b/to_a", "../a")
        .with_link("settings.txt", ".env");
    insta::assert_snapshot!(app.refused(), @r#"
    error: cannot pack `workers/resizer/a/to_b/to_a`
      caused by: it is a link that leads back to itself
    help: run `rm workers/resizer/a/to_b/to_a`
    help: or leave it out: add `/a/to_b/to_a` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/a/up`
      caused by: it is a link that leads back to itself
    help: run `rm workers/resizer/a/up`
    help: or leave it out: add `/a/up` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/absolute`
      caused by: it is a link to `/etc/hostname`, which is not in the folder
    help: put a copy of the file or folder in the place of the link
    help: or leave it out: add `/absolute` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/b/to_a/to_b`
      caused by: it is a link that leads back to itself
    help: run `rm workers/resizer/b/to_a/to_b`
    help: or leave it out: add `/b/to_a/to_b` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/b/to_a/up`
      caused by: it is a link that leads back to itself
    help: run `rm workers/resizer/b/to_a/up`
    help: or leave it out: add `/b/to_a/up` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/gone`
      caused by: it is a link to `nowhere.txt`, which does not exist
    help: run `rm workers/resizer/gone`
    help: or leave it out: add `/gone` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/outside`
      caused by: it is a link to `../../secret.txt`, which is not in the folder
    help: put a copy of the file or folder in the place of the link
    help: or leave it out: add `/outside` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/self`
      caused by: it is a link that leads back to itself
    help: run `rm workers/resizer/self`
    help: or leave it out: add `/self` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/settings.txt`
      caused by: it is a link to `.env`, which is never packed
    help: if that is meant, add `allow = ["settings.txt"]` to `[package.metadata.bedrock.workers.resizer]`
    help: or leave it out: add `/settings.txt` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/shared`
      caused by: it is a link to `../../shared`, which is not in the folder
    help: put a copy of the file or folder in the place of the link
    help: or leave it out: add `/shared` to `workers/resizer/.bedrockignore`
    "#);
}

#[test]
fn link_to_a_secret_is_packed_if_allowed() {
    let app = sources().with_files(&[".env"]).with_link("settings.txt", ".env").allowing(&["settings.txt"]);
    assert_eq!(app.paths(), ["settings.txt"]);
}

#[test]
fn shell_commands_in_help_are_quoted() {
    let app = sources().with_link("it's gone", "nowhere");
    assert!(app.refused().contains(r"run `rm 'workers/resizer/it'\''s gone'`"), "{}", app.refused());
}

#[test]
fn ignored_links_may_have_any_target() {
    let app = sources()
        .with(&[(".gitignore", "out\ngone\n")])
        .with_files(&["main.py"])
        .with_link("out", "/etc")
        .with_link("gone", "nowhere")
        .with_link(".#main.py", "user@host.1234");
    assert_eq!(app.paths(), ["main.py"]);
}

#[test]
fn special_files_are_refused() {
    let app = sources().with_files(&["main.py"]);
    let _socket = UnixListener::bind(app.folder().join("socket")).expect("socket");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        app.folder().join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .expect("pipe");
    insta::assert_snapshot!(app.refused(), @r"
    error: cannot pack `workers/resizer/pipe`
      caused by: it is a named pipe
    help: run `rm workers/resizer/pipe`
    help: or leave it out: add `/pipe` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/socket`
      caused by: it is a socket
    help: run `rm workers/resizer/socket`
    help: or leave it out: add `/socket` to `workers/resizer/.bedrockignore`
    ");
}

#[test]
fn unportable_names_are_refused() {
    let app = sources().with_files(&["Data/a.py", "data/b.py", "main.py", "Main.py", "back\\slash", "new\nline"]);
    fs::write(app.folder().join(OsStr::from_bytes(b"caf\xe9.txt")), "x").expect("file");
    insta::assert_snapshot!(app.refused(), @r"
    error: cannot pack `workers/resizer/back\\slash`
      caused by: its name has a backslash in it, which some programs unpack as a folder
    help: give it another name
    error: cannot pack `workers/resizer/caf�.txt`
      caused by: its name is not UTF-8
    help: give it another name
    error: cannot pack `workers/resizer/data`
      caused by: its name differs only by case from `Data`
    help: give one of them another name
    help: or leave it out: add `/data` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/main.py`
      caused by: its name differs only by case from `Main.py`
    help: give one of them another name
    help: or leave it out: add `/main.py` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/new\nline`
      caused by: its name has a control character in it
    help: give it another name
    ");
}

#[test]
fn credentials_are_refused_with_their_line_and_never_shown() {
    let pem = format!("-----BEGIN {} KEY-----\n{}\n", "PRIVATE", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj");
    let app = sources().with_files(&["main.py"]).with(&[
        ("workers/resizer/config/prod.py", &format!("import os\nKEY = '{}'\n", key_id())),
        ("workers/resizer/pages/[id].js", &pem),
    ]);
    let refused = app.refused();
    assert!(!refused.contains(&key_id()) && !refused.contains("MIIEvQ"), "{refused}");
    insta::assert_snapshot!(refused, @r#"
    error: cannot pack `workers/resizer/config/prod.py`
      caused by: line 2 looks like an AWS access key id
    help: if it may be public, add `allow = ["config/prod.py"]` to `[package.metadata.bedrock.workers.resizer]`
    help: or leave it out: add `/config/prod.py` to `workers/resizer/.bedrockignore`
    error: cannot pack `workers/resizer/pages/[id].js`
      caused by: line 1 looks like a private key
    help: if it may be public, add `allow = ["pages/[[]id[]].js"]` to `[package.metadata.bedrock.workers.resizer]`
    help: or leave it out: add `/pages/\[id\].js` to `workers/resizer/.bedrockignore`
    "#);
}

#[test]
fn suggested_settings_fix_the_refusal() {
    let app = || sources().with(&[("workers/resizer/pages/[id].js", &key_id())]);
    assert_eq!(app().allowing(&["pages/[[]id[]].js"]).paths(), ["pages/[id].js"]);
    assert!(app().refused().contains(r#"`allow = ["pages/[[]id[]].js"]`"#));
    let ignoring = app().with(&[("workers/resizer/.bedrockignore", "/pages/\\[id\\].js\n")]);
    assert_eq!(ignoring.paths(), [""; 0]);
    assert!(app().refused().contains(r"add `/pages/\[id\].js` to `workers/resizer/.bedrockignore`"));
}

#[test]
fn large_files_and_binaries_are_scanned_to_their_end() {
    let app = sources().with_files(&["main.py"]).with(&[
        ("workers/resizer/large.txt", &format!("{}\n{}", "x".repeat(3 * 1024 * 1024), key_id())),
        ("workers/resizer/model.bin", &format!("\0{}", key_id())),
    ]);
    let refused = app.refused();
    for file in ["large.txt`\n  caused by: line 2 looks like", "model.bin`\n  caused by: line 1 looks like"] {
        assert!(refused.contains(&format!("error: cannot pack `workers/resizer/{file}")), "{refused}");
    }
}

#[test]
fn refusals_after_the_twentieth_are_counted() {
    let app = (0..23).fold(sources(), |app, n| app.with_link(&format!("link_{n:02}"), "nowhere"));
    let refused = app.refused();
    assert_eq!(refused.matches("cannot pack `").count(), 20);
    assert!(refused.ends_with("error: `workers/resizer` has 3 more files that cannot be packed\n"), "{refused}");
}
