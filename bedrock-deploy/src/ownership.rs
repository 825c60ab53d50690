//! Which resources this tool may change: only those with the tags of the stage. If another resource has a name that the
//! stage needs, nothing is changed at all.

use std::collections::BTreeMap;

use bedrock_diagnostics::{Error, Result};

use crate::stage::{OWNER, OWNER_TAG, StageContext};

/// Value of `bedrock:owner` on resources of the app's Terraform configuration.
const TERRAFORM: &str = "terraform";

/// A resource with a name of this stage that this tool does not manage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnmanagedResource {
    /// Kind and name: ``function `shop-dev-counter` ``.
    pub(crate) resource: String,
    /// Value of its tag `bedrock:owner`.
    pub(crate) owner: Option<String>,
}

/// Who manages a resource.
pub(crate) enum Ownership {
    Managed,
    /// Managed by another tool. The value of `bedrock:owner` is set if the other tags are those of this stage.
    Unmanaged(Option<String>),
}

impl Ownership {
    /// Reads it from the tags of a resource.
    pub(crate) fn from_tags(stage: &StageContext, tags: &BTreeMap<String, String>) -> Self {
        if is_managed(stage, tags) {
            return Self::Managed;
        }
        let expected = stage.tags();
        let is_same_stage = expected.iter().all(|(name, value)| name == OWNER_TAG || tags.get(name) == Some(value));
        let owner = tags.get(OWNER_TAG).filter(|owner| is_same_stage && owner.as_str() != OWNER);
        Self::Unmanaged(owner.cloned())
    }
}

/// Returns whether the tags are those of a resource of this stage that this tool manages.
pub(crate) fn is_managed(stage: &StageContext, tags: &BTreeMap<String, String>) -> bool {
    stage.tags().iter().all(|(name, value)| tags.get(name) == Some(value))
}

/// Returns an error that names all of `unmanaged`, unless there are none.
pub(crate) fn check_owned(stage: &StageContext, unmanaged: &[UnmanagedResource]) -> Result<()> {
    let Some(first) = unmanaged.first() else { return Ok(()) };
    let cause = |UnmanagedResource { resource, owner }: &UnmanagedResource| match owner.as_deref() {
        Some(TERRAFORM) => format!("{resource} is managed by Terraform"),
        Some(owner) => format!("{resource} is managed by `{owner}`"),
        None => format!("{resource} was not created by `cargo bedrock deploy` for this stage"),
    };
    let error =
        Error::app(format!("{stage} has resources that `cargo bedrock deploy` does not manage, nothing was changed"));
    let error = unmanaged.iter().map(cause).fold(error, Error::cause);
    Err(if first.owner.as_deref() == Some(TERRAFORM) {
        error.help("a stage has one owner: deploy with `terraform apply`, or run `terraform destroy` first")
    } else {
        error.help("choose another stage with `--stage NAME`, or delete these resources")
    })
}
