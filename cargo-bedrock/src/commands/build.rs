//! `cargo bedrock build`: makes the zips that Lambda takes.

use bedrock_build::Architecture;
use clap::{Args, ValueEnum};

use crate::build::{self, Compiler, Purpose, Request};
use crate::print::Progress;
use crate::session::Session;
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
Examples:
  cargo bedrock build --release                        everything, as it is deployed
  cargo bedrock build --worker=system_fetcher          the code of one worker
  cargo bedrock build --worker-layer=system_fetcher    its dependencies
  cargo bedrock build --release --explain              why each part was built or was not, and what is large

The artifacts are in `target/bedrock` of the app:
  endpoint.zip, workers/NAME.zip    the code of each function
  layers/NAME.zip                   the dependencies of a Python or JavaScript worker
  manifest.json                     what is deployed, with digests and settings

Exit codes: 0 done, 1 the app is at fault, 2 the call or the machine is at fault, 130 interrupted";

/// Make a zip of each function and each layer, ready for Lambda
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Build {
    /// Build the code of this worker; may be given several times
    #[arg(long = "worker", value_name = "NAME")]
    workers: Vec<String>,
    /// Build the layer of this worker; may be given several times
    #[arg(long = "worker-layer", value_name = "NAME")]
    layers: Vec<String>,
    /// Build the endpoint
    #[arg(long)]
    endpoint: bool,
    /// Optimise: small and fast, as it should be deployed
    #[arg(long, short)]
    release: bool,
    /// For Graviton processors, whatever the settings say
    #[arg(long)]
    arm64: bool,
    /// For Intel and AMD processors, whatever the settings say
    #[arg(long = "x86-64", conflicts_with = "arm64")]
    x86_64: bool,
    /// Fail if `Cargo.lock` would change
    #[arg(long)]
    locked: bool,
    /// Who compiles the Rust functions
    #[arg(long, value_name = "TOOL", default_value = "auto")]
    compiler: CompilerArg,
    /// Build twice, the second time in a copy elsewhere, and fail if any zip differs
    #[arg(long)]
    verify: bool,
    /// Fail if a worker calls itself, right away or through others
    #[arg(long)]
    deny_cycles: bool,
    /// Say why each part was built or was not, and what is large
    #[arg(long)]
    explain: bool,
    /// Words for people, or one JSON object a line for machines
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CompilerArg {
    /// Cargo where it can make the target, otherwise a cross compiler
    Auto,
    /// `cargo build`
    Cargo,
    /// `cargo zigbuild`
    Zigbuild,
    /// `cargo lambda build`
    CargoLambda,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

impl Build {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let progress = Progress::new(session.print, self.message_format == Format::Json, self.explain);
        let mut print = session.print;
        print.quiet |= self.message_format == Format::Json;
        let verify = self.verify;
        let request = self.request();
        build::run(&app, &request, &progress, print)?;
        if verify { build::verify(&app, &request, &progress, print) } else { Ok(()) }
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
            workers: self.workers,
            layers: self.layers,
            endpoint: self.endpoint,
            release: self.release,
            locked: self.locked,
            architecture,
            compiler,
            purpose: Purpose::Lambda,
            deny_cycles: self.deny_cycles,
            explain: self.explain,
        }
    }
}
