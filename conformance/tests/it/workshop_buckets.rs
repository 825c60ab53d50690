//! Buckets of an app at work: files that come and go, and boto3 that reads and writes them.

use std::time::SystemTime;

use bedrock_dev::Clock;
use serde_json::{Value, json};

use crate::workshop_triggers::{Room, bucket};

fn s3(operation: &str, arguments: &Value) -> Value {
    let mut arguments = arguments.clone();
    arguments["Bucket"] = "conformance-local-uploads".into();
    json!({ "service": "s3", "operation": operation, "arguments": arguments })
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_come_and_go_below_the_prefix_invoke_the_worker() {
    let folder = tempfile::tempdir().expect("a folder");
    let inside = folder.path().join("app/target/bedrock/buckets/uploads/in");
    std::fs::create_dir_all(&inside).expect("a folder");
    std::fs::write(inside.join("old.txt"), "was there").expect("a file");
    let mut room = Room::open_in(folder, Clock::by_hand(SystemTime::now()), vec![bucket()]).await;
    std::fs::write(room.folder().join("in/other.png"), "not this one").expect("a file");
    std::fs::write(room.folder().join("outside.txt"), "nor this one").expect("a file");
    std::fs::write(room.folder().join("in/größer 1.txt"), "hello").expect("a file");
    let fired = room.next("trigger").await;
    assert_eq!((&fired["trigger"], &fired["source"]), (&json!("bucket"), &json!("conformance-local-uploads")));
    let started = room.next("invocation_started").await;
    let record = &started["event"]["json"]["Records"][0];
    assert_eq!((&record["eventName"], &record["eventSource"]), (&json!("ObjectCreated:Put"), &json!("aws:s3")));
    let object = &record["s3"]["object"];
    assert_eq!((&object["key"], &object["size"]), (&json!("in/gr%C3%B6%C3%9Fer+1.txt"), &json!(5)));
    assert_eq!(object["eTag"], "5d41402abc4b2a76b9719d911017c592");
    std::fs::remove_file(room.folder().join("in/old.txt")).expect("removed");
    let started = room.next("invocation_started").await;
    let record = &started["event"]["json"]["Records"][0];
    assert_eq!(
        (&record["eventName"], &record["s3"]["object"]["key"]),
        (&json!("ObjectRemoved:Delete"), &json!("in/old.txt"))
    );
    room.workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_and_writes_objects_and_what_it_writes_invokes_the_worker() {
    let mut room = Room::open(vec![bucket()]).await;
    let calls = json!([
        s3("put_object", &json!({ "Key": "in/a b.txt", "Body": "hello" })),
        s3("get_object", &json!({ "Key": "in/a b.txt" })),
        s3("get_object", &json!({ "Key": "in/a b.txt", "Range": "bytes=1-3" })),
        s3("head_object", &json!({ "Key": "in/a b.txt" })),
        s3("list_objects_v2", &json!({ "Prefix": "in/" })),
        s3("get_object", &json!({ "Key": "in/nothing" })),
        s3("get_object", &json!({ "Key": "../../../../Cargo.toml" })),
        s3("put_object", &json!({ "Key": "../out.txt", "Body": "x" })),
        s3("delete_object", &json!({ "Key": "in/a b.txt" })),
        s3("head_object", &json!({ "Key": "in/a b.txt" })),
        { "service": "s3", "operation": "get_object", "arguments": { "Bucket": "nobodys-bucket", "Key": "x" } },
    ]);
    let Some(answers) = room.ask(calls).await else { return };
    assert_eq!(answers[0]["ETag"], "\"5d41402abc4b2a76b9719d911017c592\"", "{answers:?}");
    assert_eq!((&answers[1]["Body"], &answers[2]["Body"]), (&json!("hello"), &json!("ell")), "{answers:?}");
    assert_eq!((&answers[3]["ContentLength"], &answers[3]["ETag"]), (&json!(5), &answers[0]["ETag"]));
    let listed = &answers[4]["Contents"][0];
    assert_eq!(
        (&listed["Key"], &listed["Size"], &answers[4]["KeyCount"]),
        (&json!("in/a b.txt"), &json!(5), &json!(1))
    );
    let codes: Vec<_> = [5, 6, 7, 9].map(|at: usize| answers[at]["code"].clone()).to_vec();
    assert_eq!(codes, ["NoSuchKey", "NoSuchKey", "InvalidArgument", "404"], "{answers:?}");
    let started = room.next("invocation_started").await;
    assert_eq!(started["event"]["json"]["Records"][0]["s3"]["object"]["key"], "in/a+b.txt");
    room.workshop.close();
}
