//! Reads from a request to AWS which IAM action and which resource it needs. A policy can be compared with the requests that
//! a program sends.

use serde_json::Value;

/// An action on a resource, as a policy names them: `lambda:GetFunction`, `arn:aws:lambda:us-east-1:123456789012:function:x`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AwsAction {
    /// Service and operation.
    pub action: String,
    /// ARN, or `*` if the action has no resource.
    pub resource: String,
}

/// Lambda's operations by method and path, without the version at the start of the path. `{}` stands for one part.
const LAMBDA_OPERATIONS: [(&str, &str, &str); 40] = [
    ("GET", "functions", "ListFunctions"),
    ("POST", "functions", "CreateFunction"),
    ("GET", "functions/{}", "GetFunction"),
    ("DELETE", "functions/{}", "DeleteFunction"),
    ("PUT", "functions/{}/code", "UpdateFunctionCode"),
    ("PUT", "functions/{}/configuration", "UpdateFunctionConfiguration"),
    ("GET", "functions/{}/durable-executions", "ListDurableExecutionsByFunction"),
    ("GET", "functions/{}/versions", "ListVersionsByFunction"),
    ("POST", "functions/{}/versions", "PublishVersion"),
    ("POST", "functions/{}/aliases", "CreateAlias"),
    ("GET", "functions/{}/aliases/{}", "GetAlias"),
    ("PUT", "functions/{}/aliases/{}", "UpdateAlias"),
    ("DELETE", "functions/{}/aliases/{}", "DeleteAlias"),
    ("GET", "functions/{}/configuration", "GetFunctionConfiguration"),
    ("GET", "functions/{}/code-signing-config", "GetFunctionCodeSigningConfig"),
    ("GET", "functions/{}/policy", "GetPolicy"),
    ("POST", "functions/{}/policy", "AddPermission"),
    ("DELETE", "functions/{}/policy/{}", "RemovePermission"),
    ("PUT", "functions/{}/concurrency", "PutFunctionConcurrency"),
    ("DELETE", "functions/{}/concurrency", "DeleteFunctionConcurrency"),
    ("GET", "functions/{}/event-invoke-config", "GetFunctionEventInvokeConfig"),
    ("PUT", "functions/{}/event-invoke-config", "PutFunctionEventInvokeConfig"),
    ("DELETE", "functions/{}/event-invoke-config", "DeleteFunctionEventInvokeConfig"),
    ("GET", "functions/{}/recursion-config", "GetFunctionRecursionConfig"),
    ("PUT", "functions/{}/recursion-config", "PutFunctionRecursionConfig"),
    ("GET", "functions/{}/url", "GetFunctionUrlConfig"),
    ("POST", "functions/{}/url", "CreateFunctionUrlConfig"),
    ("PUT", "functions/{}/url", "UpdateFunctionUrlConfig"),
    ("DELETE", "functions/{}/url", "DeleteFunctionUrlConfig"),
    ("POST", "functions/{}/invocations", "InvokeFunction"),
    ("GET", "layers", "ListLayers"),
    ("GET", "layers/{}/versions", "ListLayerVersions"),
    ("POST", "layers/{}/versions", "PublishLayerVersion"),
    ("GET", "layers/{}/versions/{}", "GetLayerVersion"),
    ("DELETE", "layers/{}/versions/{}", "DeleteLayerVersion"),
    ("GET", "event-source-mappings", "ListEventSourceMappings"),
    ("POST", "event-source-mappings", "CreateEventSourceMapping"),
    ("GET", "event-source-mappings/{}", "GetEventSourceMapping"),
    ("PUT", "event-source-mappings/{}", "UpdateEventSourceMapping"),
    ("DELETE", "event-source-mappings/{}", "DeleteEventSourceMapping"),
];
const SCHEDULER_OPERATIONS: [(&str, &str, &str); 8] = [
    ("GET", "schedule-groups/{}", "GetScheduleGroup"),
    ("POST", "schedule-groups/{}", "CreateScheduleGroup"),
    ("DELETE", "schedule-groups/{}", "DeleteScheduleGroup"),
    ("GET", "schedules", "ListSchedules"),
    ("GET", "schedules/{}", "GetSchedule"),
    ("POST", "schedules/{}", "CreateSchedule"),
    ("PUT", "schedules/{}", "UpdateSchedule"),
    ("DELETE", "schedules/{}", "DeleteSchedule"),
];
/// S3's operations by method, whether there is a key, and the name of the query parameter that selects the operation.
const S3_OPERATIONS: [(&str, bool, &str, &str); 25] = [
    ("HEAD", false, "", "ListBucket"),
    ("PUT", false, "", "CreateBucket"),
    ("DELETE", false, "", "DeleteBucket"),
    ("GET", false, "tagging", "GetBucketTagging"),
    ("PUT", false, "tagging", "PutBucketTagging"),
    ("PUT", false, "lifecycle", "PutLifecycleConfiguration"),
    ("GET", false, "notification", "GetBucketNotification"),
    ("PUT", false, "notification", "PutBucketNotification"),
    ("GET", false, "versions", "ListBucketVersions"),
    ("GET", false, "accelerate", "GetAccelerateConfiguration"),
    ("GET", false, "acl", "GetBucketAcl"),
    ("GET", false, "cors", "GetBucketCORS"),
    ("GET", false, "encryption", "GetEncryptionConfiguration"),
    ("GET", false, "lifecycle", "GetLifecycleConfiguration"),
    ("GET", false, "logging", "GetBucketLogging"),
    ("GET", false, "object-lock", "GetBucketObjectLockConfiguration"),
    ("GET", false, "policy", "GetBucketPolicy"),
    ("GET", false, "replication", "GetReplicationConfiguration"),
    ("GET", false, "requestPayment", "GetBucketRequestPayment"),
    ("GET", false, "versioning", "GetBucketVersioning"),
    ("GET", false, "website", "GetBucketWebsite"),
    ("GET", true, "", "GetObject"),
    ("HEAD", true, "", "GetObject"),
    ("PUT", true, "", "PutObject"),
    ("DELETE", true, "", "DeleteObject"),
];

