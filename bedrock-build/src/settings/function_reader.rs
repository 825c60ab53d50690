//! Reads the table of the endpoint and the tables of workers.

use std::collections::BTreeMap;

use super::arn::is_arn_of;
use super::destination::Destination;
use super::function::{
    Auth, EVENT_AGE_SECONDS, FunctionSettings, Isolation, LOG_RETENTION_DAYS, MEMORY_MEGABYTES, RETRIES, RecursiveLoop,
    Secret, TIMEOUT_SECONDS,
};
use super::lambda_reader::LAMBDA_KEYS;
use super::reader::{Reader, Value, set};
use super::triggers::is_fifo_queue;
use crate::name::WorkerName;
use crate::problem::Problem;

/// The values of `on-success`.
const ON_SUCCESS: &str = "the ARN of a queue, a topic, an event bus or a function, or the name of a worker of this app";
/// The values of `on-failure`.
const ON_FAILURE: &str =
    "the ARN of a queue, a topic, an event bus, a function or a bucket, or the name of a worker of this app";
pub(super) const ENDPOINT_KEYS: &[&str] = &[
    "alarms",
    "allow",
    "architecture",
    "auth",
    "code-signing",
    "concurrency",
    "cors",
    "description",
    "env",
    "ephemeral-storage",
    "file-system",
    "http-api",
    "invokes",
    "kms-key",
    "lambda",
    "layers",
    "log-format",
    "log-group",
    "log-level",
    "log-retention",
    "memory",
    "provisioned-concurrency",
    "redact",
    "runtime",
    "runtime-management",
    "stream",
    "system-log-level",
    "tags",
    "timeout",
    "tracing",
    "url",
    "uses",
    "vpc",
];
pub(super) const WORKER_KEYS: &[&str] = &[
    "alarms",
    "allow",
    "architecture",
    "bundle",
    "code-signing",
    "concurrency",
    "dead-letter",
    "description",
    "durable",
    "env",
    "ephemeral-storage",
    "event-age",
    "file-system",
    "invokes",
    "isolation",
    "kms-key",
    "lambda",
    "layers",
    "log-format",
    "log-group",
    "log-level",
    "log-retention",
    "memory",
    "on-failure",
    "on-success",
    "provisioned-concurrency",
    "recursion",
    "redact",
    "retries",
    "runtime",
    "runtime-management",
    "snap-start",
    "system-log-level",
    "tags",
    "timeout",
    "tracing",
    "triggers",
    "uses",
    "vpc",
];

