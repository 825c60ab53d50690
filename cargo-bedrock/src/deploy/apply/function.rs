//! A function, its log group, what is set beside it, and its versions.

use std::collections::HashMap;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Architecture, DeadLetterConfig, DestinationConfig, Environment, FunctionCode, OnFailure, OnSuccess, RecursiveLoop,
    Runtime,
};

use super::chain::{Chain, Stop, settled};
use super::gone::present;
use super::upload::{Source, source};
use super::{ALIAS, log_arn};
use crate::aws::{Aws, Repeat, call};
use crate::deploy::desired::{Events, Function};
use crate::deploy::read;
use crate::deploy::version::Settings;

type Done = Result<(), Stop>;

/// Versions of a function that stay, for going back to.
const VERSIONS_KEPT: usize = 10;

/// Makes it ours, whoever made it; Lambda does on a function's first invocation.
pub(super) async fn make_log_group(chain: &Chain, wanted: &Function) -> Done {
    let (logs, name) = (&chain.aws.logs, chain.site.log_group(&chain.key));
    let tags: HashMap<String, String> = chain.site.tags().into_iter().collect();
    let request = || logs.create_log_group().log_group_name(&name).set_tags(Some(tags.clone())).send();
    match call(Repeat::Always, request).await {
        Err(failure) if failure.is_there() => {
            let arn = log_arn(&chain.site, &chain.key);
            let request = || logs.tag_resource().resource_arn(&arn).set_tags(Some(tags.clone())).send();
            call(Repeat::Always, request).await?;
        }
        made => drop(made?),
    }
    keep_logs(chain, wanted).await
}

pub(super) async fn keep_logs(chain: &Chain, wanted: &Function) -> Done {
    let name = chain.site.log_group(&chain.key);
    let policy = || chain.aws.logs.put_retention_policy().log_group_name(&name);
    call(Repeat::Always, || policy().retention_in_days(wanted.log_retention).send()).await?;
    Ok(())
}

pub(super) async fn make(chain: &Chain, wanted: &Function) -> Done {
    let code = match source(chain, &wanted.zip).await? {
        Source::Bytes(bytes) => FunctionCode::builder().zip_file(Blob::new(bytes)),
        Source::Bucket { bucket, key } => FunctionCode::builder().s3_bucket(bucket).s3_key(key),
    };
    let (code, version) = (code.build(), &wanted.version);
    let settings = &version.settings;
    let tags: HashMap<String, String> = chain.site.tags().into_iter().collect();
    let request = || {
        let function = chain.aws.lambda.create_function().function_name(&chain.name).code(code.clone());
        let function = function.set_tags(Some(tags.clone())).role(&settings.role).handler(&settings.handler);
        let function = function.architectures(Architecture::from(version.architecture.as_str()));
        let function = function.runtime(Runtime::from(settings.runtime.as_str()));
        let function = function.memory_size(settings.memory).timeout(settings.timeout);
        let function = function.set_layers(Some(wanted.layers(chain.layer.as_deref())));
        function.set_dead_letter_config(dead_letter(settings)).environment(environment(settings)).send()
    };
    call(Repeat::WhenRefused, request).await?;
    settled(&chain.aws, &chain.name).await
}

/// Everything that can be changed without code.
pub(crate) async fn update_settings(aws: &Aws, name: &str, settings: &Settings, layers: &[String]) -> Done {
    let request = || {
        let function = aws.lambda.update_function_configuration().function_name(name).role(&settings.role);
        let function = function.handler(&settings.handler).runtime(Runtime::from(settings.runtime.as_str()));
        let function = function.memory_size(settings.memory).timeout(settings.timeout);
        // An empty one takes it away.
        let dead_letter = dead_letter(settings).unwrap_or_else(|| DeadLetterConfig::builder().target_arn("").build());
        let function = function.dead_letter_config(dead_letter);
        function.set_layers(Some(layers.to_vec())).environment(environment(settings)).send()
    };
    call(Repeat::Always, request).await?;
    settled(aws, name).await
}

pub(super) async fn send_code(chain: &Chain, wanted: &Function) -> Done {
    let source = source(chain, &wanted.zip).await?;
    update_code(&chain.aws, &chain.name, source, &wanted.version.architecture).await
}

