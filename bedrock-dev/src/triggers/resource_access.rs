//! What each function may do with AWS's services: what its `uses` say, and what its triggers and destinations need. A function
//! without `uses` may do everything, because its rights are written elsewhere.

use std::collections::HashMap;

use bedrock_build::settings::STAGE_PLACEHOLDER;
use bedrock_build::triggers::{ObjectEvent, Trigger, TriggerSource};
use bedrock_build::uses::{ResourceKind, ResourceUse};
use bedrock_build::{App, Destination, FunctionSettings, Use};

use super::local_resources::{LOCAL_STAGE, LocalResources, used_resources};
use super::missing_use::MissingUse;
use super::required_right::RequiredRight;
use super::services::MADE_UP_SECRET_SUFFIX;
use super::statement::Statement;
use crate::ENDPOINT;
use crate::execution::{LogLine, LogSink};

/// Actions of an event source mapping, which has the rights of its function.
const MAPPING_ACTIONS: [&str; 3] = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
/// Actions on destinations of events.
const DESTINATION_ACTIONS: [&str; 5] =
    ["events:PutEvents", "s3:ListBucket", "s3:PutObject", "sns:Publish", "sqs:SendMessage"];

/// The rights of an app's functions.
pub(super) struct ResourceAccess {
    app: String,
    resources: LocalResources,
    /// By the names of functions, only of those whose settings say what they use.
    functions: HashMap<String, FunctionAccess>,
    /// The tables of the app by their names on this machine.
    tables: Vec<String>,
    /// The ARNs of existing queues and event buses, by the ARN that requests with their name have.
    existing: HashMap<String, String>,
    /// Only warn.
    is_relaxed: bool,
    log_sink: LogSink,
}

/// The rights of a function.
struct FunctionAccess {
    statements: Vec<Statement>,
    /// Where its `uses` are: `Cargo.toml:12`.
    location: String,
}

impl ResourceAccess {
    pub(super) fn new(app: &App, resources: &LocalResources, is_relaxed: bool, log_sink: LogSink) -> Self {
        let functions = functions(app).filter_map(|(name, path, settings)| {
            let origin = app.origins.get(&format!("{path}.uses"));
            let location = origin.map_or("Cargo.toml", |origin| &origin.location).to_owned();
            Some((name, FunctionAccess { statements: statements(resources, settings)?, location }))
        });
        Self {
            app: app.name.to_string(),
            functions: functions.collect(),
            tables: app.local_tables().into_keys().collect(),
            existing: existing_arns(app, resources),
            resources: resources.clone(),
            is_relaxed,
            log_sink,
        }
    }

    /// Returns whether the settings say what a function uses.
    pub(super) fn is_checked(&self, function: &str) -> bool {
        self.functions.contains_key(function)
    }

    /// Returns AWS's message if a function may not do this. Logs what to add to the settings.
    pub(super) fn check(&self, function: &str, right: &RequiredRight) -> Result<(), String> {
        let Some(access) = self.functions.get(function) else { return Ok(()) };
        let existing = right.resource.as_ref().map(|resource| self.existing.get(resource).unwrap_or(resource).clone());
        let right = RequiredRight { action: right.action.clone(), resource: existing };
        let names = right.resource.as_ref().map(|resource| vec![resource.clone(), self.name_on_aws(resource)]);
        let names = names.unwrap_or_default();
        let mut covering = access.statements.iter().filter(|each| each.covers(&right.action, &names));
        let is_allowed = covering.clone().any(|statement| statement.allows);
        let is_denied = covering.any(|statement| !statement.allows);
        if is_allowed && !is_denied {
            return Ok(());
        }
        self.log(function, access, &right, is_denied);
        if self.is_relaxed { Ok(()) } else { Err(self.message(function, &right, is_denied)) }
    }

    fn log(&self, function: &str, access: &FunctionAccess, right: &RequiredRight, is_denied: bool) {
        let severity = if self.is_relaxed { "warning" } else { "error" };
        let reason = if is_denied { "a `statement` in its `uses` denies it" } else { "its `uses` do not say so" };
        let location = &access.location;
        let help = if is_denied {
            format!("help: change the `statement` in `uses` of `{function}` at {location}")
        } else {
            let missing = MissingUse { app: &self.app, account: &self.resources.account, tables: &self.tables };
            let entry = missing.entry(right);
            if entry.contains(":ACCOUNT:") {
                format!(
                    "help: add `{entry}` to `uses` of `{function}` at {location}, with your AWS account for `ACCOUNT`"
                )
            } else {
                format!("help: add `{entry}` to `uses` of `{function}` at {location}")
            }
        };
        let action = &right.action;
        let resource = right.shown_resource();
        for text in [format!("{severity}: `{function}` may not `{action}` on `{resource}`: {reason}"), help] {
            (self.log_sink)(LogLine { worker: function.into(), request_id: None, text });
        }
    }

