//! A function's role as IAM has it.

use serde_json::Value;

use crate::aws::{Aws, Failure, Repeat, call};
use crate::deploy::actual::Role;
use crate::deploy::apply::OWN_POLICY;
use crate::deploy::stage::Site;

pub(super) async fn read(aws: &Aws, site: &Site, key: &str) -> Result<Option<Role>, Failure> {
    named(aws, &site.role(key)).await
}

/// A role by its name.
pub(crate) async fn named(aws: &Aws, name: &str) -> Result<Option<Role>, Failure> {
    let (role, own) = tokio::join!(
        call(Repeat::Always, || aws.iam.get_role().role_name(name).send()),
        call(Repeat::Always, || aws.iam.get_role_policy().role_name(name).policy_name(OWN_POLICY).send()),
    );
    let role = match role {
        Err(failure) if failure.is_missing() => return Ok(None),
        role => role?,
    };
    let trust = role.role().and_then(|role| role.assume_role_policy_document());
    let own = match own {
        Err(failure) if failure.is_missing() => None,
        own => Some(document(own?.policy_document())),
    };
    let tags = role.role().map(aws_sdk_iam::types::Role::tags).unwrap_or_default();
    let tags = tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    Ok(Some(Role { tags, trust: document(trust.unwrap_or_default()), own }))
}

/// IAM writes documents as they are written in URLs; null if it is none that we can read.
fn document(text: &str) -> Value {
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
    fn documents_are_read_as_iam_writes_them_and_as_they_were_written() {
        let expected = serde_json::json!({ "a b": "arn:aws:x:*" });
        assert_eq!(document("%7B%22a%20b%22%3A%22arn%3Aaws%3Ax%3A%2A%22%7D"), expected);
        assert_eq!(document(r#"{"a b": "arn:aws:x:*"}"#), expected);
        assert_eq!(document("%7"), Value::Null);
    }
}
