//! What invokes functions besides calls: schedules, queues and buckets. They are made when the functions are there, and
//! are gone before the functions are.
//!
//! | module | holds |
//! | --- | --- |
//! | [`names`] | what they are called on AWS |
//! | [`mod@wanted`], [`found`], [`mod@read`] | what is to be there, and what there is |
//! | [`mod@plan`], [`step`] | what has to be done |
//! | [`mod@apply`] | doing it |
//!
//! A function that ever had a trigger has the tag [`MARK`]. Where there is neither a trigger nor that tag, nothing is asked
//! of SQS, S3 and EventBridge Scheduler, and no right to do so is needed.

mod apply;
pub(super) mod found;
pub(super) mod names;
mod plan;
mod read;
mod step;
mod wanted;

pub(super) use apply::apply;
pub(crate) use plan::PlannedTrigger;
pub(super) use plan::plan;
pub(super) use read::read;
pub(crate) use step::TriggerStep;

/// The tag of a function that has or had triggers.
pub(crate) const MARK: &str = "bedrock:triggers";
