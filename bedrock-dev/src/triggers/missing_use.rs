//! The entry of `uses` that allows what was denied.

use bedrock_build::settings::STAGE_PLACEHOLDER;
use bedrock_build::triggers::DEFAULT_BUS;
use bedrock_build::uses::{ACCESS, Access, ResourceKind};

use super::local_resources::LOCAL_STAGE;
use super::required_right::RequiredRight;
use super::services::MADE_UP_SECRET_SUFFIX;

/// What an entry depends on.
pub(super) struct MissingUse<'a> {
    pub(super) app: &'a str,
    /// The account of this machine, which is none of AWS's.
    pub(super) account: &'a str,
    /// The tables of the app by their names on this machine.
    pub(super) tables: &'a [String],
}

impl MissingUse<'_> {
    /// Returns the entry that allows a right with the fewest others, with `ACCOUNT` for the user's account.
    pub(super) fn entry(&self, right: &RequiredRight) -> String {
        let resource = right.shown_resource();
        let entry = right.resource.as_ref().and_then(|resource| self.with_word(&right.action, resource));
        let entry = entry.unwrap_or_else(|| self.statement(&right.action, resource));
        entry.replace(&format!(":{}:", self.account), ":ACCOUNT:")
    }

    /// Returns the entry with a word for access. `None` if no word allows the action.
    fn with_word(&self, action: &str, resource: &str) -> Option<String> {
        let allows = |access: &&Access| access.grants.iter().any(|grant| grant.actions.contains(&action));
        let access = ACCESS.iter().find(allows)?;
        let kind = access.kind.as_str();
        let part = resource.splitn(6, ':').nth(5)?;
        let name = match access.kind {
            ResourceKind::Bucket => part.split('/').next()?,
            ResourceKind::Table => part.strip_prefix("table/")?.split('/').next()?,
            ResourceKind::Bus => part.trim_start_matches("event-bus/"),
            ResourceKind::Stream => part.strip_prefix("stream/")?,
            ResourceKind::Secret => part.strip_prefix("secret:")?.trim_end_matches(MADE_UP_SECRET_SUFFIX),
            ResourceKind::Parameter => part.strip_prefix("parameter/")?,
            ResourceKind::Queue | ResourceKind::Topic | ResourceKind::Key | ResourceKind::Function => part,
        };
        let is_local = resource.contains(&format!(":{}:", self.account));
        let bucket_arn = format!("arn:aws:s3:::{name}");
        let name = match (access.kind, self.name_in_settings(name)) {
            (ResourceKind::Secret, _) if resource.ends_with(MADE_UP_SECRET_SUFFIX) => with_stage(name),
            (ResourceKind::Parameter, _) if is_local => with_stage(&format!("/{name}")),
            (ResourceKind::Secret | ResourceKind::Parameter, _) => resource.to_owned(),
            (_, Some(own)) => own.to_owned(),
            (ResourceKind::Bus, None) if name == DEFAULT_BUS => name.to_owned(),
            (ResourceKind::Bucket, None) => bucket_arn,
            (ResourceKind::Table, None) => resource.split("/index/").next()?.to_owned(),
            _ => resource.to_owned(),
        };
        // A table of the app that no function has described yet.
        let is_new_table = access.kind == ResourceKind::Table
            && !name.starts_with("arn:")
            && !self.tables.contains(&format!("{}-{LOCAL_STAGE}-{name}", self.app));
        let key = if is_new_table { ", key = \"id\"" } else { "" };
        Some(format!("{{ {kind} = \"{name}\", access = \"{}\"{key} }}", access.word))
    }

    /// Returns the statement that allows an action for which no word exists, in every stage.
    fn statement(&self, action: &str, resource: &str) -> String {
        let mut parts: Vec<&str> = resource.splitn(6, ':').collect();
        let name = parts.pop().unwrap_or_default();
        let is_bucket = action.starts_with("s3:");
        let name = if is_bucket { name.split('/').next().unwrap_or_default() } else { name };
        // `table/shop-local-orders` of services whose ARNs have the kind of resource.
        let (kind, name) = match name.split_once('/') {
            Some((kind, name)) if self.name_in_settings(name).is_some() => (format!("{kind}/"), name),
            _ => (String::new(), name),
        };
        let secret = name.strip_suffix(MADE_UP_SECRET_SUFFIX).map(|name| format!("{name}-??????"));
        let name = match self.name_in_settings(name) {
            // The names of buckets of the app end with account and region, and their objects have the same beginning.
            Some(own) if is_bucket => format!("{}-{STAGE_PLACEHOLDER}-{own}*", self.app.replace('_', "-")),
            Some(own) => format!("{kind}{}-{STAGE_PLACEHOLDER}-{own}", self.app),
            None if is_bucket && name != "*" => format!("{name}*"),
            None => secret.unwrap_or_else(|| name.to_owned()),
        };
        let is_local = parts.get(4) == Some(&self.account);
        if is_local {
            parts[3..].fill("*");
        }
        let resource = parts.into_iter().chain([name.as_str()]).collect::<Vec<_>>().join(":");
        format!("{{ statement = {{ Action = [\"{action}\"], Resource = [\"{resource}\"] }} }}")
    }

    /// Returns the name of a resource of the app as the settings have it. `None` for other resources.
    fn name_in_settings<'a>(&self, name: &'a str) -> Option<&'a str> {
        let prefix = format!("{}-{LOCAL_STAGE}-", self.app);
        name.strip_prefix(&prefix).or_else(|| name.strip_prefix(&prefix.replace('_', "-")))
    }
}

/// Returns a name or a path with a placeholder for the stage in it.
fn with_stage(name: &str) -> String {
    let parts = name.split('/').map(|part| if part == LOCAL_STAGE { STAGE_PLACEHOLDER } else { part });
    parts.collect::<Vec<_>>().join("/")
}