/// New code, for a processor.
pub(crate) async fn update_code(aws: &Aws, name: &str, source: Source, architecture: &str) -> Done {
    let (zip, bucket, key) = match source {
        Source::Bytes(bytes) => (Some(Blob::new(bytes)), None, None),
        Source::Bucket { bucket, key } => (None, Some(bucket), Some(key)),
    };
    let request = || {
        let function = aws.lambda.update_function_code().function_name(name).set_zip_file(zip.clone());
        let function = function.set_s3_bucket(bucket.clone()).set_s3_key(key.clone());
        function.architectures(Architecture::from(architecture)).send()
    };
    call(Repeat::Always, request).await?;
    settled(aws, name).await
}

pub(super) async fn reserve(chain: &Chain, wanted: &Function) -> Done {
    let lambda = &chain.aws.lambda;
    match wanted.concurrency {
        Some(count) => {
            let request = || lambda.put_function_concurrency().function_name(&chain.name);
            call(Repeat::Always, || request().reserved_concurrent_executions(count).send()).await?;
        }
        None => {
            call(Repeat::Always, || lambda.delete_function_concurrency().function_name(&chain.name).send()).await?;
        }
    }
    Ok(())
}

pub(super) async fn set_events(chain: &Chain, wanted: &Function) -> Done {
    let (lambda, name, events) = (&chain.aws.lambda, &chain.name, &wanted.events);
    if *events == Events::default() {
        let request = || lambda.delete_function_event_invoke_config().function_name(name).send();
        return match call(Repeat::Always, request).await {
            Err(failure) if failure.is_missing() => Ok(()),
            done => Ok(done.map(drop)?),
        };
    }
    let on_failure = events.on_failure.as_ref().map(|arn| OnFailure::builder().destination(arn).build());
    let on_success = events.on_success.as_ref().map(|arn| OnSuccess::builder().destination(arn).build());
    let ends = DestinationConfig::builder().set_on_failure(on_failure).set_on_success(on_success).build();
    let request = || {
        let config = lambda.put_function_event_invoke_config().function_name(name);
        let config = config.maximum_retry_attempts(events.retries).maximum_event_age_in_seconds(events.age);
        config.destination_config(ends.clone()).send()
    };
    call(Repeat::Always, request).await?;
    Ok(())
}

pub(super) async fn set_recursion(chain: &Chain, wanted: &Function) -> Done {
    let allowed = if wanted.may_recurse { RecursiveLoop::Allow } else { RecursiveLoop::Terminate };
    let request = || {
        let config = chain.aws.lambda.put_function_recursion_config().function_name(&chain.name);
        config.recursive_loop(allowed.clone()).send()
    };
    call(Repeat::Always, request).await?;
    Ok(())
}

/// Lambda makes no second version of what is the newest one already.
pub(super) async fn publish(chain: &Chain, wanted: &Function) -> Done {
    let request = || {
        let version = chain.aws.lambda.publish_version().function_name(&chain.name).description(&chain.mark);
        version.code_sha256(&wanted.version.code).send()
    };
    let published = call(Repeat::Always, request).await?;
    let live = published.version().unwrap_or_default();
    point(&chain.aws, &chain.name, live).await?;
    drop_old_versions(chain, live).await
}

/// An account has 75 GB for the code of all versions.
async fn drop_old_versions(chain: &Chain, live: &str) -> Done {
    let versions = read::versions(&chain.aws, &chain.name).await?;
    let old = versions.keys().rev().skip(VERSIONS_KEPT).map(ToString::to_string);
    for number in old.filter(|number| number != live && Some(number) != chain.live.as_ref()) {
        let request = || chain.aws.lambda.delete_function().function_name(&chain.name).qualifier(&number).send();
        present(call(Repeat::Always, request).await)?;
    }
    Ok(())
}

/// Lets the alias `live` point to a version, and makes it if need be.
pub(crate) async fn point(aws: &Aws, name: &str, version: &str) -> Done {
    let update = || aws.lambda.update_alias().function_name(name).name(ALIAS).function_version(version).send();
    match call(Repeat::Always, update).await {
        Err(failure) if failure.is_missing() => {}
        done => return Ok(done.map(drop)?),
    }
    let create = || aws.lambda.create_alias().function_name(name).name(ALIAS).function_version(version).send();
    call(Repeat::WhenRefused, create).await?;
    Ok(())
}

fn environment(settings: &Settings) -> Environment {
    let variables = settings.environment.values().clone().into_iter().collect();
    Environment::builder().set_variables(Some(variables)).build()
}

fn dead_letter(settings: &Settings) -> Option<DeadLetterConfig> {
    settings.dead_letter.as_ref().map(|arn| DeadLetterConfig::builder().target_arn(arn).build())
}
