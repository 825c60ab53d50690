//! One function as Lambda has it: its code and settings, what the alias `live` points to, and what is set beside them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::types::{
    Architecture, Concurrency, FunctionConfiguration, FunctionUrlAuthType, LastUpdateStatus, RecursiveLoop, Runtime,
    State,
};
use serde_json::Value;

use crate::aws::{Aws, Failure, Repeat, call};
use crate::deploy::actual::{Deployed, Url};
use crate::deploy::apply::ALIAS;
use crate::deploy::desired::{Events, UrlAuth};
use crate::deploy::environment::Environment;
use crate::deploy::stage::{ENDPOINT, Site};
use crate::deploy::triggers::MARK;
use crate::deploy::version::{Settings, Version};

type Tags = BTreeMap<String, String>;

/// The function of a worker with its tags; none if there is none.
pub(super) async fn read(aws: &Aws, site: &Site, key: &str) -> Result<Option<(Tags, Deployed)>, Failure> {
    let name = site.function(key);
    let found = match call(Repeat::Always, || aws.lambda.get_function().function_name(&name).send()).await {
        Err(failure) if failure.is_missing() => return Ok(None),
        found => found?,
    };
    if let Some(error) = found.tags_error().filter(|_| found.tags().is_none()) {
        // Without them nobody can tell whose it is.
        let (code, message) = (error.error_code().to_owned(), error.message().to_owned());
        return Err(Failure::Refused { code, message, status: 403 });
    }
    let has_url = key == ENDPOINT;
    let (live, events, may_recurse, url, statements) = tokio::join!(
        live(aws, &name),
        events(aws, &name),
        may_recurse(aws, &name),
        async { if has_url { url(aws, &name).await } else { Ok(None) } },
        async { if has_url { statements(aws, &name).await } else { Ok(BTreeSet::new()) } },
    );
    let none = FunctionConfiguration::builder().build();
    let configuration = found.configuration().unwrap_or(&none);
    let deployed = Deployed {
        latest: version(configuration),
        failed: failed(configuration),
        live: live?,
        modified: configuration.last_modified().unwrap_or_default().to_owned(),
        concurrency: found.concurrency().and_then(Concurrency::reserved_concurrent_executions),
        events: events?,
        may_recurse: may_recurse?,
        url: url?,
        statements: statements?,
        has_triggers: found.tags().is_some_and(|tags| tags.contains_key(MARK)),
    };
    Ok(Some((
        found.tags().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect(),
        deployed,
    )))
}

/// Code and settings of a version.
pub(crate) fn version(found: &FunctionConfiguration) -> Version {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let variables = found.environment().and_then(|environment| environment.variables());
    let variables = variables.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
    let dead_letter = found.dead_letter_config().and_then(|config| config.target_arn());
    Version {
        code: text(found.code_sha256()),
        architecture: text(found.architectures().first().map(Architecture::as_str)),
        settings: Settings {
            runtime: text(found.runtime().map(Runtime::as_str)),
            handler: text(found.handler()),
            memory: found.memory_size().unwrap_or_default(),
            timeout: found.timeout().unwrap_or_default(),
            role: text(found.role()),
            environment: Environment::new(variables),
            dead_letter: dead_letter.filter(|arn| !arn.is_empty()).map(str::to_owned),
        },
        layers: Some(found.layers().iter().filter_map(|layer| layer.arn()).map(str::to_owned).collect()),
    }
}

fn failed(found: &FunctionConfiguration) -> Option<String> {
    if found.last_update_status() == Some(&LastUpdateStatus::Failed) {
        Some(found.last_update_status_reason().unwrap_or("AWS does not say why").to_owned())
    } else if found.state() == Some(&State::Failed) {
        Some(found.state_reason().unwrap_or("AWS does not say why").to_owned())
    } else {
        None
    }
}

async fn live(aws: &Aws, name: &str) -> Result<Option<(String, Version)>, Failure> {
    let request = || aws.lambda.get_function().function_name(name).qualifier(ALIAS).send();
    match call(Repeat::Always, request).await {
        Ok(found) => {
            Ok(found.configuration().map(|found| (found.version().unwrap_or_default().to_owned(), version(found))))
        }
        Err(failure) if failure.is_missing() => Ok(None),
        Err(failure) => Err(failure),
    }
}

async fn events(aws: &Aws, name: &str) -> Result<Events, Failure> {
    match call(Repeat::Always, || aws.lambda.get_function_event_invoke_config().function_name(name).send()).await {
        Ok(found) => {
            let usual = Events::default();
            let ends = found.destination_config();
            let on_failure = ends.and_then(|config| config.on_failure()?.destination());
            let on_success = ends.and_then(|config| config.on_success()?.destination());
            Ok(Events {
                retries: found.maximum_retry_attempts().unwrap_or(usual.retries),
                age: found.maximum_event_age_in_seconds().unwrap_or(usual.age),
                on_failure: on_failure.map(str::to_owned),
                on_success: on_success.map(str::to_owned),
            })
        }
        Err(failure) if failure.is_missing() => Ok(Events::default()),
        Err(failure) => Err(failure),
    }
}

async fn may_recurse(aws: &Aws, name: &str) -> Result<bool, Failure> {
    let found = call(Repeat::Always, || aws.lambda.get_function_recursion_config().function_name(name).send()).await?;
    Ok(found.recursive_loop() == Some(&RecursiveLoop::Allow))
}

/// The numbers of a function's versions, and what is written on them.
pub(crate) async fn versions(aws: &Aws, name: &str) -> Result<BTreeMap<u64, String>, Failure> {
    let (mut versions, mut marker) = (BTreeMap::new(), None::<String>);
    loop {
        let request = || aws.lambda.list_versions_by_function().function_name(name).set_marker(marker.clone()).send();
        let page = call(Repeat::Always, request).await?;
        for found in page.versions() {
            // `$LATEST` is no number.
            if let Some(number) = found.version().and_then(|number| number.parse().ok()) {
                versions.insert(number, found.description().unwrap_or_default().to_owned());
            }
        }
        marker = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            return Ok(versions);
        }
    }
}

/// The URL of a function's alias.
pub(crate) async fn url(aws: &Aws, name: &str) -> Result<Option<Url>, Failure> {
    let request = || aws.lambda.get_function_url_config().function_name(name).qualifier(ALIAS).send();
    match call(Repeat::Always, request).await {
        Ok(found) => {
            let is_open = *found.auth_type() == FunctionUrlAuthType::None;
            let auth = if is_open { UrlAuth::Everybody } else { UrlAuth::Iam };
            Ok(Some(Url { auth, address: found.function_url().to_owned() }))
        }
        Err(failure) if failure.is_missing() => Ok(None),
        Err(failure) => Err(failure),
    }
}

async fn statements(aws: &Aws, name: &str) -> Result<BTreeSet<String>, Failure> {
    let request = || aws.lambda.get_policy().function_name(name).qualifier(ALIAS).send();
    match call(Repeat::Always, request).await {
        Ok(found) => {
            let policy: Value = serde_json::from_str(found.policy().unwrap_or_default()).unwrap_or_default();
            let statements = policy["Statement"].as_array().into_iter().flatten();
            Ok(statements.filter_map(|statement| statement["Sid"].as_str()).map(str::to_owned).collect())
        }
        Err(failure) if failure.is_missing() => Ok(BTreeSet::new()),
        Err(failure) => Err(failure),
    }
}
