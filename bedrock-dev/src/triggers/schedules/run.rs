//! Waits until a schedule is due and has its worker invoked, again and again.

use std::sync::Arc;
use std::time::SystemTime;

use bedrock::local::service::FunctionInfo;

use super::super::firing::{Firing, uuid};
use super::calendar::Calendar;
use super::event::event;
use crate::Clock;
use crate::happenings::TriggerKind;

/// A schedule of a worker.
pub(in super::super) struct Planned {
    pub(in super::super) function: FunctionInfo,
    pub(in super::super) calendar: Calendar,
    /// As the settings have it.
    pub(in super::super) text: String,
    /// What the worker gets, if not Scheduler's event.
    pub(in super::super) event: Option<String>,
    /// Its place among the triggers of its worker.
    pub(in super::super) number: usize,
}

impl Planned {
    /// Invokes the worker as if it were due at `due`; the request id of the event.
    pub(in super::super) async fn fire(&self, firing: &Firing, due: SystemTime) -> Result<String, String> {
        let payload = event(&self.function, self.number, self.event.as_deref(), due, &uuid());
        firing.accept(&self.function, payload, (TriggerKind::Schedule, &self.text), 1).await
    }
}

/// Runs until there is no further time. Times at which nobody ran it are left out.
pub(in super::super) async fn run(planned: Arc<Planned>, firing: Arc<Firing>, clock: Clock) {
    let mut last = planned.calendar.began();
    while let Some(due) = planned.calendar.next(last) {
        while clock.now() < due {
            clock.sleep_until(due).await;
        }
        if let Err(message) = planned.fire(&firing, due).await {
            firing.complain(&planned.function.worker, &message);
        }
        last = due;
    }
}
