//! The complete command line. The arguments of each command are in `commands/`.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::commands::{
    build, completions, contracts, deploy, destroy, dev, doctor, env, executions, graph, import, invoke, list, logs,
    man, mcp, migrate, new, queue, remove, replay, rollback, services, status, terraform, test,
};
use crate::session::Session;
use crate::ui::{Color, Printer};
use bedrock_diagnostics::{ExitKind, Result};

mod usage_error;

const ABOUT: &str = "Rust apps on AWS Lambda, with workers in Rust, Python and JavaScript";

const EXAMPLES: &str = "\
Exit codes: 0 success, 1 error in the app, 2 usage or machine error, 130 interrupted

Examples:
  cargo bedrock new app my_app               create an app with one endpoint and one worker
  cargo bedrock new worker system_fetcher.py add a worker to the app in the current folder
  cargo bedrock dev                          run the app locally, with Lambda's API on one port
  cargo bedrock list                         list the app's workers
  cargo bedrock invoke greeter               invoke a worker locally
  cargo bedrock test                         run the unit tests of the app's workers
  cargo bedrock executions ls                list the executions of durable workers
  cargo bedrock graph                        show which functions call which workers
  cargo bedrock contracts                    write the types of the workers for their callers
  cargo bedrock build --release              build a zip file of each function and each layer
  cargo bedrock deploy --stage dev           deploy the last build to a stage
  cargo bedrock logs --stage dev -f          follow the logs of the stage's functions
  cargo bedrock doctor                       check this machine for required tools";

#[derive(Debug, Parser)]
#[command(name = "cargo-bedrock", bin_name = "cargo bedrock", version, about = ABOUT, after_help = EXAMPLES)]
#[command(arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Run as if started in `<DIR>`
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Print only errors, warnings and data
    #[arg(short, long, global = true)]
    quiet: bool,
    /// When to colour the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ColorArg {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::New),
    Remove(remove::Remove),
    Build(build::Build),
    List(list::List),
    Invoke(invoke::Invoke),
    Graph(graph::Graph),
    Contracts(contracts::Contracts),
    Test(test::Test),
    Env(env::Env),
    Mcp(mcp::Mcp),
    Dev(dev::Dev),
    Queue(queue::Queue),
    Executions(executions::ExecutionsCommand),
    Replay(replay::Replay),
    Services(services::Services),
    Deploy(deploy::Deploy),
    Status(status::Status),
    Rollback(rollback::Rollback),
    Destroy(destroy::Destroy),
    Logs(logs::Logs),
    Terraform(terraform::Terraform),
    Migrate(migrate::Migrate),
    Import(import::Import),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Runs the command in `args`, which start with the program's name. Returns the exit code.
pub(crate) fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args = without_cargo(args.collect());
    let color = color_of(&args);
    match Cli::command().color(clap_color(color)).try_get_matches_from(args).and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => {
            let print = Printer { color, quiet: cli.global.quiet };
            finish(print, cli.run(print))
        }
        Err(error) if usage_error::is_usage_error(&error) => {
            finish(Printer { color, quiet: false }, Err(usage_error::to_error(&error)))
        }
        // Help or the version was requested, or there were no arguments: clap prints it. A closed pipe is not an error.
        Err(help) => {
            let _ = help.print();
            ExitCode::from(u8::try_from(help.exit_code()).unwrap_or(ExitKind::Call as u8))
        }
    }
}

/// Returns the long flags of a subcommand.
fn long_flags(subcommand: &str) -> Vec<String> {
    let command = Cli::command();
    let arguments = command.find_subcommand(subcommand).into_iter().flat_map(clap::Command::get_arguments);
    arguments.filter_map(clap::Arg::get_long).map(str::to_owned).collect()
}

impl Cli {
    fn run(self, print: Printer) -> Result<()> {
        let session = Session::new(self.global.directory.as_deref(), print)?;
        match self.command {
            Command::New(command) => command.run(&session),
            Command::Remove(command) => command.run(&session),
            Command::Build(command) => command.run(&session),
            Command::List(command) => command.run(&session),
            Command::Invoke(command) => command.run(&session),
            Command::Graph(command) => command.run(&session),
            Command::Contracts(command) => command.run(&session),
            Command::Test(command) => command.run(&session),
            Command::Env(command) => command.run(&session),
            Command::Mcp(command) => command.run(&session),
            Command::Dev(command) => command.run(&session),
            Command::Queue(command) => command.run(&session),
            Command::Executions(command) => command.run(&session),
            Command::Replay(command) => command.run(&session),
            Command::Services(command) => command.run(&session),
            Command::Deploy(command) => command.run(&session),
            Command::Status(command) => command.run(&session),
            Command::Rollback(command) => command.run(&session),
            Command::Destroy(command) => command.run(&session),
            Command::Logs(command) => command.run(&session),
            Command::Terraform(command) => command.run(&session),
            Command::Migrate(command) => command.run(&session, long_flags("build")),
            Command::Import(command) => command.run(&session),
            Command::Doctor(command) => command.run(&session),
            Command::Completions(command) => command.run(Cli::command()),
            Command::Man(command) => command.run(&session, Cli::command()),
        }
    }
}

fn finish(print: Printer, result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print.error(&error);
            ExitCode::from(error.kind as u8)
        }
    }
}

/// Removes the name of the subcommand: cargo starts `cargo bedrock new` as `cargo-bedrock bedrock new`.
fn without_cargo(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|arg| arg == "bedrock") {
        args.remove(1);
    }
    args
}

/// Finds the value of `--color` before the command line is parsed, because it applies to usage errors too.
fn color_of(args: &[OsString]) -> Color {
    let parse = |value: &OsStr| match value.to_str() {
        Some("always") => Some(Color::Always),
        Some("never") => Some(Color::Never),
        _ => None,
    };
    let after_equals = |arg: &OsString| arg.to_str()?.strip_prefix("--color=").and_then(|value| parse(value.as_ref()));
    let after_space = args.windows(2).find(|pair| pair[0] == "--color").and_then(|pair| parse(&pair[1]));
    args.iter().find_map(after_equals).or(after_space).unwrap_or_default()
}

fn clap_color(color: Color) -> ColorChoice {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn command_line_is_consistent() {
        <super::Cli as clap::CommandFactory>::command().debug_assert();
    }
}
