//! Creates, updates and deletes a Lambda function, its versions and its log group.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    AliasRoutingConfiguration, Architecture, DeadLetterConfig, DestinationConfig, Environment, FunctionCode, OnFailure,
    OnSuccess, RecursiveLoop, Runtime,
};
use bedrock_diagnostics::Error;
use serde_json::json;

use super::context::{FunctionContext, StepError, StepResult, wait_until_ready};
use super::lambda_settings::add_members;
use super::upload::{CodeSource, Upload, read_and_upload, verify_code};
use crate::alias_log::{AliasLog, denied_warning};
use crate::aws::{Aws, AwsError, Idempotency, call, optional};
use crate::desired::{DesiredFunction, EventInvokeConfig};
use crate::durable::is_durable;
use crate::executions::has_running;
use crate::lambda_settings::Members;
use crate::read::{read_version_descriptions, version_from};
use crate::stage::{ALIAS, UNRECORDED_TAG};
use crate::version::{FunctionSettings, Version, VersionDescription};

/// Versions of a function that are kept for rollbacks.
const MAX_KEPT_VERSIONS: usize = 10;

/// Creates the log group, or adds our tags to one that exists: Lambda creates it on a function's first invocation.
pub(super) async fn create_log_group(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let logs = &context.aws.logs;
    let name = context.stage.log_group_name(context.key);
    let tags: HashMap<String, String> = context.stage.all_tags().into_iter().collect();
    let request = || logs.create_log_group().log_group_name(&name).set_tags(Some(tags.clone())).send();
    match call(Idempotency::Idempotent, request).await {
        Err(error) if error.already_exists() => {
            let arn = context.stage.log_group_arn(context.key);
            let request = || logs.tag_resource().resource_arn(&arn).set_tags(Some(tags.clone())).send();
            call(Idempotency::Idempotent, request).await?;
        }
        created => drop(created?),
    }
    set_log_retention(context, desired).await
}

