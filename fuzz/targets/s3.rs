//! Requests to the local S3.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use axum::Router;

static ROUTES: LazyLock<Router> = LazyLock::new(|| {
    fs::create_dir_all(bedrock_fuzz::scratch().join("files")).expect("a folder");
    bedrock_dev::fuzzing::s3_routes(bedrock_fuzz::scratch())
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    bedrock_fuzz::send(&ROUTES, input);
    let outside = fs::read_dir(bedrock_fuzz::scratch()).expect("a folder").flatten();
    let names: Vec<_> =
        outside.map(|entry| entry.file_name()).filter(|name| name != "files" && name != "state").collect();
    assert!(names.is_empty(), "outside of the bucket: {names:?}");
});