impl Reader<'_> {
    /// Reads the table `workers`.
    pub(super) fn workers(&mut self, value: &Value<'_>) -> BTreeMap<String, FunctionSettings> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, "workers", "a table of tables, one for each worker");
            return BTreeMap::new();
        };
        let mut workers = BTreeMap::new();
        for (name, value) in table {
            let name = name.get_ref().as_ref();
            let worker = self.function(value, &format!("workers.{name}"), WORKER_KEYS, FunctionSettings::default());
            workers.insert(name.to_owned(), worker);
        }
        workers
    }

    /// Reads the table of one function, which may have `known_keys`. It replaces what it has of `settings`.
    pub(super) fn function(
        &mut self,
        value: &Value<'_>,
        path: &str,
        known_keys: &[&str],
        mut settings: FunctionSettings,
    ) -> FunctionSettings {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, path, "a table");
            return settings;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if known_keys.contains(&name) {
                self.record_origin(&format!("{path}.{name}"), value);
                self.function_setting(name, value, &format!("{path}.{name}"), &mut settings);
            } else if name == "stream" {
                let reason =
                    "be set for a worker: only the endpoint has a URL, and only the responses of a URL are streamed";
                self.not_allowed(value, &format!("{path}.{name}"), reason);
            } else {
                self.unknown_key(name, &key.span(), &format!("[package.metadata.bedrock.{path}]"), known_keys);
            }
        }
        self.check_lambda_settings(value, path, &settings);
        self.check_http_api(value, path, &settings);
        settings
    }

    fn function_setting(&mut self, name: &str, value: &Value<'_>, path: &str, settings: &mut FunctionSettings) {
        match name {
            name if LAMBDA_KEYS.contains(&name) => self.lambda_setting(name, value, path, &mut settings.lambda),
            "alarms" => settings.alarms = self.alarms(value, path),
            "allow" => set(&mut settings.allow, self.strings(value, path, "a list of paths or globs")),
            "auth" => set(&mut settings.auth, self.choice(value, path, &[("none", Auth::None), ("iam", Auth::Iam)])),
            "bundle" => set(&mut settings.bundle, self.boolean(value, path)),
            "concurrency" => settings.concurrency = self.number(value, path, "", &(0..=1_000_000)),
            "cors" => settings.cors = self.cors(value, path),
            "dead-letter" => settings.dead_letter = self.dead_letter(value, path),
            "durable" => settings.durable = self.durable(value, path),
            "env" => self.environment(value, path, settings),
            "event-age" => set(&mut settings.event_age, self.number(value, path, "seconds", &EVENT_AGE_SECONDS)),
            "http-api" => settings.http_api = self.http_api(value, path),
            "invokes" => settings.invokes = self.strings(value, path, "a list of worker names"),
            "isolation" => {
                let choices = [("thread", Isolation::Thread), ("process", Isolation::Process)];
                settings.isolation = self.choice(value, path, &choices);
            }
            "layers" => set(&mut settings.layers, self.strings(value, path, "a list of ARNs of layer versions")),
            "log-retention" => match self.number(value, path, "days", &(1..=3653)) {
                Some(days) if LOG_RETENTION_DAYS.contains(&days) => settings.log_retention = days,
                Some(_) => {
                    let list = LOG_RETENTION_DAYS.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
                    self.wrong_value(value, path, &format!("a number of days that CloudWatch Logs supports ({list})"));
                }
                None => {}
            },
            "memory" => set(&mut settings.memory, self.number(value, path, "megabytes", &MEMORY_MEGABYTES)),
            "on-failure" => settings.on_failure = self.destination(value, path, ON_FAILURE),
            "on-success" => settings.on_success = self.destination(value, path, ON_SUCCESS),
            "recursion" => {
                let choices = [("terminate", RecursiveLoop::Terminate), ("allow", RecursiveLoop::Allow)];
                set(&mut settings.recursion, self.choice(value, path, &choices));
            }
            "redact" => set(&mut settings.redact, self.redacted_fields(value, path)),
            "retries" => set(&mut settings.retries, self.number(value, path, "", &RETRIES)),
            "runtime" => settings.runtime = self.string(value, path, "the name of a runtime"),
            "stream" => set(&mut settings.stream, self.boolean(value, path)),
            "url" => settings.url = self.boolean(value, path),
            "uses" => settings.uses = self.uses(value, path),
            "triggers" => settings.triggers = self.triggers(value, path),
            // `timeout` is the only key left.
            _ => set(&mut settings.timeout, self.number(value, path, "seconds", &TIMEOUT_SECONDS)),
        }
    }

    fn destination(&mut self, value: &Value<'_>, path: &str, expected: &str) -> Option<Destination> {
        let text = self.string(value, path, expected)?;
        if expected == ON_SUCCESS && is_arn_of(&text, &["s3"]) {
            self.wrong_value(value, path, expected);
            return None;
        }
        if text.starts_with("arn:") {
            self.refuse_fifo(value, path, &text);
            return Some(Destination::Arn(text));
        }
        let worker = WorkerName::parse(&text).ok().map(Destination::Worker);
        if worker.is_none() {
            self.wrong_value(value, path, expected);
        }
        worker
    }

    fn dead_letter(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let arn = value.get_ref().as_str().filter(|arn| is_arn_of(arn, &["sqs", "sns"])).map(str::to_owned);
        if arn.is_none() {
            self.wrong_value(value, path, "the ARN of a queue or a topic");
        }
        self.refuse_fifo(value, path, arn.as_deref().unwrap_or_default());
        arn
    }

    /// Refuses a FIFO queue or topic, to which Lambda cannot send events.
    fn refuse_fifo(&mut self, value: &Value<'_>, path: &str, arn: &str) {
        if is_fifo_queue(arn) {
            let reason = "be a FIFO queue or topic: Lambda sends events only to standard ones (Lambda developer guide, \
                          \"Capturing records of Lambda asynchronous invocations\")";
            self.not_allowed(value, path, reason);
        }
    }

    fn redacted_fields(&mut self, value: &Value<'_>, path: &str) -> Option<Vec<String>> {
        const EXPECTED: &str = "a list of field names, or of paths like `user.password`";
        let fields = self.strings(value, path, EXPECTED)?;
        if fields.iter().any(|field| field.split('.').any(|part| part.trim().is_empty())) {
            self.wrong_value(value, path, EXPECTED);
            return None;
        }
        Some(fields)
    }

    /// Reads environment variables: strings, and references to secrets.
    fn environment(&mut self, value: &Value<'_>, path: &str, settings: &mut FunctionSettings) {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, path, "a table of variables");
            return;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            self.record_origin(&full_path, value);
            if let Err(reason) = validate_variable_name(name) {
                let location = self.table.manifest.location(&key.span());
                self.problems.push(Problem::new(format!("{location}: `{full_path}` cannot be set: {reason}")));
            } else if let Some(text) = value.get_ref().as_str() {
                settings.secrets.remove(name);
                settings.environment.insert(name.to_owned(), text.to_owned());
            } else if let Some(secret) = parse_secret(value) {
                settings.environment.remove(name);
                settings.secrets.insert(name.to_owned(), secret);
            } else {
                let expected = "a string, `{ ssm = \"/a/name\" }` or `{ secretsmanager = \"a/name\" }`";
                self.wrong_value(value, &full_path, expected);
            }
        }
    }
}

fn parse_secret(value: &Value<'_>) -> Option<Secret> {
    let table = value.get_ref().as_table()?;
    let (key, value) = table.iter().next().filter(|_| table.len() == 1)?;
    let name = value.get_ref().as_str()?.to_owned();
    match key.get_ref().as_ref() {
        "ssm" => Some(Secret::Ssm(name)),
        "secretsmanager" => Some(Secret::SecretsManager(name)),
        _ => None,
    }
}

/// Environment variables that only Lambda may set (AWS documentation, reserved variables).
const RESERVED_VARIABLES: &[&str] = &[
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "TZ",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
];

/// Returns why Lambda would reject a variable with that name (API model, `EnvironmentVariableName`).
fn validate_variable_name(name: &str) -> Result<(), &'static str> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if RESERVED_VARIABLES.contains(&name) {
        Err("Lambda sets it itself")
    } else if name.len() < 2 || !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(is_legal) {
        Err("a variable name is two or more letters, digits and `_`, starting with a letter")
    } else {
        Ok(())
    }
}
