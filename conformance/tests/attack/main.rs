//! A soak test that attacks: callers of three languages and senders of events go on while workers fail and print hostile
//! output, clients read slowly or not at all, the disk of the queue is full, its file is locked, the clock jumps, and pipes
//! are where files should be, all at once. Each caller gets its one answer, no accepted event is lost, and memory, files and
//! processes return. Two minutes in the nightly profile, or `ATTACK_SECONDS`; in others it is only compiled.

mod attackers;
#[path = "../it/lambda_build.rs"]
mod built;
#[path = "../soak/caller.rs"]
mod caller;
#[allow(dead_code, reason = "the soak test uses the rest")]
#[path = "../soak/dev_app.rs"]
mod dev_app;
#[allow(dead_code, reason = "other tests use it too")]
#[path = "../it/driver.rs"]
mod driver;
#[allow(dead_code, reason = "the soak test uses the rest")]
#[path = "../soak/plan.rs"]
mod plan;
mod traffic;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use bedrock_dev::EventState;

use attackers::Attackers;
use dev_app::{DevApp, Resources, resident_memory_mb};
use traffic::Traffic;

/// The folder of the queue, on a small disk.
const STATE_VARIABLE: &str = "ATTACK_STATE";
/// Room on that disk for copies of the Rust program: one for each version that a reload keeps, and the next.
const PROGRAM_COPIES: u64 = 4;
/// Room for two files of the event log, 64 MB each, and for the databases: only the attacker fills the disk.
const STATE_BYTES: u64 = 192 << 20;
/// Three times the size of the event log: the allocator keeps a part of what was in use at once.
const MAX_MEMORY_GROWTH_MB: u64 = 192;
const CALLERS_OF_A_LANGUAGE: usize = 8;
const SENDERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn attack_leaves_every_caller_an_answer_and_no_leak() {
    let Some(duration) = duration() else {
        println!("skipped: only in the nightly profile, or with ATTACK_SECONDS");
        return;
    };
    let state = std::env::var_os(STATE_VARIABLE).map(PathBuf::from);
    if state.is_none() && run_on_small_disk() {
        return;
    }
    let has_small_disk = state.is_some();
    let mut app = DevApp::start_with(state.clone(), with_bucket).await;
    let state = state.unwrap_or_else(|| app.root().join("target/bedrock"));
    let warm_up = Traffic::run(&app, 2, 1, Duration::from_secs(2)).await;
    settle(&app).await;
    app.reload_all().await;
    let warm = Resources::now().wait_for_release().await;
    let warm_memory = resident_memory_mb();

    let attackers = Attackers::start(&app, &state, has_small_disk);
    let traffic = Traffic::run(&app, CALLERS_OF_A_LANGUAGE, SENDERS, duration).await;
    let attacks = attackers.stop().await;
    let peak_memory = resident_memory_mb();
    settle(&app).await;
    app.reload_all().await;
    let after = warm.wait_for_release().await;
    let memory = resident_memory_mb();
    eprintln!("{traffic}\n{attacks}");
    eprintln!("{warm:?} and {warm_memory} MB before, {peak_memory} MB at the end, {after:?} and {memory} MB after");

    let mut errors = warm_up.errors;
    errors.extend(traffic.errors.iter().cloned());
    assert!(errors.is_empty(), "{} answers are wrong: {:#?}", errors.len(), &errors[..errors.len().min(20)]);
    let dead = app.server.store.list().expect("events").into_iter().map(|listed| listed.event.id);
    let lost = traffic.lost_events(&dead.collect());
    assert!(lost.is_empty(), "{} accepted events did not run: {:?}", lost.len(), &lost[..lost.len().min(20)]);
    let has_no_leak = after.files <= warm.files && after.children <= warm.children;
    assert!(has_no_leak, "{after:?} after, {warm:?} before: {:#?}", Resources::open_files());
    assert!(memory < warm_memory + MAX_MEMORY_GROWTH_MB, "{warm_memory} MB before, {memory} MB after");
    drop(app.stop());
}

/// Returns how long the attack takes, or `None` if there is none in this profile.
fn duration() -> Option<Duration> {
    let is_nightly = std::env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "nightly");
    let seconds = std::env::var("ATTACK_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    seconds.or(is_nightly.then_some(120)).map(Duration::from_secs)
}

fn with_bucket(manifest: String) -> String {
    manifest
        .replace("python_case = { timeout = 5,", "python_case = { timeout = 5, triggers = [{ bucket = \"uploads\" }],")
}

/// Runs this test again with a small disk for the queue. Returns false if this machine does not allow that.
fn run_on_small_disk() -> bool {
    let in_namespace = |command: &mut Command| {
        command.args(["--user", "--map-root-user", "--mount"]);
    };
    let mut probe = Command::new("unshare");
    in_namespace(&mut probe);
    if !probe.arg("true").output().is_ok_and(|output| output.status.success()) {
        println!("without a full disk: this machine does not allow `unshare --mount`");
        return false;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("unshare");
    in_namespace(&mut command);
    let script = "mount -t tmpfs -o \"$0\" tmpfs \"$ATTACK_STATE\" && exec \"$@\"";
    let program = std::fs::metadata(built::binary("rust_case")).expect("the program").len();
    let size = format!("size={}", PROGRAM_COPIES * program + STATE_BYTES);
    command.args(["sh", "-c", script, &size]).arg(std::env::current_exe().expect("this test"));
    command.args(["--nocapture", "attack_leaves_every_caller_an_answer_and_no_leak"]);
    let status = command.env(STATE_VARIABLE, dir.path()).status().expect("unshare starts");
    assert!(status.success(), "the attack on a small disk failed: {status}");
    true
}

/// Advances the clock until no event waits.
async fn settle(app: &DevApp) {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        assert!(Instant::now() < deadline, "events still wait: {:?}", app.server.store.list());
        app.clock.advance(Duration::from_secs(120));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let events = app.server.store.list().expect("events");
        if events.iter().all(|listed| matches!(listed.state, EventState::Dead(_))) {
            return;
        }
    }
}
