//! Creates, changes and deletes the alarms of a function.

use serde_json::json;

use super::alarm::Alarm;
use crate::apply::context::StepResult;
use crate::aws::{Aws, Idempotency, call, optional};
use crate::stage::{ALARMS_TAG, StageContext};

/// Names in one `DeleteAlarms` request.
const MAX_DELETED_ALARMS: usize = 100;

/// Creates or changes alarms, after their function has the tag by which they are found again.
pub(crate) async fn put(aws: &Aws, stage: &StageContext, key: &str, alarms: &[Alarm]) -> StepResult {
    let arn = stage.function_arn(key);
    let request = || aws.lambda.tag_resource().resource(&arn).tags(ALARMS_TAG, "yes").send();
    call(Idempotency::Idempotent, request).await?;
    for alarm in alarms {
        aws.cloudwatch.call(Idempotency::Idempotent, "PutMetricAlarm", &alarm.parameters(stage)).await?;
    }
    Ok(())
}

/// Deletes alarms. With the last ones of a function, its tag goes too: then later deploys need no rights for CloudWatch.
pub(crate) async fn delete(aws: &Aws, stage: &StageContext, key: &str, names: &[String], is_last: bool) -> StepResult {
    for names in names.chunks(MAX_DELETED_ALARMS) {
        let parameters = json!({ "AlarmNames": names });
        aws.cloudwatch.call(Idempotency::Idempotent, "DeleteAlarms", &parameters).await?;
    }
    if is_last {
        let arn = stage.function_arn(key);
        let request = || aws.lambda.untag_resource().resource(&arn).tag_keys(ALARMS_TAG).send();
        optional(call(Idempotency::Idempotent, request).await)?;
    }
    Ok(())
}
