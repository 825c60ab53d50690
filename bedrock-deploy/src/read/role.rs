//! Reads an IAM role with its trust policy and its inline policy.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::actual_role::ActualRole;
use crate::aws::{Aws, AwsError, Idempotency, call, optional};
use crate::stage::INLINE_POLICY;

/// Reads the role `name`. Returns `None` if it does not exist.
pub(crate) async fn read(aws: &Aws, name: &str) -> Result<Option<ActualRole>, AwsError> {
    let (role, inline_policy) = tokio::join!(
        call(Idempotency::Idempotent, || aws.iam.get_role().role_name(name).send()),
        call(Idempotency::Idempotent, || {
            aws.iam.get_role_policy().role_name(name).policy_name(INLINE_POLICY).send()
        }),
    );
    let Some(role) = optional(role)? else { return Ok(None) };
    let inline_policy = optional(inline_policy)?.map(|response| parse_document(response.policy_document()));
    let arn = role.role().map(aws_sdk_iam::types::Role::arn).unwrap_or_default();
    let boundary = role.role().and_then(|role| role.permissions_boundary());
    let trust_policy = role.role().and_then(|role| role.assume_role_policy_document()).unwrap_or_default();
    let tags = role.role().map(aws_sdk_iam::types::Role::tags).unwrap_or_default();
    Ok(Some(ActualRole {
        arn: arn.to_owned(),
        created_at: role.role().map(|role| role.create_date().secs()),
        permissions_boundary: boundary.and_then(|boundary| boundary.permissions_boundary_arn()).map(str::to_owned),
        tags: tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect(),
        trust_policy: parse_document(trust_policy),
        inline_policy,
    }))
}

/// Returns the names of the managed policies with the IAM path `path` that are attached to a role. Empty if there is no such
/// role.
pub(crate) async fn read_attached_policies(aws: &Aws, role: &str, path: &str) -> Result<BTreeSet<String>, AwsError> {
    let mut names = BTreeSet::new();
    let mut marker = None::<String>;
    loop {
        let request = || {
            let list = aws.iam.list_attached_role_policies().role_name(role).path_prefix(path);
            list.set_marker(marker.clone()).send()
        };
        let Some(page) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(names) };
        // The path is compared again, because some emulators of AWS ignore the prefix.
        let ours =
            page.attached_policies().iter().filter(|policy| policy.policy_arn().unwrap_or_default().contains(path));
        names.extend(ours.filter_map(|policy| policy.policy_name()).map(str::to_owned));
        marker = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
        if marker.is_none() {
            return Ok(names);
        }
    }
}

/// Parses a policy document, which IAM returns percent-encoded. Returns null if it is not valid JSON.
fn parse_document(text: &str) -> Value {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    serde_json::from_slice(&bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_documents_are_parsed_encoded_and_plain() {
        let expected = serde_json::json!({ "a b": "arn:aws:x:*" });
        assert_eq!(parse_document("%7B%22a%20b%22%3A%22arn%3Aaws%3Ax%3A%2A%22%7D"), expected);
        assert_eq!(parse_document(r#"{"a b": "arn:aws:x:*"}"#), expected);
        assert_eq!(parse_document("%7"), Value::Null);
    }
}
