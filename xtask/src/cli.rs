//! The command line: what can be typed and which module does it. No clap type leaves this file.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::test::Group;
use crate::workspace::Workspace;
use crate::{bench, setup, test, tidy};

/// The project's own chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Everything that CI checks, in order; the last line is `N passed, N failed`
    Test(TestArgs),
    /// The house rules that a machine can check
    Tidy,
    /// Install the pinned tools of the tests into `target/tools`
    Setup,
    /// Measure
    #[command(subcommand)]
    Bench(Bench),
}

#[derive(Debug, Args)]
struct TestArgs {
    /// Only the checks of one half of the house
    #[arg(long, value_name = "WHAT")]
    only: Option<Only>,
    /// Handed to `cargo nextest run` as they are
    #[arg(last = true, value_name = "NEXTEST ARGS")]
    nextest: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Only {
    Rust,
    Python,
    Javascript,
    Docs,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// The dashboard in Chromium: first paint, frames while thousands of rows are scrolled, memory
    Dashboard,
    /// Deploys of twenty functions to an emulator of AWS
    Deploy,
    /// Invocations on this machine beside their floors, and what the smallest app costs to compile
    Local {
        /// How often everything is measured; the tables have the medians
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
        passes: u8,
        /// Leave out the cold compile of `hello`
        #[arg(long)]
        no_compile: bool,
    },
    /// Calls of other functions over TLS beside hyper alone, the size and start of what makes them, and deploys
    Remote {
        /// How often everything is measured; the tables have the medians
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
        passes: u8,
    },
    /// Calls of `cargo bedrock dev` and saved files beside cargo-lambda and serverless-offline, and what it takes idle
    Dev {
        /// How often everything is measured; the tables have the medians
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
        passes: u8,
        /// Only a part of it
        #[arg(long, value_name = "WHAT")]
        only: Option<OnlyOfDev>,
    },
    /// Builds of an app beside plain cargo and cargo-lambda, and packing beside `zip -9`
    Build {
        /// How often everybody builds from nothing; the tables have the fastest
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..))]
        colds: u8,
        /// Leave out the builds of Rust functions, which take many minutes
        #[arg(long)]
        no_compile: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnlyOfDev {
    Latency,
    Reload,
    Idle,
}

/// Does what the command line asks for.
pub(crate) fn run() -> Result<ExitCode> {
    let cli = Cli::parse();
    let workspace = Workspace::find()?;
    match cli.chore {
        Chore::Test(args) => Ok(exit(test::run(&workspace, args.only.map(group), &args.nextest))),
        Chore::Tidy => Ok(exit(tidy::run(&workspace)?)),
        Chore::Setup => setup::run(&workspace).map(|()| ExitCode::SUCCESS),
        Chore::Bench(what) => measure(&workspace, &what).map(|()| ExitCode::SUCCESS),
    }
}

fn measure(workspace: &Workspace, what: &Bench) -> Result<()> {
    match *what {
        Bench::Local { passes, no_compile } => bench::local(workspace, passes, !no_compile),
        Bench::Remote { passes } => bench::remote(workspace, passes).and_then(|()| bench::deploy(workspace)),
        Bench::Dashboard => bench::dashboard(workspace),
        Bench::Deploy => bench::deploy(workspace),
        Bench::Dev { passes, only } => bench::dev(workspace, passes, only.map(part)),
        Bench::Build { colds, no_compile } => bench::build(workspace, colds, !no_compile),
    }
}

fn group(only: Only) -> Group {
    match only {
        Only::Rust => Group::Rust,
        Only::Python => Group::Python,
        Only::Javascript => Group::JavaScript,
        Only::Docs => Group::Docs,
    }
}

fn part(only: OnlyOfDev) -> bench::Part {
    match only {
        OnlyOfDev::Latency => bench::Part::Latency,
        OnlyOfDev::Reload => bench::Part::Reload,
        OnlyOfDev::Idle => bench::Part::Idle,
    }
}

fn exit(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