/// A request in parts.
struct Request<'a> {
    method: &'a str,
    path: String,
    query: Vec<String>,
    target: Option<&'a str>,
    /// Parameters of a form, or the members of a JSON object.
    parameters: Value,
    /// `REGION:ACCOUNT` in ARNs.
    place: String,
    region: String,
}

impl AwsAction {
    /// Reads a signed HTTP request to a service of `account`.
    ///
    /// # Panics
    ///
    /// If the request is not signed, or if the operation is not known: then this file has to know it.
    pub fn of_request(bytes: &[u8], account: &str) -> Self {
        let end = bytes.windows(4).position(|end| end == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let header = |name: &str| {
            let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
        };
        let scope: Vec<&str> = header("authorization").expect("a signature").split('/').collect();
        let [_, _, region, service, ..] = scope[..] else { panic!("the signature has no scope: {head}") };
        let mut words = head.split(' ');
        let method = words.next().unwrap_or_default();
        let (path, query) = words
            .next()
            .and_then(|uri| uri.split_once('?'))
            .unwrap_or_else(|| (head.split(' ').nth(1).unwrap_or_default(), ""));
        let request = Request {
            method,
            path: percent_decode(path.trim_start_matches('/')),
            query: query.split('&').filter(|part| !part.starts_with("x-id=")).map(str::to_owned).collect(),
            target: header("x-amz-target"),
            parameters: parameters(&bytes[end + 4..]),
            place: format!("{region}:{account}"),
            region: region.to_owned(),
        };
        let (operation, resource) = match service {
            "lambda" => request.lambda(),
            "scheduler" => request.scheduler(),
            "s3" => request.s3(),
            "iam" | "sts" => request.iam(account),
            "sns" => request.sns(),
            "events" => request.events(),
            "cloudformation" => request.cloudformation(),
            "apigateway" => request.api_gateway(),
            "monitoring" => request.cloudwatch(),
            _ => request.json(service),
        };
        // The service of the signature is not the prefix of the actions.
        let prefix = match service {
            "tagging" => "tag",
            "monitoring" => "cloudwatch",
            service => service,
        };
        Self { action: format!("{prefix}:{operation}"), resource }
    }

    /// Reads the parameters of a request: members of a JSON object, or of a form. Null for other bodies.
    pub fn parameters_of(bytes: &[u8]) -> Value {
        let end = bytes.windows(4).position(|end| end == b"\r\n\r\n").expect("a head");
        parameters(&bytes[end + 4..])
    }

    /// Returns whether a statement with this `Resource` and these `Action`s, all with the effect `Allow`, permits the action.
    /// Conditions are ignored.
    pub fn is_allowed_by(&self, statement: &Value) -> bool {
        let texts = |value: &Value| -> Vec<String> {
            let list = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
        };
        texts(&statement["Action"]).contains(&self.action)
            && texts(&statement["Resource"]).iter().any(|pattern| matches_pattern(pattern, &self.resource))
    }
}

impl Request<'_> {
    /// Alarms are named by one of four parameters. A list by a prefix is one of all alarms.
    fn cloudwatch(&self) -> (String, String) {
        let operation = self.target.and_then(|target| target.rsplit('.').next()).expect("an operation");
        let parameters = &self.parameters;
        let name = parameters["AlarmName"].as_str().or_else(|| parameters["AlarmNames"][0].as_str());
        let arn = parameters["ResourceARN"].as_str().map(str::to_owned);
        let of_name = || format!("arn:aws:cloudwatch:{}:alarm:{}", self.place, name.unwrap_or("*"));
        (operation.to_owned(), arn.unwrap_or_else(of_name))
    }

