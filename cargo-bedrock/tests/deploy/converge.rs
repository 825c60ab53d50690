//! Deploys converge under the rules of AWS that the emulator does not have, also when they are killed in the middle.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use testbed::{AwsAction, AwsRule, AwsRules, RuleDecision};

use crate::emulated_aws::EmulatedAws;
use crate::proxy::{Proxy, ProxyAction, Request};
use crate::test_app::{CommandOutput, TestApp, WORKER};

const ACCOUNT: &str = "123456789012";

/// A proxy that applies `rules`.
pub(crate) fn start_proxy(aws: &EmulatedAws, rules: &Arc<AwsRules>) -> Proxy {
    let before = Arc::clone(rules);
    let after = Arc::clone(rules);
    Proxy::start_with_end(
        aws.emulator.endpoint(),
        move |request| action_of(&before, request),
        move |request| after.finished(&AwsAction::of_request(request.bytes(), ACCOUNT)),
    )
}

/// Returns what the rules do with a request.
pub(crate) fn action_of(rules: &AwsRules, request: &Request) -> ProxyAction {
    let action = AwsAction::of_request(request.bytes(), ACCOUNT);
    match rules.decide(&action, &AwsAction::parameters_of(request.bytes())) {
        RuleDecision::Send => ProxyAction::Forward,
        RuleDecision::RespondAsBefore => ProxyAction::RespondAsBefore,
        RuleDecision::Refuse(refusal) => ProxyAction::Refuse(refusal),
        RuleDecision::Replace(pointer, value) => ProxyAction::ReplaceInResponse(pointer, value),
        RuleDecision::Lose => ProxyAction::RespondWith(b"{}".to_vec()),
    }
}

pub(crate) fn run(app: &TestApp, aws: &EmulatedAws, proxy: &Proxy, args: &[&str]) -> CommandOutput {
    let mut environment = aws.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
    app.command(args, &environment).output().expect("the command starts").into()
}

pub(crate) fn queue(name: &str) -> Value {
    json!({
        "queue": name, "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": 3,
        "visibility_timeout": 180
    })
}

pub(crate) fn bucket(name: &str) -> Value {
    json!({ "bucket": name, "prefix": "in/", "suffix": "", "events": ["created"] })
}

fn app_with_triggers() -> TestApp {
    let mut app = TestApp::new(&["counter", "reporter"]).with_endpoint(&["counter"]);
    app.set("/version", json!(2));
    app.set("/workers/counter/invokes", json!(["reporter"]));
    app.set("/workers/counter/environment", json!({ "MODE": "slow" }));
    let schedule = json!({ "schedule": "rate(5 minutes)", "timezone": "UTC", "event": null });
    app.set("/workers/counter/triggers", json!([schedule, queue("jobs"), bucket("uploads"), bucket("pictures")]));
    app.set("/workers/counter/on_failure", json!("reporter"));
    app.set("/workers/counter/dead_letter", json!("arn:aws:sqs:us-east-1:123456789012:graveyard"));
    app
}

