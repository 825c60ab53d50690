//! Thousands of invocations of a workshop at once and one after the other, in all languages, while workers fail, exit, take
//! too long and are saved: each caller gets its answer, and nothing is left of it. The only test of its program, so that
//! what this process holds is the workshop's.

#[path = "../it/built.rs"]
mod built;
mod caller;
#[allow(dead_code, reason = "it serves other tests, too")]
#[path = "../it/driver.rs"]
mod driver;
mod plan;
mod room;
mod told;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bedrock_dev::{Condition, State};

use caller::{Answer, Caller};
use plan::{Deed, Plan, plans};
use room::{Held, Room, memory, save};
use told::Told;

const NIGHTLY_CALLS: usize = 10_000;
const PUSH_CALLS: usize = 1_000;
const IN_FLIGHT: usize = 64;
/// Another one: `SOAK_SEED=7 cargo nextest run -p conformance -E 'binary(soak)'`
const SEED: u64 = 20_261_126;
/// Megabytes by which this process may grow: what the stream keeps, and as much again.
const GROWN: u64 = 128;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_invocations_with_faults_get_an_answer_each_and_leave_nothing_behind() {
    let seed = std::env::var("SOAK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let before = Held::now();
    let mut room = Room::open().await;
    let listening = told::listen(&room.workshop.happenings);
    // Everything that is made once is there behind this.
    let first = call_all(&room, plans(seed, 200), 8).await;
    settle(&room).await;
    room.begin_anew().await;
    let (warm, small) = (settled_hold().await, memory());
    let calls = calls();
    eprintln!("{calls} calls, {warm:?}: {:#?}", Held::files());

    let plans: Vec<Plan> = plans(seed.wrapping_add(1), calls).into_iter().map(later).collect();
    let answers = call_all(&room, plans, IN_FLIGHT).await;
    settle(&room).await;
    room.begin_anew().await;
    let (held, large) = (warm.again().await, memory());
    let is_no_more = held.files <= warm.files && held.children <= warm.children;
    assert!(is_no_more, "seed {seed}: {held:?} after, {warm:?} before: {:#?}", Held::files());
    assert!(large < small + GROWN, "seed {seed}: {small} MB before, {large} MB after");

    let (ran, given_up) = (room.ran(), given_up(&room));
    let dir = room.close();
    let told = listening.await.expect("the stream");
    let all: Vec<_> = first.into_iter().chain(answers).collect();
    let wrong: Vec<String> =
        all.iter().filter_map(|(plan, answer)| wrong(plan, answer, &told, &ran, &given_up)).collect();
    assert!(wrong.is_empty(), "seed {seed}: {} are wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    counts_add_up(&all, &told);
    drop(dir);
    let held = before.again().await;
    assert!(held.children <= before.children, "seed {seed}: {held:?} after, {before:?} before");
}

fn calls() -> usize {
    let is_nightly = std::env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "nightly");
    let default = if is_nightly { NIGHTLY_CALLS } else { PUSH_CALLS };
    std::env::var("SOAK_CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(default)
}

/// Numbers of their own.
fn later(plan: Plan) -> Plan {
    Plan { number: plan.number + 1_000_000, ..plan }
}

/// Returns what this process holds once that has not changed for a while: processes that were replaced end after their
/// successors have started.
async fn settled_hold() -> Held {
    const SAMPLE_INTERVAL: Duration = Duration::from_millis(20);
    const EQUAL_SAMPLES: usize = 10;
    const MAX_SAMPLES: usize = 500;
    let mut last = Held::now();
    let mut equal = 0;
    for _ in 0..MAX_SAMPLES {
        tokio::time::sleep(SAMPLE_INTERVAL).await;
        let now = Held::now();
        equal = if now == last { equal + 1 } else { 0 };
        last = now;
        if equal == EQUAL_SAMPLES {
            break;
        }
    }
    last
}

/// Makes all calls, so many at a time.
async fn call_all(room: &Room, plans: Vec<Plan>, at_once: usize) -> Vec<(Plan, Answer)> {
    let (plans, next) = (Arc::new(plans), Arc::new(AtomicUsize::new(0)));
    let (ran, root) = (Arc::new(room.ran()), Arc::new(room.root()));
    let callers = (0..at_once).map(|_| {
        let (plans, next, ran, root) = (Arc::clone(&plans), Arc::clone(&next), Arc::clone(&ran), Arc::clone(&root));
        let url = room.workshop.url.clone();
        tokio::spawn(async move {
            let (mut caller, mut answers) = (Caller::connect(&url).await, Vec::new());
            while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Some(worker) = plan.saved {
                    save(&root, worker);
                }
                let answer = caller.invoke(plan.worker, plan.is_event, &plan.event(&ran)).await;
                answers.push((plan.clone(), answer));
            }
            answers
        })
    });
    let mut all = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        all.extend(caller.await.expect("a caller"));
    }
    all
}

