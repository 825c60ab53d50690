//! `cargo bedrock queue`: a queue that another program left, or runs.

use std::time::{Duration, UNIX_EPOCH};

use bedrock_dev::{Condition, Delivered, Event, Rules, State, Store, Why};
use insta::assert_snapshot;
use serde_json::json;

use crate::room::{MANIFEST, Room};

const FIRST: &str = "0b1c2d3e-0000-4000-8000-000000000001";
const SECOND: &str = "0b1c2d3f-0000-4000-8000-000000000002";
const THIRD: &str = "f0000000-0000-4000-8000-000000000003";

/// An app that cargo takes for one.
fn room() -> Room {
    Room::app(MANIFEST).file("src/main.rs", "fn main() {}\n").file("workers/fetcher/main.py", "")
}

fn store(room: &Room) -> Store {
    let folder = room.path("target/bedrock");
    std::fs::create_dir_all(&folder).expect("a folder");
    Store::own(&folder.join("queue.sqlite")).expect("a store")
}

fn event(id: &str, seconds: u64) -> Event {
    Event {
        id: id.to_owned(),
        worker: "fetcher".to_owned(),
        arn: "arn:aws:lambda:us-east-1:000000000000:function:my_app-local-fetcher".to_owned(),
        payload: "{\"name\": \"Ada\"}".into(),
        trace: String::new(),
        rules: Rules::default(),
        accepted: UNIX_EPOCH + Duration::from_secs(1_795_588_500 + seconds),
        attempts: 0,
        refusals: 0,
    }
}

/// One event is given up, one waits for its second attempt, one is new.
fn three_events(room: &Room) -> Store {
    let store = store(room);
    let error = json!({ "errorType": "ValueError", "errorMessage": "no such star\nat all" });
    let now = UNIX_EPOCH + Duration::from_secs(1_795_588_600);
    for (id, seconds) in [(FIRST, 0), (SECOND, 1)] {
        store.add(&event(id, seconds)).expect("added");
        let taken = store.take(now).expect("taken").event.expect("an event");
        if id == FIRST {
            store.finish(&taken, Condition::RetriesExhausted, Some(&error), &[], &[]).expect("finished");
        } else {
            store.put_back(&taken, now + Duration::from_secs(60), &error).expect("put back");
        }
    }
    store.add(&event(THIRD, 2)).expect("added");
    store
}

