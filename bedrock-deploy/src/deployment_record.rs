//! The record of a stage's last complete deployment. While the stage and what is desired are as it says, a deploy needs not read
//! what few requests cannot show.
//!
//! It is in the object of the stage's lock: an operation that takes the lock deletes the record, and a deploy that is complete
//! leaves one when it releases the lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use bedrock_artifacts::Digest;
use bedrock_diagnostics::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::apply::context::{PublishedVersions, StepError};
use crate::apply::tags::change_tags;
use crate::aws::{Aws, AwsError, Idempotency, call, optional};
use crate::buckets::upload_bucket;
use crate::desired::Desired;
use crate::lock::read_record;
use crate::plan::{Plan, PlannedFunction};
use crate::read::read_managed_keys;
use crate::stage::{ENDPOINT, StageContext, UNRECORDED_TAG};
use crate::step::Change;
use crate::triggers::step::PlannedTrigger;

/// Version of the record and of what a deploy makes of the same desired state. A change of either raises it: the version of the
/// program alone does not tell two builds apart.
const FORMAT: u32 = 6;
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
    /// Numbers of the versions in use by the keys of their functions.
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
        let (record, age) = read_record(aws, stage).await?;
        if age >= MAX_AGE {
            return None;
        }
        serde_json::from_value(record).ok()
    }

    /// Returns the form in which it is written.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Removes [`UNRECORDED_TAG`] from functions, before a record is written while no older one exists.
pub(crate) async fn remove_unrecorded_tags(
    aws: &Aws,
    stage: &StageContext,
    keys: &[String],
) -> std::result::Result<(), AwsError> {
    for key in keys {
        let arn = stage.function_arn(key);
        let request = || aws.lambda.untag_resource().resource(&arn).tag_keys(UNRECORDED_TAG).send();
        optional(call(Idempotency::Idempotent, request).await)?;
    }
    Ok(())
}

/// Tags all functions of the stage before `plan` is applied by a caller who may not use the lock and so cannot delete the record:
/// then no deploy trusts it. Functions that are created need the tag too.
///
/// Functions outside of the plan are tagged because a caller who may not read the record cannot know which of them it is about.
pub(crate) async fn mark_unrecorded(aws: &Aws, stage: &StageContext, plan: &mut Plan) -> Result<()> {
    let message = || format!("failed to mark the record of the last deployment of {stage} as wrong");
    let Err(error) = tag_functions(aws, stage, plan).await else { return Ok(()) };
    let bucket = upload_bucket(aws).await.unwrap_or_else(|_| "cargo-bedrock-*".to_owned());
    let object = format!("{bucket}/{}", stage.lock_key());
    Err(error.into_error(message()).help(format!(
        "no step of the plan was done: allow `s3:GetObject`, `s3:PutObject` and `s3:DeleteObject` on `{object}`; \
         `deploy --print-policy` prints all permissions"
    )))
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
    use crate::policy::lambda_trust_policy;
    use crate::test_fixtures::{desired_function, desired_layer, environment, stage};

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

    /// Digest of [`form`] in the present [`FORMAT`].
    const FORM: &str = "345c84dc878981b63230908ceec78d2116260732f9d90c5d754427cdd90ca7e5";

    /// Describes the members of a record and of what it is about, and what a deploy does for that.
    fn form() -> String {
        let mut desired = Desired::new();
        let triggers = serde_json::json!([
            { "schedule": "rate(5 minutes)", "timezone": "UTC", "event": null },
            {
                "queue": "jobs", "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": 3,
                "visibility_timeout": 180,
            },
            { "bucket": "uploads", "events": ["created"], "prefix": "", "suffix": "" },
        ]);
        for key in [ENDPOINT, "counter"] {
            let mut function = desired_function(key);
            function.url = (key == ENDPOINT).then_some(UrlAuth::Public);
            function.reserved_concurrency = Some(5);
            function.allows_recursion = true;
            function.event_invoke_config.max_retries = 0;
            function.worker_layer = Some(desired_layer("a"));
            function.triggers = serde_json::from_value(triggers.clone()).expect("triggers");
            desired.insert(key.to_owned(), function);
        }
        let plan = Plan::new(&stage(), &desired, &Actual::default(), false);
        let url = Some("https://x.lambda-url.us-east-1.on.aws/".to_owned());
        let record = DeploymentRecord::new(&desired, &plan, &PublishedVersions::default(), url).expect("a record");
        let record = DeploymentRecord { format: 0, program: String::new(), ..record };
        let (tags, trust) = (stage().tags(), lambda_trust_policy());
        format!("{}\n{desired:#?}\n{plan:#?}\n{tags:?}\n{trust}", record.to_json())
    }

    #[test]
    fn changed_form_of_the_record_raises_its_format() {
        let form = form();
        let digest = Digest::of(form.as_bytes()).to_string();
        assert_eq!(
            (FORMAT, digest.as_str()),
            (6, FORM),
            "the record, what is desired or what is done for it has changed: raise `FORMAT` by one, then update this test"
        );
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
