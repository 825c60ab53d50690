//! Executions of durable workers while the server, or processes of their worker, are killed at random moments: each ends with
//! the right result, and no completed step runs again. The nightly tests kill 50 times with 200 executions.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::dev_process::{DevProcess, try_request, wait_until_ended};
use crate::test_app::TestApp;

/// A line of the log says that a step runs, and another one that its result has come to the code.
const FLOW: &str = "\
const fs = require('fs');
const note = (line) => fs.appendFileSync(process.env.NOTES, line + '\\n');

exports.Flow = class {
  async execute({ number }, context) {
    const one = await context.step('one', async () => (note(`run ${number} one`), number));
    note(`done ${number} one`);
    await context.wait('pause', { seconds: 1 });
    const part = await context.invoke('half', 'part', { number });
    const [answer, id] = await context.createCallback('approval');
    note(`callback ${number} ${id}`);
    const approval = await answer;
    const two = await context.step('two', async () => (note(`run ${number} two`), one + 1));
    note(`done ${number} two`);
    return [one, part, approval, two];
  }
};
";

const PART: &str = "\
const fs = require('fs');
const note = (line) => fs.appendFileSync(process.env.NOTES, line + '\\n');

exports.Part = class {
  async execute({ number }, context) {
    const half = await context.step('half', async () => (note(`run ${number} half`), number * 2));
    note(`done ${number} half`);
    await context.wait('rest', { seconds: 1 });
    return half;
  }
};
";

/// Time for all executions after the last kill.
const TIMEOUT: Duration = Duration::from_secs(240);

/// An app with the durable workers, and what the test has done so far.
struct Run {
    app: TestApp,
    executions: usize,
    kills: usize,
    /// Numbers of the executions whose start was accepted.
    started: BTreeSet<usize>,
    /// Numbers of the executions whose answer was accepted.
    answered: BTreeSet<usize>,
    /// State of a generator of random numbers.
    random: u64,
}

impl Run {
    /// Returns `None` if AWS's SDK is not installed.
    #[allow(clippy::print_stderr, reason = "nextest shows it if the test fails")]
    fn new() -> Option<Self> {
        let node_modules = testbed::tool("durable_sdk/node_modules")?;
        let app = TestApp::compilable().file("workers/flow/main.js", FLOW).file("workers/part/main.js", PART);
        for worker in ["flow", "part"] {
            symlink(&node_modules, app.path(&format!("workers/{worker}/node_modules"))).expect("a link");
            app.append(
                "Cargo.toml",
                &format!(
                    "\n[package.metadata.bedrock.workers.{worker}]\ndurable = {{ timeout = \"1d\" }}\ntimeout = 60\n\
                     env = {{ NOTES = \"{}\" }}\n",
                    app.path("target/notes").display()
                ),
            );
        }
        let is_nightly = std::env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "nightly");
        let (kills, executions) = if is_nightly { (50, 200) } else { (5, 20) };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
        let random = (now.as_secs() << 30) | u64::from(now.subsec_nanos()) | 1;
        eprintln!("random numbers begin with {random}");
        Some(Self { app, executions, kills, started: BTreeSet::new(), answered: BTreeSet::new(), random })
    }

    /// Returns a number below `limit`.
    fn random_below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % limit
    }

    fn start_dev(&self) -> DevProcess {
        DevProcess::start_command(self.app.command(&["dev", "--port", "0", "--message-format", "json"]))
    }

    /// Returns the complete lines of the log.
    fn notes(&self) -> String {
        let mut text = fs::read_to_string(self.app.path("target/notes")).unwrap_or_default();
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        text
    }

    /// Starts what has not started, and answers the callbacks that are open. Returns `false` if the server has ended.
    fn drive(&mut self, port: u16) -> bool {
        for number in 0..self.executions {
            if self.started.contains(&number) {
                continue;
            }
            let head = format!(
                "POST /2015-03-31/functions/flow/invocations HTTP/1.1\r\nX-Amz-Invocation-Type: Event\r\n\
                 X-Amz-Durable-Execution-Name: order-{number}\r\n"
            );
            match try_request(port, &head, &json!({ "number": number }).to_string()) {
                Some((202, _)) => self.started.insert(number),
                Some(other) => panic!("{other:?}"),
                None => return false,
            };
        }
        for line in self.notes().lines() {
            let Some((number, id)) = line.strip_prefix("callback ").and_then(|rest| rest.split_once(' ')) else {
                continue;
            };
            let number = number.parse().expect("a number");
            if self.answered.contains(&number) {
                continue;
            }
            let id = id.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
            let head = format!("POST /2025-12-01/durable-execution-callbacks/{id}/succeed HTTP/1.1\r\n");
            match try_request(port, &head, "\"yes\"") {
                Some((200, _)) => self.answered.insert(number),
                // The answer was stored before the server was killed, and its response was not sent.
                Some((400, error)) if error.to_string().contains("already been completed") => {
                    self.answered.insert(number)
                }
                Some(other) => panic!("{other:?}"),
                None => return false,
            };
        }
        // It may have nothing to do when the server ends.
        try_request(port, "GET /2015-03-31/functions/flow/configuration HTTP/1.1\r\n", "").is_some()
    }

    /// Waits until all executions have ended, and checks them.
    fn check(&mut self, dev: &DevProcess) {
        let ended = Instant::now() + TIMEOUT;
        let list = |worker: &str| {
            let path = format!("/2025-12-01/functions/{worker}/durable-executions?MaxItems=1000");
            let (_, list) = try_request(dev.port(), &format!("GET {path} HTTP/1.1\r\n"), "").expect("a list");
            list["DurableExecutions"].as_array().expect("executions").clone()
        };
        loop {
            assert!(self.drive(dev.port()), "it runs");
            let flows = list("flow");
            if flows.len() == self.executions && flows.iter().all(|each| each["Status"] != "RUNNING") {
                break;
            }
            assert!(Instant::now() < ended, "{} executions, {} answered", flows.len(), self.answered.len());
            std::thread::sleep(Duration::from_millis(50));
        }
        for (worker, types) in [
            (
                "flow",
                &["StepSucceeded", "WaitSucceeded", "ChainedInvokeSucceeded", "CallbackSucceeded", "StepSucceeded"][..],
            ),
            ("part", &["StepSucceeded", "WaitSucceeded"][..]),
        ] {
            let all = list(worker);
            // Each call has started one execution.
            assert_eq!(all.len(), self.executions, "{worker}");
            for execution in all {
                check_execution(dev, &execution, types);
            }
        }
        check_notes(&self.notes(), self.executions);
    }
}

