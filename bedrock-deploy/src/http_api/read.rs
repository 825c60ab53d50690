//! Reads the HTTP API of a stage, which is found by its tags.

use std::collections::{BTreeMap, BTreeSet};

use bedrock_diagnostics::{Error, Result};
use serde_json::Value;

use super::actual::{ActualAuthorizer, ActualDomain, ActualHttpApi, ActualMapping, ActualRoute, ActualStage};
use super::desired::{
    AUTHORIZER, DOMAIN_TAG, HttpApi, JwtAuthorizer, Route, RouteAuth, STAGE, STATEMENT_PREFIX, Throttling, tags_path,
};
use crate::actual::Actual;
use crate::aws::{Aws, AwsError, optional, percent_encode};
use crate::desired::Desired;
use crate::ownership::{UnmanagedResource, is_managed};
use crate::resource_tags::{TagTarget, UntaggedResource};
use crate::stage::{ENDPOINT, OWNER_TAG, StageContext};

type AwsResult<T> = std::result::Result<T, AwsError>;

/// Adds the HTTP API to `actual`. Sends no requests if the endpoint neither has nor had one, or is not part of the operation.
pub(crate) async fn read_http_api(
    aws: &Aws,
    stage: &StageContext,
    desired: &Desired,
    actual: &mut Actual,
    is_partial: bool,
) -> Result<()> {
    let endpoint = desired.get(ENDPOINT);
    let wanted = endpoint.and_then(|endpoint| endpoint.http_api.as_ref());
    let deployed = actual.functions.get(ENDPOINT).and_then(|function| function.deployed.as_ref());
    let had_api = deployed.is_some_and(|deployed| deployed.has_triggers_tag) && (endpoint.is_some() || !is_partial);
    if wanted.is_none() && !had_api {
        return Ok(());
    }
    let statements = deployed.map(|deployed| deployed.statement_ids.clone()).unwrap_or_default();
    let in_context =
        |error: AwsError| -> Error { error.into_app_error(format!("failed to read the HTTP API of {stage}")) };
    let found = find(aws, stage).await.map_err(in_context)?;
    let mut api = match found {
        Some(found) => Some(read_api(aws, stage, &found, statements).await.map_err(in_context)?),
        None => None,
    };
    let tagged = api.as_ref().and_then(|api| api.tags.get(DOMAIN_TAG).cloned());
    let domain = wanted.and_then(|wanted| wanted.domain.as_ref());
    let names: BTreeSet<String> = tagged.into_iter().chain(domain.map(|domain| domain.name.clone())).collect();
    for name in names {
        let found = read_domain(aws, stage, &name).await.map_err(in_context)?;
        match (found, domain.filter(|domain| domain.name == name)) {
            (None, Some(domain)) if domain.certificate.is_none() => {
                let message = format!("API Gateway has no domain name `{name}` in {}", stage.env.region);
                let help = "write its `certificate` in the settings, and a deploy creates it";
                return Err(Error::app(message).help(help));
            }
            (Some((domain, owner)), Some(wanted)) if !domain.is_managed && wanted.certificate.is_some() => {
                actual.unmanaged.push(UnmanagedResource { resource: format!("domain name `{name}`"), owner });
            }
            (Some((domain, _)), Some(_)) if let Some(other) = other_api(&domain, api.as_ref()) => {
                let resource = format!("mapping of domain name `{name}` to the API `{other}`");
                actual.unmanaged.push(UnmanagedResource { resource, owner: None });
            }
            (Some((domain, _)), _) => match &mut api {
                Some(api) => api.domains.push(domain),
                // The plan has to know that the domain name exists, also before there is an API.
                None => api = Some(ActualHttpApi { domains: vec![domain], ..ActualHttpApi::default() }),
            },
            (None, _) => {}
        }
    }
    actual.untagged.extend(api.iter().flat_map(|api| untagged(stage, api)));
    actual.http_api = api;
    Ok(())
}

