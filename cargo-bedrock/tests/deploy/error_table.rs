//! Every request of `deploy` and `destroy`, refused by AWS: each message names the action and the resource, repeats the words of AWS,
//! and says what to do. Messages with the reasons that only some requests have are tested in `messages`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;
use testbed::{AwsAction, Refusal};

use crate::emulated_aws::EmulatedAws;
use crate::least_privilege::{app_with_everything, change_everything};
use crate::proxy::{Proxy, ProxyAction, Request};
use crate::test_app::{CommandOutput, TestApp};

const ACCOUNT: &str = "123456789012";
/// What AWS says in each refusal.
const WORDS: &str = "these are the words of the service";
/// More runs than there are requests.
const MAX_RUNS: usize = 200;
/// Actions whose refusal changes nothing that a user would see: policies are found with their roles too, and the URL at the end of a
/// deploy is only shown.
const SILENT: [&str; 2] = ["iam:ListPolicies", "apigateway:GET"];
/// It is not refused: the emulator ignores the tags with which a stream is created, and a stream without tags is not ours.
const TAGS_OF_NEW_STREAMS: &str = "kinesis:AddTagsToStream";
/// Throttled deploys at the same time. Each waits most of its time.
const CONCURRENT_DEPLOYS: usize = 12;

/// How AWS refuses a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Denied,
    Throttled,
    Unknown,
}

impl Reason {
    /// Returns the error as the service of the action writes it.
    fn refusal(self, action: &str) -> Refusal {
        let service = action.split(':').next().unwrap_or_default();
        let (status, code) = match (self, service) {
            (Self::Denied, "s3" | "iam" | "sts") => (403, "AccessDenied"),
            (Self::Denied, "sns") => (403, "AuthorizationError"),
            (Self::Denied, _) => (400, "AccessDeniedException"),
            (Self::Throttled, "lambda" | "apigateway") => (429, "TooManyRequestsException"),
            (Self::Throttled, "s3") => (503, "SlowDown"),
            (Self::Throttled, "iam" | "sts" | "cloudwatch" | "sns") => (400, "Throttling"),
            (Self::Throttled, _) => (400, "ThrottlingException"),
            (Self::Unknown, _) => (400, "SomethingNewException"),
        };
        Refusal { status, code, message: WORDS.to_owned() }
    }

    /// Returns a part of a help line.
    fn help(self, action: &str) -> String {
        match self {
            Self::Denied => format!("allow `{action}`"),
            Self::Throttled => "AWS limits the rate of requests of the account".to_owned(),
            Self::Unknown => format!("the API reference of `{action}`"),
        }
    }
}

fn action_of(request: &Request) -> String {
    AwsAction::of_request(request.bytes(), ACCOUNT).action
}

/// Runs a command whose requests are refused if `is_refused` says so. Returns its output, and the actions that were refused and
/// those that were not.
fn run(
    aws: &EmulatedAws,
    app: &TestApp,
    args: &[&str],
    reason: Reason,
    is_refused: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> (CommandOutput, BTreeSet<String>, BTreeSet<String>) {
    let refused = Arc::new(Mutex::new(BTreeSet::new()));
    let sent = Arc::new(Mutex::new(BTreeSet::new()));
    let logs = (Arc::clone(&refused), Arc::clone(&sent));
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        let action = action_of(request);
        if is_refused(&action) {
            let refusal = reason.refusal(&action);
            logs.0.lock().expect("lock").insert(action);
            return ProxyAction::Refuse(refusal);
        }
        logs.1.lock().expect("lock").insert(action);
        ProxyAction::Forward
    });
    let mut environment = aws.environment();
    environment.push(("AWS_ENDPOINT_URL".to_owned(), proxy.endpoint.clone()));
    let output = app.command(args, &environment).output().expect("the command starts").into();
    let sets = [refused, sent].map(|set| set.lock().expect("lock").clone());
    let [refused, sent] = sets;
    (output, refused, sent)
}

/// Checks each error of AWS in the messages of a command. Returns the actions that they name.
fn check_messages(stderr: &str, reason: Reason) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let text = format!("\n{stderr}");
    for block in text.split("\nerror: ").skip(1) {
        let (message, rest) = block.split_once('\n').unwrap_or((block, ""));
        let is_cause = |line: &&str| line.starts_with("  caused by: ");
        let causes: Vec<&str> = rest.lines().take_while(|line| is_cause(line) || line.starts_with("help: ")).collect();
        let Some(cause) = causes.iter().filter(|line| is_cause(line)).find_map(|line| refused_action(line)) else {
            continue;
        };
        let (action, words) = cause;
        let code = reason.refusal(&action).code;
        // A response to HEAD has no body.
        let is_head = action == "s3:ListBucket";
        assert!(is_head || (words.contains(code) && words.contains(WORDS)), "{action}: {block}");
        // The identity of the caller has no name yet.
        let is_named = message.contains('`') || action == "sts:GetCallerIdentity";
        assert!(is_named, "no resource for {action}: {block}");
        let help = reason.help(&action);
        assert!(causes.iter().any(|line| line.starts_with("help: ") && line.contains(&help)), "no `{help}`: {block}");
        named.insert(action);
    }
    // A deploy goes on without its lock, and without a record.
    for line in stderr.lines().filter(|line| line.starts_with("warning: ") && line.contains(WORDS)) {
        let actions = line.split(' ').map(|word| word.trim_end_matches(':')).filter(|word| is_action(word));
        for action in actions.map(str::to_owned) {
            let help = reason.help(&action);
            assert!(line.contains('`') && line.contains(&help), "no `{help}`: {line}");
            named.insert(action);
        }
    }
    named
}

