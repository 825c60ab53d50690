//! The command line: its arguments, and the module that performs each task. No clap type leaves this file.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::test::{Profile, TestGroup, TestOptions};
use crate::workspace::Workspace;
use crate::{bench, fixtures, opinions, runtimes, setup, test, tidy};

/// The tasks of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run everything that CI checks; the last line is `N passed, N failed`
    Test(TestArgs),
    /// Check the rules of this repository that a machine can check
    Tidy,
    /// Install the pinned tools of the tests into `target/tools`
    Setup,
    /// Compile the programs that tests start as Lambda functions; nextest runs this before them
    Fixtures,
    /// Compare the list of Lambda's runtimes with AWS's model of Lambda
    Runtimes {
        /// Install the newest botocore instead of using the pinned one
        #[arg(long)]
        newest: bool,
    },
    /// Run AWS's requirements for durable functions in AWS's local runner and in ministack; prints Markdown for
    /// `docs/src/durable.md`
    Opinions,
    /// Measure the product; prints Markdown for `docs/src/benchmarks.md`
    #[command(subcommand)]
    Bench(Bench),
}

#[derive(Debug, Args)]
struct TestArgs {
    /// Run only the tests of one language, or check only the documentation
    #[arg(long, value_name = "GROUP")]
    only: Option<Only>,
    /// Choose how thorough the tests are; `nightly` adds the variants that repeat or compile for release
    #[arg(long, value_name = "PROFILE", default_value = "push")]
    profile: ProfileName,
    /// Print where the time went: stages, slowest tests, and cargo's report in `target/cargo-timings`
    #[arg(long)]
    timings: bool,
    /// Pass further arguments to `cargo nextest run`, for example `-E 'test(reload)'`
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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProfileName {
    Push,
    Nightly,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Measure the dashboard in Chromium: first paint, frames while thousands of rows are scrolled, memory
    Dashboard,
    /// Compare what people wait for with other tools: installation, first compile, compiles after it, cold starts
    #[command(
        after_help = "Examples:\n  cargo xtask bench first\n  cargo xtask bench first --only first-run,one-compile\n  \
        cargo xtask bench first --only cold-starts --program target/debug/cargo-bedrock"
    )]
    First {
        /// Number of measurements, of which the table has the medians
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
        passes: u8,
        /// Measure only these parts
        #[arg(long, value_name = "PARTS", value_delimiter = ',')]
        only: Vec<FirstPart>,
        /// Measure this program instead of compiling `cargo-bedrock` in the profile `dist`
        #[arg(long, value_name = "PATH")]
        program: Option<PathBuf>,
    },
    /// Measure deploys of twenty functions to an emulator of AWS
    Deploy,
    /// Compare durable executions in `cargo bedrock dev` with AWS's local runner and ministack, and measure waiting ones
    Durable {
        /// Number of turns of the three
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
        passes: u8,
    },
    /// Compare invocations on this machine with their floors, and measure the compile of the smallest app
    Local {
        /// Number of measurements, of which the tables have the medians
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
        passes: u8,
        /// Skip the cold compile of `hello`
        #[arg(long)]
        no_compile: bool,
    },
    /// Compare calls of other functions over TLS with plain hyper, and measure size and start of programs, and deploys
    Remote {
        /// Number of measurements, of which the tables have the medians
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
        passes: u8,
    },
    /// Compare `cargo bedrock dev` with cargo-lambda and serverless-offline: calls, saved files, idle resources, bounds
    Dev {
        /// Number of measurements, of which the tables have the medians
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
        passes: u8,
        /// Measure only one part
        #[arg(long, value_name = "PART")]
        only: Option<DevPart>,
    },
    /// Compare builds of an app with plain cargo and cargo-lambda, and packing with `zip -9`
    Build {
        /// Number of cold builds of each tool, of which the tables have the fastest
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..))]
        colds: u8,
        /// Skip the builds of Rust functions, which take many minutes
        #[arg(long)]
        no_compile: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FirstPart {
    Install,
    FirstRun,
    OneCompile,
    Invalidation,
    ColdStarts,
    RustStarts,
    FirstByte,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DevPart {
    Latency,
    Reload,
    Idle,
    Bounds,
}

/// Performs the task that the command line names.
pub(crate) fn run() -> Result<ExitCode> {
    let cli = Cli::parse();
    let workspace = Workspace::find()?;
    match cli.task {
        Task::Test(args) => Ok(exit_code(test::run(&workspace, &args.options()))),
        Task::Tidy => Ok(exit_code(tidy::run(&workspace, &mut io::stdout())?)),
        Task::Setup => setup::run(&workspace, &mut io::stdout()).map(|()| ExitCode::SUCCESS),
        Task::Fixtures => fixtures::build(&workspace).map(|()| ExitCode::SUCCESS),
        Task::Runtimes { newest } => Ok(exit_code(runtimes::run(&workspace, newest, &mut io::stdout())?)),
        Task::Opinions => opinions::run(&workspace).map(|()| ExitCode::SUCCESS),
        Task::Bench(bench) => measure(&workspace, &bench).map(|()| ExitCode::SUCCESS),
    }
}

fn measure(workspace: &Workspace, bench: &Bench) -> Result<()> {
    match *bench {
        Bench::First { passes, ref only, ref program } => {
            let only = only.iter().copied().map(first_part).collect();
            bench::first(workspace, &bench::FirstOptions { passes, only, program: program.clone() })
        }
        Bench::Local { passes, no_compile } => bench::local(workspace, passes, !no_compile),
        Bench::Remote { passes } => bench::remote(workspace, passes).and_then(|()| bench::deploy(workspace)),
        Bench::Dashboard => bench::dashboard(workspace),
        Bench::Deploy => bench::deploy(workspace),
        Bench::Durable { passes } => bench::durable(workspace, passes),
        Bench::Dev { passes, only } => bench::dev(workspace, passes, only.map(part)),
        Bench::Build { colds, no_compile } => bench::build(workspace, colds, !no_compile),
    }
}

impl TestArgs {
    fn options(self) -> TestOptions {
        let group = |only| match only {
            Only::Rust => TestGroup::Rust,
            Only::Python => TestGroup::Python,
            Only::Javascript => TestGroup::JavaScript,
            Only::Docs => TestGroup::Docs,
        };
        let profile = match self.profile {
            ProfileName::Push => Profile::Push,
            ProfileName::Nightly => Profile::Nightly,
        };
        TestOptions { only: self.only.map(group), profile, has_timings: self.timings, nextest: self.nextest }
    }
}

fn first_part(only: FirstPart) -> bench::FirstPart {
    match only {
        FirstPart::Install => bench::FirstPart::Install,
        FirstPart::FirstRun => bench::FirstPart::FirstRun,
        FirstPart::OneCompile => bench::FirstPart::OneCompile,
        FirstPart::Invalidation => bench::FirstPart::Invalidation,
        FirstPart::ColdStarts => bench::FirstPart::ColdStarts,
        FirstPart::RustStarts => bench::FirstPart::RustStarts,
        FirstPart::FirstByte => bench::FirstPart::FirstByte,
    }
}

fn part(only: DevPart) -> bench::Part {
    match only {
        DevPart::Latency => bench::Part::Latency,
        DevPart::Reload => bench::Part::Reload,
        DevPart::Idle => bench::Part::Idle,
        DevPart::Bounds => bench::Part::Bounds,
    }
}

fn exit_code(is_success: bool) -> ExitCode {
    if is_success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
