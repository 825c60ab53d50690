//! Export of traces to an OpenTelemetry collector. Converting invocations to spans is left to `bedrock-dev`.

use std::sync::Arc;

use bedrock_dev::DevServer;
use bedrock_dev::otlp::{OtlpConfig, TraceExporter};

use crate::ui::Printer;
use bedrock_diagnostics::{Error, Result};

/// Reads the settings from OpenTelemetry's environment variables. Returns `None` if no collector is set.
pub(super) fn settings() -> Result<Option<OtlpConfig>> {
    OtlpConfig::read(|name| std::env::var(name).ok()).map_err(|error| Error::call(error.to_string()).help(error.help))
}

/// Starts the export of the server's invocations, if there are settings.
pub(super) fn start(
    settings: Option<&OtlpConfig>,
    server: &DevServer,
    print: Printer,
) -> Result<Option<TraceExporter>> {
    let Some(settings) = settings else { return Ok(None) };
    let warn = Arc::new(move |text: &str| print.warning(text));
    let exporter = server.export_traces(settings.clone(), warn);
    let exporter = exporter.map_err(|error| Error::io("failed to read the certificates of this machine", &error))?;
    // Some services expect a secret in the query.
    let endpoint = settings.endpoint.split('?').next().unwrap_or_default();
    print.note(&format!("traces are exported to `{endpoint}`"));
    Ok(Some(exporter))
}

/// Sends the remaining spans after the server has ended.
pub(super) async fn finish(exporter: Option<TraceExporter>) {
    if let Some(exporter) = exporter {
        exporter.finish().await;
    }
}
