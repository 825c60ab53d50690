//! The AWS services that the dev server does not have itself, such as DynamoDB: in ministack, which runs as long as `dev`
//! does, or in a server that the user runs. The tables of the app are created there.
//!
//! | module | does |
//! | --- | --- |
//! | `ministack` | runs ministack |
//! | `install` | finds ministack, or installs it |
//! | `account` | services of an AWS account instead |
//! | `standalone` | the services without a dev server, for tests and for `cargo run` |
//! | `program` | serves a program that `cargo run` has started, until it ends |
//! | `options` | the options of both |

mod account;
mod install;
mod ministack;
mod options;
mod program;
mod standalone;

use account::Account;
use bedrock_build::App;
use bedrock_build::settings::{DevAccount, DevServices};
use bedrock_dev::AccountServices;

use crate::ui::Printer;
use bedrock_diagnostics::{ExitKind, Result};
use install::find_or_install;
pub(crate) use install::{install_help, installed};
use ministack::{Ministack, local_region};
pub(crate) use options::ServiceOptions;
pub(crate) use program::serve_program;
pub(crate) use standalone::StandaloneServices;

/// Folder of ministack's state and log in `target/bedrock`.
const FOLDER: &str = "services";

/// Running services, as the settings of an app say.
pub(super) struct Services {
    setting: Option<DevServices>,
    server: Option<Ministack>,
    account: Option<Account>,
}

impl Services {
    /// Starts what the settings of `app` say, and creates the tables and streams of the app that are missing.
    pub(super) fn start(app: &App, options: ServiceOptions<'_>) -> Result<Self> {
        Self::start_in(app, FOLDER, options)
    }

    /// The same with ministack's state in this folder of `target/bedrock`.
    fn start_in(app: &App, folder: &str, options: ServiceOptions<'_>) -> Result<Self> {
        // Wrong credentials are found before anything is started.
        let account = app.settings.dev.account.as_ref().map(Account::open).transpose()?;
        let setting = app.settings.dev.services.clone();
        let server = match &setting {
            Some(DevServices::Ministack) => {
                let program = find_or_install(app, options)?;
                Some(Ministack::start(&program, &bedrock_package::artifact_dir(app).join(folder), options)?)
            }
            Some(DevServices::Endpoint(_)) | None => None,
        };
        let services = Self { setting, server, account };
        match services.create_tables(app, options.print) {
            // Only while ministack runs can the user delete a table with a wrong key.
            Err(error) if services.server.is_some() && error.kind == ExitKind::App => options.print.error(&error),
            created => created?,
        }
        Ok(services)
    }

    /// Returns the services of the changed `app`. If they are the same, the server keeps running, whatever the account is, and
    /// one that has ended is started again. If the new ones do not start, the error is printed, the previous ones stay, and
    /// the next restart of the dev server tries again.
    pub(super) fn for_app(mut self, app: &App, options: ServiceOptions<'_>) -> Self {
        let services = if self.keeps_running_for(app) {
            self.change_account(app.settings.dev.account.as_ref(), options.print);
            self.create_tables(app, options.print).map(|()| None)
        } else {
            Self::start(app, options).map(Some)
        };
        match services {
            Ok(started) => started.unwrap_or(self),
            Err(error) => {
                options.print.error(&error);
                self
            }
        }
    }

    fn keeps_running_for(&self, app: &App) -> bool {
        app.settings.dev.services == self.setting && !self.server.as_ref().is_some_and(Ministack::has_ended)
    }

    /// Opens the account of changed settings. If that fails, the error is printed, and the previous one stays.
    fn change_account(&mut self, setting: Option<&DevAccount>, print: Printer) {
        if setting == self.account.as_ref().map(Account::setting) {
            return;
        }
        match setting.map(Account::open).transpose() {
            Ok(account) => self.account = account,
            Err(error) => print.error(&error),
        }
    }

    /// Returns the URL of the services. `None` if workers find them where they would without `dev`.
    pub(super) fn url(&self) -> Option<&str> {
        match &self.setting {
            Some(DevServices::Endpoint(url)) => Some(url),
            _ => self.server.as_ref().filter(|server| !server.has_ended()).map(Ministack::url),
        }
    }

    /// Returns the services of an account. `None` if the settings choose none.
    pub(super) fn of_account(&self) -> Option<AccountServices> {
        self.account.as_ref().map(Account::services)
    }

    /// Returns which services are those of which account, for the first line of the output.
    pub(super) fn account_note(&self) -> Option<String> {
        self.account.as_ref().map(Account::note)
    }

    /// Returns `app` with the URL of the services in its settings, for the dev server.
    pub(super) fn applied_to(&self, app: &App) -> App {
        let mut app = app.clone();
        app.settings.dev.account = self.account.as_ref().map(|account| account.setting().clone());
        app.settings.dev.services = self.url().map(|url| DevServices::Endpoint(url.to_owned()));
        app
    }

    fn create_tables(&self, app: &App, print: Printer) -> Result<()> {
        let Some(url) = self.url() else { return Ok(()) };
        let created = bedrock_deploy::create_local_tables(app, url, &local_region()).map_err(|error| {
            let is_of_user = matches!(self.setting, Some(DevServices::Endpoint(_)));
            if is_of_user && error.kind != ExitKind::App {
                error.help("start the server of `dev.endpoint` first, or remove the setting")
            } else {
                error
            }
        })?;
        for name in created {
            print.note(&format!("created the {name} at {url}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Services;
    use bedrock_build::App;

    #[test]
    fn server_keeps_running_whatever_the_account_is() {
        let dir = tempfile::tempdir().expect("a folder");
        let app = |settings: &str| {
            let text = format!("[package]\nname = \"shop\"\n[package.metadata.bedrock.dev]\n{settings}\n");
            std::fs::write(dir.path().join("Cargo.toml"), text).expect("a file");
            App::open(dir.path()).expect("an app")
        };
        let setting = app("services = 'ministack'").settings.dev.services;
        let services = Services { setting, server: None, account: None };
        for (settings, keeps) in [
            ("services = 'ministack'", true),
            ("profile = 'work'\nservices = ['ministack', 'ssm']", true),
            ("profile = 'work'\nservices = ['ssm']", false),
            ("endpoint = 'http://127.0.0.1:8000'", false),
        ] {
            assert_eq!(services.keeps_running_for(&app(settings)), keeps, "{settings}");
        }
    }
}
