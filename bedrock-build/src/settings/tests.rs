//! Tables of valid and invalid settings.

use super::{Destination, Settings};
use crate::manifest::{Manifest, Table};
use crate::name::WorkerName;
use crate::problem::Problem;

pub(super) fn read(text: &str) -> Result<Settings, Vec<Problem>> {
    let manifest = Manifest::of(text.to_owned(), "Cargo.toml");
    let document = manifest.parse().expect("TOML");
    Settings::read(Table { table: document.get_ref(), manifest: &manifest }).map(|(settings, _)| settings)
}

/// Returns message and help lines of the only problem.
pub(super) fn error_of(text: &str) -> String {
    match read(text) {
        Err(problems) if problems.len() == 1 => format!("{}\n{}", problems[0].message, problems[0].help.join("\n")),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn function_without_table_has_defaults() {
    let settings = read("").expect("settings");
    assert_eq!((settings.endpoint.timeout, settings.endpoint.memory), (30, 256));
    assert_eq!(settings.endpoint.invokes, None);
    assert!(settings.workers.is_empty());
}

#[test]
fn invokes_is_read_for_endpoint_and_workers() {
    let settings =
        read("endpoint.invokes = ['a', 'b']\nworkers.a.invokes = ['b']\nworkers.b.memory = 512").expect("ok");
    assert_eq!(settings.endpoint.invokes.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
    assert_eq!(settings.workers["a"].invokes.as_deref(), Some(&["b".to_owned()][..]));
    assert_eq!(settings.workers["b"].invokes, None);
}

#[test]
fn invokes_distinguishes_empty_list_from_none() {
    assert_eq!(read("workers.a.invokes = []").expect("ok").workers["a"].invokes, Some(Vec::new()));
}

#[test]
fn invokes_error_has_line_and_value() {
    for (value, found) in [("'a'", "'a'"), ("[1]", "[1]"), ("['a', true]", "['a', true]"), ("{ a = 1 }", "{ a = 1 }")] {
        assert_eq!(
            error_of(&format!("\nendpoint.invokes = {value}")),
            format!("Cargo.toml:2: `endpoint.invokes` must be a list of worker names, found `{found}`\n")
        );
    }
}

#[test]
fn unknown_setting_error_lists_known_settings() {
    assert_eq!(
        error_of("[endpoint]\ninvoke = ['a']"),
        "Cargo.toml:2: unknown setting `invoke` in `[package.metadata.bedrock.endpoint]`\n\
         a setting with a similar name exists: `invokes`\n\
         the known settings are `alarms`, `allow`, `architecture`, `auth`, `code-signing`, `concurrency`, `cors`, \
         `description`, `env`, `ephemeral-storage`, `file-system`, `http-api`, `invokes`, `kms-key`, `lambda`, `layers`, \
         `log-format`, `log-group`, `log-level`, `log-retention`, `memory`, `provisioned-concurrency`, \
         `redact`, `runtime`, `runtime-management`, `stream`, `system-log-level`, `tags`, `timeout`, `tracing`, \
         `url`, `uses`, `vpc`"
    );
    assert_eq!(
        error_of("[workers.a]\nschedule = 'x'"),
        "Cargo.toml:2: unknown setting `schedule` in `[package.metadata.bedrock.workers.a]`\n\
         the known settings are `alarms`, `allow`, `architecture`, `bundle`, `code-signing`, `concurrency`, \
         `dead-letter`, `description`, `durable`, `env`, `ephemeral-storage`, `event-age`, `file-system`, `invokes`, \
         `isolation`, `kms-key`, `lambda`, `layers`, `log-format`, `log-group`, `log-level`, `log-retention`, `memory`, \
         `on-failure`, `on-success`, `provisioned-concurrency`, `recursion`, `redact`, `retries`, `runtime`, \
         `runtime-management`, `snap-start`, `system-log-level`, `tags`, `timeout`, `tracing`, `triggers`, \
         `uses`, `vpc`"
    );
}

#[test]
fn stream_is_a_setting_of_an_endpoint_with_url() {
    assert!(!read("endpoint.memory = 512").expect("settings").endpoint.stream);
    let settings = read("endpoint.stream = true\nstages.prod.endpoint.stream = false").expect("settings");
    assert!(settings.endpoint.stream && !settings.endpoint_in("prod").stream);
    let variable = Some(("BEDROCK_INVOKE_MODE".to_owned(), "RESPONSE_STREAM".to_owned()));
    assert_eq!(settings.endpoint.invoke_mode_variable(), variable);
    assert_eq!(settings.endpoint_in("prod").invoke_mode_variable(), None);
    assert_eq!(
        error_of("\nendpoint.stream = 'sse'"),
        "Cargo.toml:2: `endpoint.stream` must be `true` or `false`, found `'sse'`\n"
    );
    assert_eq!(
        error_of("[endpoint]\nurl = false\nstream = true"),
        "Cargo.toml:3: `endpoint.stream` cannot be set with `url = false`: there is no URL that could stream\n"
    );
    assert_eq!(
        error_of("\nworkers.a.stream = true"),
        "Cargo.toml:2: `workers.a.stream` cannot be set for a worker: only the endpoint has a URL, and only the \
         responses of a URL are streamed\n"
    );
}

#[test]
fn number_out_of_range_error_has_both_limits() {
    assert_eq!(
        error_of("workers.a.isolation = 'vm'"),
        "Cargo.toml:1: `workers.a.isolation` must be `\"thread\"` or `\"process\"`, found `'vm'`\n"
    );
    assert_eq!(
        error_of("workers.a.bundle = 'yes'"),
        "Cargo.toml:1: `workers.a.bundle` must be `true` or `false`, found `'yes'`\n"
    );
    assert_eq!(
        error_of("workers.a.timeout = 1801"),
        "Cargo.toml:1: `workers.a.timeout` must be a whole number of seconds from 1 to 1800, found `1801`\n"
    );
    assert_eq!(
        error_of("endpoint.memory = 64"),
        "Cargo.toml:1: `endpoint.memory` must be a whole number of megabytes from 128 to 10240, found `64`\n"
    );
}

#[test]
fn all_problems_are_reported_at_once() {
    let problems = read("workers-dir = '../up'\nendpoint.timeout = 0\nworkers.a.invokes = 1").expect_err("three");
    assert_eq!(problems.len(), 3);
}

#[test]
fn env_accepts_strings_and_secrets_but_not_reserved_names() {
    let settings = read("endpoint.env = { MODE = 'fast', TOKEN = { ssm = '/a' }, KEY = { secretsmanager = 'b' } }");
    let endpoint = settings.expect("ok").endpoint;
    assert_eq!(endpoint.environment.into_iter().collect::<Vec<_>>(), [("MODE".to_owned(), "fast".to_owned())]);
    assert_eq!(endpoint.secrets["TOKEN"], super::Secret::Ssm("/a".to_owned()));
    assert_eq!(endpoint.secrets["KEY"], super::Secret::SecretsManager("b".to_owned()));
    assert_eq!(
        error_of("endpoint.env = { AWS_REGION = 'x' }"),
        "Cargo.toml:1: `endpoint.env.AWS_REGION` cannot be set: Lambda sets it itself\n"
    );
    assert_eq!(
        error_of("endpoint.env = { 'MY-MODE' = 'x' }"),
        "Cargo.toml:1: `endpoint.env.MY-MODE` cannot be set: a variable name is two or more letters, digits and \
         `_`, starting with a letter\n"
    );
    assert_eq!(
        error_of("endpoint.env = { MODE = 1 }"),
        "Cargo.toml:1: `endpoint.env.MODE` must be a string, `{ ssm = \"/a/name\" }` or \
         `{ secretsmanager = \"a/name\" }`, found `1`\n"
    );
}

#[test]
fn destinations_and_dead_letters_are_validated() {
    let settings = read(
        "workers.a.on-success = 'b'\nworkers.a.on-failure = 'arn:aws:sqs:us-east-1:123456789012:failed'\n\
         workers.a.dead-letter = 'arn:aws:sns:us-east-1:123456789012:lost'",
    );
    let worker = settings.expect("ok").workers["a"].clone();
    assert_eq!(worker.on_success, Some(Destination::Worker(WorkerName::parse("b").expect("name"))));
    assert_eq!(worker.on_failure, Some(Destination::Arn("arn:aws:sqs:us-east-1:123456789012:failed".to_owned())));
    assert_eq!(worker.dead_letter.as_deref(), Some("arn:aws:sns:us-east-1:123456789012:lost"));
    assert_eq!(
        error_of("workers.a.on-success = 'No Name'"),
        "Cargo.toml:1: `workers.a.on-success` must be the ARN of a queue, a topic, an event bus or a function, or the name \
         of a worker of this app, found `'No Name'`\n"
    );
    for wrong in ["arn:aws:lambda:us-east-1:123456789012:function:x", "arn:aws:sqs:::lost", "lost"] {
        assert_eq!(
            error_of(&format!("workers.a.dead-letter = '{wrong}'")),
            format!("Cargo.toml:1: `workers.a.dead-letter` must be the ARN of a queue or a topic, found `'{wrong}'`\n")
        );
    }
}

#[test]
fn redact_accepts_names_and_paths() {
    let settings = read("endpoint.redact = ['token']\nworkers.a.redact = ['user.password']").expect("ok");
    assert_eq!(
        (settings.endpoint.redact, &settings.workers["a"].redact[..]),
        (vec!["token".to_owned()], &["user.password".to_owned()][..])
    );
    for wrong in ["['']", "['a..b']", "'token'", "[1]"] {
        assert_eq!(
            error_of(&format!("workers.a.redact = {wrong}")),
            format!(
                "Cargo.toml:1: `workers.a.redact` must be a list of field names, or of paths like `user.password`, found `{wrong}`\n"
            )
        );
    }
}

#[test]
fn durable_has_a_timeout_and_a_retention_period() {
    let durable = |text: &str| read(&format!("workers.a.durable = {text}")).expect("ok").workers["a"].durable;
    let found = durable("{ timeout = '30d', retention = '7d' }").expect("durable");
    assert_eq!((found.timeout, found.retention), (2_592_000, 7));
    let found = durable("{ timeout = '15m' }").expect("durable");
    assert_eq!((found.timeout, found.retention), (900, 14));
    assert_eq!(read("workers.a.memory = 512").expect("ok").workers["a"].durable, None);
    let staged = "workers.a.durable = { timeout = '30d' }\nstages.dev.workers.a.durable = { timeout = '1h' }";
    let settings = read(staged).expect("ok");
    assert_eq!(settings.stages["dev"].workers["a"].durable.expect("durable").timeout, 3600);
}

#[test]
fn durable_errors_have_the_valid_range() {
    for (value, path, expected) in [
        ("true", "", "a table, for example `{ timeout = \"30d\", retention = \"14d\" }`, found `true`"),
        ("{}", "", "a table with a `timeout`, for example `{ timeout = \"30d\" }`, found `{}`"),
        ("{ timeout = '367d' }", ".timeout", "a duration from `\"1s\"` to `\"366d\"`, found `'367d'`"),
        ("{ timeout = 30 }", ".timeout", "a duration from `\"1s\"` to `\"366d\"`, found `30`"),
        ("{ timeout = '1d', retention = '36h' }", ".retention", "whole days from `\"1d\"` to `\"90d\"`, found `'36h'`"),
        ("{ timeout = '1d', retention = '91d' }", ".retention", "whole days from `\"1d\"` to `\"90d\"`, found `'91d'`"),
    ] {
        let message = error_of(&format!("workers.a.durable = {value}"));
        assert_eq!(message, format!("Cargo.toml:1: `workers.a.durable{path}` must be {expected}\n"), "{value}");
    }
    assert_eq!(
        error_of("stages.dev.workers.a.durable = { timeout = '1d' }"),
        "Cargo.toml:1: `stages.dev.workers.a.durable` cannot make the worker durable in one stage only: its code is the \
         same in all stages\n"
    );
    assert!(error_of("workers.a.durable = { timeout = '1d', retain = '1d' }").contains("unknown setting `retain`"));
    assert!(error_of("endpoint.durable = { timeout = '1d' }").contains("unknown setting `durable`"));
}

#[test]
fn buckets_take_records_of_failures_only() {
    let settings = read("workers.a.on-failure = 'arn:aws:s3:::failed'").expect("ok");
    assert_eq!(settings.workers["a"].on_failure, Some(Destination::Arn("arn:aws:s3:::failed".to_owned())));
    let error = error_of("workers.a.on-success = 'arn:aws:s3:::done'");
    assert!(error.starts_with("Cargo.toml:1: `workers.a.on-success` must be the ARN of a queue, a topic"), "{error}");
}

#[test]
fn events_cannot_go_to_fifo_queues_or_topics() {
    for (key, arn) in [
        ("on-failure", "arn:aws:sqs:eu-west-1:123456789012:a.fifo"),
        ("on-success", "arn:aws:sns:eu-west-1:123456789012:a.fifo"),
        ("dead-letter", "arn:aws:sqs:eu-west-1:123456789012:a.fifo"),
    ] {
        let error = error_of(&format!("workers.a.{key} = '{arn}'"));
        let start =
            format!("Cargo.toml:1: `workers.a.{key}` cannot be a FIFO queue or topic: Lambda sends events only to");
        assert!(error.starts_with(&start), "{error}");
    }
}
