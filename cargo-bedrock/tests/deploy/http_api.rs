//! The HTTP API in front of the endpoint: it is created, answers, changes, is repaired, and goes with the stage.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::emulated_aws::EmulatedAws;
use crate::faults::deploy;
use crate::proxy::{Proxy, ProxyAction};
use crate::test_app::TestApp;

fn route(key: &str, auth: &str) -> Value {
    json!({ "key": key, "auth": auth, "scopes": [] })
}

fn http_api(routes: &[Value]) -> Value {
    json!({ "routes": routes, "jwt": null, "domain": null, "throttling": null })
}

fn app() -> TestApp {
    let mut app = TestApp::new(&["counter"]).with_endpoint(&["counter"]).with("/version", json!(3));
    app.set("/endpoint/url_auth", Value::Null);
    app.set("/endpoint/http_api", http_api(&[route("$default", "none")]));
    app
}

fn apis(aws: &EmulatedAws) -> Vec<Value> {
    aws.call("apigatewayv2", "get_apis", &json!({}))["Items"].as_array().cloned().unwrap_or_default()
}

fn list(aws: &EmulatedAws, operation: &str) -> Vec<Value> {
    let id = apis(aws)[0]["ApiId"].clone();
    aws.call("apigatewayv2", operation, &json!({ "ApiId": id }))["Items"].as_array().cloned().unwrap_or_default()
}

#[test]
fn http_api_is_created_answers_and_is_deleted() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    let (output, url) = deploy_json(&app, &aws);
    assert!(output.iter().any(|event| event.to_string().contains("put-http-api")), "{output:?}");
    let id = apis(&aws)[0]["ApiId"].as_str().expect("an id").to_owned();
    assert!(url.contains(&format!("{id}.execute-api.")), "{url}");
    let (status, body) = aws.http_get(&format!("{}/_aws/execute-api/{id}/$default/orders", aws.emulator.endpoint()));
    assert_eq!((&*status, &*body), ("HTTP/1.1 200 OK", "asked for /orders"));
    let urls = aws.emulator.call(
        "lambda",
        "get_function_url_config",
        &json!({ "FunctionName": "shop-dev-endpoint", "Qualifier": "live" }),
    );
    assert!(urls.is_err(), "{urls:?}");
    let policy = aws.call("lambda", "get_policy", &json!({ "FunctionName": "shop-dev-endpoint", "Qualifier": "live" }));
    let arn = format!("arn:aws:execute-api:us-east-1:123456789012:{id}/*/*");
    assert!(policy["Policy"].as_str().is_some_and(|policy| policy.contains(&arn) && !policy.contains("bedrock-url")));
    assert_eq!(aws.deploy(&app), "3 unchanged\n");
    assert_eq!(aws.deploy_refreshed(&app), "3 unchanged\n");
    let status = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(status.contains("http api shop-dev") && status.contains(&url), "{status}");

    // Back to a URL.
    app.set("/endpoint/url_auth", json!("none"));
    app.set("/endpoint/http_api", Value::Null);
    assert_contains(&aws.deploy(&app), &["~ update  shop-dev-endpoint (URL", "- delete  http api shop-dev"]);
    assert_eq!(apis(&aws), [] as [Value; 0]);
    assert_eq!(aws.deploy(&app), "2 unchanged\n");
    app.set("/endpoint/http_api", http_api(&[route("$default", "none")]));
    aws.deploy(&app);
    aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    assert_eq!(apis(&aws), [] as [Value; 0]);
    assert_eq!(aws.list_resources("shop-dev-"), [] as [String; 0]);
}

fn assert_contains(plan: &str, expected: &[&str]) {
    for text in expected {
        assert!(plan.contains(text), "{text}: {plan}");
    }
}

