//! The settings of `cargo bedrock dev`: where the AWS services are that it does not have itself.

use super::reader::{Reader, Value};

const KEYS: &[&str] = &["endpoint", "profile", "services"];
/// Names that differ from those in signatures, with these.
const ALIASES: &[[&str; 2]] = &[["cloudwatch", "monitoring"], ["cognito", "cognito-idp"], ["stepfunctions", "states"]];
/// Services that `dev` has itself, in their place on its clock and in its event log.
const OWN_SERVICES: &[&str] = &["events", "lambda", "s3", "sns", "sqs"];

/// The table `dev`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DevSettings {
    /// Where workers find the services that the dev server does not have itself. `None`: where they would without it.
    pub services: Option<DevServices>,
    /// Services that workers find in an AWS account of the user.
    pub account: Option<DevAccount>,
}

/// Services of an AWS account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevAccount {
    /// The profile in the user's AWS configuration.
    pub profile: String,
    /// Names of services as in signatures: `dynamodb`. Sorted, never empty.
    pub services: Vec<String>,
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
    /// Reads `dev = { services = "ministack" }`, `dev = { endpoint = "http://127.0.0.1:8000" }` or
    /// `dev = { profile = "work", services = ["dynamodb", "ministack"] }`.
    pub(super) fn dev(&mut self, value: &Value<'_>) -> DevSettings {
        let mut settings = DevSettings::default();
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, "dev", "a table, for example `{ services = \"ministack\" }`");
            return settings;
        };
        let mut profile = None;
        let mut has_profile = false;
        let mut of_account = None;
        for (key, value) in table {
            let path = format!("dev.{}", key.get_ref());
            let services = match key.get_ref().as_ref() {
                "services" if value.get_ref().as_array().is_some() => {
                    let mut names = self.dev_services(value, &path);
                    let has_ministack = names.iter().any(|name| name == "ministack");
                    names.retain(|name| name != "ministack");
                    of_account = Some((value, names));
                    has_ministack.then_some(DevServices::Ministack)
                }
                "services" => self.choice(value, &path, &[("ministack", ())]).map(|()| DevServices::Ministack),
                "profile" => {
                    has_profile = true;
                    let name = value.get_ref().as_str().filter(|name| !name.trim().is_empty());
                    if name.is_none() {
                        self.wrong_value(value, &path, "the name of an AWS profile, for example `\"work\"`");
                    }
                    profile = name.map(|name| (value, name.to_owned()));
                    None
                }
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
        settings.account = match (profile, of_account) {
            (Some((_, profile)), Some((_, services))) if !services.is_empty() => Some(DevAccount { profile, services }),
            (Some((value, _)), _) => {
                self.not_allowed(
                    value,
                    "dev.profile",
                    "be set without services, for example `dev.services = [\"dynamodb\"]`",
                );
                None
            }
            (None, Some((value, services))) if !services.is_empty() && !has_profile => {
                self.not_allowed(value, "dev.services", "name services of an account without `dev.profile = \"NAME\"`");
                None
            }
            (None, _) => None,
        };
        settings
    }

    /// Reads the names of services as they are in signatures, sorted.
    fn dev_services(&mut self, value: &Value<'_>, path: &str) -> Vec<String> {
        let mut names = Vec::new();
        for item in value.get_ref().as_array().into_iter().flatten() {
            let name = item.get_ref().as_str().filter(|name| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            });
            let Some(name) = name else {
                self.wrong_value(
                    item,
                    path,
                    "a list of names of AWS services, for example `[\"dynamodb\", \"ministack\"]`",
                );
                continue;
            };
            if OWN_SERVICES.contains(&name) {
                self.not_allowed(item, path, &format!("contain `{name}`, which `dev` has itself"));
            }
            let alias = ALIASES.iter().find(|[alias, _]| *alias == name);
            names.push(alias.map_or(name, |[_, name]| name).to_owned());
        }
        names.sort();
        names.dedup();
        names
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
             the known settings are `endpoint`, `profile`, `services`"
        );
    }

    #[test]
    fn chosen_services_are_those_of_a_profile() {
        let settings = read("dev = { profile = 'work', services = ['ssm', 'ministack', 'cloudwatch', 'ssm'] }")
            .expect("settings")
            .dev;
        let account = settings.account.expect("an account");
        assert_eq!(
            (account.profile.as_str(), &account.services[..]),
            ("work", &["monitoring".to_owned(), "ssm".to_owned()][..])
        );
        assert_eq!(settings.services, Some(DevServices::Ministack));
        let settings =
            read("dev = { profile = 'work', services = ['ssm'], endpoint = 'http://a' }").expect("settings").dev;
        assert_eq!(settings.services, Some(DevServices::Endpoint("http://a".to_owned())));
        assert_eq!(read("dev.services = ['ministack']").expect("settings").dev.account, None);
    }

    #[test]
    fn wrong_profiles_and_services_are_errors() {
        let message = |text: &str| error_of(text).trim_end().to_owned();
        for (settings, expected) in [
            (
                "dev.profile = 'work'",
                "`dev.profile` cannot be set without services, for example `dev.services = [\"dynamodb\"]`",
            ),
            (
                "dev.services = ['ssm']",
                "`dev.services` cannot name services of an account without `dev.profile = \"NAME\"`",
            ),
            (
                "dev = { profile = 'a', services = ['sqs'] }",
                "`dev.services` cannot contain `sqs`, which `dev` has itself",
            ),
            (
                "dev = { profile = '', services = ['ssm'] }",
                "`dev.profile` must be the name of an AWS profile, for example `\"work\"`, found `''`",
            ),
            (
                "dev = { profile = 'a', services = ['Dynamo DB', 'ssm'] }",
                "`dev.services` must be a list of names of AWS services, for example `[\"dynamodb\", \"ministack\"]`, found `'Dynamo DB'`",
            ),
        ] {
            let found = message(settings);
            assert!(found.contains(expected), "{found}");
        }
    }
}
