//! A stage and its functions, desired and actual, for unit tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bedrock_build::settings::DeploySettings;

use crate::actual::{ActualFunction, ActualLogGroup, DeployedFunction, FunctionUrl, LayerVersion, LiveVersion};
use crate::actual_role::ActualRole;
use crate::aws::AwsEnvironment;
use crate::contract_record::ContractRecord;
use crate::desired::{DesiredFunction, DesiredLayer, EventInvokeConfig, UrlAuth, ZipFile};
use crate::environment::Environment;
use crate::lambda_settings::{LambdaSettings, ManagedSettings, Members};
use crate::policy::{AccessedResources, lambda_trust_policy, role_policies};
use crate::stage::{ENDPOINT, Stage, StageContext};
use crate::step::PUBLIC_URL_STATEMENTS;
use crate::version::{FunctionSettings, Version};

/// Stage `dev` of the app `shop`.
pub(crate) fn stage() -> StageContext {
    let env = AwsEnvironment {
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "123456789012".to_owned(),
    };
    let settings = DeploySettings::default();
    StageContext { app: "shop".to_owned(), name: Stage::parse("dev").expect("a stage"), env, settings }
}

/// A function with the default settings that invokes no other function.
pub(crate) fn desired_function(key: &str) -> DesiredFunction {
    let stage = stage();
    DesiredFunction {
        version: Version {
            code_sha256: "new code".to_owned(),
            architecture: "x86_64".to_owned(),
            settings: FunctionSettings {
                runtime: "python3.13".to_owned(),
                handler: "bedrock.entry.handler".to_owned(),
                memory_mb: 256,
                timeout_seconds: 30,
                role_arn: stage.role_arn(key),
                environment: environment(&[("MODE", "fast")]),
                dead_letter: None,
                members: Members::new(),
            },
            layers: Some(Vec::new()),
        },
        zip: zip_file("workers/x.zip"),
        worker_layer: None,
        external_layers: Vec::new(),
        policies: role_policies(&stage, key, &AccessedResources::default()),
        permissions_boundary: None,
        stage_tags: BTreeMap::new(),
        log_retention_days: 30,
        reserved_concurrency: None,
        event_invoke_config: EventInvokeConfig::default(),
        allows_recursion: false,
        url: (key == ENDPOINT).then_some(UrlAuth::Public),
        cors: None,
        streams: false,
        http_api: None,
        triggers: Vec::new(),
        alarms: None,
        lambda: LambdaSettings::default(),
        managed: ManagedSettings::default(),
        resources: Vec::new(),
        contracts: ContractRecord::default(),
    }
}

pub(crate) fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Environment::new(variables.collect())
}

/// The worker's own layer with these contents.
pub(crate) fn desired_layer(contents: &str) -> DesiredLayer {
    DesiredLayer { zip: zip_file("layers/x.zip"), description: format!("{contents} python3.13 x86_64") }
}

/// A published version of that layer.
pub(crate) fn layer_version(number: i64, contents: &str) -> LayerVersion {
    LayerVersion { number, arn: layer_arn(number), description: desired_layer(contents).description }
}

pub(crate) fn layer_arn(number: i64) -> String {
    format!("arn:aws:lambda:eu-west-1:123456789012:layer:shop-dev-counter:{number}")
}

fn zip_file(path: &str) -> ZipFile {
    ZipFile { path: PathBuf::from(path), bytes: 1, sha256_base64: "new code".to_owned() }
}

/// The actual state after `desired` was deployed.
pub(crate) fn actual_function(key: &str, desired: &DesiredFunction) -> ActualFunction {
    let is_public = desired.url == Some(UrlAuth::Public);
    let statement_ids = PUBLIC_URL_STATEMENTS.iter().filter(|_| is_public).map(|statement| statement.id().to_owned());
    let version = Version { layers: Some(desired.layers(None)), ..desired.version.clone() };
    ActualFunction {
        log_group: Some(ActualLogGroup { retention_days: Some(desired.log_retention_days) }),
        role: Some(ActualRole {
            arn: stage().role_arn(key),
            created_at: Some(1_000),
            permissions_boundary: None,
            tags: stage().tags().into_iter().chain(desired.stage_tags.clone()).collect(),
            trust_policy: lambda_trust_policy(),
            inline_policy: Some(desired.policies.inline.clone()),
        }),
        managed_policies: BTreeMap::new(),
        layer_versions: Vec::new(),
        deployed: Some(DeployedFunction {
            latest: version.clone(),
            revision: Some("revision".to_owned()),
            update_error: None,
            live: Some(LiveVersion { number: "7".to_owned(), modified_at: Some(1_000), version }),
            last_modified: "2026-11-25T10:00:00.000+0000".to_owned(),
            reserved_concurrency: desired.reserved_concurrency,
            event_invoke_config: desired.event_invoke_config.clone(),
            allows_recursion: desired.allows_recursion,
            url: desired.url.map(|auth| FunctionUrl {
                auth,
                cors: desired.cors.clone().unwrap_or_default(),
                streams: desired.streams,
                url: format!("https://{key}.example/"),
            }),
            statement_ids: statement_ids.collect::<BTreeSet<_>>(),
            has_triggers_tag: !desired.triggers.is_empty(),
            tags: desired.tags(),
            managed: desired.managed.clone(),
            provisioned_concurrency: desired.lambda.provisioned_concurrency,
            code_signing: desired.lambda.code_signing.clone(),
            runtime_management: desired.lambda.runtime_management.clone().unwrap_or_default(),
            running_executions: BTreeMap::new(),
        }),
    }
}