/// Checks the result of an execution, and that each of its operations has ended once.
fn check_execution(dev: &DevProcess, execution: &Value, types: &[&str]) {
    let arn = execution["DurableExecutionArn"].as_str().expect("an ARN");
    let path =
        format!("/2025-12-01/durable-executions/{}", arn.replace(':', "%3A").replace('$', "%24").replace('/', "%2F"));
    let get =
        |suffix: &str| try_request(dev.port(), &format!("GET {path}{suffix} HTTP/1.1\r\n"), "").expect("a response").1;
    let events = get("/history?MaxItems=1000")["Events"].as_array().expect("events").clone();
    let ended = events.iter().filter_map(|event| event["EventType"].as_str());
    let ended: Vec<&str> = ended.filter(|kind| kind.ends_with("Succeeded") && *kind != "ExecutionSucceeded").collect();
    let execution = get("");
    assert_eq!((execution["Status"].as_str(), &ended[..]), (Some("SUCCEEDED"), types), "{execution}");
    let input: Value = serde_json::from_str(execution["InputPayload"].as_str().expect("an input")).expect("JSON");
    let number = input["number"].as_u64().expect("a number");
    let expected = if types.len() > 2 { json!([number, number * 2, "\"yes\"", number + 1]) } else { json!(number * 2) };
    let result: Value = serde_json::from_str(execution["Result"].as_str().expect("a result")).expect("JSON");
    assert_eq!(result, expected, "{arn}");
}

/// Checks that each step has run, and never after its result has come to the code.
fn check_notes(notes: &str, executions: usize) {
    let mut done = BTreeSet::new();
    for line in notes.lines() {
        match line.split_once(' ') {
            Some(("done", step)) => {
                done.insert(step.to_owned());
            }
            Some(("run", step)) => assert!(!done.contains(step), "the step `{step}` has run again"),
            _ => {}
        }
    }
    assert_eq!(done.len(), executions * 3);
}

#[test]
fn durable_executions_survive_kills_of_the_server() {
    let Some(mut run) = Run::new() else { return };
    for _ in 0..run.kills {
        let dev = run.start_dev();
        let delay = Duration::from_millis(run.random_below(2_000));
        let children = std::thread::scope(|scope| {
            let killer = scope.spawn(|| {
                std::thread::sleep(delay);
                let children = dev.children();
                dev.send_kill();
                children
            });
            while run.drive(dev.port()) {
                std::thread::sleep(Duration::from_millis(10));
            }
            killer.join().expect("a kill")
        });
        dev.kill();
        wait_until_ended(&children);
    }
    let dev = run.start_dev();
    run.check(&dev);
}

#[test]
fn durable_executions_survive_kills_of_their_processes() {
    let Some(mut run) = Run::new() else { return };
    let dev = run.start_dev();
    let mut kills = 0;
    while kills < run.kills {
        assert!(run.drive(dev.port()), "it runs");
        let is_worker =
            |pid: &u32| fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|text| text.contains("node"));
        let workers: Vec<u32> = dev.children().into_iter().filter(is_worker).collect();
        if !workers.is_empty() {
            let index = run.random_below(u64::try_from(workers.len()).expect("few"));
            let victim = workers[usize::try_from(index).expect("few")];
            // It may have ended by itself.
            let pid = Pid::from_raw(i32::try_from(victim).expect("an id")).expect("an id");
            kills += usize::from(kill_process(pid, Signal::KILL).is_ok());
        }
        std::thread::sleep(Duration::from_millis(run.random_below(300)));
    }
    run.check(&dev);
}
