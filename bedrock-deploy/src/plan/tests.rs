//! Plans for tables of desired and actual functions.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use serde_json::Value;

use super::*;
use crate::actual::ActualLogGroup;
use crate::desired::UrlAuth;
use crate::policy::{AccessedResources, role_policies};
use crate::step::UrlStatement;
use crate::test_fixtures::{
    actual_function, desired_function, desired_layer, environment, layer_arn, layer_version, stage,
};

/// Renders the plan for one function, with the names of its steps.
fn plan(key: &str, desired: &DesiredFunction, actual: impl Into<Option<ActualFunction>>) -> String {
    let desired = Desired::from([(key.to_owned(), desired.clone())]);
    let functions = actual.into().into_iter().map(|actual| (key.to_owned(), actual)).collect();
    render_with_steps(&Plan::new(&stage(), &desired, &Actual { functions, ..Actual::default() }, false))
}

fn render_with_steps(plan: &Plan) -> String {
    let steps = plan.functions.iter().flat_map(PlannedFunction::step_ids).collect::<Vec<_>>().join(" ");
    let text = plan.render(&stage());
    let (_, changes) = text.split_once("\n\n").expect("a heading");
    format!("{changes}{steps}")
}

/// Returns the actual state after `desired` was deployed and then changed by `change`.
fn changed_after_deploy(
    key: &str,
    desired: &DesiredFunction,
    change: impl FnOnce(&mut DeployedFunction),
) -> ActualFunction {
    let mut actual = actual_function(key, desired);
    change(actual.deployed.as_mut().expect("it is deployed"));
    actual
}

