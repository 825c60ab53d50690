//! An app that does not compile when it is started, or whose programs are removed while it runs.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::reload::Shop;
use crate::running::Running;

#[test]
fn an_app_that_does_not_compile_runs_what_it_can_and_the_rest_once_it_is_mended() {
    let shop = Shop::new();
    let good = fs::read_to_string(shop.path("workers/greeter/src/lib.rs")).expect("the code");
    shop.write("workers/greeter/src/lib.rs", &format!("{good}\nfn broken() -> u32 {{ \"text\" }}\n"));
    let dev = Running::of(Shop::command(&shop.path("."), &["dev", "--port", "0", "--message-format", "json"]));
    let greet = || dev.invoke("greeter", &json!({ "name": "Ada" }));
    let failed = dev.wait_for("build-failed");
    assert!(failed["messages"][0].as_str().is_some_and(|text| text.starts_with("failed to compile")), "{failed}");
    assert_eq!(dev.invoke("snake", &json!({})), (200, json!("old")));
    let (status, said) = greet();
    let not_there = "its executable does not exist: the worker does not compile, or the file was deleted";
    // As on Lambda: the error of a function whose program cannot be started.
    assert!(status == 200 && said["errorType"] == "Runtime.InvalidEntrypoint", "{status} {said}");
    assert!(said.to_string().contains(not_there), "{said}");

    shop.write("workers/greeter/src/lib.rs", &good);
    dev.wait_for("reloaded");
    assert_eq!(greet().1["message"], "hello Ada");
    assert_eq!(dev.get("endpoint.localhost", "/hello/Ada").0, 200);

    // As `cargo clean` does it.
    fs::remove_dir_all(shop.path("target/bedrock")).expect("a folder");
    assert_eq!(dev.post_event("snake", "{}"), 500);
    let (_, kept) = dev.get("127.0.0.1", "/_bedrock/v1/happenings?kind=app_started");
    assert!(kept["happenings"].is_array(), "it still answers: {kept}");
}

#[test]
fn what_a_worker_writes_into_its_own_folder_does_not_reload_it() {
    let shop = Shop::new();
    let code = "\
from bedrock.workers.worker import Worker

with open(\"loaded.txt\", \"a\") as file:
    file.write(\"loaded\\n\")

class Snake(Worker):
    def execute(self, event, context):
        with open(\"out.csv\", \"a\") as file:
            file.write(\"ran\\n\")
        return \"old\"
";
    shop.write("workers/snake/main.py", code);
    let dev = Running::of(Shop::command(&shop.path("."), &["dev", "--port", "0", "--message-format", "json"]));
    assert_eq!(dev.invoke("snake", &json!({})), (200, json!("old")));
    let written = dev.wait_for("reload-skipped");
    assert_eq!(written["workers"], json!(["snake"]));
    assert!(written["messages"][0].as_str().is_some_and(|help| help.ends_with("to `workers/snake/.bedrockignore`")));
    shop.edit("workers/snake/main.py", "\"old\"", "\"new\"");
    assert_eq!(dev.wait_for("reloaded")["files"], json!(["workers/snake/main.py"]));
    assert_eq!(dev.invoke("snake", &json!({})), (200, json!("new")));
    let loaded = fs::read_to_string(shop.path("workers/snake/loaded.txt")).expect("a file");
    assert_eq!(loaded.lines().count(), 2, "once at first, once because it was saved");
    // A file that somebody else saves while the worker does nothing is taken over, whatever it is.
    std::thread::sleep(Duration::from_secs(1));
    shop.write("workers/snake/prices.csv", "1,2\n");
    assert_eq!(dev.wait_for("reloaded")["files"], json!(["workers/snake/prices.csv"]));
}
