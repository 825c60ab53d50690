//! What lines look like.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use bedrock_dev::runtime::Line;
use bedrock_dev::{Failed, Reload};

use super::Form;

fn form(json: bool) -> Form {
    Form::new(json, ["endpoint", "ranker", "a_long_name"].map(str::to_owned).to_vec())
}

fn line(worker: &str, request_id: Option<&str>) -> Line {
    Line { worker: worker.into(), request_id: request_id.map(Into::into), text: "says \"hello\"".to_owned() }
}

#[test]
fn a_line_says_whose_it_is() {
    let shown = |line: &Line| anstream::adapter::strip_str(&form(false).line(line, Some(80))).to_string();
    assert_eq!(shown(&line("ranker", Some("0b1c2d3e-4f50"))), "ranker       0b1c2d3e  says \"hello\"\n");
    assert_eq!(shown(&line("a_long_name", None)), "a_long_name  -         says \"hello\"\n");
    assert_eq!(shown(&line("", None)), "says \"hello\"\n");
}

#[test]
fn a_narrow_terminal_is_left_to_what_is_said() {
    let text = form(false).line(&line("ranker", Some("0b1c2d3e-4f50")), Some(59));
    assert_eq!(anstream::adapter::strip_str(&text).to_string(), "ranker says \"hello\"\n");
}

#[test]
fn whoever_starts_it_reads_where_everything_is() {
    let text = form(false).opened("space", "http://127.0.0.1:7070", true);
    let expected = "`space` runs, stop it with Ctrl-C\n  dashboard     http://127.0.0.1:7070/\n  \
        Lambda's API  http://127.0.0.1:7070\n  endpoint      http://endpoint.localhost:7070/\n  \
        keys          r restart · c clear · g graph · o open · q quit · ? this line\n";
    assert_eq!(text, expected);
    let text = form(false).opened("space", "http://192.0.2.7:7070", false);
    assert!(text.ends_with("endpoint      http://192.0.2.7:7070/_url/endpoint/\n"), "{text}");
}

#[test]
fn workers_have_colours_of_their_own() {
    let styled = |worker| form(false).line(&line(worker, None), None);
    let escape = |text: &str| text.split('m').next().map(str::to_owned);
    assert_ne!(escape(&styled("ranker")), escape(&styled("endpoint")));
}

#[test]
fn machines_get_one_object_a_line() {
    let text = form(true).line(&line("ranker", Some("0b1c2d3e-4f50")), Some(20));
    let event: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        event,
        serde_json::json!({
            "version": 1, "event": "log", "worker": "ranker", "request_id": "0b1c2d3e-4f50",
            "message": "says \"hello\""
        })
    );
    let text = form(true).opened("space", "http://127.0.0.1:7070", false);
    assert_eq!(text, "{\"app\":\"space\",\"event\":\"app-started\",\"url\":\"http://127.0.0.1:7070\",\"version\":1}\n");
}

#[test]
fn what_is_not_in_use_is_told_with_its_reason() {
    let failed = |files: &[&str], said: &[&str]| {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Reload::Failed(Failed {
            workers: BTreeSet::new(),
            files: files.iter().map(PathBuf::from).collect(),
            messages: vec!["why".to_owned()],
            said: texts(said),
            took: Duration::from_millis(250),
        })
    };
    let shown = |reload: &Reload| form(false).reload(reload);
    assert_eq!(
        shown(&failed(&["src/main.rs"], &["error: expected one of"])),
        "`src/main.rs` did not compile, what was there serves on, after 0.25 s\n  why\n"
    );
    assert_eq!(
        shown(&failed(&["Cargo.toml"], &[])),
        "`Cargo.toml` cannot be used, what was there serves on, after 0.25 s\n  why\n"
    );
    assert_eq!(shown(&failed(&[], &[])), "  why\n");
}
