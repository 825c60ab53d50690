//! Reads one Lambda function: its code and settings, the version that the alias `live` points to, and the settings that are
//! not part of a version.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::primitives::{DateTime, DateTimeFormat};
use aws_sdk_lambda::types::{
    Architecture, Concurrency, FunctionConfiguration, FunctionUrlAuthType, InvokeMode, LastUpdateStatus, RecursiveLoop,
    Runtime, State,
};
use serde_json::Value;

use crate::actual::{DeployedFunction, FunctionUrl, LiveVersion};
use crate::aws::{Aws, AwsError, Idempotency, call, optional};
use crate::cors::Cors;
use crate::desired::{EventInvokeConfig, UrlAuth};
use crate::environment::Environment;
use crate::lambda_settings::{
    CODE_SIGNING, ManagedSettings, PROVISIONED_CONCURRENCY, RUNTIME_MANAGEMENT, RuntimeManagement, actual_members,
};
use crate::stage::{ALIAS, ENDPOINT, SETTINGS_TAG, StageContext, TRIGGERS_TAG};
use crate::version::{FunctionSettings, Version};

type Tags = BTreeMap<String, String>;

/// Reads the function `key` with its tags. Returns `None` if it does not exist.
pub(super) async fn read(
    aws: &Aws,
    stage: &StageContext,
    key: &str,
) -> Result<Option<(Tags, DeployedFunction)>, AwsError> {
    let name = stage.function_name(key);
    let request = || aws.lambda.get_function().function_name(&name).send();
    let Some(response) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(None) };
    let deployed = deployed_function(&response)?;
    let has_url = key == ENDPOINT;
    let (live, event_invoke_config, allows_recursion, url, statement_ids, extras) = tokio::join!(
        read_live_version(aws, &name),
        read_event_invoke_config(aws, &name),
        read_allows_recursion(aws, &name),
        async { if has_url { read_function_url(aws, &name).await } else { Ok(None) } },
        async { if has_url { read_statement_ids(aws, &name).await } else { Ok(BTreeSet::new()) } },
        read_extras(aws, &name, &deployed.managed),
    );
    let extras = extras?;
    let deployed = DeployedFunction {
        live: live?,
        event_invoke_config: event_invoke_config?,
        allows_recursion: allows_recursion?,
        url: url?,
        statement_ids: statement_ids?,
        provisioned_concurrency: extras.provisioned_concurrency,
        code_signing: extras.code_signing,
        runtime_management: extras.runtime_management,
        ..deployed
    };
    Ok(Some((deployed.tags.clone(), deployed)))
}

/// Reads code, settings, tags and reserved concurrency of the function `key`, and the version in use, with two requests.
/// Everything else has the defaults of Lambda. Returns `None` if the function does not exist.
pub(crate) async fn read_versions(
    aws: &Aws,
    stage: &StageContext,
    key: &str,
) -> Result<Option<DeployedFunction>, AwsError> {
    let name = stage.function_name(key);
    let request = || aws.lambda.get_function().function_name(&name).send();
    let (response, live) = tokio::join!(call(Idempotency::Idempotent, request), read_live_version(aws, &name));
    let Some(response) = optional(response)? else { return Ok(None) };
    Ok(Some(DeployedFunction { live: live?, ..deployed_function(&response)? }))
}

/// Converts a response. What it does not contain has the defaults of Lambda.
fn deployed_function(response: &GetFunctionOutput) -> Result<DeployedFunction, AwsError> {
    if let Some(error) = response.tags_error().filter(|_| response.tags().is_none()) {
        // Without its tags, it is unknown whether the function is ours.
        let code = error.error_code().to_owned();
        let message = error.message().to_owned();
        return Err(AwsError::Service { action: Some("lambda:ListTags".to_owned()), code, message, status: 403 });
    }
    let tags: Tags = response.tags().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
    let empty = FunctionConfiguration::builder().build();
    let configuration = response.configuration().unwrap_or(&empty);
    Ok(DeployedFunction {
        latest: version_from(configuration),
        revision: configuration.revision_id().map(str::to_owned),
        update_error: update_error(configuration),
        live: None,
        last_modified: configuration.last_modified().unwrap_or_default().to_owned(),
        reserved_concurrency: response.concurrency().and_then(Concurrency::reserved_concurrent_executions),
        event_invoke_config: EventInvokeConfig::default(),
        allows_recursion: false,
        url: None,
        statement_ids: BTreeSet::new(),
        has_triggers_tag: tags.contains_key(TRIGGERS_TAG),
        managed: tags.get(SETTINGS_TAG).map(|tag| ManagedSettings::parse(tag)).unwrap_or_default(),
        tags,
        provisioned_concurrency: None,
        code_signing: None,
        runtime_management: RuntimeManagement::default(),
        running_executions: BTreeMap::new(),
    })
}

