//! Calls each worker on the command line once, and prints the resident memory of this process in KiB: that of an app
//! whose workers are warm and idle. The app is in the folder CARGO_MANIFEST_DIR, as in a unit test of the app.

use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for worker in std::env::args().skip(1) {
        let response: Value =
            runtime.block_on(bedrock::invoke_arn(worker, json!({ "key": "x" })).require_response())?;
        assert_eq!(response, json!({ "key": "x" }));
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/self/status")?;
    println!("{}", line.trim().trim_end_matches(" kB"));
    Ok(())
}
