//! The names in a deployer's policy: ARNs of the resources of a stage, and of the secrets in the settings.

use std::collections::BTreeSet;

use bedrock_build::triggers::DEFAULT_BUS;
use serde_json::{Value, json};

use crate::manifest::{Manifest, SecretRef};
use crate::stage::Stage;

/// ARNs of the resources of the stages.
pub(crate) struct Names {
    partition: &'static str,
    pub(crate) region: String,
    /// `shop-dev`, or `shop-*` for all stages.
    pub(crate) stage: String,
    /// IAM paths of roles.
    role_paths: BTreeSet<String>,
}

impl Names {
    /// Without a stage or a region, the ARNs are those of all of them.
    pub(crate) fn new(app: &str, stage: Option<&Stage>, region: Option<&str>) -> Self {
        let region = region.unwrap_or("*").to_owned();
        let partition = match region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            region if region.starts_with("eusc-") => "aws-eusc",
            _ => "aws",
        };
        let stage = stage.map_or("*", Stage::as_str);
        Self { partition, region, stage: format!("{app}-{stage}"), role_paths: BTreeSet::from(["/".to_owned()]) }
    }

    /// Roles of earlier deploys may have the path `/`, so it stays one of the paths.
    pub(crate) fn with_role_paths(mut self, paths: &BTreeSet<String>) -> Self {
        self.role_paths.extend(paths.iter().cloned());
        self
    }

    /// Returns the ARNs of the roles of functions and schedules.
    pub(crate) fn role_arns(&self) -> Vec<String> {
        self.role_paths.iter().map(|path| self.iam_arn(&format!("role{path}{}-*", self.stage))).collect()
    }

    /// Returns an ARN of any account: the policy is attached to an identity of one account.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:*:{resource}", self.partition, self.region)
    }

    pub(crate) fn iam_arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::*:{resource}", self.partition)
    }

    pub(crate) fn s3_arn(&self, resource: &str) -> String {
        format!("arn:{}:s3:::{resource}", self.partition)
    }

    pub(crate) fn function_arn(&self) -> String {
        self.arn("lambda", &format!("function:{}-*", self.stage))
    }

    /// Returns the ARNs of HTTP APIs, whose ids are chosen by AWS, and of a domain name.
    pub(crate) fn http_api_arns(&self, domain: Option<&str>) -> Vec<String> {
        let domain = domain.map(|name| [format!("domainnames/{name}"), format!("domainnames/{name}/*")]);
        let paths = ["apis", "apis/*", "tags/*"].map(str::to_owned).into_iter();
        let paths =
            paths.chain(domain.iter().flatten().cloned()).chain(domain.is_some().then(|| "domainnames".to_owned()));
        paths.map(|path| format!("arn:{}:apigateway:{}::/{path}", self.partition, self.region)).collect()
    }

    /// Returns whether a bus in the settings is one of the app.
    pub(crate) fn is_app_bus(bus: &str) -> bool {
        !bus.starts_with("arn:") && bus != DEFAULT_BUS
    }

    /// Returns the ARN of the rules of a bus.
    pub(crate) fn rule_arn(&self, bus: &str) -> String {
        let rule = match bus.rsplit('/').next().unwrap_or_default() {
            DEFAULT_BUS => format!("rule/{}-*", self.stage),
            _ if Self::is_app_bus(bus) => format!("rule/{0}-*/{0}-*", self.stage),
            name => format!("rule/{name}/{}-*", self.stage),
        };
        self.arn("events", &rule)
    }
}

/// ARNs of the secrets in the settings.
#[derive(Default)]
pub(crate) struct SecretArns {
    /// Of Systems Manager.
    pub(crate) parameters: BTreeSet<String>,
    /// Of Secrets Manager.
    pub(crate) secrets: BTreeSet<String>,
}

impl SecretArns {
    pub(crate) fn of(names: &Names, manifests: &[Manifest]) -> Self {
        let mut arns = Self::default();
        for secret in manifests.iter().flat_map(Manifest::functions).flat_map(|(_, entry)| entry.secrets.values()) {
            match secret {
                SecretRef::Ssm(name) => {
                    arns.parameters.insert(names.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/'))));
                }
                SecretRef::SecretsManager(name) if name.starts_with("arn:") => {
                    arns.secrets.insert(name.clone());
                }
                // Secrets Manager appends six characters to the name.
                SecretRef::SecretsManager(name) => {
                    arns.secrets.insert(names.arn("secretsmanager", &format!("secret:{name}-??????")));
                }
            }
        }
        arns
    }
}

pub(crate) fn statement(sid: &str, service: &str, actions: &[&str], resources: &[String]) -> Value {
    let actions: Vec<String> = actions.iter().map(|action| format!("{service}:{action}")).collect();
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources })
}

pub(crate) fn with_condition(mut statement: Value, condition: &Value) -> Value {
    statement["Condition"] = condition.clone();
    statement
}
