//! Configuration by OpenTelemetry's environment variables (specification 1.50, "OpenTelemetry Protocol Exporter"). Does
//! not read the environment itself.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

/// Default timeout of a batch (specification: 10 s).
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The encoding of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `http/protobuf`, the default.
    Protobuf,
    /// `http/json`.
    Json,
}

/// Configuration of the export of spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpConfig {
    /// URL of the collector, including the path, without a user and a password.
    pub endpoint: String,
    /// Headers of each request, for example for authentication.
    pub headers: Vec<(String, String)>,
    /// The encoding of spans.
    pub protocol: Protocol,
    /// Timeout of a batch.
    pub timeout: Duration,
    /// The service name of all spans; `None` to use the name of each worker.
    pub service: Option<String>,
    /// Additional resource attributes of all spans.
    pub resource: Vec<(String, String)>,
}

/// An environment variable has an unsupported value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OtlpConfigError {
    message: String,
    /// How to fix it.
    pub help: String,
}

impl OtlpConfig {
    /// Reads the variables. Returns `None` if they do not enable the export of traces.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, OtlpConfigError> {
        // The specification treats an empty variable like a missing one.
        let get = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        // The variable for traces takes precedence over the general one.
        let otlp = |name: &str| {
            let specific = format!("OTEL_EXPORTER_OTLP_TRACES_{name}");
            get(&specific).map(|value| (specific, value)).or_else(|| {
                let general = format!("OTEL_EXPORTER_OTLP_{name}");
                get(&general).map(|value| (general, value))
            })
        };
        let is_disabled = get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if is_disabled || get("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none") {
            return Ok(None);
        }
        let Some((name, url)) = otlp("ENDPOINT") else { return Ok(None) };
        let (url, user_info) = split_user_info(&url);
        let endpoint = traces_endpoint(&name, &url)?;
        let protocol =
            otlp("PROTOCOL").map_or(Ok(Protocol::Protobuf), |(name, value)| parse_protocol(&name, &value))?;
        let mut headers = otlp("HEADERS").map(|(_, value)| key_value_pairs(&value)).unwrap_or_default();
        let is_authorized = headers.iter().any(|(key, _)| key.eq_ignore_ascii_case("authorization"));
        if let Some(user_info) = user_info.filter(|_| !is_authorized) {
            headers.push(("authorization".to_owned(), basic_authorization(&user_info)));
        }
        let timeout =
            otlp("TIMEOUT").and_then(|(_, value)| value.parse().ok()).filter(|milliseconds| *milliseconds > 0);
        let resource = get("OTEL_RESOURCE_ATTRIBUTES").map(|value| key_value_pairs(&value)).unwrap_or_default();
        let service_name = resource.iter().find(|(key, _)| key == "service.name").map(|(_, value)| value.clone());
        Ok(Some(Self {
            endpoint,
            headers,
            protocol,
            timeout: timeout.map_or(DEFAULT_TIMEOUT, Duration::from_millis),
            service: get("OTEL_SERVICE_NAME").or(service_name),
            resource: resource.into_iter().filter(|(key, _)| key != "service.name").collect(),
        }))
    }
}

/// Returns a URL without its user and password, and these as they are in the URL. The URL is printed, and they are
/// secret.
fn split_user_info(url: &str) -> (String, Option<String>) {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let Some((user_info, _)) = rest[..authority_end].rsplit_once('@') else { return (url.to_owned(), None) };
    let separator = if scheme.is_empty() { "" } else { "://" };
    (format!("{scheme}{separator}{}", &rest[user_info.len() + 1..]), Some(user_info.to_owned()))
}

/// Returns the value of a header with a user and a password, which are percent-encoded in a URL (RFC 7617).
fn basic_authorization(user_info: &str) -> String {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    format!("Basic {}", STANDARD.encode(format!("{}:{}", percent_decode(user), percent_decode(password))))
}

/// Returns the URL that traces are sent to. The general variable has no path, to which `/v1/traces` is appended.
fn traces_endpoint(name: &str, url: &str) -> Result<String, OtlpConfigError> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) || url.parse::<hyper::Uri>().is_err() {
        return Err(OtlpConfigError {
            message: format!("`{name}` must be a URL like `http://127.0.0.1:4318`, found `{url}`"),
            help: format!("correct it or unset it: `unset {name}`"),
        });
    }
    if name.contains("_TRACES_") {
        return Ok(url.to_owned());
    }
    Ok(format!("{}/v1/traces", url.trim_end_matches('/')))
}

