//! A local emulator of AWS's APIs, which runs functions from their zips and layers and lets them invoke each other. Its
//! own documentation lists its limits. To test the errors that a function reports, `ric` is more precise.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::function::Function;
use crate::ministack_driver::{ApiError, MinistackDriver};
use crate::tools::{find_on_path, tool};

/// A server for one test. Dropping it ends the server and all its functions.
#[derive(Debug)]
pub struct Ministack {
    driver: Mutex<MinistackDriver>,
    endpoint: String,
}

/// The response of Lambda's Invoke API.
#[derive(Debug, Clone, PartialEq)]
pub struct InvokeResponse {
    /// The HTTP status: 200, or 202 for an asynchronous invocation.
    pub status: u16,
    /// The value of the header `X-Amz-Function-Error`.
    pub function_error: Option<String>,
    /// The response, or the error that the function reported; null for an asynchronous invocation.
    pub payload: Value,
    /// The end of the function's log.
    pub log: String,
}

impl Ministack {
    /// Starts a server. Returns `None` and prints the reason if it is not installed.
    pub fn start(enforce_iam: bool) -> Option<Self> {
        let python = tool("ministack/bin/python")?;
        find_on_path("node")?;
        let (driver, endpoint) = MinistackDriver::start(&python, enforce_iam);
        Some(Self { driver: Mutex::new(driver), endpoint })
    }

    /// Returns the endpoint URL, `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the environment variables that make a program use this server instead of AWS.
    pub fn environment(&self) -> [(&'static str, &str); 5] {
        [
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ]
    }

    /// Creates functions, each with its own role, and their layers, each once. Returns the ARNs of the functions.
    pub fn deploy(&self, functions: &[Function]) -> Result<Vec<String>, ApiError> {
        let mut layers = BTreeMap::new();
        for path in functions.iter().flat_map(|function| &function.layers) {
            if !layers.contains_key(path) {
                layers.insert(path, self.publish_layer(path)?);
            }
        }
        let arns =
            functions.iter().map(|function| self.create_function(function, &layers)).collect::<Result<_, _>>()?;
        for function in functions {
            // A function is not active immediately. The default interval of boto3 would be too long.
            let poll_often = json!({ "Delay": 0.02, "MaxAttempts": 1000 });
            let arguments = json!({ "FunctionName": function.name, "WaiterConfig": poll_often });
            self.wait("lambda", "function_active_v2", &arguments)?;
        }
        Ok(arns)
    }

    /// Invokes a function by name or ARN, and waits for its response.
    pub fn invoke(&self, function: &str, payload: &Value) -> Result<InvokeResponse, ApiError> {
        let arguments = json!({ "FunctionName": function, "Payload": payload.to_string(), "LogType": "Tail" });
        self.call("lambda", "invoke", &arguments).map(|output| InvokeResponse::from_output(&output))
    }

    /// Invokes a function asynchronously.
    pub fn invoke_event(&self, function: &str, payload: &Value) -> Result<InvokeResponse, ApiError> {
        let arguments = json!({ "FunctionName": function, "Payload": payload.to_string(), "InvocationType": "Event" });
        self.call("lambda", "invoke", &arguments).map(|output| InvokeResponse::from_output(&output))
    }

    /// Returns the names of all functions, sorted.
    pub fn functions(&self) -> Vec<String> {
        let output = self.call("lambda", "list_functions", &json!({})).expect("functions can be listed");
        let functions = output["Functions"].as_array().into_iter().flatten();
        let mut names: Vec<_> =
            functions.filter_map(|function| function["FunctionName"].as_str()).map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Deletes a function.
    pub fn delete(&self, function: &str) -> Result<(), ApiError> {
        self.call("lambda", "delete_function", &json!({ "FunctionName": function })).map(drop)
    }

    /// Calls any operation of any API, by boto3's names: `call("iam", "get_role", &json!({ "RoleName": "x" }))`.
    /// In arguments, `{"$file": path}` is replaced by the bytes of a file.
    pub fn call(&self, service: &str, operation: &str, arguments: &Value) -> Result<Value, ApiError> {
        self.send(&json!({ "service": service, "operation": operation, "arguments": arguments }))
    }

    /// Waits with one of boto3's waiters: `wait("lambda", "function_updated_v2", …)`.
    pub fn wait(&self, service: &str, waiter: &str, arguments: &Value) -> Result<(), ApiError> {
        self.send(&json!({ "service": service, "waiter": waiter, "arguments": arguments })).map(drop)
    }

    fn send(&self, request: &Value) -> Result<Value, ApiError> {
        self.driver.lock().unwrap_or_else(PoisonError::into_inner).send(request)
    }

    fn publish_layer(&self, zip: &Path) -> Result<String, ApiError> {
        let stem = zip.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let name = stem.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "-");
        let arguments = json!({ "LayerName": name, "Content": { "ZipFile": { "$file": zip } } });
        let output = self.call("lambda", "publish_layer_version", &arguments)?;
        Ok(output["LayerVersionArn"].as_str().expect("the ARN of a layer version").to_owned())
    }

    fn create_function(&self, function: &Function, layers: &BTreeMap<&PathBuf, String>) -> Result<String, ApiError> {
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
        let output = self.call("lambda", "create_function", &arguments)?;
        Ok(output["FunctionArn"].as_str().expect("the ARN of a function").to_owned())
    }

    fn create_role(&self, function: &Function) -> Result<Value, ApiError> {
        let trust_policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole"
            }]
        });
        let arguments = json!({ "RoleName": function.name, "AssumeRolePolicyDocument": trust_policy.to_string() });
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

impl InvokeResponse {
    fn from_output(output: &Value) -> Self {
        let payload = output["Payload"].as_str().unwrap_or_default();
        Self {
            status: output["StatusCode"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or_default(),
            function_error: output["FunctionError"].as_str().map(str::to_owned),
            payload: serde_json::from_str(payload).unwrap_or(Value::Null),
            log: output["LogResult"].as_str().unwrap_or_default().to_owned(),
        }
    }
}
