//! `cargo bedrock mcp` and `cargo bedrock test` next to a running `dev`. The client of the protocol is the public one.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use testbed::tool;

use crate::dev_process::{DevProcess, example_app, lock_example};

/// A client that makes the calls in its second argument and prints the names of the tools and the results as JSON.
const CLIENT: &str = r#"
import asyncio, json, sys
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

async def main():
    command = json.loads(sys.argv[1])
    parameters = StdioServerParameters(command=command[0], args=command[1:])
    async with stdio_client(parameters) as (read, write):
        async with ClientSession(read, write) as session:
            await session.initialize()
            tools = [tool.name for tool in (await session.list_tools()).tools]
            results = []
            for name, arguments in json.loads(sys.argv[2]):
                try:
                    result = await session.call_tool(name, arguments)
                    results.append([result.is_error, result.content[0].text])
                except Exception as error:
                    results.append(["refused", str(error)])
    print(json.dumps({"tools": tools, "results": results}))

asyncio.run(main())
"#;

/// The names of the tools, and the error flag and the text of each call.
type ToolsAndResults = (Vec<String>, Vec<(Value, String)>);

/// Calls tools of the server. Returns `None` if the client is not installed.
fn calls(arguments: &[&str], calls: &Value) -> Option<ToolsAndResults> {
    let python = tool("mcp/bin/python")?;
    let folder = example_app().display().to_string();
    let command = [&[env!("CARGO_BIN_EXE_cargo-bedrock"), "-C", &folder, "mcp"], arguments].concat();
    let output = Command::new(python)
        .args(["-c", CLIENT, &json!(command).to_string(), &calls.to_string()])
        .output()
        .expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{stderr}"));
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let tools = printed["tools"].as_array().expect("tools").iter().map(text).collect();
    let results = printed["results"].as_array().expect("results").iter();
    Some((tools, results.map(|result| (result[0].clone(), text(&result[1]))).collect()))
}

#[test]
fn agent_reads_a_running_app_and_invokes_if_allowed() {
    let dev = DevProcess::start();
    assert_eq!(dev.invoke("greeter", &json!({ "name": "Grace" })).0, 200);
    let reads = json!([
        ["list", {}],
        ["graph", {}],
        ["invocations", { "worker": "greeter", "limit": 1 }],
        ["invocation", { "request_id": "no-such-id" }],
        ["logs", { "limit": 5 }],
        ["queue", {}],
        ["invoke", { "worker": "greeter", "event": { "name": "Ada" } }],
        ["queue", { "limit": 5 }],
    ]);
    let Some((tools, results)) = calls(&[], &reads) else { return };
    assert_eq!(tools, ["list", "app", "graph", "logs", "builds", "invocations", "invocation", "trace", "queue"]);
    let parsed = |at: usize| -> Value { serde_json::from_str(&results[at].1).expect("JSON") };
    assert_eq!(parsed(0)["workers"][0]["name"], "greeter");
    assert_eq!((&parsed(1)["name"], &parsed(1)["workers"]), (&json!("hello"), &Value::Null));
    assert_eq!(parsed(2)["invocations"][0]["worker"], "greeter");
    let errors: Vec<&Value> = results.iter().map(|(is_error, _)| is_error).collect();
    assert_eq!(json!(errors), json!([false, false, false, true, false, false, "refused", "refused"]));
    assert!(results[6].1.contains("start `cargo bedrock mcp --allow-invoke`"), "{}", results[6].1);
    assert!(results[7].1.contains("the tool `queue` has no argument `limit`"), "{}", results[7].1);

    let invokes =
        json!([["invoke", { "worker": "greeter", "event": { "name": "Ada" } }], ["invoke", { "worker": "x" }]]);
    let (tools, results) = calls(&["--allow-invoke"], &invokes).expect("the client");
    assert_eq!(tools.last().map(String::as_str), Some("invoke"));
    assert!(results[0].1.contains("Hello, Ada!"), "{results:?}");
    assert_eq!(results[1].0, true, "{results:?}");
    drop(dev);
    // No other test starts a server now.
    let _lock = lock_example();
    let (_, results) = calls(&[], &json!([["queue", {}], ["list", {}]])).expect("the client");
    assert!(results[0].1.starts_with("no `cargo bedrock dev` of the app `hello` is running"), "{results:?}");
    assert_eq!((&results[0].0, &results[1].0), (&json!(true), &json!(false)));
}

#[test]
fn invalid_messages_get_errors_and_the_end_ends_the_server() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
    server.args(["bedrock", "mcp"]).current_dir(example_app()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut server = server.spawn().expect("it starts");
    let lines = "{\n\n{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"resources/list\"}\n{\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n";
    server.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("written");
    let output = server.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut codes: Vec<(Value, Value)> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|message| (message["id"].clone(), message["error"]["code"].clone()))
        .collect();
    codes.sort_by_key(|(id, _)| id.to_string());
    assert_eq!(codes, [(json!("a"), json!(-32601)), (Value::Null, json!(-32700))]);
}

#[test]
fn calls_of_tested_workers_go_to_the_running_app() {
    let Some(python) = tool("venv/bin/python") else { return };
    let app = crate::reload::app_with_python();
    let test = "from bedrock.workers.invoker import invoke\n\n\ndef test_call():\n    \
                assert invoke(\"greeter\", {\"name\": \"Ada\"}, True) == {\"message\": \"hello Ada\"}\n";
    app.write("workers/snake/test_main.py", test);
    let run = || {
        let output = app.command(&["test", "snake"]).env("BEDROCK_PYTHON", &python).output().expect("it starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(run().0, Some(1), "no app runs");
    let dev = DevProcess::start_command(app.command(&["dev", "--port", "0", "--message-format", "json"]));
    let (code, stderr) = run();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("note: calls of workers go to the app that runs at http://127.0.0.1:"), "{stderr}");
    drop(dev);
}
