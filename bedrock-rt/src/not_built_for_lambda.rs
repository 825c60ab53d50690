//! What a program does on Lambda that `cargo bedrock build` has not built: it tells Lambda, and stops. Takes the place of
//! the module `lambda`, so that a local build compiles no client of the Runtime API.

use std::future::{Ready, ready};
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use serde_json::json;

use crate::stderr::print_error;
use crate::{RegisteredWorker, Result, WorkerError};

/// The error type that Lambda's logs and metrics show.
const ERROR_TYPE: &str = "Runtime.NotBuiltForLambda";
/// The Runtime API is on the same machine.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Reports the error in place of the worker's invocations.
pub(crate) fn run<W: RegisteredWorker>() -> ExitCode {
    report(&format!("the worker `{}`", W::NAME));
    ExitCode::FAILURE
}

/// Reports the error in place of the endpoint's invocations.
pub(crate) fn serve(_: Router) -> Ready<Result<()>> {
    ready(Err(WorkerError::new(ERROR_TYPE, report("this program"))))
}

/// Ends the init phase with an error, which Lambda gives to the caller. Returns its message.
fn report(program: &str) -> String {
    let message = format!("{program} was not built for Lambda; build it with `cargo bedrock build`");
    print_error(&format!("error: {message}"));
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_default();
    if let Err(error) = post_init_error(&address, &message) {
        print_error(&format!("error: failed to reach Lambda's Runtime API at {address}: {error}"));
    }
    message
}

/// Sends the error as the Runtime API's `/runtime/init/error` takes it, and waits for the answer.
fn post_init_error(address: &str, message: &str) -> io::Result<()> {
    let body = json!({ "errorType": ERROR_TYPE, "errorMessage": message, "stackTrace": [] }).to_string();
    let request = format!(
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/vnd.aws.lambda.error+json\r\nContent-Length: {}\r\n\
         Lambda-Runtime-Function-Error-Type: {ERROR_TYPE}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(request.as_bytes())?;
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status)?;
    Ok(())
}
