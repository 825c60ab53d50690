//! Secrets arrive in the environment and are seen nowhere else.

use serde_json::json;

use crate::cloud::Cloud;
use crate::shop::{Shop, WORKER};

#[test]
fn secrets_are_read_and_never_shown() {
    let Some(cloud) = Cloud::start(false) else { return };
    let parameter =
        |value: &str| json!({ "Name": "/shop/token", "Value": value, "Type": "SecureString", "Overwrite": true });
    cloud.call("ssm", "put_parameter", &parameter("hunter2"));
    cloud.call("secretsmanager", "create_secret", &json!({ "Name": "key", "SecretString": "correct horse" }));
    let mut shop = Shop::new(&["counter"]);
    let secrets = json!({ "TOKEN": { "ssm": "/shop/token" }, "KEY": { "secretsmanager": "key" } });
    shop.set("/workers/counter/secrets", secrets);
    shop.code("counter", &WORKER.replace("os.environ.get(\"MODE\")", "os.environ[\"TOKEN\"] + os.environ[\"KEY\"]"));
    let made = cloud.run(&shop, &["deploy", "--stage", "dev", "--yes", "--message-format", "json"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    assert_eq!(cloud.invoke("shop-dev-counter", &json!({}))["mode"], "hunter2correct horse");
    assert_eq!(cloud.deploy(&shop), "1 stays as it is\n");
    cloud.call("ssm", "put_parameter", &parameter("hunter3"));
    let changed = cloud.run(&shop, &["deploy", "--stage", "dev", "--yes"]);
    assert!(changed.stdout.contains("~ update  shop-dev-counter (environment ~TOKEN)"), "{}", changed.stdout);
    for said in [made.stdout, made.stderr, changed.stdout, changed.stderr] {
        assert!(!said.contains("hunter") && !said.contains("horse"), "{said}");
    }
    assert_eq!(cloud.invoke("shop-dev-counter:live", &json!({}))["mode"], "hunter3correct horse");
}

#[test]
fn secrets_that_are_not_there_are_all_told() {
    let Some(cloud) = Cloud::start(false) else { return };
    let secrets = json!({ "TOKEN": { "ssm": "/shop/token" }, "KEY": { "secretsmanager": "key" } });
    let shop = Shop::new(&["counter"]).with("/workers/counter/secrets", secrets);
    let refused = cloud.run(&shop, &["deploy", "--stage", "dev", "--yes"]);
    assert_eq!(refused.code, Some(1));
    for said in ["error: failed to read the parameter `/shop/token`\n", "error: failed to read the secret `key`\n"] {
        assert!(refused.stderr.contains(said), "{said} in {}", refused.stderr);
    }
    assert_eq!(cloud.things(""), Vec::<String>::new());
}