/// Lets time pass until no event waits.
async fn settle(room: &Room) {
    loop {
        room.workshop.queue.settled().await.expect("settled");
        let events = room.workshop.store.list().expect("events");
        if events.iter().all(|listed| matches!(listed.state, State::Dead(_))) {
            return;
        }
        room.clock.advance(Duration::from_secs(120));
    }
}

/// The events that failed for good.
fn given_up(room: &Room) -> BTreeMap<String, Condition> {
    let events = room.workshop.store.list().expect("events").into_iter();
    let dead = events.filter_map(|listed| match listed.state {
        State::Dead(condition) => Some((listed.event.id, condition)),
        _ => None,
    });
    dead.collect()
}

/// What is wrong with a call, if anything is.
fn wrong(
    plan: &Plan,
    answer: &Answer,
    told: &Told,
    ran: &Path,
    given_up: &BTreeMap<String, Condition>,
) -> Option<String> {
    let Some(said) = told.get(&answer.request_id) else {
        return Some(format!("{plan:?} {answer:?} is not on the stream"));
    };
    let is_right = if plan.is_event {
        let lines = std::fs::read_to_string(plan.file(ran)).map_or(0, |text| text.lines().count());
        let fails = plan.error_type().is_some();
        let attempts = if fails { 3 } else { 1 };
        let leaves = match plan.deed {
            Deed::Answer | Deed::Wait => 1,
            Deed::Fail => 3,
            Deed::Exit | Deed::TakeTooLong | Deed::CallAnother => 0,
        };
        let (first, last) = (said.queue.first(), said.queue.last());
        let end = if fails { "failed" } else { "delivered" };
        answer.status == 202
            && said.started == attempts
            && said.outcomes.len() == attempts
            && lines == leaves
            && first.is_some_and(|state| state == "accepted")
            && last.is_some_and(|state| state == end)
            && given_up.contains_key(&answer.request_id) == fails
    } else {
        let outcome = match plan.deed {
            Deed::Fail | Deed::Exit => "error",
            Deed::TakeTooLong => "timeout",
            Deed::Answer | Deed::Wait | Deed::CallAnother => "ok",
        };
        let is_answered = match plan.error_type() {
            Some(error_type) => answer.is_failure && answer.body["errorType"] == error_type,
            None => !answer.is_failure && answer.body == plan.response(),
        };
        answer.status == 200 && is_answered && said.started == 1 && said.outcomes == [outcome]
    };
    (!is_right).then(|| format!("{plan:?} {answer:?} {said:?}"))
}

/// What was sent is what was answered and what the stream has, with what workers called themselves.
fn counts_add_up(all: &[(Plan, Answer)], told: &Told) {
    let ids: std::collections::BTreeSet<&str> = all.iter().map(|(_, answer)| answer.request_id.as_str()).collect();
    assert_eq!(ids.len(), calls() + 200, "an answer each");
    let nested = all.iter().filter(|(plan, _)| plan.deed == Deed::CallAnother).count();
    let inner = told.values().filter(|said| said.has_caller).count();
    assert_eq!((told.len(), inner), (ids.len() + nested, nested), "invocations on the stream");
    assert!(told.values().all(|said| said.started == said.outcomes.len()), "each one that began has ended");
}