    fn lambda(&self) -> (String, String) {
        let path = self.path.split_once('/').map_or("", |(_, path)| path).trim_end_matches('/').to_owned();
        let arn = |resource: String| {
            if resource.starts_with("arn:") { resource } else { format!("arn:aws:lambda:{}:{resource}", self.place) }
        };
        if let Some(resource) = path.strip_prefix("tags/") {
            let operation = match self.method {
                "GET" => "ListTags",
                "DELETE" => "UntagResource",
                _ => "TagResource",
            };
            return (operation.to_owned(), resource.to_owned());
        }
        let operation = find_operation(&LAMBDA_OPERATIONS, self.method, &path);
        let parts: Vec<&str> = path.split('/').collect();
        let resource = match &parts[..] {
            ["functions"] if self.method == "POST" => {
                arn(format!("function:{}", self.parameters["FunctionName"].as_str().unwrap_or_default()))
            }
            ["functions", name, ..] => {
                arn(if name.starts_with("arn:") { (*name).to_owned() } else { format!("function:{name}") })
            }
            ["layers", name, "versions"] => arn(format!("layer:{name}")),
            ["layers", name, "versions", number] => arn(format!("layer:{name}:{number}")),
            _ => "*".to_owned(),
        };
        (operation, resource)
    }

    fn scheduler(&self) -> (String, String) {
        if let Some(resource) = self.path.strip_prefix("tags/") {
            let operation = match self.method {
                "GET" => "ListTagsForResource",
                "DELETE" => "UntagResource",
                _ => "TagResource",
            };
            return (operation.to_owned(), resource.to_owned());
        }
        let operation = find_operation(&SCHEDULER_OPERATIONS, self.method, &self.path);
        let parts: Vec<&str> = self.path.split('/').collect();
        let group = self.query.iter().find_map(|part| part.strip_prefix("groupName="));
        let group = group.or_else(|| self.parameters["GroupName"].as_str()).unwrap_or("default");
        let resource = match &parts[..] {
            ["schedule-groups", name] => format!("arn:aws:scheduler:{}:schedule-group/{name}", self.place),
            ["schedules", name] => format!("arn:aws:scheduler:{}:schedule/{group}/{name}", self.place),
            _ => "*".to_owned(),
        };
        (operation, resource)
    }

    fn s3(&self) -> (String, String) {
        let key = self.path.split_once('/').map_or("", |(_, key)| key);
        let names: Vec<&str> = self.query.iter().filter_map(|part| part.split('=').next()).collect();
        let selector = S3_OPERATIONS
            .iter()
            .map(|(_, _, selector, _)| *selector)
            .find(|each| !each.is_empty() && names.contains(each));
        let found = S3_OPERATIONS.iter().find(|(method, has_key, each, _)| {
            *method == self.method && *has_key != key.is_empty() && *each == selector.unwrap_or_default()
        });
        let (_, _, _, operation) =
            found.unwrap_or_else(|| panic!("unknown: {} {} {:?}", self.method, self.path, self.query));
        ((*operation).to_owned(), format!("arn:aws:s3:::{}", self.path.trim_end_matches('/')))
    }

