//! `cargo bedrock graph`: prints the call graph as text, as data or as a picture.

use bedrock_build::{App, Language, Problem, Worker};
use clap::{Args, ValueEnum};

use crate::session::Session;
use crate::ui::{BuildReporter, Printer};
use bedrock_callgraph::{self as graph, Format, Level, NodeName, RustEdges};
use bedrock_diagnostics::{Error, ExitKind, Result};

const EXAMPLES: &str = "\
Calls in Rust are found in the compiled programs, calls in Python and JavaScript in the source code. A worker that \
computes the name of the worker to call lists the candidates in its settings: `invokes = [\"resizer\"]`.

Examples:
  cargo bedrock graph
  cargo bedrock graph --format svg > graph.svg
  cargo bedrock graph --format json | jq -r '.edges[] | \"\\(.from) \\(.to)\"'
  cargo bedrock graph --deny-cycles --built --quiet > graph.txt";

/// Show which functions call which workers
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Graph {
    /// Format of the graph
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: FormatArg,
    /// Fail if a worker calls itself, directly or through other workers
    #[arg(long)]
    deny_cycles: bool,
    /// Do not compile: take the calls of Rust code from the last `cargo bedrock build`
    #[arg(long, conflicts_with = "release")]
    built: bool,
    /// Compile optimised programs, which removes more unused code: the calls are exactly those of `build --release`
    #[arg(long, short)]
    release: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    /// Trees for reading
    Text,
    /// One object, described in `docs/schema/graph.v1.json`
    Json,
    /// Flowchart for Markdown
    Mermaid,
    /// Graphviz
    Dot,
    /// Picture
    Svg,
}

impl Graph {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let rust = if self.built {
            bedrock_package::load_built_calls(&app)
        } else {
            if let Some(worker) =
                first_durable_rust(&app).filter(|_| !bedrock_package::artifact_dir(&app).join("cargo").exists())
            {
                session.print.note(&format!(
                    "compiling the app to read its calls, with AWS's SDK for durable functions, which `{}` uses",
                    worker.name
                ));
            }
            let reporter = BuildReporter::new(session.print, false, false);
            bedrock_package::compile_and_read_calls(&app, self.release, &reporter)?
        };
        self.print(session, &app, &rust)
    }

    /// Prints the graph with the calls of the app's Rust programs in `rust`. Findings are reported after it, and errors
    /// among them make the command fail.
    fn print(self, session: &Session, app: &App, rust: &RustEdges) -> Result<()> {
        let (mut graph, findings) = graph::load_graph(app, rust)?;
        if self.built {
            bedrock_package::mark_stale_calls(app, &mut graph);
        }
        Printer::data(&graph::render(&graph, self.format.into())?)?;
        if let Some(warning) = never_built_warning(app, rust) {
            session.print.warning_with_help(&warning);
        }
        let mut reports = Vec::new();
        for finding in findings {
            match finding.level {
                Level::Warning => session.print.warning_with_help(&finding.problem),
                Level::Error => reports.extend(Error::problems(ExitKind::App, vec![finding.problem]).reports),
            }
        }
        if self.deny_cycles {
            reports.extend(graph::cycle_reports(&graph));
        }
        if reports.is_empty() { Ok(()) } else { Err(Error { kind: ExitKind::App, reports }) }
    }
}

/// Returns a worker for which a large SDK is compiled.
fn first_durable_rust(app: &App) -> Option<&Worker> {
    app.workers.iter().find(|worker| worker.language == Language::Rust && worker.settings.durable.is_some())
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

/// Returns a warning that names the functions of the app that `rust` has no calls of, or `None` if it has all of them.
fn never_built_warning(app: &App, rust: &RustEdges) -> Option<Problem> {
    let workers = app.workers.iter().filter(|worker| worker.language == Language::Rust);
    let workers = workers.map(|worker| NodeName::Worker(worker.name.clone()));
    let missing = std::iter::once(NodeName::Endpoint).chain(workers).filter(|node| !rust.contains_key(node));
    let missing: Vec<String> = missing.map(|node| format!("`{node}`")).collect();
    let names = missing.join(", ");
    (!missing.is_empty()).then(|| {
        Problem::new(format!("calls are missing from the graph, because these functions were never built: {names}"))
            .help("run `cargo bedrock build`, or omit `--built`")
    })
}
