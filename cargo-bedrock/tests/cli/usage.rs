//! Help, version and usage errors.

use insta::assert_snapshot;

use crate::test_app::TestApp;

#[test]
fn no_arguments_print_the_help() {
    assert_snapshot!(TestApp::empty().run(&[]), @"
    exit code 2
    -- stderr
    Rust apps on AWS Lambda, with workers in Rust, Python and JavaScript

    Usage: cargo bedrock [OPTIONS] <COMMAND>

    Commands:
      new          Create an app, a worker or an endpoint
      remove       Remove a worker from the app
      build        Build a zip file of each function and each layer, ready for Lambda
      list         List the app's workers
      invoke       Invoke a worker or the endpoint, and print the response
      graph        Show which functions call which workers
      contracts    Write, check, show or compare the types of the workers
      test         Run the unit tests of workers
      env          Print the environment of a worker's code, or run a command in it
      mcp          Serve a coding agent over the Model Context Protocol
      dev          Run the app locally, with Lambda's API on one port
      queue        List, retry or delete pending and failed events
      executions   List, show and change executions of durable workers
      replay       Check whether the code of durable workers fits recorded executions
      deploy       Deploy the last build to a stage
      status       Show what is deployed, and how it differs from the last build
      rollback     Roll back to the version before the last deploy
      destroy      Delete a stage from AWS, with its logs
      logs         Show the logs of the deployed functions of a stage
      terraform    Compare `terraform/` with the template of this version, or update it
      migrate      Migrate a Bedrock for Python app, keeping its workers unchanged
      import       Import the functions of a SAM template or a cargo-lambda workspace as workers
      doctor       Check this machine for required tools
      completions  Print the shell completion script of `cargo-bedrock`
      man          Print the manual page, or write the pages of all commands
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Global options:
      -C, --directory <DIR>  Run as if started in `<DIR>`
      -q, --quiet            Print only errors, warnings and data
          --color <WHEN>     When to colour the output [default: auto] [possible values: auto, always,
                             never]

    Exit codes: 0 success, 1 error in the app, 2 usage or machine error, 130 interrupted

    Examples:
      cargo bedrock new app my_app               create an app with one endpoint and one worker
      cargo bedrock new worker system_fetcher.py add a worker to the app in the current folder
      cargo bedrock dev                          run the app locally, with Lambda's API on one port
      cargo bedrock list                         list the app's workers
      cargo bedrock invoke greeter               invoke a worker locally
      cargo bedrock test                         run the unit tests of the app's workers
      cargo bedrock executions ls                list the executions of durable workers
      cargo bedrock graph                        show which functions call which workers
      cargo bedrock contracts                    write the types of the workers for their callers
      cargo bedrock build --release              build a zip file of each function and each layer
      cargo bedrock deploy --stage dev           deploy the last build to a stage
      cargo bedrock logs --stage dev -f          follow the logs of the stage's functions
      cargo bedrock doctor                       check this machine for required tools
    ");
}

#[test]
fn help_of_each_command_has_examples() {
    let app = TestApp::empty();
    for command in [
        &["new"][..],
        &["new", "app"],
        &["new", "worker"],
        &["new", "endpoint"],
        &["build"],
        &["list"],
        &["contracts"],
        &["contracts", "show"],
        &["contracts", "diff"],
        &["invoke"],
        &["remove"],
        &["remove", "worker"],
        &["test"],
        &["env"],
        &["mcp"],
        &["dev"],
        &["queue"],
        &["queue", "ls"],
        &["queue", "show"],
        &["queue", "retry"],
        &["queue", "drop"],
        &["queue", "drain"],
        &["executions"],
        &["executions", "ls"],
        &["executions", "show"],
        &["executions", "history"],
        &["executions", "stop"],
        &["executions", "pause"],
        &["executions", "resume"],
        &["executions", "delete"],
        &["executions", "callback"],
        &["executions", "callback", "succeed"],
        &["executions", "callback", "fail"],
        &["executions", "callback", "heartbeat"],
        &["deploy"],
        &["status"],
        &["rollback"],
        &["destroy"],
        &["terraform"],
        &["terraform", "diff"],
        &["terraform", "upgrade"],
        &["logs"],
        &["migrate"],
        &["import"],
        &["doctor"],
        &["completions"],
        &["man"],
    ] {
        let shown = app.run(&[command, &["--help"]].concat());
        assert!(shown.starts_with("exit code 0\n-- stdout\n"), "{shown}");
        assert!(shown.contains("\nExamples:\n  cargo bedrock ") || shown.contains("\nExamples:\n  jq"), "{shown}");
        assert!(shown.contains(&format!("Usage: cargo bedrock {}", command.join(" "))), "{shown}");
    }
}

#[test]
fn version_is_that_of_the_package() {
    let version = format!("exit code 0\n-- stdout\ncargo-bedrock {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(TestApp::empty().run(&["--version"]), version);
}

#[test]
fn unknown_command_is_a_usage_error() {
    assert_snapshot!(TestApp::empty().run(&["frobnicate"]), @"
    exit code 2
    -- stderr
    error: no command named `frobnicate`
    help: usage: `cargo bedrock [OPTIONS] <COMMAND>`
    ");
    assert_snapshot!(TestApp::empty().run(&["lst"]), @"
    exit code 2
    -- stderr
    error: no command named `lst`
    help: a command with a similar name exists: `test`, `list`
    help: usage: `cargo bedrock [OPTIONS] <COMMAND>`
    ");
    assert_snapshot!(TestApp::empty().run(&["new", "wroker", "x.rs"]), @"
    exit code 2
    -- stderr
    error: no command named `wroker`
    help: a command with a similar name exists: `worker`
    help: usage: `cargo bedrock new [OPTIONS] <COMMAND>`
    ");
}

#[test]
fn unknown_argument_is_a_usage_error() {
    assert_snapshot!(TestApp::empty().run(&["list", "--jsn"]), @"
    exit code 2
    -- stderr
    error: unexpected argument `--jsn`
    help: an argument with a similar name exists: `--json`
    help: usage: `cargo bedrock list --json`
    ");
    assert_snapshot!(TestApp::empty().run(&["list", "extra"]), @"
    exit code 2
    -- stderr
    error: unexpected argument `extra`
    help: usage: `cargo bedrock list [OPTIONS]`
    ");
}

#[test]
fn missing_argument_is_named() {
    assert_snapshot!(TestApp::empty().run(&["new", "app"]), @"
    exit code 2
    -- stderr
    error: missing argument `<NAME>`
    help: usage: `cargo bedrock new app <NAME>`
    ");
    assert_snapshot!(TestApp::empty().run(&["invoke", "greeter", "--payload"]), @"
    exit code 2
    -- stderr
    error: missing value of `--payload <JSON|@FILE|->`
    help: `cargo bedrock --help` lists the commands
    ");
}

#[test]
fn repeated_argument_is_a_usage_error() {
    assert_snapshot!(TestApp::empty().run(&["-qq", "list"]), @"
    exit code 2
    -- stderr
    error: `--quiet` is given twice
    help: usage: `cargo bedrock [OPTIONS] <COMMAND>`
    ");
    assert_snapshot!(TestApp::empty().run(&["list", "--json", "--json"]), @"
    exit code 2
    -- stderr
    error: `--json` is given twice
    help: usage: `cargo bedrock list [OPTIONS]`
    ");
}

#[test]
fn invalid_value_is_reported_with_the_valid_ones() {
    assert_snapshot!(TestApp::empty().run(&["--color", "sometimes", "list"]), @"
    exit code 2
    -- stderr
    error: invalid value `sometimes` of `--color <WHEN>`
    help: possible values: `auto`, `always`, `never`
    help: `cargo bedrock --help` lists the commands
    ");
    assert_snapshot!(TestApp::empty().run(&["completions", "basic"]), @"
    exit code 2
    -- stderr
    error: invalid value `basic` of `<SHELL>`
    help: possible values: `bash`, `elvish`, `fish`, `powershell`, `zsh`
    help: `cargo bedrock --help` lists the commands
    ");
}
