//! `cargo bedrock list`.

use insta::assert_snapshot;

use crate::test_app::{MANIFEST, TestApp};

fn three_workers() -> TestApp {
    let settings = "\n[package.metadata.bedrock.workers.system_fetcher]\ntimeout = 900\nmemory = 10240\n";
    TestApp::with_manifest(&format!("{MANIFEST}{settings}"))
        .file("workers/system_fetcher/main.py", "")
        .file("workers/thumbnailer/main.js", "")
        .file("workers/resizer/Cargo.toml", "")
        .file("workers/_shared/notes.txt", "")
}

#[test]
fn workers_are_listed_as_a_table() {
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
fn durable_workers_are_marked() {
    let settings = "\n[package.metadata.bedrock.workers.flow]\ndurable = { timeout = \"15m\" }\n";
    let app = TestApp::with_manifest(&format!("{MANIFEST}{settings}")).file("workers/flow/main.py", "");
    assert_snapshot!(app.run(&["list"]), @"
    exit code 0
    -- stdout
    worker  language         folder        timeout  memory
    flow    python, durable  workers/flow     30 s  256 MB
    ");
    assert!(app.run(&["list", "--json"]).contains("\"durable\": true,"));
}

#[test]
fn triggers_are_listed_below_the_table() {
    let triggers = "triggers = [{ schedule = \"rate(5 minutes)\" }, { queue = \"jobs\" }, \
                    { bucket = \"uploads\", prefix = \"in/\", suffix = \".png\" }]";
    let settings = format!("\n[package.metadata.bedrock.workers.system_fetcher]\n{triggers}\n");
    let app = TestApp::with_manifest(&format!("{MANIFEST}{settings}")).file("workers/system_fetcher/main.py", "");
    assert_snapshot!(app.run(&["list"]), @"
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
fn unknown_destination_is_reported_with_a_suggestion() {
    let settings = "\n[package.metadata.bedrock.workers.system_fetcher]\non-failure = \"system_fether\"\n";
    let app = TestApp::with_manifest(&format!("{MANIFEST}{settings}")).file("workers/system_fetcher/main.py", "");
    assert_snapshot!(app.run(&["list"]), @"
    exit code 1
    -- stderr
    error: Cargo.toml:11: `workers.system_fetcher.on-failure` names `system_fether`, which is not a worker of this app
    help: a worker with a similar name exists: `system_fetcher`
    ");
}

#[test]
fn workers_are_listed_as_json() {
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
          "durable": false,
          "triggers": []
        },
        {
          "name": "system_fetcher",
          "language": "python",
          "folder": "workers/system_fetcher",
          "timeout": 900,
          "memory": 10240,
          "durable": false,
          "triggers": []
        },
        {
          "name": "thumbnailer",
          "language": "javascript",
          "folder": "workers/thumbnailer",
          "timeout": 30,
          "memory": 256,
          "durable": false,
          "triggers": []
        }
      ]
    }
    "#);
}

#[test]
fn app_without_workers_gets_a_hint() {
    assert_snapshot!(TestApp::with_manifest(MANIFEST).run(&["list"]), @"
    exit code 0
    -- stderr
    note: app `my_app` has no workers yet
    next: create one with `cargo bedrock new worker NAME.rs` (or `.py`, `.js`, `.ts`)
    ");
    assert_snapshot!(TestApp::with_manifest(MANIFEST).run(&["list", "--json"]), @r#"
    exit code 0
    -- stdout
    {
      "app": "my_app",
      "workers": []
    }
    -- stderr
    note: app `my_app` has no workers yet
    next: create one with `cargo bedrock new worker NAME.rs` (or `.py`, `.js`, `.ts`)
    "#);
}

#[test]
fn folder_without_code_is_noted() {
    assert_snapshot!(three_workers().file("workers/unfinished/notes.txt", "").run(&["list"]), @"
    exit code 0
    -- stdout
    worker          language    folder                  timeout    memory
    resizer         rust        workers/resizer            30 s    256 MB
    system_fetcher  python      workers/system_fetcher    900 s  10240 MB
    thumbnailer     javascript  workers/thumbnailer        30 s    256 MB
    -- stderr
    note: `workers/unfinished` is not a worker: it has none of `main.py`, `main.js`, `main.ts` and `Cargo.toml`
    ");
}

#[test]
fn command_outside_of_an_app_is_a_usage_error() {
    assert_snapshot!(TestApp::empty().run(&["list"]), @"
    exit code 2
    -- stderr
    error: no app in `[DIR]` or a folder above it
    help: create one with `cargo bedrock new app NAME`
    help: or add `[package.metadata.bedrock]` to the `Cargo.toml` of the app's package
    ");
}

#[test]
fn package_that_is_not_an_app_is_skipped() {
    let app = three_workers().file("workers/resizer/Cargo.toml", "[package]\nname = \"resizer\"\n");
    let listed = app.run(&["list"]);
    assert_eq!(app.enter("workers/resizer").run(&["list"]), listed);
}

#[test]
fn all_problems_of_an_app_are_reported_at_once() {
    let manifest = MANIFEST.replace("[package.metadata.bedrock]", "[package.metadata.bedrock]\nworker-dir = 'x'");
    let app = TestApp::with_manifest(&manifest)
        .file("workers/Camel/main.py", "")
        .file("workers/both/main.py", "")
        .file("workers/both/main.js", "");
    assert_snapshot!(app.run(&["list"]), @"
    exit code 1
    -- stderr
    error: Cargo.toml:7: unknown setting `worker-dir` in `[package.metadata.bedrock]`
    help: a setting with a similar name exists: `workers-dir`
    help: the known settings are `alarms`, `architecture`, `deploy`, `dev`, `endpoint`, `stages`, `workers`, `workers-dir`
    error: `Camel` is not a valid worker name: it contains a capital letter (folder `workers/Camel`)
    help: try `camel`
    error: `workers/both` has both `main.py` and `main.js`, so its language is ambiguous
    help: keep one of them, or move the other one to a different worker
    ");
}

#[test]
fn invalid_toml_is_reported_with_its_line() {
    let app = TestApp::with_manifest("[package\n");
    assert_snapshot!(app.run(&["list"]), @"
    exit code 1
    -- stderr
    error: Cargo.toml:1: unclosed table, expected `]`
    ");
    assert_snapshot!(app.file("workers/a/main.py", "").enter("workers/a").run(&["list"]), @"
    exit code 1
    -- stderr
    error: [DIR]/my_app/Cargo.toml:1: unclosed table, expected `]`
    ");
}

#[test]
fn app_is_found_through_a_symlink() {
    let app = three_workers();
    std::os::unix::fs::symlink("my_app", app.path("../link")).expect("symlink");
    let listed = app.run(&["list"]);
    assert_eq!(app.enter("../link/workers").run(&["list"]), listed);
}

#[test]
fn workers_folder_can_be_changed() {
    let manifest =
        MANIFEST.replace("[package.metadata.bedrock]", "[package.metadata.bedrock]\nworkers-dir = 'app/workers'");
    assert_snapshot!(TestApp::with_manifest(&manifest).file("app/workers/a/main.mjs", "").run(&["list"]), @"
    exit code 0
    -- stdout
    worker  language    folder         timeout  memory
    a       javascript  app/workers/a     30 s  256 MB
    ");
}

#[test]
fn settings_in_force_name_their_source() {
    let settings = "
[package.metadata.bedrock.endpoint]
timeout = 60

[package.metadata.bedrock.workers.system_fetcher]
memory = 512
env = { MODE = \"fast\", TOKEN = { ssm = \"/my_app/{stage}/token\" } }

[package.metadata.bedrock.stages.prod.workers.system_fetcher]
memory = 2048
env.MODE = \"slow\"
tracing = \"active\"
";
    let app = TestApp::with_manifest(&format!("{MANIFEST}{settings}")).file("workers/system_fetcher/main.py", "");
    assert_snapshot!(app.run(&["list", "--stage", "prod"]), @r#"
    exit code 0
    -- stdout
    endpoint
      architecture   "x86_64"           default
      auth           "none"             default
      log-retention  30                 default
      memory         256                default
      runtime        "provided.al2023"  default
      timeout        60                 Cargo.toml:11
      url            true               default

    system_fetcher
      architecture   "x86_64"                        default
      env.MODE       "slow"                          Cargo.toml:19, only `prod`
      env.TOKEN      { ssm = "/my_app/prod/token" }  Cargo.toml:15
      event-age      21600                           default
      log-retention  30                              default
      memory         2048                            Cargo.toml:18, only `prod`
      recursion      "terminate"                     default
      retries        2                               default
      runtime        "python3.13"                    default
      timeout        30                              default
      tracing        "active"                        Cargo.toml:20, only `prod`
    "#);
    assert_snapshot!(app.run(&["list", "--stage", "dev"]), @r#"
    exit code 0
    -- stdout
    endpoint
      architecture   "x86_64"           default
      auth           "none"             default
      log-retention  30                 default
      memory         256                default
      runtime        "provided.al2023"  default
      timeout        60                 Cargo.toml:11
      url            true               default

    system_fetcher
      architecture   "x86_64"                       default
      env.MODE       "fast"                         Cargo.toml:15
      env.TOKEN      { ssm = "/my_app/dev/token" }  Cargo.toml:15
      event-age      21600                          default
      log-retention  30                             default
      memory         512                            Cargo.toml:14
      recursion      "terminate"                    default
      retries        2                              default
      runtime        "python3.13"                   default
      timeout        30                             default
    "#);
    let output = app.run(&["list", "--stage", "prod", "--json"]);
    let json: serde_json::Value =
        serde_json::from_str(output.split_once("-- stdout\n").expect("output").1).expect("JSON");
    assert_eq!((&json["app"], &json["stage"]), (&serde_json::json!("my_app"), &serde_json::json!("prod")));
    let settings = json["functions"][1]["settings"].as_array().expect("settings");
    let memory = settings.iter().find(|setting| setting["name"] == "memory").expect("memory");
    assert_eq!(memory["value"], "2048");
    assert_eq!(memory["is_of_stage"], true);
}

#[test]
fn alarms_in_force_are_listed_by_key_and_table() {
    let of_app = "[package.metadata.bedrock]\nalarms = { notify = \"ops\", errors = 2 }\n";
    let manifest = MANIFEST.replace("[package.metadata.bedrock]\n", of_app);
    let settings = "
[package.metadata.bedrock.workers.system_fetcher]
alarms = { errors = 5 }

[package.metadata.bedrock.stages.prod]
alarms = { notify = \"oncall\", throttles = false }
";
    let app = TestApp::with_manifest(&format!("{manifest}{settings}")).file("workers/system_fetcher/main.py", "");
    let output = app.run(&["list", "--stage", "prod"]);
    let lines: Vec<_> = output.lines().map(str::trim).filter(|line| line.starts_with("alarms")).collect();
    let words: Vec<_> = lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        words,
        [
            "alarms.errors 2 Cargo.toml:7",
            "alarms.notify \"oncall\" Cargo.toml:15, only `prod`",
            "alarms.throttles false Cargo.toml:15, only `prod`",
            "alarms.errors 5 Cargo.toml:12",
            "alarms.notify \"oncall\" Cargo.toml:15, only `prod`",
            "alarms.throttles false Cargo.toml:15, only `prod`",
        ]
    );
}

#[test]
fn stage_of_list_must_be_a_name() {
    let output = TestApp::with_manifest(MANIFEST).run(&["list", "--stage", "Prod"]);
    assert!(output.contains("`Prod` is not a valid stage name"), "{output}");
}

#[test]
fn misspelt_table_of_the_settings_is_an_error() {
    for more in ["", "[package.metadata.bedrock]\n"] {
        let manifest = format!("[package]\nname = \"my_app\"\nversion = \"0.1.0\"\n{more}[package.metadata.bedrok]\n");
        let output = TestApp::with_manifest(&manifest).file("workers/a/main.py", "").run(&["list"]);
        let line = 4 + more.lines().count();
        let message = format!("error: Cargo.toml:{line}: unknown table `[package.metadata.bedrok]`\n");
        assert!(output.contains(&message) && output.contains("`[package.metadata.bedrock]`"), "{output}");
    }
}
