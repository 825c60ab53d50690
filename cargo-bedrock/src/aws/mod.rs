//! AWS's APIs: who is asked, with which credentials, and what is done when an answer does not come or says no.
//!
//! | module | holds |
//! | --- | --- |
//! | [`access`] | which profile, region and address the user asked for |
//! | [`mod@connect`] | the clients of one account and region, and the one tokio runtime of the program |
//! | [`mod@download`] | files at addresses that AWS gives |
//! | [`failure`] | an answer that is no success, the same for all services |
//! | [`retry`] | which of them are asked again |
//! | [`time`] | points in time as texts |
//!
//! A command does all its work in one [`run`]. Every request goes through [`call`]; the SDK's own retries are off, for
//! they also repeat what may have been done.

mod access;
mod connect;
mod download;
mod failure;
mod retry;
mod time;

pub(crate) use access::Access;
pub(crate) use connect::{Aws, Place, run};
pub(crate) use download::download;
pub(crate) use failure::Failure;
pub(crate) use retry::{Repeat, call};
pub(crate) use time::{day, timestamp};
