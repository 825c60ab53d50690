//! Tests of S3's API as clients use it, without their libraries.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};

use super::super::delete::DeniedKeys;
use super::super::state::{Bucket, S3};
use super::serve;

struct TestS3 {
    scratch: tempfile::TempDir,
    s3: Arc<S3>,
}

struct TestResponse {
    status: u16,
    headers: axum::http::HeaderMap,
    body: String,
}

impl TestResponse {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The status and the code of the error.
    fn error(&self) -> (u16, &str) {
        let code = self.body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        (self.status, code.map_or("", |(code, _)| code))
    }
}

impl TestS3 {
    fn open() -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let s3 = Self::state(scratch.path());
        fs::create_dir(scratch.path().join("files")).expect("a folder");
        Self { scratch, s3 }
    }

    fn state(folder: &std::path::Path) -> Arc<S3> {
        let bucket = Bucket { name: "files".to_owned(), root: folder.join("files") };
        Arc::new(S3::new(vec![bucket], "eu-west-1", &folder.join("state")))
    }

    fn file(&self, key: &str) -> PathBuf {
        self.scratch.path().join("files").join(key)
    }

    async fn response(&self, line: &str, headers: &[(&str, &str)], body: Body) -> Response<Body> {
        let (method, path) = line.split_once(' ').expect("a method and a path");
        let mut request = Request::builder().method(method).uri(format!("/_s3{path}"));
        if !path.contains("Signature") && !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", "AWS4-HMAC-SHA256 Credential=any/1/us-east-1/s3/aws4_request");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        serve(State(Arc::clone(&self.s3)), request.body(body).expect("a request")).await
    }

    async fn send(&self, line: &str, headers: &[(&str, &str)], body: &str) -> TestResponse {
        let (head, body) = self.response(line, headers, Body::from(body.to_owned())).await.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        let body = String::from_utf8(body.to_vec()).expect("text");
        TestResponse { status: head.status.as_u16(), headers: head.headers, body }
    }
}

