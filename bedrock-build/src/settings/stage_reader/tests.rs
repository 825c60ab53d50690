//! Settings of stages replace those of all stages, and only what a stage can change.

use crate::settings::tests::{error_of, read};
use crate::settings::triggers::Trigger;

#[test]
fn stage_replaces_only_what_it_has() {
    let text = "
        stages.prod.workers.a.memory = 2048
        stages.prod.endpoint.timeout = 60
        [workers.a]
        memory = 512
        timeout = 10
        tags = { team = 'x' }
    ";
    let settings = read(text).expect("ok");
    let a = crate::name::WorkerName::parse("a").expect("name");
    let prod = settings.worker_in("prod", &a);
    assert_eq!((prod.memory, prod.timeout, prod.lambda.tags.len()), (2_048, 10, 1));
    let dev = settings.worker_in("dev", &a);
    assert_eq!((dev.memory, dev.timeout), (512, 10));
    assert_eq!((settings.endpoint_in("prod").timeout, settings.endpoint_in("dev").timeout), (60, 30));
    assert_eq!(settings.worker_in("prod", &crate::name::WorkerName::parse("b").expect("name")).memory, 256);
}

#[test]
fn stage_adds_variables_and_replaces_secrets() {
    let text = "
        [workers.a.env]
        MODE = 'slow'
        LEVEL = 'x'
        TOKEN = { ssm = '/{stage}/token' }
        [stages.prod.workers.a.env]
        MODE = { ssm = '/mode' }
        TOKEN = 'none'
    ";
    let settings = read(text).expect("ok");
    let prod = &settings.stages["prod"].workers["a"];
    let names = |list: Vec<&String>| list.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(names(prod.environment.keys().collect()), ["LEVEL", "TOKEN"]);
    assert_eq!(names(prod.secrets.keys().collect()), ["MODE"]);
}

#[test]
fn settings_of_the_build_are_the_same_in_all_stages() {
    for (text, path) in [
        ("stages.prod.architecture = 'arm64'", "stages.prod.architecture"),
        ("stages.prod.workers-dir = 'x'", "stages.prod.workers-dir"),
        ("stages.prod.workers.a.runtime = 'python3.12'", "stages.prod.workers.a.runtime"),
        ("stages.prod.workers.a.bundle = true", "stages.prod.workers.a.bundle"),
        ("stages.prod.endpoint.invokes = []", "stages.prod.endpoint.invokes"),
        ("stages.prod.endpoint.architecture = 'arm64'", "stages.prod.endpoint.architecture"),
    ] {
        assert_eq!(
            error_of(text),
            format!("Cargo.toml:1: `{path}` cannot differ between stages: all stages deploy the same build\n")
        );
    }
}

#[test]
fn stage_errors_have_line_and_path() {
    assert_eq!(
        error_of("\nstages.prod.workers.a.memory = 1"),
        "Cargo.toml:2: `stages.prod.workers.a.memory` must be a whole number of megabytes from 128 to 10240, found `1`\n"
    );
    assert_eq!(
        error_of("stages.Prod.endpoint.memory = 256"),
        "Cargo.toml:1: `Prod` is not a valid stage name\n\
         use lower-case letters, digits, `_` and `-`, starting with a letter"
    );
    assert!(error_of("stages.prod.worker.a.memory = 256").contains("a setting with a similar name exists: `workers`"));
    assert_eq!(
        error_of("stages.prod = 1"),
        "Cargo.toml:1: `stages.prod` must be a table with `alarms`, `deploy`, `endpoint` and `workers`, or some of them, found `1`\n"
    );
    assert!(
        error_of("workers.a.concurrency = 5\nstages.prod.workers.a.provisioned-concurrency = 6")
            .starts_with("Cargo.toml:2: `stages.prod.workers.a.provisioned-concurrency` cannot be 6")
    );
}

#[test]
fn stage_triggers_replace_those_of_all_stages() {
    let text = "
        workers.a.triggers = [{ queue = 'jobs' }]
        workers.b.triggers = [{ queue = 'mails' }]
        stages.prod.workers.a.triggers = []
        stages.dev.workers.a.triggers = [{ queue = 'jobs', batch-size = 1 }]
    ";
    let settings = read(text).expect("ok");
    assert!(settings.stages["prod"].workers["a"].triggers.is_empty());
    assert!(
        matches!(&settings.stages["dev"].workers["a"].triggers[..], [Trigger::Queue(queue)] if queue.batch_size == 1)
    );
    assert!(
        error_of("workers.a.triggers = [{ queue = 'jobs' }]\nstages.prod.workers.b.triggers = [{ queue = 'jobs' }]")
            .contains("invokes both `a` and `b`")
    );
}
