//! The actions and resources that a request to a service needs. Of services that have no word in `uses`, only the action is
//! read, and of some with REST APIs only the service.

use axum::http::Method;
use axum::http::request::Parts;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::super::aws_api::SERVICES_PATH;
use super::super::caller::signed_service;
use super::super::denial::WireProtocol;
use super::super::local_resources::LocalResources;
use super::super::required_right::RequiredRight;
use super::dynamodb;

/// Maximum size of a request whose body is read. `BatchWriteItem` of DynamoDB has the largest: 16 MB of items, in Base64.
pub(in super::super) const MAX_REQUEST_BYTES: usize = 24 * 1024 * 1024;
/// Secrets Manager adds `-` and six characters to the name of a secret. A request has only the name.
pub(in super::super) const MADE_UP_SECRET_SUFFIX: &str = "-LOCAL0";

/// Returns the protocol of a request.
pub(in super::super) fn protocol(head: &Parts) -> WireProtocol {
    WireProtocol::of(head, &signed_service(head).unwrap_or_default())
}

/// Returns whether the body of a request says what it is about.
pub(in super::super) fn needs_body(head: &Parts) -> bool {
    protocol(head).has_action_in_body()
}

/// Returns what a request needs. Empty if it needs nothing, or if it is not signed.
pub(in super::super) fn required(resources: &LocalResources, head: &Parts, body: &Bytes) -> Vec<RequiredRight> {
    let Some(signed) = signed_service(head) else { return Vec::new() };
    let protocol = WireProtocol::of(head, &signed);
    let service = if signed == "monitoring" { "cloudwatch" } else { &*signed };
    match protocol {
        WireProtocol::Json | WireProtocol::JsonAsCbor => {
            let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
            let (interface, operation) = target.rsplit_once('.').unwrap_or(("", target));
            let service = service_of_interface(interface).unwrap_or(service);
            match serde_json::from_slice(body) {
                Ok(params) => of_json(resources, service, operation, &params),
                Err(_) => vec![RequiredRight::on_unknown_resource(format!("{service}:{operation}"))],
            }
        }
        WireProtocol::RpcCbor => {
            let operation = head.uri.path().rsplit('/').next().unwrap_or_default();
            vec![RequiredRight::on_unknown_resource(format!("{service}:{operation}"))]
        }
        WireProtocol::Query => {
            let query = head.uri.query().unwrap_or_default().as_bytes();
            let pairs = form_urlencoded::parse(query).chain(form_urlencoded::parse(body));
            let action = pairs.filter(|(name, _)| name == "Action").last().map(|(_, value)| value);
            let action = action.as_deref().unwrap_or("*");
            // These need no rights (IAM user guide, "Policies for AWS STS").
            if service == "sts" && ["GetCallerIdentity", "GetSessionToken"].contains(&action) {
                return Vec::new();
            }
            vec![RequiredRight::on_unknown_resource(format!("{service}:{action}"))]
        }
        WireProtocol::RestJson | WireProtocol::RestXml => vec![of_rest(resources, service, head)],
    }
}

/// Returns the service whose operations have this name in their `X-Amz-Target`.
fn service_of_interface(interface: &str) -> Option<&'static str> {
    match interface {
        "DynamoDB_20120810" | "DynamoDBStreams_20120810" => Some("dynamodb"),
        "secretsmanager" => Some("secretsmanager"),
        "AmazonSSM" => Some("ssm"),
        "TrentService" => Some("kms"),
        "Kinesis_20131202" => Some("kinesis"),
        _ => None,
    }
}