#[tokio::test]
async fn metadata_of_an_object_is_returned_until_its_file_changes() {
    let mut s3 = TestS3::open();
    let headers =
        [("content-type", "text/csv"), ("x-amz-meta-owner", "ann"), ("x-amz-meta-owner", "bob"), ("expires", "0")];
    assert_eq!(s3.send("PUT /files/in/a", &headers, "1;2").await.status, 200);
    // Another process serves it, too.
    s3.s3 = TestS3::state(s3.scratch.path());
    for method in ["GET", "HEAD"] {
        let read = s3.send(&format!("{method} /files/in/a"), &[], "").await;
        assert_eq!((read.header("content-type"), read.header("x-amz-meta-owner")), ("text/csv", "ann,bob"));
        assert_eq!((read.header("expires"), read.header("content-length")), ("0", "3"));
    }
    let overridden = s3.send("GET /files/in/a?response-content-type=text/plain&x-id=GetObject", &[], "").await;
    assert_eq!((overridden.header("content-type"), overridden.body.as_str()), ("text/plain", "1;2"));
    let copy = [("x-amz-copy-source", "/files/in%2Fa")];
    assert_eq!(s3.send("PUT /files/b", &copy, "").await.status, 200);
    assert_eq!(s3.send("GET /files/b", &[], "").await.header("x-amz-meta-owner"), "ann,bob");
    assert_eq!(s3.send("PUT /files/in/a", &copy, "").await.error(), (400, "InvalidRequest"));
    let replaced = [copy[0], ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-owner", "eve")];
    assert_eq!(s3.send("PUT /files/in/a", &replaced, "").await.status, 200);
    assert_eq!(s3.send("GET /files/in/a", &[], "").await.header("x-amz-meta-owner"), "eve");
    fs::write(s3.file("in/a"), "by hand").expect("written");
    let read = s3.send("GET /files/in/a", &[], "").await;
    assert_eq!((read.header("content-type"), read.body.as_str()), ("binary/octet-stream", "by hand"));
}

#[tokio::test]
async fn conditional_requests_change_nothing_if_they_fail() {
    let s3 = TestS3::open();
    let only_new = [("if-none-match", "*")];
    assert_eq!(s3.send("PUT /files/lock", &only_new, "one").await.status, 200);
    let refused = s3.send("PUT /files/lock", &only_new, "two").await;
    assert_eq!(refused.error(), (412, "PreconditionFailed"));
    assert!(refused.body.contains("<Condition>If-None-Match</Condition>"), "{}", refused.body);
    assert_eq!(
        s3.send("PUT /files/lock", &[("if-match", "\"dead\"")], "two").await.error(),
        (412, "PreconditionFailed")
    );
    assert_eq!(s3.send("PUT /files/new", &[("if-match", "\"dead\"")], "two").await.error(), (404, "NoSuchKey"));
    assert_eq!(
        s3.send("DELETE /files/lock", &[("if-match", "\"dead\"")], "").await.error(),
        (412, "PreconditionFailed")
    );
    let read = s3.send("GET /files/lock", &[], "").await;
    assert_eq!(read.body, "one");
    let etag = read.header("etag").to_owned();
    let known = s3.send("GET /files/lock", &[("if-none-match", &etag)], "").await;
    assert_eq!((known.status, known.body.as_str(), known.header("etag")), (304, "", etag.as_str()));
    assert_eq!(s3.send("HEAD /files/lock", &[("if-match", "\"dead\"")], "").await.status, 412);
    assert_eq!(s3.send("PUT /files/lock", &[("if-match", &etag)], "two").await.status, 200);
    // Of a file that another program has written, too.
    fs::write(s3.file("lock"), "three").expect("written");
    assert_eq!(s3.send("PUT /files/lock", &[("if-match", &etag)], "four").await.error(), (412, "PreconditionFailed"));
    assert_eq!(fs::read_to_string(s3.file("lock")).expect("a file"), "three");
}

#[tokio::test]
async fn concurrent_conditional_writes_create_one_object() {
    let s3 = TestS3::open();
    let writes = (0..20).map(|number| {
        let s3 = &s3;
        async move { s3.send("PUT /files/lock", &[("if-none-match", "*")], &number.to_string()).await.status }
    });
    let statuses = futures_util::future::join_all(writes).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}

#[tokio::test]
async fn refused_bodies_leave_no_object_and_no_draft() {
    let s3 = TestS3::open();
    for (headers, body, expected) in [
        (&[("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")][..], "x", (400, "BadDigest")),
        (&[("content-md5", "x")], "x", (400, "InvalidDigest")),
        (&[("x-amz-checksum-crc32", "AAAAAA==")], "x", (400, "BadDigest")),
        (&[("content-encoding", "aws-chunked")], "5\r\nhel", (400, "InvalidArgument")),
        (
            &[("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", "9")],
            "5\r\nhello\r\n0\r\n\r\n",
            (400, "IncompleteBody"),
        ),
        (
            &[("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")],
            "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
            (400, "BadDigest"),
        ),
    ] {
        assert_eq!(s3.send("PUT /files/a", headers, body).await.error(), expected, "{headers:?}");
    }
    // A client that goes away before its body is complete.
    let broken = futures_util::stream::iter([Ok("hel"), Err(std::io::Error::other("gone"))]);
    let response = s3.response("PUT /files/a", &[], Body::from_stream(broken)).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(s3.file("").read_dir().expect("a folder").count(), 0);
    assert_eq!(s3.s3.drafts.read_dir().expect("a folder").count(), 0);
    // Those of a program that was killed.
    fs::write(s3.s3.drafts.join("left"), "x").expect("written");
    assert!(!TestS3::state(s3.scratch.path()).drafts.join("left").exists());
}

#[tokio::test]
async fn large_objects_are_read_in_parts() {
    let s3 = TestS3::open();
    // A sparse file that does not fit into memory.
    fs::File::create(s3.file("large")).and_then(|file| file.set_len(1 << 40)).expect("a file");
    let headers = serde_json::json!({
        "version": stored_version(&s3.file("large")), "etag": "e", "headers": [],
    });
    let path = super::super::object_headers::path_of_headers(
        &s3.scratch.path().join("state/object-headers"),
        "files",
        "large",
    );
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, headers.to_string()).expect("written");
    let response = s3.response("GET /files/large", &[], Body::empty()).await;
    assert_eq!(response.headers()["content-length"], (1_u64 << 40).to_string());
    let mut parts = response.into_body().into_data_stream();
    let part = futures_util::StreamExt::next(&mut parts).await.expect("a part").expect("bytes");
    assert!(part.len() <= 1024 * 1024);
    let range = s3.send("GET /files/large", &[("range", "bytes=5-9")], "").await;
    assert_eq!((range.status, range.body.len(), range.header("content-range")), (206, 5, "bytes 5-9/1099511627776"));
}

