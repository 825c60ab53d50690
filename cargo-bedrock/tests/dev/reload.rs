//! A new app while its files are saved: what changes, what is said, and that it answers all the time.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::running::{Running, root};

const PYTHON: &str = "\
from bedrock.workers.worker import Worker

class Snake(Worker):
    def execute(self, event, context):
        return \"old\"
";

/// An app called `shop` with a worker in Rust and one in Python.
pub(crate) struct Shop(TempDir);

impl Shop {
    pub(crate) fn new() -> Self {
        let shop = Self(tempfile::tempdir().expect("a folder"));
        let checkout = root();
        let path = checkout.to_str().expect("text");
        for arguments in
            [&["new", "app", "shop", "--bedrock-path", path][..], &["-C", "shop", "new", "worker", "snake.py"]]
        {
            let mut command = Self::command(shop.0.path(), arguments);
            assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it starts").success());
        }
        fs::copy(checkout.join("Cargo.lock"), shop.path("Cargo.lock")).expect("the lock file");
        shop.write("workers/snake/main.py", PYTHON);
        shop
    }

    /// `cargo bedrock` in a folder.
    pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
        command.arg("bedrock").args(arguments).current_dir(folder).stdin(Stdio::null());
        testbed::share_build(&mut command);
        command
    }

    /// Has `cargo bedrock` do something to the app.
    pub(crate) fn cargo_bedrock(&self, arguments: &[&str]) {
        let mut command = Self::command(&self.path("."), arguments);
        assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it starts").success());
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join("shop").join(path)
    }

    /// At once, as editors do it: a file that is written in two steps may be looked at in between.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let aside = self.0.path().join("aside");
        fs::write(&aside, text).expect("a file");
        fs::rename(aside, self.path(path)).expect(path);
    }

    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).expect(path);
        assert!(text.contains(from), "{from} in {text}");
        self.write(path, &text.replace(from, to));
    }
}

#[test]
fn what_is_saved_answers_and_what_does_not_compile_does_not() {
    let shop = Shop::new();
    let arguments = ["dev", "--port", "0", "--message-format", "json"];
    let dev = Running::of(Shop::command(&shop.path("."), &arguments));
    let greet = || dev.invoke("greeter", &json!({ "name": "Ada" }));
    let snake = || dev.invoke("snake", &json!({}));
    let (before, code) = (greet(), shop.path("workers/greeter/src/lib.rs"));
    assert_eq!((before.0, snake()), (200, (200, json!("old"))));
    let hello = before.1["message"].as_str().expect("a message").to_owned();
    assert_eq!(hello, "hello Ada");

    shop.edit("workers/snake/main.py", "old", "new");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["snake"]));
    assert_eq!(snake(), (200, json!("new")));

    shop.edit("workers/greeter/src/lib.rs", "hello {}", "good day {}");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["greeter"]));
    assert_eq!(greet().1["message"], "good day Ada");

    let good = fs::read_to_string(&code).expect("the code");
    shop.write("workers/greeter/src/lib.rs", &format!("{good}\nfn broken() -> u32 {{ \"text\" }}\n"));
    let failed = dev.wait_for("reload-failed");
    assert_eq!((&failed["workers"], &failed["files"]), (&json!([]), &json!(["workers/greeter/src/lib.rs"])));
    assert_eq!(greet().1["message"], "good day Ada");
    let (_, kept) = dev.get("127.0.0.1", "/_bedrock/v1/happenings?kind=build");
    let states: Vec<&Value> = kept["happenings"].as_array().expect("builds").iter().map(|one| &one["state"]).collect();
    assert_eq!((states.first(), states.last()), (Some(&&json!("started")), Some(&&json!("failed"))), "{kept}");
    shop.write("workers/greeter/src/lib.rs", &good);
    dev.wait_for("reloaded");

    // Settings are of the whole app, which starts anew at its address, also if somebody is connected.
    let _connected = TcpStream::connect(("127.0.0.1", dev.port())).expect("it listens");
    shop.edit(
        "Cargo.toml",
        "[package.metadata.bedrock]",
        "[package.metadata.bedrock.workers.snake]\ntimeout = 7\n\n[package.metadata.bedrock]",
    );
    assert!(dev.wait_for("app-started")["url"].as_str().is_some_and(|url| url.ends_with(&format!(":{}", dev.port()))));
    assert_eq!((greet().0, snake()), (200, (200, json!("new"))));
}

/// Cargo, which does not end while this file is there.
fn held(hold: &Path) -> String {
    let cargo = std::env::var("CARGO").expect("cargo runs the tests");
    format!(
        "#!/bin/sh\n'{cargo}' \"$@\"\ncode=$?\nwhile [ -e '{}' ]; do sleep 0.05; done\nexit $code\n",
        hold.display()
    )
}

#[test]
fn a_program_serves_as_soon_as_all_are_built_and_the_processor_on_lambda_does_not_matter() {
    let shop = Shop::new();
    let other = if cfg!(target_arch = "aarch64") { "x86_64" } else { "arm64" };
    let settings = format!("[package.metadata.bedrock]\narchitecture = \"{other}\"\n");
    shop.edit("Cargo.toml", "[package.metadata.bedrock]\n", &settings);
    let (cargo, hold) = (shop.path("../held-cargo"), shop.path("../hold"));
    fs::write(&cargo, held(&hold)).expect("a script");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("a script");
    let mut command = Shop::command(&shop.path("."), &["dev", "--port", "0", "--message-format", "json"]);
    command.env("CARGO", &cargo);
    let dev = Running::of(command);
    let greet = || dev.invoke("greeter", &json!({ "name": "Ada" })).1["message"].clone();
    assert_eq!(greet(), "hello Ada");
    fs::write(&hold, "").expect("a file");
    shop.edit("workers/greeter/src/lib.rs", "hello {}", "good day {}");
    let began = Instant::now();
    while greet() != "good day Ada" {
        assert!(began.elapsed() < Duration::from_secs(120), "it waits for the end of cargo");
    }
    fs::remove_file(&hold).expect("a file");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["greeter"]));
}
