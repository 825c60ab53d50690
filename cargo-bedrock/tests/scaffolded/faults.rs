//! What a build refuses, and what happens to it: each with the whole message, and with nothing lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::app::{Answer, App};
use fixture::{AARCH64, Elf, library};

#[path = "../../src/audit/fixture.rs"]
#[allow(dead_code)] // the tests of the audit need more of it
mod fixture;

/// An app with one Python worker, `counter`, and one in JavaScript, `reporter`.
fn app() -> App {
    let app = App::without_rust();
    for worker in ["counter.py", "reporter.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    app
}

fn told(answer: &Answer) -> String {
    let text = format!("exit code {}\n{}", answer.code.unwrap_or(-1), answer.stderr);
    // How long something took, and how large our own files are, is another time another.
    let lines = text.lines().map(|line| match line.strip_prefix("done: ").and_then(|done| done.rsplit_once(": ")) {
        Some((part, _)) => format!("done: {part}"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn plant(app: &App, path: &str, bytes: Vec<u8>) {
    let path = app.path(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, bytes).expect("a file");
}

#[test]
fn binaries_that_would_not_run_are_refused_with_their_number_and_the_fix() {
    let app = app();
    plant(&app, "workers/counter/fast.so", Elf { machine: AARCH64, ..library() }.bytes());
    plant(&app, "workers/counter/new.so", Elf { versions: vec![("GLIBC_2.38", false)], ..library() }.bytes());
    plant(&app, "workers/counter/lone.so", Elf { needed: vec!["libmagic.so.1"], ..library() }.bytes());
    plant(&app, "workers/reporter/mac.node", fixture::macos());
    assert_snapshot!(told(&app.bedrock(&["build", "--worker=counter", "--worker=reporter"])), @r#"
    exit code 1
    error: `fast.so` in worker `counter` does not run on Lambda
      caused by: `fast.so` is built for aarch64, the worker runs on x86_64
    help: build it for `x86_64-unknown-linux-gnu`
    help: or, if it is not used on Lambda, add `allow = ["fast.so"]` to `[package.metadata.bedrock.workers.counter]`
    error: `new.so` in worker `counter` does not run on Lambda
      caused by: `new.so` needs glibc 2.38, the newest allowed is 2.34
    help: build it with `cargo zigbuild --target x86_64-unknown-linux-gnu.2.34`
    help: or, if it is not used on Lambda, add `allow = ["new.so"]` to `[package.metadata.bedrock.workers.counter]`
    error: `lone.so` in worker `counter` does not run on Lambda
      caused by: `lone.so` needs `libmagic.so.1`, which is neither on Lambda nor in the artifact
    help: put it into `lib/` of the artifact or of a layer
    help: or, if it is not used on Lambda, add `allow = ["lone.so"]` to `[package.metadata.bedrock.workers.counter]`
    error: `mac.node` in worker `reporter` does not run on Lambda
      caused by: `mac.node` is built for macOS, the worker runs on Linux
    help: build it for `x86_64-unknown-linux-gnu`
    help: or, if it is not used on Lambda, add `allow = ["mac.node"]` to `[package.metadata.bedrock.workers.reporter]`
    "#);
    app.append("Cargo.toml", "\n[package.metadata.bedrock.workers.counter]\nallow = ['*.so']\n");
    app.append("Cargo.toml", "\n[package.metadata.bedrock.workers.reporter]\nallow = ['mac.node']\n");
    assert_eq!(app.bedrock(&["build", "--worker=counter", "--worker=reporter"]).code, Some(0));
}

#[test]
fn a_program_for_a_newer_system_than_lambdas_is_refused() {
    let app = App::new();
    let newest = Command::new("getconf").arg("GNU_LIBC_VERSION").output().expect("getconf").stdout;
    let newest = String::from_utf8_lossy(&newest).trim().rsplit_once('.').map(|(_, minor)| minor.parse::<u32>());
    if newest.is_none_or(|minor| minor.is_ok_and(|minor| minor < 36)) {
        return; // this machine's C library has nothing that Lambda's has not
    }
    let code = "pub struct Greeter;\nunsafe extern \"C\" { fn arc4random() -> u32; }\n\
                #[allow(unsafe_code)] pub fn random() -> u32 { unsafe { arc4random() } }";
    app.edit("workers/greeter/src/lib.rs", "pub struct Greeter;", code);
    app.edit(
        "workers/greeter/src/lib.rs",
        "format!(\"hello {}\", event.name)",
        "format!(\"hello {} {}\", event.name, random())",
    );
    assert_snapshot!(told(&app.bedrock(&["build", "--worker=greeter", "--compiler=cargo"])), @"
    exit code 1
    error: `bootstrap` in worker `greeter` does not run on Lambda
      caused by: `bootstrap` needs glibc 2.36, the newest allowed is 2.34
    help: run `cargo bedrock build --compiler zigbuild`
    ");
}

/// A wheel with one file of `bytes` zeros, so that nothing has to be downloaded.
fn wheel(app: &App, bytes: u64) {
    let folder = app.path("wheel");
    let info = folder.join("heavy-1.0.dist-info");
    fs::create_dir_all(&info).expect("a folder");
    fs::create_dir_all(folder.join("heavy")).expect("a folder");
    fs::File::create(folder.join("heavy/data.bin")).and_then(|file| file.set_len(bytes)).expect("a file");
    fs::write(info.join("METADATA"), "Metadata-Version: 2.1\nName: heavy\nVersion: 1.0\n").expect("a file");
    fs::write(info.join("WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n").expect("a file");
    let record =
        "heavy/data.bin,,\nheavy-1.0.dist-info/METADATA,,\nheavy-1.0.dist-info/WHEEL,,\nheavy-1.0.dist-info/RECORD,,\n";
    fs::write(info.join("RECORD"), record).expect("a file");
    testbed::pack(&folder, &app.path("workers/counter/heavy-1.0-py3-none-any.whl"));
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn what_is_too_large_for_lambda_is_told_with_the_limit_and_the_largest_parts() {
    let app = app();
    wheel(&app, 251 * 1024 * 1024);
    app.write("workers/counter/requirements.txt", "./heavy-1.0-py3-none-any.whl\n");
    app.append(
        "Cargo.toml",
        &format!("\n[package.metadata.bedrock.workers.reporter.env]\nTEXT = '{}'\n", "x".repeat(4_100)),
    );
    let answer = app.bedrock(&["build", "--worker-layer=counter", "--worker=reporter"]);
    let text = told(&answer).lines().filter(|line| !line.starts_with("done: ")).collect::<Vec<_>>().join("\n");
    assert_snapshot!(text, @"
    exit code 1
    warning: `workers/counter/requirements.txt` has no hashes: what it comes to may change from build to build
    error: worker `counter` with its layers is too large: 263,192,682 bytes unzipped, the limit is 262,144,000
      caused by: the largest parts, in bytes:
                 263,192,576  heavy
                         106  heavy-1.0.dist-info
    help: leave files out with `.bedrockignore`, or split it into two workers
    error: the environment of worker `reporter` is too large: 4,111 bytes as JSON, the limit is 4,096
      caused by: the largest parts, in bytes:
                 4,104  TEXT
    help: move the largest into a file of the app, or into the Parameter Store
    ");
}

#[test]
fn requirements_that_cannot_be_had_are_told_by_worker_and_package() {
    let app = app();
    // With pip the words are others.
    let Some(uv) = testbed::tool("bin/uv") else { return };
    let path = format!("{}:{}", uv.parent().expect("a folder").display(), std::env::var("PATH").expect("a PATH"));
    let build = |part: &str| -> String {
        let output = app.command(&["build", part]).env("PATH", &path).output().expect("the build starts");
        told(&output.into())
    };
    app.write("workers/counter/requirements.txt", "docopt==0.6.2\n");
    assert_snapshot!(build("--worker-layer=counter"), @"
    exit code 1
    warning: `workers/counter/requirements.txt` has no hashes: what it comes to may change from build to build
    error: failed to install the dependencies of worker `counter` for x86_64
      caused by: `uv pip install --quiet --only-binary :all: --link-mode copy --python-version 3.13 --python-platform …` failed
                 error: No solution found when resolving dependencies
                   cause: Because docopt==0.6.2 has no usable wheels and you require docopt==0.6.2, we can conclude that your requirements are unsatisfiable.
                 hint: Wheels are required for `docopt` because building from source is disabled for all packages (i.e., with `--no-build`)
    ");
    let hash = "0".repeat(64);
    app.write("workers/counter/requirements.txt", &format!("tabulate==0.9.0 --hash=sha256:{hash}\n"));
    assert_snapshot!(build("--worker-layer=counter"), @"
    exit code 1
    error: failed to install the dependencies of worker `counter` for x86_64
      caused by: `uv pip install --quiet --only-binary :all: --link-mode copy --python-version 3.13 --python-platform …` failed
                 error: Failed to download `tabulate==0.9.0`
                   cause: Hash mismatch for `tabulate==0.9.0`
                          Expected:
                            sha256:0000000000000000000000000000000000000000000000000000000000000000
                          Computed:
                            sha256:024ca478df22e9340661486f85298cff5f6dcdba14f3813e8830015b9ed1948f
    ");
    app.write("workers/counter/requirements.txt", "requests=2.28.2\n");
    assert_snapshot!(build("--worker-layer=counter"), @r#"
    exit code 1
    error: workers/counter/requirements.txt:1: `requests=2.28.2` cannot be installed for Lambda
      caused by: no such comparison operator "=", must be one of ~= == != <= >= < > ===
    help: write it like `requests==2.32.3`
    "#);
    app.write("workers/reporter/package.json", "{ \"dependencies\": {\n");
    assert_snapshot!(build("--worker-layer=reporter"), @"
    exit code 1
    error: failed to read the dependencies of worker `reporter`
      caused by: `workers/reporter/package.json` is no JSON: EOF while parsing an object at line 2 column 0
    ");
}

#[test]
fn settings_that_nobody_knows_stop_the_build_before_it_begins() {
    let app = app();
    app.append("Cargo.toml", "\n[package.metadata.bedrock.workers.counter]\nmemmory = 512\n");
    assert_snapshot!(told(&app.bedrock(&["build"])), @"
    exit code 1
    error: Cargo.toml:28: unknown setting `memmory` in `[package.metadata.bedrock.workers.counter]`
    help: a setting with a similar name exists: `memory`
    help: the known settings are `allow`, `bundle`, `concurrency`, `dead-letter`, `env`, `event-age`, `invokes`, `layers`, `log-retention`, `memory`, `on-failure`, `on-success`, `recursion`, `redact`, `retries`, `runtime`, `timeout`, `triggers`
    ");
    assert!(!app.path("target/bedrock").exists());
}

/// Runs `cargo bedrock build …` where `target/bedrock` of the app is a file system of its own, mounted with `options`.
/// None where this machine does not allow that.
fn on_disk(app: &App, options: &str, args: &[&str]) -> Option<Answer> {
    fs::create_dir_all(app.path("target/bedrock")).expect("a folder");
    let script = "mount -t tmpfs -o \"$0\" tmpfs target/bedrock && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, options]);
    let bedrock = app.command(args);
    command.arg(bedrock.get_program()).args(bedrock.get_args()).current_dir(app.path("."));
    command.envs(bedrock.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let probe = Command::new("unshare").args(["--user", "--map-root-user", "--mount", "true"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return None;
    }
    Some(command.output().expect("unshare starts").into())
}

#[test]
fn a_folder_that_cannot_be_written_and_a_full_disk_are_told() {
    let app = app();
    let Some(answer) = on_disk(&app, "ro", &["build", "--worker=counter"]) else { return };
    assert_snapshot!(told(&answer), @"
    exit code 2
    error: failed to lock the folder `target/bedrock`
      caused by: read-only file system
    ");
    plant(&app, "workers/reporter/noise.bin", noise(400_000));
    let Some(answer) = on_disk(&app, "size=200k", &["build", "--worker=counter", "--worker=reporter"]) else { return };
    assert_snapshot!(told(&answer), @"
    exit code 2
    done: worker `counter`
    error: failed to write `target/bedrock/workers/reporter.zip`
      caused by: no space left on device
    ");
}

/// Bytes that no zip makes smaller.
fn noise(length: u32) -> Vec<u8> {
    (0..length).map(|n| n.wrapping_mul(2_654_435_761).rotate_left(n % 31).to_be_bytes()[1]).collect()
}

/// An installer that says when it began and never ends.
fn endless_uv(app: &App) -> String {
    let bin = app.path("bin");
    fs::create_dir_all(&bin).expect("a folder");
    fs::write(
        bin.join("uv"),
        "#!/bin/sh\necho $$ > \"$BEGAN.draft\" && mv \"$BEGAN.draft\" \"$BEGAN\"\nexec sleep 600\n",
    )
    .expect("a file");
    fs::set_permissions(bin.join("uv"), fs::Permissions::from_mode(0o755)).expect("executable");
    format!("{}:{}", bin.display(), std::env::var("PATH").expect("a PATH"))
}

/// Starts a build that stands still in an installer, sends a signal, and gives its exit code with the installer's id.
fn interrupted(app: &App, signal: Signal) -> (Option<i32>, String, Pid) {
    let began = app.path("began");
    let _ = fs::remove_file(&began);
    let mut command = app.command(&["build", "--worker=counter", "--worker-layer=counter"]);
    command.env("PATH", endless_uv(app)).env("BEGAN", &began);
    let mut child =
        command.process_group(0).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the build starts");
    while !began.exists() {
        assert!(child.try_wait().expect("a child").is_none(), "the build ended before it began");
        thread::sleep(Duration::from_millis(5));
    }
    let tool = fs::read_to_string(&began).expect("a file").trim().parse().expect("a number");
    kill_process(Pid::from_child(&child), signal).expect("a signal");
    let output = child.wait_with_output().expect("the build ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said, Pid::from_raw(tool).expect("an id"))
}

fn drafts(app: &App) -> Vec<String> {
    let below = |dir: &str| fs::read_dir(app.path("target/bedrock").join(dir)).into_iter().flatten().flatten();
    let names = ["", "workers", "layers"].into_iter().flat_map(below).map(|e| e.file_name().display().to_string());
    names.filter(|name| name.starts_with('.') && name != ".lock").collect()
}

#[test]
fn a_build_that_is_interrupted_leaves_no_draft_and_no_tool_and_keeps_what_is_done() {
    let app = app();
    assert_eq!(app.bedrock(&["build", "--worker=counter"]).code, Some(0));
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\n");
    let (code, said, tool) = interrupted(&app, Signal::INT);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.ends_with("error: interrupted, what was finished is kept\n"), "{said}");
    assert!(test_kill_process(tool).is_err(), "the installer still runs");
    assert_eq!(drafts(&app), Vec::<String>::new());
    assert!(app.path("target/bedrock/workers/counter.zip").exists());
    let again = app.bedrock(&["build", "--worker=counter", "--worker-layer=counter", "--explain"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stderr.contains("worker `counter`: as it was"), "{}", again.stderr);
}

#[test]
fn a_build_that_is_killed_is_tidied_up_by_the_next() {
    let app = app();
    assert_eq!(app.bedrock(&["build", "--worker=counter"]).code, Some(0));
    let before = fs::read(app.path("target/bedrock/manifest.json")).expect("the manifest");
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\n");
    let (code, _, tool) = interrupted(&app, Signal::KILL);
    assert_eq!(code, None);
    assert_eq!(fs::read(app.path("target/bedrock/manifest.json")).expect("the manifest"), before);
    let _ = kill_process(tool, Signal::KILL);
    let answer = app.bedrock(&["build", "--worker=counter", "--worker-layer=counter"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(drafts(&app), Vec::<String>::new());
    assert!(Path::new(&app.path("target/bedrock/layers/counter.zip")).exists());
}
