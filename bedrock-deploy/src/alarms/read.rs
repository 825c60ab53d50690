//! Reads the alarms of a stage: by the prefix of their names, then by their tags.

use std::collections::{BTreeMap, BTreeSet};

use bedrock_diagnostics::{Error, Result};
use serde_json::{Value, json};

use super::alarm::{Alarm, alarm_key};
use super::desired::desired_alarms;
use crate::actual::Actual;
use crate::aws::{Aws, AwsError, Idempotency};
use crate::concurrent::map_concurrently;
use crate::desired::Desired;
use crate::ownership::{UnmanagedResource, is_managed};
use crate::resource_tags::{TagTarget, UntaggedResource};
use crate::stage::{ALARMS_TAG, OWNER_TAG, StageContext};

type AwsResult<T> = std::result::Result<T, AwsError>;

/// Alarms whose tags are read at the same time. CloudWatch allows 10 `ListTagsForResource` requests a second.
const MAX_CONCURRENT_ALARMS: usize = 5;
/// Alarms in one page of `DescribeAlarms`, and names in one request.
const MAX_ALARMS_PER_PAGE: usize = 100;

/// An alarm that exists, with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlarmState {
    pub(crate) name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub(crate) state: String,
    /// Why, in CloudWatch's words.
    pub(crate) reason: String,
}

/// Adds the alarms of the operation's functions to `actual`. Sends no requests if they neither have nor had any.
pub(crate) async fn read_alarms(
    aws: &Aws,
    stage: &StageContext,
    desired: &Desired,
    actual: &mut Actual,
    is_partial: bool,
) -> Result<()> {
    let tagged = actual.functions.iter().filter(|(key, function)| {
        let deployed = function.deployed.as_ref();
        (!is_partial || desired.contains_key(*key))
            && deployed.is_some_and(|deployed| deployed.tags.contains_key(ALARMS_TAG))
    });
    if tagged.count() == 0 && desired.values().all(|function| function.alarms.is_none()) {
        return Ok(());
    }
    let in_context =
        |error: AwsError| -> Error { error.into_app_error(format!("failed to read the alarms of {stage}")) };
    let wanted: BTreeSet<String> = desired
        .iter()
        .flat_map(|(key, function)| desired_alarms(stage, key, function))
        .map(|alarm| alarm.name)
        .collect();
    let found = describe(aws, &json!({ "AlarmNamePrefix": stage.prefix() })).await.map_err(in_context)?;
    let of_operation = found.iter().filter(|alarm| {
        let key = alarm_key(stage, text(alarm, "AlarmName")).map(|(key, _)| key);
        key.is_some_and(|key| !is_partial || desired.contains_key(key))
    });
    let with_tags = map_concurrently(of_operation, MAX_CONCURRENT_ALARMS, async |alarm| {
        let tags = read_tags(aws, text(alarm, "AlarmArn")).await?;
        Ok::<_, AwsError>((alarm, tags))
    });
    for result in with_tags.await {
        let (alarm, tags) = result.map_err(in_context)?;
        let name = text(alarm, "AlarmName");
        if is_managed(stage, &tags) {
            let key = alarm_key(stage, name).map(|(key, _)| key.to_owned()).unwrap_or_default();
            let target = TagTarget::Alarm(text(alarm, "AlarmArn").to_owned());
            let planned = format!("alarms {}", stage.function_name(&key));
            actual.untagged.extend(UntaggedResource::find(stage, planned, target, &tags));
            actual.alarms.entry(key).or_default().insert(name.to_owned(), actual_alarm(alarm));
        } else if wanted.contains(name) {
            let resource = format!("alarm `{name}`");
            actual.unmanaged.push(UnmanagedResource { resource, owner: tags.get(OWNER_TAG).cloned() });
        }
    }
    Ok(())
}

/// Returns the states of the alarms with these names that exist.
pub(crate) async fn read_states(aws: &Aws, names: &[String]) -> AwsResult<Vec<AlarmState>> {
    let mut states = Vec::new();
    for names in names.chunks(MAX_ALARMS_PER_PAGE) {
        let alarms = describe(aws, &json!({ "AlarmNames": names })).await?;
        states.extend(alarms.iter().map(|alarm| AlarmState {
            name: text(alarm, "AlarmName").to_owned(),
            state: text(alarm, "StateValue").to_owned(),
            reason: text(alarm, "StateReason").to_owned(),
        }));
    }
    Ok(states)
}