/// Returns the version of a file as it is stored.
fn stored_version(path: &std::path::Path) -> serde_json::Value {
    let version = super::super::super::digest::FileVersion::of(&fs::metadata(path).expect("a file"));
    serde_json::to_value(version).expect("JSON")
}

#[tokio::test]
async fn unknown_operations_are_named() {
    let s3 = TestS3::open();
    fs::write(s3.file("a"), "x").expect("written");
    for (line, expected, part) in [
        ("GET /files?acl", (501, "NotImplemented"), "`GetBucketAcl`"),
        ("POST /files?delete", (400, "MalformedXML"), ""),
        ("GET /files/a?uploadId=x", (404, "NoSuchUpload"), ""),
        ("PUT /files/a?partNumber=1&uploadId=x", (404, "NoSuchUpload"), ""),
        ("PUT /files/a?partNumber=0&uploadId=x", (400, "InvalidArgument"), ""),
        ("DELETE /files/a?uploadId=x", (404, "NoSuchUpload"), ""),
        ("PUT /new", (501, "NotImplemented"), "`CreateBucket`, whose buckets come from the triggers"),
        ("PUT /files", (409, "BucketAlreadyOwnedByYou"), ""),
        ("DELETE /files", (501, "NotImplemented"), "`DeleteBucket`"),
        ("GET /new", (404, "NoSuchBucket"), ""),
        ("GET /files?list-type=3", (400, "InvalidArgument"), ""),
        ("GET /files/%ff", (400, "InvalidURI"), ""),
        ("PATCH /files/a", (405, "MethodNotAllowed"), ""),
    ] {
        let response = s3.send(line, &[], "").await;
        assert_eq!(response.error(), expected, "{line}");
        assert!(response.body.contains(part), "{line}: {}", response.body);
    }
    let key = "k".repeat(1025);
    assert_eq!(s3.send(&format!("PUT /files/{key}"), &[], "x").await.error(), (400, "KeyTooLongError"));
    // A name that S3 takes, and no file has.
    let name = &key[..300];
    assert_eq!(s3.send(&format!("PUT /files/{name}"), &[], "x").await.error(), (400, "InvalidArgument"));
    assert_eq!(s3.send(&format!("GET /files/{name}"), &[], "").await.error(), (404, "NoSuchKey"));
    assert!(s3.send("GET /files?versioning", &[], "").await.body.contains("VersioningConfiguration"));
    assert!(s3.send("GET /files?location", &[], "").await.body.contains(">eu-west-1<"));
    assert_eq!(s3.send("HEAD /files", &[], "").await.header("x-amz-bucket-region"), "eu-west-1");
}

