//! Tests of the format.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use bedrock_dev::execution::LogLine;
use bedrock_dev::{ReloadFailure, ReloadOutcome};

use super::format::{Addresses, EndpointUrl, OutputFormat};
use super::{missing_services_line, trigger_lines};
use crate::dev::keys;

fn format(json: bool) -> OutputFormat {
    format_with(json, EndpointUrl::Public)
}

fn format_with(json: bool, endpoint_url: EndpointUrl) -> OutputFormat {
    OutputFormat::new(json, ["endpoint", "ranker", "a_long_name"].map(str::to_owned).to_vec(), false, endpoint_url)
}

fn line(worker: &str, request_id: Option<&str>) -> LogLine {
    LogLine { worker: worker.into(), request_id: request_id.map(Into::into), text: "says \"hello\"".to_owned() }
}

fn addresses(server: &str) -> Addresses<'_> {
    Addresses { server, services: None, account: None }
}

#[test]
fn services_of_an_account_are_in_the_first_line() {
    let account = "ssm in account 123456789012, eu-west-1, with the credentials of profile `work`";
    let addresses = Addresses { account: Some(account), ..addresses("http://127.0.0.1:7070") };
    let text = format(false).started("space", addresses, None);
    assert_eq!(text.lines().next(), Some(format!("`space` is running with {account}, stop it with Ctrl-C").as_str()));
    assert!(format(true).started("space", addresses, None).contains("\"account_services\":\"ssm in account"));
}

#[test]
fn log_line_names_its_worker_and_request() {
    let shown = |line: &LogLine| anstream::adapter::strip_str(&format(false).log_line(line, Some(80))).to_string();
    assert_eq!(shown(&line("ranker", Some("0b1c2d3e-4f50"))), "ranker       0b1c2d3e  says \"hello\"\n");
    assert_eq!(shown(&line("a_long_name", None)), "a_long_name  -         says \"hello\"\n");
    assert_eq!(shown(&line("", None)), "says \"hello\"\n");
}

#[test]
fn log_line_cannot_control_the_terminal() {
    let line = LogLine { worker: "ranker".into(), request_id: None, text: "\u{1b}[2Jreal\rforged".to_owned() };
    assert!(format(false).log_line(&line, Some(80)).ends_with("  \\x1b[2Jreal\\x0dforged\n"));
    assert!(format(true).log_line(&line, None).contains("\\u001b[2Jreal\\rforged"));
}

#[test]
fn narrow_terminal_shows_worker_and_text_only() {
    let text = format(false).log_line(&line("ranker", Some("0b1c2d3e-4f50")), Some(59));
    assert_eq!(anstream::adapter::strip_str(&text).to_string(), "ranker says \"hello\"\n");
}

#[test]
fn start_message_lists_all_addresses() {
    let text = format(false).started("space", addresses("http://127.0.0.1:7070"), Some(keys::HELP));
    let expected = "`space` is running, stop it with Ctrl-C\n  dashboard     http://127.0.0.1:7070/\n  \
        Lambda's API  http://127.0.0.1:7070\n  endpoint      http://endpoint.localhost:7070/\n  \
        keys          r restart · c clear · g graph · o open · q quit · ? help\n";
    assert_eq!(text, expected);
    let text = format(false).started("space", addresses("http://192.0.2.7:7070"), None);
    assert!(text.ends_with("endpoint      http://192.0.2.7:7070/_url/endpoint/\n"), "{text}");
}

