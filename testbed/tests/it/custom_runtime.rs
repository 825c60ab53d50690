//! Functions with custom runtimes, which run the `bootstrap` in their zip.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use testbed::{Function, InvocationResult, pack, ric};

#[test]
fn bootstrap_is_restarted_for_each_event_without_result() {
    let folder = tempfile::tempdir().expect("a folder");
    let bootstrap = folder.path().join("bootstrap");
    fs::write(
        &bootstrap,
        "#!/bin/sh\ntest -x \"$LAMBDA_TASK_ROOT/bootstrap\" && echo \"$WORD of $_HANDLER\"\nexit 7\n",
    )
    .expect("a file");
    fs::set_permissions(&bootstrap, Permissions::from_mode(0o755)).expect("a mode");
    let zips = tempfile::tempdir().expect("a folder");
    let zip = zips.path().join("function.zip");
    pack(folder.path(), &zip);
    let mut function = Function::new("space-dev-resizer", "provided.al2023", "resizer", zip);
    function.environment.insert("WORD".to_owned(), "run".to_owned());
    let run = ric::run(&function, &[json!(1), json!(2)]).expect("it needs no tool");
    assert_eq!(run.results, [InvocationResult::Exited(Some(7)), InvocationResult::Exited(Some(7))]);
    assert_eq!(run.stdout, "run of resizer\nrun of resizer\n");
}
