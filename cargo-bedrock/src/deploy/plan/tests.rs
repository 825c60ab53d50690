//! Tables of what there is and what is wanted, and the steps between them.

use insta::assert_snapshot;

use super::*;
use crate::deploy::actual::Role;
use crate::deploy::example::{environment, found, layer, layer_arn, published, site, wanted};
use crate::deploy::policy::{Uses, policies};
use crate::deploy::shown;

/// The plan for one function, with its steps.
fn plan(key: &str, wanted: &Function, found: impl Into<Option<Found>>) -> String {
    let desired = Desired::from([(key.to_owned(), wanted.clone())]);
    let functions = found.into().into_iter().map(|found| (key.to_owned(), found)).collect();
    told(&Plan::of(&site(), &desired, &Actual { functions, ..Actual::default() }, false))
}

fn told(plan: &Plan) -> String {
    let steps = plan
        .functions
        .iter()
        .flat_map(|planned| planned.steps.iter().chain(&planned.later))
        .map(Step::id)
        .collect::<Vec<_>>()
        .join(" ");
    let shown = shown(&site(), plan);
    let (_, changes) = shown.split_once("\n\n").expect("a head");
    format!("{changes}{steps}")
}

/// What was deployed, changed by hand.
fn deployed(key: &str, wanted: &Function, change: impl FnOnce(&mut Deployed)) -> Found {
    let mut found = found(key, wanted);
    change(found.function.as_mut().expect("it is deployed"));
    found
}

