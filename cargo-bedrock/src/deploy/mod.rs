//! The deployed app: what is to be (`desired`, from what was built), what there is (`actual`, read from AWS), the plan from
//! one to the other, and carrying it out.
//!
//! | module | holds |
//! | --- | --- |
//! | [`stage`] | the names of everything that belongs to a stage |
//! | [`manifest`], [`secrets`] | what was built, and the values that are kept elsewhere |
//! | [`desired`], [`environment`], [`ends`], [`policy`], [`version`] | what is to be there |
//! | [`actual`], [`read`] | what there is |
//! | [`plan`], [`show`], [`refuse`] | what has to be done, and what must not |
//! | [`triggers`] | the same for what invokes functions besides calls |
//! | [`apply`], [`mod@together`] | doing it, for several functions at once |
//! | [`mod@rollback`], [`mark`], [`mod@status`] | going back, what is written on versions for it, and looking |

mod actual;
mod apply;
mod desired;
mod ends;
mod environment;
#[cfg(test)]
mod example;
mod manifest;
mod mark;
mod plan;
mod policy;
mod read;
mod refuse;
mod rollback;
mod run;
mod secrets;
mod show;
mod stage;
mod status;
mod together;
mod triggers;
mod version;

pub(crate) use plan::{Change, Plan, Planned, Step};
pub(crate) use rollback::rollback;
pub(crate) use run::{Request, deploy, destroy};
pub(crate) use show::shown;
pub(crate) use stage::{Site, Stage};
pub(crate) use status::status;
pub(crate) use triggers::{PlannedTrigger, TriggerStep};
