//! Tests of rendered templates, as far as they can be checked without compiling them.

use std::fs;
use std::path::Path;

use bedrock_build::{AppName, EndpointName, WorkerName};

use crate::embedded::TemplateFile;
use crate::render::{Variables, render};
use crate::{
    Dependencies, EndpointPort, HandlerPort, RenderedFile, Route, WorkerTemplate, app, endpoint, migrated_app,
    python_types, terraform, worker,
};

fn dependencies() -> Dependencies {
    Dependencies {
        runtime: "bedrock = { package = \"bedrock-rt\", version = \"0.1.0\" }".to_owned(),
        build: "bedrock-build = \"0.1.0\"".to_owned(),
    }
}

fn name(text: &str) -> WorkerName {
    WorkerName::parse(text).expect(text)
}

fn all_files() -> Vec<RenderedFile> {
    let mut files = app(&AppName::parse("my_app").expect("app"), &name("greeter"), &dependencies()).expect("app");
    for language in WorkerTemplate::ALL {
        files.extend(worker(&name("system_fetcher"), language, &dependencies()).expect("worker"));
    }
    files.extend(endpoint(&EndpointName::parse("systems").expect("endpoint")).expect("endpoint"));
    files.extend(
        migrated_app(&AppName::parse("old").expect("app"), "app/workers", &[endpoint_port()], &dependencies())
            .expect("app"),
    );
    files
}

