//! An emulated AWS account: runs commands against it, and reads what they did.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use testbed::Ministack;

use crate::test_app::{CommandOutput, TestApp};

/// An emulated AWS account.
pub(crate) struct EmulatedAws {
    pub(crate) emulator: Ministack,
}

impl EmulatedAws {
    /// Starts the emulator. Returns `None` if it is not installed.
    pub(crate) fn start(enforces_iam: bool) -> Option<Self> {
        Ministack::start(enforces_iam).map(|emulator| Self { emulator })
    }

    /// Returns the environment variables of commands that use this account.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        self.emulator.environment().iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    pub(crate) fn run(&self, app: &TestApp, args: &[&str]) -> CommandOutput {
        app.command(args, &self.environment()).output().expect("the command starts").into()
    }

    /// Runs `deploy --stage dev --yes`, which must succeed. Returns its plan without the heading.
    pub(crate) fn deploy(&self, app: &TestApp) -> String {
        self.deploy_with(app, &[])
    }

    /// The same with `--refresh`, which finds what was changed by hand.
    pub(crate) fn deploy_refreshed(&self, app: &TestApp) -> String {
        self.deploy_with(app, &["--refresh"])
    }

    fn deploy_with(&self, app: &TestApp, more: &[&str]) -> String {
        let plan = self.run(app, &[&["deploy", "--stage", "dev", "--yes"], more].concat()).success();
        plan.split_once("\n\n").expect("a plan").1.to_owned()
    }

    pub(crate) fn call(&self, service: &str, operation: &str, arguments: &Value) -> Value {
        let response = self.emulator.call(service, operation, arguments);
        response.unwrap_or_else(|refusal| panic!("{service} {operation} {arguments}: {refusal:?}"))
    }

    /// Creates a queue and returns its URL.
    pub(crate) fn create_queue(&self, name: &str) -> String {
        let created = self.call("sqs", "create_queue", &json!({ "QueueName": name }));
        created["QueueUrl"].as_str().expect("a URL").to_owned()
    }

    /// Waits for a message with this body in a queue.
    pub(crate) fn wait_for_message(&self, url: &str, text: &str) {
        for _ in 0..30 {
            let received = self.call("sqs", "receive_message", &json!({ "QueueUrl": url, "WaitTimeSeconds": 2 }));
            let messages = received["Messages"].as_array().cloned().unwrap_or_default();
            if messages.iter().any(|message| message["Body"] == text) {
                return;
            }
        }
        panic!("the message `{text}` was not received");
    }

    /// Invokes a function and returns its response.
    pub(crate) fn invoke(&self, function: &str, event: &Value) -> Value {
        self.emulator.invoke(function, event).expect("a response").payload
    }

    /// Lists functions, log groups, roles and layers whose names start with `prefix`, as `kind name`, sorted.
    pub(crate) fn list_resources(&self, prefix: &str) -> Vec<String> {
        let layers = self.call("lambda", "list_layers", &json!({}));
        let groups = self.call("logs", "describe_log_groups", &json!({}));
        let roles = self.call("iam", "list_roles", &json!({ "MaxItems": 1000 }));
        let names = |list: &Value, key: &str, name: &str| -> Vec<String> {
            let all = list[key].as_array().into_iter().flatten();
            all.filter_map(|each| each[name].as_str()).map(str::to_owned).collect()
        };
        let groups = names(&groups, "logGroups", "logGroupName");
        let functions = self.emulator.functions();
        let mut resources: Vec<String> = functions
            .iter()
            .map(|name| ("function", name.as_str()))
            .chain(groups.iter().filter_map(|name| Some(("log", name.strip_prefix("/aws/lambda/")?))))
            .chain(names(&roles, "Roles", "RoleName").iter().map(|name| ("role", name.as_str())))
            .chain(names(&layers, "Layers", "LayerName").iter().map(|name| ("layer", name.as_str())))
            .filter(|(_, name)| name.starts_with(prefix))
            .map(|(kind, name)| format!("{kind} {name}"))
            .collect();
        resources.sort();
        resources
    }

    /// Returns the number of the version that the alias `live` of a function points to.
    pub(crate) fn live_version(&self, function: &str) -> String {
        let alias = self.call("lambda", "get_alias", &json!({ "FunctionName": function, "Name": "live" }));
        alias["FunctionVersion"].as_str().expect("a version").to_owned()
    }

    /// Returns status line and body of `GET url`. The request is sent to the emulator: the host name cannot be resolved.
    pub(crate) fn http_get(&self, url: &str) -> (String, String) {
        let (host, path) =
            url.trim_start_matches("https://").trim_start_matches("http://").split_once('/').expect("a path");
        let address = self.emulator.endpoint().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the emulator");
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("a request");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("a response");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
    }
}
