//! Waits until a schedule is due and invokes its worker, repeatedly.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_local::event_sources::schedule_event;
use bedrock_model::FunctionInfo;

use super::super::aws_api::new_uuid;
use super::super::dispatcher::TriggerDispatcher;
use super::calendar::Calendar;
use crate::Clock;
use crate::event_log::TriggerKind;

/// Events that are later than this are skipped: schedules do not catch up after the machine was suspended.
const MAX_DELAY: Duration = Duration::from_secs(60);

/// A worker with one of its schedules.
pub(in super::super) struct ScheduledWorker {
    pub(in super::super) function: FunctionInfo,
    pub(in super::super) calendar: Calendar,
    /// The schedule expression of the settings.
    pub(in super::super) expression: String,
    /// The configured event; `None` for Scheduler's default event.
    pub(in super::super) event: Option<String>,
    /// Index of the schedule among the triggers of its worker.
    pub(in super::super) index: usize,
}

impl ScheduledWorker {
    /// Invokes the worker as if the schedule were due at `due`. Returns the request id of the event.
    pub(in super::super) async fn fire(
        &self,
        dispatcher: &TriggerDispatcher,
        due: SystemTime,
    ) -> Result<String, String> {
        let payload = schedule_event(&self.function, self.index, self.event.as_deref(), due, &new_uuid());
        dispatcher.accept(&self.function, payload, TriggerKind::Schedule, &self.expression, 1).await
    }
}

/// Runs until the schedule has no further due time. Times at which `dev` did not run are skipped.
pub(in super::super) async fn run(schedule: Arc<ScheduledWorker>, dispatcher: Arc<TriggerDispatcher>, clock: Clock) {
    let mut last = schedule.calendar.started_at();
    while let Some(due) = schedule.calendar.next_due(last) {
        while clock.now() < due {
            clock.sleep_until(due).await;
        }
        let delay = clock.now().duration_since(due).unwrap_or_default();
        // A clock that is advanced manually or runs fast skips nothing.
        let is_missed = clock.is_real() && delay > MAX_DELAY;
        if !is_missed && let Err(message) = schedule.fire(&dispatcher, due).await {
            dispatcher.log_error(&schedule.function.worker, &message);
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

    /// Returns how often a schedule that was due long ago fires.
    async fn fire_count(clock: Clock) -> usize {
        let schedule = Schedule::parse("at(2020-01-01T00:00:00)").expect("a schedule");
        let calendar = Calendar::new(&schedule, "UTC", UNIX_EPOCH).expect("a time zone");
        let expression = schedule.to_string();
        let scheduled = ScheduledWorker { function: function(), calendar, expression, event: None, index: 0 };
        let calls = RecordedCalls::new(0);
        run(Arc::new(scheduled), Arc::clone(&calls.dispatcher), clock).await;
        calls.events.lock().expect("events").len()
    }

    #[tokio::test]
    async fn times_during_suspension_are_skipped() {
        assert_eq!(fire_count(Clock::real()).await, 0);
    }

    #[tokio::test]
    async fn manual_and_fast_clocks_skip_nothing() {
        let advanced = Clock::real();
        advanced.advance(Duration::from_secs(3600));
        for clock in [advanced, Clock::manual(SystemTime::now()), Clock::fast(SystemTime::now(), 60)] {
            assert_eq!(fire_count(clock).await, 1);
        }
    }
}
