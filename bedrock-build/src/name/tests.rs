//! Tables of valid and invalid names.

use super::{AppName, EndpointName, FunctionName, WorkerName};

fn error_of(name: &str) -> (String, String) {
    let problem = WorkerName::parse(name).expect_err(name);
    (problem.message, problem.help.join(" / "))
}

#[test]
fn worker_name_accepts_valid_names() {
    for name in ["a", "system_fetcher", "s3_reader", "resize2", "x9"] {
        assert_eq!(WorkerName::parse(name).expect(name).as_str(), name);
    }
}

#[test]
fn worker_name_error_has_reason_and_suggestion() {
    let table = [
        ("system-fetcher", "contains `-`", "`system_fetcher`"),
        ("SystemFetcher", "a capital letter", "`system_fetcher`"),
        ("2fast", "does not start with a letter", "`fast`"),
        ("time", "built-in Python module", "`time_worker`"),
        ("match", "keyword", "`match_worker`"),
        ("std", "would shadow", "`std_worker`"),
        ("endpoint", "the name of the endpoint's function", "`endpoint_worker`"),
        ("a__b", "not between two letters or digits", "`a_b`"),
        ("a b", "a space", "`a_b`"),
        ("../up", "contains `.`", "`up`"),
        ("größe", "contains `ö`", "`gr_e`"),
        ("", "is empty", "lower-case letters"),
        ("日本", "contains `日`", "lower-case letters"),
    ];
    for (name, reason, suggestion) in table {
        let (message, help) = error_of(name);
        assert!(message.contains(reason), "{name}: {message}");
        assert!(help.contains(suggestion), "{name}: {help}");
    }
}

#[test]
fn worker_name_error_has_length_and_limit() {
    let (message, _) = error_of(&"a".repeat(41));
    assert!(message.contains("41 characters, the limit is 40"), "{message}");
}

#[test]
fn class_name_is_upper_camel_case() {
    for (name, class) in [("system_fetcher", "SystemFetcher"), ("s3_reader", "S3Reader"), ("a", "A")] {
        assert_eq!(WorkerName::parse(name).expect(name).class_name(), class);
    }
}

#[test]
fn arn_variable_has_app_and_worker_in_upper_case() {
    let app = AppName::parse("my-app").expect("app");
    let worker = WorkerName::parse("system_fetcher").expect("worker");
    assert_eq!(app.arn_variable(&worker), "MY_APP_WORKER_ARN_SYSTEM_FETCHER");
}

#[test]
fn function_name_parses_names_and_arns() {
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
fn function_name_rejects_other_texts() {
    for target in ["", "a b", "arn:aws:s3:::bucket/key", "x/y", &"n".repeat(65)] {
        FunctionName::parse(target).expect_err(target);
    }
}

#[test]
fn function_name_error_has_length_and_limit() {
    let app = AppName::parse("a23456789012345678901234567890").expect("app");
    let worker = WorkerName::parse(&"w".repeat(40)).expect("worker");
    let problem = FunctionName::of_worker(&app, "dev", &worker).expect_err("too long");
    assert!(problem.message.contains("75 characters, the limit is 64"), "{problem}");
}

#[test]
fn endpoint_function_name_is_reserved_for_workers() {
    let app = AppName::parse("my-app").expect("app");
    let function = FunctionName::of_endpoint(&app, "dev").expect("a name");
    assert_eq!(function.as_str(), "my-app-dev-endpoint");
    let worker = WorkerName::parse(function.worker_of("my-app")).expect_err("reserved");
    assert!(worker.message.contains("the name of the endpoint's function"), "{worker}");
}

#[test]
fn app_name_error_suggests_name_for_reserved_words() {
    for (name, suggestion) in [("My App", "`my_app`"), ("match", "`match_app`"), ("2048", "lower-case letters")] {
        let problem = AppName::parse(name).expect_err(name);
        assert!(problem.help.join(" ").contains(suggestion), "{name}: {problem:?}");
    }
}

#[test]
fn endpoint_name_rejects_keywords_but_not_python_modules() {
    assert_eq!(EndpointName::parse("time").expect("time").as_str(), "time");
    let problem = EndpointName::parse("mod").expect_err("mod");
    assert_eq!(problem.message, "`mod` is not a valid endpoint name: it is a keyword of Rust or Python");
    assert_eq!(problem.help, ["try `mod_endpoint`"]);
}
