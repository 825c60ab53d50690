//! `cargo bedrock completions`: prints the completion script for a shell.

use clap::Args;
use clap_complete::Shell;

use crate::ui::Printer;
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
The script completes `cargo-bedrock …`. After `cargo bedrock`, cargo's own completion script applies.

Examples:
  cargo bedrock completions bash > ~/.local/share/bash-completion/completions/cargo-bedrock
  cargo bedrock completions fish > ~/.config/fish/completions/cargo-bedrock.fish";

/// Print the shell completion script of `cargo-bedrock`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// Shell to complete in
    shell: Shell,
}

impl Completions {
    /// `command` is the complete command line.
    pub(crate) fn run(self, mut command: clap::Command) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "cargo-bedrock", &mut script);
        Printer::data(&String::from_utf8_lossy(&script))
    }
}