#[tokio::test]
async fn presigned_urls_are_accepted() {
    let s3 = TestS3::open();
    let version_4 = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=any&X-Amz-Expires=9&X-Amz-Signature=0";
    let version_2 = "AWSAccessKeyId=any&Signature=0&Expires=9";
    for query in [version_4, version_2] {
        assert_eq!(s3.send(&format!("PUT /files/a?{query}"), &[], "x").await.status, 200, "{query}");
        assert_eq!(s3.send(&format!("GET /files/a?{query}"), &[], "").await.body, "x", "{query}");
        assert!(s3.send(&format!("GET /files?{query}"), &[], "").await.body.contains("<Key>a</Key>"), "{query}");
    }
    assert_eq!(s3.send("GET /files/a?X-Amz-Signature=0", &[], "").await.error(), (403, "AccessDenied"));
}

#[tokio::test]
async fn lists_of_version_1_continue_after_a_marker() {
    let s3 = TestS3::open();
    for key in ["a", "b/1", "b/2", "c"] {
        assert_eq!(s3.send(&format!("PUT /files/{key}"), &[], "x").await.status, 200);
    }
    let first = s3.send("GET /files?delimiter=/&max-keys=2", &[], "").await.body;
    assert!(first.contains("<Key>a</Key>") && first.contains("<Prefix>b/</Prefix>"), "{first}");
    assert!(first.contains("<IsTruncated>true</IsTruncated>"), "{first}");
    assert!(first.contains("<NextMarker>b/</NextMarker>"), "{first}");
    let second = s3.send("GET /files?delimiter=/&marker=b/", &[], "").await.body;
    assert!(second.contains("<Key>c</Key>") && !second.contains("<Key>a</Key>"), "{second}");
    assert!(second.contains("<IsTruncated>false</IsTruncated>") && !second.contains("KeyCount"), "{second}");
}

#[cfg(unix)]
#[tokio::test]
async fn pipes_are_not_objects() {
    let s3 = TestS3::open();
    let made = std::process::Command::new("mkfifo").arg(s3.file("pipe")).status().expect("mkfifo");
    assert!(made.success());
    assert_eq!(s3.send("GET /files/pipe", &[], "").await.error(), (404, "NoSuchKey"));
    assert!(!s3.send("GET /files?list-type=2", &[], "").await.body.contains("pipe"));
    assert_eq!(s3.send("PUT /files/pipe", &[("if-match", "\"x\"")], "x").await.error(), (404, "NoSuchKey"));
    assert_eq!(s3.send("PUT /files/pipe", &[], "x").await.status, 200);
    assert_eq!(s3.send("GET /files/pipe", &[], "").await.body, "x");
}