#[test]
fn a_new_worker_gets_all_that_belongs_to_it_and_the_log_group_first() {
    assert_snapshot!(plan("counter", &wanted("counter"), None), @"
    + create  shop-dev-counter

    1 to create
    make-log-group make-role write-own-policy make-function publish
    ");
}

#[test]
fn a_new_endpoint_gets_its_url_and_the_two_statements() {
    assert_snapshot!(plan("endpoint", &wanted("endpoint"), None), @"
    + create  shop-dev-endpoint

    1 to create
    make-log-group make-role write-own-policy make-function publish make-url allow allow
    ");
}

#[test]
fn everything_that_can_be_set_is_set_when_a_function_is_made() {
    let worker = Function {
        concurrency: Some(5),
        events: Events { retries: 0, ..Events::default() },
        may_recurse: true,
        layer: Some(layer("a")),
        ..wanted("counter")
    };
    assert_snapshot!(plan("counter", &worker, None), @"
    + create  shop-dev-counter

    1 to create
    make-log-group make-role write-own-policy publish-layer make-function reserve-concurrency set-events set-recursion publish
    ");
}

#[test]
fn what_is_as_it_was_built_stays() {
    for key in ["counter", "endpoint"] {
        let wanted = wanted(key);
        assert_eq!(plan(key, &wanted, Some(found(key, &wanted))), "1 stays as it is\n");
    }
}

#[test]
fn new_code_alone_is_one_update() {
    let worker = wanted("counter");
    let old = |found: &mut Deployed| {
        found.latest.code = "old code".to_owned();
        found.live.as_mut().expect("a version").1.code = "old code".to_owned();
    };
    assert_snapshot!(plan("counter", &worker, deployed("counter", &worker, old)), @"
    ~ update  shop-dev-counter (code)

    1 to update
    update-code publish
    ");
}

#[test]
fn each_setting_that_differs_is_told_and_no_value_of_the_environment() {
    let worker = wanted("counter");
    let old = |found: &mut Deployed| {
        found.latest.settings.memory = 128;
        found.latest.settings.timeout = 3;
        found.latest.settings.environment = environment(&[("MODE", "slow"), ("OLD", "1")]);
        found.latest.layers = Some(vec![layer_arn(1)]);
    };
    assert_snapshot!(plan("counter", &worker, deployed("counter", &worker, old)), @"
    ~ update  shop-dev-counter (memory 128 → 256, timeout 3 → 30, environment ~MODE -OLD, layers)

    1 to update
    update-settings publish
    ");
}

#[test]
fn what_is_no_part_of_a_version_is_set_without_a_new_one() {
    let worker = wanted("counter");
    let old = |found: &mut Deployed| {
        found.concurrency = Some(5);
        found.events =
            Events { retries: 0, age: 60, on_failure: Some("arn".to_owned()), on_success: Some("arn".to_owned()) };
        found.may_recurse = true;
    };
    let mut found = deployed("counter", &worker, old);
    found.log = Some(super::super::actual::Log { retention: None });
    assert_snapshot!(plan("counter", &worker, Some(found)), @"
    ~ update  shop-dev-counter (log retention for ever → 30, concurrency 5 → none, retries 0 → 2, event age 60 → 21600, on-failure, on-success, recursion allow → terminate)

    1 to update
    keep-logs reserve-concurrency set-events set-recursion
    ");
}

#[test]
fn a_deploy_that_ended_before_its_version_was_published_goes_on_there() {
    let worker = wanted("counter");
    let no_alias = deployed("counter", &worker, |found| found.live = None);
    assert_snapshot!(plan("counter", &worker, no_alias), @"
    ~ update  shop-dev-counter (alias `live`)

    1 to update
    publish
    ");
    let old_alias = deployed("counter", &worker, |found| {
        found.live.as_mut().expect("a version").1.code = "old code".to_owned();
    });
    assert_snapshot!(plan("counter", &worker, old_alias), @"
    ~ update  shop-dev-counter (code)

    1 to update
    publish
    ");
}

#[test]
fn a_deploy_that_ended_before_its_function_was_made_goes_on_there() {
    let worker = wanted("counter");
    let begun = Found { function: None, ..found("counter", &worker) };
    assert_snapshot!(plan("counter", &worker, Some(begun)), @"
    + create  shop-dev-counter

    1 to create
    make-log-group make-function publish
    ");
    let earlier = Found { role: None, function: None, ..found("counter", &worker) };
    assert_snapshot!(plan("counter", &worker, Some(earlier)), @"
    + create  shop-dev-counter

    1 to create
    make-log-group make-role write-own-policy make-function publish
    ");
}

#[test]
fn an_update_that_aws_could_not_make_is_made_again() {
    let worker = wanted("counter");
    let failed = deployed("counter", &worker, |found| found.failed = Some("the layer is too large".to_owned()));
    assert_snapshot!(plan("counter", &worker, failed), @"
    ~ update  shop-dev-counter (its last update failed: the layer is too large)

    1 to update
    update-settings
    ");
}

#[test]
fn events_go_to_workers_when_all_functions_are_there() {
    let to =
        |arn: String| Function { events: Events { on_success: Some(arn), ..Events::default() }, ..wanted("counter") };
    let planned = |wanted: Function| {
        let desired = Desired::from([("counter".to_owned(), wanted)]);
        Plan::of(&site(), &desired, &Actual::default(), false).functions[0].later.clone()
    };
    assert_eq!(planned(to(site().arn("reporter"))), [Step::SetEvents]);
    assert_eq!(planned(to("arn:aws:sqs:eu-west-1:123456789012:done".to_owned())), []);
    // That of another stage is somebody else's business.
    assert_eq!(planned(to("arn:aws:lambda:eu-west-1:123456789012:function:shop-prod-x".to_owned())), []);
}

#[test]
fn a_dead_letter_queue_is_a_setting_of_the_version() {
    let mut worker = wanted("counter");
    let old = found("counter", &worker);
    worker.version.settings.dead_letter = Some("arn:aws:sqs:eu-west-1:123456789012:dead".to_owned());
    assert_snapshot!(plan("counter", &worker, Some(old)), @"
    ~ update  shop-dev-counter (dead-letter)

    1 to update
    update-settings publish
    ");
}

#[test]
fn rights_follow_the_calls() {
    let worker = Function {
        policies: policies(&site(), "counter", &Uses { callees: vec!["reporter"], ..Uses::default() }),
        ..wanted("counter")
    };
    let found = found("counter", &wanted("counter"));
    assert_snapshot!(plan("counter", &worker, Some(found.clone())), @"
    ~ update  shop-dev-counter (rights)

    1 to update
    write-own-policy
    ");
    let trusting = Found { role: Some(Role { trust: Value::Null, ..found.role.clone().expect("a role") }), ..found };
    assert_snapshot!(plan("counter", &wanted("counter"), Some(trusting)), @"
    ~ update  shop-dev-counter (role)

    1 to update
    trust-lambda
    ");
}

#[test]
fn managed_policies_are_made_attached_and_taken_away() {
    let names: Vec<String> = (0..60).map(|at| format!("a_worker_with_a_rather_long_name_{at:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many = Function {
        policies: policies(&site(), "counter", &Uses { callees: names, ..Uses::default() }),
        ..wanted("counter")
    };
    let few = wanted("counter");
    let made = Plan::of(
        &site(),
        &Desired::from([("counter".to_owned(), many.clone())]),
        &Actual { functions: [("counter".to_owned(), found("counter", &many))].into(), ..Actual::default() },
        false,
    );
    let policies: BTreeMap<String, bool> = made.functions[0]
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::AddPolicy(name, _) => Some((name.clone(), true)),
            _ => None,
        })
        .collect();
    assert_eq!(policies.len(), 3, "{policies:?}");
    let all = Found { managed: policies.clone(), ..found("counter", &many) };
    assert_eq!(plan("counter", &many, Some(all.clone())), "1 stays as it is\n");
    let loose = Found { managed: policies.into_keys().map(|name| (name, false)).collect(), ..all.clone() };
    assert!(plan("counter", &many, Some(loose)).ends_with("add-policy add-policy add-policy"));
    let shown = plan("counter", &few, Some(Found { role: found("counter", &few).role, ..all }));
    assert!(shown.ends_with("remove-policy remove-policy remove-policy"), "{shown}");
}

#[test]
fn a_layer_is_published_only_if_nothing_like_it_was() {
    let worker = Function { layer: Some(layer("b")), ..wanted("counter") };
    let with = |versions: &[(i64, &str)], used: i64| {
        let mut found = deployed("counter", &worker, |found| {
            found.latest.layers = Some(vec![layer_arn(used)]);
            found.live.as_mut().expect("a version").1.layers = Some(vec![layer_arn(used)]);
        });
        let versions = versions.iter().map(|(number, content)| published(*number, content));
        found.layers = versions.collect();
        found
    };
    assert_eq!(plan("counter", &worker, with(&[(2, "b"), (1, "a")], 2)), "1 stays as it is\n");
    assert_snapshot!(plan("counter", &worker, with(&[(2, "b"), (1, "a")], 1)), @"
    ~ update  shop-dev-counter (layers)

    1 to update
    update-settings publish
    ");
    assert_snapshot!(plan("counter", &worker, with(&[(1, "a")], 1)), @"
    ~ update  shop-dev-counter (layers)

    1 to update
    publish-layer update-settings publish
    ");
}

#[test]
fn five_versions_of_a_layer_stay() {
    let worker = Function { layer: Some(layer("new")), ..wanted("counter") };
    let versions = [6, 5, 4, 3, 2, 1].map(|number| published(number, &format!("old {number}"))).to_vec();
    let found = Found { layers: versions, ..found("counter", &worker) };
    let plan = Plan::of(
        &site(),
        &Desired::from([("counter".to_owned(), worker)]),
        &Actual { functions: [("counter".to_owned(), found)].into(), ..Actual::default() },
        false,
    );
    assert_eq!(plan.functions[0].steps.last(), Some(&Step::DropLayers(vec![2, 1])));
}

#[test]
fn who_may_call_the_url_follows_the_settings() {
    let open = wanted("endpoint");
    let closed = Function { url: Some(UrlAuth::Iam), ..open.clone() };
    assert_snapshot!(plan("endpoint", &closed, Some(found("endpoint", &open))), @"
    ~ update  shop-dev-endpoint (who may call the URL)

    1 to update
    set-url-auth disallow disallow
    ");
    assert_snapshot!(plan("endpoint", &open, Some(found("endpoint", &closed))), @"
    ~ update  shop-dev-endpoint (who may call the URL)

    1 to update
    set-url-auth allow allow
    ");
    let half = deployed("endpoint", &open, |found| {
        found.statements.remove(Statement::FunctionThroughUrl.id());
    });
    assert_snapshot!(plan("endpoint", &open, half), @"
    ~ update  shop-dev-endpoint (who may call the URL)

    1 to update
    allow
    ");
}

#[test]
fn a_worker_that_is_gone_is_deleted_and_its_log_last() {
    let gone = wanted("counter");
    let found = Found { layers: vec![published(1, "a")], ..found("counter", &gone) };
    let actual = Actual { functions: [("counter".to_owned(), found)].into(), ..Actual::default() };
    assert_snapshot!(told(&Plan::of(&site(), &Desired::new(), &actual, false)), @"
    - delete  shop-dev-counter (with its role and its log)

    1 to delete
    delete-function drop-layers delete-role delete-log-group
    ");
    // A deploy of other workers alone says nothing about it.
    assert_eq!(told(&Plan::of(&site(), &Desired::new(), &actual, true)), "there is nothing\n");
}

#[test]
fn a_deletion_that_ended_half_way_goes_on() {
    let found = Found { function: None, role: None, ..found("counter", &wanted("counter")) };
    let actual = Actual { functions: [("counter".to_owned(), found)].into(), ..Actual::default() };
    assert!(told(&Plan::of(&site(), &Desired::new(), &actual, false)).ends_with("\ndelete-log-group"));
}

#[test]
fn functions_come_by_their_names_and_are_counted() {
    let desired = ["new", "same"].map(|key| (key.to_owned(), wanted(key)));
    let there = ["old", "same"].map(|key| (key.to_owned(), found(key, &wanted(key))));
    let actual = Actual { functions: there.into(), ..Actual::default() };
    assert_snapshot!(shown(&site(), &Plan::of(&site(), &desired.into(), &actual, false)), @"
    stage `dev` of app `shop` in eu-west-1, account 123456789012

    + create  shop-dev-new
    - delete  shop-dev-old (with its role and its log)

    1 to create, 1 to delete, 1 stays as it is
    ");
}