pub(super) async fn set_log_retention(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let name = context.stage.log_group_name(context.key);
    let request = || {
        let policy = context.aws.logs.put_retention_policy().log_group_name(&name);
        policy.retention_in_days(desired.log_retention_days).send()
    };
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

pub(super) async fn delete_log_group(context: &FunctionContext<'_>) -> StepResult {
    let name = context.stage.log_group_name(context.key);
    let request = || context.aws.logs.delete_log_group().log_group_name(&name).send();
    optional(call(Idempotency::Idempotent, request).await)?;
    Ok(())
}

pub(super) async fn create(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let upload = read_and_upload(context, &desired.zip).await?;
    let code = match &upload.source {
        CodeSource::Bytes(bytes) => FunctionCode::builder().zip_file(Blob::new(bytes.to_vec())),
        CodeSource::Bucket { bucket, key } => FunctionCode::builder().s3_bucket(bucket).s3_key(key),
    };
    let code = code.build();
    let version = &desired.version;
    let settings = &version.settings;
    let unrecorded = context.is_unrecorded.then(|| (UNRECORDED_TAG.to_owned(), "true".to_owned()));
    let tags = context.stage.all_tags().into_iter().chain(desired.tags()).chain(unrecorded);
    let tags: HashMap<String, String> = tags.collect();
    let mut members = context.members.clone();
    members.extend(desired.lambda.code_signing.iter().map(|arn| ("CodeSigningConfigArn".to_owned(), json!(arn))));
    let request = || {
        let function = context.aws.lambda.create_function().function_name(context.name).code(code.clone());
        let function = function.set_tags(Some(tags.clone())).role(context.role_arn).handler(&settings.handler);
        let function = function.architectures(Architecture::from(version.architecture.as_str()));
        let function = function.runtime(Runtime::from(settings.runtime.as_str()));
        let function = function.memory_size(settings.memory_mb).timeout(settings.timeout_seconds);
        let function = function.set_layers(Some(desired.layers(context.layer_arn.as_deref())));
        let function = function.set_dead_letter_config(dead_letter_config(settings)).environment(environment(settings));
        let timeouts = aws_sdk_lambda::Config::builder().timeout_config(upload.timeouts.clone());
        let members = members.clone();
        let request = function.customize().config_override(timeouts);
        request.mutate_request(move |request| add_members(request, &members)).send()
    };
    let created = call(Idempotency::NotIdempotent, request).await?;
    drop(upload);
    verify_code(created.code_sha256(), &version.code_sha256)?;
    wait_until_ready(context.aws, context.name, None).await.map(drop)
}

/// Deletes the function with its versions, its alias, its URL and its resource policy.
pub(super) async fn delete(context: &FunctionContext<'_>) -> StepResult {
    let request = || context.aws.lambda.delete_function().function_name(context.name).send();
    optional(call(Idempotency::Idempotent, request).await)?;
    Ok(())
}

/// Updates all settings that can be changed without new code, if the function still has this `revision`. Returns the new one.
pub(crate) async fn update_settings(
    aws: &Aws,
    name: &str,
    settings: &FunctionSettings,
    layers: &[String],
    members: &Members,
    revision: Option<&str>,
) -> Result<Option<String>, StepError> {
    let request = || {
        let function = aws.lambda.update_function_configuration().function_name(name).role(&settings.role_arn);
        let function = function.handler(&settings.handler).runtime(Runtime::from(settings.runtime.as_str()));
        let function = function.memory_size(settings.memory_mb).timeout(settings.timeout_seconds);
        // An empty ARN removes the dead-letter queue.
        let no_dead_letter = || DeadLetterConfig::builder().target_arn("").build();
        let function = function.dead_letter_config(dead_letter_config(settings).unwrap_or_else(no_dead_letter));
        let function = function.set_layers(Some(layers.to_vec())).environment(environment(settings));
        let function = function.set_revision_id(revision.map(str::to_owned));
        let members = members.clone();
        function.customize().mutate_request(move |request| add_members(request, &members)).send()
    };
    accept_repetition(aws, name, call(Idempotency::Idempotent, request).await, |actual| {
        let desired = Version { settings: settings.clone(), layers: Some(layers.to_vec()), ..actual.clone() };
        actual.differences(&desired).is_empty()
    })
    .await?;
    wait_until_ready(aws, name, None).await
}

pub(super) async fn upload_code(
    context: &FunctionContext<'_>,
    desired: &DesiredFunction,
) -> Result<Option<String>, StepError> {
    let upload = read_and_upload(context, &desired.zip).await?;
    update_code(context.aws, context.name, upload, &desired.version, context.revision.as_deref()).await
}

/// Returns an error if `result` says that the function was changed by others, unless it is as `is_desired` expects: then an
/// earlier attempt of the same request was successful, and its response was lost.
pub(super) async fn accept_repetition<T>(
    aws: &Aws,
    name: &str,
    result: Result<T, AwsError>,
    is_desired: impl Fn(&Version) -> bool,
) -> StepResult {
    match result {
        Err(error) if error.has_code("PreconditionFailedException") => {
            let response =
                call(Idempotency::Idempotent, || aws.lambda.get_function().function_name(name).send()).await?;
            if response.configuration().map(version_from).is_some_and(|version| is_desired(&version)) {
                return Ok(());
            }
            Err(changed_by_others().into())
        }
        result => Ok(result.map(drop)?),
    }
}

pub(super) fn changed_by_others() -> Error {
    Error::app("the function was changed by another program after the plan was made")
}

/// Updates the code and the architecture that it is compiled for to those of `version`, if the function still has this
/// `revision`. Returns the new one.
pub(crate) async fn update_code(
    aws: &Aws,
    name: &str,
    upload: Upload,
    version: &Version,
    revision: Option<&str>,
) -> Result<Option<String>, StepError> {
    let request = || {
        let function = aws.lambda.update_function_code().function_name(name);
        let function = match &upload.source {
            CodeSource::Bytes(bytes) => function.zip_file(Blob::new(bytes.to_vec())),
            CodeSource::Bucket { bucket, key } => function.s3_bucket(bucket).s3_key(key),
        };
        let timeouts = aws_sdk_lambda::Config::builder().timeout_config(upload.timeouts.clone());
        let function = function.architectures(Architecture::from(version.architecture.as_str()));
        let function = function.set_revision_id(revision.map(str::to_owned));
        function.customize().config_override(timeouts).send()
    };
    let updated = call(Idempotency::Idempotent, request).await;
    drop(upload);
    if let Ok(updated) = &updated {
        verify_code(updated.code_sha256(), &version.code_sha256)?;
    }
    let is_desired =
        |actual: &Version| actual.code_sha256 == version.code_sha256 && actual.architecture == version.architecture;
    accept_repetition(aws, name, updated, is_desired).await?;
    wait_until_ready(aws, name, None).await
}

pub(super) async fn set_concurrency(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let lambda = &context.aws.lambda;
    if let Some(count) = desired.reserved_concurrency {
        let request = || {
            let concurrency = lambda.put_function_concurrency().function_name(context.name);
            concurrency.reserved_concurrent_executions(count).send()
        };
        call(Idempotency::Idempotent, request).await?;
    } else {
        let request = || lambda.delete_function_concurrency().function_name(context.name).send();
        call(Idempotency::Idempotent, request).await?;
    }
    Ok(())
}

/// The configuration belongs to the alias, which all callers invoke.
pub(super) async fn set_event_invoke_config(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let lambda = &context.aws.lambda;
    let events = &desired.event_invoke_config;
    if *events == EventInvokeConfig::default() {
        let request =
            || lambda.delete_function_event_invoke_config().function_name(context.name).qualifier(ALIAS).send();
        optional(call(Idempotency::Idempotent, request).await)?;
        return Ok(());
    }
    let on_failure = events.on_failure.as_ref().map(|arn| OnFailure::builder().destination(arn).build());
    let on_success = events.on_success.as_ref().map(|arn| OnSuccess::builder().destination(arn).build());
    let destinations = DestinationConfig::builder().set_on_failure(on_failure).set_on_success(on_success).build();
    let request = || {
        let config = lambda.put_function_event_invoke_config().function_name(context.name).qualifier(ALIAS);
        let config = config.maximum_retry_attempts(events.max_retries);
        let config = config.maximum_event_age_in_seconds(events.max_age_seconds);
        config.destination_config(destinations.clone()).send()
    };
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

pub(super) async fn set_recursive_loop(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let recursive_loop = if desired.allows_recursion { RecursiveLoop::Allow } else { RecursiveLoop::Terminate };
    let request = || {
        let config = context.aws.lambda.put_function_recursion_config().function_name(context.name);
        config.recursive_loop(recursive_loop.clone()).send()
    };
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

/// Publishes a version, and waits until it can be invoked. It can be repeated: Lambda publishes no second version with the
/// same code and settings as the newest one.
pub(super) async fn publish_version(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let request = || {
        let version = context.aws.lambda.publish_version().function_name(context.name);
        version.description(&context.version_description).code_sha256(&desired.version.code_sha256).send()
    };
    let published = call(Idempotency::Idempotent, request).await?;
    let number = published.version().unwrap_or_default();
    if context.renews_grant && context.live_version == Some(number) {
        let error =
            Error::app(format!("Lambda published no version for the new KMS grant, but returned version {number}"));
        return Err(error.help("change a setting of the function, for example `memory`, and deploy again").into());
    }
    // A version may need some time before it can be invoked, for example with SnapStart.
    wait_until_ready(context.aws, context.name, Some(number)).await?;
    context.published.insert(context.key, number);
    Ok(())
}

/// Points the alias to the published version, and deletes old versions.
pub(super) async fn move_alias(context: &FunctionContext<'_>) -> StepResult {
    let Some(number) = context.published.get(context.key) else {
        return Err(Error::app("no version was published").into());
    };
    let versions = read_version_descriptions(context.aws, context.name).await?;
    let log =
        if context.live_version.is_some() { read_alias_log(context, &versions).await? } else { AliasLog::default() };
    let log = log.at(number.parse().unwrap_or_default(), context.deploy);
    point_alias(context.aws, context.name, &number, Some(&log)).await?;
    delete_old_versions(context, &versions, &number).await
}

/// Returns the log of the alias with the version that it points to: an earlier version of this tool does not write it.
async fn read_alias_log(
    context: &FunctionContext<'_>,
    versions: &BTreeMap<u64, String>,
) -> Result<AliasLog, StepError> {
    let request = || context.aws.lambda.get_alias().function_name(context.name).name(ALIAS).send();
    let alias = match optional(call(Idempotency::Idempotent, request).await) {
        Err(error) if error.is_denied() => {
            context.observer.warning(&denied_warning(context.name, &error));
            None
        }
        read => read?,
    };
    let Some(alias) = alias else { return Ok(AliasLog::default()) };
    let log = AliasLog::parse(alias.description().unwrap_or_default());
    let Some(live) = alias.function_version().and_then(|number| number.parse().ok()) else { return Ok(log) };
    let deploy = versions.get(&live).and_then(|text| VersionDescription::parse(text));
    Ok(log.now_at(live, deploy.map(|description| description.deploy).unwrap_or_default()))
}

/// Keeps the newest versions only: an account has 75 GB for the code of all versions. A version that an alias of the user
/// points to, or that executions run on, is kept too, and with it the layers that it uses.
async fn delete_old_versions(
    context: &FunctionContext<'_>,
    versions: &BTreeMap<u64, String>,
    live: &str,
) -> StepResult {
    let is_durable = context.desired.is_some_and(|desired| is_durable(&desired.version.settings.members));
    let old = versions.keys().rev().skip(MAX_KEPT_VERSIONS).map(ToString::to_string);
    for number in old.filter(|number| number != live && Some(number.as_str()) != context.live_version) {
        let request = || context.aws.lambda.delete_function().function_name(context.name).qualifier(&number).send();
        if is_durable && has_running(context.aws, context.name, &number).await? {
            let name = context.name;
            context.observer.warning(&format!("version {number} of function `{name}` was kept: executions run on it"));
            continue;
        }
        match optional(call(Idempotency::Idempotent, request).await) {
            Err(error) if error.is_referenced() => context
                .observer
                .warning(&format!("version {number} of function `{}` was kept: an alias points to it", context.name)),
            deleted => drop(deleted?),
        }
    }
    Ok(())
}

/// Points the alias `live` to a version, for all requests, and writes its log; without one, Lambda keeps the old one. Creates the
/// alias if it does not exist.
pub(crate) async fn point_alias(aws: &Aws, name: &str, version: &str, log: Option<&AliasLog>) -> StepResult {
    let description = log.map(ToString::to_string);
    let update = || {
        // Otherwise weights that were set by hand would keep sending requests to another version.
        let no_weights = AliasRoutingConfiguration::builder().set_additional_version_weights(Some(HashMap::new()));
        let alias = aws.lambda.update_alias().function_name(name).name(ALIAS).function_version(version);
        alias.set_description(description.clone()).routing_config(no_weights.build()).send()
    };
    if optional(call(Idempotency::Idempotent, update).await)?.is_some() {
        return Ok(());
    }
    let create = || {
        let alias = aws.lambda.create_alias().function_name(name).name(ALIAS).function_version(version);
        alias.set_description(description.clone()).send()
    };
    call(Idempotency::NotIdempotent, create).await?;
    Ok(())
}

fn environment(settings: &FunctionSettings) -> Environment {
    let variables = settings.environment.values().clone().into_iter().collect();
    Environment::builder().set_variables(Some(variables)).build()
}

fn dead_letter_config(settings: &FunctionSettings) -> Option<DeadLetterConfig> {
    settings.dead_letter.as_ref().map(|arn| DeadLetterConfig::builder().target_arn(arn).build())
}