/// Deploys with JSON output. Returns the events, and the URL of the last one.
fn deploy_json(app: &TestApp, aws: &EmulatedAws) -> (Vec<Value>, String) {
    let output = aws.run(app, &["deploy", "--stage", "dev", "--yes", "--message-format", "json"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    let events = output.events();
    let url = events.last().and_then(|event| event["url"].as_str()).unwrap_or_default().to_owned();
    (events, url)
}

#[test]
fn http_api_changes_with_the_settings_and_is_repaired() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    aws.deploy(&app);
    let mut api =
        http_api(&[json!({ "key": "$default", "auth": "jwt", "scopes": ["read"] }), route("GET /health", "none")]);
    api["jwt"] = json!({ "issuer": "https://login.example", "audience": ["shop"], "identity_source": "$request.header.Authorization" });
    api["throttling"] = json!({ "burst": 20, "rate": 10 });
    api["domain"] =
        json!({ "name": "api.shop.example", "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/a" });
    app.set("/endpoint/http_api", api.clone());
    app.set(
        "/endpoint/cors",
        json!({
            "allow_credentials": false, "allow_headers": [], "allow_methods": ["GET"],
            "allow_origins": ["https://shop.example"], "expose_headers": [], "max_age": 5
        }),
    );
    let expected = [
        "~ update  http api shop-dev (CORS, JWT authorizer, routes ~$default +GET /health, ",
        "throttling none → 20/10, domain name api.shop.example)",
        "1 to update, 2 unchanged",
    ];
    assert_contains(&aws.deploy(&app), &expected);
    assert_eq!(aws.deploy_refreshed(&app), "3 unchanged\n");
    let routes = list(&aws, "get_routes");
    let default = routes.iter().find(|route| route["RouteKey"] == "$default").expect("the route");
    assert_eq!((&default["AuthorizationType"], &default["AuthorizationScopes"]), (&json!("JWT"), &json!(["read"])));
    assert_eq!(default["AuthorizerId"], list(&aws, "get_authorizers")[0]["AuthorizerId"]);
    let stage = &list(&aws, "get_stages")[0];
    assert_eq!(
        (&stage["AutoDeploy"], &stage["DefaultRouteSettings"]["ThrottlingBurstLimit"]),
        (&json!(true), &json!(20))
    );
    let status = aws.run(&app, &["status", "--stage", "dev"]).success();
    assert!(status.contains("https://api.shop.example/"), "{status}");

    // Others change what is deployed.
    let id = apis(&aws)[0]["ApiId"].clone();
    aws.call("apigatewayv2", "delete_route", &json!({ "ApiId": id, "RouteId": default["RouteId"] }));
    aws.call("apigatewayv2", "create_route", &json!({ "ApiId": id, "RouteKey": "GET /more" }));
    let statement = format!("bedrock-http-api-{}", id.as_str().unwrap_or_default());
    aws.call(
        "lambda",
        "remove_permission",
        &json!({ "FunctionName": "shop-dev-endpoint", "Qualifier": "live", "StatementId": statement }),
    );
    let plan = aws.deploy_refreshed(&app);
    assert_contains(&plan, &["http api shop-dev (routes +$default -GET /more, permission)"]);
    assert_eq!(aws.deploy_refreshed(&app), "3 unchanged\n");

    // Back to the beginning.
    app.set("/endpoint/http_api", http_api(&[route("ANY /{proxy+}", "iam")]));
    app.set("/endpoint/cors", Value::Null);
    let expected =
        ["(JWT authorizer, routes +ANY /{proxy+} -$default -GET /health, throttling 20/10 → none, domain name none)"];
    assert_contains(&aws.deploy(&app).replace("CORS, ", ""), &expected);
    assert_eq!(aws.deploy_refreshed(&app), "3 unchanged\n");
    assert_eq!(list(&aws, "get_authorizers"), [] as [Value; 0]);
    assert_eq!(list(&aws, "get_routes").len(), 1);
    assert_eq!(aws.call("apigatewayv2", "get_domain_names", &json!({}))["Items"], json!([]));
}

#[test]
fn front_door_is_replaced_after_the_new_one_exists() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    app.set("/endpoint/url_auth", json!("none"));
    app.set("/endpoint/http_api", Value::Null);
    aws.deploy(&app);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
        if request.is_mutation {
            requests.lock().expect("lock").push(request.operation.clone());
        }
        ProxyAction::Forward
    });
    // Returns the numbers of the mutations with these operations; the last number of each.
    let positions = |operations: [&str; 2]| {
        let seen = std::mem::take(&mut *seen.lock().expect("lock"));
        operations.map(|operation| {
            let found = seen.iter().rposition(|each| each.starts_with(operation));
            found.unwrap_or_else(|| panic!("{operation}: {seen:?}"))
        })
    };
    app.set("/endpoint/url_auth", Value::Null);
    app.set("/endpoint/http_api", http_api(&[route("$default", "none")]));
    let output = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(output.code, Some(0), "{output:?}");
    let url = "/2021-10-31/functions/shop-dev-endpoint/url";
    let [stage, removed] = positions(["POST /v2/apis/", &format!("DELETE {url}")]);
    assert!(stage < removed, "{stage} {removed}");
    assert_eq!(aws.deploy_refreshed(&app), "3 unchanged\n");
    // And back.
    app.set("/endpoint/url_auth", json!("none"));
    app.set("/endpoint/http_api", Value::Null);
    let output = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(output.code, Some(0), "{output:?}");
    let [created, removed] = positions([&format!("POST {url}"), "DELETE /v2/apis/"]);
    assert!(created < removed, "{created} {removed}");
    assert_eq!(aws.deploy_refreshed(&app), "2 unchanged\n");
}