#[test]
fn all_operations_converge_with_all_rules() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app_with_triggers();
    let rules = Arc::new(AwsRules::new(&AwsRule::TRANSIENT));
    let proxy = start_proxy(&aws, &rules);
    let deploy = |app: &TestApp| {
        run(app, &aws, &proxy, &["deploy", "--stage", "dev", "--yes"]).success();
        let again = run(app, &aws, &proxy, &["deploy", "--stage", "dev", "--dry-run"]).success();
        assert!(again.ends_with(" unchanged\n") && !again.contains(" to "), "{again}");
    };
    deploy(&app);
    // Both buckets may invoke the worker, although their statements are added in parallel.
    let alias = json!({ "FunctionName": "shop-dev-counter", "Qualifier": "live" });
    let policy = aws.call("lambda", "get_policy", &alias)["Policy"].to_string();
    assert!(policy.contains("shop-dev-uploads-") && policy.contains("shop-dev-pictures-"), "{policy}");
    // What users add survives.
    let theirs = json!({ "FunctionName": "shop-dev-counter", "Name": "theirs", "FunctionVersion": "1" });
    aws.call("lambda", "create_alias", &theirs);
    let tag = json!({ "Resource": "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-counter", "Tags": { "team": "a" } });
    aws.call("lambda", "tag_resource", &tag);

    app.code("counter", &WORKER.replace("\"version\": 1", "\"version\": 2"));
    app.set("/workers/counter/runtime", json!("python3.14"));
    app.set("/workers/counter/architecture", json!("arm64"));
    app.set("/workers/counter/memory", json!(512));
    app.set("/workers/counter/lambda", json!({ "tags": { "cost-center": "42" } }));
    app.set("/workers/counter/triggers/1/visibility_timeout", json!(1_800));
    app.set("/workers/counter/triggers/1/batch_size", json!(1));
    deploy(&app);
    run(&app, &aws, &proxy, &["rollback", "--stage", "dev", "--yes", "counter"]).success();
    assert_eq!(aws.live_version("shop-dev-counter"), "1");
    deploy(&app);
    assert_eq!(aws.live_version("shop-dev-counter"), "2");
    // A trigger is removed and added again within seconds.
    app.set("/workers/counter/triggers", json!([bucket("uploads")]));
    deploy(&app);
    app.set("/workers/counter/triggers", json!([queue("jobs"), bucket("uploads")]));
    deploy(&app);
    assert_eq!(
        aws.call("lambda", "get_alias", &json!({ "FunctionName": "shop-dev-counter", "Name": "theirs" }))["FunctionVersion"],
        "1"
    );
    let function = aws.call("lambda", "get_function", &json!({ "FunctionName": "shop-dev-counter" }));
    assert_eq!(function["Tags"]["team"], "a");
    run(&app, &aws, &proxy, &["destroy", "--stage", "dev", "--yes"]).success();
    assert_eq!(aws.list_resources("shop-"), Vec::<String>::new());
    let applied = rules.applied();
    // Statements are never added at the same time, so that none is lost, and no old revision is sent.
    let never = [AwsRule::LostPermissions, AwsRule::GrantOfOldRole, AwsRule::RevisionOfTags];
    let expected = AwsRule::TRANSIENT.iter().filter(|rule| !never.contains(rule));
    let missing: Vec<_> = expected.filter(|rule| !applied.contains_key(rule)).collect();
    assert_eq!(missing, Vec::<&AwsRule>::new());
    assert!(never.iter().all(|rule| !applied.contains_key(rule)), "{applied:?}");
}

#[test]
fn old_lists_make_nothing_twice_and_leave_nothing() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app_with_triggers();
    let rules = Arc::new(AwsRules::new(&[AwsRule::EventualLists]));
    let proxy = start_proxy(&aws, &rules);
    let deploy = |app: &TestApp| run(app, &aws, &proxy, &["deploy", "--stage", "dev", "--yes"]).success();
    let destroy = || run(&app, &aws, &proxy, &["destroy", "--stage", "dev", "--yes"]).success();
    // The first deploy reads empty lists, which the second one reads again.
    deploy(&app);
    deploy(&app);
    let mappings = || aws.call("lambda", "list_event_source_mappings", &json!({}))["EventSourceMappings"].clone();
    assert_eq!(mappings().as_array().map(Vec::len), Some(1));
    destroy();
    rules.advance(60);
    destroy();
    assert_eq!((aws.list_resources("shop-"), mappings()), (Vec::new(), json!([])));
    assert!(rules.applied().contains_key(&AwsRule::EventualLists));
}

#[test]
fn role_that_was_created_again_can_be_invoked() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]);
    app.set("/workers/counter/environment", json!({ "MODE": "slow" }));
    let rules = Arc::new(AwsRules::new(&AwsRule::TRANSIENT));
    let proxy = start_proxy(&aws, &rules);
    let deploy = || run(&app, &aws, &proxy, &["deploy", "--stage", "dev", "--yes"]);
    let invoke =
        || run(&app, &aws, &proxy, &["invoke", "counter", "--remote", "--stage", "dev", "--payload", "{\"count\": 1}"]);
    let delete_role = || {
        let role = "shop-dev-counter-us-east-1";
        aws.call("iam", "delete_role_policy", &json!({ "RoleName": role, "PolicyName": "own" }));
        aws.call("iam", "delete_role", &json!({ "RoleName": role }));
    };
    deploy().success();
    invoke().success();
    delete_role();
    let plan = run(&app, &aws, &proxy, &["deploy", "--stage", "dev", "--yes", "--refresh"]).success();
    assert!(plan.contains("role was created again"), "{plan}");
    invoke().success();
    // Only one role is left.
    assert_eq!(aws.list_resources("shop-").iter().filter(|name| name.starts_with("role")).count(), 1);
    assert_eq!(aws.live_version("shop-dev-counter"), "2");
    assert_eq!(aws.deploy(&app), "1 unchanged\n");
}

