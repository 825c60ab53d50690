//! `cargo bedrock build`: builds the zip files that Lambda accepts.

use bedrock_build::Architecture;
use clap::{Args, ValueEnum};

use super::args::OutputArgs;
use crate::contracts::check_current;
use crate::session::Session;
use crate::ui::BuildReporter;
use bedrock_diagnostics::Result;
use bedrock_package::{Compiler, Purpose, Request};

const EXAMPLES: &str = "\
The artifacts are written to `target/bedrock` of the app:
  endpoint.zip, workers/NAME.zip    the code of each function
  layers/NAME.zip                   the dependencies of a Python or JavaScript worker
  manifest.json                     what is deployed, with digests and settings
With `--sbom`, each zip has a bill of materials next to it, in CycloneDX 1.6: `workers/NAME.cdx.json`.

Exit codes: 0 success, 1 error in the app, 2 usage or machine error, 130 interrupted

Examples:
  cargo bedrock build --release                        build everything for deployment
  cargo bedrock build system_fetcher                   build one worker: its code and its layer
  cargo bedrock build --worker=system_fetcher          build its code only
  cargo bedrock build --worker-layer=system_fetcher    build its layer
  cargo bedrock build --release --explain              also print why each artifact was rebuilt, and its largest files
  cargo bedrock build --release --sbom                 also list the packages in each artifact, for scanners";

/// Build a zip file of each function and each layer, ready for Lambda
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Build {
    /// Functions to build, each with its layer: names of workers, or `endpoint` [default: all]
    #[arg(value_name = "FUNCTION")]
    functions: Vec<String>,
    /// Build the code of this worker (repeatable)
    #[arg(long = "worker", value_name = "NAME")]
    workers: Vec<String>,
    /// Build the layer of this worker (repeatable)
    #[arg(long = "worker-layer", value_name = "NAME")]
    layers: Vec<String>,
    /// Build the endpoint
    #[arg(long)]
    endpoint: bool,
    /// Build optimised artifacts, for a deploy
    #[arg(long, short)]
    release: bool,
    /// Build for Graviton processors, overriding the app's settings
    #[arg(long)]
    arm64: bool,
    /// Build for Intel and AMD processors, overriding the app's settings
    #[arg(long = "x86-64", conflicts_with = "arm64")]
    x86_64: bool,
    /// Fail if `Cargo.lock` would change
    #[arg(long)]
    locked: bool,
    /// Compiler of the Rust functions
    #[arg(long, value_name = "TOOL", default_value = "auto")]
    compiler: CompilerArg,
    /// Build a second time in a copy of the app, and fail if any zip file differs
    #[arg(long)]
    verify: bool,
    /// Fail if a worker calls itself, directly or through other workers
    #[arg(long)]
    deny_cycles: bool,
    /// Write a CycloneDX bill of materials next to each zip
    #[arg(long)]
    sbom: bool,
    /// Print why each artifact was rebuilt or not, and what takes up space
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CompilerArg {
    /// Cargo if it supports the target, otherwise a cross compiler
    Auto,
    /// `cargo build`
    Cargo,
    /// `cargo zigbuild`
    Zigbuild,
    /// `cargo lambda build`
    CargoLambda,
}

impl Build {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let reporter = BuildReporter::new(session.print, self.output.is_json(), self.explain);
        reporter.end(self.build(session, &reporter))
    }

    fn build(self, session: &Session, reporter: &BuildReporter) -> Result<()> {
        let app = session.app()?;
        check_current(&app, session.print)?;
        let should_verify = self.verify;
        let request = self.request();
        bedrock_package::run(&app, &request, reporter)?;
        if should_verify { bedrock_package::verify(&app, &request, reporter) } else { Ok(()) }
    }

    fn request(self) -> Request {
        let architecture = match (self.arm64, self.x86_64) {
            (true, _) => Some(Architecture::Arm64),
            (_, true) => Some(Architecture::X86_64),
            _ => None,
        };
        let compiler = match self.compiler {
            CompilerArg::Auto => None,
            CompilerArg::Cargo => Some(Compiler::Cargo),
            CompilerArg::Zigbuild => Some(Compiler::Zigbuild),
            CompilerArg::CargoLambda => Some(Compiler::CargoLambda),
        };
        Request {
            functions: self.functions,
            workers: self.workers,
            layers: self.layers,
            endpoint: self.endpoint,
            release: self.release,
            locked: self.locked,
            architecture,
            compiler,
            purpose: Purpose::Lambda,
            deny_cycles: self.deny_cycles,
            sbom: self.sbom,
            explain: self.explain,
        }
    }
}
