//! Starts the endpoint, as `cargo run` does, for one request.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use bedrock_build::App;
use bedrock_dev::{HttpRequest, HttpResponse, request_to};
use bedrock_local::Reaper;
use rustix::process::{Pid, Signal, kill_process};

use super::program::compile;
use crate::ui::Printer;
use bedrock_diagnostics::{Error, Interrupt, Result};

/// How often Ctrl-C is looked at while the program starts.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Text before the URL in the line that the endpoint prints when it is ready.
const LISTENING: &str = "listening on http://";

/// Compiles and starts the endpoint, and sends it a request.
pub(super) fn request(app: &App, request: HttpRequest, interrupt: &Interrupt, print: Printer) -> Result<HttpResponse> {
    let program = compile(app, print)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("failed to start the async runtime", &error))?;
    let running = RunningEndpoint::start(&program, print)?;
    let url = running.url(interrupt)?;
    let response = runtime.block_on(async {
        tokio::select! {
            response = request_to(&url, None, request) => {
                response.map_err(|reason| Error::call("failed to send a request to the endpoint").cause(reason))
            }
            () = interrupt.requested() => Err(Interrupt::error()),
        }
    });
    running.stop(interrupt);
    response
}

/// The program of the endpoint. It is killed with this process, however this one ends.
struct RunningEndpoint {
    child: Child,
    urls: Receiver<String>,
    reaper: Reaper,
}

impl RunningEndpoint {
    fn start(program: &Path, print: Printer) -> Result<Self> {
        let mut command = Command::new(program);
        command.env("PORT", "0").process_group(0);
        command.stdin(Stdio::null()).stdout(std::io::stderr()).stderr(Stdio::piped());
        let mut child =
            command.spawn().map_err(|error| Error::io(format!("failed to run `{}`", program.display()), &error))?;
        let reaper = Reaper::default();
        reaper.watch(child.id());
        let (sender, urls) = channel();
        if let Some(stderr) = child.stderr.take() {
            std::thread::spawn(move || {
                print_lines(stderr, print, |url| {
                    let _ = sender.send(url);
                });
            });
        }
        Ok(Self { child, urls, reaper })
    }

    /// Waits until the endpoint listens, and returns its URL.
    fn url(&self, interrupt: &Interrupt) -> Result<String> {
        loop {
            interrupt.check()?;
            match self.urls.recv_timeout(POLL_INTERVAL) {
                Ok(url) => return Ok(url),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::app("the endpoint ended before it listened on a port")
                        .help("call `bedrock::serve` in `main`"));
                }
            }
        }
    }

    /// Stops the endpoint, which waits for the events that it has sent, unless the user presses Ctrl-C.
    fn stop(mut self, interrupt: &Interrupt) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if id.is_none_or(|id| kill_process(id, Signal::INT).is_err()) {
            return;
        }
        while interrupt.check().is_ok() && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

impl Drop for RunningEndpoint {
    fn drop(&mut self) {
        self.reaper.finish();
        let _ = self.child.wait();
    }
}

/// Prints what the program writes, except for the line with its URL.
fn print_lines(stderr: ChildStderr, print: Printer, report_url: impl Fn(String)) {
    for line in BufReader::new(stderr).split(b'\n').map_while(std::result::Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        let address = line.split_once(LISTENING).and_then(|(_, rest)| rest.split([',', ' ']).next());
        match address {
            Some(address) => report_url(format!("http://{address}")),
            None => print.raw_stderr(&format!("{line}\n")),
        }
    }
}
