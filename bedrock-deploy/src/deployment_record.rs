//! The record of a stage's last complete deployment: an object in the bucket for uploads. While the stage and what is desired
//! are as it says, a deploy needs not read what few requests cannot show.
//!
//! It is deleted before anything is changed and written after everything is done, so a deploy that stopped leaves no record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use bedrock_artifacts::Digest;
use bedrock_diagnostics::Result;
use serde::{Deserialize, Serialize};

use crate::apply::context::{PublishedVersions, StepError};
use crate::apply::tags::change_tags;
use crate::aws::{Aws, AwsError, Idempotency, ServerDate, call, optional};
use crate::desired::Desired;
use crate::plan::{Plan, PlannedFunction};
use crate::read::read_managed_keys;
use crate::stage::{ENDPOINT, StageContext, UNRECORDED_TAG};
use crate::step::Change;
use crate::triggers::step::PlannedTrigger;

/// Version of the object and of what a deploy makes of the same desired state. A change of either raises it: the version of the
/// program alone does not tell two builds apart.
const FORMAT: u32 = 2;
/// How long a record is used, by the clock of S3. Then a deploy reads everything, and finds what others have changed.
const MAX_AGE: Duration = Duration::from_secs(24 * 3_600);

/// What a complete deployment left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeploymentRecord {
    format: u32,
    /// Version of this program: another one may desire other things with the same settings.
    program: String,
    /// Digest of the desired state without the values of environment variables.
    desired: String,
    /// Numbers of the versions in use by the keys of their functions. A program that knows no record publishes others when it
    /// changes code or settings.
    pub(crate) versions: BTreeMap<String, String>,
    /// ARNs of the workers' own layers by the keys of their functions.
    pub(crate) layers: BTreeMap<String, String>,
    /// The triggers in the words of a plan: `queue shop-dev-jobs`.
    pub(crate) triggers: Vec<String>,
    /// URL of the endpoint.
    pub(crate) url: Option<String>,
}

impl DeploymentRecord {
    /// Describes a stage to which `plan` was applied. Returns `None` if something of it remains to be done, or if the URL of
    /// the endpoint could not be read.
    pub(crate) fn new(
        desired: &Desired,
        plan: &Plan,
        published: &PublishedVersions,
        url: Option<String>,
    ) -> Option<Self> {
        // A bucket that is not empty is kept, and the next deploy tries again to delete it.
        let is_left = |planned: &PlannedTrigger| planned.change == Change::Delete || planned.warning.is_some();
        if plan.triggers.iter().any(is_left) {
            return None;
        }
        if url.is_none()
            && desired.get(ENDPOINT).is_some_and(|endpoint| endpoint.url.is_some() || endpoint.http_api.is_some())
        {
            return None;
        }
        let of_functions = plan.functions.iter().filter(|planned| planned.change != Change::Delete);
        let versions = of_functions.clone().filter_map(|planned| {
            let number = published.get(&planned.key).or_else(|| planned.live_version.clone())?;
            Some((planned.key.clone(), number))
        });
        let layers = of_functions.filter_map(|planned| {
            let arn = published.layer(&planned.key).or_else(|| planned.layer_arn.clone())?;
            Some((planned.key.clone(), arn))
        });
        // A queue that loses its worker and is used by another function is planned twice.
        let mut triggers: Vec<String> = Vec::new();
        for planned in &plan.triggers {
            if !triggers.contains(&planned.resource) {
                triggers.push(planned.resource.clone());
            }
        }
        Some(Self {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            desired: digest(desired),
            versions: versions.collect(),
            layers: layers.collect(),
            triggers,
            url,
        })
    }

    /// Returns whether the same state is desired as when the record was written.
    pub(crate) fn is_of(&self, desired: &Desired) -> bool {
        let Self { format, program, .. } = self;
        *format == FORMAT && program == env!("CARGO_PKG_VERSION") && self.desired == digest(desired)
    }

    /// Reads the record of a stage. Returns `None` if there is none, and also if it cannot be read or is too old: then
    /// everything is read from AWS.
    pub(crate) async fn read(aws: &Aws, stage: &StageContext) -> Option<Self> {
        let date = ServerDate::default();
        let request = || {
            let object = aws.s3.get_object().bucket(stage.upload_bucket()).key(stage.record_key());
            object.expected_bucket_owner(&stage.env.account).customize().interceptor(date.clone()).send()
        };
        let object = call(Idempotency::Idempotent, request).await.ok()?;
        if date.age(object.last_modified()) >= MAX_AGE {
            return None;
        }
        let body = object.body.collect().await.ok()?;
        serde_json::from_slice(&body.into_bytes()).ok()
    }

    /// Writes the record, and then removes the tags of functions that say that the record is wrong. If the record cannot be
    /// written, an older one may remain, and only the tags say that it is wrong.
    pub(crate) async fn write(
        &self,
        aws: &Aws,
        stage: &StageContext,
        unrecorded: &[String],
    ) -> std::result::Result<(), AwsError> {
        let body = serde_json::to_vec(self).unwrap_or_default();
        let request = || {
            let object = aws.s3.put_object().bucket(stage.upload_bucket()).key(stage.record_key());
            let object = object.expected_bucket_owner(&stage.env.account).content_type("application/json");
            object.body(ByteStream::from(body.clone())).send()
        };
        call(Idempotency::Idempotent, request).await?;
        for key in unrecorded {
            let arn = stage.function_arn(key);
            let request = || aws.lambda.untag_resource().resource(&arn).tag_keys(UNRECORDED_TAG).send();
            optional(call(Idempotency::Idempotent, request).await)?;
        }
        Ok(())
    }
}

