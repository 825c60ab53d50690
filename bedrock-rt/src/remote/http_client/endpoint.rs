//! Address of the Invoke API: a custom endpoint of the environment, otherwise the service's address in the region.

use super::types::EnvReader;

/// A server: protocol, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) tls: bool,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
}

/// A server with the prefix of all paths on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) origin: Origin,
    /// Empty, or `/…` without a `/` at the end.
    pub(super) base: String,
}

impl Origin {
    /// Returns the value of the `Host` header.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

impl Endpoint {
    /// Parses `http://host:port/path` or `https://…`.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let invalid = || format!("`{url}` is not the URL of an HTTP server");
        let uri: hyper::Uri = url.parse().map_err(|_| invalid())?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(invalid)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        Ok(Self { origin: Origin { tls, host, port }, base: path.trim_end_matches('/').to_owned() })
    }
}

/// Returns the endpoint in `region` that the environment describes.
///
/// Custom endpoints follow AWS's "Service-specific endpoints" guide. That they cannot be combined with FIPS or
/// dual-stack is a rule of Lambda's own endpoint rule set.
pub(super) fn resolve(region: &str, env: EnvReader<'_>) -> Result<Endpoint, String> {
    let is_set = |name| env(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let fips = is_set("AWS_USE_FIPS_ENDPOINT");
    let dual_stack = is_set("AWS_USE_DUALSTACK_ENDPOINT");
    let custom = ["AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL"].into_iter().find_map(|name| Some((name, env(name)?)));
    if let Some((name, url)) = custom.filter(|_| !is_set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
        for (is_on, other) in [(fips, "AWS_USE_FIPS_ENDPOINT"), (dual_stack, "AWS_USE_DUALSTACK_ENDPOINT")] {
            if is_on {
                return Err(format!("`{name}` and `{other}` cannot both be set"));
            }
        }
        return Endpoint::parse(&url).map_err(|reason| format!("`{name}` is not valid: {reason}"));
    }
    let (suffix, dual_stack_suffix) = suffixes(region);
    let service = if fips { "lambda-fips" } else { "lambda" };
    let suffix = if dual_stack { dual_stack_suffix } else { suffix };
    let host = format!("{service}.{region}.{suffix}");
    Ok(Endpoint { origin: Origin { tls: true, host, port: 443 }, base: String::new() })
}

/// Prefixes of regions with the domains of their partition: the default domain and the dual-stack domain.
///
/// Source: `partitions.json` of the AWS SDKs. All other regions belong to the partition `aws`.
const PARTITIONS: &[(&str, &str, &str)] = &[
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("us-gov-", "amazonaws.com", "api.aws"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
];

fn suffixes(region: &str) -> (&'static str, &'static str) {
    let partition = PARTITIONS.iter().find(|(prefix, ..)| region.starts_with(prefix));
    partition.map_or(("amazonaws.com", "api.aws"), |(_, usual, dual_stack)| (usual, dual_stack))
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, resolve};

    type Env<'a> = &'a [(&'a str, &'a str)];

    fn url(endpoint: &Endpoint) -> String {
        let protocol = if endpoint.origin.tls { "https" } else { "http" };
        format!("{protocol}://{}{}", endpoint.origin.authority(), endpoint.base)
    }

    fn url_of(region: &str, env: Env<'_>) -> Result<String, String> {
        let value =
            |name: &str| env.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned());
        resolve(region, &value).as_ref().map(url).map_err(Clone::clone)
    }

    const FIPS: (&str, &str) = ("AWS_USE_FIPS_ENDPOINT", "true");
    const DUAL: (&str, &str) = ("AWS_USE_DUALSTACK_ENDPOINT", "True");

    #[test]
    fn each_partition_has_its_domains() {
        let table: [(&str, Env<'_>, &str); 16] = [
            ("us-east-1", &[], "lambda.us-east-1.amazonaws.com"),
            ("mx-central-1", &[], "lambda.mx-central-1.amazonaws.com"),
            ("us-east-1", &[FIPS], "lambda-fips.us-east-1.amazonaws.com"),
            ("eu-west-1", &[DUAL], "lambda.eu-west-1.api.aws"),
            ("eu-west-1", &[FIPS, DUAL], "lambda-fips.eu-west-1.api.aws"),
            ("cn-north-1", &[], "lambda.cn-north-1.amazonaws.com.cn"),
            ("cn-north-1", &[DUAL], "lambda.cn-north-1.api.amazonwebservices.com.cn"),
            ("us-gov-west-1", &[], "lambda.us-gov-west-1.amazonaws.com"),
            ("us-gov-west-1", &[FIPS], "lambda-fips.us-gov-west-1.amazonaws.com"),
            ("us-gov-west-1", &[DUAL], "lambda.us-gov-west-1.api.aws"),
            ("eusc-de-east-1", &[], "lambda.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", &[], "lambda.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", &[FIPS], "lambda-fips.us-isob-east-1.sc2s.sgov.gov"),
            ("eu-isoe-west-1", &[], "lambda.eu-isoe-west-1.cloud.adc-e.uk"),
            ("us-isof-south-1", &[DUAL], "lambda.us-isof-south-1.api.aws.hci.ic.gov"),
            ("us-east-1", &[("AWS_USE_FIPS_ENDPOINT", "false")], "lambda.us-east-1.amazonaws.com"),
        ];
        for (region, env, host) in table {
            assert_eq!(url_of(region, env), Ok(format!("https://{host}")), "{region} {env:?}");
        }
    }

    #[test]
    fn environment_overrides_the_endpoint() {
        let lambda = ("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:3001/");
        let any = ("AWS_ENDPOINT_URL", "https://[::1]:4566/prefix");
        let table: [(Env<'_>, &str); 5] = [
            (&[lambda, any], "http://127.0.0.1:3001"),
            (&[any], "https://[::1]:4566/prefix"),
            (&[("AWS_ENDPOINT_URL", "https://vpce.example")], "https://vpce.example"),
            (&[any, lambda, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], "https://lambda.r-1.amazonaws.com"),
            (&[any, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")], "https://[::1]:4566/prefix"),
        ];
        for (env, expected) in table {
            assert_eq!(url_of("r-1", env).as_deref(), Ok(expected), "{env:?}");
        }
    }

    #[test]
    fn invalid_url_error_names_its_variable() {
        for url in ["localhost:3001", "ftp://host", "http://", "/path", "http://a b"] {
            let error = url_of("r-1", &[("AWS_ENDPOINT_URL", url)]).expect_err(url);
            assert_eq!(error, format!("`AWS_ENDPOINT_URL` is not valid: `{url}` is not the URL of an HTTP server"));
        }
    }

    #[test]
    fn custom_endpoint_excludes_fips_and_dual_stack() {
        let custom = ("AWS_ENDPOINT_URL", "https://vpce.example");
        let error = url_of("r-1", &[custom, FIPS]).expect_err("both");
        assert_eq!(error, "`AWS_ENDPOINT_URL` and `AWS_USE_FIPS_ENDPOINT` cannot both be set");
        let error = url_of("r-1", &[custom, DUAL]).expect_err("both");
        assert_eq!(error, "`AWS_ENDPOINT_URL` and `AWS_USE_DUALSTACK_ENDPOINT` cannot both be set");
    }
}
