//! The managed policies of a role, by their names.

use std::collections::BTreeMap;

use bedrock_artifacts::Digest;
use serde_json::Value;

use crate::desired::DesiredFunction;
use crate::stage::StageContext;

/// Returns the managed policies of a role. They are never changed: the name contains a digest of the document.
pub(crate) fn managed_policies<'a>(
    stage: &StageContext,
    key: &str,
    desired: &'a DesiredFunction,
) -> BTreeMap<String, &'a Value> {
    let name = |(number, document): (usize, &Value)| {
        let digest = Digest::of(document.to_string().as_bytes()).to_string();
        format!("{}-{number}-{}", stage.role_name(key), digest.get(..8).unwrap_or_default())
    };
    desired.policies.managed.iter().enumerate().map(|each| (name(each), each.1)).collect()
}
