//! Compiles AWS's SDKs faster: `rustc_wrapper.sh` has rustc compile only those of their functions that are used. This halves
//! the compile time of each SDK, for example from 43 to 22 seconds of processor time for Systems Manager.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::workspace::Workspace;

const FLAG: &str = "-Zhint-mostly-unused";

/// Has cargo use the wrapper, unless the user has one, or this rustc does not know the flag.
pub(crate) fn apply(workspace: &Workspace, cargo: &mut Command) {
    if env::var_os("RUSTC_WRAPPER").is_none() && is_supported() {
        cargo.env("RUSTC_WRAPPER", workspace.root.join("xtask/rustc_wrapper.sh"));
    }
}

fn is_supported() -> bool {
    // Next to the cargo that runs this program: the same toolchain.
    let rustc = env::var_os("CARGO").map(|cargo| Path::new(&cargo).with_file_name("rustc"));
    let rustc = rustc.filter(|rustc| rustc.is_file()).unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.args([FLAG, "--print", "sysroot"]).env("RUSTC_BOOTSTRAP", "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapper_passes_the_flag_only_to_the_sdks() {
        let wrapper = Path::new(env!("CARGO_MANIFEST_DIR")).join("rustc_wrapper.sh");
        let passed = |name: &str| {
            let output =
                Command::new(&wrapper).args(["echo", "--crate-name", name]).output().expect("the wrapper runs");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        assert_eq!(passed("aws_sdk_ssm"), format!("--crate-name aws_sdk_ssm {FLAG}\n"));
        assert_eq!(passed("aws_config"), "--crate-name aws_config\n");
    }
}