    fn iam(&self, account: &str) -> (String, String) {
        let text = |name: &str| self.parameters[name].as_str();
        let arn = |resource: String| format!("arn:aws:iam::{account}:{resource}");
        let resource = if let Some(role) = text("RoleName") {
            arn(format!("role/{role}"))
        } else if let (Some(path), Some(name)) = (text("Path"), text("PolicyName")) {
            arn(format!("policy{path}{name}"))
        } else {
            text("PolicyArn").unwrap_or("*").to_owned()
        };
        (text("Action").expect("an action").to_owned(), resource)
    }

    fn sns(&self) -> (String, String) {
        let text = |name: &str| self.parameters[name].as_str();
        let topic = text("Name").map(|name| format!("arn:aws:sns:{}:{name}", self.place));
        // Subscriptions are no resources of policies.
        let resource = topic.or_else(|| text("TopicArn").or(text("ResourceArn")).map(str::to_owned));
        (text("Action").expect("an action").to_owned(), resource.unwrap_or_else(|| "*".to_owned()))
    }

    fn events(&self) -> (String, String) {
        let operation = self.target.and_then(|target| target.rsplit('.').next()).expect("an operation").to_owned();
        let text = |name: &str| self.parameters[name].as_str();
        let bus = text("EventBusName").filter(|bus| *bus != "default").map(|bus| format!("{bus}/")).unwrap_or_default();
        let arn = |resource: String| format!("arn:aws:events:{}:{resource}", self.place);
        let resource = match (text("ResourceARN"), text("Rule").or(text("Name"))) {
            (Some(resource), _) => resource.to_owned(),
            (None, Some(name)) if operation.ends_with("EventBus") => arn(format!("event-bus/{name}")),
            (None, name) => arn(format!("rule/{bus}{}", name.unwrap_or_default())),
        };
        (operation, resource)
    }

    fn cloudformation(&self) -> (String, String) {
        let text = |name: &str| self.parameters[name].as_str();
        let name = text("StackName").unwrap_or_default();
        let arn = format!("arn:aws:cloudformation:{}:stack/{name}/id", self.place);
        let resource = if name.starts_with("arn:") { name.to_owned() } else { arn };
        (text("Action").expect("an action").to_owned(), resource)
    }

    /// The actions of API Gateway are the methods of its requests.
    fn api_gateway(&self) -> (String, String) {
        let path = self.path.split_once('/').map_or("", |(_, path)| path);
        (self.method.to_owned(), format!("arn:aws:apigateway:{}::/{path}", self.region))
    }

    fn json(&self, service: &str) -> (String, String) {
        let operation = self.target.and_then(|target| target.rsplit('.').next()).expect("an operation").to_owned();
        let text = |name: &str| self.parameters[name].as_str();
        let arn = |resource: String| format!("arn:aws:{service}:{}:{resource}", self.place);
        let resource =
            match service {
                "logs" => text("resourceArn")
                    .map(str::to_owned)
                    .or(text("logGroupName").map(|name| arn(format!("log-group:{name}")))),
                "sqs" => text("QueueName")
                    .or_else(|| text("QueueUrl").and_then(|url| url.rsplit('/').next()))
                    .map(|name| arn(name.to_owned())),
                "dynamodb" => {
                    text("ResourceArn").map(str::to_owned).or(text("TableName")
                        .map(|name| arn(format!("table/{}", name.rsplit('/').next().unwrap_or_default()))))
                }
                "kinesis" => text("StreamName")
                    .or_else(|| text("StreamARN").and_then(|arn| arn.rsplit('/').next()))
                    .map(|name| arn(format!("stream/{name}"))),
                "tagging" => None,
                "ssm" => text("Name").map(|name| arn(format!("parameter/{}", name.trim_start_matches('/')))),
                "secretsmanager" => text("SecretId").map(|name| arn(format!("secret:{name}-AbCdEf"))),
                _ => panic!("unknown service `{service}` in {}: {operation}", self.region),
            };
        (operation, resource.unwrap_or_else(|| "*".to_owned()))
    }
}

fn find_operation(operations: &[(&str, &str, &str)], method: &str, path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let matches = |pattern: &str| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        pattern.len() == parts.len() && pattern.iter().zip(&parts).all(|(one, other)| *one == "{}" || one == other)
    };
    let found = operations.iter().find(|(each, pattern, _)| *each == method && matches(pattern));
    found.unwrap_or_else(|| panic!("unknown operation: {method} {path}")).2.to_owned()
}

