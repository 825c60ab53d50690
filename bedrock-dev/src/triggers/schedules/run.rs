//! Waits until a schedule is due and has its worker invoked, again and again.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock::local::service::FunctionInfo;

use super::super::dispatcher::{TriggerDispatcher, uuid};
use super::calendar::Calendar;
use super::event::event;
use crate::Clock;
use crate::event_log::TriggerKind;

/// How late an event may be: what was due while the machine was asleep is not made up for.
const LATE: Duration = Duration::from_secs(60);

/// A schedule of a worker.
pub(in super::super) struct ScheduledWorker {
    pub(in super::super) function: FunctionInfo,
    pub(in super::super) calendar: Calendar,
    /// As the settings have it.
    pub(in super::super) text: String,
    /// What the worker gets, if not Scheduler's event.
    pub(in super::super) event: Option<String>,
    /// Its place among the triggers of its worker.
    pub(in super::super) number: usize,
}

impl ScheduledWorker {
    /// Invokes the worker as if it were due at `due`; the request id of the event.
    pub(in super::super) async fn fire(&self, firing: &TriggerDispatcher, due: SystemTime) -> Result<String, String> {
        let payload = event(&self.function, self.number, self.event.as_deref(), due, &uuid());
        firing.accept(&self.function, payload, (TriggerKind::Schedule, &self.text), 1).await
    }
}

/// Runs until there is no further time. Times at which nobody ran it are left out.
pub(in super::super) async fn run(planned: Arc<ScheduledWorker>, firing: Arc<TriggerDispatcher>, clock: Clock) {
    let mut last = planned.calendar.began();
    while let Some(due) = planned.calendar.next(last) {
        while clock.now() < due {
            clock.sleep_until(due).await;
        }
        let late = clock.now().duration_since(due).unwrap_or_default();
        // One that is moved by hand, or runs fast, leaves nothing out.
        let is_missed = clock.is_real() && late > LATE;
        if !is_missed && let Err(message) = planned.fire(&firing, due).await {
            firing.complain(&planned.function.worker, &message);
        }
        last = due;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fake_backend::{RecordedCalls, function};
    use super::{ScheduledWorker, run};
    use crate::Clock;
    use crate::triggers::schedules::Calendar;
    use bedrock_build::schedule::Schedule;
    use std::sync::Arc;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    /// How often a schedule of long ago fires when the clock comes back to it only now.
    async fn fired(clock: Clock) -> usize {
        let schedule = Schedule::parse("at(2020-01-01T00:00:00)").expect("a schedule");
        let calendar = Calendar::new(&schedule, "UTC", UNIX_EPOCH).expect("a time zone");
        let planned =
            ScheduledWorker { function: function(), calendar, text: schedule.to_string(), event: None, number: 0 };
        let seen = RecordedCalls::new(0);
        run(Arc::new(planned), Arc::clone(&seen.firing), clock).await;
        seen.events.lock().expect("events").len()
    }

    #[tokio::test]
    async fn what_was_due_while_the_machine_was_asleep_is_not_made_up_for() {
        assert_eq!(fired(Clock::real()).await, 0);
    }

    #[tokio::test]
    async fn a_clock_that_is_moved_or_fast_leaves_nothing_out() {
        let moved = Clock::real();
        moved.advance(Duration::from_secs(3600));
        for clock in [moved, Clock::by_hand(SystemTime::now()), Clock::fast(SystemTime::now(), 60)] {
            assert_eq!(fired(clock).await, 1);
        }
    }
}
