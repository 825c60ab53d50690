//! Tables of manifests and what is read from them. Edits are tested from outside, in `tests/cli/new_worker.rs`.

use super::{Manifest, Owner};

fn manifest(text: &str) -> Manifest {
    Manifest::parse(text).expect(text)
}

#[test]
fn a_worker_depends_on_the_runtime_as_the_app_does() {
    for (of_app, of_worker) in [
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
        let uses = manifest(&format!("[dependencies]\n{of_app}\n")).uses(2);
        assert_eq!(uses.runtime, format!("bedrock = {of_worker}"), "{of_app}");
    }
}

#[test]
fn an_inherited_dependency_keeps_the_key_that_it_is_found_by() {
    let uses = manifest("[dependencies]\nbedrock-rt.workspace = true\n").uses(2);
    assert_eq!(uses.runtime, "bedrock-rt = { workspace = true }");
}

#[test]
fn a_worker_of_an_app_without_the_runtime_asks_for_this_version() {
    let uses = manifest("").uses(2);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(uses.runtime, format!("bedrock = {{ package = \"bedrock-rt\", version = \"{version}\" }}"));
    assert_eq!(uses.build, format!("bedrock-build = \"{version}\""));
}

#[test]
fn names_are_found_in_every_kind_of_dependency() {
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
    let plain = Some(Owner::Dependency { path: None });
    for (name, owner) in [
        ("my_app", Some(Owner::Package)),
        ("renamed", plain),
        ("real_name", Some(Owner::Dependency { path: None })),
        ("resizer", Some(Owner::Dependency { path: Some("workers/resizer".to_owned()) })),
        ("builder", Some(Owner::Dependency { path: None })),
        ("tester", Some(Owner::Dependency { path: None })),
        ("only_unix", Some(Owner::Dependency { path: None })),
        ("version", None),
        ("free", None),
    ] {
        assert_eq!(manifest(text).owner(name), owner, "{name}");
    }
}
