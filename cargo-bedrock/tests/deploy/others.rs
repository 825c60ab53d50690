//! What is not ours is left alone, and everything that is in the way is told before anything is changed.

use insta::{allow_duplicates, assert_snapshot};
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::shop::{Shop, WORKER};

/// A function of that name that somebody else made.
fn other(cloud: &Cloud, shop: &Shop, name: &str, tags: &Value) {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole"
        }]
    });
    let role = json!({ "RoleName": format!("of-{name}"), "AssumeRolePolicyDocument": trust.to_string() });
    let role = cloud.call("iam", "create_role", &role);
    let function = json!({
        "FunctionName": name, "Runtime": "python3.13", "Handler": "main.handler", "Role": role["Role"]["Arn"],
        "Code": { "ZipFile": { "$file": shop.path("target/bedrock/workers/counter.zip") } }, "Tags": tags
    });
    cloud.call("lambda", "create_function", &function);
}

#[test]
fn a_stage_of_terraform_is_refused_with_all_its_functions() {
    let Some(cloud) = Cloud::start(false) else { return };
    let shop = Shop::new(&["counter", "reporter"]);
    let terraform = json!({ "bedrock:app": "shop", "bedrock:stage": "dev", "bedrock:owner": "terraform" });
    // One of them is not even in the app any more.
    for worker in ["counter", "gone"] {
        other(&cloud, &shop, &format!("shop-dev-{worker}"), &terraform);
    }
    let before = cloud.things("");
    for command in [&["deploy", "--stage", "dev", "--yes"][..], &["destroy", "--stage", "dev", "--yes"]] {
        let refused = cloud.run(&shop, command);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
        allow_duplicates! {
            assert_snapshot!(refused.stderr, @"
            error: stage `dev` of app `shop` is not ours alone, nothing was changed
              caused by: function `shop-dev-counter` is Terraform's
              caused by: function `shop-dev-gone` is Terraform's
            help: a stage has one owner: deploy with `terraform apply`, or run `terraform destroy` first
            ");
        }
    }
    assert_eq!(cloud.things(""), before);
}

#[test]
fn what_has_a_name_of_ours_and_is_not_ours_is_refused_or_left_alone() {
    let Some(cloud) = Cloud::start(false) else { return };
    let shop = Shop::new(&["counter"]);
    other(&cloud, &shop, "shop-dev-elsewhere", &json!({}));
    let foreign = cloud.aws.functions();
    cloud.deploy(&shop);
    assert!(foreign.iter().all(|name| cloud.aws.functions().contains(name)));
    // An app `shop-dev` has a stage `x`, and its functions look like those of our stage `dev-x`.
    let theirs = json!({ "bedrock:app": "shop-dev", "bedrock:stage": "x", "bedrock:owner": "cargo-bedrock" });
    other(&cloud, &shop, "shop-dev-x-counter", &theirs);
    let refused = cloud.run(&shop, &["deploy", "--stage", "dev-x", "--yes"]);
    assert_eq!(refused.code, Some(1));
    assert_snapshot!(refused.stderr, @"
    error: stage `dev-x` of app `shop` is not ours alone, nothing was changed
      caused by: function `shop-dev-x-counter` was not made by `cargo bedrock deploy` for this stage
    help: choose another stage with `--stage NAME`, or delete what is in the way
    ");
    cloud.run(&shop, &["destroy", "--stage", "dev-x", "--yes"]).good();
    assert!(cloud.aws.functions().contains(&"shop-dev-x-counter".to_owned()));
}

#[test]
fn what_cannot_be_deployed_is_refused_at_once() {
    let Some(cloud) = Cloud::start(false) else { return };
    let long = "a_stage_with_a_name_that_is_so_long_that_no_function_has_room";
    let refused = cloud.run(&Shop::new(&["counter"]), &["deploy", "--stage", long]);
    assert_eq!(refused.code, Some(2));
    let said = "counter` is too long: 74 characters, the limit is 64\nhelp: shorten the name of the app, the stage or the worker";
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
    let mut shop = Shop::new(&["counter", "fetcher", "reporter"]);
    shop.set("/workers/counter/code", Value::Null);
    shop.set("/workers/fetcher/on_failure", json!("arn:aws:s3:::bucket"));
    shop.set("/workers/fetcher/environment", json!({ "LARGE": "x".repeat(4_096) }));
    shop.write("target/bedrock/workers/reporter.zip", "another file");
    let refused = cloud.run(&shop, &["deploy", "--stage", "dev", "--yes"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert_snapshot!(refused.stderr, @"
    error: worker `counter` is not built yet
    help: run `cargo bedrock build --release`
    error: the environment of worker `fetcher` is too large: 4108 bytes as JSON with its secrets, the limit is 4096
    help: let the function read large values itself
    error: events of worker `fetcher` cannot go to `arn:aws:s3:::bucket`
    help: `on-failure` and `on-success` take the ARN of a queue, a topic, a function or an event bus, or a worker
    error: `target/bedrock/workers/reporter.zip` of worker `reporter` is not what was built
    help: run `cargo bedrock build --release`
    ");
    assert_eq!(cloud.things(""), Vec::<String>::new());
}

#[test]
fn what_was_built_must_be_this_app() {
    let shop = Shop::new(&["counter"]);
    let run = |shop: &Shop, args: &[&str]| {
        let output = shop.command(args, &[]).output().expect("the command starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    shop.write("workers/later/main.py", WORKER);
    assert_snapshot!(run(&shop, &["deploy", "--stage", "dev"]).1, @"
    error: the workers are not the ones that were built
      caused by: worker `later` came later
    help: run `cargo bedrock build --release`
    ");
    std::fs::remove_file(shop.path("target/bedrock/manifest.json")).expect("the manifest");
    assert_snapshot!(run(&shop, &["deploy", "--stage", "dev"]).1, @"
    error: app `shop` is not built yet
    help: run `cargo bedrock build --release`
    ");
    assert_snapshot!(run(&shop, &["deploy", "--stage", "Dev"]).1, @"
    error: `Dev` cannot name a stage
    help: use lower-case letters, digits, `_` and `-`, beginning with a letter: `--stage dev`
    ");
    assert_snapshot!(run(&shop, &["deploy", "--stage", "dev", "--only", "conter"]).1, @"
    error: no worker named `conter` in this app
    help: a worker with a similar name exists: `counter`
    ");
}