    /// Returns the ARN that a bucket of the app or an object has with the account and region in its name, as on AWS.
    fn name_on_aws(&self, resource: &str) -> String {
        let Some(path) = resource.strip_prefix("arn:aws:s3:::") else { return resource.to_owned() };
        let LocalResources { account, region, .. } = &self.resources;
        let (bucket, key) = path.split_at(path.find('/').unwrap_or(path.len()));
        format!("arn:aws:s3:::{bucket}-{account}-{region}{key}")
    }

    /// The session of a function's role has the function's name. Services write actions and ARNs in their own ways.
    fn message(&self, function: &str, right: &RequiredRight, is_denied: bool) -> String {
        let action = right.action.as_str();
        let resource = right.shown_resource();
        let account = &self.resources.account;
        let name = format!("{}-{LOCAL_STAGE}-{function}", self.app);
        let (action, resource) = match action.split(':').next() {
            Some("sqs") => (action.to_lowercase(), format!(" on resource: {resource}")),
            Some("sns") => (action.replacen("sns:", "SNS:", 1), format!(" on resource: {resource}")),
            Some("s3") if resource == "*" => (action.to_owned(), String::new()),
            Some("s3") => (action.to_owned(), format!(" on resource: \"{resource}\"")),
            // Secrets Manager repeats the name of a request that has no ARN.
            Some("secretsmanager") if resource.ends_with(MADE_UP_SECRET_SUFFIX) => {
                let name = resource.trim_end_matches(MADE_UP_SECRET_SUFFIX).splitn(7, ':').nth(6).unwrap_or_default();
                (action.to_owned(), format!(" on resource: {name}"))
            }
            _ => (action.to_owned(), format!(" on resource: {resource}")),
        };
        let reason = if is_denied {
            "with an explicit deny in an identity-based policy".to_owned()
        } else {
            format!("because no identity-based policy allows the {action} action")
        };
        format!(
            "User: arn:aws:sts::{account}:assumed-role/{name}/{name} is not authorized to perform: {action}{resource} {reason}"
        )
    }
}

/// Returns the functions of an app: their names, the paths of their tables in the settings, and their settings.
fn functions(app: &App) -> impl Iterator<Item = (String, String, &FunctionSettings)> {
    let workers = app
        .workers
        .iter()
        .map(|worker| (worker.name.to_string(), format!("workers.{}", worker.name), &worker.settings));
    workers.chain([(ENDPOINT.to_owned(), ENDPOINT.to_owned(), &app.settings.endpoint)])
}

/// Returns the ARNs of existing queues and event buses, by the ARN of this machine that requests with their name have.
fn existing_arns(app: &App, resources: &LocalResources) -> HashMap<String, String> {
    let of_triggers =
        app.workers.iter().flat_map(|worker| &worker.settings.triggers).filter_map(|trigger| match trigger {
            Trigger::Queue(queue) => Some((ResourceKind::Queue, queue.queue.clone())),
            Trigger::Bus(bus) => Some((ResourceKind::Bus, bus.bus.clone())),
            _ => None,
        });
    let sources = of_triggers.chain(used_resources(app).map(|used| (used.kind, used.local_source())));
    let with_local_arn = |(kind, source): (ResourceKind, TriggerSource)| match (kind, source) {
        (ResourceKind::Queue, TriggerSource::Existing(arn)) => {
            Some((resources.queue_arn_of_name(TriggerSource::Existing(arn.clone()).name()), arn))
        }
        (ResourceKind::Bus, TriggerSource::Existing(arn)) => {
            Some((resources.bus_arn(TriggerSource::Existing(arn.clone()).name()), arn))
        }
        _ => None,
    };
    sources.filter_map(with_local_arn).collect()
}

