//! A stage of an app in an account and region, and the names of everything that belongs to it: functions, roles, log
//! groups, layers, queues, buckets and schedules.
//!
//! The rules are the same as in the app's `terraform/manifest`, so that each of the two tools recognizes the resources of
//! the other one. Functions are identified by their key: the worker's name, or [`ENDPOINT`].

use std::collections::BTreeMap;
use std::fmt;

use bedrock_artifacts::Digest;
use bedrock_build::settings::{DeploySettings, STAGE_PLACEHOLDER};
use bedrock_build::triggers::DEFAULT_BUS;
use bedrock_build::{App, FunctionName, WorkerName};
use bedrock_diagnostics::{Error, ExitKind, Result};

use crate::aws::AwsEnvironment;

/// Key of the endpoint's function; the other functions have the names of their workers as keys.
pub const ENDPOINT: &str = "endpoint";
/// Alias that points to the version in use.
pub(crate) const ALIAS: &str = "live";
/// Name of the inline policy of a role.
pub(crate) const INLINE_POLICY: &str = "own";
/// Tag that says which tool manages a resource, in addition to `bedrock:app` and `bedrock:stage`.
pub(crate) const OWNER_TAG: &str = "bedrock:owner";
/// Value of [`OWNER_TAG`] on resources that this tool manages.
pub(crate) const OWNER: &str = "cargo-bedrock";
/// Tag of functions that have or had triggers. Without it, no triggers are looked for.
pub(crate) const TRIGGERS_TAG: &str = "bedrock:triggers";
/// Tag of functions that have or had alarms. Without it, no alarms are looked for.
pub(crate) const ALARMS_TAG: &str = "bedrock:alarms";
/// Tag of a function of which a part of the calls goes to another version than the alias says: version and percent.
pub(crate) const CANARY_TAG: &str = "bedrock:canary";
/// Tag of functions with settings that not every function has: which of them a deploy manages.
pub(crate) const SETTINGS_TAG: &str = "bedrock:settings";
/// Tag of all functions of a stage of which an operation changed something although it could not take the lock, and so could not
/// delete the record of the last deployment.
pub(crate) const UNRECORDED_TAG: &str = "bedrock:unrecorded";
/// Prefix of the ids of statements that allow a bucket to invoke a function.
pub(crate) const BUCKET_STATEMENT_PREFIX: &str = "bedrock-bucket-";

/// Prefix of the ids of statements that allow a topic or a rule to invoke a function.
pub(crate) const EVENT_STATEMENT_PREFIX: &str = "bedrock-event-";

const MAX_ROLE_NAME_CHARS: usize = 64;
const MAX_BUCKET_NAME_CHARS: usize = 63;
/// Characters of the name of a rule (EventBridge API reference, `PutRule`).
const MAX_RULE_NAME_CHARS: usize = 64;
/// Hexadecimal digits of the digest at the end of a shortened name.
const NAME_DIGEST_DIGITS: usize = 8;

/// The name of a stage, which is one deployed copy of the app: `dev`, `prod`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage(String);