/// Returns the tags of the function called `name`, or `None` if it does not exist.
pub(super) async fn read_tags(aws: &Aws, name: &str) -> Result<Option<Tags>, AwsError> {
    let request = || aws.lambda.get_function().function_name(name).send();
    let response = optional(call(Idempotency::Idempotent, request).await)?;
    let tags = |response: GetFunctionOutput| response.tags.unwrap_or_default().into_iter().collect();
    Ok(response.map(tags))
}

/// Settings that have requests of their own.
#[derive(Default)]
struct Extras {
    provisioned_concurrency: Option<i32>,
    code_signing: Option<String>,
    runtime_management: RuntimeManagement,
}

/// Reads only what earlier deploys managed, so that other functions need neither the requests nor the permissions.
async fn read_extras(aws: &Aws, name: &str, managed: &ManagedSettings) -> Result<Extras, AwsError> {
    let lambda = &aws.lambda;
    let mut extras = Extras::default();
    if managed.contains(PROVISIONED_CONCURRENCY) {
        let request = || lambda.get_provisioned_concurrency_config().function_name(name).qualifier(ALIAS).send();
        let response = optional(call(Idempotency::Idempotent, request).await)?;
        extras.provisioned_concurrency =
            response.and_then(|response| response.requested_provisioned_concurrent_executions());
    }
    if managed.contains(CODE_SIGNING) {
        let request = || lambda.get_function_code_signing_config().function_name(name).send();
        let response = optional(call(Idempotency::Idempotent, request).await)?;
        let arn = response.map(|response| response.code_signing_config_arn().to_owned());
        extras.code_signing = arn.filter(|arn| !arn.is_empty());
    }
    if managed.contains(RUNTIME_MANAGEMENT) {
        let request = || lambda.get_runtime_management_config().function_name(name).send();
        let response = call(Idempotency::Idempotent, request).await?;
        let mode = response.update_runtime_on().map_or("Auto", |mode| mode.as_str()).to_owned();
        let version = response.runtime_version_arn().filter(|_| mode == "Manual").map(str::to_owned);
        extras.runtime_management = RuntimeManagement { mode, version };
    }
    Ok(extras)
}

/// Converts Lambda's description of a version.
pub(crate) fn version_from(configuration: &FunctionConfiguration) -> Version {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let variables = configuration.environment().and_then(|environment| environment.variables());
    let variables = variables.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
    let dead_letter = configuration.dead_letter_config().and_then(|config| config.target_arn());
    Version {
        code_sha256: text(configuration.code_sha256()),
        architecture: text(configuration.architectures().first().map(Architecture::as_str)),
        settings: FunctionSettings {
            runtime: text(configuration.runtime().map(Runtime::as_str)),
            handler: text(configuration.handler()),
            memory_mb: configuration.memory_size().unwrap_or_default(),
            timeout_seconds: configuration.timeout().unwrap_or_default(),
            role_arn: text(configuration.role()),
            environment: Environment::new(variables),
            dead_letter: dead_letter.filter(|arn| !arn.is_empty()).map(str::to_owned),
            members: actual_members(configuration),
        },
        layers: Some(configuration.layers().iter().filter_map(|layer| layer.arn()).map(str::to_owned).collect()),
    }
}

/// Returns why the last update, or the creation of the function, failed.
fn update_error(configuration: &FunctionConfiguration) -> Option<String> {
    let reason = if configuration.last_update_status() == Some(&LastUpdateStatus::Failed) {
        configuration.last_update_status_reason()
    } else if configuration.state() == Some(&State::Failed) {
        configuration.state_reason()
    } else {
        return None;
    };
    Some(reason.unwrap_or("AWS gave no reason").to_owned())
}

async fn read_live_version(aws: &Aws, name: &str) -> Result<Option<LiveVersion>, AwsError> {
    let request = || aws.lambda.get_function().function_name(name).qualifier(ALIAS).send();
    let response = optional(call(Idempotency::Idempotent, request).await)?;
    let configuration = response.as_ref().and_then(|response| response.configuration());
    Ok(configuration.map(|configuration| LiveVersion {
        number: configuration.version().unwrap_or_default().to_owned(),
        modified_at: configuration.last_modified().and_then(parse_time),
        version: version_from(configuration),
    }))
}