#[test]
fn new_worker_gets_log_group_first() {
    assert_snapshot!(plan("counter", &desired_function("counter"), None), @"
    + create  shop-dev-counter

    1 to create
    make-log-group make-role write-own-policy make-function publish move-alias
    ");
}

#[test]
fn new_endpoint_gets_url_and_both_statements() {
    assert_snapshot!(plan("endpoint", &desired_function("endpoint"), None), @"
    + create  shop-dev-endpoint (URL open to everyone)

    1 to create
    make-log-group make-role write-own-policy make-function publish move-alias make-url allow allow
    ");
}

#[test]
fn creation_sets_all_settings() {
    let worker = DesiredFunction {
        reserved_concurrency: Some(5),
        event_invoke_config: EventInvokeConfig { max_retries: 0, ..EventInvokeConfig::default() },
        allows_recursion: true,
        worker_layer: Some(desired_layer("a")),
        ..desired_function("counter")
    };
    assert_snapshot!(plan("counter", &worker, None), @"
    + create  shop-dev-counter

    1 to create
    make-log-group make-role write-own-policy publish-layer make-function set-recursion publish move-alias set-events reserve-concurrency
    ");
}

#[test]
fn shorter_retention_of_an_existing_log_group_is_shown() {
    let desired = desired_function("counter");
    let with_retention = |retention_days| ActualFunction {
        log_group: Some(ActualLogGroup { retention_days }),
        ..ActualFunction::default()
    };
    assert_snapshot!(plan("counter", &desired, with_retention(None)), @"
    + create  shop-dev-counter (existing log group, log retention unlimited → 30)

    1 to create
    make-log-group make-role write-own-policy make-function publish move-alias
    ");
    assert!(plan("counter", &desired, with_retention(Some(30))).starts_with("+ create  shop-dev-counter\n"));
}

#[test]
fn unchanged_functions_are_kept() {
    for key in ["counter", "endpoint"] {
        let desired = desired_function(key);
        assert_eq!(plan(key, &desired, Some(actual_function(key, &desired))), "1 unchanged\n");
    }
}

#[test]
fn new_code_is_one_update() {
    let worker = desired_function("counter");
    let old = |actual: &mut DeployedFunction| {
        actual.latest.code_sha256 = "old code".to_owned();
        actual.live.as_mut().expect("a version").version.code_sha256 = "old code".to_owned();
    };
    assert_snapshot!(plan("counter", &worker, changed_after_deploy("counter", &worker, old)), @"
    ~ update  shop-dev-counter (code)

    1 to update
    update-code publish move-alias
    ");
}

#[test]
fn changed_settings_are_reasons_without_environment_values() {
    let worker = desired_function("counter");
    let old = |actual: &mut DeployedFunction| {
        actual.latest.settings.memory_mb = 128;
        actual.latest.settings.timeout_seconds = 3;
        actual.latest.settings.environment = environment(&[("MODE", "slow"), ("OLD", "1")]);
        actual.latest.layers = Some(vec![layer_arn(1)]);
    };
    assert_snapshot!(plan("counter", &worker, changed_after_deploy("counter", &worker, old)), @"
    ~ update  shop-dev-counter (memory 128 → 256, timeout 3 → 30, environment ~MODE -OLD, layers)

    1 to update
    update-settings publish move-alias
    ");
}

#[test]
fn unversioned_settings_publish_no_version() {
    let worker = desired_function("counter");
    let old = |actual: &mut DeployedFunction| {
        actual.reserved_concurrency = Some(5);
        actual.event_invoke_config = EventInvokeConfig {
            max_retries: 0,
            max_age_seconds: 60,
            on_failure: Some("arn".to_owned()),
            on_success: Some("arn".to_owned()),
        };
        actual.allows_recursion = true;
    };
    let mut actual = changed_after_deploy("counter", &worker, old);
    actual.log_group = Some(ActualLogGroup { retention_days: None });
    assert_snapshot!(plan("counter", &worker, Some(actual)), @"
    ~ update  shop-dev-counter (log retention unlimited → 30, concurrency 5 → none, retries 0 → 2, event age 60 → 21600, on-failure, on-success, recursion allow → terminate)

    1 to update
    keep-logs reserve-concurrency set-events set-recursion
    ");
}

#[test]
fn stopped_deploy_continues_with_publishing() {
    let worker = desired_function("counter");
    let no_alias = changed_after_deploy("counter", &worker, |actual| actual.live = None);
    assert_snapshot!(plan("counter", &worker, no_alias), @"
    ~ update  shop-dev-counter (alias `live`)

    1 to update
    publish move-alias
    ");
    let old_alias = changed_after_deploy("counter", &worker, |actual| {
        actual.live.as_mut().expect("a version").version.code_sha256 = "old code".to_owned();
    });
    assert_snapshot!(plan("counter", &worker, old_alias), @"
    ~ update  shop-dev-counter (code)

    1 to update
    publish move-alias
    ");
}

#[test]
fn role_that_was_created_again_renews_the_grant() {
    let worker = desired_function("counter");
    let newer = changed_after_deploy("counter", &worker, |actual| {
        actual.live.as_mut().expect("a version").modified_at = Some(999);
    });
    let interrupted = changed_after_deploy("counter", &worker, |actual| {
        actual.latest.settings.role_arn = stage().temporary_role_arn("counter");
    });
    assert_snapshot!(plan("counter", &worker, newer), @"
    ~ update  shop-dev-counter (role was created again)

    1 to update
    renew-grant publish move-alias
    ");
    assert_snapshot!(plan("counter", &worker, interrupted), @"
    ~ update  shop-dev-counter (role was created again, role)

    1 to update
    renew-grant update-settings publish move-alias
    ");
    let missing = ActualFunction { role: None, ..actual_function("counter", &worker) };
    assert_snapshot!(plan("counter", &worker, missing), @"
    ~ update  shop-dev-counter (role, permissions, role was created again)

    1 to update
    make-role write-own-policy renew-grant publish move-alias
    ");
    let without_variables = with_environment(worker, &[]);
    let no_grant = changed_after_deploy("counter", &without_variables, |actual| {
        actual.live.as_mut().expect("a version").modified_at = Some(999);
    });
    assert_snapshot!(plan("counter", &without_variables, no_grant), @"1 unchanged");
}

fn with_environment(mut function: DesiredFunction, variables: &[(&str, &str)]) -> DesiredFunction {
    function.version.settings.environment = environment(variables);
    function
}

#[test]
fn stopped_deploy_continues_with_function() {
    let worker = desired_function("counter");
    let without_function = ActualFunction { deployed: None, ..actual_function("counter", &worker) };
    assert_snapshot!(plan("counter", &worker, Some(without_function)), @"
    + create  shop-dev-counter

    1 to create
    make-log-group make-function publish move-alias
    ");
    let without_role = ActualFunction { role: None, deployed: None, ..actual_function("counter", &worker) };
    assert_snapshot!(plan("counter", &worker, Some(without_role)), @"
    + create  shop-dev-counter

    1 to create
    make-log-group make-role write-own-policy make-function publish move-alias
    ");
}

/// Settings of Lambda that have requests of their own.
fn with_own_requests(key: &str) -> DesiredFunction {
    let mut worker = desired_function(key);
    worker.lambda = serde_json::from_value(serde_json::json!({
        "code_signing": "arn", "provisioned_concurrency": 2,
        "runtime_management": { "mode": "FunctionUpdate", "version": null }
    }))
    .expect("settings");
    worker.managed = worker.lambda.managed("/aws/lambda/shop-dev-counter");
    worker
}

#[test]
fn settings_with_own_requests_are_set_and_reset() {
    let worker = with_own_requests("counter");
    let plain = desired_function("counter");
    assert_snapshot!(plan("counter", &worker, None), @"
    + create  shop-dev-counter

    1 to create
    make-log-group make-role write-own-policy make-function set-runtime-management publish move-alias set-provisioned-concurrency
    ");
    assert_snapshot!(plan("counter", &worker, actual_function("counter", &plain)), @"
    ~ update  shop-dev-counter (code-signing, runtime-management, provisioned-concurrency none → 2)

    1 to update
    set-tags set-code-signing set-runtime-management set-provisioned-concurrency
    ");
    assert_snapshot!(plan("counter", &plain, actual_function("counter", &worker)), @"
    ~ update  shop-dev-counter (code-signing, runtime-management, provisioned-concurrency 2 → none)

    1 to update
    set-tags set-code-signing set-runtime-management set-provisioned-concurrency
    ");
    assert_snapshot!(plan("counter", &worker, actual_function("counter", &worker)), @"
    1 unchanged
    ");
}

#[test]
fn description_is_not_part_of_a_version() {
    let mut worker = desired_function("counter");
    worker.version.settings.members.insert("Description".to_owned(), serde_json::json!("new"));
    let old = changed_after_deploy("counter", &worker, |actual| {
        actual.latest.settings.members.insert("Description".to_owned(), serde_json::json!("old"));
        let live = &mut actual.live.as_mut().expect("a version").version;
        live.settings.members.insert("Description".to_owned(), serde_json::json!("deploy 1 after 0"));
    });
    assert_snapshot!(plan("counter", &worker, old), @"
    ~ update  shop-dev-counter (description)

    1 to update
    update-settings
    ");
}

#[test]
fn endpoint_loses_its_url_with_its_statements() {
    let with_url = desired_function("endpoint");
    let without = DesiredFunction { url: None, ..with_url.clone() };
    assert_snapshot!(plan("endpoint", &without, actual_function("endpoint", &with_url)), @"
    ~ update  shop-dev-endpoint (no URL, URL access)

    1 to update
    delete-url disallow disallow
    ");
    assert_snapshot!(plan("endpoint", &without, actual_function("endpoint", &without)), @"
    1 unchanged
    ");
}

#[test]
fn failed_update_is_repeated() {
    let worker = desired_function("counter");
    let failed = changed_after_deploy("counter", &worker, |actual| {
        actual.update_error = Some("the layer is too large".to_owned());
    });
    assert_snapshot!(plan("counter", &worker, failed), @"
    ~ update  shop-dev-counter (the last update failed: the layer is too large)

    1 to update
    update-settings
    ");
}

#[test]
fn worker_destinations_are_set_after_all_functions() {
    let with_destination = |arn: String| DesiredFunction {
        event_invoke_config: EventInvokeConfig { on_success: Some(arn), ..EventInvokeConfig::default() },
        ..desired_function("counter")
    };
    let final_steps = |desired: DesiredFunction| {
        let desired = Desired::from([("counter".to_owned(), desired)]);
        Plan::new(&stage(), &desired, &Actual::default(), false).functions[0].final_steps.clone()
    };
    assert_eq!(final_steps(with_destination(stage().function_arn("reporter"))), [Step::SetEventInvokeConfig]);
    assert_eq!(final_steps(with_destination("arn:aws:sqs:eu-west-1:123456789012:done".to_owned())), []);
    // A function of another stage is not created by this plan.
    assert_eq!(
        final_steps(with_destination("arn:aws:lambda:eu-west-1:123456789012:function:shop-prod-x".to_owned())),
        []
    );
}

#[test]
fn alias_is_moved_after_all_functions_are_prepared() {
    let desired = Desired::from(["counter", "fresh"].map(|key| (key.to_owned(), desired_function(key))));
    let old = |actual: &mut DeployedFunction| {
        actual.latest.code_sha256 = "old code".to_owned();
        actual.live.as_mut().expect("a version").version.code_sha256 = "old code".to_owned();
    };
    let counter = changed_after_deploy("counter", &desired["counter"], old);
    let functions = [("counter".to_owned(), counter)].into();
    let plan = Plan::new(&stage(), &desired, &Actual { functions, ..Actual::default() }, false);
    let final_steps: Vec<&[Step]> = plan.functions.iter().map(|planned| &planned.final_steps[..]).collect();
    // Nothing calls the new function before its alias exists.
    assert_eq!(final_steps, [&[Step::MoveAlias][..], &[]]);
    assert!(plan.functions[1].steps.contains(&Step::MoveAlias));
}

#[test]
fn permissions_of_the_version_in_use_are_removed_last() {
    let with_callee = |callee| {
        let resources = AccessedResources { callees: vec![callee], ..AccessedResources::default() };
        let policies = role_policies(&stage(), "counter", &resources);
        DesiredFunction { policies, ..desired_function("counter") }
    };
    let old = |actual: &mut DeployedFunction| {
        actual.live.as_mut().expect("a version").version.code_sha256 = "old code".to_owned();
    };
    let actual = changed_after_deploy("counter", &with_callee("reporter"), old);
    assert_snapshot!(plan("counter", &with_callee("fetcher"), Some(actual)), @"
    ~ update  shop-dev-counter (permissions, code)

    1 to update
    widen-own-policy publish move-alias await-calls write-own-policy
    ");
    let unchanged = actual_function("counter", &with_callee("reporter"));
    assert_snapshot!(plan("counter", &with_callee("fetcher"), Some(unchanged)), @"
    ~ update  shop-dev-counter (permissions)

    1 to update
    write-own-policy
    ");
}

#[test]
fn dead_letter_queue_is_part_of_the_version() {
    let mut worker = desired_function("counter");
    let old = actual_function("counter", &worker);
    worker.version.settings.dead_letter = Some("arn:aws:sqs:eu-west-1:123456789012:dead".to_owned());
    assert_snapshot!(plan("counter", &worker, Some(old)), @"
    ~ update  shop-dev-counter (dead-letter)

    1 to update
    update-settings publish move-alias
    ");
}

#[test]
fn permissions_follow_the_calls() {
    let worker = DesiredFunction {
        policies: role_policies(
            &stage(),
            "counter",
            &AccessedResources { callees: vec!["reporter"], ..AccessedResources::default() },
        ),
        ..desired_function("counter")
    };
    let actual = actual_function("counter", &desired_function("counter"));
    assert_snapshot!(plan("counter", &worker, Some(actual.clone())), @"
    ~ update  shop-dev-counter (permissions)

    1 to update
    write-own-policy
    ");
    let untrusted = ActualFunction {
        role: Some(ActualRole { trust_policy: Value::Null, ..actual.role.clone().expect("a role") }),
        ..actual
    };
    assert_snapshot!(plan("counter", &desired_function("counter"), Some(untrusted)), @"
    ~ update  shop-dev-counter (role)

    1 to update
    trust-lambda
    ");
}

#[test]
fn managed_policies_are_attached_and_deleted() {
    let names: Vec<String> = (0..60).map(|at| format!("a_worker_with_a_rather_long_name_{at:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many = DesiredFunction {
        policies: role_policies(
            &stage(),
            "counter",
            &AccessedResources { callees: names, ..AccessedResources::default() },
        ),
        ..desired_function("counter")
    };
    let few = desired_function("counter");
    let creation = Plan::new(
        &stage(),
        &Desired::from([("counter".to_owned(), many.clone())]),
        &Actual { functions: [("counter".to_owned(), actual_function("counter", &many))].into(), ..Actual::default() },
        false,
    );
    let policies: BTreeMap<String, bool> = creation.functions[0]
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::AttachManagedPolicy(name, _) => Some((name.clone(), true)),
            _ => None,
        })
        .collect();
    assert_eq!(policies.len(), 3, "{policies:?}");
    let all = ActualFunction { managed_policies: policies.clone(), ..actual_function("counter", &many) };
    assert_eq!(plan("counter", &many, Some(all.clone())), "1 unchanged\n");
    let detached =
        ActualFunction { managed_policies: policies.into_keys().map(|name| (name, false)).collect(), ..all.clone() };
    assert!(plan("counter", &many, Some(detached)).ends_with("add-policy add-policy add-policy"));
    let text = plan("counter", &few, Some(ActualFunction { role: actual_function("counter", &few).role, ..all }));
    assert!(text.ends_with("remove-policy remove-policy remove-policy"), "{text}");
}

#[test]
fn layer_is_published_only_if_contents_are_new() {
    let worker = DesiredFunction { worker_layer: Some(desired_layer("b")), ..desired_function("counter") };
    let with_versions = |versions: &[(i64, &str)], used: i64| {
        let mut actual = changed_after_deploy("counter", &worker, |actual| {
            actual.latest.layers = Some(vec![layer_arn(used)]);
            actual.live.as_mut().expect("a version").version.layers = Some(vec![layer_arn(used)]);
        });
        let versions = versions.iter().map(|(number, content)| layer_version(*number, content));
        actual.layer_versions = versions.collect();
        actual
    };
    assert_eq!(plan("counter", &worker, with_versions(&[(2, "b"), (1, "a")], 2)), "1 unchanged\n");
    assert_snapshot!(plan("counter", &worker, with_versions(&[(2, "b"), (1, "a")], 1)), @"
    ~ update  shop-dev-counter (layers)

    1 to update
    update-settings publish move-alias
    ");
    assert_snapshot!(plan("counter", &worker, with_versions(&[(1, "a")], 1)), @"
    ~ update  shop-dev-counter (layers)

    1 to update
    publish-layer update-settings publish move-alias
    ");
}

#[test]
fn five_layer_versions_are_kept() {
    let worker = DesiredFunction { worker_layer: Some(desired_layer("new")), ..desired_function("counter") };
    let versions = [6, 5, 4, 3, 2, 1].map(|number| layer_version(number, &format!("old {number}"))).to_vec();
    let actual = ActualFunction { layer_versions: versions, ..actual_function("counter", &worker) };
    let plan = Plan::new(
        &stage(),
        &Desired::from([("counter".to_owned(), worker)]),
        &Actual { functions: [("counter".to_owned(), actual)].into(), ..Actual::default() },
        false,
    );
    assert_eq!(plan.functions[0].final_steps.last(), Some(&Step::DeleteLayerVersions(vec![2, 1])));
}

#[test]
fn url_access_follows_the_settings() {
    let open = desired_function("endpoint");
    let closed = DesiredFunction { url: Some(UrlAuth::Iam), ..open.clone() };
    assert_snapshot!(plan("endpoint", &closed, Some(actual_function("endpoint", &open))), @"
    ~ update  shop-dev-endpoint (URL access)

    1 to update
    set-url-auth disallow disallow
    ");
    assert_snapshot!(plan("endpoint", &open, Some(actual_function("endpoint", &closed))), @"
    ~ update  shop-dev-endpoint (URL access, URL open to everyone)

    1 to update
    set-url-auth allow allow
    ");
    let incomplete = changed_after_deploy("endpoint", &open, |actual| {
        actual.statement_ids.remove(UrlStatement::InvokeViaUrl.id());
    });
    assert_snapshot!(plan("endpoint", &open, incomplete), @"
    ~ update  shop-dev-endpoint (URL access, URL open to everyone)

    1 to update
    allow
    ");
}

#[test]
fn removed_worker_is_deleted_and_log_group_last() {
    let removed = desired_function("counter");
    let actual = ActualFunction { layer_versions: vec![layer_version(1, "a")], ..actual_function("counter", &removed) };
    let actual = Actual { functions: [("counter".to_owned(), actual)].into(), ..Actual::default() };
    assert_snapshot!(render_with_steps(&Plan::new(&stage(), &Desired::new(), &actual, false)), @"
    - delete  shop-dev-counter (with its role and its log group)

    1 to delete
    delete-function drop-layers delete-role delete-log-group
    ");
    // A partial deploy does not delete it.
    assert_eq!(render_with_steps(&Plan::new(&stage(), &Desired::new(), &actual, true)), "nothing to do\n");
}

#[test]
fn stopped_deletion_continues() {
    let actual =
        ActualFunction { deployed: None, role: None, ..actual_function("counter", &desired_function("counter")) };
    let actual = Actual { functions: [("counter".to_owned(), actual)].into(), ..Actual::default() };
    assert!(render_with_steps(&Plan::new(&stage(), &Desired::new(), &actual, false)).ends_with("\ndelete-log-group"));
}

#[test]
fn plan_is_sorted_by_name_and_counted() {
    let desired = ["new", "same"].map(|key| (key.to_owned(), desired_function(key)));
    let deployed = ["old", "same"].map(|key| (key.to_owned(), actual_function(key, &desired_function(key))));
    let actual = Actual { functions: deployed.into(), ..Actual::default() };
    assert_snapshot!(Plan::new(&stage(), &desired.into(), &actual, false).render(&stage()), @"
    stage `dev` of app `shop` in eu-west-1, account 123456789012

    + create  shop-dev-new
    - delete  shop-dev-old (with its role and its log group)

    1 to create, 1 to delete, 1 unchanged
    ");
}

#[test]
fn provisioned_concurrency_follows_the_end_of_a_canary() {
    let mut desired = desired_function("counter");
    desired.lambda.provisioned_concurrency = Some(2);
    let with_canary = |deployed: &mut DeployedFunction| {
        deployed.tags.insert(CANARY_TAG.to_owned(), "8:10".to_owned());
        deployed.provisioned_concurrency = None;
    };
    // The version of the canary is not desired any more.
    assert_snapshot!(plan("counter", &desired, changed_after_deploy("counter", &desired, with_canary)), @"
    ~ update  shop-dev-counter (provisioned-concurrency none → 2, 10 % of the calls go to version 8)

    1 to update
    end-canary set-provisioned-concurrency
    ");
    let with_old_code = |deployed: &mut DeployedFunction| {
        with_canary(deployed);
        deployed.latest.code_sha256 = "old code".to_owned();
    };
    assert_snapshot!(plan("counter", &desired, changed_after_deploy("counter", &desired, with_old_code)), @"
    ~ update  shop-dev-counter (code, provisioned-concurrency none → 2, 10 % of the calls go to version 8)

    1 to update
    update-code publish move-alias end-canary set-provisioned-concurrency
    ");
}