fn of_json(resources: &LocalResources, service: &str, operation: &str, params: &Value) -> Vec<RequiredRight> {
    let action = format!("{service}:{operation}");
    let text = |name: &str| params[name].as_str();
    let texts = |name: &str| params[name].as_array().into_iter().flatten().filter_map(Value::as_str);
    let on = |resource: Option<String>| vec![RequiredRight { action: action.clone(), resource }];
    match service {
        "dynamodb" => dynamodb::required(resources, operation, params),
        "secretsmanager" => {
            let secret = |name: &str| secret_arn(resources, name);
            match operation {
                "ListSecrets" | "GetRandomPassword" => on(Some("*".to_owned())),
                "BatchGetSecretValue" => {
                    let each = texts("SecretIdList")
                        .map(|name| RequiredRight::new("secretsmanager:GetSecretValue", secret(name)));
                    on(Some("*".to_owned())).into_iter().chain(each).collect()
                }
                "CreateSecret" => on(text("Name").map(secret)),
                _ => on(text("SecretId").map(secret)),
            }
        }
        "ssm" => {
            let parameter = |name: &str| parameter_arn(resources, name);
            match operation {
                "DescribeParameters" => on(Some("*".to_owned())),
                "GetParameters" | "DeleteParameters" => {
                    texts("Names").map(|name| RequiredRight::new(&*action, parameter(name))).collect()
                }
                "GetParametersByPath" => on(text("Path").map(parameter)),
                _ if operation.contains("Parameter") => on(text("Name").map(parameter)),
                _ => on(None),
            }
        }
        "kms" => match operation {
            "CreateKey" | "GenerateRandom" | "ListAliases" | "ListKeys" => on(Some("*".to_owned())),
            "ReEncrypt" => vec![
                RequiredRight {
                    action: "kms:ReEncryptFrom".to_owned(),
                    resource: key_arn(resources, text("SourceKeyId")),
                },
                RequiredRight {
                    action: "kms:ReEncryptTo".to_owned(),
                    resource: key_arn(resources, text("DestinationKeyId")),
                },
            ],
            _ => on(key_arn(resources, text("KeyId"))),
        },
        "kinesis" => {
            let named = text("StreamName").map(|name| resources.arn("kinesis", &format!("stream/{name}")));
            match operation {
                "DescribeLimits" | "ListStreams" => on(Some("*".to_owned())),
                // An iterator or a token says the stream, too.
                _ => on(text("StreamARN").or_else(|| text("ConsumerARN")).map(str::to_owned).or(named)),
            }
        }
        _ => on(None),
    }
}

/// Returns the ARN of a secret by its name or ARN, which may lack the characters that Secrets Manager adds.
fn secret_arn(resources: &LocalResources, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    resources.arn("secretsmanager", &format!("secret:{name}{MADE_UP_SECRET_SUFFIX}"))
}

/// Returns the ARN of a parameter by its name or ARN, without its version or label.
fn parameter_arn(resources: &LocalResources, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.splitn(7, ':').take(6).collect::<Vec<_>>().join(":");
    }
    let name = name.split(':').next().unwrap_or_default();
    resources.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/')))
}

/// Returns the ARN of a key by its id or ARN. `None` for an alias, whose key only the service knows, and if the request does
/// not name the key, such as `Decrypt`.
fn key_arn(resources: &LocalResources, key: Option<&str>) -> Option<String> {
    let key = key?;
    if key.starts_with("arn:") {
        return (!key.contains(":alias/")).then(|| key.to_owned());
    }
    (!key.starts_with("alias/")).then(|| resources.arn("kms", &format!("key/{key}")))
}

/// Returns what a request of a REST API needs. Paths: API references of SES v2, EventBridge Scheduler and AppConfig Data.
fn of_rest(resources: &LocalResources, service: &str, head: &Parts) -> RequiredRight {
    let path = head.uri.path().strip_prefix(SERVICES_PATH).unwrap_or_default();
    let segments: Vec<_> =
        path.trim_matches('/').split('/').map(|part| percent_decode_str(part).decode_utf8_lossy()).collect();
    let segments: Vec<&str> = segments.iter().map(|part| &**part).collect();
    let schedule = |name: &str| {
        let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
        let group = query.filter(|(name, _)| name == "groupName").last().map(|(_, value)| value.into_owned());
        // The group of a new schedule is in the body.
        let group = group.unwrap_or_else(|| if head.method == Method::POST { "*" } else { "default" }.to_owned());
        (group != "*").then(|| resources.arn("scheduler", &format!("schedule/{group}/{name}")))
    };
    let action = match (service, &head.method, &segments[..]) {
        ("ses", &Method::POST, ["v2", "email", "outbound-emails"]) => "SendEmail",
        ("ses", &Method::POST, ["v2", "email", "outbound-bulk-emails"]) => "SendBulkEmail",
        ("scheduler", method, ["schedules", name]) => {
            let verb = match *method {
                Method::POST => "Create",
                Method::PUT => "Update",
                Method::DELETE => "Delete",
                _ => "Get",
            };
            return RequiredRight { action: format!("scheduler:{verb}Schedule"), resource: schedule(name) };
        }
        ("appconfig", &Method::POST, ["configurationsessions"]) => "StartConfigurationSession",
        ("appconfig", &Method::GET, ["configuration"]) => "GetLatestConfiguration",
        _ => "*",
    };
    RequiredRight::on_unknown_resource(format!("{service}:{action}"))
}

