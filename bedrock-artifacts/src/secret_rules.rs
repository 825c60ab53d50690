//! Formats of credentials of many vendors. They are data: `secret_rules.txt` has them, with their sources.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexSet};

/// Words in a password that stands for another one, as in documentation.
const PLACEHOLDERS: [&str; 12] = [
    "password", "passwd", "pass", "secret", "example", "token", "changeme", "postgres", "root", "admin", "guest",
    "xxxx",
];
/// Letters of templates and variables.
const TEMPLATE_LETTERS: &[u8] = b"${}%*[]()\\`";

struct SecretRule {
    kind: &'static str,
    pattern: Regex,
}

struct SecretRules {
    /// Finds out in one pass whether any rule matches.
    set: RegexSet,
    rules: Vec<SecretRule>,
}

#[allow(clippy::expect_used, reason = "the patterns are constants, and each test compiles them")]
static RULES: LazyLock<SecretRules> = LazyLock::new(|| {
    let lines = include_str!("secret_rules.txt").lines().filter(|line| !line.starts_with('#'));
    let lines: Vec<(&str, String)> =
        lines.filter_map(|line| line.split_once('\t')).map(|(kind, rule)| (kind, format!("(?-u){rule}"))).collect();
    let set = RegexSet::new(lines.iter().map(|(_, rule)| rule)).expect("patterns that compile");
    let rule = |(kind, rule): &(&'static str, String)| SecretRule {
        kind,
        pattern: Regex::new(rule).expect("a pattern that compiles"),
    };
    SecretRules { set, rules: lines.iter().map(rule).collect() }
});

/// Returns position and kind of the first credential that a rule describes.
pub(super) fn first_match(bytes: &[u8]) -> Option<(usize, &'static str)> {
    let matching = RULES.set.matches(bytes);
    let rules = matching.iter().filter_map(|at| RULES.rules.get(at));
    let first = |rule: &SecretRule| {
        let found = rule.pattern.captures_iter(bytes).find(|found| {
            let credential = found.get(1).or_else(|| found.get(0));
            credential.is_some_and(|credential| found.get(1).is_none() || !is_placeholder(credential.as_bytes()))
        })?;
        Some((found.get(0)?.start(), rule.kind))
    };
    rules.filter_map(first).min_by_key(|(at, _)| *at)
}

/// Returns whether a password stands for another one.
fn is_placeholder(password: &[u8]) -> bool {
    let text = String::from_utf8_lossy(password).to_ascii_lowercase();
    password.iter().any(|letter| TEMPLATE_LETTERS.contains(letter))
        || text.starts_with("your")
        || PLACEHOLDERS.contains(&text.as_str())
}

#[cfg(test)]
mod tests {
    use super::{RULES, first_match};

    /// Examples in two parts, so that this file does not contain a credential itself.
    const EXAMPLES: [[&str; 3]; 17] = [
        ["a GitHub token", "ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"],
        [
            "a GitHub token",
            "github_pat_",
            "11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ0123456789aBcDeFgHiJkLmNoPqRsTuVwXyZ01234567",
        ],
        ["a GitLab token", "glpat-", "aBcDeFgHiJkLmNoPqRsT"],
        ["a Slack token", "xoxb-", "263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1"],
        ["a Slack webhook", "https://hooks.slack.com/", "services/T00000000/B00000000/aBcDeFgHiJkLmNoPqRsTuVwX"],
        ["a Stripe key", "sk_live_", "aBcDeFgHiJkLmNoPqRsTuVwX"],
        ["a Google API key", "AIza", "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe"],
        [
            "a JSON web token",
            "eyJhbGciOiJIUzI1NiJ9.",
            "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        ],
        [
            "a client key of Kubernetes",
            "client-key-data: ",
            "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFcEFJQkFBS0NBUUVBdG",
        ],
        ["an npm token", "npm_", "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"],
        ["an npm token", "//npm.example.org/:_authToken=", "0f8b1c2d-3e4f-5a6b"],
        ["a PyPI token", "pypi-", "AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMAACKlsz"],
        ["a SendGrid key", "SG.", "aBcDeFgHiJkLmNoPqRsTuV.aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789aBcDeFg"],
        [
            "an Azure storage key",
            "AccountKey=",
            "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789aBcDeFgHiJkLmN==",
        ],
        ["a URL with a password", "postgres://shop:", "q8Zk3vX1mB7n@db.example.org/shop"],
        ["a URL with a password", "mongodb+srv://shop:", "q8Zk3vX1mB7n@cluster.example.org"],
        ["a URL with a password", "--index-url https://ci:", "q8Zk3vX1mB7n@pypi.example.org/simple"],
    ];

    #[test]
    fn credentials_of_vendors_are_found() {
        for [kind, start, end] in EXAMPLES {
            let text = format!("x = 1\nTOKEN = '{start}{end}'\n");
            assert_eq!(first_match(text.as_bytes()).map(|(_, kind)| kind), Some(kind), "{text}");
        }
        assert!(RULES.rules.len() > 25);
    }

    #[test]
    fn lookalikes_of_vendors_pass() {
        for text in [
            "postgres://user:password@localhost/db",
            "postgres://{user}:{secret}@{host}/db",
            "https://user:$TOKEN@example.org",
            "https://example.org:8080/@scope/package",
            "http://localhost:3000/users/@me",
            "sk_live_",
            "xoxb-your-token",
            "eyJhbGciOiJIUzI1NiJ9",
            "ghp_short",
            "client-key-data: REDACTED",
            "//registry.example.org/:_authToken=${NPM_TOKEN}",
            "postgres://user:your-password@db.example.org",
            "npm_config_registry_of_the_company_and_others",
        ] {
            assert_eq!(first_match(text.as_bytes()), None, "{text}");
        }
    }
}