impl Stage {
    /// Checks that `name` is a valid stage name: words of lower-case letters and digits, separated by `-` or `_`.
    pub fn parse(name: &str) -> Result<Self> {
        let is_word = |word: &str| {
            !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        };
        if name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split(['-', '_']).all(is_word) {
            return Ok(Self(name.to_owned()));
        }
        Err(Error::call(format!("`{}` is not a valid stage name", name.escape_debug()))
            .help("use lower-case letters, digits, `_` and `-`, starting with a letter: `--stage dev`"))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A stage of an app in an account and region. Its `Display` form is ``stage `dev` of app `shop` ``.
#[derive(Debug, Clone)]
pub struct StageContext {
    /// Name of the app.
    pub app: String,
    /// Name of the stage.
    pub name: Stage,
    /// Account and region.
    pub env: AwsEnvironment,
    /// The settings `deploy`, with the name of the stage.
    pub(crate) settings: DeploySettings,
}

impl StageContext {
    /// Returns an error if the name of a function would be too long.
    pub fn new(app: &App, name: Stage, env: AwsEnvironment) -> Result<Self> {
        let endpoint = FunctionName::of_endpoint(&app.name, name.as_str());
        let worker = |worker: &WorkerName| FunctionName::of_worker(&app.name, name.as_str(), worker);
        let function_names = app.workers.iter().map(|each| worker(&each.name)).chain([endpoint]);
        let problems: Vec<_> = function_names.filter_map(std::result::Result::err).collect();
        if problems.is_empty() {
            let settings = deploy_settings(app, name.as_str());
            Ok(Self { app: app.name.to_string(), name, env, settings })
        } else {
            Err(Error::problems(ExitKind::Call, problems))
        }
    }

    /// Returns `shop-dev`, the name of the stage that is unique in its account and region.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}-{}", self.app, self.name)
    }

    /// Returns the prefix of the names of functions and queues.
    pub(crate) fn prefix(&self) -> String {
        format!("{}-{}-", self.app, self.name)
    }

    /// Returns the tags that mark a resource as part of this stage and managed by this tool.
    pub(crate) fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("bedrock:app".to_owned(), self.app.clone()),
            ("bedrock:stage".to_owned(), self.name.to_string()),
            (OWNER_TAG.to_owned(), OWNER.to_owned()),
        ])
    }

    /// Returns the tags of new resources: also those of the settings.
    pub(crate) fn all_tags(&self) -> BTreeMap<String, String> {
        self.settings.tags.clone().into_iter().chain(self.tags()).collect()
    }

    /// Returns the IAM path of new roles.
    pub(crate) fn role_path(&self) -> &str {
        self.settings.role_path.as_deref().unwrap_or("/")
    }

    /// Returns the function name for a key.
    #[must_use]
    pub fn function_name(&self, key: &str) -> String {
        self.prefix() + key
    }

    /// Returns the key of a function, or `None` if the function does not belong to this stage. Worker names contain no
    /// `-`, so `app-dev-x-worker` belongs to the stage `dev-x`.
    pub(crate) fn function_key<'a>(&self, function: &'a str) -> Option<&'a str> {
        function.strip_prefix(&self.prefix()).filter(|key| !key.is_empty() && !key.contains('-'))
    }

    pub(crate) fn function_arn(&self, key: &str) -> String {
        let AwsEnvironment { partition, region, account } = &self.env;
        format!("arn:{partition}:lambda:{region}:{account}:function:{}", self.function_name(key))
    }

    /// Returns the ARN of the alias that all callers of a function invoke.
    pub(crate) fn live_arn(&self, key: &str) -> String {
        format!("{}:{ALIAS}", self.function_arn(key))
    }

    /// Returns the name of a function's role. It contains the region, because roles belong to the account and functions to
    /// the region: the same stage in two regions needs two roles.
    pub(crate) fn role_name(&self, key: &str) -> String {
        shorten(format!("{}-{}", self.function_name(key), self.env.region), MAX_ROLE_NAME_CHARS)
    }

    /// Returns the ARN of a function's role if this tool creates it. A role that exists keeps its path.
    pub(crate) fn role_arn(&self, key: &str) -> String {
        self.arn_of_role(&self.role_name(key))
    }

    fn arn_of_role(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role{}{name}", self.env.partition, self.env.account, self.role_path())
    }

    /// Returns the name of the role that a function has for a moment while its KMS grant is renewed.
    pub(crate) fn temporary_role_name(&self, key: &str) -> String {
        shorten(format!("{}-renew-{}", self.function_name(key), self.env.region), MAX_ROLE_NAME_CHARS)
    }

    pub(crate) fn temporary_role_arn(&self, key: &str) -> String {
        self.arn_of_role(&self.temporary_role_name(key))
    }

    /// Returns the IAM path that contains only the managed policies of this stage.
    pub(crate) fn policy_path(&self) -> String {
        format!("/bedrock/{}-{}-{}/", self.app, self.name, self.env.region)
    }

    /// Returns the ARN of a managed policy of this stage, by its name.
    pub(crate) fn managed_policy_arn(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:policy{}{name}", self.env.partition, self.env.account, self.policy_path())
    }

    pub(crate) fn log_group_name(&self, key: &str) -> String {
        format!("/aws/lambda/{}", self.function_name(key))
    }

    pub(crate) fn log_group_arn(&self, key: &str) -> String {
        self.arn_of_log_group(&self.log_group_name(key))
    }

    /// Returns the ARN of a log group of this account and region, by its name.
    pub(crate) fn arn_of_log_group(&self, name: &str) -> String {
        let AwsEnvironment { partition, region, account } = &self.env;
        format!("arn:{partition}:logs:{region}:{account}:log-group:{name}")
    }

    /// Returns the key of the lock of the stage, in the bucket for uploads. The object has the record of the last deployment too.
    pub(crate) fn lock_key(&self) -> String {
        format!("locks/{}.json", self.full_name())
    }

    /// Returns the EventBridge Scheduler group of all schedules of the stage.
    pub(crate) fn schedule_group(&self) -> String {
        self.full_name()
    }

    pub(crate) fn schedule_group_arn(&self) -> String {
        let AwsEnvironment { partition, region, account } = &self.env;
        format!("arn:{partition}:scheduler:{region}:{account}:schedule-group/{}", self.schedule_group())
    }

    /// Returns the name of the role with which the schedules of a worker invoke it.
    pub(crate) fn schedule_role_name(&self, key: &str) -> String {
        shorten(format!("{}-schedule-{}", self.function_name(key), self.env.region), MAX_ROLE_NAME_CHARS)
    }

    /// Returns the ARN of that role if this tool creates it. A role that exists keeps its path.
    pub(crate) fn schedule_role_arn(&self, key: &str) -> String {
        self.arn_of_role(&self.schedule_role_name(key))
    }

    /// Returns the full name of a queue of the app.
    pub(crate) fn queue_name(&self, name: &str) -> String {
        self.prefix() + name
    }

    /// Returns the ARN of a queue of this account and region, by its full name.
    pub(crate) fn queue_arn(&self, full_name: &str) -> String {
        let AwsEnvironment { partition, region, account } = &self.env;
        format!("arn:{partition}:sqs:{region}:{account}:{full_name}")
    }

    /// Returns the ARN of a topic of this account and region, by its full name.
    pub(crate) fn topic_arn(&self, full_name: &str) -> String {
        let AwsEnvironment { partition, region, account } = &self.env;
        format!("arn:{partition}:sns:{region}:{account}:{full_name}")
    }

    /// Returns the ARN of a table of this account and region, by its full name.
    pub(crate) fn table_arn(&self, full_name: &str) -> String {
        let AwsEnvironment { partition, region, account } = &self.env;
        format!("arn:{partition}:dynamodb:{region}:{account}:table/{full_name}")
    }

    /// Returns the ARN of a Kinesis stream of this account and region, by its full name.
    pub(crate) fn stream_arn(&self, full_name: &str) -> String {
        let AwsEnvironment { partition, region, account } = &self.env;
        format!("arn:{partition}:kinesis:{region}:{account}:stream/{full_name}")
    }

    /// Returns the ARN of an event bus of this account and region, by its full name.
    pub(crate) fn bus_arn(&self, full_name: &str) -> String {
        let AwsEnvironment { partition, region, account } = &self.env;
        format!("arn:{partition}:events:{region}:{account}:event-bus/{full_name}")
    }

    /// Returns the name of a worker's rule with this number, from 1.
    pub(crate) fn rule_name(&self, key: &str, number: usize) -> String {
        shorten(format!("{}-{number}", self.function_name(key)), MAX_RULE_NAME_CHARS)
    }

    /// Returns the ARN of a rule, which has no name of a bus if it is one of the bus `default`.
    pub(crate) fn rule_arn(&self, bus: &str, rule: &str) -> String {
        let AwsEnvironment { partition, region, account } = &self.env;
        let bus = if bus == DEFAULT_BUS { String::new() } else { format!("{bus}/") };
        format!("arn:{partition}:events:{region}:{account}:rule/{bus}{rule}")
    }

    /// Returns the full name of a bucket of the app. Bucket names are shared by all accounts, so it contains account and
    /// region; they may not contain `_`.
    pub(crate) fn bucket_name(&self, name: &str) -> String {
        let full_name = format!("{}{name}-{}-{}", self.prefix(), self.env.account, self.env.region);
        shorten(full_name.replace('_', "-"), MAX_BUCKET_NAME_CHARS)
    }

    pub(crate) fn bucket_arn(&self, full_name: &str) -> String {
        format!("arn:{}:s3:::{full_name}", self.env.partition)
    }
}

