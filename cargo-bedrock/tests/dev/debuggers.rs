//! What debuggers say: the Debug Adapter Protocol to debugpy, Chrome's protocol to Node.js.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// How long to wait for what has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Connects as soon as somebody listens.
fn connect(port: u16) -> TcpStream {
    let until = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
                return stream;
            }
            Err(error) => assert!(Instant::now() < until, "port {port}: {error}"),
        }
    }
}

/// What stands behind a head that says how long it is. The connection stays open.
fn framed(stream: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).expect("a line") > 0, "it hung up");
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

/// A debugger of Python.
pub(crate) struct Dap {
    stream: BufReader<TcpStream>,
    sent: u64,
    heard: Vec<Value>,
}

impl Dap {
    /// Attaches, with a breakpoint at a line of a file.
    pub(crate) fn attach(port: u16, file: &str, line: u64) -> Self {
        let mut dap = Self { stream: BufReader::new(connect(port)), sent: 0, heard: Vec::new() };
        dap.ask("initialize", &json!({ "adapterID": "test", "clientID": "test", "pathFormat": "path" }));
        // Its answer comes when everything is set up.
        let attached = dap.send("attach", &json!({ "justMyCode": true }));
        dap.wait(|said| said["event"] == "initialized");
        let breakpoints = json!({ "source": { "path": file }, "breakpoints": [{ "line": line }] });
        let set = dap.ask("setBreakpoints", &breakpoints);
        assert_eq!(set["breakpoints"][0]["verified"], true, "{set}");
        dap.ask("configurationDone", &json!({}));
        dap.answer(attached);
        dap
    }

    /// Waits at the breakpoint; gives the thread and the value of an expression there.
    pub(crate) fn stopped(&mut self, expression: &str) -> (Value, String) {
        let thread = self.wait(|said| said["event"] == "stopped")["body"]["threadId"].clone();
        let frames = self.ask("stackTrace", &json!({ "threadId": thread }));
        let frame = &frames["stackFrames"][0]["id"];
        let value = self.ask("evaluate", &json!({ "expression": expression, "frameId": frame, "context": "watch" }));
        (thread, value["result"].as_str().expect("a value").to_owned())
    }

    pub(crate) fn go_on(&mut self, thread: &Value) {
        self.ask("continue", &json!({ "threadId": thread }));
    }

    /// Leaves the worker to itself.
    pub(crate) fn detach(mut self) {
        self.ask("disconnect", &json!({ "terminateDebuggee": false }));
    }

    fn ask(&mut self, command: &str, arguments: &Value) -> Value {
        let sent = self.send(command, arguments);
        self.answer(sent)
    }

    fn send(&mut self, command: &str, arguments: &Value) -> u64 {
        self.sent += 1;
        let body =
            json!({ "seq": self.sent, "type": "request", "command": command, "arguments": arguments }).to_string();
        let message = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.stream.get_mut().write_all(message.as_bytes()).expect("a request");
        self.sent
    }

    fn answer(&mut self, sent: u64) -> Value {
        let said = self.wait(|said| said["type"] == "response" && said["request_seq"] == sent);
        assert_eq!(said["success"], true, "{said}");
        said["body"].clone()
    }

    fn wait(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(at) = self.heard.iter().position(&is_it) {
                return self.heard.remove(at);
            }
            self.heard.push(serde_json::from_slice(&framed(&mut self.stream)).expect("JSON"));
        }
    }
}

/// A debugger of Node.js.
pub(crate) struct Inspector {
    socket: WebSocket<TcpStream>,
    sent: u64,
    heard: Vec<Value>,
}

impl Inspector {
    /// Attaches, with a breakpoint at a line, the first of which is 0, of files whose addresses end like this.
    pub(crate) fn attach(port: u16, file: &str, line: u64) -> Self {
        let mut stream = connect(port);
        let request = format!("GET /json/list HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("a request");
        let listed: Value = serde_json::from_slice(&framed(&mut BufReader::new(stream))).expect("JSON");
        let url = listed[0]["webSocketDebuggerUrl"].as_str().expect("an address").to_owned();
        let (socket, _) = tungstenite::client(url, connect(port)).expect("a connection");
        let mut inspector = Self { socket, sent: 0, heard: Vec::new() };
        inspector.ask("Runtime.enable", &json!({}));
        inspector.ask("Debugger.enable", &json!({}));
        let set = inspector
            .ask("Debugger.setBreakpointByUrl", &json!({ "urlRegex": format!(".*{file}$"), "lineNumber": line }));
        assert_eq!(set["locations"].as_array().map(Vec::len), Some(1), "{set}");
        inspector
    }

    /// Waits at the breakpoint; gives the value of an expression there.
    pub(crate) fn paused(&mut self, expression: &str) -> Value {
        let paused = self.wait(|said| said["method"] == "Debugger.paused");
        let frame = &paused["params"]["callFrames"][0]["callFrameId"];
        let value =
            self.ask("Debugger.evaluateOnCallFrame", &json!({ "callFrameId": frame, "expression": expression }));
        value["result"]["value"].clone()
    }

    pub(crate) fn go_on(&mut self) {
        self.ask("Debugger.resume", &json!({}));
    }

    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let sent = self.sent;
        let message = json!({ "id": sent, "method": method, "params": parameters }).to_string();
        self.socket.send(Message::text(message)).expect("a request");
        let said = self.wait(|said| said["id"] == sent);
        assert_eq!(said.get("error"), None, "{method}");
        said["result"].clone()
    }

    fn wait(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(at) = self.heard.iter().position(&is_it) {
                return self.heard.remove(at);
            }
            let message = self.socket.read().expect("a message");
            if let Message::Text(text) = message {
                self.heard.push(serde_json::from_str(&text).expect("JSON"));
            }
        }
    }
}
