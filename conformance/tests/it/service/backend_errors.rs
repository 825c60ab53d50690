//! Tests of a backend that returns errors, as AWS's clients see them. No worker of this app is throttled or denied by
//! itself.

use std::net::TcpListener;
use std::sync::Arc;

use bedrock_build::Language;
use bedrock_local::lambda_api::{Access, serve_on};
use bedrock_model::{Accepted, Backend, Error, FunctionInfo, Invocation, Reply};
use serde_json::json;

use super::client::Client;

/// Has every function. Each fails with the error of its name.
struct FailingBackend;

impl Backend for FailingBackend {
    fn functions(&self) -> Vec<FunctionInfo> {
        Vec::new()
    }

    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        Ok(FunctionInfo {
            worker: name.to_owned(),
            name: name.to_owned(),
            arn: self.arn(name),
            language: Language::Python,
            runtime: "python3.13".to_owned(),
            handler: "main.handler".to_owned(),
            timeout: 3,
            memory: 128,
            log_group: format!("/aws/lambda/{name}"),
            durable: None,
        })
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:aws:lambda:us-east-1:000000000000:function:{name}")
    }

    fn run(&self, function: &FunctionInfo, _: Invocation) -> Reply {
        let error = error(&function.worker);
        Box::pin(async move { Err(error) })
    }

    fn accept(&self, function: &FunctionInfo, _: Invocation) -> Accepted {
        let error = error(&function.worker);
        Box::pin(async move { Err(error) })
    }
}

fn error(name: &str) -> Error {
    let worker = name.to_owned();
    match name {
        "throttled" => {
            Error::Throttled { worker, reason: "ReservedFunctionConcurrentInvocationLimitExceeded".to_owned() }
        }
        "denied" => Error::AccessDenied { worker, message: "User: me is not authorized".to_owned() },
        _ => Error::Transport { worker, message: "the host has exited".to_owned(), may_have_run: true },
    }
}

#[test]
fn backend_errors_become_awss_exceptions() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        serve_on(listener, Arc::new(FailingBackend), Access::Signed).await
    });
    for kind in ["RequestResponse", "Event"] {
        let calls = ["throttled", "denied", "lost"].map(|name| json!({ "FunctionName": name, "InvocationType": kind }));
        for client in Client::ALL {
            let Some(responses) = client.invoke(&url, &calls) else { continue };
            for (response, (exception, status, message)) in responses.iter().zip([
                ("TooManyRequestsException", 429, "Rate Exceeded."),
                ("AccessDeniedException", 403, "User: me is not authorized"),
                ("ServiceException", 500, "the call of worker `lost` was lost: the host has exited"),
            ]) {
                let common = client == Client::Boto3 && exception == "AccessDeniedException";
                assert_eq!(
                    response["exception"],
                    if common { "ClientError" } else { exception },
                    "{client:?}: {response}"
                );
                assert!(response["status"].is_null() || response["status"] == status, "{client:?}: {response}");
                assert!(
                    response["message"].as_str().is_some_and(|text| text.ends_with(message)),
                    "{client:?}: {response}"
                );
            }
        }
    }
}
