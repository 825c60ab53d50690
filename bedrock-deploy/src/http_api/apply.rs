//! Creates, changes and deletes the HTTP API of a stage, one request after the other: API Gateway refuses changes of one API
//! at the same time. What is in use is deleted after what replaces it exists.

use std::time::Duration;

use bedrock_diagnostics::Error;
use serde_json::{Map, Value, json};

use super::actual::{ActualDomain, ActualHttpApi};
use super::change::HttpApiChange;
use super::desired::{AUTHORIZER, DOMAIN_TAG, Domain, RouteAuth, STAGE, source_arn, statement_id, tags_path};
use crate::apply::context::{StepError, StepResult};
use crate::aws::{Aws, AwsError, Idempotency, call, optional, pause, percent_encode};
use crate::cors::Cors;
use crate::observer::DeployObserver;
use crate::permissions;
use crate::stage::{ALIAS, ENDPOINT, StageContext, TRIGGERS_TAG};

/// Pause before API Gateway is asked again whether the routes are deployed, and how often it is asked.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
const MAX_POLLS: usize = 120;

/// Applies a change.
pub(crate) async fn put(
    aws: &Aws,
    stage: &StageContext,
    observer: &dyn DeployObserver,
    change: &HttpApiChange,
) -> StepResult {
    let mut put = Put { aws, stage, observer, change, id: change.actual.id.clone() };
    put.api().await?;
    let integration = put.integration().await?;
    let authorizer = put.authorizer().await?;
    put.permission().await?;
    put.routes(&integration, authorizer.as_deref()).await?;
    put.unused_parts(authorizer.is_some()).await?;
    put.stage().await?;
    put.domain().await?;
    put.deployed().await
}

/// Deletes an API.
pub(crate) async fn delete(aws: &Aws, stage: &StageContext, actual: &ActualHttpApi) -> StepResult {
    for domain in &actual.domains {
        remove_domain(aws, domain, &actual.id).await?;
    }
    optional(request(aws, "DELETE", &format!("/v2/apis/{}", actual.id), None).await)?;
    for id in &actual.statement_ids {
        remove_statement(aws, stage, id).await?;
    }
    // Without the tag, a deploy no longer needs rights to read APIs.
    let function = stage.function_arn(ENDPOINT);
    let untag = || aws.lambda.untag_resource().resource(&function).tag_keys(TRIGGERS_TAG).send();
    optional(call(Idempotency::Idempotent, untag).await)?;
    Ok(())
}

/// A request that may be repeated.
async fn request(aws: &Aws, method: &str, path: &str, body: Option<&Value>) -> Result<Value, AwsError> {
    aws.api_gateway.call(Idempotency::Idempotent, method, path, body).await
}

/// Creates something, and returns its id.
async fn create(aws: &Aws, path: &str, body: &Value, id_key: &str) -> Result<String, AwsError> {
    let created = aws.api_gateway.call(Idempotency::NotIdempotent, "POST", path, Some(body)).await?;
    Ok(created[id_key].as_str().unwrap_or_default().to_owned())
}

async fn remove_statement(aws: &Aws, stage: &StageContext, id: &str) -> StepResult {
    let permission = aws.lambda.remove_permission().qualifier(ALIAS).statement_id(id);
    Ok(permissions::remove_statement(aws, &stage.function_name(ENDPOINT), &permission).await?)
}

/// Removes the mapping of a domain name to an API, and the domain name if this tool created it.
async fn remove_domain(aws: &Aws, domain: &ActualDomain, api: &str) -> StepResult {
    let path = format!("/v2/domainnames/{}", domain.name);
    if let Some(mapping) = domain.mapping.as_ref().filter(|mapping| mapping.api == api) {
        optional(request(aws, "DELETE", &format!("{path}/apimappings/{}", mapping.id), None).await)?;
    }
    if domain.is_managed {
        optional(request(aws, "DELETE", &path, None).await)?;
    }
    Ok(())
}

struct Put<'a> {
    aws: &'a Aws,
    stage: &'a StageContext,
    observer: &'a dyn DeployObserver,
    change: &'a HttpApiChange,
    /// Empty until the API is created.
    id: String,
}

