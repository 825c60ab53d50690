//! Settings of alarms: what is read, how tables are combined, and what CloudWatch would refuse.

use crate::name::WorkerName;
use crate::settings::tests::{error_of, read};
use crate::settings::{AlarmEvaluation, Alarms, Settings};

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:alerts-{stage}";

fn settings(text: &str) -> Settings {
    read(text).expect(text)
}

fn of_worker(settings: &Settings, stage: Option<&str>) -> Option<Alarms> {
    settings.worker_alarms(stage, &WorkerName::parse("a").expect("a name"))
}

fn refusal(text: &str) -> String {
    error_of(&format!("\nalarms = {text}"))
}

#[test]
fn alarms_of_the_app_are_those_of_every_function() {
    assert_eq!(of_worker(&settings(""), None), None);
    let app = settings("alarms = { notify = 'alerts' }");
    let default = Alarms {
        notify: Some("alerts".to_owned()),
        errors: Some(1),
        throttles: Some(1),
        dead_letters: Some(1),
        evaluation: AlarmEvaluation::default(),
    };
    // The worker has no table.
    assert_eq!(of_worker(&app, None), Some(default.clone()));
    assert_eq!(app.endpoint_alarms(Some("prod")), Some(default.clone()));
    assert_eq!(of_worker(&settings("alarms = true"), None), Some(Alarms { notify: None, ..default }));
}

#[test]
fn alarms_of_a_function_replace_keys_of_the_app() {
    let all = settings(
        "alarms = { notify = 'alerts', period = 300, evaluation-periods = 3 }\nworkers.a.alarms = { errors = 5, throttles \
         = false }\nendpoint.alarms = false\nstages.prod.alarms = { errors = 9, dead-letters = 20 }\n\
         stages.dev.alarms = false\nstages.dev.workers.a.alarms = { errors = 7, period = 120 }",
    );
    let worker = of_worker(&all, None).expect("alarms");
    assert_eq!((worker.errors, worker.throttles, worker.dead_letters), (Some(5), None, Some(1)));
    assert_eq!(worker.notify.as_deref(), Some("alerts"));
    let evaluation = AlarmEvaluation { period: 300, evaluation_periods: 3, datapoints_to_alarm: 3 };
    assert_eq!(worker.evaluation, evaluation);
    assert_eq!(all.endpoint_alarms(None), None);
    // What a function says precedes what the stage says of all functions.
    let prod = of_worker(&all, Some("prod")).expect("alarms");
    assert_eq!((prod.errors, prod.throttles, prod.dead_letters), (Some(5), None, Some(20)));
    let dev = of_worker(&all, Some("dev")).expect("alarms");
    assert_eq!((dev.errors, dev.throttles, dev.evaluation.evaluation_periods), (Some(7), Some(1), 1));
    assert_eq!(of_worker(&settings("alarms = true\nstages.dev.alarms = false"), Some("dev")), None);
}

#[test]
fn existing_topics_and_m_of_n_alarms_are_read() {
    let text = format!("alarms = {{ notify = '{TOPIC}', evaluation-periods = 5, datapoints-to-alarm = 3 }}");
    let alarms = settings(&text).endpoint_alarms(None).expect("alarms");
    assert_eq!(alarms.notify.as_deref(), Some(TOPIC));
    assert_eq!(alarms.evaluation, AlarmEvaluation { period: 60, evaluation_periods: 5, datapoints_to_alarm: 3 });
    assert!(read("alarms = { period = 3600, evaluation-periods = 168 }").is_ok());
}

#[test]
fn what_cloudwatch_refuses_is_an_error_with_its_bound() {
    for (text, expected) in [
        ("{ period = 90 }", "Cargo.toml:2: `alarms.period` cannot be 90: the metrics of Lambda and SQS have"),
        ("{ period = 30 }", "`alarms.period` must be a whole number of seconds from 60 to 604800, found `30`"),
        ("{ evaluation-periods = 0 }", "`alarms.evaluation-periods` must be a whole number from 1 to 10080"),
        ("{ datapoints-to-alarm = 2 }", "`alarms.datapoints-to-alarm` must be a whole number from 1 to 1, found `2`"),
        ("{ period = 1800, evaluation-periods = 49 }", "cannot look at 88200 seconds"),
        ("{ period = 3600, evaluation-periods = 169 }", "the limit is 604800"),
        ("{ errors = 0 }", "`alarms.errors` must be a whole number from 1 to"),
        ("{ notify = 'arn:aws:sqs:eu-west-1:123456789012:jobs' }", "`alarms.notify` must be the ARN of a topic"),
        ("{ notify = 'arn:aws:sns:eu-west-1:123456789012:a.fifo' }", "cannot be a FIFO topic"),
        ("{ notify = 'two words' }", "`alarms.notify` cannot be `two words`"),
        ("{ error = 1 }", "unknown setting `error` in `[package.metadata.bedrock.alarms]`"),
        ("'yes'", "`alarms` must be `true`, `false` or a table"),
    ] {
        let error = refusal(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert!(refusal("{ period = 30 }").contains("the limits are AWS's: CloudWatch API reference"));
}
