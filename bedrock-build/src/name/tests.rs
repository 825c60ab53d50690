//! Tables of names that are taken and refused.

use super::{AppName, EndpointName, FunctionName, WorkerName};

fn refusal(name: &str) -> (String, String) {
    let problem = WorkerName::parse(name).expect_err(name);
    (problem.message, problem.help.join(" / "))
}

#[test]
fn good_worker_names_are_taken() {
    for name in ["a", "system_fetcher", "s3_reader", "resize2", "x9"] {
        assert_eq!(WorkerName::parse(name).expect(name).as_str(), name);
    }
}

#[test]
fn a_bad_worker_name_says_what_is_wrong_and_proposes_a_good_one() {
    let table = [
        ("system-fetcher", "contains `-`", "`system_fetcher`"),
        ("SystemFetcher", "a capital letter", "`system_fetcher`"),
        ("2fast", "does not begin with a letter", "`fast`"),
        ("time", "built into Python", "`time_worker`"),
        ("match", "keyword", "`match_worker`"),
        ("std", "would hide", "`std_worker`"),
        ("endpoint", "the endpoint's own function", "`endpoint_worker`"),
        ("a__b", "separates nothing", "`a_b`"),
        ("a b", "a space", "`a_b`"),
        ("../up", "contains `.`", "`up`"),
        ("größe", "contains `ö`", "`gr_e`"),
        ("", "is empty", "lower-case letters"),
        ("日本", "contains `日`", "lower-case letters"),
    ];
    for (name, reason, proposal) in table {
        let (message, help) = refusal(name);
        assert!(message.contains(reason), "{name}: {message}");
        assert!(help.contains(proposal), "{name}: {help}");
    }
}

#[test]
fn a_long_worker_name_is_refused_with_both_numbers() {
    let (message, _) = refusal(&"a".repeat(41));
    assert!(message.contains("41 characters, the limit is 40"), "{message}");
}

#[test]
fn class_names_are_upper_camel_case() {
    for (name, class) in [("system_fetcher", "SystemFetcher"), ("s3_reader", "S3Reader"), ("a", "A")] {
        assert_eq!(WorkerName::parse(name).expect(name).class_name(), class);
    }
}

#[test]
fn the_arn_variable_follows_the_rule_of_the_specification() {
    let app = AppName::parse("my-app").expect("app");
    let worker = WorkerName::parse("system_fetcher").expect("worker");
    assert_eq!(app.arn_variable(&worker), "MY_APP_WORKER_ARN_SYSTEM_FETCHER");
}

#[test]
fn every_way_to_name_a_function_gives_its_name() {
    for target in [
        "my_app-dev-resizer",
        "my_app-dev-resizer:live",
        "123456789012:function:my_app-dev-resizer",
        "arn:aws:lambda:eu-west-1:123456789012:function:my_app-dev-resizer",
        "arn:aws:lambda:eu-west-1:123456789012:function:my_app-dev-resizer:3",
    ] {
        let name = FunctionName::parse(target).expect(target);
        assert_eq!(name.as_str(), "my_app-dev-resizer");
        assert_eq!(name.worker_of("my_app"), "resizer");
        assert_eq!(name.worker_of("other"), "my_app-dev-resizer");
    }
}

#[test]
fn what_is_no_function_is_refused() {
    for target in ["", "a b", "arn:aws:s3:::bucket/key", "x/y", &"n".repeat(65)] {
        FunctionName::parse(target).expect_err(target);
    }
}

#[test]
fn a_function_name_over_64_characters_is_refused_with_both_numbers() {
    let app = AppName::parse("a23456789012345678901234567890").expect("app");
    let worker = WorkerName::parse(&"w".repeat(40)).expect("worker");
    let problem = FunctionName::of_worker(&app, "dev", &worker).expect_err("too long");
    assert!(problem.message.contains("75 characters, the limit is 64"), "{problem}");
}

#[test]
fn the_endpoints_function_is_named_as_a_worker_that_cannot_be() {
    let app = AppName::parse("my-app").expect("app");
    let function = FunctionName::of_endpoint(&app, "dev").expect("a name");
    assert_eq!(function.as_str(), "my-app-dev-endpoint");
    let worker = WorkerName::parse(function.worker_of("my-app")).expect_err("reserved");
    assert!(worker.message.contains("the endpoint's own function"), "{worker}");
}

#[test]
fn a_bad_app_name_gets_a_proposal_even_when_it_is_a_reserved_word() {
    for (name, proposal) in [("My App", "`my_app`"), ("match", "`match_app`"), ("2048", "lower-case letters")] {
        let problem = AppName::parse(name).expect_err(name);
        assert!(problem.help.join(" ").contains(proposal), "{name}: {problem:?}");
    }
}

#[test]
fn an_endpoint_may_be_called_like_a_python_module_but_not_like_a_keyword() {
    assert_eq!(EndpointName::parse("time").expect("time").as_str(), "time");
    let problem = EndpointName::parse("mod").expect_err("mod");
    assert_eq!(problem.message, "`mod` cannot name an endpoint: it is a keyword of Rust or Python");
    assert_eq!(problem.help, ["`mod_endpoint` would do"]);
}
