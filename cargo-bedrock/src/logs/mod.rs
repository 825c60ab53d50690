//! What `logs` shows: the log events of an app's functions, from all of them at once, in the order of time.
//!
//! | module | holds |
//! | --- | --- |
//! | [`mod@since`] | how far back, as it is typed |
//! | [`event`] | one event, and to which invocation it belongs |
//! | [`window`] | which events are new: none twice, and none lost because it came late |
//! | [`fetch`] | asking CloudWatch Logs for the events of one function |
//! | [`show`] | a line for each event, for people and for machines |
//! | [`mod@tail`] | all of it together, once or until Ctrl-C |

mod event;
mod fetch;
mod show;
mod since;
mod tail;
mod window;

pub(crate) use since::parse as since;
pub(crate) use tail::{Request, Source, tail};
