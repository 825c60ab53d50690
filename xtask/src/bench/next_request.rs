//! The time from exec to the first `GET /next`, before which Lambda cannot send an invocation to a function.

use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::tools;

/// A program without a request within this time has failed.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts a function, and returns the milliseconds until it asks the Runtime API for its first invocation. Ends it then.
pub(super) fn milliseconds(command: &mut Command) -> Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0").context("failed to find a port")?;
    let api = listener.local_addr().context("failed to find a port")?;
    let shown = tools::shown(command);
    command.env("AWS_LAMBDA_RUNTIME_API", api.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let began = Instant::now();
    let mut child = command.spawn().with_context(|| format!("failed to start `{shown}`"))?;
    if let Some(mut output) = child.stdout.take() {
        // A function that ends without a request closes its output: the connection ends the wait for the request.
        thread::spawn(move || io::copy(&mut output, &mut io::sink()).map(|_| TcpStream::connect(api)));
    }
    let asked = first_request(&listener);
    let took = began.elapsed();
    // It would wait for an invocation forever.
    let _ = child.kill();
    let _ = child.wait();
    let asked = asked.with_context(|| format!("`{shown}` asked for no invocation"))?;
    ensure!(
        asked.starts_with("GET /2018-06-01/runtime/invocation/next "),
        "`{shown}` asked for no invocation, its first request is `{asked}`"
    );
    Ok(took.as_secs_f64() * 1e3)
}

/// Returns the start of the first request of the first connection.
fn first_request(listener: &TcpListener) -> io::Result<String> {
    let (mut stream, _) = listener.accept()?;
    stream.set_read_timeout(Some(READ_TIMEOUT))?;
    let mut bytes = [0; 1024];
    let length = stream.read(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..length]).lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<f64> {
        milliseconds(Command::new("bash").args(["-c", script]))
    }

    #[test]
    fn function_that_asks_for_an_invocation_has_a_time() {
        let request = "exec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/:/\\/}; \
            printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\n\\r\\n' >&3; exec sleep 60";
        assert!(shell(request).expect("a time") > 0.0);
    }

    #[test]
    fn function_that_reports_an_error_or_ends_has_no_time() {
        let request = "exec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/:/\\/}; \
            printf 'POST /2018-06-01/runtime/init/error HTTP/1.1\\r\\n\\r\\n' >&3; exec sleep 60";
        let error = shell(request).expect_err("an error of init");
        let message = "asked for no invocation, its first request is `POST /2018-06-01/runtime/init/error HTTP/1.1`";
        assert!(error.to_string().ends_with(message), "{error:#}");
        let error = shell("exit 3").expect_err("no request");
        assert!(error.to_string().ends_with("asked for no invocation, its first request is ``"), "{error:#}");
    }
}
