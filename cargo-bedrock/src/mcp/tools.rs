//! The tools: which there are, and how each reads the app or its running `dev`.

use std::path::Path;

use bedrock_build::App;
use form_urlencoded::Serializer;
use serde_json::{Value, json};

use crate::running_dev::{ApiResponse, RunningDev, path_segment};
use bedrock_diagnostics::Error;

/// A tool that reads a route of the `dev` API.
struct ReadTool {
    name: &'static str,
    description: &'static str,
    /// The route below `/_bedrock/v1/`. `{…}` is replaced by the argument of that name.
    route: &'static str,
    /// Query parameters that are always sent.
    fixed: &'static [(&'static str, &'static str)],
    arguments: &'static [Argument],
    /// The keys of the response that the tool returns. Empty for all.
    keys: &'static [&'static str],
}

struct Argument {
    name: &'static str,
    is_required: bool,
    description: &'static str,
}

const fn optional(name: &'static str, description: &'static str) -> Argument {
    Argument { name, is_required: false, description }
}

const fn required(name: &'static str, description: &'static str) -> Argument {
    Argument { name, is_required: true, description }
}

const WORKER: Argument = optional("worker", "only of this worker; `endpoint` is the HTTP endpoint");
const LIMIT: Argument = optional("limit", "the maximum number of entries");

/// The tools that read. They need a running `dev`.
const READ_TOOLS: [ReadTool; 8] = [
    ReadTool {
        name: "app",
        description: "The running app: its URL, its workers with settings and triggers",
        route: "app",
        fixed: &[],
        arguments: &[],
        keys: &[],
    },
    ReadTool {
        name: "graph",
        description: "The call graph of the running app, `edges`: which function calls which worker",
        route: "app",
        fixed: &[],
        arguments: &[],
        keys: &["name", "edges"],
    },
    ReadTool {
        name: "logs",
        description: "The newest log lines of the workers and the endpoint, oldest first",
        route: "dev-events",
        fixed: &[("kind", "log")],
        arguments: &[WORKER, optional("request_id", "only of this invocation"), LIMIT],
        keys: &[],
    },
    ReadTool {
        name: "builds",
        description: "The newest builds and reloads; a failed one has the messages of the compiler",
        route: "dev-events",
        fixed: &[("kind", "build")],
        arguments: &[LIMIT],
        keys: &[],
    },
    ReadTool {
        name: "invocations",
        description: "Invocations, newest first, with event, outcome and duration",
        route: "invocations",
        fixed: &[],
        arguments: &[
            WORKER,
            optional("outcome", "`ok`, `error`, `timeout`, `throttled`, `denied` or `running`"),
            optional("search", "text in ids, names, errors, lines, events and responses"),
            LIMIT,
        ],
        keys: &[],
    },
    ReadTool {
        name: "invocation",
        description: "One invocation with its event, response, stack, log lines and calls",
        route: "invocations/{request_id}",
        fixed: &[],
        arguments: &[required("request_id", "the id of the invocation")],
        keys: &[],
    },
    ReadTool {
        name: "trace",
        description: "Everything that one call led to, across workers: attempts, lines, queue changes",
        route: "traces/{trace}",
        fixed: &[],
        arguments: &[required("trace", "the `trace` of an invocation")],
        keys: &[],
    },
    ReadTool {
        name: "queue",
        description: "Asynchronous events that wait, run or have failed permanently",
        route: "queue",
        fixed: &[],
        arguments: &[],
        keys: &[],
    },
];

/// What a tool returns: text for the model.
#[derive(Debug)]
pub(super) struct ToolOutput {
    pub(super) text: String,
    pub(super) is_error: bool,
}

/// The tools of an app.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    pub(super) app: App,
    /// Whether workers may be invoked.
    pub(super) allow_invoke: bool,
}

impl Tools {
    /// Returns the descriptions of all tools.
    pub(super) fn list(&self) -> Vec<Value> {
        let mut tools = vec![description(
            "list",
            "The workers of the app on disk: name, language, folder, timeout, memory. Needs no running `dev`",
            &[],
            true,
        )];
        tools.extend(READ_TOOLS.iter().map(|tool| description(tool.name, tool.description, tool.arguments, true)));
        if self.allow_invoke {
            tools.push(invoke_description());
        }
        tools
    }

    /// Calls a tool. `Err` is a message about the name or the arguments.
    pub(super) async fn call(&self, name: &str, arguments: &Value) -> Result<ToolOutput, String> {
        if name == "list" {
            return Ok(list(&self.app.root));
        }
        if name == "invoke" {
            return self.invoke(arguments).await;
        }
        let tool = READ_TOOLS.iter().find(|tool| tool.name == name).ok_or_else(|| format!("no tool `{name}`"))?;
        let route = route(tool, arguments)?;
        let Some(dev) = RunningDev::find(&self.app).await else { return Ok(self.no_dev()) };
        Ok(selected(output(dev.get(&route).await), tool.keys))
    }

    async fn invoke(&self, arguments: &Value) -> Result<ToolOutput, String> {
        if !self.allow_invoke {
            return Err("workers may not be invoked; start `cargo bedrock mcp --allow-invoke`".to_owned());
        }
        let worker = arguments["worker"].as_str().ok_or("the argument `worker` is missing")?;
        let event = arguments.get("event").cloned().unwrap_or_else(|| json!({}));
        let mode = if arguments["async"] == true { "event" } else { "sync" };
        let Some(dev) = RunningDev::find(&self.app).await else { return Ok(self.no_dev()) };
        let route = format!("workers/{}/invoke?mode={mode}", path_segment(worker));
        Ok(output(dev.post(&route, event.to_string()).await))
    }

