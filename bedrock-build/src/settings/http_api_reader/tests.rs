//! Settings of the HTTP API: what is read, and what API Gateway would refuse.

use super::{is_domain_name, is_route_key};
use crate::settings::tests::{error_of, read};
use crate::settings::{ApiDomain, HttpApi, HttpRoute, RouteAuth, Throttling};

fn http_api(text: &str) -> HttpApi {
    read(&format!("endpoint.http-api = {text}")).expect(text).endpoint.http_api.expect("an HTTP API")
}

fn refusal(text: &str) -> String {
    error_of(&format!("\nendpoint.http-api = {text}"))
}

const JWT: &str = "jwt = { issuer = 'https://login.example', audience = ['shop'] }";

#[test]
fn http_api_without_more_has_the_default_route() {
    let route = HttpRoute { key: "$default".to_owned(), auth: RouteAuth::None, scopes: Vec::new() };
    assert_eq!(http_api("true"), HttpApi { routes: vec![route], jwt: None, domain: None, throttling: None });
    assert_eq!(http_api("{}"), http_api("true"));
    let settings = read("endpoint.http-api = true\nstages.dev.endpoint.http-api = false").expect("settings");
    assert!(!settings.endpoint.has_url() && settings.endpoint_in("dev").has_url());
    assert!(read("endpoint = { http-api = true, url = true }").expect("settings").endpoint.has_url());
}

#[test]
fn http_api_of_all_kinds_is_read() {
    let text = format!(
        "{{ {JWT}, scopes = ['read'], throttling = {{ burst = 20, rate = 10 }}, domain = {{ name = \
         'api.{{stage}}.shop.example', certificate = 'arn:aws:acm:eu-west-1:123456789012:certificate/1-2' }}, routes = \
         ['$default', {{ route = 'GET /health', auth = 'none' }}, {{ route = 'PUT /orders/{{id}}', scopes = ['write'] \
         }}, {{ route = 'ANY /admin/{{path+}}', auth = 'iam' }}] }}"
    );
    let api = http_api(&text);
    let routes: Vec<_> = api.routes.iter().map(|route| (&*route.key, route.auth, route.scopes.join(" "))).collect();
    let expected = [
        ("$default", RouteAuth::Jwt, "read".to_owned()),
        ("GET /health", RouteAuth::None, String::new()),
        ("PUT /orders/{id}", RouteAuth::Jwt, "write".to_owned()),
        ("ANY /admin/{path+}", RouteAuth::Iam, String::new()),
    ];
    assert_eq!(routes, expected);
    let jwt = api.jwt.clone().expect("an authorizer");
    assert_eq!((&*jwt.issuer, &*jwt.identity_source), ("https://login.example", "$request.header.Authorization"));
    assert_eq!(api.throttling, Some(Throttling { burst: 20, rate: 10 }));
    let certificate = Some("arn:aws:acm:eu-west-1:123456789012:certificate/1-2".to_owned());
    assert_eq!(api.domain, Some(ApiDomain { name: "api.{stage}.shop.example".to_owned(), certificate }));
    // A protected `$default` would refuse preflight requests.
    let keys = |has_cors| api.routes_with_preflight(has_cors).into_iter().map(|route| route.key).collect::<Vec<_>>();
    assert_eq!(keys(true)[4..], ["OPTIONS /", "OPTIONS /{proxy+}"]);
    assert_eq!(keys(false).len(), 4);
    assert_eq!(http_api("true").routes_with_preflight(true).len(), 1);
}