/// Parses a time as Lambda writes it: `2026-11-30T07:08:09.123+0000`. Returns seconds since 1970.
fn parse_time(text: &str) -> Option<i64> {
    let text = text.replace("+0000", "Z");
    DateTime::from_str(&text, DateTimeFormat::DateTime).ok().map(|time| time.secs())
}

async fn read_event_invoke_config(aws: &Aws, name: &str) -> Result<EventInvokeConfig, AwsError> {
    let request = || aws.lambda.get_function_event_invoke_config().function_name(name).qualifier(ALIAS).send();
    let default = EventInvokeConfig::default();
    let Some(response) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(default) };
    let destinations = response.destination_config();
    let on_failure = destinations.and_then(|config| config.on_failure()?.destination());
    let on_success = destinations.and_then(|config| config.on_success()?.destination());
    Ok(EventInvokeConfig {
        max_retries: response.maximum_retry_attempts().unwrap_or(default.max_retries),
        max_age_seconds: response.maximum_event_age_in_seconds().unwrap_or(default.max_age_seconds),
        on_failure: on_failure.map(str::to_owned),
        on_success: on_success.map(str::to_owned),
    })
}

async fn read_allows_recursion(aws: &Aws, name: &str) -> Result<bool, AwsError> {
    let request = || aws.lambda.get_function_recursion_config().function_name(name).send();
    match call(Idempotency::Idempotent, request).await {
        // Where Lambda does not have this setting, it does not detect loops, and there is nothing to change.
        Err(error) if error.is_unavailable_operation() => Ok(false),
        response => Ok(response?.recursive_loop() == Some(&RecursiveLoop::Allow)),
    }
}

/// Returns the descriptions of a function's published versions by their numbers.
pub(crate) async fn read_version_descriptions(aws: &Aws, name: &str) -> Result<BTreeMap<u64, String>, AwsError> {
    let versions = list_versions(aws, name).await?;
    // `$LATEST` is not a number.
    let numbered = versions.iter().filter_map(|version| Some((version.version()?.parse().ok()?, version)));
    Ok(numbered.map(|(number, version)| (number, version.description().unwrap_or_default().to_owned())).collect())
}

/// Returns the ARNs of all layer versions that a version of a function uses. Empty if the function does not exist.
pub(crate) async fn read_layers_in_use(aws: &Aws, name: &str) -> Result<BTreeSet<String>, AwsError> {
    let versions = optional(list_versions(aws, name).await)?.unwrap_or_default();
    let layers = versions.iter().flat_map(FunctionConfiguration::layers);
    Ok(layers.filter_map(|layer| layer.arn()).map(str::to_owned).collect())
}

/// Returns all versions of a function, including `$LATEST`.
async fn list_versions(aws: &Aws, name: &str) -> Result<Vec<FunctionConfiguration>, AwsError> {
    let mut versions = Vec::new();
    let mut marker = None::<String>;
    loop {
        let request = || aws.lambda.list_versions_by_function().function_name(name).set_marker(marker.clone()).send();
        let page = call(Idempotency::Idempotent, request).await?;
        marker = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        versions.extend(page.versions.unwrap_or_default());
        if marker.is_none() {
            return Ok(versions);
        }
    }
}

/// Returns the function URL of the alias `live`, or `None` if it has none.
pub(crate) async fn read_function_url(aws: &Aws, name: &str) -> Result<Option<FunctionUrl>, AwsError> {
    let request = || aws.lambda.get_function_url_config().function_name(name).qualifier(ALIAS).send();
    let response = optional(call(Idempotency::Idempotent, request).await)?;
    Ok(response.map(|response| {
        let is_public = *response.auth_type() == FunctionUrlAuthType::None;
        let auth = if is_public { UrlAuth::Public } else { UrlAuth::Iam };
        let cors = response.cors().map(Cors::of).unwrap_or_default();
        let streams = response.invoke_mode() == Some(&InvokeMode::ResponseStream);
        FunctionUrl { auth, cors, streams, url: response.function_url().to_owned() }
    }))
}

async fn read_statement_ids(aws: &Aws, name: &str) -> Result<BTreeSet<String>, AwsError> {
    let request = || aws.lambda.get_policy().function_name(name).qualifier(ALIAS).send();
    let Some(response) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(BTreeSet::new()) };
    let policy: Value = serde_json::from_str(response.policy().unwrap_or_default()).unwrap_or_default();
    let statements = policy["Statement"].as_array().into_iter().flatten();
    Ok(statements.filter_map(|statement| statement["Sid"].as_str()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_lambda_are_parsed() {
        assert_eq!(parse_time("1970-01-02T00:00:01.999+0000"), Some(86_401));
        assert_eq!(parse_time("yesterday"), None);
    }
}
