//! `cargo bedrock completions`: the script that completes the command line in a shell.

use clap::Args;
use clap_complete::Shell;

use crate::cli;
use crate::print::Printer;
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
Examples:
  cargo bedrock completions bash > ~/.local/share/bash-completion/completions/cargo-bedrock
  cargo bedrock completions fish > ~/.config/fish/completions/cargo-bedrock.fish

The script completes `cargo-bedrock …`; after `cargo bedrock` it is cargo's own script that decides.";

/// Print a script that completes `cargo-bedrock` in a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut cli::command(), "cargo-bedrock", &mut script);
        Printer::data(&String::from_utf8_lossy(&script))
    }
}
