//! Tests of the endpoint's URL when it accepts only signed requests, or none. botocore signs the requests.

use std::collections::HashMap;

use bedrock_build::settings::Auth;
use bedrock_dev::event_log::Reader;
use bedrock_dev::{Clock, DevServer, HttpRequest, RunningServer};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::dev_server::config;
use crate::lambda_build::binary;
use crate::service::client::send_signed_requests;

struct UrlServer {
    scratch: TempDir,
    dev_server: DevServer,
    reader: Reader,
}

impl UrlServer {
    /// Opens a server whose endpoint is the program of a worker: it fails on HTTP events, with a status of 502.
    async fn open(url: bool, auth: Auth) -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let mut config = config(scratch.path(), &Clock::real());
        config.executables = HashMap::from([("endpoint".to_owned(), binary("rust_case"))]);
        config.app.settings.endpoint.url = Some(url);
        config.app.settings.endpoint.auth = auth;
        let dev_server = DevServer::start(config).await.expect("it opens");
        let reader = dev_server.event_log.subscribe(None);
        Self { scratch, dev_server, reader }
    }

    /// Returns a request that a function signs.
    fn request(&self, changes: Value) -> Value {
        let address = self.dev_server.url.trim_start_matches("http://");
        let port = address.rsplit(':').next().expect("a port");
        let mut request = json!({
            "address": address, "method": "POST", "body": "größer", "key": "LOCAL_python_case", "secret": "local",
            "service": "lambda", "url": format!("http://endpoint.localhost:{port}/a%20b/c:d?z=1&a=%C3%A4&z=0&flag="),
        });
        let Value::Object(changes) = changes else { panic!("{changes}") };
        request.as_object_mut().expect("an object").extend(changes);
        request
    }

    /// Sends requests. Returns the responses, or `None` if botocore is not installed.
    async fn send(&self, requests: Vec<Value>) -> Option<Vec<Value>> {
        let requests = Value::Array(requests.into_iter().map(|changes| self.request(changes)).collect());
        tokio::task::spawn_blocking(move || send_signed_requests(&requests)).await.expect("a thread")
    }

    /// Returns the next event that the endpoint got.
    async fn next_event(&mut self) -> Value {
        loop {
            let item = self.reader.next().await.expect("it goes on");
            let entry: Value = serde_json::from_str(&item.json()).expect("JSON");
            if entry["kind"] == "invocation_started" {
                return entry["event"]["json"].clone();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_requests_reach_the_endpoint_with_identity() {
    let mut server = UrlServer::open(true, Auth::Iam).await;
    let path_style = format!("{}/_url/endpoint/x", server.dev_server.url);
    let requests = vec![
        json!({}),
        json!({ "key": "local", "url": path_style }),
        json!({ "presigned": true, "method": "GET", "body": "" }),
    ];
    let Some(responses) = server.send(requests).await else { return };
    for response in &responses {
        assert_eq!(response["status"], 502, "{responses:#?}");
    }
    let event = server.next_event().await;
    let role = "conformance-local-python_case";
    assert_eq!(event["requestContext"]["accountId"], "000000000000", "{event}");
    assert_eq!(
        event["requestContext"]["authorizer"],
        json!({ "iam": {
            "accessKey": "LOCAL_python_case",
            "accountId": "000000000000",
            "callerId": format!("LOCAL_python_case:{role}"),
            "cognitoIdentity": null,
            "principalOrgId": null,
            "userArn": format!("arn:aws:sts::000000000000:assumed-role/{role}/{role}"),
            "userId": format!("LOCAL_python_case:{role}"),
        } })
    );
    let event = server.next_event().await;
    assert_eq!(event["requestContext"]["authorizer"]["iam"]["userArn"], "arn:aws:iam::000000000000:user/local");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn other_requests_get_the_errors_of_aws() {
    let server = UrlServer::open(true, Auth::Iam).await;
    let requests = vec![
        json!({ "key": null }),
        json!({ "secret": "wrong" }),
        json!({ "change": "changed" }),
        json!({ "service": "sqs" }),
        json!({ "key": "AKIDEXAMPLE" }),
        json!({ "presigned": true, "secret": "wrong", "method": "GET", "body": "" }),
    ];
    let Some(responses) = server.send(requests).await else { return };
    let mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                    Access Key and signing method. Consult the service documentation for details.";
    let forbidden = "Forbidden. For troubleshooting Function URL authorization issues, see: \
                     https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";
    let service = "Credential should be scoped to correct service: 'lambda'. ";
    let unknown = "The security token included in the request is invalid.";
    let expected = [
        ("AccessDeniedException", json!({ "Message": forbidden })),
        ("InvalidSignatureException", json!({ "message": mismatch })),
        ("InvalidSignatureException", json!({ "message": mismatch })),
        ("InvalidSignatureException", json!({ "message": service })),
        ("UnrecognizedClientException", json!({ "message": unknown })),
        ("InvalidSignatureException", json!({ "message": mismatch })),
    ];
    assert_eq!(responses.len(), expected.len());
    for (response, (exception, body)) in responses.iter().zip(expected) {
        assert_eq!((&response["status"], &response["headers"]["x-amzn-errortype"]), (&json!(403), &json!(exception)));
        assert_eq!(serde_json::from_str::<Value>(response["body"].as_str().expect("text")).expect("JSON"), body);
        assert_eq!(response["headers"]["content-type"], "application/json");
    }
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_without_url_is_invoked_only_by_the_api() {
    let server = UrlServer::open(false, Auth::None).await;
    let Some(responses) = server.send(vec![json!({}), json!({ "key": null })]).await else { return };
    for response in responses {
        assert_eq!(
            (&response["status"], &response["headers"]["x-amzn-errortype"]),
            (&json!(404), &json!("ResourceNotFoundException"))
        );
        assert!(response["body"].as_str().expect("text").contains("`url` is `false`"), "{response}");
    }
    let running = RunningServer::find(server.scratch.path()).await.expect("the server");
    let invoked = running.invoke("endpoint", r#"{"do":"echo","value":1}"#.into(), false).await.expect("a response");
    assert!(matches!(invoked, bedrock_dev::RunningInvocation::Response { ref payload, .. } if payload == "1"));
    let request =
        HttpRequest { method: "GET".to_owned(), path: "/".to_owned(), headers: Vec::new(), body: Vec::new().into() };
    assert_eq!(running.request("endpoint", request).await.expect("a response").status, 502);
    server.dev_server.close();
}
