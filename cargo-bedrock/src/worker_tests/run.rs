//! Runs the suites of the selected workers one after the other, and with `--watch` again when their files change.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use bedrock_build::{App, Language, PathDependencies, Worker, shared_dir};
use bedrock_dev::FileWatcher;

use super::select;
use super::suite::Suite;
use crate::dev::services::{ServiceOptions, StandaloneServices};
use crate::running_dev::RunningDev;
use crate::ui::Printer;
use crate::worker_tools;
use bedrock_diagnostics::{Error, ExitKind, Result};
use bedrock_package::tools::{ToolRunner, command_line};

/// What is tested, and how.
#[derive(Debug, Default)]
pub(crate) struct TestOptions {
    /// Names of workers; empty for all and the endpoint.
    pub(crate) workers: Vec<String>,
    /// Arguments for the runner.
    pub(crate) arguments: Vec<String>,
    /// Run the tests again when files change.
    pub(crate) watch: bool,
}

/// Runs the tests until the first run is over or, with `watch`, until the user interrupts.
pub(crate) fn run(app: &App, options: &TestOptions, print: Printer) -> Result<()> {
    let tools = ToolRunner::with_signal_handler()?;
    let service_options = ServiceOptions { should_install: false, tools: &tools, print };
    let running = StandaloneServices::start(app, service_options)?;
    if options.watch {
        return watch(app.clone(), options, running, service_options);
    }
    let services = variables(running.as_ref());
    let suites = suites(app, options, &services, print)?;
    run_suites(suites.into_iter(), &tools, print)
}

/// Environment variables: names and values.
type Variables = [(String, String)];

fn variables(running: Option<&StandaloneServices>) -> Vec<(String, String)> {
    running.map(StandaloneServices::variables).unwrap_or_default()
}