impl Put<'_> {
    fn path(&self, rest: &str) -> String {
        format!("/v2/apis/{}{rest}", self.id)
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, AwsError> {
        request(self.aws, method, path, Some(body)).await
    }

    /// Creates the API, or changes its CORS configuration and its tags.
    async fn api(&mut self) -> StepResult {
        let HttpApiChange { desired, actual } = self.change;
        let mut tags = self.stage.all_tags();
        tags.extend(desired.domain_name().map(|name| (DOMAIN_TAG.to_owned(), name.to_owned())));
        if self.id.is_empty() {
            let mut body = json!({ "name": self.stage.full_name(), "protocolType": "HTTP", "tags": tags });
            if let Some(cors) = &desired.cors {
                body["corsConfiguration"] = cors_configuration(cors);
            }
            self.id = create(self.aws, "/v2/apis", &body, "apiId").await?;
            return Ok(());
        }
        if !self.change.is_cors_same() {
            match &desired.cors {
                Some(cors) => {
                    let body = json!({ "corsConfiguration": cors_configuration(cors) });
                    self.send("PATCH", &self.path(""), &body).await?;
                }
                None => {
                    optional(request(self.aws, "DELETE", &self.path("/cors"), None).await)?;
                }
            }
        }
        // An old domain name stays in the tag until it is removed.
        let has_new_domain = desired.domain.is_some() && tags.get(DOMAIN_TAG) != actual.tags.get(DOMAIN_TAG);
        if has_new_domain {
            self.remove_old_domains().await?;
            self.send("POST", &tags_path(self.stage, &self.id), &json!({ "tags": tags })).await?;
        }
        Ok(())
    }

    async fn integration(&self) -> Result<String, StepError> {
        if let Some(id) = &self.change.actual.integration {
            return Ok(id.clone());
        }
        let body = json!({
            "integrationType": "AWS_PROXY", "integrationUri": self.stage.live_arn(ENDPOINT),
            "integrationMethod": "POST", "payloadFormatVersion": "2.0"
        });
        Ok(create(self.aws, &self.path("/integrations"), &body, "integrationId").await?)
    }

    /// Returns the id of the JWT authorizer. `None` if no route needs one.
    async fn authorizer(&self) -> Result<Option<String>, StepError> {
        let Some(jwt) = &self.change.desired.jwt else { return Ok(None) };
        let body = json!({
            "name": AUTHORIZER, "authorizerType": "JWT", "identitySource": [jwt.identity_source],
            "jwtConfiguration": { "audience": jwt.audience, "issuer": jwt.issuer }
        });
        match &self.change.actual.authorizer {
            None => Ok(Some(create(self.aws, &self.path("/authorizers"), &body, "authorizerId").await?)),
            Some(actual) => {
                if actual.jwt != *jwt {
                    self.send("PATCH", &self.path(&format!("/authorizers/{}", actual.id)), &body).await?;
                }
                Ok(Some(actual.id.clone()))
            }
        }
    }

    async fn permission(&self) -> StepResult {
        let wanted = statement_id(&self.id);
        if !self.change.actual.statement_ids.contains(&wanted) {
            let permission = self.aws.lambda.add_permission().qualifier(ALIAS).statement_id(&wanted);
            let permission = permission.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com");
            let permission = permission.source_arn(source_arn(self.stage, &self.id));
            permissions::add_statement(self.aws, &self.stage.function_name(ENDPOINT), &permission).await?;
        }
        for id in self.change.actual.statement_ids.iter().filter(|id| **id != wanted) {
            remove_statement(self.aws, self.stage, id).await?;
        }
        Ok(())
    }

    async fn routes(&self, integration: &str, authorizer: Option<&str>) -> StepResult {
        for desired in &self.change.desired.routes {
            let mut body = json!({
                "routeKey": desired.key, "target": format!("integrations/{integration}"),
                "authorizationType": desired.auth.authorization_type(), "authorizationScopes": desired.scopes
            });
            if let Some(authorizer) = authorizer.filter(|_| desired.auth == RouteAuth::Jwt) {
                body["authorizerId"] = json!(authorizer);
            }
            match self.change.actual_route(&desired.key) {
                None => {
                    create(self.aws, &self.path("/routes"), &body, "routeId").await?;
                }
                Some(route) if HttpApiChange::is_route_same(route, desired, Some(integration), authorizer) => {}
                Some(route) => {
                    self.send("PATCH", &self.path(&format!("/routes/{}", route.id)), &body).await?;
                }
            }
        }
        Ok(())
    }

    /// Deletes what no route uses any more.
    async fn unused_parts(&self, has_authorizer: bool) -> StepResult {
        let actual = &self.change.actual;
        let routes = self.change.removed_routes().map(|route| format!("/routes/{}", route.id));
        let integrations = actual.other_integrations.iter().map(|id| format!("/integrations/{id}"));
        let authorizer = actual.authorizer.as_ref().filter(|_| !has_authorizer);
        let authorizer = authorizer.map(|authorizer| format!("/authorizers/{}", authorizer.id));
        for path in routes.chain(integrations).chain(authorizer) {
            optional(request(self.aws, "DELETE", &self.path(&path), None).await)?;
        }
        Ok(())
    }

    async fn stage(&self) -> StepResult {
        let HttpApiChange { desired, actual } = self.change;
        let limits = desired
            .throttling
            .map(|limits| json!({ "throttlingBurstLimit": limits.burst, "throttlingRateLimit": limits.rate }));
        let mut body = json!({ "autoDeploy": true });
        match actual.stage {
            None => {
                body["stageName"] = json!(STAGE);
                body["tags"] = json!(self.stage.all_tags());
                if let Some(limits) = limits {
                    body["defaultRouteSettings"] = limits;
                }
                self.aws
                    .api_gateway
                    .call(Idempotency::NotIdempotent, "POST", &self.path("/stages"), Some(&body))
                    .await?;
            }
            Some(stage) if stage.deploys && stage.throttling == desired.throttling => {}
            Some(_) => {
                // Settings without limits reset those of before.
                body["defaultRouteSettings"] = limits.unwrap_or_else(|| Value::Object(Map::new()));
                self.send("PATCH", &self.path(&format!("/stages/{}", percent_encode(STAGE))), &body).await?;
            }
        }
        Ok(())
    }

    /// Waits until API Gateway has deployed the routes, which it does after each change: a URL that the API replaces is removed
    /// after this.
    async fn deployed(&self) -> StepResult {
        for _ in 0..MAX_POLLS {
            let deployments =
                optional(self.aws.api_gateway.list(&self.path("/deployments")).await)?.unwrap_or_default();
            let latest = deployments.iter().max_by_key(|deployment| deployment["createdDate"].as_str());
            if let Some(failed) = latest.filter(|deployment| deployment["deploymentStatus"] == "FAILED") {
                let reason = failed["deploymentStatusMessage"].as_str().unwrap_or("no reason").to_owned();
                return Err(Error::app("API Gateway has failed to deploy the routes").cause(reason).into());
            }
            if !deployments.iter().any(|deployment| deployment["deploymentStatus"] == "PENDING") {
                return Ok(());
            }
            if !pause(POLL_INTERVAL).await {
                break;
            }
        }
        Err(Error::app("API Gateway has not deployed the routes within a minute").into())
    }

    /// Maps the domain name to the API, and removes an old one.
    async fn domain(&self) -> StepResult {
        let HttpApiChange { desired, actual } = self.change;
        let Some(domain) = &desired.domain else {
            self.remove_old_domains().await?;
            if actual.tags.contains_key(DOMAIN_TAG) {
                let path = format!("{}?tagKeys={}", tags_path(self.stage, &self.id), percent_encode(DOMAIN_TAG));
                request(self.aws, "DELETE", &path, None).await?;
            }
            return Ok(());
        };
        let path = format!("/v2/domainnames/{}", domain.name);
        let existing = self.change.actual_domain(domain);
        if let Some(certificate) = &domain.certificate
            && existing.is_none_or(|existing| existing.certificate.as_ref() != Some(certificate))
        {
            self.put_domain(domain, certificate, existing.is_some()).await?;
        }
        let body = json!({ "apiId": self.id, "stage": STAGE });
        match existing.and_then(|existing| existing.mapping.as_ref()) {
            Some(mapping) if mapping.api == self.id && mapping.stage == STAGE => {}
            Some(mapping) => {
                self.send("PATCH", &format!("{path}/apimappings/{}", mapping.id), &body).await?;
            }
            None => {
                create(self.aws, &format!("{path}/apimappings"), &body, "apiMappingId").await?;
            }
        }
        Ok(())
    }

    async fn put_domain(&self, domain: &Domain, certificate: &str, exists: bool) -> StepResult {
        let configurations =
            json!([{ "certificateArn": certificate, "endpointType": "REGIONAL", "securityPolicy": "TLS_1_2" }]);
        if exists {
            let path = format!("/v2/domainnames/{}", domain.name);
            self.send("PATCH", &path, &json!({ "domainNameConfigurations": configurations })).await?;
            return Ok(());
        }
        let body = json!({
            "domainName": domain.name, "domainNameConfigurations": configurations, "tags": self.stage.all_tags()
        });
        let api = &self.aws.api_gateway;
        let created = api.call(Idempotency::NotIdempotent, "POST", "/v2/domainnames", Some(&body)).await?;
        let target = created["domainNameConfigurations"][0]["apiGatewayDomainName"].as_str().unwrap_or_default();
        self.observer.warning(&format!("requests reach `{}` when it is a CNAME of `{target}` in DNS", domain.name));
        Ok(())
    }

    async fn remove_old_domains(&self) -> StepResult {
        for domain in self.change.removed_domains() {
            remove_domain(self.aws, domain, &self.id).await?;
        }
        Ok(())
    }
}

/// Returns the configuration in the form of API Gateway. An update replaces all of it.
fn cors_configuration(cors: &Cors) -> Value {
    let Cors { allow_credentials, allow_headers, allow_methods, allow_origins, expose_headers, max_age } = cors;
    let mut body = json!({
        "allowCredentials": allow_credentials, "allowHeaders": allow_headers, "allowMethods": allow_methods,
        "allowOrigins": allow_origins, "exposeHeaders": expose_headers
    });
    if let Some(max_age) = max_age {
        body["maxAge"] = json!(max_age);
    }
    body
}
