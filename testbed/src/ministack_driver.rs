//! The Python program that runs ministack: starts it, sends it requests and ends it. The requests come from
//! `ministack`.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

/// An error response of an AWS API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ApiError {
    /// The error code, for example `ResourceNotFoundException`.
    pub code: String,
    /// The message of AWS's model or of ministack.
    pub message: String,
    /// The HTTP status. `None` if there was no response.
    pub status: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum DriverResponse {
    Ok(Value),
    Error(ApiError),
}

#[derive(Debug)]
pub(crate) struct MinistackDriver {
    child: Child,
    /// `None` when the driver is being ended.
    requests: Option<ChildStdin>,
    responses: BufReader<ChildStdout>,
}

impl MinistackDriver {
    /// Starts the driver with ministack's Python. Returns it with the endpoint URL of ministack.
    pub(crate) fn start(python: &Path, enforce_iam: bool) -> (Self, String) {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/driver.py");
        let mut child = Command::new(python)
            .arg("-B")
            .arg(program)
            .arg(enforce_iam.to_string())
            // If the process group of the test is killed, the driver must survive to clean up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let requests = child.stdin.take();
        let responses = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut driver = Self { child, requests, responses };
        let endpoint = driver.read_response().expect("ministack starts");
        (driver, endpoint.as_str().expect("a URL").to_owned())
    }

    /// Sends a request and waits for its response.
    pub(crate) fn send(&mut self, request: &Value) -> Result<Value, ApiError> {
        let pipe = self.requests.as_mut().expect("the driver is not being ended");
        writeln!(pipe, "{request}").expect("the driver reads requests");
        self.read_response()
    }

    fn read_response(&mut self) -> Result<Value, ApiError> {
        let mut line = String::new();
        self.responses.read_line(&mut line).expect("the driver responds");
        match serde_json::from_str(&line) {
            Ok(DriverResponse::Ok(value)) => Ok(value),
            Ok(DriverResponse::Error(error)) => Err(error),
            Err(error) => panic!("the driver wrote {line:?}: {error}"),
        }
    }
}

impl Drop for MinistackDriver {
    fn drop(&mut self) {
        // The end of its standard input makes the driver end ministack and exit.
        self.requests = None;
        let _ = self.child.wait();
    }
}
