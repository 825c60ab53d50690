//! `cargo bedrock list`.

use insta::assert_snapshot;

use crate::room::{MANIFEST, Room};

fn three_workers() -> Room {
    let settings = "\n[package.metadata.bedrock.workers.system_fetcher]\ntimeout = 900\nmemory = 10240\n";
    Room::app(&format!("{MANIFEST}{settings}"))
        .file("workers/system_fetcher/main.py", "")
        .file("workers/thumbnailer/main.js", "")
        .file("workers/resizer/Cargo.toml", "")
        .file("workers/_shared/notes.txt", "")
}

#[test]
fn workers_are_shown_in_a_table() {
    assert_snapshot!(three_workers().run(&["list"]), @"
    exit code 0
    -- stdout
    worker          language    folder                  timeout    memory
    resizer         rust        workers/resizer            30 s    256 MB
    system_fetcher  python      workers/system_fetcher    900 s  10240 MB
    thumbnailer     javascript  workers/thumbnailer        30 s    256 MB
    ");
}

#[test]
fn triggers_are_shown_below_the_table() {
    let triggers = "triggers = [{ schedule = \"rate(5 minutes)\" }, { queue = \"jobs\" }, \
                    { bucket = \"uploads\", prefix = \"in/\", suffix = \".png\" }]";
    let settings = format!("\n[package.metadata.bedrock.workers.system_fetcher]\n{triggers}\n");
    let room = Room::app(&format!("{MANIFEST}{settings}")).file("workers/system_fetcher/main.py", "");
    assert_snapshot!(room.run(&["list"]), @"
    exit code 0
    -- stdout
    worker          language  folder                  timeout  memory
    system_fetcher  python    workers/system_fetcher     30 s  256 MB

    schedule `rate(5 minutes)` invokes system_fetcher
    queue `jobs` invokes system_fetcher
    bucket `uploads` (in/*.png) invokes system_fetcher
    ");
}

#[test]
fn a_destination_that_is_no_worker_is_told_with_the_nearest_one() {
    let settings = "\n[package.metadata.bedrock.workers.system_fetcher]\non-failure = \"system_fether\"\n";
    let room = Room::app(&format!("{MANIFEST}{settings}")).file("workers/system_fetcher/main.py", "");
    assert_snapshot!(room.run(&["list"]), @"
    exit code 1
    -- stderr
    error: Cargo.toml:11: `workers.system_fetcher.on-failure` names `system_fether`, which is not a worker of this app
    help: a worker with a similar name exists: `system_fetcher`
    ");
}

#[test]
fn workers_are_shown_as_json() {
    assert_snapshot!(three_workers().run(&["list", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "app": "my_app",
      "workers": [
        {
          "name": "resizer",
          "language": "rust",
          "folder": "workers/resizer",
          "timeout": 30,
          "memory": 256,
          "triggers": []
        },
        {
          "name": "system_fetcher",
          "language": "python",
          "folder": "workers/system_fetcher",
          "timeout": 900,
          "memory": 10240,
          "triggers": []
        },
        {
          "name": "thumbnailer",
          "language": "javascript",
          "folder": "workers/thumbnailer",
          "timeout": 30,
          "memory": 256,
          "triggers": []
        }
      ]
    }
    "#);
}

#[test]
fn an_app_without_workers_says_what_to_do_first() {
    assert_snapshot!(Room::app(MANIFEST).run(&["list"]), @"
    exit code 0
    -- stderr
    note: app `my_app` has no workers yet
    next: make one with `cargo bedrock new worker NAME.rs` (or `.py`, `.js`)
    ");
    assert_snapshot!(Room::app(MANIFEST).run(&["list", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "app": "my_app",
      "workers": []
    }
    -- stderr
    note: app `my_app` has no workers yet
    next: make one with `cargo bedrock new worker NAME.rs` (or `.py`, `.js`)
    "#);
}

#[test]
fn a_folder_that_is_no_worker_yet_is_pointed_out() {
    assert_snapshot!(three_workers().file("workers/begun/notes.txt", "").run(&["list"]), @"
    exit code 0
    -- stdout
    worker          language    folder                  timeout    memory
    resizer         rust        workers/resizer            30 s    256 MB
    system_fetcher  python      workers/system_fetcher    900 s  10240 MB
    thumbnailer     javascript  workers/thumbnailer        30 s    256 MB
    -- stderr
    note: `workers/begun` is no worker: it has none of `main.py`, `main.js` and `Cargo.toml`
    ");
}

#[test]
fn outside_of_an_app_the_call_is_at_fault() {
    assert_snapshot!(Room::empty().run(&["list"]), @"
    exit code 2
    -- stderr
    error: no app in `[ROOM]` or a folder above it
    help: create one with `cargo bedrock new app NAME`
    help: or add `[package.metadata.bedrock]` to the `Cargo.toml` of the app's package
    ");
}

#[test]
fn a_package_that_is_no_app_is_passed_over() {
    let room = three_workers().file("workers/resizer/Cargo.toml", "[package]\nname = \"resizer\"\n");
    let listed = room.run(&["list"]);
    assert_eq!(room.enter("workers/resizer").run(&["list"]), listed);
}

#[test]
fn several_problems_of_an_app_come_at_once_and_the_app_is_at_fault() {
    let manifest = MANIFEST.replace("[package.metadata.bedrock]", "[package.metadata.bedrock]\nworker-dir = 'x'");
    let room = Room::app(&manifest)
        .file("workers/Camel/main.py", "")
        .file("workers/both/main.py", "")
        .file("workers/both/main.js", "");
    assert_snapshot!(room.run(&["list"]), @"
    exit code 1
    -- stderr
    error: Cargo.toml:7: unknown setting `worker-dir` in `[package.metadata.bedrock]`
    help: a setting with a similar name exists: `workers-dir`
    help: the known settings are `architecture`, `endpoint`, `workers`, `workers-dir`
    error: `Camel` is not a valid worker name: it contains a capital letter (folder `workers/Camel`)
    help: try `camel`
    error: `workers/both` has both `main.py` and `main.js`, so its language is ambiguous
    help: keep one of them, or move the other one to a different worker
    ");
}

#[test]
fn a_manifest_that_is_no_toml_is_named_with_its_line() {
    let room = Room::app("[package\n");
    assert_snapshot!(room.run(&["list"]), @"
    exit code 1
    -- stderr
    error: Cargo.toml:1: unclosed table, expected `]`
    ");
    assert_snapshot!(room.file("workers/a/main.py", "").enter("workers/a").run(&["list"]), @"
    exit code 1
    -- stderr
    error: [ROOM]/my_app/Cargo.toml:1: unclosed table, expected `]`
    ");
}

#[test]
fn the_app_may_be_reached_through_a_symlink() {
    let room = three_workers();
    std::os::unix::fs::symlink("my_app", room.path("../link")).expect("symlink");
    let listed = room.run(&["list"]);
    assert_eq!(room.enter("../link/workers").run(&["list"]), listed);
}

#[test]
fn another_workers_folder_can_be_set() {
    let manifest =
        MANIFEST.replace("[package.metadata.bedrock]", "[package.metadata.bedrock]\nworkers-dir = 'app/workers'");
    assert_snapshot!(Room::app(&manifest).file("app/workers/a/main.mjs", "").run(&["list"]), @"
    exit code 0
    -- stdout
    worker  language    folder         timeout  memory
    a       javascript  app/workers/a     30 s  256 MB
    ");
}
