//! A function's role and its policies.

use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use aws_sdk_iam::types::Tag;
use serde_json::Value;

use super::OWN_POLICY;
use super::chain::{Chain, Stop};
use super::gone::present;
use crate::aws::{Repeat, call};
use crate::deploy::desired::Function;
use crate::deploy::policy;

type Done = Result<(), Stop>;

pub(super) async fn make(chain: &Chain) -> Done {
    let name = chain.site.role(&chain.key);
    let document = policy::trust().to_string();
    let tags = tags(chain)?;
    let request = || {
        let role = chain.aws.iam.create_role().role_name(&name).assume_role_policy_document(&document);
        role.set_tags(Some(tags.clone())).send()
    };
    call(Repeat::WhenRefused, request).await?;
    Ok(())
}

pub(super) async fn trust(chain: &Chain) -> Done {
    let (name, document) = (chain.site.role(&chain.key), policy::trust().to_string());
    let request = || chain.aws.iam.update_assume_role_policy().role_name(&name).policy_document(&document).send();
    call(Repeat::Always, request).await?;
    Ok(())
}

pub(super) async fn write_own_policy(chain: &Chain, wanted: &Function) -> Done {
    let (name, document) = (chain.site.role(&chain.key), wanted.policies.own.to_string());
    let request = || {
        let policy = chain.aws.iam.put_role_policy().role_name(&name).policy_name(OWN_POLICY);
        policy.policy_document(&document).send()
    };
    call(Repeat::UntilThere, request).await?;
    Ok(())
}

/// Makes it, if an earlier deploy did not, and attaches it.
pub(super) async fn add_policy(chain: &Chain, name: &str, document: &Value) -> Done {
    let (iam, document, tags) = (&chain.aws.iam, document.to_string(), tags(chain)?);
    let request = || {
        let policy = iam.create_policy().policy_name(name).path(chain.site.policy_path()).policy_document(&document);
        policy.set_tags(Some(tags.clone())).send()
    };
    match call(Repeat::WhenRefused, request).await {
        Err(failure) if failure.is_there() => {}
        made => drop(made?),
    }
    let (role, arn) = (chain.site.role(&chain.key), arn(chain, name));
    call(Repeat::UntilThere, || iam.attach_role_policy().role_name(&role).policy_arn(&arn).send()).await?;
    Ok(())
}

pub(super) async fn remove_policy(chain: &Chain, name: &str) -> Done {
    let (iam, role, arn) = (&chain.aws.iam, chain.site.role(&chain.key), arn(chain, name));
    present(call(Repeat::Always, || iam.detach_role_policy().role_name(&role).policy_arn(&arn).send()).await)?;
    present(call(Repeat::Always, || iam.delete_policy().policy_arn(&arn).send()).await)?;
    Ok(())
}

/// With the policies that the user gave it.
pub(super) async fn delete(chain: &Chain) -> Done {
    let (iam, role) = (&chain.aws.iam, chain.site.role(&chain.key));
    let attached = call(Repeat::Always, || iam.list_attached_role_policies().role_name(&role).send()).await;
    for policy in present(attached)?.iter().flat_map(ListAttachedRolePoliciesOutput::attached_policies) {
        let arn = policy.policy_arn().unwrap_or_default();
        present(call(Repeat::Always, || iam.detach_role_policy().role_name(&role).policy_arn(arn).send()).await)?;
    }
    let own = call(Repeat::Always, || iam.list_role_policies().role_name(&role).send()).await;
    for name in present(own)?.iter().flat_map(ListRolePoliciesOutput::policy_names) {
        present(call(Repeat::Always, || iam.delete_role_policy().role_name(&role).policy_name(name).send()).await)?;
    }
    present(call(Repeat::Always, || iam.delete_role().role_name(&role).send()).await)?;
    Ok(())
}

fn arn(chain: &Chain, policy: &str) -> String {
    let place = &chain.site.place;
    format!("arn:{}:iam::{}:policy{}{policy}", place.partition, place.account, chain.site.policy_path())
}

fn tags(chain: &Chain) -> Result<Vec<Tag>, Stop> {
    let tag = |(key, value): (String, String)| Tag::builder().key(key).value(value).build();
    let tags: Result<Vec<Tag>, _> = chain.site.tags().into_iter().map(tag).collect();
    tags.map_err(|error| bedrock_diagnostics::Error::call("failed to write the tags").cause(error.to_string()).into())
}
