//! The services of the settings without a dev server, for `cargo bedrock test`: they begin empty, and end with the tests.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
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

/// Folder of ministack's state and log in `target/bedrock`, and the name of its lock. It is not that of `dev`, whose data tests leave alone.
const FOLDER: &str = "test-services";

/// Running services with a server that checks what functions may do.
pub(crate) struct StandaloneServices {
    /// Ends before what it passes requests to.
    server: ServicesServer,
    _services: Services,
    /// Ends after ministack, which stores its state there.
    _folder: StateFolder,
    _runtime: Runtime,
}

impl StandaloneServices {
    /// Starts what the settings of `app` say, without the services of an account. Returns `None` if they name no services, or if ministack is not installed, which a
    /// note says.
    pub(crate) fn start(app: &App, options: ServiceOptions<'_>) -> Result<Option<Self>> {
        let mut app = app.clone();
        if let Some(account) = app.settings.dev.account.take() {
            let profile = account.profile;
            options.print.note(&format!("tests do not reach the account of `dev.profile` (`{profile}`)"));
        }
        let app = &app;
        let settings = &app.settings.dev;
        if settings.services.is_none() {
            return Ok(None);
        }
        if settings.services == Some(DevServices::Ministack) && find(app).is_none() {
            let help = install_help();
            options
                .print
                .note(&format!("tests run without the services of `dev.services`: ministack is not installed; {help}"));
            return Ok(None);
        }
        let folder = StateFolder::take(&bedrock_package::artifact_dir(app))?;
        let services = Services::start_in(app, &folder.name, options)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Error::io("failed to start the async runtime", &error))?;
        let app = services.applied_to(app);
        let server = runtime.block_on(ServicesServer::start(&app, None, log_sink(options.print)));
        let server = server.map_err(|error| Error::io("failed to serve the services of `dev.services`", &error))?;
        Ok(Some(Self { server, _services: services, _folder: folder, _runtime: runtime }))
    }

    /// Returns the environment variables by which SDKs find the services.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let region = local_region();
        let of_region = ["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| (name.to_owned(), region.clone()));
        [("AWS_ENDPOINT_URL".to_owned(), self.server.url().to_owned())].into_iter().chain(of_region).collect()
    }
}

/// A folder for ministack's state that no other run of tests has. It is empty at first.
#[derive(Debug)]
struct StateFolder {
    /// Its name in `target/bedrock`.
    name: String,
    /// The folder of a run beside another one, which is deleted at the end.
    temporary: Option<PathBuf>,
    /// Locked as long as the folder is in use. `None` if it has the name of this process.
    _lock: Option<File>,
}

impl StateFolder {
    fn take(artifacts: &Path) -> Result<Self> {
        let failed = |error: io::Error| Error::io("failed to prepare the folder of the services of tests", &error);
        fs::create_dir_all(artifacts).map_err(failed)?;
        let path = artifacts.join(format!("{FOLDER}.lock"));
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        let folder = match lock.try_lock() {
            Ok(()) => Self { name: FOLDER.to_owned(), temporary: None, _lock: Some(lock) },
            Err(TryLockError::WouldBlock) => {
                let name = format!("{FOLDER}-{}", std::process::id());
                Self { temporary: Some(artifacts.join(&name)), name, _lock: None }
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        };
        match fs::remove_dir_all(artifacts.join(&folder.name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(folder),
        }
    }
}

impl Drop for StateFolder {
    fn drop(&mut self) {
        if let Some(folder) = &self.temporary {
            // It is in the folder of builds, which the user deletes from time to time.
            let _ = fs::remove_dir_all(folder);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_beside_each_other_have_folders_of_their_own() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = |folder: &StateFolder| dir.path().join(&folder.name).join("state");
        let write = |folder: &StateFolder| {
            fs::create_dir_all(dir.path().join(&folder.name)).expect("a folder");
            fs::write(file(folder), "").expect("a file");
        };
        let first = StateFolder::take(dir.path()).expect("a folder");
        write(&first);
        let second = StateFolder::take(dir.path()).expect("a folder");
        write(&second);
        assert_ne!(first.name, second.name);
        assert!(file(&first).exists());
        let of_second = file(&second);
        drop(second);
        assert!(!of_second.exists());
        let of_first = file(&first);
        drop(first);
        // Its log can be read after the tests.
        assert!(of_first.exists());
        let next = StateFolder::take(dir.path()).expect("a folder");
        assert!(next.name == FOLDER && !of_first.exists());
    }

    #[test]
    fn folder_that_cannot_be_deleted_is_an_error() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join(FOLDER), "").expect("a file");
        let error = StateFolder::take(dir.path()).expect_err("an error").reports.remove(0).message;
        assert!(error.contains("failed to prepare the folder of the services of tests"), "{error}");
    }
}