#[test]
fn events_are_shown_in_a_table_and_as_json() {
    let room = room();
    drop(three_events(&room));
    assert_snapshot!(room.run(&["queue", "ls"]), @"
    exit code 0
    -- stdout
    event     worker   runs  state                         last error
    0b1c2d3e  fetcher     1  RetriesExhausted              ValueError: no such star
    0b1c2d3f  fetcher     1  due 2026-11-25T06:37:40.000Z  ValueError: no such star
    f0000000  fetcher     0  due 2026-11-25T06:35:02.000Z
    ");
    assert_snapshot!(room.run(&["queue", "show", "f"]), @r#"
    exit code 0
    -- stdout
    {
      "accepted": "2026-11-25T06:35:02.000Z",
      "arn": "arn:aws:lambda:us-east-1:000000000000:function:my_app-local-fetcher",
      "due": "2026-11-25T06:35:02.000Z",
      "id": "f0000000-0000-4000-8000-000000000003",
      "last_error": null,
      "payload": {
        "name": "Ada"
      },
      "refusals": 0,
      "rules": {
        "dead_letter": null,
        "max_age": 21600,
        "on_failure": null,
        "on_success": null,
        "retries": 2
      },
      "runs": 0,
      "state": "waiting",
      "worker": "fetcher"
    }
    "#);
    let listed = room.output(&["queue", "ls", "--json"]).stdout;
    let listed: serde_json::Value = serde_json::from_slice(&listed).expect("JSON");
    assert_eq!(
        (listed["events"][0]["id"].as_str(), listed["events"][0]["state"].as_str()),
        (Some(FIRST), Some("RetriesExhausted"))
    );
}

#[test]
fn what_went_to_destinations_elsewhere_is_shown_with_what_they_would_have_got() {
    let room = room();
    let store = store(&room);
    assert_snapshot!(room.run(&["queue", "ls", "--delivered"]), @"
    exit code 0
    -- stderr
    note: nothing went to a destination
    ");
    let at = UNIX_EPOCH + Duration::from_secs(1_795_588_600);
    store.add(&event(FIRST, 0)).expect("added");
    let taken = store.take(at).expect("taken").event.expect("an event");
    let one = |why, destination: &str, record, attributes| Delivered {
        id: FIRST.to_owned(),
        worker: "fetcher".to_owned(),
        destination: destination.to_owned(),
        why,
        record,
        attributes,
        as_event: None,
        at,
    };
    let all = [
        one(Why::OnFailure, "arn:aws:sns:us-east-1:000000000000:alarms", json!({ "version": "1.0" }), None),
        one(
            Why::DeadLetter,
            "arn:aws:sqs:us-east-1:000000000000:lost",
            json!({ "n": 1 }),
            Some(json!({ "RequestID": { "Type": "String", "Value": FIRST } })),
        ),
    ];
    store.finish(&taken, Condition::RetriesExhausted, None, &[], &all).expect("finished");
    assert_snapshot!(room.run(&["queue", "ls", "--delivered"]), @"
    exit code 0
    -- stdout
    event     worker   at                        setting      destination
    0b1c2d3e  fetcher  2026-11-25T06:36:40.000Z  on-failure   arn:aws:sns:us-east-1:000000000000:alarms
    0b1c2d3e  fetcher  2026-11-25T06:36:40.000Z  dead-letter  arn:aws:sqs:us-east-1:000000000000:lost
    ");
    let listed = room.output(&["queue", "ls", "--delivered", "--json"]).stdout;
    let listed: serde_json::Value = serde_json::from_slice(&listed).expect("JSON");
    let [first, second] = [0, 1].map(|at| &listed["delivered"][at]);
    assert_eq!((&first["record"], &first["setting"]), (&json!({ "version": "1.0" }), &json!("on-failure")));
    assert_eq!((&second["body"], &second["attributes"]["RequestID"]["Value"]), (&json!({ "n": 1 }), &json!(FIRST)));
}

#[test]
fn events_are_made_due_and_forgotten_by_the_beginning_of_their_ids() {
    let room = room();
    let store = three_events(&room);
    assert_snapshot!(room.run(&["queue", "retry", "--all"]), @"
    exit code 0
    -- stderr
    done: made 1 event due now
    ");
    assert_snapshot!(room.run(&["queue", "drop", "0b1c2d3f", THIRD]), @"
    exit code 0
    -- stderr
    done: forgot 2 events
    ");
    let left = store.list().expect("events");
    assert_eq!(left.len(), 1);
    assert!(matches!(left[0].state, State::Waiting(_)), "{left:?}");
    assert_eq!((left[0].event.id.as_str(), left[0].event.attempts), (FIRST, 0));
}

#[test]
fn an_event_that_is_not_there_or_not_the_only_one_or_is_being_run_is_refused() {
    let room = room();
    let store = three_events(&room);
    assert_snapshot!(room.run(&["queue", "drop", "0b1c"]), @"
    exit code 2
    -- stderr
    error: 2 events begin with `0b1c`
    help: give more of the id
    ");
    // Nothing is changed if one is wrong.
    assert_snapshot!(room.run(&["queue", "drop", THIRD, "nobody"]), @"
    exit code 2
    -- stderr
    error: no event `nobody`
    help: see `cargo bedrock queue ls`
    ");
    assert_eq!(store.list().expect("events").len(), 3);
    let now = UNIX_EPOCH + Duration::from_secs(1_795_588_600);
    store.take(now).expect("taken").event.expect("an event");
    assert_snapshot!(room.run(&["queue", "retry", "f0"]), @"
    exit code 2
    -- stderr
    error: event `f0000000-0000-4000-8000-000000000003` is being run
    help: wait until it is done: `cargo bedrock queue ls`
    ");
    assert_snapshot!(room.run(&["queue", "retry"]), @"
    exit code 2
    -- stderr
    error: missing argument `<EVENT>...`
    help: usage: `cargo bedrock queue retry <EVENT>...`
    ");
}

#[test]
fn an_event_whose_program_was_killed_is_being_run_by_nobody() {
    for (command, left) in [("drop", 2), ("retry", 3)] {
        let room = room();
        let store = three_events(&room);
        let now = UNIX_EPOCH + Duration::from_secs(1_795_588_600);
        assert_eq!(store.take(now).expect("taken").event.expect("an event").id, THIRD);
        drop(store);
        let answer = room.run(&["queue", command, "f0"]);
        assert!(answer.contains("exit code 0"), "{answer}");
        assert_eq!(self::store(&room).list().expect("events").len(), left);
    }
}

#[test]
fn where_nothing_was_ever_put_there_is_nothing_and_no_file_is_made() {
    let room = room();
    assert_snapshot!(room.run(&["queue", "ls"]), @"
    exit code 0
    -- stderr
    note: no events
    ");
    assert_snapshot!(room.run(&["queue", "show", "a"]), @"
    exit code 2
    -- stderr
    error: no event `a`
    help: see `cargo bedrock queue ls`
    ");
    assert_snapshot!(room.run(&["queue", "drain"]), @"
    exit code 2
    -- stderr
    error: no program runs the events of this app
    ");
    assert!(!room.path("target/bedrock").exists());
}

#[test]
fn draining_needs_somebody_who_runs_the_events_and_waits_for_them() {
    let room = room();
    drop(three_events(&room));
    assert_snapshot!(room.run(&["queue", "drain"]), @"
    exit code 2
    -- stderr
    error: no program runs the events of this app
    ");
    let store = store(&room);
    let mut drain = room.command(&["queue", "drain"]).spawn().expect("it starts");
    let mut ran = Vec::new();
    while drain.try_wait().expect("a process").is_none() {
        // A program whose workers always answer.
        if let Some(event) = store.take(UNIX_EPOCH + Duration::from_secs(1)).expect("taken").event {
            store.finish(&event, Condition::Success, None, &[], &[]).expect("finished");
            ran.push(event.id);
        }
        std::thread::yield_now();
    }
    ran.sort();
    assert_eq!(ran, [SECOND, THIRD]);
    assert!(drain.wait().expect("it ends").success());
}
