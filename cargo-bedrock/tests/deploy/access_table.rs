//! What deployed functions may do: the table that also holds in `dev`, sent from inside functions to an emulator that enforces
//! the policies of their roles.

use std::fs;
use std::path::Path;

use bedrock_build::uses::{KeyAttribute, ResourceUse};
use bedrock_build::{App, Use};
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::access_table::{self, AccessRow, access_differences, access_names, access_rows};

use crate::emulated_aws::EmulatedAws;
use crate::test_app::{CommandOutput, TestApp, command};

const ACCOUNT: &str = "123456789012";

/// Requests for which the emulator wants other rights than AWS: `sqs:SendMessageBatch`, which does not exist, and
/// `ssm:GetParameters` on `*`.
const EMULATOR_DIFFERS: [&str; 2] = ["SendMessageBatch", "GetParameters"];

/// The ARNs of the key for data and of the one for signatures.
type Keys = [String; 2];

/// Returns what a build writes for these settings. Only one function of an app says the key of its table.
fn manifest_uses(settings: &str, has_key: bool, keys: &Keys) -> Value {
    let with_keys = access_table::KEYS.iter().zip(keys);
    let settings = with_keys.fold(settings.to_owned(), |settings, (made_up, key)| settings.replace(made_up, key));
    let settings = settings.replace("access = \"write\" }, { bucket", "access = \"write\", key = \"id\" }, { bucket");
    let folder = TempDir::new().expect("a folder");
    let manifest = format!("[package]\nname = \"shop\"\n[package.metadata.bedrock.endpoint]\nuses = {settings}\n");
    fs::write(folder.path().join("Cargo.toml"), manifest).expect("a file");
    let app = App::open(folder.path()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let attribute = |attribute: &KeyAttribute| json!({ "name": attribute.name, "type": attribute.kind });
    let entry = |used: &ResourceUse| {
        let grants: Vec<Value> = used
            .access
            .grants
            .iter()
            .map(|grant| json!({ "actions": grant.actions, "suffixes": grant.suffixes }))
            .collect();
        let mut entry = json!({
            "kind": used.kind.as_str(), "name": used.name, "access": used.access.word, "is_of_app": used.is_of_app(),
            "arn": used.arn(), "grants": grants, "variable": used.variable(&app.name), "value": used.value()
        });
        if let Some(key) = used.key.as_ref().filter(|_| has_key) {
            entry["key"] = json!({ "partition": attribute(&key.partition), "sort": key.sort.as_ref().map(attribute) });
        }
        entry
    };
    let all = app.settings.endpoint.uses.as_deref().unwrap_or_default().iter();
    all.filter_map(|each| match each {
        Use::Resource(used) => Some(entry(used)),
        Use::Statement(_) => None,
    })
    .collect()
}

/// Returns the functions by their names: the half of the table that they have, with the file of their code.
fn app(functions: &[(&str, &str)], keys: &Keys, program: &[u8]) -> TestApp {
    let names: Vec<&str> = functions.iter().map(|(name, _)| *name).collect();
    let mut app = TestApp::new(&names).with("/version", json!(3));
    for (index, (name, half)) in functions.iter().enumerate() {
        let settings = if *half == "reader" { access_table::READER_USES } else { access_table::WRITER_USES };
        app.set(&format!("/workers/{name}/uses"), manifest_uses(settings, index == 0, keys));
        app.set(&format!("/workers/{name}/timeout"), json!(120));
        if name.ends_with("_js") {
            app.package(name, &[("main.js", access_table::JAVASCRIPT)]);
            app.set(&format!("/workers/{name}/language"), json!("javascript"));
            app.set(&format!("/workers/{name}/runtime"), json!("nodejs22.x"));
        } else if name.ends_with("_rs") {
            let code = app.artifact(&format!("workers/{name}.zip"), program);
            for (key, value) in [
                ("code", code),
                ("language", json!("rust")),
                ("runtime", json!("provided.al2023")),
                ("handler", json!("bootstrap")),
            ] {
                app.set(&format!("/workers/{name}/{key}"), value);
            }
        } else {
            app.package(name, &[("main.py", access_table::PYTHON)]);
        }
    }
    app
}

/// Returns the zip of a Rust worker that sends the requests, as `cargo bedrock build` makes it.
fn rust_program(aws: &EmulatedAws) -> Vec<u8> {
    let dir = TempDir::new().expect("a folder");
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the checkout");
    let run = |folder: &Path, args: &[&str]| {
        let mut command = command(folder, args, &aws.environment());
        CommandOutput::from(testbed::share_build(&mut command).output().expect("the command starts")).success()
    };
    run(dir.path(), &["new", "app", "access", "--bedrock-path", checkout.to_str().expect("text")]);
    let app = dir.path().join("access");
    fs::copy(checkout.join("Cargo.lock"), app.join("Cargo.lock")).expect("the lock file");
    run(&app, &["new", "worker", "access_caller.rs"]);
    let worker = app.join("workers/access_caller");
    fs::write(worker.join("src/lib.rs"), access_table::RUST.replace("WORKER", "AccessCaller")).expect("the worker");
    let manifest = fs::read_to_string(worker.join("Cargo.toml")).expect("a manifest");
    fs::write(worker.join("Cargo.toml"), manifest + access_table::RUST_DEPENDENCIES).expect("a manifest");
    run(&app, &["build", "access_caller"]);
    fs::read(app.join("target/bedrock/workers/access_caller.zip")).expect("the zip")
}

/// Creates a key for data and one for signatures.
fn create_keys(aws: &EmulatedAws) -> Keys {
    let signing = json!({ "KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256" });
    [json!({}), signing].map(|options| {
        let key = aws.call("kms", "create_key", &options);
        key["KeyMetadata"]["Arn"].as_str().expect("an ARN").to_owned()
    })
}

#[test]
fn roles_allow_what_functions_use_and_nothing_else() {
    let Some(aws) = EmulatedAws::start(true) else { return };
    let Some(sdk) = testbed::tool("node_sdk") else { return };
    let functions = [
        ("reader_py", "reader"),
        ("writer_py", "writer"),
        ("reader_js", "reader"),
        ("writer_js", "writer"),
        ("reader_rs", "reader"),
        ("writer_rs", "writer"),
    ];
    let keys = create_keys(&aws);
    let app = app(&functions, &keys, &rust_program(&aws));
    aws.deploy(&app);
    aws.call("secretsmanager", "create_secret", &json!({ "Name": "stripe", "SecretString": "x" }));
    let is_emulated = |row: &AccessRow| EMULATOR_DIFFERS.iter().all(|operation| row.request["operation"] != *operation);
    let rows: Vec<AccessRow> = access_rows().into_iter().filter(is_emulated).collect();
    let queue = format!("{}/{ACCOUNT}/shop-dev-jobs.fifo", aws.emulator.endpoint());
    let mut names = access_names("dev", ACCOUNT, &queue, &format!("shop-dev-pictures-{ACCOUNT}-us-east-1"));
    for (name, key) in ["DATA_KEY", "SIGNING_KEY"].into_iter().zip(&keys) {
        names[name] = json!(key);
    }
    let requests: Vec<&Value> = rows.iter().map(|row: &AccessRow| &row.request).collect();
    let event = json!({ "rows": requests, "names": names, "sdk": sdk });
    let mut differences = Vec::new();
    // What is read must have been written.
    for (name, half) in [1, 0, 3, 2, 5, 4].map(|index: usize| functions[index]) {
        let codes = aws.invoke(&format!("shop-dev-{name}"), &event);
        assert!(codes.is_array(), "{name}: {codes}");
        differences.extend(access_differences(half, &rows, &codes).iter().map(|line| format!("{name}: {line}")));
    }
    assert_eq!(differences, Vec::<String>::new());
}