#[test]
fn url_stays_if_the_http_api_cannot_be_created() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    app.set("/endpoint/url_auth", json!("none"));
    app.set("/endpoint/http_api", Value::Null);
    aws.deploy(&app);
    app.set("/endpoint/url_auth", Value::Null);
    app.set("/endpoint/http_api", http_api(&[route("$default", "none")]));
    let proxy = Proxy::start(aws.emulator.endpoint(), |request| {
        if request.operation.starts_with("POST /v2/apis") {
            return ProxyAction::Respond(400, "BadRequestException");
        }
        ProxyAction::Forward
    });
    let output = deploy(&app, &aws, &proxy, &[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("remaining: `http api shop-dev`, `shop-dev-endpoint`"), "{output:?}");
    let url = json!({ "FunctionName": "shop-dev-endpoint", "Qualifier": "live" });
    assert!(aws.call("lambda", "get_function_url_config", &url)["FunctionUrl"].is_string());
    aws.deploy(&app);
    assert_eq!(aws.deploy_refreshed(&app), "3 unchanged\n");
}

#[test]
fn domain_name_of_someone_else_is_not_changed() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    let mut api = http_api(&[route("$default", "none")]);
    api["domain"] = json!({ "name": "api.shop.example", "certificate": null });
    app.set("/endpoint/http_api", api.clone());
    let missing = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert!(missing.stderr.contains("API Gateway has no domain name `api.shop.example` in us-east-1"), "{missing:?}");
    aws.call("apigatewayv2", "create_domain_name", &json!({ "DomainName": "api.shop.example", "DomainNameConfigurations": [{ "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/b" }] }));
    aws.deploy(&app);
    assert_eq!(aws.deploy_refreshed(&app), "3 unchanged\n");
    api["domain"]["certificate"] = json!("arn:aws:acm:us-east-1:123456789012:certificate/a");
    app.set("/endpoint/http_api", api.clone());
    let refused = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    assert!(refused.stderr.contains("domain name `api.shop.example` was not created by"), "{refused:?}");
    // The domain name stays when the stage is deleted.
    aws.run(&app, &["destroy", "--stage", "dev", "--yes"]).success();
    assert_eq!(aws.call("apigatewayv2", "get_domain_names", &json!({}))["Items"].as_array().map(Vec::len), Some(1));

    // Nor is it taken from another API.
    let other =
        aws.call("apigatewayv2", "create_api", &json!({ "Name": "other", "ProtocolType": "HTTP" }))["ApiId"].clone();
    aws.call("apigatewayv2", "create_stage", &json!({ "ApiId": other, "StageName": "$default" }));
    let mapping = json!({ "ApiId": other, "DomainName": "api.shop.example", "Stage": "$default" });
    aws.call("apigatewayv2", "create_api_mapping", &mapping);
    api["domain"]["certificate"] = Value::Null;
    app.set("/endpoint/http_api", api);
    let refused = aws.run(&app, &["deploy", "--stage", "dev", "--yes"]);
    let expected =
        format!("mapping of domain name `api.shop.example` to the API `{}`", other.as_str().unwrap_or_default());
    assert!(refused.stderr.contains(&expected), "{refused:?}");
}

#[test]
fn stopped_deploy_of_an_http_api_is_continued() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let mut app = app();
    let mut api = http_api(&[json!({ "key": "$default", "auth": "jwt", "scopes": [] }), route("GET /health", "none")]);
    api["jwt"] = json!({ "issuer": "https://login.example", "audience": ["shop"], "identity_source": "$request.header.Authorization" });
    app.set("/endpoint/http_api", api);
    // Each deploy loses the connection after one more change of the API.
    for allowed in 0..7_usize {
        let changes = Arc::new(Mutex::new(0));
        let counter = Arc::clone(&changes);
        let proxy = Proxy::start(aws.emulator.endpoint(), move |request| {
            let mut changes = counter.lock().expect("lock");
            if !request.operation.contains(" /v2/") || !request.is_mutation {
                return ProxyAction::Forward;
            }
            *changes += 1;
            if *changes > allowed { ProxyAction::Respond(400, "BadRequestException") } else { ProxyAction::Forward }
        });
        let output = deploy(&app, &aws, &proxy, &[]);
        if output.code == Some(0) {
            break;
        }
        assert!(output.stderr.contains("failed to set the HTTP API"), "{output:?}");
        assert!(apis(&aws).len() <= 1);
    }
    aws.deploy(&app);
    assert_eq!(aws.deploy_refreshed(&app), "3 unchanged\n");
    assert_eq!((apis(&aws).len(), list(&aws, "get_routes").len(), list(&aws, "get_integrations").len()), (1, 2, 1));
}