fn endpoint_port() -> EndpointPort {
    let handler = |name: &str, parameters: &[&str]| HandlerPort {
        name: name.to_owned(),
        original: format!("Systems.{name}"),
        line: 7,
        parameters: parameters.iter().map(|name| (*name).to_owned()).collect(),
        has_body: name.starts_with("put"),
        invokes: vec!["mailer".to_owned()],
    };
    let route = |path: &str, methods: &[(&'static str, &str)]| Route {
        path: path.to_owned(),
        methods: methods.iter().map(|(verb, name)| (*verb, (*name).to_owned())).collect(),
    };
    EndpointPort {
        module: EndpointName::parse("ported").expect("endpoint"),
        source: "app/endpoints/ported.py".to_owned(),
        routes: vec![route("/s", &[("get", "all")]), route("/s/{id}/p/{part}", &[("put", "put_one"), ("get", "one")])],
        handlers: vec![handler("all", &[]), handler("put_one", &["id", "part"]), handler("one", &["id", "part"])],
    }
}

fn paths(files: &[RenderedFile]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn worker_has_specified_files() {
    let files = |language| worker(&name("system_fetcher"), language, &dependencies()).expect("worker");
    assert_eq!(paths(&files(WorkerTemplate::Python)), ["__init__.py", "main.py", "requirements.txt", "test_main.py"]);
    assert_eq!(
        paths(&files(WorkerTemplate::JavaScript)),
        ["jsconfig.json", "main.js", "main.test.js", "package.json", "worker.d.ts", "worker.js"]
    );
    let typescript = ["main.test.ts", "main.ts", "package.json", "tsconfig.json", "worker.cjs", "worker.d.cts"];
    assert_eq!(paths(&files(WorkerTemplate::TypeScript)), typescript);
    assert_eq!(paths(&files(WorkerTemplate::Rust)), ["Cargo.toml", "build.rs", "src/lib.rs", "src/main.rs"]);
}

#[test]
fn worker_class_is_named_after_the_folder() {
    for (language, path, line) in [
        (WorkerTemplate::Python, "main.py", "class SystemFetcher(Worker):"),
        (WorkerTemplate::JavaScript, "main.js", "class SystemFetcher extends Worker {"),
        (
            WorkerTemplate::TypeScript,
            "main.ts",
            "export class SystemFetcher extends Worker<SystemFetcherRequest, SystemFetcherResponse> {",
        ),
        (WorkerTemplate::Rust, "src/lib.rs", "pub struct SystemFetcher;"),
    ] {
        let files = worker(&name("system_fetcher"), language, &dependencies()).expect("worker");
        let file = files.iter().find(|file| file.path == path).expect(path);
        assert!(file.contents.lines().any(|found| found == line), "{}", file.contents);
    }
}

#[test]
fn worker_js_is_the_embedded_file_unchanged() {
    for (template, path) in [(WorkerTemplate::JavaScript, "worker.js"), (WorkerTemplate::TypeScript, "worker.cjs")] {
        let files = worker(&name("x"), template, &dependencies()).expect("worker");
        let file = files.iter().find(|file| file.path == path).expect(path);
        assert_eq!(file.contents, include_str!("../files/worker/javascript/worker.js"));
    }
}

#[test]
fn rendered_files_have_no_placeholders_and_end_with_newline() {
    for RenderedFile { path, contents } in all_files() {
        let is_rendered = !["worker.js", "worker.cjs"].contains(&path.as_str());
        assert!(!is_rendered || !(contents.contains("{{") || contents.contains("}}")), "{path}: {contents}");
        let ends_well = contents.is_empty() || contents.ends_with('\n') && !contents.ends_with("\n\n");
        assert!(ends_well, "{path}: {contents:?}");
    }
}

#[test]
fn manifests_have_dependencies_and_names() {
    for RenderedFile { path, contents } in all_files() {
        if path.ends_with("Cargo.toml") {
            assert!(contents.contains("\nbedrock = { package = \"bedrock-rt\", version = \"0.1.0\" }\n"), "{contents}");
            assert!(contents.contains("\n[build-dependencies]\nbedrock-build = \"0.1.0\"\n"), "{contents}");
        }
        if path == "package.json" {
            assert!(contents.contains("\"name\": \"system_fetcher\""), "{contents}");
        }
    }
}

#[test]
fn migrated_endpoint_has_all_routes_and_handlers() {
    let files = all_files();
    let file = files.iter().find(|file| file.path == "src/endpoints/ported.rs").expect("ported");
    for text in [
        "//! To be ported from `app/endpoints/ported.py`.\n",
        "use axum::routing::{get, put};\n",
        "        .route(\"/s\", get(all))\n        .route(\"/s/{id}/p/{part}\", put(put_one).get(one))\n}\n",
        "\n/// `Systems.all`, line 7.\n/// Calls `mailer`: ",
        "async fn all() -> (StatusCode, Json<Value>) {\n    not_ported(\"Systems.all\")\n}\n",
        "async fn put_one(\n    Path((_id, _part)): Path<(String, String)>,\n    Json(_body): Json<Value>,\n) -> ",
        "async fn one(Path((_id, _part)): Path<(String, String)>) -> (StatusCode, Json<Value>) {\n",
    ] {
        assert!(file.contents.contains(text), "{text} in {}", file.contents);
    }
    let module = files.iter().rfind(|file| file.path == "src/endpoints/mod.rs").expect("module");
    assert!(
        module.contents.contains("modules\nmod ported;\n") && module.contents.contains("::new()\n        // cargo")
    );
    let none = migrated_app(&AppName::parse("old").expect("app"), "workers", &[], &dependencies()).expect("app");
    assert!(none.iter().any(|file| file.contents.contains("    Router::new()\n    // cargo bedrock: routers\n}")));
}

#[test]
fn python_types_are_below_one_folder() {
    let files = python_types();
    let (types, settings): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.path.starts_with("typings/bedrock/"));
    assert!(
        types.iter().all(|file| file.path.rsplit_once('.').is_some_and(|(_, extension)| extension == "pyi"))
            && types.len() == 8
    );
    assert_eq!(settings.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["pyrightconfig.json"]);
    assert!(settings[0].contents.contains("\"stubPath\": \"typings\""));
}

#[test]
fn missing_variable_error_names_the_file() {
    let template = TemplateFile { path: "main.py", text: "{{ clas }}\n", is_template: true };
    let error = render(&[template], &Variables::from([("class", "A".into())])).expect_err("misspelled");
    assert_eq!(error.to_string(), "failed to render the template of `main.py`");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn syntax_error_names_the_file() {
    let template = TemplateFile { path: "main.py", text: "{{ class", is_template: true };
    let error = render(&[template], &Variables::new()).expect_err("broken");
    assert_eq!(error.path, "main.py");
}

const WORKFLOWS: [&str; 2] = [".github/workflows/deploy.yml", ".github/workflows/pull-request.yml"];

#[test]
fn terraform_returns_all_files_unchanged() {
    let files = terraform();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("files");
    let mut expected = WORKFLOWS.map(str::to_owned).to_vec();
    let mut folders = vec![folder.join("terraform")];
    while let Some(dir) = folders.pop() {
        for entry in fs::read_dir(dir).expect("folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&folder).expect("below").display().to_string();
            let file = files.iter().find(|file| file.path == name).expect(&name);
            assert_eq!(file.contents, fs::read_to_string(&path).expect("text"), "{name}");
            expected.push(name);
        }
    }
    expected.sort();
    let mut paths: Vec<_> = files.into_iter().map(|file| file.path).collect();
    paths.sort();
    assert_eq!(paths, expected);
}

#[test]
fn workflow_pins_actions_to_commits() {
    let files = terraform();
    for (path, count) in WORKFLOWS.into_iter().zip([4, 12]) {
        let workflow = files.iter().find(|file| file.path == path).expect(path);
        let actions: Vec<&str> = workflow
            .contents
            .lines()
            .filter_map(|line| line.trim().split_once("uses: "))
            .map(|(_, action)| action)
            .collect();
        assert_eq!(actions.len(), count, "{path}");
        for action in actions {
            let (commit, version) = action.split_once('@').and_then(|(_, rest)| rest.split_once(" # ")).expect(action);
            assert!(commit.len() == 40 && commit.chars().all(|digit| digit.is_ascii_hexdigit()), "{action}");
            assert!(version.starts_with('v'), "{action}");
        }
        // In CI, `deploy` cannot ask.
        assert!(workflow.contents.contains("STAGE\" --yes"), "{path}");
    }
}

#[test]
fn workflow_installs_the_version_of_this_crate() {
    let files = terraform();
    for path in WORKFLOWS {
        let workflow = files.iter().find(|file| file.path == path).expect(path);
        let line = format!("BEDROCK_VERSION: {}", env!("CARGO_PKG_VERSION"));
        assert!(workflow.contents.lines().any(|found| found.trim() == line), "{}", workflow.contents);
    }
}
