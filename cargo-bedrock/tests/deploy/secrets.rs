//! The values of secrets are set as environment variables, and never printed.

use serde_json::json;

use crate::emulated_aws::EmulatedAws;
use crate::test_app::{TestApp, WORKER};

#[test]
fn secrets_are_deployed_and_never_printed() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let parameter =
        |value: &str| json!({ "Name": "/shop/token", "Value": value, "Type": "SecureString", "Overwrite": true });
    aws.call("ssm", "put_parameter", &parameter("hunter2"));
    aws.call("secretsmanager", "create_secret", &json!({ "Name": "key", "SecretString": "correct horse" }));
    let mut app = TestApp::new(&["counter"]);
    let secrets = json!({ "TOKEN": { "ssm": "/shop/token" }, "KEY": { "secretsmanager": "key" } });
    app.set("/workers/counter/secrets", secrets);
    app.code("counter", &WORKER.replace("os.environ.get(\"MODE\")", "os.environ[\"TOKEN\"] + os.environ[\"KEY\"]"));
    let created = aws.run(&app, &["deploy", "--stage", "dev", "--yes", "--message-format", "json"]);
    assert_eq!(created.code, Some(0), "{}", created.stderr);
    assert_eq!(aws.invoke("shop-dev-counter", &json!({}))["mode"], "hunter2correct horse");
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
    aws.call("ssm", "put_parameter", &parameter("hunter3"));
    let changed = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert!(changed.stdout.contains("~ update  shop-dev-counter (environment ~TOKEN)"), "{}", changed.stdout);
    for output in [created.stdout, created.stderr, changed.stdout, changed.stderr] {
        assert!(!output.contains("hunter") && !output.contains("horse"), "{output}");
    }
    assert_eq!(aws.invoke("shop-dev-counter:live", &json!({}))["mode"], "hunter3correct horse");
}

#[test]
fn missing_secrets_are_all_reported() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let secrets = json!({ "TOKEN": { "ssm": "/shop/token" }, "KEY": { "secretsmanager": "key" } });
    let app = TestApp::new(&["counter"]).with("/workers/counter/secrets", secrets);
    let refused = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert_eq!(refused.code, Some(1));
    for message in ["error: failed to read the parameter `/shop/token`\n", "error: failed to read the secret `key`\n"] {
        assert!(refused.stderr.contains(message), "{message} in {}", refused.stderr);
    }
    assert_eq!(aws.list_resources(""), Vec::<String>::new());
}