impl fmt::Display for StageContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stage `{}` of app `{}`", self.name, self.app)
    }
}

/// Returns the settings `deploy` of a stage, in which its name replaces the placeholder.
pub(crate) fn deploy_settings(app: &App, stage: &str) -> DeploySettings {
    let DeploySettings { permissions_boundary, role_path, tags } = app.settings.deploy_in(stage);
    let with_name = |text: &String| text.replace(STAGE_PLACEHOLDER, stage);
    DeploySettings {
        permissions_boundary: permissions_boundary.as_ref().map(with_name),
        role_path: role_path.as_ref().map(with_name),
        tags: tags.iter().map(|(key, value)| (with_name(key), with_name(value))).collect(),
    }
}

/// Returns how messages name a function: ``worker `resizer` `` or `the endpoint`.
pub(crate) fn function_label(key: &str) -> String {
    if key == ENDPOINT { "the endpoint".to_owned() } else { format!("worker `{key}`") }
}

/// Returns the id of the statement that allows a bucket to invoke a function: its alias or, as an earlier deploy allowed it, the
/// unqualified function.
pub(crate) fn bucket_statement_id(bucket: &str, qualifier: Option<&str>) -> String {
    let digest = Digest::of(bucket.as_bytes()).to_string();
    let digest = digest.get(..16).unwrap_or_default();
    let qualifier = qualifier.map_or_else(String::new, |qualifier| format!("{qualifier}-"));
    format!("{BUCKET_STATEMENT_PREFIX}{qualifier}{digest}")
}

