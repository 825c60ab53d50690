//! Tests of the buckets of an app: files that are created and removed, and boto3.

use std::time::SystemTime;

use bedrock_dev::Clock;
use serde_json::{Value, json};

use crate::dev_server_triggers::{TestServer, bucket};

fn s3(operation: &str, arguments: &Value) -> Value {
    let mut arguments = arguments.clone();
    arguments["Bucket"] = "conformance-local-uploads".into();
    json!({ "service": "s3", "operation": operation, "arguments": arguments })
}

#[tokio::test(flavor = "multi_thread")]
async fn created_and_removed_files_invoke_the_worker() {
    let folder = tempfile::tempdir().expect("a folder");
    let inside = folder.path().join("app/target/bedrock/buckets/uploads/in");
    std::fs::create_dir_all(&inside).expect("a folder");
    std::fs::write(inside.join("old.txt"), "was there").expect("a file");
    let mut server = TestServer::open_in(folder, Clock::manual(SystemTime::now()), vec![bucket()]).await;
    std::fs::write(server.folder().join("in/other.png"), "not this one").expect("a file");
    std::fs::write(server.folder().join("outside.txt"), "nor this one").expect("a file");
    std::fs::write(server.folder().join("in/größer 1.txt"), "hello").expect("a file");
    let fired = server.next("trigger").await;
    assert_eq!((&fired["trigger"], &fired["source"]), (&json!("bucket"), &json!("conformance-local-uploads")));
    let started = server.next("invocation_started").await;
    let record = &started["event"]["json"]["Records"][0];
    assert_eq!((&record["eventName"], &record["eventSource"]), (&json!("ObjectCreated:Put"), &json!("aws:s3")));
    let object = &record["s3"]["object"];
    assert_eq!((&object["key"], &object["size"]), (&json!("in/gr%C3%B6%C3%9Fer+1.txt"), &json!(5)));
    assert_eq!(object["eTag"], "5d41402abc4b2a76b9719d911017c592");
    std::fs::remove_file(server.folder().join("in/old.txt")).expect("removed");
    let started = server.next("invocation_started").await;
    let record = &started["event"]["json"]["Records"][0];
    assert_eq!(
        (&record["eventName"], &record["s3"]["object"]["key"]),
        (&json!("ObjectRemoved:Delete"), &json!("in/old.txt"))
    );
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_uses_objects_and_writes_invoke_the_worker() {
    let mut server = TestServer::open(vec![bucket()]).await;
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
        { "service": "s3", "operation": "get_object", "arguments": { "Bucket": "unknown-bucket", "Key": "x" } },
    ]);
    let Some(responses) = server.call_operations(calls).await else { return };
    assert_eq!(responses[0]["ETag"], "\"5d41402abc4b2a76b9719d911017c592\"", "{responses:?}");
    assert_eq!((&responses[1]["Body"], &responses[2]["Body"]), (&json!("hello"), &json!("ell")), "{responses:?}");
    assert_eq!((&responses[3]["ContentLength"], &responses[3]["ETag"]), (&json!(5), &responses[0]["ETag"]));
    let listed = &responses[4]["Contents"][0];
    assert_eq!(
        (&listed["Key"], &listed["Size"], &responses[4]["KeyCount"]),
        (&json!("in/a b.txt"), &json!(5), &json!(1))
    );
    let codes: Vec<_> = [5, 6, 7, 9].map(|at: usize| responses[at]["code"].clone()).to_vec();
    assert_eq!(codes, ["NoSuchKey", "NoSuchKey", "InvalidArgument", "404"], "{responses:?}");
    let started = server.next("invocation_started").await;
    assert_eq!(started["event"]["json"]["Records"][0]["s3"]["object"]["key"], "in/a+b.txt");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_uses_metadata_conditions_and_copies() {
    let server = TestServer::open(vec![bucket()]).await;
    let calls = json!([
        s3(
            "put_object",
            &json!({ "Key": "a", "Body": "hello", "ContentType": "text/x", "Metadata": { "owner": "ann" } })
        ),
        s3("head_object", &json!({ "Key": "a" })),
        s3("put_object", &json!({ "Key": "a", "Body": "other", "IfNoneMatch": "*" })),
        s3("get_object", &json!({ "Key": "a", "IfMatch": "\"dead\"" })),
        s3("copy_object", &json!({ "Key": "b", "CopySource": "conformance-local-uploads/a" })),
        s3("head_object", &json!({ "Key": "b" })),
        s3("list_objects", &json!({ "Prefix": "a" })),
        s3("get_bucket_versioning", &json!({})),
        s3("get_bucket_acl", &json!({})),
        s3("put_object", &json!({ "Key": "c", "Body": "hello", "ChecksumAlgorithm": "SHA256" })),
        s3("put_object", &json!({ "Key": "d", "Body": "hello", "ContentMD5": "AAAAAAAAAAAAAAAAAAAAAA==" })),
    ]);
    let Some(responses) = server.call_operations(calls).await else { return };
    assert_eq!(
        (&responses[1]["ContentType"], &responses[1]["Metadata"]),
        (&json!("text/x"), &json!({ "owner": "ann" }))
    );
    assert_eq!(
        (&responses[2]["code"], &responses[3]["code"]),
        (&json!("PreconditionFailed"), &json!("PreconditionFailed"))
    );
    assert_eq!(responses[4]["CopyObjectResult"]["ETag"], responses[0]["ETag"], "{responses:?}");
    assert_eq!(responses[5]["Metadata"], json!({ "owner": "ann" }), "{responses:?}");
    assert_eq!(responses[6]["Contents"][0]["Key"], "a", "{responses:?}");
    assert!(responses[7]["code"].is_null() && responses[7]["Status"].is_null(), "{responses:?}");
    assert_eq!(
        (&responses[8]["code"], &responses[9]["code"]),
        (&json!("NotImplemented"), &Value::Null),
        "{responses:?}"
    );
    assert_eq!(responses[10]["code"], "BadDigest", "{responses:?}");
    server.dev_server.close();
}
