//! Build errors with their complete messages, and interrupted builds.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::test_app::{CommandOutput, TestApp};
use fixture::{AARCH64, Elf, library};

#[path = "../../../bedrock-artifacts/src/audit/fixture.rs"]
#[allow(dead_code)] // the tests of the audit use more of it
mod fixture;

/// Creates an app with a Python worker, `counter`, and a JavaScript worker, `reporter`.
fn app() -> TestApp {
    let app = TestApp::without_rust();
    for worker in ["counter.py", "reporter.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    app
}

/// Returns exit code and standard error without sizes, durations and the progress of slow builds, which change.
fn show(output: &CommandOutput) -> String {
    let text = format!("exit code {}\n{}", output.code.unwrap_or(-1), output.stderr);
    let lines = text.lines().filter(|line| !line.starts_with("note: compiling since "));
    let lines = lines.map(|line| match line.strip_prefix("done: ").and_then(|done| done.rsplit_once(": ")) {
        Some((part, _)) => format!("done: {part}"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn add_binary(app: &TestApp, path: &str, bytes: Vec<u8>) {
    let path = app.path(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, bytes).expect("a file");
}

#[test]
fn incompatible_binaries_are_reported_with_the_fix() {
    let app = app();
    add_binary(&app, "workers/counter/fast.so", Elf { machine: AARCH64, ..library() }.bytes());
    add_binary(&app, "workers/counter/new.so", Elf { versions: vec![("GLIBC_2.38", false)], ..library() }.bytes());
    add_binary(&app, "workers/counter/lone.so", Elf { needed: vec!["libmagic.so.1"], ..library() }.bytes());
    add_binary(&app, "workers/reporter/mac.node", fixture::macos());
    assert_snapshot!(show(&app.bedrock(&["build", "--worker=counter", "--worker=reporter"])), @r#"
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
fn program_for_a_newer_glibc_is_an_error() {
    let app = TestApp::compilable();
    let newest = Command::new("getconf").arg("GNU_LIBC_VERSION").output().expect("getconf").stdout;
    let newest = String::from_utf8_lossy(&newest).trim().rsplit_once('.').map(|(_, minor)| minor.parse::<u32>());
    if newest.is_none_or(|minor| minor.is_ok_and(|minor| minor < 36)) {
        return; // this machine's C library has no newer symbols than Lambda's
    }
    let code = "pub struct Greeter;\nunsafe extern \"C\" { fn arc4random() -> u32; }\n\
                #[allow(unsafe_code)] pub fn random() -> u32 { unsafe { arc4random() } }";
    app.edit("workers/greeter/src/lib.rs", "pub struct Greeter;", code);
    app.edit(
        "workers/greeter/src/lib.rs",
        "format!(\"hello {}\", event.name)",
        "format!(\"hello {} {}\", event.name, random())",
    );
    assert_snapshot!(show(&app.bedrock(&["build", "--worker=greeter", "--compiler=cargo"])), @"
    exit code 1
    error: `bootstrap` in worker `greeter` does not run on Lambda
      caused by: `bootstrap` needs glibc 2.36, the newest allowed is 2.34
    help: run `cargo bedrock build --compiler zigbuild`
    ");
}

/// Creates a wheel with one file of `bytes` zeros, so that nothing has to be downloaded.
fn add_wheel(app: &TestApp, bytes: u64) {
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
fn size_limits_are_reported_with_the_largest_parts() {
    let app = app();
    add_wheel(&app, 251 * 1024 * 1024);
    app.write("workers/counter/requirements.txt", "./heavy-1.0-py3-none-any.whl\n");
    app.append(
        "Cargo.toml",
        &format!("\n[package.metadata.bedrock.workers.reporter.env]\nTEXT = '{}'\n", "x".repeat(4_100)),
    );
    let output = app.bedrock(&["build", "--worker-layer=counter", "--worker=reporter"]);
    let text = show(&output).lines().filter(|line| !line.starts_with("done: ")).collect::<Vec<_>>().join("\n");
    assert_snapshot!(text, @"
    exit code 1
    warning: `workers/counter`: `requirements.txt` has no hashes: the installed packages may change from build to build
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
fn unavailable_requirements_are_named() {
    let app = app();
    // The messages of pip are different.
    let Some(uv) = testbed::tool("bin/uv") else { return };
    let path = format!("{}:{}", uv.parent().expect("a folder").display(), std::env::var("PATH").expect("a PATH"));
    let build = |part: &str| -> String {
        let output = app.command(&["build", part]).env("PATH", &path).output().expect("the build starts");
        show(&output.into())
    };
    app.write("workers/counter/requirements.txt", "docopt==0.6.2\n");
    assert_snapshot!(build("--worker-layer=counter"), @"
    exit code 1
    warning: `workers/counter`: `requirements.txt` has no hashes: the installed packages may change from build to build
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
      caused by: `workers/reporter/package.json` is not valid JSON: EOF while parsing an object at line 2 column 0
    ");
}

#[test]
fn unknown_setting_stops_the_build() {
    let app = app();
    app.append("Cargo.toml", "\n[package.metadata.bedrock.workers.counter]\nmemmory = 512\n");
    assert_snapshot!(show(&app.bedrock(&["build"])), @"
    exit code 1
    error: Cargo.toml:28: unknown setting `memmory` in `[package.metadata.bedrock.workers.counter]`
    help: a setting with a similar name exists: `memory`
    help: the known settings are `alarms`, `allow`, `architecture`, `bundle`, `code-signing`, `concurrency`, `dead-letter`, `description`, `durable`, `env`, `ephemeral-storage`, `event-age`, `file-system`, `invokes`, `isolation`, `kms-key`, `lambda`, `layers`, `log-format`, `log-group`, `log-level`, `log-retention`, `memory`, `on-failure`, `on-success`, `provisioned-concurrency`, `recursion`, `redact`, `retries`, `runtime`, `runtime-management`, `snap-start`, `system-log-level`, `tags`, `timeout`, `tracing`, `triggers`, `uses`, `vpc`
    ");
    assert!(!app.path("target/bedrock").exists());
}

/// Runs `cargo bedrock` with a separate file system for `target/bedrock` of the app, mounted with `options`. Returns
/// `None` if this machine does not allow that.
fn run_on_file_system(app: &TestApp, options: &str, args: &[&str]) -> Option<CommandOutput> {
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
fn unwritable_folder_and_full_disk_are_errors() {
    let app = app();
    let Some(output) = run_on_file_system(&app, "ro", &["build", "--worker=counter"]) else { return };
    assert_snapshot!(show(&output), @"
    exit code 2
    error: failed to lock the folder `target/bedrock`
      caused by: read-only file system
    ");
    add_binary(&app, "workers/reporter/noise.bin", random_bytes(400_000));
    let Some(output) = run_on_file_system(&app, "size=200k", &["build", "--worker=counter", "--worker=reporter"])
    else {
        return;
    };
    assert_snapshot!(show(&output), @"
    exit code 2
    done: worker `counter`
    error: failed to write `target/bedrock/workers/reporter.zip`
      caused by: no space left on device
    ");
}

/// Returns bytes that cannot be compressed.
fn random_bytes(length: u32) -> Vec<u8> {
    (0..length).map(|n| n.wrapping_mul(2_654_435_761).rotate_left(n % 31).to_be_bytes()[1]).collect()
}

/// Adds a fake `uv` that writes its process id to `$STARTED` and never exits. Returns the `PATH`.
fn add_endless_uv(app: &TestApp) -> String {
    let bin = app.path("bin");
    fs::create_dir_all(&bin).expect("a folder");
    fs::write(
        bin.join("uv"),
        "#!/bin/sh\necho $$ > \"$STARTED.tmp\" && mv \"$STARTED.tmp\" \"$STARTED\"\nexec sleep 600\n",
    )
    .expect("a file");
    fs::set_permissions(bin.join("uv"), fs::Permissions::from_mode(0o755)).expect("executable");
    format!("{}:{}", bin.display(), std::env::var("PATH").expect("a PATH"))
}

/// Starts a build that waits for an installer, and sends a signal. Returns exit code, standard error and the
/// installer's id.
fn interrupt_build(app: &TestApp, signal: Signal) -> (Option<i32>, String, Pid) {
    let started = app.path("started");
    let _ = fs::remove_file(&started);
    let mut command = app.command(&["build", "--worker=counter", "--worker-layer=counter"]);
    command.env("PATH", add_endless_uv(app)).env("STARTED", &started);
    let mut child =
        command.process_group(0).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the build starts");
    while !started.exists() {
        assert!(child.try_wait().expect("a child").is_none(), "the build ended before the installer started");
        thread::sleep(Duration::from_millis(5));
    }
    let tool = fs::read_to_string(&started).expect("a file").trim().parse().expect("a number");
    kill_process(Pid::from_child(&child), signal).expect("a signal");
    let output = child.wait_with_output().expect("the build ends");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), stderr, Pid::from_raw(tool).expect("an id"))
}

/// Returns the names of temporary files in `target/bedrock`.
fn temporary_files(app: &TestApp) -> Vec<String> {
    let entries = |dir: &str| fs::read_dir(app.path("target/bedrock").join(dir)).into_iter().flatten().flatten();
    let names = ["", "workers", "layers"].into_iter().flat_map(entries).map(|e| e.file_name().display().to_string());
    names.filter(|name| name.starts_with('.') && name != ".lock").collect()
}

#[test]
fn interrupted_build_keeps_completed_artifacts() {
    let app = app();
    assert_eq!(app.bedrock(&["build", "--worker=counter"]).code, Some(0));
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\n");
    let (code, stderr, tool) = interrupt_build(&app, Signal::INT);
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.ends_with("error: interrupted; completed work was kept\n"), "{stderr}");
    assert!(test_kill_process(tool).is_err(), "the installer still runs");
    assert_eq!(temporary_files(&app), Vec::<String>::new());
    assert!(app.path("target/bedrock/workers/counter.zip").exists());
    let second = app.bedrock(&["build", "--worker=counter", "--worker-layer=counter", "--explain"]);
    assert_eq!(second.code, Some(0), "{}", second.stderr);
    assert!(second.stderr.contains("worker `counter`: up to date"), "{}", second.stderr);
}

#[test]
fn killed_build_is_cleaned_up_by_the_next() {
    let app = app();
    assert_eq!(app.bedrock(&["build", "--worker=counter"]).code, Some(0));
    let before = fs::read(app.path("target/bedrock/manifest.json")).expect("the manifest");
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\n");
    let (code, _, tool) = interrupt_build(&app, Signal::KILL);
    assert_eq!(code, None);
    assert_eq!(fs::read(app.path("target/bedrock/manifest.json")).expect("the manifest"), before);
    let _ = kill_process(tool, Signal::KILL);
    let output = app.bedrock(&["build", "--worker=counter", "--worker-layer=counter"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(temporary_files(&app), Vec::<String>::new());
    assert!(Path::new(&app.path("target/bedrock/layers/counter.zip")).exists());
}
