//! The command line as a whole. Each command's own arguments are in `commands/`.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::commands::{
    build, completions, deploy, destroy, dev, doctor, graph, invoke, list, logs, man, migrate, new, queue, rollback,
    status, terraform,
};
use crate::print::{Color, Printer};
use crate::session::Session;
use bedrock_diagnostics::{ExitKind, Result};

mod usage;

const ABOUT: &str = "Rust apps on AWS Lambda, with workers in Rust, Python and JavaScript";

const EXAMPLES: &str = "\
Examples:
  cargo bedrock new app my_app               makes an app with one endpoint and one worker
  cargo bedrock new worker system_fetcher.py adds a worker to the app of the current folder
  cargo bedrock build --release              makes a zip of each function, and its layer
  cargo bedrock dev                          runs the whole app here, with Lambda's API on one port
  cargo bedrock list                         shows the app's workers
  cargo bedrock invoke greeter               runs a worker here
  cargo bedrock graph                        shows who calls whom
  cargo bedrock deploy --stage dev           makes a stage on AWS what was built
  cargo bedrock logs --stage dev -f          shows what its functions write
  cargo bedrock doctor                       looks what is missing on this machine

Exit codes: 0 done, 1 the app is at fault, 2 the call or the machine is at fault, 130 interrupted";

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
#[command(next_help_heading = "Everywhere")]
struct Global {
    /// Do as if called in this folder
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Print errors, warnings and data alone
    #[arg(short, long, global = true)]
    quiet: bool,
    /// When to use colour
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
    Build(build::Build),
    List(list::List),
    Invoke(invoke::Invoke),
    Graph(graph::Graph),
    Dev(dev::Dev),
    Queue(queue::Queue),
    Deploy(deploy::Deploy),
    Status(status::Status),
    Rollback(rollback::Rollback),
    Destroy(destroy::Destroy),
    Logs(logs::Logs),
    Terraform(terraform::Terraform),
    Migrate(migrate::Migrate),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Does what `args` (with the program's name) say.
pub(crate) fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args = without_cargo(args.collect());
    let color = color_of(&args);
    match command().color(clap_color(color)).try_get_matches_from(args).and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => {
            let print = Printer { color, quiet: cli.global.quiet };
            finish(print, cli.run(print))
        }
        // Help and version were asked for, or nothing was: clap writes them. A closed pipe is no error.
        Err(told) if !usage::is_mistake(&told) => {
            let _ = told.print();
            ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(ExitKind::Call as u8))
        }
        Err(mistake) => finish(Printer { color, quiet: false }, Err(usage::explain(&mistake))),
    }
}

/// The whole command line, for parsing it and for what is written from it.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

impl Cli {
    fn run(self, print: Printer) -> Result<()> {
        let session = Session::new(self.global.directory.as_deref(), print)?;
        match self.command {
            Command::New(command) => command.run(&session),
            Command::Build(command) => command.run(&session),
            Command::List(command) => command.run(&session),
            Command::Invoke(command) => command.run(&session),
            Command::Graph(command) => command.run(&session),
            Command::Dev(command) => command.run(&session),
            Command::Queue(command) => command.run(&session),
            Command::Deploy(command) => command.run(&session),
            Command::Status(command) => command.run(&session),
            Command::Rollback(command) => command.run(&session),
            Command::Destroy(command) => command.run(&session),
            Command::Logs(command) => command.run(&session),
            Command::Terraform(command) => command.run(&session),
            Command::Migrate(command) => command.run(&session),
            Command::Doctor(command) => command.run(&session),
            Command::Completions(command) => command.run(),
            Command::Man(command) => command.run(&session),
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

/// `cargo bedrock new` arrives as `cargo-bedrock bedrock new`.
fn without_cargo(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|arg| arg == "bedrock") {
        args.remove(1);
    }
    args
}

/// `--color` has to be known before the command line is parsed, for the messages about a mistake in it.
fn color_of(args: &[OsString]) -> Color {
    let named = |value: &OsStr| match value.to_str() {
        Some("always") => Some(Color::Always),
        Some("never") => Some(Color::Never),
        _ => None,
    };
    let after_equals = |arg: &OsString| arg.to_str()?.strip_prefix("--color=").and_then(|value| named(value.as_ref()));
    let after_space = args.windows(2).find(|pair| pair[0] == "--color").and_then(|pair| named(&pair[1]));
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
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
