//! Plans for roles with a path, a permissions boundary and tags of the settings.

use std::collections::BTreeMap;

use super::{PlannedFunction, plan_function};
use crate::actual::ActualFunction;
use crate::actual_role::ActualRole;
use crate::desired::DesiredFunction;
use crate::step::{Change, Step};
use crate::test_fixtures::{actual_function, desired_function, stage};

const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/boundary";

fn plan(desired: &DesiredFunction, actual: &ActualFunction) -> PlannedFunction {
    plan_function(&stage(), "counter", desired, actual)
}

fn with_role(change: impl FnOnce(&mut ActualRole)) -> ActualFunction {
    let mut actual = actual_function("counter", &desired_function("counter"));
    change(actual.role.as_mut().expect("a role"));
    actual
}

#[test]
fn boundary_is_set_before_permissions() {
    let bounded = DesiredFunction { permissions_boundary: Some(BOUNDARY.to_owned()), ..desired_function("counter") };
    let actual = with_role(|role| role.inline_policy = None);
    let planned = plan(&bounded, &actual);
    assert_eq!(planned.steps, [Step::SetPermissionsBoundary(BOUNDARY.to_owned()), Step::PutInlinePolicy]);
    assert_eq!(planned.reasons, ["permissions boundary", "permissions"]);
    let same = with_role(|role| role.permissions_boundary = Some(BOUNDARY.to_owned()));
    assert_eq!(plan(&bounded, &same).change, Change::Keep);
    // What others have set is theirs.
    assert_eq!(plan(&desired_function("counter"), &same).change, Change::Keep);
}

#[test]
fn role_that_exists_keeps_its_path() {
    let arn = "arn:aws:iam::123456789012:role/teams/shop-dev-counter-eu-west-1";
    let mut actual = with_role(|role| arn.clone_into(&mut role.arn));
    let deployed = actual.deployed.as_mut().expect("a function");
    arn.clone_into(&mut deployed.latest.settings.role_arn);
    arn.clone_into(&mut deployed.live.as_mut().expect("a version").version.settings.role_arn);
    let planned = plan(&desired_function("counter"), &actual);
    assert_eq!((planned.change, planned.role_arn.as_str()), (Change::Keep, arn));
    // A function that is created gets the role that an interrupted deploy has left.
    let planned = plan(&desired_function("counter"), &ActualFunction { deployed: None, ..actual });
    assert_eq!((planned.change, planned.role_arn.as_str()), (Change::Create, arn));
}

#[test]
fn changed_tags_of_the_stage_are_set_on_the_function() {
    let tags = BTreeMap::from([("team".to_owned(), "shop".to_owned())]);
    let tagged = DesiredFunction { stage_tags: tags, ..desired_function("counter") };
    let planned = plan(&tagged, &actual_function("counter", &desired_function("counter")));
    // Those of its log group and its role are tested with their order.
    assert_eq!(planned.reasons, ["tags"]);
    assert!(planned.steps.contains(&Step::SetTags), "{:?}", planned.steps);
    assert_eq!(plan(&tagged, &actual_function("counter", &tagged)).change, Change::Keep);
    // A tag of the function precedes.
    let mut own = tagged;
    own.lambda.tags.insert("team".to_owned(), "counter".to_owned());
    assert_eq!(own.tags().get("team").map(String::as_str), Some("counter"));
}
