//! `cargo bedrock migrate`, on an app from before 0.5.0 and on one as 0.5.0 makes it: `tests/original`.

use std::fs;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

use crate::room::Room;

/// A copy of one of the apps, in which commands are called. Names that Git would act on here have no dot there.
pub(crate) fn original(name: &str) -> Room {
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/original").join(name);
    let mut room = Room::empty().enter("an_app");
    let mut waiting = vec![app.clone()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir).expect("folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let inside = path.strip_prefix(&app).expect("below").display().to_string();
            let is_hidden = inside.starts_with("github/") || inside == "gitignore";
            let inside = if is_hidden { format!(".{inside}") } else { inside };
            room = room.file(&inside, &fs::read_to_string(&path).expect("text"));
        }
    }
    room
}

/// Every file with its text.
fn all(room: &Room) -> Vec<(String, Vec<u8>)> {
    let read = |path: &str| fs::read(room.path(path)).expect("text");
    room.tree(".").lines().map(|path| (path.to_owned(), read(path))).collect()
}

fn stderr_of(room: &Room, args: &[&str]) -> String {
    let output = room.output(args);
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn an_older_app_is_shown_changed_and_listed() {
    let room = original("older");
    let before = all(&room);
    let dry = room.run(&["migrate", "--dry-run"]);
    assert!(dry.starts_with("exit code 0\n"), "{dry}");
    assert_eq!(all(&room), before, "a dry run changes nothing");
    let done = room.run(&["migrate", "--yes"]);
    let (patch, _) = done.split_once("-- stderr\n").expect("both");
    assert_eq!(dry.split_once("-- stderr\n").expect("both").0, patch, "the patch is what is done");
    let app = "\
--- a/app/services/mail.py
+++ b/app/services/mail.py
@@ -9,5 +9,5 @@


 def send(arn, body):
-    arn = arn or config.get(\"lambdas\", {}).get(\"mailer\")
+    arn = arn or config.get(\"workers\", {}).get(\"mailer\")
";
    assert!(patch.contains(app), "{patch}");
    assert_snapshot!(room.run(&["list"]), @"
    exit code 0
    -- stdout
    worker          language  folder                      timeout  memory
    system_fetcher  python    app/workers/system_fetcher     30 s  256 MB
    ");
}

#[test]
fn what_is_left_for_people_is_told() {
    let text = stderr_of(&original("older"), &["migrate", "--yes"]);
    // The template has a file more or fewer from time to time.
    let of_template = |line: &&str| !(line.starts_with("      terraform/") && line.contains("in the template alone"));
    let text: Vec<&str> = text.lines().filter(of_template).collect();
    assert_snapshot!(text.join("\n"), @"
    note: 8 endpoint methods to port, each with a skeleton that answers 501:
          GET     /systems/{system_id}/planets  src/endpoints/planets.rs  from PlanetsEndpoint.get_global (app/endpoints/planets.py:9)
          GET     /systems/{system_id}/planets/{planet_id}  src/endpoints/planets.rs  from PlanetsEndpoint.get_single (app/endpoints/planets.py:12)
          PUT     /systems/{system_id}/planets/{planet_id}  src/endpoints/planets.rs  from PlanetsEndpoint.put_single (app/endpoints/planets.py:15)
          DELETE  /systems/{system_id}/planets/{planet_id}  src/endpoints/planets.rs  from PlanetsEndpoint.delete_single (app/endpoints/planets.py:18)
          GET     /planets  src/endpoints/planets.rs  from AllPlanetsEndpoint.get_global (app/endpoints/planets.py:29)
          GET     /systems  src/endpoints/systems.rs  from SystemsEndpoint.get_global (app/endpoints/systems.py:14)
          POST    /systems  src/endpoints/systems.rs  from SystemsEndpoint.post_global (app/endpoints/systems.py:26)
          GET     /systems/{id}  src/endpoints/systems.rs  from SystemsEndpoint.get_single (app/endpoints/systems.py:20)
    note: `terraform/` is the app's own and stays; beside the template of this version:
          terraform/lambda/main.tf: the template has 95 lines that it lacks, and lacks 6 of its
          terraform/main.tf: the template has 43 lines that it lacks, and lacks 4 of its
          terraform/network.tf: the app's own
    note: to take the template, move `terraform/` away and run `cargo bedrock terraform upgrade`
    warning: `app/services/mail.py:8` says `lambdas`: look whether it means `app/config/config.py`
    warning: `.github/workflows/deploy.yml:14`: `cargo bedrock build` has no `--zip`
    warning: `.github/workflows/deploy.yml` has to install the command: `cargo install --locked cargo-bedrock`
    warning: `app/endpoints/planets.py:21`: `PlanetsEndpoint.get_by_colour` has no skeleton, its name says no HTTP method
    warning: `app/endpoints/planets.py:25`: the path of `AllPlanetsEndpoint` is not written there, check `/planets`
    done: migrated app `star_map` (files: 6 new, 5 edited)
    next: `cargo run`, then port the endpoints one by one: `grep -rn not_ported src`
    next: `cargo bedrock migrate --undo` takes it back, until then the originals are in `.bedrock/`
    next: `cargo bedrock terraform diff` shows the whole difference to the template
    ");
}

#[test]
fn the_config_runs_and_has_what_the_environment_says() {
    let room = original("older");
    assert!(room.output(&["migrate", "--yes"]).status.success());
    let mut python = Command::new("python3");
    python.args(["-c", "from app.config.config import parameters; print(parameters['workers'])"]);
    python.env("STAR_MAP_WORKER_ARN_SYSTEM_FETCHER", "arn:1").env("STAR_MAP_LAMBDA_MAILER", "arn:2");
    python.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(room.path("."));
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
fn a_second_time_there_is_nothing_to_do() {
    for name in ["older", "newer"] {
        let room = original(name);
        assert!(room.output(&["migrate", "--yes"]).status.success());
        let before = all(&room);
        let again = room.run(&["migrate", "--yes"]);
        assert!(again.starts_with("exit code 0\n-- stderr\n"), "{again}");
        assert!(again.ends_with("done: nothing to do: `.` is migrated\n"), "{again}");
        assert_eq!(all(&room), before);
    }
}

#[test]
fn a_newer_app_keeps_its_config_and_gets_terraform_and_a_workflow() {
    let room = original("newer");
    let config = room.read("shop/config/config.py");
    assert_snapshot!(stderr_of(&room, &["migrate", "--yes"]), @"
    note: 2 endpoint methods to port, each with a skeleton that answers 501:
          POST    /admin/prices  src/endpoints/admin_prices.rs  from AdminPricesEndpoint.post_global (shop/endpoints/admin/prices.py:9)
          GET     /prices  src/endpoints/prices.rs  from PricesEndpoint.get_global (shop/endpoints/prices.py:10)
    warning: `shop/endpoints/broken.py` is left alone: it is not Python that can be read
    warning: `shop/workers/price_fetcher/main.py:7` imports `bedrock.log`, which does not come along
    done: migrated app `shop` (files: 36 new)
    next: `cargo run`, then port the endpoints one by one: `grep -rn not_ported src`
    next: `cargo bedrock migrate --undo` takes it back, until then the originals are in `.bedrock/`
    ");
    assert_eq!(room.read("shop/config/config.py"), config);
    assert_snapshot!(room.tree("src"), @"
    endpoints/admin_prices.rs
    endpoints/mod.rs
    endpoints/prices.rs
    main.rs
    ");
    let fresh = Room::fresh_app();
    for path in ["terraform/main.tf", "terraform/.bedrock.json", ".github/workflows/deploy.yml"] {
        assert_eq!(room.read(path), fresh.read(path), "{path}");
    }
    assert!(room.run(&["terraform", "upgrade"]).contains("is up to date"));
    assert_snapshot!(room.run(&["list"]), @"
    exit code 0
    -- stdout
    worker         language    folder                      timeout  memory
    image_maker    javascript  shop/workers/image_maker       30 s  256 MB
    price_fetcher  python      shop/workers/price_fetcher     30 s  256 MB
    ");
}

#[test]
fn a_migration_is_taken_back_to_the_last_byte() {
    for name in ["older", "newer"] {
        let room = original(name);
        let before = all(&room);
        assert!(room.output(&["migrate", "--yes"]).status.success());
        assert!(room.path(".bedrock/migrate/1.json").is_file());
        assert_eq!(room.read(".bedrock/.gitignore"), "*\n");
        let undone = room.run(&["migrate", "--undo", "--yes"]);
        assert!(undone.contains("done: took the migration back"), "{undone}");
        assert_eq!(all(&room), before);
    }
}

#[test]
fn what_was_ported_since_stays_when_a_migration_is_taken_back() {
    let room = original("newer");
    assert!(room.output(&["migrate", "--yes"]).status.success());
    let room = room.file("src/endpoints/prices.rs", "// ported\n");
    assert_snapshot!(stderr_of(&room, &["migrate", "--undo", "--yes"]), @"
    note: `src/endpoints/prices.rs` stays: it was edited since
    done: took the migration back (files: 35 removed)
    ");
    assert_eq!(room.read("src/endpoints/prices.rs"), "// ported\n");
    assert!(!room.path("Cargo.toml").exists() && !room.path(".bedrock").exists());
    assert_snapshot!(room.run(&["migrate", "--undo", "--yes"]), @"
    exit code 0
    -- stderr
    done: nothing to do: `.` has no migration on record
    ");
}

#[test]
fn nothing_is_done_where_nobody_confirms() {
    let room = original("newer");
    let before = all(&room);
    let said = stderr_of(&room, &["--quiet", "migrate"]);
    let error: Vec<&str> = said.lines().filter(|line| !line.starts_with("warning: ")).collect();
    assert_snapshot!(error.join("\n"), @"
    error: nobody is there to answer: migrate app `shop`? (files: 36 new)
    help: `--yes` says yes, `--dry-run` shows what would be done
    ");
    assert_eq!(room.output(&["migrate"]).status.code(), Some(2));
    assert_eq!(all(&room), before);
}

#[test]
fn a_file_in_the_way_is_named_and_nothing_is_changed() {
    let room = original("newer").file("build.rs", "mine\n");
    let before = all(&room);
    let refused = stderr_of(&room, &["--quiet", "migrate", "--yes"]);
    assert!(refused.contains("error: `build.rs` exists already\n"), "{refused}");
    assert_eq!(all(&room), before);
}

#[test]
fn folders_that_cannot_be_workers_are_named_before_anything_is_changed() {
    let room = original("newer")
        .file("shop/workers/Camel/main.py", "")
        .file("shop/workers/both/main.py", "")
        .file("shop/workers/both/main.js", "");
    let before = all(&room);
    assert_snapshot!(room.run(&["migrate", "--yes"]), @"
    exit code 1
    -- stderr
    error: `Camel` is not a valid worker name: it contains a capital letter (folder `shop/workers/Camel`)
    help: try `camel`
    error: `shop/workers/both` has both `main.py` and `main.js`, so its language is ambiguous
    help: keep one of them, or move the other one to a different worker
    ");
    assert_eq!(all(&room), before);
}

#[test]
fn a_folder_without_an_app_of_python_is_refused() {
    assert_snapshot!(Room::empty().run(&["migrate", "--yes"]), @"
    exit code 2
    -- stderr
    error: `[ROOM]` is no app of Bedrock for Python
      caused by: it has neither `app/config/config.py` nor `app/endpoints` nor `app/workers`
    help: name its folder: `cargo bedrock migrate DIR`
    ");
    assert_snapshot!(Room::empty().run(&["migrate", "nowhere", "--yes"]), @"
    exit code 2
    -- stderr
    error: failed to enter `nowhere`
      caused by: no such file or directory
    ");
    let two = Room::empty().file("a/workers/x/main.py", "").file("b/config/config.py", "");
    assert_snapshot!(two.run(&["migrate", "--yes"]), @"
    exit code 2
    -- stderr
    error: `[ROOM]` has the code of more than one app: `a` and `b`
    help: migrate one of them: `cargo bedrock migrate a`
    ");
}

#[test]
fn a_package_that_is_no_app_is_refused() {
    let room = original("newer").file("Cargo.toml", "[package]\nname = \"x\"\n");
    assert_snapshot!(room.run(&["migrate", "--yes"]), @"
    exit code 1
    -- stderr
    error: `[ROOM]/an_app/Cargo.toml` has no `[package.metadata.bedrock]`
    help: add the table; it may be empty
    ");
}

#[test]
fn the_name_is_the_one_given_or_that_of_the_variables_or_of_the_folder() {
    let name_of = |room: &Room, args: &[&str]| {
        let output = room.run(&[&["migrate", "--dry-run"], args].concat());
        let line = output.lines().find(|line| line.starts_with("+name = ")).map(str::to_owned);
        line.unwrap_or(output)
    };
    assert_eq!(name_of(&original("older"), &[]), "+name = \"star_map\"");
    assert_eq!(name_of(&original("older"), &["--name", "sky"]), "+name = \"sky\"");
    let without = Room::empty().file("My App/workers/a/main.py", "").enter("My App");
    assert_snapshot!(name_of(&without, &[]), @"
    exit code 2
    -- stderr
    error: `My App` is not a valid app name: it contains a capital letter
    help: try `my_app`
    help: give it one with `--name NAME`
    ");
    let plain = Room::empty().file("shop/app/workers/a/main.py", "").enter("shop");
    assert_eq!(name_of(&plain, &[]), "+name = \"shop\"");
}

#[test]
fn a_workflow_line_that_is_added_later_is_migrated_later() {
    let room = original("newer");
    assert!(room.output(&["migrate", "--yes"]).status.success());
    let later = room.file(".gitlab-ci.yml", "build:\n  script:\n    - bedrock build\n");
    let before = all(&later);
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
    warning: `shop/workers/price_fetcher/main.py:7` imports `bedrock.log`, which does not come along
    done: migrated app `shop` (files: 1 edited)
    next: `cargo bedrock migrate --undo` takes it back, until then the originals are in `.bedrock/`
    ");
    assert!(later.output(&["migrate", "--undo", "--yes"]).status.success());
    assert_eq!(all(&later), before);
}
