//! Which Lambda function a target means: from the configuration, else by the naming rule `app-stage-worker`.

use crate::transport::Target;
use crate::{Config, Error};

/// What is known of the program that calls.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Own<'a> {
    /// The ARN by which the current invocation was called.
    pub(super) arn: Option<&'a str>,
    /// The name of the function that runs, from the environment.
    pub(super) name: Option<&'a str>,
    pub(super) app: Option<&'a str>,
}

/// The name or ARN to call. Names, ARNs and qualifiers that were given stay as they are.
pub(super) fn of(target: &Target, own: Own<'_>, config: &Config) -> Result<String, Error> {
    if let Some(arn) = config.workers.get(target.as_str()) {
        return Ok(arn.clone());
    }
    match target {
        Target::Any(name) => Ok(name.clone()),
        Target::Worker(worker) => beside(worker, own).ok_or_else(|| Error::WorkerNotFound {
            worker: (*worker).to_owned(),
            help: Some(format!("set `{}` to the ARN of its function", arn_variable(worker, own.app))),
        }),
    }
}

/// The function of `worker` in the app and stage of the one that runs: its name up to the last `-`, then the worker.
///
/// Neither worker names nor `endpoint` have a `-`, so whatever app and stage are called, they end there.
fn beside(worker: &str, own: Own<'_>) -> Option<String> {
    let (place, name) = match own.arn.and_then(split_arn) {
        Some((place, name)) => (place, name),
        None => ("", own.name?),
    };
    let (stage, _) = name.rsplit_once('-')?;
    let is_of_app = |app: &str| stage.strip_prefix(app).is_some_and(|rest| rest.starts_with('-'));
    own.app.is_none_or(is_of_app).then(|| format!("{place}{stage}-{worker}"))
}

/// `arn:…:function:` and the name of a function's ARN. The qualifier is left out: other functions need not have it.
fn split_arn(arn: &str) -> Option<(&str, &str)> {
    const KIND: &str = ":function:";
    let at = arn.find(KIND).filter(|_| arn.starts_with("arn:"))? + KIND.len();
    let (place, name) = arn.split_at(at);
    Some((place, name.split(':').next().unwrap_or(name)))
}

/// What the deployment can set to say where a worker is.
pub(super) fn arn_variable(worker: &str, app: Option<&str>) -> String {
    let app = app.map_or_else(|| "[YOUR_APP]".to_owned(), |app| app.replace('-', "_").to_uppercase());
    format!("{app}_WORKER_ARN_{}", worker.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::{Own, of};
    use crate::transport::Target;
    use crate::{Config, Error};

    const PLACE: &str = "arn:aws-cn:lambda:cn-north-1:123456789012:function:";

    fn own<'a>(arn: &'a str, name: &'a str) -> Own<'a> {
        let some = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        Own { arn: some(arn), name: some(name), app: Some("my-app") }
    }

    fn config() -> Config {
        let mut config = Config::default();
        config.workers.insert("resizer".to_owned(), "arn:of:resizer:live".to_owned());
        config
    }

    #[test]
    fn a_worker_is_where_the_configuration_says() {
        let arn = format!("{PLACE}my-app-dev-endpoint");
        let own = own(&arn, "");
        for target in [Target::Worker("resizer"), Target::Any("resizer".to_owned())] {
            assert_eq!(of(&target, own, &config()).as_deref(), Ok("arn:of:resizer:live"));
        }
    }

    #[test]
    fn without_configuration_it_is_beside_the_function_that_calls() {
        let table = [
            (format!("{PLACE}my-app-dev-endpoint"), "", format!("{PLACE}my-app-dev-fetcher")),
            // A stage may have a `-`, and the caller may have been called by an alias.
            (format!("{PLACE}my-app-pull-7-resizer:live"), "", format!("{PLACE}my-app-pull-7-fetcher")),
            (String::new(), "my-app-dev-endpoint", "my-app-dev-fetcher".to_owned()),
            ("no ARN".to_owned(), "my-app-dev-endpoint", "my-app-dev-fetcher".to_owned()),
        ];
        for (arn, name, expected) in table {
            assert_eq!(of(&Target::Worker("fetcher"), own(&arn, name), &config()), Ok(expected), "{arn} {name}");
        }
    }

    #[test]
    fn a_function_that_is_not_named_by_the_rule_gives_no_hint() {
        for name in ["", "handler", "my-app", "my-apple-dev-endpoint", "other-dev-endpoint"] {
            let error = of(&Target::Worker("fetcher"), own("", name), &config()).expect_err(name);
            assert_eq!(error.help(), Some("set `MY_APP_WORKER_ARN_FETCHER` to the ARN of its function"), "{name}");
            assert!(matches!(error, Error::WorkerNotFound { .. }) && !error.may_have_run());
        }
        // A program that is no app takes the rule's word for it.
        let anybody = Own { app: None, ..own("", "x-dev-endpoint") };
        assert_eq!(of(&Target::Worker("fetcher"), anybody, &config()).as_deref(), Ok("x-dev-fetcher"));
    }

    #[test]
    fn names_and_arns_pass_as_they_are() {
        let arn = format!("{PLACE}my-app-dev-endpoint");
        for target in ["audit", "audit:7", "123456789012:function:audit", &format!("{PLACE}audit:$LATEST")] {
            let own = own(&arn, "");
            assert_eq!(of(&Target::Any(target.to_owned()), own, &config()).as_deref(), Ok(target));
        }
    }
}