#[test]
fn killed_deploys_converge_with_all_rules() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = app_with_triggers();
    // After so many requests that change something, all connections of the command break.
    for after in [5, 15, 30] {
        let rules = Arc::new(AwsRules::new(&AwsRule::TRANSIENT));
        let breaking = Proxy::start(aws.emulator.endpoint(), move |request| {
            if request.mutations_before >= after { ProxyAction::Disconnect } else { ProxyAction::Forward }
        });
        assert_ne!(run(&app, &aws, &breaking, &["deploy", "--stage", "dev", "--yes"]).code, Some(0), "after {after}");
        let proxy = start_proxy(&aws, &rules);
        run(&app, &aws, &proxy, &["deploy", "--stage", "dev", "--yes"]).success();
        assert_eq!(aws.deploy(&app), "7 unchanged\n", "after {after}");
        let mappings = aws.call("lambda", "list_event_source_mappings", &json!({}));
        assert_eq!(mappings["EventSourceMappings"].as_array().map(Vec::len), Some(1), "after {after}");
        run(&app, &aws, &proxy, &["destroy", "--stage", "dev", "--yes"]).success();
        assert_eq!(aws.list_resources("shop-"), Vec::<String>::new(), "after {after}");
    }
}

#[test]
fn limits_of_the_account_are_clear_errors() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app_with_triggers();
    app.set("/workers/counter/concurrency", json!(5));
    let errors: BTreeMap<AwsRule, &str> = BTreeMap::from([
        (AwsRule::AccountConcurrency, "below its minimum value of [10]"),
        (AwsRule::ForeignBucket, "belongs to another account than `123456789012`"),
    ]);
    for (rule, message) in errors {
        let rules = Arc::new(AwsRules::new(&[rule]));
        let failed = run(&app, &aws, &start_proxy(&aws, &rules), &["deploy", "--stage", "dev", "--yes"]);
        assert_eq!(failed.code, Some(1), "{rule:?}");
        assert!(failed.stderr.contains(message), "{message} in {}", failed.stderr);
    }
    aws.deploy(&app);
}

#[test]
fn urls_are_not_asked_for_where_there_are_none() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]).with_endpoint(&["counter"]);
    let rules = Arc::new(AwsRules::new(&[AwsRule::NoFunctionUrls]));
    let proxy = start_proxy(&aws, &rules);
    let in_region = |args: &[&str]| {
        run(&app, &aws, &proxy, &[args, &["--stage", "dev", "--region", "il-central-1", "--yes"]].concat())
    };
    let refused = in_region(&["deploy"]);
    assert!(refused.stderr.contains("Lambda has no function URLs in `il-central-1`"), "{refused:?}");
    for _ in 0..2 {
        in_region(&["deploy", "--only", "counter"]).success();
    }
    in_region(&["destroy"]).success();
    assert_eq!(rules.applied(), BTreeMap::new());
}

#[test]
fn environment_that_is_hidden_is_kept() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = TestApp::new(&["counter"]).with("/workers/counter/environment", json!({ "MODE": "slow" }));
    aws.deploy(&app);
    app.set("/workers/counter/memory", json!(512));
    let rules = Arc::new(AwsRules::new(&[AwsRule::HiddenEnvironment]));
    let proxy = start_proxy(&aws, &rules);
    let mode = || {
        let function = json!({ "FunctionName": "shop-dev-counter", "Qualifier": "live" });
        aws.call("lambda", "get_function_configuration", &function)["Environment"]["Variables"]["MODE"].clone()
    };
    run(&app, &aws, &proxy, &["deploy", "--stage", "dev", "--yes"]).success();
    assert_eq!((aws.live_version("shop-dev-counter"), mode()), ("2".to_owned(), json!("slow")));
    run(&app, &aws, &proxy, &["rollback", "--stage", "dev", "--yes"]).success();
    assert_eq!((aws.live_version("shop-dev-counter"), mode()), ("1".to_owned(), json!("slow")));
    assert!(rules.applied().contains_key(&AwsRule::HiddenEnvironment));
}
