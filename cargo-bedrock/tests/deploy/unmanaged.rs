//! Resources that the deploy does not manage are not changed. Everything that prevents a deploy is reported before anything
//! is changed.

use insta::{allow_duplicates, assert_snapshot};
use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::test_app::{TestApp, WORKER};

/// Creates a function that the deploy does not manage.
fn create_unmanaged_function(aws: &EmulatedAws, app: &TestApp, name: &str, tags: &Value) {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole"
        }]
    });
    let role = json!({ "RoleName": format!("of-{name}"), "AssumeRolePolicyDocument": trust.to_string() });
    let role = aws.call("iam", "create_role", &role);
    let function = json!({
        "FunctionName": name, "Runtime": "python3.13", "Handler": "main.handler", "Role": role["Role"]["Arn"],
        "Code": { "ZipFile": { "$file": app.path("target/bedrock/workers/counter.zip") } }, "Tags": tags
    });
    aws.call("lambda", "create_function", &function);
}

#[test]
fn stage_of_terraform_is_refused() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter", "reporter"]);
    let terraform = json!({ "bedrock:app": "shop", "bedrock:stage": "dev", "bedrock:owner": "terraform" });
    // `gone` is not a worker of the app.
    for worker in ["counter", "gone"] {
        create_unmanaged_function(&aws, &app, &format!("shop-dev-{worker}"), &terraform);
    }
    let before = aws.list_resources("");
    for command in [&["deploy", "--stage", "dev", "--yes"][..], &["destroy", "--stage", "dev", "--yes"]] {
        let refused = aws.run(&app, command);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
        allow_duplicates! {
            assert_snapshot!(refused.stderr, @"
            error: stage `dev` of app `shop` has resources that `cargo bedrock deploy` does not manage, nothing was changed
              caused by: function `shop-dev-counter` is managed by Terraform
              caused by: function `shop-dev-gone` is managed by Terraform
            help: a stage has one owner: deploy with `terraform apply`, or run `terraform destroy` first
            ");
        }
    }
    assert_eq!(aws.list_resources(""), before);
}

#[test]
fn unmanaged_functions_are_refused_or_ignored() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    create_unmanaged_function(&aws, &app, "shop-dev-elsewhere", &json!({}));
    let unmanaged = aws.emulator.functions();
    aws.deploy(&app);
    assert!(unmanaged.iter().all(|name| aws.emulator.functions().contains(name)));
    // The functions of stage `x` of an app `shop-dev` have the same names as those of our stage `dev-x`.
    let other_app = json!({ "bedrock:app": "shop-dev", "bedrock:stage": "x", "bedrock:owner": "cargo-bedrock" });
    create_unmanaged_function(&aws, &app, "shop-dev-x-counter", &other_app);
    let refused = aws.run(&app, &["deploy", "--stage", "dev-x", "--yes"]);
    assert_eq!(refused.code, Some(1));
    assert_snapshot!(refused.stderr, @"
    error: stage `dev-x` of app `shop` has resources that `cargo bedrock deploy` does not manage, nothing was changed
      caused by: function `shop-dev-x-counter` was not created by `cargo bedrock deploy` for this stage
    help: choose another stage with `--stage NAME`, or delete these resources
    ");
    aws.run(&app, &["destroy", "--stage", "dev-x", "--yes"]).success();
    assert!(aws.emulator.functions().contains(&"shop-dev-x-counter".to_owned()));
}

#[test]
fn invalid_functions_are_all_refused_before_changes() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let long = "a_stage_with_a_name_that_is_so_long_that_no_function_has_room";
    let refused = aws.run(&TestApp::new(&["counter"]), &["deploy", "--stage", long]);
    assert_eq!(refused.code, Some(2));
    let message = "counter` is too long: 74 characters, the limit is 64\nhelp: shorten the name of the app, the stage or the worker";
    assert!(refused.stderr.contains(message), "{}", refused.stderr);
    let mut app = TestApp::new(&["counter", "fetcher", "reporter"]);
    app.set("/workers/counter/code", Value::Null);
    app.set("/workers/fetcher/on_failure", json!("arn:aws:dynamodb:us-east-1:000000000000:table/x"));
    app.set("/workers/fetcher/environment", json!({ "LARGE": "x".repeat(4_096) }));
    app.write("target/bedrock/workers/reporter.zip", "another file");
    let refused = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert_snapshot!(refused.stderr, @"
    error: worker `counter` is not built yet
    help: run `cargo bedrock build --release`
    error: the environment of worker `fetcher` is too large: 4108 bytes as JSON with its secrets, the limit is 4096
    help: let the function load large values at run time
    error: `arn:aws:dynamodb:us-east-1:000000000000:table/x` cannot be a destination of worker `fetcher`
    help: `on-failure` and `on-success` take a worker, or the ARN of a queue, a topic, a function or an event bus; `on-failure` also that of a bucket
    error: `target/bedrock/workers/reporter.zip` of worker `reporter` was changed after the build
    help: run `cargo bedrock build --release`
    ");
    assert_eq!(aws.list_resources(""), Vec::<String>::new());
}

#[test]
fn outdated_build_and_invalid_arguments_are_refused() {
    let app = TestApp::new(&["counter"]);
    let run = |app: &TestApp, args: &[&str]| {
        let output = app.command(args, &[]).output().expect("the command starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    app.write("workers/later/main.py", WORKER);
    assert_snapshot!(run(&app, &["deploy", "--stage", "dev"]).1, @"
    error: the workers are not the ones of the last build
      caused by: worker `later` was added after the build
    help: run `cargo bedrock build --release`
    ");
    std::fs::remove_file(app.path("target/bedrock/manifest.json")).expect("the manifest");
    assert_snapshot!(run(&app, &["deploy", "--stage", "dev"]).1, @"
    error: app `shop` is not built yet
    help: run `cargo bedrock build --release`
    ");
    assert_snapshot!(run(&app, &["deploy", "--stage", "Dev"]).1, @"
    error: `Dev` is not a valid stage name
    help: use lower-case letters, digits, `_` and `-`, starting with a letter: `--stage dev`
    ");
    assert_snapshot!(run(&app, &["deploy", "--stage", "dev", "--only", "conter"]).1, @"
    error: no worker named `conter` in this app
    help: a worker with a similar name exists: `counter`
    ");
}
