//! Debugger clients: the Debug Adapter Protocol for debugpy, and Chrome's protocol for Node.js.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// Timeout of connections and messages.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Connects as soon as the port is open.
fn connect(port: u16) -> TcpStream {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => {
                stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
                return stream;
            }
            Err(error) => assert!(Instant::now() < deadline, "port {port}: {error}"),
        }
    }
}

/// Reads the body of a message with a `Content-Length` header. The connection stays open.
fn read_message(stream: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).expect("a line") > 0, "the connection was closed");
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("a message");
    body
}

/// A client of debugpy.
pub(crate) struct DebugpyClient {
    stream: BufReader<TcpStream>,
    /// Number of the last request.
    last_request: u64,
    /// Messages that were not waited for yet.
    received: Vec<Value>,
}

impl DebugpyClient {
    /// Attaches and sets a breakpoint at a line of a file.
    pub(crate) fn attach(port: u16, file: &str, line: u64) -> Self {
        let mut dap = Self { stream: BufReader::new(connect(port)), last_request: 0, received: Vec::new() };
        dap.request("initialize", &json!({ "adapterID": "test", "clientID": "test", "pathFormat": "path" }));
        // The response arrives after `configurationDone`.
        let attached = dap.send("attach", &json!({ "justMyCode": true }));
        dap.wait(|message| message["event"] == "initialized");
        let breakpoints = json!({ "source": { "path": file }, "breakpoints": [{ "line": line }] });
        let set = dap.request("setBreakpoints", &breakpoints);
        assert_eq!(set["breakpoints"][0]["verified"], true, "{set}");
        dap.request("configurationDone", &json!({}));
        dap.response(attached);
        dap
    }

    /// Waits until the worker stops at the breakpoint. Returns the thread and the value of an expression there.
    pub(crate) fn wait_at_breakpoint(&mut self, expression: &str) -> (Value, String) {
        let thread = self.wait(|message| message["event"] == "stopped")["body"]["threadId"].clone();
        let frames = self.request("stackTrace", &json!({ "threadId": thread }));
        let frame = &frames["stackFrames"][0]["id"];
        let value =
            self.request("evaluate", &json!({ "expression": expression, "frameId": frame, "context": "watch" }));
        (thread, value["result"].as_str().expect("a value").to_owned())
    }

    pub(crate) fn resume(&mut self, thread: &Value) {
        self.request("continue", &json!({ "threadId": thread }));
    }

    /// Detaches, and lets the worker continue.
    pub(crate) fn detach(mut self) {
        self.request("disconnect", &json!({ "terminateDebuggee": false }));
    }

    fn request(&mut self, command: &str, arguments: &Value) -> Value {
        let request = self.send(command, arguments);
        self.response(request)
    }

    /// Sends a request. Returns its number.
    fn send(&mut self, command: &str, arguments: &Value) -> u64 {
        self.last_request += 1;
        let body = json!({ "seq": self.last_request, "type": "request", "command": command, "arguments": arguments })
            .to_string();
        let message = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.stream.get_mut().write_all(message.as_bytes()).expect("a request");
        self.last_request
    }

    fn response(&mut self, request: u64) -> Value {
        let message = self.wait(|message| message["type"] == "response" && message["request_seq"] == request);
        assert_eq!(message["success"], true, "{message}");
        message["body"].clone()
    }

    /// Returns the first message that matches.
    fn wait(&mut self, matches: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(index) = self.received.iter().position(&matches) {
                return self.received.remove(index);
            }
            self.received.push(serde_json::from_slice(&read_message(&mut self.stream)).expect("JSON"));
        }
    }
}

/// A client of Node.js's inspector.
pub(crate) struct NodeInspectorClient {
    socket: WebSocket<TcpStream>,
    /// Number of the last request.
    last_request: u64,
    /// Messages that were not waited for yet.
    received: Vec<Value>,
}

impl NodeInspectorClient {
    /// Attaches and sets a breakpoint at a line, counted from 0, of all files whose URLs end with `file`.
    pub(crate) fn attach(port: u16, file: &str, line: u64) -> Self {
        let mut stream = connect(port);
        let request = format!("GET /json/list HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("a request");
        let listed: Value = serde_json::from_slice(&read_message(&mut BufReader::new(stream))).expect("JSON");
        let url = listed[0]["webSocketDebuggerUrl"].as_str().expect("an address").to_owned();
        let (socket, _) = tungstenite::client(url, connect(port)).expect("a connection");
        let mut inspector = Self { socket, last_request: 0, received: Vec::new() };
        inspector.request("Runtime.enable", &json!({}));
        inspector.request("Debugger.enable", &json!({}));
        let set = inspector
            .request("Debugger.setBreakpointByUrl", &json!({ "urlRegex": format!(".*{file}$"), "lineNumber": line }));
        assert_eq!(set["locations"].as_array().map(Vec::len), Some(1), "{set}");
        inspector
    }

    /// Waits until the worker stops at the breakpoint. Returns the value of an expression there.
    pub(crate) fn wait_at_breakpoint(&mut self, expression: &str) -> Value {
        let paused = self.wait(|message| message["method"] == "Debugger.paused");
        let frame = &paused["params"]["callFrames"][0]["callFrameId"];
        let value =
            self.request("Debugger.evaluateOnCallFrame", &json!({ "callFrameId": frame, "expression": expression }));
        value["result"]["value"].clone()
    }

    pub(crate) fn resume(&mut self) {
        self.request("Debugger.resume", &json!({}));
    }

    fn request(&mut self, method: &str, parameters: &Value) -> Value {
        self.last_request += 1;
        let request = self.last_request;
        let message = json!({ "id": request, "method": method, "params": parameters }).to_string();
        self.socket.send(Message::text(message)).expect("a request");
        let message = self.wait(|message| message["id"] == request);
        assert_eq!(message.get("error"), None, "{method}");
        message["result"].clone()
    }

    /// Returns the first message that matches.
    fn wait(&mut self, matches: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(index) = self.received.iter().position(&matches) {
                return self.received.remove(index);
            }
            let message = self.socket.read().expect("a message");
            if let Message::Text(text) = message {
                self.received.push(serde_json::from_str(&text).expect("JSON"));
            }
        }
    }
}
