//! The services of the settings without a dev server: for `cargo bedrock test`, where they begin empty, and for a program that
//! `cargo run` has started. They end with the tests or the program.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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

/// Folder of what `cargo run` stores in `target/bedrock`, and the name of its lock.
const PROGRAM_FOLDER: &str = "run-services";
/// How long the services of a program that has just ended may take to store their state.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Running services with a server that checks what functions may do.
pub(crate) struct StandaloneServices {
    /// Ends before what it passes requests to.
    server: ServicesServer,
    services: Services,
    /// Ends after ministack, which stores its state there.
    _folder: StateFolder,
    _runtime: Runtime,
}

impl StandaloneServices {
    /// Starts what the settings of `app` say, empty and without the services of an account. Returns `None` if they name no services, or if ministack is not installed, which a
    /// note says.
    pub(crate) fn start(app: &App, options: ServiceOptions<'_>) -> Result<Option<Self>> {
        let app = without_account(app, "tests do", options.print);
        let setting = app.settings.dev.services.as_ref();
        if setting.is_none() {
            return Ok(None);
        }
        if setting == Some(&DevServices::Ministack) && find(&app).is_none() {
            let help = install_help();
            options
                .print
                .note(&format!("tests run without the services of `dev.services`: ministack is not installed; {help}"));
            return Ok(None);
        }
        let folder = StateFolder::take_empty(&bedrock_package::artifact_dir(&app))?;
        let buckets = folder.path.clone();
        Self::start_in(&app, folder, &buckets, options).map(Some)
    }

    /// Starts what the settings of `app` say for a program that `cargo run` has started: with what earlier programs have
    /// stored, with the buckets of `dev`, and without the services of an account.
    pub(crate) fn start_for_program(app: &App, options: ServiceOptions<'_>) -> Result<Self> {
        let app = without_account(app, "`cargo run` does", options.print);
        if app.settings.dev.services.is_none() {
            return Err(Error::call("the settings name no services")
                .help("set `dev.services = \"ministack\"` in `[package.metadata.bedrock]`"));
        }
        let folder = StateFolder::take(&bedrock_package::artifact_dir(&app), options)?;
        Self::start_in(&app, folder, &app.root, options)
    }

    fn start_in(app: &App, folder: StateFolder, buckets: &Path, options: ServiceOptions<'_>) -> Result<Self> {
        let services = Services::start_in(app, &folder.name(), options)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Error::io("failed to start the async runtime", &error))?;
        let app = services.applied_to(app);
        let server = ServicesServer::start(&app, &folder.path, buckets, log_sink(options.print));
        let server = runtime
            .block_on(server)
            .map_err(|error| Error::call("failed to serve the services of `dev.services`").cause(error.to_string()))?;
        Ok(Self { server, services, _folder: folder, _runtime: runtime })
    }

    /// Returns the URL of ministack or of `dev.endpoint`.
    pub(crate) fn url(&self) -> Option<&str> {
        self.services.url()
    }

    /// Returns the environment variables by which SDKs find the services, and functions their queues and buckets.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let region = local_region();
        let of_region = ["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| (name.to_owned(), region.clone()));
        self.server.variables().iter().cloned().chain(of_region).collect()
    }
}

/// Returns an app that reaches no account, which a note says.
fn without_account(app: &App, who: &str, print: Printer) -> App {
    let mut app = app.clone();
    if let Some(account) = app.settings.dev.account.take() {
        print.note(&format!("{who} not reach the account of `dev.profile` (`{}`)", account.profile));
    }
    app
}

/// A folder for the state of services, which nothing else has at the same time.
#[derive(Debug)]
struct StateFolder {
    path: PathBuf,
    /// It is that of a run next to another one, and is deleted at the end.
    is_temporary: bool,
    /// Locked as long as the folder is in use. `None` if it has the name of this process.
    _lock: Option<File>,
}

impl StateFolder {
    /// Returns the folder of tests, or one of this process if other tests are running. It is empty.
    fn take_empty(artifacts: &Path) -> Result<Self> {
        let failed = |error: io::Error| Error::io("failed to prepare the folder of the services of tests", &error);
        let lock = Self::try_lock(artifacts, FOLDER).map_err(failed)?;
        let folder = Self::new(artifacts, FOLDER, lock);
        match fs::remove_dir_all(&folder.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        folder.create().map_err(failed)?;
        Ok(folder)
    }

    /// Returns the folder of programs with what they have stored. It is an empty one of this process if another program is
    /// still running after `RELEASE_TIMEOUT`.
    fn take(artifacts: &Path, options: ServiceOptions<'_>) -> Result<Self> {
        let failed = |error: io::Error| Error::io("failed to prepare the folder of the services", &error);
        let started = Instant::now();
        let mut lock = Self::try_lock(artifacts, PROGRAM_FOLDER).map_err(failed)?;
        while lock.is_none() && started.elapsed() < RELEASE_TIMEOUT {
            options.tools.check()?;
            std::thread::sleep(POLL_INTERVAL);
            lock = Self::try_lock(artifacts, PROGRAM_FOLDER).map_err(failed)?;
        }
        if lock.is_none() {
            options.print.note("another program of this app has the stored data; this one starts with empty services");
        }
        let folder = Self::new(artifacts, PROGRAM_FOLDER, lock);
        folder.create().map_err(failed)?;
        Ok(folder)
    }

    /// Returns the lock of a folder. `None` if it is in use.
    fn try_lock(artifacts: &Path, name: &str) -> io::Result<Option<File>> {
        fs::create_dir_all(artifacts)?;
        let path = artifacts.join(format!("{name}.lock"));
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn new(artifacts: &Path, name: &str, lock: Option<File>) -> Self {
        let path = match &lock {
            Some(_) => artifacts.join(name),
            None => artifacts.join(format!("{name}-{}", std::process::id())),
        };
        Self { path, is_temporary: lock.is_none(), _lock: lock }
    }

    /// Creates the folder. It contains what workers store.
    fn create(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)
    }

    /// Returns its name in `target/bedrock`.
    fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl Drop for StateFolder {
    fn drop(&mut self) {
        if self.is_temporary {
            // It is in the folder of builds, which the user deletes from time to time.
            let _ = fs::remove_dir_all(&self.path);
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
        let file = |folder: &StateFolder| folder.path.join("state");
        let write = |folder: &StateFolder| fs::write(file(folder), "").expect("a file");
        let first = StateFolder::take_empty(dir.path()).expect("a folder");
        write(&first);
        let second = StateFolder::take_empty(dir.path()).expect("a folder");
        write(&second);
        assert_ne!(first.path, second.path);
        assert!(file(&first).exists());
        let of_second = file(&second);
        drop(second);
        assert!(!of_second.exists());
        let of_first = file(&first);
        drop(first);
        // Its log can be read after the tests.
        assert!(of_first.exists());
        let next = StateFolder::take_empty(dir.path()).expect("a folder");
        assert!(next.name() == FOLDER && !of_first.exists());
    }

    #[test]
    fn folder_that_cannot_be_deleted_is_an_error() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join(FOLDER), "").expect("a file");
        let error = StateFolder::take_empty(dir.path()).expect_err("an error").reports.remove(0).message;
        assert!(error.contains("failed to prepare the folder of the services of tests"), "{error}");
    }
}