#[test]
fn start_message_has_no_url_that_is_none_on_aws() {
    let last_line = |endpoint_url| {
        let text = format_with(false, endpoint_url).started("space", addresses("http://127.0.0.1:7070"), None);
        text.lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(last_line(EndpointUrl::None), "  endpoint      has no URL (`url = false`)");
    assert_eq!(
        last_line(EndpointUrl::Signed),
        "  endpoint      http://endpoint.localhost:7070/ for signed requests (`auth = \"iam\"`)"
    );
}

#[test]
fn stream_invokes_its_worker_only_with_services() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    };
    write("workers/counter/main.py", "");
    let lines = |settings: &str| {
        let manifest = format!(
            "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n{settings}\n\
             workers.counter.triggers = [{{ kinesis = \"clicks\" }}]\n"
        );
        write("Cargo.toml", &manifest);
        trigger_lines(&bedrock_build::App::find(folder.path()).expect("an app"))
    };
    assert!(lines("dev.services = 'ministack'").ends_with(" invokes `counter`\n"));
    let account = lines("dev = { profile = 'work', services = ['dynamodb'] }");
    assert!(account.contains("no local service has the stream, add `\"ministack\"` to `dev.services`"), "{account}");
    let off = lines("");
    assert!(off.contains(" does not invoke `counter` here: no service has the stream, set `dev.services"), "{off}");
}

#[test]
fn resources_that_no_service_has_are_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).expect("a file");
    std::fs::create_dir_all(folder.path().join("workers/counter")).expect("a folder");
    write("workers/counter/main.py", "");
    let line = |settings: &str| {
        let uses = "workers.counter.uses = [{ queue = \"jobs\", access = \"send\" }, { table = \"orders\", access = \
                    \"read\", key = \"id\" }, { secret = \"stripe\" }]";
        write("Cargo.toml", &format!("[package]\nname = \"shop\"\n[package.metadata.bedrock]\n{settings}\n{uses}\n"));
        missing_services_line(&bedrock_build::App::find(folder.path()).expect("an app"))
    };
    let expected = "  no service here has the table `orders` of `counter`, nor 1 more that functions use: set \
                    `dev.services = \"ministack\"`\n";
    assert_eq!(line(""), expected);
    let with_services = ["services = 'ministack'", "endpoint = 'http://a'", "profile = 'work'\nservices = ['ssm']"];
    for settings in with_services {
        let table = settings.lines().map(|line| format!("dev.{line}")).collect::<Vec<_>>().join("\n");
        assert_eq!(line(&table), "", "{settings}");
    }
}

#[test]
fn workers_have_different_colours() {
    let styled = |worker| format(false).log_line(&line(worker, None), None);
    let escape = |text: &str| text.split('m').next().map(str::to_owned);
    assert_ne!(escape(&styled("ranker")), escape(&styled("endpoint")));
}

#[test]
fn json_output_has_one_object_a_line() {
    let text = format(true).log_line(&line("ranker", Some("0b1c2d3e-4f50")), Some(20));
    let event: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        event,
        serde_json::json!({
            "version": 1, "event": "log", "worker": "ranker", "request_id": "0b1c2d3e-4f50",
            "message": "says \"hello\""
        })
    );
    let text = format(true).started("space", addresses("http://127.0.0.1:7070"), None);
    assert_eq!(text, "{\"app\":\"space\",\"event\":\"app-started\",\"url\":\"http://127.0.0.1:7070\",\"version\":1}\n");
}

#[test]
fn failed_reload_is_printed_with_its_reason() {
    let failed = |files: &[&str], compiler_errors: &[&str]| {
        ReloadOutcome::Failed(ReloadFailure {
            workers: BTreeSet::new(),
            files: files.iter().map(PathBuf::from).collect(),
            messages: vec!["why".to_owned()],
            compiler_output: compiler_errors.iter().map(|text| (*text).to_owned()).collect(),
            took: Duration::from_millis(250),
        })
    };
    let shown = |reload: &ReloadOutcome| format(false).reload(reload);
    assert_eq!(
        shown(&failed(&["src/main.rs"], &["error: expected one of"])),
        "`src/main.rs` failed to compile; the previous version keeps running (0.25 s)\n  why\n"
    );
    assert_eq!(
        shown(&failed(&["Cargo.toml"], &[])),
        "`Cargo.toml` cannot be used; the previous version keeps running (0.25 s)\n  why\n"
    );
    assert_eq!(shown(&failed(&[], &[])), "  why\n");
}
