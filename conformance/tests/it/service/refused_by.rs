//! A back end that refuses: what its errors are for AWS's clients. No worker of this app is throttled or denied by itself.

use std::net::TcpListener;
use std::sync::Arc;

use bedrock::Error;
use bedrock::local::Invocation;
use bedrock::local::service::{Accepted, Access, Backend, FunctionInfo, Reply, serve_on};
use bedrock_build::Language;
use serde_json::json;

use super::client::Client;

/// Has every function, and each of them fails as it is called.
struct Refusing;

impl Backend for Refusing {
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
        _ => Error::Transport { worker, message: "the host is gone".to_owned(), may_have_run: true },
    }
}

#[test]
fn what_a_back_end_refuses_is_the_exception_that_aws_sends() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        serve_on(listener, Arc::new(Refusing), Access::Signed).await
    });
    for kind in ["RequestResponse", "Event"] {
        let calls = ["throttled", "denied", "lost"].map(|name| json!({ "FunctionName": name, "InvocationType": kind }));
        for client in Client::ALL {
            let Some(answers) = client.invoke(&url, &calls) else { continue };
            for (answer, (exception, status, message)) in answers.iter().zip([
                ("TooManyRequestsException", 429, "Rate Exceeded."),
                ("AccessDeniedException", 403, "User: me is not authorized"),
                ("ServiceException", 500, "the call of worker `lost` was lost: the host is gone"),
            ]) {
                let common = client == Client::Boto && exception == "AccessDeniedException";
                assert_eq!(answer["exception"], if common { "ClientError" } else { exception }, "{client:?}: {answer}");
                assert!(answer["status"].is_null() || answer["status"] == status, "{client:?}: {answer}");
                assert!(answer["message"].as_str().is_some_and(|text| text.ends_with(message)), "{client:?}: {answer}");
            }
        }
    }
}