/// Returns the id of the statement that allows a topic or a rule to invoke the alias of a function.
pub(crate) fn event_statement_id(source_arn: &str) -> String {
    let digest = Digest::of(source_arn.as_bytes()).to_string();
    format!("{EVENT_STATEMENT_PREFIX}{ALIAS}-{}", digest.get(..16).unwrap_or_default())
}

/// Returns the last part of an ARN, which is the resource's name. A plain name is returned unchanged.
pub(crate) fn arn_resource(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// Cuts a name to `max_chars`, and appends digits of its digest to keep it unique.
fn shorten(name: String, max_chars: usize) -> String {
    if name.len() <= max_chars {
        return name;
    }
    let digest = Digest::of(name.as_bytes()).to_string();
    let prefix_chars = max_chars - NAME_DIGEST_DIGITS - 1;
    format!("{}-{}", name.get(..prefix_chars).unwrap_or_default(), digest.get(..NAME_DIGEST_DIGITS).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fixtures::stage;

    #[test]
    fn stage_names_are_words_with_separators() {
        for valid in ["dev", "prod2", "feature-x", "a_b-c1"] {
            assert!(Stage::parse(valid).is_ok(), "{valid}");
        }
        for invalid in ["", "Dev", "2dev", "-dev", "dev-", "a--b", "a b", "dév", "a.b"] {
            assert!(Stage::parse(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn functions_of_other_stages_have_no_key() {
        let stage = stage();
        assert_eq!(stage.function_key("shop-dev-counter"), Some("counter"));
        for other in ["shop-dev-", "shop-dev-x-counter", "shop-prod-counter", "shop-devcounter", "counter"] {
            assert_eq!(stage.function_key(other), None, "{other}");
        }
    }

    #[test]
    fn role_names_are_at_most_64_characters_long() {
        let stage = stage();
        assert_eq!(stage.role_name("counter"), "shop-dev-counter-eu-west-1");
        // As in terraform/manifest: 55 characters, and 8 of the digest of the full name.
        let long = stage.role_name("a_worker_whose_name_is_so_long_that_it_barely_fits");
        assert_eq!((long.len(), &long[..56]), (64, "shop-dev-a_worker_whose_name_is_so_long_that_it_barely_-"));
    }

    #[test]
    fn roles_and_tags_have_what_the_settings_say() {
        let mut stage = stage();
        stage.settings.role_path = Some("/teams/shop/".to_owned());
        stage.settings.tags = BTreeMap::from([("team".to_owned(), "shop".to_owned())]);
        assert_eq!(stage.role_arn("counter"), "arn:aws:iam::123456789012:role/teams/shop/shop-dev-counter-eu-west-1");
        let schedule_role = "arn:aws:iam::123456789012:role/teams/shop/shop-dev-counter-schedule-eu-west-1";
        assert_eq!(stage.schedule_role_arn("counter"), schedule_role);
        assert_eq!(stage.all_tags().len(), stage.tags().len() + 1);
    }

    #[test]
    fn trigger_names_equal_those_of_the_terraform_template() {
        let stage = stage();
        assert_eq!(stage.bucket_name("up-loads"), "shop-dev-up-loads-123456789012-eu-west-1");
        assert_eq!(stage.schedule_role_name("counter"), "shop-dev-counter-schedule-eu-west-1");
        assert_eq!(stage.queue_arn(&stage.queue_name("jobs")), "arn:aws:sqs:eu-west-1:123456789012:shop-dev-jobs");
        assert_eq!(bucket_statement_id("x", Some(ALIAS)), "bedrock-bucket-live-2d711642b726b044");
        assert_eq!(bucket_statement_id("x", None), "bedrock-bucket-2d711642b726b044");
    }

    #[test]
    fn long_trigger_names_end_with_a_digest() {
        let stage = stage();
        let long = stage.bucket_name("pictures-of-everything-that-was-uploaded");
        assert_eq!((long.len(), &long[..55]), (63, "shop-dev-pictures-of-everything-that-was-uploaded-1234-"));
        let role = stage.schedule_role_name("a_worker_whose_name_is_so_long_that_it_b");
        assert_eq!((role.len(), &role[..56]), (64, "shop-dev-a_worker_whose_name_is_so_long_that_it_b-sched-"));
    }
}
