//! Soak test: thousands of concurrent and sequential invocations in a dev server, in all languages, while workers fail,
//! exit, time out and are reloaded. Each caller must get its response, and no resource may leak. This is the only test
//! of its program, so that all resources of the process belong to the dev server.

#[path = "../it/lambda_build.rs"]
mod built;
mod caller;
mod dev_app;
#[allow(dead_code, reason = "other tests use it too")]
#[path = "../it/driver.rs"]
mod driver;
mod observed_events;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bedrock_dev::{Condition, EventState};

use caller::{Caller, InvokeResponse};
use dev_app::{DevApp, Resources, resident_memory_mb, save_worker};
use observed_events::ObservedInvocations;
use plan::{Action, Plan, plans};

const NIGHTLY_CALLS: usize = 10_000;
const PUSH_CALLS: usize = 1_000;
const WARM_UP_CALLS: usize = 200;
const MAX_IN_FLIGHT: usize = 64;
/// The default seed. To use a different one: `SOAK_SEED=7 cargo nextest run -p conformance -E 'binary(soak)'`
const DEFAULT_SEED: u64 = 20_261_126;
/// Growth of this process in megabytes: twice the size of the event log.
const MAX_MEMORY_GROWTH_MB: u64 = 128;

#[tokio::test(flavor = "multi_thread")]
async fn soak_calls_all_get_responses_and_leak_nothing() {
    let seed = std::env::var("SOAK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(DEFAULT_SEED);
    let initial = Resources::now();
    let mut app = DevApp::start().await;
    let observer = observed_events::observe(&app.server.event_log);
    // After the warm-up, everything that is created once exists.
    let warm_up = call_all(&app, plans(seed, WARM_UP_CALLS), 8).await;
    settle(&app).await;
    app.reload_all().await;
    let warm = stable_resources().await;
    let warm_memory = resident_memory_mb();
    let calls = calls();
    eprintln!("{calls} calls, {warm:?}: {:#?}", Resources::open_files());

    let plans: Vec<Plan> = plans(seed.wrapping_add(1), calls).into_iter().map(renumber).collect();
    let responses = call_all(&app, plans, MAX_IN_FLIGHT).await;
    settle(&app).await;
    app.reload_all().await;
    let after = warm.wait_for_release().await;
    let memory = resident_memory_mb();
    let has_no_leak = after.files <= warm.files && after.children <= warm.children;
    assert!(has_no_leak, "seed {seed}: {after:?} after, {warm:?} before: {:#?}", Resources::open_files());
    assert!(memory < warm_memory + MAX_MEMORY_GROWTH_MB, "seed {seed}: {warm_memory} MB before, {memory} MB after");

    let runs_dir = app.runs_dir();
    let dead_events = dead_events(&app);
    let temp_dir = app.stop();
    let observed = observer.await.expect("the event log");
    let results: Vec<_> = warm_up.into_iter().chain(responses).collect();
    let errors: Vec<String> = results
        .iter()
        .filter_map(|(plan, response)| check_call(plan, response, &observed, &runs_dir, &dead_events))
        .collect();
    assert!(errors.is_empty(), "seed {seed}: {} are wrong: {:#?}", errors.len(), &errors[..errors.len().min(20)]);
    check_counts(&results, &observed);
    drop(temp_dir);
    let end = initial.wait_for_release().await;
    assert!(end.children <= initial.children, "seed {seed}: {end:?} after, {initial:?} before");
}

/// Returns the number of calls after the warm-up.
fn calls() -> usize {
    let is_nightly = std::env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "nightly");
    let default = if is_nightly { NIGHTLY_CALLS } else { PUSH_CALLS };
    std::env::var("SOAK_CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(default)
}

/// Changes the number of a plan, so that it differs from those of the warm-up.
fn renumber(plan: Plan) -> Plan {
    Plan { number: plan.number + 1_000_000, ..plan }
}

/// Returns the resources once they have not changed for a while: replaced processes exit after their successors have
/// started.
async fn stable_resources() -> Resources {
    const SAMPLE_INTERVAL: Duration = Duration::from_millis(20);
    const EQUAL_SAMPLES: usize = 10;
    const MAX_SAMPLES: usize = 500;
    let mut last = Resources::now();
    let mut equal = 0;
    for _ in 0..MAX_SAMPLES {
        tokio::time::sleep(SAMPLE_INTERVAL).await;
        let now = Resources::now();
        equal = if now == last { equal + 1 } else { 0 };
        last = now;
        if equal == EQUAL_SAMPLES {
            break;
        }
    }
    last
}

/// Makes all calls, at most `max_in_flight` at the same time.
async fn call_all(app: &DevApp, plans: Vec<Plan>, max_in_flight: usize) -> Vec<(Plan, InvokeResponse)> {
    let plans = Arc::new(plans);
    let next = Arc::new(AtomicUsize::new(0));
    let runs_dir = Arc::new(app.runs_dir());
    let root = Arc::new(app.root());
    let callers = (0..max_in_flight).map(|_| {
        let plans = Arc::clone(&plans);
        let next = Arc::clone(&next);
        let runs_dir = Arc::clone(&runs_dir);
        let root = Arc::clone(&root);
        let url = app.server.url.clone();
        tokio::spawn(async move {
            let mut caller = Caller::connect(&url).await;
            let mut responses = Vec::new();
            while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Some(worker) = plan.saved_worker {
                    save_worker(&root, worker);
                }
                let response = caller.invoke(plan.worker, plan.is_event, &plan.event(&runs_dir)).await;
                responses.push((plan.clone(), response));
            }
            responses
        })
    });
    let mut responses = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        responses.extend(caller.await.expect("a caller"));
    }
    responses
}

