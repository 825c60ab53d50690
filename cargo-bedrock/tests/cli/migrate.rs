//! `cargo bedrock migrate` of two apps in `tests/original`: one from before version 0.5.0, and one of version 0.5.0.

use std::fs;
use std::process::Command;

use insta::assert_snapshot;

use crate::test_app::{TestApp, original_app};

/// Copies one of the apps of `tests/original` and returns it as the working folder. Names that Git would act on have no
/// dot there.
pub(crate) fn python_app(name: &str) -> TestApp {
    let source = original_app(name);
    let mut app = TestApp::empty().enter("an_app");
    let mut pending = vec![source.clone()];
    while let Some(dir) = pending.pop() {
        for entry in fs::read_dir(dir).expect("folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                pending.push(path);
                continue;
            }
            let name = path.strip_prefix(&source).expect("below").display().to_string();
            let is_hidden = name.starts_with("github/") || name == "gitignore";
            let name = if is_hidden { format!(".{name}") } else { name };
            app = app.file(&name, &fs::read_to_string(&path).expect("text"));
        }
    }
    app
}

fn stderr_of(app: &TestApp, args: &[&str]) -> String {
    let output = app.output(args);
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn older_app_is_migrated_as_its_dry_run_shows() {
    let app = python_app("older");
    let before = app.files();
    let dry = app.run(&["migrate", "--dry-run"]);
    assert!(dry.starts_with("exit code 0\n"), "{dry}");
    assert_eq!(app.files(), before, "a dry run changes nothing");
    let done = app.run(&["migrate", "--yes"]);
    let (patch, _) = done.split_once("-- stderr\n").expect("both");
    assert_eq!(dry.split_once("-- stderr\n").expect("both").0, patch, "the dry run shows the same patch");
    let hunk = "\
--- a/app/services/mail.py
+++ b/app/services/mail.py
@@ -9,5 +9,5 @@


 def send(arn, body):
-    arn = arn or config.get(\"lambdas\", {}).get(\"mailer\")
+    arn = arn or config.get(\"workers\", {}).get(\"mailer\")
";
    assert!(patch.contains(hunk), "{patch}");
    assert_snapshot!(app.run(&["list"]), @"
    exit code 0
    -- stdout
    worker          language  folder                      timeout  memory
    system_fetcher  python    app/workers/system_fetcher     30 s  256 MB
    ");
}

#[test]
fn remaining_manual_steps_are_reported() {
    let text = stderr_of(&python_app("older"), &["migrate", "--yes"]);
    // The number of files in the template changes from time to time.
    let is_other_line =
        |line: &&str| !(line.starts_with("      terraform/") && line.contains(": only in the template,"));
    let text: Vec<&str> = text.lines().filter(is_other_line).collect();
    assert_snapshot!(text.join("\n"), @"
    note: 8 endpoint methods to port, each with a skeleton that responds with status 501:
          GET     /systems/{system_id}/planets  src/endpoints/planets.rs  from PlanetsEndpoint.get_global (app/endpoints/planets.py:9)
          GET     /systems/{system_id}/planets/{planet_id}  src/endpoints/planets.rs  from PlanetsEndpoint.get_single (app/endpoints/planets.py:12)
          PUT     /systems/{system_id}/planets/{planet_id}  src/endpoints/planets.rs  from PlanetsEndpoint.put_single (app/endpoints/planets.py:15)
          DELETE  /systems/{system_id}/planets/{planet_id}  src/endpoints/planets.rs  from PlanetsEndpoint.delete_single (app/endpoints/planets.py:18)
          GET     /planets  src/endpoints/planets.rs  from AllPlanetsEndpoint.get_global (app/endpoints/planets.py:29)
          GET     /systems  src/endpoints/systems.rs  from SystemsEndpoint.get_global (app/endpoints/systems.py:14)
          POST    /systems  src/endpoints/systems.rs  from SystemsEndpoint.post_global (app/endpoints/systems.py:26)
          GET     /systems/{id}  src/endpoints/systems.rs  from SystemsEndpoint.get_single (app/endpoints/systems.py:20)
    note: `terraform/` is the app's own and stays unchanged; compared with the template:
          terraform/lambda/main.tf: 196 lines only in the template, 6 lines only here
          terraform/main.tf: 46 lines only in the template, 4 lines only here
          terraform/network.tf: not in the template
    note: to use the template, move `terraform/` away and run `cargo bedrock terraform upgrade`
    warning: `app/services/mail.py:8` contains `lambdas`: check whether it refers to `app/config/config.py`
    warning: `.github/workflows/deploy.yml:14`: `cargo bedrock build` has no `--zip`
    warning: `.github/workflows/deploy.yml` has to install the command: `cargo install --locked cargo-bedrock`
    warning: `app/endpoints/planets.py:21`: `PlanetsEndpoint.get_by_colour` has no skeleton, its name is not an HTTP method
    warning: `app/endpoints/planets.py:25`: the path of `AllPlanetsEndpoint` is computed, check `/planets`
    done: migrated app `star_map` (files: 6 new, 5 edited)
    next: run `cargo run`, then port the endpoints one by one: `grep -rn not_ported src`
    next: run `cargo bedrock migrate --undo` to undo it; the originals are kept in `.bedrock/`
    next: run `cargo bedrock terraform diff` to see the complete difference to the template
    ");
}

#[test]
fn migrated_config_reads_arns_from_the_environment() {
    let app = python_app("older");
    assert!(app.output(&["migrate", "--yes"]).status.success());
    let mut python = Command::new("python3");
    python.args(["-c", "from app.config.config import parameters; print(parameters['workers'])"]);
    python.env("STAR_MAP_WORKER_ARN_SYSTEM_FETCHER", "arn:1").env("STAR_MAP_LAMBDA_MAILER", "arn:2");
    python.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(app.path("."));
    let output = match python.output() {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "Python is needed in CI: {error}");
            return println!("skipped: {error}");
        }
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    let expected = "{'mailer': 'arn:2', 'system_fetcher': 'arn:1'}\n";
    assert_eq!(printed, expected, "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn second_migration_has_nothing_to_do() {
    for name in ["older", "newer"] {
        let app = python_app(name);
        assert!(app.output(&["migrate", "--yes"]).status.success());
        let before = app.files();
        let second = app.run(&["migrate", "--yes"]);
        assert!(second.starts_with("exit code 0\n-- stderr\n"), "{second}");
        assert!(second.ends_with("done: nothing to do: `.` is already migrated\n"), "{second}");
        assert_eq!(app.files(), before);
    }
}

#[test]
fn newer_app_keeps_its_config_and_gets_terraform() {
    let app = python_app("newer");
    let config = app.read("shop/config/config.py");
    assert_snapshot!(stderr_of(&app, &["migrate", "--yes"]), @"
    note: 2 endpoint methods to port, each with a skeleton that responds with status 501:
          POST    /admin/prices  src/endpoints/admin_prices.rs  from AdminPricesEndpoint.post_global (shop/endpoints/admin/prices.py:9)
          GET     /prices  src/endpoints/prices.rs  from PricesEndpoint.get_global (shop/endpoints/prices.py:10)
    warning: `shop/endpoints/broken.py` is left unchanged: it is not valid Python
    warning: `shop/workers/price_fetcher/main.py:7` imports `bedrock.log`, which is not included
    done: migrated app `shop` (files: 46 new)
    next: run `cargo run`, then port the endpoints one by one: `grep -rn not_ported src`
    next: run `cargo bedrock migrate --undo` to undo it; the originals are kept in `.bedrock/`
    ");
    assert_eq!(app.read("shop/config/config.py"), config);
    assert_snapshot!(app.tree("src"), @"
    endpoints/admin_prices.rs
    endpoints/mod.rs
    endpoints/prices.rs
    main.rs
    ");
    let new_app = TestApp::new_app();
    for path in ["terraform/main.tf", "terraform/.bedrock.json", ".github/workflows/deploy.yml"] {
        assert_eq!(app.read(path), new_app.read(path), "{path}");
    }
    assert!(app.run(&["terraform", "upgrade"]).contains("is up to date"));
    assert_snapshot!(app.run(&["list"]), @"
    exit code 0
    -- stdout
    worker         language    folder                      timeout  memory
    image_maker    javascript  shop/workers/image_maker       30 s  256 MB
    price_fetcher  python      shop/workers/price_fetcher     30 s  256 MB
    ");
}

#[test]
fn undo_restores_every_byte() {
    for name in ["older", "newer"] {
        let app = python_app(name);
        let before = app.files();
        assert!(app.output(&["migrate", "--yes"]).status.success());
        assert!(app.path(".bedrock/migrate/1.json").is_file());
        assert_eq!(app.read(".bedrock/.gitignore"), "*\n");
        let undo = app.run(&["migrate", "--undo", "--yes"]);
        assert!(undo.contains("done: undid the migration"), "{undo}");
        assert_eq!(app.files(), before);
    }
}

#[test]
fn undo_of_a_record_that_leads_out_of_the_app_is_refused() {
    for list in [
        r#""created": {"../outside.txt": "known"}, "edited": {}"#,
        r#""created": {}, "edited": {"../outside.txt": {"before": "changed", "after": "known"}}"#,
    ] {
        let app = TestApp::new_app().file("../outside.txt", "known");
        let app = app.file(".bedrock/migrate/1.json", &format!("{{\"version\": 1, \"bedrock\": \"\", {list}}}"));
        let output = app.bedrock(&["migrate", "--undo", "--yes"]);
        assert_eq!(output.code, Some(1), "{}", output.stderr);
        assert!(output.stderr.contains("error: `.bedrock/migrate/1.json` names `../outside.txt`"), "{}", output.stderr);
        assert_eq!(app.read("../outside.txt"), "known");
    }
}

#[test]
fn undo_keeps_ported_endpoints() {
    let app = python_app("newer");
    assert!(app.output(&["migrate", "--yes"]).status.success());
    let app = app.file("src/endpoints/prices.rs", "// ported\n");
    assert_snapshot!(stderr_of(&app, &["migrate", "--undo", "--yes"]), @"
    note: `src/endpoints/prices.rs` is kept: it was edited since
    done: undid the migration (files: 45 removed)
    ");
    assert_eq!(app.read("src/endpoints/prices.rs"), "// ported\n");
    assert!(!app.path("Cargo.toml").exists() && !app.path(".bedrock").exists());
    assert_snapshot!(app.run(&["migrate", "--undo", "--yes"]), @"
    exit code 0
    -- stderr
    done: nothing to do: `.` has no recorded migration
    ");
}

#[test]
fn unconfirmed_migration_changes_nothing() {
    let app = python_app("newer");
    let before = app.files();
    let stderr = stderr_of(&app, &["--quiet", "migrate"]);
    let error: Vec<&str> = stderr.lines().filter(|line| !line.starts_with("warning: ")).collect();
    assert_snapshot!(error.join("\n"), @"
    error: cannot ask for confirmation without a terminal: migrate app `shop`? (files: 46 new)
    help: use `--yes` to confirm, or `--dry-run` to show the plan
    ");
    assert_eq!(app.output(&["migrate"]).status.code(), Some(2));
    assert_eq!(app.files(), before);
}

#[test]
fn existing_file_stops_the_migration() {
    let app = python_app("newer").file("build.rs", "mine\n");
    let before = app.files();
    let stderr = stderr_of(&app, &["--quiet", "migrate", "--yes"]);
    assert!(stderr.contains("error: `build.rs` already exists\n"), "{stderr}");
    assert_eq!(app.files(), before);
}

#[test]
fn invalid_worker_folders_stop_the_migration() {
    let app = python_app("newer")
        .file("shop/workers/Camel/main.py", "")
        .file("shop/workers/both/main.py", "")
        .file("shop/workers/both/main.js", "");
    let before = app.files();
    assert_snapshot!(app.run(&["migrate", "--yes"]), @"
    exit code 1
    -- stderr
    error: `Camel` is not a valid worker name: it contains a capital letter (folder `shop/workers/Camel`)
    help: try `camel`
    error: `shop/workers/both` has both `main.py` and `main.js`, so its language is ambiguous
    help: keep one of them, or move the other one to a different worker
    ");
    assert_eq!(app.files(), before);
}

#[test]
fn folder_without_a_python_app_is_an_error() {
    assert_snapshot!(TestApp::empty().run(&["migrate", "--yes"]), @"
    exit code 2
    -- stderr
    error: `[DIR]` is not an app of Bedrock for Python
      caused by: it has neither `app/config/config.py` nor `app/endpoints` nor `app/workers`
    help: pass its folder: `cargo bedrock migrate DIR`
    ");
    assert_snapshot!(TestApp::empty().run(&["migrate", "nowhere", "--yes"]), @"
    exit code 2
    -- stderr
    error: failed to enter `nowhere`
      caused by: no such file or directory
    ");
    let two_apps = TestApp::empty().file("a/workers/x/main.py", "").file("b/config/config.py", "");
    assert_snapshot!(two_apps.run(&["migrate", "--yes"]), @"
    exit code 2
    -- stderr
    error: `[DIR]` has the code of more than one app: `a` and `b`
    help: migrate one of them: `cargo bedrock migrate a`
    ");
}

#[test]
fn package_that_is_not_an_app_is_an_error() {
    let app = python_app("newer").file("Cargo.toml", "[package]\nname = \"x\"\n");
    assert_snapshot!(app.run(&["migrate", "--yes"]), @"
    exit code 1
    -- stderr
    error: `[DIR]/an_app/Cargo.toml` has no `[package.metadata.bedrock]`
    help: add the table; it may be empty
    ");
}

#[test]
fn name_defaults_to_variable_prefix_or_folder() {
    let name_of = |app: &TestApp, args: &[&str]| {
        let output = app.run(&[&["migrate", "--dry-run"], args].concat());
        let line = output.lines().find(|line| line.starts_with("+name = ")).map(str::to_owned);
        line.unwrap_or(output)
    };
    assert_eq!(name_of(&python_app("older"), &[]), "+name = \"star_map\"");
    assert_eq!(name_of(&python_app("older"), &["--name", "sky"]), "+name = \"sky\"");
    let without_config = TestApp::empty().file("My App/workers/a/main.py", "").enter("My App");
    assert_snapshot!(name_of(&without_config, &[]), @"
    exit code 2
    -- stderr
    error: `My App` is not a valid app name: it contains a capital letter
    help: try `my_app`
    help: set it with `--name NAME`
    ");
    let plain = TestApp::empty().file("shop/app/workers/a/main.py", "").enter("shop");
    assert_eq!(name_of(&plain, &[]), "+name = \"shop\"");
}

#[test]
fn later_workflow_is_migrated_by_the_next_run() {
    let app = python_app("newer");
    assert!(app.output(&["migrate", "--yes"]).status.success());
    let later = app.file(".gitlab-ci.yml", "build:\n  script:\n    - bedrock build\n");
    let before = later.files();
    assert_snapshot!(later.run(&["migrate", "--yes"]), @"
    exit code 0
    -- stdout
    --- a/.gitlab-ci.yml
    +++ b/.gitlab-ci.yml
    @@ -1,3 +1,3 @@
     build:
       script:
    -    - bedrock build
    +    - cargo bedrock build
    -- stderr
    warning: `.gitlab-ci.yml` has to install the command: `cargo install --locked cargo-bedrock`
    warning: `shop/workers/price_fetcher/main.py:7` imports `bedrock.log`, which is not included
    done: migrated app `shop` (files: 1 edited)
    next: run `cargo bedrock migrate --undo` to undo it; the originals are kept in `.bedrock/`
    ");
    assert!(later.output(&["migrate", "--undo", "--yes"]).status.success());
    assert_eq!(later.files(), before);
}
