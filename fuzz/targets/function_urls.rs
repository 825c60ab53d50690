//! Requests to function URLs, and responses of functions: JSON is a response, everything else a request.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if input.starts_with(b"{") {
        let response = bedrock_local::fuzzing::function_url_response(input.to_vec().into());
        // Only the server frames messages.
        let framing = ["content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "keep-alive"];
        assert!(response.is_none_or(|response| framing.iter().all(|name| !response.headers().contains_key(*name))));
    } else if let Some((request, body)) = bedrock_fuzz::request(input) {
        let (head, ()) = request.into_parts();
        let event = bedrock_local::fuzzing::function_url_event(&head, &body);
        assert_eq!(event["isBase64Encoded"].is_boolean(), true);
        // What `cargo bedrock invoke` makes of it again.
        assert!(bedrock_dev::http_request(&event).is_some());
    }
});