fn parse_protocol(name: &str, value: &str) -> Result<Protocol, OtlpConfigError> {
    match value {
        "http/protobuf" => Ok(Protocol::Protobuf),
        "http/json" => Ok(Protocol::Json),
        _ => Err(OtlpConfigError {
            message: format!("`{name}` must be `http/protobuf` or `http/json`, found `{value}`"),
            help: format!("set `{name}=http/protobuf`, which collectors usually accept on port 4318 (gRPC: 4317)"),
        }),
    }
}

/// Parses `key=value,other=value` with percent-encoded values. Skips parts without a key.
fn key_value_pairs(text: &str) -> Vec<(String, String)> {
    let parse = |part: &str| {
        let (key, value) = part.split_once('=')?;
        let key = key.trim();
        (!key.is_empty()).then(|| (key.to_owned(), percent_decode(value.trim())))
    };
    text.split(',').filter_map(parse).collect()
}

/// Decodes percent-encoding; invalid sequences are unchanged.
fn percent_decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{OtlpConfig, OtlpConfigError, Protocol};
    use std::time::Duration;

    fn read(variables: &[(&str, &str)]) -> Result<Option<OtlpConfig>, OtlpConfigError> {
        OtlpConfig::read(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn export_is_disabled_without_endpoint() {
        for variables in [
            &[][..],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")],
            &[("OTEL_SERVICE_NAME", "shop"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318"), ("OTEL_SDK_DISABLED", "TRUE")],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318"), ("OTEL_TRACES_EXPORTER", "none")],
        ] {
            assert_eq!(read(variables), Ok(None), "{variables:?}");
        }
    }

    #[test]
    fn traces_variable_is_a_full_url_and_general_one_gets_a_path() {
        for (variables, endpoint) in [
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318/")][..], "http://a:4318/v1/traces"),
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://a/x")], "https://a/x/v1/traces"),
            (&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b/in")], "http://b/in"),
            (
                &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b/in")],
                "http://b/in",
            ),
        ] {
            let settings = read(variables).expect("a valid configuration").expect("an enabled export");
            assert_eq!(settings.endpoint, endpoint);
            assert_eq!((settings.protocol, settings.timeout), (Protocol::Protobuf, Duration::from_secs(10)));
        }
    }

    #[test]
    fn other_variables_follow_the_specification() {
        let settings = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%2Cb%+1%, x = 1 ,nonsense,=2"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=shop,team=blue"),
        ]);
        let settings = settings.expect("a valid configuration").expect("an enabled export");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(settings.headers, [pair("api-key", "a,b%+1%"), pair("x", "1")]);
        assert_eq!((settings.protocol, settings.timeout), (Protocol::Json, Duration::from_millis(2500)));
        assert_eq!((settings.service.as_deref(), settings.resource), (Some("shop"), vec![pair("team", "blue")]));
    }

    #[test]
    fn password_in_the_url_becomes_a_header() {
        let authorization = |variables: &[(&str, &str)]| {
            let settings = read(variables).expect("a valid configuration").expect("an enabled export");
            assert!(!settings.endpoint.contains("word"), "{}", settings.endpoint);
            (settings.endpoint, settings.headers.into_iter().map(|(_, value)| value).collect::<Vec<_>>())
        };
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://ann:pass%40word@a:4318/x@y");
        // ann:pass@word
        let basic = "Basic YW5uOnBhc3NAd29yZA==".to_owned();
        assert_eq!(authorization(&[endpoint]), ("http://a:4318/x@y/v1/traces".to_owned(), vec![basic]));
        let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=other");
        assert_eq!(authorization(&[endpoint, headers]).1, ["other"]);
        for url in ["grpc://ann:password@a", "ann:password@a:4318", "http://ann:password@/x"] {
            let error = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", url)]).expect_err(url);
            assert!(!error.to_string().contains("password"), "{error}");
        }
    }

    #[test]
    fn unsupported_values_are_errors_with_help() {
        let grpc = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
        let error = grpc.expect_err("refused");
        assert_eq!(
            error.to_string(),
            "`OTEL_EXPORTER_OTLP_PROTOCOL` must be `http/protobuf` or `http/json`, found `grpc`"
        );
        assert!(error.help.starts_with("set `OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`"), "{}", error.help);
        for address in ["127.0.0.1:4318", "http://", "http:///x", "grpc://a", "http://a b"] {
            let error = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", address)]).expect_err(address);
            assert!(error.to_string().ends_with(&format!("found `{address}`")), "{error}");
        }
    }
}
