//! Finds the program `ministack`, or installs it with uv.

use std::path::PathBuf;
use std::process::Command;

use bedrock_build::App;

use super::options::ServiceOptions;
use bedrock_diagnostics::{Error, Result};
use bedrock_package::tools::find_on_path;

/// The version that is installed, which the tests of this program run with.
const MINISTACK_VERSION: &str = "1.5.33";

/// The folder for tools of this app.
fn tools_dir(app: &App) -> PathBuf {
    bedrock_package::artifact_dir(app).join("tools")
}

/// Where `--install-services` installs the program.
pub(crate) fn installed(app: &App) -> PathBuf {
    tools_dir(app).join("bin/ministack")
}

/// Returns how to install it.
pub(crate) fn install_help() -> String {
    format!("run `pip install ministack=={MINISTACK_VERSION}`, or `cargo bedrock dev --install-services`")
}

/// Returns the program `ministack` of the `PATH`, or else the one that was installed for this app.
pub(super) fn find(app: &App) -> Option<PathBuf> {
    find_on_path("ministack").or_else(|| Some(installed(app)).filter(|program| program.is_file()))
}

/// Like [`find`]; installs the program if it is missing and the user wants it.
pub(super) fn find_or_install(app: &App, options: ServiceOptions<'_>) -> Result<PathBuf> {
    if let Some(program) = find(app) {
        return Ok(program);
    }
    let tools_dir = tools_dir(app);
    let installed = installed(app);
    if !options.should_install {
        return Err(
            Error::call("`dev.services` is `\"ministack\"`, and ministack is not installed").help(install_help())
        );
    }
    let Some(uv) = find_on_path("uv") else {
        return Err(Error::call("`--install-services` installs ministack with uv, which is not installed")
            .help(format!("see `https://docs.astral.sh/uv`, or run `pip install ministack=={MINISTACK_VERSION}`")));
    };
    options.print.note(&format!("installing ministack {MINISTACK_VERSION} in `target/bedrock/tools`"));
    let mut command = Command::new(uv);
    command.args(["tool", "install", &format!("ministack=={MINISTACK_VERSION}")]);
    command.env("UV_TOOL_DIR", &tools_dir).env("UV_TOOL_BIN_DIR", tools_dir.join("bin"));
    options.tools.run(&mut command, "failed to install ministack")?;
    if installed.is_file() {
        Ok(installed)
    } else {
        Err(Error::call("failed to install ministack").cause(format!("uv did not write `{}`", installed.display())))
    }
}
