//! `cargo bedrock completions`.

use std::process::{Command, Stdio};

use crate::test_app::TestApp;

#[test]
fn every_shell_gets_a_script_with_all_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = TestApp::empty().output(&["completions", shell]);
        let script = String::from_utf8(output.stdout).expect("utf-8");
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}");
        assert!(script.contains("cargo-bedrock") && script.contains("endpoint"), "{shell}: {script}");
    }
}

#[test]
fn bash_script_has_no_syntax_errors() {
    use std::io::Write;
    let script = TestApp::empty().output(&["completions", "bash"]).stdout;
    let bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut bash) = bash else { return println!("skipped: there is no bash") };
    bash.stdin.take().expect("stdin").write_all(&script).expect("write");
    let output = bash.wait_with_output().expect("bash ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