#[tokio::test]
async fn objects_are_uploaded_in_parts() {
    let s3 = TestS3::open();
    let created = s3.send("POST /files/in/large?uploads", &[("content-type", "text/x")], "").await.body;
    let id = created.split_once("<UploadId>").and_then(|(_, rest)| rest.split_once("</UploadId>")).expect("an id").0;
    let first = "x".repeat(5 * 1024 * 1024);
    let mut etags = Vec::new();
    for (number, content) in [(1, first.as_str()), (2, "end"), (3, "too small")] {
        let line = format!("PUT /files/in/large?partNumber={number}&uploadId={id}");
        let part = s3.send(&line, &[], content).await;
        assert_eq!(part.status, 200, "{}", part.body);
        etags.push(part.header("etag").to_owned());
    }
    let bad = s3.send(&format!("PUT /files/in/large?partNumber=1&uploadId={id}"), &[("content-md5", "x")], "y").await;
    assert_eq!(bad.error(), (400, "InvalidDigest"));
    let complete = |parts: &[(usize, &str)]| {
        let part = |(number, etag): &(usize, &str)| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        };
        let parts = parts.iter().map(part).collect::<String>();
        format!("<CompleteMultipartUpload xmlns=\"x\">{parts}</CompleteMultipartUpload>")
    };
    let line = format!("POST /files/in/large?uploadId={id}");
    for (parts, code) in [
        (&[(2, etags[1].as_str()), (1, &etags[0])][..], "InvalidPartOrder"),
        (&[(1, &etags[1])], "InvalidPart"),
        (&[(4, &etags[0])], "InvalidPart"),
        (&[(2, &etags[1]), (3, &etags[2])], "EntityTooSmall"),
        (&[], "MalformedXML"),
    ] {
        assert_eq!(s3.send(&line, &[], &complete(parts)).await.error(), (400, code));
    }
    assert!(!s3.file("in/large").exists());
    let wrong_key = format!("POST /files/other?uploadId={id}");
    assert_eq!(s3.send(&wrong_key, &[], &complete(&[(1, &etags[0])])).await.error(), (404, "NoSuchUpload"));
    let completed = s3.send(&line, &[], &complete(&[(1, &etags[0]), (2, &etags[1])])).await;
    assert!(completed.status == 200 && completed.body.contains("-2&quot;</ETag>"), "{}", completed.body);
    let read = s3.send("GET /files/in/large", &[], "").await;
    assert_eq!((read.body.len(), read.header("content-type")), (first.len() + 3, "text/x"));
    assert!(read.header("etag").ends_with("-2\""), "{}", read.header("etag"));
    assert_eq!(s3.send(&line, &[], &complete(&[(1, &etags[0])])).await.error(), (404, "NoSuchUpload"));
    let other = s3.send("POST /files/a?uploads", &[], "").await.body;
    let id = other.split_once("<UploadId>").and_then(|(_, rest)| rest.split_once("</UploadId>")).expect("an id").0;
    s3.send(&format!("PUT /files/a?partNumber=1&uploadId={id}"), &[], "x").await;
    assert_eq!(s3.send(&format!("DELETE /files/a?uploadId={id}"), &[], "").await.status, 204);
    // Parts leave no files.
    assert_eq!(s3.s3.drafts.read_dir().expect("a folder").count(), 0);
}

#[tokio::test]
async fn parts_are_copied_from_objects_and_listed() {
    let s3 = TestS3::open();
    fs::write(s3.file("source"), "0123456789").expect("written");
    let created = s3.send("POST /files/copy?uploads", &[], "").await.body;
    let id = created.split_once("<UploadId>").and_then(|(_, rest)| rest.split_once("</UploadId>")).expect("an id").0;
    let line = |number: u32| format!("PUT /files/copy?partNumber={number}&uploadId={id}");
    let source = ("x-amz-copy-source", "/files/source");
    for (range, code) in
        [("bytes=2-", "InvalidArgument"), ("bytes=2-10", "InvalidArgument"), ("2-4", "InvalidArgument")]
    {
        let refused = s3.send(&line(2), &[source, ("x-amz-copy-source-range", range)], "").await;
        assert_eq!(refused.error(), (400, code), "{range}");
    }
    let missing = s3.send(&line(2), &[("x-amz-copy-source", "/files/nothing")], "").await;
    assert_eq!(missing.error(), (404, "NoSuchKey"));
    let condition = ("x-amz-copy-source-if-match", "\"other\"");
    assert_eq!(s3.send(&line(2), &[source, condition], "").await.error(), (412, "PreconditionFailed"));
    let copied = s3.send(&line(2), &[source, ("x-amz-copy-source-range", "bytes=2-4")], "").await;
    assert!(copied.status == 200 && copied.body.contains("<CopyPartResult"), "{}", copied.body);
    // The digest of `234`.
    assert!(copied.body.contains("289dff07669d7a23de0ef88d2f7129e7"), "{}", copied.body);
    s3.send(&line(5), &[], "end").await;
    let list = s3.send(&format!("GET /files/copy?uploadId={id}&max-parts=1"), &[], "").await.body;
    for part in ["<PartNumber>2</PartNumber>", "<Size>3</Size>", "<IsTruncated>true</IsTruncated>"] {
        assert!(list.contains(part), "{part} in {list}");
    }
    let rest = s3.send(&format!("GET /files/copy?uploadId={id}&part-number-marker=2"), &[], "").await.body;
    assert!(rest.contains("<PartNumber>5</PartNumber>") && !rest.contains("<PartNumber>2<"), "{rest}");
    assert!(rest.contains("<IsTruncated>false</IsTruncated>"), "{rest}");
    let all = s3.send(&line(3), &[source], "").await;
    assert!(all.status == 200 && all.body.contains("781e5e245d69b566979b86e28d23f2c7"), "{}", all.body);
}