/// Returns the statements of a function. `None` if its settings do not say what it uses.
fn statements(resources: &LocalResources, settings: &FunctionSettings) -> Option<Vec<Statement>> {
    let mut statements = Vec::new();
    for each in settings.uses.as_ref()? {
        match each {
            Use::Resource(used) => statements.extend(statements_of(resources, used)),
            Use::Statement(text) => statements.extend(Statement::read(text)),
        }
    }
    for trigger in &settings.triggers {
        match trigger {
            Trigger::Bucket(bucket) if bucket.events.contains(&ObjectEvent::Created) => {
                let arn = format!("arn:aws:s3:::{}", resources.bucket_name(&bucket.bucket));
                statements.push(Statement::allow(
                    &["s3:GetObject"],
                    vec![format!("{arn}/{}*{}", bucket.prefix, bucket.suffix)],
                ));
            }
            Trigger::Queue(queue) => {
                statements.push(Statement::allow(&MAPPING_ACTIONS, vec![resources.queue_arn(&queue.queue)]));
            }
            _ => {}
        }
    }
    let destinations = [settings.on_failure.as_ref(), settings.on_success.as_ref()].into_iter().flatten();
    let arns = destinations.map(Destination::as_str).chain(settings.dead_letter.as_deref());
    for arn in arns.filter(|arn| arn.starts_with("arn:")) {
        let arn = arn.replace(STAGE_PLACEHOLDER, LOCAL_STAGE);
        // Records are objects of a bucket.
        statements.push(Statement::allow(&DESTINATION_ACTIONS, vec![format!("{arn}/*"), arn]));
    }
    Some(statements)
}

