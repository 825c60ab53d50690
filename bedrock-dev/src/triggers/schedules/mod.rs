//! Schedules that work like EventBridge Scheduler.
//!
//! | module | does |
//! | --- | --- |
//! | `calendar` | computes when a schedule is due next, without a clock |
//! | `scheduled_worker` | waits until a schedule is due and fires it |

mod calendar;
mod scheduled_worker;

pub(super) use calendar::Calendar;
pub(super) use scheduled_worker::{ScheduledWorker, run};
