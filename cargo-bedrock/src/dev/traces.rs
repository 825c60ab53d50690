//! Whether spans are wanted, and words about them for the user. What becomes a span is in `bedrock-dev`.

use std::sync::Arc;

use bedrock_dev::Workshop;
use bedrock_dev::traces::{Settings, Traces};

use crate::print::Printer;
use bedrock_diagnostics::{Error, Result};

/// As the variables of OpenTelemetry have it.
pub(super) fn wanted() -> Result<Option<Settings>> {
    Settings::read(|name| std::env::var(name).ok()).map_err(|why| Error::call(why.to_string()).help(why.help))
}

/// Sends the workshop's invocations, if that is wanted.
pub(super) fn start(wanted: Option<&Settings>, workshop: &Workshop, print: Printer) -> Result<Option<Traces>> {
    let Some(settings) = wanted else { return Ok(None) };
    let warn = Arc::new(move |text: &str| print.warning(text));
    let traces = workshop.traces(settings.clone(), warn);
    let traces = traces.map_err(|error| Error::io("failed to read the certificates of this machine", &error))?;
    print.note(&format!("traces go to `{}`", settings.endpoint));
    Ok(Some(traces))
}

/// Has those that are under way sent, after the workshop's end.
pub(super) async fn finish(traces: Option<Traces>) {
    if let Some(traces) = traces {
        traces.finish().await;
    }
}