fn statements_of(resources: &LocalResources, used: &ResourceUse) -> Vec<Statement> {
    let source = used.local_source();
    let arn = match (used.kind, &source) {
        (ResourceKind::Queue, _) => resources.queue_arn(&source),
        (ResourceKind::Bucket, _) => format!("arn:aws:s3:::{}", resources.bucket_name(&source)),
        (ResourceKind::Topic, _) => resources.topic_arn(&source),
        (ResourceKind::Bus, TriggerSource::Existing(arn)) => arn.clone(),
        (ResourceKind::Bus, TriggerSource::Own(_)) => resources.bus_arn(&resources.bus_name(&source)),
        _ => match resources.arn_pattern(used) {
            Some(arn) => arn,
            None => return Vec::new(),
        },
    };
    let grants = used.access.grants.iter();
    grants
        .map(|grant| {
            Statement::allow(grant.actions, grant.suffixes.iter().map(|suffix| format!("{arn}{suffix}")).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::{Arc, Mutex};

    use super::*;

    struct TestAccess {
        access: ResourceAccess,
        lines: Arc<Mutex<Vec<String>>>,
    }

    impl TestAccess {
        /// `?` is a resource that the request does not say.
        fn check(&self, action: &str, resource: &str) -> Result<(), String> {
            let resource = (resource != "?").then(|| resource.to_owned());
            self.access.check("greeter", &RequiredRight { action: action.to_owned(), resource })
        }
    }

    /// Returns the rights of an app whose only worker has these settings.
    fn access(settings: &str, is_relaxed: bool) -> TestAccess {
        let dir = tempfile::tempdir().expect("a folder");
        let settings = format!("[package.metadata.bedrock.workers.greeter]\n{settings}");
        fs::write(dir.path().join("Cargo.toml"), format!("[package]\nname = \"shop\"\n{settings}\n")).expect("a file");
        fs::create_dir_all(dir.path().join("workers/greeter")).expect("a folder");
        fs::write(dir.path().join("workers/greeter/main.py"), "class Greeter: pass\n").expect("a file");
        let app = App::find(dir.path()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&lines);
        let sink = Arc::new(move |line: LogLine| log.lock().expect("lines").push(line.text));
        let resources = LocalResources::for_app("shop", "http://127.0.0.1:1");
        TestAccess { access: ResourceAccess::new(&app, &resources, is_relaxed, sink), lines }
    }

    const SQS: &str = "arn:aws:sqs:us-east-1:000000000000:";
    const USES: &str = "uses = [{ queue = 'jobs', access = 'send' }, { bucket = 'up', access = 'read' }, { topic = 'alerts' }, \
                        { bus = 'default' }, { statement = { Action = 'sqs:*', Resource = 'arn:aws:sqs:*:*:{stage}-?' } }]\n\
                        triggers = [{ queue = 'work' }, { bucket = 'in', prefix = 'a/' }]";

    #[test]
    fn functions_may_do_what_uses_and_triggers_say() {
        let test = access(USES, false);
        for (action, resource, is_allowed) in [
            ("sqs:SendMessage", &*format!("{SQS}shop-local-jobs"), true),
            ("sqs:ReceiveMessage", &format!("{SQS}shop-local-jobs"), false),
            ("sqs:SendMessage", &format!("{SQS}shop-local-other"), false),
            ("sqs:PurgeQueue", &format!("{SQS}local-x"), true),
            ("sqs:PurgeQueue", &format!("{SQS}local-xy"), false),
            ("sqs:ReceiveMessage", &format!("{SQS}shop-local-work"), true),
            ("s3:GetObject", "arn:aws:s3:::shop-local-up/any/key", true),
            ("s3:PutObject", "arn:aws:s3:::shop-local-up/any/key", false),
            ("s3:ListBucket", "arn:aws:s3:::shop-local-up", true),
            ("s3:GetObject", "arn:aws:s3:::shop-local-in/a/b", true),
            ("s3:GetObject", "arn:aws:s3:::shop-local-in/b", false),
            ("sns:Publish", "arn:aws:sns:us-east-1:000000000000:shop-local-alerts", true),
            ("sns:Publish", "arn:aws:sns:us-east-1:000000000000:shop-local-other", false),
            ("events:PutEvents", "arn:aws:events:us-east-1:000000000000:event-bus/default", true),
            ("events:PutEvents", "arn:aws:events:us-east-1:000000000000:event-bus/shop-local-x", false),
        ] {
            assert_eq!(test.check(action, resource).is_ok(), is_allowed, "{action} {resource}");
        }
        assert!(!test.access.is_checked("endpoint"));
        assert_eq!(test.access.check("endpoint", &RequiredRight::new("sqs:SendMessage", SQS)), Ok(()));
    }

    #[test]
    fn denial_has_the_text_of_aws_and_the_line_to_add() {
        let test = access("uses = []", false);
        let check = |action: &str, resource: &str| {
            let message = test.check(action, resource).expect_err("denied");
            (message, std::mem::take(&mut *test.lines.lock().expect("lines")))
        };
        let (message, lines) = check("sqs:SendMessage", &format!("{SQS}shop-local-jobs"));
        assert_eq!(
            message,
            "User: arn:aws:sts::000000000000:assumed-role/shop-local-greeter/shop-local-greeter is not authorized to perform: \
             sqs:sendmessage on resource: arn:aws:sqs:us-east-1:000000000000:shop-local-jobs because no identity-based policy \
             allows the sqs:sendmessage action"
        );
        assert_eq!(
            lines,
            [
                "error: `greeter` may not `sqs:SendMessage` on `arn:aws:sqs:us-east-1:000000000000:shop-local-jobs`: its \
                 `uses` do not say so",
                "help: add `{ queue = \"jobs\", access = \"send\" }` to `uses` of `greeter` at Cargo.toml:4"
            ]
        );
    }

    #[test]
    fn line_to_add_allows_what_was_denied() {
        for (action, resource, entry) in [
            (
                "sqs:ReceiveMessage",
                "arn:aws:sqs:us-east-1:000000000000:shop-local-q",
                "{ queue = \"q\", access = \"receive\" }",
            ),
            (
                "sqs:PurgeQueue",
                "arn:aws:sqs:us-east-1:000000000000:shop-local-jobs",
                "{ statement = { Action = [\"sqs:PurgeQueue\"], Resource = [\"arn:aws:sqs:*:*:shop-{stage}-jobs\"] } }",
            ),
            (
                "s3:DeleteBucket",
                "arn:aws:s3:::shop-local-up",
                "{ statement = { Action = [\"s3:DeleteBucket\"], Resource = [\"arn:aws:s3:::shop-{stage}-up*\"] } }",
            ),
            ("s3:ListAllMyBuckets", "*", "{ statement = { Action = [\"s3:ListAllMyBuckets\"], Resource = [\"*\"] } }"),
            ("s3:PutObject", "arn:aws:s3:::shop-local-up/a/b", "{ bucket = \"up\", access = \"write\" }"),
            ("s3:GetObject", "arn:aws:s3:::theirs/a", "{ bucket = \"arn:aws:s3:::theirs\", access = \"read\" }"),
            (
                "events:PutEvents",
                "arn:aws:events:us-east-1:000000000000:event-bus/default",
                "{ bus = \"default\", access = \"put\" }",
            ),
            (
                "dynamodb:PutItem",
                "arn:aws:dynamodb:us-east-1:000000000000:table/shop-local-orders",
                "{ table = \"orders\", access = \"write\", key = \"id\" }",
            ),
            (
                "dynamodb:Query",
                "arn:aws:dynamodb:us-east-1:123456789012:table/theirs/index/by_day",
                "{ table = \"arn:aws:dynamodb:us-east-1:123456789012:table/theirs\", access = \"read\" }",
            ),
            (
                "dynamodb:DeleteTable",
                "arn:aws:dynamodb:us-east-1:000000000000:table/shop-local-orders",
                "{ statement = { Action = [\"dynamodb:DeleteTable\"], Resource = [\"arn:aws:dynamodb:*:*:table/shop-{stage}-orders\"] } }",
            ),
            (
                "kinesis:PutRecord",
                "arn:aws:kinesis:us-east-1:000000000000:stream/shop-local-clicks",
                "{ stream = \"clicks\", access = \"put\" }",
            ),
            (
                "secretsmanager:GetSecretValue",
                "arn:aws:secretsmanager:us-east-1:000000000000:secret:local/stripe-LOCAL0",
                "{ secret = \"{stage}/stripe\", access = \"read\" }",
            ),
            (
                "secretsmanager:PutSecretValue",
                "arn:aws:secretsmanager:us-east-1:000000000000:secret:stripe-LOCAL0",
                "{ statement = { Action = [\"secretsmanager:PutSecretValue\"], Resource = [\"arn:aws:secretsmanager:*:*:secret:stripe-??????\"] } }",
            ),
            (
                "ssm:GetParametersByPath",
                "arn:aws:ssm:us-east-1:000000000000:parameter/my_app/flags",
                "{ parameter = \"/my_app/flags\", access = \"read\" }",
            ),
            (
                "kms:Sign",
                "arn:aws:kms:us-east-1:123456789012:key/1",
                "{ key = \"arn:aws:kms:us-east-1:123456789012:key/1\", access = \"sign\" }",
            ),
            ("kms:Decrypt", "?", "{ statement = { Action = [\"kms:Decrypt\"], Resource = [\"*\"] } }"),
            ("route53:*", "?", "{ statement = { Action = [\"route53:*\"], Resource = [\"*\"] } }"),
            (
                "sns:Publish",
                "arn:aws:sns:us-east-1:123456789012:x",
                "{ topic = \"arn:aws:sns:us-east-1:123456789012:x\", access = \"publish\" }",
            ),
        ] {
            let test = access("uses = []", false);
            assert!(test.check(action, resource).is_err(), "{action}");
            let lines = test.lines.lock().expect("lines").clone();
            assert_eq!(lines[1], format!("help: add `{entry}` to `uses` of `greeter` at Cargo.toml:4"));
            let test = access(&format!("uses = [{entry}]"), false);
            assert_eq!(test.check(action, resource), Ok(()), "{entry}");
        }
    }

    #[test]
    fn line_to_add_has_no_account_of_this_machine() {
        let test = access("uses = []", false);
        for resource in
            ["arn:aws:events:us-east-1:000000000000:event-bus/orders", "arn:aws:sqs:us-east-1:000000000000:theirs"]
        {
            let action = if resource.contains("sqs") { "sqs:SendMessage" } else { "events:PutEvents" };
            assert!(test.check(action, resource).is_err());
            let lines = std::mem::take(&mut *test.lines.lock().expect("lines"));
            assert!(lines[1].contains(&resource.replace("000000000000", "ACCOUNT")), "{lines:?}");
            assert!(lines[1].ends_with(", with your AWS account for `ACCOUNT`"), "{lines:?}");
        }
    }

    #[test]
    fn unknown_resource_is_allowed_if_one_is() {
        let settings = "uses = [{ key = 'alias', access = 'decrypt' }, { statement = { Action = 'ses:Send*', Resource = '*' } }, \
                        { statement = { Effect = 'Deny', Action = 'kms:*', Resource = 'arn:aws:kms:*:*:key/x' } }, \
                        { statement = { Effect = 'Deny', Action = 'logs:*', Resource = '*' } }, \
                        { statement = { Action = 'logs:*', Resource = '*' } }]";
        let test = access(settings, false);
        for (action, is_allowed) in [
            ("kms:Decrypt", true),
            ("kms:Encrypt", false),
            ("ses:SendEmail", true),
            ("ses:*", true),
            ("scheduler:*", false),
            ("logs:PutLogEvents", false),
        ] {
            assert_eq!(test.check(action, "?").is_ok(), is_allowed, "{action}");
        }
    }

    #[test]
    fn secret_without_its_arn_is_named_as_in_the_request() {
        let test = access("uses = []", false);
        let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:stripe-LOCAL0";
        let message = test.check("secretsmanager:GetSecretValue", arn).expect_err("denied");
        assert!(message.contains("GetSecretValue on resource: stripe because"), "{message}");
    }

    #[test]
    fn existing_resources_have_the_arns_of_the_settings() {
        let arn = |service: &str, name: &str| format!("arn:aws:{service}:eu-west-1:123456789012:{name}");
        let settings = format!(
            "uses = [{{ queue = '{}', access = 'send' }}, {{ bus = '{}' }}]\ntriggers = [{{ queue = '{}' }}]\n\
             on-failure = 'arn:aws:s3:::{{stage}}-failed'",
            arn("sqs", "theirs"),
            arn("events", "event-bus/theirs"),
            arn("sqs", "work")
        );
        let test = access(&settings, false);
        for (action, resource, is_allowed) in [
            ("sqs:SendMessage", &*format!("{SQS}theirs"), true),
            ("sqs:ReceiveMessage", &format!("{SQS}work"), true),
            ("sqs:SendMessage", &format!("{SQS}work"), false),
            ("events:PutEvents", "arn:aws:events:us-east-1:000000000000:event-bus/theirs", true),
            ("events:PutEvents", &arn("events", "event-bus/theirs"), true),
            ("s3:PutObject", "arn:aws:s3:::local-failed/key", true),
            ("s3:GetObject", "arn:aws:s3:::local-failed/key", false),
        ] {
            assert_eq!(test.check(action, resource).is_ok(), is_allowed, "{action} {resource}");
        }
        assert!(test.lines.lock().expect("lines")[1].contains(&format!("queue = \"{}\"", arn("sqs", "work"))));
    }

    #[test]
    fn statements_of_other_regions_and_conditions_allow() {
        let settings = "uses = [\
            { statement = { Action = '*', Resource = 'arn:aws-cn:sqs:cn-north-1:123456789012:shop-{stage}-jobs' } }, \
            { statement = { Action = 's3:*', Resource = 'arn:aws:s3:::shop-{stage}-up-*' } }, \
            { statement = { Effect = 'Deny', Action = '*', Resource = '*', Condition = { Bool = { 'aws:SecureTransport' = 'false' } } } }]";
        let test = access(settings, false);
        for (action, resource, is_allowed) in [
            ("sqs:PurgeQueue", &*format!("{SQS}shop-local-jobs"), true),
            ("sqs:PurgeQueue", &format!("{SQS}shop-local-other"), false),
            ("s3:DeleteObject", "arn:aws:s3:::shop-local-up/a/b", true),
            ("s3:DeleteObject", "arn:aws:s3:::shop-local-other/a/b", false),
        ] {
            assert_eq!(test.check(action, resource).is_ok(), is_allowed, "{action} {resource}");
        }
    }

    #[test]
    fn case_counts_in_resources_but_not_in_actions() {
        let settings = "uses = [{ statement = { Action = 'S3:getobject', Resource = 'arn:aws:s3:::b/Key/*' } }, \
                        { statement = { NotAction = 'S3:*', Resource = 'arn:aws:sqs:*:*:Jobs' } }]";
        let test = access(settings, false);
        for (action, resource, is_allowed) in [
            ("s3:GetObject", "arn:aws:s3:::b/Key/a", true),
            ("s3:GetObject", "arn:aws:s3:::b/key/a", false),
            ("sqs:SendMessage", &*format!("{SQS}Jobs"), true),
            ("sqs:SendMessage", &format!("{SQS}jobs"), false),
        ] {
            assert_eq!(test.check(action, resource).is_ok(), is_allowed, "{action} {resource}");
        }
    }

    #[test]
    fn relaxed_access_only_warns() {
        let test = access("uses = []", true);
        assert_eq!(test.check("sqs:SendMessage", SQS), Ok(()));
        assert!(test.lines.lock().expect("lines")[0].starts_with("warning: `greeter` may not"));
    }

    #[test]
    fn statements_may_deny_and_exclude() {
        let settings = "uses = [{ queue = 'jobs', access = 'send' }, \
                        { statement = { Effect = 'Deny', Action = ['sqs:SendMessage'], NotResource = ['*other'] } }]";
        let test = access(settings, false);
        let message = test.check("sqs:SendMessage", &format!("{SQS}shop-local-jobs"));
        assert!(message.expect_err("denied").ends_with("with an explicit deny in an identity-based policy"));
    }
}