/// Returns the parts of an API that lack tags of the settings. Only those of the API are compared, so it is the last one.
fn untagged(stage: &StageContext, api: &ActualHttpApi) -> Vec<UntaggedResource> {
    let domains = api.domains.iter().filter(|domain| domain.is_managed);
    let domains = domains.map(|domain| format!("domainnames/{}", domain.name));
    let of_stage = api.stage.map(|_| format!("apis/{}/stages/{STAGE}", api.id));
    let paths = domains.chain(of_stage).chain([format!("apis/{}", api.id)]);
    let planned = format!("http api {}", stage.full_name());
    let of = |path| UntaggedResource::find(stage, planned.clone(), TagTarget::HttpApi(path), &api.tags);
    if api.id.is_empty() { Vec::new() } else { paths.filter_map(of).collect() }
}

/// Returns the id of another API that answers at the domain name.
fn other_api(domain: &ActualDomain, api: Option<&ActualHttpApi>) -> Option<String> {
    let mapping = domain.mapping.as_ref()?;
    (api.map(|api| &api.id) != Some(&mapping.api)).then(|| mapping.api.clone())
}

/// Returns the URL of the API after a deploy. `None` if there is no API.
pub(crate) async fn read_url(aws: &Aws, stage: &StageContext, desired: &HttpApi) -> AwsResult<Option<String>> {
    let api = find(aws, stage).await?;
    Ok(api.map(|api| match &desired.domain {
        Some(domain) => format!("https://{}/", domain.name),
        None => format!("{}/", text(&api, "apiEndpoint")),
    }))
}

/// Returns the API with the tags of the stage.
async fn find(aws: &Aws, stage: &StageContext) -> AwsResult<Option<Value>> {
    let apis = aws.api_gateway.list("/v2/apis").await?;
    Ok(apis.into_iter().find(|api| is_managed(stage, &tags(api))))
}

async fn read_api(
    aws: &Aws,
    stage: &StageContext,
    api: &Value,
    statements: BTreeSet<String>,
) -> AwsResult<ActualHttpApi> {
    let id = text(api, "apiId");
    let list = async |kind: &str| aws.api_gateway.list(&format!("/v2/apis/{id}/{kind}")).await;
    let live_arn = stage.live_arn(ENDPOINT);
    let is_ours = |integration: &Value| {
        text(integration, "integrationUri") == live_arn
            && text(integration, "payloadFormatVersion") == "2.0"
            && text(integration, "integrationType") == "AWS_PROXY"
    };
    let (ours, others): (Vec<Value>, Vec<Value>) = list("integrations").await?.into_iter().partition(is_ours);
    let mut integrations = ours.iter().map(|integration| text(integration, "integrationId"));
    let integration = integrations.next();
    let others = integrations.chain(others.iter().map(|integration| text(integration, "integrationId"))).collect();
    let authorizers = list("authorizers").await?;
    let stage_path = format!("/v2/apis/{id}/stages/{}", percent_encode(STAGE));
    let deployed_stage = optional(aws.api_gateway.get(&stage_path).await)?;
    Ok(ActualHttpApi {
        endpoint: text(api, "apiEndpoint"),
        cors: serde_json::from_value(camel_to_snake(&api["corsConfiguration"])).ok(),
        tags: tags(&aws.api_gateway.get(&tags_path(stage, &id)).await?),
        integration,
        other_integrations: others,
        authorizer: authorizers.iter().find(|found| text(found, "name") == AUTHORIZER).map(authorizer),
        routes: list("routes").await?.iter().map(route).collect(),
        stage: deployed_stage.as_ref().map(actual_stage),
        domains: Vec::new(),
        statement_ids: statements.into_iter().filter(|id| id.starts_with(STATEMENT_PREFIX)).collect(),
        id,
    })
}