/// Reads a form or a JSON object. Returns null for other bodies.
fn parameters(body: &[u8]) -> Value {
    if let Ok(value) = serde_json::from_slice(body) {
        return value;
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(65_536)]).into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), Value::from(percent_decode(value)))).collect()
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Compares with a pattern of IAM: `*` stands for any characters, `?` for one.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            text.char_indices()
                .map(|(index, _)| index)
                .chain([text.len()])
                .any(|index| matches_pattern(rest, &text[index..]))
        }
        Some(first) => {
            let mut chars = text.chars();
            chars.next().is_some_and(|char| first == '?' || first == char)
                && matches_pattern(&pattern[first.len_utf8()..], chars.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(line: &str, service: &str, more: &str, body: &str) -> String {
        let head = format!(
            "{line} HTTP/1.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=k/20261129/us-east-1/{service}/aws4_request, x\r\n{more}\r\n"
        );
        let AwsAction { action, resource } = AwsAction::of_request(format!("{head}{body}").as_bytes(), "1");
        format!("{action} {resource}")
    }

    #[test]
    fn requests_have_actions_and_resources() {
        for (found, expected) in [
            (
                action("GET /2015-03-31/functions/a?Qualifier=live", "lambda", "", ""),
                "lambda:GetFunction arn:aws:lambda:us-east-1:1:function:a",
            ),
            (
                action("POST /2015-03-31/functions", "lambda", "", r#"{"FunctionName":"a"}"#),
                "lambda:CreateFunction arn:aws:lambda:us-east-1:1:function:a",
            ),
            (
                action("GET /2015-03-31/event-source-mappings?FunctionName=a", "lambda", "", ""),
                "lambda:ListEventSourceMappings *",
            ),
            (
                action("DELETE /2018-10-31/layers/a/versions/3", "lambda", "", ""),
                "lambda:DeleteLayerVersion arn:aws:lambda:us-east-1:1:layer:a:3",
            ),
            (action("GET /2017-03-31/tags/arn%3Aaws%3Ax", "lambda", "", ""), "lambda:ListTags arn:aws:x"),
            (action("HEAD /b", "s3", "", ""), "s3:ListBucket arn:aws:s3:::b"),
            (action("PUT /b/c/d.json?x-id=PutObject", "s3", "", "{}"), "s3:PutObject arn:aws:s3:::b/c/d.json"),
            (action("PUT /b?tagging", "s3", "", "<a/>"), "s3:PutBucketTagging arn:aws:s3:::b"),
            (action("POST /", "iam", "", "Action=CreateRole&RoleName=r"), "iam:CreateRole arn:aws:iam::1:role/r"),
            (
                action("POST /", "sqs", "X-Amz-Target: AmazonSQS.CreateQueue\r\n", r#"{"QueueName":"q"}"#),
                "sqs:CreateQueue arn:aws:sqs:us-east-1:1:q",
            ),
            (
                action("POST /", "sns", "", "Action=Subscribe&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A1%3At"),
                "sns:Subscribe arn:aws:sns:us-east-1:1:t",
            ),
            (action("POST /", "sns", "", "Action=Unsubscribe&SubscriptionArn=x"), "sns:Unsubscribe *"),
            (
                action(
                    "POST /",
                    "events",
                    "X-Amz-Target: AWSEvents.PutTargets\r\n",
                    r#"{"Rule":"r","EventBusName":"b"}"#,
                ),
                "events:PutTargets arn:aws:events:us-east-1:1:rule/b/r",
            ),
            (
                action("POST /", "kinesis", "X-Amz-Target: Kinesis_20131202.CreateStream\r\n", r#"{"StreamName":"s"}"#),
                "kinesis:CreateStream arn:aws:kinesis:us-east-1:1:stream/s",
            ),
            (
                action("PATCH /v2/apis/a/routes/r?x=y", "apigateway", "", "{}"),
                "apigateway:PATCH arn:aws:apigateway:us-east-1::/apis/a/routes/r",
            ),
            (
                action("POST /", "events", "X-Amz-Target: AWSEvents.DescribeEventBus\r\n", r#"{"Name":"b"}"#),
                "events:DescribeEventBus arn:aws:events:us-east-1:1:event-bus/b",
            ),
        ] {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn patterns_match_as_in_iam() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("a-??????", "a-AbCdEf", true),
            ("a-??????", "a-AbCdE", false),
            ("a", "ab", false),
        ] {
            assert_eq!(matches_pattern(pattern, text), expected, "{pattern} {text}");
        }
    }
}