#[cfg(test)]
mod tests {
    use super::super::super::local_resources::LocalResources;
    use super::required;
    use axum::http::request::{Builder, Parts};
    use axum::http::{Method, Request};
    use bytes::Bytes;

    const LOCAL: &str = "us-east-1:000000000000";

    fn head(request: Builder, service: &str) -> Parts {
        let scope = format!("LOCAL_a/20260101/us-east-1/{service}/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        request.header("authorization", authorization).body(()).expect("a request").into_parts().0
    }

    /// Returns what a request needs; `?` is a resource that it does not say.
    fn needs(head: &Parts, body: &str) -> Vec<String> {
        let resources = LocalResources::for_app("shop", "http://127.0.0.1:1");
        let rights = required(&resources, head, &Bytes::from(body.to_owned())).into_iter();
        rights.map(|right| format!("{} {}", right.action, right.resource.as_deref().unwrap_or("?"))).collect()
    }

    fn json(target: &str, body: &str) -> Vec<String> {
        needs(&head(Request::post("/_aws").header("x-amz-target", target), "service"), body)
    }

    #[test]
    fn operations_of_dynamodb_need_rights_on_tables() {
        let table = format!("arn:aws:dynamodb:{LOCAL}:table");
        for (operation, body, expected) in [
            ("PutItem", r#"{"TableName":"a"}"#, vec![format!("PutItem {table}/a")]),
            ("Query", r#"{"TableName":"a","IndexName":"i"}"#, vec![format!("Query {table}/a/index/i")]),
            (
                "Query",
                r#"{"TableName":"arn:aws:dynamodb:x:1:table/a"}"#,
                vec!["Query arn:aws:dynamodb:x:1:table/a".into()],
            ),
            ("ListTables", "{}", vec!["ListTables *".into()]),
            (
                "BatchGetItem",
                r#"{"RequestItems":{"a":{},"b":{}}}"#,
                vec![format!("BatchGetItem {table}/a"), format!("BatchGetItem {table}/b")],
            ),
            (
                "TransactWriteItems",
                r#"{"TransactItems":[{"Put":{"TableName":"a"}},{"ConditionCheck":{"TableName":"b"}}]}"#,
                vec![format!("PutItem {table}/a"), format!("ConditionCheckItem {table}/b")],
            ),
            (
                "TransactGetItems",
                r#"{"TransactItems":[{"Get":{"TableName":"a"}}]}"#,
                vec![format!("GetItem {table}/a")],
            ),
            ("ExecuteStatement", r#"{"Statement":" delete from \"a\""}"#, vec!["PartiQLDelete ?".into()]),
            ("BatchWriteItem", "not JSON", vec!["BatchWriteItem ?".into()]),
        ] {
            let expected: Vec<String> = expected.iter().map(|right: &String| format!("dynamodb:{right}")).collect();
            assert_eq!(json(&format!("DynamoDB_20120810.{operation}"), body), expected);
        }
        let stream = r#"{"StreamArn":"arn:aws:dynamodb:x:1:table/a/stream/1"}"#;
        let described = json("DynamoDBStreams_20120810.DescribeStream", stream);
        assert_eq!(described, ["dynamodb:DescribeStream arn:aws:dynamodb:x:1:table/a/stream/1"]);
        assert_eq!(json("DynamoDBStreams_20120810.GetRecords", "{}"), ["dynamodb:GetRecords ?"]);
    }

    #[test]
    fn operations_of_json_services_name_their_resource() {
        for (target, body, expected) in [
            (
                "secretsmanager.GetSecretValue",
                r#"{"SecretId":"local/x"}"#,
                format!("secretsmanager:GetSecretValue arn:aws:secretsmanager:{LOCAL}:secret:local/x-LOCAL0"),
            ),
            (
                "secretsmanager.GetSecretValue",
                r#"{"SecretId":"arn:aws:secretsmanager:x:1:secret:y-AbCdEf"}"#,
                "secretsmanager:GetSecretValue arn:aws:secretsmanager:x:1:secret:y-AbCdEf".to_owned(),
            ),
            ("secretsmanager.ListSecrets", "{}", "secretsmanager:ListSecrets *".to_owned()),
            (
                "AmazonSSM.GetParameter",
                r#"{"Name":"/a/b:3"}"#,
                format!("ssm:GetParameter arn:aws:ssm:{LOCAL}:parameter/a/b"),
            ),
            (
                "AmazonSSM.GetParametersByPath",
                r#"{"Path":"/a/"}"#,
                format!("ssm:GetParametersByPath arn:aws:ssm:{LOCAL}:parameter/a/"),
            ),
            ("TrentService.Encrypt", r#"{"KeyId":"1-2"}"#, format!("kms:Encrypt arn:aws:kms:{LOCAL}:key/1-2")),
            ("TrentService.Encrypt", r#"{"KeyId":"alias/a"}"#, "kms:Encrypt ?".to_owned()),
            ("TrentService.Decrypt", "{}", "kms:Decrypt ?".to_owned()),
            ("TrentService.ListKeys", "{}", "kms:ListKeys *".to_owned()),
            (
                "Kinesis_20131202.PutRecord",
                r#"{"StreamName":"s"}"#,
                format!("kinesis:PutRecord arn:aws:kinesis:{LOCAL}:stream/s"),
            ),
            ("Kinesis_20131202.GetRecords", r#"{"ShardIterator":"i"}"#, "kinesis:GetRecords ?".to_owned()),
            ("AWSStepFunctions.StartExecution", "{}", "service:StartExecution ?".to_owned()),
        ] {
            assert_eq!(json(target, body), [expected], "{target}");
        }
        let names = json("AmazonSSM.GetParameters", r#"{"Names":["a","/b"]}"#);
        let arn = format!("ssm:GetParameters arn:aws:ssm:{LOCAL}:parameter");
        assert_eq!(names, [format!("{arn}/a"), format!("{arn}/b")]);
    }

    #[test]
    fn operations_of_other_protocols_say_their_action() {
        let form =
            || Request::post("/_aws/").header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        assert_eq!(needs(&head(form(), "monitoring"), "Action=PutMetricData&x=1"), ["cloudwatch:PutMetricData ?"]);
        assert_eq!(needs(&head(form(), "sts"), "Action=AssumeRole"), ["sts:AssumeRole ?"]);
        assert!(needs(&head(form(), "sts"), "Action=GetCallerIdentity").is_empty());
        let rpc = Request::post("/_aws/service/GraniteServiceVersion20100801/operation/ListMetrics");
        let rpc = rpc.header("smithy-protocol", "rpc-v2-cbor");
        assert_eq!(needs(&head(rpc, "monitoring"), ""), ["cloudwatch:ListMetrics ?"]);
        let rest = |method: Method, path: &str| Request::builder().method(method).uri(format!("/_aws{path}"));
        for (method, path, service, expected) in [
            (Method::POST, "/v2/email/outbound-emails", "ses", "ses:SendEmail ?".to_owned()),
            (Method::GET, "/v2/email/account", "ses", "ses:* ?".to_owned()),
            (
                Method::GET,
                "/schedules/a",
                "scheduler",
                format!("scheduler:GetSchedule arn:aws:scheduler:{LOCAL}:schedule/default/a"),
            ),
            (Method::POST, "/schedules/a", "scheduler", "scheduler:CreateSchedule ?".to_owned()),
            (Method::GET, "/2013-04-01/hostedzone", "route53", "route53:* ?".to_owned()),
        ] {
            assert_eq!(needs(&head(rest(method, path), service), ""), [expected], "{path}");
        }
        let unsigned = Request::get("/_aws/v2/email/account").body(()).expect("a request").into_parts().0;
        assert!(needs(&unsigned, "").is_empty());
    }
}
