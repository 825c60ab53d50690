//! The app's `terraform/` and its workflow beside the template of this version: what differs, and how the copy is
//! brought up to date without losing an edit. What is in the template is `bedrock-templates`' business.

mod copy;
mod difference;
mod merge;
mod plan;
mod record;

pub(crate) use copy::Copy;
pub(crate) use difference::differences;
pub(crate) use merge::{Merged, conflicts, merge};
pub(crate) use plan::{Change, Upgrade, plan};
pub(crate) use record::Record;

/// Texts by their paths, which are relative to the app.
pub(crate) type Texts = std::collections::BTreeMap<String, String>;

/// The template of this version.
pub(crate) fn template() -> Texts {
    bedrock_templates::terraform().into_iter().map(|file| (file.path, file.contents)).collect()
}
