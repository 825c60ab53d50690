//! The messages of the Model Context Protocol that a server with tools needs: JSON-RPC 2.0, one message per line.

use serde_json::{Value, json};

/// The versions of the protocol that this server speaks, the newest first. They do not differ in these messages.
const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;

/// A request of the client.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    /// A request that needs a response.
    Request { id: Value, method: String, params: Value },
    /// A message without an id, or a response: it gets no response.
    Notification,
    /// Not a valid message. The response is an error.
    Invalid(Value),
}

/// Parses a line.
pub(super) fn parse(line: &str) -> Incoming {
    let message: Value = match serde_json::from_str(line) {
        Ok(message) => message,
        Err(cause) => {
            return Incoming::Invalid(error(&Value::Null, PARSE_ERROR, &format!("the line is not JSON: {cause}")));
        }
    };
    let id = message.get("id").cloned().unwrap_or_default();
    match message.get("method").and_then(Value::as_str) {
        Some(_) if id.is_null() => Incoming::Notification,
        Some(method) => {
            let params = message.get("params").cloned().unwrap_or_else(|| json!({}));
            Incoming::Request { id, method: method.to_owned(), params }
        }
        None if message.get("result").is_some() || message.get("error").is_some() => Incoming::Notification,
        None => Incoming::Invalid(error(&id, INVALID_REQUEST, "the message has no `method`")),
    }
}

/// Returns the response with a result.
pub(super) fn response(id: &Value, result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

/// Returns the response to a method that this server does not have.
pub(super) fn unknown_method(id: &Value, method: &str) -> Value {
    error(id, METHOD_NOT_FOUND, &format!("no method `{method}`"))
}

/// Returns the response to a request whose parameters are not valid.
pub(super) fn invalid_params(id: &Value, message: &str) -> Value {
    error(id, INVALID_PARAMS, message)
}

/// Returns the result of `initialize`: the client's version of the protocol if this server speaks it.
pub(super) fn initialized(params: &Value, instructions: &str) -> Value {
    let requested = params["protocolVersion"].as_str().unwrap_or_default();
    let version = VERSIONS.iter().find(|version| **version == requested).unwrap_or(&VERSIONS[0]);
    json!({
        "protocolVersion": version,
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "cargo-bedrock", "version": env!("CARGO_PKG_VERSION") },
        "instructions": instructions,
    })
}

/// Returns the result of `tools/call`. An error is a result, too, so that the model reads it.
pub(super) fn tool_result(text: &str, is_error: bool) -> Value {
    json!({ "content": [{ "type": "text", "text": text }], "isError": is_error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_requests_notifications_or_errors() {
        let request = parse(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
        assert_eq!(request, Incoming::Request { id: json!(1), method: "ping".to_owned(), params: json!({}) });
        for notification in
            [r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#]
        {
            assert_eq!(parse(notification), Incoming::Notification);
        }
        for (line, code) in [("{", -32700), ("[]", -32600), ("1", -32600), (r#"{"id":7}"#, -32600)] {
            let Incoming::Invalid(response) = parse(line) else { panic!("{line}") };
            assert_eq!(response["error"]["code"], code, "{line}");
        }
    }

    #[test]
    fn version_is_the_clients_if_it_is_known() {
        let version =
            |requested: &str| initialized(&json!({ "protocolVersion": requested }), "")["protocolVersion"].clone();
        assert_eq!(version("2024-11-05"), "2024-11-05");
        assert_eq!(version("2999-01-01"), VERSIONS[0]);
        assert_eq!(initialized(&json!(null), "")["protocolVersion"], VERSIONS[0]);
    }
}
