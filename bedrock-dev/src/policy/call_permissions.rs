//! Which worker may call which. On AWS, the policy of a function names its callees, which are those of the call graph.
//! A call that is not in the graph works locally, but would be rejected there.

use std::collections::{BTreeSet, HashMap};

use bedrock_build::App;
use bedrock_model::FunctionInfo;

use crate::ENDPOINT;
use crate::execution::{LogLine, LogSink};
use crate::sync::RwLock;

/// The callees of each caller, by worker name. The endpoint is called [`ENDPOINT`].
pub type CallGraph = HashMap<String, BTreeSet<String>>;

/// Checks calls against the call graph.
pub(crate) struct CallPermissions {
    app_name: String,
    /// `None` if the call graph is not known: every call is permitted then.
    call_graph: RwLock<Option<CallGraph>>,
    /// Callees that the settings declare already. A suggested setting must repeat them.
    declared_callees: HashMap<String, Vec<String>>,
    strict: bool,
    log_sink: LogSink,
}

impl CallPermissions {
    pub(crate) fn new(app: &App, call_graph: Option<CallGraph>, strict: bool, log_sink: LogSink) -> Self {
        let workers = app.workers.iter().map(|worker| (worker.name.to_string(), &worker.settings));
        let functions = workers.chain([(ENDPOINT.to_owned(), &app.settings.endpoint)]);
        let declared_callees = functions.filter_map(|(name, settings)| Some((name, settings.invokes.clone()?)));
        Self {
            app_name: app.name.to_string(),
            call_graph: RwLock::new(call_graph),
            declared_callees: declared_callees.collect(),
            strict,
            log_sink,
        }
    }

    /// Replaces the call graph.
    pub(crate) fn set_call_graph(&self, call_graph: CallGraph) {
        *self.call_graph.write() = Some(call_graph);
    }

    fn is_permitted(&self, caller: &str, worker: &str) -> bool {
        let call_graph = self.call_graph.read();
        let Some(call_graph) = &*call_graph else { return true };
        call_graph.get(caller).is_some_and(|callees| callees.contains(worker))
    }

    /// Logs a call without permission, with the setting that would permit it. In strict mode, returns AWS's error
    /// message for such a call.
    pub(crate) fn check(&self, caller: &str, function: &FunctionInfo) -> Result<(), String> {
        if self.is_permitted(caller, &function.worker) {
            return Ok(());
        }
        let account = function.arn.split(':').nth(4).unwrap_or_default();
        self.log_violation(caller, &function.worker);
        if self.strict { Err(access_denied_message(&self.app_name, account, caller, &function.arn)) } else { Ok(()) }
    }

    fn log_violation(&self, caller: &str, worker: &str) {
        let severity = if self.strict { "error" } else { "warning" };
        let message = format!(
            "{severity}: `{caller}` called `{worker}`, but has no permission to: the call graph has no such edge"
        );
        let table = if caller == ENDPOINT { ENDPOINT.to_owned() } else { format!("workers.{caller}") };
        let declared = self.declared_callees.get(caller).map(Vec::as_slice).unwrap_or_default();
        let callees: Vec<_> = declared.iter().map(String::as_str).chain([worker]).collect();
        let help = format!("help: add `invokes = {callees:?}` to `[package.metadata.bedrock.{table}]` in `Cargo.toml`");
        for text in [message, help] {
            (self.log_sink)(LogLine { worker: caller.into(), request_id: None, text });
        }
    }
}

/// Returns IAM's message. The session of a function's role has the function's name.
fn access_denied_message(app_name: &str, account: &str, caller: &str, arn: &str) -> String {
    let name = format!("{app_name}-local-{caller}");
    format!(
        "User: arn:aws:sts::{account}:assumed-role/{name}/{name} is not authorized to perform: \
         lambda:InvokeFunction on resource: {arn} because no identity-based policy allows the lambda:InvokeFunction action"
    )
}
