//! Tables of settings that are taken and refused.

use super::Settings;
use crate::Problem;
use crate::manifest::{File, Table};

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
         `memory`, `runtime`, `timeout`"
    );
    assert_eq!(
        refusal("[workers.a]\nschedule = 'x'"),
        "Cargo.toml:2: unknown setting `schedule` in `[package.metadata.bedrock.workers.a]`\n\
         the settings known there are `allow`, `bundle`, `concurrency`, `env`, `event-age`, `invokes`, `layers`, `log-retention`, \
         `memory`, `on-failure`, `recursion`, `retries`, `runtime`, `timeout`"
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
