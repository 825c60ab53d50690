//! Statements of policies: which actions on which resources they are about.

use bedrock_build::settings::STAGE_PLACEHOLDER;
use serde_json::Value;

use super::local_resources::LOCAL_STAGE;

/// A statement of a policy. Its texts are patterns.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) allows: bool,
    actions: Patterns,
    resources: Patterns,
}

#[derive(Debug, Clone)]
struct Patterns {
    texts: Vec<String>,
    /// Whether it stands for everything else: `NotAction`, `NotResource`.
    is_negated: bool,
}

impl Statement {
    /// Returns a statement that allows actions on resources.
    pub(super) fn allow(actions: &[&str], resources: Vec<String>) -> Self {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        let exactly = |texts| Patterns { texts, is_negated: false };
        Self { allows: true, actions: exactly(actions), resources: exactly(resources) }
    }

    /// Reads a statement of the settings. Its conditions are not evaluated: it allows what it names, and denies only without a
    /// condition. Regions and accounts of AWS do not count, because those of this machine are made up.
    pub(super) fn read(text: &str) -> Option<Self> {
        let statement: Value = serde_json::from_str(&text.replace(STAGE_PLACEHOLDER, LOCAL_STAGE)).ok()?;
        let texts = |value: &Value| -> Vec<String> {
            let list = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            list.iter().filter_map(|text| text.as_str().map(without_account)).collect()
        };
        let patterns = |name: &str| {
            let negated = &statement[format!("Not{name}")];
            let is_negated = !negated.is_null();
            Patterns { texts: texts(if is_negated { negated } else { &statement[name] }), is_negated }
        };
        let allows = statement["Effect"] != "Deny";
        let is_evaluated = allows || statement["Condition"].is_null();
        is_evaluated.then(|| Self { allows, actions: patterns("Action"), resources: patterns("Resource") })
    }

    /// Returns whether a statement is about an action on a resource that has one of `names`. If a request does not say its
    /// resource, `names` is empty, and a statement is about it if it allows any resource or denies all.
    pub(super) fn covers(&self, action: &str, names: &[String]) -> bool {
        let covers_resource = match (names, self.allows) {
            ([], true) => true,
            ([], false) => self.resources.match_any(&["*".to_owned()]),
            _ => self.resources.match_any(names),
        };
        covers_resource && self.actions.match_action(action, self.allows)
    }
}

/// Returns a pattern for an ARN in any partition, region and account. Returns other texts as they are.
fn without_account(text: &str) -> String {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", _, service, region, account, name] = parts[..] else { return text.to_owned() };
    let any = |part: &str| if part.is_empty() { "" } else { "*" };
    format!("arn:*:{service}:{}:{}:{name}", any(region), any(account))
}

impl Patterns {
    /// IAM ignores the case of actions, but not that of resources. `route53:*` is any action of a service: one that is allowed,
    /// or all that are denied.
    fn match_action(&self, action: &str, allows: bool) -> bool {
        let action = action.to_ascii_lowercase();
        if let Some(service) = action.strip_suffix('*').filter(|_| allows && !self.is_negated) {
            let is_of_service = |pattern: &String| *pattern == "*" || pattern.to_ascii_lowercase().starts_with(service);
            return self.texts.iter().any(is_of_service);
        }
        let matches = |pattern: &String| matches_pattern(pattern.to_ascii_lowercase().as_bytes(), action.as_bytes());
        self.texts.iter().any(matches) != self.is_negated
    }

    fn match_any(&self, names: &[String]) -> bool {
        let matches = |pattern: &String, name: &String| matches_pattern(pattern.as_bytes(), name.as_bytes());
        self.texts.iter().any(|pattern| names.iter().any(|name| matches(pattern, name))) != self.is_negated
    }
}

/// Compares with a pattern of IAM: `*` stands for any bytes, `?` for one.
fn matches_pattern(pattern: &[u8], text: &[u8]) -> bool {
    let mut at = 0;
    let mut from = 0;
    // Where to go on if the text does not match after the last `*`.
    let mut retry = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at + 1, from));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((after_star, begin)) = retry else { return false };
                retry = Some((after_star, begin + 1));
                at = after_star;
                from = begin + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}
