//! The app's Terraform files and workflow, compared with the template of this version, and upgrading them without
//! losing an edit. The template itself is in `bedrock-templates`.
//!
//! | module | contents |
//! | --- | --- |
//! | [`file_map`] | texts by path, and the template |
//! | [`app_files`] | the app's files on disk |
//! | [`template_record`] | `terraform/.bedrock.json`: the template that the files were created from |
//! | [`diff`] | differences between two texts, and merging them |
//! | [`mod@plan`] | what an upgrade does to each file |

mod app_files;
mod diff;
mod file_map;
mod plan;
mod template_record;

pub(crate) use app_files::AppFiles;
pub(crate) use diff::{MergeResult, conflicts, differences, merge};
pub(crate) use file_map::{FileMap, template};
pub(crate) use plan::{FileChange, Upgrade, plan};
pub(crate) use template_record::TemplateRecord;
