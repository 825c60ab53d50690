//! The programs of an app, compiled from the code that Lambda gets, for this machine; and the calls that are in them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bedrock_build::App;
use bedrock_dev::happenings::api::Picture;
use bedrock_dev::{BuildFailed, ENDPOINT, Edges, Making};

use crate::build::{self, Function, Listener, Purpose, Request};
use crate::graph::{self, Finding, Graph};
use crate::print::{Printer, Progress};
use crate::tool::Tools;
use bedrock_diagnostics::{Error, Result};

/// Compiles, as often as is needed.
#[derive(Clone)]
pub(super) struct Compiler {
    release: bool,
    /// A debugger will look into the programs.
    debugged: bool,
    print: Printer,
    tools: Tools,
    /// What was compiled last.
    programs: Arc<Mutex<BTreeMap<Function, PathBuf>>>,
}

/// What a workshop begins with.
#[derive(Clone)]
pub(super) struct Compiled {
    /// By the functions' names.
    pub(super) programs: Programs,
    /// Who may call whom, if that is known.
    pub(super) calls: Option<Calls>,
}

/// Who may call whom.
#[derive(Clone)]
pub(super) struct Calls {
    pub(super) edges: Edges,
    /// Draws them, as `cargo bedrock graph` does.
    pub(super) picture: Picture,
}

impl Compiled {
    /// Of an app that does not compile yet: calls of its programs fail until it does.
    pub(super) fn nothing() -> Self {
        Self { programs: HashMap::from([(ENDPOINT.to_owned(), PathBuf::from("not-compiled"))]), calls: None }
    }
}

/// Whether programs of this system say whom they call, as those for Lambda do.
const CALLS_ARE_SEEN: bool = cfg!(target_os = "linux");

/// Hands on what the compiler has made.
struct Told(Making);

/// Programs by the functions' names.
type Programs = HashMap<String, PathBuf>;

impl Compiler {
    pub(super) fn new(release: bool, debugged: bool, print: Printer) -> Result<Self> {
        Ok(Self { release, debugged, print, tools: Tools::watch()?, programs: Arc::default() })
    }

    /// Everything, or why not and what the compiler said of it. Circles are told, and code in which calls cannot be seen.
    pub(super) fn first(&self, app: &App) -> std::result::Result<Compiled, (Error, BuildFailed)> {
        // Words, on standard error: the first line for machines is where the app is found.
        let progress = Progress::new(self.print, false, false);
        let programs = self.programs(app, &progress, &()).map_err(|error| {
            let failed = build_failed(&error, &progress);
            (error, failed)
        })?;
        if !CALLS_ARE_SEEN {
            return Ok(Compiled { programs, calls: None });
        }
        let graph = self.graph(app).map(|(graph, findings)| {
            for finding in findings {
                self.print.problem(&finding.problem);
            }
            calls(graph)
        });
        let calls = graph.map_err(|error| self.print.error(&error)).ok();
        Ok(Compiled { programs, calls })
    }

    /// Says why an app could not be compiled.
    pub(super) fn complain(&self, error: &Error) {
        self.print.error(error);
    }

    /// The programs as they are now, in the background, told of as they are made. The compiler's words go to standard error
    /// as they come.
    pub(super) fn again(
        &self,
        app: &App,
        making: Making,
    ) -> impl Future<Output = std::result::Result<Programs, BuildFailed>> + Send + 'static {
        let (compiler, app) = (self.clone(), app.clone());
        async move {
            let programs = move || {
                let progress = Progress::beside_others(compiler.print);
                compiler.programs(&app, &progress, &Told(making)).map_err(|error| build_failed(&error, &progress))
            };
            let early = || BuildFailed { messages: vec!["the build ended early".to_owned()], said: Vec::new() };
            tokio::task::spawn_blocking(programs).await.unwrap_or_else(|_| Err(early()))
        }
    }

    /// Who may call whom now; nothing if some code cannot be read, which whoever runs it will be told.
    pub(super) fn calls(&self, app: &App) -> impl Future<Output = Option<Calls>> + Send + 'static {
        let (compiler, app) = (self.clone(), app.clone());
        async move {
            if !CALLS_ARE_SEEN {
                return None;
            }
            tokio::task::spawn_blocking(move || Some(calls(compiler.graph(&app).ok()?.0))).await.ok()?
        }
    }

    /// Who calls whom, as `cargo bedrock graph` draws it, from the programs that were compiled last.
    pub(super) fn picture(&self, app: &App) -> impl Future<Output = Result<String>> + Send + 'static {
        let (compiler, app) = (self.clone(), app.clone());
        async move {
            let draw = move || graph::render(&compiler.graph(&app)?.0, graph::Format::Text);
            tokio::task::spawn_blocking(draw).await.unwrap_or_else(|_| Err(Error::call("the graph was not finished")))
        }
    }

    /// How the user wants to be talked to.
    pub(super) fn print(&self) -> Printer {
        self.print
    }

    fn graph(&self, app: &App) -> Result<(Graph, Vec<Finding>)> {
        let programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        graph::read(app, &build::of_compiled(app, &programs)?)
    }

    fn programs(&self, app: &App, progress: &Progress, listener: &dyn Listener) -> Result<Programs> {
        let purpose = Purpose::Here { debugged: self.debugged };
        let request = Request { release: self.release, purpose, ..Request::default() };
        let programs = build::compiled(app, &request, (progress, self.print), &self.tools, listener)?;
        self.programs.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&programs);
        Ok(by_name(programs))
    }
}

fn calls(graph: Graph) -> Calls {
    let mut edges = Edges::new();
    for edge in &graph.edges {
        edges.entry(edge.from.as_str().to_owned()).or_default().insert(edge.to.as_str().to_owned());
    }
    Calls { edges, picture: Arc::new(move || graph::picture(&graph)) }
}

impl Listener for Told {
    fn program(&self, function: &Function, path: &Path) {
        self.0.program(name(function), path.to_owned());
    }

    fn all(&self) {
        self.0.all();
    }
}

fn by_name(programs: BTreeMap<Function, PathBuf>) -> Programs {
    programs.into_iter().map(|(function, path)| (name(&function), path)).collect()
}

fn name(function: &Function) -> String {
    match function {
        Function::Endpoint => ENDPOINT.to_owned(),
        Function::Worker(name) => name.to_string(),
    }
}

fn build_failed(error: &Error, progress: &Progress) -> BuildFailed {
    let messages = error.reports.iter().map(|report| report.message.clone()).collect();
    BuildFailed { messages, said: progress.errors() }
}
