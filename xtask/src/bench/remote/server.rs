//! The Invoke API on this machine as a separate process, and the environment of a function that calls through it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, anyhow};

use crate::workspace::Workspace;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    url: String,
    certificate: String,
}

impl Server {
    /// Starts `command`, which is `bench_remote_server` or something that runs it.
    pub(super) fn start(workspace: &Workspace, mut command: Command) -> Result<Self> {
        let certificate = workspace.target.join("bench/remote/certificate.pem");
        command.arg(&certificate).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("failed to start bench_remote_server")?;
        let mut url = String::new();
        let stdout = child.stdout.take().ok_or_else(|| anyhow!("bench_remote_server has no output"))?;
        BufReader::new(stdout).read_line(&mut url).context("failed to read what bench_remote_server prints")?;
        Ok(Self { child, url: url.trim().to_owned(), certificate: certificate.display().to_string() })
    }

    /// Returns region, keys, endpoint and trusted certificate, and the name of a function of an app.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
            ("AWS_CA_BUNDLE", self.certificate.clone()),
            ("AWS_ENDPOINT_URL_LAMBDA", self.url.clone()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench-dev-caller".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "bench".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "bench".to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            // As long as the token of the role of a function.
            ("AWS_SESSION_TOKEN", "x".repeat(1000)),
        ]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It exits when its input is closed.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
