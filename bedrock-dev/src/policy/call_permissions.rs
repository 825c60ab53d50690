//! Which worker may call which. On AWS a function's policy names its callees, which are those of the call graph; a call
//! that the graph does not have works on a laptop and is refused there.

use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock};

use bedrock::local::service::FunctionInfo;
use bedrock_build::App;

use crate::execution::{LogLine, LogSink};

/// The callees of each caller, by the workers' names; `endpoint` is the endpoint.
pub type CallGraph = HashMap<String, BTreeSet<String>>;

/// Who may call whom.
pub(crate) struct CallPermissions {
    app: String,
    /// Nothing if the call graph is not known: everybody may call everybody.
    edges: RwLock<Option<CallGraph>>,
    /// What the settings declare already, which a line to add must not lose.
    declared: HashMap<String, Vec<String>>,
    strict: bool,
    sink: LogSink,
}

impl CallPermissions {
    pub(crate) fn of(app: &App, edges: Option<CallGraph>, strict: bool, sink: LogSink) -> Self {
        let of_workers = app.workers.iter().map(|worker| (worker.name.to_string(), &worker.settings));
        let all = of_workers.chain([("endpoint".to_owned(), &app.settings.endpoint)]);
        let declared = all.filter_map(|(name, settings)| Some((name, settings.invokes.clone()?))).collect();
        let edges = RwLock::new(edges);
        Self { app: app.name.to_string(), edges, declared, strict, sink }
    }

    /// The call graph is this one from now on.
    pub(crate) fn know(&self, edges: CallGraph) {
        *self.edges.write().unwrap_or_else(PoisonError::into_inner) = Some(edges);
    }

    /// Whether the call graph has a call.
    fn has(&self, caller: &str, worker: &str) -> bool {
        let edges = self.edges.read().unwrap_or_else(PoisonError::into_inner);
        let Some(edges) = &*edges else { return true };
        edges.get(caller).is_some_and(|callees| callees.contains(worker))
    }

    /// AWS's text if the call is not allowed. Says in either case which setting would allow it.
    pub(crate) fn check(&self, caller: &str, function: &FunctionInfo) -> Result<(), String> {
        if self.has(caller, &function.worker) {
            return Ok(());
        }
        let account = function.arn.split(':').nth(4).unwrap_or_default();
        self.tell(caller, &function.worker);
        if self.strict { Err(refusal(&self.app, account, caller, &function.arn)) } else { Ok(()) }
    }

    fn tell(&self, caller: &str, worker: &str) {
        let outcome = if self.strict { "error" } else { "warning" };
        let what =
            format!("{outcome}: `{caller}` called `{worker}`, which the call graph does not have and AWS refuses");
        let table = if caller == "endpoint" { "endpoint".to_owned() } else { format!("workers.{caller}") };
        let declared = self.declared.get(caller).map(Vec::as_slice).unwrap_or_default();
        let names: Vec<_> = declared.iter().map(String::as_str).chain([worker]).collect();
        let help = format!("help: add `invokes = {names:?}` to `[package.metadata.bedrock.{table}]` in `Cargo.toml`");
        for text in [what, help] {
            (self.sink)(LogLine { worker: caller.into(), request_id: None, text });
        }
    }
}

/// As IAM words it. A function's session has the function's name.
fn refusal(app: &str, account: &str, caller: &str, arn: &str) -> String {
    let name = format!("{app}-local-{caller}");
    format!(
        "User: arn:aws:sts::{account}:assumed-role/{name}/{name} is not authorized to perform: lambda:InvokeFunction on \
         resource: {arn} because no identity-based policy allows the lambda:InvokeFunction action"
    )
}
