//! Help, version and mistakes in the command line.

use insta::assert_snapshot;

use crate::room::Room;

#[test]
fn without_arguments_the_help_is_shown_and_nothing_was_done() {
    assert_snapshot!(Room::empty().run(&[]), @"
    exit code 2
    -- stderr
    Rust apps on AWS Lambda, with workers in Rust, Python and JavaScript

    Usage: cargo bedrock [OPTIONS] <COMMAND>

    Commands:
      new          Make an app, a worker or an endpoint
      build        Make a zip of each function and each layer, ready for Lambda
      list         Show the app's workers
      invoke       Invoke a worker, locally or deployed, and print its response
      graph        Show who calls whom
      dev          Run the whole app here, with Lambda's API on one port
      queue        Look at the events that wait or were given up, and change them
      deploy       Deploy the last build to a stage
      status       Show what is deployed, and how it differs from the last build
      rollback     Roll back to the version before the last deploy
      destroy      Delete a stage from AWS, with its logs
      logs         Show the logs of the deployed functions of a stage
      terraform    Compare `terraform/` with the template of this version, or bring it up to date
      migrate      Make an app out of one of Bedrock for Python, around its workers as they are
      doctor       Look whether this machine has what the app needs
      completions  Print a script that completes `cargo-bedrock` in a shell
      man          Print the manual page, or write the pages of all commands
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Everywhere:
      -C, --directory <DIR>  Do as if called in this folder
      -q, --quiet            Print errors, warnings and data alone
          --color <WHEN>     When to use colour [default: auto] [possible values: auto, always, never]

    Examples:
      cargo bedrock new app my_app               makes an app with one endpoint and one worker
      cargo bedrock new worker system_fetcher.py adds a worker to the app of the current folder
      cargo bedrock build --release              makes a zip of each function, and its layer
      cargo bedrock dev                          runs the whole app here, with Lambda's API on one port
      cargo bedrock list                         shows the app's workers
      cargo bedrock invoke greeter               runs a worker here
      cargo bedrock graph                        shows who calls whom
      cargo bedrock deploy --stage dev           makes a stage on AWS what was built
      cargo bedrock logs --stage dev -f          shows what its functions write
      cargo bedrock doctor                       looks what is missing on this machine

    Exit codes: 0 done, 1 the app is at fault, 2 the call or the machine is at fault, 130 interrupted
    ");
}

#[test]
fn the_help_of_each_command_has_examples() {
    let room = Room::empty();
    for command in [
        &["new"][..],
        &["new", "app"],
        &["new", "worker"],
        &["new", "endpoint"],
        &["build"],
        &["list"],
        &["invoke"],
        &["dev"],
        &["queue"],
        &["deploy"],
        &["status"],
        &["rollback"],
        &["destroy"],
        &["terraform"],
        &["terraform", "diff"],
        &["terraform", "upgrade"],
        &["logs"],
        &["migrate"],
        &["doctor"],
        &["completions"],
        &["man"],
    ] {
        let shown = room.run(&[command, &["--help"]].concat());
        assert!(shown.starts_with("exit code 0\n-- stdout\n"), "{shown}");
        assert!(shown.contains("\nExamples:\n  cargo bedrock ") || shown.contains("\nExamples:\n  jq"), "{shown}");
        assert!(shown.contains(&format!("Usage: cargo bedrock {}", command.join(" "))), "{shown}");
    }
}

#[test]
fn the_version_is_the_packages() {
    let version = format!("exit code 0\n-- stdout\ncargo-bedrock {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(Room::empty().run(&["--version"]), version);
}

#[test]
fn an_unknown_command_is_refused() {
    assert_snapshot!(Room::empty().run(&["frobnicate"]), @"
    exit code 2
    -- stderr
    error: no command named `frobnicate`
    help: usage: `cargo bedrock [OPTIONS] <COMMAND>`
    ");
    assert_snapshot!(Room::empty().run(&["lst"]), @"
    exit code 2
    -- stderr
    error: no command named `lst`
    help: a command with a similar name exists: `list`
    help: usage: `cargo bedrock [OPTIONS] <COMMAND>`
    ");
    assert_snapshot!(Room::empty().run(&["new", "wroker", "x.rs"]), @"
    exit code 2
    -- stderr
    error: no command named `wroker`
    help: a command with a similar name exists: `worker`
    help: usage: `cargo bedrock new [OPTIONS] <COMMAND>`
    ");
}

#[test]
fn an_unknown_argument_is_refused() {
    assert_snapshot!(Room::empty().run(&["list", "--jsn"]), @"
    exit code 2
    -- stderr
    error: unexpected argument `--jsn`
    help: an argument with a similar name exists: `--json`
    help: usage: `cargo bedrock list --json`
    ");
    assert_snapshot!(Room::empty().run(&["list", "extra"]), @"
    exit code 2
    -- stderr
    error: unexpected argument `extra`
    help: usage: `cargo bedrock list [OPTIONS]`
    ");
}

#[test]
fn a_missing_argument_is_named() {
    assert_snapshot!(Room::empty().run(&["new", "app"]), @"
    exit code 2
    -- stderr
    error: missing argument `<NAME>`
    help: usage: `cargo bedrock new app <NAME>`
    ");
    assert_snapshot!(Room::empty().run(&["invoke", "greeter", "--payload"]), @"
    exit code 2
    -- stderr
    error: missing value of `--payload <JSON|@FILE|->`
    help: `cargo bedrock --help` lists the commands
    ");
}

#[test]
fn an_argument_given_twice_is_refused() {
    assert_snapshot!(Room::empty().run(&["-qq", "list"]), @"
    exit code 2
    -- stderr
    error: `--quiet` is given twice
    help: usage: `cargo bedrock [OPTIONS] <COMMAND>`
    ");
    assert_snapshot!(Room::empty().run(&["list", "--json", "--json"]), @"
    exit code 2
    -- stderr
    error: `--json` is given twice
    help: usage: `cargo bedrock list [OPTIONS]`
    ");
}

#[test]
fn a_wrong_value_comes_with_the_right_ones() {
    assert_snapshot!(Room::empty().run(&["--color", "sometimes", "list"]), @"
    exit code 2
    -- stderr
    error: `sometimes` cannot be the value of `--color <WHEN>`
    help: the values are `auto`, `always`, `never`
    help: `cargo bedrock --help` lists the commands
    ");
    assert_snapshot!(Room::empty().run(&["completions", "basic"]), @"
    exit code 2
    -- stderr
    error: `basic` cannot be the value of `<SHELL>`
    help: the values are `bash`, `elvish`, `fish`, `powershell`, `zsh`
    help: `cargo bedrock --help` lists the commands
    ");
}
