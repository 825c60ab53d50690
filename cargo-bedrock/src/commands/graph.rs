//! `cargo bedrock graph`: who calls whom, as text, for programs or as a picture.

use bedrock_build::{App, Language, Problem};
use clap::{Args, ValueEnum};

use crate::build;
use crate::graph::{self, Format, Level, NodeName, RustEdges};
use crate::print::{Printer, Progress};
use crate::session::Session;
use bedrock_diagnostics::{Error, ExitKind, Result};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock graph
  cargo bedrock graph --format svg > graph.svg
  cargo bedrock graph --format json | jq -r '.edges[] | \"\\(.from) \\(.to)\"'
  cargo bedrock graph --deny-cycles --built --quiet > graph.txt

Calls in Rust are found in the compiled programs, calls in Python and JavaScript in the code. A worker that computes the name of whom it calls says in the \
settings who that may be: `invokes = [\"resizer\"]`.";

/// Show who calls whom
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Graph {
    /// What to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: FormatArg,
    /// Fail if a worker calls itself, right away or through others
    #[arg(long)]
    deny_cycles: bool,
    /// Compile nothing: take the calls of Rust code from the last `cargo bedrock build`
    #[arg(long, conflicts_with = "release")]
    built: bool,
    /// Optimise, which finds more code that nobody uses: exactly the calls of what `build --release` makes
    #[arg(long, short)]
    release: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    /// Trees, to be read
    Text,
    /// One object, described in `docs/schema/graph.v1.json`
    Json,
    /// A flowchart for Markdown
    Mermaid,
    /// For Graphviz
    Dot,
    /// A picture
    Svg,
}

impl Graph {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let rust = if self.built {
            build::built_calls(&app)
        } else {
            build::compiled_calls(&app, self.release, &Progress::new(session.print, false, false), session.print)?
        };
        self.show(session, &app, &rust)
    }

    /// Prints the graph with what `rust` knows of the app's programs, whatever is wrong with it, and fails behind it.
    fn show(self, session: &Session, app: &App, rust: &RustEdges) -> Result<()> {
        let (graph, findings) = graph::read(app, rust)?;
        Printer::data(&graph::render(&graph, self.format.into())?)?;
        if let Some(warning) = missing(app, rust) {
            session.print.problem(&warning);
        }
        let mut reports = Vec::new();
        for finding in findings {
            match finding.level {
                Level::Warning => session.print.problem(&finding.problem),
                Level::Error => reports.extend(Error::problems(ExitKind::App, vec![finding.problem]).reports),
            }
        }
        if self.deny_cycles {
            reports.extend(graph::denied(&graph));
        }
        if reports.is_empty() { Ok(()) } else { Err(Error { kind: ExitKind::App, reports }) }
    }
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Text => Self::Text,
            FormatArg::Json => Self::Json,
            FormatArg::Mermaid => Self::Mermaid,
            FormatArg::Dot => Self::Dot,
            FormatArg::Svg => Self::Svg,
        }
    }
}

/// Which parts of the app the graph knows nothing of.
fn missing(app: &App, rust: &RustEdges) -> Option<Problem> {
    let workers = app.workers.iter().filter(|worker| worker.language == Language::Rust);
    let workers = workers.map(|worker| NodeName::Worker(worker.name.clone()));
    let parts = std::iter::once(NodeName::Endpoint).chain(workers).filter(|part| !rust.contains_key(part));
    let parts: Vec<String> = parts.map(|part| format!("`{part}`")).collect();
    let names = parts.join(", ");
    (!parts.is_empty()).then(|| {
        Problem::new(format!("calls are missing from the graph, these parts were never built: {names}"))
            .help("run `cargo bedrock build`, or leave `--built` out")
    })
}
