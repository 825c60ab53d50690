//! Tags of functions. A function gets a new revision when its tags change, so whether others have changed the function since it
//! was planned is found out before.

use std::collections::BTreeMap;

use super::context::{FunctionContext, StepError, StepResult, wait_until_ready};
use super::function::changed_by_others;
use crate::aws::{Aws, Idempotency, call};
use crate::contract_record::tag_names;
use crate::desired::DesiredFunction;
use crate::stage::{SETTINGS_TAG, StageContext};

/// Adds and changes tags. Tags that others have set are kept.
pub(super) async fn set_tags(context: &mut FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let tags = desired.tags();
    let managed = std::iter::once(SETTINGS_TAG.to_owned()).chain(tag_names());
    let unused: Vec<String> = managed.filter(|name| !tags.contains_key(name)).collect();
    let FunctionContext { aws, stage, key, .. } = *context;
    context.revision = change_tags(aws, stage, key, context.revision.as_deref(), &tags, unused).await?;
    Ok(())
}

/// Sets `tags` of the function `key` and removes `unused` ones, if the function still has this `revision`. Returns the new one.
/// Without a revision, it does not matter whether others have changed the function.
pub(crate) async fn change_tags(
    aws: &Aws,
    stage: &StageContext,
    key: &str,
    revision: Option<&str>,
    tags: &BTreeMap<String, String>,
    unused: Vec<String>,
) -> Result<Option<String>, StepError> {
    let name = stage.function_name(key);
    let arn = stage.function_arn(key);
    if revision.is_some() && wait_until_ready(aws, &name, None).await?.as_deref() != revision {
        return Err(changed_by_others().into());
    }
    if !tags.is_empty() {
        let tags: std::collections::HashMap<String, String> = tags.clone().into_iter().collect();
        let request = || aws.lambda.tag_resource().resource(&arn).set_tags(Some(tags.clone())).send();
        call(Idempotency::Idempotent, request).await?;
    }
    if !unused.is_empty() {
        let request = || aws.lambda.untag_resource().resource(&arn).set_tag_keys(Some(unused.clone())).send();
        call(Idempotency::Idempotent, request).await?;
    }
    if revision.is_some() { wait_until_ready(aws, &name, None).await } else { Ok(None) }
}
