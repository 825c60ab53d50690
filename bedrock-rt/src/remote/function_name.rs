//! Finds the Lambda function of a target: from the configuration, otherwise by the naming rule `app-stage-worker`.

use crate::{Config, Error};
use bedrock_model::transport::Target;

/// The alias that a deployment points to the version in use.
const ALIAS: &str = "live";
/// The version of a function that is not published.
const UNPUBLISHED_VERSION: &str = "$LATEST";

/// Identity of the program that makes the call.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CallerIdentity<'a> {
    /// ARN with which the current invocation was called.
    pub(crate) arn: Option<&'a str>,
    /// Name of the running function, from the environment.
    pub(crate) name: Option<&'a str>,
    /// Version of the running function, from the environment: a number, or `$LATEST`.
    pub(crate) version: Option<&'a str>,
    pub(crate) app: Option<&'a str>,
}

/// Returns the name or ARN to call. Names, ARNs and qualifiers of the caller are not changed.
pub(super) fn resolve(target: &Target, caller: CallerIdentity<'_>, config: &Config) -> Result<String, Error> {
    if let Some(arn) = config.workers.get(target.as_str()) {
        return Ok(arn.clone());
    }
    match target {
        Target::Any(name) => Ok(name.clone()),
        Target::Worker(worker) => sibling_function(worker, caller).ok_or_else(|| Error::WorkerNotFound {
            worker: (*worker).to_owned(),
            help: Some(format!("set `{}` to the ARN of its function", worker_arn_variable(worker, caller.app))),
        }),
    }
}

/// Returns the function of a worker that is named at run time. `None` if it is no name of a worker, or if the caller does
/// not follow the naming rule.
#[cfg(any(feature = "durable", test))]
pub(crate) fn function_of_worker(name: &str, caller: CallerIdentity<'_>, config: &Config) -> Option<String> {
    let is_worker = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    config.workers.get(name).cloned().or_else(|| is_worker.then(|| sibling_function(name, caller)).flatten())
}

/// Returns the name of `worker` in the app and stage of the caller: the caller's name up to its last `-`, followed by
/// the worker's name. `None` if the caller's name does not follow the naming rule.
///
/// A published version calls the alias, so that it reaches new code only when a deploy is complete. A caller that is not
/// published may belong to a deployment without aliases.
///
/// Neither worker names nor `endpoint` contain a `-`, so app and stage end there whatever their names are.
fn sibling_function(worker: &str, caller: CallerIdentity<'_>) -> Option<String> {
    let (arn_prefix, name) = match caller.arn.and_then(split_function_arn) {
        Some((arn_prefix, name)) => (arn_prefix, name),
        None => ("", caller.name?),
    };
    let (stage, _) = name.rsplit_once('-')?;
    let is_of_app = |app: &str| stage.strip_prefix(app).is_some_and(|rest| rest.starts_with('-'));
    let is_published = caller.version.is_some_and(|version| !version.is_empty() && version != UNPUBLISHED_VERSION);
    let qualifier = if is_published { format!(":{ALIAS}") } else { String::new() };
    caller.app.is_none_or(is_of_app).then(|| format!("{arn_prefix}{stage}-{worker}{qualifier}"))
}

/// Splits a function's ARN into `arn:…:function:` and the name, without the qualifier: other functions need not have
/// that qualifier.
fn split_function_arn(arn: &str) -> Option<(&str, &str)> {
    const KIND: &str = ":function:";
    let at = arn.find(KIND).filter(|_| arn.starts_with("arn:"))? + KIND.len();
    let (arn_prefix, name) = arn.split_at(at);
    Some((arn_prefix, name.split(':').next().unwrap_or(name)))
}

