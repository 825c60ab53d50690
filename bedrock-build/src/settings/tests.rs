//! Tables of settings that are taken and refused.

use super::{Destination, Settings};
use crate::manifest::{File, Table};
use crate::{Problem, WorkerName};

fn read(text: &str) -> Result<Settings, Vec<Problem>> {
    let file = File { text: text.to_owned(), shown: "Cargo.toml".to_owned() };
    let document = file.parse().expect("TOML");
    Settings::read(Table { table: document.get_ref(), file: &file })
}

/// Message and help lines of the one problem.
fn refusal(text: &str) -> String {
    match read(text) {
        Err(problems) if problems.len() == 1 => format!("{}\n{}", problems[0].message, problems[0].help.join("\n")),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_function_without_a_table_has_the_defaults_and_says_nothing_of_calls() {
    let settings = read("").expect("settings");
    assert_eq!((settings.endpoint.timeout, settings.endpoint.memory), (30, 256));
    assert_eq!(settings.endpoint.invokes, None);
    assert!(settings.workers.is_empty());
}

#[test]
fn endpoint_and_workers_may_say_which_workers_they_call() {
    let settings =
        read("endpoint.invokes = ['a', 'b']\nworkers.a.invokes = ['b']\nworkers.b.memory = 512").expect("ok");
    assert_eq!(settings.endpoint.invokes.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
    assert_eq!(settings.workers["a"].invokes.as_deref(), Some(&["b".to_owned()][..]));
    assert_eq!(settings.workers["b"].invokes, None);
}

#[test]
fn an_empty_list_of_calls_is_not_the_same_as_none() {
    assert_eq!(read("workers.a.invokes = []").expect("ok").workers["a"].invokes, Some(Vec::new()));
}

#[test]
fn calls_that_are_no_list_of_names_are_refused_at_their_line() {
    for (value, found) in [("'a'", "'a'"), ("[1]", "[1]"), ("['a', true]", "['a', true]"), ("{ a = 1 }", "{ a = 1 }")] {
        assert_eq!(
            refusal(&format!("\nendpoint.invokes = {value}")),
            format!("Cargo.toml:2: `endpoint.invokes` must be a list of worker names, found `{found}`\n")
        );
    }
}

#[test]
fn an_unknown_setting_of_the_endpoint_or_of_a_worker_is_told_with_the_known_ones() {
    assert_eq!(
        refusal("[endpoint]\ninvoke = ['a']"),
        "Cargo.toml:2: unknown setting `invoke` in `[package.metadata.bedrock.endpoint]`\n\
         a setting with a similar name exists: `invokes`\n\
         the settings known there are `allow`, `auth`, `concurrency`, `env`, `invokes`, `layers`, `log-retention`, \
         `memory`, `redact`, `runtime`, `timeout`"
    );
    assert_eq!(
        refusal("[workers.a]\nschedule = 'x'"),
        "Cargo.toml:2: unknown setting `schedule` in `[package.metadata.bedrock.workers.a]`\n\
         the settings known there are `allow`, `bundle`, `concurrency`, `dead-letter`, `env`, `event-age`, `invokes`, \
         `layers`, `log-retention`, `memory`, `on-failure`, `on-success`, `recursion`, `redact`, `retries`, `runtime`, \
         `timeout`, `triggers`"
    );
}

#[test]
fn numbers_outside_of_their_limits_are_refused_with_both_limits() {
    assert_eq!(
        refusal("workers.a.bundle = 'yes'"),
        "Cargo.toml:1: `workers.a.bundle` must be `true` or `false`, found `'yes'`\n"
    );
    assert_eq!(
        refusal("workers.a.timeout = 901"),
        "Cargo.toml:1: `workers.a.timeout` must be a whole number of seconds from 1 to 900, found `901`\n"
    );
    assert_eq!(
        refusal("endpoint.memory = 64"),
        "Cargo.toml:1: `endpoint.memory` must be a whole number of megabytes from 128 to 10240, found `64`\n"
    );
}

#[test]
fn several_problems_come_at_once() {
    let problems = read("workers-dir = '../up'\nendpoint.timeout = 0\nworkers.a.invokes = 1").expect_err("three");
    assert_eq!(problems.len(), 3);
}

#[test]
fn variables_are_texts_or_names_of_secrets_and_never_lambdas_own() {
    let settings = read("endpoint.env = { MODE = 'fast', TOKEN = { ssm = '/a' }, KEY = { secretsmanager = 'b' } }");
    let endpoint = settings.expect("ok").endpoint;
    assert_eq!(endpoint.environment.into_iter().collect::<Vec<_>>(), [("MODE".to_owned(), "fast".to_owned())]);
    assert_eq!(endpoint.secrets["TOKEN"], super::Secret::Ssm("/a".to_owned()));
    assert_eq!(endpoint.secrets["KEY"], super::Secret::SecretsManager("b".to_owned()));
    assert_eq!(
        refusal("endpoint.env = { AWS_REGION = 'x' }"),
        "Cargo.toml:1: `endpoint.env.AWS_REGION` cannot be set: Lambda sets it itself\n"
    );
    assert_eq!(
        refusal("endpoint.env = { 'MY-MODE' = 'x' }"),
        "Cargo.toml:1: `endpoint.env.MY-MODE` cannot be set: names of variables are two or more letters, digits and \
         `_`, beginning with a letter\n"
    );
    assert_eq!(
        refusal("endpoint.env = { MODE = 1 }"),
        "Cargo.toml:1: `endpoint.env.MODE` must be a text, `{ ssm = \"/a/name\" }` or \
         `{ secretsmanager = \"a/name\" }`, found `1`\n"
    );
}

#[test]
fn destinations_are_arns_or_workers_and_dead_letters_go_to_queues_and_topics() {
    let settings = read(
        "workers.a.on-success = 'b'\nworkers.a.on-failure = 'arn:aws:sqs:us-east-1:123456789012:failed'\n\
         workers.a.dead-letter = 'arn:aws:sns:us-east-1:123456789012:lost'",
    );
    let worker = settings.expect("ok").workers["a"].clone();
    assert_eq!(worker.on_success, Some(Destination::Worker(WorkerName::parse("b").expect("name"))));
    assert_eq!(worker.on_failure, Some(Destination::Arn("arn:aws:sqs:us-east-1:123456789012:failed".to_owned())));
    assert_eq!(worker.dead_letter.as_deref(), Some("arn:aws:sns:us-east-1:123456789012:lost"));
    assert_eq!(
        refusal("workers.a.on-success = 'No Name'"),
        "Cargo.toml:1: `workers.a.on-success` must be the ARN of a queue, a topic, an event bus or a function, or the name \
         of a worker of this app, found `'No Name'`\n"
    );
    for wrong in ["arn:aws:lambda:us-east-1:123456789012:function:x", "arn:aws:sqs:::lost", "lost"] {
        assert_eq!(
            refusal(&format!("workers.a.dead-letter = '{wrong}'")),
            format!("Cargo.toml:1: `workers.a.dead-letter` must be the ARN of a queue or a topic, found `'{wrong}'`\n")
        );
    }
}

#[test]
fn fields_to_redact_are_names_or_paths_of_names() {
    let settings = read("endpoint.redact = ['token']\nworkers.a.redact = ['user.password']").expect("ok");
    assert_eq!(
        (settings.endpoint.redact, &settings.workers["a"].redact[..]),
        (vec!["token".to_owned()], &["user.password".to_owned()][..])
    );
    for wrong in ["['']", "['a..b']", "'token'", "[1]"] {
        assert_eq!(
            refusal(&format!("workers.a.redact = {wrong}")),
            format!(
                "Cargo.toml:1: `workers.a.redact` must be a list of names of fields, or of paths like `user.password`, found `{wrong}`\n"
            )
        );
    }
}
