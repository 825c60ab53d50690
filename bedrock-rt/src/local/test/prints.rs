//! What workers print while a test runs: kept with the invocation, and shown where the test's own output is.

use std::io::{self, Write};
use std::sync::OnceLock;

use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, dispatcher};
use tracing_subscriber::fmt::MakeWriter;

use crate::exec;
use crate::local::output::{Output, short};
use crate::local::tail::Tail;

/// Bytes that are kept of what one invocation prints.
const ROOM: usize = 256 * 1024;

/// What keeps the lines of an invocation; those of a Rust worker are shown by it too.
pub(super) fn tail(worker: &str, request_id: &str, output: &Output) -> Tail {
    let (prefix, output) = (format!("{worker} {}", short(request_id)), output.clone());
    Tail::with_room(ROOM, hear, move |line| output.say(&format!("{prefix} {line}")))
}

/// Takes the log lines of a Rust worker, unless the program under test does that itself.
fn hear(future: exec::Output) -> exec::Output {
    static DISPATCH: OnceLock<Dispatch> = OnceLock::new();
    if !dispatcher::get_default(Dispatch::is::<NoSubscriber>) {
        return future;
    }
    let dispatch = DISPATCH.get_or_init(|| crate::logging::lines_to(Lines));
    Box::pin(future.with_subscriber(dispatch.clone()))
}

/// Writes log lines into the tail of the worker that they come from.
struct Lines;

impl MakeWriter<'_> for Lines {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line(Tail::current())
    }
}

struct Line(Option<Tail>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(tail) = &self.0 {
            tail.said(String::from_utf8_lossy(bytes).trim_end());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
