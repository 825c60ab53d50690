//! What is read from manifests. Edits are tested with the program, in `tests/cli/new_worker.rs`.

use super::{Manifest, NameOwner};

fn manifest(text: &str) -> Manifest {
    Manifest::parse(text).expect(text)
}

#[test]
fn worker_depends_on_the_same_runtime_as_the_app() {
    for (app_line, worker_line) in [
        (r#"bedrock = { package = "bedrock-rt", version = "0.3" }"#, r#"{ package = "bedrock-rt", version = "0.3" }"#),
        (r#"bedrock-rt = "0.3""#, r#"{ package = "bedrock-rt", version = "0.3" }"#),
        (
            r#"bedrock = { path = "../bedrock-rt", package = "bedrock-rt" }"#,
            r#"{ package = "bedrock-rt", path = "../../../bedrock-rt" }"#,
        ),
        (
            r#"bedrock = { package = "bedrock-rt", path = "vendor/bedrock-rt" }"#,
            r#"{ package = "bedrock-rt", path = "../../vendor/bedrock-rt" }"#,
        ),
        (
            r#"bedrock = { package = "bedrock-rt", path = "/co/bedrock-rt" }"#,
            r#"{ package = "bedrock-rt", path = "/co/bedrock-rt" }"#,
        ),
        (
            r#"bedrock = { package = "bedrock-rt", git = "https://x.test/b", branch = "main", features = ["local"] }"#,
            r#"{ package = "bedrock-rt", git = "https://x.test/b", branch = "main" }"#,
        ),
        (r#"bedrock = { package = "bedrock-rt", workspace = true }"#, "{ workspace = true }"),
        ("bedrock.package = \"bedrock-rt\"\nbedrock.version = '1'", r#"{ package = "bedrock-rt", version = '1' }"#),
    ] {
        let dependencies = manifest(&format!("[dependencies]\n{app_line}\n")).bedrock_dependencies(2);
        assert_eq!(dependencies.runtime, format!("bedrock = {worker_line}"), "{app_line}");
    }
}

#[test]
fn inherited_dependency_keeps_its_key() {
    let dependencies = manifest("[dependencies]\nbedrock-rt.workspace = true\n").bedrock_dependencies(2);
    assert_eq!(dependencies.runtime, "bedrock-rt = { workspace = true }");
}

#[test]
fn worker_of_app_without_runtime_depends_on_this_version() {
    let dependencies = manifest("").bedrock_dependencies(2);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(dependencies.runtime, format!("bedrock = {{ package = \"bedrock-rt\", version = \"{version}\" }}"));
    assert_eq!(dependencies.build, format!("bedrock-build = \"{version}\""));
}

#[test]
fn names_are_found_in_all_dependency_tables() {
    let text = "
[package]
name = \"my-app\"
[dependencies]
renamed = { package = \"real-name\", version = \"1\" }
resizer = { path = \"workers/resizer\" }
[build-dependencies]
builder = \"1\"
[dev-dependencies.tester]
version = \"1\"
[target.'cfg(unix)'.dependencies]
only-unix = \"1\"
";
    let plain = Some(NameOwner::Dependency { path: None });
    for (name, owner) in [
        ("my_app", Some(NameOwner::Package)),
        ("renamed", plain),
        ("real_name", Some(NameOwner::Dependency { path: None })),
        ("resizer", Some(NameOwner::Dependency { path: Some("workers/resizer".to_owned()) })),
        ("builder", Some(NameOwner::Dependency { path: None })),
        ("tester", Some(NameOwner::Dependency { path: None })),
        ("only_unix", Some(NameOwner::Dependency { path: None })),
        ("version", None),
        ("free", None),
    ] {
        assert_eq!(manifest(text).name_owner(name), owner, "{name}");
    }
}