#[test]
fn keys_of_routes_are_those_of_api_gateway() {
    for valid in ["$default", "GET /", "ANY /{proxy+}", "POST /a/{b}/c", "GET /a/{b+}", "GET /a/", "DELETE /a.b/~c"] {
        assert!(is_route_key(valid), "{valid}");
    }
    let long = format!("GET /{}", "a".repeat(124));
    for invalid in
        ["", "GET", "/a", "GET a", "get /a", "GET /{a+}/b", "GET /{}", "GET /a{b}", "GET //a", "GET /a b", &long]
    {
        assert!(!is_route_key(invalid), "{invalid}");
    }
    for (valid, text) in [(true, "api.shop.example"), (true, "*.shop.example"), (true, "{stage}.shop.example")] {
        assert_eq!(is_domain_name(text), valid, "{text}");
    }
    for invalid in ["shop", "API.shop.example", "https://shop.example", "a..b", ""] {
        assert!(!is_domain_name(invalid), "{invalid}");
    }
}

#[test]
fn invalid_http_apis_are_refused_with_line_and_source() {
    let cases = [
        ("{ routs = ['$default'] }", "unknown setting `routs` in `[package.metadata.bedrock.endpoint.http-api]`"),
        ("{ routes = ['GET a'] }", "`endpoint.http-api.routes[0]` must be `\"$default\"`, or one of ANY, DELETE"),
        ("{ routes = ['GET a'] }", "(API Gateway developer guide, \"Create routes for HTTP APIs\"), found `'GET a'`"),
        ("{ routes = [] }", "must be a list of 1 to 300 routes"),
        ("{ routes = ['GET /a/{b}', 'GET /a/{c}'] }", "routes[1]` cannot be `GET /a/{c}` again"),
        ("{ routes = [{ auth = 'none' }] }", "routes[0]` needs `route`"),
        ("{ routes = [{ route = 'GET /', auths = 'none' }] }", "unknown setting `auths`"),
        ("{ auth = 'jwt' }", "`endpoint.http-api.auth` cannot be \"jwt\" without `jwt`"),
        ("{ scopes = ['read'] }", "scopes` cannot be set without `auth = \"jwt\"`: only tokens have scopes"),
        ("{ jwt = { issuer = 'login.example', audience = ['shop'] } }", "jwt.issuer` must be the URL of an issuer"),
        ("{ jwt = { issuer = 'https://login.example' } }", "jwt` needs `issuer` and `audience`"),
        (
            "{ jwt = { issuer = 'https://a.example', audience = [] } }",
            "must be a list of 1 to 50 audiences (API Gateway",
        ),
        ("{ jwt = { issuer = 'https://a.example', audience = ['a'], identity-source = 'x' } }", "`CreateAuthorizer`"),
        ("{ jwt = { issuer = 'https://a.example', audience = ['a'], jwks = '../keys' } }", "jwks` must be the path of"),
        ("{ throttling = { burst = 5 } }", "throttling` cannot have only one of `burst` and `rate`"),
        ("{ throttling = { burst = 5, rate = -1 } }", "the limits are AWS's: API Gateway V2 API reference"),
        ("{ domain = { certificate = 'arn:aws:acm:eu-west-1:1:certificate/a' } }", "domain` needs `name`"),
        ("{ domain = { name = 'api.shop.example', certificate = 'mine' } }", "must be the ARN of a certificate in ACM"),
        ("{ domain = { name = 'API' } }", "domain.name` must be a domain name in lower case"),
        ("'yes'", "must be `true`, `false` or a table"),
    ];
    for (text, expected) in cases {
        let problem = refusal(text);
        assert!(problem.contains(expected) && problem.contains("Cargo.toml:"), "{text}: {problem}");
    }
    let unused = refusal(&format!("{{ {JWT}, auth = 'iam' }}"));
    assert!(unused.contains("jwt` cannot be set if no route has `auth = \"jwt\"`"), "{unused}");
    let iam = error_of("endpoint = { http-api = true, auth = 'iam' }");
    assert!(
        iam.contains("`endpoint.auth` cannot be \"iam\" for an endpoint with an HTTP API and without URL"),
        "{iam}"
    );
    let stream = error_of("endpoint = { http-api = true, stream = true }");
    assert!(stream.contains("only function URLs stream"), "{stream}");
    assert!(read("endpoint = { http-api = true, cors = { allow-origins = ['*'] } }").is_ok());
}
