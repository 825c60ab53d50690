//! What the variables of OpenTelemetry ask for (specification 1.50, "OpenTelemetry Protocol Exporter"). Reads no
//! environment itself.

use std::time::Duration;

/// How long a batch may take (specification: 10 s).
const TIMEOUT: Duration = Duration::from_secs(10);

/// How spans are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `http/protobuf`, the default.
    Protobuf,
    /// `http/json`.
    Json,
}

/// Where spans are sent, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpConfig {
    /// Of the collector, with the path.
    pub endpoint: String,
    /// Sent along, for the collector to know whose the spans are.
    pub headers: Vec<(String, String)>,
    /// How they are written.
    pub protocol: Protocol,
    /// How long a batch may take.
    pub timeout: Duration,
    /// The name of the service that all spans are of; the worker's own if there is none.
    pub service: Option<String>,
    /// Further attributes of all spans' resources.
    pub resource: Vec<(String, String)>,
}

/// What cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OtlpConfigError {
    message: String,
    /// What to do about it.
    pub help: String,
}

impl OtlpConfig {
    /// From the variables; nothing if none of them asks for traces.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, OtlpConfigError> {
        // Empty is as good as not there, says the specification.
        let get = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        // The one for traces alone goes before the one for everything.
        let otlp = |name: &str| {
            let own = format!("OTEL_EXPORTER_OTLP_TRACES_{name}");
            get(&own).map(|value| (own, value)).or_else(|| {
                let all = format!("OTEL_EXPORTER_OTLP_{name}");
                get(&all).map(|value| (all, value))
            })
        };
        let is_off = get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if is_off || get("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none") {
            return Ok(None);
        }
        let Some((name, address)) = otlp("ENDPOINT") else { return Ok(None) };
        let endpoint = endpoint(&name, &address)?;
        let protocol = otlp("PROTOCOL").map_or(Ok(Protocol::Protobuf), |(name, value)| protocol(&name, &value))?;
        let headers = otlp("HEADERS").map(|(_, value)| pairs(&value)).unwrap_or_default();
        let timeout =
            otlp("TIMEOUT").and_then(|(_, value)| value.parse().ok()).filter(|milliseconds| *milliseconds > 0);
        let resource = get("OTEL_RESOURCE_ATTRIBUTES").map(|value| pairs(&value)).unwrap_or_default();
        let named = resource.iter().find(|(key, _)| key == "service.name").map(|(_, value)| value.clone());
        Ok(Some(Self {
            endpoint,
            headers,
            protocol,
            timeout: timeout.map_or(TIMEOUT, Duration::from_millis),
            service: get("OTEL_SERVICE_NAME").or(named),
            resource: resource.into_iter().filter(|(key, _)| key != "service.name").collect(),
        }))
    }
}

/// The address of the collector for traces.
fn endpoint(name: &str, address: &str) -> Result<String, OtlpConfigError> {
    let rest = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) || address.parse::<hyper::Uri>().is_err() {
        return Err(OtlpConfigError {
            message: format!("`{name}` must be an address like `http://127.0.0.1:4318`, found `{address}`"),
            help: format!("correct it, or unset it: `unset {name}`"),
        });
    }
    if name.contains("_TRACES_") {
        return Ok(address.to_owned());
    }
    Ok(format!("{}/v1/traces", address.trim_end_matches('/')))
}

fn protocol(name: &str, value: &str) -> Result<Protocol, OtlpConfigError> {
    match value {
        "http/protobuf" => Ok(Protocol::Protobuf),
        "http/json" => Ok(Protocol::Json),
        _ => Err(OtlpConfigError {
            message: format!("`{name}` must be `http/protobuf` or `http/json` here, found `{value}`"),
            help: format!("set `{name}=http/protobuf`, which collectors take on port 4318 where gRPC is on 4317"),
        }),
    }
}

/// `key=value,other=value`, where values may have `%2C` and the like. What is no pair is left out.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (key, value) = part.split_once('=')?;
        let key = key.trim();
        (!key.is_empty()).then(|| (key.to_owned(), decoded(value.trim())))
    };
    text.split(',').filter_map(pair).collect()
}

/// Percent-encoding undone; what is none stays as it is.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let encoded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%');
        bytes.push(encoded.unwrap_or(*first));
        rest = if encoded.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{OtlpConfig, OtlpConfigError, Protocol};
    use std::time::Duration;

    fn read(variables: &[(&str, &str)]) -> Result<Option<OtlpConfig>, OtlpConfigError> {
        OtlpConfig::read(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn without_an_address_nothing_is_sent() {
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
    fn the_variable_for_traces_is_a_whole_address_and_the_one_for_all_gets_a_path() {
        for (variables, endpoint) in [
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318/")][..], "http://a:4318/v1/traces"),
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://a/x")], "https://a/x/v1/traces"),
            (&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b/in")], "http://b/in"),
            (
                &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b/in")],
                "http://b/in",
            ),
        ] {
            let settings = read(variables).expect("usable").expect("asked for");
            assert_eq!(settings.endpoint, endpoint);
            assert_eq!((settings.protocol, settings.timeout), (Protocol::Protobuf, Duration::from_secs(10)));
        }
    }

    #[test]
    fn the_rest_is_as_the_specification_has_it() {
        let settings = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%2Cb%+1%, x = 1 ,nonsense,=2"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=shop,team=blue"),
        ]);
        let settings = settings.expect("usable").expect("asked for");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(settings.headers, [pair("api-key", "a,b%+1%"), pair("x", "1")]);
        assert_eq!((settings.protocol, settings.timeout), (Protocol::Json, Duration::from_millis(2500)));
        assert_eq!((settings.service.as_deref(), settings.resource), (Some("shop"), vec![pair("team", "blue")]));
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_a_way_out() {
        let grpc = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
        let error = grpc.expect_err("refused");
        assert_eq!(
            error.to_string(),
            "`OTEL_EXPORTER_OTLP_PROTOCOL` must be `http/protobuf` or `http/json` here, found `grpc`"
        );
        assert!(error.help.starts_with("set `OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`"), "{}", error.help);
        for address in ["127.0.0.1:4318", "http://", "http:///x", "grpc://a", "http://a b"] {
            let error = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", address)]).expect_err(address);
            assert!(error.to_string().ends_with(&format!("found `{address}`")), "{error}");
        }
    }
}
