//! What is in our way and not ours: nothing is changed then.

use super::actual::{Actual, Foreign};
use super::stage::Site;
use bedrock_diagnostics::{Error, Result};

/// How Terraform calls itself in `bedrock:owner`.
const TERRAFORM: &str = "terraform";

/// Refuses if anything that has a name of this stage is somebody else's.
pub(crate) fn foreign(site: &Site, actual: &Actual) -> Result<()> {
    let Some(first) = actual.foreign.first() else { return Ok(()) };
    let cause = |foreign: &Foreign| match foreign.owner.as_deref() {
        Some(TERRAFORM) => format!("{} is Terraform's", foreign.what),
        Some(owner) => format!("{} is owned by `{owner}`", foreign.what),
        None => format!("{} was not made by `cargo bedrock deploy` for this stage", foreign.what),
    };
    let error = Error::app(format!("{} is not ours alone, nothing was changed", site.shown()));
    let error = actual.foreign.iter().map(cause).fold(error, Error::cause);
    Err(if first.owner.as_deref() == Some(TERRAFORM) {
        error.help("a stage has one owner: deploy with `terraform apply`, or run `terraform destroy` first")
    } else {
        error.help("choose another stage with `--stage NAME`, or delete what is in the way")
    })
}
