//! The services of the settings without a dev server, for `cargo bedrock test`: they begin empty, and end with the tests.

use std::sync::{Arc, Mutex, PoisonError};

use bedrock_build::App;
use bedrock_build::settings::DevServices;
use bedrock_dev::ServicesServer;
use bedrock_dev::execution::{LogLine, LogSink};
use tokio::runtime::Runtime;

use super::install::{find, install_help};
use super::ministack::local_region;
use super::{ServiceOptions, Services};
use crate::ui::Printer;
use bedrock_diagnostics::{Error, Result};

/// Folder of ministack's state and log in `target/bedrock`. It is not that of `dev`, whose data tests leave alone.
const FOLDER: &str = "test-services";

/// Running services with a server that checks what functions may do.
pub(crate) struct StandaloneServices {
    /// Ends before what it passes requests to.
    server: ServicesServer,
    _services: Services,
    _runtime: Runtime,
}

impl StandaloneServices {
    /// Starts what the settings of `app` say. Returns `None` if they name no services, or if ministack is not installed, which a
    /// note says.
    pub(crate) fn start(app: &App, options: ServiceOptions<'_>) -> Result<Option<Self>> {
        let settings = &app.settings.dev;
        if settings.services.is_none() && settings.account.is_none() {
            return Ok(None);
        }
        if settings.services == Some(DevServices::Ministack) && find(app).is_none() {
            let help = install_help();
            options
                .print
                .note(&format!("tests run without the services of `dev.services`: ministack is not installed; {help}"));
            return Ok(None);
        }
        let _ = std::fs::remove_dir_all(bedrock_package::artifact_dir(app).join(FOLDER));
        let services = Services::start_in(app, FOLDER, options)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Error::io("failed to start the async runtime", &error))?;
        let app = services.applied_to(app);
        let server = runtime.block_on(ServicesServer::start(&app, services.of_account(), log_sink(options.print)));
        let server = server.map_err(|error| Error::io("failed to serve the services of `dev.services`", &error))?;
        Ok(Some(Self { server, _services: services, _runtime: runtime }))
    }

    /// Returns the environment variables by which SDKs find the services.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let region = local_region();
        let of_region = ["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| (name.to_owned(), region.clone()));
        [("AWS_ENDPOINT_URL".to_owned(), self.server.url().to_owned())].into_iter().chain(of_region).collect()
    }
}

/// Prints what is denied, with what to add to the settings.
fn log_sink(print: Printer) -> LogSink {
    let denied = Mutex::new(None::<String>);
    Arc::new(move |line: LogLine| {
        let mut denied = denied.lock().unwrap_or_else(PoisonError::into_inner);
        match line.text.strip_prefix("help: ") {
            Some(help) => print.error(&Error::app(denied.take().unwrap_or_default()).help(help)),
            None => *denied = Some(line.text.trim_start_matches("error: ").to_owned()),
        }
    })
}