/// Returns a domain name, and the owner in its tags.
async fn read_domain(aws: &Aws, stage: &StageContext, name: &str) -> AwsResult<Option<(ActualDomain, Option<String>)>> {
    let path = format!("/v2/domainnames/{name}");
    let Some(domain) = optional(aws.api_gateway.get(&path).await)? else { return Ok(None) };
    let mappings = aws.api_gateway.list(&format!("{path}/apimappings")).await?;
    let mapping = mappings.iter().find(|mapping| text(mapping, "apiMappingKey").is_empty());
    let certificate = domain["domainNameConfigurations"][0]["certificateArn"].as_str().map(str::to_owned);
    let tags = tags(&domain);
    let domain = ActualDomain {
        name: name.to_owned(),
        certificate,
        is_managed: is_managed(stage, &tags),
        mapping: mapping.map(|mapping| ActualMapping {
            id: text(mapping, "apiMappingId"),
            api: text(mapping, "apiId"),
            stage: text(mapping, "stage"),
        }),
    };
    Ok(Some((domain, tags.get(OWNER_TAG).cloned())))
}

fn authorizer(value: &Value) -> ActualAuthorizer {
    let configuration = &value["jwtConfiguration"];
    ActualAuthorizer {
        id: text(value, "authorizerId"),
        jwt: JwtAuthorizer {
            issuer: text(configuration, "issuer"),
            audience: texts(&configuration["audience"]),
            identity_source: texts(&value["identitySource"]).into_iter().next().unwrap_or_default(),
        },
    }
}

fn route(value: &Value) -> ActualRoute {
    let auth = [RouteAuth::None, RouteAuth::Iam, RouteAuth::Jwt]
        .into_iter()
        .find(|auth| auth.authorization_type() == text(value, "authorizationType"));
    let key = text(value, "routeKey");
    ActualRoute {
        id: text(value, "routeId"),
        route: auth.map(|auth| Route { key: key.clone(), auth, scopes: texts(&value["authorizationScopes"]) }),
        key,
        target: text(value, "target"),
        authorizer: value["authorizerId"].as_str().map(str::to_owned),
    }
}

fn actual_stage(value: &Value) -> ActualStage {
    let settings = &value["defaultRouteSettings"];
    let burst = settings["throttlingBurstLimit"].as_u64();
    // Whole numbers are set, and API Gateway returns `100.0`.
    let rate = settings["throttlingRateLimit"].as_f64().and_then(|rate| format!("{rate:.0}").parse().ok());
    ActualStage {
        deploys: value["autoDeploy"] == true,
        throttling: burst.zip(rate).map(|(burst, rate)| Throttling { burst, rate }),
    }
}

/// Returns the configuration with the keys and the defaults of the manifest.
fn camel_to_snake(cors: &Value) -> Value {
    let list = |key: &str| texts(&cors[key]);
    if cors.is_null() {
        return Value::Null;
    }
    serde_json::json!({
        "allow_credentials": cors["allowCredentials"] == true,
        "allow_headers": list("allowHeaders"),
        "allow_methods": list("allowMethods"),
        "allow_origins": list("allowOrigins"),
        "expose_headers": list("exposeHeaders"),
        "max_age": cors["maxAge"].as_i64(),
    })
}

fn tags(value: &Value) -> BTreeMap<String, String> {
    let tags = value["tags"].as_object().into_iter().flatten();
    tags.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cors::Cors;

    #[test]
    fn responses_of_api_gateway_are_read() {
        let stage = json!({ "autoDeploy": true, "defaultRouteSettings": { "throttlingBurstLimit": 20, "throttlingRateLimit": 10.0 } });
        assert_eq!(actual_stage(&stage).throttling, Some(Throttling { burst: 20, rate: 10 }));
        let stage = json!({ "autoDeploy": true, "defaultRouteSettings": { "detailedMetricsEnabled": false } });
        assert_eq!(actual_stage(&stage), ActualStage { deploys: true, throttling: None });
        let custom = json!({ "routeId": "1", "routeKey": "GET /", "authorizationType": "CUSTOM" });
        assert_eq!(route(&custom).route, None);
        let cors: Option<Cors> =
            serde_json::from_value(camel_to_snake(&json!({ "allowOrigins": ["https://a"], "maxAge": 5 }))).ok();
        assert!(cors.is_some() && serde_json::from_value::<Cors>(camel_to_snake(&Value::Null)).is_err());
    }
}
