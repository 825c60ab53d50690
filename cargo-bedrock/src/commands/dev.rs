//! `cargo bedrock dev`: the whole app at work on this machine, behind one port.

use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use bedrock_dev::Clock;
use clap::{Args, ValueEnum};

use crate::dev;
use crate::session::Session;
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
Examples:
  cargo bedrock dev                                     runs the app until Ctrl-C
  cargo bedrock dev --clock fast                        failed events are tried again after seconds
  cargo bedrock dev --strict                            refuses what AWS would refuse
  cargo bedrock dev --debug system_fetcher              waits for a debugger, and prints how an editor attaches it
  curl http://endpoint.localhost:7070/                  asks the endpoint, as its function URL would
  aws lambda invoke --endpoint-url http://127.0.0.1:7070 --function-name greeter out.json
                                                        calls a worker, as it would on AWS

Rust workers and the endpoint run as programs of their own, Python and JavaScript workers in hosts that are started when
they are first called. Events that were accepted stay in `target/bedrock`, also when this program is killed:
`cargo bedrock queue ls` shows them.

On a terminal, keys work: r starts everything anew, c clears, g draws the graph, o opens the dashboard in a browser, q stops.
With `OTEL_EXPORTER_OTLP_ENDPOINT` set, invocations go to that collector as spans.";

/// How many times faster than the world's `--clock fast` is.
const FAST: u32 = 60;

/// Run the whole app here, with Lambda's API on one port
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Dev {
    /// The port; 0 for any that is free
    #[arg(long, short, value_name = "PORT", default_value_t = 7070)]
    port: u16,
    /// The address of this machine to listen on. With another than loopback, whoever reaches it can run the workers
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// How time passes for the retries and ages of events
    #[arg(long, value_name = "CLOCK", default_value = "real")]
    clock: ClockArg,
    /// Refuse what AWS would refuse: calls that the graph does not have, and more memory than the settings say
    #[arg(long, overrides_with = "relaxed")]
    strict: bool,
    /// Warn of calls that AWS would refuse, which is the default
    #[arg(long, overrides_with = "strict")]
    relaxed: bool,
    /// Leave everything as it is when files are saved
    #[arg(long)]
    no_reload: bool,
    /// Optimise the Rust programs
    #[arg(long, short)]
    release: bool,
    /// A worker that a debugger looks into, as often as is wanted; no function's time runs out then
    #[arg(long, value_name = "WORKER")]
    debug: Vec<String>,
    /// Words for people, or one JSON object a line for machines
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ClockArg {
    /// As in the world
    Real,
    /// A minute takes a second
    Fast,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

impl Dev {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let clock = match self.clock {
            ClockArg::Real => Clock::real(),
            ClockArg::Fast => Clock::fast(SystemTime::now(), FAST),
        };
        let wish = dev::Wish {
            port: self.port,
            host: self.host,
            clock,
            strict: self.strict && !self.relaxed,
            reload: !self.no_reload,
            release: self.release,
            json: self.message_format == Format::Json,
            debug: self.debug,
        };
        dev::run(&session.app()?, wish, session.print)
    }
}
