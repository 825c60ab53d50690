//! `cargo bedrock dev`: runs the whole app on this machine, reachable on one port.

use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use bedrock_dev::Clock;
use clap::{Args, ValueEnum};

use super::args::OutputArgs;
use crate::dev::{self, DevOptions};
use crate::session::Session;
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
The endpoint and Rust workers run as processes of their own. Python and JavaScript workers run in host processes that \
start with the first call. Accepted events are stored in `target/bedrock` and survive a crash of this program: \
`cargo bedrock queue ls` lists them.

On a terminal, keys work: r recompiles and restarts, c clears the screen, g draws the call graph, o opens the dashboard \
in a browser, q quits. With `OTEL_EXPORTER_OTLP_ENDPOINT` set, invocations are exported to that collector as spans.

Examples:
  cargo bedrock dev                                     run the app until Ctrl-C
  cargo bedrock dev --clock fast                        retry failed events after seconds instead of minutes
  cargo bedrock dev --strict                            reject what AWS would reject
  cargo bedrock dev --debug system_fetcher              wait for a debugger, and print the editor's configuration
  curl http://endpoint.localhost:7070/                  call the endpoint, like its function URL
  aws lambda invoke --endpoint-url http://127.0.0.1:7070 --function-name greeter out.json
                                                        invoke a worker, like on AWS";

/// Factor by which `--clock fast` is faster than real time.
const FAST_CLOCK_FACTOR: u32 = 60;

/// Run the app locally, with Lambda's API on one port
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Dev {
    /// Port to listen on; 0 picks a free one
    #[arg(long, short, value_name = "PORT", default_value_t = 7070)]
    port: u16,
    /// Address to listen on. On any address but loopback, everyone who reaches it can run the workers
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Clock that retries and ages of events follow
    #[arg(long, value_name = "CLOCK", default_value = "real")]
    clock: ClockArg,
    /// Deny calls that are not in the call graph, and end workers that exceed their memory (default: warn)
    #[arg(long, overrides_with = "relaxed")]
    strict: bool,
    /// Warn about resources that `uses` does not list (default: deny them)
    #[arg(long, overrides_with = "strict")]
    relaxed: bool,
    /// Do not reload the app when files change
    #[arg(long)]
    no_reload: bool,
    /// Build optimised Rust programs
    #[arg(long, short)]
    release: bool,
    /// Attach a debugger to this worker (repeatable; disables timeouts)
    #[arg(long, value_name = "WORKER")]
    debug: Vec<String>,
    /// Install ministack with uv if the settings want it and it is missing
    #[arg(long)]
    install_services: bool,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ClockArg {
    /// Real time
    Real,
    /// One minute passes in one second
    Fast,
}

impl Dev {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let clock = match self.clock {
            ClockArg::Real => Clock::real(),
            ClockArg::Fast => Clock::fast(SystemTime::now(), FAST_CLOCK_FACTOR),
        };
        let options = DevOptions {
            port: self.port,
            host: self.host,
            clock,
            strict: self.strict && !self.relaxed,
            relaxed: self.relaxed,
            reload: !self.no_reload,
            release: self.release,
            json: self.output.is_json(),
            debug: self.debug,
            install_services: self.install_services,
        };
        dev::run(&session.app()?, options, session.print)
    }
}
