//! The emulator, called as a deploy is, and what is found in it.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use testbed::Ministack;

use crate::shop::{Answer, Shop};

/// An emulated account.
pub(crate) struct Cloud {
    pub(crate) aws: Ministack,
}

impl Cloud {
    /// None where it is not installed. With `auth` it enforces IAM.
    pub(crate) fn start(auth: bool) -> Option<Self> {
        Ministack::start(auth).map(|aws| Self { aws })
    }

    /// What a command is to be called with.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        self.aws.environment().iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    pub(crate) fn run(&self, shop: &Shop, args: &[&str]) -> Answer {
        shop.command(args, &self.environment()).output().expect("the command starts").into()
    }

    /// `deploy --stage dev --yes`, which goes well; what it planned.
    pub(crate) fn deploy(&self, shop: &Shop) -> String {
        let shown = self.run(shop, &["deploy", "--stage", "dev", "--yes"]).good();
        shown.split_once("\n\n").expect("a plan").1.to_owned()
    }

    pub(crate) fn call(&self, service: &str, operation: &str, arguments: &Value) -> Value {
        let answer = self.aws.call(service, operation, arguments);
        answer.unwrap_or_else(|refusal| panic!("{service} {operation} {arguments}: {refusal:?}"))
    }

    /// What a function answers.
    pub(crate) fn invoke(&self, function: &str, event: &Value) -> Value {
        self.aws.invoke(function, event).expect("an answer").payload
    }

    /// All that there is of stages whose names begin so: functions, log groups, roles, layers.
    pub(crate) fn things(&self, prefix: &str) -> Vec<String> {
        let layers = self.call("lambda", "list_layers", &json!({}));
        let groups = self.call("logs", "describe_log_groups", &json!({}));
        let roles = self.call("iam", "list_roles", &json!({ "MaxItems": 1000 }));
        let named = |list: &Value, key: &str, name: &str| -> Vec<String> {
            let all = list[key].as_array().into_iter().flatten();
            all.filter_map(|each| each[name].as_str()).map(str::to_owned).collect()
        };
        let groups = named(&groups, "logGroups", "logGroupName");
        let functions = self.aws.functions();
        let mut things: Vec<String> = functions
            .iter()
            .map(|name| ("function", name.as_str()))
            .chain(groups.iter().filter_map(|name| Some(("log", name.strip_prefix("/aws/lambda/")?))))
            .chain(named(&roles, "Roles", "RoleName").iter().map(|name| ("role", name.as_str())))
            .chain(named(&layers, "Layers", "LayerName").iter().map(|name| ("layer", name.as_str())))
            .filter(|(_, name)| name.starts_with(prefix))
            .map(|(kind, name)| format!("{kind} {name}"))
            .collect();
        things.sort();
        things
    }

    /// Numbers of the versions of a function or, without `$LATEST`, what `live` points to.
    pub(crate) fn live(&self, function: &str) -> String {
        let alias = self.call("lambda", "get_alias", &json!({ "FunctionName": function, "Name": "live" }));
        alias["FunctionVersion"].as_str().expect("a version").to_owned()
    }

    /// The status and the body of `GET url`; the name of its host is known to the emulator alone.
    pub(crate) fn get(&self, url: &str) -> (String, String) {
        let (host, path) =
            url.trim_start_matches("https://").trim_start_matches("http://").split_once('/').expect("a path");
        let address = self.aws.endpoint().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the emulator");
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("a request");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
    }
}