/// Returns all metric alarms that `parameters` select.
async fn describe(aws: &Aws, parameters: &Value) -> AwsResult<Vec<Value>> {
    let mut alarms = Vec::new();
    let mut parameters = parameters.clone();
    parameters["AlarmTypes"] = json!(["MetricAlarm"]);
    parameters["MaxRecords"] = json!(MAX_ALARMS_PER_PAGE);
    loop {
        let mut page = aws.cloudwatch.call(Idempotency::Idempotent, "DescribeAlarms", &parameters).await?;
        if let Value::Array(found) = page["MetricAlarms"].take() {
            alarms.extend(found);
        }
        match page["NextToken"].as_str().filter(|token| !token.is_empty()) {
            Some(token) => parameters["NextToken"] = json!(token),
            None => return Ok(alarms),
        }
    }
}

async fn read_tags(aws: &Aws, arn: &str) -> AwsResult<BTreeMap<String, String>> {
    let parameters = json!({ "ResourceARN": arn });
    let response = aws.cloudwatch.call(Idempotency::Idempotent, "ListTagsForResource", &parameters).await?;
    Ok(pairs(&response["Tags"], "Key"))
}

fn actual_alarm(value: &Value) -> Alarm {
    let number = |key: &str| value[key].as_u64().unwrap_or_default();
    let owned = |key: &str| text(value, key).to_owned();
    let actions = value["AlarmActions"].as_array().into_iter().flatten();
    Alarm {
        name: owned("AlarmName"),
        description: owned("AlarmDescription"),
        namespace: owned("Namespace"),
        metric: owned("MetricName"),
        dimensions: pairs(&value["Dimensions"], "Name"),
        statistic: owned("Statistic"),
        comparison: owned("ComparisonOperator"),
        treat_missing_data: owned("TreatMissingData"),
        threshold: value["Threshold"].as_f64().map(|threshold| threshold.to_string()).unwrap_or_default(),
        period: number("Period"),
        evaluation_periods: number("EvaluationPeriods"),
        datapoints_to_alarm: number("DatapointsToAlarm"),
        actions: actions.filter_map(|arn| arn.as_str().map(str::to_owned)).collect(),
    }
}

/// Returns a list of objects as a map. `key` is the member with the key, and `Value` that with the value.
fn pairs(list: &Value, key: &str) -> BTreeMap<String, String> {
    let objects = list.as_array().into_iter().flatten();
    objects.map(|object| (text(object, key).to_owned(), text(object, "Value").to_owned())).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarm_is_read_as_it_was_written() {
        let stage = crate::test_fixtures::stage();
        let alarm = Alarm {
            name: "shop-dev-a-errors".to_owned(),
            description: "Errors of shop-dev-a".to_owned(),
            namespace: "AWS/Lambda".to_owned(),
            metric: "Errors".to_owned(),
            dimensions: BTreeMap::from([("FunctionName".to_owned(), "shop-dev-a".to_owned())]),
            statistic: "Sum".to_owned(),
            comparison: "GreaterThanOrEqualToThreshold".to_owned(),
            treat_missing_data: "notBreaching".to_owned(),
            threshold: "5".to_owned(),
            period: 60,
            evaluation_periods: 3,
            datapoints_to_alarm: 2,
            actions: vec!["arn:aws:sns:eu-west-1:123456789012:shop-dev-alerts".to_owned()],
        };
        // CloudWatch returns the parameters of the request.
        let parameters = alarm.parameters(&stage);
        assert_eq!(actual_alarm(&parameters), alarm);
        assert_eq!(pairs(&parameters["Tags"], "Key"), stage.tags());
    }

    #[test]
    fn names_of_alarms_have_keys_of_functions() {
        let stage = crate::test_fixtures::stage();
        assert_eq!(alarm_key(&stage, "shop-dev-a_b-errors"), Some(("a_b", "errors")));
        assert_eq!(
            alarm_key(&stage, "shop-dev-a-dead-letters-shop-dev-jobs-dead"),
            Some(("a", "dead-letters-shop-dev-jobs-dead"))
        );
        // One of the user, and one of the stage `dev-a`.
        for name in ["shop-dev-a-latency", "shop-dev-a-b-errors", "shop-dev-errors", "other-dev-a-errors"] {
            assert_eq!(alarm_key(&stage, name), None, "{name}");
        }
    }
}