    fn no_dev(&self) -> ToolOutput {
        let text = format!(
            "no `cargo bedrock dev` of the app `{}` is running; start it in `{}`",
            self.app.name,
            self.app.root.display()
        );
        ToolOutput { text, is_error: true }
    }
}

fn description(name: &str, text: &str, arguments: &[Argument], is_read_only: bool) -> Value {
    let properties: serde_json::Map<String, Value> = arguments
        .iter()
        .map(|argument| {
            let kind = if argument.name == "limit" { "integer" } else { "string" };
            (argument.name.to_owned(), json!({ "type": kind, "description": argument.description }))
        })
        .collect();
    let required: Vec<&str> =
        arguments.iter().filter(|argument| argument.is_required).map(|argument| argument.name).collect();
    json!({
        "name": name,
        "description": text,
        "inputSchema": { "type": "object", "properties": properties, "required": required, "additionalProperties": false },
        "annotations": { "readOnlyHint": is_read_only },
    })
}

fn invoke_description() -> Value {
    let worker = [required("worker", "the name of the worker")];
    let mut description = description("invoke", "Invoke a worker of the running app with an event", &worker, false);
    let properties = &mut description["inputSchema"]["properties"];
    properties["event"] = json!({ "description": "the event, any JSON; `{}` by default" });
    properties["async"] = json!({ "type": "boolean", "description": "return at once, with retries as on Lambda" });
    description
}

/// Returns route and query of a tool's call.
fn route(tool: &ReadTool, arguments: &Value) -> Result<String, String> {
    let given = arguments.as_object();
    let is_known = |name: &str| tool.arguments.iter().any(|argument| argument.name == name);
    if let Some(unknown) = given.into_iter().flatten().map(|(name, _)| name).find(|name| !is_known(name.as_str())) {
        return Err(format!("the tool `{}` has no argument `{unknown}`", tool.name));
    }
    let mut route = tool.route.to_owned();
    let mut query = Serializer::new(String::new());
    query.extend_pairs(tool.fixed);
    for argument in tool.arguments {
        let text = match given.and_then(|given| given.get(argument.name)) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            None | Some(Value::Null) if argument.is_required => {
                return Err(format!("the argument `{}` is missing", argument.name));
            }
            None | Some(Value::Null) => continue,
            Some(_) => return Err(format!("the argument `{}` is neither text nor a number", argument.name)),
        };
        let place = format!("{{{}}}", argument.name);
        if route.contains(&place) {
            route = route.replace(&place, &path_segment(&text));
        } else {
            query.append_pair(argument.name, &text);
        }
    }
    let query = query.finish();
    Ok(if query.is_empty() { route } else { format!("{route}?{query}") })
}

fn output(response: Result<ApiResponse, Error>) -> ToolOutput {
    match response {
        Ok(ApiResponse { text, is_success }) => ToolOutput { text, is_error: !is_success },
        Err(error) => ToolOutput { text: error_text(&error), is_error: true },
    }
}

/// Returns a result with these keys of the JSON object only.
fn selected(output: ToolOutput, keys: &[&str]) -> ToolOutput {
    if keys.is_empty() || output.is_error {
        return output;
    }
    let Ok(Value::Object(mut object)) = serde_json::from_str(&output.text) else { return output };
    object.retain(|key, _| keys.contains(&key.as_str()));
    ToolOutput { text: Value::Object(object).to_string(), ..output }
}

fn error_text(error: &Error) -> String {
    let lines = error.reports.iter().flat_map(|report| {
        let causes = report.causes.iter().map(|cause| format!("caused by: {cause}"));
        let help = report.help.iter().map(|help| format!("help: {help}"));
        std::iter::once(report.message.clone()).chain(causes).chain(help)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Reads the app again, because it may have changed since the server was started.
fn list(root: &Path) -> ToolOutput {
    let app = match App::open(root) {
        Ok(app) => app,
        Err(problems) => {
            let messages: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
            return ToolOutput { text: messages.join("\n"), is_error: true };
        }
    };
    let workers = app.workers.iter().map(|worker| {
        json!({
            "name": worker.name.as_str(),
            "language": worker.language_name(),
            "folder": worker.dir,
            "timeout": worker.settings.timeout,
            "memory": worker.settings.memory,
        })
    });
    let listing = json!({ "app": app.name.as_str(), "workers": workers.collect::<Vec<_>>() });
    ToolOutput { text: listing.to_string(), is_error: false }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{READ_TOOLS, route};

    fn route_of(name: &str, arguments: &serde_json::Value) -> Result<String, String> {
        route(READ_TOOLS.iter().find(|tool| tool.name == name).expect(name), arguments)
    }

    #[test]
    fn arguments_are_in_route_and_query() {
        let logs = route_of("logs", &json!({ "worker": "a b&c", "limit": 5, "request_id": null }));
        assert_eq!(logs.as_deref(), Ok("dev-events?kind=log&worker=a+b%26c&limit=5"));
        assert_eq!(route_of("queue", &json!(null)).as_deref(), Ok("queue"));
        let invocation = route_of("invocation", &json!({ "request_id": "../x y" }));
        assert_eq!(invocation.as_deref(), Ok("invocations/..%2Fx%20y"));
    }

    #[test]
    fn wrong_arguments_are_named() {
        for (tool, arguments, expected) in [
            ("trace", json!({}), "the argument `trace` is missing"),
            ("queue", json!({ "limit": 1 }), "the tool `queue` has no argument `limit`"),
            ("logs", json!({ "worker": ["a"] }), "the argument `worker` is neither text nor a number"),
        ] {
            assert_eq!(route_of(tool, &arguments), Err(expected.to_owned()));
        }
    }
}