#[tokio::test]
async fn several_objects_are_deleted_in_one_request() {
    let s3 = TestS3::open();
    for key in ["a & b", "in/c", "d"] {
        fs::create_dir_all(s3.file(key).parent().expect("a folder")).expect("a folder");
        fs::write(s3.file(key), "x").expect("written");
    }
    let document = |quiet: &str| {
        let keys =
            "<Object><Key>a &amp; b</Key></Object><Object><Key>in/c</Key></Object><Object><Key>no</Key></Object>";
        format!("<Delete xmlns=\"x\">{keys}{quiet}</Delete>")
    };
    let deleted = s3.send("POST /files?delete", &[], &document("")).await;
    assert!(deleted.status == 200 && deleted.body.matches("<Deleted>").count() == 3, "{}", deleted.body);
    assert!(deleted.body.contains("<Key>a &amp; b</Key>"), "{}", deleted.body);
    assert!(!s3.file("a & b").exists() && !s3.file("in").exists() && s3.file("d").exists());
    let quiet = s3.send("POST /files?delete", &[], &document("<Quiet>true</Quiet>")).await;
    assert!(quiet.status == 200 && !quiet.body.contains("Deleted"), "{}", quiet.body);
    for invalid in ["", "<Delete>", "<Delete></Delete>", "<Delete><Object></Object></Delete>"] {
        assert_eq!(s3.send("POST /files?delete", &[], invalid).await.error(), (400, "MalformedXML"), "{invalid}");
    }
}

#[tokio::test]
async fn signature_version_2_in_a_header_is_refused() {
    let s3 = TestS3::open();
    let refused = s3.send("GET /files/a", &[("authorization", "AWS key:c2lnbmF0dXJl")], "").await;
    assert_eq!(refused.error(), (400, "InvalidRequest"));
    assert!(refused.body.contains("Please use AWS4-HMAC-SHA256."), "{}", refused.body);
    assert_eq!(s3.send("GET /files/a", &[("authorization", "Bearer x")], "").await.error(), (403, "AccessDenied"));
}

#[tokio::test]
async fn denied_keys_are_not_deleted_and_have_an_error() {
    let s3 = TestS3::open();
    for key in ["mine", "theirs"] {
        fs::write(s3.file(key), "x").expect("written");
    }
    let mut denied = DeniedKeys::default();
    denied.insert("theirs", "not & allowed".to_owned());
    let body = "<Delete><Object><Key>mine</Key></Object><Object><Key>theirs</Key></Object><Quiet>true</Quiet></Delete>";
    let request = Request::builder().method("POST").uri("/_s3/files?delete").extension(denied);
    let request = request.header("authorization", "AWS4-HMAC-SHA256 Credential=any/1/us-east-1/s3/aws4_request");
    let response = serve(State(Arc::clone(&s3.s3)), request.body(Body::from(body)).expect("a request")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    let error = "<Error><Code>AccessDenied</Code><Message>not &amp; allowed</Message><Key>theirs</Key></Error>";
    let body = String::from_utf8_lossy(&body);
    assert!(body.contains(error) && body.matches("<Key>").count() == 1, "{body}");
    assert!(!s3.file("mine").exists() && s3.file("theirs").exists());
}