/// Deletes the record before `plan` is applied. If the caller may not use the bucket, tags all functions of the stage instead, so
/// that no deploy trusts the record, and returns `true`: then functions that are created need the tag too.
///
/// Functions outside of the plan are tagged because a caller who may not read the record cannot know which of them it is about.
pub(crate) async fn delete_record(aws: &Aws, stage: &StageContext, plan: &mut Plan) -> Result<bool> {
    let request = || {
        let object = aws.s3.delete_object().bucket(stage.upload_bucket()).key(stage.record_key());
        object.expected_bucket_owner(&stage.env.account).send()
    };
    let message = || format!("failed to delete the record of the last deployment of {stage}");
    match optional(call(Idempotency::Idempotent, request).await) {
        Err(error) if error.is_denied() => {}
        deleted => return deleted.map(|_| false).map_err(|error| error.into_app_error(message())),
    }
    let help = || {
        let object = format!("{}/{}", stage.upload_bucket(), stage.record_key());
        format!(
            "no step of the plan was done: allow `s3:DeleteObject` on `{object}`; `deploy --print-policy` prints all permissions"
        )
    };
    tag_functions(aws, stage, plan).await.map_err(|error| error.into_error(message()).help(help()))?;
    Ok(true)
}

/// Sets [`UNRECORDED_TAG`] on all functions of the stage.
async fn tag_functions(aws: &Aws, stage: &StageContext, plan: &mut Plan) -> std::result::Result<(), StepError> {
    let tags = BTreeMap::from([(UNRECORDED_TAG.to_owned(), "true".to_owned())]);
    let Plan { functions, unrecorded, .. } = plan;
    let planned: BTreeSet<String> = functions.iter().map(|planned| planned.key.clone()).collect();
    let others = read_managed_keys(aws, stage).await?;
    for key in others.difference(&planned) {
        change_tags(aws, stage, key, None, &tags, Vec::new()).await?;
    }
    let is_tagged = |planned: &PlannedFunction| unrecorded.contains(&planned.key);
    for planned in functions.iter_mut().filter(|planned| planned.is_deployed && !is_tagged(planned)) {
        let revision = planned.revision.as_deref();
        planned.revision = change_tags(aws, stage, &planned.key, revision, &tags, Vec::new()).await?;
    }
    Ok(())
}

/// Digests everything that is desired, except the values of environment variables, which may be secrets and are compared with
/// those of the function, and except the paths of this machine.
fn digest(desired: &Desired) -> String {
    let mut text = String::new();
    for (key, function) in desired {
        let mut function = function.clone();
        function.zip.path = PathBuf::new();
        if let Some(layer) = &mut function.worker_layer {
            layer.zip.path = PathBuf::new();
        }
        // A `String` accepts everything that is written.
        let _ = writeln!(text, "{key} {function:?}");
    }
    Digest::of(text.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actual::Actual;
    use crate::desired::UrlAuth;
    use crate::test_fixtures::{desired_function, environment, stage};

    fn of(change: impl Fn(&mut crate::desired::DesiredFunction)) -> Desired {
        let mut function = desired_function("counter");
        change(&mut function);
        Desired::from([("counter".to_owned(), function)])
    }

    fn record(desired: &Desired) -> DeploymentRecord {
        DeploymentRecord {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            desired: digest(desired),
            versions: BTreeMap::new(),
            layers: BTreeMap::new(),
            triggers: Vec::new(),
            url: None,
        }
    }

    #[test]
    fn record_is_of_what_was_desired() {
        let before = of(|_| {});
        let record = record(&before);
        assert!(record.is_of(&before));
        // The same build in another folder, and with other secrets, which are compared with those of the function.
        assert!(record.is_of(&of(|function| function.zip.path = PathBuf::from("/elsewhere/x.zip"))));
        assert!(record.is_of(&of(|function| function.version.settings.environment = environment(&[("MODE", "x")]))));
        let differing = [
            of(|function| function.log_retention_days = 1),
            of(|function| function.version.code_sha256 = "x".to_owned()),
            of(|function| function.version.settings.environment = environment(&[("OTHER", "fast")])),
            of(|function| function.policies.inline["Statement"] = serde_json::json!([])),
            of(|function| function.event_invoke_config.max_retries = 0),
            Desired::new(),
        ];
        for other in differing {
            assert!(!record.is_of(&other), "{other:?}");
        }
        assert!(!DeploymentRecord { format: FORMAT - 1, ..record.clone() }.is_of(&before));
        assert!(!DeploymentRecord { program: "0.0.0".to_owned(), ..record }.is_of(&before));
    }

    #[test]
    fn record_has_no_secret() {
        let secret = of(|function| function.version.settings.environment = environment(&[("TOKEN", "hunter2")]));
        let other = of(|function| function.version.settings.environment = environment(&[("TOKEN", "correct horse")]));
        assert_eq!(record(&secret), record(&other));
    }

    #[test]
    fn record_needs_the_url_of_the_endpoint() {
        let mut endpoint = desired_function(ENDPOINT);
        endpoint.url = Some(UrlAuth::Public);
        let desired = Desired::from([(ENDPOINT.to_owned(), endpoint)]);
        let plan = Plan::new(&stage(), &desired, &Actual::default(), false);
        let record = |url: Option<&str>| {
            DeploymentRecord::new(&desired, &plan, &PublishedVersions::default(), url.map(str::to_owned))
        };
        assert_eq!(record(None), None);
        let url = "https://x.lambda-url.us-east-1.on.aws/";
        assert_eq!(record(Some(url)).and_then(|record| record.url).as_deref(), Some(url));
    }
}
