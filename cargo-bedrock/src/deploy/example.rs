//! A stage, and functions as they are wanted and found, for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::actual::{Deployed, Found, LayerVersion, Log, Role, Url};
use super::desired::{Events, Function, Layer, UrlAuth, Zip};
use super::environment::Environment;
use super::plan::URL_STATEMENTS;
use super::policy::{Uses, policies, trust};
use super::stage::{ENDPOINT, Site, Stage};
use super::version::{Settings, Version};
use crate::aws::Place;

/// Stage `dev` of the app `shop`.
pub(super) fn site() -> Site {
    let place =
        Place { partition: "aws".to_owned(), region: "eu-west-1".to_owned(), account: "123456789012".to_owned() };
    Site { app: "shop".to_owned(), stage: Stage::parse("dev").expect("a stage"), place }
}

/// A function with the default settings that calls nobody.
pub(super) fn wanted(key: &str) -> Function {
    let site = site();
    Function {
        version: Version {
            code: "new code".to_owned(),
            architecture: "x86_64".to_owned(),
            settings: Settings {
                runtime: "python3.13".to_owned(),
                handler: "bedrock.entry.handler".to_owned(),
                memory: 256,
                timeout: 30,
                role: site.role_arn(key),
                environment: environment(&[("MODE", "fast")]),
                dead_letter: None,
            },
            layers: Some(Vec::new()),
        },
        zip: zip("workers/x.zip"),
        layer: None,
        other_layers: Vec::new(),
        policies: policies(&site, key, &Uses::default()),
        log_retention: 30,
        concurrency: None,
        events: Events::default(),
        may_recurse: false,
        url: (key == ENDPOINT).then_some(UrlAuth::Everybody),
        triggers: Vec::new(),
    }
}

pub(super) fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Environment::new(variables.collect())
}

/// The worker's own layer, wanted with `content`.
pub(super) fn layer(content: &str) -> Layer {
    Layer { zip: zip("layers/x.zip"), description: format!("{content} python3.13 x86_64") }
}

/// That layer as it was published.
pub(super) fn published(number: i64, content: &str) -> LayerVersion {
    LayerVersion { number, arn: layer_arn(number), description: layer(content).description }
}

pub(super) fn layer_arn(number: i64) -> String {
    format!("arn:aws:lambda:eu-west-1:123456789012:layer:shop-dev-counter:{number}")
}

fn zip(path: &str) -> Zip {
    Zip { path: PathBuf::from(path), bytes: 1, sha256_base64: "new code".to_owned() }
}

/// What there is when `wanted` was deployed.
pub(super) fn found(key: &str, wanted: &Function) -> Found {
    let everybody = wanted.url == Some(UrlAuth::Everybody);
    let statements = URL_STATEMENTS.iter().filter(|_| everybody).map(|statement| statement.id().to_owned());
    let version = Version { layers: Some(wanted.layers(None)), ..wanted.version.clone() };
    Found {
        log: Some(Log { retention: Some(wanted.log_retention) }),
        role: Some(Role { tags: site().tags(), trust: trust(), own: Some(wanted.policies.own.clone()) }),
        managed: BTreeMap::new(),
        layers: Vec::new(),
        function: Some(Deployed {
            latest: version.clone(),
            failed: None,
            live: Some(("7".to_owned(), version)),
            modified: "2026-11-25T10:00:00.000+0000".to_owned(),
            concurrency: wanted.concurrency,
            events: wanted.events.clone(),
            may_recurse: wanted.may_recurse,
            url: wanted.url.map(|auth| Url { auth, address: format!("https://{key}.example/") }),
            statements: statements.collect::<BTreeSet<_>>(),
            has_triggers: !wanted.triggers.is_empty(),
        }),
    }
}
