//! Compiles the programs of an app for this machine, from the same code that Lambda gets, and reads the call graph from
//! them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bedrock_build::App;
use bedrock_dev::http_api::RenderCallGraph;
use bedrock_dev::{BuildError, BuildProgress, CallGraph, ENDPOINT};

use crate::ui::{BuildReporter, Printer};
use bedrock_callgraph::{self as graph, Finding, Graph};
use bedrock_diagnostics::{Error, Result};
use bedrock_package::tools::ToolRunner;
use bedrock_package::{CompileObserver, Function, Purpose, Request};

/// Whether programs for this system contain their calls, like programs for Lambda do.
const HAS_CALLS_IN_PROGRAMS: bool = cfg!(target_os = "linux");

/// Paths of programs by function name.
type Programs = HashMap<String, PathBuf>;

/// Compiles the app's programs.
#[derive(Clone)]
pub(super) struct Compiler {
    release: bool,
    /// Whether a debugger will be attached to the programs.
    debugged: bool,
    print: Printer,
    tools: ToolRunner,
    /// The programs of the last successful build.
    programs: Arc<Mutex<BTreeMap<Function, PathBuf>>>,
}

/// Programs and call graph of an app.
#[derive(Clone)]
pub(super) struct Compiled {
    pub(super) programs: Programs,
    /// `None` if the call graph is not known.
    pub(super) calls: Option<Calls>,
}

/// Call graph of an app.
#[derive(Clone)]
pub(super) struct Calls {
    pub(super) edges: CallGraph,
    /// Draws the call graph like `cargo bedrock graph --format svg`.
    pub(super) picture: RenderCallGraph,
}

impl Compiled {
    /// Returns the state of an app that does not compile yet: calls of its programs fail until it does.
    pub(super) fn empty() -> Self {
        Self { programs: HashMap::from([(ENDPOINT.to_owned(), PathBuf::from("not-compiled"))]), calls: None }
    }
}

impl Compiler {
    /// Creates a compiler. From now on, signals end a running compilation instead of the program.
    pub(super) fn new(release: bool, debugged: bool, print: Printer) -> Result<Self> {
        let tools = ToolRunner::with_signal_handler()?;
        Ok(Self { release, debugged, print, tools, programs: Arc::default() })
    }

    /// Returns the runner whose tools end when the user interrupts the program.
    pub(super) fn tools(&self) -> &ToolRunner {
        &self.tools
    }

    /// Compiles all programs and reads the call graph. Prints findings about the call graph as warnings. If compiling
    /// fails, returns the error, and the same failure with the compiler's messages for the dev server.
    pub(super) fn compile_all(&self, app: &App) -> std::result::Result<Compiled, (Error, BuildError)> {
        // Text on standard error even for JSON output, whose first line is the address of the started app.
        let reporter = BuildReporter::new(self.print, false, false);
        let programs = self.compile(app, &reporter, &()).map_err(|error| {
            let failure = build_failure(&error, &reporter);
            (error, failure)
        })?;
        if !HAS_CALLS_IN_PROGRAMS {
            return Ok(Compiled { programs, calls: None });
        }
        let calls = self.graph(app).map(|(graph, findings)| {
            for finding in findings {
                self.print.warning_with_help(&finding.problem);
            }
            calls_of(graph)
        });
        let calls = calls.map_err(|error| self.print.error(&error)).ok();
        Ok(Compiled { programs, calls })
    }

    /// Prints why an app could not be compiled.
    pub(super) fn print_error(&self, error: &Error) {
        self.print.error(error);
    }

    /// Compiles the programs again in the background. Reports each finished program to `progress`, and prints the
    /// compiler's messages to standard error as they arrive.
    pub(super) fn recompile(
        &self,
        app: &App,
        progress: BuildProgress,
    ) -> impl Future<Output = std::result::Result<Programs, BuildError>> + Send + 'static {
        let compiler = self.clone();
        let app = app.clone();
        async move {
            let compile = move || {
                let reporter = BuildReporter::without_progress_lines(compiler.print);
                let result = compiler.compile(&app, &reporter, &CompileListener(progress));
                result.map_err(|error| build_failure(&error, &reporter))
            };
            let ended_early =
                || BuildError { messages: vec!["the build ended early".to_owned()], compiler_output: Vec::new() };
            tokio::task::spawn_blocking(compile).await.unwrap_or_else(|_| Err(ended_early()))
        }
    }

    /// Reads the call graph of the last build. Returns `None` if some code cannot be read; running it reports the
    /// error.
    pub(super) fn calls(&self, app: &App) -> impl Future<Output = Option<Calls>> + Send + 'static {
        let compiler = self.clone();
        let app = app.clone();
        async move {
            if !HAS_CALLS_IN_PROGRAMS {
                return None;
            }
            tokio::task::spawn_blocking(move || Some(calls_of(compiler.graph(&app).ok()?.0))).await.ok()?
        }
    }

    /// Returns the call graph of the last build as text, like `cargo bedrock graph`.
    pub(super) fn graph_text(&self, app: &App) -> impl Future<Output = Result<String>> + Send + 'static {
        let compiler = self.clone();
        let app = app.clone();
        async move {
            let render = move || graph::render(&compiler.graph(&app)?.0, graph::Format::Text);
            let ended_early = || Err(Error::call("drawing the call graph ended early"));
            tokio::task::spawn_blocking(render).await.unwrap_or_else(|_| ended_early())
        }
    }

    /// Returns the programs of the last successful build.
    pub(super) fn last_programs(&self) -> BTreeMap<Function, PathBuf> {
        self.programs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the user's output settings.
    pub(super) fn printer(&self) -> Printer {
        self.print
    }

    fn graph(&self, app: &App) -> Result<(Graph, Vec<Finding>)> {
        graph::load_graph(app, &bedrock_package::read_calls(app, &self.last_programs())?)
    }

    fn compile(&self, app: &App, reporter: &BuildReporter, compile_observer: &dyn CompileObserver) -> Result<Programs> {
        let purpose = Purpose::Here { debugged: self.debugged };
        let request = Request { release: self.release, purpose, ..Request::default() };
        let programs = bedrock_package::compile_programs(app, &request, reporter, &self.tools, compile_observer)?;
        self.programs.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&programs);
        Ok(by_name(programs))
    }
}

/// Forwards finished programs to the dev server.
struct CompileListener(BuildProgress);

impl CompileObserver for CompileListener {
    fn program(&self, function: &Function, path: &Path) {
        self.0.executable_built(function_name(function), path.to_owned());
    }

    fn all(&self) {
        self.0.all_built();
    }
}

fn calls_of(graph: Graph) -> Calls {
    let mut edges = CallGraph::new();
    for edge in &graph.edges {
        edges.entry(edge.from.as_str().to_owned()).or_default().insert(edge.to.as_str().to_owned());
    }
    Calls { edges, picture: Arc::new(move || graph::picture(&graph)) }
}

fn by_name(programs: BTreeMap<Function, PathBuf>) -> Programs {
    programs.into_iter().map(|(function, path)| (function_name(&function), path)).collect()
}

fn function_name(function: &Function) -> String {
    match function {
        Function::Endpoint => ENDPOINT.to_owned(),
        Function::Worker(name) => name.to_string(),
    }
}

fn build_failure(error: &Error, reporter: &BuildReporter) -> BuildError {
    let messages = error.reports.iter().map(|report| report.message.clone()).collect();
    BuildError { messages, compiler_output: reporter.errors() }
}
