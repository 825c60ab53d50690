//! Runs one worker on this machine, for `cargo bedrock invoke`.

use bedrock_build::{App, Worker};

use crate::error::{Error, Result};

/// Invokes `worker` with `payload`, which is JSON, and gives its response, also JSON; nothing for an `event`.
pub(crate) fn run(app: &App, worker: &Worker, payload: String, event: bool) -> Result<Option<String>> {
    let kind = if event { "an event" } else { "a payload" };
    Err(Error::call(format!("cannot invoke worker `{}` of `{}`", worker.name, app.name))
        .cause(format!("workers are not run from here yet ({kind} of {} bytes was ready)", payload.into_bytes().len())))
}
