//! Schedules, as EventBridge Scheduler has them.
//!
//! | module | does |
//! | --- | --- |
//! | `calendar` | when a schedule is due next, decided without a clock |
//! | `event` | what a worker gets |
//! | `run` | waits and fires |

mod calendar;
mod event;
mod run;

pub(super) use calendar::Calendar;
pub(super) use run::{ScheduledWorker, run};
