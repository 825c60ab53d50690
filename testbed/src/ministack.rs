//! AWS's APIs on this machine: an emulator that really runs functions, from their zips and layers, and lets them invoke
//! each other. Its limits are in its own documentation; what a function reports as an error is better seen with `ric`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::driver::{Driver, Refusal};
use crate::function::Function;
use crate::tools::{on_path, tool};

/// A server of its own for the test that starts it; ended with all its functions when it is dropped.
#[derive(Debug)]
pub struct Ministack {
    driver: Mutex<Driver>,
    endpoint: String,
}

/// What an invocation came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoked {
    /// 200, or 202 for an event.
    pub status: u16,
    /// What the header `X-Amz-Function-Error` said.
    pub function_error: Option<String>,
    /// The response, or the error that the function reported; null for an event.
    pub payload: Value,
    /// The end of what the function printed.
    pub log: String,
}

impl Ministack {
    /// Starts a server, with `auth` one that enforces IAM. None, and a printed reason, where it is not installed.
    pub fn start(auth: bool) -> Option<Self> {
        let python = tool("ministack/bin/python")?;
        on_path("node")?;
        let (driver, endpoint) = Driver::start(&python, auth);
        Some(Self { driver: Mutex::new(driver), endpoint })
    }

    /// Its address, `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The variables with which a program speaks to it instead of to AWS.
    pub fn environment(&self) -> [(&'static str, &str); 5] {
        [
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ]
    }

    /// Creates functions, each with a role of its own, and the layers they name, each once. Gives their ARNs.
    pub fn deploy(&self, functions: &[Function]) -> Result<Vec<String>, Refusal> {
        let mut layers = BTreeMap::new();
        for path in functions.iter().flat_map(|function| &function.layers) {
            if !layers.contains_key(path) {
                layers.insert(path, self.publish_layer(path)?);
            }
        }
        let arns = functions.iter().map(|function| self.create(function, &layers)).collect::<Result<_, _>>()?;
        for function in functions {
            // Lambda takes a moment to make a function ready; asked more often than boto3 would by itself.
            let often = json!({ "Delay": 0.02, "MaxAttempts": 1000 });
            let arguments = json!({ "FunctionName": function.name, "WaiterConfig": often });
            self.wait("lambda", "function_active_v2", &arguments)?;
        }
        Ok(arns)
    }

    /// Invokes a function by name or ARN and waits for what it comes to.
    pub fn invoke(&self, function: &str, payload: &Value) -> Result<Invoked, Refusal> {
        let arguments = json!({ "FunctionName": function, "Payload": payload.to_string(), "LogType": "Tail" });
        self.call("lambda", "invoke", &arguments).map(|answer| Invoked::read(&answer))
    }

    /// Hands an event to a function.
    pub fn invoke_event(&self, function: &str, payload: &Value) -> Result<Invoked, Refusal> {
        let arguments = json!({ "FunctionName": function, "Payload": payload.to_string(), "InvocationType": "Event" });
        self.call("lambda", "invoke", &arguments).map(|answer| Invoked::read(&answer))
    }

    /// The names of all functions, sorted.
    pub fn functions(&self) -> Vec<String> {
        let answer = self.call("lambda", "list_functions", &json!({})).expect("functions can be listed");
        let all = answer["Functions"].as_array().into_iter().flatten();
        let mut names: Vec<_> =
            all.filter_map(|function| function["FunctionName"].as_str()).map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Deletes a function.
    pub fn delete(&self, function: &str) -> Result<(), Refusal> {
        self.call("lambda", "delete_function", &json!({ "FunctionName": function })).map(drop)
    }

    /// Any operation of any API, by boto3's names: `call("iam", "get_role", &json!({ "RoleName": "x" }))`.
    /// In arguments `{"$file": path}` stands for the bytes of a file.
    pub fn call(&self, service: &str, operation: &str, arguments: &Value) -> Result<Value, Refusal> {
        self.ask(&json!({ "service": service, "operation": operation, "arguments": arguments }))
    }

    /// Waits for something with one of boto3's waiters: `wait("lambda", "function_updated_v2", …)`.
    pub fn wait(&self, service: &str, waiter: &str, arguments: &Value) -> Result<(), Refusal> {
        self.ask(&json!({ "service": service, "waiter": waiter, "arguments": arguments })).map(drop)
    }

    fn ask(&self, question: &Value) -> Result<Value, Refusal> {
        self.driver.lock().unwrap_or_else(PoisonError::into_inner).ask(question)
    }

    fn publish_layer(&self, zip: &Path) -> Result<String, Refusal> {
        let stem = zip.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let name = stem.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "-");
        let arguments = json!({ "LayerName": name, "Content": { "ZipFile": { "$file": zip } } });
        let answer = self.call("lambda", "publish_layer_version", &arguments)?;
        Ok(answer["LayerVersionArn"].as_str().expect("the ARN of a layer version").to_owned())
    }

    fn create(&self, function: &Function, layers: &BTreeMap<&PathBuf, String>) -> Result<String, Refusal> {
        let layers: Vec<_> = function.layers.iter().map(|path| &layers[path]).collect();
        let arguments = json!({
            "FunctionName": function.name,
            "Runtime": function.runtime,
            "Handler": function.handler,
            "Role": self.create_role(function)?,
            "Code": { "ZipFile": { "$file": function.code } },
            "Layers": layers,
            "Environment": { "Variables": function.environment },
            "Timeout": function.timeout,
            "MemorySize": function.memory,
            "Architectures": [function.architecture],
        });
        let answer = self.call("lambda", "create_function", &arguments)?;
        Ok(answer["FunctionArn"].as_str().expect("the ARN of a function").to_owned())
    }

    fn create_role(&self, function: &Function) -> Result<Value, Refusal> {
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole"
            }]
        });
        let arguments = json!({ "RoleName": function.name, "AssumeRolePolicyDocument": trust.to_string() });
        let role = self.call("iam", "create_role", &arguments)?;
        if let Some(policy) = &function.policy {
            let arguments = json!({
                "RoleName": function.name, "PolicyName": "function", "PolicyDocument": policy.to_string()
            });
            self.call("iam", "put_role_policy", &arguments)?;
        }
        Ok(role["Role"]["Arn"].clone())
    }
}

impl Invoked {
    fn read(answer: &Value) -> Self {
        let payload = answer["Payload"].as_str().unwrap_or_default();
        Self {
            status: answer["StatusCode"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or_default(),
            function_error: answer["FunctionError"].as_str().map(str::to_owned),
            payload: serde_json::from_str(payload).unwrap_or(Value::Null),
            log: answer["LogResult"].as_str().unwrap_or_default().to_owned(),
        }
    }
}
