//! Rust workers whose programs are built anew.

use std::fs;
use std::path::Path;

use bedrock_dev::{BuildError, ReloadOutcome};
use serde_json::json;

use super::callers::Callers;
use super::room::{Asked, Programs, Room, compiled, invoke, is_gone, program, script, wait_for};

const FILE: &str = "workers/rusty/src/lib.rs";

/// A program that leaves its number where it is looked for when it starts.
fn leaving(sign: &Path, version: &str) -> String {
    let aside = sign.with_extension("aside");
    let [aside, sign] = [aside.display(), sign.display()];
    let left = format!("import os\nopen('{aside}', 'w').write(str(os.getpid()))\nos.rename('{aside}', '{sign}')\n");
    let program = program(version);
    let (first, rest) = program.split_once('\n').expect("lines");
    format!("{first}\n{left}{rest}")
}

fn same<T: ToString>(told: (T, T, Vec<String>)) -> (String, String, Vec<String>) {
    (told.0.to_string(), told.1.to_string(), told.2)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_and_each_caller_meets_the_new_program_once_and_for_all() {
    let mut room = Room::open(true).await;
    for (old, new) in [("old", "new"), ("new", "one")] {
        let mut callers = Callers::begin(&room, "rusty", old, new).await;
        room.save(FILE, new);
        let asked = room.build().await;
        assert!(asked.affected.rust && asked.affected.endpoint && asked.affected.hosted.is_empty());
        // While cargo is at work on the program, and has not yet ended.
        let programs = compiled(&room.root, &program(new));
        callers.are_answered().await;
        asked.end.send(Ok(programs)).expect("it waits");
        assert_eq!(room.told().await, same(("rusty", FILE, vec![])));
        for process in callers.end().await {
            is_gone(process).await;
        }
    }
    room.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_runs_is_finished_by_the_program_that_has_it() {
    let mut room = Room::open(true).await;
    let (begun, until) = (room.sign("begun"), room.sign("until"));
    let (url, event) = (room.url.clone(), json!({ "begun": begun, "until": until }));
    let long = tokio::spawn(async move { invoke(&url, "rusty", &event).await });
    wait_for(&begun).await;
    room.save(FILE, "new");
    room.build_version("new").await;
    assert_eq!(room.told().await, same(("rusty", FILE, vec![])));
    assert_eq!(room.version("rusty").await, "new");
    fs::write(until, "").expect("a file");
    let answer = long.await.expect("no panic").expect("an answer");
    assert_eq!(answer["version"], "old");
    is_gone(answer["process"].as_u64().expect("a number")).await;
    room.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_compile_leaves_the_old_program_at_work() {
    let mut room = Room::open(true).await;
    let process = |answer: serde_json::Value| answer["process"].clone();
    let before = process(room.invoke("rusty", json!({})).await.expect("an answer"));
    room.save(FILE, "broken");
    let messages = vec!["error: expected item, found `broken`".to_owned()];
    room.build().await.end.send(Err(BuildError { messages: messages.clone(), said: Vec::new() })).expect("it waits");
    assert_eq!(room.told().await, same(("", FILE, messages)));
    assert_eq!(process(room.invoke("rusty", json!({})).await.expect("an answer")), before);
    // A comment: the same program comes of it.
    room.save(FILE, "// new");
    room.build_version("old").await;
    assert_eq!(room.told().await, same(("", FILE, vec![])));
    assert_eq!(process(room.invoke("rusty", json!({})).await.expect("an answer")), before);
    room.close();
}

/// A build that has made a new program, which has started, while something else is still being built; and its process.
async fn made_ready(room: &mut Room) -> (Asked, Programs, u64) {
    assert_eq!(room.version("rusty").await, "old");
    let started = room.sign("started");
    room.save(FILE, "new");
    let asked = room.build().await;
    let programs = compiled(&room.root, &leaving(&started, "new"));
    asked.making.program("rusty".to_owned(), programs["rusty"].clone());
    wait_for(&started).await;
    let process = fs::read_to_string(&started).expect("a file").parse().expect("a number");
    (asked, programs, process)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_ready_when_the_last_one_is_built_and_serves_before_the_compiler_ends() {
    let mut room = Room::open(true).await;
    let (asked, programs, _) = made_ready(&mut room).await;
    assert_eq!(room.version("rusty").await, "old");
    asked.making.all();
    while room.version("rusty").await != "new" {}
    asked.end.send(Ok(programs)).expect("it waits");
    assert_eq!(room.told().await, same(("rusty", FILE, vec![])));
    room.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_ready_serves_no_earlier_than_all_of_them_compile() {
    let mut room = Room::open(true).await;
    let (asked, programs, process) = made_ready(&mut room).await;
    let messages = vec!["the endpoint does not compile".to_owned()];
    asked.end.send(Err(BuildError { messages: messages.clone(), said: Vec::new() })).expect("it waits");
    assert_eq!(room.told().await, same(("", FILE, messages)));
    is_gone(process).await;
    assert_eq!(room.version("rusty").await, "old");
    // Cargo leaves it alone the next time.
    room.save("src/main.rs", "mended");
    room.build().await.end.send(Ok(programs)).expect("it waits");
    assert_eq!(room.told().await, same(("rusty", "src/main.rs", vec![])));
    assert_eq!(room.version("rusty").await, "new");
    room.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_does_not_start_is_an_error_of_new_calls_until_the_next_one() {
    let mut room = Room::open(true).await;
    assert_eq!(room.version("rusty").await, "old");
    room.save(FILE, "exit");
    let programs = compiled(&room.root, &script("import sys; sys.exit(3)"));
    room.build().await.end.send(Ok(programs)).expect("it waits");
    let exited = "worker `rusty` failed: Runtime.ExitError: Runtime exited with error: exit status 3".to_owned();
    assert_eq!(room.told().await, same(("rusty", FILE, vec![exited])));
    let error = room.invoke("rusty", json!({})).await.expect_err("an error");
    assert_eq!(error["errorType"], "Runtime.ExitError", "{error}");
    room.save(FILE, "new");
    room.build_version("new").await;
    assert_eq!(room.told().await, same(("rusty", FILE, vec![])));
    assert_eq!(room.version("rusty").await, "new");
    room.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_not_built_yet_is_an_error_and_serves_when_it_is() {
    let mut room = Room::open(false).await;
    let error = room.invoke("rusty", json!({})).await.expect_err("an error");
    assert!(error.to_string().contains("its program is not there"), "{error}");
    room.save(FILE, "new");
    room.build_version("new").await;
    assert_eq!(room.told().await, same(("rusty", FILE, vec![])));
    assert_eq!(room.version("rusty").await, "new");
    room.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_build_runs_at_a_time_and_one_more_for_all_that_was_saved_meanwhile() {
    let mut room = Room::open(true).await;
    room.save("src/main.rs", "1");
    let first = room.build().await;
    assert!(first.affected.endpoint && !first.affected.rust);
    // Python does not wait for cargo; and when it has been reloaded, the file before it has been seen.
    for (path, text) in [(FILE, "2"), ("shared/money/src/lib.rs", "3")] {
        room.save(path, text);
        room.save("workers/snake/main.py", text);
        assert_eq!(room.told().await.0, "snake");
    }
    assert!(room.built_nothing());
    first.end.send(Ok(compiled(&room.root, &program("new")))).expect("it waits");
    assert_eq!(room.told().await, same(("rusty", "src/main.rs", vec![])));
    let second = room.build().await;
    assert!(second.affected.endpoint && second.affected.rust);
    second.end.send(Ok(Programs::new())).expect("it waits");
    assert_eq!(room.told().await, same(("", &format!("shared/money/src/lib.rs {FILE}"), vec![])));
    assert!(room.built_nothing());
    room.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_of_the_endpoint_is_handed_out_as_a_copy() {
    let mut room = Room::open(true).await;
    let original = room.sign("endpoint");
    fs::write(&original, "an endpoint").expect("a program");
    for is_new in [true, false] {
        room.save("src/main.rs", if is_new { "1" } else { "2" });
        let programs = Programs::from([("endpoint".to_owned(), original.clone())]);
        room.build().await.end.send(Ok(programs)).expect("it waits");
        let ReloadOutcome::Reloaded(reloaded) = room.report().await else { panic!("it failed") };
        assert_eq!(reloaded.endpoint.is_some(), is_new);
        let copied = |path: &Path| *path != original && fs::read(path).expect("a copy") == b"an endpoint";
        assert!(reloaded.endpoint.as_deref().is_none_or(copied));
    }
    room.close();
}
