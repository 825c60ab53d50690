//! The settings of `cargo bedrock deploy` that belong to the app and not to one function: what an organization demands of roles
//! and of all resources.

use std::collections::BTreeMap;

use super::placeholder::STAGE_PLACEHOLDER;
use super::reader::{Reader, Value};

/// The keys of the table.
const KEYS: &[&str] = &["permissions-boundary", "role-path", "tags"];
/// Characters of the path of a role (API reference of IAM, `CreateRole`).
const MAX_PATH_CHARS: usize = 512;

/// The table `deploy`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploySettings {
    /// ARN of the managed policy that limits the permissions of all roles. May contain the placeholder of the stage.
    pub permissions_boundary: Option<String>,
    /// IAM path of new roles, which starts and ends with `/`. May contain the placeholder of the stage.
    pub role_path: Option<String>,
    /// Tags of all resources. Values may contain the placeholder of the stage.
    pub tags: BTreeMap<String, String>,
}

impl Reader<'_> {
    /// Reads the table at `path`, whose settings replace those of `of_all_stages`; its tags are added to those.
    pub(super) fn deploy(
        &mut self,
        value: &Value<'_>,
        path: &str,
        mut of_all_stages: DeploySettings,
    ) -> DeploySettings {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, path, "a table, for example `{ role-path = \"/teams/shop/\" }`");
            return of_all_stages;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            self.record_origin(&full_path, value);
            match name {
                "permissions-boundary" => {
                    let arn = value.get_ref().as_str().filter(|arn| is_policy_arn(arn));
                    if arn.is_none() {
                        let example = "arn:aws:iam::123456789012:policy/NAME";
                        self.wrong_value(value, &full_path, &format!("the ARN of a managed policy, `\"{example}\"`"));
                    }
                    of_all_stages.permissions_boundary = arn.map(str::to_owned);
                }
                "role-path" => {
                    let role_path = value.get_ref().as_str().filter(|path| is_role_path(path));
                    if role_path.is_none() {
                        let expected = format!(
                            "a path of at most {MAX_PATH_CHARS} characters that starts and ends with `/`, for example \
                             `\"/teams/shop/\"`"
                        );
                        self.wrong_value(value, &full_path, &expected);
                    }
                    of_all_stages.role_path = role_path.map(str::to_owned);
                }
                "tags" => of_all_stages.tags.extend(self.tags(value, &full_path)),
                _ => self.unknown_key(name, &key.span(), &format!("[package.metadata.bedrock.{path}]"), KEYS),
            }
        }
        of_all_stages
    }
}

/// Returns whether `text` is the ARN of a managed policy, of the account or of AWS.
fn is_policy_arn(text: &str) -> bool {
    let text = text.replace(STAGE_PLACEHOLDER, "stage");
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts[..] else { return false };
    let is_account = account == "aws" || (account.len() == 12 && account.chars().all(|c| c.is_ascii_digit()));
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c);
    let name = resource.strip_prefix("policy/").unwrap_or_default();
    arn == "arn"
        && partition.starts_with("aws")
        && service == "iam"
        && region.is_empty()
        && is_account
        && !name.is_empty()
        && !name.ends_with('/')
        && name.chars().all(is_legal)
}

/// Returns whether `text` is a path in IAM. A policy could not name a path with wildcards.
fn is_role_path(text: &str) -> bool {
    let text = text.replace(STAGE_PLACEHOLDER, "stage");
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c);
    text.len() <= MAX_PATH_CHARS
        && text.starts_with('/')
        && text.ends_with('/')
        && !text.contains("//")
        && text.chars().all(is_legal)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::settings::tests::{error_of, read};

    const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/team/boundary";

    #[test]
    fn deploy_settings_of_a_stage_replace_those_of_all() {
        let text = format!(
            "[deploy]\npermissions-boundary = '{BOUNDARY}'\nrole-path = '/teams/shop/'\ntags = {{ team = 'shop', env = '{{stage}}' }}\n\
             [stages.prod.deploy]\nrole-path = '/'\ntags = {{ env = 'live' }}\n[stages.test.endpoint]\nmemory = 512\n"
        );
        let settings = read(&text).expect("settings");
        let all = settings.deploy_in("dev");
        assert_eq!(all.permissions_boundary.as_deref(), Some(BOUNDARY));
        assert_eq!(all.role_path.as_deref(), Some("/teams/shop/"));
        assert_eq!(settings.deploy_in("test"), all);
        let prod = settings.deploy_in("prod");
        assert_eq!((prod.permissions_boundary.as_deref(), prod.role_path.as_deref()), (Some(BOUNDARY), Some("/")));
        let tags = [("env", "live"), ("team", "shop")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(prod.tags, BTreeMap::from(tags));
        assert_eq!(read("").expect("settings").deploy_in("dev").tags, BTreeMap::new());
    }

    #[test]
    fn wrong_deploy_settings_are_errors() {
        let message = |text: &str| error_of(text).lines().next().unwrap_or_default().to_owned();
        for arn in [
            "boundary",
            "arn:aws:iam::123456789012:role/boundary",
            "arn:aws:iam:eu-west-1:123456789012:policy/boundary",
            "arn:aws:iam::12345:policy/boundary",
            "arn:aws:iam::123456789012:policy/",
        ] {
            assert_eq!(
                message(&format!("deploy.permissions-boundary = '{arn}'")),
                format!(
                    "Cargo.toml:1: `deploy.permissions-boundary` must be the ARN of a managed policy, \
                     `\"arn:aws:iam::123456789012:policy/NAME\"`, found `'{arn}'`"
                )
            );
        }
        for path in ["", "teams/", "/teams", "//", "/a b/", "/*/"] {
            let found = message(&format!("deploy.role-path = '{path}'"));
            assert!(found.contains("starts and ends with `/`"), "{path}: {found}");
        }
        assert!(message("deploy.tags = { 'bedrock:app' = 'x' }").contains("are reserved"));
        assert!(message("deploy = 1").contains("`deploy` must be a table"));
        assert_eq!(
            message("deploy.boundary = 'x'"),
            "Cargo.toml:1: unknown setting `boundary` in `[package.metadata.bedrock.deploy]`"
        );
        let of_stage = message("stages.prod.deploy.role-path = 'x'");
        assert!(of_stage.starts_with("Cargo.toml:1: `stages.prod.deploy.role-path` must be a path"), "{of_stage}");
    }
}