/// Returns the action in a cause, and what follows it.
fn refused_action(line: &str) -> Option<(String, String)> {
    let (action, words) = line.trim_start_matches("  caused by: ").split_once(": ")?;
    is_action(action).then(|| (action.to_owned(), words.to_owned()))
}

fn is_action(word: &str) -> bool {
    word.split_once(':').is_some_and(|(service, operation)| {
        let is_service =
            !service.is_empty() && service.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
        is_service && operation.starts_with(|first: char| first.is_ascii_uppercase()) && !operation.contains(':')
    })
}

/// Runs a command until it succeeds. All requests are refused whose messages were not seen yet.
fn refuse_everything_once(
    aws: &EmulatedAws,
    app: &TestApp,
    args: &[&str],
    reason: Reason,
    seen: &mut BTreeSet<String>,
) {
    for _ in 0..MAX_RUNS {
        let known = seen.clone();
        let (output, refused, _) =
            run(aws, app, args, reason, move |action| action != TAGS_OF_NEW_STREAMS && !known.contains(action));
        let named = check_messages(&output.stderr, reason);
        assert!(named.is_subset(&refused), "{named:?} {refused:?}");
        let is_done = output.code == Some(0);
        if is_done {
            let silent: BTreeSet<&String> = refused.difference(&named).collect();
            assert!(silent.iter().all(|action| SILENT.contains(&action.as_str())), "{silent:?}: {output:?}");
        } else {
            assert!(!named.is_empty(), "{refused:?}: {output:?}");
        }
        seen.extend(named);
        if is_done {
            return;
        }
    }
    panic!("{args:?} does not succeed: {seen:?}");
}

/// An account with what the app of the test expects.
fn start() -> Option<EmulatedAws> {
    let aws = EmulatedAws::start(false)?;
    aws.call("ssm", "put_parameter", &json!({ "Name": "/shop/token", "Value": "x", "Type": "SecureString" }));
    aws.call("secretsmanager", "create_secret", &json!({ "Name": "key", "SecretString": "y" }));
    aws.call("s3", "create_bucket", &json!({ "Bucket": "theirs" }));
    aws.call("sqs", "create_queue", &json!({ "QueueName": "theirs" }));
    Some(aws)
}

fn refuse_every_request(reason: Reason, expected: &[&str]) {
    let Some(aws) = start() else { return };
    let mut app = app_with_everything(&["counter"]);
    let mut seen = BTreeSet::new();
    let deploy = ["deploy", "--stage", "dev", "--yes", "--refresh"];
    refuse_everything_once(&aws, &app, &deploy, reason, &mut seen);
    change_everything(&aws, &mut app);
    refuse_everything_once(&aws, &app, &deploy, reason, &mut seen);
    refuse_everything_once(&aws, &app, &["destroy", "--stage", "dev", "--yes"], reason, &mut seen);
    let missing: Vec<_> = expected.iter().filter(|action| !seen.contains(**action)).collect();
    assert!(missing.is_empty() && seen.len() > 70, "{missing:?} {} {seen:?}", seen.len());
}

/// Some actions of each phase.
const EXPECTED: [&str; 12] = [
    "cloudwatch:PutMetricAlarm",
    "dynamodb:CreateTable",
    "events:PutRule",
    "iam:CreateRole",
    "iam:DeleteRole",
    "lambda:GetAlias",
    "lambda:ListFunctions",
    "lambda:UpdateFunctionCode",
    "logs:DeleteLogGroup",
    "s3:PutBucketNotification",
    "sns:Subscribe",
    "sqs:DeleteQueue",
];

#[test]
fn denied_requests_name_the_missing_permission() {
    refuse_every_request(Reason::Denied, &EXPECTED);
}

#[test]
fn unknown_errors_say_what_to_do() {
    refuse_every_request(Reason::Unknown, &EXPECTED);
}

/// Each request is repeated for about 20 seconds, so CI throttles one action of each service, and nightly runs all.
#[test]
fn throttled_requests_say_what_to_do() {
    let Some(aws) = start() else { return };
    let app = app_with_everything(&["counter"]);
    let (first, _, sent) = run(&aws, &app, &["deploy", "--stage", "all", "--yes"], Reason::Throttled, |_| false);
    first.success();
    let is_nightly = std::env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "nightly");
    let mut services = BTreeSet::new();
    let is_chosen = |action: &String| {
        let is_first = services.insert(action.split(':').next().unwrap_or_default().to_owned());
        (is_first || is_nightly) && action != TAGS_OF_NEW_STREAMS && !SILENT.contains(&action.as_str())
    };
    let chosen: Vec<String> = sent.into_iter().filter(is_chosen).collect();
    assert!(chosen.len() > 10, "{chosen:?}");
    for (chunk_number, chunk) in chosen.chunks(CONCURRENT_DEPLOYS).enumerate() {
        thread::scope(|scope| {
            for (number, action) in chunk.iter().enumerate() {
                let (aws, app) = (&aws, &app);
                scope.spawn(move || {
                    let stage = format!("t{chunk_number}-{number}");
                    let throttled = action.clone();
                    let args = ["deploy", "--stage", stage.as_str(), "--yes"];
                    let (output, refused, _) =
                        run(aws, app, &args, Reason::Throttled, move |action| action == throttled);
                    assert!(refused.contains(action) && output.code != Some(0), "{action}: {output:?}");
                    let named = check_messages(&output.stderr, Reason::Throttled);
                    assert!(named.contains(action), "{action}: {output:?}");
                });
            }
        });
    }
}
