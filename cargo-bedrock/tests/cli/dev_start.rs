//! What `cargo bedrock dev` checks before it compiles the app.

use std::fs::File;
use std::net::TcpListener;

use crate::test_app::{MANIFEST, TestApp};

/// An app that does not compile: an error of the compiler would be printed if cargo ran.
fn broken_app() -> TestApp {
    TestApp::with_manifest(MANIFEST).file("src/main.rs", "fn main() { missing() }")
}

#[test]
fn used_port_is_found_before_compiling() {
    let app = broken_app();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let output = app.bedrock(&["dev", "--no-reload", "--port", &port]);
    let expected = format!(
        "error: port {port} is already in use\nhelp: choose another port with `--port 7071`, or any free one with `--port 0`\n"
    );
    assert_eq!((output.code, output.stderr), (Some(2), expected));
}

#[test]
fn other_server_of_the_app_is_found_before_compiling() {
    let app = broken_app();
    std::fs::create_dir_all(app.path("target/bedrock")).expect("a folder");
    let lock = File::create(app.path("target/bedrock/queue.lock")).expect("a file");
    lock.lock().expect("a lock");
    let output = app.bedrock(&["dev", "--no-reload", "--port", "0"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(output.stderr.starts_with("error: another program runs the events of `"), "{}", output.stderr);
    let help = "help: stop the other `cargo bedrock dev` of this app first\n";
    assert!(output.stderr.ends_with(help), "{}", output.stderr);
}
