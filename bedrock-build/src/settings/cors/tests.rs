//! CORS settings: what is read, and what Lambda or browsers would refuse.

use super::{Cors, is_header_name, is_origin};
use crate::settings::tests::{error_of, read};

fn cors(text: &str) -> Cors {
    read(&format!("endpoint.cors = {text}")).expect(text).endpoint.cors.expect("CORS settings")
}

fn refusal(text: &str) -> String {
    error_of(&format!("\nendpoint.cors = {text}"))
}

#[test]
fn cors_of_all_kinds_is_read() {
    assert_eq!(read("endpoint.memory = 512").expect("settings").endpoint.cors, None);
    let text = r#"{ allow-origins = ["https://{stage}.shop.example", "http://localhost:5173"], allow-methods = ["GET", "PUT"], allow-headers = ["Content-Type"], expose-headers = ["*"], allow-credentials = true, max-age = 300 }"#;
    let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let expected = Cors {
        allow_credentials: true,
        allow_headers: list(&["Content-Type"]),
        allow_methods: list(&["GET", "PUT"]),
        allow_origins: list(&["https://{stage}.shop.example", "http://localhost:5173"]),
        expose_headers: list(&["*"]),
        max_age: Some(300),
    };
    assert_eq!(cors(text), expected);
    assert!(expected.allows_origin("https://prod.shop.example", "prod"));
    assert!(!expected.allows_origin("https://prod.shop.example", "local"));
    assert!(!expected.allows_origin("http://localhost:51730", "local"));
    assert!(cors("{ allow-origins = ['*'] }").allows_origin("null", "local"));
}

#[test]
fn stage_replaces_the_whole_configuration() {
    let text = "endpoint.cors = { allow-origins = ['http://localhost:5173'], max-age = 5 }\n\
                stages.prod.endpoint.cors = { allow-origins = ['https://shop.example'] }";
    let settings = read(text).expect("settings");
    let prod = settings.endpoint_in("prod").cors.clone().expect("CORS settings");
    assert_eq!((prod.allow_origins, prod.max_age), (vec!["https://shop.example".to_owned()], None));
}

#[test]
fn origins_are_what_browsers_send() {
    for valid in ["https://a.example", "http://localhost:3000", "http://[::1]:80a", "chrome-extension://abcdef"] {
        assert!(is_origin(valid), "{valid}");
    }
    let long = format!("https://{}", "a".repeat(246));
    for wrong in [
        "",
        "a.example",
        "https://",
        "https://a.example/",
        "https://A.example",
        "https://a.example:443",
        "http://a.example:80",
        "https://*.example",
        "https://a.example, https://b.example",
        "null",
        &long,
    ] {
        assert!(!is_origin(wrong), "{wrong}");
    }
    assert!(is_header_name("x-a_b") && is_header_name("*") && !is_header_name("a,b") && !is_header_name("a b"));
}

#[test]
fn wrong_cors_has_line_limit_and_source() {
    assert_eq!(
        refusal("true"),
        "Cargo.toml:2: `endpoint.cors` must be a table, for example `{ allow-origins = [\"https://shop.example\"] }`, \
         found `true`\n"
    );
    assert_eq!(
        refusal("{ allow-methods = ['GET'] }"),
        "Cargo.toml:2: `endpoint.cors` needs `allow-origins`: without it, no page could call the URL\n"
    );
    assert_eq!(
        refusal("{ allow-origins = ['*'], max-age = 86401 }"),
        "Cargo.toml:2: `endpoint.cors.max-age` must be a whole number of seconds from 0 to 86400, found `86401`\n\
         the limits are AWS's: `Cors` in Lambda's API reference"
    );
    assert_eq!(
        refusal("{ allow-origins = ['*'], allow-credentials = true }"),
        "Cargo.toml:2: `endpoint.cors.allow-credentials` cannot be true for all origins: browsers refuse credentials \
         for `*` (Fetch Standard, CORS protocol and credentials)\n"
    );
    for (text, reason) in [
        ("{ allow-origins = ['https://a.example/'] }", "must be a list of 1 to 100 origins like"),
        ("{ allow-origins = [] , x = 1 }", "unknown setting `x`"),
        ("{ allow-origins = ['*', 'https://a.example'] }", "cannot have other entries next to `*`"),
        ("{ allow-origins = ['https://a.example', 'https://a.example'] }", "cannot have `https://a.example` twice"),
        ("{ allow-origins = ['*'], allow-methods = ['OPTIONS'] }", "must be a list of at most 6 of `\"*\"`"),
        ("{ allow-origins = ['*'], allow-headers = ['a, b'] }", "must be a list of at most 100 names of headers"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.starts_with("Cargo.toml:2: ") && refusal.contains(reason), "{refusal}");
    }
    assert_eq!(
        error_of("[endpoint]\nurl = false\ncors = { allow-origins = ['*'] }"),
        "Cargo.toml:3: `endpoint.cors` cannot be set with `url = false`: there is no URL that pages could call\n"
    );
    assert!(error_of("workers.a.cors = { allow-origins = ['*'] }").contains("unknown setting `cors`"));
}