/// Advances the clock until no event waits for a retry.
async fn settle(app: &DevApp) {
    loop {
        app.server.queue.settled().await.expect("settled");
        let events = app.server.store.list().expect("events");
        if events.iter().all(|listed| matches!(listed.state, EventState::Dead(_))) {
            return;
        }
        app.clock.advance(Duration::from_secs(120));
    }
}

/// Returns the events that failed after all retries, by request id.
fn dead_events(app: &DevApp) -> BTreeMap<String, Condition> {
    let events = app.server.store.list().expect("events").into_iter();
    let dead = events.filter_map(|listed| match listed.state {
        EventState::Dead(condition) => Some((listed.event.id, condition)),
        _ => None,
    });
    dead.collect()
}

/// Returns a description of a call whose result is wrong, or `None` if it is correct.
fn check_call(
    plan: &Plan,
    response: &InvokeResponse,
    observed: &ObservedInvocations,
    runs_dir: &Path,
    dead_events: &BTreeMap<String, Condition>,
) -> Option<String> {
    let Some(invocation) = observed.get(&response.request_id) else {
        return Some(format!("{plan:?} {response:?} is not in the event log"));
    };
    let is_correct = if plan.is_event {
        let lines = std::fs::read_to_string(plan.file(runs_dir)).map_or(0, |text| text.lines().count());
        let fails = plan.error_type().is_some();
        let attempts = if fails { 3 } else { 1 };
        let expected_lines = match plan.action {
            Action::Respond | Action::Wait => 1,
            Action::Fail => 3,
            Action::Exit | Action::TimeOut | Action::CallWorker => 0,
        };
        let end_state = if fails { "failed" } else { "delivered" };
        response.status == 202
            && invocation.started == attempts
            && invocation.outcomes.len() == attempts
            && lines == expected_lines
            && invocation.queue.first().is_some_and(|state| state == "accepted")
            && invocation.queue.last().is_some_and(|state| state == end_state)
            && dead_events.contains_key(&response.request_id) == fails
    } else {
        let outcome = match plan.action {
            Action::Fail | Action::Exit => "error",
            Action::TimeOut => "timeout",
            Action::Respond | Action::Wait | Action::CallWorker => "ok",
        };
        let is_expected_response = match plan.error_type() {
            Some(error_type) => response.is_failure && response.body["errorType"] == error_type,
            None => !response.is_failure && response.body == plan.response(),
        };
        response.status == 200 && is_expected_response && invocation.started == 1 && invocation.outcomes == [outcome]
    };
    (!is_correct).then(|| format!("{plan:?} {response:?} {invocation:?}"))
}

/// Checks that the event log has exactly the calls of this test and the calls that workers made.
fn check_counts(results: &[(Plan, InvokeResponse)], observed: &ObservedInvocations) {
    let ids: BTreeSet<&str> = results.iter().map(|(_, response)| response.request_id.as_str()).collect();
    assert_eq!(ids.len(), calls() + WARM_UP_CALLS, "each call has its own response");
    let nested = results.iter().filter(|(plan, _)| plan.action == Action::CallWorker).count();
    let observed_nested = observed.values().filter(|invocation| invocation.has_caller).count();
    assert_eq!((observed.len(), observed_nested), (ids.len() + nested, nested), "invocations in the event log");
    assert!(
        observed.values().all(|invocation| invocation.started == invocation.outcomes.len()),
        "each started attempt has ended"
    );
}
