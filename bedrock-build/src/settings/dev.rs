//! The settings of `cargo bedrock dev`: where the AWS services are that it does not have itself.

use super::reader::{Reader, Value};

const KEYS: &[&str] = &["endpoint", "services"];

/// The table `dev`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DevSettings {
    /// Where workers find the services that the dev server does not have itself. `None`: where they would without it.
    pub services: Option<DevServices>,
}

/// Where workers find the AWS services that the dev server does not have itself, such as DynamoDB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DevServices {
    /// In the emulator ministack, which the dev server starts.
    Ministack,
    /// At this URL, in a server that the user runs.
    Endpoint(String),
}

impl Reader<'_> {
    /// Reads `dev = { services = "ministack" }` or `dev = { endpoint = "http://127.0.0.1:8000" }`.
    pub(super) fn dev(&mut self, value: &Value<'_>) -> DevSettings {
        let mut settings = DevSettings::default();
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, "dev", "a table, for example `{ services = \"ministack\" }`");
            return settings;
        };
        for (key, value) in table {
            let path = format!("dev.{}", key.get_ref());
            let services = match key.get_ref().as_ref() {
                "services" => self.choice(value, &path, &[("ministack", ())]).map(|()| DevServices::Ministack),
                "endpoint" => {
                    let url = value.get_ref().as_str().and_then(endpoint_url);
                    if url.is_none() {
                        self.wrong_value(value, &path, "a URL without a path, for example `\"http://127.0.0.1:8000\"`");
                    }
                    url.map(DevServices::Endpoint)
                }
                name => {
                    self.unknown_key(name, &key.span(), "[package.metadata.bedrock.dev]", KEYS);
                    None
                }
            };
            if settings.services.is_some() && services.is_some() {
                self.not_allowed(
                    value,
                    &path,
                    "be set together with the other one of `dev.services` and `dev.endpoint`",
                );
            }
            settings.services = services.or(settings.services);
        }
        settings
    }
}

/// Returns a URL without the `/` at its end. `None` if it is not one of a server.
fn endpoint_url(text: &str) -> Option<String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))?;
    let host = host.strip_suffix('/').unwrap_or(host);
    let is_host = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    is_host.then(|| text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::DevServices;
    use crate::settings::tests::{error_of, read};

    #[test]
    fn services_of_dev_are_ministack_or_a_server() {
        let services = |text: &str| read(text).expect("settings").dev.services;
        assert_eq!(services(""), None);
        assert_eq!(services("dev = {}"), None);
        assert_eq!(services("dev.services = 'ministack'"), Some(DevServices::Ministack));
        for (url, expected) in [
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("http://localhost:4566/", "http://localhost:4566"),
            ("https://aws.example", "https://aws.example"),
            ("http://[::1]:8000", "http://[::1]:8000"),
        ] {
            let expected = DevServices::Endpoint(expected.to_owned());
            assert_eq!(services(&format!("dev.endpoint = '{url}'")), Some(expected));
        }
    }

    #[test]
    fn wrong_settings_of_dev_are_errors() {
        let message = |text: &str| error_of(text).trim_end().to_owned();
        assert_eq!(
            message("dev.services = 'localstack'"),
            "Cargo.toml:1: `dev.services` must be `\"ministack\"`, found `'localstack'`"
        );
        for url in ["127.0.0.1:8000", "", "http://", "ftp://a", "http://a/b", "http://a b"] {
            assert_eq!(
                message(&format!("dev.endpoint = '{url}'")),
                format!(
                    "Cargo.toml:1: `dev.endpoint` must be a URL without a path, for example \
                     `\"http://127.0.0.1:8000\"`, found `'{url}'`"
                )
            );
        }
        assert_eq!(
            message("dev = 1"),
            "Cargo.toml:1: `dev` must be a table, for example `{ services = \"ministack\" }`, found `1`"
        );
        assert_eq!(
            message("\n[dev]\nendpoint = 'http://a'\nservices = 'ministack'"),
            "Cargo.toml:4: `dev.services` cannot be set together with the other one of `dev.services` and `dev.endpoint`"
        );
        assert_eq!(
            message("dev.service = 'ministack'"),
            "Cargo.toml:1: unknown setting `service` in `[package.metadata.bedrock.dev]`\n\
             a setting with a similar name exists: `services`\n\
             the known settings are `endpoint`, `services`"
        );
    }
}
