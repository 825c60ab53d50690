//! `cargo test` in a new app: the included test, and one of a worker in another language.

use crate::test_app::TestApp;

const TESTS: &str = r#"
#[cfg(test)]
mod further_tests {
    use bedrock::test::App;
    use serde_json::{Value, json};

    #[bedrock::test]
    async fn a_python_worker_answers(app: App) -> bedrock::Result<()> {
        let answer: Value = app.invoke("counter", json!({ "name": "Ada" })).await?;
        assert_eq!(answer, json!({ "message": "hello Ada" }));
        app.assert_not_called("greeter");
        Ok(())
    }
}
"#;

const SERVICES: &str = "\n[package.metadata.bedrock.dev]\nservices = \"ministack\"\n
[package.metadata.bedrock.endpoint]\nuses = [{ table = \"orders\", access = \"read\", key = \"id\" }]\n";

#[test]
fn tests_of_a_new_app_pass() {
    let app = TestApp::compilable();
    // No test needs the network.
    let rust_only = app.cargo(&["test", "--offline", "--workspace"]);
    assert_eq!(rust_only.code, Some(0), "{}{}", rust_only.stdout, rust_only.stderr);
    let passed = "test endpoints::hello::tests::greeting_comes_from_worker ... ok";
    assert!(rust_only.stdout.contains(passed), "{}", rust_only.stdout);

    assert_eq!(app.bedrock(&["new", "worker", "counter.py"]).code, Some(0));
    app.append("src/endpoints/hello.rs", TESTS);
    let with_python = app.cargo(&["test", "--offline", "--workspace"]);
    assert_eq!(with_python.code, Some(0), "{}{}", with_python.stdout, with_python.stderr);
    let passed = "test endpoints::hello::further_tests::a_python_worker_answers ... ok";
    assert!(with_python.stdout.contains(passed), "{}", with_python.stdout);

    // The file says what the code said before.
    app.run_ok(&["contracts", "counter"]);
    app.edit("workers/counter/main.py", "    name: str", "    name: int");
    let stale = app.cargo(&["test", "--offline"]);
    assert_eq!(stale.code, Some(101), "{}", stale.stderr);
    let message = "`workers/counter/contract.json` is not the contract of `workers/counter/main.py`: \
                   `event.name`: was `string`, is `integer`";
    assert!(stale.stdout.contains(message), "{}", stale.stdout);
    assert!(stale.stdout.contains("run `cargo bedrock contracts`"), "{}", stale.stdout);

    app.write("workers/counter/main.py", "raise RuntimeError('this is why')\n");
    app.append("Cargo.toml", SERVICES);
    let broken = app.cargo(&["test", "--offline"]);
    assert_eq!(broken.code, Some(101), "{}", broken.stderr);
    assert!(broken.stdout.contains("error: worker `counter` failed: RuntimeError: this is why"), "{}", broken.stdout);
    let note =
        "note: the services of `dev.services` do not run in `cargo test`\nhelp: run `cargo bedrock test`, or set ";
    assert!(broken.stdout.contains(note), "{}", broken.stdout);
}