/// Returns the environment variable with which a deployment sets the ARN of a worker.
pub(super) fn worker_arn_variable(worker: &str, app: Option<&str>) -> String {
    let app = app.map_or_else(|| "[YOUR_APP]".to_owned(), |app| app.replace('-', "_").to_uppercase());
    format!("{app}_WORKER_ARN_{}", worker.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::{CallerIdentity, function_of_worker, resolve};
    use crate::{Config, Error};
    use bedrock_model::transport::Target;

    const PLACE: &str = "arn:aws-cn:lambda:cn-north-1:123456789012:function:";

    fn caller<'a>(arn: &'a str, name: &'a str) -> CallerIdentity<'a> {
        let some = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        CallerIdentity { arn: some(arn), name: some(name), version: None, app: Some("my-app") }
    }

    fn config() -> Config {
        let mut config = Config::default();
        config.workers.insert("resizer".to_owned(), "arn:of:resizer:live".to_owned());
        config
    }

    #[test]
    fn configured_arn_is_used() {
        let arn = format!("{PLACE}my-app-dev-endpoint");
        let caller = caller(&arn, "");
        for target in [Target::Worker("resizer"), Target::Any("resizer".to_owned())] {
            assert_eq!(resolve(&target, caller, &config()).as_deref(), Ok("arn:of:resizer:live"));
        }
    }

    #[test]
    fn unconfigured_worker_is_in_the_callers_app_and_stage() {
        let table = [
            (format!("{PLACE}my-app-dev-endpoint"), "", format!("{PLACE}my-app-dev-fetcher")),
            // A stage may contain a `-`, and the caller may have been called through an alias.
            (format!("{PLACE}my-app-pull-7-resizer:live"), "", format!("{PLACE}my-app-pull-7-fetcher")),
            (String::new(), "my-app-dev-endpoint", "my-app-dev-fetcher".to_owned()),
            ("no ARN".to_owned(), "my-app-dev-endpoint", "my-app-dev-fetcher".to_owned()),
        ];
        for (arn, name, expected) in table {
            assert_eq!(
                resolve(&Target::Worker("fetcher"), caller(&arn, name), &config()),
                Ok(expected),
                "{arn} {name}"
            );
        }
    }

    #[test]
    fn published_caller_calls_the_alias() {
        let arn = format!("{PLACE}my-app-dev-endpoint:live");
        for (version, qualifier) in [("7", ":live"), ("$LATEST", ""), ("", "")] {
            for (arn, prefix) in [(arn.as_str(), PLACE), ("", "")] {
                let caller = CallerIdentity { version: Some(version), ..caller(arn, "my-app-dev-endpoint") };
                assert_eq!(
                    resolve(&Target::Worker("fetcher"), caller, &config()),
                    Ok(format!("{prefix}my-app-dev-fetcher{qualifier}")),
                    "{version}"
                );
            }
        }
    }

    #[test]
    fn unconventional_caller_name_finds_no_worker() {
        for name in ["", "handler", "my-app", "my-apple-dev-endpoint", "other-dev-endpoint"] {
            let error = resolve(&Target::Worker("fetcher"), caller("", name), &config()).expect_err(name);
            assert_eq!(error.help(), Some("set `MY_APP_WORKER_ARN_FETCHER` to the ARN of its function"), "{name}");
            assert!(matches!(error, Error::WorkerNotFound { .. }) && !error.may_have_run());
        }
        // A program that is not an app relies on the naming rule.
        let without_app = CallerIdentity { app: None, ..caller("", "x-dev-endpoint") };
        assert_eq!(resolve(&Target::Worker("fetcher"), without_app, &config()).as_deref(), Ok("x-dev-fetcher"));
    }

    #[test]
    fn name_at_run_time_may_be_of_a_worker() {
        let caller = CallerIdentity { version: Some("7"), ..caller("", "my-app-dev-order_flow") };
        for (name, function) in [
            ("resizer", Some("arn:of:resizer:live")),
            ("step_2", Some("my-app-dev-step_2:live")),
            ("my-app-dev-mailer:live", None),
            ("arn:aws:lambda:eu-west-1:123456789012:function:audit", None),
            ("Mailer", None),
            ("2nd", None),
            ("", None),
        ] {
            assert_eq!(function_of_worker(name, caller, &config()).as_deref(), function, "{name}");
        }
        let unconventional = CallerIdentity { name: Some("handler"), ..caller };
        assert_eq!(function_of_worker("mailer", unconventional, &config()), None);
    }

    #[test]
    fn names_and_arns_are_not_changed() {
        let arn = format!("{PLACE}my-app-dev-endpoint");
        for target in ["audit", "audit:7", "123456789012:function:audit", &format!("{PLACE}audit:$LATEST")] {
            let caller = caller(&arn, "");
            assert_eq!(resolve(&Target::Any(target.to_owned()), caller, &config()).as_deref(), Ok(target));
        }
    }
}