/// Returns the suites of the selected workers. The Rust code of a whole app is one suite. `services` are the variables by which
/// SDKs find AWS's services.
fn suites(app: &App, options: &TestOptions, services: &Variables, print: Printer) -> Result<Vec<Suite>> {
    let named = |name: &String| app.worker(name).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]));
    let selected: Vec<&Worker> = if options.workers.is_empty() {
        app.workers.iter().collect()
    } else {
        options.workers.iter().map(named).collect::<Result<_>>()?
    };
    let (rust, hosted): (Vec<&Worker>, Vec<&Worker>) =
        selected.into_iter().partition(|worker| worker.language == Language::Rust);
    let api = if hosted.is_empty() { None } else { RunningDev::find_url(app) };
    if let Some(url) = &api {
        print.note(&format!("calls of workers go to the app that runs at {url}"));
    }
    let prepared = worker_tools::prepare_with(app, &hosted, api.as_deref(), services.to_vec())?;
    let mut suites = Vec::new();
    for (worker, tools) in hosted.into_iter().zip(&prepared) {
        match select::hosted(app, worker, tools, &options.arguments)? {
            Some(suite) => suites.push(suite),
            None => print.note(&format!("worker `{}` has no tests in `{}`", worker.name, worker.dir)),
        }
    }
    let mut of_rust = if options.workers.is_empty() {
        vec![select::rust(app, None, &options.arguments)]
    } else {
        rust.into_iter().map(|worker| select::rust(app, Some(worker), &options.arguments)).collect()
    };
    if !services.is_empty() {
        for suite in &mut of_rust {
            let variables = services.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            // The credentials of the user are none of the services' business.
            suite.command.env_remove("AWS_PROFILE").env_remove("AWS_SESSION_TOKEN");
            suite.command.envs(variables.chain([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")]));
        }
    }
    suites.extend(of_rust);
    Ok(suites)
}

/// Runs all suites, also after one has failed.
fn run_suites(suites: impl Iterator<Item = Suite>, tools: &ToolRunner, print: Printer) -> Result<()> {
    let mut passed = Vec::new();
    let mut failed = Vec::new();
    for mut suite in suites {
        print.note(&format!("testing `{}` with `{}`", suite.name, suite.runner));
        let command = suite.command.stdin(Stdio::null());
        let mut child = tools.start(command)?;
        let is_success = tools.finish(&mut child, command)?;
        let code = child.wait().ok().and_then(|status| status.code());
        if is_success {
            passed.push(suite.name);
        } else if code.is_some() && code == suite.no_tests_code {
            print.note(&format!("`{}` found no tests of `{}`", suite.runner, suite.name));
        } else {
            let shown = command_line(&suite.command);
            failed.push(Error::app(format!("tests of `{}` failed", suite.name)).cause(format!("`{shown}` failed")));
        }
    }
    if !failed.is_empty() {
        return Err(Error::combine(failed));
    }
    if !passed.is_empty() {
        let names: Vec<String> = passed.iter().map(|name| format!("`{name}`")).collect();
        print.done(&format!("tests of {} passed", names.join(", ")));
    }
    Ok(())
}

/// Runs the tests after each change of a file, until the user interrupts. Changed settings restart the services.
fn watch(
    mut app: App,
    options: &TestOptions,
    mut running: Option<StandaloneServices>,
    service_options: ServiceOptions<'_>,
) -> Result<()> {
    let ServiceOptions { tools, print, .. } = service_options;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("failed to start the async runtime", &error))?;
    let _runtime = runtime.enter();
    let mut watcher = FileWatcher::start([app.root.clone()]).map_err(|error| {
        let help = error.help();
        help.into_iter().fold(Error::call(error.to_string()), Error::help)
    })?;
    let shutdown = crate::dev::shutdown_signal()?;
    tokio::pin!(shutdown);
    let mut changed = None;
    let mut started = Ok(());
    loop {
        let has_started = started.is_ok();
        // Without the services of the settings, tests could reach others.
        let result = started.and_then(|()| {
            let suites = suites(&app, options, &variables(running.as_ref()), print)?;
            let selected = suites.into_iter().filter(|suite| changed.as_ref().is_none_or(|c| concerns(&app, suite, c)));
            run_suites(selected, tools, print)
        });
        match result {
            Err(error) if error.kind == ExitKind::Interrupted => return Err(error),
            Err(error) => print.error(&error),
            Ok(()) => {}
        }
        print.note("waiting for a changed file; Ctrl-C ends");
        let paths = runtime.block_on(async {
            tokio::select! {
                paths = watcher.changed() => Ok(paths),
                () = &mut shutdown => Err(Error::new(ExitKind::Interrupted, "interrupted")),
            }
        })?;
        let Some(paths) = paths else { return Ok(()) };
        if !has_started || paths.iter().any(|path| is_of_settings(path)) {
            app = reopen(app, print);
            // They free their port and their folder first.
            drop(running.take());
            started = StandaloneServices::start(&app, service_options).map(|services| running = services);
            // What a function may do concerns all tests.
            changed = None;
        } else {
            changed = Some(paths);
            started = Ok(());
        }
    }
}

/// Whether a file contains settings of the app or variables of its functions.
fn is_of_settings(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name == "Cargo.toml" || name.starts_with(".env")
}

/// Returns the app as it is on disk now. If its settings are not valid, prints the problems and returns the old app.
fn reopen(app: App, print: Printer) -> App {
    App::open(&app.root).unwrap_or_else(|problems| {
        print.error(&Error::problems(ExitKind::App, problems));
        app
    })
}

/// Whether changed files are those of the suite, or of code that its worker shares with others.
fn concerns(app: &App, suite: &Suite, changed: &BTreeSet<PathBuf>) -> bool {
    let worker = app.workers.iter().find(|worker| worker.name.as_str() == suite.name);
    let packages = worker.map(|worker| PathDependencies::of(&app.root, &worker.dir, worker.language));
    let shared = worker.and_then(|worker| shared_dir(&worker.dir, worker.language)).map(|dir| app.root.join(dir));
    changed.iter().any(|path| {
        path.starts_with(&suite.folder)
            || shared.as_ref().is_some_and(|shared| path.starts_with(shared))
            || packages.as_ref().is_some_and(|packages| packages.has_file(path))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{is_of_settings, reopen};
    use crate::ui::{Color, Printer};
    use bedrock_build::App;

    #[test]
    fn settings_are_those_on_disk_unless_they_are_wrong() {
        for (path, expected) in [
            ("/a/Cargo.toml", true),
            ("/a/.env", true),
            ("/a/workers/b/.env.local", true),
            ("/a/src/main.rs", false),
            ("/a/Cargo.lock", false),
        ] {
            assert_eq!(is_of_settings(Path::new(path)), expected, "{path}");
        }
        let dir = tempfile::tempdir().expect("a folder");
        let write = |settings: &str| {
            let text = format!("[package]\nname = \"shop\"\n[package.metadata.bedrock.dev]\n{settings}\n");
            std::fs::write(dir.path().join("Cargo.toml"), text).expect("a file");
        };
        write("");
        let app = App::open(dir.path()).expect("an app");
        write("endpoint = \"http://127.0.0.1:8000\"");
        let print = Printer { quiet: true, color: Color::Never };
        let app = reopen(app, print);
        assert!(app.settings.dev.services.is_some());
        write("endpoint = 1");
        assert!(reopen(app, print).settings.dev.services.is_some());
    }
}
